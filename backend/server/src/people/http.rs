//! Persons over HTTP: names and numbers travel in bodies only.

use super::draft::{AmendPerson, PutPerson};
use super::ops;
use super::store::{Kept, Key, Listed};
use crate::identity::{Access, Actor};
use crate::platform::http::{Body, Id, Params, Routes};
use crate::platform::{Ctx, Problem, Purpose};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, Utc};
use rules::Private;
use rules::identity::Action;
use rules::ids::{OrgId, PersonId};
use rules::people::{Modifier, Sex};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

/// A list of people is for finding somebody, not for carrying a district away.
const LIST_LIMIT: usize = 200;
const MAX_SEARCH_CHARS: usize = 60;

pub fn router() -> Routes {
    Routes::new()
        .add(Access::Can(Action::PersonWrite), routes!(put_person))
        .add(Access::Can(Action::PersonWrite), routes!(amend_person))
        .add(Access::Can(Action::PersonList), routes!(list_persons))
        .add(Access::Can(Action::PersonList), routes!(search_persons))
        .add(Access::Can(Action::PersonRead), routes!(open_person))
}

#[derive(Debug, Serialize, ToSchema)]
struct PersonWritten {
    id: Uuid,
    created_at: DateTime<Utc>,
}

/// Open a file for a person. The same body again gets the first answer again.
#[utoipa::path(put, path = "/persons/{id}", tag = "people", params(("id" = Uuid, Path)), request_body = PutPerson,
    responses((status = 201, body = PersonWritten), (status = 200, body = PersonWritten),
        (status = 409, description = "id-reused, or person-exists with `existing_id` if you may see that file", body = Problem),
        (status = 422, body = Problem)))]
async fn put_person(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<PersonId>,
    Body(body): Body<PutPerson>,
) -> Result<Response, Problem> {
    let file = body.parse(id, ctx.local_date(actor.tenant))?;
    let written = ops::put(&ctx, &actor, file).await?;
    let status = if written.is_first { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(PersonWritten { id: id.0, created_at: written.created_at })).into_response())
}

#[derive(Debug, Serialize, ToSchema)]
struct PersonVersion {
    id: Uuid,
    version: i64,
}

