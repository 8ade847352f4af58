//! One row of answers as JSON, read straight onto an answer sheet: no maps, no copies.

use super::answers::{AnswerError, AnswerReason, AnswerSheet, Cell, Respondent, whole};
use super::quality::median;
use super::{Scale, Scored};
use crate::people::Sex;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;
use std::fmt;
use std::marker::PhantomData;

/// `{"id":…,"person":{…},"answers":{…},"item_ms":{…}}`; other keys are passed over. Reused from row to row.
#[derive(Default)]
pub struct Row {
    /// The id as it was written, JSON; empty if there was none.
    pub id: String,
    pub who: Respondent,
    pub sheet: AnswerSheet,
    times: Vec<(usize, u32)>,
    pub(super) had_answers: bool,
    error: Option<RowError>,
}

/// Why a row cannot be scored. Names a place in the row, never an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    #[error("{what} at column {column}")]
    NotReadable { what: &'static str, column: usize },
    #[error("the line has {found} cells, the header {expected}")]
    CellCount { found: usize, expected: usize },
    #[error("the line is longer than {most} bytes")]
    TooLong { most: usize },
    #[error("the line is not UTF-8")]
    NotUtf8,
    #[error("a quote is not closed, or does not enclose its cell")]
    Quotes,
    #[error("there is no `answers`")]
    NoAnswers,
    #[error("{field}: {reason}")]
    Person { field: &'static str, reason: &'static str },
    #[error(transparent)]
    Answer(#[from] AnswerError),
}

impl RowError {
    /// The parser's own words may repeat what stands in the row, so they are not used.
    fn not_readable(error: &serde_json::Error) -> Self {
        let what = match error.classify() {
            Category::Syntax => "this is not JSON",
            Category::Eof => "the JSON breaks off",
            Category::Data | Category::Io => "not an object with id, person and answers",
        };
        Self::NotReadable { what, column: error.column() }
    }

    /// For programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotReadable { .. } | Self::CellCount { .. } | Self::NotUtf8 | Self::Quotes => {
                "not_readable"
            }
            Self::TooLong { .. } => "too_long",
            Self::NoAnswers => "no_answers",
            Self::Person { .. } => "person",
            Self::Answer(error) => error.reason.code(),
        }
    }

    /// The item, or the field of the person.
    pub fn item(&self) -> Option<&str> {
        match self {
            Self::Person { field, .. } => Some(field),
            Self::Answer(error) => Some(&error.item),
            Self::NotReadable { .. }
            | Self::CellCount { .. }
            | Self::NotUtf8
            | Self::Quotes
            | Self::TooLong { .. }
            | Self::NoAnswers => None,
        }
    }
}

/// Reads rows for one scale.
pub struct RowReader<'s> {
    pub(super) scale: &'s Scale,
    pub(super) row: Row,
}

impl<'s> RowReader<'s> {
    pub fn new(scale: &'s Scale) -> Self {
        Self { scale, row: Row { sheet: scale.blank_sheet(), ..Row::default() } }
    }

    /// The row read last: even of a broken one what could be read, so that its id can be named.
    pub const fn row(&self) -> &Row {
        &self.row
    }

    /// Reads and scores one row.
    pub fn score(&mut self, json: &[u8]) -> Result<Scored, RowError> {
        self.begin();
        let row = &mut self.row;
        let mut from = serde_json::Deserializer::from_slice(json);
        let read = RowSeed { scale: self.scale, row }.deserialize(&mut from).and_then(|()| from.end());
        if let Err(error) = read {
            return Err(RowError::not_readable(&error));
        }
        self.score_row()
    }

    /// Forgets the last row.
    pub(super) fn begin(&mut self) {
        let row = &mut self.row;
        row.id.clear();
        row.who = Respondent::default();
        row.sheet.clear();
        row.times.clear();
        row.had_answers = false;
        row.error = None;
    }

    /// Scores a row whose parts were set one by one.
    pub(super) fn score_row(&mut self) -> Result<Scored, RowError> {
        let row = &mut self.row;
        if let Some(error) = row.error.take() {
            return Err(error);
        }
        if !row.had_answers {
            return Err(RowError::NoAnswers);
        }
        let answered = row.times.iter().filter(|(item, _)| row.sheet.cells[*item].index().is_some());
        let middle = median(answered.map(|(_, ms)| *ms).collect());
        Ok(self.scale.score_on(&row.who, &mut row.sheet, middle)?)
    }
}

