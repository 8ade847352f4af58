//! All SQL about suggestions and queue items.

use super::SUGGESTION;
use super::item::{Item, StageCode, StateCode};
use crate::platform::{Ctx, Problem, ScopedTx};
use chrono::TimeDelta;
use rules::Timestamp;
use rules::identity::Post;
use rules::ids::{OrgId, PersonId, QueueItemId, ScreeningId, VisitId};
use rules::triage::{Policy, Suggestion};
use uuid::Uuid;

pub struct NewSuggestion {
    pub id: Uuid,
    pub screening: ScreeningId,
    pub visit: VisitId,
    pub person: PersonId,
    pub org: OrgId,
    pub tier: i16,
    pub policy: String,
    pub document_sealed: Vec<u8>,
    pub clock: Option<serde_json::Value>,
    pub at: Timestamp,
}

pub async fn insert_suggestion(tx: &mut ScopedTx, new: NewSuggestion) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into suggestion (tenant_id, id, screening_id, visit_id, person_id, org_id, tier, policy, document_sealed, at,
                                 clock)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        tenant.0,
        new.id,
        new.screening.0,
        new.visit.0,
        new.person.0,
        new.org.0,
        new.tier,
        new.policy,
        new.document_sealed,
        new.at,
        new.clock,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub struct SuggestionRow {
    pub id: Uuid,
    pub document_sealed: Vec<u8>,
    pub clock: Option<serde_json::Value>,
}

pub async fn load_suggestion(tx: &mut ScopedTx, id: Uuid) -> sqlx::Result<Option<SuggestionRow>> {
    let tenant = tx.tenant();
    sqlx::query_as!(
        SuggestionRow,
        "select id, document_sealed, clock from suggestion where tenant_id = $1 and id = $2",
        tenant.0,
        id,
    )
    .fetch_optional(&mut **tx)
    .await
}

/// Whom a screening is about, once it has been looked at.
pub async fn person_of(tx: &mut ScopedTx, screening: ScreeningId) -> sqlx::Result<Option<PersonId>> {
    let tenant = tx.tenant();
    let person = sqlx::query_scalar!(
        "select person_id from suggestion where tenant_id = $1 and screening_id = $2 order by at desc limit 1",
        tenant.0,
        screening.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(person.map(PersonId))
}

pub async fn newest_suggestions_of(
    tx: &mut ScopedTx,
    screenings: &[ScreeningId],
) -> sqlx::Result<Vec<(ScreeningId, SuggestionRow)>> {
    let tenant = tx.tenant();
    let screenings: Vec<Uuid> = screenings.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        "select distinct on (screening_id) screening_id, id, document_sealed, clock
           from suggestion
          where tenant_id = $1 and screening_id = any($2)
          order by screening_id, at desc",
        tenant.0,
        &screenings,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let newest = SuggestionRow { id: row.id, document_sealed: row.document_sealed, clock: row.clock };
            (ScreeningId(row.screening_id), newest)
        })
        .collect())
}

/// A suggestion as it was made.
pub async fn open_suggestion(ctx: &Ctx, tx: &mut ScopedTx, id: Uuid) -> Result<Option<Suggestion>, Problem> {
    let Some(row) = load_suggestion(tx, id).await? else { return Ok(None) };
    let document = ctx.keys.open(tx.tenant(), SUGGESTION, row.id, &row.document_sealed)?;
    serde_json::from_slice(&document).map(Some).map_err(|error| Problem::internal(&error))
}

/// What the policy looks back at: the highest tier of the days before, and the post that had it.
pub async fn before(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    policy: &Policy,
    person: PersonId,
    visit: VisitId,
) -> Result<Option<(u8, Option<Post>)>, Problem> {
    let days = policy.document().history.within_days;
    let since = ctx.now() - TimeDelta::days(i64::from(days));
    let row = highest_tier_since(tx, person, visit, since).await?;
    Ok(row.map(|(tier, post)| (u8::try_from(tier).unwrap_or(0), post.and_then(|code| code.parse().ok()))))
}

