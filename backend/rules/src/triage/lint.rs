//! What is wrong with a triage policy: within itself, and against the scales it speaks of.

use super::closing::Outcome;
use super::compile::Policy;
use super::document::{Bilingual, Cell, Document, LookRow, ScoreTest, Sign, Test};
use super::finding::Finding;
use crate::scale::{Number, Scale};
use std::collections::{BTreeMap, BTreeSet};

/// What a policy may ask of a scale.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScaleShape {
    /// Score → lowest and highest value, band codes.
    pub scores: BTreeMap<String, ScoreShape>,
    /// Item → highest scored value.
    pub items: BTreeMap<String, Option<Number>>,
    pub critical: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ScoreShape {
    pub range: (Number, Number),
    pub bands: BTreeSet<String>,
}

pub type ScaleShapes = BTreeMap<String, ScaleShape>;

impl From<&Scale> for ScaleShape {
    fn from(scale: &Scale) -> Self {
        let definition = scale.definition();
        let score = |rule: &crate::scale::definition::ScoreRule| {
            let sets = definition.bands.iter().filter(|set| set.score == rule.id);
            let bands = sets.flat_map(|set| &set.ranges).map(|band| band.code.clone()).collect();
            (rule.id.clone(), ScoreShape { range: rule.range, bands })
        };
        let highest = |options: &str| {
            definition
                .options
                .get(options)
                .and_then(|options| options.iter().filter_map(|option| option.score).max())
        };
        Self {
            scores: definition.scores.iter().map(score).collect(),
            items: definition.items.iter().map(|item| (item.id.clone(), highest(&item.options))).collect(),
            critical: definition.critical.iter().map(|rule| rule.id.clone()).collect(),
        }
    }
}

/// Everything to know before a policy goes live. `campaign` are the scales that people will be asked.
pub fn lint<'c>(
    policy: &Policy,
    scales: &ScaleShapes,
    campaign: impl IntoIterator<Item = &'c str>,
) -> Vec<Finding> {
    let document = policy.document();
    let mut findings = lint_document(document);
    for code in campaign {
        if !policy.speaks_of(code) {
            findings.push(Finding::error("bands", format!("the scale {code} of the campaign has no row")));
        }
    }
    for row in &document.bands {
        against(scales, &row.scale, &row.when, &format!("bands.{}", row.id), &mut findings);
        if let Some(start) = row.starts.as_ref().filter(|start| !scales.contains_key(*start)) {
            findings.push(Finding::note(format!("bands.{}.starts", row.id), waits_for(start)));
        }
    }
    for (path, sign) in signs(document) {
        if let Some(scale) = &sign.scale {
            against(scales, scale, &sign.when, &path, &mut findings);
        }
    }
    critical_against(document, scales, &mut findings);
    for row in &document.worsening {
        let unknown = scales.get(&row.scale).is_some_and(|shape| !shape.scores.contains_key(&row.score));
        if unknown {
            findings.push(Finding::error(format!("worsening.{}", row.id), no_score(&row.scale, &row.score)));
        }
    }
    findings
}

fn critical_against(document: &Document, scales: &ScaleShapes, findings: &mut Vec<Finding>) {
    for (place, row) in document.critical.iter().enumerate() {
        let path = format!("critical[{place}]");
        let Some(shape) = scales.get(&row.scale) else {
            findings.push(Finding::note(path, waits_for(&row.scale)));
            continue;
        };
        match shape.items.get(&row.item) {
            None => findings.push(Finding::error(path.clone(), no_item(&row.scale, &row.item))),
            Some(Some(highest)) if row.critical_from > *highest => {
                findings.push(Finding::error(path.clone(), "cannot be reached: above the highest answer"));
            }
            Some(_) => {}
        }
        for score in row.counts_in.iter().filter(|score| !shape.scores.contains_key(*score)) {
            findings.push(Finding::error(path.clone(), no_score(&row.scale, score)));
        }
    }
    let looks = [&document.second_look.scale, &document.second_look.younger.scale];
    for (code, shape) in scales.iter().filter(|(code, _)| !looks.contains(code)) {
        for item in &shape.critical {
            if document.critical.iter().all(|row| row.scale != *code || row.item != *item) {
                let message =
                    format!("{code} calls {item} critical; without a row here it counts as the scale says");
                findings.push(Finding::note("critical", message));
            }
        }
    }
}

