//! From an answer sheet to scores: hidden items, operations, bands, critical items, validity, next steps.

use super::answers::{AnswerError, AnswerReason, AnswerSheet, Cell, Respondent};
use super::condition::{Facts, Read};
use super::definition::NormRow;
use super::number::Number;
use super::operation::{Limit, Missing, Operation, Part, PoolKind, Worth};
use super::plan::{BandAt, Plan, PlanBands, PlanItem, ScoreCell, Status};
use super::quality::Quality;
use super::scored::{Hit, Level};

/// What scoring leaves behind, by position.
pub(super) struct Outcome {
    pub scores: Vec<ScoreCell>,
    pub critical: Vec<Hit>,
    pub voided_by: Vec<u16>,
    pub next: Vec<u16>,
    pub quality: Quality,
}

pub(super) fn score(
    plan: &Plan,
    who: &Respondent,
    sheet: &mut AnswerSheet,
    median_ms: Option<u32>,
) -> Result<Outcome, AnswerError> {
    if plan.skips {
        hide(plan, who, sheet)?;
    }
    let cells = sheet.cells.as_slice();
    let mut scores = Vec::with_capacity(plan.scores.len());
    for rule in &plan.scores {
        let facts = Facts { who, cells, scores: &scores };
        let mut cell = evaluate(&rule.operation, &facts);
        cell.band = cell.value.and_then(|value| band(&rule.bands, value, &facts));
        scores.push(cell);
    }
    let critical = critical(plan, &Facts { who, cells, scores: &scores });
    let voided_by = void(plan, who, cells, &mut scores);
    let facts = Facts { who, cells, scores: &scores };
    let next = (0_u16..)
        .zip(&plan.next)
        .filter(|(_, when)| when.holds(&facts) == Some(true))
        .map(|(at, _)| at)
        .collect();
    let quality = Quality::of(plan, cells, median_ms);
    Ok(Outcome { scores, critical, voided_by, next, quality })
}

/// Marks what is not asked. An item whose condition is unknown stays asked.
fn hide(plan: &Plan, who: &Respondent, sheet: &mut AnswerSheet) -> Result<(), AnswerError> {
    for (at, item) in plan.items.iter().enumerate() {
        if !is_hidden(item, who, sheet) {
            continue;
        }
        if sheet.cells[at].index().is_some() {
            return Err(AnswerError::new(&plan.definition.items[at].id, AnswerReason::Hidden));
        }
        sheet.cells[at] = Cell::HIDDEN;
    }
    Ok(())
}

/// The positions of what is asked, given the answers so far. What was answered before somebody changed their mind about
/// an earlier question counts as not asked, where scoring would refuse it.
pub(super) fn asked(plan: &Plan, who: &Respondent, sheet: &mut AnswerSheet) -> Vec<usize> {
    let mut asked = Vec::with_capacity(plan.items.len());
    for (at, item) in plan.items.iter().enumerate() {
        if is_hidden(item, who, sheet) {
            sheet.cells[at] = Cell::HIDDEN;
        } else {
            asked.push(at);
        }
    }
    asked
}

fn is_hidden(item: &PlanItem, who: &Respondent, sheet: &AnswerSheet) -> bool {
    let other_sex = matches!((item.sex, who.known_sex()), (Some(asked), Some(known)) if asked != known);
    let facts = Facts { who, cells: &sheet.cells, scores: &[] };
    other_sex || item.show_if.as_ref().is_some_and(|shown| shown.holds(&facts) == Some(false))
}

const INCOMPLETE: ScoreCell = ScoreCell { value: None, status: Status::Incomplete, band: None };

const fn scored(value: Number) -> ScoreCell {
    ScoreCell { value: Some(value), status: Status::Scored, band: None }
}

