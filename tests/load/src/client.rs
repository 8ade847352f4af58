//! Somebody who talks to the server over HTTP.

use anyhow::{Context, bail};
use reqwest::Method;
use serde_json::Value;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base_url: String,
    token: String,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Client {
    pub fn new(base_url: &str, token: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().timeout(PATIENCE).tcp_nodelay(true).no_proxy().build()?;
        Ok(Self { http, base_url: base_url.to_owned(), token: token.to_owned() })
    }

    /// With a one-time link: sets the password and is signed in.
    pub async fn set_up(base_url: &str, setup_path: &str, password: &str) -> anyhow::Result<Self> {
        let mut client = Self::new(base_url, "")?;
        let body = serde_json::json!({"password": password, "mode": "bearer"});
        let answer = client.send(Method::POST, setup_path, Some(&body)).await?;
        let session = answer.expect(201, setup_path)?;
        session["token"].as_str().context("no token")?.clone_into(&mut client.token);
        Ok(client)
    }

    /// Gives the account its second factor, without which an administrator may do nothing else.
    pub async fn enrol_second_factor(&self) -> anyhow::Result<()> {
        let enrolment = self.post("/me/second-factor/start", &serde_json::json!({}), 200).await?;
        let url = enrolment["otpauth_url"].as_str().context("no enrolment")?;
        let now = u64::try_from(crate::chance::now().timestamp())?;
        let code = totp_rs::Totp::from_url(url)?.generate(now).to_string();
        self.post("/me/second-factor/confirm", &serde_json::json!({"code": code}), 204).await?;
        Ok(())
    }

    /// No answer at all is an error; a refusal is an answer.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Answer> {
        let mut request = self.http.request(method, format!("{}/api/v1{path}", self.base_url));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await?;
        Ok(Answer { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
    }

    pub async fn get(&self, path: &str, status: u16) -> anyhow::Result<Value> {
        self.send(Method::GET, path, None).await?.expect(status, path)
    }

    pub async fn put(&self, path: &str, body: &Value, status: u16) -> anyhow::Result<Value> {
        self.send(Method::PUT, path, Some(body)).await?.expect(status, path)
    }

    pub async fn post(&self, path: &str, body: &Value, status: u16) -> anyhow::Result<Value> {
        self.send(Method::POST, path, Some(body)).await?.expect(status, path)
    }

    pub async fn live_url(&self) -> anyhow::Result<String> {
        let ticket = self.post("/live/tickets", &serde_json::json!({}), 201).await?;
        let ticket = ticket["ticket"].as_str().context("no ticket")?;
        Ok(format!("{}/api/v1/live?ticket={ticket}", self.base_url.replacen("http", "ws", 1)))
    }
}

impl Answer {
    pub fn expect(self, status: u16, path: &str) -> anyhow::Result<Value> {
        if self.status == status {
            Ok(self.body)
        } else {
            bail!("{path}: {} instead of {status}: {}", self.status, self.body)
        }
    }
}
