//! What came of an import: counts, tiers, and each row that was left out with its reason.

use super::columns::{Columns, Fact, FoundBy};
use super::rows::Refusal;
use super::table::Table;
use crate::screening::campaigns::NewCampaign;
use rules::scale::Scale;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use utoipa::ToSchema;
use uuid::Uuid;

/// So many rows that were left out are listed; all are counted.
const MAX_LISTED: usize = 1_000;
const SHOWN_IN_TEXT: usize = 50;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Report {
    /// Nothing was written: this is what would come of it.
    pub is_dry_run: bool,
    pub campaign_id: Uuid,
    pub campaign_title: String,
    pub is_new_campaign: bool,
    /// `pclc@1.0.0`
    pub scale: String,
    pub encoding: &'static str,
    pub columns_found_by: FoundBy,
    /// `q1` ← `intrusion`
    pub columns: BTreeMap<String, String>,
    /// Rows with something in them, without the header.
    pub rows: usize,
    pub accepted: usize,
    /// Brought in before, or twice in this file.
    pub duplicate: usize,
    pub rejected: usize,
    /// Suggested tier → accepted rows.
    pub tiers: BTreeMap<u8, usize>,
    /// Of these, how many stand on the review list and how many alarms rang.
    pub to_review: usize,
    pub alarms: usize,
    pub new_persons: usize,
    /// Rows with a score that could not be made because an answer is missing.
    pub incomplete: usize,
    /// Answers to questions that are not asked of the person, left out.
    pub blanked: usize,
    /// What a reader should know.
    pub notes: Vec<String>,
    pub rejections: Vec<Rejection>,
}

/// A row that was left out. The number is the spreadsheet's: the header is row 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Rejection {
    pub row: usize,
    pub field: String,
    pub reason: String,
}

impl Report {
    pub fn begin(
        campaign: &NewCampaign,
        is_new_campaign: bool,
        scale: &Scale,
        columns: &Columns,
        table: &Table,
    ) -> Self {
        Self {
            is_dry_run: true,
            campaign_id: campaign.id.0,
            campaign_title: campaign.title.clone(),
            is_new_campaign,
            scale: format!("{}@{}", scale.code(), scale.version()),
            encoding: table.encoding,
            columns_found_by: columns.found_by,
            columns: columns.named(scale, &table.header),
            rows: table.lines.len(),
            accepted: 0,
            duplicate: 0,
            rejected: 0,
            tiers: BTreeMap::new(),
            to_review: 0,
            alarms: 0,
            new_persons: 0,
            incomplete: 0,
            blanked: 0,
            notes: notes(columns),
            rejections: Vec::new(),
        }
    }

    pub fn accept(&mut self, tier: u8, to_review: bool, rings: bool) {
        self.accepted += 1;
        *self.tiers.entry(tier).or_default() += 1;
        self.to_review += usize::from(to_review);
        self.alarms += usize::from(rings);
    }

    pub fn reject(&mut self, row: usize, refusal: Refusal) {
        self.rejected += 1;
        if self.rejections.len() < MAX_LISTED {
            self.rejections.push(Rejection { row, field: refusal.field, reason: refusal.reason });
        }
    }
}

fn notes(columns: &Columns) -> Vec<String> {
    let mut notes = Vec::new();
    if columns.found_by == FoundBy::Position {
        notes.push("no column is called like an item: the columns were taken in their order".to_owned());
    }
    if !columns.has(Fact::Id) {
        notes.push(
            "without an id column a row is known by its place in this file: a changed file is a new one"
                .to_owned(),
        );
    }
    if !columns.has(Fact::Name) {
        notes.push("without names every row is an anonymous person of its own".to_owned());
    }
    if columns.has(Fact::Age) && !columns.has(Fact::BirthDate) {
        notes.push("from an age only an approximate birth date is known".to_owned());
    }
    notes
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = if self.is_dry_run { "dry run, nothing written" } else { "imported" };
        writeln!(f, "{title}: {} → {} ({})", self.scale, self.campaign_title, self.campaign_id)?;
        writeln!(
            f,
            "  rows       {:>7}   {}, columns found by {}",
            self.rows,
            self.encoding,
            self.found_by()
        )?;
        let Self { accepted, new_persons, incomplete, .. } = self;
        writeln!(
            f,
            "  accepted   {accepted:>7}   {new_persons} new persons, {incomplete} rows not complete"
        )?;
        writeln!(f, "  duplicate  {:>7}", self.duplicate)?;
        writeln!(f, "  rejected   {:>7}", self.rejected)?;
        write!(f, "  tiers     ")?;
        for (tier, count) in &self.tiers {
            write!(f, "  {tier}: {count}")?;
        }
        writeln!(f)?;
        writeln!(f, "  to review  {:>7}   alarms {}", self.to_review, self.alarms)?;
        for note in &self.notes {
            writeln!(f, "  note: {note}")?;
        }
        for rejection in self.rejections.iter().take(SHOWN_IN_TEXT) {
            writeln!(f, "  row {}: {}: {}", rejection.row, rejection.field, rejection.reason)?;
        }
        if self.rejected > SHOWN_IN_TEXT {
            writeln!(f, "  … and {} more rejected rows", self.rejected - SHOWN_IN_TEXT)?;
        }
        Ok(())
    }
}

impl Report {
    const fn found_by(&self) -> &'static str {
        match self.columns_found_by {
            FoundBy::Map => "map",
            FoundBy::Name => "name",
            FoundBy::Position => "position",
        }
    }
}
