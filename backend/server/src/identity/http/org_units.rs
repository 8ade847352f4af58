//! The org tree over HTTP.

use crate::identity::org::{self, NewOrgUnit};
use crate::identity::{Access, Actor, OrgUnit};
use crate::platform::http::{Body, Id, Routes};
use crate::platform::text::Line;
use crate::platform::{Ctx, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use rules::identity::Action;
use rules::ids::OrgId;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

pub fn router() -> Routes {
    Routes::new()
        .add(Access::SignedIn, routes!(list_org_units))
        .add(Access::Can(Action::OrgManage), routes!(put_org_unit))
}

/// The visible part of the org tree, parents first.
#[utoipa::path(get, path = "/org-units", tag = "identity", responses((status = 200, body = Vec<OrgUnit>)))]
async fn list_org_units(State(ctx): State<Ctx>, actor: Actor) -> Result<Json<Vec<OrgUnit>>, Problem> {
    let mut tx = ctx.db.begin(&actor.scope()).await?;
    Ok(Json(org::list_org_units(&mut tx).await?))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutOrgUnit {
    /// Never changed afterwards: rights, people and events hang on the place. Only the root has none.
    parent_id: Option<Uuid>,
    /// `district`, `street`, `community`, `grid`, `school`, `grade`, `class`, `employer`, …; never changed afterwards.
    #[schema(value_type = String, max_length = 32)]
    kind: Line<32>,
    /// Lower-case letters, digits and hyphens; one unit has it.
    #[schema(value_type = String, max_length = 32)]
    code: Line<32>,
    #[schema(value_type = String, max_length = 60)]
    name: Line<60>,
}

/// Add a unit below its parent, or give one another name or code. The same again changes nothing.
#[utoipa::path(put, path = "/org-units/{id}", tag = "identity", params(("id" = Uuid, Path)), request_body = PutOrgUnit,
    responses((status = 201, body = OrgUnit), (status = 200, body = OrgUnit), (status = 422, body = Problem)))]
async fn put_org_unit(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<OrgId>,
    Body(body): Body<PutOrgUnit>,
) -> Result<(StatusCode, Json<OrgUnit>), Problem> {
    let new = NewOrgUnit {
        id,
        parent: body.parent_id.map(OrgId),
        kind: body.kind.parse().map_err(|_| Problem::invalid("kind", "no such kind of unit"))?,
        code: body.code.trim().to_owned(),
        name: body.name.trim().to_owned(),
    };
    let (unit, is_new) = org::put(&ctx, &actor, new).await?;
    Ok((if is_new { StatusCode::CREATED } else { StatusCode::OK }, Json(unit)))
}
