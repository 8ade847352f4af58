//! Raising: a press, a look, a word, a deadline, the system about itself. Nothing is dropped: the same again, or another
//! signal about the same person, joins the open alarm and is counted.

use super::{look, record};
use crate::audit::Entry;
use crate::dispatch::store::signals::{self, NewSignal};
use crate::dispatch::store::{self, Decided, Kept};
use crate::dispatch::view::AlarmView;
use crate::dispatch::{policy, worker};
use crate::identity::Actor;
use crate::platform::{Ctx, Problem, Purpose, Scope, ScopedTx};
use chrono::TimeDelta;
use rules::dispatch::{Alarm, AlarmEvent, AlarmKind, Illegal, Opening, Priority, State};
use rules::identity::Action;
use rules::ids::{AccountId, AlarmId, OrgId, PersonId, QueueItemId, ScreeningId, TenantId};
use rules::{Private, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

/// What somebody or something says; also as it stands in the local journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Raise {
    /// Made by the sender: sent again, it is the same signal.
    pub id: AlarmId,
    pub kind: AlarmKind,
    pub priority: Priority,
    /// A code.
    pub reason: String,
    /// Left out: the person's, or the sender's own.
    pub org: Option<OrgId>,
    pub person: Option<PersonId>,
    pub screening: Option<ScreeningId>,
    pub queue_item: Option<QueueItemId>,
    pub place: Option<Private<String>>,
    pub note: Option<Private<String>>,
    pub by: Option<AccountId>,
    /// When it reached us.
    pub at: Timestamp,
    /// When the sender's device says it happened.
    pub device_at: Option<Timestamp>,
    pub drill: bool,
    pub mark: Option<Mark>,
}

/// Tells signals apart that share one alarm's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mark {
    /// A missed deadline: one alarm gathers them.
    Deadline(i64),
    /// The version of a queue item that asks for its alarm: something new once the alarm has been closed.
    Asked(i64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Raised,
    Merged,
    /// The same signal again.
    Known,
}

impl Outcome {
    const fn code(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Merged => "merged",
            Self::Known => "known",
        }
    }
}

/// By an account.
pub async fn raise(ctx: &Ctx, actor: &Actor, raise: Raise) -> Result<(Outcome, AlarmView), Problem> {
    // an alarm may join one elsewhere in the tree, so the server looks at the whole tenant on the account's behalf
    let scope = Scope { actor: actor.account, purpose: Purpose::Dispatch, ..ctx.system_scope(actor.tenant) };
    let mut tx = ctx.db.begin_alarm(&scope).await?;
    let raise = without_foreign_screening(&mut tx, raise).await?;
    let org = where_it_is(&mut tx, actor, &raise).await?;
    let placed = place(ctx, &mut tx, &raise, org).await?;
    if placed.outcome != Outcome::Known {
        let entry = Entry {
            action: "alarm.raise",
            subject_kind: "alarm",
            subject_id: Some(placed.kept.id.0),
            detail: json!({"kind": raise.kind.code(), "priority": raise.priority.number(), "sent_as": raise.id}),
        };
        crate::audit::write(ctx, &mut tx, entry).await?;
    }
    let view = look::after_press(ctx, &mut tx, actor, &placed.kept).await?;
    let outcome = placed.outcome;
    placed.record(&mut tx).await?;
    tx.commit().await?;
    Ok((outcome, view))
}

/// A screening of somebody else explains nothing here. One that has not arrived yet cannot be asked.
async fn without_foreign_screening(tx: &mut ScopedTx, mut raise: Raise) -> Result<Raise, Problem> {
    if let Some(screening) = raise.screening
        && let Some(person) = crate::triage::person_of(tx, screening).await?
        && raise.person != Some(person)
    {
        raise.screening = None;
    }
    Ok(raise)
}

async fn where_it_is(tx: &mut ScopedTx, actor: &Actor, raise: &Raise) -> Result<OrgId, Problem> {
    if let Some(org) = raise.org {
        return match crate::identity::load_org_unit(tx, org).await? {
            Some(unit) => Ok(unit.id),
            None => Err(Problem::invalid("org_id", "no such org unit")),
        };
    }
    if let Some(person) = raise.person
        && let Some(org) = crate::people::org_of(tx, person).await?
    {
        return Ok(org);
    }
    let own = actor.scope_for(Action::AlarmRaise, Purpose::Dispatch).scopes;
    own.first().copied().ok_or_else(Problem::forbidden)
}

/// By the server, inside somebody's transaction; records its event, so it comes last in it.
pub(in crate::dispatch) async fn raise_within(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    raise: &Raise,
    org: OrgId,
) -> Result<Outcome, Problem> {
    let placed = place(ctx, tx, raise, org).await?;
    let outcome = placed.outcome;
    placed.record(tx).await?;
    Ok(outcome)
}

