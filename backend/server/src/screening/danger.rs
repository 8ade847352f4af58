//! After a high second look the worker is asked what is happening now. A yes raises; nothing lowers by itself.

use super::store;
use super::submit::{lock, revisit};
use crate::audit::Entry;
use crate::events;
use crate::platform::{Ctx, Problem, Scope};
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
    let mut tx = ctx.db.begin_alarm(scope).await?;
    let nothing = || Problem::not_found("screening");
    let kept = store::find(&mut tx, id).await?.ok_or_else(nothing)?;
    let person = lock(ctx, &mut tx, PersonId(kept.person_id)).await?;
    // again, now that nobody else can change it
    let kept = store::find(&mut tx, id).await?.ok_or_else(nothing)?;
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
