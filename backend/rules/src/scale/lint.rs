//! What may not ship although it could be scored: cut-offs with holes, unused items, claims without a source, wording
//! against the licence, nothing to test with. Each check has a real mistake behind it.

use super::condition::Read;
use super::definition::{
    BandSet, Certainty, Compute, Definition, LicenseStatus, LocaleStatus, MissingRule, Norm, Texts,
};
use super::finding::{Finding, Findings, Weight};
use super::golden::{self, Wanted};
use super::number::Number;
use super::operation::{Missing, Operation, PoolKind};
use super::plan::Plan;
use super::{Scale, reach::Reach};
use std::collections::BTreeSet;

/// Everything that is wrong with a scale file and its golden cases.
pub fn lint(json: &str, cases: Option<&str>) -> Vec<Finding> {
    let scale = match Scale::parse(json) {
        Ok(scale) => scale,
        Err(findings) => return findings,
    };
    let plan = &scale.plan;
    let mut findings = Findings::new(Weight::Unfit);
    check_ranges(plan, &mut findings);
    check_bands(plan, &mut findings);
    check_used(plan, &mut findings);
    check_proration(plan, &mut findings);
    check_norms(&plan.definition, &mut findings);
    check_sources(&plan.definition, &mut findings);
    check_texts(&plan.definition, &mut findings);
    check_license(&plan.definition, &mut findings);
    check_cases(&scale, cases, &mut findings);
    findings.list
}

fn check_ranges(plan: &Plan, findings: &mut Findings) {
    for (at, (rule, score)) in plan.definition.scores.iter().zip(&plan.scores).enumerate() {
        match score.reach {
            Some(reach) if rule.range == (reach.low, reach.high) => {}
            Some(reach) => findings.add(
                format!("scores[{at}].range"),
                format!("{} can come out between {} and {}", rule.id, reach.low, reach.high),
            ),
            None => findings.add(format!("scores[{at}]"), format!("{} never comes out", rule.id)),
        }
    }
}

fn check_bands(plan: &Plan, findings: &mut Findings) {
    let definition = &plan.definition;
    for (at, set) in definition.bands.iter().enumerate() {
        let path = format!("bands[{at}]");
        let Some(score) = definition.scores.iter().position(|score| score.id == set.score) else { continue };
        if let Some(reach) = plan.scores[score].reach {
            check_ranges_of_set(set, reach, &path, findings);
        }
        if set.certainty == Certainty::Low && !set.reference_only {
            findings.add(path.as_str(), "a cut-off of low certainty is not applied: mark it reference_only");
        }
        let codes: BTreeSet<&str> = set.ranges.iter().map(|range| range.code.as_str()).collect();
        if codes.len() != set.ranges.len() || !codes.iter().all(|code| super::plan::is_id(code)) {
            findings.add(path.as_str(), "band codes are lower case, digits and underscores, each used once");
        }
        let above = || definition.bands[..at].iter().filter(|above| above.score == set.score);
        if !set.reference_only && above().any(|above| above.when.is_none() && !above.reference_only) {
            findings.add(path, "never reached: a set above fits everybody");
        }
    }
}

fn check_ranges_of_set(set: &BandSet, reach: Reach, path: &str, findings: &mut Findings) {
    let (Some(first), Some(last)) = (set.ranges.first(), set.ranges.last()) else {
        findings.add(path, "no ranges");
        return;
    };
    if first.from != reach.low || last.to != Some(reach.high) {
        findings.add(path, format!("the ranges do not cover {} to {}", reach.low, reach.high));
    }
    for (at, pair) in set.ranges.windows(2).enumerate() {
        let path = format!("{path}.ranges[{at}]");
        let (range, next) = (&pair[0], &pair[1]);
        match (range.to, range.below) {
            (Some(to), _) if !reach.whole => {
                findings.add(path, format!("values between {to} and {} exist: use `below`", next.from));
            }
            (Some(to), _) if to.plus(Number::ONE) < next.from => {
                findings.add(path, format!("gap between {to} and {}", next.from));
            }
            (Some(to), _) if to >= next.from => {
                findings.add(path, format!("{} to {to} belongs to two bands", next.from));
            }
            (None, Some(below)) if below != next.from => {
                findings.add(path, format!("ends below {below}, the next begins at {}", next.from));
            }
            _ => {}
        }
    }
}

