//! A person wants to be left in peace: what is mild is closed. From tier 2 on it stays with its owner, because somebody
//! may need help.

use super::store::{self, NewChange};
use super::take_in::watch;
use crate::events::{NewEvent, Stream, Subject};
use crate::platform::{Ctx, Problem, ScopedTx};
use rules::ids::{OrgId, PersonId};
use serde_json::json;

/// The events are to be recorded last in the transaction.
pub async fn close_mild(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    person: PersonId,
    outcome: &'static str,
) -> Result<Vec<NewEvent>, Problem> {
    let now = ctx.now();
    let mut events = Vec::new();
    for mut item in store::list_mild_of(tx, person).await? {
        item.follow(item.progress().closed());
        item.closed_at = Some(now);
        item.close_outcome = Some(outcome.to_owned());
        item.version += 1;
        item.updated_at = now;
        store::save(tx, &item).await?;
        let change = NewChange {
            id: ctx.new_id(),
            item: &item,
            at: now,
            by: Some(tx.scope().actor.0),
            kind: "closed",
            from_tier: None,
            to_tier: None,
            note_sealed: None,
        };
        store::insert_change(tx, change).await?;
        watch(ctx, tx, &item).await?;
        events.push(NewEvent {
            stream: Stream::District(OrgId(item.district_id)),
            kind: "queue.closed",
            subject: Subject::QueueItem(item.id),
            at: now,
            body: json!({"outcome": outcome}),
        });
    }
    Ok(events)
}
