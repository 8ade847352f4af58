//! Who has the alarm: claim, acknowledge, give back, tell the next, try again later, put aside, open again.

use super::{Command, Said, begin, carry_out, note};
use crate::dispatch::store::Kept;
use crate::dispatch::view::{self, AlarmView};
use crate::identity::Actor;
use crate::platform::{Ctx, Problem, ScopedTx};
use chrono::TimeDelta;
use rules::Private;
use rules::dispatch::AlarmEvent;
use rules::identity::Action;
use serde_json::json;

const ESCALATED: &str = "alarm.escalated";

pub async fn claim(ctx: &Ctx, actor: &Actor, command: Command) -> Result<AlarmView, Problem> {
    let (tx, kept) = begin(ctx, actor, command, Action::AlarmClaim).await?;
    let waited = (ctx.now() - kept.machine.raised_at).as_seconds_f64().max(0.0);
    let is_first = kept.decided.by.is_none();
    let said = Said::decides("alarm.claimed", "alarm.claim");
    let view = carry_out(ctx, actor, tx, kept, AlarmEvent::Claim { by: actor.account }, said).await?;
    if is_first {
        metrics::histogram!("alarm_claimed_after_seconds", "priority" => view.priority.clone())
            .record(waited);
    }
    Ok(view)
}

pub async fn acknowledge(ctx: &Ctx, actor: &Actor, command: Command) -> Result<AlarmView, Problem> {
    let (tx, kept) = begin(ctx, actor, command, Action::AlarmAcknowledge).await?;
    let said = Said::decides("alarm.acknowledged", "alarm.acknowledge");
    carry_out(ctx, actor, tx, kept, AlarmEvent::Acknowledge { by: actor.account }, said).await
}

pub async fn release(ctx: &Ctx, actor: &Actor, command: Command) -> Result<AlarmView, Problem> {
    let (tx, kept) = begin(ctx, actor, command, Action::AlarmRelease).await?;
    let said = Said::decides("alarm.released", "alarm.release");
    carry_out(ctx, actor, tx, kept, AlarmEvent::Release { by: actor.account }, said).await
}

/// The next step of the plan at once. Sent again because the answer was lost, it is not one step more.
pub async fn escalate(
    ctx: &Ctx,
    actor: &Actor,
    command: Command,
    reason: Option<Private<String>>,
) -> Result<AlarmView, Problem> {
    let (mut tx, kept) = begin(ctx, actor, command, Action::AlarmEscalate).await?;
    if has_since(&mut tx, actor, command, &kept, ESCALATED).await? {
        return view::one(ctx, &mut tx, &kept).await;
    }
    let words = note::keep(ctx, &mut tx, actor, kept.id, reason.as_ref()).await?;
    let said = Said::beside(ESCALATED, "alarm.escalate").with(json!({"words_id": words}));
    carry_out(ctx, actor, tx, kept, AlarmEvent::EscalateNow { by: actor.account }, said).await
}

/// Has this account done it already, after the version it says it has seen?
async fn has_since(
    tx: &mut ScopedTx,
    actor: &Actor,
    command: Command,
    kept: &Kept,
    kind: &str,
) -> Result<bool, Problem> {
    let tenant = tx.tenant();
    let events = crate::events::list_of(tx, tenant, kept.id.0).await?;
    Ok(events.iter().any(|event| {
        event.kind == kind
            && event.actor_id == Some(actor.account.0)
            && event.body["version"].as_i64().is_some_and(|version| version > command.expected_version)
    }))
}

pub async fn cannot_reach(
    ctx: &Ctx,
    actor: &Actor,
    command: Command,
    how: Private<String>,
    retry_in_secs: u32,
) -> Result<AlarmView, Problem> {
    let (mut tx, kept) = begin(ctx, actor, command, Action::AlarmCannotReach).await?;
    let words = note::keep(ctx, &mut tx, actor, kept.id, Some(&how)).await?;
    let retry_at = ctx.now() + TimeDelta::seconds(retry_in_secs.into());
    let said = Said::decides("alarm.unreachable", "alarm.cannot_reach")
        .with(json!({"words_id": words, "retry_at": retry_at}));
    carry_out(ctx, actor, tx, kept, AlarmEvent::Unreachable { by: actor.account, retry_at }, said).await
}

pub async fn shelve(
    ctx: &Ctx,
    actor: &Actor,
    command: Command,
    for_secs: u32,
    reason: Private<String>,
) -> Result<AlarmView, Problem> {
    let (mut tx, kept) = begin(ctx, actor, command, Action::AlarmShelve).await?;
    let words = note::keep(ctx, &mut tx, actor, kept.id, Some(&reason)).await?;
    let until = ctx.now() + TimeDelta::seconds(for_secs.into());
    let said =
        Said::decides("alarm.shelved", "alarm.shelve").with(json!({"words_id": words, "until": until}));
    carry_out(ctx, actor, tx, kept, AlarmEvent::Shelve { by: actor.account, until, reason }, said).await
}

pub async fn unshelve(ctx: &Ctx, actor: &Actor, command: Command) -> Result<AlarmView, Problem> {
    let (tx, kept) = begin(ctx, actor, command, Action::AlarmShelve).await?;
    let said = Said::decides("alarm.unshelved", "alarm.unshelve");
    carry_out(ctx, actor, tx, kept, AlarmEvent::Unshelve { by: actor.account }, said).await
}

pub async fn reopen(
    ctx: &Ctx,
    actor: &Actor,
    command: Command,
    reason: Option<Private<String>>,
) -> Result<AlarmView, Problem> {
    let (mut tx, kept) = begin(ctx, actor, command, Action::AlarmReopen).await?;
    let words = note::keep(ctx, &mut tx, actor, kept.id, reason.as_ref()).await?;
    let said = Said::decides("alarm.reopened", "alarm.reopen").with(json!({"words_id": words}));
    carry_out(ctx, actor, tx, kept, AlarmEvent::Reopen { by: actor.account }, said).await
}