/// A fault that somebody closed and that is still seen so much later rings again.
const FAULT_RESTS: TimeDelta = TimeDelta::minutes(10);

/// What the system says about itself: one alarm per fault and hour, however often it is seen.
#[derive(Debug, Clone)]
pub struct SystemFault {
    /// `what` or `what:where`.
    pub reason: String,
    pub priority: Priority,
    /// Left out: the whole tenant.
    pub org: Option<OrgId>,
}

impl SystemFault {
    const HOUR_SECS: i64 = 3600;

    pub(in crate::dispatch) fn alarm_id(&self, tenant: TenantId, at: Timestamp) -> AlarmId {
        let hour = at.timestamp().div_euclid(Self::HOUR_SECS);
        let org = self.org.map(|org| org.to_string()).unwrap_or_default();
        AlarmId(Uuid::new_v5(&tenant.0, format!("fault|{}|{org}|{hour}", self.reason).as_bytes()))
    }

    pub(in crate::dispatch) fn raise(self, tenant: TenantId, at: Timestamp) -> Raise {
        Raise {
            id: self.alarm_id(tenant, at),
            kind: AlarmKind::System,
            priority: self.priority,
            reason: self.reason,
            org: self.org,
            person: None,
            screening: None,
            queue_item: None,
            place: None,
            note: None,
            by: None,
            at,
            device_at: None,
            drill: false,
            mark: None,
        }
    }
}

/// In a transaction of its own and not through a timer: whoever found the fault may have found that timers are dead.
pub async fn raise_system(ctx: &Ctx, tenant: TenantId, fault: SystemFault) -> Result<(), Problem> {
    let mut tx = ctx.begin_system(tenant).await?;
    let raise = fault.raise(tenant, ctx.now());
    let root = ctx.tenant(tenant).map(|tenant| tenant.root);
    let org = raise.org.or(root).ok_or_else(|| Problem::not_found("tenant"))?;
    if raise_within(ctx, &mut tx, &raise, org).await? != Outcome::Known {
        tx.commit().await?;
    }
    Ok(())
}

/// An alarm that took a signal in, and the event that is still to be recorded.
struct Placed {
    outcome: Outcome,
    kept: Kept,
    event: Option<(&'static str, serde_json::Value, Timestamp)>,
}

impl Placed {
    const fn known(kept: Kept) -> Self {
        Self { outcome: Outcome::Known, kept, event: None }
    }