fn evaluate(operation: &Operation, facts: &Facts<'_>) -> ScoreCell {
    match operation {
        Operation::Pool { kind, parts, missing } => pool(*kind, parts, missing, facts),
        Operation::Map { of, times, plus, round, clamp } => {
            carried(facts.scores[usize::from(*of)], |value| {
                let mapped = value.times(*times).plus(*plus).rounded(*round);
                Some(clamp.map_or(mapped, |(low, high)| mapped.clamp(low, high)))
            })
        }
        Operation::Lookup { of, rows } => {
            carried(facts.scores[usize::from(*of)], |value| look_up(rows, value, facts))
        }
        Operation::Ref { of } => carried(facts.scores[usize::from(*of)], Some),
        Operation::Choose { cases, otherwise, known, items, scores } => {
            let complete = items.iter().all(|item| facts.cells[usize::from(*item)] != Cell::MISSING)
                && scores.iter().all(|score| facts.scores[usize::from(*score)].value.is_some());
            if !complete && !known {
                return INCOMPLETE;
            }
            let prorated =
                scores.iter().any(|score| facts.scores[usize::from(*score)].status == Status::Prorated);
            let status = if prorated || !complete { Status::Prorated } else { Status::Scored };
            for (when, value) in cases {
                match when.holds(facts) {
                    Some(true) => return ScoreCell { value: Some(*value), status, band: None },
                    Some(false) => {}
                    None => return INCOMPLETE,
                }
            }
            if complete { ScoreCell { value: Some(*otherwise), status, band: None } } else { INCOMPLETE }
        }
    }
}

/// One value passed on, with its status.
fn carried(from: ScoreCell, to: impl Fn(Number) -> Option<Number>) -> ScoreCell {
    match from.value.and_then(to) {
        Some(value) => ScoreCell { value: Some(value), status: from.status, band: None },
        None => INCOMPLETE,
    }
}

/// What a part of a pool comes to.
pub(super) enum PartValue {
    Counts(Number),
    NotApplicable,
    Missing,
    Hidden,
}

pub(super) fn part_value(part: &Part, facts: &Facts<'_>) -> PartValue {
    match (part.of, &part.worth) {
        (Read::Item(item), Worth::Options(values)) => match facts.cells[usize::from(item)] {
            Cell::MISSING => PartValue::Missing,
            Cell::HIDDEN => PartValue::Hidden,
            cell => match cell.index().and_then(|option| values[option]) {
                Some(value) => PartValue::Counts(value),
                None => PartValue::NotApplicable,
            },
        },
        (Read::Score(score), worth) => {
            let Some(value) = facts.scores[usize::from(score)].value else {
                return PartValue::Missing;
            };
            match worth {
                Worth::Times(times) => PartValue::Counts(value.times(*times)),
                Worth::Passes(test) if test.passes(value) => PartValue::Counts(Number::ONE),
                Worth::Passes(_) => PartValue::Counts(Number::ZERO),
                Worth::Options(_) => PartValue::Missing,
            }
        }
        (Read::Item(_) | Read::Person, _) => PartValue::Missing,
    }
}

/// How much of a pool was there.
#[derive(Default, Clone, Copy)]
pub(super) struct Tally {
    pub asked: u16,
    pub answered: u16,
    pub not_applicable: u16,
}

fn pool(kind: PoolKind, parts: &[Part], missing: &Missing, facts: &Facts<'_>) -> ScoreCell {
    let mut tally = Tally::default();
    let mut sum = Number::ZERO;
    let mut extreme: Option<Number> = None;
    let mut prorated = false;
    for part in parts {
        match part_value(part, facts) {
            PartValue::Hidden => {}
            PartValue::NotApplicable => tally.not_applicable += 1,
            PartValue::Missing => tally.asked += 1,
            PartValue::Counts(value) => {
                tally.asked += 1;
                tally.answered += 1;
                match kind {
                    PoolKind::Sum | PoolKind::Mean => sum = sum.plus(value),
                    PoolKind::Min => extreme = Some(extreme.map_or(value, |least| least.min(value))),
                    PoolKind::Max => extreme = Some(extreme.map_or(value, |most| most.max(value))),
                }
                if let Read::Score(score) = part.of {
                    prorated |= facts.scores[usize::from(score)].status == Status::Prorated;
                }
            }
        }
    }
    if !enough(kind, missing, tally) {
        return INCOMPLETE;
    }
    let value = match (kind, missing) {
        (PoolKind::Sum, Missing::Prorate { round, .. }) if tally.answered < tally.asked => {
            Some(sum.times(i64::from(tally.asked).into()).divided_by(tally.answered).rounded(*round))
        }
        (PoolKind::Sum, _) => Some(sum),
        (PoolKind::Mean, _) => Some(sum.divided_by(tally.answered)),
        (PoolKind::Min | PoolKind::Max, _) => extreme,
    };
    let status = if prorated || tally.answered < tally.asked { Status::Prorated } else { Status::Scored };
    value.map_or(INCOMPLETE, |value| ScoreCell { status, ..scored(value) })
}

