//! Questionnaires: what a scale file says, whether it may be used, and what a person's answers come to.
//!
//! `definition` is the file, `plan` and `operation` the same bound to positions, `score` the arithmetic, `scored` the
//! result, `trace` its explanation, `wire` its JSON. The format is explained in `docs/clinical/scale-format.md`.

mod answers;
mod at_least;
mod columns;
mod condition;
pub mod definition;
mod finding;
pub mod golden;
mod hash;
mod library;
mod lint;
pub mod number;
mod operation;
mod plan;
mod quality;
mod reach;
mod row;
mod score;
mod scored;
mod trace;
pub mod wire;

pub use answers::{AnswerError, AnswerReason, AnswerSheet, Answers, Given, Respondent};
pub use columns::{Columns, HeaderError};
pub use definition::Definition;
pub use finding::{Finding, Weight};
pub use library::{Library, LibraryError};
pub use lint::lint;
pub use number::{NotANumber, Number, Rounding};
pub use plan::Status;
pub use quality::{ItemTimes, Quality, QualityFlag};
pub use row::{Row, RowError, RowReader};
pub use scored::{Critical, Level, Score, Scored};
pub use trace::Trace;

use condition::Read;
use plan::Plan;
use std::fmt;
use std::sync::Arc;

/// A checked definition, ready to score. Cloning shares it.
#[derive(Clone)]
pub struct Scale {
    plan: Arc<Plan>,
}

impl fmt::Debug for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scale({}@{})", self.code(), self.version())
    }
}

impl Scale {
    /// Reads a scale file and checks all that must hold to score with it.
    pub fn parse(json: &str) -> Result<Scale, Vec<Finding>> {
        let unreadable = |error: &dyn fmt::Display| {
            vec![Finding { weight: Weight::Blocking, path: String::new(), message: error.to_string() }]
        };
        let document: serde_json::Value = serde_json::from_str(json).map_err(|error| unreadable(&error))?;
        let definition: Definition = serde_json::from_str(json).map_err(|error| unreadable(&error))?;
        let plan = Plan::bind(definition, hash::canonical(&document))?;
        Ok(Scale { plan: Arc::new(plan) })
    }

    pub fn code(&self) -> &str {
        &self.plan.definition.code
    }

    pub fn version(&self) -> &str {
        &self.plan.definition.version
    }

    /// SHA-256 (hex) of the document with its keys sorted: whoever has the same hash scores the same.
    pub fn hash(&self) -> &str {
        &self.plan.hash
    }

    /// The document to hand on: whoever reads it gets the same hash.
    pub fn json(&self) -> &str {
        &self.plan.json
    }

    pub fn definition(&self) -> &Definition {
        &self.plan.definition
    }

    pub fn score(&self, who: &Respondent, answers: &Answers) -> Result<Scored, AnswerError> {
        self.score_timed(who, answers, &ItemTimes::new())
    }

    /// Also looks at how long each item was on the screen.
    pub fn score_timed(
        &self,
        who: &Respondent,
        answers: &Answers,
        times: &ItemTimes,
    ) -> Result<Scored, AnswerError> {
        let mut sheet = self.sheet(answers)?;
        let mut answered = Vec::with_capacity(times.len());
        for (id, ms) in times {
            let item = self.item_index(id).ok_or_else(|| AnswerError::new(id, AnswerReason::UnknownItem))?;
            if sheet.cells[item].index().is_some() {
                answered.push(*ms);
            }
        }
        self.score_on(who, &mut sheet, quality::median(answered))
    }

    /// The items to ask, in order, given the answers so far.
    pub fn asked(&self, who: &Respondent, answers: &Answers) -> Result<Vec<&str>, AnswerError> {
        let mut sheet = self.sheet(answers)?;
        let asked = score::asked(&self.plan, who, &mut sheet);
        Ok(asked.into_iter().map(|at| self.plan.definition.items[at].id.as_str()).collect())
    }

    /// The fast path: answers already by position.
    pub fn score_sheet(&self, who: &Respondent, sheet: &mut AnswerSheet) -> Result<Scored, AnswerError> {
        sheet.cells.resize(self.plan.items.len(), answers::Cell::MISSING);
        self.score_on(who, sheet, None)
    }

    fn score_on(
        &self,
        who: &Respondent,
        sheet: &mut AnswerSheet,
        median_ms: Option<u32>,
    ) -> Result<Scored, AnswerError> {
        let outcome = score::score(&self.plan, who, sheet, median_ms)?;
        Ok(Scored::new(Arc::clone(&self.plan), *who, sheet.cells.as_slice().into(), outcome))
    }

    /// An unanswered sheet.
    pub fn blank_sheet(&self) -> AnswerSheet {
        AnswerSheet::new(self.plan.items.len())
    }

    /// Answers by position.
    pub fn sheet(&self, answers: &Answers) -> Result<AnswerSheet, AnswerError> {
        let mut sheet = self.blank_sheet();
        for (id, given) in &answers.0 {
            let item = self.item_index(id).ok_or_else(|| AnswerError::new(id, AnswerReason::UnknownItem))?;
            let option = match given {
                Given::Missing => continue,
                Given::NotACode => return Err(AnswerError::new(id, AnswerReason::WrongType)),
                Given::Code(definition::Code::Number(code)) => self.plan.items[item].option_by_number(*code),
                Given::Code(definition::Code::Word(code)) => self.plan.items[item].option_by_text(code),
            };
            let option = option.ok_or_else(|| self.not_an_option(item))?;
            sheet.set(item, option);
        }
        Ok(sheet)
    }

    pub fn item_index(&self, id: &str) -> Option<usize> {
        match self.plan.names.find(id)? {
            Read::Item(item) => Some(usize::from(item)),
            Read::Score(_) | Read::Person => None,
        }
    }

    /// As `item_index`, looking first where the item is expected.
    fn item_index_near(&self, id: &str, guess: usize) -> Option<usize> {
        match self.plan.definition.items.get(guess) {
            Some(item) if item.id == id => Some(guess),
            _ => self.item_index(id),
        }
    }

    /// The position of an option by its numeric code.
    pub fn option_index(&self, item: usize, code: i64) -> Option<usize> {
        self.plan.items.get(item)?.option_by_number(code)
    }

    fn not_an_option(&self, item: usize) -> AnswerError {
        let codes: Vec<String> = self.plan.items[item]
            .options
            .iter()
            .map(|option| match &option.code {
                definition::Code::Number(code) => code.to_string(),
                definition::Code::Word(word) => word.clone(),
            })
            .collect();
        let reason = AnswerReason::NotAnOption { codes: codes.join(", ") };
        AnswerError::new(&self.plan.definition.items[item].id, reason)
    }
}

#[cfg(test)]
mod tests;
