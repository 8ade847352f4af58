//! Closing an alarm. Its queue item lives on: closing says what became of the alarm, not of the person.

use super::{Command, Said, begin, carry_out};
use crate::dispatch::store::{Kept, signals};
use crate::dispatch::view::AlarmView;
use crate::identity::{Actor, Password};
use crate::platform::{Ctx, Problem, Purpose, ScopedTx};
use crate::triage::{self, AlarmClosed};
use axum::http::StatusCode;
use rules::Private;
use rules::dispatch::{AlarmEvent, CloseCode, State};
use rules::identity::Action;
use serde_json::json;

pub struct Closing {
    pub code: CloseCode,
    pub reason: Private<String>,
    pub second: Second,
}

/// The second person some closes need.
pub enum Second {
    /// Not said: refused if one is needed.
    None,
    /// At this desk, with their own password and second factor.
    Here { login: String, password: Password, code: Option<String> },
    /// Answers later, from their own screen.
    Later,
}

pub async fn close(
    ctx: &Ctx,
    actor: &Actor,
    command: Command,
    closing: Closing,
) -> Result<AlarmView, Problem> {
    let Closing { code, reason, second } = closing;
    let by = actor.account;
    // proving who somebody is takes a while; nothing is locked meanwhile
    let second = match second {
        Second::Here { login, password, code } => {
            let second = crate::identity::vouch(ctx, actor.tenant, &login, password, code.as_deref()).await?;
            if !second.may(Action::AlarmSecond) {
                return Err(cannot_second());
            }
            Some(second)
        }
        Second::None => None,
        Second::Later => {
            let (tx, kept) = begin(ctx, actor, command, Action::AlarmClose).await?;
            let said =
                Said::decides("alarm.close_asked", "alarm.ask_close").with(json!({"code": code.code()}));
            return carry_out(ctx, actor, tx, kept, AlarmEvent::AskClose { by, code, reason }, said).await;
        }
    };
    let (mut tx, kept) = begin(ctx, actor, command, Action::AlarmClose).await?;
    if let Some(second) = &second {
        let scopes = second.scope_for(Action::AlarmSecond, Purpose::Dispatch).scopes;
        if !crate::identity::is_within(&mut tx, kept.org, &scopes).await? {
            return Err(cannot_second());
        }
    }
    let second = second.map(|second| second.account);
    let said =
        Said::decides("alarm.closed", "alarm.close").with(json!({"code": code.code(), "second": second}));
    carry_out(ctx, actor, tx, kept, AlarmEvent::Close { by, code, reason, second }, said).await
}

fn cannot_second() -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "cannot-second", "This account cannot be the second person here")
}

/// What becomes of the person is triage's: the items that a closed alarm was about are followed from now on. An alarm
/// that gathers the missed deadlines of many is about none of them.
pub(super) async fn pass_on(tx: &mut ScopedTx, kept: &Kept) -> Result<(), Problem> {
    let State::Closed { by, at, code, .. } = &kept.machine.state else { return Ok(()) };
    let closed = AlarmClosed {
        alarm: kept.id,
        version: kept.version,
        item: kept.queue_item.filter(|_| kept.person.is_some()),
        signals: signals::list_of(tx, kept.id).await?,
        by: *by,
        at: *at,
        was_reached: code.has_reached_somebody(),
    };
    triage::alarm_closed(tx, &closed).await
}

/// The second person agrees to a close that was asked for.
pub async fn second(ctx: &Ctx, actor: &Actor, command: Command) -> Result<AlarmView, Problem> {
    let (tx, kept) = begin(ctx, actor, command, Action::AlarmSecond).await?;
    let said = Said::decides("alarm.closed", "alarm.second").with(json!({"second": actor.account}));
    carry_out(ctx, actor, tx, kept, AlarmEvent::SecondClose { by: actor.account }, said).await
}
