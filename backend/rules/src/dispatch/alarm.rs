//! What an alarm is, what can happen to it, and why something is refused.

use super::escalation::{Pinned, Position};
use super::priority::Priority;
use crate::ids::AccountId;
use crate::{Private, Timestamp};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// An alarm as far as decisions go; who and where it is about is stored beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    pub policy: Pinned,
    pub priority: Priority,
    pub state: State,
    pub raised_at: Timestamp,
    /// Presses and looks that were merged into it, itself included.
    pub count: u32,
    pub last_press_at: Timestamp,
    /// When it was last raised again: a lease ran out, it was given back or reopened.
    pub returned_at: Option<Timestamp>,
    pub drill: bool,
    pub escalation: Escalation,
}

/// How an alarm begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    pub policy: Pinned,
    pub priority: Priority,
    pub raised_at: Timestamp,
    pub drill: bool,
}

/// Where the alarm stands in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// The instant from which the plan's seconds count.
    pub from: Timestamp,
    /// The last position that was carried out.
    pub done: Option<Position>,
    /// The position to carry out, and when. `None` while somebody has the alarm.
    pub next: Option<Due>,
    /// By then a screen has shown what the last position told, or the next one comes at once.
    pub shown_by: Option<Timestamp>,
    /// Counts every change of plan. A timer with an older fence is void.
    pub fence: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    pub position: Position,
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// Nobody has it.
    Raised { shelved: Option<Shelved> },
    /// Somebody looks; lapses at `until`.
    Claimed { by: AccountId, at: Timestamp, until: Timestamp },
    /// Somebody acts; raised again at `until` without another action.
    Acknowledged {
        by: AccountId,
        at: Timestamp,
        until: Timestamp,
        /// The person was not reached and is tried again then.
        retry_at: Option<Timestamp>,
        tries: u16,
        close_asked: Option<CloseAsked>,
    },
    Closed {
        by: AccountId,
        at: Timestamp,
        code: CloseCode,
        reason: Private<String>,
        second: Option<AccountId>,
    },
}

/// Put aside for a while, with a reason, by name. Never a P1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shelved {
    pub by: AccountId,
    pub at: Timestamp,
    pub until: Timestamp,
    pub reason: Private<String>,
}

/// A close that waits for its second person. The alarm stays open until then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseAsked {
    pub by: AccountId,
    pub at: Timestamp,
    pub code: CloseCode,
    pub reason: Private<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseCode {
    Helped,
    HandedOver,
    FalseAlarm,
    Accidental,
    Test,
    Duplicate,
    CannotReach,
}

impl CloseCode {
    pub const ALL: [Self; 7] = [
        Self::Helped,
        Self::HandedOver,
        Self::FalseAlarm,
        Self::Accidental,
        Self::Test,
        Self::Duplicate,
        Self::CannotReach,
    ];

    /// Says that nobody was in danger.
    pub const DISMISSING: [Self; 4] = [Self::FalseAlarm, Self::Accidental, Self::Test, Self::Duplicate];

    /// Was somebody with the person, or in touch with them?
    pub const fn has_reached_somebody(self) -> bool {
        match self {
            Self::Helped | Self::HandedOver => true,
            Self::FalseAlarm | Self::Accidental | Self::Test | Self::Duplicate | Self::CannotReach => false,
        }
    }

    pub const fn code(self) -> &'static str {
        match self {
            Self::Helped => "helped",
            Self::HandedOver => "handed_over",
            Self::FalseAlarm => "false_alarm",
            Self::Accidental => "accidental",
            Self::Test => "test",
            Self::Duplicate => "duplicate",
            Self::CannotReach => "cannot_reach",
        }
    }
}

/// Where an alarm came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// Somebody held the alarm button.
    Button,
    /// A screening and its second look suggested tier 4, or a deadline with a critical answer passed.
    Screening,
    /// A worker's or counsellor's word.
    Word,
    Api,
    /// The system about itself.
    System,
    /// The system tests its own path.
    Canary,
}

