//! Accounts are kept by one administrator and get their roles from another: who asks, who decides, what acts at once.

use super::accounts::{audit, set_up_link};
use super::requests::{self, Kind, Outcome, Request};
use super::{Actor, Grant, duty, store};
use crate::platform::db::violated;
use crate::platform::{Ctx, Problem, Purpose, ScopedTx};
use axum::http::StatusCode;
use rules::Timestamp;
use rules::identity::{Action, NotAllowed, Role, RoleChange, change_roles};
use rules::ids::AccountId;
use serde_json::json;
use uuid::Uuid;

/// As long as a link is good: an approval nobody has used by then is asked for again.
const APPROVED_FOR_HOURS: i64 = 48;

#[derive(Debug, Clone)]
pub struct NewAccount {
    pub id: AccountId,
    pub login: String,
    pub name: String,
    pub grants: Vec<Grant>,
}

impl From<NotAllowed> for Problem {
    fn from(refused: NotAllowed) -> Self {
        match refused {
            NotAllowed::OwnAccount => Self::invalid("id", refused.to_string()),
            NotAllowed::OwnRequest => Self::new(
                StatusCode::FORBIDDEN,
                "own-request",
                "Who asked does not approve; it takes two people",
            ),
            NotAllowed::LastSecurityAdmin => Self::new(
                StatusCode::CONFLICT,
                "last-security-admin",
                "This is the last security administrator; first there must be another",
            ),
        }
    }
}

/// An approval that was used, or is too old, counts for nothing.
pub fn approved_since(now: Timestamp) -> Timestamp {
    now - chrono::Duration::hours(APPROVED_FOR_HOURS)
}

/// Makes the account and the one-time link with which it gets its password. Its roles wait for approval.
pub async fn create_account(ctx: &Ctx, actor: &Actor, new: NewAccount) -> Result<String, Problem> {
    let mut tx = begin(ctx, actor, Action::AccountManage).await?;
    check_grants(&mut tx, &new.grants).await?;
    let is_first = is_first_security_admin(&mut tx, new.id, &new.grants).await?;
    let link = insert(ctx, &mut tx, &new).await?;
    if is_first {
        store::insert_grants(&mut tx, new.id, &new.grants).await?;
        audit(ctx, &mut tx, "account.first_security_admin", new.id, json!({"roles": new.grants})).await?;
    } else {
        ask_for_roles(ctx, &mut tx, new.id, &new.grants).await?;
    }
    tx.commit().await?;
    Ok(link)
}

async fn is_first_security_admin(tx: &mut ScopedTx, new: AccountId, wanted: &[Grant]) -> sqlx::Result<bool> {
    store::lock_tenant(tx).await?;
    let others = store::count_others_with(tx, Role::SecurityAdmin, new).await?;
    Ok(rules::identity::is_first_security_admin(wanted, others))
}

/// The account without any role.
pub async fn insert(ctx: &Ctx, tx: &mut ScopedTx, new: &NewAccount) -> Result<String, Problem> {
    let login = new.login.trim().to_lowercase();
    if login.is_empty()
        || login.len() > 64
        || !login.chars().all(|c| c.is_ascii_alphanumeric() || "._-@".contains(c))
    {
        return Err(Problem::invalid("login", "1 to 64 letters, digits or . _ - @"));
    }
    store::insert_account(tx, new.id, &login, new.name.trim(), ctx.now()).await.map_err(|error| {
        match violated(&error) {
            Some("login_directory_pk" | "account_login_unique") => {
                Problem::invalid("login", "this login is taken")
            }
            Some("account_pk") => Problem::id_reused(),
            _ => error.into(),
        }
    })?;
    audit(ctx, tx, "account.create", new.id, json!({})).await?;
    set_up_link(ctx, tx, new.id).await
}

async fn check_grants(tx: &mut ScopedTx, grants: &[Grant]) -> Result<(), Problem> {
    if grants.is_empty() {
        return Err(Problem::invalid("roles", "at least one role"));
    }
    let roles: Vec<Role> = grants.iter().map(|grant| grant.role).collect();
    if let Some(conflict) = rules::identity::separation_conflict(&roles) {
        return Err(Problem::invalid("roles", conflict.to_string()));
    }
    for grant in grants {
        if super::load_org_unit(tx, grant.org).await?.is_none() {
            return Err(Problem::invalid("roles", "no such org unit in your part of the tree"));
        }
    }
    Ok(())
}

