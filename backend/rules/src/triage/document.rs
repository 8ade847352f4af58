//! A triage policy as it is written: `policies/triage/<id>/<version>.json`. Nothing here is checked beyond its shape.

use super::case::Fact;
use super::closing::Outcome;
use crate::dispatch::Priority;
use crate::identity::Post;
use crate::people::Modifier;
use crate::scale::Number;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A text in both languages of the product.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bilingual {
    pub zh: String,
    pub en: String,
}

impl Bilingual {
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// For editors; not read.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema_file: Option<String>,
    /// Version of this format: 1.
    pub schema: u32,
    pub id: String,
    /// A version in use is superseded, never edited.
    pub version: String,
    pub title: Bilingual,
    pub sources: BTreeMap<String, PolicySource>,
    /// What scales, scores and items are called in a reason: `phq9`, `phq9.total`, `phq9.q9`.
    pub names: BTreeMap<String, Bilingual>,
    /// Tier 0 to 4, in order.
    pub tiers: Vec<TierRule>,
    pub critical: Vec<CriticalRow>,
    pub second_look: LookTable,
    pub danger_questions: Vec<DangerQuestion>,
    pub priority: PriorityRules,
    pub bands: Vec<BandRow>,
    pub worsening: Vec<WorseningRow>,
    pub several: SeveralRow,
    pub doubtful: DoubtfulRows,
    pub history: HistoryRow,
    pub modifiers: ModifierRows,
    pub old_results: OldResults,
    pub follow_up: FollowUpRule,
    pub closing: ClosingRule,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySource {
    pub cite: String,
    pub certainty: Certainty,
    pub seen: Seen,
}

/// [S] or [D].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// A published cut-off or rule.
    Published,
    /// Our own decision; a clinician signs it.
    Decision,
}

/// How the author of the policy knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    Paper,
    Secondary,
    Memory,
    /// Nothing to see: our own decision.
    Own,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierRule {
    pub tier: u8,
    pub name: Bilingual,
    pub means: Bilingual,
    /// What the worker should do now.
    pub advice: Bilingual,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Post>,
    /// First contact, in elapsed seconds, unless the row that decides says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_secs: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interview_secs: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rescreen_weeks: Option<(u16, u16)>,
    /// What a missed first contact becomes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_missed: Option<MissedRule>,
    pub source: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MissedRule {
    pub with_critical: Priority,
    pub without: Priority,
    /// Alarms without a critical answer are gathered: one per owner and so many seconds, with a count.
    pub gather_secs: u32,
}

/// Which answer is critical, and from where it is strong. Scored values. Replaces what the scale says of that item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CriticalRow {
    pub scale: String,
    pub item: String,
    pub critical_from: Number,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strong_from: Option<Number>,
    /// Sums that contain the item, for "with this item at 0".
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counts_in: Vec<String>,
    /// Used in place of the table's pending cells until the second look is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_looked: Option<Cell>,
    pub source: String,
}

/// The second look: which scale, what its answers mean, and the table of tiers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookTable {
    pub scale: String,
    pub younger: YoungerLook,
    /// Up to this long ago the person was "seen recently".
    pub recent_secs: u32,
    pub signs: LookSigns,
    pub rows: LookRows,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct YoungerLook {
    pub below_age: u16,
    pub scale: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookSigns {
    pub high: Vec<Sign>,
    pub moderate: Vec<Sign>,
    pub low: Vec<Sign>,
}

/// One thing that puts a look into its row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sign {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<String>,
    /// All must hold.
    pub when: Vec<Test>,
    pub text: Bilingual,
    pub source: String,
}

/// Every row has every column. A cell that is missing is a finding, and the policy does not load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookRows {
    pub high: LookRow,
    pub moderate: LookRow,
    pub low: LookRow,
    pub all_no: LookRow,
    pub pending_recent: LookRow,
    pub pending_longer: LookRow,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookRow {
    #[serde(default)]
    pub critical: Option<Cell>,
    #[serde(default)]
    pub strong: Option<Cell>,
    #[serde(default)]
    pub none: Option<Cell>,
    pub text: Bilingual,
    pub source: String,
}

/// What a cell of the table says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Cell {
    /// A tier, with its own deadline, and an alarm if the deadline passes.
    Tier {
        tier: u8,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contact_secs: Option<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        then: Option<Priority>,
    },
    /// The bands decide, but not below this.
    AtLeast(u8),
    /// On purpose nothing.
    Nothing,
}

