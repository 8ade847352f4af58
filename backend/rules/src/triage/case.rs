//! One visit of one person, as triage needs to know it.

use crate::identity::Post;
use crate::people::{AgeBand, Modifier};
use crate::scale::{Level, Number, Score, Scored, Status};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The first screening of a visit, its second looks, and what is known about the person. What is not known is left
/// at its default, and the default is never the reassuring one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub results: Vec<CaseResult>,
    #[serde(default)]
    pub age: Option<u16>,
    /// Where the age is not known.
    #[serde(default)]
    pub declared_age: Option<AgeBand>,
    #[serde(default)]
    pub modifiers: BTreeSet<Modifier>,
    #[serde(default)]
    pub history: History,
    #[serde(default)]
    pub second_look: SecondLook,
    #[serde(default)]
    pub seen: SeenAgo,
    /// False for results that were imported as historical or are older than 48 hours: nothing rings.
    pub live: bool,
    #[serde(default)]
    pub danger: Danger,
}

impl Case {
    /// A yes about danger is said about now, however old the answers are.
    pub fn is_live(&self) -> bool {
        self.live || self.danger.says_any_yes()
    }

    /// The age to go by: known, or as the person has said.
    pub fn age(&self) -> Option<u16> {
        self.age.or(self.declared_age.map(AgeBand::stands_for))
    }
}

/// A result, just scored or as it was stored.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "StoredResult")]
pub enum CaseResult {
    Scored(Scored),
    Stored(StoredResult),
}

/// What triage reads of a result that was scored earlier, so that answers need not be opened again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StoredResult {
    pub code: String,
    pub version: String,
    #[serde(default)]
    pub hash: String,
    pub scores: BTreeMap<String, StoredScore>,
    /// What incomplete scores come to at least, however the rest is answered.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub at_least: BTreeMap<String, Number>,
    /// Scored values of the items that a policy may ask for.
    #[serde(default)]
    pub items: BTreeMap<String, Option<Number>>,
    #[serde(default)]
    pub critical: Vec<StoredCritical>,
    #[serde(default)]
    pub careless: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredScore {
    pub value: Option<Number>,
    pub status: Status,
    #[serde(default)]
    pub band: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredCritical {
    pub id: String,
    pub level: Level,
}

/// A score as triage reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ScoreView<'a> {
    pub value: Option<Number>,
    pub status: Status,
    pub band: Option<&'a str>,
}

impl From<Scored> for CaseResult {
    fn from(scored: Scored) -> Self {
        Self::Scored(scored)
    }
}

impl From<StoredResult> for CaseResult {
    fn from(stored: StoredResult) -> Self {
        Self::Stored(stored)
    }
}

/// What to store beside a result so that a later simulation needs no answers.
impl From<&Scored> for StoredResult {
    fn from(scored: &Scored) -> Self {
        let score = |Score { id, value, status, band, .. }: Score<'_>| {
            (id.to_owned(), StoredScore { value, status, band: band.map(str::to_owned) })
        };
        Self {
            code: scored.code().to_owned(),
            version: scored.version().to_owned(),
            hash: scored.hash().to_owned(),
            scores: scored.scores().map(score).collect(),
            at_least: scored.at_least().map(|(id, value)| (id.to_owned(), value)).collect(),
            items: scored.items().map(|(id, value)| (id.to_owned(), value)).collect(),
            critical: scored
                .critical()
                .map(|critical| StoredCritical { id: critical.id.to_owned(), level: critical.level })
                .collect(),
            careless: scored.quality().careless(),
        }
    }
}

impl CaseResult {
    pub fn code(&self) -> &str {
        match self {
            Self::Scored(scored) => scored.code(),
            Self::Stored(stored) => &stored.code,
        }
    }

    pub fn version(&self) -> &str {
        match self {
            Self::Scored(scored) => scored.version(),
            Self::Stored(stored) => &stored.version,
        }
    }

    pub fn hash(&self) -> &str {
        match self {
            Self::Scored(scored) => scored.hash(),
            Self::Stored(stored) => &stored.hash,
        }
    }

