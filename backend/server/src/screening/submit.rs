//! Submit: score, suggest, queue, in one transaction. The same id with the same content is the same screening.

use super::admit::admit;
use super::consent::{self, Consent};
use super::library::may_show;
use super::receipt::{KeptResult, Receipt, open_result, receipt, repeat};
use super::store::{self, Kept, NewScreening};
use super::{ANSWERS, DANGER_TO_LIFE, RESULT};
use crate::audit::Entry;
use crate::events;
use crate::people::{self, Brief};
use crate::platform::db::violated;
use crate::platform::timers::{self, Timer};
use crate::platform::{Ctx, Problem, Scope, ScopedTx};
use crate::triage::{self, Taken, Visit};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use rules::Private;
use rules::device_clock::{ClockNote, Times};
use rules::ids::{CampaignId, PersonId, ScreeningId, TargetId, VisitId};
use rules::people::AgeBand;
use rules::scale::{Answers, ItemTimes, Respondent, Scale, Scored};
use rules::triage::{CaseResult, Danger, PreviousScore, SecondLook, SeenAgo, StoredResult};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// A visit that is moved again and again while this waits is not followed for ever.
pub(super) const ROUNDS: u8 = 5;

#[derive(Debug, Clone)]
pub struct Submission {
    pub id: ScreeningId,
    pub person: PersonId,
    pub campaign: Option<CampaignId>,
    pub target: Option<TargetId>,
    pub visit: VisitId,
    pub look_of: Option<ScreeningId>,
    pub scale: String,
    pub version: String,
    pub answers: Answers,
    pub item_ms: BTreeMap<String, u32>,
    pub mode: Mode,
    pub locale: String,
    pub started_at: DateTime<Utc>,
    pub finished_at: DateTime<Utc>,
    /// where a device gave the times: what it said, of which the two above are what is believed
    pub clock: Option<DeviceClock>,
    pub seen: Seen,
    pub is_broken_off: bool,
    pub look_refused: bool,
    pub consent: Option<Consent>,
    /// said with a consent, and true also where that consent does not hold
    pub declared_age: Option<AgeBand>,
    pub danger_to_life: Option<Private<String>>,
    pub device: Option<DeviceResult>,
    pub is_historical: bool,
    pub import_key: Option<Vec<u8>>,
    /// of the whole content: tells a retry from another content under the same id
    pub body_hash: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ScreeningMode)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    #[serde(rename = "self")]
    Person,
    Interview,
    Paper,
    #[serde(skip_deserializing)]
    Import,
}

impl Mode {
    const fn code(self) -> &'static str {
        match self {
            Self::Person => "self",
            Self::Interview => "interview",
            Self::Paper => "paper",
            Self::Import => "import",
        }
    }

    /// Did this program put its own wording before the person?
    const fn shows_our_text(self) -> bool {
        matches!(self, Self::Person | Self::Interview)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = SeenHow)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    InPerson,
    Remote,
}

impl Seen {
    const fn code(self) -> &'static str {
        match self {
            Self::InPerson => "in_person",
            Self::Remote => "remote",
        }
    }
}

/// What the device's clock said, as it is kept with the screening.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceClock {
    pub said: Times,
    pub sent_at: Option<DateTime<Utc>>,
    #[serde(flatten)]
    pub note: ClockNote,
}

impl DeviceClock {
    /// For whoever looks at the result.
    fn worth_telling(&self) -> Option<&ClockNote> {
        Some(&self.note).filter(|note| !note.flags.is_empty())
    }
}

/// What the tablet had worked out by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceResult {
    pub tier: u8,
    pub scale_hash: String,
    pub policy: String,
}

pub async fn submit(ctx: &Ctx, scope: &Scope, submission: Submission) -> Result<Receipt, Problem> {
    match take_in(ctx, scope, submission.clone(), None).await {
        Ok(receipt) => Ok(receipt),
        Err(refused) => match out_of_sight(ctx, scope, &submission).await? {
            Some(named) => Box::pin(take_in(ctx, &house(ctx, scope), submission, Some(named))).await,
            None => Err(refused),
        },
    }
}

/// Somebody has moved the visit to a person whom this account does not see. What it still sends for whom it named, and
/// may see, goes where the visit is.
async fn out_of_sight(ctx: &Ctx, scope: &Scope, submission: &Submission) -> Result<Option<Brief>, Problem> {
    let mut tx = ctx.db.begin(scope).await?;
    let Some(named) = people::load_brief(ctx, &mut tx, submission.person).await? else { return Ok(None) };
    drop(tx);
    let mut tx = ctx.db.begin(&house(ctx, scope)).await?;
    let moved = store::corrected_to(&mut tx, submission.visit, submission.person).await?;
    Ok(moved.map(|_| named))
}

