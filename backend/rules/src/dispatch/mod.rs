//! Alarms: which state an alarm is in, who is told next and when, in which order a seat sees them.
//!
//! An alarm carries the escalation policy it was raised under, so that a new version never changes an alarm that
//! is already ringing. Timers are data: [`Alarm::timers`] says what is due when; whoever stores an alarm stores those rows.

mod alarm;
mod apply;
mod escalation;
mod lint;
mod order;
mod priority;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use alarm::{
    Alarm, AlarmEvent, AlarmKind, CloseAsked, CloseCode, Escalation, Illegal, Opening, Shelved, State, Timer,
    TimerKind,
};
pub use escalation::{
    Channel, EscalationPolicy, LastResort, NextStep, Pinned, Plan, Plans, Position, Repeat, SecondPerson,
    Stage, Step, next_step,
};
pub use lint::lint;
pub use order::{QueueRank, queue_rank};
pub use priority::Priority;
