//! Golden cases: answers with what a person worked out from the paper. `scales/<code>/cases.jsonl`, one a line.

use super::{Answers, Level, Number, Respondent, Scale, Score, Scored, Status};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    #[serde(default)]
    pub person: Respondent,
    pub answers: Answers,
    pub expect: Expected,
}

/// Only what is written is compared.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    #[serde(default)]
    pub scores: BTreeMap<String, ExpectedScore>,
    /// All critical ids, strong ones too.
    pub critical: Option<Vec<String>>,
    pub strong: Option<Vec<String>>,
    pub next: Option<Vec<String>>,
    pub error: Option<ExpectedError>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedScore {
    #[serde(default)]
    pub value: Wanted<Number>,
    pub status: Option<Status>,
    #[serde(default)]
    pub band: Wanted<String>,
}

/// `null` is written too: it says that there is none.
#[derive(Debug, Clone, Default)]
pub enum Wanted<T> {
    #[default]
    Anything,
    Exactly(Option<T>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Wanted<T> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Option::<T>::deserialize(from).map(Self::Exactly)
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedError {
    pub item: String,
}

/// A case that did not come out as expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    pub line: usize,
    pub name: String,
    pub what: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub cases: usize,
    pub mismatches: Vec<Mismatch>,
}

/// Every line as a case, with its number.
pub(super) fn read(cases: &str) -> impl Iterator<Item = (usize, Result<Case, String>)> {
    (1..)
        .zip(cases.lines())
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| (number, serde_json::from_str(line).map_err(|error| error.to_string())))
}

/// Scores every case and compares.
pub fn run(scale: &Scale, cases: &str) -> Report {
    let mut report = Report::default();
    for (line, case) in read(cases) {
        report.cases += 1;
        let (name, differences) = match case {
            Ok(case) => {
                let differences = compare(scale, &case);
                (case.name, differences)
            }
            Err(error) => (String::new(), vec![error]),
        };
        report.mismatches.extend(differences.into_iter().map(|what| Mismatch {
            line,
            name: name.clone(),
            what,
        }));
    }
    report
}

fn compare(scale: &Scale, case: &Case) -> Vec<String> {
    let mut differences = Vec::new();
    match (scale.score(&case.person, &case.answers), &case.expect.error) {
        (Err(error), Some(expected)) if error.item == expected.item => {}
        (Err(error), _) => differences.push(format!("refused: {error}")),
        (Ok(_), Some(expected)) => differences.push(format!("{} should be refused", expected.item)),
        (Ok(scored), None) => compare_scored(&scored, &case.expect, &mut differences),
    }
    differences
}

fn compare_scored(scored: &Scored, expect: &Expected, differences: &mut Vec<String>) {
    for (id, expected) in &expect.scores {
        match scored.score(id) {
            Some(score) => compare_score(score, expected, differences),
            None => differences.push(format!("no score is called {id}")),
        }
    }
    let mut list = |what: &str, expected: &Option<Vec<String>>, mut got: Vec<String>| {
        if let Some(expected) = expected {
            let mut expected = expected.clone();
            expected.sort();
            got.sort();
            if *expected != *got {
                differences.push(format!("{what} is {got:?}, expected {expected:?}"));
            }
        }
    };
    let ids = |least: Level| {
        scored.critical().filter(|hit| hit.level >= least).map(|hit| hit.id.to_owned()).collect::<Vec<_>>()
    };
    list("critical", &expect.critical, ids(Level::Critical));
    list("strong", &expect.strong, ids(Level::Strong));
    list("next", &expect.next, scored.next().map(|rule| rule.start.clone()).collect());
}

fn compare_score(score: Score<'_>, expected: &ExpectedScore, differences: &mut Vec<String>) {
    let id = score.id;
    // A case writes four decimals, as the result does.
    let printed = |value: Option<Number>| value.map_or_else(|| "null".to_owned(), |value| value.to_string());
    if let Wanted::Exactly(value) = expected.value
        && printed(value) != printed(score.value)
    {
        differences.push(format!("{id} is {}, expected {}", printed(score.value), printed(value)));
    }
    if let Some(status) = expected.status
        && status != score.status
    {
        differences.push(format!("{id} is {}, expected {}", score.status.code(), status.code()));
    }
    if let Wanted::Exactly(band) = &expected.band
        && band.as_deref() != score.band
    {
        differences.push(format!("{id} has band {:?}, expected {band:?}", score.band));
    }
}
