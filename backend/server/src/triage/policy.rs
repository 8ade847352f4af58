//! The tenant's triage policy: its own newest version, or the one that ships with the program.

use crate::platform::{Ctx, Problem, ScopedTx};
use rules::Timestamp;
use rules::ids::TenantId;
use rules::triage::Policy;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock, RwLock};

/// A policy that was just put in force is used everywhere within this time.
const BELIEVED_FOR_SECS: i64 = 2;

static SHIPPED: LazyLock<Option<Arc<Policy>>> = LazyLock::new(|| {
    Policy::parse(include_str!("../../../rules/policies/triage/default/1.0.0.json")).ok().map(Arc::new)
});

#[derive(Default)]
pub struct PolicyCache(RwLock<HashMap<TenantId, (Timestamp, Arc<Policy>)>>);

impl fmt::Debug for PolicyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PolicyCache")
    }
}

impl PolicyCache {
    fn get(&self, tenant: TenantId, now: Timestamp) -> Option<Arc<Policy>> {
        let cache = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        cache
            .get(&tenant)
            .filter(|(since, _)| (now - *since).num_seconds() < BELIEVED_FOR_SECS)
            .map(|(_, policy)| Arc::clone(policy))
    }

    fn put(&self, tenant: TenantId, policy: Arc<Policy>, now: Timestamp) {
        let mut cache = self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        cache.insert(tenant, (now, policy));
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the triage policy in force cannot be read")]
struct Unreadable;

pub async fn active_policy(ctx: &Ctx, tx: &mut ScopedTx) -> Result<Arc<Policy>, Problem> {
    let tenant = tx.tenant();
    if let Some(policy) = ctx.policies.get(tenant, ctx.now()) {
        return Ok(policy);
    }
    let document = sqlx::query_scalar!(
        "select document
           from triage_policy
          where tenant_id = $1 and active_from <= $2
          order by active_from desc
          limit 1",
        tenant.0,
        ctx.now(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    let policy = match document {
        Some(document) => {
            Policy::parse(&document.to_string()).map(Arc::new).map_err(|_| Problem::internal(&Unreadable))?
        }
        None => SHIPPED.clone().ok_or_else(|| Problem::internal(&Unreadable))?,
    };
    ctx.policies.put(tenant, Arc::clone(&policy), ctx.now());
    Ok(policy)
}