/// The highest tier this person was given in the days before, not counting this visit.
async fn highest_tier_since(
    tx: &mut ScopedTx,
    person: PersonId,
    visit: VisitId,
    since: Timestamp,
) -> sqlx::Result<Option<(i16, Option<String>)>> {
    let tenant = tx.tenant();
    let row = sqlx::query!(
        "select tier, owner_post
           from queue_item
          where tenant_id = $1 and person_id = $2 and visit_id <> $3 and created_at >= $4
          order by tier desc, created_at desc
          limit 1",
        tenant.0,
        person.0,
        visit.0,
        since,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| (row.tier, row.owner_post)))
}

macro_rules! items {
    ($tail:literal, $($arg:expr),*) => {
        sqlx::query_as!(
            Item,
            "select id, visit_id, screening_id, person_id, org_id, district_id,
                    state as \"state: StateCode\", suggested_tier, tier, suggestion_id, list, owner_post, owner_id,
                    stage as \"stage: StageCode\", follow_up, counted_from, due_at, contacted_at, overdue_at, attempts,
                    alarm_id, second_asked_by, second_tier, second_outcome, second_reason_sealed, closed_at, close_outcome, version,
                    created_at, updated_at
               from queue_item "
                + $tail,
            $($arg),*
        )
    };
}

pub async fn find_of_visit(tx: &mut ScopedTx, visit: VisitId) -> sqlx::Result<Option<Item>> {
    let tenant = tx.tenant();
    items!("where tenant_id = $1 and visit_id = $2 for update", tenant.0, visit.0)
        .fetch_optional(&mut **tx)
        .await
}

pub async fn load_for_update(tx: &mut ScopedTx, id: QueueItemId) -> sqlx::Result<Option<Item>> {
    let tenant = tx.tenant();
    items!("where tenant_id = $1 and id = $2 for update", tenant.0, id.0).fetch_optional(&mut **tx).await
}

pub async fn load(tx: &mut ScopedTx, id: QueueItemId) -> sqlx::Result<Option<Item>> {
    let tenant = tx.tenant();
    items!("where tenant_id = $1 and id = $2", tenant.0, id.0).fetch_optional(&mut **tx).await
}

pub async fn load_some(tx: &mut ScopedTx, ids: &[Uuid]) -> sqlx::Result<Vec<Item>> {
    let tenant = tx.tenant();
    items!("where tenant_id = $1 and id = any($2)", tenant.0, ids).fetch_all(&mut **tx).await
}

/// Open items that an alarm is about: the one it names, and those that asked for it.
pub async fn list_of_alarm(
    tx: &mut ScopedTx,
    item: Option<QueueItemId>,
    signals: &[Uuid],
) -> sqlx::Result<Vec<Item>> {
    let tenant = tx.tenant();
    items!(
        "where tenant_id = $1 and state <> 'closed' and (id = $2 or alarm_id = any($3)) order by id for update",
        tenant.0,
        item.map(|id| id.0),
        signals
    )
    .fetch_all(&mut **tx)
    .await
}

/// Open items, the earliest deadline first; what has none comes last.
pub async fn list_open(
    tx: &mut ScopedTx,
    district: Option<OrgId>,
    min_tier: i16,
    limit: i64,
) -> sqlx::Result<Vec<Item>> {
    let tenant = tx.tenant();
    items!(
        "where tenant_id = $1 and state <> 'closed' and tier >= $2 and ($3::uuid is null or district_id = $3)
         order by due_at nulls last, tier desc, created_at
         limit $4",
        tenant.0,
        min_tier,
        district.map(|id| id.0),
        limit
    )
    .fetch_all(&mut **tx)
    .await
}

/// What is open about this person below tier 2, where nobody has a deadline.
pub async fn list_mild_of(tx: &mut ScopedTx, person: PersonId) -> sqlx::Result<Vec<Item>> {
    let tenant = tx.tenant();
    items!(
        "where tenant_id = $1 and person_id = $2 and state <> 'closed' and tier < 2 order by id for update",
        tenant.0,
        person.0
    )
    .fetch_all(&mut **tx)
    .await
}

pub async fn list_closed(tx: &mut ScopedTx, limit: i64) -> sqlx::Result<Vec<Item>> {
    let tenant = tx.tenant();
    items!("where tenant_id = $1 and state = 'closed' order by closed_at desc limit $2", tenant.0, limit)
        .fetch_all(&mut **tx)
        .await
}

