//! The one place that knows every slice: routes, timers, live views, loops, and how a server is opened and closed.

use crate::events::{Hub, LiveViews};
use crate::platform::clock::Clock;
use crate::platform::ctx::{Parts, Tenant};
use crate::platform::db::{Db, MIGRATIONS};
use crate::platform::http::{RouteAccess, Routes, edge, no_such_route};
use crate::platform::keys::{KeyError, Keys};
use crate::platform::postgres::{PostgresError, PrivatePostgres};
use crate::platform::tasks::{Tasks, turn};
use crate::platform::timers::{Lane, TimerHandlers};
use crate::platform::{Ctx, Problem, assets, canary};
use crate::screening::{Library, LibraryError};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use std::path::PathBuf;
use std::sync::atomic::AtomicI64;
use std::sync::{Mutex, RwLock};
use std::time::Duration;
use utoipa::OpenApi;

const ORDINARY_CONNECTIONS: u32 = 16;
const KEY_FILE: &str = "root.key";
const ANCHOR_EVERY: Duration = Duration::from_secs(5);

/// What a server needs to know before it opens.
#[derive(Debug, Clone)]
pub struct Settings {
    pub data_dir: PathBuf,
    /// without one: a private Postgres in the data folder
    pub database_url: Option<String>,
    pub webhook_url: Option<String>,
    pub connections: Option<u32>,
    pub is_secure: bool,
    pub is_demo: bool,
    /// time stands still until it is moved; for tests
    pub stepped_clock: Option<rules::Timestamp>,
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the data folder cannot be used")]
    DataDir(#[from] std::io::Error),
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    #[error("the database cannot be reached")]
    Database(#[from] sqlx::Error),
    #[error("the database cannot be brought up to date")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error("the keys cannot be read")]
    Keys(#[from] KeyError),
    #[error(
        "{0} is missing, and the database holds what was sealed with it: a new key could open none of it. Put the \
         file back, from a backup if need be"
    )]
    KeyMissing(PathBuf),
    #[error(
        "{0} is not the key this database was sealed with. Put back the root.key that belongs to it (it is in every \
         backup), or use the data folder or database that belongs to this key"
    )]
    KeyWrong(PathBuf),
    #[error(transparent)]
    Library(#[from] LibraryError),
    #[error(transparent)]
    Webhook(#[from] crate::dispatch::BadWebhook),
}

/// An open server: its context and, if it has one, its own Postgres.
#[derive(Debug)]
pub struct Opened {
    pub ctx: Ctx,
    pub postgres: Option<PrivatePostgres>,
}

impl Opened {
    pub async fn close(self) {
        self.ctx.db.close().await;
        if let Some(postgres) = self.postgres {
            postgres.stop();
        }
    }
    /// For commands beside a running server: a private Postgres that was already running is left running.
    pub async fn leave(self) {
        self.ctx.db.close().await;
        if let Some(postgres) = self.postgres {
            postgres.leave();
        }
    }
}

pub async fn open(settings: &Settings) -> Result<Opened, OpenError> {
    std::fs::create_dir_all(&settings.data_dir)?;
    if let Some(url) = &settings.database_url {
        let options = url.parse::<PgConnectOptions>()?.disable_statement_logging();
        return Ok(Opened { ctx: open_on(settings, options).await?, postgres: None });
    }
    let postgres = PrivatePostgres::start(&settings.data_dir).await?;
    match open_on(settings, postgres.options()).await {
        Ok(ctx) => Ok(Opened { ctx, postgres: Some(postgres) }),
        Err(error) => {
            postgres.leave();
            Err(error)
        }
    }
}

async fn open_on(settings: &Settings, options: PgConnectOptions) -> Result<Ctx, OpenError> {
    migrate(&options).await?;
    let db = Db::connect(options, settings.connections.unwrap_or(ORDINARY_CONNECTIONS)).await?;
    let clock = match settings.stepped_clock {
        Some(at) => Clock::stepped(at),
        None => Clock::anchored(db.database_now().await?),
    };
    let tenants = crate::identity::load_tenants(&db).await?;
    let keys = key_of(&db, &tenants, settings.data_dir.join(KEY_FILE)).await?;
    let spool = crate::dispatch::Spool::open(&settings.data_dir)?;
    Ok(Ctx::new(Parts {
        db,
        clock,
        keys,
        library: Library::load()?,
        hub: Hub::new(live_views()),
        sessions: crate::identity::SessionCache::default(),
        guesses: crate::identity::Guesses::default(),
        policies: crate::triage::PolicyCache::default(),
        timers: timer_handlers(),
        webhook: settings.webhook_url.as_deref().map(crate::dispatch::Webhook::new).transpose()?,
        spool,
        receipts: crate::dispatch::Receipts::default(),
        beats: crate::platform::heartbeat::Beats::default(),
        is_secure: settings.is_secure,
        is_demo: settings.is_demo,
        tenants: RwLock::new(tenants),
        engine_micros: AtomicI64::new(0),
        last_id: Mutex::default(),
    }))
}

/// The same house with a clock that is moved by hand and no loops: for writing the demo city's past in order.
pub fn beside(ctx: &Ctx, clock: Clock) -> Ctx {
    Ctx::new(Parts {
        db: ctx.db.clone(),
        clock,
        keys: ctx.keys.clone(),
        library: ctx.library.clone(),
        hub: Hub::new(LiveViews::default()),
        sessions: crate::identity::SessionCache::default(),
        guesses: crate::identity::Guesses::default(),
        policies: crate::triage::PolicyCache::default(),
        timers: TimerHandlers::default(),
        webhook: None,
        spool: crate::dispatch::Spool::default(),
        receipts: crate::dispatch::Receipts::default(),
        beats: crate::platform::heartbeat::Beats::default(),
        is_secure: ctx.is_secure,
        is_demo: ctx.is_demo,
        tenants: RwLock::new(ctx.tenants()),
        engine_micros: AtomicI64::new(0),
        last_id: Mutex::default(),
    })
}

/// A key is made for an empty database only; over data it has to be the one they were sealed with.
async fn key_of(db: &Db, tenants: &[Tenant], file: PathBuf) -> Result<Keys, OpenError> {
    let keys = match Keys::load(&file)? {
        Some(keys) => keys,
        None if tenants.is_empty() => Keys::create(&file)?,
        None => return Err(OpenError::KeyMissing(file)),
    };
    for tenant in tenants {
        if !canary::opens(db, &keys, &tenant.system_scope()).await? {
            return Err(OpenError::KeyWrong(file));
        }
    }
    Ok(keys)
}

/// As the owner of the schema; one at a time, also among several nodes.
async fn migrate(options: &PgConnectOptions) -> Result<(), OpenError> {
    let mut connection = options.connect().await?;
    MIGRATIONS.run(&mut connection).await?;
    Ok(())
}

fn timer_handlers() -> TimerHandlers {
    let handlers = TimerHandlers::default();
    let handlers = crate::triage::timers(handlers);
    crate::dispatch::timers(handlers)
}

fn live_views() -> LiveViews {
    let views = LiveViews::default();
    let views = crate::dispatch::live(views);
    crate::triage::live(views)
}

/// Starts every loop of a node.
pub fn start_loops(ctx: &Ctx, tasks: &Tasks) {
    macro_rules! keep {
        ($($name:literal => $run:path),+ $(,)?) => {$(
            let of = ctx.clone();
            tasks.keep($name, move |stop| $run(of.clone(), stop));
        )+};
    }
    keep! {
        "streams" => crate::events::run,
        "audit sealer" => crate::audit::run,
        "revocations" => crate::identity::watch_revocations,
        "clock" => anchor,
    }
    // several, so that one slow handler holds nobody up
    for (name, lane) in
        [("alarm_timers_1", Lane::Alarms), ("alarm_timers_2", Lane::Alarms), ("timers", Lane::All)]
    {
        let of = ctx.clone();
        tasks.keep(name, move |stop| crate::platform::timers::run(of.clone(), name, lane, stop));
    }
    crate::dispatch::start(ctx, tasks);
    crate::overview::start(ctx, tasks);
}

async fn anchor(ctx: Ctx, stop: tokio_util::sync::CancellationToken) {
    loop {
        turn(&ctx, "clock", Box::pin(look_again(&ctx))).await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(ANCHOR_EVERY) => {}
        }
    }
}

