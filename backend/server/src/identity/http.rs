//! Sign-in, the account's own page, duty.

mod accounts;
mod org_units;

use super::accounts as door;
use super::password::Password;
use super::{Access, Actor, duty, second_factor, sessions, store};
use crate::platform::http::{Body, Routes};
use crate::platform::text::Line;
use crate::platform::{Ctx, Problem};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use rules::identity::{Action, Post};
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
        .add(Access::SignedIn, routes!(list_duty))
        .add(Access::Can(Action::DutyTake), routes!(go_on))
        .add(Access::Can(Action::DutyTake), routes!(go_off))
        .add(Access::Can(Action::DutyTake), routes!(hand_over))
        .merge(accounts::router())
        .merge(org_units::router())
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
    let signed_in = door::sign_in(&ctx, &body.login, body.password, body.code.as_deref()).await?;
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
        home: actor.grants.first().map_or("/admin", |grant| super::home(grant.role)),
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

/// Change my password; my other sessions end.
#[utoipa::path(post, path = "/me/password", tag = "identity", request_body = ChangePassword, responses((status = 204)))]
async fn change_password(
    State(ctx): State<Ctx>,
    actor: Actor,
    Body(body): Body<ChangePassword>,
) -> Result<StatusCode, Problem> {
    door::change_password(&ctx, &actor, body.old_password, body.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Serialize, ToSchema)]
struct EnrolmentView {
    secret: String,
    otpauth_url: String,
}

/// Who asks for it can be somebody at a screen that was left open: what takes a factor away is asked with both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Proof {
    #[schema(value_type = Option<String>, max_length = 256)]
    password: Option<Password>,
    #[schema(value_type = Option<String>, max_length = 16)]
    code: Option<Line<16>>,
}

impl Proof {
    fn complete(self) -> Result<second_factor::Proof, Problem> {
        let password = self.password.ok_or_else(|| Problem::invalid("password", "your present password"))?;
        let code =
            self.code.ok_or_else(|| Problem::invalid("code", "a code of the present second factor"))?;
        Ok(second_factor::Proof { password, code: code.into_inner() })
    }
}

/// Begin the enrolment of a second factor; in place of another one with the password and a code of that one.
#[utoipa::path(post, path = "/me/second-factor/start", tag = "identity", request_body = Proof,
    responses((status = 200, body = EnrolmentView), (status = 422, body = Problem), (status = 429, body = Problem)))]
async fn begin_second_factor(
    State(ctx): State<Ctx>,
    actor: Actor,
    Body(body): Body<Proof>,
) -> Result<Json<EnrolmentView>, Problem> {
    let enrolment = if second_factor::has_one(&ctx, &actor).await? {
        second_factor::begin_another(&ctx, &actor, body.complete()?).await?
    } else {
        second_factor::begin_first(&ctx, &actor).await?
    };
    Ok(Json(EnrolmentView { secret: enrolment.secret, otpauth_url: enrolment.url }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Code {
    #[schema(value_type = String, max_length = 16)]
    code: Line<16>,
}

/// Confirm the second factor with a first code.
#[utoipa::path(post, path = "/me/second-factor/confirm", tag = "identity", request_body = Code,
    responses((status = 204), (status = 422, body = Problem), (status = 429, body = Problem)))]
async fn confirm_second_factor(
    State(ctx): State<Ctx>,
    actor: Actor,
    Body(body): Body<Code>,
) -> Result<StatusCode, Problem> {
    second_factor::confirm(&ctx, &actor, &body.code).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove the second factor, with the password and a code of it.
#[utoipa::path(post, path = "/me/second-factor/remove", tag = "identity", request_body = Proof,
    responses((status = 204), (status = 422, body = Problem), (status = 429, body = Problem)))]
async fn remove_second_factor(
    State(ctx): State<Ctx>,
    actor: Actor,
    Body(body): Body<Proof>,
) -> Result<StatusCode, Problem> {
    second_factor::remove(&ctx, &actor, body.complete()?).await?;
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
    let (login, name) = door::look_at_setup(&ctx, &token).await?;
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
    let signed_in = door::set_up(&ctx, &token, body.password).await?;
    start(&ctx, signed_in, body.mode == Some(Mode::Bearer)).await
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
