//! What happens to an item by itself: a missed deadline makes it overdue, its owner and lead see it, and an alarm
//! follows if the policy says so; an alarm that was closed passes it on, to be followed.

use super::decide::standing;
use super::item::Item;
use super::take_in::{DUE, waits_for, watch};
use super::{RAISE_ALARM, policy, store};
use crate::events::{self, NewEvent, Stream, Subject};
use crate::platform::timers::{self, Due, Fired, Timer, TimerHandlers};
use crate::platform::{Ctx, Problem, ScopedTx};
use rules::Timestamp;
use rules::ids::{AccountId, AlarmId, OrgId, QueueItemId};
use rules::triage::{IfMissed, Progress, Stage, if_missed};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

const ALARM_CLOSED: &str = "queue.alarm_closed";

pub fn timers(handlers: TimerHandlers) -> TimerHandlers {
    handlers
        .on(DUE, |ctx, tx, due| -> Fired<'_> { Box::pin(missed(ctx, tx, due)) })
        .on(ALARM_CLOSED, |ctx, tx, due| -> Fired<'_> { Box::pin(pass_on(ctx, tx, due)) })
}

async fn missed(ctx: &Ctx, tx: &mut ScopedTx, due: &Due) -> Result<(), Problem> {
    let Some(mut item) = store::load_for_update(tx, QueueItemId(due.subject_id)).await? else {
        return Ok(());
    };
    if item.version != due.fence || item.is_closed() {
        return Ok(());
    }
    let late = item.progress().missed(ctx.now());
    let event = step(ctx, tx, &mut item, late, Step { kind: "overdue", by: None }).await?;
    if let Some(missed) = becomes(ctx, tx, &item).await? {
        ask_for_alarm(ctx, tx, &item, missed).await?;
    }
    events::record(tx, event).await?;
    Ok(())
}

/// By the tier that holds now, whoever put the item there. Old results do not ring.
async fn becomes(ctx: &Ctx, tx: &mut ScopedTx, item: &Item) -> Result<Option<IfMissed>, Problem> {
    if item.list == "review" {
        return Ok(None);
    }
    let policy = policy::active_policy(ctx, tx).await?;
    let suggestion = store::open_suggestion(ctx, tx, item.suggestion_id).await?;
    let rings_by_itself = item.stage() == Stage::FirstContact
        && suggestion.as_ref().is_some_and(|said| said.tier == item.tier() && said.alarm.is_some());
    if rings_by_itself {
        return Ok(None);
    }
    let standing = standing(ctx, tx, &policy, item, item.tier()).await?;
    Ok(if_missed(policy.document(), item.stage(), item.tier(), standing.level))
}

/// With a gathering time one alarm stands for all that one post missed in it, and counts them.
async fn ask_for_alarm(ctx: &Ctx, tx: &mut ScopedTx, item: &Item, missed: IfMissed) -> Result<(), Problem> {
    let now = ctx.now();
    let alarm = match missed.gather_secs {
        Some(secs) => {
            let window = now.timestamp() / i64::from(secs.max(1));
            let post = item.owner_post.as_deref().unwrap_or_default();
            Uuid::new_v5(&item.district_id, format!("overdue|{post}|{window}").as_bytes())
        }
        None => Uuid::new_v5(&item.id, b"overdue"),
    };
    let is_gathered = missed.gather_secs.is_some();
    let reason = match item.stage() {
        Stage::FirstContact => "first_contact_missed",
        Stage::Interview | Stage::FollowUp(_) | Stage::Outcome => "follow_up_missed",
    };
    let timer = Timer {
        subject_id: alarm,
        kind: RAISE_ALARM,
        step: i32::from(missed.priority.number()),
        lap: 0,
        // each missed deadline is a signal of its own
        fence: mark(item),
        due_at: now,
        body: json!({
            "kind": "queue",
            "priority": missed.priority.number(),
            "org_id": if is_gathered { item.district_id } else { item.org_id },
            "person_id": (!is_gathered).then_some(item.person_id),
            "screening_id": (!is_gathered).then_some(item.screening_id),
            "queue_item_id": item.id,
            "reason": reason,
        }),
    };
    timers::schedule(tx, timer).await?;
    Ok(())
}

fn mark(item: &Item) -> i64 {
    let of_item = Uuid::new_v5(&item.id, &item.version.to_be_bytes());
    i64::try_from(of_item.as_u128() & 0x7fff_ffff_ffff_ffff).unwrap_or(i64::MAX)
}

/// An alarm that was closed: what it says of the items that it was about.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AlarmClosed {
    pub alarm: AlarmId,
    /// Of the alarm: tells two closes apart.
    pub version: i64,
    pub item: Option<QueueItemId>,
    /// What the alarm took in.
    pub signals: Vec<Uuid>,
    pub by: AccountId,
    pub at: Timestamp,
    pub was_reached: bool,
}

/// In the transaction that closes the alarm. The items may lie where whoever closes it cannot look, so they follow by
/// themselves.
pub async fn alarm_closed(tx: &mut ScopedTx, closed: &AlarmClosed) -> Result<(), Problem> {
    for signal in closed.signals.iter().filter(|_| closed.was_reached) {
        // somebody was with the person: what was only going to ring is taken back
        timers::cancel(tx, *signal, &[RAISE_ALARM], closed.at).await?;
    }
    let timer = Timer {
        subject_id: closed.alarm.0,
        kind: ALARM_CLOSED,
        step: 0,
        lap: 0,
        fence: closed.version,
        due_at: closed.at,
        body: serde_json::to_value(closed).map_err(|error| Problem::internal(&error))?,
    };
    timers::schedule(tx, timer).await?;
    Ok(())
}

async fn pass_on(ctx: &Ctx, tx: &mut ScopedTx, due: &Due) -> Result<(), Problem> {
    let closed: AlarmClosed =
        serde_json::from_value(due.body.clone()).map_err(|error| Problem::internal(&error))?;
    let policy = policy::active_policy(ctx, tx).await?;
    let mut events = Vec::new();
    for mut item in store::list_of_alarm(tx, closed.item, &closed.signals).await? {
        let before = item.progress();
        // what was asked since the close is not answered by it
        if before.stage == Stage::FirstContact && before.counted_from >= closed.at {
            continue;
        }
        let after = before.alarm_closed(policy.document(), closed.was_reached, ctx.now());
        if after == before {
            continue;
        }
        item.owner_id = None;
        let by = Some(closed.by.0);
        events.push(step(ctx, tx, &mut item, after, Step { kind: "alarm_closed", by }).await?);
    }
    for event in events {
        events::record(tx, event).await?;
    }
    Ok(())
}

/// Puts back what an open item waits for and has lost; says whether anything was missing.
pub async fn restore_watch(tx: &mut ScopedTx, id: QueueItemId) -> Result<bool, Problem> {
    let Some(item) = store::load_for_update(tx, id).await? else { return Ok(false) };
    match waits_for(&item) {
        Some(timer) => Ok(timers::restore(tx, timer).await?),
        None => Ok(false),
    }
}

/// Whoever kept the item cannot act any more: it is the post's again.
pub async fn release_owner(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    id: QueueItemId,
    left: AccountId,
) -> Result<bool, Problem> {
    let Some(mut item) = store::load_for_update(tx, id).await? else { return Ok(false) };
    if item.owner_id != Some(left.0) {
        return Ok(false);
    }
    item.owner_id = None;
    let same = item.progress();
    let event = step(ctx, tx, &mut item, same, Step { kind: "owner_left", by: None }).await?;
    events::record(tx, event).await?;
    Ok(true)
}

struct Step {
    kind: &'static str,
    by: Option<Uuid>,
}

/// Saves, remembers the deadline, writes the history; the event is still to be recorded.
async fn step(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    item: &mut Item,
    progress: Progress,
    step: Step,
) -> Result<NewEvent, Problem> {
    let now = ctx.now();
    item.follow(progress);
    item.version += 1;
    item.updated_at = now;
    store::save(tx, item).await?;
    let change = store::NewChange {
        id: ctx.new_id(),
        item,
        at: now,
        by: step.by,
        kind: step.kind,
        from_tier: None,
        to_tier: None,
        note_sealed: None,
    };
    store::insert_change(tx, change).await?;
    watch(ctx, tx, item).await?;
    Ok(NewEvent {
        stream: Stream::District(OrgId(item.district_id)),
        kind: match step.kind {
            "overdue" => "queue.overdue",
            _ => "queue.passed_on",
        },
        subject: Subject::QueueItem(item.id),
        at: now,
        body: json!({"tier": item.tier}),
    })
}
