//! Triage: every result gets a tier, an owner and a deadline; rules suggest, a person decides.
//!
//! Screening stands above this slice and hands results in as values; alarms stand above too and are asked for by a
//! timer (`dispatch.raise`) written in the same transaction.

mod close_mild;
mod decide;
mod due;
mod http;
mod item;
mod policy;
mod store;
mod take_in;
mod view;

pub use close_mild::close_mild;
pub use decide::{Command, close, contacted};
pub use due::{AlarmClosed, alarm_closed, release_owner, restore_watch, timers};
pub use http::router;
pub use policy::{PolicyCache, active_policy};
pub use store::person_of;
pub use take_in::{DUE, Taken, Visit, take_in};
pub use view::{QueueItemView, Why, live, why};

use crate::platform::keys::Column;

/// What the dispatch slice listens to.
pub const RAISE_ALARM: &str = "dispatch.raise";

const SUGGESTION: Column = Column("suggestion.document");
const NOTE: Column = Column("queue_change.note");
const SECOND_REASON: Column = Column("queue_item.second_reason");