/// Tests against the scale: names that exist, values that can come out.
fn against(scales: &ScaleShapes, scale: &str, tests: &[Test], path: &str, findings: &mut Vec<Finding>) {
    let Some(shape) = scales.get(scale) else {
        findings.push(Finding::note(path, waits_for(scale)));
        return;
    };
    for test in tests {
        match test {
            Test::Score(test) => score_against(shape, scale, test, path, findings),
            Test::AnyScore(test) => {
                for id in &test.any_score {
                    match shape.scores.get(id) {
                        None => findings.push(Finding::error(path, no_score(scale, id))),
                        Some(score) if test.ge > score.range.1 => {
                            findings.push(Finding::error(path, format!("cannot be reached by {id}")));
                        }
                        Some(_) => {}
                    }
                }
            }
            Test::Item(test) => match shape.items.get(&test.item) {
                None => findings.push(Finding::error(path, no_item(scale, &test.item))),
                Some(Some(highest)) if test.ge > *highest => {
                    findings.push(Finding::error(path, "cannot be reached: above the highest answer"));
                }
                Some(_) => {}
            },
            Test::Critical(_) | Test::Fact(_) => {}
        }
    }
}

fn score_against(shape: &ScaleShape, scale: &str, test: &ScoreTest, path: &str, findings: &mut Vec<Finding>) {
    let Some(score) = shape.scores.get(&test.score) else {
        findings.push(Finding::error(path, no_score(scale, &test.score)));
        return;
    };
    let (lowest, highest) = score.range;
    let too_high =
        test.ge.is_some_and(|bound| bound > highest) || test.gt.is_some_and(|bound| bound >= highest);
    let too_low = test.le.is_some_and(|bound| bound < lowest) || test.lt.is_some_and(|bound| bound <= lowest);
    if too_high || too_low {
        findings.push(Finding::error(
            path,
            format!("cannot be reached: {} is {lowest} to {highest}", test.score),
        ));
    }
    if let Some(band) = test.band.as_ref().filter(|band| !score.bands.contains(*band)) {
        findings.push(Finding::error(path, format!("{scale}.{} has no band {band}", test.score)));
    }
}

/// What can be said without the scales. Errors here keep the policy from loading.
pub(super) fn lint_document(document: &Document) -> Vec<Finding> {
    let mut findings = Vec::new();
    if document.schema != 1 {
        findings.push(Finding::error("schema", "this program reads format 1"));
    }
    if document.id.is_empty() || document.version.is_empty() {
        findings.push(Finding::error("id", "id and version are needed"));
    }
    tiers(document, &mut findings);
    following(document, &mut findings);
    table(document, &mut findings);
    rows(document, &mut findings);
    sources(document, &mut findings);
    questions(document, &mut findings);
    findings
}

fn tiers(document: &Document, findings: &mut Vec<Finding>) {
    let in_order: Vec<u8> = document.tiers.iter().map(|rule| rule.tier).collect();
    if in_order != [0, 1, 2, 3, 4] {
        findings.push(Finding::error("tiers", "must be 0, 1, 2, 3, 4 in this order"));
    }
    for rule in document.tiers.iter().filter(|rule| rule.tier >= 2) {
        let path = format!("tiers[{}]", rule.tier);
        if rule.owner.is_none() {
            findings.push(Finding::error(path.clone(), "a tier of 2 and above has an owner"));
        }
        if rule.contact_secs.is_none() {
            findings.push(Finding::error(path, "a tier of 2 and above has a deadline"));
        }
    }
}

/// A red is followed, by somebody whose work it is, and nobody dismisses it alone.
fn following(document: &Document, findings: &mut Vec<Finding>) {
    let follow_up = &document.follow_up;
    if !follow_up.by.is_care() {
        findings.push(Finding::error("follow_up.by", "a post that cares for people over time"));
    }
    let is_rising = follow_up.after_secs.is_sorted_by(|before, after| before < after);
    if follow_up.after_secs.first().is_none_or(|first| *first == 0) || !is_rising {
        findings.push(Finding::error("follow_up.after_secs", "at least one, each later than the one before"));
    }
    if follow_up.outcome_secs == 0 || !(2..=3).contains(&follow_up.from_tier) {
        findings.push(Finding::error("follow_up", "an outcome has its time, and tier 3 is followed"));
    }
    let closing = &document.closing;
    if closing.second_person_from_tier > 3 {
        findings.push(Finding::error("closing.second_person_from_tier", "at most 3"));
    }
    for outcome in Outcome::DISMISSING {
        if !closing.second_person_for.contains(&outcome) {
            let message = format!("{} needs a second person", outcome.code());
            findings.push(Finding::error("closing.second_person_for", message));
        }
    }
    if closing.attempts == 0 {
        findings.push(Finding::error("closing.attempts", "nobody is beyond reach before an attempt"));
    }
}

