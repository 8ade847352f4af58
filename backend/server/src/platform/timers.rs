//! Timers are rows with a due time, not tasks: a restart loses none, and any node fires them.
//!
//! A slice schedules a timer in the transaction that makes it necessary and registers what happens when it is due.
//! Firing locks the row, runs the handler and marks the row done in one transaction, so that it happens once.
//! A `fence` older than the subject's makes the handler do nothing: an acknowledgement outruns a late escalation.

use super::ctx::Ctx;
use super::db::{Loop, ScopedTx};
use super::problem::Problem;
use super::tasks::turn;
use futures_util::FutureExt;
use rules::Timestamp;
use rules::ids::TenantId;
use serde_json::Value;
use sqlx::PgConnection;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The truth when no wake-up came.
const POLL: Duration = Duration::from_millis(200);
/// So long a turn stays with one tenant while something is due there; then it shows that it is alive.
const TURN: Duration = Duration::from_secs(1);
const MAX_BACKOFF_SECS: f64 = 30.0;

#[derive(Debug, Clone, PartialEq)]
pub struct Timer {
    pub subject_id: Uuid,
    pub kind: &'static str,
    pub step: i32,
    pub lap: i32,
    pub fence: i64,
    pub due_at: Timestamp,
    pub body: Value,
}

/// A timer that is due, as its handler sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Due {
    pub subject_id: Uuid,
    pub kind: String,
    pub step: i32,
    pub lap: i32,
    pub fence: i64,
    pub due_at: Timestamp,
    pub body: Value,
}

pub type Fired<'a> = Pin<Box<dyn Future<Output = Result<(), Problem>> + Send + 'a>>;
pub type TimerHandler = for<'a> fn(&'a Ctx, &'a mut ScopedTx, &'a Due) -> Fired<'a>;