impl AlarmKind {
    pub const ALL: [Self; 6] =
        [Self::Button, Self::Screening, Self::Word, Self::Api, Self::System, Self::Canary];

    pub const fn code(self) -> &'static str {
        match self {
            Self::Button => "button",
            Self::Screening => "screening",
            Self::Word => "word",
            Self::Api => "api",
            Self::System => "system",
            Self::Canary => "canary",
        }
    }

    /// How urgent an alarm of this kind is unless its sender says otherwise.
    pub const fn default_priority(self) -> Priority {
        match self {
            Self::Button => Priority::P1,
            Self::Screening | Self::Word | Self::Api => Priority::P2,
            Self::System => Priority::P3,
            Self::Canary => Priority::P4,
        }
    }
}

/// What can happen. Events without a `by` come from timers or other alarms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlarmEvent {
    /// Takes the alarm, or renews the own claim.
    Claim {
        by: AccountId,
    },
    /// Acts on the alarm; again by the same person renews it.
    Acknowledge {
        by: AccountId,
    },
    /// Gives it back.
    Release {
        by: AccountId,
    },
    LeaseExpired,
    AckExpired,
    /// Wrote something down: a sign of life that renews what its author holds.
    Note {
        by: AccountId,
    },
    /// A step of the plan was carried out.
    Escalated {
        position: Position,
    },
    /// Somebody wants the next step now.
    EscalateNow {
        by: AccountId,
    },
    /// No screen has shown the step that was carried out last.
    NotPresented {
        position: Position,
    },
    /// The person could not be reached; tried again at `retry_at`.
    Unreachable {
        by: AccountId,
        retry_at: Timestamp,
    },
    RetryDue,
    /// The same again: another press, another look.
    RaisedAgain {
        priority: Priority,
    },
    Shelve {
        by: AccountId,
        until: Timestamp,
        reason: Private<String>,
    },
    Unshelve {
        by: AccountId,
    },
    ShelfExpired,
    Close {
        by: AccountId,
        code: CloseCode,
        reason: Private<String>,
        second: Option<AccountId>,
    },
    /// Like `Close`, but the second person answers later.
    AskClose {
        by: AccountId,
        code: CloseCode,
        reason: Private<String>,
    },
    SecondClose {
        by: AccountId,
    },
    Reopen {
        by: AccountId,
    },
}

/// Why a command was refused. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Illegal {
    #[error("somebody else has this alarm")]
    HeldByOther { by: AccountId, at: Timestamp, until: Timestamp },
    #[error("the alarm is not held by this account; claim it first")]
    NotHeld,
    #[error("the alarm is claimed but not acknowledged; acknowledge it first")]
    NotAcknowledged,
    #[error("the alarm is closed")]
    Closed { by: AccountId, at: Timestamp },
    #[error("only a closed alarm can be reopened")]
    NotClosed,
    #[error("this timer is not due yet")]
    NotDue { due_at: Timestamp },
    #[error("this timer belongs to an earlier state of the alarm")]
    Stale,
    #[error("an alarm of this priority is never put on the shelf")]
    NeverShelved,
    #[error("an alarm that somebody acts on cannot be put on the shelf")]
    NotWaiting,
    #[error("the alarm is not on the shelf")]
    NotShelved,
    #[error("the time must lie ahead, at most {max_secs} seconds")]
    TimeOutOfRange { max_secs: u32 },
    #[error("a reason is needed")]
    ReasonNeeded,
    #[error("a second person is needed to close this alarm with this code")]
    SecondPersonNeeded,
    #[error("the second person must be somebody else")]
    SamePerson,
    #[error("nobody has asked for a second person")]
    NothingAsked,
    #[error("an alarm that only stands on the list has no next step")]
    NoNextStep,
}

/// A row for the timer table: unique by (alarm, kind, step, lap, fence).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Timer {
    pub kind: TimerKind,
    pub due_at: Timestamp,
    pub fence: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TimerKind {
    Escalate { position: Position },
    Presented { position: Position },
    Lease,
    AckExpiry,
    Retry,
    Shelf,
}

