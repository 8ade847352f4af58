//! When a first contact is missed: the item is overdue, its owner and lead see it, and an alarm follows if the policy
//! says so.

use super::take_in::DUE;
use super::{RAISE_ALARM, SUGGESTION, store};
use crate::events::{self, NewEvent, Stream, Subject};
use crate::platform::timers::{self, Due, Fired, Timer, TimerHandlers};
use crate::platform::{Ctx, Problem, ScopedTx};
use rules::ids::{OrgId, QueueItemId};
use rules::triage::{IfMissed, Suggestion};
use serde_json::json;
use uuid::Uuid;

pub fn timers(handlers: TimerHandlers) -> TimerHandlers {
    handlers.on(DUE, |ctx, tx, due| -> Fired<'_> { Box::pin(missed(ctx, tx, due)) })
}

async fn missed(ctx: &Ctx, tx: &mut ScopedTx, due: &Due) -> Result<(), Problem> {
    let Some(mut item) = store::load_for_update(tx, QueueItemId(due.subject_id)).await? else {
        return Ok(());
    };
    if item.version != due.fence || item.contacted_at.is_some() || item.state == store::ItemState::Closed {
        return Ok(());
    }
    let now = ctx.now();
    item.overdue_at = Some(now);
    item.version += 1;
    item.updated_at = now;
    store::save(tx, &item).await?;
    store::insert_change(
        tx,
        store::NewChange {
            id: ctx.new_id(),
            item: &item,
            at: now,
            by: None,
            kind: "overdue",
            from_tier: None,
            to_tier: None,
            note_sealed: None,
        },
    )
    .await?;
    if let Some(row) = store::load_suggestion(tx, item.suggestion_id).await? {
        let document = ctx.keys.open(tx.tenant(), SUGGESTION, row.id, &row.document_sealed)?;
        let suggestion: Suggestion =
            serde_json::from_slice(&document).map_err(|error| Problem::internal(&error))?;
        if let Some(missed) = suggestion.if_missed {
            ask_for_alarm(ctx, tx, &item, missed).await?;
        }
    }
    let event = NewEvent {
        stream: Stream::District(OrgId(item.district_id)),
        kind: "queue.overdue",
        subject: Subject::QueueItem(item.id),
        at: now,
        body: json!({"tier": item.tier}),
    };
    events::record(tx, event).await?;
    Ok(())
}

/// With a gathering time one alarm stands for all that one post missed in it, and counts them.
async fn ask_for_alarm(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    item: &store::Item,
    missed: IfMissed,
) -> Result<(), Problem> {
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
    let timer = Timer {
        subject_id: alarm,
        kind: RAISE_ALARM,
        step: i32::from(missed.priority.number()),
        lap: 0,
        // each missed item is a signal of its own
        fence: i64::try_from(item.id.as_u128() & 0x7fff_ffff_ffff_ffff).unwrap_or(i64::MAX),
        due_at: now,
        body: json!({
            "kind": "queue",
            "priority": missed.priority.number(),
            "org_id": if is_gathered { item.district_id } else { item.org_id },
            "person_id": (!is_gathered).then_some(item.person_id),
            "screening_id": (!is_gathered).then_some(item.screening_id),
            "queue_item_id": item.id,
            "reason": "first_contact_missed",
        }),
    };
    timers::schedule(tx, timer).await?;
    Ok(())
}
