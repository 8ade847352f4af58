//! The HTTP edge: routes that say who may use them, bodies and ids that are parsed at the door, limits.

use super::ctx::Ctx;
use super::problem::{Problem, REQUEST_ID};
use super::text::BadText;
use crate::identity::{Access, Actor, LastKnown};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, FromRequest, FromRequestParts, Path, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use rules::Timestamp;
use serde::de::DeserializeOwned;
use std::fmt::Write;
use std::time::Duration;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use uuid::Uuid;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Raising an alarm does not wait for a database that does not answer.
const ALARMS: &str = "/api/v1/alarms/";
const ALARM_IDENTIFY_WITHIN: Duration = Duration::from_secs(1);
const BODY_LIMIT: usize = 1024 * 1024;
/// For files that are imported; set on their route.
pub const UPLOAD_LIMIT: usize = 50 * 1024 * 1024;

/// Routes of a slice. Each one is added with the access it needs; there is no other way in.
#[derive(Default)]
pub struct Routes {
    router: OpenApiRouter<Ctx>,
    list: Vec<RouteAccess>,
}

/// One line of the reviewed list of routes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RouteAccess {
    pub path: String,
    pub method: String,
    pub access: String,
}

impl std::fmt::Debug for Routes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.list.fmt(f)
    }
}

impl Routes {
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn add(mut self, access: Access, route: UtoipaMethodRouter<Ctx>) -> Self {
        let (schemas, paths, methods) = route;
        for (path, item) in &paths.paths {
            for (method, operation) in
                [("GET", &item.get), ("PUT", &item.put), ("POST", &item.post), ("DELETE", &item.delete)]
            {
                if operation.is_some() {
                    self.list.push(RouteAccess {
                        path: path.clone(),
                        method: method.to_owned(),
                        access: access.to_string(),
                    });
                }
            }
        }
        let methods =
            methods.layer(from_fn(move |request: Request, next: Next| guard(access, request, next)));
        self.router = self.router.routes((schemas, paths, methods));
        self
    }

    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.list.extend(other.list);
        self
    }

    pub fn list(&self) -> Vec<RouteAccess> {
        let mut list = self.list.clone();
        list.sort();
        list
    }

    pub fn into_router(self) -> OpenApiRouter<Ctx> {
        self.router
    }
}

async fn guard(access: Access, mut request: Request, next: Next) -> Response {
    if access == Access::Public {
        return next.run(request).await;
    }
    let remembered = request.extensions_mut().remove::<LastKnown>();
    let actor = match (request.extensions_mut().remove::<Result<Actor, Problem>>(), remembered) {
        (Some(Ok(actor)), _) => actor,
        (Some(Err(_)), Some(LastKnown(actor))) if matches!(access, Access::CanInEmergency(_)) => actor,
        (Some(Err(problem)), _) => return problem.into_response(),
        (None, _) => return crate::identity::signed_out().into_response(),
    };
    if !access.allows(&actor) {
        return Problem::forbidden().into_response();
    }
    if actor.must_enrol && access != Access::SignedIn {
        let title = "An administrator's account needs a second factor first";
        return Problem::new(StatusCode::FORBIDDEN, "second-factor-missing", title).into_response();
    }
    request.extensions_mut().insert(actor);
    next.run(request).await
}

/// Wraps the application's routes: who is asking, how long, how large, and a name for each request.
pub fn edge(router: axum::Router<Ctx>, ctx: &Ctx) -> axum::Router<Ctx> {
    router
        .layer(from_fn_with_state(ctx.clone(), identify))
        .layer(from_fn(super::metrics::time_requests))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn(limit_time))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            tracing::error!("a handler panicked");
            Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Something failed on our side; it is on record",
            )
            .into_response()
        }))
        .layer(from_fn_with_state(ctx.clone(), name_request))
        .layer(from_fn(security_headers))
}

async fn identify(State(ctx): State<Ctx>, mut request: Request, next: Next) -> Response {
    let (method, headers) = (request.method().clone(), request.headers().clone());
    let is_alarm = method == Method::PUT && request.uri().path().starts_with(ALARMS);
    let asking = crate::identity::authenticate(&ctx, &method, &headers);
    let answer = if is_alarm {
        // nothing waits less than an alarm: see `Access::CanInEmergency`
        let patience = if ctx.spool.takes_over() { Duration::ZERO } else { ALARM_IDENTIFY_WITHIN };
        tokio::time::timeout(patience, asking).await.unwrap_or_else(|_| Some(Err(Problem::unavailable())))
    } else {
        asking.await
    };
    if let Some(answer) = answer {
        if is_alarm
            && matches!(&answer, Err(problem) if problem.status().is_server_error())
            && let Some(remembered) = crate::identity::last_known(&ctx, &method, &headers)
        {
            request.extensions_mut().insert(remembered);
        }
        request.extensions_mut().insert(answer);
    }
    next.run(request).await
}

