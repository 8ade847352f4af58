//! The web console, built into the binary.

use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::problem::Problem;

#[derive(RustEmbed)]
#[folder = "../../web-console/dist"]
struct WebConsole;

/// Names of encodings a browser may accept and the endings of the copies the build lays beside a file, best first.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// A file of the console; any other path outside the API is a page of the single-page application.
pub async fn serve(uri: Uri, request: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") {
        return super::http::no_such_route().await.into_response();
    }
    let asset = path.starts_with("assets/");
    let path = if asset || WebConsole::get(path).is_some() { path } else { "index.html" };
    let Some(file) = WebConsole::get(path) else {
        return Problem::not_found("this file is not part of the web console in this binary").into_response();
    };
    let kind = HeaderValue::from_str(file.metadata.mimetype()).ok();
    let copy = smallest(path, &request);
    let encoding = copy.as_ref().map(|(name, _)| HeaderValue::from_static(name));
    let mut response = copy.map_or(file, |(_, copy)| copy).data.into_response();
    let headers = response.headers_mut();
    let caching = if asset { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.extend(kind.map(|kind| (header::CONTENT_TYPE, kind)));
    headers.extend(encoding.map(|encoding| (header::CONTENT_ENCODING, encoding)));
    response
}

/// The compressed copy the browser takes, where the build made one.
fn smallest(path: &str, request: &HeaderMap) -> Option<(&'static str, EmbeddedFile)> {
    let accepted = request.get(header::ACCEPT_ENCODING)?.to_str().ok()?;
    let accepts =
        |name: &str| accepted.split(',').any(|one| one.split(';').next().is_some_and(|n| n.trim() == name));
    ENCODINGS
        .iter()
        .filter(|(name, _)| accepts(name))
        .find_map(|(name, ending)| Some((*name, WebConsole::get(&format!("{path}{ending}"))?)))
}
