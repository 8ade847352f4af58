//! One file per domain, named like it.

mod administrators;
mod audit;
mod bad_input;
mod campaigns;
mod consent;
mod dispatch;
mod dispatch_acts;
mod duty;
mod events;
mod identity;
mod imports;
mod org_units;
mod overview;
mod people;
mod platform;
mod raising;
mod screening;
mod triage;
mod triage_red;
