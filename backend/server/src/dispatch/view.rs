//! Alarms as screens show them: names masked on the board, whole only in an alarm that was opened.

use super::store::deliveries::{self, ToldRow};
use super::store::{self, Kept, signals};
use super::words::{self, Text};
use crate::events::LiveViews;
use crate::identity::OrgUnit;
use crate::people::Brief;
use crate::platform::{Ctx, Problem, ScopedTx};
use crate::triage::Why;
use chrono::{DateTime, Utc};
use rules::Private;
use rules::dispatch::{CloseCode, State, queue_rank};
use rules::identity::Action;
use rules::ids::{AccountId, AlarmId, OrgId, PersonId, ScreeningId};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use utoipa::ToSchema;
use uuid::Uuid;

const SNAPSHOT_LIMIT: i64 = 500;

#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Alarm)]
pub struct AlarmView {
    pub id: Uuid,
    pub version: i64,
    /// Counted per tenant, for saying aloud.
    pub number: i64,
    /// `raised`, `claimed`, `acknowledged`, `closed`.
    pub state: String,
    /// `P1` to `P4`.
    pub priority: String,
    pub kind: String,
    pub reason: String,
    pub headline: Text,
    pub who: Option<WhoView>,
    #[serde(rename = "where")]
    pub place: WhereView,
    /// The rows of the triage policy that matched, the deciding one first.
    pub why: Vec<WhyView>,
    pub count: u32,
    pub raised_at: DateTime<Utc>,
    pub last_press_at: DateTime<Utc>,
    pub raised_by: Option<AccountView>,
    /// Somebody should have it by then.
    pub claim_due_at: Option<DateTime<Utc>>,
    /// A screen showed it first.
    pub presented_at: Option<DateTime<Utc>>,
    /// The last step of the plan that was carried out; 0 is the first.
    pub escalation_step: u16,
    pub next_step: Option<NextStepView>,
    pub told: Vec<ToldView>,
    pub claimed: Option<HeldView>,
    pub acknowledged: Option<HeldView>,
    /// The person was not reached and is tried again then.
    pub retry_at: Option<DateTime<Utc>>,
    /// A close that waits for a second person.
    pub close_asked: Option<CloseAskedView>,
    /// Closing with one of these codes takes two.
    pub second_person_for: Vec<String>,
    pub shelved_until: Option<DateTime<Utc>>,
    pub returned_at: Option<DateTime<Utc>>,
    pub drill: bool,
    pub closed: Option<ClosedView>,
    pub queue_item_id: Option<Uuid>,
    pub screening_id: Option<Uuid>,
    pub policy: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = AlarmWho)]
pub struct WhoView {
    pub person_id: Option<Uuid>,
    pub name_masked: String,
    pub sex: String,
    pub age: Option<u16>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = AlarmWhere)]
pub struct WhereView {
    pub org_id: Uuid,
    pub org_name: String,
    pub district_id: Uuid,
    pub district: String,
    /// As the sender said it.
    pub place: Option<String>,
    /// The person's address; only in an alarm that was opened.
    pub address: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = AlarmWhy)]
pub struct WhyView {
    pub text: Text,
    pub source: String,
    pub row: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = AlarmAccount)]
pub struct AccountView {
    pub id: Uuid,
    pub name: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = AlarmNextStep)]
pub struct NextStepView {
    pub at: DateTime<Utc>,
    pub who: Text,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = AlarmTold)]
pub struct ToldView {
    pub account_id: Uuid,
    pub name: String,
    pub post: String,
    pub at: DateTime<Utc>,
    pub receipt_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = AlarmHeld)]
pub struct HeldView {
    pub by_id: Uuid,
    pub by: String,
    pub at: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = AlarmCloseAsked)]
pub struct CloseAskedView {
    pub by_id: Uuid,
    pub by: String,
    pub at: DateTime<Utc>,
    pub code: String,
    pub reason: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = AlarmClosed)]
pub struct ClosedView {
    pub code: String,
    pub reason: String,
    pub by: String,
    pub at: DateTime<Utc>,
    pub second: Option<String>,
}

impl From<Why> for WhyView {
    fn from(why: Why) -> Self {
        Self { text: Text::new(why.text.zh, why.text.en), source: why.source, row: why.row }
    }
}