/// Every cell of the second-look table is filled, even if with "nothing".
fn table(document: &Document, findings: &mut Vec<Finding>) {
    let rows = &document.second_look.rows;
    let named: [(&str, &LookRow); 6] = [
        ("high", &rows.high),
        ("moderate", &rows.moderate),
        ("low", &rows.low),
        ("all_no", &rows.all_no),
        ("pending_recent", &rows.pending_recent),
        ("pending_longer", &rows.pending_longer),
    ];
    for (row, cells) in named {
        for (column, cell) in [("critical", cells.critical), ("strong", cells.strong), ("none", cells.none)] {
            let path = format!("second_look.rows.{row}.{column}");
            match cell {
                None => findings.push(Finding::error(path, "the cell is empty")),
                Some(Cell::Tier { tier, .. } | Cell::AtLeast(tier)) if tier > 4 => {
                    findings.push(Finding::error(path, "a tier is 0 to 4"));
                }
                Some(Cell::Tier { tier, then: Some(_), .. }) if tier < 3 => {
                    findings.push(Finding::warning(path, "an alarm after a deadline below tier 3"));
                }
                Some(Cell::Tier { .. } | Cell::AtLeast(_) | Cell::Nothing) => {}
            }
        }
        let order = [cells.none, cells.critical, cells.strong].map(|cell| cell.map_or(0, tier_of));
        if order[1] > order[2] {
            let path = format!("second_look.rows.{row}");
            findings.push(Finding::warning(path, "a strong answer leads lower than a critical one"));
        }
    }
    for (path, signs) in [
        ("high", &document.second_look.signs.high),
        ("moderate", &document.second_look.signs.moderate),
        ("low", &document.second_look.signs.low),
    ] {
        if signs.is_empty() {
            findings.push(Finding::error(format!("second_look.signs.{path}"), "nothing leads to this row"));
        }
    }
}

const fn tier_of(cell: Cell) -> u8 {
    match cell {
        Cell::Tier { tier, .. } | Cell::AtLeast(tier) => tier,
        Cell::Nothing => 0,
    }
}

fn rows(document: &Document, findings: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    let ids = document.bands.iter().map(|row| &row.id).chain(document.worsening.iter().map(|row| &row.id));
    for id in ids.chain(signs(document).map(|(_, sign)| &sign.id)) {
        if !seen.insert(id) {
            findings.push(Finding::error(id.clone(), "the id is used twice"));
        }
    }
    for row in &document.bands {
        let path = format!("bands.{}", row.id);
        if row.tier > 4 {
            findings.push(Finding::error(path.clone(), "a tier is 0 to 4"));
        }
        if row.when.is_empty() {
            findings.push(Finding::error(path.clone(), "no condition: would match everybody"));
        }
        for test in &row.when {
            if let Test::Score(test) = test {
                score_test(test, &path, findings);
            }
        }
    }
    let tests_nothing = |sign: &Sign| sign.when.is_empty();
    for (path, _) in signs(document).filter(|(_, sign)| tests_nothing(sign)) {
        findings.push(Finding::error(path, "no condition: would match everybody"));
    }
    if document.modifiers.young.divide_contact_by == 0 {
        findings.push(Finding::error("modifiers.young", "divide_contact_by must be 1 or more"));
    }
    for (name, row) in [
        ("incomplete", &document.doubtful.incomplete),
        ("invalid", &document.doubtful.invalid),
        ("careless", &document.doubtful.careless),
        ("unlisted", &document.doubtful.unlisted),
    ] {
        if !(1..=4).contains(&row.at_least) {
            findings.push(Finding::error(format!("doubtful.{name}"), "unknown is not safe: at least tier 1"));
        }
    }
}

