//! One file per domain, named like it.

mod audit;
mod dispatch;
mod dispatch_acts;
mod events;
mod identity;
mod overview;
mod platform;
mod screening;
mod triage;
