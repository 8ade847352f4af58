//! All SQL about tenants and accounts; sessions in a file of their own.

mod sessions;

pub use sessions::{
    find_session, insert_session, insert_ticket, list_revoked_sessions, revoke_other_sessions,
    revoke_session, revoke_sessions_of, take_ticket, touch_session,
};

use super::Grant;
use crate::platform::ScopedTx;
use crate::platform::ctx::Tenant;
use rules::Timestamp;
use rules::identity::Role;
use rules::ids::{AccountId, OrgId, TenantId};
use sqlx::PgConnection;
use std::collections::HashMap;
use uuid::Uuid;

pub struct TenantRow {
    pub name: String,
    pub zone: String,
    pub is_fictional: bool,
    pub helplines: serde_json::Value,
}

/// All tenants with the root of their org tree. A tenant without a tree yet is left out.
pub async fn load_tenants(db: &crate::platform::db::Db) -> sqlx::Result<Vec<Tenant>> {
    let rows = {
        let mut directory = db.directory().await?;
        sqlx::query!("select id, zone from tenant order by code").fetch_all(&mut *directory).await?
    };
    let mut tenants = Vec::with_capacity(rows.len());
    for row in rows {
        let id = TenantId(row.id);
        let scope = crate::platform::Scope {
            tenant: id,
            actor: crate::platform::SYSTEM,
            scopes: Vec::new(),
            purpose: crate::platform::Purpose::System,
        };
        let mut tx = db.begin_alarm(&scope).await?;
        let root = sqlx::query_scalar!(
            "select id from org_unit where tenant_id = $1 and parent_id is null limit 1",
            row.id
        )
        .fetch_optional(&mut *tx)
        .await?;
        if let Some(root) = root {
            let zone = row.zone.parse().unwrap_or(chrono_tz::Asia::Shanghai);
            tenants.push(Tenant { id, root: OrgId(root), zone });
        }
    }
    Ok(tenants)
}

pub async fn load_tenant(db: &mut PgConnection, id: TenantId) -> sqlx::Result<TenantRow> {
    sqlx::query_as!(TenantRow, "select name, zone, is_fictional, helplines from tenant where id = $1", id.0)
        .fetch_one(db)
        .await
}

pub async fn insert_tenant(tx: &mut ScopedTx, name: &str, at: Timestamp) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into tenant (id, code, name, created_at) values ($1, 'main', $2, $3)",
        tenant.0,
        name,
        at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Where a login belongs, before anything else is known.
pub async fn find_login(db: &mut PgConnection, login: &str) -> sqlx::Result<Option<(TenantId, AccountId)>> {
    let row = sqlx::query!("select tenant_id, account_id from login_directory where login = $1", login)
        .fetch_optional(db)
        .await?;
    Ok(row.map(|row| (TenantId(row.tenant_id), AccountId(row.account_id))))
}

pub struct AccountRow {
    pub id: Uuid,
    pub login: String,
    pub name: String,
    pub password_hash: Option<String>,
    pub second_factor_sealed: Option<Vec<u8>>,
    pub second_factor_pending_sealed: Option<Vec<u8>>,
    pub disabled_at: Option<Timestamp>,
    pub setup_expires_at: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
}

pub async fn load_account(tx: &mut ScopedTx, id: AccountId) -> sqlx::Result<Option<AccountRow>> {
    let tenant = tx.tenant();
    sqlx::query_as!(
        AccountRow,
        "select id, login, name, password_hash, second_factor_sealed, second_factor_pending_sealed,
                disabled_at, setup_expires_at, version, created_at
           from account
          where tenant_id = $1 and id = $2
            for update",
        tenant.0,
        id.0,
    )
    .fetch_optional(&mut **tx)
    .await
}

pub async fn list_accounts(tx: &mut ScopedTx) -> sqlx::Result<Vec<AccountRow>> {
    let tenant = tx.tenant();
    sqlx::query_as!(
        AccountRow,
        "select id, login, name, password_hash, second_factor_sealed, second_factor_pending_sealed,
                disabled_at, setup_expires_at, version, created_at
           from account
          where tenant_id = $1
          order by login",
        tenant.0,
    )
    .fetch_all(&mut **tx)
    .await
}

pub async fn name_of(tx: &mut ScopedTx, id: AccountId) -> sqlx::Result<Option<String>> {
    let tenant = tx.tenant();
    sqlx::query_scalar!("select name from account where tenant_id = $1 and id = $2", tenant.0, id.0)
        .fetch_optional(&mut **tx)
        .await
}

pub async fn names_of(tx: &mut ScopedTx, ids: &[AccountId]) -> sqlx::Result<HashMap<AccountId, String>> {
    let tenant = tx.tenant();
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows =
        sqlx::query!("select id, name from account where tenant_id = $1 and id = any($2)", tenant.0, &ids)
            .fetch_all(&mut **tx)
            .await?;
    Ok(rows.into_iter().map(|row| (AccountId(row.id), row.name)).collect())
}

pub async fn list_grants(tx: &mut ScopedTx, account: AccountId) -> sqlx::Result<Vec<Grant>> {
    let tenant = tx.tenant();
    let rows = sqlx::query!(
        "select role, org_id from account_role where tenant_id = $1 and account_id = $2 order by role, org_id",
        tenant.0,
        account.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| Some(Grant { role: row.role.parse().ok()?, org: OrgId(row.org_id) }))
        .collect())
}

