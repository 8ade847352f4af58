//! The triage queue over HTTP, and the policy in force.

use super::decide::{self, Command};
use super::{policy, store, view};
use crate::audit::Entry;
use crate::identity::{Access, Actor};
use crate::platform::http::{Body, Id, Params, Routes};
use crate::platform::{Ctx, Problem, Purpose};
use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use rules::Private;
use rules::identity::Action;
use rules::ids::QueueItemId;
use rules::triage::Outcome;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

const DEFAULT_LIMIT: i64 = 200;
const MAX_LIMIT: i64 = 500;

pub fn router() -> Routes {
    Routes::new()
        .add(Access::Can(Action::QueueRead), routes!(list))
        .add(Access::Can(Action::QueueOpen), routes!(open_item))
        .add(Access::Can(Action::QueueConfirm), routes!(confirm))
        .add(Access::Can(Action::QueueChange), routes!(change))
        .add(Access::Can(Action::QueueSecond), routes!(second))
        .add(Access::Can(Action::QueueContacted), routes!(contacted))
        .add(Access::Can(Action::QueueContacted), routes!(attempted))
        .add(Access::Can(Action::QueueClose), routes!(close))
        .add(Access::Can(Action::PolicyRead), routes!(current_policy))
}

#[derive(Debug, Deserialize, IntoParams)]
struct ListParams {
    /// `open` or `closed`
    state: Option<String>,
    min_tier: Option<i16>,
    limit: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct QueueView {
    items: Vec<view::QueueItemView>,
    as_of: DateTime<Utc>,
}

/// The queue, the earliest deadline first.
#[utoipa::path(get, path = "/queue", tag = "triage", params(ListParams), responses((status = 200, body = QueueView)))]
async fn list(
    State(ctx): State<Ctx>,
    actor: Actor,
    Params(params): Params<ListParams>,
) -> Result<Json<QueueView>, Problem> {
    beyond_own(&actor, Action::QueueRead)?;
    let limit = params.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
    let mut tx = ctx.db.begin(&actor.scope_for(Action::QueueRead, Purpose::Care)).await?;
    let items = match params.state.as_deref() {
        None | Some("open") => store::list_open(&mut tx, None, params.min_tier.unwrap_or(1), limit).await?,
        Some("closed") => store::list_closed(&mut tx, limit).await?,
        Some(_) => return Err(Problem::invalid("state", "open or closed")),
    };
    Ok(Json(QueueView { items: view::list(&ctx, &mut tx, items).await?, as_of: ctx.now() }))
}

/// One item with the person's name, all reasons and the history. The look is on record.
#[utoipa::path(get, path = "/queue/{id}", tag = "triage", params(("id" = Uuid, Path)), responses((status = 200, body = view::QueueItemDetail)))]
async fn open_item(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<QueueItemId>,
) -> Result<Json<view::QueueItemDetail>, Problem> {
    beyond_own(&actor, Action::QueueOpen)?;
    let mut tx = ctx.db.begin(&actor.scope_for(Action::QueueOpen, Purpose::Care)).await?;
    let detail = view::detail(&ctx, &mut tx, id).await?;
    let entry =
        Entry { action: "queue.open", subject_kind: "queue_item", subject_id: Some(id.0), detail: json!({}) };
    crate::audit::write(&ctx, &mut tx, entry).await?;
    tx.commit().await?;
    Ok(Json(detail))
}

/// The queue is for those who work it; who only has what they did themselves finds it on their own list.
fn beyond_own(actor: &Actor, action: Action) -> Result<(), Problem> {
    if actor.reaches(action) { Ok(()) } else { Err(Problem::forbidden()) }
}

async fn after(ctx: &Ctx, actor: &Actor, id: QueueItemId) -> Result<Json<view::QueueItemView>, Problem> {
    let mut tx = ctx.db.begin(&actor.scope_for(Action::QueueRead, Purpose::Care)).await?;
    let item = store::load(&mut tx, id).await?;
    let mut views = view::list(ctx, &mut tx, item.into_iter().collect()).await?;
    views.pop().map(Json).ok_or_else(|| Problem::not_found("queue item"))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Confirm {
    expected_version: i64,
}

/// The suggested tier is right.
#[utoipa::path(post, path = "/queue/{id}/confirm", tag = "triage", params(("id" = Uuid, Path)), request_body = Confirm, responses((status = 200, body = view::QueueItemView), (status = 409, body = Problem)))]
async fn confirm(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<QueueItemId>,
    Body(body): Body<Confirm>,
) -> Result<Json<view::QueueItemView>, Problem> {
    decide::confirm(&ctx, &actor, Command { id, expected_version: body.expected_version }).await?;
    after(&ctx, &actor, id).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeTier {
    tier: u8,
    #[schema(value_type = Option<String>)]
    reason: Option<Private<String>>,
    expected_version: i64,
}

/// Another tier. Lowering needs a reason; lowering 3 or 4 also a second person.
#[utoipa::path(post, path = "/queue/{id}/change", tag = "triage", params(("id" = Uuid, Path)), request_body = ChangeTier, responses((status = 200, body = view::QueueItemView), (status = 409, body = Problem)))]
async fn change(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<QueueItemId>,
    Body(body): Body<ChangeTier>,
) -> Result<Json<view::QueueItemView>, Problem> {
    let command = Command { id, expected_version: body.expected_version };
    decide::change_tier(&ctx, &actor, command, body.tier, body.reason).await?;
    after(&ctx, &actor, id).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Second {
    agree: bool,
    expected_version: i64,
}

/// The second person's answer.
#[utoipa::path(post, path = "/queue/{id}/second", tag = "triage", params(("id" = Uuid, Path)), request_body = Second, responses((status = 200, body = view::QueueItemView), (status = 409, body = Problem)))]
async fn second(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<QueueItemId>,
    Body(body): Body<Second>,
) -> Result<Json<view::QueueItemView>, Problem> {
    let command = Command { id, expected_version: body.expected_version };
    decide::second(&ctx, &actor, command, body.agree).await?;
    after(&ctx, &actor, id).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Contacted {
    #[schema(value_type = Option<String>)]
    note: Option<Private<String>>,
    expected_version: i64,
}

/// Somebody was in contact with the person: first contact, then each follow-up, until only an outcome is missing.
#[utoipa::path(post, path = "/queue/{id}/contacted", tag = "triage", params(("id" = Uuid, Path)), request_body = Contacted, responses((status = 200, body = view::QueueItemView), (status = 409, body = Problem)))]
async fn contacted(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<QueueItemId>,
    Body(body): Body<Contacted>,
) -> Result<Json<view::QueueItemView>, Problem> {
    let command = Command { id, expected_version: body.expected_version };
    decide::contacted(&ctx, &actor, command, body.note).await?;
    after(&ctx, &actor, id).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Attempted {
    /// how it was tried
    #[schema(value_type = String)]
    note: Private<String>,
    expected_version: i64,
}

/// Somebody tried to reach the person and did not. The deadline stays.
#[utoipa::path(post, path = "/queue/{id}/attempted", tag = "triage", params(("id" = Uuid, Path)), request_body = Attempted, responses((status = 200, body = view::QueueItemView), (status = 409, body = Problem)))]
async fn attempted(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<QueueItemId>,
    Body(body): Body<Attempted>,
) -> Result<Json<view::QueueItemView>, Problem> {
    let command = Command { id, expected_version: body.expected_version };
    decide::attempted(&ctx, &actor, command, body.note).await?;
    after(&ctx, &actor, id).await
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Close {
    /// `helped`, `referred`, `follow_up_arranged`, `no_need_found`, `refused_help` or `cannot_reach`
    outcome: String,
    #[schema(value_type = String)]
    reason: Private<String>,
    expected_version: i64,
}

/// Close with an outcome and a reason. From tier 3 on nobody dismisses alone: the item then waits for a second person.
#[utoipa::path(post, path = "/queue/{id}/close", tag = "triage", params(("id" = Uuid, Path)), request_body = Close, responses((status = 200, body = view::QueueItemView), (status = 409, body = Problem)))]
async fn close(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<QueueItemId>,
    Body(body): Body<Close>,
) -> Result<Json<view::QueueItemView>, Problem> {
    let command = Command { id, expected_version: body.expected_version };
    let outcome = body.outcome.parse().map_err(|_| {
        let codes = Outcome::ALL.map(Outcome::code).join(", ");
        Problem::invalid("outcome", format!("one of {codes}"))
    })?;
    decide::close(&ctx, &actor, command, outcome, body.reason).await?;
    after(&ctx, &actor, id).await
}

/// The triage policy in force.
#[utoipa::path(get, path = "/policies/triage/current", tag = "triage", responses((status = 200, body = Object)))]
async fn current_policy(State(ctx): State<Ctx>, actor: Actor) -> Result<Json<Value>, Problem> {
    let mut tx = ctx.db.begin(&actor.scope()).await?;
    let policy = policy::active_policy(&ctx, &mut tx).await?;
    Ok(Json(serde_json::to_value(policy.document()).map_err(|error| Problem::internal(&error))?))
}
