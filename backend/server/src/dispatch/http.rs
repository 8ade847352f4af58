//! The routes of alarms.

use super::ops::close::{Closing, Second};
use super::ops::look::Which;
use super::ops::raise::{Outcome, Raise, raise};
use super::ops::{Command, close, hold, look, note};
use super::view::{AlarmDetail, AlarmView};
use super::{policy, spool, store};
use crate::identity::{Access, Actor, Password};
use crate::platform::http::{Body, Id, Params, Routes, SentAt};
use crate::platform::text::{Line, of_our_time};
use crate::platform::{Ctx, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use rules::Private;
use rules::device_clock::corrected;
use rules::dispatch::{AlarmKind, CloseCode, Priority};
use rules::identity::Action;
use rules::ids::{AlarmId, OrgId, PersonId, ScreeningId};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

/// An alarm does not wait longer for the database; it goes to the local journal.
const RAISE_WITHIN: Duration = Duration::from_millis(1_500);
const MAX_TEXT_CHARS: usize = 2_000;
const MAX_PLACE_CHARS: usize = 200;
const LIST_LIMIT: i64 = 200;
const MAX_LIST_LIMIT: i64 = 500;

pub fn router() -> Routes {
    Routes::new()
        .add(Access::CanInEmergency(Action::AlarmRaise), routes!(put_alarm))
        .add(Access::Can(Action::AlarmRead), routes!(list_alarms))
        .add(Access::SignedIn, routes!(open_alarm))
        .add(Access::Can(Action::AlarmClaim), routes!(claim_alarm))
        .add(Access::Can(Action::AlarmAcknowledge), routes!(acknowledge_alarm))
        .add(Access::Can(Action::AlarmRelease), routes!(release_alarm))
        .add(Access::Can(Action::AlarmNote), routes!(note_alarm))
        .add(Access::Can(Action::AlarmEscalate), routes!(escalate_alarm))
        .add(Access::Can(Action::AlarmCannotReach), routes!(cannot_reach))
        .add(Access::Can(Action::AlarmShelve), routes!(shelve_alarm))
        .add(Access::Can(Action::AlarmShelve), routes!(unshelve_alarm))
        .add(Access::Can(Action::AlarmClose), routes!(close_alarm))
        .add(Access::Can(Action::AlarmSecond), routes!(second_alarm))
        .add(Access::Can(Action::AlarmReopen), routes!(reopen_alarm))
        .add(Access::Can(Action::PolicyRead), routes!(current_escalation_policy))
}

/// Raises an alarm. The sender makes the id; sent again it is the same alarm.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutAlarm {
    /// `button`, `screening`, `word` or `api`.
    kind: String,
    /// 1 to 4; left out: what the kind stands for.
    priority: Option<u8>,
    person_id: Option<Uuid>,
    screening_id: Option<Uuid>,
    /// Left out: where the person belongs, or the sender.
    org_id: Option<Uuid>,
    #[schema(value_type = Option<String>)]
    place: Option<Private<String>>,
    #[schema(value_type = Option<String>)]
    note: Option<Private<String>>,
    /// By the sender's clock; corrected by `x-sent-at`.
    #[serde(default, deserialize_with = "of_our_time")]
    raised_at: Option<DateTime<Utc>>,
    #[serde(default)]
    drill: bool,
}

impl PutAlarm {
    fn parse(self, ctx: &Ctx, actor: &Actor, id: AlarmId, sent_at: SentAt) -> Result<Raise, Problem> {
        let now = ctx.now();
        let kind = store::kind_of(&self.kind)
            .filter(|kind| !matches!(kind, AlarmKind::System | AlarmKind::Canary))
            .ok_or_else(|| Problem::invalid("kind", "button, screening, word or api"))?;
        let priority = match self.priority {
            Some(number) => {
                Priority::from_number(number).ok_or_else(|| Problem::invalid("priority", "1 to 4"))?
            }
            None => kind.default_priority(),
        };
        Ok(Raise {
            id,
            kind,
            priority,
            reason: kind.code().to_owned(),
            org: self.org_id.map(OrgId),
            person: self.person_id.map(PersonId),
            screening: self.screening_id.map(ScreeningId),
            queue_item: None,
            place: within("place", self.place, MAX_PLACE_CHARS)?,
            note: within("note", self.note, MAX_TEXT_CHARS)?,
            by: Some(actor.account),
            at: now,
            device_at: self.raised_at.map(|at| corrected(at, sent_at.0, now)),
            drill: self.drill,
            mark: None,
        })
    }
}

