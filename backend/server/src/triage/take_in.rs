//! Takes a result in: suggests a tier for the visit and puts it into the queue, with an owner and a deadline.

use super::store::{self, Item, ItemState, NewSuggestion};
use super::{RAISE_ALARM, SUGGESTION, policy};
use crate::events::{NewEvent, Stream, Subject};
use crate::platform::timers::{self, Timer};
use crate::platform::{Ctx, Problem, SYSTEM, ScopedTx};
use chrono::{Datelike, TimeDelta, Weekday};
use rules::Timestamp;
use rules::dispatch::Priority;
use rules::ids::{AlarmId, OrgId, PersonId, ScreeningId, VisitId};
use rules::people::Modifier;
use rules::triage::{
    Case, CaseResult, Danger, History, PreviousScore, SecondLook, SeenAgo, Suggestion, alarm_id, assess,
    suggest,
};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

const HISTORY_DAYS: i64 = 30;
pub(super) const DUE: &str = "queue.due";

/// A visit as it stands after the newest result.
#[derive(Debug)]
pub struct Visit {
    pub id: VisitId,
    pub person: PersonId,
    pub org: OrgId,
    /// the result that just came, or that is looked at again
    pub screening: ScreeningId,
    pub scale: String,
    pub results: Vec<CaseResult>,
    pub previous: Vec<PreviousScore>,
    pub age: Option<u16>,
    pub modifiers: BTreeSet<Modifier>,
    pub second_look: SecondLook,
    pub seen: SeenAgo,
    pub live: bool,
    pub danger: Danger,
}

#[derive(Debug)]
pub struct Taken {
    pub suggestion: Suggestion,
    /// what a tablet says, which does not know what was before
    pub tier_alone: u8,
    pub item: Option<TakenItem>,
    pub alarm: Option<AlarmId>,
    /// to be recorded last in the transaction
    pub event: NewEvent,
}

#[derive(Debug, Clone)]
pub struct TakenItem {
    pub id: Uuid,
    pub tier: i16,
    pub owner_post: Option<String>,
    pub due_at: Option<Timestamp>,
}

pub async fn take_in(ctx: &Ctx, tx: &mut ScopedTx, visit: Visit) -> Result<Taken, Problem> {
    let now = ctx.now();
    let policy = policy::active_policy(ctx, tx).await?;
    let since = now - TimeDelta::days(HISTORY_DAYS);
    let before = store::highest_tier_since(tx, visit.person, visit.id, since).await?;
    let case = Case {
        results: visit.results,
        age: visit.age,
        modifiers: visit.modifiers,
        history: History {
            highest_tier_30d: before.as_ref().and_then(|(tier, _)| u8::try_from(*tier).ok()),
            previous: visit.previous,
        },
        second_look: visit.second_look,
        seen: visit.seen,
        live: visit.live,
        danger: visit.danger,
    };
    let suggestion = suggest(&policy, &case);
    let tier_alone = assess(&policy, &Case { history: History::default(), ..case }).tier;
    let suggestion_id = ctx.new_id();
    let document = serde_json::to_vec(&suggestion).map_err(|error| Problem::internal(&error))?;
    let tenant = tx.tenant();
    let document_sealed = ctx.keys.seal(tenant, SUGGESTION, suggestion_id, &document);
    let tier = i16::from(suggestion.tier);
    let new = NewSuggestion {
        id: suggestion_id,
        screening: visit.screening,
        visit: visit.id,
        person: visit.person,
        org: visit.org,
        tier,
        policy: suggestion.policy.clone(),
        document_sealed,
        at: now,
    };
    store::insert_suggestion(tx, new).await?;
    let district = crate::identity::district_of(tx, visit.org).await?;
    let found = store::find_of_visit(tx, visit.id).await?;
    if tier == 0 && found.is_none() {
        let event = NewEvent {
            stream: Stream::District(district),
            kind: "screening.received",
            subject: Subject::Screening(visit.screening.0),
            at: now,
            body: json!({"tier": 0, "scale": visit.scale}),
        };
        return Ok(Taken { suggestion, tier_alone, item: None, alarm: None, event });
    }
    let same_owner = before.filter(|_| suggestion.same_owner).and_then(|(_, post)| post);
    let mut item = placed(
        ctx,
        found,
        &suggestion,
        same_owner,
        PlacedFor {
            visit: visit.id,
            screening: visit.screening,
            person: visit.person,
            org: visit.org,
            district,
            suggestion_id,
        },
    );
    let alarm = ask_for_alarm(ctx, tx, &mut item, &suggestion, visit.screening).await?;
    if item.version == 1 {
        store::insert(tx, &item).await?;
    } else {
        store::save(tx, &item).await?;
    }
    store::insert_change(
        tx,
        store::NewChange {
            id: ctx.new_id(),
            item: &item,
            at: now,
            by: None,
            kind: "suggested",
            from_tier: None,
            to_tier: Some(tier),
            note_sealed: None,
        },
    )
    .await?;
    watch(ctx, tx, &item).await?;
    let event = NewEvent {
        stream: Stream::District(district),
        kind: "queue.suggested",
        subject: Subject::QueueItem(item.id),
        at: now,
        body: json!({"tier": item.tier, "suggested": tier, "scale": visit.scale, "screening_id": visit.screening, "alarm_id": alarm}),
    };
    let taken = TakenItem { id: item.id, tier: item.tier, owner_post: item.owner_post, due_at: item.due_at };
    Ok(Taken { suggestion, tier_alone, item: Some(taken), alarm, event })
}