fn check_used(plan: &Plan, findings: &mut Findings) {
    let mut used = BTreeSet::new();
    for score in &plan.scores {
        let mut see = |read: Read| {
            if let Read::Item(item) = read {
                used.insert(item);
            }
        };
        match &score.operation {
            Operation::Pool { parts, .. } => parts.iter().for_each(|part| see(part.of)),
            Operation::Choose { items, .. } => items.iter().for_each(|item| see(Read::Item(*item))),
            Operation::Map { .. } | Operation::Lookup { .. } | Operation::Ref { .. } => {}
        }
    }
    for (position, item) in (0_u16..).zip(&plan.definition.items) {
        let path = format!("items[{position}]");
        match (used.contains(&position), item.unscored) {
            (false, false) => {
                findings.add(path, format!("{} is in no score; say `unscored` if that is meant", item.id));
            }
            (true, true) => findings.add(path, format!("{} says `unscored` but a score uses it", item.id)),
            (true, false) | (false, true) => {}
        }
    }
    for name in plan.definition.options.keys() {
        if !plan.definition.items.iter().any(|item| item.options == *name) {
            findings.add(format!("options.{name}"), "used by no item");
        }
    }
}

/// A missing answer is replaced by the mean of the others: wrong if they are on different scales.
fn check_proration(plan: &Plan, findings: &mut Findings) {
    for (at, score) in plan.scores.iter().enumerate() {
        let Operation::Pool { kind: PoolKind::Sum, parts, missing: Missing::Prorate { .. } } =
            &score.operation
        else {
            continue;
        };
        let ends: BTreeSet<_> = parts
            .iter()
            .map(|part| match &part.worth {
                super::operation::Worth::Options(values) => {
                    (values.iter().flatten().min(), values.iter().flatten().max())
                }
                super::operation::Worth::Times(_) | super::operation::Worth::Passes(_) => (None, None),
            })
            .collect();
        if ends.len() > 1 {
            findings.add(
                format!("scores[{at}].compute"),
                "prorating needs items with the same lowest and highest value",
            );
        }
    }
}

fn check_norms(definition: &Definition, findings: &mut Findings) {
    for (name, norm) in &definition.norms {
        let path = format!("norms.{name}");
        check_norm(norm, &path, findings);
        let looked_up = definition.scores.iter().find_map(|score| match &score.compute {
            Compute::Lookup { of, norm } if norm == name => Some(of),
            _ => None,
        });
        let Some(of) = looked_up else {
            findings.add(path, "no score looks it up");
            continue;
        };
        let Some(score) = definition.scores.iter().find(|score| score.id == *of) else { continue };
        for (at, row) in norm.rows.iter().enumerate() {
            let ends = row.steps.first().zip(row.steps.last());
            let covers = ends.is_some_and(|(first, last)| {
                Number::whole(first.0) <= score.range.0 && Number::whole(last.1) >= score.range.1
            });
            if !covers {
                findings.add(format!("{path}.rows[{at}]"), format!("does not cover the range of {of}"));
            }
        }
    }
}

fn check_norm(norm: &Norm, path: &str, findings: &mut Findings) {
    for (at, row) in norm.rows.iter().enumerate() {
        let path = format!("{path}.rows[{at}]");
        if row.steps.iter().any(|(from, to, _)| from > to) {
            findings.add(path.as_str(), "a step ends before it begins");
        }
        if let Some(pair) = row.steps.windows(2).find(|pair| pair[0].1 + 1 != pair[1].0) {
            findings.add(path.as_str(), format!("hole or overlap between {} and {}", pair[0].1, pair[1].0));
        }
        let rises = row.steps.windows(2).all(|pair| pair[0].2 <= pair[1].2);
        let falls = row.steps.windows(2).all(|pair| pair[0].2 >= pair[1].2);
        if !rises && !falls {
            findings.add(path, "the values rise and fall: a digit is wrong");
        }
    }
}

fn check_sources(definition: &Definition, findings: &mut Findings) {
    let mut check = |path: String, source: &str| {
        if !definition.sources.contains_key(source) {
            findings.add(path, format!("no source is called {source:?}"));
        }
    };
    if let Some(source) = &definition.license.source {
        check("license.source".to_owned(), source);
    }
    for (at, score) in definition.scores.iter().enumerate() {
        check(format!("scores[{at}].source"), &score.source);
        if let Some(MissingRule::Prorate { source, .. } | MissingRule::Skip { source, .. }) =
            missing(&score.compute)
        {
            check(format!("scores[{at}].compute.missing.source"), source);
        }
    }
    for (name, norm) in &definition.norms {
        check(format!("norms.{name}.source"), &norm.source);
    }
    for (at, set) in definition.bands.iter().enumerate() {
        check(format!("bands[{at}].source"), &set.source);
    }
    for (at, rule) in definition.critical.iter().enumerate() {
        check(format!("critical[{at}].source"), &rule.source);
    }
    for (at, rule) in definition.validity.iter().enumerate() {
        check(format!("validity[{at}].source"), &rule.source);
    }
    for (at, rule) in definition.next.iter().enumerate() {
        check(format!("next[{at}].source"), &rule.source);
    }
    for (name, source) in &definition.sources {
        if source.cite.trim().is_empty() {
            findings.add(format!("sources.{name}.cite"), "empty");
        }
    }
}

