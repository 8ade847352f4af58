//! The web console, built into the binary.

use axum::http::{HeaderValue, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use rust_embed::RustEmbed;

use super::problem::Problem;

#[derive(RustEmbed)]
#[folder = "../../web-console/dist"]
#[allow_missing = true]
struct WebConsole;

/// A file of the console; any other path outside the API is a page of the single-page application.
pub async fn serve(uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") {
        return super::http::no_such_route().await.into_response();
    }
    match WebConsole::get(path) {
        Some(file) => {
            let kind = file.metadata.mimetype().to_owned();
            let mut response = file.data.into_response();
            let headers = response.headers_mut();
            if let Ok(kind) = HeaderValue::from_str(&kind) {
                headers.insert(header::CONTENT_TYPE, kind);
            }
            let lasting =
                if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(lasting));
            response
        }
        None => page(),
    }
}

fn page() -> Response {
    match WebConsole::get("index.html") {
        Some(file) => ([(header::CACHE_CONTROL, "no-cache")], Html(file.data.into_owned())).into_response(),
        None => Problem::not_found("the web console was not built into this binary").into_response(),
    }
}