#[derive(Clone, Copy)]
struct PlacedFor {
    visit: VisitId,
    screening: ScreeningId,
    person: PersonId,
    org: OrgId,
    district: OrgId,
    suggestion_id: Uuid,
}

/// The queue item after this suggestion. What a person has decided is only ever raised by a rule, never lowered.
fn placed(
    ctx: &Ctx,
    found: Option<Item>,
    suggestion: &Suggestion,
    same_owner: Option<String>,
    at: PlacedFor,
) -> Item {
    let now = ctx.now();
    let tier = i16::from(suggestion.tier);
    let owner = same_owner.or_else(|| suggestion.owner.map(|post| post.code().to_owned()));
    let due_at = match &suggestion.review {
        Some(review) => Some(working_days_after(now, review.within_working_days)),
        None => suggestion.first_contact_secs.map(|secs| now + TimeDelta::seconds(i64::from(secs))),
    };
    let Some(mut item) = found else {
        return Item {
            id: ctx.new_id(),
            visit_id: at.visit.0,
            screening_id: at.screening.0,
            person_id: at.person.0,
            org_id: at.org.0,
            district_id: at.district.0,
            state: ItemState::Open,
            suggested_tier: tier,
            tier,
            suggestion_id: at.suggestion_id,
            list: if suggestion.review.is_some() { "review" } else { "live" }.to_owned(),
            owner_post: owner,
            owner_id: None,
            due_at,
            contacted_at: None,
            overdue_at: None,
            alarm_id: None,
            second_asked_by: None,
            second_tier: None,
            second_reason_sealed: None,
            closed_at: None,
            close_outcome: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
    };
    let is_decided = item.state != ItemState::Open;
    item.suggested_tier = tier;
    item.suggestion_id = at.suggestion_id;
    // the visit may have been moved to the right person
    item.person_id = at.person.0;
    item.org_id = at.org.0;
    item.district_id = at.district.0;
    item.version += 1;
    item.updated_at = now;
    if is_decided && tier <= item.tier {
        return item;
    }
    if is_decided {
        // the rule now says more than the person had seen
        item.state = ItemState::Open;
        item.closed_at = None;
        item.close_outcome = None;
        item.contacted_at = None;
    }
    item.due_at = match (item.due_at, due_at) {
        (Some(before), Some(after)) if tier >= item.tier => Some(before.min(after)),
        (before, after) => after.or(before),
    };
    item.screening_id = at.screening.0;
    item.tier = tier;
    item.owner_post = owner.or(item.owner_post);
    item
}

/// Alarms are made by the slice above: a timer in this transaction asks for one, at once or unless somebody made
/// contact by then. A visit keeps its first alarm; asking again can only raise it.
async fn ask_for_alarm(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    item: &mut Item,
    suggestion: &Suggestion,
    screening: ScreeningId,
) -> Result<Option<AlarmId>, Problem> {
    let Some(plan) = suggestion.alarm else {
        // a look that ended well takes back what was only going to ring
        if let Some(waiting) = item.alarm_id {
            timers::cancel(tx, waiting, &[RAISE_ALARM], ctx.now()).await?;
        }
        return Ok(item.alarm_id.map(AlarmId));
    };
    let alarm = item.alarm_id.map_or_else(|| alarm_id(screening), AlarmId);
    item.alarm_id = Some(alarm.0);
    let due_at = ctx.now() + TimeDelta::seconds(i64::from(plan.after_secs));
    // which answer it was stays sealed; the timer only says that a rule asked
    schedule_alarm(ctx, tx, item, alarm, plan.priority, due_at, "rule").await?;
    Ok(Some(alarm))
}

pub(super) async fn schedule_alarm(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    item: &Item,
    alarm: AlarmId,
    priority: Priority,
    due_at: Timestamp,
    reason: &str,
) -> Result<(), Problem> {
    let timer = Timer {
        subject_id: alarm.0,
        kind: RAISE_ALARM,
        step: i32::from(priority.number()),
        lap: 0,
        // asked again after a change: a new row, not the one that has fired
        fence: item.version,
        due_at,
        body: json!({
            "kind": "screening",
            "priority": priority.number(),
            "org_id": item.org_id,
            "person_id": item.person_id,
            "screening_id": item.screening_id,
            "queue_item_id": item.id,
            "by": Some(tx.scope().actor).filter(|actor| *actor != SYSTEM),
            "reason": reason,
        }),
    };
    if due_at > ctx.now() {
        timers::cancel(tx, alarm.0, &[RAISE_ALARM], ctx.now()).await?;
    }
    timers::schedule(tx, timer).await?;
    Ok(())
}

/// From tier 2 on a missed first contact is noticed by itself.
pub(super) async fn watch(ctx: &Ctx, tx: &mut ScopedTx, item: &Item) -> Result<(), Problem> {
    timers::cancel(tx, item.id, &[DUE], ctx.now()).await?;
    let Some(due_at) = item
        .due_at
        .filter(|_| item.tier >= 2 && item.contacted_at.is_none() && item.state != ItemState::Closed)
    else {
        return Ok(());
    };
    let timer = Timer {
        subject_id: item.id,
        kind: DUE,
        step: 0,
        lap: 0,
        fence: item.version,
        due_at,
        body: json!({}),
    };
    timers::schedule(tx, timer).await?;
    Ok(())
}

fn working_days_after(from: Timestamp, days: u16) -> Timestamp {
    let mut at = from;
    let mut left = days;
    while left > 0 {
        at += TimeDelta::days(1);
        if !matches!(at.weekday(), Weekday::Sat | Weekday::Sun) {
            left -= 1;
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_working_day_after_friday_is_monday() {
        let friday: Timestamp = "2026-11-20T03:00:00Z".parse().unwrap();
        assert_eq!(working_days_after(friday, 1).to_string(), "2026-11-23 03:00:00 UTC");
        let monday: Timestamp = "2026-11-23T03:00:00Z".parse().unwrap();
        assert_eq!(working_days_after(monday, 1).to_string(), "2026-11-24 03:00:00 UTC");
    }
}