fn within(
    field: &str,
    text: Option<Private<String>>,
    max: usize,
) -> Result<Option<Private<String>>, Problem> {
    let Some(text) = text else { return Ok(None) };
    if text.expose().chars().count() > max {
        return Err(Problem::invalid(field, format!("at most {max} characters")));
    }
    Ok(Some(text).filter(|text| !text.expose().trim().is_empty()))
}

fn needed(field: &str, text: Private<String>, max: usize) -> Result<Private<String>, Problem> {
    within(field, Some(text), max)?.ok_or_else(|| Problem::invalid(field, "must say something"))
}

#[derive(Debug, Serialize, ToSchema)]
struct AlarmAnswer {
    alarm: AlarmView,
}

#[derive(Debug, Serialize, ToSchema)]
struct LocalAnswer {
    /// `local`: on this machine's disk and on the connected boards; raised when the database is back.
    durable: &'static str,
}

/// Raise an alarm.
#[utoipa::path(put, path = "/alarms/{id}", tag = "dispatch",
    params(("id" = Uuid, Path), ("x-sent-at" = Option<String>, Header, description = "the sender's own clock at sending")),
    request_body = PutAlarm,
    responses(
        (status = 201, body = AlarmAnswer, description = "a new alarm"),
        (status = 200, body = AlarmAnswer, description = "joined an open one, or had come before"),
        (status = 202, body = LocalAnswer, description = "kept on this machine until the database is back"),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn put_alarm(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<AlarmId>,
    sent_at: SentAt,
    Body(body): Body<PutAlarm>,
) -> Result<Response, Problem> {
    let asked = body.parse(&ctx, &actor, id, sent_at)?;
    if !ctx.spool.takes_over() {
        match tokio::time::timeout(RAISE_WITHIN, raise(&ctx, &actor, asked.clone())).await {
            Ok(Ok((outcome, alarm))) => {
                let status = if outcome == Outcome::Raised { StatusCode::CREATED } else { StatusCode::OK };
                return Ok((status, Json(AlarmAnswer { alarm })).into_response());
            }
            Ok(Err(problem)) if !problem.status().is_server_error() => return Err(problem),
            // out of reach, too slow, out of space: whatever it is, the alarm is kept
            Ok(Err(_)) | Err(_) => {}
        }
    }
    spool::keep(&ctx, &actor, &asked).await?;
    Ok((StatusCode::ACCEPTED, Json(LocalAnswer { durable: "local" })).into_response())
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
struct ListParams {
    /// `open` (the default) or `closed`.
    state: Option<String>,
    limit: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct AlarmList {
    items: Vec<AlarmView>,
    as_of: DateTime<Utc>,
}

/// Alarms of my part of the tree: open ones in the order to take them, closed ones from the last on.
#[utoipa::path(get, path = "/alarms", tag = "dispatch", params(ListParams), responses((status = 200, body = AlarmList)))]
async fn list_alarms(
    State(ctx): State<Ctx>,
    actor: Actor,
    Params(params): Params<ListParams>,
) -> Result<Json<AlarmList>, Problem> {
    let which = match params.state.as_deref() {
        None | Some("open") => Which::Open,
        Some("closed") => Which::Closed,
        Some(_) => return Err(Problem::invalid("state", "open or closed")),
    };
    let limit = params.limit.unwrap_or(LIST_LIMIT);
    if !(1..=MAX_LIST_LIMIT).contains(&limit) {
        return Err(Problem::invalid("limit", format!("1 to {MAX_LIST_LIMIT}")));
    }
    let as_of = ctx.now();
    Ok(Json(AlarmList { items: look::list(&ctx, &actor, which, limit).await?, as_of }))
}

/// Open one alarm with its timeline; for those who act on it with name, phone and address, which is written down.
/// Whoever raised it sees how it stands.
#[utoipa::path(get, path = "/alarms/{id}", tag = "dispatch", params(("id" = Uuid, Path)),
    responses((status = 200, body = AlarmDetail), (status = 404, body = Problem)))]
async fn open_alarm(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<AlarmId>,
) -> Result<Json<AlarmDetail>, Problem> {
    Ok(Json(look::open(&ctx, &actor, id).await?))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AlarmCommand {
    /// As of which version the alarm was seen; whoever was faster is named.
    expected_version: i64,
}

const fn command(id: AlarmId, expected_version: i64) -> Command {
    Command { id, expected_version }
}

type Answer = Result<Json<AlarmAnswer>, Problem>;

fn answer(alarm: AlarmView) -> Json<AlarmAnswer> {
    Json(AlarmAnswer { alarm })
}

/// Take an alarm, or renew the own claim.
#[utoipa::path(post, path = "/alarms/{id}/claim", tag = "dispatch", params(("id" = Uuid, Path)), request_body = AlarmCommand,
    responses((status = 200, body = AlarmAnswer), (status = 409, body = Problem)))]
