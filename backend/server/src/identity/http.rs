//! Sign-in, the account's own page, accounts, org tree, duty.

use super::password::Password;
use super::{Access, Actor, Grant, NewAccount, OrgUnit, accounts, duty, org, second_factor, sessions, store};
use crate::platform::http::{Body, Id, Routes};
use crate::platform::text::Line;
use crate::platform::{Ctx, Problem, Purpose};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use rules::identity::{Action, Post, Role};
use rules::ids::{AccountId, OrgId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

pub fn router() -> Routes {
    Routes::new()
        .add(Access::Public, routes!(sign_in))
        .add(Access::SignedIn, routes!(sign_out))
        .add(Access::SignedIn, routes!(me))
        .add(Access::SignedIn, routes!(change_password))
        .add(Access::SignedIn, routes!(begin_second_factor))
        .add(Access::SignedIn, routes!(confirm_second_factor))
        .add(Access::SignedIn, routes!(remove_second_factor))
        .add(Access::Public, routes!(look_at_setup))
        .add(Access::Public, routes!(set_up))
        .add(Access::SignedIn, routes!(list_org_units))
        .add(Access::Can(Action::AccountManage), routes!(list_accounts))
        .add(Access::Can(Action::AccountManage), routes!(put_account))
        .add(Access::Can(Action::AccountManage), routes!(disable_account))
        .add(Access::Can(Action::AccountManage), routes!(enable_account))
        .add(Access::Can(Action::AccountManage), routes!(reset_account))
        .add(Access::SignedIn, routes!(list_duty))
        .add(Access::Can(Action::DutyTake), routes!(go_on))
        .add(Access::Can(Action::DutyTake), routes!(go_off))
        .add(Access::Can(Action::DutyTake), routes!(hand_over))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignIn {
    #[schema(value_type = String, max_length = 64)]
    login: Line<64>,
    #[schema(value_type = String, max_length = 256)]
    password: Password,
    #[schema(value_type = Option<String>, max_length = 16)]
    code: Option<Line<16>>,
    /// `bearer` for API clients; without it a browser cookie.
    mode: Option<Mode>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Bearer,
    Cookie,
}

#[derive(Debug, Serialize, ToSchema)]
struct SessionView {
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    account: AccountBrief,
}

#[derive(Debug, Serialize, ToSchema)]
struct AccountBrief {
    #[schema(value_type = Uuid)]
    id: AccountId,
    login: String,
    name: String,
    roles: Vec<RoleView>,
    home: &'static str,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleView {
    role: String,
    org_id: Uuid,
    #[serde(default)]
    org_name: String,
}

/// Start a session.
#[utoipa::path(post, path = "/sessions", tag = "identity", request_body = SignIn,
    responses((status = 201, body = SessionView), (status = 401, body = Problem), (status = 429, body = Problem)))]
async fn sign_in(State(ctx): State<Ctx>, Body(body): Body<SignIn>) -> Result<Response, Problem> {
    let signed_in = accounts::sign_in(&ctx, &body.login, body.password, body.code.as_deref()).await?;
    start(&ctx, signed_in, body.mode == Some(Mode::Bearer)).await
}

async fn start(ctx: &Ctx, signed_in: sessions::SignedIn, is_bearer: bool) -> Result<Response, Problem> {
    let account = brief(ctx, &signed_in.actor).await?;
    let cookie = cookie(ctx, &signed_in.token, None);
    let token = is_bearer.then_some(signed_in.token);
    let mut response = (StatusCode::CREATED, Json(SessionView { token, account })).into_response();
    if !is_bearer {
        response.headers_mut().insert(header::SET_COOKIE, cookie?);
    }
    Ok(response)
}

fn cookie(ctx: &Ctx, token: &str, max_age: Option<u32>) -> Result<HeaderValue, Problem> {
    let (name, secure) =
        if ctx.is_secure { (sessions::SECURE_COOKIE, "; Secure") } else { (sessions::COOKIE, "") };
    let age = max_age.map(|age| format!("; Max-Age={age}")).unwrap_or_default();
    HeaderValue::from_str(&format!("{name}={token}; Path=/; HttpOnly; SameSite=Strict{secure}{age}"))
        .map_err(|error| Problem::internal(&error))
}

/// End this session.
#[utoipa::path(delete, path = "/sessions/current", tag = "identity", responses((status = 204)))]
async fn sign_out(State(ctx): State<Ctx>, actor: Actor) -> Result<Response, Problem> {
    sessions::end(&ctx, &actor).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie(&ctx, "", Some(0))?);
    Ok(response)
}

