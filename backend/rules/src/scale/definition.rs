//! What a scale file says, exactly as it is written: `scales/<code>/<version>.json`, explained in
//! `docs/clinical/scale-format.md`. Nothing here is checked beyond its shape; `plan` and `lint` do that.

use super::number::{Number, Rounding};
use crate::people::Sex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A text in several languages, by locale (`zh-CN`, `en`).
pub type Texts = BTreeMap<String, String>;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// For editors; not read.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema_file: Option<String>,
    /// Version of this format: 1.
    pub schema: u32,
    pub code: String,
    /// `major.minor.patch`. A version in use is superseded, never edited.
    pub version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<String>,
    pub title: Texts,
    pub license: License,
    pub locales: BTreeMap<String, Locale>,
    pub sources: BTreeMap<String, Source>,
    pub population: Population,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub instructions: Texts,
    pub options: BTreeMap<String, Vec<AnswerOption>>,
    pub items: Vec<Item>,
    pub scores: Vec<ScoreRule>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub norms: BTreeMap<String, Norm>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bands: Vec<BandSet>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub critical: Vec<CriticalRule>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validity: Vec<ValidityRule>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<NextRule>,
    #[serde(default, skip_serializing_if = "QualityRules::is_empty")]
    pub quality: QualityRules,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct License {
    pub status: LicenseStatus,
    /// Whether the wording of items and options stands in this file.
    pub text_shipped: bool,
    pub holder: String,
    /// What must be shown or may not be done.
    pub terms: Texts,
    /// A key of `sources`: where the licence was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LicenseStatus {
    /// Explicitly "no permission needed", or published by a government for use.
    PublicDomain,
    /// Free for clinical use too, with attribution, unmodified.
    Free,
    /// Free for non-commercial use only.
    Noncommercial,
    /// Written permission needed.
    Permission,
    /// Sold by a publisher.
    Commercial,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locale {
    pub status: LocaleStatus,
    /// Who published this wording and where it was seen, or, for a draft, how it was made.
    pub origin: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LocaleStatus {
    /// The published wording, compared with it word by word.
    Official,
    /// Anything else. Shown as a draft, and never offered outside a demonstration.
    Draft,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub cite: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doi: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    pub seen: Seen,
    /// What was taken from it, and what remains to be checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How the author of the file knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    Paper,
    Secondary,
    Memory,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Population {
    /// Youngest and oldest age in years, both included; `null` is open.
    pub age: (Option<u16>, Option<u16>),
    /// Days the questions look back; `null` if they do not.
    pub recall_days: Option<u16>,
    pub modes: Vec<Mode>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub note: Texts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    #[serde(rename = "self")]
    SelfReport,
    Interview,
    Clinician,
}

/// What is printed beside the box (`code`) and what it is worth (`score`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerOption {
    pub code: Code,
    /// `null`: "not applicable", taken out of every score as if not asked.
    pub score: Option<Number>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub text: Texts,
}

/// The code of an option: a number, or a word such as `refused`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Code {
    Number(i64),
    Word(String),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    pub id: String,
    /// A key of the definition's `options`.
    pub options: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub text: Texts,
    /// The instrument keys this item the other way round: value = highest + lowest − score.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reverse: bool,
    /// Asked only if this holds; may look at items above and at the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show_if: Option<Condition>,
    /// Asked of one sex only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<Sex>,
    /// The instrument lets a person leave it out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub optional: bool,
    /// On purpose in no score.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unscored: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreRule {
    pub id: String,
    pub title: Texts,
    pub compute: Compute,
    /// Lowest and highest value that can come out; the linter works it out too and compares.
    pub range: (Number, Number),
    pub source: String,
}

/// The closed set of operations. `of` names items (`q1`), runs of items (`q1..q9`) or scores above.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Compute {
    Sum(Pool),
    Mean(Pool),
    Min(Pool),
    Max(Pool),
    WeightedSum {
        terms: Vec<Term>,
        missing: MissingRule,
    },
    /// How many values pass the test.
    Count {
        of: Vec<String>,
        r#where: Test,
        /// Items that are tested differently (PHQ-9 item 9).
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        except: BTreeMap<String, Test>,
        missing: MissingRule,
    },
    /// value × times + plus, rounded, then held within `clamp`.
    Map {
        of: String,
        #[serde(default = "one", skip_serializing_if = "is_one")]
        times: Number,
        #[serde(default = "zero", skip_serializing_if = "is_zero")]
        plus: Number,
        #[serde(default = "no_rounding", skip_serializing_if = "is_no_rounding")]
        round: Rounding,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clamp: Option<(Number, Number)>,
    },
    /// The value found in a table of `norms`, by the person.
    Lookup {
        of: String,
        norm: String,
    },
    /// 1 if it holds, 0 if not.
    Bool {
        r#if: Condition,
        missing: MissingRule,
    },
    /// The value of the first condition that holds.
    Case {
        cases: Vec<When>,
        r#else: Number,
        missing: MissingRule,
    },
    /// The same value under another id.
    Ref {
        of: String,
    },
}

