//! A person decides: confirm, change with a reason, agree as the second person, say that contact was made, close.

use super::store::{self, Item, ItemState, NewChange};
use super::take_in::{schedule_alarm, watch};
use super::{NOTE, RAISE_ALARM, SECOND_REASON, policy};
use crate::audit::Entry;
use crate::events::{self, NewEvent, Stream, Subject};
use crate::identity::Actor;
use crate::platform::timers;
use crate::platform::{Ctx, Problem, Purpose, ScopedTx};
use axum::http::StatusCode;
use chrono::TimeDelta;
use rules::Private;
use rules::dispatch::Priority;
use rules::identity::Action;
use rules::ids::{AccountId, OrgId, QueueItemId, ScreeningId};
use rules::triage::{Change, Refused, SecondAsk, SecondOutcome, alarm_id, answer_second, change};
use serde_json::json;
use uuid::Uuid;

const MAX_NOTE_CHARS: usize = 4_000;
pub const OUTCOMES: [&str; 6] =
    ["helped", "referred", "follow_up_arranged", "no_need_found", "refused_help", "cannot_reach"];

pub struct Command {
    pub id: QueueItemId,
    pub expected_version: i64,
}

pub async fn confirm(ctx: &Ctx, actor: &Actor, command: Command) -> Result<(), Problem> {
    let (mut tx, mut item) = begin(ctx, actor, &command, Action::QueueConfirm).await?;
    item.state = ItemState::Confirmed;
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
            item.state = ItemState::Confirmed;
            item.second_asked_by = None;
            item.second_tier = None;
            item.second_reason_sealed = None;
            let step = Step { kind: "changed", from_tier, to_tier: Some(i16::from(tier)), note: reason };
            finish(ctx, &mut tx, &mut item, actor, step).await?;
        }
        Change::AsksSecond(ask) => {
            item.second_asked_by = Some(ask.asked_by.0);
            item.second_tier = Some(i16::from(ask.tier));
            item.second_reason_sealed =
                Some(ctx.keys.seal_text(tx.tenant(), SECOND_REASON, item.id, ask.reason.expose()));
            let step = Step {
                kind: "second_asked",
                from_tier,
                to_tier: Some(i16::from(ask.tier)),
                note: Some(ask.reason),
            };
            finish(ctx, &mut tx, &mut item, actor, step).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

pub async fn second(ctx: &Ctx, actor: &Actor, command: Command, agrees: bool) -> Result<(), Problem> {
    let (mut tx, mut item) = begin(ctx, actor, &command, Action::QueueSecond).await?;
    let (Some(asked_by), Some(tier), Some(sealed)) =
        (item.second_asked_by.take(), item.second_tier.take(), item.second_reason_sealed.take())
    else {
        return Err(conflict("nothing-asked", "Nobody has asked for a second person here"));
    };
    let reason = ctx.keys.open_text(tx.tenant(), SECOND_REASON, item.id, &sealed)?;
    let ask = SecondAsk {
        asked_by: AccountId(asked_by),
        tier: u8::try_from(tier).unwrap_or(0),
        reason: Private::new(reason),
    };
    let from_tier = Some(item.tier);
    let step = match answer_second(ask, actor.account, agrees.into()).map_err(refused)? {
        SecondOutcome::Lowered { tier, reason } => {
            place(ctx, &mut tx, &mut item, tier).await?;
            item.state = ItemState::Confirmed;
            Step { kind: "second_agreed", from_tier, to_tier: Some(i16::from(tier)), note: Some(reason) }
        }
        SecondOutcome::Kept => Step { kind: "second_declined", from_tier, to_tier: from_tier, note: None },
    };
    finish(ctx, &mut tx, &mut item, actor, step).await?;
    tx.commit().await?;
    Ok(())
}

/// First contact was made: the deadline is met, and an alarm that was only going to ring is taken back.
pub async fn contacted(
    ctx: &Ctx,
    actor: &Actor,
    command: Command,
    note: Option<Private<String>>,
) -> Result<(), Problem> {
    check_note(note.as_ref())?;
    let (mut tx, mut item) = begin(ctx, actor, &command, Action::QueueContacted).await?;
    item.contacted_at = Some(ctx.now());
    item.owner_id = Some(actor.account.0);
    if let Some(waiting) = item.alarm_id {
        timers::cancel(&mut tx, waiting, &[RAISE_ALARM], ctx.now()).await?;
    }
    let step = Step { kind: "contacted", note, ..Step::default() };
    finish(ctx, &mut tx, &mut item, actor, step).await?;
    tx.commit().await?;
    Ok(())
}

pub async fn close(
    ctx: &Ctx,
    actor: &Actor,
    command: Command,
    outcome: &str,
    reason: Private<String>,
) -> Result<(), Problem> {
    if !OUTCOMES.contains(&outcome) {
        return Err(Problem::invalid("outcome", format!("one of {}", OUTCOMES.join(", "))));
    }
    if reason.expose().trim().is_empty() {
        return Err(Problem::invalid("reason", "say why"));
    }
    check_note(Some(&reason))?;
    let (mut tx, mut item) = begin(ctx, actor, &command, Action::QueueClose).await?;
    if item.second_asked_by.is_some() {
        return Err(conflict("second-person-waiting", "A second person has not answered yet"));
    }
    if item.tier >= 2 && item.contacted_at.is_none() && !matches!(outcome, "cannot_reach" | "refused_help") {
        return Err(conflict("not-contacted", "Nobody has made contact yet; say so first"));
    }
    item.state = ItemState::Closed;
    item.closed_at = Some(ctx.now());
    item.close_outcome = Some(outcome.to_owned());
    let step = Step { kind: "closed", note: Some(reason), ..Step::default() };
    finish(ctx, &mut tx, &mut item, actor, step).await?;
    tx.commit().await?;
    Ok(())
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
    if item.state == ItemState::Closed {
        return Err(conflict("closed", "This item is closed"));
    }
    Ok((tx, item))
}

/// A new tier brings its own owner and deadline, counted from now; never later than what already stands, if it rises.
async fn place(ctx: &Ctx, tx: &mut ScopedTx, item: &mut Item, tier: u8) -> Result<(), Problem> {
    let policy = policy::active_policy(ctx, tx).await?;
    let now = ctx.now();
    let rule = policy.document().tiers.get(usize::from(tier));
    let due_at =
        rule.and_then(|rule| rule.contact_secs).map(|secs| now + TimeDelta::seconds(i64::from(secs)));
    let is_raised = i16::from(tier) > item.tier;
    item.due_at = match (item.due_at, due_at) {
        (Some(before), Some(after)) if is_raised => Some(before.min(after)),
        (before, after) => after.or(before),
    };
    if let Some(post) = rule.and_then(|rule| rule.owner) {
        item.owner_post = Some(post.code().to_owned());
    }
    item.tier = i16::from(tier);
    if tier == 4 && is_raised {
        let alarm = item.alarm_id.unwrap_or_else(|| alarm_id(ScreeningId(item.screening_id)).0);
        item.alarm_id = Some(alarm);
        schedule_alarm(ctx, tx, item, rules::ids::AlarmId(alarm), Priority::P2, now, "raised_by_person")
            .await?;
    }
    Ok(())
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
        "second_agreed" | "second_declined" => "queue.second",
        "contacted" => "queue.contacted",
        _ => "queue.close",
    }
}

fn event_kind(kind: &'static str) -> &'static str {
    match kind {
        "confirmed" => "queue.confirmed",
        "changed" | "second_agreed" | "second_declined" => "queue.changed",
        "second_asked" => "queue.second_asked",
        "contacted" => "queue.contacted",
        _ => "queue.closed",
    }
}

fn refused(refused: Refused) -> Problem {
    match refused {
        Refused::NoSuchTier | Refused::SameTier => Problem::invalid("tier", refused.to_string()),
        Refused::ReasonNeeded => Problem::invalid("reason", refused.to_string()),
        Refused::SamePerson => conflict("same-person", "The second person must be somebody else"),
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
