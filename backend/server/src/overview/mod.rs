//! Looking over everything: joins across slices, the auditor that finds what should not be, and the retention that ends
//! what has been kept long enough.

pub mod auditor;
mod health;
mod retention;

pub use auditor::{Invariant, Violation, check};
pub use health::{Health, health};
pub use retention::forget_due;

use crate::platform::Ctx;
use crate::platform::tasks::Tasks;

pub fn start(ctx: &Ctx, tasks: &Tasks) {
    let of = ctx.clone();
    tasks.keep("auditor", move |stop| auditor::run(of.clone(), stop));
    let of = ctx.clone();
    tasks.keep("retention", move |stop| retention::run(of.clone(), stop));
}