async fn claim_alarm(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<AlarmId>,
    Body(body): Body<AlarmCommand>,
) -> Answer {
    hold::claim(&ctx, &actor, command(id, body.expected_version)).await.map(answer)
}

/// Say that somebody acts on it.
#[utoipa::path(post, path = "/alarms/{id}/acknowledge", tag = "dispatch", params(("id" = Uuid, Path)), request_body = AlarmCommand,
    responses((status = 200, body = AlarmAnswer), (status = 409, body = Problem)))]
async fn acknowledge_alarm(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<AlarmId>,
    Body(body): Body<AlarmCommand>,
) -> Answer {
    hold::acknowledge(&ctx, &actor, command(id, body.expected_version)).await.map(answer)
}

/// Give it back; the next step of the plan comes at once.
#[utoipa::path(post, path = "/alarms/{id}/release", tag = "dispatch", params(("id" = Uuid, Path)), request_body = AlarmCommand,
    responses((status = 200, body = AlarmAnswer), (status = 409, body = Problem)))]
async fn release_alarm(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<AlarmId>,
    Body(body): Body<AlarmCommand>,
) -> Answer {
    hold::release(&ctx, &actor, command(id, body.expected_version)).await.map(answer)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NoteCommand {
    expected_version: i64,
    /// Made by the sender, so that a note sent twice is one note.
    id: Option<Uuid>,
    #[schema(value_type = String)]
    text: Private<String>,
}

/// Write a note; it renews what its author holds.
#[utoipa::path(post, path = "/alarms/{id}/note", tag = "dispatch", params(("id" = Uuid, Path)), request_body = NoteCommand,
    responses((status = 200, body = AlarmAnswer), (status = 409, body = Problem)))]
async fn note_alarm(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<AlarmId>,
    Body(body): Body<NoteCommand>,
) -> Answer {
    let text = needed("text", body.text, MAX_TEXT_CHARS)?;
    note::write(&ctx, &actor, command(id, body.expected_version), body.id, text).await.map(answer)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReasonCommand {
    expected_version: i64,
    #[schema(value_type = Option<String>)]
    reason: Option<Private<String>>,
}

/// Tell the next people of the plan now.
#[utoipa::path(post, path = "/alarms/{id}/escalate", tag = "dispatch", params(("id" = Uuid, Path)), request_body = ReasonCommand,
    responses((status = 200, body = AlarmAnswer), (status = 409, body = Problem)))]
async fn escalate_alarm(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<AlarmId>,
    Body(body): Body<ReasonCommand>,
) -> Answer {
    let reason = within("reason", body.reason, MAX_TEXT_CHARS)?;
    hold::escalate(&ctx, &actor, command(id, body.expected_version), reason).await.map(answer)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CannotReach {
    expected_version: i64,
    /// What was tried.
    #[schema(value_type = String)]
    how: Private<String>,
    retry_in_secs: u32,
}

/// The person could not be reached; try again later.
#[utoipa::path(post, path = "/alarms/{id}/cannot-reach", tag = "dispatch", params(("id" = Uuid, Path)), request_body = CannotReach,
    responses((status = 200, body = AlarmAnswer), (status = 409, body = Problem)))]
async fn cannot_reach(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<AlarmId>,
    Body(body): Body<CannotReach>,
) -> Answer {
    let how = needed("how", body.how, MAX_TEXT_CHARS)?;
    let seen = command(id, body.expected_version);
    hold::cannot_reach(&ctx, &actor, seen, how, body.retry_in_secs).await.map(answer)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Shelve {
    expected_version: i64,
    for_secs: u32,
    #[schema(value_type = String)]
    reason: Private<String>,
}

/// Put an alarm aside for a while, in sight of all; never a P1.
#[utoipa::path(post, path = "/alarms/{id}/shelve", tag = "dispatch", params(("id" = Uuid, Path)), request_body = Shelve,
    responses((status = 200, body = AlarmAnswer), (status = 409, body = Problem)))]
