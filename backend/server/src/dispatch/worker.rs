//! What happens by itself: alarms asked for by other slices, steps of the plan, leases that run out.

use super::ops::raise::{Mark, Raise, SystemFault, raise_within};
use super::ops::record;
use super::store::deliveries::{self, NewDelivery, Told};
use super::store::{self, Kept};
use crate::platform::timers::{self, Due, Fired, TimerHandlers};
use crate::platform::{Ctx, Problem, ScopedTx};
use rules::Timestamp;
use rules::dispatch::{AlarmEvent, AlarmKind, Channel, Illegal, Position, Priority, Timer, TimerKind};
use rules::identity::Post;
use rules::ids::{AccountId, AlarmId, OrgId, PersonId, QueueItemId, ScreeningId};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

/// A slice below asks for an alarm: the subject is the alarm's id, the body says what for.
pub const RAISE: &str = "dispatch.raise";

const ESCALATE: &str = "dispatch.escalate";
const PRESENTED: &str = "dispatch.presented";
const LEASE: &str = "dispatch.lease";
const ACK_EXPIRY: &str = "dispatch.ack_expiry";
const RETRY: &str = "dispatch.retry";
const SHELF: &str = "dispatch.shelf";
const OF_AN_ALARM: [&str; 6] = [ESCALATE, PRESENTED, LEASE, ACK_EXPIRY, RETRY, SHELF];

