//! Critical answers and the second look: what rings is the outcome of the two, not a single tick.

use super::assess::{Context, Hit, Input};
use super::case::{Case, CaseResult};
use super::compile::Policy;
use super::document::{Cell, CriticalRow, LookRow, Sign};
use super::what_if::WhatIf;
use crate::scale::{Level, Number};

/// What the look came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LookOutcome {
    AllNo,
    Low,
    Moderate,
    High,
}

/// A critical answer, and what the policy says of it in particular.
struct CriticalFound<'a> {
    scale: &'a str,
    item: &'a str,
    level: Level,
    value: Option<Number>,
    until_looked: Option<(&'a CriticalRow, Cell)>,
}

/// Adds the hits of the table; says the gravest critical answer, and whether a look is still owed.
pub(super) fn hits<'a>(
    policy: &'a Policy,
    case: &'a Case,
    what_if: &WhatIf,
    hits: &mut Vec<Hit<'a>>,
) -> (Option<Level>, bool) {
    let found = critical_answers(policy, case, what_if);
    let level = found.iter().map(|critical| critical.level).max();
    let looks = LookAnswers::of(policy, case);
    let (outcome, looked) = match what_if.look {
        Some(outcome) => (Some(outcome), true),
        None => (signs(policy, case, level, what_if, looks, hits), looks.begun && looks.complete),
    };
    // a yes in a look that was not finished is an answer whose second look is still owed
    let unfinished = if looked { None } else { first_yes(policy, case, level, what_if) };
    let rows = &policy.document().second_look.rows;
    if let Some(supposed) = what_if.look {
        let (id, row) = match supposed {
            LookOutcome::High => ("second_look.high", &rows.high),
            LookOutcome::Moderate => ("second_look.moderate", &rows.moderate),
            LookOutcome::Low => ("second_look.low", &rows.low),
            LookOutcome::AllNo => ("second_look.all_no", &rows.all_no),
        };
        hits.extend(cell(row, level).and_then(|cell| Hit::of_cell(id, &row.text, &row.source, cell)));
    } else if outcome.is_none() && looked {
        let hit = cell(&rows.all_no, level).and_then(|cell| {
            Hit::of_cell("second_look.all_no", &rows.all_no.text, &rows.all_no.source, cell)
        });
        hits.extend(hit.map(|hit| Hit { inputs: inputs(&found), ..hit }));
    }
    let is_asked = level.is_some() || unfinished.is_some();
    let owed = is_asked && !looked && outcome != Some(LookOutcome::High);
    if owed {
        pending(policy, case, &found, unfinished, hits);
    }
    (level, owed)
}

fn pending<'a>(
    policy: &'a Policy,
    case: &Case,
    found: &[CriticalFound<'a>],
    unfinished: Option<Input<'a>>,
    hits: &mut Vec<Hit<'a>>,
) {
    let rows = &policy.document().second_look.rows;
    let (id, row) = if case.seen.within_2h {
        ("second_look.pending_recent", &rows.pending_recent)
    } else {
        ("second_look.pending_longer", &rows.pending_longer)
    };
    let by_table = found.iter().filter(|critical| critical.until_looked.is_none());
    let levels = by_table.map(|critical| critical.level).chain(unfinished.map(|_| Level::Critical));
    if let Some(level) = levels.max() {
        let hit = cell(row, Some(level)).and_then(|cell| Hit::of_cell(id, &row.text, &row.source, cell));
        let mut values = found.iter().filter_map(CriticalFound::input).chain(unfinished);
        let inputs = [values.next(), values.next()];
        hits.extend(hit.map(|hit| Hit { inputs, ..hit }));
    }
    for critical in found {
        let Some((own, cell)) = critical.until_looked else { continue };
        let hit = Hit::of_cell("critical.until_looked", &row.text, &own.source, cell);
        hits.extend(hit.map(|hit| Hit {
            scale: Some(critical.scale),
            inputs: [critical.input(), None],
            ..hit
        }));
    }
}

/// The signs of the highest row that has any, each as a hit.
fn signs<'a>(
    policy: &'a Policy,
    case: &'a Case,
    level: Option<Level>,
    what_if: &WhatIf,
    looks: LookAnswers,
    hits: &mut Vec<Hit<'a>>,
) -> Option<LookOutcome> {
    let table = &policy.document().second_look;
    let in_order = [
        (LookOutcome::High, &table.signs.high, &table.rows.high),
        (LookOutcome::Moderate, &table.signs.moderate, &table.rows.moderate),
        (LookOutcome::Low, &table.signs.low, &table.rows.low),
    ];
    for (outcome, signs, row) in in_order {
        if outcome == LookOutcome::Low && !looks.complete {
            // "these only" cannot be said while the graver questions are open
            return None;
        }
        let mut any = false;
        for sign in signs {
            let Some((scale, inputs)) = shown(sign, case, level, what_if) else { continue };
            any = true;
            let hit =
                cell(row, level).and_then(|cell| Hit::of_cell(&sign.id, &sign.text, &sign.source, cell));
            hits.extend(hit.map(|hit| Hit { scale, inputs, ..hit }));
        }
        if any {
            return Some(outcome);
        }
    }
    None
}

