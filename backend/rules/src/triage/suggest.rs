//! The suggestion as people read it: tier, reasons with texts and sources, owner, deadline, alarm, what would change it.

use super::assess::{Assessment, Hit, Input, assess};
use super::case::{Case, Fact};
use super::compile::Policy;
use super::document::{Bilingual, Certainty, Document, TierRule};
use super::progress::Stage;
use super::second_look::shown;
use super::terms::{IfMissed, Standing, Terms, if_missed};
use super::what_if::{WhatIf, counterfactuals};
use crate::dispatch::Priority;
use crate::identity::Post;
use crate::scale::{Level, Number};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the policy suggests; a person decides. Stored as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suggestion {
    pub tier: u8,
    /// `id@version` of the policy.
    pub policy: String,
    /// Version and hash of each scale that was used: `phq9@1.0.0`.
    pub scales: Vec<ScaleUsed>,
    /// Every row that matched, the deciding ones first.
    pub reasons: Vec<Reason>,
    /// Of the alarm, for tier 4.
    pub priority: Option<Priority>,
    /// First contact, in elapsed seconds from the moment the result arrived.
    pub first_contact_secs: Option<u32>,
    /// The gravest critical answer.
    #[serde(default)]
    pub level: Option<Level>,
    pub interview_secs: Option<u32>,
    pub rescreen_weeks: Option<(u16, u16)>,
    pub owner: Option<Post>,
    /// The owner of the recent higher tier keeps the person.
    pub same_owner: bool,
    /// At once (`after_secs` 0), or unless somebody made contact by then.
    pub alarm: Option<AlarmPlan>,
    /// What a missed first contact becomes, where `alarm` says nothing.
    pub if_missed: Option<IfMissed>,
    /// For old results: nothing rings, somebody reads it.
    pub review: Option<Review>,
    /// The second look to start now.
    pub second_look: Option<String>,
    /// Other scales to start now.
    pub next: Vec<String>,
    /// Questions to ask the worker now; any yes raises.
    pub ask: Vec<Fact>,
    /// Ask the person to fill it in again.
    pub reinvite: bool,
    /// Codes of what else must be done.
    pub also: Vec<String>,
    /// What the worker should do now.
    pub advice: Bilingual,
    pub would_change: Vec<Counterfactual>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScaleUsed {
    pub code: String,
    pub version: String,
    pub hash: String,
}

/// Why: a row of the policy that matched, in words, with the values it looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    pub row: String,
    pub text: Bilingual,
    /// The full citation.
    pub source: String,
    pub certainty: Option<Certainty>,
    /// `phq9.total` → 17.
    pub inputs: BTreeMap<String, Number>,
    pub tier: u8,
    /// The row sets a floor ("at least") only.
    pub at_least: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmPlan {
    pub priority: Priority,
    /// 0: at once. Else only if nobody has made contact by then.
    pub after_secs: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    pub by: Post,
    pub within_working_days: u16,
}

/// "With item 9 at 0: tier 2".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counterfactual {
    pub text: Bilingual,
    pub tier: u8,
}

/// What the policy suggests for this visit, and why.
pub fn suggest(policy: &Policy, case: &Case) -> Suggestion {
    let assessment = assess(policy, case);
    let document = policy.document();
    let tier = assessment.tier;
    let rule = document.tiers.get(usize::from(tier));
    let terms = terms(document, case, &assessment, rule);
    let is_live = case.is_live();
    let is_old = !is_live && tier >= document.old_results.review_from_tier;
    let priority = priority(document, case, &assessment);
    let alarm = alarm(priority, &assessment, terms.contact_secs).filter(|_| is_live);
    let missed = if_missed(document, Stage::FirstContact, tier, assessment.level);
    let look_to_start = assessment.look_open && is_live;
    Suggestion {
        tier,
        policy: policy.reference().to_owned(),
        scales: scales_used(case),
        reasons: reasons(document, case, &assessment),
        priority,
        first_contact_secs: terms.contact_secs,
        level: assessment.level,
        interview_secs: rule.and_then(|rule| rule.interview_secs),
        rescreen_weeks: rule.and_then(|rule| rule.rescreen_weeks),
        owner: if is_old { Some(document.old_results.review_by) } else { terms.owner },
        same_owner: terms.is_same_owner && !is_old,
        alarm,
        if_missed: missed.filter(|_| is_live && alarm.is_none()),
        review: is_old.then_some(Review {
            by: document.old_results.review_by,
            within_working_days: document.old_results.within_working_days,
        }),
        second_look: look_to_start.then(|| policy.look_for(case.age()).to_owned()),
        next: started(&assessment),
        ask: if tier == 4 {
            document.danger_questions.iter().map(|question| question.fact).collect()
        } else {
            vec![]
        },
        reinvite: reinvites(document, &assessment),
        also: also(document, case, &assessment),
        advice: rule.map(|rule| rule.advice.clone()).unwrap_or_default(),
        would_change: counterfactuals(policy, case, &assessment),
    }
}

