//! What somebody may do with a campaign: make it, freeze its list of people.

use super::store::{self, CampaignRow, NewRow};
use crate::audit::Entry;
use crate::identity::{Actor, load_org_unit};
use crate::people::{self, PersonAt};
use crate::platform::{Ctx, Problem, Purpose, ScopedTx};
use crate::screening::library::may_show;
use crate::screening::worklist::ScaleRef;
use axum::http::StatusCode;
use chrono::NaiveDate;
use rules::Timestamp;
use rules::identity::Action;
use rules::ids::{CampaignId, OrgId, PersonId, TargetId};
use rules::triage::{Finding, ScaleShape, ScaleShapes};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use uuid::Uuid;

const MAX_TITLE_CHARS: usize = 80;
const MAX_SCALES: usize = 8;
const MAX_DAYS: i64 = 400;

#[derive(Debug, Clone)]
pub struct NewCampaign {
    pub id: CampaignId,
    pub title: String,
    pub scales: Vec<ScaleRef>,
    pub org: OrgId,
    pub starts_on: NaiveDate,
    pub ends_on: NaiveDate,
}

#[derive(Debug, Clone, Copy)]
pub struct Written {
    pub created_at: Timestamp,
    pub is_first: bool,
}

/// Whom a list is made of.
#[derive(Debug, Clone)]
pub enum Whom {
    /// Everybody who is there now.
    Org(OrgId),
    Persons(Vec<PersonId>),
}

#[derive(Debug, Clone, Copy)]
pub struct Frozen {
    pub targets: i64,
    pub added: u64,
    /// People of the org unit who came after the list was frozen, and were not added.
    pub left_out: usize,
    pub frozen_at: Timestamp,
}

pub async fn put(ctx: &Ctx, actor: &Actor, new: NewCampaign) -> Result<Written, Problem> {
    let mut tx = ctx.db.begin(&actor.scope_for(Action::CampaignManage, Purpose::Care)).await?;
    if let Some(before) = store::load_for_update(&mut tx, new.id).await? {
        return repeated(&before, &new);
    }
    check(ctx, &mut tx, &new).await?;
    check_wording(ctx, &new)?;
    let at = ctx.now();
    if !install_at(ctx, &mut tx, &new, at).await? {
        // taken a moment ago by the same request, or by a campaign that is not ours to see
        let before = store::load_for_update(&mut tx, new.id).await?.ok_or_else(Problem::id_reused)?;
        return repeated(&before, &new);
    }
    tx.commit().await?;
    Ok(Written { created_at: at, is_first: true })
}

fn repeated(before: &CampaignRow, new: &NewCampaign) -> Result<Written, Problem> {
    if before.body_hash == body_hash(new) {
        Ok(Written { created_at: before.created_at, is_first: false })
    } else {
        Err(Problem::id_reused())
    }
}

/// Writes a checked campaign; says whether it is new.
pub async fn install(ctx: &Ctx, tx: &mut ScopedTx, new: &NewCampaign) -> Result<bool, Problem> {
    install_at(ctx, tx, new, ctx.now()).await
}

async fn install_at(ctx: &Ctx, tx: &mut ScopedTx, new: &NewCampaign, at: Timestamp) -> Result<bool, Problem> {
    let row = NewRow {
        id: new.id,
        title: &new.title,
        org: new.org,
        scales: json!(new.scales),
        starts_on: new.starts_on,
        ends_on: new.ends_on,
        body_hash: body_hash(new),
        at,
    };
    if !store::insert(tx, row).await? {
        return Ok(false);
    }
    let codes: Vec<&str> = new.scales.iter().map(|scale| scale.code.as_str()).collect();
    audit(ctx, tx, "campaign.create", new.id, json!({"org_id": new.org, "scales": codes})).await?;
    Ok(true)
}

fn body_hash(new: &NewCampaign) -> Vec<u8> {
    let body = json!([new.title, new.scales, new.org, new.starts_on, new.ends_on]);
    Sha256::digest(body.to_string().as_bytes()).to_vec()
}

/// Everything that must hold before anybody is asked anything.
pub async fn check(ctx: &Ctx, tx: &mut ScopedTx, new: &NewCampaign) -> Result<(), Problem> {
    let mut wrong: Vec<(String, String)> = Vec::new();
    if !(1..=MAX_TITLE_CHARS).contains(&new.title.chars().count()) || new.title.chars().any(char::is_control)
    {
        wrong.push(("title".to_owned(), format!("1 to {MAX_TITLE_CHARS} characters on one line")));
    }
    if new.ends_on < new.starts_on {
        wrong.push(("ends_on".to_owned(), "lies before the start".to_owned()));
    } else if (new.ends_on - new.starts_on).num_days() > MAX_DAYS {
        wrong.push(("ends_on".to_owned(), format!("at most {MAX_DAYS} days after the start")));
    }
    if load_org_unit(tx, new.org).await?.is_none() {
        wrong.push(("org_id".to_owned(), "no such org unit in your part of the tree".to_owned()));
    }
    if !(1..=MAX_SCALES).contains(&new.scales.len()) {
        wrong.push(("scales".to_owned(), format!("1 to {MAX_SCALES} scales")));
    }
    check_scales(ctx, tx, &new.scales, &mut wrong).await?;
    refuse(wrong)
}