/// The same account, acting for the whole tenant.
pub(super) fn house(ctx: &Ctx, scope: &Scope) -> Scope {
    Scope { scopes: ctx.system_scope(scope.tenant).scopes, ..scope.clone() }
}

/// `named`: whom the tablet was set to, and whom the consent page went by, if that is known already.
async fn take_in(
    ctx: &Ctx,
    scope: &Scope,
    mut submission: Submission,
    mut named: Option<Brief>,
) -> Result<Receipt, Problem> {
    let scale = find_scale(ctx, &submission)?;
    let mut rounds = 0..ROUNDS;
    let (mut tx, person, before) = loop {
        rounds.next().ok_or_else(Problem::unavailable)?;
        let mut tx = ctx.db.begin(scope).await?;
        // one submit at a time for a person: looks of a visit see each other
        let person = lock(ctx, &mut tx, submission.person).await?;
        let _ = named.get_or_insert_with(|| person.clone());
        if let Some(kept) = store::find(&mut tx, submission.id).await? {
            return repeat(ctx, &tx, &kept, &submission);
        }
        let before = store::list_of_visit(&mut tx, submission.visit).await?;
        if before.iter().all(|kept| kept.person_id == submission.person.0) {
            break (tx, person, before);
        }
        // two people are locked in one order only, so it is begun again
        submission.person = rightful(&mut tx, &submission).await?;
        submission.target = None;
    };
    admit(ctx, &mut tx, &mut submission, named.as_ref().unwrap_or(&person)).await?;
    let scored = score(scale, &submission, &person)?;
    let stored = StoredResult::from(&scored);
    let visit = gather(ctx, &mut tx, &submission, &person, &scored, &before).await?;
    let taken = triage::take_in(ctx, &mut tx, visit).await?;
    let receipt = receipt(ctx, &mut tx, &submission, &scored, &taken, &person).await?;
    save(ctx, &mut tx, &submission, &scored, stored, &taken, &receipt, &person).await?;
    audit(ctx, &mut tx, &submission).await?;
    let mut events = vec![taken.event];
    if person.consent_withdrawn_at.is_some() {
        events.extend(consent::settle(ctx, &mut tx, person.id).await?);
    }
    events::record_all(&mut tx, events).await?;
    tx.commit().await.map_err(Problem::from)?;
    for flag in submission.clock.iter().flat_map(|clock| &clock.note.flags) {
        metrics::counter!("device_clocks_wrong_total", "flag" => flag.code()).increment(1);
    }
    metrics::counter!("screenings_total", "scale" => submission.scale, "tier" => taken.suggestion.tier.to_string())
        .increment(1);
    Ok(receipt)
}

pub(super) async fn lock(ctx: &Ctx, tx: &mut ScopedTx, id: PersonId) -> Result<Brief, Problem> {
    people::lock_brief(ctx, tx, id)
        .await?
        .ok_or_else(|| Problem::invalid("person_id", "there is no such person that you may see"))
}

/// The visit is somebody else's. If it has become so by a correction, what the tablet still sends for it follows.
async fn rightful(tx: &mut ScopedTx, submission: &Submission) -> Result<PersonId, Problem> {
    store::corrected_to(tx, submission.visit, submission.person)
        .await?
        .ok_or_else(|| Problem::invalid("visit_id", "this visit is another person's"))
}

fn find_scale<'a>(ctx: &'a Ctx, submission: &Submission) -> Result<&'a Scale, Problem> {
    let library = ctx.library.scales();
    if library.newest(&submission.scale).is_none() {
        return Err(Problem::invalid("scale", "there is no such scale"));
    }
    let scale = library
        .version(&submission.scale, &submission.version)
        .ok_or_else(|| Problem::invalid("version", "there is no such version of this scale"))?;
    let may =
        !submission.mode.shows_our_text() || may_show(scale.definition(), &submission.locale, ctx.is_demo);
    if may {
        Ok(scale)
    } else {
        Err(Problem::invalid("locale", "there is no wording in this language that may be used here"))
    }
}

fn score(scale: &Scale, submission: &Submission, person: &Brief) -> Result<Scored, Problem> {
    let who = Respondent { sex: Some(person.sex), age: person.age, education_years: None };
    let times: ItemTimes = submission.item_ms.iter().map(|(item, ms)| (item.clone(), *ms)).collect();
    scale
        .score_timed(&who, &submission.answers, &times)
        .map_err(|error| Problem::invalid(format!("answers.{}", error.item), error.reason.to_string()))
}