/// What the database says about time and tenants. One that appears later has to open under this key too.
async fn look_again(ctx: &Ctx) -> Result<(), Problem> {
    ctx.db.anchor(&ctx.clock).await?;
    let mut tenants = Vec::new();
    for tenant in crate::identity::load_tenants(&ctx.db).await? {
        if canary::opens(&ctx.db, &ctx.keys, &tenant.system_scope()).await? {
            tenants.push(tenant);
        } else {
            tracing::error!(tenant.id = %tenant.id, "root.key does not open this tenant's data; it is not served");
        }
    }
    *ctx.tenants.write().unwrap_or_else(std::sync::PoisonError::into_inner) = tenants;
    Ok(())
}

#[derive(OpenApi)]
#[openapi(info(
    title = "Xindeng 心灯",
    description = "Screening, triage, alarms. Times are RFC 3339 in UTC; errors are application/problem+json. \
                   `WS /api/v1/live?ticket=…` speaks JSON frames with `t`: hello, presented, ping from the screen; \
                   welcome, snapshot, ev, heads, local_alarm, pong from the server."
))]
struct Document;

fn routes() -> Routes {
    Routes::new()
        .merge(crate::identity::router())
        .merge(crate::people::router())
        .merge(crate::screening::router())
        .merge(crate::triage::router())
        .merge(crate::dispatch::router())
        .merge(crate::events::router())
}