impl AlarmView {
    /// For who raised it: how it stands, not what others wrote.
    pub fn hide_what_others_wrote(&mut self) {
        self.close_asked = None;
        if let Some(closed) = &mut self.closed {
            closed.reason.clear();
        }
    }

    /// For who raised it elsewhere: that it is known, and how it stands.
    pub fn hide_whom_it_is_about(&mut self) {
        self.hide_what_others_wrote();
        self.who = None;
        self.why.clear();
        self.told.clear();
    }
}

/// What the rows need, read once for all of them.
struct Lookup {
    people: HashMap<PersonId, Brief>,
    orgs: HashMap<OrgId, OrgUnit>,
    names: HashMap<AccountId, String>,
    told: HashMap<Uuid, Vec<ToldRow>>,
    why: HashMap<ScreeningId, Vec<Why>>,
}

impl Lookup {
    async fn load(ctx: &Ctx, tx: &mut ScopedTx, alarms: &[Kept]) -> Result<Self, Problem> {
        let ids: Vec<Uuid> = alarms.iter().map(|kept| kept.id.0).collect();
        let mut told: HashMap<Uuid, Vec<ToldRow>> = HashMap::new();
        for row in deliveries::list_told(tx, &ids).await? {
            told.entry(row.alarm_id).or_default().push(row);
        }
        let mut accounts: BTreeSet<AccountId> = alarms.iter().flat_map(accounts_of).collect();
        accounts.extend(told.values().flatten().map(|row| AccountId(row.account_id)));
        let accounts: Vec<AccountId> = accounts.into_iter().collect();
        let orgs: Vec<OrgId> = alarms.iter().flat_map(|kept| [kept.org, kept.district]).collect();
        let people: Vec<PersonId> = alarms.iter().filter_map(|kept| kept.person).collect();
        let screenings: Vec<ScreeningId> = alarms.iter().filter_map(|kept| kept.screening).collect();
        Ok(Self {
            people: crate::people::load_briefs(ctx, tx, &people).await?,
            orgs: crate::identity::load_org_units(tx, &orgs).await?,
            names: crate::identity::names_of(tx, &accounts).await?,
            told,
            why: crate::triage::why(ctx, tx, &screenings).await?,
        })
    }

    fn why(&self, kept: &Kept) -> Vec<WhyView> {
        let reasons = kept.screening.and_then(|screening| self.why.get(&screening));
        reasons.into_iter().flatten().cloned().map(WhyView::from).collect()
    }

    fn name(&self, account: AccountId) -> String {
        self.names.get(&account).cloned().unwrap_or_default()
    }

    fn org_name(&self, org: OrgId) -> String {
        self.orgs.get(&org).map(|unit| unit.name.clone()).unwrap_or_default()
    }
}

fn accounts_of(kept: &Kept) -> Vec<AccountId> {
    let mut accounts: Vec<AccountId> = kept.raised_by.into_iter().collect();
    match &kept.machine.state {
        State::Raised { shelved } => accounts.extend(shelved.as_ref().map(|shelved| shelved.by)),
        State::Claimed { by, .. } => accounts.push(*by),
        State::Acknowledged { by, close_asked, .. } => {
            accounts.push(*by);
            accounts.extend(close_asked.as_ref().map(|asked| asked.by));
        }
        State::Closed { by, second, .. } => {
            accounts.push(*by);
            accounts.extend(*second);
        }
    }
    accounts
}

/// In the order in which a seat takes them.
pub async fn list(ctx: &Ctx, tx: &mut ScopedTx, mut alarms: Vec<Kept>) -> Result<Vec<AlarmView>, Problem> {
    alarms.sort_by_cached_key(|kept| queue_rank(kept.id, &kept.machine));
    let lookup = Lookup::load(ctx, tx, &alarms).await?;
    Ok(alarms.iter().map(|kept| view(kept, &lookup)).collect())
}

pub async fn one(ctx: &Ctx, tx: &mut ScopedTx, kept: &Kept) -> Result<AlarmView, Problem> {
    let lookup = Lookup::load(ctx, tx, std::slice::from_ref(kept)).await?;
    Ok(view(kept, &lookup))
}

