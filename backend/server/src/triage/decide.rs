//! A person decides: confirm, change with a reason, agree as the second person, say that contact was made, close.

use super::item::Item;
use super::store::{self, NewChange};
use super::take_in::{Call, schedule_alarm, watch};
use super::{NOTE, RAISE_ALARM, SECOND_REASON, policy};
use crate::audit::Entry;
use crate::events::{self, NewEvent, Stream, Subject};
use crate::identity::Actor;
use crate::platform::timers;
use crate::platform::{Ctx, Problem, Purpose, ScopedTx};
use axum::http::StatusCode;
use rules::Private;
use rules::dispatch::Priority;
use rules::identity::Action;
use rules::ids::{AccountId, AlarmId, OrgId, PersonId, QueueItemId, ScreeningId, VisitId};
use rules::triage::{
    Change, Close, Closing, ItemState, NoSuchOutcome, Outcome, Policy, Progress, Refused, SecondAsk,
    SecondOutcome, Standing, Terms, Wish, alarm_id, answer_second, change,
};
use serde_json::json;
use uuid::Uuid;

const MAX_NOTE_CHARS: usize = 4_000;
pub struct Command {
    pub id: QueueItemId,
    pub expected_version: i64,
}

pub async fn confirm(ctx: &Ctx, actor: &Actor, command: Command) -> Result<(), Problem> {
    let (mut tx, mut item) = begin(ctx, actor, &command, Action::QueueConfirm).await?;
    item.state = ItemState::Confirmed.into();
    let tier = Some(item.tier);
    finish(ctx, &mut tx, &mut item, actor, Step { kind: "confirmed", to_tier: tier, ..Step::default() })
        .await?;
    tx.commit().await?;
    Ok(())
}

/// Raising is free; lowering asks for a reason, and from tier 3 down for a second person.
pub async fn change_tier(
    ctx: &Ctx,
    actor: &Actor,
    command: Command,
    wanted: u8,
    reason: Option<Private<String>>,
) -> Result<(), Problem> {
    check_note(reason.as_ref())?;
    let (mut tx, mut item) = begin(ctx, actor, &command, Action::QueueChange).await?;
    let current = u8::try_from(item.tier).unwrap_or(0);
    let from_tier = Some(item.tier);
    match change(current, wanted, actor.account, reason).map_err(refused)? {
        Change::Done { tier, reason } => {
            place(ctx, &mut tx, &mut item, tier).await?;
            item.drop_wish();
            let step = Step { kind: "changed", from_tier, to_tier: Some(i16::from(tier)), note: reason };
            finish(ctx, &mut tx, &mut item, actor, step).await?;
        }
        Change::AsksSecond(ask) => ask_second(ctx, &mut tx, &mut item, actor, ask).await?,
    }
    tx.commit().await?;
    Ok(())
}

/// The wish is kept beside the item, which stays as it is until somebody else has answered.
async fn ask_second(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    item: &mut Item,
    actor: &Actor,
    ask: SecondAsk,
) -> Result<(), Problem> {
    item.drop_wish();
    item.second_asked_by = Some(ask.asked_by.0);
    let (kind, to_tier) = match ask.wish {
        Wish::Lower(tier) => {
            item.second_tier = Some(i16::from(tier));
            ("second_asked", item.second_tier)
        }
        Wish::Close(outcome) => {
            item.second_outcome = Some(outcome.code().to_owned());
            ("close_asked", None)
        }
    };
    item.second_reason_sealed =
        Some(ctx.keys.seal_text(tx.tenant(), SECOND_REASON, item.id, ask.reason.expose()));
    let step = Step { kind, from_tier: Some(item.tier), to_tier, note: Some(ask.reason) };
    finish(ctx, tx, item, actor, step).await
}

pub async fn second(ctx: &Ctx, actor: &Actor, command: Command, agrees: bool) -> Result<(), Problem> {
    let (mut tx, mut item) = begin(ctx, actor, &command, Action::QueueSecond).await?;
    let ask = asked(ctx, &tx, &item)?
        .ok_or_else(|| conflict("nothing-asked", "Nobody has asked for a second person here"))?;
    let from_tier = Some(item.tier);
    let step = match answer_second(ask, actor.account, agrees.into()).map_err(refused)? {
        SecondOutcome::Agreed { wish: Wish::Lower(tier), reason } => {
            place(ctx, &mut tx, &mut item, tier).await?;
            Step { kind: "second_agreed", from_tier, to_tier: Some(i16::from(tier)), note: Some(reason) }
        }
        SecondOutcome::Agreed { wish: Wish::Close(outcome), reason } => {
            shut(ctx, &mut item, outcome);
            Step { kind: "closed", note: Some(reason), ..Step::default() }
        }
        SecondOutcome::Kept => Step { kind: "second_declined", from_tier, to_tier: from_tier, note: None },
    };
    item.drop_wish();
    finish(ctx, &mut tx, &mut item, actor, step).await?;
    tx.commit().await?;
    Ok(())
}