/// What the tier asks of us, with what the deciding rows say of it.
fn terms(document: &Document, case: &Case, assessment: &Assessment<'_>, rule: Option<&TierRule>) -> Terms {
    let default = rule.and_then(|rule| rule.contact_secs);
    let shortest = deciding(assessment).filter_map(|hit| hit.contact_secs.or(default)).min();
    let before = case.history.highest_tier_30d.map(|tier| (tier, case.history.owner));
    let standing = Standing {
        tier: assessment.tier,
        age: case.age(),
        level: assessment.level,
        before,
        contact_secs: shortest,
    };
    Terms::of(document, &standing)
}

fn deciding<'h, 'a>(assessment: &'h Assessment<'a>) -> impl Iterator<Item = &'h Hit<'a>> {
    assessment.hits.iter().filter(|hit| hit.tier == assessment.tier)
}

/// At once for a tier 4; for a row that says so, unless contact was made by the deadline.
fn alarm(
    priority: Option<Priority>,
    assessment: &Assessment<'_>,
    contact_secs: Option<u32>,
) -> Option<AlarmPlan> {
    let then = || deciding(assessment).filter_map(|hit| hit.then).min();
    match priority {
        Some(priority) => Some(AlarmPlan { priority, after_secs: 0 }),
        None => then().zip(contact_secs).map(|(priority, after_secs)| AlarmPlan { priority, after_secs }),
    }
}

/// Only a tier 4 rings at once.
fn priority(document: &Document, case: &Case, assessment: &Assessment<'_>) -> Option<Priority> {
    if assessment.tier < 4 {
        return None;
    }
    let rules = &document.priority;
    let is_raised =
        rules.raised.iter().any(|sign| shown(sign, case, assessment.level, &WhatIf::default()).is_some());
    Some(if is_raised { rules.raised_to } else { rules.otherwise })
}

fn reasons(document: &Document, case: &Case, assessment: &Assessment<'_>) -> Vec<Reason> {
    let mut hits: Vec<&Hit<'_>> = assessment.hits.iter().collect();
    // stable: rows of one tier stay in the order of the policy
    hits.sort_by_key(|hit| (std::cmp::Reverse(hit.tier), hit.is_floor));
    let mut reasons: Vec<Reason> = hits.into_iter().map(|hit| reason(document, hit)).collect();
    let young = &document.modifiers.young;
    if let Some(age) =
        case.age().filter(|age| *age < young.below_age && young.tiers.contains(&assessment.tier))
    {
        reasons.push(Reason {
            row: "young".to_owned(),
            text: young.text.clone(),
            source: cite(document, &young.source),
            certainty: document.sources.get(&young.source).map(|source| source.certainty),
            inputs: BTreeMap::from([("age".to_owned(), Number::whole(i64::from(age)))]),
            tier: assessment.tier,
            at_least: true,
        });
    }
    if !case.is_live() {
        let old = &document.old_results;
        reasons.push(Reason {
            row: "old_results".to_owned(),
            text: old.text.clone(),
            source: cite(document, &old.source),
            certainty: document.sources.get(&old.source).map(|source| source.certainty),
            inputs: BTreeMap::new(),
            tier: 0,
            at_least: true,
        });
    }
    reasons
}

fn reason(document: &Document, hit: &Hit<'_>) -> Reason {
    let inputs: Vec<&Input<'_>> = hit.inputs.iter().flatten().collect();
    Reason {
        row: hit.row.to_owned(),
        text: filled(document, hit, &inputs),
        source: cite(document, hit.source),
        certainty: document.sources.get(hit.source).map(|source| source.certainty),
        inputs: inputs.iter().map(|input| (input.key(), input.value)).collect(),
        tier: hit.tier,
        at_least: hit.is_floor,
    }
}