struct RowSeed<'r> {
    scale: &'r Scale,
    row: &'r mut Row,
}

impl Row {
    /// The first thing that is wrong is the one that is told.
    pub(super) fn fail(&mut self, error: impl Into<RowError>) {
        self.error.get_or_insert(error.into());
    }
}

impl<'de> DeserializeSeed<'de> for RowSeed<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

enum RowKey {
    Id,
    Person,
    Answers,
    ItemMs,
    Other,
}

impl<'de> Visitor<'de> for RowSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with id, person and answers")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let key = || {
            key_of(|name| match name {
                "id" => RowKey::Id,
                "person" => RowKey::Person,
                "answers" => RowKey::Answers,
                "item_ms" => RowKey::ItemMs,
                _ => RowKey::Other,
            })
        };
        while let Some(key) = map.next_key_seed(key())? {
            match key {
                RowKey::Id => {
                    let id: &RawValue = map.next_value()?;
                    self.row.id.clear();
                    self.row.id.push_str(id.get());
                }
                RowKey::Person => map.next_value_seed(PersonSeed { row: self.row })?,
                RowKey::Answers => {
                    map.next_value_seed(ItemsSeed {
                        scale: self.scale,
                        row: self.row,
                        holds: Holds::Answers,
                    })?;
                }
                RowKey::ItemMs => {
                    map.next_value_seed(ItemsSeed { scale: self.scale, row: self.row, holds: Holds::Times })?;
                }
                RowKey::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// A key turned into something else on the way, without a copy.
struct KeyOf<F, T> {
    turn: F,
    turned: PhantomData<T>,
}

const fn key_of<T, F: FnOnce(&str) -> T>(turn: F) -> KeyOf<F, T> {
    KeyOf { turn, turned: PhantomData }
}

impl<'de, T, F: FnOnce(&str) -> T> DeserializeSeed<'de> for KeyOf<F, T> {
    type Value = T;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<T, D::Error> {
        from.deserialize_str(self)
    }
}

impl<T, F: FnOnce(&str) -> T> Visitor<'_> for KeyOf<F, T> {
    type Value = T;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }
    fn visit_str<E: de::Error>(self, name: &str) -> Result<T, E> {
        Ok((self.turn)(name))
    }
}

struct PersonSeed<'r> {
    row: &'r mut Row,
}

impl<'de> DeserializeSeed<'de> for PersonSeed<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PersonKey {
    Sex,
    Age,
    EducationYears,
    Other,
}

impl<'de> Visitor<'de> for PersonSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with sex, age and education_years, or null")
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let key = || {
            key_of(|name| match name {
                "sex" => PersonKey::Sex,
                "age" => PersonKey::Age,
                "education_years" => PersonKey::EducationYears,
                _ => PersonKey::Other,
            })
        };
        while let Some(key) = map.next_key_seed(key())? {
            let value = map.next_value_seed(ScalarSeed)?;
            let problem = self.row.who.set(key, &value);
            if let Err(error) = problem {
                self.row.fail(error);
            }
        }
        Ok(())
    }
}

/// Older than this is a slip of the pen.
const OLDEST: i64 = 130;

impl Respondent {
    pub(super) fn set(&mut self, key: PersonKey, value: &Scalar<'_>) -> Result<(), RowError> {
        let years = |field: &'static str| match value {
            Scalar::Missing | Scalar::Text("" | "NA") => Ok(None),
            Scalar::Number(years) if (0..=OLDEST).contains(years) => Ok(u16::try_from(*years).ok()),
            Scalar::Number(_) | Scalar::Text(_) | Scalar::Owned(_) | Scalar::Other => {
                Err(RowError::Person { field, reason: "whole years, 0 to 130, or null" })
            }
        };
        match key {
            PersonKey::Age => self.age = years("person.age")?,
            PersonKey::EducationYears => self.education_years = years("person.education_years")?,
            PersonKey::Sex => {
                self.sex = match value {
                    Scalar::Missing | Scalar::Text("" | "NA" | "U") => None,
                    Scalar::Text("F") => Some(Sex::F),
                    Scalar::Text("M") => Some(Sex::M),
                    Scalar::Number(_) | Scalar::Text(_) | Scalar::Owned(_) | Scalar::Other => {
                        return Err(RowError::Person { field: "person.sex", reason: "F, M or null" });
                    }
                }
            }
            PersonKey::Other => {}
        }
        Ok(())
    }
}