/// Every route with the access it needs: a reviewed list.
pub fn route_list() -> Vec<RouteAccess> {
    routes().list()
}

pub fn openapi() -> utoipa::openapi::OpenApi {
    let (_, document) = utoipa_axum::router::OpenApiRouter::<Ctx>::with_openapi(Document::openapi())
        .nest("/api/v1", routes().into_router())
        .split_for_parts();
    document
}

/// The whole application as one service.
pub fn app(ctx: Ctx) -> Router {
    let (api, document) = utoipa_axum::router::OpenApiRouter::<Ctx>::with_openapi(Document::openapi())
        .nest("/api/v1", routes().into_router())
        .split_for_parts();
    // written once: the routes are copied for a connection, and the document is large
    let document = Bytes::from(serde_json::to_vec(&document).unwrap_or_default());
    let json = [(header::CONTENT_TYPE, "application/json")];
    let router = api
        .route("/api/openapi.json", get(move || std::future::ready((json, document.clone()))))
        .route("/healthz", get(|| std::future::ready("ok")))
        .route("/readyz", get(ready))
        .route("/api/{*rest}", axum::routing::any(no_such_route))
        .fallback(assets::serve)
        .method_not_allowed_fallback(wrong_method);
    edge(router, &ctx).with_state(ctx)
}

async fn wrong_method() -> Problem {
    Problem::new(
        axum::http::StatusCode::METHOD_NOT_ALLOWED,
        "wrong-method",
        "This address does not take this method",
    )
}

/// Can this node serve? Reasons if not.
async fn ready(State(ctx): State<Ctx>) -> Response {
    match ctx.db.database_now().await {
        Ok(_) => axum::Json(json!({"ready": true})).into_response(),
        Err(_) => {
            Problem::unavailable().with("reasons", json!(["the database is out of reach"])).into_response()
        }
    }
}
