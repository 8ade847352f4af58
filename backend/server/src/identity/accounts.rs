//! Ways into an account: the password, the one-time link that sets it, the first start. No default password.

use super::guesses::Attempt;
use super::password::{self, Password, PasswordHash, Turn};
use super::sessions::{looking_in, make_token, read_token};
use super::store::AccountRow;
use super::{Actor, Grant, NewAccount, second_factor, sessions, store};
use crate::audit::Entry;
use crate::platform::{Ctx, Problem, Purpose, SYSTEM, Scope, ScopedTx};
use axum::http::StatusCode;
use rules::identity::Role;
use rules::ids::{AccountId, OrgId, TenantId};
use rules::people::OrgKind;
use serde_json::json;

const SETUP_HOURS: i64 = 48;
const MIN_PASSWORD_CHARS: usize = 10;
const MAX_PASSWORD_CHARS: usize = 200;

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
pub async fn vouch(
    ctx: &Ctx,
    tenant: TenantId,
    login: &str,
    password: Password,
    code: Option<&str>,
) -> Result<Actor, Problem> {
    let signed_in = sign_in(ctx, login, password, code).await?;
    sessions::end(ctx, &signed_in.actor).await?;
    if signed_in.actor.tenant == tenant { Ok(signed_in.actor) } else { Err(refused()) }
}

/// A one-time link in place of the password.
pub async fn set_up_link(ctx: &Ctx, tx: &mut ScopedTx, id: AccountId) -> Result<String, Problem> {
    let (token, hash) = make_token(tx.tenant())?;
    store::set_setup(tx, id, &hash, ctx.now() + chrono::Duration::hours(SETUP_HOURS)).await?;
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
    let link = super::manage::insert(ctx, &mut tx, &new).await?;
    store::insert_grants(&mut tx, new.id, &new.grants).await?;
    tx.commit().await?;
    let tenants = store::load_tenants(&ctx.db).await?;
    *ctx.tenants.write().unwrap_or_else(std::sync::PoisonError::into_inner) = tenants;
    Ok(Some(link))
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
    audit(ctx, &mut tx, "account.set_up", account, json!({})).await?;
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

/// Whoever sits here knows the password. The attempt goes on counting until the caller is content.
pub async fn prove_own<'a>(
    ctx: &'a Ctx,
    actor: &Actor,
    field: &str,
    password: Password,
) -> Result<Attempt<'a>, Problem> {
    let account = {
        let mut tx = ctx.db.begin(&actor.scope()).await?;
        store::load_account(&mut tx, actor.account).await?.ok_or_else(super::signed_out)?
    };
    let turn = password::take_turn().await?;
    let attempt = ctx.guesses.begin(&actor.login, ctx.now())?;
    if password::verify_password(turn, password, account.password_hash.map(PasswordHash)).await? {
        Ok(attempt)
    } else {
        Err(Problem::invalid(field, "not your present password"))
    }
}

/// Ends the other sessions: one of them may be why the password is changed.
pub async fn change_password(ctx: &Ctx, actor: &Actor, old: Password, new: Password) -> Result<(), Problem> {
    check_password("password", &new)?;
    prove_own(ctx, actor, "old_password", old).await?.succeeded();
    let hash = password::hash_password(new).await?;
    let mut tx = ctx.db.begin(&actor.scope()).await?;
    store::set_password(&mut tx, actor.account, &hash.0).await?;
    store::revoke_other_sessions(&mut tx, actor.account, actor.session, ctx.now()).await?;
    audit(ctx, &mut tx, "account.change_password", actor.account, json!({})).await?;
    tx.commit().await?;
    ctx.sessions.forget_account(actor.account);
    Ok(())
}

fn check_password(field: &str, password: &Password) -> Result<(), Problem> {
    if (MIN_PASSWORD_CHARS..=MAX_PASSWORD_CHARS).contains(&password.chars()) {
        Ok(())
    } else {
        Err(Problem::invalid(field, format!("{MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters")))
    }
}

pub async fn audit(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    action: &'static str,
    id: AccountId,
    detail: serde_json::Value,
) -> sqlx::Result<()> {
    let entry = Entry { action, subject_kind: "account", subject_id: Some(id.0), detail };
    crate::audit::write(ctx, tx, entry).await
}
