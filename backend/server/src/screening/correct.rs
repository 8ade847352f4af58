//! The tablet was handed to somebody else: the screening moves to the right person, with a reason, on record.

use super::CORRECTION;
use super::consent;
use super::store;
use super::submit::{lock, revisit};
use crate::audit::Entry;
use crate::events;
use crate::platform::{Ctx, Problem, Scope};
use crate::triage;
use rules::Private;
use rules::ids::{PersonId, ScreeningId, VisitId};
use serde_json::json;

pub async fn correct_person(
    ctx: &Ctx,
    scope: &Scope,
    id: ScreeningId,
    to: PersonId,
    reason: Private<String>,
    expected_version: i64,
) -> Result<(), Problem> {
    if reason.expose().trim().is_empty() {
        return Err(Problem::invalid("reason", "say why"));
    }
    let mut tx = ctx.db.begin(scope).await?;
    let kept = store::find(&mut tx, id).await?.ok_or_else(|| Problem::not_found("screening"))?;
    if kept.person_id == to.0 {
        return Err(Problem::invalid("person_id", "it is this person's already"));
    }
    // always in the same order, so that two corrections cannot wait for each other
    let from = PersonId(kept.person_id);
    for person in [from.min(to), from.max(to)] {
        lock(ctx, &mut tx, person).await?;
    }
    let person = lock(ctx, &mut tx, to).await?;
    let kept = store::find(&mut tx, id).await?.ok_or_else(|| Problem::not_found("screening"))?;
    if kept.version != expected_version {
        return Err(Problem::version_conflict(kept.version));
    }
    let visit = VisitId(kept.visit_id);
    let correction = ctx.new_id();
    let sealed = ctx.keys.seal_text(tx.tenant(), CORRECTION, correction, reason.expose());
    store::insert_correction(&mut tx, correction, &kept, to, sealed, ctx.now()).await?;
    // a visit is one person's: all of it moves
    for screening in store::list_of_visit(&mut tx, visit).await? {
        store::set_person(&mut tx, ScreeningId(screening.id), to, person.org).await?;
    }
    consent::follow(&mut tx, visit, &person).await?;
    let screenings = store::list_of_visit(&mut tx, visit).await?;
    let visit = revisit(ctx, &mut tx, &screenings, &person, visit).await?;
    let taken = triage::take_in(ctx, &mut tx, visit).await?;
    let entry = Entry {
        action: "screening.correct_person",
        subject_kind: "screening",
        subject_id: Some(id.0),
        detail: json!({"from": from, "to": to}),
    };
    crate::audit::write(ctx, &mut tx, entry).await?;
    let mut events = vec![taken.event];
    for person in [from, to] {
        events.extend(consent::settle(ctx, &mut tx, person).await?);
    }
    events::record_all(&mut tx, events).await?;
    tx.commit().await?;
    Ok(())
}