const fn missing(compute: &Compute) -> Option<&MissingRule> {
    match compute {
        Compute::Sum(pool) | Compute::Mean(pool) | Compute::Min(pool) | Compute::Max(pool) => {
            Some(&pool.missing)
        }
        Compute::WeightedSum { missing, .. }
        | Compute::Count { missing, .. }
        | Compute::Bool { missing, .. }
        | Compute::Case { missing, .. } => Some(missing),
        Compute::Map { .. } | Compute::Lookup { .. } | Compute::Ref { .. } => None,
    }
}

/// What the interface always shows, in both of its languages.
const INTERFACE: [&str; 2] = ["zh-CN", "en"];

fn check_texts(definition: &Definition, findings: &mut Findings) {
    let mut both = |path: String, texts: &Texts| {
        for locale in INTERFACE {
            if texts.get(locale).is_none_or(|text| text.trim().is_empty()) {
                findings.add(path.as_str(), format!("no text for {locale}"));
            }
        }
    };
    both("title".to_owned(), &definition.title);
    both("license.terms".to_owned(), &definition.license.terms);
    for (at, score) in definition.scores.iter().enumerate() {
        both(format!("scores[{at}].title"), &score.title);
    }
    for (at, set) in definition.bands.iter().enumerate() {
        for (range_at, range) in set.ranges.iter().enumerate() {
            both(format!("bands[{at}].ranges[{range_at}].title"), &range.title);
        }
    }
    for (at, rule) in definition.critical.iter().enumerate() {
        both(format!("critical[{at}].reason"), &rule.reason);
    }
    for (at, rule) in definition.validity.iter().enumerate() {
        both(format!("validity[{at}].reason"), &rule.reason);
    }
    for (locale, about) in &definition.locales {
        if about.origin.trim().is_empty() {
            let what = match about.status {
                LocaleStatus::Official => "official wording has an origin: whose, and where it was seen",
                LocaleStatus::Draft => "say how the draft was made",
            };
            findings.add(format!("locales.{locale}.origin"), what);
        }
    }
}

fn check_license(definition: &Definition, findings: &mut Findings) {
    let license = &definition.license;
    let closed = matches!(license.status, LicenseStatus::Permission | LicenseStatus::Commercial);
    if closed && license.text_shipped {
        findings.add("license.text_shipped", "this licence does not let the wording ship");
    }
    let options = definition.options.iter().flat_map(|(name, options)| {
        options.iter().enumerate().map(move |(at, option)| (format!("options.{name}[{at}]"), &option.text))
    });
    let items = definition.items.iter().enumerate().map(|(at, item)| (format!("items[{at}]"), &item.text));
    for (path, text) in items.chain(options) {
        if !license.text_shipped && !text.is_empty() {
            findings.add(path.as_str(), "the file says that no wording ships, and here is some");
        }
        for locale in text.keys().filter(|locale| !definition.locales.contains_key(*locale)) {
            findings.add(path.as_str(), format!("{locale} is not in `locales`"));
        }
        for locale in definition.locales.keys() {
            if license.text_shipped && text.get(locale).is_none_or(|text| text.trim().is_empty()) {
                findings.add(path.as_str(), format!("no text for {locale}"));
            }
        }
    }
    if license.text_shipped && definition.locales.is_empty() {
        findings.add("locales", "wording ships in no language");
    }
}

fn check_cases(scale: &Scale, cases: Option<&str>, findings: &mut Findings) {
    let Some(cases) = cases else {
        findings.add("", "no golden cases (cases.jsonl)");
        return;
    };
    let (mut bands, mut critical) = (BTreeSet::new(), BTreeSet::new());
    for (line, case) in golden::read(cases) {
        let case = match case {
            Ok(case) => case,
            Err(error) => {
                findings.add(format!("cases.jsonl:{line}"), error);
                continue;
            }
        };
        for (id, score) in case.expect.scores {
            if let Wanted::Exactly(Some(band)) = score.band {
                bands.insert((id, band));
            }
        }
        critical.extend(case.expect.critical.into_iter().flatten());
    }
    for set in scale.definition().bands.iter().filter(|set| !set.reference_only) {
        for range in &set.ranges {
            if !bands.contains(&(set.score.clone(), range.code.clone())) {
                findings.add("cases.jsonl", format!("no case expects {} of {}", range.code, set.score));
            }
        }
    }
    for rule in &scale.definition().critical {
        if !critical.contains(&rule.id) {
            findings.add("cases.jsonl", format!("no case expects the critical answer {}", rule.id));
        }
    }
}