/// The visit with this result: what its other screenings said, and what was known before.
async fn gather(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    submission: &Submission,
    person: &Brief,
    scored: &Scored,
    before: &[Kept],
) -> Result<Visit, Problem> {
    let mut visit = revisit(ctx, tx, before, person, submission.visit).await?;
    let asked = (submission.scale.as_str(), submission.finished_at);
    visit.previous.extend(previous(ctx, tx, submission.person, submission.visit, asked).await?);
    let now = ctx.now();
    let policy = triage::active_policy(ctx, tx).await?;
    visit.age = person.age.or(submission.declared_age.map(AgeBand::stands_for)).or(visit.age);
    visit.screening = submission.id;
    visit.is_news = true;
    visit.scale.clone_from(&submission.scale);
    visit.results.push(CaseResult::from(scored.clone()));
    if submission.is_broken_off && submission.look_of.is_some() {
        visit.second_look = SecondLook::BrokenOff;
    } else if submission.look_refused {
        visit.second_look = SecondLook::Refused;
    }
    visit.seen.within_2h |=
        submission.seen == Seen::InPerson && policy.is_seen_recently(submission.finished_at, now);
    visit.live |= policy.rings(submission.is_historical, submission.finished_at, now);
    if let Some(note) = submission.clock.as_ref().and_then(DeviceClock::worth_telling) {
        visit.clock = Some(note.clone());
    }
    Ok(visit)
}

/// A visit as its stored screenings tell it, with what each of its scales had come to before. So what one answer has
/// shown is not forgotten when another scale is answered.
pub(super) async fn revisit(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    kept: &[Kept],
    person: &Brief,
    id: VisitId,
) -> Result<Visit, Problem> {
    let mut visit = recall(ctx, tx, kept, person, id).await?;
    for screening in kept {
        let asked = (screening.scale.as_str(), screening.finished_at);
        visit.previous.extend(previous(ctx, tx, person.id, id, asked).await?);
    }
    Ok(visit)
}

/// A visit by itself, without what was known before.
pub(super) async fn recall(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    kept: &[Kept],
    person: &Brief,
    id: VisitId,
) -> Result<Visit, Problem> {
    let now = ctx.now();
    let policy = triage::active_policy(ctx, tx).await?;
    let mut results = Vec::with_capacity(kept.len() + 1);
    let mut danger = Danger::default();
    for screening in kept {
        results.push(CaseResult::from(open_result(ctx, tx, screening.id, &screening.result_sealed)?.stored));
        let answered: Danger =
            serde_json::from_value(screening.danger.clone()).map_err(|error| Problem::internal(&error))?;
        danger = danger.raised_by(answered);
    }
    let newest = kept.last();
    Ok(Visit {
        id,
        person: person.id,
        org: person.org,
        screening: ScreeningId(newest.map_or(Uuid::nil(), |kept| kept.id)),
        is_news: false,
        scale: newest.map(|kept| kept.scale.clone()).unwrap_or_default(),
        results,
        previous: Vec::new(),
        age: person.age_to_go_by(),
        modifiers: person.modifiers.clone(),
        second_look: if kept.iter().any(|kept| kept.is_broken_off) {
            SecondLook::BrokenOff
        } else {
            SecondLook::Pending
        },
        seen: SeenAgo {
            within_2h: kept.iter().any(|kept| {
                kept.seen == Seen::InPerson.code() && policy.is_seen_recently(kept.finished_at, now)
            }),
        },
        live: kept.iter().any(|kept| policy.rings(kept.is_historical, kept.finished_at, now)),
        danger,
        clock: kept.iter().rev().find_map(|kept| noted(kept.clock.as_ref()?)),
    })
}

/// The scores of the last result of a scale before this visit.
async fn previous(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    person: PersonId,
    visit: VisitId,
    (scale, finished_at): (&str, DateTime<Utc>),
) -> Result<Vec<PreviousScore>, Problem> {
    let Some((id, sealed)) = store::find_previous(tx, person, scale, visit, finished_at).await? else {
        return Ok(Vec::new());
    };
    let scores = open_result(ctx, tx, id, &sealed)?.stored.scores.into_iter();
    Ok(scores
        .filter_map(|(score, stored)| {
            Some(PreviousScore { scale: scale.to_owned(), score, value: stored.value? })
        })
        .collect())
}