/// Another wish for the same account takes the place of the one before.
async fn ask_for_roles(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    account: AccountId,
    asked: &[Grant],
) -> Result<(), Problem> {
    if let Some(before) = requests::load_open_for_update(tx, account, Kind::Roles).await? {
        if before.grants == asked {
            return Ok(());
        }
        requests::decide(tx, before.id, Outcome::Withdrawn, ctx.now()).await?;
        audit(ctx, tx, "account.withdraw_roles", account, json!({"request_id": before.id})).await?;
    }
    if asked.is_empty() {
        return Ok(());
    }
    let id = ctx.new_id();
    requests::insert(tx, id, account, Kind::Roles, asked, ctx.now()).await?;
    let detail = json!({"request_id": id, "roles": asked});
    Ok(audit(ctx, tx, "account.ask_roles", account, detail).await?)
}

/// What is taken away ends at once, everywhere, open live screens and posts included; what is given waits.
pub async fn update_account(ctx: &Ctx, actor: &Actor, new: NewAccount) -> Result<(), Problem> {
    let mut tx = begin_change(ctx, actor, new.id).await?;
    check_grants(&mut tx, &new.grants).await?;
    store::set_name(&mut tx, new.id, new.name.trim()).await?;
    let mut held = store::list_grants(&mut tx, new.id).await?;
    let RoleChange { taken, asked } = change_roles(&held, &new.grants);
    keep_a_security_admin(&mut tx, new.id, &taken).await?;
    held.retain(|grant| !taken.contains(grant));
    audit(ctx, &mut tx, "account.update", new.id, json!({"taken": taken})).await?;
    ask_for_roles(ctx, &mut tx, new.id, &asked).await?;
    if !taken.is_empty() {
        store::replace_grants(&mut tx, new.id, &held).await?;
        store::revoke_sessions_of(&mut tx, new.id, ctx.now()).await?;
        duty::end_uncovered(ctx, &mut tx, new.id, &held).await?;
    }
    tx.commit().await?;
    ctx.sessions.forget_account(new.id);
    Ok(())
}

/// Without one nobody could ever approve anything again, and the next one would be made by one person alone.
async fn keep_a_security_admin(
    tx: &mut ScopedTx,
    account: AccountId,
    taken: &[Grant],
) -> Result<(), Problem> {
    if !taken.iter().any(|grant| grant.role == Role::SecurityAdmin) {
        return Ok(());
    }
    store::lock_tenant(tx).await?;
    let others = store::count_others_with(tx, Role::SecurityAdmin, account).await?;
    if others == 0 { Err(NotAllowed::LastSecurityAdmin.into()) } else { Ok(()) }
}

/// Ends every session of the account in the same transaction: it is out within a second, everywhere.
pub async fn disable(ctx: &Ctx, actor: &Actor, id: AccountId) -> Result<(), Problem> {
    let mut tx = begin_change(ctx, actor, id).await?;
    let now = ctx.now();
    let grants = store::list_grants(&mut tx, id).await?;
    keep_a_security_admin(&mut tx, id, &grants).await?;
    store::set_disabled(&mut tx, id, Some(now)).await?;
    store::revoke_sessions_of(&mut tx, id, now).await?;
    audit(ctx, &mut tx, "account.disable", id, json!({})).await?;
    duty::end_uncovered(ctx, &mut tx, id, &[]).await?;
    tx.commit().await?;
    ctx.sessions.forget_account(id);
    Ok(())
}

