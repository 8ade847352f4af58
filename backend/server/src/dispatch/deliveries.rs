//! Sending what does not go by the live screens. A delivery is leased, sent under its own key, and settled; a crash in
//! between leaves a lease that runs out, and the same key is sent again: better a second call than silence.

use super::ops::raise::{SystemFault, raise_system};
use super::store::deliveries::{self, Leased, Outcome};
use super::store::{self, Kept};
use crate::platform::tasks::turn;
use crate::platform::{Ctx, Loop, Problem};
use chrono::TimeDelta;
use futures_util::future::join_all;
use rules::dispatch::{Priority, State};
use rules::ids::{AlarmId, TenantId};
use std::ops::RangeInclusive;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const POLL: Duration = Duration::from_millis(200);
/// Longer than the other side may take to answer.
const LEASE_SECS: i64 = 10;
const BATCH: i64 = 8;
/// Pauses before the second, third … attempt; after the last one the channel has failed.
const PAUSES_SECS: [i64; 4] = [2, 5, 15, 30];

/// The most urgent alarms have a lane of their own, so that nothing stands before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    Urgent,
    Other,
}

impl Lane {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Urgent => "deliveries_urgent",
            Self::Other => "deliveries_other",
        }
    }

    const fn priorities(self) -> RangeInclusive<i16> {
        match self {
            Self::Urgent => 1..=1,
            Self::Other => 2..=4,
        }
    }
}

pub async fn run(ctx: Ctx, lane: Lane, stop: CancellationToken) {
    let mut woken = ctx.db.woken(Loop::Deliveries);
    loop {
        // a batch is a turn: what stands behind a slow receiver is not cut off in the middle of an answer
        while turn(&ctx, lane.name(), Box::pin(send_batches(&ctx, lane))).await.is_some_and(|sent| sent > 0) {
            if stop.is_cancelled() {
                return;
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(POLL) => {}
            _ = woken.changed() => {}
        }
    }
}

/// Sends everything that is due now; returns how many attempts were made. Tests step the world with it.
pub async fn send_due(ctx: &Ctx, lane: Lane) -> Result<usize, Problem> {
    let mut sent = 0;
    loop {
        match send_batches(ctx, lane).await? {
            0 => return Ok(sent),
            more => sent += more,
        }
    }
}

/// A batch of each tenant, all at once: one that waits for a slow receiver holds up no other.
async fn send_batches(ctx: &Ctx, lane: Lane) -> Result<usize, Problem> {
    if ctx.webhook.is_none() {
        return Ok(0);
    }
    let mut sent = 0;
    for batch in join_all(ctx.tenants().iter().map(|tenant| send_batch(ctx, tenant.id, lane))).await {
        sent += batch?;
    }
    Ok(sent)
}

async fn send_batch(ctx: &Ctx, tenant: TenantId, lane: Lane) -> Result<usize, Problem> {
    let batch = lease(ctx, tenant, lane).await?;
    for attempt in join_all(batch.iter().map(|leased| attempt(ctx, tenant, leased))).await {
        attempt?;
    }
    Ok(batch.len())
}

async fn lease(ctx: &Ctx, tenant: TenantId, lane: Lane) -> Result<Vec<Leased>, Problem> {
    let now = ctx.now();
    let mut tx = ctx.begin_system(tenant).await?;
    let until = now + TimeDelta::seconds(LEASE_SECS);
    let leased = deliveries::lease(&mut tx, lane.priorities(), now, until, BATCH).await?;
    if !leased.is_empty() {
        tx.commit().await?;
    }
    Ok(leased)
}

async fn attempt(ctx: &Ctx, tenant: TenantId, leased: &Leased) -> Result<(), Problem> {
    let Some(webhook) = &ctx.webhook else { return Ok(()) };
    let kept = {
        let mut tx = ctx.begin_system(tenant).await?;
        store::load(ctx, &mut tx, AlarmId(leased.alarm_id)).await?
    };
    let outcome = match kept.filter(|kept| is_needed(kept, leased)) {
        None => Outcome::Failed { error: NO_LONGER_NEEDED },
        Some(kept) => match webhook.send(ctx, tenant, leased, &kept).await {
            Ok(()) => Outcome::Received,
            Err(error) => after_failure(ctx, leased, error),
        },
    };
    settle(ctx, tenant, leased, outcome).await
}

/// Nobody has the alarm, or whoever has it asked for this very step.
fn is_needed(kept: &Kept, leased: &Leased) -> bool {
    match kept.machine.state {
        State::Raised { .. } => true,
        State::Claimed { .. } | State::Acknowledged { .. } => {
            leased.fence == i64::from(kept.machine.escalation.fence)
        }
        State::Closed { .. } => false,
    }
}

const NO_LONGER_NEEDED: &str = "no longer needed";

fn after_failure(ctx: &Ctx, leased: &Leased, error: &'static str) -> Outcome {
    let priority = leased.priority.to_string();
    metrics::counter!("delivery_failures_total", "channel" => "webhook", "priority" => priority).increment(1);
    tracing::warn!(delivery.id = %leased.id, attempt = leased.attempts, error, "a delivery failed");
    let done = usize::try_from(leased.attempts).unwrap_or(usize::MAX).saturating_sub(1);
    match PAUSES_SECS.get(done) {
        Some(&pause) => Outcome::TryAgain { at: ctx.now() + TimeDelta::seconds(pause), error },
        None => Outcome::Failed { error },
    }
}

async fn settle(ctx: &Ctx, tenant: TenantId, leased: &Leased, outcome: Outcome) -> Result<(), Problem> {
    let now = ctx.now();
    let has_failed = matches!(outcome, Outcome::Failed { error } if error != NO_LONGER_NEEDED);
    let mut tx = ctx.begin_system(tenant).await?;
    deliveries::settle(&mut tx, leased, outcome, now).await?;
    tx.commit().await?;
    if has_failed {
        let fault = SystemFault { reason: "webhook_failing".to_owned(), priority: Priority::P3, org: None };
        raise_system(ctx, tenant, fault).await?;
    }
    Ok(())
}