/// Complete or mend a person's file.
#[utoipa::path(post, path = "/persons/{id}/amend", tag = "people", params(("id" = Uuid, Path)), request_body = AmendPerson,
    responses((status = 200, body = PersonVersion), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
async fn amend_person(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<PersonId>,
    Body(body): Body<AmendPerson>,
) -> Result<Json<PersonVersion>, Problem> {
    let version = ops::amend(&ctx, &actor, id, body).await?;
    Ok(Json(PersonVersion { id: id.0, version }))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
struct ListParams {
    /// Only people of this part of the org tree.
    org_id: Option<Uuid>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Search {
    /// A whole name, a whole phone number or its last four digits, or an ID number.
    #[schema(value_type = String)]
    q: Private<String>,
    org_id: Option<Uuid>,
}

#[derive(Debug, Serialize, ToSchema)]
struct PersonList {
    items: Vec<ListedPerson>,
    /// There are more than were given; search more narrowly.
    is_truncated: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct ListedPerson {
    id: Uuid,
    org_id: Uuid,
    #[schema(value_type = String)]
    name: Private<String>,
    #[schema(value_type = String)]
    sex: Sex,
    age: Option<u16>,
    phone_tail: Option<String>,
    is_anonymous: bool,
    version: i64,
}

impl From<Listed> for ListedPerson {
    fn from(person: Listed) -> Self {
        Self {
            id: person.id.0,
            org_id: person.brief.org.0,
            phone_tail: person.brief.phone_tail(),
            name: person.brief.name,
            sex: person.brief.sex,
            age: person.brief.age,
            is_anonymous: person.brief.is_anonymous,
            version: person.version,
        }
    }
}

/// The people of a part of the org tree that I may see.
#[utoipa::path(get, path = "/persons", tag = "people", params(ListParams), responses((status = 200, body = PersonList)))]
async fn list_persons(
    State(ctx): State<Ctx>,
    actor: Actor,
    Params(params): Params<ListParams>,
) -> Result<Json<PersonList>, Problem> {
    find(&ctx, &actor, None, params.org_id).await
}

/// Find people. A body, not a query: what is searched for is a name or a number, and addresses are written to logs.
#[utoipa::path(post, path = "/persons/search", tag = "people", request_body = Search,
    responses((status = 200, body = PersonList), (status = 422, body = Problem)))]
async fn search_persons(
    State(ctx): State<Ctx>,
    actor: Actor,
    Body(search): Body<Search>,
) -> Result<Json<PersonList>, Problem> {
    if !(1..=MAX_SEARCH_CHARS).contains(&search.q.expose().trim().chars().count()) {
        return Err(Problem::invalid("q", format!("1 to {MAX_SEARCH_CHARS} characters")));
    }
    find(&ctx, &actor, Some(Key::read(search.q.expose())), search.org_id).await
}

async fn find(
    ctx: &Ctx,
    actor: &Actor,
    key: Option<Key>,
    org_id: Option<Uuid>,
) -> Result<Json<PersonList>, Problem> {
    let mut listed = ops::list(ctx, actor, key, org_id.map(OrgId), LIST_LIMIT + 1).await?;
    let is_truncated = listed.len() > LIST_LIMIT;
    listed.truncate(LIST_LIMIT);
    Ok(Json(PersonList { items: listed.into_iter().map(ListedPerson::from).collect(), is_truncated }))
}

#[derive(Debug, Serialize, ToSchema)]
struct PersonFile {
    id: Uuid,
    org_id: Uuid,
    #[schema(value_type = String)]
    name: Private<String>,
    #[schema(value_type = String)]
    sex: Sex,
    birth_date: Option<NaiveDate>,
    age: Option<u16>,
    #[schema(value_type = Option<String>)]
    phone: Option<Private<String>>,
    #[schema(value_type = Option<String>)]
    address: Option<Private<String>>,
    /// Nobody needs the whole number to care for somebody: its ends only.
    id_number_masked: Option<String>,
    #[schema(value_type = Vec<String>)]
    modifiers: BTreeSet<Modifier>,
    is_anonymous: bool,
    /// They took their consent back: nothing new is taken in without a new one, but for danger to life.
    consent_withdrawn_at: Option<DateTime<Utc>>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Open a person's file. The header `X-Purpose` (care, dispatch, supervision; care without it) goes on record.
#[utoipa::path(get, path = "/persons/{id}", tag = "people", params(("id" = Uuid, Path), ("x-purpose" = Option<String>, Header)),
    responses((status = 200, body = PersonFile), (status = 404, body = Problem)))]
async fn open_person(
    State(ctx): State<Ctx>,
    actor: Actor,
    Id(id): Id<PersonId>,
    headers: HeaderMap,
) -> Result<Json<PersonFile>, Problem> {
    let kept = ops::open(&ctx, &actor, id, purpose(&headers)?).await?;
    Ok(Json(view(kept, ctx.local_date(actor.tenant))))
}

fn purpose(headers: &HeaderMap) -> Result<Purpose, Problem> {
    match headers.get("x-purpose").map(|value| value.to_str().unwrap_or_default()) {
        None | Some("care") => Ok(Purpose::Care),
        Some("dispatch") => Ok(Purpose::Dispatch),
        Some("supervision") => Ok(Purpose::Supervision),
        Some(_) => Err(Problem::invalid("x-purpose", "one of care, dispatch, supervision")),
    }
}

fn view(kept: Kept, today: NaiveDate) -> PersonFile {
    let file = kept.file;
    PersonFile {
        id: file.id.0,
        org_id: file.org.0,
        name: Private::new(file.name.expose().to_owned()),
        sex: file.sex,
        birth_date: file.birth_date,
        age: file.birth_date.map(|date| rules::people::age_on(date, today)),
        phone: file.phone.map(|phone| Private::new(phone.expose().to_owned())),
        address: file.address,
        id_number_masked: file.id_number.map(|number| masked(number.expose())),
        modifiers: file.modifiers,
        is_anonymous: file.is_anonymous,
        consent_withdrawn_at: kept.consent_withdrawn_at,
        version: kept.version,
        created_at: kept.created_at,
        updated_at: kept.updated_at,
    }
}

/// 18 ASCII characters, by `IdNumber::parse`.
fn masked(number: &str) -> String {
    format!("{}********{}", &number[..6], &number[14..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_number_shows_its_ends_only() {
        assert_eq!(masked("11010519491231002X"), "110105********002X");
    }
}
