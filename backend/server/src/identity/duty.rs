//! Duty: who is on which post now. An owner is a post that resolves to a person at the moment of asking.

use super::{Actor, org, store};
use crate::audit::Entry;
use crate::events::{self, NewEvent, Stream, Subject};
use crate::platform::db::violated;
use crate::platform::{Ctx, Problem, Purpose, ScopedTx};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use rules::Timestamp;
use rules::identity::{Action, DutyEntry, Post};
use rules::ids::{AccountId, OrgId};
use serde::Serialize;
use serde_json::json;
use std::collections::HashMap;

/// Somebody on a post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Holder {
    pub post: String,
    #[schema(value_type = uuid::Uuid)]
    pub org_id: OrgId,
    pub org_name: String,
    #[schema(value_type = uuid::Uuid)]
    pub account_id: AccountId,
    pub name: String,
    pub since: DateTime<Utc>,
}

/// Who answers for something now, and through which empty posts the question went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub post: Post,
    pub account: AccountId,
    pub name: String,
    pub passed: Vec<Post>,
}

pub async fn list_holders(tx: &mut ScopedTx) -> sqlx::Result<Vec<Holder>> {
    let tenant = tx.tenant();
    let rows = sqlx::query!(
        "select d.post, d.org_id, o.name as org_name, d.account_id, a.name, d.on_at
           from duty d
           join account a on a.tenant_id = d.tenant_id and a.id = d.account_id
           join org_unit o on o.tenant_id = d.tenant_id and o.id = d.org_id
          where d.tenant_id = $1 and d.off_at is null and a.disabled_at is null
          order by d.post, d.on_at",
        tenant.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Holder {
            post: row.post,
            org_id: OrgId(row.org_id),
            org_name: row.org_name,
            account_id: AccountId(row.account_id),
            name: row.name,
            since: row.on_at,
        })
        .collect())
}

/// Everybody on a post for this org unit: at the unit itself or at the nearest unit above that has somebody.
pub async fn holders_of(tx: &mut ScopedTx, post: Post, at: OrgId) -> sqlx::Result<Vec<Holder>> {
    let chain = org::list_chain(tx, at).await?;
    let holders = list_holders(tx).await?;
    let told = rules::identity::holders(post, &chain, &entries(&holders));
    Ok(told
        .into_iter()
        .filter_map(|account| {
            holders.iter().find(|holder| holder.account_id == account && holder.post == post.code()).cloned()
        })
        .collect())
}

/// Resolves a post to a person; an empty post resolves upward. `None`: nobody at all is on duty.
pub async fn owner_of(tx: &mut ScopedTx, post: Post, at: OrgId) -> sqlx::Result<Option<Owner>> {
    Ok(owners_of(tx, &[(post, at)]).await?.remove(&(post, at)))
}

/// The same for many at once; who is not in the answer has nobody.
pub async fn owners_of(
    tx: &mut ScopedTx,
    posts: &[(Post, OrgId)],
) -> sqlx::Result<HashMap<(Post, OrgId), Owner>> {
    let orgs: Vec<OrgId> = posts.iter().map(|(_, org)| *org).collect();
    let chains = org::list_chains(tx, &orgs).await?;
    let holders = list_holders(tx).await?;
    let entries = entries(&holders);
    let name_of = |account| {
        holders.iter().find(|holder| holder.account_id == account).map(|holder| holder.name.clone())
    };
    Ok(posts
        .iter()
        .filter_map(|&(post, at)| {
            let resolved = rules::identity::resolve(post, chains.get(&at)?, &entries);
            let (account, found) = resolved.account.zip(resolved.post)?;
            let name = name_of(account).unwrap_or_default();
            Some(((post, at), Owner { post: found, account, name, passed: resolved.empty_posts }))
        })
        .collect())
}

fn entries(holders: &[Holder]) -> Vec<DutyEntry> {
    holders
        .iter()
        .filter_map(|holder| {
            Some(DutyEntry {
                post: holder.post.parse().ok()?,
                org: holder.org_id,
                account: holder.account_id,
                since: holder.since,
            })
        })
        .collect()
}

