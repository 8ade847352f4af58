//! All SQL about campaigns and their targets.

use super::ops::NewCampaign;
use crate::people::PersonAt;
use crate::platform::{Problem, ScopedTx};
use chrono::NaiveDate;
use rules::Timestamp;
use rules::ids::{CampaignId, OrgId, TargetId};
use uuid::Uuid;

pub struct NewRow<'a> {
    pub id: CampaignId,
    pub title: &'a str,
    pub org: OrgId,
    pub scales: serde_json::Value,
    pub starts_on: NaiveDate,
    pub ends_on: NaiveDate,
    pub body_hash: Vec<u8>,
    pub at: Timestamp,
}

/// Says whether it is new.
pub async fn insert(tx: &mut ScopedTx, row: NewRow<'_>) -> sqlx::Result<bool> {
    let (tenant, actor) = (tx.tenant(), tx.scope().actor);
    let inserted = sqlx::query!(
        "insert into campaign (tenant_id, id, title, org_id, scales, starts_on, ends_on, body_hash, created_by, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         on conflict on constraint campaign_pk do nothing",
        tenant.0,
        row.id.0,
        row.title,
        row.org.0,
        row.scales,
        row.starts_on,
        row.ends_on,
        row.body_hash,
        actor.0,
        row.at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

pub struct CampaignRow {
    pub id: Uuid,
    pub title: String,
    pub org_id: Uuid,
    pub scales: serde_json::Value,
    pub starts_on: NaiveDate,
    pub ends_on: NaiveDate,
    pub frozen_at: Option<Timestamp>,
    pub body_hash: Vec<u8>,
    pub created_at: Timestamp,
}

impl CampaignRow {
    pub fn opened(self) -> Result<NewCampaign, Problem> {
        Ok(NewCampaign {
            id: CampaignId(self.id),
            title: self.title,
            scales: serde_json::from_value(self.scales).map_err(|error| Problem::internal(&error))?,
            org: OrgId(self.org_id),
            starts_on: self.starts_on,
            ends_on: self.ends_on,
        })
    }
}

/// Only in the visible part of the tree; locked, because its list may be frozen next.
pub async fn load_for_update(tx: &mut ScopedTx, id: CampaignId) -> sqlx::Result<Option<CampaignRow>> {
    let tenant = tx.tenant();
    sqlx::query_as!(
        CampaignRow,
        "select c.id, c.title, c.org_id, c.scales, c.starts_on, c.ends_on, c.frozen_at, c.body_hash, c.created_at
           from campaign c
           join org_unit u on u.tenant_id = c.tenant_id and u.id = c.org_id
          where c.tenant_id = $1 and c.id = $2 and u.path && (select app_scopes())
            for no key update of c",
        tenant.0,
        id.0,
    )
    .fetch_optional(&mut **tx)
    .await
}

pub async fn find_by_title(tx: &mut ScopedTx, title: &str) -> sqlx::Result<Option<CampaignRow>> {
    let tenant = tx.tenant();
    sqlx::query_as!(
        CampaignRow,
        "select c.id, c.title, c.org_id, c.scales, c.starts_on, c.ends_on, c.frozen_at, c.body_hash, c.created_at
           from campaign c
           join org_unit u on u.tenant_id = c.tenant_id and u.id = c.org_id
          where c.tenant_id = $1 and c.title = $2 and u.path && (select app_scopes())
          order by c.created_at desc
          limit 1",
        tenant.0,
        title,
    )
    .fetch_optional(&mut **tx)
    .await
}

pub struct ListedRow {
    pub id: Uuid,
    pub title: String,
    pub org_id: Uuid,
    pub org_name: String,
    pub scales: serde_json::Value,
    pub starts_on: NaiveDate,
    pub ends_on: NaiveDate,
    pub frozen_at: Option<Timestamp>,
    pub targets: i64,
    pub done: i64,
}

/// Campaigns that reach into the visible part of the tree, newest first; their counts are of the visible part.
pub async fn list(tx: &mut ScopedTx, limit: i64) -> sqlx::Result<Vec<ListedRow>> {
    let tenant = tx.tenant();
    sqlx::query_as!(
        ListedRow,
        r#"with filled as (
               select s.target_id, count(distinct s.scale) as scales
                 from screening s
                 join campaign c on c.tenant_id = s.tenant_id and c.id = s.campaign_id
                where s.tenant_id = $1 and s.target_id is not null and not s.is_broken_off
                  and c.scales @> jsonb_build_array(jsonb_build_object('code', s.scale))
                group by s.target_id
           ), progress as (
               select t.campaign_id, count(*) as targets,
                      count(*) filter (where f.scales >= jsonb_array_length(c.scales)) as done
                 from target t
                 join campaign c on c.tenant_id = t.tenant_id and c.id = t.campaign_id
                 left join filled f on f.target_id = t.id
                where t.tenant_id = $1
                group by t.campaign_id
           )
           select c.id, c.title, c.org_id, u.name as org_name, c.scales, c.starts_on, c.ends_on, c.frozen_at,
                  coalesce(p.targets, 0) as "targets!", coalesce(p.done, 0) as "done!"
             from campaign c
             join org_unit u on u.tenant_id = c.tenant_id and u.id = c.org_id
             left join progress p on p.campaign_id = c.id
            where c.tenant_id = $1
              and (u.path && (select app_scopes())
                   or exists (select from org_unit mine
                               where mine.tenant_id = $1 and mine.id = any((select app_scopes())::uuid[])
                                 and mine.path @> array[c.org_id]))
            order by c.starts_on desc, c.created_at desc
            limit $2"#,
        tenant.0,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
}

/// Adds those who are not on the list yet; says how many.
pub async fn insert_targets(
    tx: &mut ScopedTx,
    campaign: CampaignId,
    due_on: NaiveDate,
    targets: &[(TargetId, PersonAt)],
) -> sqlx::Result<u64> {
    let tenant = tx.tenant();
    let inserted = sqlx::query!(
        "insert into target (tenant_id, id, campaign_id, person_id, org_id, due_on)
         select $1, n.id, $2, n.person_id, n.org_id, $3
           from unnest($4::uuid[], $5::uuid[], $6::uuid[]) as n (id, person_id, org_id)
         on conflict do nothing",
        tenant.0,
        campaign.0,
        due_on,
        &targets.iter().map(|(id, _)| id.0).collect::<Vec<_>>(),
        &targets.iter().map(|(_, person)| person.id.0).collect::<Vec<_>>(),
        &targets.iter().map(|(_, person)| person.org.0).collect::<Vec<_>>(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected())
}

pub async fn freeze(tx: &mut ScopedTx, id: CampaignId, at: Timestamp) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update campaign set frozen_at = $3 where tenant_id = $1 and id = $2 and frozen_at is null",
        tenant.0,
        id.0,
        at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub async fn count_targets(tx: &mut ScopedTx, id: CampaignId) -> sqlx::Result<i64> {
    let tenant = tx.tenant();
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from target where tenant_id = $1 and campaign_id = $2"#,
        tenant.0,
        id.0,
    )
    .fetch_one(&mut **tx)
    .await
}

pub async fn campaign_exists(tx: &mut ScopedTx, id: CampaignId) -> sqlx::Result<bool> {
    let tenant = tx.tenant();
    sqlx::query_scalar!(
        r#"select exists (select from campaign where tenant_id = $1 and id = $2) as "exists!""#,
        tenant.0,
        id.0,
    )
    .fetch_one(&mut **tx)
    .await
}
