//! Which rows of a policy match a case, and which tier they come to. Texts and names are only referred to.

use super::case::{Case, CaseResult};
use super::compile::{Policy, RulesFor};
use super::document::{BandRow, Bilingual, Cell, DoubtfulRow, Test};
use super::second_look;
use super::what_if::WhatIf;
use crate::dispatch::Priority;
use crate::scale::{Level, Number, Status};

/// The rows that match. The highest decides.
#[derive(Debug, Clone)]
pub struct Assessment<'a> {
    pub tier: u8,
    pub hits: Vec<Hit<'a>>,
    /// The gravest critical answer of the visit.
    pub level: Option<Level>,
    /// A critical answer whose second look is not done.
    pub look_open: bool,
}

/// A row that matches.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'a> {
    pub row: &'a str,
    pub text: &'a Bilingual,
    pub source: &'a str,
    pub scale: Option<&'a str>,
    pub tier: u8,
    /// Sets a floor only: the tier is "at least".
    pub is_floor: bool,
    pub contact_secs: Option<u32>,
    /// The alarm if the deadline passes.
    pub then: Option<Priority>,
    pub starts: Option<&'a str>,
    pub also: &'a [String],
    pub inputs: [Option<Input<'a>>; 2],
}

/// A value that a row looked at: `phq9.total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input<'a> {
    pub scale: Option<&'a str>,
    pub name: &'a str,
    pub value: Number,
    /// Not all was answered: it is this or more.
    pub is_least: bool,
}

impl<'a> Input<'a> {
    pub(super) const fn new(scale: Option<&'a str>, name: &'a str, value: Number) -> Self {
        Self { scale, name, value, is_least: false }
    }
}

/// The tier that a policy suggests for a case, with every row that matched. Allocates nothing if none does.
pub fn assess<'a>(policy: &'a Policy, case: &'a Case) -> Assessment<'a> {
    assess_if(policy, case, &WhatIf::default())
}

pub(super) fn assess_if<'a>(policy: &'a Policy, case: &'a Case, what_if: &WhatIf) -> Assessment<'a> {
    let mut hits = Vec::new();
    let (level, look_open) = second_look::hits(policy, case, what_if, &mut hits);
    let document = policy.document();
    let mut at_reach = 0_u16;
    for result in &case.results {
        let rules = policy.rules(result.code());
        let first = hits.len();
        if let Some(rules) = rules {
            rows_of(&rules, case, result, level, what_if, &mut hits);
        }
        let own = hits[first..].iter().map(|hit| hit.tier).max();
        at_reach += u16::from(own.is_some_and(|tier| tier >= document.several.reach));
        doubts(policy, result, rules.is_some(), &mut hits);
    }
    if at_reach >= document.several.scales {
        let row = &document.several;
        let count = Input::new(None, "scales", Number::whole(i64::from(at_reach)));
        hits.push(Hit {
            contact_secs: row.contact_secs,
            inputs: [Some(count), None],
            ..Hit::new("several", &row.text, &row.source, row.tier)
        });
    }
    history(policy, case, what_if, &mut hits);
    if !what_if.without_modifiers {
        step_up(policy, case, &mut hits);
    }
    let tier = hits.iter().map(|hit| hit.tier).max().unwrap_or(0);
    Assessment { tier, hits, level, look_open }
}

impl<'a> Hit<'a> {
    pub(super) fn new(row: &'a str, text: &'a Bilingual, source: &'a str, tier: u8) -> Self {
        Self {
            row,
            text,
            source,
            scale: None,
            tier,
            is_floor: false,
            contact_secs: None,
            then: None,
            starts: None,
            also: &[],
            inputs: [None, None],
        }
    }

    /// `None` for a cell that says nothing on purpose.
    pub(super) fn of_cell(row: &'a str, text: &'a Bilingual, source: &'a str, cell: Cell) -> Option<Self> {
        match cell {
            Cell::Tier { tier, contact_secs, then } => {
                Some(Self { contact_secs, then, ..Self::new(row, text, source, tier) })
            }
            Cell::AtLeast(tier) => Some(Self { is_floor: true, ..Self::new(row, text, source, tier) }),
            Cell::Nothing => None,
        }
    }
}

