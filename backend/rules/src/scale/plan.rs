//! A definition bound to positions: what scoring runs on. Binding finds every mistake that would make scoring
//! impossible.

use super::answers::Cell;
use super::condition::{Bound, Read, Scope};
use super::definition::{AnswerOption, BandSet, Code, Definition, Item, QualityRules, Texts, ValidityRule};
use super::finding::{Findings, Weight};
use super::number::Number;
use super::operation::{self, Operation};
use super::reach::Reach;
use super::scored::Level;
use super::wire;
use crate::people::Sex;
use std::collections::HashMap;

pub(super) struct Plan {
    pub definition: Definition,
    /// The document as it was written, keys sorted.
    pub json: String,
    /// SHA-256 of `json`, in hex.
    pub hash: String,
    pub names: Names,
    pub items: Vec<PlanItem>,
    /// Whether any item can be hidden.
    pub skips: bool,
    pub scores: Vec<PlanScore>,
    pub critical: Vec<PlanCritical>,
    pub validity: Vec<PlanValidity>,
    pub next: Vec<Bound>,
    pub quality: PlanQuality,
}

pub(super) struct PlanItem {
    pub options: Vec<PlanOption>,
    pub show_if: Option<Bound>,
    pub sex: Option<Sex>,
}

pub(super) struct PlanOption {
    pub code: Code,
    /// What the file says it is worth; `None` is "not applicable".
    pub score: Option<Number>,
    /// The same after the item's `reverse`.
    pub value: Option<Number>,
}

pub(super) struct PlanScore {
    pub operation: Operation,
    pub reach: Option<Reach>,
    pub bands: Vec<PlanBands>,
}

pub(super) struct PlanBands {
    /// Position in `definition.bands`.
    pub set: u16,
    pub when: Option<Bound>,
    /// Lowest value of each band, and the highest of the last.
    pub from: Vec<Number>,
    pub to: Number,
}

pub(super) struct PlanCritical {
    pub when: Bound,
    pub strong: Option<Bound>,
    /// How it is written into a result, for either level.
    pub json: [String; 2],
}

pub(super) struct PlanValidity {
    pub when: Bound,
    pub voids: Vec<u16>,
}

#[derive(Default)]
pub(super) struct PlanQuality {
    pub longstring: u16,
    /// For each item the options whose runs are honest.
    pub honest: Vec<u64>,
    pub min_ms_per_item: Option<u32>,
    pub pairs: Vec<(u16, u16, Number)>,
}

/// One score as it comes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ScoreCell {
    pub value: Option<Number>,
    pub status: Status,
    pub band: Option<BandAt>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Scored,
    /// Worked out by the scale's rule although answers were missing.
    Prorated,
    Incomplete,
    /// Voided by a validity rule.
    Invalid,
}

/// A band by position: the set in `definition.bands`, the range in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BandAt {
    pub set: u16,
    pub range: u16,
}

/// Items and scores by name.
#[derive(Default)]
pub(super) struct Names(HashMap<String, Read>);

impl Names {
    pub fn find(&self, id: &str) -> Option<Read> {
        self.0.get(id).copied()
    }

    fn claim(&mut self, id: &str, read: Read, path: String, findings: &mut Findings) {
        if !is_id(id) {
            findings.add(path.as_str(), "an id is lower case letters, digits and underscores");
        }
        if self.0.insert(id.to_owned(), read).is_some() {
            findings.add(path, format!("the id {id} is used twice"));
        }
    }
}

pub(super) fn is_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// The format this engine reads.
const SCHEMA: u32 = 1;
/// Positions are 16 bits; no instrument comes near.
const MOST: usize = 2_000;

