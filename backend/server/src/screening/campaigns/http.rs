//! Campaigns over HTTP.

use super::ops::{self, NewCampaign, Whom};
use super::store;
use crate::identity::{Access, Actor};
use crate::platform::http::{Body, Id, Routes};
use crate::platform::text::of_our_time;
use crate::platform::{Ctx, Problem, Purpose};
use crate::screening::worklist::ScaleRef;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, Utc};
use rules::identity::Action;
use rules::ids::{CampaignId, OrgId, PersonId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

const LIST_LIMIT: i64 = 200;
const MAX_PERSONS: usize = 20_000;

pub fn router() -> Routes {
    Routes::new()
        .add(Access::Can(Action::CampaignRead), routes!(list_campaigns))
        .add(Access::Can(Action::CampaignManage), routes!(put_campaign))
        .add(Access::Can(Action::CampaignManage), routes!(put_targets))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutCampaign {
    title: String,
    scales: Vec<ScaleRef>,
    org_id: Uuid,
    #[serde(deserialize_with = "of_our_time")]
    starts_on: NaiveDate,
    #[serde(deserialize_with = "of_our_time")]
    ends_on: NaiveDate,
}

#[derive(Debug, Serialize, ToSchema)]
struct CampaignWritten {
    id: Uuid,
    created_at: DateTime<Utc>,
}

/// Make a campaign. A scale without a row in the triage policy is refused: nobody could judge its results.
#[utoipa::path(put, path = "/campaigns/{id}", tag = "screening", params(("id" = Uuid, Path)), request_body = PutCampaign,
    responses((status = 201, body = CampaignWritten), (status = 200, body = CampaignWritten), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn put_campaign(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<CampaignId>,
    Body(body): Body<PutCampaign>,
) -> Result<Response, Problem> {
    let new = NewCampaign {
        id,
        title: body.title.trim().to_owned(),
        scales: body.scales,
        org: OrgId(body.org_id),
        starts_on: body.starts_on,
        ends_on: body.ends_on,
    };
    let written = ops::put(&ctx, &actor, new).await?;
    let status = if written.is_first { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(CampaignWritten { id: id.0, created_at: written.created_at })).into_response())
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutTargets {
    /// Either these people …
    person_ids: Option<Vec<Uuid>>,
    /// … or everybody who belongs to this part of the tree now.
    org_id: Option<Uuid>,
    /// Without it the campaign's last day.
    #[serde(default, deserialize_with = "of_our_time")]
    due_on: Option<NaiveDate>,
}

#[derive(Debug, Serialize, ToSchema)]
struct TargetList {
    targets: i64,
    added: u64,
    /// People of the org unit who came after the list was frozen; add them by name if they are meant.
    left_out: usize,
    frozen_at: DateTime<Utc>,
}

/// Freeze the list of people, or add people to it by name.
#[utoipa::path(post, path = "/campaigns/{id}/targets", tag = "screening", params(("id" = Uuid, Path)), request_body = PutTargets,
    responses((status = 200, body = TargetList), (status = 404, body = Problem), (status = 422, body = Problem)))]
async fn put_targets(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<CampaignId>,
    Body(body): Body<PutTargets>,
) -> Result<Json<TargetList>, Problem> {
    let whom = match (body.person_ids, body.org_id) {
        (Some(ids), None) if ids.len() <= MAX_PERSONS => {
            Whom::Persons(ids.into_iter().map(PersonId).collect())
        }
        (Some(_), None) => {
            return Err(Problem::invalid("person_ids", format!("at most {MAX_PERSONS} at once")));
        }
        (None, Some(org)) => Whom::Org(OrgId(org)),
        (Some(_), Some(_)) | (None, None) => {
            return Err(Problem::invalid("person_ids", "either person_ids or org_id"));
        }
    };
    let frozen = ops::put_targets(&ctx, &actor, id, whom, body.due_on).await?;
    Ok(Json(TargetList {
        targets: frozen.targets,
        added: frozen.added,
        left_out: frozen.left_out,
        frozen_at: frozen.frozen_at,
    }))
}

#[derive(Debug, Serialize, ToSchema)]
struct CampaignView {
    id: Uuid,
    title: String,
    org_id: Uuid,
    org_name: String,
    scales: Vec<ScaleRef>,
    starts_on: NaiveDate,
    ends_on: NaiveDate,
    frozen_at: Option<DateTime<Utc>>,
    /// Of the part of the tree that you may see.
    progress: Progress,
}

#[derive(Debug, Serialize, ToSchema)]
struct Progress {
    targets: i64,
    done: i64,
}

/// Campaigns that reach into my part of the tree, newest first.
#[utoipa::path(get, path = "/campaigns", tag = "screening", responses((status = 200, body = Vec<CampaignView>)))]
async fn list_campaigns(State(ctx): State<Ctx>, actor: Actor) -> Result<Json<Vec<CampaignView>>, Problem> {
    let mut tx = ctx.db.begin(&actor.scope_for(Action::CampaignRead, Purpose::Care)).await?;
    let rows = store::list(&mut tx, LIST_LIMIT).await?;
    rows.into_iter()
        .map(|row| {
            Ok(CampaignView {
                id: row.id,
                title: row.title,
                org_id: row.org_id,
                org_name: row.org_name,
                scales: serde_json::from_value(row.scales).map_err(|error| Problem::internal(&error))?,
                starts_on: row.starts_on,
                ends_on: row.ends_on,
                frozen_at: row.frozen_at,
                progress: Progress { targets: row.targets, done: row.done },
            })
        })
        .collect::<Result<_, Problem>>()
        .map(Json)
}
