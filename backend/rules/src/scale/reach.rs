//! Which values a score can take at all; compared with what the file declares.

use super::condition::Read;
use super::number::{Number, Rounding};
use super::operation::{Missing, Operation, Part, PoolKind, Worth};
use super::plan::{PlanItem, PlanScore};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reach {
    pub low: Number,
    pub high: Number,
    /// Only whole numbers come out.
    pub whole: bool,
}

impl Reach {
    /// `None` if nothing can come out.
    pub fn of(operation: &Operation, items: &[PlanItem], scores: &[PlanScore]) -> Option<Reach> {
        match operation {
            Operation::Pool { kind, parts, missing } => {
                let reaches: Option<Vec<(Reach, bool)>> =
                    parts.iter().map(|part| of_part(part, items, scores)).collect();
                pooled(*kind, &reaches?, missing)
            }
            Operation::Map { of, times, plus, round, clamp } => {
                let reach = scores[usize::from(*of)].reach?;
                let mapped = |value: Number| value.times(*times).plus(*plus).rounded(*round);
                let (a, b) = (mapped(reach.low), mapped(reach.high));
                let whole = *round != Rounding::None || (reach.whole && times.is_whole() && plus.is_whole());
                let (low, high) = (a.min(b), a.max(b));
                let (floor, ceiling) = clamp.unwrap_or((low, high));
                Some(Reach { low: low.clamp(floor, ceiling), high: high.clamp(floor, ceiling), whole })
            }
            Operation::Lookup { rows, .. } => {
                among(rows.iter().flat_map(|row| row.steps.iter().map(|(_, _, value)| *value)))
            }
            Operation::Choose { cases, otherwise, .. } => {
                among(cases.iter().map(|(_, value)| *value).chain([*otherwise]))
            }
            Operation::Ref { of } => scores[usize::from(*of)].reach,
        }
    }
}

fn among(values: impl Iterator<Item = Number>) -> Option<Reach> {
    values.fold(None, |reach: Option<Reach>, value| {
        let one = Reach { low: value, high: value, whole: value.is_whole() };
        Some(reach.map_or(one, |reach| Reach {
            low: reach.low.min(value),
            high: reach.high.max(value),
            whole: reach.whole && one.whole,
        }))
    })
}

fn of_read(read: Read, items: &[PlanItem], scores: &[PlanScore]) -> Option<Reach> {
    match read {
        Read::Item(item) => among(items[usize::from(item)].options.iter().filter_map(|option| option.value)),
        Read::Score(score) => scores[usize::from(score)].reach,
        Read::Person => None,
    }
}

/// What a part adds, and whether it can be absent from a complete form.
fn of_part(part: &Part, items: &[PlanItem], scores: &[PlanScore]) -> Option<(Reach, bool)> {
    match (&part.worth, part.of) {
        (Worth::Options(values), Read::Item(item)) => {
            let absent = items[usize::from(item)].can_be_hidden() || values.iter().any(Option::is_none);
            Some((among(values.iter().flatten().copied())?, absent))
        }
        (Worth::Times(times), read) => {
            let reach = of_read(read, items, scores)?;
            let (a, b) = (reach.low.times(*times), reach.high.times(*times));
            let whole = reach.whole && times.is_whole();
            Some((Reach { low: a.min(b), high: a.max(b), whole }, false))
        }
        (Worth::Passes(_), _) => Some((Reach { low: Number::ZERO, high: Number::ONE, whole: true }, false)),
        (Worth::Options(_), Read::Score(_) | Read::Person) => None,
    }
}

fn pooled(kind: PoolKind, parts: &[(Reach, bool)], missing: &Missing) -> Option<Reach> {
    let skips = matches!(missing, Missing::Skip { .. });
    let whole = parts.iter().all(|(reach, _)| reach.whole);
    let lows = || parts.iter().map(|(reach, _)| reach.low);
    let highs = || parts.iter().map(|(reach, _)| reach.high);
    match kind {
        PoolKind::Sum => {
            let zero = Number::ZERO;
            let low = parts.iter().fold(zero, |sum, (reach, absent)| {
                sum.plus(if *absent || skips { reach.low.min(zero) } else { reach.low })
            });
            let high = parts.iter().fold(zero, |sum, (reach, absent)| {
                sum.plus(if *absent || skips { reach.high.max(zero) } else { reach.high })
            });
            let whole = match missing {
                Missing::Prorate { round, .. } => *round != Rounding::None,
                Missing::Fail | Missing::Skip { .. } => whole,
            };
            Some(Reach { low, high, whole })
        }
        PoolKind::Mean if skips || parts.iter().any(|(_, absent)| *absent) => {
            Some(Reach { low: lows().min()?, high: highs().max()?, whole: false })
        }
        PoolKind::Mean => {
            let count = u16::try_from(parts.len()).ok()?;
            let mean = |sum: Number| sum.divided_by(count);
            Some(Reach {
                low: mean(lows().fold(Number::ZERO, Number::plus)),
                high: mean(highs().fold(Number::ZERO, Number::plus)),
                whole: whole && count == 1,
            })
        }
        // With absent parts the extremes of the others decide; the outer bounds are right either way.
        PoolKind::Min | PoolKind::Max if skips => {
            Some(Reach { low: lows().min()?, high: highs().max()?, whole })
        }
        PoolKind::Min => Some(Reach { low: lows().min()?, high: highs().min()?, whole }),
        PoolKind::Max => Some(Reach { low: lows().max()?, high: highs().max()?, whole }),
    }
}
