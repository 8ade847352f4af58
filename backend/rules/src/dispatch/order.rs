//! In which order a seat sees alarms.

use super::alarm::{Alarm, State};
use super::priority::Priority;
use crate::Timestamp;
use crate::ids::AlarmId;

/// Sorts ascending: the first row is the one to take next. Real before drill, P1 before P2, waiting before taken,
/// the longest waiting first; what is shelved, then what is closed, stands at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueueRank {
    shelf: Shelf,
    drill: bool,
    priority: Priority,
    attention: Attention,
    raised_at: Timestamp,
    id: AlarmId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shelf {
    Open,
    Shelved,
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Attention {
    Waiting,
    Claimed,
    Acknowledged,
    None,
}

pub fn queue_rank(id: AlarmId, alarm: &Alarm) -> QueueRank {
    let (shelf, attention) = match &alarm.state {
        State::Raised { shelved: None } => (Shelf::Open, Attention::Waiting),
        State::Raised { shelved: Some(_) } => (Shelf::Shelved, Attention::Waiting),
        State::Claimed { .. } => (Shelf::Open, Attention::Claimed),
        State::Acknowledged { .. } => (Shelf::Open, Attention::Acknowledged),
        State::Closed { .. } => (Shelf::Closed, Attention::None),
    };
    QueueRank {
        shelf,
        drill: alarm.drill,
        priority: alarm.priority,
        attention,
        raised_at: alarm.raised_at,
        id,
    }
}
