//! Screenings brought in from a file, through the same submit as a tablet's: every row is a person, answers, a result
//! and a suggestion, or a reason why not. Bringing the same file in again changes nothing.

mod columns;
mod http;
mod plan;
mod report;
mod rows;
mod run;
mod store;
mod table;

pub use http::router as imports_router;
pub use report::{Rejection, Report};
pub use run::{Ask, Timing, commit, preview};
