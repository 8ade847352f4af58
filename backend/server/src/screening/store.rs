//! All SQL about screenings.

use crate::platform::ScopedTx;
use rules::Timestamp;
use rules::ids::{AccountId, CampaignId, OrgId, PersonId, ScreeningId, TargetId, VisitId};
use serde_json::Value;
use uuid::Uuid;

#[derive(Debug)]
pub struct NewScreening {
    pub id: ScreeningId,
    pub person: PersonId,
    pub org: OrgId,
    pub campaign: Option<CampaignId>,
    pub target: Option<TargetId>,
    pub visit: VisitId,
    pub look_of: Option<ScreeningId>,
    pub scale: String,
    pub scale_version: String,
    pub scale_hash: String,
    pub answers_sealed: Vec<u8>,
    pub result_sealed: Vec<u8>,
    pub mode: &'static str,
    pub locale: String,
    pub seen: &'static str,
    pub is_historical: bool,
    pub is_broken_off: bool,
    pub danger: Value,
    pub started_at: Timestamp,
    pub finished_at: Timestamp,
    pub clock: Option<Value>,
    pub received_at: Timestamp,
    pub submitted_by: Uuid,
    pub consent_id: Option<Uuid>,
    pub danger_to_life_sealed: Option<Vec<u8>>,
    pub device_differs: Option<Value>,
    pub receipt: String,
    pub body_hash: Vec<u8>,
    pub import_key: Option<Vec<u8>>,
}

pub async fn insert(tx: &mut ScopedTx, new: NewScreening) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into screening (tenant_id, id, person_id, org_id, campaign_id, target_id, visit_id, look_of, scale,
                                scale_version, scale_hash, answers_sealed, result_sealed, mode, locale, seen,
                                is_historical, is_broken_off, danger, started_at, finished_at, received_at,
                                submitted_by, consent_id, danger_to_life_sealed, device_differs, receipt, body_hash,
                                import_key, clock)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
                 $23, $24, $25, $26, $27, $28, $29, $30)",
        tenant.0,
        new.id.0,
        new.person.0,
        new.org.0,
        new.campaign.map(|id| id.0),
        new.target.map(|id| id.0),
        new.visit.0,
        new.look_of.map(|id| id.0),
        new.scale,
        new.scale_version,
        new.scale_hash,
        new.answers_sealed,
        new.result_sealed,
        new.mode,
        new.locale,
        new.seen,
        new.is_historical,
        new.is_broken_off,
        new.danger,
        new.started_at,
        new.finished_at,
        new.received_at,
        new.submitted_by,
        new.consent_id,
        new.danger_to_life_sealed,
        new.device_differs,
        new.receipt,
        new.body_hash,
        new.import_key,
        new.clock,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A screening as later looks at its visit need it.
pub struct Kept {
    pub id: Uuid,
    pub person_id: Uuid,
    pub org_id: Uuid,
    pub visit_id: Uuid,
    pub scale: String,
    pub result_sealed: Vec<u8>,
    pub seen: String,
    pub is_historical: bool,
    pub is_broken_off: bool,
    pub danger: Value,
    pub finished_at: Timestamp,
    pub clock: Option<Value>,
    pub body_hash: Vec<u8>,
    pub version: i64,
}

pub async fn find(tx: &mut ScopedTx, id: ScreeningId) -> sqlx::Result<Option<Kept>> {
    let tenant = tx.tenant();
    sqlx::query_as!(
        Kept,
        "select id, person_id, org_id, visit_id, scale, result_sealed, seen, is_historical,
                is_broken_off, danger, finished_at, clock, body_hash, version
           from screening
          where tenant_id = $1 and id = $2",
        tenant.0,
        id.0,
    )
    .fetch_optional(&mut **tx)
    .await
}

pub async fn list_of_visit(tx: &mut ScopedTx, visit: VisitId) -> sqlx::Result<Vec<Kept>> {
    let tenant = tx.tenant();
    sqlx::query_as!(
        Kept,
        "select id, person_id, org_id, visit_id, scale, result_sealed, seen, is_historical,
                is_broken_off, danger, finished_at, clock, body_hash, version
           from screening
          where tenant_id = $1 and visit_id = $2
          order by finished_at, id",
        tenant.0,
        visit.0,
    )
    .fetch_all(&mut **tx)
    .await
}