    async fn record(self, tx: &mut ScopedTx) -> sqlx::Result<()> {
        match self.event {
            Some((kind, body, at)) => record(tx, &self.kept, kind, body, at).await,
            None => Ok(()),
        }
    }
}

async fn place(ctx: &Ctx, tx: &mut ScopedTx, raise: &Raise, org: OrgId) -> Result<Placed, Problem> {
    // two presses at once, or a press and its retry, come one after the other: first the signal, then whom it is about
    store::lock(tx, &format!("signal|{}", raise.id)).await?;
    let placed = match signals::alarm_of(tx, raise.id.0).await? {
        Some(alarm) => again(ctx, tx, raise, alarm).await?,
        None => first(ctx, tx, raise, org).await?,
    };
    metrics::counter!("alarm_signals_total", "kind" => raise.kind.code(), "priority" => raise.priority.code(),
        "outcome" => placed.outcome.code())
    .increment(1);
    Ok(placed)
}

/// A signal under a new id.
async fn first(ctx: &Ctx, tx: &mut ScopedTx, raise: &Raise, org: OrgId) -> Result<Placed, Problem> {
    let policy = policy::active(ctx, tx).await?;
    let open = match (raise.person, raise.by) {
        (Some(person), _) => {
            store::lock(tx, &format!("person|{person}")).await?;
            store::find_open_about(ctx, tx, person, raise.drill).await?
        }
        // somebody who presses again and again is one alarm; somewhere else, or once it is in hands, it is another one
        (None, Some(account)) if raise.kind == AlarmKind::Button => {
            store::lock(tx, &format!("press|{account}")).await?;
            store::find_open_press_of(ctx, tx, account, raise.drill).await?.filter(|open| {
                matches!(open.machine.state, State::Raised { .. })
                    && (raise.place.is_none() || raise.place == open.place)
            })
        }
        (None, _) => None,
    };
    let window = if raise.person.is_some() { policy.merge_window_secs } else { policy.press_window_secs };
    if let Some(open) = open.filter(|open| open.machine.takes_in(raise.at, window)) {
        return merge(ctx, tx, raise, open, raise.id.0).await;
    }
    let opening =
        Opening { policy: policy.pin(), priority: raise.priority, raised_at: raise.at, drill: raise.drill };
    let kept = Kept {
        id: raise.id,
        number: store::next_number(tx).await?,
        kind: raise.kind,
        reason: raise.reason.clone(),
        org,
        district: crate::identity::district_of(tx, org).await?,
        person: raise.person,
        screening: raise.screening,
        queue_item: raise.queue_item,
        raised_by: raise.by,
        device_raised_at: raise.device_at,
        presented_at: None,
        place: raise.place.clone(),
        version: 1,
        decided: Decided { version: 1, by: None, at: None },
        machine: Alarm::open(opening),
    };
    store::insert(ctx, tx, &kept).await?;
    keep_signal(ctx, tx, raise, &kept, raise.id.0).await?;
    worker::keep_timers(tx, &kept, ctx.now()).await?;
    let body = json!({
        "kind": raise.kind.code(),
        "priority": raise.priority.number(),
        "reason": raise.reason,
        "words_id": raise.id,
        "device_at": raise.device_at,
    });
    Ok(Placed { outcome: Outcome::Raised, kept, event: Some(("alarm.raised", body, ctx.now())) })
}

/// A signal under an id that has come before: the same one, unless it is more urgent, another deadline, or asks anew for
/// an alarm that was closed.
async fn again(ctx: &Ctx, tx: &mut ScopedTx, raise: &Raise, alarm: AlarmId) -> Result<Placed, Problem> {
    let mut kept = store::load_for_update(ctx, tx, alarm)
        .await?
        .ok_or_else(|| Problem::not_found("alarm of a signal"))?;
    let is_about_another =
        kept.id == raise.id && kept.person.is_some() && raise.person.is_some() && kept.person != raise.person;
    if is_about_another {
        return Err(Problem::id_reused());
    }
    let closed_at = match kept.machine.state {
        State::Closed { at, .. } => Some(at),
        State::Raised { .. } | State::Claimed { .. } | State::Acknowledged { .. } => None,
    };
    let name = match raise.mark {
        Some(Mark::Deadline(mark)) => format!("deadline|{mark}"),
        _ if raise.priority.is_more_urgent_than(kept.machine.priority) => raise.priority.code().to_owned(),
        _ if kept.queue_item.is_none() && raise.queue_item.is_some() => {
            // the tablet's word came before its screening: now it is known what the alarm is about
            kept.queue_item = raise.queue_item;
            kept.screening = kept.screening.or(raise.screening);
            store::save(ctx, tx, &mut kept).await?;
            let body = json!({"queue_item_id": kept.queue_item, "screening_id": kept.screening});
            return Ok(Placed {
                outcome: Outcome::Merged,
                kept,
                event: Some(("alarm.linked", body, ctx.now())),
            });
        }
        Some(Mark::Asked(mark)) if closed_at.is_some() => format!("asked|{mark}"),
        // whoever closed it did not mend it
        None if raise.kind == AlarmKind::System
            && closed_at.is_some_and(|at| raise.at - at > FAULT_RESTS) =>
        {
            format!("again|{}", raise.at.timestamp())
        }
        _ => return Ok(Placed::known(kept)),
    };
    let signal = Uuid::new_v5(&raise.id.0, name.as_bytes());
    if signals::alarm_of(tx, signal).await?.is_some() {
        return Ok(Placed::known(kept));
    }
    merge(ctx, tx, raise, kept, signal).await
}

async fn merge(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    raise: &Raise,
    mut kept: Kept,
    signal: Uuid,
) -> Result<Placed, Problem> {
    let now = ctx.now();
    let rises = raise.priority.is_more_urgent_than(kept.machine.priority);
    let event = AlarmEvent::RaisedAgain { priority: raise.priority };
    kept.machine = kept.machine.apply(event, now).map_err(|illegal: Illegal| Problem::internal(&illegal))?;
    if rises || kept.screening.is_none() {
        kept.screening = raise.screening.or(kept.screening);
    }
    kept.queue_item = kept.queue_item.or(raise.queue_item);
    if raise.place.is_some() {
        kept.place.clone_from(&raise.place);
    }
    store::save(ctx, tx, &mut kept).await?;
    keep_signal(ctx, tx, raise, &kept, signal).await?;
    worker::keep_timers(tx, &kept, now).await?;
    let body = json!({
        "kind": raise.kind.code(),
        "priority": raise.priority.number(),
        "reason": raise.reason,
        "count": kept.machine.count,
        "rises": rises,
        "words_id": signal,
        "device_at": raise.device_at,
    });
    Ok(Placed { outcome: Outcome::Merged, kept, event: Some(("alarm.merged", body, now)) })
}

async fn keep_signal(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    raise: &Raise,
    kept: &Kept,
    id: Uuid,
) -> Result<(), Problem> {
    let signal = NewSignal {
        id,
        alarm: kept.id,
        kind: raise.kind,
        by: raise.by,
        at: raise.at,
        device_at: raise.device_at,
        priority: raise.priority,
        place: raise.place.as_ref(),
        note: raise.note.as_ref(),
    };
    signals::insert(ctx, tx, signal).await?;
    Ok(())
}
