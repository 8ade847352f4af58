//! What a person answered: by name as it arrives, by position as it is scored.

use super::definition::Code;
use crate::people::Sex;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::collections::BTreeMap;
use std::fmt;

/// What scoring needs to know about a person. Unknown is allowed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Respondent {
    #[serde(default)]
    pub sex: Option<Sex>,
    #[serde(default)]
    pub age: Option<u16>,
    #[serde(default)]
    pub education_years: Option<u16>,
}

impl Respondent {
    /// `None` if nobody knows.
    pub fn known_sex(&self) -> Option<Sex> {
        self.sex.filter(|sex| *sex != Sex::Unknown)
    }
}

/// Item id → answer, as it came in. Checked when it is scored.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Answers(pub BTreeMap<String, Given>);

/// Never prints answers.
impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answers({} items)", self.0.len())
    }
}

impl<'a, const N: usize> From<[(&'a str, i64); N]> for Answers {
    fn from(pairs: [(&'a str, i64); N]) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(item, code)| (item.to_owned(), Given::Code(Code::Number(code))))
                .collect(),
        )
    }
}

/// One answer as it came in.
#[derive(Clone, PartialEq, Eq)]
pub enum Given {
    Missing,
    Code(Code),
    /// A JSON value that can never be a code; kept so that the error can name the item.
    NotACode,
}

impl Serialize for Given {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Missing => serializer.serialize_none(),
            Self::Code(code) => code.serialize(serializer),
            Self::NotACode => Err(serde::ser::Error::custom("not an option code")),
        }
    }
}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(GivenVisitor)
    }
}

struct GivenVisitor;

impl<'de> de::Visitor<'de> for GivenVisitor {
    type Value = Given;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an option code or null")
    }
    fn visit_unit<E: de::Error>(self) -> Result<Given, E> {
        Ok(Given::Missing)
    }
    fn visit_none<E: de::Error>(self) -> Result<Given, E> {
        Ok(Given::Missing)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Given, D::Error> {
        deserializer.deserialize_any(self)
    }
    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Given, E> {
        Ok(Given::NotACode)
    }
    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Given, E> {
        Ok(Given::Code(Code::Number(value)))
    }
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Given, E> {
        Ok(i64::try_from(value).map_or(Given::NotACode, |value| Given::Code(Code::Number(value))))
    }
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Given, E> {
        Ok(whole(value).map_or(Given::NotACode, |value| Given::Code(Code::Number(value))))
    }
    fn visit_str<E: de::Error>(self, value: &str) -> Result<Given, E> {
        Ok(Given::Code(Code::Word(value.to_owned())))
    }
    fn visit_seq<A: de::SeqAccess<'de>>(self, mut values: A) -> Result<Given, A::Error> {
        while values.next_element::<de::IgnoredAny>()?.is_some() {}
        Ok(Given::NotACode)
    }
    fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<Given, A::Error> {
        while entries.next_entry::<de::IgnoredAny, de::IgnoredAny>()?.is_some() {}
        Ok(Given::NotACode)
    }
}

/// Spreadsheets and data frames write 2 as `2.0`.
pub(super) fn whole(value: f64) -> Option<i64> {
    let text = value.to_string();
    text.parse().ok()
}

/// An answer sheet in the order of the scale's items; reused from row to row.
#[derive(Clone, Default)]
pub struct AnswerSheet {
    pub(super) cells: Vec<Cell>,
}

impl AnswerSheet {
    /// All unanswered.
    pub fn new(items: usize) -> Self {
        Self { cells: vec![Cell::MISSING; items] }
    }

    pub fn clear(&mut self) {
        self.cells.fill(Cell::MISSING);
    }

    /// Answers an item by position with an option by position; see `Scale::item_index` and `Scale::option_index`.
    pub fn set(&mut self, item: usize, option: usize) {
        if let Some(cell) = self.cells.get_mut(item) {
            *cell = Cell::option(option);
        }
    }
}

/// The state of one item: an option by position, missing, or not asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell(u8);

impl Cell {
    pub const MISSING: Cell = Cell(u8::MAX);
    pub const HIDDEN: Cell = Cell(u8::MAX - 1);
    /// Options of one item: so many fit into a mask.
    pub const MOST_OPTIONS: usize = 64;

    pub fn option(index: usize) -> Self {
        match u8::try_from(index) {
            Ok(index) if usize::from(index) < Self::MOST_OPTIONS => Self(index),
            _ => Self::MISSING,
        }
    }

    pub const fn index(self) -> Option<usize> {
        if self.0 < Self::HIDDEN.0 { Some(self.0 as usize) } else { None }
    }
}

/// The one thing that is wrong with an answer. It names the item, never the answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{item}: {reason}")]
pub struct AnswerError {
    pub item: String,
    pub reason: AnswerReason,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerReason {
    #[error("the scale has no such item")]
    UnknownItem,
    #[error("an answer is an option code (a number or a word) or null")]
    WrongType,
    #[error("not an option; the codes are {codes}")]
    NotAnOption { codes: String },
    #[error("answered although it is not asked here")]
    Hidden,
    #[error("answered twice")]
    Twice,
    #[error("a time is a whole number of milliseconds")]
    BadTime,
}

impl AnswerReason {
    /// For programs: `unknown_item`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownItem => "unknown_item",
            Self::WrongType => "wrong_type",
            Self::NotAnOption { .. } => "not_an_option",
            Self::Hidden => "hidden",
            Self::Twice => "twice",
            Self::BadTime => "bad_time",
        }
    }
}

/// Names come from outside: enough to recognise, not enough to fill a log.
const LONGEST_NAME: usize = 40;

impl AnswerError {
    pub fn new(item: &str, reason: AnswerReason) -> Self {
        Self { item: item.chars().take(LONGEST_NAME).collect(), reason }
    }
}