    pub(super) fn score(&self, id: &str) -> Option<ScoreView<'_>> {
        match self {
            Self::Scored(scored) => scored.score(id).map(|score| ScoreView {
                value: score.value,
                status: score.status,
                band: score.band,
            }),
            Self::Stored(stored) => stored.scores.get(id).map(|score| ScoreView {
                value: score.value,
                status: score.status,
                band: score.band.as_deref(),
            }),
        }
    }

    /// What an incomplete score comes to at least.
    pub(super) fn at_least(&self, id: &str) -> Option<Number> {
        match self {
            Self::Scored(scored) => scored.at_least().find(|(score, _)| *score == id).map(|(_, value)| value),
            Self::Stored(stored) => stored.at_least.get(id).copied(),
        }
    }

    pub(super) fn item(&self, id: &str) -> Option<Number> {
        match self {
            Self::Scored(scored) => scored.item(id),
            Self::Stored(stored) => stored.items.get(id).copied().flatten(),
        }
    }

    /// Calls `see` with each critical answer that the scale itself names.
    pub(super) fn each_critical<'a>(&'a self, mut see: impl FnMut(&'a str, Level)) {
        match self {
            Self::Scored(scored) => scored.critical().for_each(|critical| see(critical.id, critical.level)),
            Self::Stored(stored) => {
                stored.critical.iter().for_each(|critical| see(&critical.id, critical.level));
            }
        }
    }

    pub(super) fn careless(&self) -> bool {
        match self {
            Self::Scored(scored) => scored.quality().careless(),
            Self::Stored(stored) => stored.careless,
        }
    }

    /// Whether any score is incomplete, and whether any was voided.
    pub(super) fn gaps(&self) -> (bool, bool) {
        let mut gaps = (false, false);
        let mut look = |status| match status {
            Status::Incomplete => gaps.0 = true,
            Status::Invalid => gaps.1 = true,
            Status::Scored | Status::Prorated => {}
        };
        match self {
            Self::Scored(scored) => scored.scores().for_each(|score| look(score.status)),
            Self::Stored(stored) => stored.scores.values().for_each(|score| look(score.status)),
        }
        gaps
    }
}

/// What is known from before this visit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    #[serde(default)]
    pub highest_tier_30d: Option<u8>,
    /// The post that had it.
    #[serde(default)]
    pub owner: Option<Post>,
    /// The last comparable result of each scale, before this visit.
    #[serde(default)]
    pub previous: Vec<PreviousScore>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreviousScore {
    pub scale: String,
    pub score: String,
    pub value: Number,
}

/// How the second look ended. A look whose answers are in the case speaks for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondLook {
    #[default]
    NotNeeded,
    Pending,
    Refused,
    BrokenOff,
    Done,
}

/// When somebody last saw the person face to face.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenAgo {
    pub within_2h: bool,
}

/// What the worker or counsellor knows. `None` is "not known".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Danger {
    #[serde(default)]
    pub act_under_way: Option<bool>,
    #[serde(default)]
    pub means_within_reach: Option<bool>,
    #[serde(default)]
    pub alone: Option<bool>,
    /// The worker's or counsellor's word that danger is imminent.
    #[serde(default)]
    pub word_of_worker: bool,
    #[serde(default)]
    pub plan_within_72h: Option<bool>,
    /// For the danger level of severe mental illness: was the behaviour within 24 hours?
    #[serde(default)]
    pub behaviour_within_24h: Option<bool>,
}

/// The facts a policy may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    ActUnderWay,
    MeansWithinReach,
    Alone,
    WordOfWorker,
    #[serde(rename = "plan_within_72h")]
    PlanWithin72h,
    #[serde(rename = "behaviour_within_24h")]
    BehaviourWithin24h,
}

impl Fact {
    pub const ALL: [Self; 6] = [
        Self::ActUnderWay,
        Self::MeansWithinReach,
        Self::Alone,
        Self::WordOfWorker,
        Self::PlanWithin72h,
        Self::BehaviourWithin24h,
    ];

    pub const fn code(self) -> &'static str {
        match self {
            Self::ActUnderWay => "act_under_way",
            Self::MeansWithinReach => "means_within_reach",
            Self::Alone => "alone",
            Self::WordOfWorker => "word_of_worker",
            Self::PlanWithin72h => "plan_within_72h",
            Self::BehaviourWithin24h => "behaviour_within_24h",
        }
    }
}

impl Danger {
    /// Was the question answered with yes? "Not known" raises nothing, and reassures nobody.
    pub fn says_yes(&self, fact: Fact) -> bool {
        match fact {
            Fact::ActUnderWay => self.act_under_way == Some(true),
            Fact::MeansWithinReach => self.means_within_reach == Some(true),
            Fact::Alone => self.alone == Some(true),
            Fact::WordOfWorker => self.word_of_worker,
            Fact::PlanWithin72h => self.plan_within_72h == Some(true),
            Fact::BehaviourWithin24h => self.behaviour_within_24h == Some(true),
        }
    }

    pub fn says_any_yes(&self) -> bool {
        Fact::ALL.iter().any(|fact| self.says_yes(*fact))
    }

    /// A later answer only raises: a yes stays a yes.
    #[must_use]
    pub fn raised_by(self, later: Self) -> Self {
        let raised = |before: Option<bool>, after: Option<bool>| match (before, after) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (before, None) => before,
            (_, after @ Some(false)) => after,
        };
        Self {
            act_under_way: raised(self.act_under_way, later.act_under_way),
            means_within_reach: raised(self.means_within_reach, later.means_within_reach),
            alone: raised(self.alone, later.alone),
            word_of_worker: self.word_of_worker || later.word_of_worker,
            plan_within_72h: raised(self.plan_within_72h, later.plan_within_72h),
            behaviour_within_24h: raised(self.behaviour_within_24h, later.behaviour_within_24h),
        }
    }
}