/// What the values of an object by item are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Answers,
    Times,
}

struct ItemsSeed<'r> {
    scale: &'r Scale,
    row: &'r mut Row,
    holds: Holds,
}

impl<'de> DeserializeSeed<'de> for ItemsSeed<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ItemsSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object by item id")
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.row.had_answers |= self.holds == Holds::Answers;
        let scale = self.scale;
        // Rows mostly keep the order of the form: the next item is the best guess.
        let mut guess = 0;
        loop {
            let key = key_of(|name: &str| {
                scale
                    .item_index_near(name, guess)
                    .ok_or_else(|| AnswerError::new(name, AnswerReason::UnknownItem))
            });
            let Some(item) = map.next_key_seed(key)? else { return Ok(()) };
            let value = map.next_value_seed(ScalarSeed)?;
            match item {
                Err(error) => self.row.fail(error),
                Ok(item) => {
                    guess = item + 1;
                    let stored = match self.holds {
                        Holds::Answers => self.row.sheet.answer(scale, item, &value),
                        Holds::Times => self.row.time(scale, item, &value),
                    };
                    if let Err(error) = stored {
                        self.row.fail(error);
                    }
                }
            }
        }
    }
}

impl Row {
    fn time(&mut self, scale: &Scale, item: usize, value: &Scalar<'_>) -> Result<(), AnswerError> {
        match value {
            Scalar::Missing => Ok(()),
            Scalar::Number(ms) if u32::try_from(*ms).is_ok() => {
                self.times.extend(u32::try_from(*ms).ok().map(|ms| (item, ms)));
                Ok(())
            }
            Scalar::Number(_) | Scalar::Text(_) | Scalar::Owned(_) | Scalar::Other => {
                Err(AnswerError::new(&scale.definition().items[item].id, AnswerReason::BadTime))
            }
        }
    }
}

impl AnswerSheet {
    pub(super) fn answer(
        &mut self,
        scale: &Scale,
        item: usize,
        value: &Scalar<'_>,
    ) -> Result<(), AnswerError> {
        let plan = &scale.plan.items[item];
        let option = match value {
            Scalar::Missing => return Ok(()),
            Scalar::Number(code) => plan.option_by_number(*code),
            Scalar::Text(code) => plan.option_by_text(code),
            Scalar::Owned(code) => plan.option_by_text(code),
            Scalar::Other => {
                let id = &scale.definition().items[item].id;
                return Err(AnswerError::new(id, AnswerReason::WrongType));
            }
        };
        let option = option.ok_or_else(|| scale.not_an_option(item))?;
        if self.cells[item] != Cell::MISSING {
            return Err(AnswerError::new(&scale.definition().items[item].id, AnswerReason::Twice));
        }
        self.set(item, option);
        Ok(())
    }
}

/// A single value, borrowed where the text allows it.
pub(super) enum Scalar<'de> {
    Missing,
    Number(i64),
    Text(&'de str),
    /// It was written with escapes.
    Owned(String),
    Other,
}

struct ScalarSeed;

impl<'de> DeserializeSeed<'de> for ScalarSeed {
    type Value = Scalar<'de>;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Scalar<'de>, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ScalarSeed {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E: de::Error>(self) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Missing)
    }
    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Other)
    }
    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Number(value))
    }
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Scalar<'de>, E> {
        Ok(i64::try_from(value).map_or(Scalar::Other, Scalar::Number))
    }
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Scalar<'de>, E> {
        Ok(whole(value).map_or(Scalar::Other, Scalar::Number))
    }
    fn visit_borrowed_str<E: de::Error>(self, value: &'de str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Text(value))
    }
    fn visit_str<E: de::Error>(self, value: &str) -> Result<Scalar<'de>, E> {
        Ok(Scalar::Owned(value.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Scalar<'de>, A::Error> {
        while values.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Scalar<'de>, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }
}
