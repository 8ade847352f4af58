//! What a running server leaves behind in the database, for somebody who asks from outside whether it is well.

use crate::platform::{Ctx, Problem};
use chrono::TimeDelta;
use rules::Timestamp;
use rules::ids::TenantId;

/// The auditor writes its heartbeats every five seconds.
const RUNS_WITHIN: TimeDelta = TimeDelta::minutes(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    pub database_now: Timestamp,
    /// In the business time of the server that wrote it.
    pub last_beat_at: Option<Timestamp>,
    /// When the audit entry was written that has waited longest for its seal.
    pub unsealed_since: Option<Timestamp>,
}

impl Health {
    pub fn is_running(&self) -> bool {
        self.last_beat_at.is_some_and(|at| self.database_now - at < RUNS_WITHIN)
    }

    /// No beat comes from the future: a server that wrote one there is ahead by at least this.
    pub fn clock_ahead(&self) -> TimeDelta {
        self.last_beat_at.map_or_else(TimeDelta::zero, |at| (at - self.database_now).max(TimeDelta::zero()))
    }

    pub fn unsealed_for(&self) -> Option<TimeDelta> {
        self.unsealed_since.map(|at| self.database_now - at)
    }
}

pub async fn health(ctx: &Ctx, tenant: TenantId) -> Result<Health, Problem> {
    let mut tx = ctx.begin_system(tenant).await?;
    let last_beat_at = sqlx::query_scalar!("select max(at) from heartbeat where tenant_id = $1", tenant.0)
        .fetch_one(&mut *tx)
        .await?;
    let unsealed_since = crate::audit::oldest_unsealed(&mut tx).await?;
    Ok(Health { database_now: tx.database_now().await?, last_beat_at, unsealed_since })
}
