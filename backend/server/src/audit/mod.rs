//! Who looked at what, and why: append only, sealed into a chain that shows any edit, deletion, insertion or swap.
//!
//! An entry is written in the transaction of the act itself: no entry, no look. A sealer adds the chain afterwards,
//! so that nobody waits for it. What waits for its seal is a row of its own, so that none can be passed over whatever
//! the clocks say, and looking for them costs nothing.

mod sealer;
mod verify;

pub use sealer::{oldest_unsealed, run, seal_pending};
pub use verify::{Broken, verify};

use crate::platform::{Ctx, ScopedTx};
use rules::Timestamp;
use serde_json::Value;
use uuid::Uuid;

/// `detail` holds ids and codes, never names or texts about a person.
#[derive(Debug, Clone)]
pub struct Entry {
    pub action: &'static str,
    pub subject_kind: &'static str,
    pub subject_id: Option<Uuid>,
    pub detail: Value,
}

pub async fn write(ctx: &Ctx, tx: &mut ScopedTx, entry: Entry) -> sqlx::Result<()> {
    let scope = tx.scope().clone();
    sqlx::query!(
        "with entry as (
             insert into audit_entry (tenant_id, id, at, actor_id, action, subject_kind, subject_id, purpose, detail)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             returning tenant_id, id, at
         )
         insert into audit_unsealed (tenant_id, entry_id, at)
         select tenant_id, id, at
           from entry",
        scope.tenant.0,
        ctx.new_id(),
        ctx.now(),
        scope.actor.0,
        entry.action,
        entry.subject_kind,
        entry.subject_id,
        scope.purpose.as_str(),
        entry.detail,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// An entry as it stands in the table; its bytes are what the chain seals.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kept {
    pub id: Uuid,
    pub at: Timestamp,
    pub actor_id: Option<Uuid>,
    pub action: String,
    pub subject_kind: String,
    pub subject_id: Option<Uuid>,
    pub purpose: String,
    pub detail: Value,
}

pub(crate) const FIRST: [u8; 32] = [0; 32];

/// The hash of a link: the one before, its number, and every field of the entry, each with its length before it.
pub(crate) fn link(prev: &[u8], seq: i64, entry: &Kept) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    let mut put = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    put(prev);
    put(&seq.to_be_bytes());
    put(entry.id.as_bytes());
    put(&entry.at.timestamp_micros().to_be_bytes());
    put(entry.actor_id.unwrap_or_default().as_bytes());
    put(entry.action.as_bytes());
    put(entry.subject_kind.as_bytes());
    put(entry.subject_id.unwrap_or_default().as_bytes());
    put(entry.purpose.as_bytes());
    // serde_json keeps object keys sorted, and so does jsonb give them back in one order
    put(entry.detail.to_string().as_bytes());
    hash.finalize().to_vec()
}
