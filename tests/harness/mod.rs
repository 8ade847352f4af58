//! A server of its own for each test: a database copied from a migrated template, a clock that is moved by hand,
//! loops that are stepped.

mod client;
mod database;
mod screen;
mod town;
mod wire;

pub use client::{Answer, Client};
pub use screen::Screen;
pub use town::{PASSWORD, Town};
pub use wire::Wire;

use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use server::dispatch::Lane;
use server::wiring::{self, Opened, Settings};
use std::path::{Path, PathBuf};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The notice that comes with the worklist.
pub const NOTICE: &str = "2026-1";

/// A Saturday night, a quarter past two, in the middle of a shift.
pub const NIGHT: &str = "2026-11-21T18:15:00Z";

pub struct App {
    pub ctx: server::platform::Ctx,
    pub town: Town,
    pub base_url: String,
    pub database_url: String,
    data_dir: PathBuf,
    kind: Kind,
    stop: CancellationToken,
    opened: Option<Opened>,
}

/// What a server is started with; a restart keeps it.
#[derive(Clone)]
struct Kind {
    is_demo: bool,
    webhook_url: Option<String>,
}

impl App {
    pub async fn start() -> Self {
        Self::start_as(Kind { is_demo: true, webhook_url: None }).await
    }

    /// As a real centre runs it, without what is allowed in a demonstration only.
    pub async fn start_in_earnest() -> Self {
        Self::start_as(Kind { is_demo: false, webhook_url: None }).await
    }

    async fn start_as(kind: Kind) -> Self {
        let database_url = database::fresh().await;
        let data_dir = std::env::temp_dir().join(folder_name());
        Self::open(database_url, data_dir, NIGHT.parse().unwrap(), kind).await
    }

    async fn open(database_url: String, data_dir: PathBuf, at: DateTime<Utc>, kind: Kind) -> Self {
        let settings = settings(&database_url, &data_dir, at, &kind);
        let opened = wiring::open(&settings).await.unwrap();
        let ctx = opened.ctx.clone();
        let town = Town::found_or_found(&ctx, &database_url).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let app = wiring::app(ctx.clone());
        tokio::spawn(
            axum::serve(listener, app).with_graceful_shutdown(stop.clone().cancelled_owned()).into_future(),
        );
        Self { ctx, town, base_url, database_url, data_dir, kind, stop, opened: Some(opened) }
    }

    /// The same, as after a crash: nothing is carried over but the database and the data folder.
    pub async fn restart(self) -> Self {
        let kind = self.kind.clone();
        self.restart_as(kind).await
    }

    pub async fn restart_with_webhook(self, url: &str) -> Self {
        let kind = Kind { webhook_url: Some(url.to_owned()), ..self.kind.clone() };
        self.restart_as(kind).await
    }

    async fn restart_as(mut self, kind: Kind) -> Self {
        let at = self.ctx.now();
        self.stop.cancel();
        if let Some(opened) = self.opened.take() {
            opened.ctx.db.close().await;
        }
        Self::open(self.database_url.clone(), self.data_dir.clone(), at, kind).await
    }

    /// With which another node would be opened, or this one again.
    pub fn settings(&self) -> Settings {
        settings(&self.database_url, &self.data_dir, self.now(), &self.kind)
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.ctx.now()
    }

    pub fn advance(&self, by: Duration) {
        self.ctx.clock.advance(by);
    }

    /// Everything that is due now, and the screens fed with it.
    pub async fn run_due(&self) {
        server::platform::timers::fire_due(&self.ctx).await.unwrap();
        for lane in [Lane::Urgent, Lane::Other] {
            server::dispatch::send_due(&self.ctx, lane).await.unwrap();
        }
        for tenant in self.ctx.tenants() {
            server::audit::seal_pending(&self.ctx, tenant.id).await.unwrap();
            server::events::follow(&self.ctx, tenant.id).await.unwrap();
        }
    }

    pub async fn sign_in(&self, login: &str) -> Client {
        Client::sign_in(self, login).await
    }