/// Each scale is known, asked once, and every one has its row in the policy in force: a result nobody can judge
/// must not be made.
async fn check_scales(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    scales: &[ScaleRef],
    wrong: &mut Vec<(String, String)>,
) -> Result<(), Problem> {
    let policy = crate::triage::active_policy(ctx, tx).await?;
    let library = ctx.library.scales();
    let mut seen = BTreeSet::new();
    for (i, ScaleRef { code, version }) in scales.iter().enumerate() {
        let Some(scale) = library.version(code, version) else {
            wrong.push((format!("scales[{i}]"), "no such scale in this version".to_owned()));
            continue;
        };
        if !seen.insert(code) {
            wrong.push((format!("scales[{i}]"), "named twice".to_owned()));
        }
        let shapes: ScaleShapes = [(code.clone(), ScaleShape::from(scale))].into();
        let findings = rules::triage::lint(&policy, &shapes, [code.as_str()]);
        wrong.extend(
            findings
                .into_iter()
                .filter(Finding::is_error)
                .map(|found| (format!("scales[{i}]"), found.message)),
        );
    }
    Ok(())
}

/// Outside a demonstration a person is only shown wording that somebody stands behind.
fn check_wording(ctx: &Ctx, new: &NewCampaign) -> Result<(), Problem> {
    let can_be_asked = |scale: &ScaleRef| {
        ctx.library.scales().version(&scale.code, &scale.version).is_some_and(|scale| {
            let definition = scale.definition();
            definition.locales.keys().any(|locale| may_show(definition, locale, ctx.is_demo))
        })
    };
    let drafts = new.scales.iter().enumerate().filter(|(_, scale)| !can_be_asked(scale));
    let reason = "its wording is only a draft, which nobody may be asked";
    refuse(drafts.map(|(i, _)| (format!("scales[{i}]"), reason.to_owned())).collect())
}

fn refuse(wrong: Vec<(String, String)>) -> Result<(), Problem> {
    if wrong.is_empty() {
        return Ok(());
    }
    let title = "The request says something that cannot be";
    let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", title);
    Err(wrong.into_iter().fold(problem, |problem, (field, reason)| problem.field(field, reason)))
}

/// Freezes the list. Whoever comes later is not added by asking for the org unit again; only by name.
pub async fn put_targets(
    ctx: &Ctx,
    actor: &Actor,
    id: CampaignId,
    whom: Whom,
    due_on: Option<NaiveDate>,
) -> Result<Frozen, Problem> {
    let mut tx = ctx.db.begin(&actor.scope_for(Action::CampaignManage, Purpose::Care)).await?;
    let campaign =
        store::load_for_update(&mut tx, id).await?.ok_or_else(|| Problem::not_found("campaign"))?;
    let due_on = due_on.unwrap_or(campaign.ends_on);
    if !(campaign.starts_on..=campaign.ends_on).contains(&due_on) {
        return Err(Problem::invalid("due_on", "lies outside the campaign"));
    }
    let people = chosen(&mut tx, &campaign, &whom).await?;
    let is_late = campaign.frozen_at.is_some() && matches!(whom, Whom::Org(_));
    let wanted = people.len();
    let added = if is_late { 0 } else { add_targets(&mut tx, id, due_on, people).await? };
    let frozen_at = campaign.frozen_at.unwrap_or_else(|| ctx.now());
    store::freeze(&mut tx, id, frozen_at).await?;
    if added > 0 {
        audit(ctx, &mut tx, "campaign.add_targets", id, json!({"added": added, "due_on": due_on})).await?;
    }
    let targets = store::count_targets(&mut tx, id).await?;
    let left_out =
        if is_late { wanted.saturating_sub(usize::try_from(targets).unwrap_or(wanted)) } else { 0 };
    tx.commit().await?;
    Ok(Frozen { targets, added, left_out, frozen_at })
}

async fn chosen(tx: &mut ScopedTx, campaign: &CampaignRow, whom: &Whom) -> Result<Vec<PersonAt>, Problem> {
    let root = OrgId(campaign.org_id);
    match whom {
        Whom::Persons(ids) => {
            let distinct: BTreeSet<PersonId> = ids.iter().copied().collect();
            let found = people::list_below(tx, root, Some(ids)).await?;
            if found.len() < distinct.len() {
                let missing = distinct.len() - found.len();
                let reason = format!("{missing} of them are no people of the campaign's part of the tree");
                return Err(Problem::invalid("person_ids", reason));
            }
            Ok(found)
        }
        Whom::Org(org) => {
            let chain = crate::identity::list_chain(tx, *org).await?;
            if !chain.contains(&root) {
                return Err(Problem::invalid("org_id", "lies outside the campaign"));
            }
            Ok(people::list_below(tx, *org, None).await?)
        }
    }
}

/// A target's id follows from campaign and person, so that adding twice is adding once.
pub async fn add_targets(
    tx: &mut ScopedTx,
    campaign: CampaignId,
    due_on: NaiveDate,
    people: Vec<PersonAt>,
) -> sqlx::Result<u64> {
    let targets: Vec<(TargetId, PersonAt)> =
        people.into_iter().map(|person| (target_id(campaign, person.id), person)).collect();
    store::insert_targets(tx, campaign, due_on, &targets).await
}

pub fn target_id(campaign: CampaignId, person: PersonId) -> TargetId {
    TargetId(Uuid::new_v5(&campaign.0, person.0.as_bytes()))
}

async fn audit(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    action: &'static str,
    id: CampaignId,
    detail: serde_json::Value,
) -> sqlx::Result<()> {
    let entry = Entry { action, subject_kind: "campaign", subject_id: Some(id.0), detail };
    crate::audit::write(ctx, tx, entry).await
}
