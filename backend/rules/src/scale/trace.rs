//! Why a score is what it is: what every answer added, what was missing, how it was rounded. Made only when asked for;
//! a result keeps everything it needs.

use super::answers::Cell;
use super::condition::{Bound, Facts, Read};
use super::definition::{Band, Certainty, Code, Compute};
use super::number::Number;
use super::operation::{Keyed, Operation, Part, PoolKind};
use super::plan::{Status, any_text};
use super::score::{PartValue, norm_row, part_value};
use super::scored::Scored;
use serde::Serialize;

#[derive(Serialize)]
pub struct Trace<'a> {
    pub code: &'a str,
    pub version: &'a str,
    pub hash: &'a str,
    pub scores: Vec<ScoreTrace<'a>>,
    /// Rules that voided scores.
    pub voided_by: Vec<&'a str>,
}

#[derive(Serialize)]
pub struct ScoreTrace<'a> {
    pub id: &'a str,
    pub value: Option<Number>,
    pub status: Status,
    /// The operation as the file says it.
    pub rule: &'a Compute,
    pub parts: Vec<PartTrace<'a>>,
    pub asked: u16,
    pub answered: u16,
    /// The sum before proration, if answers were missing and the rule allows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sum_of_answered: Option<Number>,
    /// Which case held, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<usize>,
    /// Which row of the norm fitted the person, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub norm_row: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub band: Option<BandTrace<'a>>,
    /// The citation.
    pub source: &'a str,
}

#[derive(Serialize)]
pub struct PartTrace<'a> {
    /// An item or a score.
    pub of: &'a str,
    pub state: PartState,
    /// The option code given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'a Code>,
    /// What is printed beside that option, or the value of the score read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<Number>,
    pub keyed: Keyed,
    /// What it adds here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adds: Option<Number>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    Counted,
    Missing,
    Hidden,
    NotApplicable,
}

#[derive(Serialize)]
pub struct BandTrace<'a> {
    #[serde(flatten)]
    pub band: &'a Band,
    pub source: &'a str,
    pub certainty: Certainty,
}

impl Scored {
    /// Explains every score.
    pub fn trace(&self) -> Trace<'_> {
        Trace {
            code: self.code(),
            version: self.version(),
            hash: self.hash(),
            scores: (0..self.scores.len()).map(|position| self.score_trace(position)).collect(),
            voided_by: self.voided_by().map(|rule| any_text(&rule.reason)).collect(),
        }
    }

    fn score_trace(&self, position: usize) -> ScoreTrace<'_> {
        let rule = &self.plan.definition.scores[position];
        let cell = self.scores[position];
        let facts = Facts { who: &self.who, cells: &self.cells, scores: &self.scores[..position] };
        let mut trace = ScoreTrace {
            id: &rule.id,
            value: cell.value,
            status: cell.status,
            rule: &rule.compute,
            parts: Vec::new(),
            asked: 0,
            answered: 0,
            sum_of_answered: None,
            case: None,
            norm_row: None,
            band: self.band_trace(&self.score_at(position)),
            source: self.cite(&rule.source),
        };
        match &self.plan.scores[position].operation {
            Operation::Pool { kind, parts, .. } => {
                trace.parts = parts.iter().map(|part| self.part_trace(part, &facts)).collect();
                trace.tally(*kind, cell.status);
            }
            Operation::Map { of, .. } | Operation::Ref { of } => {
                trace.parts = vec![self.read(Read::Score(*of))];
            }
            Operation::Lookup { of, rows } => {
                trace.parts = vec![self.read(Read::Score(*of))];
                let fitting = norm_row(rows, &self.who);
                trace.norm_row = fitting.and_then(|fitting| rows.iter().position(|row| row == fitting));
            }
            Operation::Choose { cases, items, scores, .. } => {
                let reads = items.iter().map(|item| Read::Item(*item));
                let reads = reads.chain(scores.iter().map(|score| Read::Score(*score)));
                trace.parts = reads.map(|read| self.read(read)).collect();
                let holds = |when: &Bound| when.holds(&facts) == Some(true);
                trace.case = cell.value.and_then(|_| cases.iter().position(|(when, _)| holds(when)));
            }
        }
        trace
    }

    fn part_trace(&self, part: &Part, facts: &Facts<'_>) -> PartTrace<'_> {
        let mut trace = self.read(part.of);
        if part.keyed != Keyed::Plain {
            trace.keyed = part.keyed;
        }
        (trace.state, trace.adds) = match part_value(part, facts) {
            PartValue::Counts(value) => (PartState::Counted, Some(value)),
            PartValue::NotApplicable => (PartState::NotApplicable, None),
            PartValue::Missing => (PartState::Missing, None),
            PartValue::Hidden => (PartState::Hidden, None),
        };
        trace
    }

    /// An item or a score as it stands.
    fn read(&self, of: Read) -> PartTrace<'_> {
        let definition = &self.plan.definition;
        match of {
            Read::Item(item) => {
                let at = usize::from(item);
                let item = &definition.items[at];
                let printed = self.cells[at].index().map(|option| &self.plan.items[at].options[option]);
                let state = match (self.cells[at], printed.and_then(|option| option.score)) {
                    (Cell::HIDDEN, _) => PartState::Hidden,
                    (Cell::MISSING, _) => PartState::Missing,
                    (_, Some(_)) => PartState::Counted,
                    (_, None) => PartState::NotApplicable,
                };
                PartTrace {
                    of: &item.id,
                    state,
                    code: printed.map(|option| &option.code),
                    score: printed.and_then(|option| option.score),
                    keyed: if item.reverse { Keyed::Reversed } else { Keyed::Plain },
                    adds: None,
                }
            }
            Read::Score(score) => {
                let at = usize::from(score);
                let value = self.scores[at].value;
                let state = if value.is_some() { PartState::Counted } else { PartState::Missing };
                let of = definition.scores[at].id.as_str();
                PartTrace { of, state, code: None, score: value, keyed: Keyed::Plain, adds: None }
            }
            Read::Person => PartTrace {
                of: "person",
                state: PartState::Counted,
                code: None,
                score: None,
                keyed: Keyed::Plain,
                adds: None,
            },
        }
    }

    fn band_trace<'a>(&'a self, score: &super::Score<'a>) -> Option<BandTrace<'a>> {
        let (set, band) = score.band_rule()?;
        Some(BandTrace { band, source: self.cite(&set.source), certainty: set.certainty })
    }

    fn cite<'a>(&'a self, source: &'a str) -> &'a str {
        self.plan.definition.sources.get(source).map_or(source, |source| source.cite.as_str())
    }
}

impl ScoreTrace<'_> {
    fn tally(&mut self, kind: PoolKind, status: Status) {
        let count = |state: &[PartState]| {
            let parts = self.parts.iter().filter(|part| state.contains(&part.state)).count();
            u16::try_from(parts).unwrap_or(u16::MAX)
        };
        self.asked = count(&[PartState::Counted, PartState::Missing]);
        self.answered = count(&[PartState::Counted]);
        if kind == PoolKind::Sum && status == Status::Prorated && self.answered < self.asked {
            let adds = self.parts.iter().filter_map(|part| part.adds);
            self.sum_of_answered = Some(adds.fold(Number::ZERO, Number::plus));
        }
    }
}