#[derive(Clone, Default)]
pub struct TimerHandlers(BTreeMap<&'static str, TimerHandler>);

impl fmt::Debug for TimerHandlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

impl TimerHandlers {
    #[must_use]
    pub fn on(mut self, kind: &'static str, handler: TimerHandler) -> Self {
        self.0.insert(kind, handler);
        self
    }
}

/// Scheduling the same timer twice is one timer.
pub async fn schedule(tx: &mut ScopedTx, timer: Timer) -> sqlx::Result<()> {
    tx.wake(Loop::Timers);
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into timer (tenant_id, subject_id, kind, step, lap, fence, due_at, body)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict on constraint timer_pk do nothing",
        tenant.0,
        timer.subject_id,
        timer.kind,
        timer.step,
        timer.lap,
        timer.fence,
        timer.due_at,
        timer.body,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What a subject no longer waits for. A timer that is being fired at this moment is passed over, because its handler
/// may be waiting for the row this transaction holds; the handler finds its fence outrun and does nothing.
pub async fn cancel(tx: &mut ScopedTx, subject_id: Uuid, kinds: &[&str], at: Timestamp) -> sqlx::Result<()> {
    replace(tx, subject_id, kinds, &[], at).await
}

/// Of these kinds the subject waits for `wanted` and nothing else. Rows that are being fired are never waited for.
pub async fn replace(
    tx: &mut ScopedTx,
    subject_id: Uuid,
    kinds: &[&str],
    wanted: &[Timer],
    at: Timestamp,
) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    let kinds: Vec<String> = kinds.iter().map(|&kind| kind.to_owned()).collect();
    let names: Vec<String> = wanted.iter().map(|timer| timer.kind.to_owned()).collect();
    let steps: Vec<i32> = wanted.iter().map(|timer| timer.step).collect();
    let laps: Vec<i32> = wanted.iter().map(|timer| timer.lap).collect();
    let fences: Vec<i64> = wanted.iter().map(|timer| timer.fence).collect();
    sqlx::query!(
        "with void as (
             select tenant_id, subject_id, kind, step, lap, fence
               from timer
              where tenant_id = $1 and subject_id = $2 and kind = any($3) and done_at is null
                and (kind, step, lap, fence) not in
                    (select w.kind, w.step, w.lap, w.fence
                       from unnest($5::text[], $6::int[], $7::int[], $8::bigint[]) as w (kind, step, lap, fence))
                for update skip locked
         )
         update timer t
            set done_at = $4
           from void v
          where t.tenant_id = v.tenant_id and t.subject_id = v.subject_id and t.kind = v.kind
            and t.step = v.step and t.lap = v.lap and t.fence = v.fence",
        tenant.0,
        subject_id,
        &kinds,
        at,
        &names,
        &steps,
        &laps,
        &fences,
    )
    .execute(&mut **tx)
    .await?;
    for timer in wanted {
        schedule(tx, timer.clone()).await?;
    }
    // wanted, given up and wanted again within one instant
    sqlx::query!(
        "update timer t
            set done_at = null
           from unnest($3::text[], $4::int[], $5::int[], $6::bigint[]) as w (kind, step, lap, fence)
          where t.tenant_id = $1 and t.subject_id = $2 and t.kind = w.kind and t.step = w.step and t.lap = w.lap
            and t.fence = w.fence and t.done_at is not null",
        tenant.0,
        subject_id,
        &names,
        &steps,
        &laps,
        &fences,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Opens a timer again that should be open, or makes it: for the auditor. Says whether anything was missing.
pub async fn restore(tx: &mut ScopedTx, timer: Timer) -> sqlx::Result<bool> {
    tx.wake(Loop::Timers);
    let tenant = tx.tenant();
    let restored = sqlx::query!(
        "insert into timer as t (tenant_id, subject_id, kind, step, lap, fence, due_at, body)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict on constraint timer_pk do update
            set done_at = null, due_at = excluded.due_at
          where t.done_at is not null",
        tenant.0,
        timer.subject_id,
        timer.kind,
        timer.step,
        timer.lap,
        timer.fence,
        timer.due_at,
        timer.body,
    )
    .execute(&mut **tx)
    .await?;
    Ok(restored.rows_affected() > 0)
}

/// The earliest open timer of a subject, for showing what comes next.
pub async fn next_for(
    db: &mut PgConnection,
    tenant: TenantId,
    subject_id: Uuid,
    kind: &str,
) -> sqlx::Result<Option<Timestamp>> {
    sqlx::query_scalar!(
        "select min(due_at)
           from timer
          where tenant_id = $1 and subject_id = $2 and kind = $3 and done_at is null",
        tenant.0,
        subject_id,
        kind,
    )
    .fetch_one(db)
    .await
}

/// Alarms have loops of their own, so that a night's overdue reviews never stand before a red.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    Alarms,
    All,
}

impl Lane {
    const fn kinds(self) -> &'static str {
        match self {
            Self::Alarms => "dispatch.%",
            Self::All => "%",
        }
    }
}

/// Fires what is due until told to stop.
pub async fn run(ctx: Ctx, name: &'static str, lane: Lane, stop: CancellationToken) {
    let mut woken = ctx.db.woken(Loop::Timers);
    loop {
        let next = match turn(&ctx, name, Box::pin(fire_and_look_ahead(&ctx, lane, TURN))).await {
            Some((_, next)) => {
                ctx.engine_looked();
                next
            }
            None => None,
        };
        let wait = next.map_or(POLL, |due| (due - ctx.now()).to_std().unwrap_or_default().min(POLL));
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait.max(Duration::from_millis(1))) => {}
            _ = woken.changed() => {}
        }
    }
}

/// Fires everything that is due now; returns how many. Tests step the world with it.
pub async fn fire_due(ctx: &Ctx) -> Result<usize, Problem> {
    let (fired, _) = fire_and_look_ahead(ctx, Lane::All, Duration::MAX).await?;
    Ok(fired)
}

/// How many were due, and when the next one will be. In a flood one tenant keeps the others waiting no longer than
/// `at_most`.
async fn fire_and_look_ahead(
    ctx: &Ctx,
    lane: Lane,
    at_most: Duration,
) -> Result<(usize, Option<Timestamp>), Problem> {
    let mut fired = 0;
    let mut next: Option<Timestamp> = None;
    for tenant in ctx.tenants() {
        let began = Instant::now();
        loop {
            if began.elapsed() > at_most {
                next = Some(ctx.now());
                break;
            }
            match fire_one(ctx, tenant.id, lane).await? {
                Looked::Fired => fired += 1,
                Looked::NothingUntil(due) => {
                    next = next.into_iter().chain(due).min();
                    break;
                }
            }
        }
    }
    Ok((fired, next))
}

