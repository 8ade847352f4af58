//! The one place that makes error answers: RFC 9457 `application/problem+json`.
//!
//! What a caller did wrong is said with the field and how to mend it, never with the value. What we did wrong is a
//! constant body; the cause is logged once, here, with the request id.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};

tokio::task_local! {
    pub static REQUEST_ID: String;
}

/// Small to hand up; what it says is behind the box.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct Problem(Box<Details>);

#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = ProblemDetails)]
struct Details {
    #[serde(rename = "type")]
    #[schema(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    request_id: String,
    #[serde(flatten)]
    #[schema(ignore)]
    more: Map<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    pub field: String,
    pub reason: String,
}

impl Problem {
    pub fn new(status: StatusCode, code: &str, title: &'static str) -> Self {
        Self(Box::new(Details {
            kind: format!("/problems/{code}"),
            title,
            status: status.as_u16(),
            detail: String::new(),
            errors: Vec::new(),
            request_id: String::new(),
            more: Map::new(),
        }))
    }

    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = detail.into();
        self
    }

    #[must_use]
    pub fn field(mut self, field: impl Into<String>, reason: impl Into<String>) -> Self {
        self.0.errors.push(FieldError { field: field.into(), reason: reason.into() });
        self
    }

    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.more.insert(key.to_owned(), value.into());
        self
    }

    pub fn invalid(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "The request says something that cannot be")
            .field(field, reason)
    }

    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is nothing here that you may see").detail(what)
    }

    pub fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Your role does not include this")
    }

    pub fn id_reused() -> Self {
        Self::new(StatusCode::CONFLICT, "id-reused", "This id was already used for another content")
    }

    pub fn version_conflict(current: i64) -> Self {
        Self::new(StatusCode::CONFLICT, "version-conflict", "Somebody was faster")
            .with("current_version", current)
    }

    pub fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The service cannot answer now; try again")
    }

    /// Logs the cause and answers with a constant body.
    pub fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        let mut chain = cause.to_string();
        let mut source = cause.source();
        while let Some(error) = source {
            chain.push_str(": ");
            chain.push_str(&error.to_string());
            source = error.source();
        }
        tracing::error!(request.id = %request_id(), cause = %chain, "request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something failed on our side; it is on record",
        )
    }

    /// The last part of `type`: what a program switches on.
    pub fn code(&self) -> &str {
        self.0.kind.strip_prefix("/problems/").unwrap_or(&self.0.kind)
    }

    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    pub const fn title(&self) -> &'static str {
        self.0.title
    }

    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

pub fn request_id() -> String {
    REQUEST_ID.try_with(Clone::clone).unwrap_or_default()
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            error if out_of_reach(error) => {
                tracing::warn!(request.id = %request_id(), cause = %error, "database out of reach");
                Self::unavailable()
            }
            _ => Self::internal(&error),
        }
    }
}

/// The database does not answer, or answers that it cannot serve or write now: going down, coming up, changing over.
fn out_of_reach(error: &sqlx::Error) -> bool {
    const READ_ONLY: &str = "25006";
    const TOO_MANY_CONNECTIONS: &str = "53300";
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            // class 08: connection; class 57: operator intervention, but a cancelled statement (57014) was only slow
            code.starts_with("08")
                || code.starts_with("57P")
                || code == READ_ONLY
                || code == TOO_MANY_CONNECTIONS
        }),
        _ => false,
    }
}

impl From<super::keys::Unsealable> for Problem {
    fn from(error: super::keys::Unsealable) -> Self {
        Self::internal(&error)
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        self.0.request_id = request_id();
        let status = self.status();
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.0.more.get("retry_after").and_then(Value::as_u64) {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
