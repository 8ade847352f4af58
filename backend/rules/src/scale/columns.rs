//! One line of CSV, cell by cell onto an answer sheet. A cell holds no line break, so a broken quote spoils one line
//! and not the rest of the file.

use super::answers::whole;
use super::row::{PersonKey, RowError, RowReader, Scalar};
use super::{Scale, Scored, wire};
use std::borrow::Cow;

/// Which part of a row each column holds.
pub struct Columns(Vec<Column>);

#[derive(PartialEq)]
enum Column {
    Id,
    Person(PersonKey),
    Item(usize),
    /// Not ours; passed over.
    Other,
}

/// Why a header does not fit the scale.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    #[error("the header has no column for {}", .0.join(", "))]
    Missing(Vec<String>),
    #[error("the header names {0} twice")]
    Twice(String),
    #[error("the header cannot be read: {0}")]
    Unreadable(RowError),
}

impl Columns {
    /// `id`, `sex`, `age`, `education_years` and a column per item; the ids of optional items may be absent.
    pub fn of(scale: &Scale, header: &[u8]) -> Result<Self, HeaderError> {
        let header = header.strip_prefix("\u{feff}".as_bytes()).unwrap_or(header);
        let (cells, broken) = cells(header);
        if let Some(error) = broken {
            return Err(HeaderError::Unreadable(error));
        }
        let mut columns = Vec::new();
        for name in &cells {
            let column = match name.trim() {
                "id" => Column::Id,
                "sex" => Column::Person(PersonKey::Sex),
                "age" => Column::Person(PersonKey::Age),
                "education_years" => Column::Person(PersonKey::EducationYears),
                name => scale.item_index(name).map_or(Column::Other, Column::Item),
            };
            if column != Column::Other && columns.contains(&column) {
                return Err(HeaderError::Twice(name.to_string()));
            }
            columns.push(column);
        }
        let items = scale.definition().items.iter().enumerate();
        let missing: Vec<String> = items
            .filter(|(at, item)| !item.optional && !columns.contains(&Column::Item(*at)))
            .map(|(_, item)| item.id.clone())
            .collect();
        if missing.is_empty() { Ok(Self(columns)) } else { Err(HeaderError::Missing(missing)) }
    }
}

impl RowReader<'_> {
    /// Reads and scores one line of CSV. Empty and `NA` are missing.
    pub fn score_csv(&mut self, columns: &Columns, line: &[u8]) -> Result<Scored, RowError> {
        self.begin();
        let (cells, broken) = cells(line);
        let row = &mut self.row;
        row.had_answers = true;
        if let Some(error) = broken {
            row.fail(error);
        } else if cells.len() != columns.0.len() {
            row.fail(RowError::CellCount { found: cells.len(), expected: columns.0.len() });
        }
        for (column, cell) in columns.0.iter().zip(&cells) {
            let cell = cell.trim();
            let is_missing = matches!(cell, "" | "NA");
            let stored = match column {
                Column::Id if !is_missing => {
                    wire::push_text(&mut row.id, cell);
                    Ok(())
                }
                Column::Person(key) if is_missing => row.who.set(*key, &Scalar::Missing),
                Column::Person(key) => row.who.set(*key, &csv_scalar(cell)),
                Column::Item(item) if !is_missing => {
                    row.sheet.answer(self.scale, *item, &Scalar::Text(cell)).map_err(RowError::Answer)
                }
                Column::Id | Column::Item(_) | Column::Other => Ok(()),
            };
            if let Err(error) = stored {
                row.fail(error);
            }
        }
        self.score_row()
    }
}

/// CSV has no types: digits are a number.
fn csv_scalar(cell: &str) -> Scalar<'_> {
    match cell.parse::<f64>().ok().and_then(whole) {
        Some(number) => Scalar::Number(number),
        None => Scalar::Text(cell),
    }
}

/// The cells of a line (RFC 4180, without line breaks in cells). If something is wrong, those before it.
fn cells(line: &[u8]) -> (Vec<Cow<'_, str>>, Option<RowError>) {
    let mut cells = Vec::with_capacity(16);
    let Ok(mut rest) = std::str::from_utf8(line) else { return (cells, Some(RowError::NotUtf8)) };
    loop {
        let Some((cell, after)) = first_cell(rest) else { return (cells, Some(RowError::Quotes)) };
        cells.push(cell);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return (cells, None),
            None => return (cells, Some(RowError::Quotes)),
        }
    }
}

fn first_cell(rest: &str) -> Option<(Cow<'_, str>, &str)> {
    if let Some(quoted) = rest.strip_prefix('"') {
        return quoted_cell(quoted);
    }
    let (cell, after) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
    (!cell.contains('"')).then_some((Cow::Borrowed(cell), after))
}

/// What stands before the closing quote, and what after it. A doubled quote is one.
fn quoted_cell(quoted: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut end = 0;
    loop {
        end += quoted[end..].find('"')?;
        if !quoted[end + 1..].starts_with('"') {
            break;
        }
        end += 2;
    }
    let cell = &quoted[..end];
    let cell = if cell.contains('"') { Cow::Owned(cell.replace("\"\"", "\"")) } else { Cow::Borrowed(cell) };
    Some((cell, &quoted[end + 1..]))
}