#[derive(Debug, thiserror::Error)]
#[error("the handler of a timer panicked")]
struct Panicked;

enum Looked {
    Fired,
    NothingUntil(Option<Timestamp>),
}

async fn fire_one(ctx: &Ctx, tenant: TenantId, lane: Lane) -> Result<Looked, Problem> {
    let now = ctx.now();
    let mut tx = ctx.begin_system(tenant).await?;
    let Some(due) = sqlx::query_as!(
        Due,
        "select subject_id, kind, step, lap, fence, due_at, body
           from timer
          where tenant_id = $1 and done_at is null and due_at <= $2 and kind like $3
          order by due_at
          limit 1
            for update skip locked",
        tenant.0,
        now,
        lane.kinds(),
    )
    .fetch_optional(&mut *tx)
    .await?
    else {
        return Ok(Looked::NothingUntil(next_due(&mut tx, tenant, lane, now).await?));
    };
    let started = Instant::now();
    let outcome = match ctx.timers.0.get(due.kind.as_str()) {
        // one that panics is put off as well: otherwise every loop would take it first, again and again
        Some(handler) => AssertUnwindSafe(handler(ctx, &mut tx, &due))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Err(Problem::internal(&Panicked))),
        None => Err(Problem::not_found("no handler for this timer")),
    };
    if let Err(problem) = outcome {
        tracing::error!(timer.kind = due.kind, subject.id = %due.subject_id, status = %problem.status(), "timer failed");
        metrics::counter!("timer_failures_total", "kind" => due.kind.clone()).increment(1);
        tx.rollback().await?;
        put_off(ctx, tenant, &due).await?;
        return Ok(Looked::Fired);
    }
    mark_done(&mut tx, &due, now).await?;
    tx.commit().await?;
    let lateness = (ctx.now() - due.due_at).as_seconds_f64().max(0.0);
    metrics::histogram!("timer_lateness_seconds", "kind" => due.kind.clone()).record(lateness);
    metrics::histogram!("timer_handling_seconds", "kind" => due.kind).record(started.elapsed().as_secs_f64());
    Ok(Looked::Fired)
}

async fn mark_done(tx: &mut ScopedTx, due: &Due, at: Timestamp) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update timer
            set done_at = $7
          where tenant_id = $1 and subject_id = $2 and kind = $3 and step = $4 and lap = $5 and fence = $6",
        tenant.0,
        due.subject_id,
        due.kind,
        due.step,
        due.lap,
        due.fence,
        at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A timer whose handler failed stays open and is tried again, later each time; the auditor sees it being late.
async fn put_off(ctx: &Ctx, tenant: TenantId, due: &Due) -> Result<(), Problem> {
    let mut tx = ctx.begin_system(tenant).await?;
    sqlx::query!(
        "update timer
            set attempts = attempts + 1,
                due_at = $7::timestamptz + make_interval(secs => least(power(2, attempts), $8)::double precision)
          where tenant_id = $1 and subject_id = $2 and kind = $3 and step = $4 and lap = $5 and fence = $6",
        tenant.0,
        due.subject_id,
        due.kind,
        due.step,
        due.lap,
        due.fence,
        ctx.now(),
        MAX_BACKOFF_SECS,
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(())
}

/// One that is due already is in another loop's hands: it is not waited for.
async fn next_due(
    tx: &mut ScopedTx,
    tenant: TenantId,
    lane: Lane,
    now: Timestamp,
) -> sqlx::Result<Option<Timestamp>> {
    sqlx::query_scalar!(
        "select min(due_at) from timer where tenant_id = $1 and done_at is null and due_at > $2 and kind like $3",
        tenant.0,
        now,
        lane.kinds(),
    )
    .fetch_one(&mut **tx)
    .await
}
