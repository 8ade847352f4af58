//! Takes a result in: suggests a tier for the visit and puts it into the queue, with an owner and a deadline.

use super::item::Item;
use super::store::{self, NewSuggestion};
use super::{RAISE_ALARM, SUGGESTION, policy};
use crate::events::{NewEvent, Stream, Subject};
use crate::platform::timers::{self, Timer};
use crate::platform::{Ctx, Problem, SYSTEM, ScopedTx};
use chrono::{Datelike, TimeDelta, Weekday};
use rules::Timestamp;
use rules::device_clock::ClockNote;
use rules::dispatch::Priority;
use rules::ids::{AlarmId, OrgId, PersonId, ScreeningId, VisitId};
use rules::people::Modifier;
use rules::triage::{
    Case, CaseResult, Danger, History, PreviousScore, Progress, SecondLook, SeenAgo, Suggestion, Word,
    alarm_id, alarm_id_for, assess, suggest,
};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

/// A deadline of an item; its fence is the item's version.
pub const DUE: &str = "queue.due";

/// A visit as it stands after the newest result.
#[derive(Debug)]
pub struct Visit {
    pub id: VisitId,
    pub person: PersonId,
    pub org: OrgId,
    /// the result that just came, or that is looked at again
    pub screening: ScreeningId,
    /// an answer or a yes came in; else the same is only counted again
    pub is_news: bool,
    pub scale: String,
    pub results: Vec<CaseResult>,
    pub previous: Vec<PreviousScore>,
    pub age: Option<u16>,
    pub modifiers: BTreeSet<Modifier>,
    pub second_look: SecondLook,
    pub seen: SeenAgo,
    pub live: bool,
    pub danger: Danger,
    /// of the device's wrong clock, for whoever looks at the result
    pub clock: Option<ClockNote>,
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
    let before = store::before(ctx, tx, &policy, visit.person, visit.id).await?;
    let case = Case {
        results: visit.results,
        age: visit.age,
        declared_age: None,
        modifiers: visit.modifiers,
        history: History {
            highest_tier_30d: before.map(|(tier, _)| tier),
            owner: before.and_then(|(_, post)| post),
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
        clock: visit.clock.map(|note| json!(note)),
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
    let asks = Asks::of(visit.screening, visit.person, found.as_ref(), visit.is_news, tier);
    let mut item = placed(
        ctx,
        found,
        &suggestion,
        PlacedFor {
            visit: visit.id,
            screening: visit.screening,
            person: visit.person,
            org: visit.org,
            district,
            suggestion_id,
            is_news: visit.is_news,
        },
    );
    let alarm = ask_for_alarm(ctx, tx, &mut item, &suggestion, asks).await?;
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
    is_news: bool,
}

/// The queue item after this suggestion.
fn placed(ctx: &Ctx, found: Option<Item>, suggestion: &Suggestion, at: PlacedFor) -> Item {
    let now = ctx.now();
    let word = Word {
        tier: suggestion.tier,
        owner: suggestion.owner,
        due_at: match &suggestion.review {
            Some(review) => Some(working_days_after(now, review.within_working_days)),
            None => suggestion.first_contact_secs.map(|secs| now + TimeDelta::seconds(i64::from(secs))),
        },
        is_news: at.is_news,
    };
    let tier = i16::from(suggestion.tier);
    let Some(mut item) = found else {
        let fresh = Progress::new(word, now);
        return Item {
            id: ctx.new_id(),
            visit_id: at.visit.0,
            screening_id: at.screening.0,
            person_id: at.person.0,
            org_id: at.org.0,
            district_id: at.district.0,
            state: fresh.state.into(),
            suggested_tier: tier,
            tier,
            suggestion_id: at.suggestion_id,
            list: if suggestion.review.is_some() { "review" } else { "live" }.to_owned(),
            owner_post: fresh.owner.map(|post| post.code().to_owned()),
            owner_id: None,
            stage: fresh.stage.into(),
            follow_up: 0,
            counted_from: now,
            due_at: fresh.due_at,
            contacted_at: None,
            overdue_at: None,
            attempts: 0,
            alarm_id: None,
            second_asked_by: None,
            second_tier: None,
            second_outcome: None,
            second_reason_sealed: None,
            closed_at: None,
            close_outcome: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
    };
    item.suggested_tier = tier;
    item.suggestion_id = at.suggestion_id;
    // the visit may have been moved to the right person
    item.person_id = at.person.0;
    item.org_id = at.org.0;
    item.district_id = at.district.0;
    item.version += 1;
    item.updated_at = now;
    let before = item.progress();
    let after = before.told(word, now);
    if after != before {
        item.screening_id = at.screening.0;
        item.follow(after);
        if suggestion.review.is_none() {
            "live".clone_into(&mut item.list);
        }
        item.drop_wish();
    }
    item
}

/// Alarms are made by the slice above: a timer in this transaction asks for one, at once or unless somebody made
/// contact by then. A visit keeps its first alarm; asking again can only raise it.
async fn ask_for_alarm(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    item: &mut Item,
    suggestion: &Suggestion,
    asks: Asks,
) -> Result<Option<AlarmId>, Problem> {
    if let Some(wrong) = asks.instead_of {
        timers::cancel(tx, wrong, &[RAISE_ALARM], ctx.now()).await?;
        item.alarm_id = None;
    }
    let Some(plan) = suggestion.alarm else {
        // a look that ended well takes back what was only going to ring, but not what a person has asked for
        let ended_well = suggestion.second_look.is_none() && item.tier() <= suggestion.tier;
        if let Some(waiting) = item.alarm_id.filter(|_| ended_well) {
            timers::cancel(tx, waiting, &[RAISE_ALARM], ctx.now()).await?;
        }
        return Ok(item.alarm_id.map(AlarmId));
    };
    // counted again without anything new, the same does not ring once more; and what was only going to ring was taken
    // back by whoever made contact
    let is_known = item.alarm_id.is_some() && !asks.is_more;
    let is_taken_back = plan.after_secs > 0 && (item.contacted_at.is_some() || item.is_closed());
    if is_known || is_taken_back {
        return Ok(item.alarm_id.map(AlarmId));
    }
    let alarm = asks.alarm;
    item.alarm_id = Some(alarm.0);
    let due_at = ctx.now() + TimeDelta::seconds(i64::from(plan.after_secs));
    // what was promised for an earlier moment is not put off by counting again
    let tenant = tx.tenant();
    let pending = timers::next_for(tx, tenant, alarm.0, RAISE_ALARM).await?;
    let due_at = pending.map_or(due_at, |pending| due_at.min(pending));
    // which answer it was stays sealed; the timer only says that a rule asked
    let call = Call {
        alarm,
        instead_of: asks.instead_of,
        priority: plan.priority,
        due_at,
        reason: "rule",
        fence: item.version,
    };
    schedule_alarm(ctx, tx, item, call).await?;
    Ok(Some(alarm))
}

/// Which alarm a visit would have, if it needs one.
#[derive(Clone, Copy)]
struct Asks {
    alarm: AlarmId,
    /// it rang for the person whose answers these turned out not to be
    instead_of: Option<Uuid>,
    /// than what was known before
    is_more: bool,
}

impl Asks {
    fn of(screening: ScreeningId, person: PersonId, before: Option<&Item>, is_news: bool, tier: i16) -> Self {
        let had = before.and_then(|item| item.alarm_id);
        let is_moved = before.is_some_and(|item| item.person_id != person.0);
        let instead_of = had.filter(|_| is_moved);
        let alarm = match had {
            Some(_) if is_moved => alarm_id_for(screening, person),
            Some(alarm) => AlarmId(alarm),
            None => alarm_id(screening),
        };
        let is_more = is_news || instead_of.is_some() || before.is_none_or(|item| tier > item.tier);
        Self { alarm, instead_of, is_more }
    }
}

/// An alarm that is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub alarm: AlarmId,
    pub instead_of: Option<Uuid>,
    pub priority: Priority,
    pub due_at: Timestamp,
    pub reason: &'static str,
    /// asked again after a change: a new row, not the one that waits or has fired
    pub fence: i64,
}

pub(super) async fn schedule_alarm(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    item: &Item,
    call: Call,
) -> Result<(), Problem> {
    let Call { alarm, instead_of, priority, due_at, reason, fence } = call;
    let timer = Timer {
        subject_id: alarm.0,
        kind: RAISE_ALARM,
        step: i32::from(priority.number()),
        lap: 0,
        fence,
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
            "instead_of": instead_of,
        }),
    };
    // one call at a time: what rings now need not ring again later
    timers::cancel(tx, alarm.0, &[RAISE_ALARM], ctx.now()).await?;
    timers::schedule(tx, timer).await?;
    Ok(())
}

/// From tier 2 on a missed deadline is noticed by itself, once.
pub(super) async fn watch(ctx: &Ctx, tx: &mut ScopedTx, item: &Item) -> Result<(), Problem> {
    timers::cancel(tx, item.id, &[DUE], ctx.now()).await?;
    if let Some(timer) = waits_for(item) {
        timers::schedule(tx, timer).await?;
    }
    Ok(())
}

/// The timer that an item has while it is open and not late.
pub(super) fn waits_for(item: &Item) -> Option<Timer> {
    let due_at = item.due_at.filter(|_| item.tier >= 2 && item.overdue_at.is_none() && !item.is_closed())?;
    Some(Timer {
        subject_id: item.id,
        kind: DUE,
        step: 0,
        lap: 0,
        fence: item.version,
        due_at,
        body: json!({}),
    })
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