fn view(kept: &Kept, lookup: &Lookup) -> AlarmView {
    let machine = &kept.machine;
    let plan = machine.policy.plan(machine.priority);
    let told = lookup.told.get(&kept.id.0).map(Vec::as_slice).unwrap_or_default();
    let mut view = AlarmView {
        id: kept.id.0,
        version: kept.version,
        number: kept.number,
        state: machine.state.code().to_owned(),
        priority: machine.priority.code().to_owned(),
        kind: kept.kind.code().to_owned(),
        reason: kept.reason.clone(),
        headline: words::headline(kept.kind, &kept.reason),
        who: kept.person.map(|person| who(person, lookup.people.get(&person))),
        place: WhereView {
            org_id: kept.org.0,
            org_name: lookup.org_name(kept.org),
            district_id: kept.district.0,
            district: lookup.org_name(kept.district),
            place: kept.place.as_ref().map(|place| place.expose().clone()),
            address: None,
        },
        why: lookup.why(kept),
        count: machine.count,
        raised_at: machine.raised_at,
        last_press_at: machine.last_press_at,
        raised_by: kept.raised_by.map(|by| AccountView { id: by.0, name: lookup.name(by) }),
        claim_due_at: plan.claim_target_secs.map(|secs| {
            machine.returned_at.unwrap_or(machine.raised_at) + chrono::TimeDelta::seconds(secs.into())
        }),
        presented_at: kept.presented_at,
        escalation_step: machine.escalation.done.map_or(0, |position| position.step),
        next_step: machine
            .escalation
            .next
            .map(|next| NextStepView { at: next.at, who: words::posts(&plan.posts(next.position)) }),
        told: told.iter().map(|row| told_view(row, lookup)).collect(),
        claimed: None,
        acknowledged: None,
        retry_at: None,
        close_asked: None,
        second_person_for: CloseCode::ALL
            .into_iter()
            .filter(|code| machine.needs_second_person(*code))
            .map(|code| code.code().to_owned())
            .collect(),
        shelved_until: None,
        returned_at: machine.returned_at,
        drill: machine.drill,
        closed: None,
        queue_item_id: kept.queue_item.map(|id| id.0),
        screening_id: kept.screening.map(|id| id.0),
        policy: machine.policy.policy.clone(),
    };
    add_state(&mut view, &machine.state, lookup);
    view
}

fn add_state(view: &mut AlarmView, state: &State, lookup: &Lookup) {
    match state {
        State::Raised { shelved } => view.shelved_until = shelved.as_ref().map(|shelved| shelved.until),
        State::Claimed { by, at, until } => {
            view.claimed = Some(HeldView { by_id: by.0, by: lookup.name(*by), at: *at, until: *until });
        }
        State::Acknowledged { by, at, until, retry_at, tries: _, close_asked } => {
            view.acknowledged = Some(HeldView { by_id: by.0, by: lookup.name(*by), at: *at, until: *until });
            view.retry_at = *retry_at;
            view.close_asked = close_asked.as_ref().map(|asked| CloseAskedView {
                by_id: asked.by.0,
                by: lookup.name(asked.by),
                at: asked.at,
                code: asked.code.code().to_owned(),
                reason: asked.reason.expose().clone(),
            });
        }
        State::Closed { by, at, code, reason, second } => {
            view.closed = Some(ClosedView {
                code: code.code().to_owned(),
                reason: reason.expose().clone(),
                by: lookup.name(*by),
                at: *at,
                second: second.map(|second| lookup.name(second)),
            });
        }
    }
}

fn who(id: PersonId, person: Option<&Brief>) -> WhoView {
    WhoView {
        person_id: Some(id.0),
        name_masked: person.map(Brief::masked).unwrap_or_default(),
        sex: person.map(|person| person.sex.code().to_owned()).unwrap_or_default(),
        age: person.and_then(|person| person.age),
    }
}

fn told_view(row: &ToldRow, lookup: &Lookup) -> ToldView {
    ToldView {
        account_id: row.account_id,
        name: lookup.name(AccountId(row.account_id)),
        post: row.post.clone(),
        at: row.at,
        receipt_at: row.receipt_at,
    }
}

/// An alarm that somebody opened: everything that happened to it, and for those who act on it the person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AlarmDetail {
    #[serde(flatten)]
    pub alarm: AlarmView,
    pub timeline: Vec<HappenedView>,
    pub person: Option<PersonView>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = AlarmHappened)]
