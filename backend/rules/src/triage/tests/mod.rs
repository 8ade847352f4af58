//! The default policy, row by row, and what must hold for every case.

mod bands;
mod look;
mod policy;
mod properties;
mod schema;
mod suggestion;

use super::{Case, CaseResult, Policy, StoredCritical, StoredResult, StoredScore, Suggestion, suggest};
use crate::scale::{Answers, Level, Number, Respondent, Scale, Status};
use std::sync::LazyLock;

pub const DEFAULT: &str = include_str!("../../../policies/triage/default/1.0.0.json");
pub const HOUR: u32 = 3600;

pub static POLICY: LazyLock<Policy> = LazyLock::new(|| Policy::parse(DEFAULT).unwrap());

pub const SCALES: [&str; 14] = [
    include_str!("../../../../../scales/phq9/1.0.0.json"),
    include_str!("../../../../../scales/phq2/1.0.0.json"),
    include_str!("../../../../../scales/phq15/1.0.0.json"),
    include_str!("../../../../../scales/gad7/1.0.0.json"),
    include_str!("../../../../../scales/gad2/1.0.0.json"),
    include_str!("../../../../../scales/pcl5/1.0.0.json"),
    include_str!("../../../../../scales/pclc/1.0.0.json"),
    include_str!("../../../../../scales/cesd/1.0.0.json"),
    include_str!("../../../../../scales/gds15/1.0.0.json"),
    include_str!("../../../../../scales/epds/1.0.0.json"),
    include_str!("../../../../../scales/audit/1.0.0.json"),
    include_str!("../../../../../scales/cage/1.0.0.json"),
    include_str!("../../../../../scales/c_ssrs_screener/1.0.0.json"),
    include_str!("../../../../../scales/asq/1.0.0.json"),
];

pub fn shipped_scales() -> impl Iterator<Item = Scale> {
    SCALES.into_iter().map(|json| Scale::parse(json).unwrap())
}

/// A result as stored, built by its scores.
pub fn result(code: &str, scores: &[(&str, i64)]) -> StoredResult {
    let scores = scores.iter().map(|(id, value)| {
        let score = StoredScore { value: Some(Number::whole(*value)), status: Status::Scored, band: None };
        ((*id).to_owned(), score)
    });
    StoredResult {
        code: code.to_owned(),
        version: "1.0.0".to_owned(),
        scores: scores.collect(),
        ..Default::default()
    }
}

pub fn total(code: &str, value: i64) -> StoredResult {
    result(code, &[("total", value)])
}

impl StoredResult {
    #[must_use]
    pub fn item(mut self, id: &str, value: i64) -> Self {
        self.items.insert(id.to_owned(), Some(Number::whole(value)));
        self
    }

    #[must_use]
    pub fn critical(mut self, id: &str, level: Level) -> Self {
        self.critical.push(StoredCritical { id: id.to_owned(), level });
        self
    }

    #[must_use]
    pub fn status(mut self, status: Status) -> Self {
        for score in self.scores.values_mut() {
            *score = StoredScore { value: None, status, band: None };
        }
        self
    }
}

/// PHQ-9 with this total and this answer to item 9.
pub fn phq9(value: i64, q9: i64) -> StoredResult {
    total("phq9", value).item("q9", q9)
}

/// The C-SSRS screener with these items answered yes and all others no.
pub fn c_ssrs(yes: &[&str]) -> CaseResult {
    look("c_ssrs_screener", &["q1", "q2", "q3", "q4", "q5", "q6", "q6a"], yes)
}

pub fn asq(yes: &[&str]) -> CaseResult {
    look("asq", &["q1", "q2", "q3", "q4", "q5"], yes)
}

fn look(code: &str, items: &[&str], yes: &[&str]) -> CaseResult {
    let answered = items
        .iter()
        .fold(result(code, &[("level", 0)]), |result, item| result.item(item, i64::from(yes.contains(item))));
    answered.into()
}

/// Scored with the shipped definition.
pub fn scored(code: &str, answers: &[(&str, i64)]) -> CaseResult {
    let scale = shipped_scales().find(|scale| scale.code() == code).unwrap();
    let mut given = Answers::default();
    for (item, value) in answers {
        let one = Answers::from([(*item, *value)]);
        given.0.extend(one.0);
    }
    scale.score(&Respondent::default(), &given).unwrap().into()
}

pub fn visit(results: impl IntoIterator<Item = impl Into<CaseResult>>) -> Case {
    Case { results: results.into_iter().map(Into::into).collect(), live: true, ..Case::default() }
}

pub fn ask(case: &Case) -> Suggestion {
    suggest(&POLICY, case)
}

pub fn rows(suggestion: &Suggestion) -> Vec<&str> {
    suggestion.reasons.iter().map(|reason| reason.row.as_str()).collect()
}
