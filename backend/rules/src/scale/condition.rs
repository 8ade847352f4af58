//! Yes, no or unknown: conditions bound to positions, so that asking costs a few instructions.

use super::answers::{Cell, Respondent};
use super::definition::{Code, Condition, Literal, Test};
use super::finding::Findings;
use super::number::Number;
use super::plan::{Names, PlanItem, ScoreCell};
use crate::people::Sex;

#[derive(Debug, Clone)]
pub(super) enum Bound {
    /// True for the options in the mask.
    Item {
        item: u16,
        options: u64,
    },
    Answered {
        item: u16,
    },
    Score {
        score: u16,
        test: Test,
    },
    Sex(Sex),
    Age(Test),
    EducationYears(Test),
    All(Vec<Bound>),
    Any(Vec<Bound>),
    Not(Box<Bound>),
}

/// Everything a condition may look at.
pub(super) struct Facts<'a> {
    pub who: &'a Respondent,
    pub cells: &'a [Cell],
    pub scores: &'a [ScoreCell],
}

impl Bound {
    /// `None`: unknown.
    pub fn holds(&self, facts: &Facts<'_>) -> Option<bool> {
        match self {
            Self::Item { item, options } => match facts.cells[usize::from(*item)] {
                Cell::MISSING => None,
                Cell::HIDDEN => Some(false),
                cell => Some(cell.index().is_some_and(|option| options & (1 << option) != 0)),
            },
            Self::Answered { item } => Some(facts.cells[usize::from(*item)].index().is_some()),
            Self::Score { score, test } => facts
                .scores
                .get(usize::from(*score))
                .and_then(|cell| cell.value)
                .map(|value| test.passes(value)),
            Self::Sex(sex) => facts.who.known_sex().map(|known| known == *sex),
            Self::Age(test) => facts.who.age.map(|years| test.passes(i64::from(years).into())),
            Self::EducationYears(test) => {
                facts.who.education_years.map(|years| test.passes(i64::from(years).into()))
            }
            Self::All(parts) => combined(parts, facts, false),
            Self::Any(parts) => combined(parts, facts, true),
            Self::Not(part) => part.holds(facts).map(|holds| !holds),
        }
    }

    /// Calls `see` with every item and `see_score` with every score it reads.
    pub fn reads(&self, see: &mut dyn FnMut(Read)) {
        match self {
            Self::Item { item, .. } | Self::Answered { item } => see(Read::Item(*item)),
            Self::Score { score, .. } => see(Read::Score(*score)),
            Self::Sex(_) | Self::Age(_) | Self::EducationYears(_) => see(Read::Person),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.reads(see)),
            Self::Not(part) => part.reads(see),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    Item(u16),
    Score(u16),
    Person,
}

/// `deciding`: the value that settles it whatever the others are (true for any, false for all).
fn combined(parts: &[Bound], facts: &Facts<'_>, deciding: bool) -> Option<bool> {
    let mut unknown = false;
    for part in parts {
        match part.holds(facts) {
            Some(holds) if holds == deciding => return Some(deciding),
            Some(_) => {}
            None => unknown = true,
        }
    }
    if unknown { None } else { Some(!deciding) }
}

impl Test {
    pub fn passes(&self, value: Number) -> bool {
        match self {
            Self::Eq(limit) => value == *limit,
            Self::Ge(limit) => value >= *limit,
            Self::Gt(limit) => value > *limit,
            Self::Le(limit) => value <= *limit,
            Self::Lt(limit) => value < *limit,
            Self::In(values) => values.contains(&value),
        }
    }
}

/// What a condition may name at the place where it stands.
pub(super) struct Scope<'a> {
    pub names: &'a Names,
    pub items: &'a [PlanItem],
    /// Only the first so many items and scores are above.
    pub items_above: usize,
    pub scores_above: usize,
}

/// Wanted of an operand: numbers by a test, words by being one of them.
enum Wanted<'a> {
    Test(Test),
    Words(Vec<&'a str>),
}