/// What somebody has asked a second person for.
fn asked(ctx: &Ctx, tx: &ScopedTx, item: &Item) -> Result<Option<SecondAsk>, Problem> {
    let (Some(asked_by), Some(sealed)) = (item.second_asked_by, &item.second_reason_sealed) else {
        return Ok(None);
    };
    let wish = match (item.second_tier, item.second_outcome.as_deref()) {
        (Some(tier), _) => Wish::Lower(u8::try_from(tier).unwrap_or(0)),
        (None, Some(outcome)) => {
            Wish::Close(outcome.parse().map_err(|error: NoSuchOutcome| Problem::internal(&error))?)
        }
        (None, None) => return Ok(None),
    };
    let reason = ctx.keys.open_text(tx.tenant(), SECOND_REASON, item.id, sealed)?;
    Ok(Some(SecondAsk { asked_by: AccountId(asked_by), wish, reason: Private::new(reason) }))
}

/// Somebody was in contact with the person: the deadline is met, the next one begins, and an alarm that was only going
/// to ring is taken back.
pub async fn contacted(
    ctx: &Ctx,
    actor: &Actor,
    command: Command,
    note: Option<Private<String>>,
) -> Result<Progress, Problem> {
    check_note(note.as_ref())?;
    let (mut tx, mut item) = begin(ctx, actor, &command, Action::QueueContacted).await?;
    let policy = policy::active_policy(ctx, &mut tx).await?;
    let kind = if item.contacted_at.is_none() { "contacted" } else { "followed_up" };
    let contacted = item.progress().contacted(policy.document(), ctx.now());
    item.follow(contacted);
    item.attempts = 0;
    item.drop_wish();
    // a result that was only to be read has become somebody's care
    "live".clone_into(&mut item.list);
    // whoever can carry it to its end keeps it; else the post does
    item.owner_id = actor.reaches(Action::QueueClose).then_some(actor.account.0);
    if let Some(waiting) = item.alarm_id {
        timers::cancel(&mut tx, waiting, &[RAISE_ALARM], ctx.now()).await?;
    }
    finish(ctx, &mut tx, &mut item, actor, Step { kind, note, ..Step::default() }).await?;
    tx.commit().await?;
    Ok(contacted)
}

/// Somebody tried and did not reach the person. The deadline stays.
pub async fn attempted(
    ctx: &Ctx,
    actor: &Actor,
    command: Command,
    note: Private<String>,
) -> Result<(), Problem> {
    if note.expose().trim().is_empty() {
        return Err(Problem::invalid("note", "say how it was tried"));
    }
    check_note(Some(&note))?;
    let (mut tx, mut item) = begin(ctx, actor, &command, Action::QueueContacted).await?;
    item.attempts = item.attempts.saturating_add(1);
    let step = Step { kind: "attempted", note: Some(note), ..Step::default() };
    finish(ctx, &mut tx, &mut item, actor, step).await?;
    tx.commit().await?;
    Ok(())
}

pub async fn close(
    ctx: &Ctx,
    actor: &Actor,
    command: Command,
    outcome: Outcome,
    reason: Private<String>,
) -> Result<(), Problem> {
    check_note(Some(&reason))?;
    let (mut tx, mut item) = begin(ctx, actor, &command, Action::QueueClose).await?;
    if item.second_asked_by.is_some() {
        return Err(conflict("second-person-waiting", "A second person has not answered yet"));
    }
    let policy = policy::active_policy(ctx, &mut tx).await?;
    let attempts = u16::try_from(item.attempts).unwrap_or(0);
    let closing = Closing { outcome, by: actor.account, reason, attempts };
    match rules::triage::close(policy.document(), &item.progress(), closing).map_err(refused)? {
        Close::Done { reason } => {
            shut(ctx, &mut item, outcome);
            let step = Step { kind: "closed", note: Some(reason), ..Step::default() };
            finish(ctx, &mut tx, &mut item, actor, step).await?;
        }
        Close::AsksSecond(ask) => ask_second(ctx, &mut tx, &mut item, actor, ask).await?,
    }
    tx.commit().await?;
    Ok(())
}

fn shut(ctx: &Ctx, item: &mut Item, outcome: Outcome) {
    item.follow(item.progress().closed());
    item.closed_at = Some(ctx.now());
    item.close_outcome = Some(outcome.code().to_owned());
}

async fn begin(
    ctx: &Ctx,
    actor: &Actor,
    command: &Command,
    action: Action,
) -> Result<(ScopedTx, Item), Problem> {
    if !actor.reaches(action) {
        return Err(Problem::forbidden());
    }
    let mut tx = ctx.db.begin(&actor.scope_for(action, Purpose::Care)).await?;
    let item =
        store::load_for_update(&mut tx, command.id).await?.ok_or_else(|| Problem::not_found("queue item"))?;
    if item.version != command.expected_version {
        let winner = store::list_changes(&mut tx, command.id).await?.pop();
        let mut problem = Problem::version_conflict(item.version);
        if let Some(winner) = winner {
            problem = problem.with("winner", json!({"name": winner.by_name, "at": winner.at}));
        }
        return Err(problem);
    }
    if item.is_closed() {
        return Err(conflict("closed", "This item is closed"));
    }
    Ok((tx, item))
}

