//! Scales, and screenings as they come in from tablets and desks.

use super::consent::Consent;
use super::receipt::Receipt;
use super::submit::{DeviceClock, DeviceResult, Mode, Seen, Submission, submit};
use super::{BODY, consent, correct, danger, library};
use crate::identity::{Access, Actor};
use crate::platform::http::{Body, Id, RawBody, Routes, SentAt, parse_json};
use crate::platform::text::{Line, of_our_time};
use crate::platform::{Ctx, Problem, Purpose};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use rules::Private;
use rules::device_clock::{Believed, Times, believe};
use rules::identity::Action;
use rules::ids::{CampaignId, PersonId, ScreeningId, TargetId, VisitId};
use rules::scale::{Answers, Scale};
use rules::triage::Danger;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

pub fn router() -> Routes {
    Routes::new()
        .add(Access::Can(Action::ScaleRead), routes!(list_scales))
        .add(Access::Can(Action::ScaleRead), routes!(get_scale))
        .add(Access::Can(Action::ScreeningSubmit), routes!(put_screening))
        .add(Access::Can(Action::DangerReport), routes!(put_danger))
        .add(Access::Can(Action::ScreeningCorrect), routes!(correct_person))
        .add(Access::Can(Action::PersonWrite), routes!(withdraw_consent))
}

#[derive(Debug, Serialize, ToSchema)]
struct ScaleView {
    code: String,
    version: String,
    hash: String,
    title: Value,
    items: usize,
    license: Value,
    /// per language: `official` or `draft`, and where the wording comes from
    locales: Value,
    /// languages that may be put before a person here
    offered: Vec<String>,
}

fn view(scale: &Scale, is_demo: bool) -> ScaleView {
    let definition = scale.definition();
    ScaleView {
        code: scale.code().to_owned(),
        version: scale.version().to_owned(),
        hash: scale.hash().to_owned(),
        title: json!(definition.title),
        items: definition.items.len(),
        license: json!(definition.license),
        locales: json!(definition.locales),
        offered: definition
            .locales
            .keys()
            .filter(|locale| library::may_show(definition, locale, is_demo))
            .cloned()
            .collect(),
    }
}

/// The newest version of every scale.
#[utoipa::path(get, path = "/scales", tag = "screening", responses((status = 200, body = Vec<ScaleView>)))]
async fn list_scales(State(ctx): State<Ctx>) -> Json<Vec<ScaleView>> {
    Json(ctx.library.scales().all_newest().map(|scale| view(scale, ctx.is_demo)).collect())
}

