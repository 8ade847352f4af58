//! The database: three pools, and transactions that say whose data they touch.

use super::clock::Clock;
use rules::Timestamp;
use rules::ids::{AccountId, OrgId, TenantId};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, Executor, PgConnection, PgPool, Postgres, Transaction};
use std::future::Future;
use std::io::ErrorKind;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use uuid::Uuid;

pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// The part of the connections that ordinary traffic cannot take: an alarm always finds one.
const ALARM_CONNECTIONS: u32 = 6;
/// When all boards come back at once they queue for these, and for nothing that an alarm needs.
const BOARD_CONNECTIONS: u32 = 4;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// A host that lost its power in the middle of an answer never says so, and a connection has no limit of its own.
const BEGIN_WITHIN: Duration = Duration::from_secs(5);
const COMMIT_WITHIN: Duration = Duration::from_secs(10);
/// A connection that does not answer when it is given back is thrown away, so that its place is free.
const RETURN_WITHIN: Duration = Duration::from_secs(2);

/// The last four are for the other end: it notices a node that lost its power, and lets go of the rows it held. The
/// driver has no such settings for this end; here every wait has a limit instead.
const SESSION: &str = "
    set role xindeng_app;
    set statement_timeout = '15s';
    set idle_in_transaction_session_timeout = '15s';
    set tcp_keepalives_idle = 10;
    set tcp_keepalives_interval = 5;
    set tcp_keepalives_count = 3;
    set tcp_user_timeout = '15s'";

#[derive(Debug, Clone)]
pub struct Db {
    ordinary: PgPool,
    alarms: PgPool,
    boards: PgPool,
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
        let alarms = pool(options.clone(), ALARM_CONNECTIONS).await?;
        let boards = pool(options, BOARD_CONNECTIONS).await?;
        Ok(Self { ordinary, alarms, boards, woken: Arc::default() })
    }

    pub async fn begin(&self, scope: &Scope) -> sqlx::Result<ScopedTx> {
        self.begin_in(&self.ordinary, scope).await
    }

    /// For alarms, escalation and what keeps them going.
    pub async fn begin_alarm(&self, scope: &Scope) -> sqlx::Result<ScopedTx> {
        self.begin_in(&self.alarms, scope).await
    }

    /// One unchanging view for what a board shows: a snapshot and the position it belongs to.
    pub async fn begin_frozen(&self, scope: &Scope) -> sqlx::Result<ScopedTx> {
        self.freeze_in(&self.boards, scope).await
    }

    /// The same for who watches over everything, and must see while the boards queue.
    pub async fn begin_alarm_frozen(&self, scope: &Scope) -> sqlx::Result<ScopedTx> {
        self.freeze_in(&self.alarms, scope).await
    }

    async fn begin_in(&self, pool: &PgPool, scope: &Scope) -> sqlx::Result<ScopedTx> {
        within(BEGIN_WITHIN, async { self.scoped(pool.begin().await?, scope).await }).await
    }

    async fn freeze_in(&self, pool: &PgPool, scope: &Scope) -> sqlx::Result<ScopedTx> {
        let begin = "begin isolation level repeatable read read only";
        within(BEGIN_WITHIN, async { self.scoped(pool.begin_with(begin).await?, scope).await }).await
    }

    async fn scoped(&self, tx: Transaction<'static, Postgres>, scope: &Scope) -> sqlx::Result<ScopedTx> {
        let (scope, woken) = (scope.clone(), Arc::clone(&self.woken));
        let mut tx = ScopedTx { tx, scope, woken, wakes: [false; 3] };
        tx.tell_scope().await?;
        Ok(tx)
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

    /// A loop has left itself something.
    pub fn wake(&self, which: Loop) {
        self.woken[which as usize].send_modify(|count| *count = count.wrapping_add(1));
    }

    pub async fn database_now(&self) -> sqlx::Result<Timestamp> {
        within(BEGIN_WITHIN, async {
            let mut connection = self.alarms.acquire().await?;
            database_now(&mut connection).await
        })
        .await
    }

    pub async fn anchor(&self, clock: &Clock) -> sqlx::Result<()> {
        let asked_at = clock.now();
        clock.anchor(asked_at, self.database_now().await?);
        Ok(())
    }

    pub fn record_metrics(&self) {
        for (name, pool) in self.pools() {
            metrics::gauge!("db_pool_connections", "pool" => name).set(pool.size());
            metrics::gauge!("db_pool_idle", "pool" => name)
                .set(u32::try_from(pool.num_idle()).unwrap_or(u32::MAX));
        }
    }

    const fn pools(&self) -> [(&'static str, &PgPool); 3] {
        [("ordinary", &self.ordinary), ("alarms", &self.alarms), ("boards", &self.boards)]
    }

    pub async fn close(&self) {
        for (_, pool) in self.pools() {
            pool.close().await;
        }
    }
}

async fn database_now(db: &mut PgConnection) -> sqlx::Result<Timestamp> {
    sqlx::query_scalar!(r#"select clock_timestamp() as "at!""#).fetch_one(db).await
}

/// The work stands on the heap, so that whoever waits for it does not carry it along.
fn within<'a, T: 'a>(
    limit: Duration,
    work: impl Future<Output = sqlx::Result<T>> + Send + 'a,
) -> impl Future<Output = sqlx::Result<T>> + Send + 'a {
    let limited = tokio::time::timeout(limit, Box::pin(work));
    async move { limited.await.unwrap_or_else(|_| Err(sqlx::Error::Io(ErrorKind::TimedOut.into()))) }
}

async fn pool(options: PgConnectOptions, connections: u32) -> sqlx::Result<PgPool> {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .after_connect(|connection, _| {
            // whoever logs in, the work is done by the role that row security binds
            Box::pin(async move {
                connection.execute(SESSION).await?;
                Ok(())
            })
        })
        .after_release(|connection, _| {
            Box::pin(async move { within(RETURN_WITHIN, connection.ping()).await.map(|()| true) })
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

    async fn tell_scope(&mut self) -> sqlx::Result<()> {
        let scopes = self.scope.scopes.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(",");
        sqlx::query!(
            "select set_config('app.tenant', $1, true) as tenant,
                    set_config('app.actor', $2, true) as actor,
                    set_config('app.scopes', $3, true) as scopes,
                    set_config('app.purpose', $4, true) as purpose",
            self.scope.tenant.0.to_string(),
            self.scope.actor.0.to_string(),
            format!("{{{scopes}}}"),
            self.scope.purpose.as_str(),
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// After a statement that failed the transaction takes no more; this throws away what was done in it and begins
    /// it again, of the same kind and with the same scope. What was frozen is frozen anew.
    pub async fn start_over(&mut self) -> sqlx::Result<()> {
        self.wakes = [false; 3];
        self.tx.execute("rollback and chain").await?;
        self.tell_scope().await
    }

    pub async fn database_now(&mut self) -> sqlx::Result<Timestamp> {
        database_now(&mut self.tx).await
    }

    /// Without an answer in time nobody knows whether it was done: who asked asks again, under the same id.
    pub async fn commit(self) -> sqlx::Result<()> {
        within(COMMIT_WITHIN, self.tx.commit()).await?;
        for (woken, _) in self.woken.iter().zip(self.wakes).filter(|(_, wakes)| *wakes) {
            woken.send_modify(|count| *count = count.wrapping_add(1));
        }
        Ok(())
    }

    pub async fn rollback(self) -> sqlx::Result<()> {
        within(COMMIT_WITHIN, self.tx.rollback()).await
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