/// A new tier brings its own owner and deadline, by the rules that suggestions follow.
async fn place(ctx: &Ctx, tx: &mut ScopedTx, item: &mut Item, tier: u8) -> Result<(), Problem> {
    let policy = policy::active_policy(ctx, tx).await?;
    let now = ctx.now();
    let is_raised = tier > item.tier();
    let standing = standing(ctx, tx, &policy, item, tier).await?;
    let terms = Terms::of(policy.document(), &standing);
    item.follow(item.progress().changed(tier, &terms, now));
    "live".clone_into(&mut item.list);
    if tier == 4 && is_raised {
        let alarm = AlarmId(item.alarm_id.unwrap_or_else(|| alarm_id(ScreeningId(item.screening_id)).0));
        item.alarm_id = Some(alarm.0);
        let call = Call {
            alarm,
            instead_of: None,
            priority: Priority::P2,
            due_at: now,
            reason: "raised_by_person",
            fence: item.version + 1,
        };
        schedule_alarm(ctx, tx, item, call).await?;
    }
    Ok(())
}

/// What the rules must know of an item to say what a tier asks of us.
pub(super) async fn standing(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    policy: &Policy,
    item: &Item,
    tier: u8,
) -> Result<Standing, Problem> {
    let person = PersonId(item.person_id);
    let age = crate::people::load_brief(ctx, tx, person).await?.and_then(|person| person.age_to_go_by());
    let suggestion = store::open_suggestion(ctx, tx, item.suggestion_id).await?;
    let before = store::before(ctx, tx, policy, person, VisitId(item.visit_id)).await?;
    let level = suggestion.and_then(|suggestion| suggestion.level);
    Ok(Standing { tier, age, level, before, contact_secs: None })
}

#[derive(Default)]
struct Step {
    kind: &'static str,
    from_tier: Option<i16>,
    to_tier: Option<i16>,
    note: Option<Private<String>>,
}

async fn finish(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    item: &mut Item,
    actor: &Actor,
    step: Step,
) -> Result<(), Problem> {
    let now = ctx.now();
    let tenant = tx.tenant();
    item.version += 1;
    item.updated_at = now;
    store::save(tx, item).await?;
    let id: Uuid = ctx.new_id();
    let note_sealed = step.note.map(|note| ctx.keys.seal_text(tenant, NOTE, id, note.expose()));
    let change = NewChange {
        id,
        item,
        at: now,
        by: Some(actor.account.0),
        kind: step.kind,
        from_tier: step.from_tier,
        to_tier: step.to_tier,
        note_sealed,
    };
    store::insert_change(tx, change).await?;
    watch(ctx, tx, item).await?;
    let entry = Entry {
        action: audit_action(step.kind),
        subject_kind: "queue_item",
        subject_id: Some(item.id),
        detail: json!({"from": step.from_tier, "to": step.to_tier}),
    };
    crate::audit::write(ctx, tx, entry).await?;
    let event = NewEvent {
        stream: Stream::District(OrgId(item.district_id)),
        kind: event_kind(step.kind),
        subject: Subject::QueueItem(item.id),
        at: now,
        body: json!({"from": step.from_tier, "to": step.to_tier}),
    };
    events::record(tx, event).await?;
    Ok(())
}

fn audit_action(kind: &'static str) -> &'static str {
    match kind {
        "confirmed" => "queue.confirm",
        "changed" => "queue.change",
        "second_asked" => "queue.ask_second",
        "close_asked" => "queue.ask_close",
        "second_agreed" | "second_declined" => "queue.second",
        "contacted" | "followed_up" => "queue.contacted",
        "attempted" => "queue.attempted",
        _ => "queue.close",
    }
}

fn event_kind(kind: &'static str) -> &'static str {
    match kind {
        "confirmed" => "queue.confirmed",
        "changed" | "second_agreed" | "second_declined" => "queue.changed",
        "second_asked" | "close_asked" => "queue.second_asked",
        "contacted" | "followed_up" => "queue.contacted",
        "attempted" => "queue.attempted",
        _ => "queue.closed",
    }
}

fn refused(refused: Refused) -> Problem {
    match refused {
        Refused::NoSuchTier | Refused::SameTier => Problem::invalid("tier", refused.to_string()),
        Refused::ReasonNeeded => Problem::invalid("reason", refused.to_string()),
        Refused::SamePerson => conflict("same-person", "The second person must be somebody else"),
        Refused::NotContacted => conflict("not-contacted", "Nobody has made contact yet; say so first"),
        Refused::AttemptsNeeded { recorded, needed } => {
            conflict("attempts-needed", "Too few attempts to reach the person are on record")
                .with("recorded", recorded)
                .with("needed", needed)
        }
    }
}

fn conflict(code: &str, title: &'static str) -> Problem {
    Problem::new(StatusCode::CONFLICT, code, title)
}

fn check_note(note: Option<&Private<String>>) -> Result<(), Problem> {
    if note.is_some_and(|note| note.expose().chars().count() > MAX_NOTE_CHARS) {
        return Err(Problem::invalid("note", format!("at most {MAX_NOTE_CHARS} characters")));
    }
    Ok(())
}
