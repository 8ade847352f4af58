//! One file per domain, named like it.

mod audit;
mod dispatch;
mod events;
mod identity;
mod platform;
mod screening;
mod triage;
