//! All SQL about sessions and tickets.

use crate::platform::ScopedTx;
use rules::Timestamp;
use rules::ids::{AccountId, SessionId};
use uuid::Uuid;

pub struct SessionRow {
    pub id: Uuid,
    pub account_id: Uuid,
    pub csrf: String,
    pub last_seen_at: Timestamp,
    pub expires_at: Timestamp,
    pub has_second_factor: bool,
    pub name: String,
    pub login: String,
}

pub async fn insert_session(
    tx: &mut ScopedTx,
    id: SessionId,
    account: AccountId,
    token_hash: &[u8],
    csrf: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into session (tenant_id, id, token_hash, account_id, csrf, created_at, last_seen_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $6, $7)",
        tenant.0,
        id.0,
        token_hash,
        account.0,
        csrf,
        now,
        expires_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub async fn find_session(
    tx: &mut ScopedTx,
    token_hash: &[u8],
    now: Timestamp,
    idle_since: Timestamp,
) -> sqlx::Result<Option<SessionRow>> {
    let tenant = tx.tenant();
    sqlx::query_as!(
        SessionRow,
        r#"select s.id, s.account_id, s.csrf, s.last_seen_at, s.expires_at,
                  a.second_factor_sealed is not null as "has_second_factor!", a.name, a.login
           from session s
           join account a on a.tenant_id = s.tenant_id and a.id = s.account_id
          where s.tenant_id = $1 and s.token_hash = $2
            and s.revoked_at is null and s.expires_at > $3 and s.last_seen_at > $4
            and a.disabled_at is null"#,
        tenant.0,
        token_hash,
        now,
        idle_since,
    )
    .fetch_optional(&mut **tx)
    .await
}

pub async fn touch_session(tx: &mut ScopedTx, id: SessionId, now: Timestamp) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update session set last_seen_at = $3 where tenant_id = $1 and id = $2",
        tenant.0,
        id.0,
        now
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub async fn revoke_session(tx: &mut ScopedTx, id: SessionId, now: Timestamp) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update session set revoked_at = $3 where tenant_id = $1 and id = $2 and revoked_at is null",
        tenant.0,
        id.0,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub async fn revoke_sessions_of(tx: &mut ScopedTx, account: AccountId, now: Timestamp) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update session set revoked_at = $3 where tenant_id = $1 and account_id = $2 and revoked_at is null",
        tenant.0,
        account.0,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub async fn revoke_other_sessions(
    tx: &mut ScopedTx,
    account: AccountId,
    but: SessionId,
    now: Timestamp,
) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update session
            set revoked_at = $4
          where tenant_id = $1 and account_id = $2 and id <> $3 and revoked_at is null",
        tenant.0,
        account.0,
        but.0,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub async fn insert_ticket(
    tx: &mut ScopedTx,
    token_hash: &[u8],
    session: SessionId,
    now: Timestamp,
    expires_at: Timestamp,
) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!("delete from live_ticket where tenant_id = $1 and expires_at < $2", tenant.0, now)
        .execute(&mut **tx)
        .await?;
    sqlx::query!(
        "insert into live_ticket (tenant_id, token_hash, session_id, expires_at) values ($1, $2, $3, $4)",
        tenant.0,
        token_hash,
        session.0,
        expires_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Single use: whoever deletes the row has the ticket. Gives the session it was made in.
pub async fn take_ticket(
    tx: &mut ScopedTx,
    token_hash: &[u8],
    now: Timestamp,
) -> sqlx::Result<Option<Vec<u8>>> {
    let tenant = tx.tenant();
    sqlx::query_scalar!(
        "with taken as (
             delete from live_ticket
              where tenant_id = $1 and token_hash = $2
             returning session_id, expires_at
         )
         select s.token_hash
           from taken
           join session s on s.tenant_id = $1 and s.id = taken.session_id
          where taken.expires_at > $3",
        tenant.0,
        token_hash,
        now,
    )
    .fetch_optional(&mut **tx)
    .await
}

pub async fn list_revoked_sessions(
    tx: &mut ScopedTx,
    since: Timestamp,
) -> sqlx::Result<Vec<(SessionId, Timestamp)>> {
    let tenant = tx.tenant();
    let rows = sqlx::query!(
        r#"select id, revoked_at as "revoked_at!" from session where tenant_id = $1 and revoked_at > $2"#,
        tenant.0,
        since,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (SessionId(row.id), row.revoked_at)).collect())
}
