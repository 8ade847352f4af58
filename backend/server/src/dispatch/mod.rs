//! Alarms: raised, claimed, acknowledged, closed; escalated until somebody acts.
//!
//! What may happen to an alarm is decided by `rules::dispatch`; this slice keeps it, tells people, and loses nothing.
//! Other slices ask for an alarm with a timer of the kind [`RAISE`], or call [`raise_system`].

mod deliveries;
mod http;
mod ops;
mod policy;
mod receipts;
mod spool;
mod store;
mod view;
mod webhook;
mod words;
mod worker;

pub use deliveries::{Lane, send_due};
pub use http::router;
pub use ops::presented::presented;
pub use ops::raise::{SystemFault, raise_system};
pub use receipts::Receipts;
pub use spool::{Spool, replay, waiting as waiting_in_journal};
pub use view::{AlarmDetail, AlarmView, live};
pub use webhook::{BadWebhook, Webhook};
pub use worker::{RAISE, restore_timers, timers};

use crate::platform::tasks::Tasks;
use crate::platform::{Ctx, ScopedTx};
use rules::ids::AlarmId;

/// Has this alarm been raised, or what was sent under its id joined another?
pub async fn has_alarm(tx: &mut ScopedTx, id: AlarmId) -> sqlx::Result<bool> {
    Ok(store::signals::alarm_of(tx, id.0).await?.is_some())
}

/// The loops of this slice. Timers are fired by the platform's.
pub fn start(ctx: &Ctx, tasks: &Tasks) {
    for lane in [Lane::Urgent, Lane::Other] {
        let ctx = ctx.clone();
        tasks.keep(lane.name(), move |stop| deliveries::run(ctx.clone(), lane, stop));
    }
    let ctx = ctx.clone();
    tasks.keep("alarm_journal", move |stop| spool::run(ctx.clone(), stop));
}
