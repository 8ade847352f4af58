//! All SQL about what one administrator has asked for an account and another decides.

use super::Grant;
use crate::platform::ScopedTx;
use rules::Timestamp;
use rules::ids::AccountId;
use sqlx::types::Json;
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Roles,
    Reset,
}

impl Kind {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Roles => "roles",
            Self::Reset => "reset",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Approved,
    Rejected,
    /// Another wish came in its place, or none.
    Withdrawn,
}

impl Outcome {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Request {
    pub id: Uuid,
    pub asked_by: AccountId,
    /// The roles to be added; none for a reset.
    pub grants: Vec<Grant>,
}

/// A request that waits, or an approved reset whose link was not taken yet.
#[derive(Debug, Clone)]
pub struct Pending {
    pub id: Uuid,
    pub account: AccountId,
    pub kind: String,
    pub grants: Vec<Grant>,
    pub asked_by: AccountId,
    pub asked_by_name: String,
    pub asked_at: Timestamp,
    pub is_approved: bool,
}

pub async fn insert(
    tx: &mut ScopedTx,
    id: Uuid,
    account: AccountId,
    kind: Kind,
    grants: &[Grant],
    at: Timestamp,
) -> sqlx::Result<()> {
    let (tenant, actor) = (tx.tenant(), tx.scope().actor);
    sqlx::query!(
        "insert into account_request (tenant_id, id, account_id, kind, grants, asked_by, asked_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        tenant.0,
        id,
        account.0,
        kind.code(),
        Json(grants) as _,
        actor.0,
        at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub async fn load_open_for_update(
    tx: &mut ScopedTx,
    account: AccountId,
    kind: Kind,
) -> sqlx::Result<Option<Request>> {
    let tenant = tx.tenant();
    let row = sqlx::query!(
        r#"select id, asked_by, grants as "grants: Json<Vec<Grant>>"
             from account_request
            where tenant_id = $1 and account_id = $2 and kind = $3 and outcome is null
              for update"#,
        tenant.0,
        account.0,
        kind.code(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| Request { id: row.id, asked_by: AccountId(row.asked_by), grants: row.grants.0 }))
}

pub async fn decide(tx: &mut ScopedTx, id: Uuid, outcome: Outcome, at: Timestamp) -> sqlx::Result<()> {
    let (tenant, actor) = (tx.tenant(), tx.scope().actor);
    sqlx::query!(
        "update account_request
            set outcome = $3, decided_by = $4, decided_at = $5
          where tenant_id = $1 and id = $2 and outcome is null",
        tenant.0,
        id,
        outcome.code(),
        actor.0,
        at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Says whether a reset that this actor asked for was approved lately; it is spent with the answer.
pub async fn use_approved_reset(
    tx: &mut ScopedTx,
    account: AccountId,
    since: Timestamp,
    at: Timestamp,
) -> sqlx::Result<bool> {
    let (tenant, actor) = (tx.tenant(), tx.scope().actor);
    let used = sqlx::query!(
        "update account_request
            set used_at = $5
          where tenant_id = $1 and account_id = $2 and asked_by = $3 and kind = 'reset'
            and outcome = 'approved' and decided_at > $4 and used_at is null",
        tenant.0,
        account.0,
        actor.0,
        since,
        at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(used.rows_affected() > 0)
}

pub async fn list_pending(tx: &mut ScopedTx, approved_since: Timestamp) -> sqlx::Result<Vec<Pending>> {
    let tenant = tx.tenant();
    let rows = sqlx::query!(
        r#"select r.id, r.account_id, r.kind, r.grants as "grants: Json<Vec<Grant>>", r.asked_by, r.asked_at,
                  a.name as asked_by_name, r.outcome is not null as "is_approved!"
             from account_request r
             join account a on a.tenant_id = r.tenant_id and a.id = r.asked_by
            where r.tenant_id = $1
              and (r.outcome is null
                   or r.kind = 'reset' and r.outcome = 'approved' and r.used_at is null and r.decided_at > $2)
            order by r.asked_at"#,
        tenant.0,
        approved_since,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Pending {
            id: row.id,
            account: AccountId(row.account_id),
            kind: row.kind,
            grants: row.grants.0,
            asked_by: AccountId(row.asked_by),
            asked_by_name: row.asked_by_name,
            asked_at: row.asked_at,
            is_approved: row.is_approved,
        })
        .collect())
}
