//! Do: one folder per domain. A request passes `http → ops → rules → store` and nothing else.
//!
//! Calls go down only; on the same level or upwards there is a timer or an event:
//! `triage → dispatch` is a timer, screens are fed by events.

pub mod audit;
pub mod dispatch;
pub mod events;
pub mod identity;
pub mod people;
pub mod platform;
pub mod screening;
pub mod triage;