/// A note that was kept, if it is worth telling.
fn noted(clock: &Value) -> Option<ClockNote> {
    ClockNote::deserialize(clock).ok().filter(|note| !note.flags.is_empty())
}

#[expect(clippy::too_many_arguments, reason = "one row, written once, from everything a submit has made")]
async fn save(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    submission: &Submission,
    scored: &Scored,
    stored: StoredResult,
    taken: &Taken,
    receipt: &Receipt,
    person: &Brief,
) -> Result<(), Problem> {
    let tenant = tx.tenant();
    let actor = tx.scope().actor;
    let id = submission.id.0;
    let consent_id = match &submission.consent {
        Some(consent) => Some(consent::insert(ctx, tx, person, actor, consent).await?),
        None => None,
    };
    if let Some(band) = submission.declared_age {
        people::declare_age(tx, person.id, band).await?;
    }
    let answers = serde_json::to_vec(&submission.answers).map_err(|error| Problem::internal(&error))?;
    let kept = KeptResult { receipt: receipt.clone(), stored };
    let result = serde_json::to_vec(&kept).map_err(|error| Problem::internal(&error))?;
    let device_differs = differs(submission, scored, taken);
    if device_differs.is_some() {
        tell_about_difference(ctx, tx, person, submission.id).await?;
    }
    let new = NewScreening {
        id: submission.id,
        person: person.id,
        org: person.org,
        campaign: submission.campaign,
        target: submission.target,
        visit: submission.visit,
        look_of: submission.look_of,
        scale: submission.scale.clone(),
        scale_version: submission.version.clone(),
        scale_hash: scored.hash().to_owned(),
        answers_sealed: ctx.keys.seal(tenant, ANSWERS, id, &answers),
        result_sealed: ctx.keys.seal(tenant, RESULT, id, &result),
        mode: submission.mode.code(),
        locale: submission.locale.clone(),
        seen: submission.seen.code(),
        is_historical: submission.is_historical,
        is_broken_off: submission.is_broken_off,
        danger: json!({}),
        started_at: submission.started_at,
        finished_at: submission.finished_at,
        clock: submission.clock.as_ref().map(|clock| json!(clock)),
        received_at: receipt.received_at,
        submitted_by: actor.0,
        consent_id,
        danger_to_life_sealed: submission
            .danger_to_life
            .as_ref()
            .map(|reason| ctx.keys.seal_text(tenant, DANGER_TO_LIFE, id, reason.expose())),
        device_differs,
        receipt: receipt.receipt.clone(),
        body_hash: submission.body_hash.clone(),
        import_key: submission.import_key.clone(),
    };
    store::insert(tx, new).await.map_err(|error| match violated(&error) {
        // the id is taken where this account cannot see
        Some("screening_pk") => Problem::id_reused(),
        Some("screening_import_once") => {
            Problem::new(StatusCode::CONFLICT, "imported-before", "This row was brought in before")
        }
        _ => error.into(),
    })
}

/// Compared only where both used the same scale text and the same policy: an older tablet may well say otherwise.
fn differs(submission: &Submission, scored: &Scored, taken: &Taken) -> Option<Value> {
    let device = submission.device.as_ref()?;
    let comparable = device.scale_hash == scored.hash() && device.policy == taken.suggestion.policy;
    (comparable && device.tier != taken.tier_alone)
        .then(|| json!({"device_tier": device.tier, "server_tier": taken.tier_alone}))
}

async fn tell_about_difference(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    person: &Brief,
    screening: ScreeningId,
) -> Result<(), Problem> {
    let timer = Timer {
        subject_id: Uuid::new_v5(&screening.0, b"device differs"),
        kind: triage::RAISE_ALARM,
        step: 3,
        lap: 0,
        fence: 0,
        due_at: ctx.now(),
        body: json!({"kind": "system", "priority": 3, "org_id": person.org, "reason": "device_result_differs"}),
    };
    timers::schedule(tx, timer).await?;
    Ok(())
}

async fn audit(ctx: &Ctx, tx: &mut ScopedTx, submission: &Submission) -> Result<(), Problem> {
    let entry = Entry {
        action: if submission.danger_to_life.is_some() && submission.consent.is_none() {
            "screening.submit_without_consent"
        } else {
            "screening.submit"
        },
        subject_kind: "screening",
        subject_id: Some(submission.id.0),
        detail: json!({"scale": submission.scale, "version": submission.version, "mode": submission.mode.code()}),
    };
    crate::audit::write(ctx, tx, entry).await?;
    Ok(())
}