/// What enabled accounts among these were given.
pub async fn list_grants_of(
    tx: &mut ScopedTx,
    accounts: &[AccountId],
) -> sqlx::Result<Vec<(AccountId, Grant)>> {
    let tenant = tx.tenant();
    let ids: Vec<Uuid> = accounts.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        "select r.account_id, r.role, r.org_id
           from account_role r
           join account a on a.tenant_id = r.tenant_id and a.id = r.account_id
          where r.tenant_id = $1 and r.account_id = any($2) and a.disabled_at is null",
        tenant.0,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let grant = Grant { role: row.role.parse().ok()?, org: OrgId(row.org_id) };
            Some((AccountId(row.account_id), grant))
        })
        .collect())
}

pub async fn replace_grants(tx: &mut ScopedTx, account: AccountId, grants: &[Grant]) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!("delete from account_role where tenant_id = $1 and account_id = $2", tenant.0, account.0)
        .execute(&mut **tx)
        .await?;
    insert_grants(tx, account, grants).await
}

pub async fn insert_grants(tx: &mut ScopedTx, account: AccountId, grants: &[Grant]) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    for grant in grants {
        sqlx::query!(
            "insert into account_role (tenant_id, account_id, role, org_id) values ($1, $2, $3, $4)
             on conflict on constraint account_role_pk do nothing",
            tenant.0,
            account.0,
            grant.role.code(),
            grant.org.0,
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// Held until the end of the transaction by whoever counts administrators in order to change their number.
pub async fn lock_tenant(tx: &mut ScopedTx) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!("select id from tenant where id = $1 for update", tenant.0).fetch_one(&mut **tx).await?;
    Ok(())
}

/// How many other accounts are enabled and hold this role somewhere.
pub async fn count_others_with(tx: &mut ScopedTx, role: Role, beside: AccountId) -> sqlx::Result<i64> {
    let tenant = tx.tenant();
    sqlx::query_scalar!(
        r#"select count(distinct a.id) as "count!"
             from account a
             join account_role r on r.tenant_id = a.tenant_id and r.account_id = a.id
            where a.tenant_id = $1 and a.disabled_at is null and r.role = $2 and a.id <> $3"#,
        tenant.0,
        role.code(),
        beside.0,
    )
    .fetch_one(&mut **tx)
    .await
}

pub async fn insert_account(
    tx: &mut ScopedTx,
    id: AccountId,
    login: &str,
    name: &str,
    at: Timestamp,
) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into login_directory (login, tenant_id, account_id) values ($1, $2, $3)",
        login,
        tenant.0,
        id.0,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into account (tenant_id, id, login, name, created_at) values ($1, $2, $3, $4, $5)",
        tenant.0,
        id.0,
        login,
        name,
        at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub async fn set_name(tx: &mut ScopedTx, id: AccountId, name: &str) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update account set name = $3, version = version + 1 where tenant_id = $1 and id = $2",
        tenant.0,
        id.0,
        name,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A one-time link replaces the password until it is used.
pub async fn set_setup(
    tx: &mut ScopedTx,
    id: AccountId,
    hash: &[u8],
    expires_at: Timestamp,
) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update account
            set setup_hash = $3, setup_expires_at = $4, password_hash = null, version = version + 1
          where tenant_id = $1 and id = $2",
        tenant.0,
        id.0,
        hash,
        expires_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub async fn find_setup(tx: &mut ScopedTx, hash: &[u8], now: Timestamp) -> sqlx::Result<Option<AccountId>> {
    let tenant = tx.tenant();
    let id = sqlx::query_scalar!(
        "select id
           from account
          where tenant_id = $1 and setup_hash = $2 and setup_expires_at > $3 and disabled_at is null
            for update",
        tenant.0,
        hash,
        now,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(id.map(AccountId))
}

pub async fn set_password(tx: &mut ScopedTx, id: AccountId, hash: &str) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update account
            set password_hash = $3, setup_hash = null, setup_expires_at = null, version = version + 1
          where tenant_id = $1 and id = $2",
        tenant.0,
        id.0,
        hash,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub async fn set_second_factor(
    tx: &mut ScopedTx,
    id: AccountId,
    confirmed: Option<Vec<u8>>,
    pending: Option<Vec<u8>>,
) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update account
            set second_factor_sealed = $3, second_factor_pending_sealed = $4, version = version + 1
          where tenant_id = $1 and id = $2",
        tenant.0,
        id.0,
        confirmed,
        pending,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// `false`: this step or a later one has opened already.
pub async fn spend_second_factor_step(tx: &mut ScopedTx, id: AccountId, step: i64) -> sqlx::Result<bool> {
    let tenant = tx.tenant();
    let spent = sqlx::query!(
        "update account set second_factor_step = $3 where tenant_id = $1 and id = $2 and second_factor_step < $3",
        tenant.0,
        id.0,
        step,
    )
    .execute(&mut **tx)
    .await?;
    Ok(spent.rows_affected() == 1)
}

pub async fn set_disabled(tx: &mut ScopedTx, id: AccountId, at: Option<Timestamp>) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update account set disabled_at = $3, version = version + 1 where tenant_id = $1 and id = $2",
        tenant.0,
        id.0,
        at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
