//! The tenant's escalation policy: its own newest version, or the one that ships with the program.

use super::store;
use crate::platform::{Ctx, Problem, ScopedTx};
use rules::dispatch::EscalationPolicy;

const SHIPPED: &str = include_str!("../../../rules/policies/escalation/default/1.0.0.json");

#[derive(Debug, thiserror::Error)]
#[error("the escalation policy in force cannot be read")]
struct Unreadable;

/// A tenant without a policy gets the shipped one, so that what is in force can be read and superseded like any other.
pub async fn active(ctx: &Ctx, tx: &mut ScopedTx) -> Result<EscalationPolicy, Problem> {
    let now = ctx.now();
    if let Some(document) = store::load_policy(tx, now).await? {
        if let Ok(policy) = EscalationPolicy::parse(&document.to_string()) {
            return Ok(policy);
        }
        // an alarm under the shipped policy is better than none
        tracing::error!(tenant.id = %tx.tenant(), "the escalation policy in force cannot be read; using the shipped one");
        return shipped();
    }
    let policy = shipped()?;
    let document = serde_json::from_str(SHIPPED).map_err(|error| Problem::internal(&error))?;
    store::insert_policy(tx, &policy.id, &policy.version, &document, now).await?;
    Ok(policy)
}

fn shipped() -> Result<EscalationPolicy, Problem> {
    EscalationPolicy::parse(SHIPPED).map_err(|_| Problem::internal(&Unreadable))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_shipped_policy_loads() {
        assert!(super::shipped().is_ok());
    }
}
