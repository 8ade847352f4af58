//! Alarms: raised, claimed, acknowledged, closed; escalated until somebody acts.

use crate::identity::Actor;
use crate::platform::{Ctx, Problem};
use rules::ids::AlarmId;

#[derive(Debug, Clone)]
pub struct Webhook {
    pub url: String,
}

#[derive(Debug, Default)]
pub struct Spool;

/// A screen has really shown this alarm.
pub async fn presented(_ctx: &Ctx, _actor: &Actor, _alarm: AlarmId) -> Result<(), Problem> {
    Ok(())
}