pub async fn list_since(tx: &mut ScopedTx, since: Timestamp) -> sqlx::Result<Vec<Kept>> {
    let tenant = tx.tenant();
    sqlx::query_as!(
        Kept,
        "select id, person_id, org_id, visit_id, scale, result_sealed, seen, is_historical,
                is_broken_off, danger, finished_at, clock, body_hash, version
           from screening
          where tenant_id = $1 and finished_at >= $2
          order by finished_at, id",
        tenant.0,
        since,
    )
    .fetch_all(&mut **tx)
    .await
}

/// The newest earlier result of the same scale, for seeing a change.
pub async fn find_previous(
    tx: &mut ScopedTx,
    person: PersonId,
    scale: &str,
    visit: VisitId,
    before: Timestamp,
) -> sqlx::Result<Option<(Uuid, Vec<u8>)>> {
    let tenant = tx.tenant();
    let row = sqlx::query!(
        "select id, result_sealed
           from screening
          where tenant_id = $1 and person_id = $2 and scale = $3 and visit_id <> $4 and finished_at < $5
          order by finished_at desc
          limit 1",
        tenant.0,
        person.0,
        scale,
        visit.0,
        before,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| (row.id, row.result_sealed)))
}

pub async fn set_danger(tx: &mut ScopedTx, id: ScreeningId, danger: Value) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update screening set danger = $3, version = version + 1 where tenant_id = $1 and id = $2",
        tenant.0,
        id.0,
        danger,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub async fn set_person(
    tx: &mut ScopedTx,
    id: ScreeningId,
    person: PersonId,
    org: OrgId,
) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update screening
            set person_id = $3, org_id = $4, target_id = null, version = version + 1
          where tenant_id = $1 and id = $2",
        tenant.0,
        id.0,
        person.0,
        org.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub struct CampaignDates {
    pub starts_on: chrono::NaiveDate,
    pub ends_on: chrono::NaiveDate,
}

pub async fn find_campaign(tx: &mut ScopedTx, id: CampaignId) -> sqlx::Result<Option<CampaignDates>> {
    let tenant = tx.tenant();
    sqlx::query_as!(
        CampaignDates,
        "select starts_on, ends_on from campaign where tenant_id = $1 and id = $2",
        tenant.0,
        id.0,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Whom a target names.
pub async fn find_target(tx: &mut ScopedTx, id: TargetId) -> sqlx::Result<Option<(PersonId, CampaignId)>> {
    let tenant = tx.tenant();
    let row = sqlx::query!(
        "select person_id, campaign_id from target where tenant_id = $1 and id = $2",
        tenant.0,
        id.0
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| (PersonId(row.person_id), CampaignId(row.campaign_id))))
}

pub async fn insert_correction(
    tx: &mut ScopedTx,
    id: Uuid,
    screening: &Kept,
    to: PersonId,
    reason_sealed: Vec<u8>,
    at: Timestamp,
) -> sqlx::Result<()> {
    let scope = tx.scope().clone();
    sqlx::query!(
        "insert into screening_correction (tenant_id, id, screening_id, org_id, from_person, to_person, reason_sealed,
                                           by_account, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        scope.tenant.0,
        id,
        screening.id,
        screening.org_id,
        screening.person_id,
        to.0,
        reason_sealed,
        scope.actor.0,
        at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whose a visit is by its last correction, if it was this person's before one of them.
pub async fn corrected_to(
    tx: &mut ScopedTx,
    visit: VisitId,
    from: PersonId,
) -> sqlx::Result<Option<PersonId>> {
    let tenant = tx.tenant();
    let to = sqlx::query_scalar!(
        "with correction as (
             select c.from_person, c.to_person, c.at
               from screening_correction c
               join screening s on s.tenant_id = c.tenant_id and s.id = c.screening_id
              where c.tenant_id = $1 and s.visit_id = $2
         )
         select to_person from correction
          where to_person <> $3 and exists (select from correction where from_person = $3)
          order by at desc
          limit 1",
        tenant.0,
        visit.0,
        from.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(to.map(PersonId))
}

pub async fn was_sent_by(tx: &mut ScopedTx, id: ScreeningId, account: AccountId) -> sqlx::Result<bool> {
    let tenant = tx.tenant();
    sqlx::query_scalar!(
        r#"select exists (
               select from screening where tenant_id = $1 and id = $2 and submitted_by = $3) as "was_sent!""#,
        tenant.0,
        id.0,
        account.0,
    )
    .fetch_one(&mut **tx)
    .await
}