fn too_large(limit: usize) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The request is too large")
        .detail(format!("at most {} KiB", limit / 1024))
}

async fn limit_time(request: Request, next: Next) -> Response {
    if request.headers().contains_key(header::UPGRADE) {
        return next.run(request).await;
    }
    tokio::time::timeout(REQUEST_TIMEOUT, next.run(request))
        .await
        .unwrap_or_else(|_| Problem::unavailable().into_response())
}

async fn name_request(State(ctx): State<Ctx>, request: Request, next: Next) -> Response {
    let id = ctx.new_id().simple().to_string();
    let mut response = REQUEST_ID.scope(id.clone(), next.run(request)).await;
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    // business time, which the machine's clock need not be: a device sees by it how far its own clock is off
    if let Ok(value) = HeaderValue::from_str(&ctx.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string()) {
        headers.insert(header::DATE, value);
    }
    response
}

async fn security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; \
             font-src 'self'; connect-src 'self'; worker-src 'self'; media-src 'self' blob:; manifest-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(self), geolocation=(self)"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// A body as it came, within the limit.
#[derive(Debug)]
pub struct RawBody(pub axum::body::Bytes);

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        axum::body::Bytes::from_request(request, state).await.map(Self).map_err(|rejection| match rejection {
            BytesRejection::FailedToBufferBody(inner) if inner.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                too_large(BODY_LIMIT)
            }
            _ => malformed("the body could not be read"),
        })
    }
}

/// A JSON body. A refusal names the field.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let RawBody(bytes) = RawBody::from_request(request, state).await?;
        parse_json(&bytes).map(Self)
    }
}

pub fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if let Some(field) = super::text::unwritable(bytes) {
        return Err(Problem::invalid(field, BadText::Control.to_string()));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = error.path().to_string();
        let inner = error.inner();
        let at = format!("line {}, column {}", inner.line(), inner.column());
        if inner.is_data() {
            Problem::invalid(field, without_values(&inner.to_string())).detail(at)
        } else {
            malformed("the body is not JSON").detail(at)
        }
    })?;
    json.end().map_err(|_| malformed("something follows after the JSON value"))?;
    Ok(value)
}

/// serde quotes what it found ("invalid value: string `…`"); what was sent may be about a person.
fn without_values(message: &str) -> String {
    let mut clean = String::with_capacity(message.len());
    let head = message.split(" at line ").next().unwrap_or(message);
    if let Some((kind, expected)) = head.split_once(", expected ") {
        let kind = kind.split(':').next().unwrap_or(kind);
        let _ = write!(clean, "{kind}, expected {expected}");
    } else {
        clean.push_str(head);
    }
    clean
}

fn malformed(reason: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed", "The request cannot be read").field("", reason)
}

/// An id in the path.
#[derive(Debug, Clone, Copy)]
pub struct Id<T>(pub T);

impl<S: Send + Sync, T: From<Uuid>> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::invalid("id", "must be one UUID"))?;
        let id = Uuid::parse_str(&text).map_err(|_| Problem::invalid("id", "must be a UUID"))?;
        Ok(Self(T::from(id)))
    }
}

/// `x-sent-at`: what the sender's own clock showed when it sent. Beside the body, which stays the same on a retry; one
/// that cannot be read is taken as not said, because nothing is refused for a clock.
#[derive(Debug, Clone, Copy)]
pub struct SentAt(pub Option<Timestamp>);

impl<S: Send + Sync> FromRequestParts<S> for SentAt {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let said = parts.headers.get("x-sent-at").and_then(|value| value.to_str().ok());
        Ok(Self(said.and_then(|text| text.parse().ok())))
    }
}

/// Query parameters. A refusal names the parameter.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // no parameter has several lines: %00 to %1F
        if parts.uri.query().is_some_and(|query| query.contains("%0") || query.contains("%1")) {
            return Err(Problem::invalid("query", BadText::Control.to_string()));
        }
        Query::<T>::from_request_parts(parts, state)
            .await
            .map(|Query(params)| Self(params))
            .map_err(|rejection| Problem::invalid("query", without_values(&rejection.body_text())))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(crate::identity::signed_out)
    }
}

pub async fn no_such_route() -> Problem {
    Problem::not_found("no such route")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_never_repeats_what_was_sent() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Ask {
            #[expect(dead_code, reason = "only parsed")]
            age: u8,
        }
        let problem = parse_json::<Ask>(br#"{"age":"Lin Xiao"}"#).unwrap_err();
        let text = serde_json::to_string(&problem).unwrap();
        assert!(!text.contains("Lin"), "{text}");
        assert!(text.contains("\"age\""), "{text}");
    }
}