pub fn timers(handlers: TimerHandlers) -> TimerHandlers {
    let handlers = handlers.on(RAISE, |ctx, tx, due| -> Fired<'_> { Box::pin(raise(ctx, tx, due)) });
    OF_AN_ALARM.into_iter().fold(handlers, |handlers, kind| {
        handlers.on(kind, |ctx, tx, due| -> Fired<'_> { Box::pin(fire(ctx, tx, due)) })
    })
}

/// A timer of the rules as a row. A lease can be renewed without a change of plan, so its fence is the instant it is
/// good for: the row of the shorter lease is void by itself.
fn row(alarm: AlarmId, timer: Timer) -> timers::Timer {
    let by_due_time = timer.due_at.timestamp_micros();
    let by_plan = i64::from(timer.fence);
    let (kind, position, fence) = match timer.kind {
        TimerKind::Escalate { position } => (ESCALATE, position, by_plan),
        TimerKind::Presented { position } => (PRESENTED, position, by_plan),
        TimerKind::Lease => (LEASE, Position::FIRST, by_due_time),
        TimerKind::AckExpiry => (ACK_EXPIRY, Position::FIRST, by_due_time),
        TimerKind::Retry => (RETRY, Position::FIRST, by_due_time),
        TimerKind::Shelf => (SHELF, Position::FIRST, by_due_time),
    };
    timers::Timer {
        subject_id: alarm.0,
        kind,
        step: i32::from(position.step),
        lap: i32::from(position.lap),
        fence,
        due_at: timer.due_at,
        body: json!({}),
    }
}

fn rows(kept: &Kept) -> Vec<timers::Timer> {
    kept.machine.timers().into_iter().map(|timer| row(kept.id, timer)).collect()
}

/// The rows of an alarm become what its machine waits for.
pub(super) async fn keep_timers(tx: &mut ScopedTx, kept: &Kept, at: Timestamp) -> sqlx::Result<()> {
    timers::replace(tx, kept.id.0, &OF_AN_ALARM, &rows(kept), at).await
}

/// Puts back what an open alarm waits for and has lost; says whether anything was missing.
pub async fn restore_timers(ctx: &Ctx, tx: &mut ScopedTx, alarm: AlarmId) -> Result<bool, Problem> {
    let Some(kept) = store::load_for_update(ctx, tx, alarm).await? else { return Ok(false) };
    let mut any = false;
    for timer in rows(&kept) {
        any |= timers::restore(tx, timer).await?;
    }
    Ok(any)
}

/// What another slice writes into the timer that asks for an alarm.
#[derive(Debug, Deserialize)]
struct Asked {
    kind: String,
    priority: u8,
    org_id: Uuid,
    person_id: Option<Uuid>,
    screening_id: Option<Uuid>,
    queue_item_id: Option<Uuid>,
    /// who submitted what it follows from, and may see how it stands
    by: Option<Uuid>,
    #[serde(default)]
    reason: String,
    /// an alarm about the person whose answers these turned out not to be
    instead_of: Option<Uuid>,
}

async fn raise(ctx: &Ctx, tx: &mut ScopedTx, due: &Due) -> Result<(), Problem> {
    let asked: Asked = serde_json::from_value(due.body.clone()).map_err(|error| Problem::internal(&error))?;
    let is_missed_deadline = asked.kind == "queue";
    // better a kind that does not quite fit than no alarm
    let kind = store::kind_of(&asked.kind).unwrap_or(AlarmKind::Screening);
    let raise = Raise {
        id: AlarmId(due.subject_id),
        kind,
        priority: Priority::from_number(asked.priority).unwrap_or(Priority::P2),
        reason: asked.reason,
        org: Some(OrgId(asked.org_id)),
        person: asked.person_id.map(PersonId),
        screening: asked.screening_id.map(ScreeningId),
        queue_item: asked.queue_item_id.map(QueueItemId),
        place: None,
        note: None,
        by: asked.by.map(AccountId),
        at: ctx.now(),
        device_at: None,
        drill: false,
        mark: Some(if is_missed_deadline { Mark::Deadline(due.fence) } else { Mark::Asked(due.fence) }),
    };
    let wrong = match asked.instead_of {
        Some(wrong) => store::load_for_update(ctx, tx, AlarmId(wrong)).await?,
        None => None,
    };
    raise_within(ctx, tx, &raise, OrgId(asked.org_id)).await?;
    if let Some(wrong) = wrong {
        // it stays open until somebody who has it says that nobody is left alone
        let body = json!({"alarm_id": raise.id});
        record(tx, &wrong, "alarm.person_corrected", body, ctx.now()).await?;
    }
    Ok(())
}

/// A timer of an alarm. If the alarm has moved on, nothing happens.
async fn fire(ctx: &Ctx, tx: &mut ScopedTx, due: &Due) -> Result<(), Problem> {
    let Some(kept) = store::load_for_update(ctx, tx, AlarmId(due.subject_id)).await? else { return Ok(()) };
    let waits_for = kept.machine.timers().into_iter().find(|timer| {
        let row = row(kept.id, *timer);
        row.kind == due.kind && row.step == due.step && row.lap == due.lap && row.fence == due.fence
    });
    match waits_for.map(|timer| timer.kind) {
        None => Ok(()),
        Some(TimerKind::Escalate { position }) => step(ctx, tx, kept, position, due).await,
        Some(TimerKind::Presented { position }) => unseen(ctx, tx, kept, position).await,
        Some(kind @ (TimerKind::Lease | TimerKind::AckExpiry | TimerKind::Retry | TimerKind::Shelf)) => {
            lapse(ctx, tx, kept, kind).await
        }
    }
}

/// `false`: the rules say that the alarm has moved on.
fn applied(kept: &mut Kept, event: AlarmEvent, at: Timestamp) -> Result<bool, Problem> {
    match kept.machine.clone().apply(event, at) {
        Ok(machine) => {
            kept.machine = machine;
            Ok(true)
        }
        Err(Illegal::Stale | Illegal::NotDue { .. }) => Ok(false),
        Err(illegal) => Err(Problem::internal(&illegal)),
    }
}

async fn lapse(ctx: &Ctx, tx: &mut ScopedTx, mut kept: Kept, kind: TimerKind) -> Result<(), Problem> {
    let now = ctx.now();
    let holder = kept.machine.holder();
    if !applied(&mut kept, kind.event(), now)? {
        return Ok(());
    }
    let event = match kind {
        TimerKind::Lease => "alarm.claim_expired",
        TimerKind::AckExpiry => "alarm.ack_expired",
        TimerKind::Retry => "alarm.retry_due",
        TimerKind::Shelf => "alarm.unshelved",
        TimerKind::Escalate { .. } | TimerKind::Presented { .. } => return Ok(()),
    };
    store::save(ctx, tx, &mut kept).await?;
    keep_timers(tx, &kept, now).await?;
    record(tx, &kept, event, json!({"account_id": holder}), now).await?;
    Ok(())
}

/// No screen that was called has shown the alarm: the next step comes at once.
async fn unseen(ctx: &Ctx, tx: &mut ScopedTx, mut kept: Kept, position: Position) -> Result<(), Problem> {
    let now = ctx.now();
    let since = kept.machine.escalation.from;
    let is_seen = kept.presented_at.is_some_and(|at| at >= since)
        || deliveries::is_received(tx, kept.id, position, since).await?;
    if is_seen || !applied(&mut kept, AlarmEvent::NotPresented { position }, now)? {
        return Ok(());
    }
    store::save(ctx, tx, &mut kept).await?;
    keep_timers(tx, &kept, now).await?;
    record(tx, &kept, "alarm.not_presented", json!({"step": position.step, "lap": position.lap}), now)
        .await?;
    Ok(())
}

/// Somebody to tell, and the post through which they were found.
struct Target {
    account: AccountId,
    post: Post,
}

/// A step of the plan: its posts become people at this moment.
async fn step(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    mut kept: Kept,
    position: Position,
    due: &Due,
) -> Result<(), Problem> {
    let now = ctx.now();
    let plan = kept.machine.policy.plan(kept.machine.priority).clone();
    let priority = kept.machine.priority;
    if !applied(&mut kept, AlarmEvent::Escalated { position }, now)? {
        return Ok(());
    }
    let (targets, empty) = resolve(tx, kept.org, &plan.posts(position)).await?;
    let is_a_step = usize::from(position.step) < plan.steps.len();
    if targets.is_empty() && is_a_step && plan.skip_if_empty {
        applied(&mut kept, AlarmEvent::NotPresented { position }, now)?;
    }
    let told = Told { alarm: kept.id, fence: due.fence, position };
    for channel in plan.channels(position) {
        notify(ctx, tx, told, channel, priority, &targets, &plan.posts(position)).await?;
    }
    for post in &empty {
        report_empty_post(ctx, tx, &kept, *post).await?;
    }
    store::save(ctx, tx, &mut kept).await?;
    keep_timers(tx, &kept, now).await?;
    let lateness = (now - due.due_at).as_seconds_f64().max(0.0);
    metrics::histogram!("escalation_lateness_seconds", "priority" => priority.code()).record(lateness);
    let place = json!({"step": position.step, "lap": position.lap, "passed": empty});
    if targets.is_empty() {
        record(tx, &kept, "alarm.step_empty", place, now).await?;
        return Ok(());
    }
    for target in targets {
        let mut body = place.clone();
        body["told"] = json!({"account_id": target.account, "post": target.post});
        record(tx, &kept, "alarm.told", body, now).await?;
    }
    Ok(())
}

/// Everybody on each post; for a post that nobody holds, whoever answers for it. Second: the posts nobody holds.
async fn resolve(tx: &mut ScopedTx, org: OrgId, posts: &[Post]) -> Result<(Vec<Target>, Vec<Post>), Problem> {
    let mut targets: Vec<Target> = Vec::new();
    let mut empty = Vec::new();
    for &post in posts {
        let mut found: Vec<Target> = crate::identity::holders_of(tx, post, org)
            .await?
            .into_iter()
            .map(|holder| Target { account: holder.account_id, post })
            .collect();
        if found.is_empty() {
            empty.push(post);
            let other = crate::identity::stand_in_for(tx, post, org).await?;
            found.extend(other.map(|other| Target { account: other.account, post: other.post }));
        }
        for target in found {
            if targets.iter().all(|known| known.account != target.account) {
                targets.push(target);
            }
        }
    }
    Ok((targets, empty))
}

async fn notify(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    told: Told,
    channel: Channel,
    priority: Priority,
    targets: &[Target],
    posts: &[Post],
) -> Result<(), Problem> {
    let (at, priority) = (ctx.now(), priority.number());
    match channel {
        Channel::Console => {
            for target in targets {
                let (account, post) = (Some(target.account), target.post.code());
                deliveries::insert(tx, NewDelivery { told, account, post, channel, priority, at }).await?;
            }
        }
        Channel::Webhook if ctx.webhook.is_some() => {
            let post = posts.iter().map(|post| post.code()).collect::<Vec<_>>().join(",");
            deliveries::insert(tx, NewDelivery { told, account: None, post: &post, channel, priority, at })
                .await?;
        }
        Channel::Webhook => {}
    }
    Ok(())
}

/// An alarm about the roster, once per post and hour, in a transaction of its own.
async fn report_empty_post(ctx: &Ctx, tx: &mut ScopedTx, kept: &Kept, post: Post) -> Result<(), Problem> {
    if kept.machine.drill {
        return Ok(());
    }
    let now = ctx.now();
    let fault = SystemFault {
        reason: format!("empty_post:{}", post.code()),
        priority: Priority::P3,
        org: Some(kept.district),
    };
    let timer = timers::Timer {
        subject_id: fault.alarm_id(tx.tenant(), now).0,
        kind: RAISE,
        step: i32::from(fault.priority.number()),
        lap: 0,
        fence: 0,
        due_at: now,
        body: json!({
            "kind": AlarmKind::System.code(),
            "priority": fault.priority.number(),
            "org_id": kept.district,
            "reason": fault.reason,
        }),
    };
    timers::schedule(tx, timer).await?;
    Ok(())
}
