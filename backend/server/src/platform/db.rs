//! The database: two pools, and transactions that say whose data they touch.

use super::clock::Clock;
use rules::Timestamp;
use rules::ids::{AccountId, OrgId, TenantId};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Executor, PgConnection, PgPool, Postgres, Transaction};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use uuid::Uuid;

pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// The part of the connections that ordinary traffic cannot take: an alarm always finds one.
const ALARM_CONNECTIONS: u32 = 6;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Debug, Clone)]
pub struct Db {
    ordinary: PgPool,
    alarms: PgPool,
    woken: Arc<[watch::Sender<u64>; 3]>,
}

/// Loops that look at the database by themselves, and at once when a transaction here has left them something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loop {
    Timers,
    Streams,
    Deliveries,
}

/// Whose data a transaction may touch, and what for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    pub tenant: TenantId,
    pub actor: AccountId,
    /// org units whose subtrees are visible
    pub scopes: Vec<OrgId>,
    pub purpose: Purpose,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    Care,
    Dispatch,
    Supervision,
    Statistics,
    Audit,
    Administration,
    System,
}

impl Purpose {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Care => "care",
            Self::Dispatch => "dispatch",
            Self::Supervision => "supervision",
            Self::Statistics => "statistics",
            Self::Audit => "audit",
            Self::Administration => "administration",
            Self::System => "system",
        }
    }
}

/// The server itself as an actor: timers, the auditor, the sealer.
pub const SYSTEM: AccountId = AccountId(Uuid::nil());

/// A transaction that has told the database its scope. There is no other way to begin one.
#[derive(Debug)]
pub struct ScopedTx {
    tx: Transaction<'static, Postgres>,
    scope: Scope,
    woken: Arc<[watch::Sender<u64>; 3]>,
    wakes: [bool; 3],
}

impl Db {
    pub async fn connect(options: PgConnectOptions, connections: u32) -> sqlx::Result<Self> {
        let ordinary = pool(options.clone(), connections).await?;
        let alarms = pool(options, ALARM_CONNECTIONS).await?;
        Ok(Self { ordinary, alarms, woken: Arc::default() })
    }

    pub async fn begin(&self, scope: &Scope) -> sqlx::Result<ScopedTx> {
        self.begin_in(&self.ordinary, scope).await
    }

    /// For alarms, escalation and what keeps them going.
    pub async fn begin_alarm(&self, scope: &Scope) -> sqlx::Result<ScopedTx> {
        self.begin_in(&self.alarms, scope).await
    }

    /// One unchanging view for several reads: a snapshot and the position it belongs to.
    pub async fn begin_frozen(&self, scope: &Scope) -> sqlx::Result<ScopedTx> {
        let tx = self.alarms.begin_with("begin isolation level repeatable read read only").await?;
        self.scoped(tx, scope).await
    }

    async fn begin_in(&self, pool: &PgPool, scope: &Scope) -> sqlx::Result<ScopedTx> {
        self.scoped(pool.begin().await?, scope).await
    }

    async fn scoped(&self, mut tx: Transaction<'static, Postgres>, scope: &Scope) -> sqlx::Result<ScopedTx> {
        let scopes = scope.scopes.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(",");
        sqlx::query!(
            "select set_config('app.tenant', $1, true) as tenant,
                    set_config('app.actor', $2, true) as actor,
                    set_config('app.scopes', $3, true) as scopes,
                    set_config('app.purpose', $4, true) as purpose",
            scope.tenant.0.to_string(),
            scope.actor.0.to_string(),
            format!("{{{scopes}}}"),
            scope.purpose.as_str(),
        )
        .fetch_one(&mut *tx)
        .await?;
        Ok(ScopedTx { tx, scope: scope.clone(), woken: Arc::clone(&self.woken), wakes: [false; 3] })
    }

    /// For the two tables without row security, which come before a tenant is known.
    pub async fn directory(&self) -> sqlx::Result<sqlx::pool::PoolConnection<Postgres>> {
        self.ordinary.acquire().await
    }

    /// Changes whenever a transaction here has left this loop something: it wakes on it instead of waiting for its
    /// next poll, and is left in peace by everything else.
    pub fn woken(&self, which: Loop) -> watch::Receiver<u64> {
        self.woken[which as usize].subscribe()
    }

    pub async fn database_now(&self) -> sqlx::Result<Timestamp> {
        let mut connection = self.alarms.acquire().await?;
        sqlx::query_scalar!(r#"select clock_timestamp() as "at!""#).fetch_one(&mut *connection).await
    }

    pub async fn anchor(&self, clock: &Clock) -> sqlx::Result<()> {
        clock.anchor(self.database_now().await?);
        Ok(())
    }

    pub fn record_metrics(&self) {
        for (name, pool) in [("ordinary", &self.ordinary), ("alarms", &self.alarms)] {
            metrics::gauge!("db_pool_connections", "pool" => name).set(pool.size());
            metrics::gauge!("db_pool_idle", "pool" => name)
                .set(u32::try_from(pool.num_idle()).unwrap_or(u32::MAX));
        }
    }

    pub async fn close(&self) {
        self.ordinary.close().await;
        self.alarms.close().await;
    }
}

async fn pool(options: PgConnectOptions, connections: u32) -> sqlx::Result<PgPool> {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .after_connect(|connection, _| {
            // whoever logs in, the work is done by the role that row security binds
            Box::pin(async move {
                connection.execute("set role xindeng_app").await?;
                connection.execute("set statement_timeout = '15s'").await?;
                connection.execute("set idle_in_transaction_session_timeout = '15s'").await?;
                Ok(())
            })
        })
        .connect_with(options)
        .await
}

impl ScopedTx {
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    pub const fn tenant(&self) -> TenantId {
        self.scope.tenant
    }

    /// When this is committed there is something to do for a loop.
    pub const fn wake(&mut self, which: Loop) {
        self.wakes[which as usize] = true;
    }

    pub async fn commit(self) -> sqlx::Result<()> {
        self.tx.commit().await?;
        for (woken, _) in self.woken.iter().zip(self.wakes).filter(|(_, wakes)| *wakes) {
            woken.send_modify(|count| *count = count.wrapping_add(1));
        }
        Ok(())
    }

    pub async fn rollback(self) -> sqlx::Result<()> {
        self.tx.rollback().await
    }
}

impl Deref for ScopedTx {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.tx
    }
}

impl DerefMut for ScopedTx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.tx
    }
}

/// The name of the violated constraint, if that is what went wrong.
pub fn violated(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error().and_then(sqlx::error::DatabaseError::constraint)
}