pub struct HappenedView {
    pub seq: i64,
    pub at: DateTime<Utc>,
    pub actor: Option<AccountView>,
    #[serde(rename = "type")]
    pub kind: String,
    pub body: Value,
    /// What was written with it.
    pub text: Option<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = AlarmPerson)]
pub struct PersonView {
    pub id: Uuid,
    pub name: String,
    pub sex: String,
    pub age: Option<u16>,
    pub phone: Option<String>,
    pub address: Option<String>,
}

/// How much of an alarm somebody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Who acts on it: name, phone, address, what was written.
    Whole,
    /// Who reads the board: masked.
    Board,
    /// Who raised it: how it stands, nothing that others wrote.
    OwnPress,
}

pub async fn detail(ctx: &Ctx, tx: &mut ScopedTx, kept: &Kept, sight: Sight) -> Result<AlarmDetail, Problem> {
    let mut alarm = one(ctx, tx, kept).await?;
    let timeline = timeline(ctx, tx, kept.id, sight).await?;
    if sight == Sight::OwnPress {
        alarm.hide_what_others_wrote();
    }
    let person = match kept.person.filter(|_| sight == Sight::Whole) {
        Some(id) => crate::people::load_brief(ctx, tx, id).await?.map(|brief| person_view(id, brief)),
        None => None,
    };
    alarm.place.address = person.as_ref().and_then(|person| person.address.clone());
    Ok(AlarmDetail { alarm, timeline, person })
}

fn person_view(id: PersonId, brief: Brief) -> PersonView {
    PersonView {
        id: id.0,
        name: brief.name.into_exposed(),
        sex: brief.sex.code().to_owned(),
        age: brief.age,
        phone: brief.phone.map(Private::into_exposed),
        address: brief.address.map(Private::into_exposed),
    }
}

async fn timeline(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    id: AlarmId,
    sight: Sight,
) -> Result<Vec<HappenedView>, Problem> {
    let tenant = tx.tenant();
    let events = crate::events::list_of(tx, tenant, id.0).await?;
    let told = |body: &Value| body["told"]["account_id"].as_str().and_then(|id| Uuid::parse_str(id).ok());
    let accounts: BTreeSet<AccountId> = events
        .iter()
        .flat_map(|event| [event.actor_id, told(&event.body)])
        .flatten()
        .map(AccountId)
        .collect();
    let accounts: Vec<AccountId> = accounts.into_iter().collect();
    let names = crate::identity::names_of(tx, &accounts).await?;
    let mut words: HashMap<Uuid, String> = HashMap::new();
    if sight == Sight::Whole {
        for said in signals::list_words(ctx, tx, id).await? {
            words.insert(said.id, said.text.into_exposed());
        }
    }
    Ok(events
        .into_iter()
        .map(|event| {
            let text = event.body["words_id"]
                .as_str()
                .and_then(|id| Uuid::parse_str(id).ok())
                .and_then(|id| words.get(&id).cloned());
            let mut body = event.body;
            if let Some(account) = told(&body) {
                body["told"]["name"] = json!(names.get(&AccountId(account)));
            }
            let actor = event
                .actor_id
                .map(|id| AccountView { id, name: names.get(&AccountId(id)).cloned().unwrap_or_default() });
            HappenedView { seq: event.seq, at: event.at, actor, kind: event.kind, body, text }
        })
        .collect())
}

/// How the live screens show this slice.
pub fn live(views: LiveViews) -> LiveViews {
    views
        .dress("alarm", |ctx, tx, ids| {
            Box::pin(async move {
                let kept = store::load_some(ctx, tx, ids).await?;
                let views = list(ctx, tx, kept).await?;
                for view in &views {
                    ctx.receipts.expect(view);
                }
                Ok(views.into_iter().map(|view| (view.id, json!(view))).collect())
            })
        })
        .snapshot("alarms", Action::AlarmRead, |ctx, tx, stream| {
            Box::pin(async move {
                let Some(district) = stream.strip_prefix("district:").and_then(|id| Uuid::parse_str(id).ok())
                else {
                    return Ok(json!([]));
                };
                let open = store::list_open(ctx, tx, Some(OrgId(district)), SNAPSHOT_LIMIT).await?;
                let views = list(ctx, tx, open).await?;
                for view in &views {
                    ctx.receipts.expect(view);
                }
                Ok(json!(views))
            })
        })
}
