//! Somebody who talks to the server over HTTP.

use super::{App, PASSWORD};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

#[derive(Clone)]
pub struct Client {
    pub http: reqwest::Client,
    pub base_url: String,
    pub token: Option<String>,
    pub account: Uuid,
}

/// What came back, for looking at.
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub text: String,
    pub headers: reqwest::header::HeaderMap,
    asked: String,
}

impl Client {
    pub fn anonymous(app: &App) -> Self {
        Self {
            http: reqwest::Client::new(),
            base_url: app.base_url.clone(),
            token: None,
            account: Uuid::nil(),
        }
    }

    pub async fn sign_in(app: &App, login: &str) -> Self {
        let mut client = Self::anonymous(app);
        let body = json!({"login": login, "password": PASSWORD, "mode": "bearer"});
        let session = client.post("/sessions", body).await.expect(201);
        client.token = Some(session["token"].as_str().unwrap().to_owned());
        client.account = session["account"]["id"].as_str().unwrap().parse().unwrap();
        client
    }

    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let mut request = self.http.request(method, format!("{}/api/v1{path}", self.base_url));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        request
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(reqwest::Method::GET, path), path).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        send(self.request(reqwest::Method::PUT, path).json(&body), path).await
    }

    /// From a device whose own clock shows this now.
    pub async fn put_by_clock(&self, path: &str, body: Value, clock: DateTime<Utc>) -> Answer {
        let request = self.request(reqwest::Method::PUT, path).header("x-sent-at", clock.to_rfc3339());
        send(request.json(&body), path).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        send(self.request(reqwest::Method::POST, path).json(&body), path).await
    }

    /// What waits for a second person about an account, as administrators see it.
    pub async fn request_for(&self, account: &str) -> Value {
        let accounts = self.get("/accounts").await.expect(200);
        let id = account.rsplit('/').next().unwrap();
        let row = accounts.as_array().unwrap().iter().find(|row| row["id"] == id).unwrap();
        row["requests"][0].clone()
    }

    pub async fn delete(&self, path: &str) -> Answer {
        send(self.request(reqwest::Method::DELETE, path), path).await
    }

    /// A body that is not made from JSON.
    pub async fn put_text(&self, path: &str, text: &str) -> Answer {
        let request = self
            .request(reqwest::Method::PUT, path)
            .header("content-type", "application/json")
            .body(text.to_owned());
        send(request, path).await
    }
}

async fn send(request: reqwest::RequestBuilder, path: &str) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer { status, body, text, headers, asked: path.to_owned() }
}

impl Answer {
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text);
        self.body
    }

    /// A problem of this code; gives it for a closer look.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.asked, self.text);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.body["type"], format!("/problems/{code}"), "{}", self.text);
        self.body
    }

    /// A problem that names this field.
    #[track_caller]
    pub fn refuses(self, field: &str) -> Value {
        let body = self.problem(422, "invalid");
        assert_eq!(body["errors"][0]["field"], field, "{body}");
        body
    }
}