/// One version of a scale, byte for byte what was hashed: whoever reads it gets the hash it is listed with.
#[utoipa::path(get, path = "/scales/{code}/{version}", tag = "screening", params(("code" = String, Path), ("version" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = Problem)))]
async fn get_scale(
    State(ctx): State<Ctx>,
    Path((code, version)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let library = ctx.library.scales();
    let scale = library.version(&code, &version).ok_or_else(|| Problem::not_found("scale"))?;
    let mut response = scale.json().to_owned().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=86400, immutable"));
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", scale.hash())) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutScreening {
    person_id: Uuid,
    campaign_id: Option<Uuid>,
    target_id: Option<Uuid>,
    visit_id: Uuid,
    look_of: Option<Uuid>,
    scale: String,
    version: String,
    /// item id → option code; `null` is not answered
    #[schema(value_type = Object)]
    answers: Answers,
    #[serde(default)]
    #[schema(value_type = Object)]
    item_ms: BTreeMap<String, u32>,
    mode: Mode,
    #[schema(value_type = String, max_length = 35)]
    locale: Line<35>,
    #[serde(deserialize_with = "of_our_time")]
    started_at: DateTime<Utc>,
    #[serde(deserialize_with = "of_our_time")]
    finished_at: DateTime<Utc>,
    seen: Seen,
    #[serde(default)]
    broken_off: bool,
    #[serde(default)]
    look_refused: bool,
    consent: Option<Consent>,
    danger_to_life: Option<DangerToLife>,
    device: Option<DeviceResult>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DangerToLife {
    #[schema(value_type = String)]
    reason: Private<String>,
}

/// Submit a screening. The same id and content again gives the first answer; another content is refused. Times are
/// those of the device, corrected by what its clock showed when it sent: nothing is refused for a wrong clock.
#[utoipa::path(put, path = "/screenings/{id}", tag = "screening",
    params(("id" = Uuid, Path), ("x-sent-at" = Option<String>, Header, description = "the device's own clock at sending")),
    request_body = PutScreening,
    responses((status = 201, body = Receipt), (status = 200, body = Receipt), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn put_screening(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<ScreeningId>,
    SentAt(sent_at): SentAt,
    RawBody(bytes): RawBody,
) -> Result<Response, Problem> {
    let mut body: PutScreening = parse_json(&bytes)?;
    // what was said, not how it was spaced: a client may write the same content differently
    let content: Value = parse_json(&bytes)?;
    let said = Times {
        started_at: body.started_at,
        finished_at: body.finished_at,
        consent_at: body.consent.as_ref().map(|consent| consent.given_at),
    };
    let Believed { times, note } = believe(said, sent_at, ctx.now());
    if let (Some(consent), Some(at)) = (&mut body.consent, times.consent_at) {
        consent.given_at = at;
    }
    let submission = Submission {
        id,
        person: PersonId(body.person_id),
        campaign: body.campaign_id.map(CampaignId),
        target: body.target_id.map(TargetId),
        visit: VisitId(body.visit_id),
        look_of: body.look_of.map(ScreeningId),
        scale: body.scale,
        version: body.version,
        answers: body.answers,
        item_ms: body.item_ms,
        mode: body.mode,
        locale: body.locale.into_inner(),
        started_at: times.started_at,
        finished_at: times.finished_at,
        clock: Some(DeviceClock { said, sent_at, note }),
        seen: body.seen,
        is_broken_off: body.broken_off,
        look_refused: body.look_refused,
        declared_age: body.consent.as_ref().and_then(|consent| consent.declared_age),
        consent: body.consent,
        danger_to_life: body.danger_to_life.map(|danger| danger.reason),
        device: body.device,
        is_historical: false,
        import_key: None,
        // keyed: the content of a short form could be guessed from a plain hash
        body_hash: ctx.keys.lookup(actor.tenant, BODY, &content.to_string()),
    };
    let scope = actor.scope_for(Action::ScreeningSubmit, Purpose::Care);
    let receipt = submit(&ctx, &scope, submission).await?;
    let status = if receipt.is_repeat { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(receipt)).into_response())
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutDanger {
    /// yes, no, or not known
    act_under_way: Option<bool>,
    means_within_reach: Option<bool>,
    alone: Option<bool>,
    #[serde(default)]
    word_of_worker: bool,
    plan_within_72h: Option<bool>,
    behaviour_within_24h: Option<bool>,
}

#[derive(Debug, Serialize, ToSchema)]
struct DangerView {
    #[schema(value_type = Object)]
    suggestion: Value,
    alarm_id: Option<Uuid>,
}

/// What is happening now. A yes raises the alarm; nothing lowers it.
#[utoipa::path(put, path = "/screenings/{id}/danger", tag = "screening", params(("id" = Uuid, Path)), request_body = PutDanger,
    responses((status = 200, body = DangerView), (status = 404, body = Problem)))]
async fn put_danger(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<ScreeningId>,
    Body(body): Body<PutDanger>,
) -> Result<Json<DangerView>, Problem> {
    let answered = Danger {
        act_under_way: body.act_under_way,
        means_within_reach: body.means_within_reach,
        alone: body.alone,
        word_of_worker: body.word_of_worker,
        plan_within_72h: body.plan_within_72h,
        behaviour_within_24h: body.behaviour_within_24h,
    };
    let scope = actor.scope_for(Action::DangerReport, Purpose::Care);
    let looked = danger::report(&ctx, &scope, id, answered).await?;
    Ok(Json(DangerView { suggestion: json!(looked.suggestion), alarm_id: looked.alarm }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CorrectPerson {
    person_id: Uuid,
    #[schema(value_type = String)]
    reason: Private<String>,
    expected_version: i64,
}

/// Move a screening to the right person.
#[utoipa::path(post, path = "/screenings/{id}/correct-person", tag = "screening", params(("id" = Uuid, Path)), request_body = CorrectPerson,
    responses((status = 204), (status = 409, body = Problem)))]
async fn correct_person(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<ScreeningId>,
    Body(body): Body<CorrectPerson>,
) -> Result<StatusCode, Problem> {
    let scope = actor.scope_for(Action::ScreeningCorrect, Purpose::Care);
    correct::correct_person(&ctx, &scope, id, PersonId(body.person_id), body.reason, body.expected_version)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WithdrawConsent {
    /// nobody has to give one
    #[schema(value_type = Option<String>)]
    reason: Option<Private<String>>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ConsentWithdrawn {
    consent_withdrawn_at: DateTime<Utc>,
}

/// A person takes their consent back. From then on answers are taken in only on a new consent or in danger to life;
/// open results of tier 2 and above stay with their owner. Said again, it changes nothing.
#[utoipa::path(post, path = "/persons/{id}/consents/withdraw", tag = "screening", params(("id" = Uuid, Path)), request_body = WithdrawConsent,
    responses((status = 200, body = ConsentWithdrawn), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn withdraw_consent(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<PersonId>,
    Body(body): Body<WithdrawConsent>,
) -> Result<Json<ConsentWithdrawn>, Problem> {
    let scope = actor.scope_for(Action::PersonWrite, Purpose::Care);
    let consent_withdrawn_at = consent::withdraw(&ctx, &scope, id, body.reason).await?;
    Ok(Json(ConsentWithdrawn { consent_withdrawn_at }))
}