/// Asked on the worker's page after a high look. Any yes raises to P1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DangerQuestion {
    pub fact: Fact,
    pub text: Bilingual,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriorityRules {
    /// Any of these makes a tier 4 a P1.
    pub raised: Vec<Sign>,
    pub raised_to: Priority,
    pub otherwise: Priority,
    pub source: String,
}

/// A row of the band table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BandRow {
    pub id: String,
    pub scale: String,
    /// All must hold.
    pub when: Vec<Test>,
    pub tier: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_secs: Option<u32>,
    /// Another scale starts at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts: Option<String>,
    /// What else must be done, as codes: `refer`, `notify_authorities`, `follow_up_2_weeks`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    pub text: Bilingual,
    pub source: String,
}

/// One test. Scores that were not scored and items that were not answered fail every test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Test {
    Score(ScoreTest),
    AnyScore(AnyScoreTest),
    Item(ItemTest),
    Critical(CriticalTest),
    Fact(FactTest),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreTest {
    pub score: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ge: Option<Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gt: Option<Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub le: Option<Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lt: Option<Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub band: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnyScoreTest {
    pub any_score: Vec<String>,
    pub ge: Number,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lt: Option<Number>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemTest {
    pub item: String,
    pub ge: Number,
}

/// Is there any critical answer in this visit?
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CriticalTest {
    pub any_critical: bool,
}

/// Was this question answered with yes?
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactTest {
    pub fact: Fact,
}

/// Reliable worsening since the last comparable result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorseningRow {
    pub id: String,
    pub scale: String,
    pub score: String,
    pub by: Number,
    pub tier: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_secs: Option<u32>,
    pub text: Bilingual,
    pub source: String,
}

/// Several scales that reach a tier by their own rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeveralRow {
    pub scales: u16,
    pub reach: u8,
    pub tier: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_secs: Option<u32>,
    pub text: Bilingual,
    pub source: String,
}

/// Unknown is not safe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoubtfulRows {
    pub incomplete: DoubtfulRow,
    pub invalid: DoubtfulRow,
    pub careless: DoubtfulRow,
    /// A result of a scale that this policy does not speak of.
    pub unlisted: DoubtfulRow,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoubtfulRow {
    pub at_least: u8,
    pub reinvite: bool,
    pub text: Bilingual,
    pub source: String,
}

/// A high tier not long ago sets a floor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryRow {
    pub reached: u8,
    pub within_days: u16,
    pub floor: u8,
    pub same_owner: bool,
    pub text: Bilingual,
    pub source: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModifierRows {
    pub young: YoungRow,
    /// Only the highest applies.
    pub step_up: Vec<StepUpRow>,
}

/// For young people deadlines are shorter and others are involved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct YoungRow {
    pub below_age: u16,
    /// First contact of these tiers is divided by `divide_contact_by`.
    pub tiers: Vec<u8>,
    pub divide_contact_by: u32,
    /// Owner by tier, where it differs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub owners: BTreeMap<u8, Post>,
    /// Codes of protocols: `school_psychologist`, `guardian`, `statutory_report`.
    pub also: Vec<String>,
    pub text: Bilingual,
    pub source: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepUpRow {
    pub modifier: Modifier,
    pub tiers: Vec<u8>,
    pub steps: u8,
    /// Rows of these scales are not stepped up: they were made for this circumstance.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_for: Vec<String>,
    pub text: Bilingual,
    pub source: String,
}

/// What comes after first contact, and after an alarm was closed: a red is followed until it has an outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FollowUpRule {
    /// Below it an interview follows, where the tier has one.
    pub from_tier: u8,
    /// Takes over when an alarm is closed, and from a post that does not care for people over time.
    pub by: Post,
    /// In elapsed seconds from the contact or from the close of the alarm.
    pub after_secs: Vec<u32>,
    /// An outcome is due so long after the last one.
    pub outcome_secs: u32,
    pub if_missed: MissedRule,
    pub source: String,
}

/// When an item may be closed by one person alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClosingRule {
    pub second_person_from_tier: u8,
    pub second_person_for: Vec<Outcome>,
    /// Attempts on record before somebody counts as not to be reached.
    pub attempts: u16,
    pub source: String,
}

/// Imported as historical, or older than a screening may be: nothing rings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OldResults {
    pub older_than_secs: u32,
    pub review_from_tier: u8,
    pub review_by: Post,
    pub within_working_days: u16,
    pub text: Bilingual,
    pub source: String,
}