impl TimerKind {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Escalate { .. } => "escalate",
            Self::Presented { .. } => "presented",
            Self::Lease => "lease",
            Self::AckExpiry => "ack_expiry",
            Self::Retry => "retry",
            Self::Shelf => "shelf",
        }
    }

    /// The event that a due timer stands for.
    pub const fn event(self) -> AlarmEvent {
        match self {
            Self::Escalate { position } => AlarmEvent::Escalated { position },
            Self::Presented { position } => AlarmEvent::NotPresented { position },
            Self::Lease => AlarmEvent::LeaseExpired,
            Self::AckExpiry => AlarmEvent::AckExpired,
            Self::Retry => AlarmEvent::RetryDue,
            Self::Shelf => AlarmEvent::ShelfExpired,
        }
    }
}

impl Alarm {
    pub fn open(opening: Opening) -> Self {
        let Opening { policy, priority, raised_at, drill } = opening;
        let first = policy.plan(priority).after(None);
        let next =
            first.map(|position| Due { position, at: raised_at + policy.plan(priority).offset(position) });
        Self {
            policy,
            priority,
            state: State::Raised { shelved: None },
            raised_at,
            count: 1,
            last_press_at: raised_at,
            returned_at: None,
            drill,
            escalation: Escalation { from: raised_at, done: None, next, shown_by: None, fence: 0 },
        }
    }

    /// Everything that will happen by itself if nobody acts.
    pub fn timers(&self) -> Vec<Timer> {
        let mut timers = Vec::with_capacity(3);
        let mut add = |kind, due_at| timers.push(Timer { kind, due_at, fence: self.escalation.fence });
        match &self.state {
            State::Raised { shelved: Some(shelved) } => add(TimerKind::Shelf, shelved.until),
            State::Raised { shelved: None } => {
                if let Some((position, due_at)) = self.presented_check() {
                    add(TimerKind::Presented { position }, due_at);
                }
            }
            State::Claimed { until, .. } => add(TimerKind::Lease, *until),
            State::Acknowledged { until, retry_at, .. } => {
                add(TimerKind::AckExpiry, *until);
                if let Some(retry_at) = retry_at {
                    add(TimerKind::Retry, *retry_at);
                }
            }
            State::Closed { .. } => {}
        }
        if let Some(Due { position, at }) = self.escalation.next {
            add(TimerKind::Escalate { position }, at);
        }
        timers
    }

    /// The next instant at which something happens by itself.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.timers().into_iter().map(|timer| timer.due_at).min()
    }

    pub const fn is_open(&self) -> bool {
        !matches!(self.state, State::Closed { .. })
    }

    /// Who has the alarm now.
    pub const fn holder(&self) -> Option<AccountId> {
        match &self.state {
            State::Claimed { by, .. } | State::Acknowledged { by, .. } => Some(*by),
            State::Raised { .. } | State::Closed { .. } => None,
        }
    }

    /// A drill endangers nobody: one person closes it with any code.
    pub fn needs_second_person(&self, code: CloseCode) -> bool {
        !self.drill && self.policy.needs_second_person(self.priority, code)
    }

    /// Does a new press or look about the same person at `at` join this alarm?
    pub fn takes_in(&self, at: Timestamp, merge_window_secs: u32) -> bool {
        self.is_open() && at - self.last_press_at <= TimeDelta::seconds(i64::from(merge_window_secs))
    }

    /// Worth a timer only before the following step.
    fn presented_check(&self) -> Option<(Position, Timestamp)> {
        let Escalation { done, next, shown_by, .. } = self.escalation;
        let (done, next, shown_by) = (done?, next?, shown_by?);
        (shown_by < next.at).then_some((done, shown_by))
    }
}

impl State {
    /// As the contract spells it; a shelved alarm is still raised.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Raised { .. } => "raised",
            Self::Claimed { .. } => "claimed",
            Self::Acknowledged { .. } => "acknowledged",
            Self::Closed { .. } => "closed",
        }
    }
}
