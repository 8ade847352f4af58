//! Duty: who is on which post now. An owner is a post that resolves to a person at the moment of asking.

use super::{Actor, Grant, org, store};
use crate::audit::Entry;
use crate::events::{self, NewEvent, Stream, Subject};
use crate::platform::db::violated;
use crate::platform::{Ctx, Problem, Purpose, ScopedTx};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use rules::identity::{Action, DutyEntry, Post, Resolved, Role};
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
    /// Somebody who can act on a result; a system administrator on call is only told.
    #[serde(skip)]
    pub may_own: bool,
}

/// Who answers for something now, and through which empty posts the question went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub post: Post,
    pub account: AccountId,
    pub name: String,
    pub passed: Vec<Post>,
}

/// Who stands on a post and may: an account that is enabled and whose role covers the place.
pub async fn list_holders(tx: &mut ScopedTx) -> sqlx::Result<Vec<Holder>> {
    let tenant = tx.tenant();
    let rows = sqlx::query!(
        r#"select d.post, d.org_id, o.name as org_name, d.account_id, a.name, d.on_at,
                array(select r.role
                        from account_role r
                       where r.tenant_id = d.tenant_id and r.account_id = d.account_id
                         and r.org_id = any(o.path)) as "roles!"
           from duty d
           join account a on a.tenant_id = d.tenant_id and a.id = d.account_id
           join org_unit o on o.tenant_id = d.tenant_id and o.id = d.org_id
          where d.tenant_id = $1 and d.off_at is null and a.disabled_at is null
          order by d.post, d.on_at"#,
        tenant.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| {
            let post: Post = row.post.parse().ok()?;
            let mut roles = roles(&row.roles).filter(|role| super::may_hold(*role, post)).peekable();
            roles.peek()?;
            Some(Holder {
                post: row.post,
                org_id: OrgId(row.org_id),
                org_name: row.org_name,
                account_id: AccountId(row.account_id),
                name: row.name,
                since: row.on_at,
                may_own: roles.any(Role::may_own),
            })
        })
        .collect())
}

fn roles(codes: &[String]) -> impl Iterator<Item = Role> {
    codes.iter().filter_map(|code| code.parse().ok())
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

/// Who is told in place of an empty post, further up.
pub async fn stand_in_for(tx: &mut ScopedTx, post: Post, at: OrgId) -> sqlx::Result<Option<Owner>> {
    let chain = org::list_chain(tx, at).await?;
    let holders = list_holders(tx).await?;
    Ok(found(rules::identity::resolve(post, &chain, &entries(&holders)), &holders))
}

/// Resolves a post to a person who can act; an empty post resolves upward. `None`: no such person is on duty.
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
    Ok(posts
        .iter()
        .filter_map(|&(post, at)| {
            let resolved = rules::identity::owner(post, chains.get(&at)?, &entries);
            Some(((post, at), found(resolved, &holders)?))
        })
        .collect())
}

fn found(resolved: Resolved, holders: &[Holder]) -> Option<Owner> {
    let (account, post) = resolved.account.zip(resolved.post)?;
    let name = holders.iter().find(|holder| holder.account_id == account)?.name.clone();
    Some(Owner { post, account, name, passed: resolved.empty_posts })
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
                may_own: holder.may_own,
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

/// Ends what somebody stands on and may no longer, with these grants. Call it last: it records events.
pub async fn end_uncovered(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    account: AccountId,
    grants: &[Grant],
) -> Result<(), Problem> {
    let tenant = tx.tenant();
    let open = sqlx::query!(
        "select d.id, d.post, d.org_id, o.path
           from duty d
           join org_unit o on o.tenant_id = d.tenant_id and o.id = d.org_id
          where d.tenant_id = $1 and d.account_id = $2 and d.off_at is null",
        tenant.0,
        account.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    for duty in open {
        let post: Post = duty.post.parse().map_err(|error| Problem::internal(&error))?;
        let chain: Vec<OrgId> = duty.path.into_iter().map(OrgId).collect();
        if covers(grants, post, &chain) {
            continue;
        }
        sqlx::query!(
            "update duty set off_at = $3 where tenant_id = $1 and id = $2",
            tenant.0,
            duty.id,
            ctx.now()
        )
        .execute(&mut **tx)
        .await?;
        record(ctx, tx, "duty.ended", post, OrgId(duty.org_id), account).await?;
    }
    Ok(())
}

/// Does one of these grants let its holder stand on this post there? `chain` names the place and all above it.
fn covers(grants: &[Grant], post: Post, chain: &[OrgId]) -> bool {
    grants.iter().any(|grant| super::may_hold(grant.role, post) && chain.contains(&grant.org))
}

/// Locks the account, so that it is not disabled meanwhile, and says whether it may stand on the post there.
async fn may_stand(tx: &mut ScopedTx, account: AccountId, post: Post, org: OrgId) -> sqlx::Result<bool> {
    let is_enabled =
        store::load_account(tx, account).await?.is_some_and(|account| account.disabled_at.is_none());
    let grants = store::list_grants(tx, account).await?;
    Ok(is_enabled && covers(&grants, post, &org::list_chain(tx, org).await?))
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

/// One transaction: the post is never empty in between, and never in the hands of somebody who cannot hold it.
pub async fn hand_over(
    ctx: &Ctx,
    actor: &Actor,
    post: Post,
    org: OrgId,
    to: AccountId,
) -> Result<(), Problem> {
    if to == actor.account {
        return Err(Problem::invalid("to_account", "somebody else"));
    }
    let mut tx = begin(ctx, actor, post, org).await?;
    if !may_stand(&mut tx, to, post, org).await? {
        return Err(Problem::invalid("to_account", "this account cannot hold the post there"));
    }
    close(ctx, &mut tx, post, org, actor.account, Some(to)).await?;
    go_on_duty(ctx, &mut tx, post, org, to).await?;
    tx.commit().await?;
    Ok(())
}

async fn begin(ctx: &Ctx, actor: &Actor, post: Post, org: OrgId) -> Result<ScopedTx, Problem> {
    let mut tx = ctx.db.begin_alarm(&actor.own_scope_for(Action::DutyTake, Purpose::Dispatch)).await?;
    if super::load_org_unit(&mut tx, org).await?.is_none() {
        return Err(Problem::invalid("org_id", "no such org unit in your part of the tree"));
    }
    if may_stand(&mut tx, actor.account, post, org).await? { Ok(tx) } else { Err(Problem::forbidden()) }
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
