//! A screen has really shown an alarm: the loop from the press to a pair of eyes is closed.

use super::record;
use crate::dispatch::store::{self, deliveries};
use crate::identity::Actor;
use crate::platform::{Ctx, Problem, Purpose};
use rules::identity::Action;
use rules::ids::AlarmId;
use serde_json::json;

/// Kept once for the alarm and once for each call to this account; a repeated receipt changes nothing. Only the screen
/// of somebody who could take the alarm counts.
pub async fn presented(ctx: &Ctx, actor: &Actor, alarm: AlarmId) -> Result<(), Problem> {
    if !ctx.receipts.take(alarm, actor.account) {
        return Ok(());
    }
    keep(ctx, actor, alarm).await.inspect_err(|_| ctx.receipts.forget(alarm))
}

async fn keep(ctx: &Ctx, actor: &Actor, alarm: AlarmId) -> Result<(), Problem> {
    let now = ctx.now();
    let scope = actor.scope_for(Action::AlarmClaim, Purpose::Dispatch);
    let mut tx = ctx.db.begin_alarm(&scope).await?;
    if !deliveries::is_awaited(&mut tx, alarm, actor.account).await? {
        return Ok(());
    }
    let Some(mut kept) = store::load_for_update(ctx, &mut tx, alarm).await? else { return Ok(()) };
    if !crate::identity::is_within(&mut tx, kept.org, &scope.scopes).await? {
        return Ok(());
    }
    let received = deliveries::receive(&mut tx, alarm, actor.account, now).await?;
    let is_first = kept.presented_at.is_none();
    if !is_first && received == 0 {
        return Ok(());
    }
    if is_first {
        kept.presented_at = Some(now);
        let waited = (now - kept.machine.raised_at).as_seconds_f64().max(0.0);
        metrics::histogram!("alarm_presented_after_seconds", "priority" => kept.machine.priority.code())
            .record(waited);
    }
    store::save(ctx, &mut tx, &mut kept).await?;
    let body = json!({"account_id": actor.account, "first": is_first});
    record(&mut tx, &kept, "alarm.presented", body, now).await?;
    tx.commit().await?;
    Ok(())
}