impl Plan {
    pub fn bind(definition: Definition, json: String) -> Result<Plan, Vec<super::Finding>> {
        let mut findings = Findings::new(Weight::Blocking);
        check_head(&definition, &mut findings);
        let names = claim_names(&definition, &mut findings);
        let items = bind_items(&definition, &names, &mut findings);
        if !findings.list.is_empty() {
            return Err(findings.list);
        }
        let mut scores: Vec<PlanScore> = Vec::new();
        for (at, rule) in definition.scores.iter().enumerate() {
            let scope = scope(&names, &items, at);
            let binder = operation::Binder {
                definition: &definition,
                scope: &scope,
                scores: &scores,
                path: format!("scores[{at}].compute"),
            };
            if let Some(operation) = binder.bind(&rule.compute, &mut findings) {
                let reach = Reach::of(&operation, &items, &scores);
                let bands = bind_bands(&definition, &rule.id, &scope, &mut findings);
                scores.push(PlanScore { operation, reach, bands });
            } else {
                // What stands below may read it; its own finding is enough.
                return Err(findings.list);
            }
        }
        for (at, set) in definition.bands.iter().enumerate() {
            if !definition.scores.iter().any(|score| score.id == set.score) {
                findings.add(format!("bands[{at}].score"), format!("no score is called {}", set.score));
            }
        }
        let whole = scope(&names, &items, scores.len());
        let critical = bind_critical(&definition, &whole, &mut findings);
        let validity = bind_validity(&definition, &whole, &mut findings);
        let next = bind_next(&definition, &whole, &mut findings);
        let quality = bind_quality(&definition.quality, &whole, &mut findings);
        if !findings.list.is_empty() {
            return Err(findings.list);
        }
        let hash = super::hash::of(&json);
        let skips = items.iter().any(PlanItem::can_be_hidden);
        Ok(Plan { definition, json, hash, names, items, skips, scores, critical, validity, next, quality })
    }
}

impl PlanItem {
    pub const fn can_be_hidden(&self) -> bool {
        self.show_if.is_some() || self.sex.is_some()
    }

    /// The option with a numeric code. Codes mostly are their own positions.
    pub fn option_by_number(&self, code: i64) -> Option<usize> {
        let matches = |option: &PlanOption| matches!(option.code, Code::Number(printed) if printed == code);
        let guess = usize::try_from(code).ok().filter(|at| self.options.get(*at).is_some_and(matches));
        guess.or_else(|| self.options.iter().position(matches))
    }

    /// The option with a code written as text: a word, or a number in digits.
    pub fn option_by_text(&self, code: &str) -> Option<usize> {
        if let Some(number) = code_number(code) {
            return self.option_by_number(number);
        }
        self.options.iter().position(|option| matches!(&option.code, Code::Word(word) if word == code))
    }
}

/// `2`, and `2.0` as data frames write it.
fn code_number(text: &str) -> Option<i64> {
    let digits = text
        .split_once('.')
        .map_or(text, |(whole, decimals)| if decimals.bytes().all(|b| b == b'0') { whole } else { text });
    digits.parse().ok()
}

fn scope<'a>(names: &'a Names, items: &'a [PlanItem], scores_above: usize) -> Scope<'a> {
    Scope { names, items, items_above: items.len(), scores_above }
}

fn check_head(definition: &Definition, findings: &mut Findings) {
    if definition.schema != SCHEMA {
        findings.add("schema", format!("this engine reads format {SCHEMA}"));
    }
    if !is_id(&definition.code) {
        findings.add("code", "lower case letters, digits and underscores");
    }
    if super::library::version_parts(&definition.version).is_none() {
        findings.add("version", "write major.minor.patch");
    }
    if definition.items.is_empty() || definition.items.len() > MOST {
        findings.add("items", format!("between 1 and {MOST}"));
    }
    if definition.scores.is_empty() || definition.scores.len() > MOST {
        findings.add("scores", format!("between 1 and {MOST}"));
    }
}

fn claim_names(definition: &Definition, findings: &mut Findings) -> Names {
    let mut names = Names::default();
    for (position, item) in (0_u16..).zip(&definition.items) {
        names.claim(&item.id, Read::Item(position), format!("items[{position}].id"), findings);
    }
    for (position, score) in (0_u16..).zip(&definition.scores) {
        names.claim(&score.id, Read::Score(position), format!("scores[{position}].id"), findings);
    }
    names
}