/// `{value}` and `{name}` are the first value looked at, `{inputs}` all of them, `{scale}` the scale, `{tier}` the
/// tier of the row.
fn filled(document: &Document, hit: &Hit<'_>, inputs: &[&Input<'_>]) -> Bilingual {
    let names: Vec<Bilingual> =
        inputs.iter().map(|input| name_of(document, input.scale, input.name)).collect();
    let scale = hit.scale.map(|scale| name_of(document, None, scale)).unwrap_or_default();
    let value_with = |least: &str| {
        let words = |input: &&Input<'_>| {
            if input.is_least { format!("{least} {}", input.value) } else { input.value.to_string() }
        };
        inputs.first().map(words).unwrap_or_default()
    };
    let fill =
        |template: &str, scale: &str, name: &dyn Fn(&Bilingual) -> String, [comma, least]: [&str; 2]| {
            if !template.contains('{') {
                return template.to_owned();
            }
            let listed: Vec<String> = names
                .iter()
                .zip(inputs)
                .map(|(label, input)| {
                    let sign = if input.is_least { "≥" } else { "=" };
                    format!("{} {sign} {}", name(label), input.value)
                })
                .collect();
            template
                .replace("{value}", &value_with(least))
                .replace("{name}", &names.first().map(name).unwrap_or_default())
                .replace("{inputs}", &listed.join(comma))
                .replace("{scale}", scale)
                .replace("{tier}", &hit.tier.to_string())
        };
    Bilingual {
        zh: fill(&hit.text.zh, &scale.zh, &|label| label.zh.clone(), ["、", "至少"]),
        en: fill(&hit.text.en, &scale.en, &|label| label.en.clone(), [", ", "at least"]),
    }
}

/// How a reason calls a scale, score or item; its code if the policy has no word for it.
pub(super) fn name_of(document: &Document, scale: Option<&str>, name: &str) -> Bilingual {
    let Some(scale) = scale else {
        return document.names.get(name).cloned().unwrap_or_else(|| Bilingual::new(name, name));
    };
    if let Some(known) = document.names.get(&format!("{scale}.{name}")) {
        return known.clone();
    }
    let title = document.names.get(scale).cloned().unwrap_or_else(|| Bilingual::new(scale, scale));
    let part = document.names.get(name).cloned().unwrap_or_else(|| part_name(name));
    Bilingual::new(format!("{} {}", title.zh, part.zh), format!("{} {}", title.en, part.en))
}

fn part_name(name: &str) -> Bilingual {
    let number = name.strip_prefix('q').filter(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
    match number {
        Some(number) => Bilingual::new(format!("第 {number} 题"), format!("item {number}")),
        None => Bilingual::new(name, name),
    }
}

impl Input<'_> {
    /// `phq9.total`, or `age`.
    pub fn key(&self) -> String {
        self.scale.map_or_else(|| self.name.to_owned(), |scale| format!("{scale}.{}", self.name))
    }
}

fn cite(document: &Document, source: &str) -> String {
    document.sources.get(source).map_or_else(|| source.to_owned(), |source| source.cite.clone())
}

fn scales_used(case: &Case) -> Vec<ScaleUsed> {
    case.results
        .iter()
        .map(|result| ScaleUsed {
            code: result.code().to_owned(),
            version: result.version().to_owned(),
            hash: result.hash().to_owned(),
        })
        .collect()
}

fn started(assessment: &Assessment<'_>) -> Vec<String> {
    let mut codes: Vec<String> =
        assessment.hits.iter().filter_map(|hit| hit.starts).map(str::to_owned).collect();
    codes.dedup();
    codes
}

fn reinvites(document: &Document, assessment: &Assessment<'_>) -> bool {
    let rows = &document.doubtful;
    assessment.hits.iter().any(|hit| match hit.row {
        "doubtful.incomplete" => rows.incomplete.reinvite,
        "doubtful.invalid" => rows.invalid.reinvite,
        "doubtful.careless" => rows.careless.reinvite,
        "doubtful.unlisted" => rows.unlisted.reinvite,
        _ => false,
    })
}

fn also(document: &Document, case: &Case, assessment: &Assessment<'_>) -> Vec<String> {
    let young = &document.modifiers.young;
    let is_young =
        case.age().is_some_and(|age| age < young.below_age) && young.tiers.contains(&assessment.tier);
    let of_rows = assessment.hits.iter().filter(|hit| hit.tier == assessment.tier).flat_map(|hit| hit.also);
    let of_young = young.also.iter().filter(|_| is_young);
    let mut codes: Vec<String> = Vec::new();
    for code in of_rows.chain(of_young) {
        if !codes.contains(code) {
            codes.push(code.clone());
        }
    }
    codes
}
