//! Decide: every rule a clinician, a lawyer or a dispatcher may question. Values in, values with reasons out.
//!
//! No IO, no clock, no chance: time and ids are arguments. The same code runs in the server and, compiled to
//! WebAssembly, on the tablet, so that an offline answer is the server's answer.

pub mod device_clock;
pub mod dispatch;
pub mod identity;
pub mod ids;
pub mod people;
pub mod private;
pub mod scale;
pub mod screening;
pub mod triage;

pub use private::Private;

/// An instant in UTC. Local time is made at the edge, from the tenant's zone.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
