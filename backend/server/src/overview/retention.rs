//! Carries out what the notice promises: some years after the last screening or follow-up a person's data is deleted.
//! Never while anything is open about them; the audit, which names nobody, stays.

use crate::audit::Entry;
use crate::platform::ctx::Tenant;
use crate::platform::{Ctx, Problem};
use crate::screening::Notice;
use chrono::{Months, Timelike};
use rules::Timestamp;
use rules::ids::TenantId;
use serde_json::json;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const EVERY: Duration = Duration::from_mins(20);
/// In the tenant's own small hours.
const HOURS: std::ops::Range<u32> = 2..5;
/// A night takes several rounds, and a round holds nobody up.
const BATCH: i64 = 200;

pub async fn run(ctx: Ctx, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        for tenant in ctx.tenants() {
            let is_night = HOURS.contains(&ctx.now().with_timezone(&tenant.zone).hour());
            if is_night && let Err(problem) = forget_due(&ctx, &tenant).await {
                tracing::warn!(status = %problem.status(), "what is past its retention could not be deleted");
            }
        }
    }
}

/// Deletes what is due, at most a batch; gives how many people. Each is a transaction of its own.
pub async fn forget_due(ctx: &Ctx, tenant: &Tenant) -> Result<usize, Problem> {
    let Some(notice) = Notice::shipped() else { return Ok(0) };
    let months = Months::new(12 * u32::from(notice.retention_years));
    let Some(before) = ctx.now().checked_sub_months(months) else { return Ok(0) };
    let mut forgotten = 0;
    for person in due(ctx, tenant.id, before).await? {
        forgotten += usize::from(forget(ctx, tenant.id, person, before).await?);
    }
    Ok(forgotten)
}

macro_rules! due {
    ($tail:literal, $($arg:expr),*) => {
        sqlx::query_scalar!(
            "select p.id
               from person p
              where p.tenant_id = $1 and p.updated_at < $2
                and not exists (
                    select from screening s
                     where s.tenant_id = $1 and s.person_id = p.id and (s.received_at >= $2 or s.finished_at >= $2))
                and not exists (
                    select from queue_item q
                     where q.tenant_id = $1 and q.person_id = p.id and (q.state <> 'closed' or q.updated_at >= $2))
                and not exists (
                    select from alarm a
                     where a.tenant_id = $1 and a.person_id = p.id and (a.state <> 'closed' or a.closed_at >= $2))
                and not exists (
                    select from target t
                      join campaign c on c.tenant_id = t.tenant_id and c.id = t.campaign_id
                     where t.tenant_id = $1 and t.person_id = p.id and c.ends_on >= $2::timestamptz::date) "
                + $tail,
            $($arg),*
        )
    };
}

async fn due(ctx: &Ctx, tenant: TenantId, before: Timestamp) -> Result<Vec<Uuid>, Problem> {
    let mut tx = ctx.begin_system(tenant).await?;
    Ok(due!("order by p.updated_at limit $3", tenant.0, before, BATCH).fetch_all(&mut *tx).await?)
}

/// Looks again with the person held: somebody may have been screened since.
async fn forget(ctx: &Ctx, tenant: TenantId, person: Uuid, before: Timestamp) -> Result<bool, Problem> {
    let mut tx = ctx.begin_system(tenant).await?;
    let is_due = due!("and p.id = $3 for update of p skip locked", tenant.0, before, person)
        .fetch_optional(&mut *tx)
        .await?
        .is_some();
    if !is_due {
        return Ok(false);
    }
    sqlx::query!("select forget_person($1)", person).execute(&mut *tx).await?;
    let entry = Entry {
        action: "person.forget",
        subject_kind: "person",
        subject_id: Some(person),
        detail: json!({"because": "retention"}),
    };
    crate::audit::write(ctx, &mut tx, entry).await?;
    tx.commit().await?;
    metrics::counter!("people_forgotten_total").increment(1);
    Ok(true)
}
