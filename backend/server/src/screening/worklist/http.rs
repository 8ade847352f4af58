//! The worklist over HTTP; unchanged lists are not sent again.

use super::notice::{Named, Notice};
use super::ops::{self, ScaleRef, Target};
use crate::identity::{Access, Actor};
use crate::platform::http::Routes;
use crate::platform::{Ctx, Problem};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, body::Body};
use chrono::{DateTime, NaiveDate, Utc};
use rules::Private;
use rules::identity::Action;
use rules::people::{Modifier, Sex};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

pub fn router() -> Routes {
    Routes::new().add(Access::Can(Action::WorklistRead), routes!(worklist))
}

#[derive(Debug, Serialize, ToSchema)]
struct WorklistView {
    as_of: DateTime<Utc>,
    #[serde(flatten)]
    content: Content,
}

/// What the ETag speaks for.
#[derive(Debug, Serialize, ToSchema)]
struct Content {
    worker: WorkerView,
    targets: Vec<TargetView>,
    is_truncated: bool,
    notice: NoticeView,
    helplines: serde_json::Value,
}

#[derive(Debug, Serialize, ToSchema)]
struct WorkerView {
    id: Uuid,
    name: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct TargetView {
    id: Uuid,
    campaign_id: Uuid,
    campaign_title: String,
    person: TargetPerson,
    scales: Vec<ScaleRef>,
    due_on: NaiveDate,
    state: TargetState,
    done: Option<DoneView>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum TargetState {
    Todo,
    Done,
}

#[derive(Debug, Serialize, ToSchema)]
struct TargetPerson {
    id: Uuid,
    #[schema(value_type = String)]
    name: Private<String>,
    #[schema(value_type = String)]
    sex: Sex,
    age: Option<u16>,
    #[schema(value_type = Option<String>)]
    address: Option<Private<String>>,
    phone_tail: Option<String>,
    #[schema(value_type = Vec<String>)]
    modifiers: BTreeSet<Modifier>,
    /// They took their consent back: they are asked anew, or left in peace.
    consent_withdrawn_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Serialize, ToSchema)]
struct DoneView {
    screening_id: Uuid,
    received_at: DateTime<Utc>,
    receipt: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct NoticeView {
    version: String,
    text: TextView,
    guardian: GuardianView,
    recipients: Vec<RecipientView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct TextView {
    zh: String,
    en: String,
}

/// Shown in addition, and to a guardian, for children.
#[derive(Debug, Serialize, ToSchema)]
struct GuardianView {
    below_age: u16,
    zh: String,
    en: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct RecipientView {
    code: String,
    zh: String,
    en: String,
}

/// My list for today. Send `If-None-Match` to be told 304 while nothing has changed.
#[utoipa::path(get, path = "/worklist", tag = "screening", params(("if-none-match" = Option<String>, Header)),
    responses((status = 200, body = WorklistView), (status = 304)))]
async fn worklist(State(ctx): State<Ctx>, actor: Actor, headers: HeaderMap) -> Result<Response, Problem> {
    let list = ops::load(&ctx, &actor).await?;
    let count = list.targets.len();
    let content = Content {
        worker: WorkerView { id: actor.account.0, name: actor.name.clone() },
        is_truncated: list.is_truncated,
        notice: notice(&list.tenant.name, &list.tenant.helplines).ok_or_else(Problem::unavailable)?,
        targets: list.targets.into_iter().map(TargetView::from).collect(),
        helplines: list.tenant.helplines,
    };
    let tag = tag(&content)?;
    let is_known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| *known == tag);
    let mut response = if is_known {
        (StatusCode::NOT_MODIFIED, Body::empty()).into_response()
    } else {
        ops::record_look(&ctx, &actor, count).await?;
        Json(WorklistView { as_of: ctx.now(), content }).into_response()
    };
    let answer = response.headers_mut();
    answer.insert(header::ETAG, tag);
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(response)
}

fn tag(content: &Content) -> Result<HeaderValue, Problem> {
    let bytes = serde_json::to_vec(content).map_err(|error| Problem::internal(&error))?;
    let hash = crate::platform::keys::to_hex(&Sha256::digest(&bytes)[..16]);
    HeaderValue::from_str(&format!("\"{hash}\"")).map_err(|error| Problem::internal(&error))
}

impl From<Target> for TargetView {
    fn from(target: Target) -> Self {
        Self {
            id: target.id.0,
            campaign_id: target.campaign.0,
            campaign_title: target.campaign_title,
            person: TargetPerson {
                id: target.person.id.0,
                phone_tail: target.person.phone_tail(),
                name: target.person.name,
                sex: target.person.sex,
                age: target.person.age,
                address: target.person.address,
                modifiers: target.person.modifiers,
                consent_withdrawn_at: target.person.consent_withdrawn_at,
            },
            scales: target.scales,
            due_on: target.due_on,
            state: if target.done.is_some() { TargetState::Done } else { TargetState::Todo },
            done: target.done.map(|done| DoneView {
                screening_id: done.screening_id,
                received_at: done.received_at,
                receipt: done.receipt,
            }),
        }
    }
}

/// The tenant's own line comes first in its list; it is the one to call about one's data.
fn notice(centre: &str, helplines: &serde_json::Value) -> Option<NoticeView> {
    let contact = helplines.pointer("/0/number").and_then(serde_json::Value::as_str).unwrap_or("12356");
    let notice = Notice::shipped()?.said_by(centre, contact);
    let recipient = |Named { code, zh, en }| RecipientView { code, zh, en };
    Some(NoticeView {
        version: notice.version,
        text: TextView { zh: notice.text.zh, en: notice.text.en },
        guardian: GuardianView {
            below_age: notice.guardian.below_age,
            zh: notice.guardian.zh,
            en: notice.guardian.en,
        },
        recipients: notice.recipients.into_iter().map(recipient).collect(),
    })
}