/// The first of the low signs that shows.
fn first_yes<'a>(
    policy: &'a Policy,
    case: &'a Case,
    level: Option<Level>,
    what_if: &WhatIf,
) -> Option<Input<'a>> {
    let low = &policy.document().second_look.signs.low;
    low.iter().find_map(|sign| shown(sign, case, level, what_if)).and_then(|(_, [input, _])| input)
}

type Shown<'a> = (Option<&'a str>, [Option<Input<'a>>; 2]);

/// Does a sign show in this case, and by which values?
pub(super) fn shown<'a>(
    sign: &'a Sign,
    case: &'a Case,
    level: Option<Level>,
    what_if: &WhatIf,
) -> Option<Shown<'a>> {
    let Some(scale) = sign.scale.as_deref() else {
        let context = Context::new(case, None, level, what_if);
        return context.all_hold(&sign.when).map(|inputs| (None, inputs));
    };
    case.results.iter().filter(|result| result.code() == scale).find_map(|result| {
        let context = Context::new(case, Some(result), level, what_if);
        context.all_hold(&sign.when).map(|inputs| (Some(scale), inputs))
    })
}

fn cell(row: &LookRow, level: Option<Level>) -> Option<Cell> {
    match level {
        None => row.none,
        Some(Level::Critical) => row.critical,
        Some(Level::Strong) => row.strong,
    }
}

fn inputs<'a>(found: &[CriticalFound<'a>]) -> [Option<Input<'a>>; 2] {
    let mut values = found.iter().filter_map(CriticalFound::input);
    [values.next(), values.next()]
}

impl<'a> CriticalFound<'a> {
    fn input(&self) -> Option<Input<'a>> {
        self.value.map(|value| Input::new(Some(self.scale), self.item, value))
    }
}

/// The policy's own rows, then whatever else the scales name critical. A look's answers are the look.
fn critical_answers<'a>(policy: &'a Policy, case: &'a Case, what_if: &WhatIf) -> Vec<CriticalFound<'a>> {
    let mut found = Vec::new();
    for result in &case.results {
        let scale = result.code();
        if policy.is_look(scale) {
            continue;
        }
        let rows = policy.rules(scale).map_or(&[][..], |rules| rules.critical);
        for row in rows {
            let value = result.item(&row.item).map(|value| what_if.item(result, &row.item, value));
            let Some(value) = value.filter(|value| *value >= row.critical_from) else { continue };
            let strong = row.strong_from.is_some_and(|from| value >= from);
            let level = if strong { Level::Strong } else { Level::Critical };
            let until_looked = row.until_looked.map(|cell| (row, cell));
            found.push(CriticalFound { scale, item: &row.item, level, value: Some(value), until_looked });
        }
        result.each_critical(|item, level| {
            if rows.iter().all(|row| row.item != item) && !what_if.zeroes(result, item) {
                let value = result.item(item);
                found.push(CriticalFound { scale, item, level, value, until_looked: None });
            }
        });
    }
    found
}

/// Whether a look was begun, and answered far enough to mean "no".
#[derive(Clone, Copy)]
struct LookAnswers {
    begun: bool,
    complete: bool,
}

impl LookAnswers {
    fn of(policy: &Policy, case: &Case) -> Self {
        let looks = || case.results.iter().filter(|result| policy.is_look(result.code()));
        // one that was broken off and asked again to its end is complete
        let is_answered = |code: &str| looks().any(|again| again.code() == code && is_complete(again));
        Self { begun: looks().next().is_some(), complete: looks().all(|look| is_answered(look.code())) }
    }
}

fn is_complete(result: &CaseResult) -> bool {
    result.gaps() == (false, false)
}

/// The critical answers of a case by scale and item, for counterfactuals.
pub(super) fn critical_items<'a>(policy: &'a Policy, case: &'a Case) -> Vec<(&'a str, &'a str)> {
    critical_answers(policy, case, &WhatIf::default())
        .into_iter()
        .map(|critical| (critical.scale, critical.item))
        .collect()
}
