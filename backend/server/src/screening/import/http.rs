//! Import over HTTP: a form with the file and how to read it. Large files are for the command.

use super::report::Report;
use super::run::{self, Ask, Timing};
use crate::identity::{Access, Actor};
use crate::platform::http::{Routes, UPLOAD_LIMIT};
use crate::platform::text::Line;
use crate::platform::{Ctx, Problem, Purpose};
use axum::Json;
use axum::extract::multipart::{Field, MultipartError, MultipartRejection};
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::StatusCode;
use rules::identity::Action;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

/// What is done well within the time of one request.
const MAX_ROWS: usize = 2_000;
/// The longest maps every question of a long scale to a column.
const MAX_FIELD_CHARS: usize = 20_000;

pub fn router() -> Routes {
    let (schemas, paths, methods) = routes!(import_screenings);
    let methods = methods.layer(DefaultBodyLimit::max(UPLOAD_LIMIT));
    Routes::new().add(Access::Can(Action::ScreeningImport), (schemas, paths, methods))
}

#[derive(Debug, Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes the form in the document; the parts are read one by one")]
struct ImportForm {
    /// CSV: UTF-8 with or without mark, or GB18030.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// `pclc` or `pclc@1.0.0`
    scale: String,
    /// Title of the campaign; made if there is none.
    campaign: String,
    /// Path of names below the root: where new people belong.
    org: Option<String>,
    /// `q1=column,q2=column,age=column`; an empty column leaves a fact out.
    map: Option<String>,
    /// Column that tells rows apart between imports.
    id_col: Option<String>,
    /// `historical` (no alarm rings) or `live`.
    timing: Option<String>,
    /// `true`: show what would come of it and write nothing.
    dry_run: Option<String>,
}

/// Bring in screenings from a file. The same file again changes nothing.
#[utoipa::path(post, path = "/imports", tag = "screening",
    request_body(content = ImportForm, content_type = "multipart/form-data"),
    responses((status = 200, body = Report), (status = 422, body = Problem)))]
async fn import_screenings(
    State(ctx): State<Ctx>,
    actor: Actor,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Json<Report>, Problem> {
    let (ask, is_dry_run) = read(form.map_err(|_| malformed("no multipart form"))?).await?;
    let scope = actor.scope_for(Action::ScreeningImport, Purpose::Care);
    let report = if is_dry_run {
        run::preview(&ctx, &scope, &ask).await?
    } else {
        run::commit(&ctx, &scope, &ask).await?
    };
    Ok(Json(report))
}

async fn read(mut form: Multipart) -> Result<(Ask, bool), Problem> {
    let mut ask = Ask {
        bytes: Vec::new(),
        scale: String::new(),
        campaign: String::new(),
        org: None,
        map: Vec::new(),
        id_column: None,
        timing: Timing::Historical,
        max_rows: MAX_ROWS,
    };
    let mut is_dry_run = false;
    while let Some(field) = form.next_field().await.map_err(|error| unreadable(&error))? {
        match field.name().unwrap_or_default() {
            "file" => ask.bytes = field.bytes().await.map_err(|error| unreadable(&error))?.to_vec(),
            "scale" => ask.scale = text(field).await?,
            "campaign" => ask.campaign = text(field).await?,
            "org" => ask.org = Some(text(field).await?).filter(|path| !path.is_empty()),
            "map" => ask.map = Ask::read_map(&text(field).await?)?,
            "id_col" => ask.id_column = Some(text(field).await?).filter(|name| !name.is_empty()),
            "timing" => {
                ask.timing = match text(field).await?.as_str() {
                    "historical" => Timing::Historical,
                    "live" => Timing::Live,
                    _ => return Err(Problem::invalid("timing", "historical or live")),
                }
            }
            "dry_run" => is_dry_run = text(field).await? == "true",
            _ => return Err(Problem::invalid("", "the form has a field that is not known here")),
        }
    }
    for (field, is_empty) in [
        ("file", ask.bytes.is_empty()),
        ("scale", ask.scale.is_empty()),
        ("campaign", ask.campaign.is_empty()),
    ] {
        if is_empty {
            return Err(Problem::invalid(field, "missing"));
        }
    }
    Ok((ask, is_dry_run))
}

async fn text(field: Field<'_>) -> Result<String, Problem> {
    let name = field.name().unwrap_or_default().to_owned();
    let text = field.text().await.map_err(|error| unreadable(&error))?;
    let line = Line::<MAX_FIELD_CHARS>::parse(text.trim().to_owned());
    line.map(Line::into_inner).map_err(|error| Problem::invalid(name, error.to_string()))
}

fn unreadable(error: &MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The request is too large");
    }
    malformed("the form is broken off or not well formed")
}

fn malformed(reason: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed", "The request cannot be read").field("", reason)
}