fn rows_of<'a>(
    rules: &RulesFor<'a>,
    case: &'a Case,
    result: &'a CaseResult,
    level: Option<Level>,
    what_if: &WhatIf,
    hits: &mut Vec<Hit<'a>>,
) {
    let context = Context::new(case, Some(result), level, what_if);
    for row in rules.bands {
        if let Some(inputs) = context.all_hold(&row.when) {
            let is_floor = inputs.iter().flatten().any(|input| input.is_least);
            hits.push(Hit { is_floor, inputs, ..band_hit(row, case) });
        }
    }
    for row in rules.worsening {
        let previous =
            case.history.previous.iter().find(|old| old.scale == row.scale && old.score == row.score);
        let (Some(previous), Some(now)) = (previous, context.score_or_least(&row.score)) else { continue };
        let change = now.value.minus(previous.value);
        if change >= row.by {
            let change = Input { is_least: now.is_least, ..Input::new(None, "change", change) };
            hits.push(Hit {
                scale: Some(&row.scale),
                contact_secs: row.contact_secs,
                is_floor: now.is_least,
                inputs: [Some(now), Some(change)],
                ..Hit::new(&row.id, &row.text, &row.source, row.tier)
            });
        }
    }
}

fn band_hit<'a>(row: &'a BandRow, case: &Case) -> Hit<'a> {
    // a scale that is already answered in this visit need not start
    let starts =
        row.starts.as_deref().filter(|start| case.results.iter().all(|result| result.code() != *start));
    Hit {
        scale: Some(&row.scale),
        contact_secs: row.contact_secs,
        starts,
        also: &row.also,
        ..Hit::new(&row.id, &row.text, &row.source, row.tier)
    }
}

/// Unknown is not safe: what was not answered, voided, answered carelessly or is not in the policy never reads as 0.
fn doubts<'a>(policy: &'a Policy, result: &'a CaseResult, is_listed: bool, hits: &mut Vec<Hit<'a>>) {
    let rows = &policy.document().doubtful;
    let mut add = |id: &'static str, row: &'a DoubtfulRow| {
        hits.push(Hit {
            scale: Some(result.code()),
            is_floor: true,
            ..Hit::new(id, &row.text, &row.source, row.at_least)
        });
    };
    let (is_incomplete, is_invalid) = result.gaps();
    if is_incomplete {
        add("doubtful.incomplete", &rows.incomplete);
    }
    if is_invalid {
        add("doubtful.invalid", &rows.invalid);
    }
    if result.careless() {
        add("doubtful.careless", &rows.careless);
    }
    if !is_listed {
        add("doubtful.unlisted", &rows.unlisted);
    }
}

fn history<'a>(policy: &'a Policy, case: &Case, what_if: &WhatIf, hits: &mut Vec<Hit<'a>>) {
    let row = &policy.document().history;
    if let Some(reached) =
        case.history.highest_tier_30d.filter(|tier| *tier >= row.reached && !what_if.without_history)
    {
        let input = Input::new(None, "highest_tier_30d", Number::whole(i64::from(reached)));
        hits.push(Hit {
            is_floor: true,
            inputs: [Some(input), None],
            ..Hit::new("history", &row.text, &row.source, row.floor)
        });
    }
}

/// Of several circumstances only the one that leads highest applies; the first of equals.
fn step_up<'a>(policy: &'a Policy, case: &Case, hits: &mut Vec<Hit<'a>>) {
    if case.modifiers.is_empty() {
        return;
    }
    let mut best: Option<Hit<'a>> = None;
    for row in policy.document().modifiers.step_up.iter().filter(|row| case.modifiers.contains(&row.modifier))
    {
        let made_for =
            |hit: &&Hit<'_>| hit.scale.is_none_or(|scale| row.not_for.iter().all(|code| code != scale));
        let base = hits.iter().filter(made_for).map(|hit| hit.tier).max().unwrap_or(0);
        if !row.tiers.contains(&base) {
            continue;
        }
        let tier = base.saturating_add(row.steps).min(4);
        if best.is_none_or(|hit| hit.tier < tier) {
            let input = Input::new(None, "tier_before", Number::whole(i64::from(base)));
            let id = row.modifier.code();
            best = Some(Hit { inputs: [Some(input), None], ..Hit::new(id, &row.text, &row.source, tier) });
        }
    }
    hits.extend(best);
}

