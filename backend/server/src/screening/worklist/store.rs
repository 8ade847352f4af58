//! The SQL of worklists: targets that are open, or were done today.

use crate::platform::ScopedTx;
use chrono::NaiveDate;
use rules::Timestamp;
use uuid::Uuid;

pub struct TargetRow {
    pub id: Uuid,
    pub campaign_id: Uuid,
    pub campaign_title: String,
    pub scales: serde_json::Value,
    pub person_id: Uuid,
    pub due_on: NaiveDate,
}

/// What stands on the list today: targets of running campaigns that were not finished before today.
pub async fn list_targets(
    tx: &mut ScopedTx,
    today: NaiveDate,
    day_began: Timestamp,
    limit: usize,
) -> sqlx::Result<Vec<TargetRow>> {
    let tenant = tx.tenant();
    sqlx::query_as!(
        TargetRow,
        "select t.id, t.campaign_id, c.title as campaign_title, c.scales, t.person_id, t.due_on
           from target t
           join campaign c on c.tenant_id = t.tenant_id and c.id = t.campaign_id
          where t.tenant_id = $1
            and c.starts_on <= $2 and c.ends_on >= $2
            and (select count(distinct s.scale)
                   from screening s
                  where s.tenant_id = t.tenant_id and s.target_id = t.id
                    and not s.is_broken_off and s.received_at < $3
                    and c.scales @> jsonb_build_array(jsonb_build_object('code', s.scale)))
                < jsonb_array_length(c.scales)
          order by t.due_on, t.id
          limit $4",
        tenant.0,
        today,
        day_began,
        i64::try_from(limit).unwrap_or(i64::MAX),
    )
    .fetch_all(&mut **tx)
    .await
}

pub struct DoneRow {
    pub target_id: Uuid,
    pub screening_id: Uuid,
    pub scale: String,
    pub received_at: Timestamp,
    pub receipt: String,
}

/// What was filled in for these targets, oldest first.
pub async fn list_done(tx: &mut ScopedTx, targets: &[Uuid]) -> sqlx::Result<Vec<DoneRow>> {
    let tenant = tx.tenant();
    sqlx::query_as!(
        DoneRow,
        r#"select target_id as "target_id!", id as screening_id, scale, received_at, receipt
             from screening
            where tenant_id = $1 and target_id = any($2) and not is_broken_off
            order by received_at, id"#,
        tenant.0,
        targets,
    )
    .fetch_all(&mut **tx)
    .await
}
