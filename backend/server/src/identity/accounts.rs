//! Accounts: made by a system administrator, opened by a one-time link, disabled at once. No default password.

use super::password::{self, Password, PasswordHash, Turn};
use super::sessions::{looking_in, make_token, read_token};
use super::store::AccountRow;
use super::{Access, Actor, Grant, second_factor, sessions, store};
use crate::audit::Entry;
use crate::platform::db::violated;
use crate::platform::{Ctx, Problem, Purpose, SYSTEM, Scope, ScopedTx};
use axum::http::StatusCode;
use rules::identity::{Action, Role};
use rules::ids::{AccountId, OrgId, TenantId};
use rules::people::OrgKind;
use serde_json::json;

const SETUP_HOURS: i64 = 48;
const MIN_PASSWORD_CHARS: usize = 10;
const MAX_PASSWORD_CHARS: usize = 200;

#[derive(Debug, Clone)]
pub struct NewAccount {
    pub id: AccountId,
    pub login: String,
    pub name: String,
    pub grants: Vec<Grant>,
}

fn refused() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "sign-in-refused", "The login or the password is not right")
}

pub async fn sign_in(
    ctx: &Ctx,
    login: &str,
    password: Password,
    code: Option<&str>,
) -> Result<sessions::SignedIn, Problem> {
    let login = login.trim().to_lowercase();
    let found = {
        let mut directory = ctx.db.directory().await?;
        store::find_login(&mut directory, &login).await?
    };
    let account = match found {
        Some((tenant, id)) => {
            let mut tx = ctx.db.begin(&looking_in(tenant)).await?;
            store::load_account(&mut tx, id).await?.map(|account| (tenant, account))
        }
        None => None,
    };
    let turn = password::take_turn().await?;
    let attempt = ctx.guesses.begin(&login, ctx.now())?;
    let outcome = prove(ctx, turn, account, password, code).await;
    match &outcome {
        Ok(_) => attempt.succeeded(),
        // the wrong password, or none of the right code: it stays counted
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => {}
        Err(_) => attempt.take_back(),
    }
    outcome
}

async fn prove(
    ctx: &Ctx,
    turn: Turn,
    account: Option<(TenantId, AccountRow)>,
    password: Password,
    code: Option<&str>,
) -> Result<sessions::SignedIn, Problem> {
    let hash = account.as_ref().and_then(|(_, account)| account.password_hash.clone()).map(PasswordHash);
    let is_right = password::verify_password(turn, password, hash).await?;
    let Some((tenant, account)) = account.filter(|(_, account)| is_right && account.disabled_at.is_none())
    else {
        return Err(refused());
    };
    let id = AccountId(account.id);
    if let Some(sealed) = account.second_factor_sealed {
        let Some(code) = code.filter(|code| !code.trim().is_empty()) else {
            return Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                "second-factor-needed",
                "This account also needs the code of its second factor",
            ));
        };
        let mut tx = ctx.db.begin(&looking_in(tenant)).await?;
        if !second_factor::spend(ctx, &mut tx, id, &sealed, code).await? {
            return Err(refused());
        }
        tx.commit().await?;
    }
    sessions::start(ctx, tenant, id).await
}

/// A second person at the desk: proves who they are without signing the first one out.
pub async fn vouch(ctx: &Ctx, tenant: TenantId, login: &str, password: Password) -> Result<Actor, Problem> {
    let signed_in = sign_in(ctx, login, password, None).await?;
    sessions::end(ctx, &signed_in.actor).await?;
    if signed_in.actor.tenant == tenant { Ok(signed_in.actor) } else { Err(refused()) }
}

