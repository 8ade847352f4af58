//! Queue items as screens show them: names masked on the board, whole only in an item that was opened.

use super::item::Item;
use super::store;
use super::{NOTE, SECOND_REASON, SUGGESTION};
use crate::events::LiveViews;
use crate::identity::{OrgUnit, Owner};
use crate::people::Brief;
use crate::platform::{Ctx, Problem, ScopedTx};
use chrono::{DateTime, Utc};
use rules::identity::{Action, Post};
use rules::ids::{AccountId, OrgId, PersonId, QueueItemId, ScreeningId};
use rules::triage::{ItemState, Policy, Suggestion, second_person_for};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

const SNAPSHOT_MIN_TIER: i16 = 2;
const SNAPSHOT_LIMIT: i64 = 200;

/// A row of the triage queue.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QueueItemView {
    pub id: Uuid,
    pub version: i64,
    pub tier: i16,
    pub suggested_tier: i16,
    pub state: String,
    pub list: String,
    pub person: PersonBriefView,
    pub org: OrgBriefView,
    pub visit_id: Uuid,
    pub screening_id: Uuid,
    pub headline: Text,
    /// Every row of the policy that matched, the deciding one first.
    pub reasons: Value,
    pub policy: String,
    pub scales: Value,
    pub owner: Option<OwnerView>,
    /// What it waits for by `due_at`: `first_contact`, `interview`, `follow_up` or `outcome`.
    pub stage: String,
    /// Which follow-up, from 1; 0 for other stages.
    pub follow_up: i16,
    /// How many follow-ups there are.
    pub follow_ups: usize,
    pub due_at: Option<DateTime<Utc>>,
    pub overdue_at: Option<DateTime<Utc>>,
    pub contacted_at: Option<DateTime<Utc>>,
    /// To reach the person, since anybody was last in contact.
    pub attempts: i16,
    /// So many before the person counts as not to be reached.
    pub attempts_needed: u16,
    /// Outcomes that one person alone cannot give.
    pub second_person_for: Vec<String>,
    pub alarm_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub second_person: Option<SecondView>,
    pub closed_at: Option<DateTime<Utc>>,
    pub close_outcome: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PersonBriefView {
    pub id: Uuid,
    pub name_masked: String,
    pub sex: String,
    pub age: Option<u16>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrgBriefView {
    pub id: Uuid,
    pub name: String,
    pub district_id: Uuid,
    pub district: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OwnerView {
    /// The post that answers; it resolves to a person at the moment of asking.
    pub post: String,
    pub account_id: Option<Uuid>,
    pub name: Option<String>,
    /// The post that answers because the ones before it are empty.
    pub through: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SecondView {
    pub asked_by: Uuid,
    /// The lower tier that is wanted.
    pub tier: Option<i16>,
    /// Or the outcome with which to close.
    pub outcome: Option<String>,
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Text {
    pub zh: String,
    pub en: String,
}

/// One reason as a line: the answer, the rule, its source.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Why {
    pub text: Text,
    pub source: String,
    pub row: String,
}

/// Why screenings were put where they are, read once for all of them. One that does not open has no reasons, and
/// takes nothing else off the board.
pub async fn why(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    screenings: &[ScreeningId],
) -> Result<HashMap<ScreeningId, Vec<Why>>, Problem> {
    let mut reasons = HashMap::with_capacity(screenings.len());
    for (screening, row) in store::newest_suggestions_of(tx, screenings).await? {
        if let Ok(suggestion) = open(ctx, tx, row.id, &row.document_sealed) {
            reasons.insert(screening, lines(suggestion));
        }
    }
    Ok(reasons)
}

fn lines(suggestion: Suggestion) -> Vec<Why> {
    let policy = suggestion.policy;
    suggestion
        .reasons
        .into_iter()
        .map(|reason| Why {
            text: Text { zh: reason.text.zh, en: reason.text.en },
            source: reason.source,
            row: format!("{policy} {}", reason.row),
        })
        .collect()
}

fn open(ctx: &Ctx, tx: &ScopedTx, id: Uuid, sealed: &[u8]) -> Result<Suggestion, Problem> {
    let document = ctx.keys.open(tx.tenant(), SUGGESTION, id, sealed)?;
    serde_json::from_slice(&document).map_err(|error| Problem::internal(&error))
}

/// Everything the rows need, read once for all of them.
pub async fn list(ctx: &Ctx, tx: &mut ScopedTx, items: Vec<Item>) -> Result<Vec<QueueItemView>, Problem> {
    let people: Vec<PersonId> = items.iter().map(|item| PersonId(item.person_id)).collect();
    let orgs: Vec<OrgId> =
        items.iter().flat_map(|item| [OrgId(item.org_id), OrgId(item.district_id)]).collect();
    let people = crate::people::load_briefs(ctx, tx, &people).await?;
    let orgs = crate::identity::load_org_units(tx, &orgs).await?;
    let posts: Vec<(Post, OrgId)> = items
        .iter()
        .filter_map(|item| Some((item.owner_post.as_deref()?.parse().ok()?, OrgId(item.org_id))))
        .collect();
    let owners = crate::identity::owners_of(tx, &posts).await?;
    let ids: Vec<Uuid> = items.iter().map(|item| item.suggestion_id).collect();
    let suggestions = store::load_suggestions(tx, &ids).await?;
    let keepers: Vec<AccountId> = items.iter().filter_map(|item| item.owner_id.map(AccountId)).collect();
    let keepers = crate::identity::names_of(tx, &keepers).await?;
    let policy = super::policy::active_policy(ctx, tx).await?;
    let known = Known { people: &people, orgs: &orgs, owners: &owners, keepers: &keepers, policy: &policy };
    let mut views = Vec::with_capacity(items.len());
    for item in items {
        // one that does not open has no reasons, and takes nothing else off the list
        let sealed = suggestions.get(&item.suggestion_id);
        let suggestion = sealed.and_then(|sealed| open(ctx, tx, item.suggestion_id, sealed).ok());
        views.push(view(ctx, tx, item, suggestion, known));
    }
    Ok(views)
}

/// What was read once for all rows.
#[derive(Clone, Copy)]
struct Known<'a> {
    people: &'a HashMap<PersonId, Brief>,
    orgs: &'a HashMap<OrgId, OrgUnit>,
    owners: &'a HashMap<(Post, OrgId), Owner>,
    keepers: &'a HashMap<AccountId, String>,
    policy: &'a Policy,
}

fn view(
    ctx: &Ctx,
    tx: &ScopedTx,
    item: Item,
    suggestion: Option<Suggestion>,
    known: Known<'_>,
) -> QueueItemView {
    let Known { people, orgs, owners, keepers, policy } = known;
    let person = people.get(&PersonId(item.person_id));
    let name_of = |id: Uuid| orgs.get(&OrgId(id)).map(|unit| unit.name.clone()).unwrap_or_default();
    let keeper = item.owner_id.and_then(|id| keepers.get(&AccountId(id)));
    let owner = item.owner_post.as_deref().map(|code| {
        let resolved = code.parse().ok().and_then(|post| owners.get(&(post, OrgId(item.org_id))));
        OwnerView {
            post: code.to_owned(),
            account_id: item.owner_id.or(resolved.map(|owner| owner.account.0)),
            name: keeper.cloned().or_else(|| resolved.map(|owner| owner.name.clone())),
            through: resolved
                .filter(|owner| keeper.is_none() && owner.post.code() != code)
                .map(|owner| owner.post.code().to_owned()),
        }
    });
    let second_person = match item.second_asked_by {
        Some(asked_by) => {
            let sealed = item.second_reason_sealed.as_ref();
            let reason = sealed
                .and_then(|sealed| ctx.keys.open_text(tx.tenant(), SECOND_REASON, item.id, sealed).ok());
            let outcome = item.second_outcome.clone();
            Some(SecondView { asked_by, tier: item.second_tier, outcome, reason })
        }
        None => None,
    };
    let reasons = suggestion.as_ref().map_or_else(|| json!([]), |suggestion| json!(suggestion.reasons));
    let headline = suggestion.as_ref().and_then(|suggestion| suggestion.reasons.first()).map_or_else(
        || Text { zh: String::new(), en: String::new() },
        |reason| Text { zh: reason.text.zh.clone(), en: reason.text.en.clone() },
    );
    let stage = item.stage();
    let second_person_for = second_person_for(policy.document(), item.tier())
        .iter()
        .map(|outcome| outcome.code().to_owned())
        .collect();
    QueueItemView {
        id: item.id,
        version: item.version,
        tier: item.tier,
        suggested_tier: item.suggested_tier,
        state: ItemState::from(item.state).code().to_owned(),
        list: item.list,
        person: PersonBriefView {
            id: item.person_id,
            name_masked: person.map(Brief::masked).unwrap_or_default(),
            sex: person.map(|person| person.sex.code().to_owned()).unwrap_or_default(),
            age: person.and_then(|person| person.age),
        },
        org: OrgBriefView {
            id: item.org_id,
            name: name_of(item.org_id),
            district_id: item.district_id,
            district: name_of(item.district_id),
        },
        visit_id: item.visit_id,
        screening_id: item.screening_id,
        headline,
        reasons,
        policy: suggestion.as_ref().map(|suggestion| suggestion.policy.clone()).unwrap_or_default(),
        scales: suggestion.map_or_else(|| json!([]), |suggestion| json!(suggestion.scales)),
        owner,
        stage: stage.code().to_owned(),
        follow_up: item.follow_up,
        follow_ups: policy.document().follow_up.after_secs.len(),
        attempts: item.attempts,
        attempts_needed: policy.document().closing.attempts,
        second_person_for,
        due_at: item.due_at,
        overdue_at: item.overdue_at,
        contacted_at: item.contacted_at,
        alarm_id: item.alarm_id,
        created_at: item.created_at,
        second_person,
        closed_at: item.closed_at,
        close_outcome: item.close_outcome,
    }
}

/// An item that somebody opened: the person, every reason, what would change it, and its history.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QueueItemDetail {
    #[serde(flatten)]
    pub item: QueueItemView,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub address: Option<String>,
    pub suggestion: Value,
    /// The device's clock was wrong: its times were corrected.
    pub clock: Option<ClockView>,
    pub history: Vec<ChangeView>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ClockView {
    /// how far it was behind ours; below 0 it was ahead
    pub behind_secs: i64,
    /// `off`, `finished_in_future`, `finished_long_ago`, `started_after_finish`, `took_too_long`
    pub flags: Vec<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ChangeView {
    pub at: DateTime<Utc>,
    pub by: Option<String>,
    pub kind: String,
    pub from_tier: Option<i16>,
    pub to_tier: Option<i16>,
    pub note: Option<String>,
}

pub async fn detail(ctx: &Ctx, tx: &mut ScopedTx, id: QueueItemId) -> Result<QueueItemDetail, Problem> {
    let item = store::load(tx, id).await?.ok_or_else(|| Problem::not_found("queue item"))?;
    let (person, suggestion) = (PersonId(item.person_id), item.suggestion_id);
    let mut views = list(ctx, tx, vec![item]).await?;
    let item = views.pop().ok_or_else(|| Problem::not_found("queue item"))?;
    let person = crate::people::load_brief(ctx, tx, person).await?;
    let (suggestion, clock) = match store::load_suggestion(tx, suggestion).await? {
        Some(row) => (
            json!(open(ctx, tx, row.id, &row.document_sealed)?),
            row.clock.and_then(|clock| ClockView::deserialize(clock).ok()),
        ),
        None => (Value::Null, None),
    };
    let tenant = tx.tenant();
    let mut history = Vec::new();
    for change in store::list_changes(tx, id).await? {
        let note = match change.note_sealed {
            Some(sealed) => Some(ctx.keys.open_text(tenant, NOTE, change.id, &sealed)?),
            None => None,
        };
        history.push(ChangeView {
            at: change.at,
            by: change.by_name,
            kind: change.kind,
            from_tier: change.from_tier,
            to_tier: change.to_tier,
            note,
        });
    }
    let exposed = |value: Option<rules::Private<String>>| value.map(rules::Private::into_exposed);
    let (name, phone, address) = match person {
        Some(person) => (Some(person.name.into_exposed()), exposed(person.phone), exposed(person.address)),
        None => (None, None, None),
    };
    Ok(QueueItemDetail { item, name, phone, address, suggestion, clock, history })
}

/// How the live screens show this slice.
pub fn live(views: LiveViews) -> LiveViews {
    views
        .dress("queue_item", |ctx, tx, ids| {
            Box::pin(async move {
                let items = store::load_some(tx, ids).await?;
                let views = list(ctx, tx, items).await?;
                Ok(views.into_iter().map(|view| (view.id, json!(view))).collect())
            })
        })
        .snapshot("queue", Action::QueueRead, |ctx, tx, stream| {
            Box::pin(async move {
                let Some(district) = stream.strip_prefix("district:").and_then(|id| Uuid::parse_str(id).ok())
                else {
                    return Ok(json!([]));
                };
                let items =
                    store::list_open(tx, Some(OrgId(district)), SNAPSHOT_MIN_TIER, SNAPSHOT_LIMIT).await?;
                Ok(json!(list(ctx, tx, items).await?))
            })
        })
}