async fn shelve_alarm(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<AlarmId>,
    Body(body): Body<Shelve>,
) -> Answer {
    let reason = needed("reason", body.reason, MAX_TEXT_CHARS)?;
    hold::shelve(&ctx, &actor, command(id, body.expected_version), body.for_secs, reason).await.map(answer)
}

/// Take an alarm off the shelf.
#[utoipa::path(post, path = "/alarms/{id}/unshelve", tag = "dispatch", params(("id" = Uuid, Path)), request_body = AlarmCommand,
    responses((status = 200, body = AlarmAnswer), (status = 409, body = Problem)))]
async fn unshelve_alarm(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<AlarmId>,
    Body(body): Body<AlarmCommand>,
) -> Answer {
    hold::unshelve(&ctx, &actor, command(id, body.expected_version)).await.map(answer)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CloseCommand {
    expected_version: i64,
    /// `helped`, `handed_over`, `false_alarm`, `accidental`, `test`, `duplicate`, `cannot_reach`.
    code: String,
    #[schema(value_type = String)]
    reason: Private<String>,
    /// The second person, at this desk.
    second: Option<SecondPerson>,
    /// A second person shall answer from their own screen; the alarm stays open until then.
    #[serde(default)]
    ask_second: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SecondPerson {
    #[schema(value_type = String, max_length = 64)]
    login: Line<64>,
    #[schema(value_type = String, max_length = 256)]
    password: Password,
    /// Of their second factor, if they have one.
    #[schema(value_type = Option<String>, max_length = 16)]
    code: Option<Line<16>>,
}

/// Close an alarm. Its queue item lives on. A P1 is closed as a false alarm only by two people.
#[utoipa::path(post, path = "/alarms/{id}/close", tag = "dispatch", params(("id" = Uuid, Path)), request_body = CloseCommand,
    responses((status = 200, body = AlarmAnswer), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn close_alarm(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<AlarmId>,
    Body(body): Body<CloseCommand>,
) -> Answer {
    let code = CloseCode::ALL
        .into_iter()
        .find(|code| code.code() == body.code)
        .ok_or_else(|| Problem::invalid("code", "not one of the codes of closing"))?;
    let second = match body.second {
        Some(second) => Second::Here {
            login: second.login.into_inner(),
            password: second.password,
            code: second.code.map(Line::into_inner),
        },
        None if body.ask_second => Second::Later,
        None => Second::None,
    };
    let closing = Closing { code, reason: needed("reason", body.reason, MAX_TEXT_CHARS)?, second };
    close::close(&ctx, &actor, command(id, body.expected_version), closing).await.map(answer)
}

/// Agree, as the second person, to a close that somebody asked for.
#[utoipa::path(post, path = "/alarms/{id}/second", tag = "dispatch", params(("id" = Uuid, Path)), request_body = AlarmCommand,
    responses((status = 200, body = AlarmAnswer), (status = 409, body = Problem)))]
async fn second_alarm(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<AlarmId>,
    Body(body): Body<AlarmCommand>,
) -> Answer {
    close::second(&ctx, &actor, command(id, body.expected_version)).await.map(answer)
}

/// Open a closed alarm again; everybody is told from the first step.
#[utoipa::path(post, path = "/alarms/{id}/reopen", tag = "dispatch", params(("id" = Uuid, Path)), request_body = ReasonCommand,
    responses((status = 200, body = AlarmAnswer), (status = 409, body = Problem)))]
async fn reopen_alarm(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<AlarmId>,
    Body(body): Body<ReasonCommand>,
) -> Answer {
    let reason = within("reason", body.reason, MAX_TEXT_CHARS)?;
    hold::reopen(&ctx, &actor, command(id, body.expected_version), reason).await.map(answer)
}

/// The escalation policy in force.
#[utoipa::path(get, path = "/policies/escalation/current", tag = "policies", responses((status = 200, body = serde_json::Value)))]
async fn current_escalation_policy(
    State(ctx): State<Ctx>,
    actor: Actor,
) -> Result<Json<serde_json::Value>, Problem> {
    let mut tx = ctx.db.begin_alarm(&actor.scope()).await?;
    let policy = policy::active(&ctx, &mut tx).await?;
    tx.commit().await?;
    serde_json::to_value(policy).map(Json).map_err(|error| Problem::internal(&error))
}
