//! After a high second look the worker is asked what is happening now. A yes raises; nothing lowers by itself.

use super::store::{self, Kept};
use super::submit::{ROUNDS, house, lock, revisit};
use crate::audit::Entry;
use crate::events;
use crate::people::Brief;
use crate::platform::{Ctx, Problem, Scope, ScopedTx};
use crate::triage;
use rules::ids::{PersonId, ScreeningId, VisitId};
use rules::triage::{Danger, Suggestion};
use serde_json::json;
use uuid::Uuid;

pub struct Looked {
    pub suggestion: Suggestion,
    pub alarm: Option<Uuid>,
}

pub async fn report(ctx: &Ctx, scope: &Scope, id: ScreeningId, answered: Danger) -> Result<Looked, Problem> {
    let (mut tx, person, kept) = begin(ctx, scope, id).await?;
    let before: Danger =
        serde_json::from_value(kept.danger.clone()).map_err(|error| Problem::internal(&error))?;
    let danger =
        serde_json::to_value(before.raised_by(answered)).map_err(|error| Problem::internal(&error))?;
    store::set_danger(&mut tx, id, danger).await?;
    let screenings = store::list_of_visit(&mut tx, VisitId(kept.visit_id)).await?;
    let mut visit = revisit(ctx, &mut tx, &screenings, &person, VisitId(kept.visit_id)).await?;
    visit.screening = id;
    visit.is_news = answered.says_any_yes();
    let taken = triage::take_in(ctx, &mut tx, visit).await?;
    let entry = Entry {
        action: "screening.danger",
        subject_kind: "screening",
        subject_id: Some(id.0),
        detail: json!({"tier": taken.suggestion.tier}),
    };
    crate::audit::write(ctx, &mut tx, entry).await?;
    events::record(&mut tx, taken.event).await?;
    tx.commit().await?;
    Ok(Looked { suggestion: taken.suggestion, alarm: taken.alarm.map(|id| id.0) })
}

/// Holds the person whose screening it is. Somebody may correct that while this waits for the lock: then it is begun
/// again, because two people are locked in one order only.
async fn begin(ctx: &Ctx, scope: &Scope, id: ScreeningId) -> Result<(ScopedTx, Brief, Kept), Problem> {
    let nothing = || Problem::not_found("screening");
    let mut tx = ctx.db.begin_alarm(scope).await?;
    let is_in_sight = store::find(&mut tx, id).await?.is_some();
    drop(tx);
    // moved out of sight by a correction: whoever asked the questions still says what was answered
    let scope = if is_in_sight { scope.clone() } else { house(ctx, scope) };
    for _ in 0..ROUNDS {
        let mut tx = ctx.db.begin_alarm(&scope).await?;
        if !is_in_sight && !store::was_sent_by(&mut tx, id, scope.actor).await? {
            return Err(nothing());
        }
        let whose = PersonId(store::find(&mut tx, id).await?.ok_or_else(nothing)?.person_id);
        let person = lock(ctx, &mut tx, whose).await?;
        let kept = store::find(&mut tx, id).await?.ok_or_else(nothing)?;
        if kept.person_id == whose.0 {
            return Ok((tx, person, kept));
        }
    }
    Err(Problem::unavailable())
}