pub async fn enable(ctx: &Ctx, actor: &Actor, id: AccountId) -> Result<(), Problem> {
    let mut tx = begin_change(ctx, actor, id).await?;
    store::set_disabled(&mut tx, id, None).await?;
    audit(ctx, &mut tx, "account.enable", id, json!({})).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes the password and the second factor away and gives a one-time link. Where that opens people's files, nothing
/// happens before somebody has approved it (`None`); asked again after that, it gives the link.
pub async fn reset(ctx: &Ctx, actor: &Actor, id: AccountId) -> Result<Option<String>, Problem> {
    let mut tx = begin_change(ctx, actor, id).await?;
    let now = ctx.now();
    let roles = store::list_grants(&mut tx, id).await?.into_iter().map(|grant| grant.role);
    if rules::identity::reset_needs_second(roles)
        && !requests::use_approved_reset(&mut tx, id, approved_since(now), now).await?
    {
        if requests::load_open_for_update(&mut tx, id, Kind::Reset).await?.is_none() {
            let request = ctx.new_id();
            requests::insert(&mut tx, request, id, Kind::Reset, &[], now).await?;
            audit(ctx, &mut tx, "account.ask_reset", id, json!({"request_id": request})).await?;
            tx.commit().await?;
        }
        return Ok(None);
    }
    store::set_second_factor(&mut tx, id, None, None).await?;
    store::revoke_sessions_of(&mut tx, id, now).await?;
    audit(ctx, &mut tx, "account.reset", id, json!({})).await?;
    let link = set_up_link(ctx, &mut tx, id).await?;
    tx.commit().await?;
    ctx.sessions.forget_account(id);
    Ok(Some(link))
}

/// The second person says yes to exactly what they have seen.
pub async fn approve_roles(ctx: &Ctx, actor: &Actor, id: AccountId, request: Uuid) -> Result<(), Problem> {
    let (mut tx, Request { grants: asked, .. }) =
        begin_decision(ctx, actor, id, Kind::Roles, request).await?;
    let mut grants = store::list_grants(&mut tx, id).await?;
    grants.extend(&asked);
    check_grants(&mut tx, &grants).await?;
    store::insert_grants(&mut tx, id, &asked).await?;
    decided(ctx, &mut tx, id, request, Outcome::Approved, "account.approve_roles").await?;
    tx.commit().await?;
    ctx.sessions.forget_account(id);
    Ok(())
}

pub async fn reject_roles(ctx: &Ctx, actor: &Actor, id: AccountId, request: Uuid) -> Result<(), Problem> {
    let (mut tx, _) = begin_decision(ctx, actor, id, Kind::Roles, request).await?;
    decided(ctx, &mut tx, id, request, Outcome::Rejected, "account.reject_roles").await?;
    tx.commit().await?;
    Ok(())
}

pub async fn approve_reset(ctx: &Ctx, actor: &Actor, id: AccountId, request: Uuid) -> Result<(), Problem> {
    let (mut tx, _) = begin_decision(ctx, actor, id, Kind::Reset, request).await?;
    decided(ctx, &mut tx, id, request, Outcome::Approved, "account.approve_reset").await?;
    tx.commit().await?;
    Ok(())
}

pub async fn reject_reset(ctx: &Ctx, actor: &Actor, id: AccountId, request: Uuid) -> Result<(), Problem> {
    let (mut tx, _) = begin_decision(ctx, actor, id, Kind::Reset, request).await?;
    decided(ctx, &mut tx, id, request, Outcome::Rejected, "account.reject_reset").await?;
    tx.commit().await?;
    Ok(())
}

async fn begin(ctx: &Ctx, actor: &Actor, action: Action) -> sqlx::Result<ScopedTx> {
    ctx.db.begin(&actor.scope_for(action, Purpose::Administration)).await
}

/// Locks the account, which is somebody else's.
async fn begin_change(ctx: &Ctx, actor: &Actor, id: AccountId) -> Result<ScopedTx, Problem> {
    rules::identity::may_change(id, actor.account)?;
    let mut tx = begin(ctx, actor, Action::AccountManage).await?;
    store::load_account(&mut tx, id).await?.ok_or_else(|| Problem::not_found("account"))?;
    Ok(tx)
}

async fn begin_decision(
    ctx: &Ctx,
    actor: &Actor,
    id: AccountId,
    kind: Kind,
    seen: Uuid,
) -> Result<(ScopedTx, Request), Problem> {
    let mut tx = begin(ctx, actor, Action::RoleGrant).await?;
    store::load_account(&mut tx, id).await?.ok_or_else(|| Problem::not_found("account"))?;
    let request = requests::load_open_for_update(&mut tx, id, kind).await?;
    let Some(request) = request.filter(|request| request.id == seen) else {
        let title = "This request was decided, withdrawn or changed meanwhile; look again";
        return Err(Problem::new(StatusCode::CONFLICT, "request-changed", title));
    };
    rules::identity::may_decide(id, request.asked_by, actor.account)?;
    Ok((tx, request))
}

async fn decided(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    id: AccountId,
    request: Uuid,
    outcome: Outcome,
    action: &'static str,
) -> sqlx::Result<()> {
    requests::decide(tx, request, outcome, ctx.now()).await?;
    audit(ctx, tx, action, id, json!({"request_id": request})).await
}