async fn brief(ctx: &Ctx, actor: &Actor) -> Result<AccountBrief, Problem> {
    let mut tx = ctx.db.begin(&actor.scope()).await?;
    let mut roles = Vec::with_capacity(actor.grants.len());
    for grant in &actor.grants {
        let unit = super::load_org_unit(&mut tx, grant.org).await?;
        roles.push(RoleView {
            role: grant.role.code().to_owned(),
            org_id: grant.org.0,
            org_name: unit.map(|unit| unit.name).unwrap_or_default(),
        });
    }
    Ok(AccountBrief {
        id: actor.account,
        login: actor.login.clone(),
        name: actor.name.clone(),
        roles,
        home: actor.grants.first().map_or("/", |grant| super::home(grant.role)),
    })
}

#[derive(Debug, Serialize, ToSchema)]
struct Me {
    account: AccountBrief,
    tenant: TenantView,
    csrf: String,
    permissions: Vec<&'static str>,
    duty: Vec<duty::Holder>,
    has_second_factor: bool,
    needs_second_factor: bool,
    now: DateTime<Utc>,
}

#[derive(Debug, Serialize, ToSchema)]
struct TenantView {
    id: Uuid,
    name: String,
    zone: String,
    fictional: bool,
    helplines: serde_json::Value,
    demo: bool,
}

