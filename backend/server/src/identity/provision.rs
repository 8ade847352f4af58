//! What commands at the server's own desk need: a tenant with its accounts, and the scope of somebody to act for.

use super::accounts::set_up_link;
use super::{NewAccount, PasswordHash, store};
use crate::audit::Entry;
use crate::platform::{Ctx, Problem, Purpose, SYSTEM, Scope, ScopedTx};
use rules::identity::Action;
use rules::ids::{AccountId, OrgId, TenantId};
use serde_json::json;

pub struct NewTenant<'a> {
    pub code: &'a str,
    pub name: &'a str,
    pub is_fictional: bool,
    /// `[{label_zh, label_en, number}]`; the first is the tenant's own line.
    pub helplines: serde_json::Value,
}

/// For the tenant of the transaction.
pub async fn install_tenant(ctx: &Ctx, tx: &mut ScopedTx, new: NewTenant<'_>) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into tenant (id, code, name, is_fictional, helplines, created_at) values ($1, $2, $3, $4, $5, $6)",
        tenant.0,
        new.code,
        new.name,
        new.is_fictional,
        new.helplines,
        ctx.now(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// An account without the one-time link; without a password nobody can sign in as it.
pub async fn install_account(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    new: &NewAccount,
    password: Option<&PasswordHash>,
) -> sqlx::Result<()> {
    store::insert_account(tx, new.id, &new.login, &new.name, ctx.now()).await?;
    store::replace_grants(tx, new.id, &new.grants).await?;
    if let Some(password) = password {
        store::set_password(tx, new.id, &password.0).await?;
    }
    let entry = Entry {
        action: "account.create",
        subject_kind: "account",
        subject_id: Some(new.id.0),
        detail: json!({}),
    };
    crate::audit::write(ctx, tx, entry).await
}

/// Another password for these accounts; whoever is signed in stays so.
pub async fn reset_passwords(
    ctx: &Ctx,
    tenant: TenantId,
    accounts: &[AccountId],
    password: &PasswordHash,
) -> sqlx::Result<()> {
    let mut tx = ctx.begin_system(tenant).await?;
    for account in accounts {
        store::set_password(&mut tx, *account, &password.0).await?;
        let (subject_kind, subject_id) = ("account", Some(account.0));
        let entry = Entry { action: "account.set_password", subject_kind, subject_id, detail: json!({}) };
        crate::audit::write(ctx, &mut tx, entry).await?;
    }
    tx.commit().await
}

/// When nobody is left who could reset this account: at the server's own desk, with a new one-time link in place of the
/// password and the second factor. Whoever calls this says it aloud in the tenant.
pub async fn recover(ctx: &Ctx, login: &str) -> Result<(TenantId, String), Problem> {
    let nobody = || Problem::invalid("login", "no such login, or it is disabled");
    let (tenant, account) = find(ctx, login).await?.ok_or_else(nobody)?;
    let mut tx = ctx.begin_system(tenant).await?;
    let row = store::load_account(&mut tx, account).await?.ok_or_else(nobody)?;
    if row.disabled_at.is_some() {
        return Err(nobody());
    }
    store::set_second_factor(&mut tx, account, None, None).await?;
    store::revoke_sessions_of(&mut tx, account, ctx.now()).await?;
    let (subject_kind, subject_id) = ("account", Some(account.0));
    let entry = Entry { action: "account.recover", subject_kind, subject_id, detail: json!({}) };
    crate::audit::write(ctx, &mut tx, entry).await?;
    let link = set_up_link(ctx, &mut tx, account).await?;
    tx.commit().await?;
    ctx.sessions.forget_account(account);
    Ok((tenant, link))
}

async fn find(ctx: &Ctx, login: &str) -> sqlx::Result<Option<(TenantId, AccountId)>> {
    let mut directory = ctx.db.directory().await?;
    store::find_login(&mut directory, &login.trim().to_lowercase()).await
}

/// What somebody may see for an action, for a command that works in their name.
pub async fn scope_of_login(
    ctx: &Ctx,
    login: &str,
    action: Action,
    purpose: Purpose,
) -> Result<Scope, Problem> {
    let nobody = || Problem::invalid("as", "no such login, or it is disabled");
    let (tenant, account) = find(ctx, login).await?.ok_or_else(nobody)?;
    let looking = Scope { tenant, actor: SYSTEM, scopes: Vec::new(), purpose: Purpose::System };
    let mut tx = ctx.db.begin(&looking).await?;
    let row = store::load_account(&mut tx, account).await?.ok_or_else(nobody)?;
    if row.disabled_at.is_some() {
        return Err(nobody());
    }
    let scopes: Vec<OrgId> = store::list_grants(&mut tx, account)
        .await?
        .into_iter()
        .filter(|grant| super::reaches(grant.role, action))
        .map(|grant| grant.org)
        .collect();
    if scopes.is_empty() {
        Err(Problem::forbidden())
    } else {
        Ok(Scope { tenant, actor: account, scopes, purpose })
    }
}