pub async fn go_on_duty(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    post: Post,
    org: OrgId,
    account: AccountId,
) -> Result<(), Problem> {
    let tenant = tx.tenant();
    let id = ctx.new_id();
    sqlx::query!(
        "insert into duty (tenant_id, id, post, org_id, account_id, on_at) values ($1, $2, $3, $4, $5, $6)",
        tenant.0,
        id,
        post.code(),
        org.0,
        account.0,
        ctx.now(),
    )
    .execute(&mut **tx)
    .await
    .map_err(|error| match violated(&error) {
        Some("duty_open_once") => {
            Problem::new(StatusCode::CONFLICT, "already-on-duty", "Already on this post")
        }
        _ => error.into(),
    })?;
    record(ctx, tx, "duty.on", post, org, account).await
}

/// Closes an open duty; says whether there was one.
async fn close(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    post: Post,
    org: OrgId,
    account: AccountId,
    handed_to: Option<AccountId>,
) -> Result<(), Problem> {
    let tenant = tx.tenant();
    let closed = sqlx::query!(
        "update duty
            set off_at = $5, handed_to = $6
          where tenant_id = $1 and post = $2 and org_id = $3 and account_id = $4 and off_at is null",
        tenant.0,
        post.code(),
        org.0,
        account.0,
        ctx.now(),
        handed_to.map(|id| id.0),
    )
    .execute(&mut **tx)
    .await?;
    if closed.rows_affected() == 0 {
        return Err(Problem::new(StatusCode::CONFLICT, "not-on-duty", "Not on this post"));
    }
    Ok(())
}

pub async fn end_all_of(tx: &mut ScopedTx, account: AccountId, at: Timestamp) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update duty set off_at = $3 where tenant_id = $1 and account_id = $2 and off_at is null",
        tenant.0,
        account.0,
        at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub async fn on(ctx: &Ctx, actor: &Actor, post: Post, org: OrgId) -> Result<(), Problem> {
    let mut tx = begin(ctx, actor, post, org).await?;
    go_on_duty(ctx, &mut tx, post, org, actor.account).await?;
    tx.commit().await?;
    Ok(())
}

pub async fn off(ctx: &Ctx, actor: &Actor, post: Post, org: OrgId) -> Result<(), Problem> {
    let mut tx = begin(ctx, actor, post, org).await?;
    close(ctx, &mut tx, post, org, actor.account, None).await?;
    record(ctx, &mut tx, "duty.off", post, org, actor.account).await?;
    tx.commit().await?;
    Ok(())
}

/// One transaction: the post is never empty in between.
pub async fn hand_over(
    ctx: &Ctx,
    actor: &Actor,
    post: Post,
    org: OrgId,
    to: AccountId,
) -> Result<(), Problem> {
    let mut tx = begin(ctx, actor, post, org).await?;
    let grants = store::list_grants(&mut tx, to).await?;
    if !grants.iter().any(|grant| super::may_hold(grant.role, post)) {
        return Err(Problem::invalid("to_account", "this account's role cannot hold the post"));
    }
    close(ctx, &mut tx, post, org, actor.account, Some(to)).await?;
    go_on_duty(ctx, &mut tx, post, org, to).await?;
    tx.commit().await?;
    Ok(())
}

async fn begin(ctx: &Ctx, actor: &Actor, post: Post, org: OrgId) -> Result<ScopedTx, Problem> {
    if !actor.grants.iter().any(|grant| super::may_hold(grant.role, post)) {
        return Err(Problem::forbidden());
    }
    let mut tx = ctx.db.begin_alarm(&actor.scope_for(Action::DutyTake, Purpose::Dispatch)).await?;
    if super::load_org_unit(&mut tx, org).await?.is_none() {
        return Err(Problem::invalid("org_id", "no such org unit in your part of the tree"));
    }
    Ok(tx)
}

async fn record(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    kind: &'static str,
    post: Post,
    org: OrgId,
    account: AccountId,
) -> Result<(), Problem> {
    let detail = json!({"post": post.code(), "org_id": org, "account_id": account});
    let entry =
        Entry { action: kind, subject_kind: "account", subject_id: Some(account.0), detail: detail.clone() };
    crate::audit::write(ctx, tx, entry).await?;
    let event = NewEvent {
        stream: Stream::Tenant,
        kind: "duty.changed",
        subject: Subject::Duty(account.0),
        at: ctx.now(),
        body: detail,
    };
    events::record(tx, event).await?;
    Ok(())
}