/// Makes the account and the one-time link with which it gets its password.
pub async fn create_account(ctx: &Ctx, actor: &Actor, new: NewAccount) -> Result<String, Problem> {
    let scope = actor.scope_for(Action::AccountManage, Purpose::Administration);
    let mut tx = ctx.db.begin(&scope).await?;
    check_grants(&mut tx, &new.grants).await?;
    let link = insert(ctx, &mut tx, &new).await?;
    tx.commit().await?;
    Ok(link)
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

async fn insert(ctx: &Ctx, tx: &mut ScopedTx, new: &NewAccount) -> Result<String, Problem> {
    let tenant = tx.tenant();
    let (token, hash) = make_token(tenant)?;
    let now = ctx.now();
    let login = new.login.trim().to_lowercase();
    if login.is_empty()
        || login.len() > 64
        || !login.chars().all(|c| c.is_ascii_alphanumeric() || "._-@".contains(c))
    {
        return Err(Problem::invalid("login", "1 to 64 letters, digits or . _ - @"));
    }
    store::insert_account(tx, new.id, &login, new.name.trim(), now).await.map_err(|error| match violated(
        &error,
    ) {
        Some("login_directory_pk" | "account_login_unique") => {
            Problem::invalid("login", "this login is taken")
        }
        Some("account_pk") => Problem::id_reused(),
        _ => error.into(),
    })?;
    store::replace_grants(tx, new.id, &new.grants).await?;
    store::set_setup(tx, new.id, &hash, now + chrono::Duration::hours(SETUP_HOURS)).await?;
    audit(ctx, tx, "account.create", new.id).await?;
    Ok(token)
}

/// On an empty database: the tenant, the root of its org tree, and the account that makes the others, with a
/// one-time link instead of a password. Nothing if there is a tenant already.
pub async fn first_start(ctx: &Ctx, tenant_name: &str) -> Result<Option<String>, Problem> {
    if !ctx.tenants().is_empty() {
        return Ok(None);
    }
    let tenant = TenantId(ctx.new_id());
    let root = OrgId(ctx.new_id());
    let scope = Scope { tenant, actor: SYSTEM, scopes: vec![root], purpose: Purpose::Administration };
    let mut tx = ctx.db.begin(&scope).await?;
    store::insert_tenant(&mut tx, tenant_name, ctx.now()).await?;
    super::insert_org_unit(&mut tx, root, None, OrgKind::City, "city", tenant_name).await?;
    let new = NewAccount {
        id: AccountId(ctx.new_id()),
        login: "sysadmin".to_owned(),
        name: "系统管理员".to_owned(),
        grants: vec![Grant { role: Role::SystemAdmin, org: root }],
    };
    let link = insert(ctx, &mut tx, &new).await?;
    tx.commit().await?;
    let tenants = store::load_tenants(&ctx.db).await?;
    *ctx.tenants.write().unwrap_or_else(std::sync::PoisonError::into_inner) = tenants;
    Ok(Some(link))
}

pub async fn update_account(ctx: &Ctx, actor: &Actor, new: NewAccount) -> Result<(), Problem> {
    let scope = actor.scope_for(Action::AccountManage, Purpose::Administration);
    let mut tx = ctx.db.begin(&scope).await?;
    check_grants(&mut tx, &new.grants).await?;
    store::load_account(&mut tx, new.id).await?.ok_or_else(|| Problem::not_found("account"))?;
    store::set_name(&mut tx, new.id, new.name.trim()).await?;
    let before = store::list_grants(&mut tx, new.id).await?;
    if before.iter().any(|grant| !new.grants.contains(grant)) {
        // what was taken away ends everywhere, open live screens included
        store::revoke_sessions_of(&mut tx, new.id, ctx.now()).await?;
    }
    store::replace_grants(&mut tx, new.id, &new.grants).await?;
    audit(ctx, &mut tx, "account.update", new.id).await?;
    super::duty::end_uncovered(ctx, &mut tx, new.id, &new.grants).await?;
    tx.commit().await?;
    ctx.sessions.forget_account(new.id);
    Ok(())
}

/// Ends every session of the account in the same transaction: it is out within a second, everywhere.
pub async fn disable(ctx: &Ctx, actor: &Actor, id: AccountId) -> Result<(), Problem> {
    if id == actor.account {
        return Err(Problem::invalid("id", "nobody disables their own account"));
    }
    let mut tx = begin_change(ctx, actor, id).await?;
    let now = ctx.now();
    store::set_disabled(&mut tx, id, Some(now)).await?;
    store::revoke_sessions_of(&mut tx, id, now).await?;
    audit(ctx, &mut tx, "account.disable", id).await?;
    super::duty::end_uncovered(ctx, &mut tx, id, &[]).await?;
    tx.commit().await?;
    ctx.sessions.forget_account(id);
    Ok(())
}

pub async fn enable(ctx: &Ctx, actor: &Actor, id: AccountId) -> Result<(), Problem> {
    let mut tx = begin_change(ctx, actor, id).await?;
    store::set_disabled(&mut tx, id, None).await?;
    audit(ctx, &mut tx, "account.enable", id).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes the password and the second factor away and gives a one-time link.
pub async fn reset(ctx: &Ctx, actor: &Actor, id: AccountId) -> Result<String, Problem> {
    let mut tx = begin_change(ctx, actor, id).await?;
    let now = ctx.now();
    let (token, hash) = make_token(actor.tenant)?;
    store::set_setup(&mut tx, id, &hash, now + chrono::Duration::hours(SETUP_HOURS)).await?;
    store::set_second_factor(&mut tx, id, None, None).await?;
    store::revoke_sessions_of(&mut tx, id, now).await?;
    audit(ctx, &mut tx, "account.reset", id).await?;
    tx.commit().await?;
    ctx.sessions.forget_account(id);
    Ok(token)
}

async fn begin_change(ctx: &Ctx, actor: &Actor, id: AccountId) -> Result<ScopedTx, Problem> {
    debug_assert!(Access::Can(Action::AccountManage).allows(actor));
    let scope = actor.scope_for(Action::AccountManage, Purpose::Administration);
    let mut tx = ctx.db.begin(&scope).await?;
    store::load_account(&mut tx, id).await?.ok_or_else(|| Problem::not_found("account"))?;
    Ok(tx)
}

pub async fn set_up(ctx: &Ctx, token: &str, password: Password) -> Result<sessions::SignedIn, Problem> {
    check_password("password", &password)?;
    let (tenant, hash) = read_token(token).ok_or_else(spent)?;
    // only a good link is worth the work
    let mut tx = ctx.db.begin(&looking_in(tenant)).await?;
    store::find_setup(&mut tx, &hash, ctx.now()).await?.ok_or_else(spent)?;
    drop(tx);
    let password = password::hash_password(password).await?;
    let mut tx = ctx.db.begin(&looking_in(tenant)).await?;
    let account = store::find_setup(&mut tx, &hash, ctx.now()).await?.ok_or_else(spent)?;
    store::set_password(&mut tx, account, &password.0).await?;
    audit(ctx, &mut tx, "account.set_up", account).await?;
    tx.commit().await?;
    sessions::start(ctx, tenant, account).await
}

fn spent() -> Problem {
    Problem::not_found("this link was used or is too old; ask for a new one")
}

/// Is this link still good? Says whose it is, so that the page can greet.
pub async fn look_at_setup(ctx: &Ctx, token: &str) -> Result<(String, String), Problem> {
    let (tenant, hash) = read_token(token).ok_or_else(spent)?;
    let mut tx = ctx.db.begin(&looking_in(tenant)).await?;
    let id = store::find_setup(&mut tx, &hash, ctx.now()).await?.ok_or_else(spent)?;
    let account = store::load_account(&mut tx, id).await?.ok_or_else(spent)?;
    Ok((account.login, account.name))
}

pub async fn change_password(ctx: &Ctx, actor: &Actor, old: Password, new: Password) -> Result<(), Problem> {
    check_password("password", &new)?;
    let account = {
        let mut tx = ctx.db.begin(&actor.scope()).await?;
        store::load_account(&mut tx, actor.account).await?.ok_or_else(super::signed_out)?
    };
    let turn = password::take_turn().await?;
    if !password::verify_password(turn, old, account.password_hash.map(PasswordHash)).await? {
        return Err(Problem::invalid("old_password", "not your present password"));
    }
    let hash = password::hash_password(new).await?;
    let mut tx = ctx.db.begin(&actor.scope()).await?;
    store::set_password(&mut tx, actor.account, &hash.0).await?;
    audit(ctx, &mut tx, "account.change_password", actor.account).await?;
    tx.commit().await?;
    Ok(())
}

fn check_password(field: &str, password: &Password) -> Result<(), Problem> {
    if (MIN_PASSWORD_CHARS..=MAX_PASSWORD_CHARS).contains(&password.chars()) {
        Ok(())
    } else {
        Err(Problem::invalid(field, format!("{MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters")))
    }
}

async fn audit(ctx: &Ctx, tx: &mut ScopedTx, action: &'static str, id: AccountId) -> sqlx::Result<()> {
    let entry = Entry { action, subject_kind: "account", subject_id: Some(id.0), detail: json!({}) };
    crate::audit::write(ctx, tx, entry).await
}