fn score_test(test: &ScoreTest, path: &str, findings: &mut Vec<Finding>) {
    let lower = test.ge.or(test.gt);
    let upper = test.le.or(test.lt);
    if lower.is_none() && upper.is_none() && test.band.is_none() {
        findings.push(Finding::error(path, format!("{}: no comparison and no band", test.score)));
    }
    if let (Some(lower), Some(upper)) = (lower, upper)
        && (lower > upper || (lower == upper && (test.gt.is_some() || test.lt.is_some())))
    {
        findings.push(Finding::error(path, format!("cannot be reached: from {lower} to {upper}")));
    }
}

fn questions(document: &Document, findings: &mut Vec<Finding>) {
    for question in &document.danger_questions {
        let raises = document
            .priority
            .raised
            .iter()
            .flat_map(|sign| &sign.when)
            .any(|test| matches!(test, Test::Fact(test) if test.fact == question.fact));
        if !raises {
            let path = format!("danger_questions.{}", question.fact.code());
            findings.push(Finding::warning(path, "its answer changes no priority"));
        }
    }
}

/// Each row has a source that is listed, and a text in both languages.
fn sources(document: &Document, findings: &mut Vec<Finding>) {
    let mut check = |path: String, source: &str, text: Option<&Bilingual>| {
        if !document.sources.contains_key(source) {
            findings.push(Finding::error(path.clone(), format!("the source {source:?} is not listed")));
        }
        if text.is_some_and(|text| text.zh.is_empty() || text.en.is_empty()) {
            findings.push(Finding::error(path, "a text in Chinese and in English is needed"));
        }
    };
    for rule in &document.tiers {
        check(format!("tiers[{}]", rule.tier), &rule.source, Some(&rule.name));
        check(format!("tiers[{}].advice", rule.tier), &rule.source, Some(&rule.advice));
    }
    for (place, row) in document.critical.iter().enumerate() {
        check(format!("critical[{place}]"), &row.source, None);
    }
    for (path, sign) in signs(document) {
        check(path, &sign.source, Some(&sign.text));
    }
    let rows = &document.second_look.rows;
    for (name, row) in [
        ("high", &rows.high),
        ("moderate", &rows.moderate),
        ("low", &rows.low),
        ("all_no", &rows.all_no),
        ("pending_recent", &rows.pending_recent),
        ("pending_longer", &rows.pending_longer),
    ] {
        check(format!("second_look.rows.{name}"), &row.source, Some(&row.text));
    }
    for row in &document.bands {
        check(format!("bands.{}", row.id), &row.source, Some(&row.text));
    }
    for row in &document.worsening {
        check(format!("worsening.{}", row.id), &row.source, Some(&row.text));
    }
    for row in &document.modifiers.step_up {
        check(format!("modifiers.step_up.{}", row.modifier.code()), &row.source, Some(&row.text));
    }
    let doubtful = &document.doubtful;
    for (name, row) in [
        ("incomplete", &doubtful.incomplete),
        ("invalid", &doubtful.invalid),
        ("careless", &doubtful.careless),
        ("unlisted", &doubtful.unlisted),
    ] {
        check(format!("doubtful.{name}"), &row.source, Some(&row.text));
    }
    check("priority".to_owned(), &document.priority.source, None);
    check("several".to_owned(), &document.several.source, Some(&document.several.text));
    check("history".to_owned(), &document.history.source, Some(&document.history.text));
    check(
        "modifiers.young".to_owned(),
        &document.modifiers.young.source,
        Some(&document.modifiers.young.text),
    );
    check("follow_up".to_owned(), &document.follow_up.source, None);
    check("closing".to_owned(), &document.closing.source, None);
    check("old_results".to_owned(), &document.old_results.source, Some(&document.old_results.text));
}

fn signs(document: &Document) -> impl Iterator<Item = (String, &Sign)> {
    let look = &document.second_look.signs;
    let of_look = look.high.iter().chain(&look.moderate).chain(&look.low);
    let of_look = of_look.map(|sign| (format!("second_look.signs.{}", sign.id), sign));
    of_look.chain(document.priority.raised.iter().map(|sign| (format!("priority.raised.{}", sign.id), sign)))
}

fn waits_for(scale: &str) -> String {
    format!("waits for the scale {scale}, which is not here")
}

fn no_score(scale: &str, score: &str) -> String {
    format!("{scale} has no score {score}")
}

fn no_item(scale: &str, item: &str) -> String {
    format!("{scale} has no item {item}")
}
