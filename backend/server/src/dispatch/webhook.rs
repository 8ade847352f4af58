//! Telling another system: a signed POST with an idempotency key. What leaves the house names no person and no risk.

use super::store::Kept;
use super::store::deliveries::Leased;
use crate::platform::Ctx;
use axum::http::{Method, Request, header};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rules::ids::TenantId;
use serde_json::json;
use std::fmt;
use std::time::Duration;

const ANSWER_WITHIN: Duration = Duration::from_secs(5);
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// `t=<seconds since 1970>,v1=<hex HMAC-SHA256 of "<t>.<body>">`
const SIGNATURE: &str = "x-xindeng-signature";

#[derive(Clone)]
pub struct Webhook {
    url: axum::http::Uri,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // the address may carry a secret of the other side
        f.write_str("Webhook")
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the webhook's address is not an http or https URL")]
pub struct BadWebhook;

impl Webhook {
    pub fn new(url: &str) -> Result<Self, BadWebhook> {
        let url: axum::http::Uri = url.parse().map_err(|_| BadWebhook)?;
        if !matches!(url.scheme_str(), Some("http" | "https")) || url.host().is_none() {
            return Err(BadWebhook);
        }
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_webpki_roots()
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self { url, client: Client::builder(TokioExecutor::new()).build(connector) })
    }

    /// `Ok` is a receipt; an error is a word for the delivery's row.
    pub async fn send(
        &self,
        ctx: &Ctx,
        tenant: TenantId,
        delivery: &Leased,
        kept: &Kept,
    ) -> Result<(), &'static str> {
        let body = body(delivery, kept);
        let at = ctx.now().timestamp();
        let signature = ctx.keys.sign(tenant, format!("{at}.{body}").as_bytes());
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, "xindeng")
            .header(IDEMPOTENCY_KEY, delivery.id.to_string())
            .header(SIGNATURE, format!("t={at},v1={signature}"))
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| "the request could not be built")?;
        match tokio::time::timeout(ANSWER_WITHIN, self.client.request(request)).await {
            Ok(Ok(response)) if response.status().is_success() => Ok(()),
            Ok(Ok(response)) if response.status().is_server_error() => Err("the other side failed"),
            Ok(Ok(_)) => Err("the other side refused"),
            Ok(Err(_)) => Err("the other side could not be reached"),
            Err(_) => Err("the other side did not answer in time"),
        }
    }
}

/// Enough to call somebody and to look the alarm up; nothing about whom or what it concerns.
fn body(delivery: &Leased, kept: &Kept) -> String {
    json!({
        "id": delivery.id,
        "type": "alarm.told",
        "at": delivery.created_at,
        "alarm": {
            "id": kept.id,
            "number": kept.number,
            "priority": kept.machine.priority.code(),
            "raised_at": kept.machine.raised_at,
            "district_id": kept.district,
            "drill": kept.machine.drill,
        },
        "step": delivery.step,
        "lap": delivery.lap,
        "posts": delivery.post.split(',').collect::<Vec<_>>(),
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_webhooks() {
        assert!(Webhook::new("https://gateway.example/alarms?key=1").is_ok());
        for bad in ["", "gateway", "ftp://gateway/x", "/relative"] {
            assert!(Webhook::new(bad).is_err(), "{bad}");
        }
    }
}
