//! What people do with alarms: one function is one intent and one transaction.

pub mod close;
pub mod hold;
pub mod look;
pub mod note;
pub mod presented;
pub mod raise;

use super::store::{self, Decided, Kept, signals};
use super::view::{self, AlarmView};
use super::worker;
use crate::audit::Entry;
use crate::events::{self, NewEvent, Stream, Subject};
use crate::identity::Actor;
use crate::platform::{Ctx, Problem, Purpose, ScopedTx};
use axum::http::StatusCode;
use rules::Timestamp;
use rules::dispatch::{AlarmEvent, Illegal};
use rules::identity::Action;
use rules::ids::{AccountId, AlarmId};
use serde_json::{Value, json};

/// Which alarm, and as of which version the caller saw it.
#[derive(Debug, Clone, Copy)]
pub struct Command {
    pub id: AlarmId,
    pub expected_version: i64,
}

/// How an act is recorded.
struct Said {
    event: &'static str,
    audit: &'static str,
    body: Value,
    /// Does it change who has the alarm or how it stands? Then whoever acts on an older version is told.
    decides: bool,
}

impl Said {
    fn decides(event: &'static str, audit: &'static str) -> Self {
        Self { event, audit, body: json!({}), decides: true }
    }

    fn beside(event: &'static str, audit: &'static str) -> Self {
        Self { decides: false, ..Self::decides(event, audit) }
    }

    fn with(mut self, body: Value) -> Self {
        self.body = body;
        self
    }
}

/// Locks the alarm for somebody who may act on it and has seen the last decision about it.
async fn begin(
    ctx: &Ctx,
    actor: &Actor,
    command: Command,
    action: Action,
) -> Result<(ScopedTx, Kept), Problem> {
    let scope = actor.scope_for(action, Purpose::Dispatch);
    let mut tx = ctx.db.begin_alarm(&scope).await?;
    let kept = load_for_update(ctx, &mut tx, command.id).await?;
    if !crate::identity::is_within(&mut tx, kept.org, &scope.scopes).await? {
        return Err(no_such_alarm());
    }
    if command.expected_version > kept.version {
        return Err(Problem::version_conflict(kept.version));
    }
    let Decided { version, by, at } = kept.decided;
    match by.zip(at) {
        Some((by, at)) if by != actor.account && command.expected_version < version => {
            Err(faster(&mut tx, kept.version, by, at).await?)
        }
        _ => Ok((tx, kept)),
    }
}

/// Also by the id of a press that was merged into it.
async fn load_for_update(ctx: &Ctx, tx: &mut ScopedTx, id: AlarmId) -> Result<Kept, Problem> {
    let alarm = signals::alarm_of(tx, id.0).await?.unwrap_or(id);
    store::load_for_update(ctx, tx, alarm).await?.ok_or_else(no_such_alarm)
}

fn no_such_alarm() -> Problem {
    Problem::not_found("alarm")
}

/// Decides, saves, keeps the timers, records; the event is the last statement before the commit. An act that changes
/// nothing, such as a command sent twice, leaves no trace.
async fn carry_out(
    ctx: &Ctx,
    actor: &Actor,
    mut tx: ScopedTx,
    mut kept: Kept,
    event: AlarmEvent,
    said: Said,
) -> Result<AlarmView, Problem> {
    let now = ctx.now();
    let before = kept.machine.clone();
    kept.machine = match before.clone().apply(event, now) {
        Ok(machine) => machine,
        Err(illegal) => return Err(refused(&mut tx, kept.version, illegal).await?),
    };
    if kept.machine == before && said.decides {
        return view::one(ctx, &mut tx, &kept).await;
    }
    if said.decides {
        kept.decided = Decided { version: kept.version + 1, by: Some(actor.account), at: Some(now) };
    }
    store::save(ctx, &mut tx, &mut kept).await?;
    worker::keep_timers(&mut tx, &kept, now).await?;
    if before.is_open() {
        close::pass_on(&mut tx, &kept).await?;
    }
    let entry = Entry {
        action: said.audit,
        subject_kind: "alarm",
        subject_id: Some(kept.id.0),
        detail: json!({"version": kept.version}),
    };
    crate::audit::write(ctx, &mut tx, entry).await?;
    let view = view::one(ctx, &mut tx, &kept).await?;
    record(&mut tx, &kept, said.event, said.body, now).await?;
    tx.commit().await?;
    Ok(view)
}

/// In the stream of the alarm's district. Call it last.
pub(super) async fn record(
    tx: &mut ScopedTx,
    kept: &Kept,
    kind: &'static str,
    mut body: Value,
    at: Timestamp,
) -> sqlx::Result<()> {
    body["version"] = json!(kept.version);
    let event = NewEvent {
        stream: Stream::District(kept.district),
        kind,
        subject: Subject::Alarm(kept.id.0),
        at,
        body,
    };
    events::record(tx, event).await?;
    Ok(())
}

async fn faster(tx: &mut ScopedTx, version: i64, by: AccountId, at: Timestamp) -> sqlx::Result<Problem> {
    let name = crate::identity::name_of(tx, by).await?.unwrap_or_default();
    Ok(Problem::version_conflict(version).with("winner", json!({"id": by, "name": name, "at": at})))
}

/// What the rules refused, as the console can act on it.
async fn refused(tx: &mut ScopedTx, version: i64, illegal: Illegal) -> Result<Problem, Problem> {
    let conflict = |code: &str, title: &'static str| {
        Problem::new(StatusCode::CONFLICT, code, title).with("current_version", version)
    };
    Ok(match illegal {
        Illegal::HeldByOther { by, at, .. } | Illegal::Closed { by, at } => {
            faster(tx, version, by, at).await?
        }
        Illegal::NotHeld => conflict("alarm-not-held", "Claim the alarm first"),
        Illegal::NotAcknowledged => conflict("alarm-not-acknowledged", "Acknowledge the alarm first"),
        Illegal::NotClosed => conflict("alarm-not-closed", "The alarm is open"),
        Illegal::NeverShelved => {
            conflict("alarm-never-shelved", "An alarm of this priority is never put aside")
        }
        Illegal::NotWaiting => {
            conflict("alarm-not-waiting", "Somebody acts on the alarm; it is not put aside")
        }
        Illegal::NotShelved => conflict("alarm-not-shelved", "The alarm is not put aside"),
        Illegal::SecondPersonNeeded => {
            conflict("second-person-needed", "A second person is needed to close this alarm so")
        }
        Illegal::NothingAsked => conflict("nothing-asked", "Nobody has asked for a second person"),
        Illegal::NoNextStep => {
            conflict("no-next-step", "This alarm stands on the list only; nobody is told next")
        }
        Illegal::Stale | Illegal::NotDue { .. } => conflict("too-early", "This is not due"),
        Illegal::TimeOutOfRange { .. } => Problem::invalid("secs", illegal.to_string()),
        Illegal::ReasonNeeded => Problem::invalid("reason", illegal.to_string()),
        Illegal::SamePerson => Problem::invalid("second", illegal.to_string()),
    })
}
