//! The result of scoring. It keeps positions and the plan it was scored with; names and texts are looked up when asked.

use super::answers::{Cell, Respondent};
use super::at_least::at_least;
use super::condition::Facts;
use super::definition::{Band, BandSet, Code, CriticalRule, NextRule, ScoreRule, Texts, ValidityRule};
use super::number::Number;
use super::plan::{BandAt, Plan, ScoreCell};
use super::quality::Quality;
use super::score::Outcome;
use super::{Read, Status};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// What a person's answers come to. Cheap to make; see also [`Scored::trace`].
#[derive(Clone)]
pub struct Scored {
    pub(super) plan: Arc<Plan>,
    pub(super) who: Respondent,
    pub(super) cells: Box<[Cell]>,
    pub(super) scores: Vec<ScoreCell>,
    pub(super) critical: Vec<Hit>,
    pub(super) voided_by: Vec<u16>,
    pub(super) next: Vec<u16>,
    pub(super) quality: Quality,
}

/// Never prints answers or scores.
impl fmt::Debug for Scored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scored({}@{})", self.code(), self.version())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    pub rule: u16,
    pub level: Level,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Critical,
    Strong,
}

impl Level {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Strong => "strong",
        }
    }
}

impl Status {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Scored => "scored",
            Self::Prorated => "prorated",
            Self::Incomplete => "incomplete",
            Self::Invalid => "invalid",
        }
    }
}

/// One score of a result.
#[derive(Clone, Copy)]
pub struct Score<'a> {
    pub id: &'a str,
    pub value: Option<Number>,
    pub status: Status,
    pub band: Option<&'a str>,
    pub(super) plan: &'a Plan,
    pub(super) position: usize,
    pub(super) band_at: Option<BandAt>,
}

impl<'a> Score<'a> {
    /// How the definition words it.
    pub fn rule(&self) -> &'a ScoreRule {
        &self.plan.definition.scores[self.position]
    }

    /// The band with its texts and the set (source, certainty) it comes from.
    pub fn band_rule(&self) -> Option<(&'a BandSet, &'a Band)> {
        let at = self.band_at?;
        let set = self.plan.definition.bands.get(usize::from(at.set))?;
        Some((set, set.ranges.get(usize::from(at.range))?))
    }
}

/// A critical answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Critical<'a> {
    pub id: &'a str,
    pub level: Level,
    pub reason: &'a Texts,
    /// The full citation.
    pub source: &'a str,
}

impl Scored {
    pub(super) fn new(plan: Arc<Plan>, who: Respondent, cells: Box<[Cell]>, outcome: Outcome) -> Self {
        let Outcome { scores, critical, voided_by, next, quality } = outcome;
        Self { plan, who, cells, scores, critical, voided_by, next, quality }
    }

    pub fn code(&self) -> &str {
        &self.plan.definition.code
    }

    pub fn version(&self) -> &str {
        &self.plan.definition.version
    }

    pub fn hash(&self) -> &str {
        &self.plan.hash
    }

    pub fn title(&self) -> &Texts {
        &self.plan.definition.title
    }

    /// In the order of the definition.
    pub fn scores(&self) -> impl Iterator<Item = Score<'_>> {
        (0..self.scores.len()).map(|position| self.score_at(position))
    }

    pub fn score(&self, id: &str) -> Option<Score<'_>> {
        // A scale has few scores: looking through them is faster than any map.
        let position = self.plan.definition.scores.iter().position(|score| score.id == id)?;
        Some(self.score_at(position))
    }

    /// What an incomplete score comes to at least, however the rest is answered.
    pub fn at_least(&self) -> impl Iterator<Item = (&str, Number)> {
        let facts = Facts { who: &self.who, cells: &self.cells, scores: &self.scores };
        let rules = self.plan.definition.scores.iter().enumerate();
        rules.filter(|(position, _)| self.scores[*position].status == Status::Incomplete).filter_map(
            move |(position, rule)| Some((rule.id.as_str(), at_least(&self.plan, position, &facts)?)),
        )
    }

    pub(super) fn score_at(&self, position: usize) -> Score<'_> {
        let cell = self.scores[position];
        let plan = &*self.plan;
        let band = cell.band.and_then(|at| {
            let set = plan.definition.bands.get(usize::from(at.set))?;
            set.ranges.get(usize::from(at.range)).map(|band| band.code.as_str())
        });
        let id = plan.definition.scores[position].id.as_str();
        Score { id, value: cell.value, status: cell.status, band, plan, position, band_at: cell.band }
    }

    pub fn critical(&self) -> impl Iterator<Item = Critical<'_>> {
        self.critical.iter().map(|hit| {
            let rule = self.critical_rule(*hit);
            let source = self.plan.definition.sources.get(&rule.source);
            let source = source.map_or(rule.source.as_str(), |source| source.cite.as_str());
            Critical { id: &rule.id, level: hit.level, reason: &rule.reason, source }
        })
    }

    pub(super) fn critical_rule(&self, hit: Hit) -> &CriticalRule {
        &self.plan.definition.critical[usize::from(hit.rule)]
    }

    pub(super) fn critical_json(&self, hit: Hit) -> &str {
        let [critical, strong] = &self.plan.critical[usize::from(hit.rule)].json;
        match hit.level {
            Level::Critical => critical,
            Level::Strong => strong,
        }
    }

    /// The gravest level of all critical answers.
    pub fn level(&self) -> Option<Level> {
        self.critical.iter().map(|hit| hit.level).max()
    }

    /// Items with their scored values, in the order of the definition; `None` is missing, hidden or not applicable.
    pub fn items(&self) -> impl Iterator<Item = (&str, Option<Number>)> {
        self.plan
            .definition
            .items
            .iter()
            .enumerate()
            .map(|(position, item)| (item.id.as_str(), self.item_at(position)))
    }

    /// The scored value of an item, after its `reverse`.
    pub fn item(&self, id: &str) -> Option<Number> {
        self.item_at(self.item_position(id)?)
    }

    /// The option code that was given.
    pub fn raw(&self, id: &str) -> Option<&Code> {
        let position = self.item_position(id)?;
        let option = self.cells[position].index()?;
        Some(&self.plan.items[position].options[option].code)
    }

    fn item_position(&self, id: &str) -> Option<usize> {
        match self.plan.names.find(id)? {
            Read::Item(item) => Some(usize::from(item)),
            Read::Score(_) | Read::Person => None,
        }
    }

    fn item_at(&self, position: usize) -> Option<Number> {
        let option = self.cells[position].index()?;
        self.plan.items[position].options[option].value
    }

    /// Rules that voided scores.
    pub fn voided_by(&self) -> impl Iterator<Item = &ValidityRule> {
        self.voided_by.iter().map(|rule| &self.plan.definition.validity[usize::from(*rule)])
    }

    /// Scales to start at once.
    pub fn next(&self) -> impl Iterator<Item = &NextRule> {
        self.next.iter().map(|rule| &self.plan.definition.next[usize::from(*rule)])
    }

    pub const fn quality(&self) -> &Quality {
        &self.quality
    }

    /// Whether any asked item that scores is unanswered.
    pub fn is_incomplete(&self) -> bool {
        self.scores.iter().any(|score| score.status == Status::Incomplete)
    }
}
