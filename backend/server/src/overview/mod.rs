//! Looking over everything, reading only: joins across slices, and the auditor that finds what should not be.

pub mod auditor;
mod health;

pub use auditor::{Invariant, Violation, check};
pub use health::{Health, health};

use crate::platform::Ctx;
use crate::platform::tasks::Tasks;

pub fn start(ctx: &Ctx, tasks: &Tasks) {
    let ctx = ctx.clone();
    tasks.keep("auditor", move |stop| auditor::run(ctx.clone(), stop));
}