/// Whether a test holds, and by which value.
enum Held<'a> {
    No,
    Yes,
    By(Input<'a>),
}

impl<'a> Held<'a> {
    fn by_if(holds: bool, input: Input<'a>) -> Self {
        if holds { Self::By(input) } else { Self::No }
    }
}

/// What a test may look at.
pub(super) struct Context<'a, 'w> {
    case: &'a Case,
    result: Option<&'a CaseResult>,
    level: Option<Level>,
    what_if: &'w WhatIf<'w>,
}

impl<'a, 'w> Context<'a, 'w> {
    pub const fn new(
        case: &'a Case,
        result: Option<&'a CaseResult>,
        level: Option<Level>,
        what_if: &'w WhatIf<'w>,
    ) -> Self {
        Self { case, result, level, what_if }
    }

    /// The values that made all tests hold, or `None`.
    pub fn all_hold(&self, tests: &'a [Test]) -> Option<[Option<Input<'a>>; 2]> {
        let mut inputs = [None, None];
        let mut filled = 0;
        for test in tests {
            match self.holds(test) {
                Held::No => return None,
                Held::By(input) if filled < inputs.len() => {
                    inputs[filled] = Some(input);
                    filled += 1;
                }
                Held::By(_) | Held::Yes => {}
            }
        }
        Some(inputs)
    }

    fn holds(&self, test: &'a Test) -> Held<'a> {
        let scale = self.result.map(CaseResult::code);
        match test {
            Test::Score(test) => {
                let Some(input) = self.score_or_least(&test.score) else { return Held::No };
                // of a lower bound only what asks for "this or more" can be said
                let can_be_told = !input.is_least || test.ge.or(test.gt).is_some();
                let value = input.value;
                let holds = can_be_told
                    && test.ge.is_none_or(|bound| value >= bound)
                    && test.gt.is_none_or(|bound| value > bound)
                    && test.le.is_none_or(|bound| value <= bound)
                    && test.lt.is_none_or(|bound| value < bound)
                    && test.band.as_deref().is_none_or(|band| self.band(&test.score) == Some(band));
                Held::by_if(holds, input)
            }
            Test::AnyScore(test) => {
                let below = |value: Number| test.lt.is_none_or(|bound| value < bound);
                test.any_score
                    .iter()
                    .filter_map(|id| self.score_or_least(id))
                    .filter(|input| input.value >= test.ge && below(input.value))
                    .max_by_key(|input| input.value)
                    .map_or(Held::No, Held::By)
            }
            Test::Item(test) => match self.item(&test.item) {
                Some(value) => Held::by_if(value >= test.ge, Input::new(scale, &test.item, value)),
                None => Held::No,
            },
            Test::Critical(test) if self.level.is_some() == test.any_critical => Held::Yes,
            Test::Critical(_) => Held::No,
            Test::Fact(test) => Held::by_if(
                self.case.danger.says_yes(test.fact),
                Input::new(None, test.fact.code(), Number::ONE),
            ),
        }
    }

    /// The value, or what it is at least where not all was answered.
    fn score_or_least(&self, id: &'a str) -> Option<Input<'a>> {
        let result = self.result?;
        let view = result.score(id)?;
        let (value, is_least) = match view.status {
            Status::Scored | Status::Prorated => (view.value?, false),
            Status::Incomplete => (result.at_least(id)?, true),
            Status::Invalid => return None,
        };
        let value = self.what_if.score(result, id, value);
        Some(Input { is_least, ..Input::new(Some(result.code()), id, value) })
    }

    pub fn item(&self, id: &str) -> Option<Number> {
        let result = self.result?;
        Some(self.what_if.item(result, id, result.item(id)?))
    }

    fn band(&self, id: &str) -> Option<&'a str> {
        self.result?.score(id)?.band
    }
}