fn enough(kind: PoolKind, missing: &Missing, tally: Tally) -> bool {
    if tally.answered == 0 {
        // A gate answered "no" hides everything behind it: nothing there adds up to nothing. But a form on
        // which nothing was answered, or nothing applied, says nothing.
        return kind == PoolKind::Sum && tally.asked == 0 && tally.not_applicable == 0;
    }
    match missing {
        Missing::Fail => tally.answered == tally.asked,
        Missing::Prorate { limit: Limit::MaxMissing(most), .. } => tally.asked - tally.answered <= *most,
        Missing::Prorate { limit: Limit::MinAnswered(least), .. } | Missing::Skip { min_answered: least } => {
            tally.answered == tally.asked || tally.answered >= *least
        }
    }
}

fn look_up(rows: &[NormRow], value: Number, facts: &Facts<'_>) -> Option<Number> {
    let row = norm_row(rows, facts.who)?;
    let whole = value.as_whole()?;
    row.steps.iter().find(|(from, to, _)| (*from..=*to).contains(&whole)).map(|(_, _, found)| *found)
}

/// The first row that fits. `None` if none does, or if that hangs on something nobody knows.
pub(super) fn norm_row<'a>(rows: &'a [NormRow], who: &Respondent) -> Option<&'a NormRow> {
    for row in rows {
        let within = |range: Option<(u16, u16)>, known: Option<u16>| match (range, known) {
            (None, _) => Some(true),
            (Some((from, to)), Some(known)) => Some((from..=to).contains(&known)),
            (Some(_), None) => None,
        };
        let sex = match (row.sex, who.known_sex()) {
            (None, _) => Some(true),
            (Some(wanted), Some(known)) => Some(wanted == known),
            (Some(_), None) => None,
        };
        let parts = [sex, within(row.age, who.age), within(row.education_years, who.education_years)];
        if parts.contains(&Some(false)) {
            continue;
        }
        return parts.iter().all(Option::is_some).then_some(row);
    }
    None
}

fn band(sets: &[PlanBands], value: Number, facts: &Facts<'_>) -> Option<BandAt> {
    let set = sets.iter().find(|set| set.when.as_ref().is_none_or(|when| when.holds(facts) == Some(true)))?;
    if value > set.to {
        return None;
    }
    let above = set.from.iter().take_while(|from| **from <= value).count();
    let range = u16::try_from(above.checked_sub(1)?).ok()?;
    Some(BandAt { set: set.set, range })
}

fn critical(plan: &Plan, facts: &Facts<'_>) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (rule, critical) in (0_u16..).zip(&plan.critical) {
        if critical.when.holds(facts) == Some(true) {
            let strong = critical.strong.as_ref().is_some_and(|strong| strong.holds(facts) == Some(true));
            hits.push(Hit { rule, level: if strong { Level::Strong } else { Level::Critical } });
        }
    }
    hits
}

fn void(plan: &Plan, who: &Respondent, cells: &[Cell], scores: &mut [ScoreCell]) -> Vec<u16> {
    let holds = |when: &super::condition::Bound| when.holds(&Facts { who, cells, scores }) == Some(true);
    let voided_by: Vec<u16> =
        (0_u16..).zip(&plan.validity).filter(|(_, rule)| holds(&rule.when)).map(|(at, _)| at).collect();
    for rule in &voided_by {
        for score in &plan.validity[usize::from(*rule)].voids {
            scores[usize::from(*score)] = ScoreCell { value: None, status: Status::Invalid, band: None };
        }
    }
    voided_by
}