fn bind_items(definition: &Definition, names: &Names, findings: &mut Findings) -> Vec<PlanItem> {
    for (name, options) in &definition.options {
        check_options(options, &format!("options.{name}"), findings);
    }
    let mut items: Vec<PlanItem> = Vec::new();
    for (at, item) in definition.items.iter().enumerate() {
        let path = format!("items[{at}]");
        let Some(options) = definition.options.get(&item.options) else {
            findings.add(path, format!("no options are called {}", item.options));
            continue;
        };
        if item.sex == Some(Sex::Unknown) {
            findings.add(format!("{path}.sex"), "F or M");
        }
        if items.len() != at {
            continue; // an item above is broken already
        }
        let above = Scope { names, items: &items, items_above: at, scores_above: 0 };
        let show_if = item
            .show_if
            .as_ref()
            .and_then(|condition| above.bind(condition, &format!("{path}.show_if"), findings));
        items.push(PlanItem { options: keyed_options(item, options), show_if, sex: item.sex });
    }
    items
}

fn check_options(options: &[AnswerOption], path: &str, findings: &mut Findings) {
    if options.len() < 2 || options.len() > Cell::MOST_OPTIONS {
        findings.add(path, format!("between 2 and {} options", Cell::MOST_OPTIONS));
    }
    for (at, option) in options.iter().enumerate() {
        if options[..at].iter().any(|above| above.code == option.code) {
            findings.add(format!("{path}[{at}].code"), "this code is used twice");
        }
        if matches!(&option.code, Code::Word(word) if !is_id(word) || code_number(word).is_some()) {
            findings.add(format!("{path}[{at}].code"), "a number, or a word in lower case letters");
        }
    }
    if options.iter().all(|option| option.score.is_none()) {
        findings.add(path, "at least one option has a score");
    }
}

fn keyed_options(item: &Item, options: &[AnswerOption]) -> Vec<PlanOption> {
    let scores = || options.iter().filter_map(|option| option.score);
    let turned = match (item.reverse, scores().min(), scores().max()) {
        (true, Some(lowest), Some(highest)) => Some(lowest.plus(highest)),
        _ => None,
    };
    let value = |score: Number| turned.map_or(score, |ends| ends.minus(score));
    options
        .iter()
        .map(|option| PlanOption {
            code: option.code.clone(),
            score: option.score,
            value: option.score.map(value),
        })
        .collect()
}

fn bind_bands(
    definition: &Definition,
    score: &str,
    scope: &Scope<'_>,
    findings: &mut Findings,
) -> Vec<PlanBands> {
    let mut bound = Vec::new();
    for (at, set) in (0_u16..).zip(&definition.bands) {
        if set.score != score || set.reference_only {
            continue;
        }
        let path = format!("bands[{at}]");
        let when = set.when.as_ref().and_then(|when| scope.bind(when, &format!("{path}.when"), findings));
        let mut only_person = true;
        if let Some(when) = &when {
            when.reads(&mut |read| only_person &= read == Read::Person);
        }
        if !only_person {
            findings.add(format!("{path}.when"), "a set of bands is chosen by the person only");
        }
        match ends(set) {
            Some((from, to)) => bound.push(PlanBands { set: at, when, from, to }),
            None => findings.add(path, "each range has `from`, then `to` or `below`, one above the other"),
        }
    }
    bound
}

/// Lowest value of each range and the highest of all, if they stand in order.
fn ends(set: &BandSet) -> Option<(Vec<Number>, Number)> {
    let from: Vec<Number> = set.ranges.iter().map(|range| range.from).collect();
    let rising = from.windows(2).all(|pair| pair[0] < pair[1]);
    let closed = set.ranges.iter().all(|range| range.to.is_some() != range.below.is_some());
    let to = set.ranges.last().and_then(|range| range.to)?;
    (rising && closed && from.last().is_some_and(|last| *last <= to)).then_some((from, to))
}