pub async fn insert(tx: &mut ScopedTx, item: &Item) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into queue_item (tenant_id, id, visit_id, screening_id, person_id, org_id, district_id, state,
                                 suggested_tier, tier, suggestion_id, list, owner_post, owner_id, due_at, alarm_id,
                                 version, created_at, updated_at, counted_from)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $18, $19)",
        tenant.0,
        item.id,
        item.visit_id,
        item.screening_id,
        item.person_id,
        item.org_id,
        item.district_id,
        item.state as StateCode,
        item.suggested_tier,
        item.tier,
        item.suggestion_id,
        item.list,
        item.owner_post,
        item.owner_id,
        item.due_at,
        item.alarm_id,
        item.version,
        item.created_at,
        item.counted_from,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Writes everything that can change; the row was locked when it was loaded.
pub async fn save(tx: &mut ScopedTx, item: &Item) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    let saved = sqlx::query!(
        "update queue_item
            set screening_id = $3, state = $4, suggested_tier = $5, tier = $6, suggestion_id = $7, list = $8,
                owner_post = $9, owner_id = $10, due_at = $11, contacted_at = $12, overdue_at = $13, alarm_id = $14,
                second_asked_by = $15, second_tier = $16, second_reason_sealed = $17, closed_at = $18,
                close_outcome = $19, version = $20, updated_at = $21, person_id = $22, org_id = $23, district_id = $24,
                stage = $25, follow_up = $26, counted_from = $27, attempts = $28, second_outcome = $29
          where tenant_id = $1 and id = $2 and version = $20::bigint - 1",
        tenant.0,
        item.id,
        item.screening_id,
        item.state as StateCode,
        item.suggested_tier,
        item.tier,
        item.suggestion_id,
        item.list,
        item.owner_post,
        item.owner_id,
        item.due_at,
        item.contacted_at,
        item.overdue_at,
        item.alarm_id,
        item.second_asked_by,
        item.second_tier,
        item.second_reason_sealed,
        item.closed_at,
        item.close_outcome,
        item.version,
        item.updated_at,
        item.person_id,
        item.org_id,
        item.district_id,
        item.stage as StageCode,
        item.follow_up,
        item.counted_from,
        item.attempts,
        item.second_outcome,
    )
    .execute(&mut **tx)
    .await?;
    if saved.rows_affected() == 1 { Ok(()) } else { Err(sqlx::Error::RowNotFound) }
}

pub struct NewChange<'a> {
    pub id: Uuid,
    pub item: &'a Item,
    pub at: Timestamp,
    pub by: Option<Uuid>,
    pub kind: &'static str,
    pub from_tier: Option<i16>,
    pub to_tier: Option<i16>,
    pub note_sealed: Option<Vec<u8>>,
}

pub async fn insert_change(tx: &mut ScopedTx, change: NewChange<'_>) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into queue_change (tenant_id, id, queue_item_id, org_id, at, by_account, kind, from_tier, to_tier, note_sealed)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        tenant.0,
        change.id,
        change.item.id,
        change.item.org_id,
        change.at,
        change.by,
        change.kind,
        change.from_tier,
        change.to_tier,
        change.note_sealed,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub struct ChangeRow {
    pub id: Uuid,
    pub at: Timestamp,
    pub by_name: Option<String>,
    pub kind: String,
    pub from_tier: Option<i16>,
    pub to_tier: Option<i16>,
    pub note_sealed: Option<Vec<u8>>,
}

pub async fn list_changes(tx: &mut ScopedTx, item: QueueItemId) -> sqlx::Result<Vec<ChangeRow>> {
    let tenant = tx.tenant();
    sqlx::query_as!(
        ChangeRow,
        r#"select c.id, c.at, a.name as "by_name?", c.kind, c.from_tier, c.to_tier, c.note_sealed
             from queue_change c
             left join account a on a.tenant_id = c.tenant_id and a.id = c.by_account
            where c.tenant_id = $1 and c.queue_item_id = $2
            order by c.at, c.id"#,
        tenant.0,
        item.0,
    )
    .fetch_all(&mut **tx)
    .await
}

pub async fn load_suggestions(
    tx: &mut ScopedTx,
    ids: &[Uuid],
) -> sqlx::Result<std::collections::HashMap<Uuid, Vec<u8>>> {
    let tenant = tx.tenant();
    let rows = sqlx::query!(
        "select id, document_sealed from suggestion where tenant_id = $1 and id = any($2)",
        tenant.0,
        ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.document_sealed)).collect())
}
