//! A policy ready to use: checked, and its rows indexed by scale.

use super::document::{BandRow, CriticalRow, Document, WorseningRow};
use super::finding::Finding;
use super::lint::lint_document;
use crate::Timestamp;
use chrono::TimeDelta;
use std::ops::Range;

/// A checked policy. A document with an error never becomes one.
#[derive(Debug, Clone)]
pub struct Policy {
    document: Document,
    reference: String,
    /// Sorted by code.
    scales: Vec<ScaleRules>,
}

/// The rows of one scale, as runs in the sorted lists of the document.
#[derive(Debug, Clone)]
struct ScaleRules {
    code: String,
    bands: Range<usize>,
    critical: Range<usize>,
    worsening: Range<usize>,
}

/// What the policy says of one scale.
#[derive(Debug, Clone, Copy)]
pub(super) struct RulesFor<'p> {
    pub bands: &'p [BandRow],
    pub critical: &'p [CriticalRow],
    pub worsening: &'p [WorseningRow],
}

impl Policy {
    /// Reads a policy. One with an error does not load, and the findings say why.
    pub fn parse(json: &str) -> Result<Self, Vec<Finding>> {
        let document: Document =
            serde_json::from_str(json).map_err(|error| vec![Finding::unreadable(&error)])?;
        Self::compile(document)
    }

    pub fn compile(mut document: Document) -> Result<Self, Vec<Finding>> {
        let errors: Vec<Finding> = lint_document(&document).into_iter().filter(Finding::is_error).collect();
        if !errors.is_empty() {
            return Err(errors);
        }
        // stable: within a scale the author's order stays
        document.bands.sort_by(|a, b| a.scale.cmp(&b.scale));
        document.critical.sort_by(|a, b| a.scale.cmp(&b.scale));
        document.worsening.sort_by(|a, b| a.scale.cmp(&b.scale));
        let mut codes: Vec<String> = document
            .bands
            .iter()
            .map(|row| &row.scale)
            .chain(document.critical.iter().map(|row| &row.scale))
            .chain(document.worsening.iter().map(|row| &row.scale))
            .chain([&document.second_look.scale, &document.second_look.younger.scale])
            .cloned()
            .collect();
        codes.sort_unstable();
        codes.dedup();
        let scales = codes.into_iter().map(|code| ScaleRules::of(code, &document)).collect();
        let reference = format!("{}@{}", document.id, document.version);
        Ok(Self { document, reference, scales })
    }

    /// `id@version`, stored with every suggestion.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// As written, its rows sorted by scale.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Does any row speak of this scale?
    pub fn speaks_of(&self, scale: &str) -> bool {
        self.rules(scale).is_some()
    }

    /// May a result of that moment still ring? Historical ones never do.
    pub fn rings(&self, is_historical: bool, finished_at: Timestamp, now: Timestamp) -> bool {
        let old = TimeDelta::seconds(i64::from(self.document.old_results.older_than_secs));
        !is_historical && now - finished_at <= old
    }

    /// Was the person seen face to face recently enough to be found where they were?
    pub fn is_seen_recently(&self, seen_at: Timestamp, now: Timestamp) -> bool {
        now - seen_at <= TimeDelta::seconds(i64::from(self.document.second_look.recent_secs))
    }

    /// The second look for somebody of this age.
    pub fn look_for(&self, age: Option<u16>) -> &str {
        let look = &self.document.second_look;
        if age.is_some_and(|age| age < look.younger.below_age) { &look.younger.scale } else { &look.scale }
    }

    /// Is the scale a second look? Then its own critical answers are the look, not a reason for one.
    pub(super) fn is_look(&self, scale: &str) -> bool {
        let look = &self.document.second_look;
        scale == look.scale || scale == look.younger.scale
    }

    pub(super) fn rules(&self, scale: &str) -> Option<RulesFor<'_>> {
        let position = self.scales.binary_search_by(|rules| rules.code.as_str().cmp(scale)).ok()?;
        let rules = &self.scales[position];
        Some(RulesFor {
            bands: &self.document.bands[rules.bands.clone()],
            critical: &self.document.critical[rules.critical.clone()],
            worsening: &self.document.worsening[rules.worsening.clone()],
        })
    }
}

impl ScaleRules {
    fn of(code: String, document: &Document) -> Self {
        Self {
            bands: run(&document.bands, |row| &row.scale, &code),
            critical: run(&document.critical, |row| &row.scale, &code),
            worsening: run(&document.worsening, |row| &row.scale, &code),
            code,
        }
    }
}

fn run<T>(rows: &[T], scale: impl Fn(&T) -> &String, code: &str) -> Range<usize> {
    let start = rows.partition_point(|row| scale(row).as_str() < code);
    let end = rows.partition_point(|row| scale(row).as_str() <= code);
    start..end
}