    /// Somebody new with these roles, let in by the administrators.
    pub async fn newcomer(&self, login: &str, roles: &[(&str, Uuid)]) -> Client {
        let admin = self.sign_in("sysadmin").await;
        let roles: Vec<Value> =
            roles.iter().map(|(role, org)| json!({"role": role, "org_id": org})).collect();
        let body = json!({"login": login, "name": "新同事", "roles": roles});
        let account = format!("/accounts/{}", self.new_id());
        let link = admin.put(&account, body).await.expect(201);
        let guard = self.sign_in("secadmin").await;
        let approve = json!({"request_id": guard.request_for(&account).await["id"]});
        guard.post(&format!("{account}/roles/approve"), approve).await.expect(204);
        let body = json!({"password": PASSWORD, "mode": "bearer"});
        self.anonymous().post(link["setup_path"].as_str().unwrap(), body).await.expect(201);
        self.sign_in(login).await
    }

    pub fn anonymous(&self) -> Client {
        Client::anonymous(self)
    }

    pub fn new_id(&self) -> Uuid {
        self.ctx.new_id()
    }

    /// A person of the first grid, made by its worker.
    pub async fn person(&self, worker: &Client, name: &str) -> Uuid {
        let id = self.new_id();
        let body = json!({
            "name": name, "sex": "F", "birth_date": "1992-03-04", "org_id": self.town.grid, "phone": "13800005678",
            "address": "滨江路 18 号 2 栋 3-501",
        });
        worker.put(&format!("/persons/{id}"), body).await.expect(201);
        id
    }

    /// A screening by the person's own hand, finished now.
    pub fn screening(&self, person: Uuid, visit: Uuid, scale: &str, answers: Value) -> Value {
        let now = self.now();
        let mut body = json!({
            "person_id": person, "visit_id": visit, "scale": scale, "version": "1.0.0",
            "mode": "self", "locale": "zh-CN", "seen": "in_person",
            "started_at": now - Duration::minutes(3), "finished_at": now,
            "consent": {"notice_version": NOTICE, "given_at": now - Duration::minutes(4), "by": "self"},
        });
        body["answers"] = answers;
        body
    }

    /// How often something was done to an account.
    pub async fn audited(&self, action: &str, account: &str) -> i64 {
        let id: Uuid = account.rsplit('/').next().unwrap().parse().unwrap();
        let mut connection = database::connect(&self.database_url).await;
        sqlx::query_scalar("select count(*) from audit_entry where action = $1 and subject_id = $2")
            .bind(action)
            .bind(id)
            .fetch_one(&mut connection)
            .await
            .unwrap()
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        let mut connection = database::connect(&self.database_url).await;
        sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
    }

    pub async fn execute(&self, sql: &'static str) {
        let mut connection = database::connect(&self.database_url).await;
        sqlx::query(sql).execute(&mut connection).await.unwrap();
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.stop.cancel();
        if self.opened.is_some() {
            let _ = std::fs::remove_dir_all(&self.data_dir);
        }
    }
}

fn settings(database_url: &str, data_dir: &Path, at: DateTime<Utc>, kind: &Kind) -> Settings {
    Settings {
        data_dir: data_dir.to_owned(),
        database_url: Some(database_url.to_owned()),
        webhook_url: kind.webhook_url.clone(),
        connections: Some(4),
        is_secure: false,
        is_demo: kind.is_demo,
        stepped_clock: Some(at),
    }
}

/// Different for every test of every process.
fn folder_name() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("xindeng-flow-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// All answers of PHQ-9 at 0, but for these.
pub fn phq9(changed: &[(&str, i64)]) -> Value {
    let mut answers: Value =
        (1..=9).map(|n| (format!("q{n}"), json!(0))).collect::<serde_json::Map<_, _>>().into();
    for (item, code) in changed {
        answers[*item] = json!(code);
    }
    answers
}

/// The screener's high outcome of the story: thoughts, method, intent and plan.
pub fn c_ssrs_high() -> Value {
    json!({"q1": 1, "q2": 1, "q3": 1, "q4": 1, "q5": 1, "q6": 0})
}
