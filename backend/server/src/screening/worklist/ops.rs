//! Puts a worker's list together: one query for targets, one for what was done, one for the people.

use super::store::{self, DoneRow, TargetRow};
use crate::audit::Entry;
use crate::identity::{Actor, TenantRow};
use crate::people::{self, Brief};
use crate::platform::{Ctx, Problem, Purpose};
use chrono::{NaiveDate, NaiveTime, TimeZone};
use rules::Timestamp;
use rules::identity::Action;
use rules::ids::{CampaignId, PersonId, TargetId, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// More than anybody visits in a day; who is over the whole city has other screens.
const LIMIT: usize = 500;

/// A scale that a campaign asks, as its row keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScaleRef {
    pub code: String,
    pub version: String,
}

pub struct Worklist {
    pub tenant: TenantRow,
    pub targets: Vec<Target>,
    pub is_truncated: bool,
}

#[derive(Debug)]
pub struct Target {
    pub id: TargetId,
    pub campaign: CampaignId,
    pub campaign_title: String,
    pub person: Brief,
    pub scales: Vec<ScaleRef>,
    pub due_on: NaiveDate,
    pub done: Option<Done>,
}

/// The last of the scales that were asked for.
#[derive(Debug, Clone)]
pub struct Done {
    pub screening_id: Uuid,
    pub received_at: Timestamp,
    pub receipt: String,
}

pub async fn load(ctx: &Ctx, actor: &Actor) -> Result<Worklist, Problem> {
    let scope = actor.own_scope_for(Action::WorklistRead, Purpose::Care);
    let mut tx = ctx.db.begin(&scope).await?;
    let today = ctx.local_date(actor.tenant);
    let mut rows = store::list_targets(&mut tx, today, began(ctx, actor.tenant, today), LIMIT + 1).await?;
    let is_truncated = rows.len() > LIMIT;
    rows.truncate(LIMIT);
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut done: HashMap<Uuid, Vec<DoneRow>> = HashMap::new();
    for row in store::list_done(&mut tx, &ids).await? {
        done.entry(row.target_id).or_default().push(row);
    }
    let persons: Vec<PersonId> = rows.iter().map(|row| PersonId(row.person_id)).collect();
    let briefs = people::load_briefs(ctx, &mut tx, &persons).await?;
    let mut targets: Vec<Target> = rows
        .into_iter()
        // a person who was moved elsewhere is on that worker's list
        .filter_map(|row| {
            let person = briefs.get(&PersonId(row.person_id))?.clone();
            let done = done.remove(&row.id).unwrap_or_default();
            Some(target(row, person, done))
        })
        .collect::<Result<_, Problem>>()?;
    // what is left to do, most urgent first, neighbours beside each other
    let address = |target: &Target| target.person.address.clone();
    targets.sort_by_cached_key(|target| (target.done.is_some(), target.due_on, address(target), target.id));
    let tenant = crate::identity::load_tenant(&mut tx, actor.tenant).await?;
    Ok(Worklist { tenant, targets, is_truncated })
}

/// Names and addresses left the house: on record, with how many.
pub async fn record_look(ctx: &Ctx, actor: &Actor, count: usize) -> Result<(), Problem> {
    let mut tx = ctx.db.begin(&actor.own_scope_for(Action::WorklistRead, Purpose::Care)).await?;
    let entry = Entry {
        action: "worklist.read",
        subject_kind: "account",
        subject_id: Some(actor.account.0),
        detail: json!({"count": count}),
    };
    crate::audit::write(ctx, &mut tx, entry).await?;
    tx.commit().await?;
    Ok(())
}

fn target(row: TargetRow, person: Brief, done: Vec<DoneRow>) -> Result<Target, Problem> {
    let scales: Vec<ScaleRef> =
        serde_json::from_value(row.scales).map_err(|error| Problem::internal(&error))?;
    let is_done = scales.iter().all(|scale| done.iter().any(|done| done.scale == scale.code));
    let last = done.into_iter().rfind(|done| scales.iter().any(|scale| scale.code == done.scale));
    Ok(Target {
        id: TargetId(row.id),
        campaign: CampaignId(row.campaign_id),
        campaign_title: row.campaign_title,
        person,
        scales,
        due_on: row.due_on,
        done: last.filter(|_| is_done).map(|done| Done {
            screening_id: done.screening_id,
            received_at: done.received_at,
            receipt: done.receipt,
        }),
    })
}

/// The instant at which the tenant's day began; the earlier one where clocks were turned back.
fn began(ctx: &Ctx, tenant: TenantId, day: NaiveDate) -> Timestamp {
    let zone = ctx.tenant(tenant).map_or(chrono_tz::Asia::Shanghai, |tenant| tenant.zone);
    let midnight = day.and_time(NaiveTime::MIN);
    zone.from_local_datetime(&midnight).earliest().map_or_else(|| midnight.and_utc(), |at| at.to_utc())
}