/// Values taken together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    pub of: Vec<String>,
    /// Items turned round in this score only (else see `Item::reverse`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reverse: Vec<String>,
    /// Item → option code → value, in this score only. Every option must stand in it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub recode: BTreeMap<String, BTreeMap<String, Number>>,
    pub missing: MissingRule,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    pub of: String,
    pub times: Number,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    pub r#if: Condition,
    pub value: Number,
}

/// What happens if answers are missing. Published, or `fail`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case", deny_unknown_fields)]
pub enum MissingRule {
    /// One missing answer leaves the score incomplete.
    Fail {},
    /// Sum × asked ÷ answered, if few enough are missing. Give exactly one of the two limits.
    Prorate {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_missing: Option<u16>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        min_answered: Option<u16>,
        round: Rounding,
        source: String,
    },
    /// Missing answers are left out, if enough remain.
    Skip { min_answered: u16, source: String },
    /// `bool` and `case` only: a condition that already holds decides, but "no" and `else` need every answer.
    /// So a missing answer can raise a result and never clear it.
    Known {},
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    Eq(Number),
    Ge(Number),
    Gt(Number),
    Le(Number),
    Lt(Number),
    In(Vec<Number>),
}

/// Yes, no or unknown. Operands: `q9` (scored value), `raw.q9` (option code), a score id, `person.sex`,
/// `person.age`, `person.education_years`. An unanswered item makes a comparison unknown; a hidden one, false.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    Eq(String, Literal),
    Ne(String, Literal),
    Ge(String, Number),
    Gt(String, Number),
    Le(String, Number),
    Lt(String, Number),
    In(String, Vec<Literal>),
    Answered(String),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Literal {
    Number(Number),
    /// `F`, `M`, or an option code that is a word.
    Word(String),
}

/// A table from the literature: for whom, and which value a score becomes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Norm {
    pub source: String,
    pub certainty: Certainty,
    pub rows: Vec<NormRow>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NormRow {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<Sex>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<(u16, u16)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub education_years: Option<(u16, u16)>,
    /// `[from, to, value]`, from and to included.
    pub steps: Vec<(i64, i64, Number)>,
}

/// Cut-offs of one score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BandSet {
    pub score: String,
    pub ranges: Vec<Band>,
    /// For whom (the person only); the first set that fits is used, one without `when` fits everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
    /// `true`: printed for comparison, never applied.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reference_only: bool,
    pub source: String,
    pub certainty: Certainty,
    /// Where the cut-off was established (`CN`, `US` …).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    High,
    Medium,
    Low,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Band {
    pub code: String,
    pub from: Number,
    /// Last value of the band. Give either this or `below`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Number>,
    /// First value of the next band: for scores with decimals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<Number>,
    pub title: Texts,
}

/// An answer that alone calls for action. If one item decides, `id` is that item's id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CriticalRule {
    pub id: String,
    pub r#if: Condition,
    /// Raises the level from critical to strong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strong_if: Option<Condition>,
    pub reason: Texts,
    pub source: String,
}

/// Answers that void scores (lie scales).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidityRule {
    pub id: String,
    pub r#if: Condition,
    /// The scores that become invalid; empty: all but those the condition reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub voids: Vec<String>,
    pub reason: Texts,
    pub source: String,
}

/// Another scale to start at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NextRule {
    pub r#if: Condition,
    pub start: String,
    pub source: String,
}

/// When answers look careless. Never lowers anything; says that somebody should ask again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QualityRules {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longstring: Option<LongstringRule>,
    /// Flagged if the middle answer took less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_ms_per_item: Option<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pairs: Vec<PairRule>,
}

impl QualityRules {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LongstringRule {
    /// Flagged from this many equal option codes in a row.
    pub run: u16,
    /// Codes whose runs are honest ("not at all" nine times is a healthy person).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except_codes: Vec<Code>,
}

/// Two items that ask nearly the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairRule {
    pub items: (String, String),
    /// Flagged if the scored values lie further apart.
    pub max_difference: Number,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_false(value: &bool) -> bool {
    !value
}
fn is_one(value: &Number) -> bool {
    *value == Number::ONE
}
fn is_zero(value: &Number) -> bool {
    *value == Number::ZERO
}
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_no_rounding(value: &Rounding) -> bool {
    *value == Rounding::None
}
const fn one() -> Number {
    Number::ONE
}
const fn zero() -> Number {
    Number::ZERO
}
const fn no_rounding() -> Rounding {
    Rounding::None
}
