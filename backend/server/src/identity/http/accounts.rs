//! Accounts over HTTP: one administrator keeps them and asks, another one decides.

use super::RoleView;
use crate::identity::requests::{self, Pending};
use crate::identity::{Access, Actor, Grant, NewAccount, OrgUnit, manage, org, store};
use crate::platform::http::{Body, Id, Routes};
use crate::platform::text::Line;
use crate::platform::{Ctx, Problem, Purpose};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use rules::identity::{Action, Role};
use rules::ids::{AccountId, OrgId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

pub fn router() -> Routes {
    Routes::new()
        .add(Access::Can(Action::AccountRead), routes!(list_accounts))
        .add(Access::Can(Action::AccountManage), routes!(put_account))
        .add(Access::Can(Action::AccountManage), routes!(disable_account))
        .add(Access::Can(Action::AccountManage), routes!(enable_account))
        .add(Access::Can(Action::AccountManage), routes!(reset_account))
        .add(Access::Can(Action::RoleGrant), routes!(approve_roles))
        .add(Access::Can(Action::RoleGrant), routes!(reject_roles))
        .add(Access::Can(Action::RoleGrant), routes!(approve_reset))
        .add(Access::Can(Action::RoleGrant), routes!(reject_reset))
}

#[derive(Debug, Serialize, ToSchema)]
struct AccountView {
    id: Uuid,
    login: String,
    name: String,
    /// What is held now; what was asked for stands in `requests`.
    roles: Vec<RoleView>,
    requests: Vec<RequestView>,
    has_password: bool,
    has_second_factor: bool,
    disabled_at: Option<DateTime<Utc>>,
    setup_expires_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    version: i64,
}

/// What waits for a second person, or was approved and not used yet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AccountRequest)]
struct RequestView {
    id: Uuid,
    /// `roles` or `reset`
    kind: String,
    /// The roles to be added; none for a reset.
    roles: Vec<RoleView>,
    asked_by: Uuid,
    asked_by_name: String,
    asked_at: DateTime<Utc>,
    /// Only of a reset: whoever asked takes the link by asking once more.
    is_approved: bool,
}

fn role_view(grant: &Grant, units: &[OrgUnit]) -> RoleView {
    let unit = units.iter().find(|unit| unit.id == grant.org);
    RoleView {
        role: grant.role.code().to_owned(),
        org_id: grant.org.0,
        org_name: unit.map(|unit| unit.name.clone()).unwrap_or_default(),
    }
}

impl RequestView {
    fn new(pending: &Pending, units: &[OrgUnit]) -> Self {
        Self {
            id: pending.id,
            kind: pending.kind.clone(),
            roles: pending.grants.iter().map(|grant| role_view(grant, units)).collect(),
            asked_by: pending.asked_by.0,
            asked_by_name: pending.asked_by_name.clone(),
            asked_at: pending.asked_at,
            is_approved: pending.is_approved,
        }
    }
}

/// All accounts, with what is asked for them.
#[utoipa::path(get, path = "/accounts", tag = "identity", responses((status = 200, body = Vec<AccountView>)))]
async fn list_accounts(State(ctx): State<Ctx>, actor: Actor) -> Result<Json<Vec<AccountView>>, Problem> {
    let mut tx = ctx.db.begin(&actor.scope_for(Action::AccountRead, Purpose::Administration)).await?;
    let units = org::list_org_units(&mut tx).await?;
    let pending = requests::list_pending(&mut tx, manage::approved_since(ctx.now())).await?;
    let mut views = Vec::new();
    for row in store::list_accounts(&mut tx).await? {
        let id = AccountId(row.id);
        let grants = store::list_grants(&mut tx, id).await?;
        let about = pending.iter().filter(|pending| pending.account == id);
        views.push(AccountView {
            id: row.id,
            login: row.login,
            name: row.name,
            roles: grants.iter().map(|grant| role_view(grant, &units)).collect(),
            requests: about.map(|pending| RequestView::new(pending, &units)).collect(),
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

impl PutAccount {
    fn parse(self, id: AccountId) -> Result<NewAccount, Problem> {
        let name = rules::people::Name::parse(&self.name)
            .map_err(|invalid| Problem::invalid("name", invalid.to_string()))?;
        let mut grants = Vec::with_capacity(self.roles.len());
        for (i, view) in self.roles.iter().enumerate() {
            let role = view.role.parse::<Role>();
            let role = role.map_err(|_| Problem::invalid(format!("roles[{i}].role"), "no such role"))?;
            let grant = Grant { role, org: OrgId(view.org_id) };
            if !grants.contains(&grant) {
                grants.push(grant);
            }
        }
        Ok(NewAccount { id, login: self.login.into_inner(), name: name.expose().to_owned(), grants })
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct SetupLink {
    /// Opens once, within 48 hours; give it to the person by hand.
    setup_path: String,
}

impl SetupLink {
    fn new(token: &str) -> Self {
        Self { setup_path: format!("/setup/{token}") }
    }
}

/// It waits for a second person.
#[derive(Debug, Serialize, ToSchema)]
struct Waiting {
    /// The action of whoever approves it.
    waits_for: &'static str,
}

/// Make an account, or change the name and the roles of one. Roles that are taken away end at once; roles that are
/// given wait until somebody who grants roles has approved them.
#[utoipa::path(put, path = "/accounts/{id}", tag = "identity", params(("id" = Uuid, Path)), request_body = PutAccount,
    responses((status = 201, body = SetupLink), (status = 204), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn put_account(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<AccountId>,
    Body(body): Body<PutAccount>,
) -> Result<Response, Problem> {
    let new = body.parse(id)?;
    let exists = {
        let mut tx = ctx.db.begin(&actor.scope_for(Action::AccountManage, Purpose::Administration)).await?;
        store::load_account(&mut tx, id).await?.is_some()
    };
    if exists {
        manage::update_account(&ctx, &actor, new).await?;
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let token = manage::create_account(&ctx, &actor, new).await?;
    Ok((StatusCode::CREATED, Json(SetupLink::new(&token))).into_response())
}

/// Disable an account and end its sessions and posts.
#[utoipa::path(post, path = "/accounts/{id}/disable", tag = "identity", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 409, body = Problem)))]
async fn disable_account(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<AccountId>,
) -> Result<StatusCode, Problem> {
    manage::disable(&ctx, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Enable a disabled account.
#[utoipa::path(post, path = "/accounts/{id}/enable", tag = "identity", params(("id" = Uuid, Path)), responses((status = 204)))]
async fn enable_account(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<AccountId>,
) -> Result<StatusCode, Problem> {
    manage::enable(&ctx, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take the password away and make a one-time link. Where that opens people's files or an administrator's account, the
/// first call asks for it, and once somebody has approved it the next one gives the link.
#[utoipa::path(post, path = "/accounts/{id}/reset", tag = "identity", params(("id" = Uuid, Path)),
    responses((status = 200, body = SetupLink), (status = 202, body = Waiting)))]
async fn reset_account(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<AccountId>,
) -> Result<Response, Problem> {
    let Some(token) = manage::reset(&ctx, &actor, id).await? else {
        let waiting = Waiting { waits_for: Action::RoleGrant.code() };
        return Ok((StatusCode::ACCEPTED, Json(waiting)).into_response());
    };
    Ok(Json(SetupLink::new(&token)).into_response())
}

/// Which request was looked at: one that was changed meanwhile is not meant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Seen {
    request_id: Uuid,
}

/// Give the roles that were asked for. Who asked does not approve.
#[utoipa::path(post, path = "/accounts/{id}/roles/approve", tag = "identity", params(("id" = Uuid, Path)), request_body = Seen,
    responses((status = 204), (status = 403, body = Problem), (status = 409, body = Problem)))]
async fn approve_roles(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<AccountId>,
    Body(body): Body<Seen>,
) -> Result<StatusCode, Problem> {
    manage::approve_roles(&ctx, &actor, id, body.request_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuse the roles that were asked for.
#[utoipa::path(post, path = "/accounts/{id}/roles/reject", tag = "identity", params(("id" = Uuid, Path)), request_body = Seen,
    responses((status = 204), (status = 403, body = Problem), (status = 409, body = Problem)))]
async fn reject_roles(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<AccountId>,
    Body(body): Body<Seen>,
) -> Result<StatusCode, Problem> {
    manage::reject_roles(&ctx, &actor, id, body.request_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Agree that the account gets a new link. Who asked does not approve.
#[utoipa::path(post, path = "/accounts/{id}/reset/approve", tag = "identity", params(("id" = Uuid, Path)), request_body = Seen,
    responses((status = 204), (status = 403, body = Problem), (status = 409, body = Problem)))]
async fn approve_reset(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<AccountId>,
    Body(body): Body<Seen>,
) -> Result<StatusCode, Problem> {
    manage::approve_reset(&ctx, &actor, id, body.request_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Refuse a new link.
#[utoipa::path(post, path = "/accounts/{id}/reset/reject", tag = "identity", params(("id" = Uuid, Path)), request_body = Seen,
    responses((status = 204), (status = 403, body = Problem), (status = 409, body = Problem)))]
async fn reject_reset(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<AccountId>,
    Body(body): Body<Seen>,
) -> Result<StatusCode, Problem> {
    manage::reject_reset(&ctx, &actor, id, body.request_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