/// Who I am, what I may do, where I belong.
#[utoipa::path(get, path = "/me", tag = "identity", responses((status = 200, body = Me)))]
async fn me(State(ctx): State<Ctx>, actor: Actor) -> Result<Json<Me>, Problem> {
    let account = brief(&ctx, &actor).await?;
    let mut tx = ctx.db.begin(&actor.scope()).await?;
    let tenant = store::load_tenant(&mut tx, actor.tenant).await?;
    let row = store::load_account(&mut tx, actor.account).await?.ok_or_else(super::signed_out)?;
    let mine = duty::list_holders(&mut tx)
        .await?
        .into_iter()
        .filter(|holder| holder.account_id == actor.account)
        .collect();
    let has_second_factor = row.second_factor_sealed.is_some();
    Ok(Json(Me {
        account,
        tenant: TenantView {
            id: actor.tenant.0,
            name: tenant.name,
            zone: tenant.zone,
            fictional: tenant.is_fictional,
            helplines: tenant.helplines,
            demo: ctx.is_demo,
        },
        csrf: actor.csrf.clone(),
        permissions: Action::ALL
            .iter()
            .filter(|action| actor.may(**action))
            .map(|action| action.code())
            .collect(),
        duty: mine,
        has_second_factor,
        needs_second_factor: !has_second_factor
            && actor.grants.iter().any(|grant| grant.role.is_administrator()),
        now: ctx.now(),
    }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangePassword {
    #[schema(value_type = String, max_length = 256)]
    old_password: Password,
    #[schema(value_type = String, max_length = 256)]
    password: Password,
}

/// Change my password.
#[utoipa::path(post, path = "/me/password", tag = "identity", request_body = ChangePassword, responses((status = 204)))]
async fn change_password(
    State(ctx): State<Ctx>,
    actor: Actor,
    Body(body): Body<ChangePassword>,
) -> Result<StatusCode, Problem> {
    accounts::change_password(&ctx, &actor, body.old_password, body.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Serialize, ToSchema)]
struct EnrolmentView {
    secret: String,
    otpauth_url: String,
}

/// Begin the enrolment of a second factor.
#[utoipa::path(post, path = "/me/second-factor/start", tag = "identity", responses((status = 200, body = EnrolmentView)))]
async fn begin_second_factor(State(ctx): State<Ctx>, actor: Actor) -> Result<Json<EnrolmentView>, Problem> {
    let enrolment = second_factor::begin(&ctx, &actor).await?;
    Ok(Json(EnrolmentView { secret: enrolment.secret, otpauth_url: enrolment.url }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Code {
    #[schema(value_type = String, max_length = 16)]
    code: Line<16>,
}

/// Confirm the second factor with a first code.
#[utoipa::path(post, path = "/me/second-factor/confirm", tag = "identity", request_body = Code, responses((status = 204)))]
async fn confirm_second_factor(
    State(ctx): State<Ctx>,
    actor: Actor,
    Body(body): Body<Code>,
) -> Result<StatusCode, Problem> {
    second_factor::confirm(&ctx, &actor, &body.code).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove the second factor.
#[utoipa::path(post, path = "/me/second-factor/remove", tag = "identity", request_body = Code, responses((status = 204)))]
async fn remove_second_factor(
    State(ctx): State<Ctx>,
    actor: Actor,
    Body(body): Body<Code>,
) -> Result<StatusCode, Problem> {
    second_factor::remove(&ctx, &actor, &body.code).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Serialize, ToSchema)]
struct SetupView {
    login: String,
    name: String,
}

/// Look at a one-time link.
#[utoipa::path(get, path = "/setup/{token}", tag = "identity", params(("token" = String, Path)),
    responses((status = 200, body = SetupView), (status = 404, body = Problem)))]
async fn look_at_setup(
    State(ctx): State<Ctx>,
    Path(token): Path<String>,
) -> Result<Json<SetupView>, Problem> {
    let (login, name) = accounts::look_at_setup(&ctx, &token).await?;
    Ok(Json(SetupView { login, name }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SetUp {
    #[schema(value_type = String, max_length = 256)]
    password: Password,
    mode: Option<Mode>,
}

/// Use a one-time link to set a password; signs in.
#[utoipa::path(post, path = "/setup/{token}", tag = "identity", params(("token" = String, Path)), request_body = SetUp,
    responses((status = 201, body = SessionView), (status = 404, body = Problem)))]
async fn set_up(
    State(ctx): State<Ctx>,
    Path(token): Path<String>,
    Body(body): Body<SetUp>,
) -> Result<Response, Problem> {
    let signed_in = accounts::set_up(&ctx, &token, body.password).await?;
    start(&ctx, signed_in, body.mode == Some(Mode::Bearer)).await
}

/// The visible part of the org tree, parents first.
#[utoipa::path(get, path = "/org-units", tag = "identity", responses((status = 200, body = Vec<OrgUnit>)))]
async fn list_org_units(State(ctx): State<Ctx>, actor: Actor) -> Result<Json<Vec<OrgUnit>>, Problem> {
    let mut tx = ctx.db.begin(&actor.scope()).await?;
    Ok(Json(org::list_org_units(&mut tx).await?))
}

#[derive(Debug, Serialize, ToSchema)]
struct AccountView {
    id: Uuid,
    login: String,
    name: String,
    roles: Vec<RoleView>,
    has_password: bool,
    has_second_factor: bool,
    disabled_at: Option<DateTime<Utc>>,
    setup_expires_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    version: i64,
}

/// All accounts.
#[utoipa::path(get, path = "/accounts", tag = "identity", responses((status = 200, body = Vec<AccountView>)))]
async fn list_accounts(State(ctx): State<Ctx>, actor: Actor) -> Result<Json<Vec<AccountView>>, Problem> {
    let mut tx = ctx.db.begin(&actor.scope_for(Action::AccountManage, Purpose::Administration)).await?;
    let units = org::list_org_units(&mut tx).await?;
    let mut views = Vec::new();
    for row in store::list_accounts(&mut tx).await? {
        let grants = store::list_grants(&mut tx, AccountId(row.id)).await?;
        let roles = grants
            .into_iter()
            .map(|grant| RoleView {
                role: grant.role.code().to_owned(),
                org_id: grant.org.0,
                org_name: units
                    .iter()
                    .find(|unit| unit.id == grant.org)
                    .map(|unit| unit.name.clone())
                    .unwrap_or_default(),
            })
            .collect();
        views.push(AccountView {
            id: row.id,
            login: row.login,
            name: row.name,
            roles,
            has_password: row.password_hash.is_some(),
            has_second_factor: row.second_factor_sealed.is_some(),
            disabled_at: row.disabled_at,
            setup_expires_at: row.setup_expires_at,
            created_at: row.created_at,
            version: row.version,
        });
    }
    Ok(Json(views))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutAccount {
    #[schema(value_type = String, max_length = 64)]
    login: Line<64>,
    name: String,
    roles: Vec<RoleView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct SetupLink {
    /// Opens once, within 48 hours; give it to the person by hand.
    setup_path: String,
}

/// Make an account, or change the name and the roles of one.
#[utoipa::path(put, path = "/accounts/{id}", tag = "identity", params(("id" = Uuid, Path)), request_body = PutAccount,
    responses((status = 201, body = SetupLink), (status = 204), (status = 422, body = Problem)))]
async fn put_account(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<AccountId>,
    Body(body): Body<PutAccount>,
) -> Result<Response, Problem> {
    let name = rules::people::Name::parse(&body.name)
        .map_err(|invalid| Problem::invalid("name", invalid.to_string()))?;
    let mut grants = Vec::with_capacity(body.roles.len());
    for (i, view) in body.roles.iter().enumerate() {
        let role = view
            .role
            .parse::<Role>()
            .map_err(|_| Problem::invalid(format!("roles[{i}].role"), "no such role"))?;
        let grant = Grant { role, org: OrgId(view.org_id) };
        if !grants.contains(&grant) {
            grants.push(grant);
        }
    }
    let new = NewAccount { id, login: body.login.into_inner(), name: name.expose().to_owned(), grants };
    let exists = {
        let mut tx = ctx.db.begin(&actor.scope_for(Action::AccountManage, Purpose::Administration)).await?;
        store::load_account(&mut tx, id).await?.is_some()
    };
    if exists {
        accounts::update_account(&ctx, &actor, new).await?;
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let token = accounts::create_account(&ctx, &actor, new).await?;
    Ok((StatusCode::CREATED, Json(SetupLink { setup_path: format!("/setup/{token}") })).into_response())
}

/// Disable an account and end its sessions.
#[utoipa::path(post, path = "/accounts/{id}/disable", tag = "identity", params(("id" = Uuid, Path)), responses((status = 204)))]
async fn disable_account(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<AccountId>,
) -> Result<StatusCode, Problem> {
    accounts::disable(&ctx, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Enable a disabled account.
#[utoipa::path(post, path = "/accounts/{id}/enable", tag = "identity", params(("id" = Uuid, Path)), responses((status = 204)))]
async fn enable_account(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<AccountId>,
) -> Result<StatusCode, Problem> {
    accounts::enable(&ctx, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take the password away and make a one-time link.
#[utoipa::path(post, path = "/accounts/{id}/reset", tag = "identity", params(("id" = Uuid, Path)), responses((status = 200, body = SetupLink)))]
async fn reset_account(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<AccountId>,
) -> Result<Json<SetupLink>, Problem> {
    let token = accounts::reset(&ctx, &actor, id).await?;
    Ok(Json(SetupLink { setup_path: format!("/setup/{token}") }))
}

#[derive(Debug, Serialize, ToSchema)]
struct DutyView {
    holders: Vec<duty::Holder>,
    /// Posts that this account may stand on.
    mine: Vec<&'static str>,
    as_of: DateTime<Utc>,
}

/// Who is on which post now.
#[utoipa::path(get, path = "/duty", tag = "identity", responses((status = 200, body = DutyView)))]
async fn list_duty(State(ctx): State<Ctx>, actor: Actor) -> Result<Json<DutyView>, Problem> {
    let mut tx = ctx.db.begin(&actor.scope()).await?;
    let mine = Post::ALL
        .iter()
        .filter(|post| actor.grants.iter().any(|grant| super::may_hold(grant.role, **post)))
        .map(|post| post.code())
        .collect();
    Ok(Json(DutyView { holders: duty::list_holders(&mut tx).await?, mine, as_of: ctx.now() }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AtOrg {
    org_id: Uuid,
    #[serde(default)]
    to_account: Option<Uuid>,
}

fn post(code: &str) -> Result<Post, Problem> {
    code.parse().map_err(|_| Problem::invalid("post", "no such post"))
}

/// Go on duty.
#[utoipa::path(post, path = "/duty/{post}/on", tag = "identity", params(("post" = String, Path)), request_body = AtOrg, responses((status = 204)))]
async fn go_on(
    State(ctx): State<Ctx>,
    actor: Actor,
    Path(code): Path<String>,
    Body(body): Body<AtOrg>,
) -> Result<StatusCode, Problem> {
    duty::on(&ctx, &actor, post(&code)?, OrgId(body.org_id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Go off duty.
#[utoipa::path(post, path = "/duty/{post}/off", tag = "identity", params(("post" = String, Path)), request_body = AtOrg, responses((status = 204)))]
async fn go_off(
    State(ctx): State<Ctx>,
    actor: Actor,
    Path(code): Path<String>,
    Body(body): Body<AtOrg>,
) -> Result<StatusCode, Problem> {
    duty::off(&ctx, &actor, post(&code)?, OrgId(body.org_id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Hand a post over; it is never empty in between.
#[utoipa::path(post, path = "/duty/{post}/hand-over", tag = "identity", params(("post" = String, Path)), request_body = AtOrg, responses((status = 204)))]
async fn hand_over(
    State(ctx): State<Ctx>,
    actor: Actor,
    Path(code): Path<String>,
    Body(body): Body<AtOrg>,
) -> Result<StatusCode, Problem> {
    let to = body.to_account.ok_or_else(|| Problem::invalid("to_account", "say who takes over"))?;
    duty::hand_over(&ctx, &actor, post(&code)?, OrgId(body.org_id), AccountId(to)).await?;
    Ok(StatusCode::NO_CONTENT)
}