fn bind_critical(definition: &Definition, scope: &Scope<'_>, findings: &mut Findings) -> Vec<PlanCritical> {
    let mut bound: Vec<PlanCritical> = Vec::new();
    for (at, rule) in definition.critical.iter().enumerate() {
        let path = format!("critical[{at}]");
        if !is_id(&rule.id) || definition.critical[..at].iter().any(|above| above.id == rule.id) {
            findings.add(format!("{path}.id"), "lower case, digits, underscores, and used once");
        }
        let when = scope.bind(&rule.r#if, &format!("{path}.if"), findings);
        let strong = rule
            .strong_if
            .as_ref()
            .and_then(|condition| scope.bind(condition, &format!("{path}.strong_if"), findings));
        let json = [Level::Critical, Level::Strong].map(|level| wire::critical_json(rule, level));
        bound.extend(when.map(|when| PlanCritical { when, strong, json }));
    }
    bound
}

fn bind_validity(definition: &Definition, scope: &Scope<'_>, findings: &mut Findings) -> Vec<PlanValidity> {
    let mut bound = Vec::new();
    for (at, rule) in definition.validity.iter().enumerate() {
        let path = format!("validity[{at}]");
        if let Some(when) = scope.bind(&rule.r#if, &format!("{path}.if"), findings) {
            let voids = voided_scores(definition, rule, &when, scope, &path, findings);
            bound.push(PlanValidity { when, voids });
        }
    }
    bound
}

fn voided_scores(
    definition: &Definition,
    rule: &ValidityRule,
    when: &Bound,
    scope: &Scope<'_>,
    path: &str,
    findings: &mut Findings,
) -> Vec<u16> {
    if rule.voids.is_empty() {
        let mut read = Vec::new();
        when.reads(&mut |one| read.push(one));
        return (0_u16..)
            .zip(&definition.scores)
            .map(|(position, _)| position)
            .filter(|position| !read.contains(&Read::Score(*position)))
            .collect();
    }
    let mut voids = Vec::new();
    for id in &rule.voids {
        match scope.names.find(id) {
            Some(Read::Score(score)) => voids.push(score),
            _ => findings.add(format!("{path}.voids"), format!("no score is called {id}")),
        }
    }
    voids
}

fn bind_next(definition: &Definition, scope: &Scope<'_>, findings: &mut Findings) -> Vec<Bound> {
    let mut bound = Vec::new();
    for (at, rule) in definition.next.iter().enumerate() {
        if !is_id(&rule.start) || rule.start == definition.code {
            findings.add(format!("next[{at}].start"), "the code of another scale");
        }
        bound.extend(scope.bind(&rule.r#if, &format!("next[{at}].if"), findings));
    }
    bound
}

fn bind_quality(rules: &QualityRules, scope: &Scope<'_>, findings: &mut Findings) -> PlanQuality {
    let mut plan = PlanQuality { min_ms_per_item: rules.min_ms_per_item, ..PlanQuality::default() };
    if let Some(rule) = &rules.longstring {
        if rule.run < 2 || usize::from(rule.run) > scope.items.len() {
            findings.add("quality.longstring.run", "between 2 and the number of items");
        }
        plan.longstring = rule.run;
        for item in scope.items {
            let honest = item.options.iter().enumerate().filter(|(_, o)| rule.except_codes.contains(&o.code));
            plan.honest.push(honest.fold(0, |mask, (index, _)| mask | (1 << index)));
        }
    }
    for (at, pair) in rules.pairs.iter().enumerate() {
        match (scope.names.find(&pair.items.0), scope.names.find(&pair.items.1)) {
            (Some(Read::Item(a)), Some(Read::Item(b))) if a != b => {
                plan.pairs.push((a, b, pair.max_difference));
            }
            _ => findings.add(format!("quality.pairs[{at}]"), "two different items"),
        }
    }
    plan
}

/// A text for people who read English or, failing that, whatever there is.
pub(super) fn any_text(texts: &Texts) -> &str {
    texts.get("en").or_else(|| texts.values().next()).map_or("", String::as_str)
}
