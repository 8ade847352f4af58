//! What every slice stands on: the database, time, keys, the HTTP edge, timers, deliveries, tasks.

pub mod assets;
pub mod canary;
pub mod clock;
pub mod ctx;
pub mod db;
pub mod heartbeat;
pub mod http;
pub mod keys;
pub mod metrics;
pub mod postgres;
pub mod problem;
pub mod tasks;
pub mod text;
pub mod timers;

pub use ctx::Ctx;
pub use db::{Loop, Purpose, SYSTEM, Scope, ScopedTx};
pub use problem::Problem;
