//! What would change a suggestion: the same case with one thing different.

use super::assess::{Assessment, assess_if};
use super::case::{Case, CaseResult};
use super::compile::Policy;
use super::document::{Bilingual, Test};
use super::second_look::{LookOutcome, critical_items};
use super::suggest::{Counterfactual, name_of};
use crate::scale::Number;

/// One thing supposed different.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct WhatIf<'w> {
    /// This item (scale, item) at 0.
    pub item_at_zero: Option<(&'w str, &'w str, &'w [String])>,
    /// This score (scale, score) just below a value.
    pub score_below: Option<(&'w str, &'w str, Number)>,
    pub look: Option<LookOutcome>,
    pub without_history: bool,
    pub without_modifiers: bool,
}

impl WhatIf<'_> {
    pub fn zeroes(&self, result: &CaseResult, item: &str) -> bool {
        self.item_at_zero.is_some_and(|(scale, zeroed, _)| zeroed == item && result.code() == scale)
    }

    /// The value of an item as supposed.
    pub fn item(&self, result: &CaseResult, item: &str, value: Number) -> Number {
        if self.zeroes(result, item) { Number::ZERO } else { value }
    }

    /// The value of a score as supposed.
    pub fn score(&self, result: &CaseResult, score: &str, value: Number) -> Number {
        if let Some((scale, item, counts_in)) = self.item_at_zero
            && result.code() == scale
            && counts_in.iter().any(|sum| sum == score)
        {
            return value.minus(result.item(item).unwrap_or(Number::ZERO));
        }
        match self.score_below {
            Some((scale, lowered, bound)) if lowered == score && result.code() == scale && value >= bound => {
                let step = if value.is_whole() && bound.is_whole() { Number::ONE } else { finest_step() };
                bound.minus(step)
            }
            Some(_) | None => value,
        }
    }
}

/// Finer than any score we print (four decimals).
fn finest_step() -> Number {
    Number::ONE.divided_by(10_000)
}

/// Each thing that alone would change the tier, and to which.
pub(super) fn counterfactuals(policy: &Policy, case: &Case, actual: &Assessment<'_>) -> Vec<Counterfactual> {
    let mut found = Vec::new();
    let mut suppose = |what_if: &WhatIf, zh: String, en: String| {
        let tier = assess_if(policy, case, what_if).tier;
        let text = Bilingual::new(format!("{zh}：{tier} 级"), format!("{en}: tier {tier}"));
        if tier != actual.tier && found.iter().all(|known: &Counterfactual| known.text != text) {
            found.push(Counterfactual { text, tier });
        }
    };
    let document = policy.document();
    for (scale, item) in critical_items(policy, case) {
        let row = document.critical.iter().find(|row| row.scale == scale && row.item == item);
        let counts_in = row.map_or(&[][..], |row| row.counts_in.as_slice());
        let name = name_of(document, Some(scale), item);
        let what_if = WhatIf { item_at_zero: Some((scale, item, counts_in)), ..WhatIf::default() };
        suppose(&what_if, format!("若{}为 0", name.zh), format!("with {} at 0", name.en));
    }
    for (scale, score, bound) in bounds(policy, actual) {
        let name = name_of(document, Some(scale), score);
        let what_if = WhatIf { score_below: Some((scale, score, bound)), ..WhatIf::default() };
        suppose(&what_if, format!("若{}低于 {bound}", name.zh), format!("with {} below {bound}", name.en));
    }
    if actual.look_open {
        for (outcome, zh, en) in [
            (LookOutcome::High, "若二次评估为高危", "if the second look is high"),
            (LookOutcome::Moderate, "若二次评估为中危", "if the second look is moderate"),
            (LookOutcome::Low, "若二次评估为低危", "if the second look is low"),
            (LookOutcome::AllNo, "若二次评估全部为否", "if the second look is all no"),
        ] {
            suppose(&WhatIf { look: Some(outcome), ..WhatIf::default() }, zh.to_owned(), en.to_owned());
        }
    }
    if case.history.highest_tier_30d.is_some() {
        let what_if = WhatIf { without_history: true, ..WhatIf::default() };
        suppose(&what_if, "若近期没有更高分级".to_owned(), "without the recent higher tier".to_owned());
    }
    if !case.modifiers.is_empty() {
        let what_if = WhatIf { without_modifiers: true, ..WhatIf::default() };
        suppose(&what_if, "若没有特殊情形".to_owned(), "without the special circumstance".to_owned());
    }
    found
}

/// The lower bounds of the band rows that decide.
fn bounds<'a>(policy: &'a Policy, actual: &Assessment<'a>) -> Vec<(&'a str, &'a str, Number)> {
    let deciding = actual.hits.iter().filter(|hit| hit.tier == actual.tier);
    let mut found = Vec::new();
    for hit in deciding {
        let Some(scale) = hit.scale else { continue };
        let Some(rules) = policy.rules(scale) else { continue };
        for test in rules.bands.iter().filter(|row| row.id == hit.row).flat_map(|row| &row.when) {
            if let Test::Score(test) = test
                && let Some(bound) = test.ge
            {
                found.push((scale, test.score.as_str(), bound));
            }
        }
    }
    found
}
