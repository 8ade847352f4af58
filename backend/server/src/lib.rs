//! Do: one folder per domain. A request passes `http → ops → rules → store` and nothing else.
//!
//! Calls go down only: overview → screening, dispatch → triage → people → identity → audit → events, platform.
//! On the same level or upwards there is a timer or an event.

pub mod audit;
pub mod demo;
pub mod dispatch;
pub mod events;
pub mod identity;
pub mod overview;
pub mod people;
pub mod platform;
pub mod screening;
pub mod triage;
pub mod wiring;
