//! Adds the links of the chain, one sealer at a time per tenant.

use super::{FIRST, Kept, link};
use crate::platform::tasks::turn;
use crate::platform::{Ctx, Problem, ScopedTx};
use rules::Timestamp;
use rules::ids::TenantId;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const EVERY: Duration = Duration::from_millis(500);
const BATCH: i64 = 2_000;
/// Names the advisory lock; any fixed number will do.
const SEALER_LOCK: i64 = 0x5865_6e67;

pub async fn run(ctx: Ctx, stop: CancellationToken) {
    loop {
        turn(&ctx, "audit_sealer", Box::pin(seal_all(&ctx))).await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn seal_all(ctx: &Ctx) -> Result<(), Problem> {
    let mut outcome = Ok(());
    for tenant in ctx.tenants() {
        outcome = seal_pending(ctx, tenant.id).await.map(|_| ()).and(outcome);
    }
    outcome
}

/// Seals what is not sealed yet; returns how many.
pub async fn seal_pending(ctx: &Ctx, tenant: TenantId) -> Result<usize, Problem> {
    let mut tx = ctx.begin_system(tenant).await?;
    let is_mine = sqlx::query_scalar!(
        r#"select pg_try_advisory_xact_lock($1, hashtext($2)) as "mine!""#,
        i32::try_from(SEALER_LOCK).unwrap_or(i32::MAX),
        tenant.to_string(),
    )
    .fetch_one(&mut *tx)
    .await?;
    if !is_mine {
        return Ok(0);
    }
    let last = sqlx::query!(
        "select seq, hash
           from audit_seal
          where tenant_id = $1
          order by seq desc
          limit 1",
        tenant.0,
    )
    .fetch_optional(&mut *tx)
    .await?;
    let (mut seq, mut prev) = last.map_or((0, FIRST.to_vec()), |seal| (seal.seq, seal.hash));
    let entries = sqlx::query_as!(
        Kept,
        "select e.id, e.at, e.actor_id, e.action, e.subject_kind, e.subject_id, e.purpose, e.detail
           from audit_unsealed u
           join audit_entry e on e.tenant_id = u.tenant_id and e.id = u.entry_id
          where u.tenant_id = $1
            and not exists (select from audit_seal s where s.tenant_id = u.tenant_id and s.entry_id = u.entry_id)
          order by e.at, e.id
          limit $2",
        tenant.0,
        BATCH,
    )
    .fetch_all(&mut *tx)
    .await?;
    let mut links = Links::default();
    for entry in &entries {
        seq += 1;
        let hash = link(&prev, seq, entry);
        links.seqs.push(seq);
        links.entries.push(entry.id);
        links.ats.push(entry.at);
        links.prevs.push(std::mem::replace(&mut prev, hash.clone()));
        links.hashes.push(hash);
    }
    if !entries.is_empty() {
        insert(&mut tx, links).await?;
    }
    take_out_sealed(&mut tx).await?;
    tx.commit().await?;
    Ok(entries.len())
}

/// When the entry was written that has waited longest.
pub async fn oldest_unsealed(tx: &mut ScopedTx) -> sqlx::Result<Option<Timestamp>> {
    let tenant = tx.tenant();
    sqlx::query_scalar!("select min(at) from audit_unsealed where tenant_id = $1", tenant.0)
        .fetch_one(&mut **tx)
        .await
}

/// Also what the sealer of an older version has sealed, which knows of no such rows.
async fn take_out_sealed(tx: &mut ScopedTx) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "delete from audit_unsealed u
          using audit_seal s
          where u.tenant_id = $1 and s.tenant_id = u.tenant_id and s.entry_id = u.entry_id",
        tenant.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What is sealed together, column by column.
#[derive(Default)]
struct Links {
    seqs: Vec<i64>,
    entries: Vec<Uuid>,
    ats: Vec<Timestamp>,
    prevs: Vec<Vec<u8>>,
    hashes: Vec<Vec<u8>>,
}

async fn insert(tx: &mut ScopedTx, links: Links) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into audit_seal (tenant_id, seq, entry_id, entry_at, prev_hash, hash)
         select $1, l.seq, l.entry_id, l.entry_at, l.prev_hash, l.hash
           from unnest($2::bigint[], $3::uuid[], $4::timestamptz[], $5::bytea[], $6::bytea[])
             as l (seq, entry_id, entry_at, prev_hash, hash)",
        tenant.0,
        &links.seqs,
        &links.entries,
        &links.ats,
        &links.prevs,
        &links.hashes,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