impl Scope<'_> {
    /// Binds a condition; what is wrong goes to `findings`.
    pub fn bind(&self, condition: &Condition, path: &str, findings: &mut Findings) -> Option<Bound> {
        let several = |parts: &[Condition], findings: &mut Findings| -> Option<Vec<Bound>> {
            if parts.is_empty() {
                findings.add(path, "all and any need at least one part");
            }
            parts.iter().map(|part| self.bind(part, path, findings)).collect()
        };
        match condition {
            Condition::Eq(operand, literal) => self.compare(operand, equal_to(literal), path, findings),
            Condition::Ne(operand, literal) => {
                let equal = self.compare(operand, equal_to(literal), path, findings)?;
                Some(Bound::Not(Box::new(equal)))
            }
            Condition::Ge(operand, value) => {
                self.compare(operand, Wanted::Test(Test::Ge(*value)), path, findings)
            }
            Condition::Gt(operand, value) => {
                self.compare(operand, Wanted::Test(Test::Gt(*value)), path, findings)
            }
            Condition::Le(operand, value) => {
                self.compare(operand, Wanted::Test(Test::Le(*value)), path, findings)
            }
            Condition::Lt(operand, value) => {
                self.compare(operand, Wanted::Test(Test::Lt(*value)), path, findings)
            }
            Condition::In(operand, literals) => {
                let Some(wanted) = one_of(literals) else {
                    findings.add(path, "a list of `in` holds numbers or words, not both, and is not empty");
                    return None;
                };
                self.compare(operand, wanted, path, findings)
            }
            Condition::Answered(id) => {
                let item = self.item(id, path, findings)?;
                Some(Bound::Answered { item })
            }
            Condition::All(parts) => several(parts, findings).map(Bound::All),
            Condition::Any(parts) => several(parts, findings).map(Bound::Any),
            Condition::Not(part) => self.bind(part, path, findings).map(|bound| Bound::Not(Box::new(bound))),
        }
    }

    fn compare(
        &self,
        operand: &str,
        wanted: Wanted<'_>,
        path: &str,
        findings: &mut Findings,
    ) -> Option<Bound> {
        match (operand, wanted) {
            ("person.age", Wanted::Test(test)) => Some(Bound::Age(test)),
            ("person.education_years", Wanted::Test(test)) => Some(Bound::EducationYears(test)),
            ("person.sex", Wanted::Words(words)) => {
                let sexes: Option<Vec<Bound>> = words
                    .iter()
                    .map(|word| match *word {
                        "F" => Some(Bound::Sex(Sex::F)),
                        "M" => Some(Bound::Sex(Sex::M)),
                        _ => None,
                    })
                    .collect();
                if sexes.is_none() {
                    findings.add(path, "person.sex is compared with \"F\" or \"M\"");
                }
                sexes.map(Bound::Any)
            }
            (_, wanted) => match (operand.strip_prefix("raw."), self.names.find(operand)) {
                (Some(id), _) => self.option_mask(id, &wanted, true, path, findings),
                (None, Some(Read::Score(score))) if usize::from(score) < self.scores_above => match wanted {
                    Wanted::Test(test) => Some(Bound::Score { score, test }),
                    Wanted::Words(_) => {
                        findings.add(path, format!("{operand} is a number; compare it with one"));
                        None
                    }
                },
                (None, Some(Read::Score(_))) => {
                    findings.add(path, format!("the score {operand} does not stand above"));
                    None
                }
                _ => self.option_mask(operand, &wanted, false, path, findings),
            },
        }
    }

    /// The options of an item for which a comparison is true.
    fn option_mask(
        &self,
        id: &str,
        wanted: &Wanted<'_>,
        raw: bool,
        path: &str,
        findings: &mut Findings,
    ) -> Option<Bound> {
        let item = self.item(id, path, findings)?;
        let mut options = 0;
        for (index, option) in self.items[usize::from(item)].options.iter().enumerate() {
            let matches = match (wanted, raw, &option.code) {
                (Wanted::Test(test), true, Code::Number(code)) => test.passes(Number::whole(*code)),
                (Wanted::Words(words), true, Code::Word(code)) => words.contains(&code.as_str()),
                (Wanted::Test(test), false, _) => option.value.is_some_and(|value| test.passes(value)),
                (Wanted::Test(_), true, Code::Word(_)) | (Wanted::Words(_), true, Code::Number(_)) => false,
                (Wanted::Words(_), false, _) => {
                    findings.add(path, format!("{id} is a number; a word is compared with raw.{id}"));
                    return None;
                }
            };
            if matches {
                options |= 1 << index;
            }
        }
        if options == 0 {
            findings.add(path, format!("no option of {id} can make this true"));
        }
        Some(Bound::Item { item, options })
    }

    fn item(&self, id: &str, path: &str, findings: &mut Findings) -> Option<u16> {
        match self.names.find(id) {
            Some(Read::Item(item)) if usize::from(item) < self.items_above => Some(item),
            Some(Read::Item(_)) => {
                findings.add(path, format!("the item {id} does not stand above"));
                None
            }
            _ => {
                findings.add(path, format!("nothing is called {id}"));
                None
            }
        }
    }
}

fn equal_to(literal: &Literal) -> Wanted<'_> {
    match literal {
        Literal::Number(value) => Wanted::Test(Test::Eq(*value)),
        Literal::Word(word) => Wanted::Words(vec![word]),
    }
}

fn one_of(literals: &[Literal]) -> Option<Wanted<'_>> {
    let numbers: Vec<Number> = literals.iter().filter_map(Literal::number).collect();
    let words: Vec<&str> = literals.iter().filter_map(Literal::word).collect();
    match (numbers.is_empty(), words.is_empty()) {
        (false, true) => Some(Wanted::Test(Test::In(numbers))),
        (true, false) => Some(Wanted::Words(words)),
        _ => None,
    }
}

impl Literal {
    fn number(&self) -> Option<Number> {
        match self {
            Self::Number(value) => Some(*value),
            Self::Word(_) => None,
        }
    }

    fn word(&self) -> Option<&str> {
        match self {
            Self::Number(_) => None,
            Self::Word(word) => Some(word),
        }
    }
}
