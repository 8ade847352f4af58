//! What a score comes to at least, however the questions that were left out are answered: unknown is not safe.

use super::condition::{Facts, Read};
use super::number::Number;
use super::operation::{Operation, Part, PoolKind, Worth};
use super::plan::Plan;
use super::score::{PartValue, part_value};

/// Of sums and means; `None` where no lower bound can be told.
pub(super) fn at_least(plan: &Plan, position: usize, facts: &Facts<'_>) -> Option<Number> {
    match &plan.scores[position].operation {
        Operation::Pool { kind: PoolKind::Sum, parts, .. } => sum(plan, parts, facts).map(|(sum, _)| sum),
        Operation::Pool { kind: PoolKind::Mean, parts, .. } => {
            // what may turn out not to count would change what the sum is divided by
            let (sum, count) =
                sum(plan, parts, facts).filter(|_| parts.iter().all(|part| counts(plan, part)))?;
            (count > 0).then(|| sum.divided_by(count))
        }
        Operation::Ref { of } => of_score(plan, *of, facts),
        Operation::Pool { kind: PoolKind::Min | PoolKind::Max, .. }
        | Operation::Map { .. }
        | Operation::Lookup { .. }
        | Operation::Choose { .. } => None,
    }
}

/// The least sum, and of how many parts.
fn sum(plan: &Plan, parts: &[Part], facts: &Facts<'_>) -> Option<(Number, u16)> {
    parts.iter().try_fold((Number::ZERO, 0), |(sum, count), part| match part_value(part, facts) {
        PartValue::Counts(value) => Some((sum.plus(value), count + 1)),
        PartValue::NotApplicable | PartValue::Hidden => Some((sum, count)),
        PartValue::Missing => Some((sum.plus(missing(plan, part, facts)?), count + 1)),
    })
}

fn missing(plan: &Plan, part: &Part, facts: &Facts<'_>) -> Option<Number> {
    match (part.of, &part.worth) {
        (Read::Item(_), Worth::Options(values)) => {
            let least = values.iter().flatten().copied().min()?;
            Some(if counts(plan, part) { least } else { least.min(Number::ZERO) })
        }
        (Read::Score(score), Worth::Times(times)) if *times >= Number::ZERO => {
            Some(of_score(plan, score, facts)?.times(*times))
        }
        (Read::Score(_), Worth::Passes(_)) => Some(Number::ZERO),
        (Read::Item(_) | Read::Score(_) | Read::Person, _) => None,
    }
}

/// Whether a complete form always has a value here.
fn counts(plan: &Plan, part: &Part) -> bool {
    match (part.of, &part.worth) {
        (Read::Item(item), Worth::Options(values)) => {
            !plan.items[usize::from(item)].can_be_hidden() && values.iter().all(Option::is_some)
        }
        (Read::Score(_), _) => true,
        (Read::Item(_) | Read::Person, _) => false,
    }
}

fn of_score(plan: &Plan, score: u16, facts: &Facts<'_>) -> Option<Number> {
    let position = usize::from(score);
    facts.scores[position].value.or_else(|| at_least(plan, position, facts))
}
