//! One line of CSV, cell by cell onto an answer sheet.

use super::answers::whole;
use super::row::{PersonKey, RowError, RowReader, Scalar};
use super::{Scale, Scored, wire};

/// The columns of a CSV file: which part of a row each one holds.
pub struct Columns(Vec<Column>);

enum Column {
    Id,
    Person(PersonKey),
    Item(usize),
    /// Not ours; passed over.
    Other,
}

impl Columns {
    /// `id`, `sex`, `age`, `education_years` and a column per item. A file without any item is refused.
    pub fn of<'h>(scale: &Scale, header: impl Iterator<Item = &'h str>) -> Result<Self, RowError> {
        let column = |name: &str| match name.trim().trim_start_matches('\u{feff}') {
            "id" => Column::Id,
            "sex" => Column::Person(PersonKey::Sex),
            "age" => Column::Person(PersonKey::Age),
            "education_years" => Column::Person(PersonKey::EducationYears),
            name => scale.item_index(name).map_or(Column::Other, Column::Item),
        };
        let columns: Vec<Column> = header.map(column).collect();
        if columns.iter().any(|column| matches!(column, Column::Item(_))) {
            Ok(Self(columns))
        } else {
            Err(RowError::NoAnswers)
        }
    }

    pub const fn count(&self) -> usize {
        self.0.len()
    }
}

impl RowReader<'_> {
    /// Scores one line of CSV. Empty and `NA` are missing.
    pub fn score_cells<'c>(
        &mut self,
        columns: &Columns,
        cells: impl Iterator<Item = &'c str>,
    ) -> Result<Scored, RowError> {
        self.begin();
        let row = &mut self.row;
        row.had_answers = true;
        for (column, cell) in columns.0.iter().zip(cells) {
            let cell = cell.trim();
            let missing = matches!(cell, "" | "NA");
            let stored = match column {
                Column::Other => Ok(()),
                Column::Id => {
                    if !missing {
                        wire::push_text(&mut row.id, cell);
                    }
                    Ok(())
                }
                Column::Person(key) => {
                    row.who.set(*key, &if missing { Scalar::Missing } else { csv_scalar(cell) })
                }
                Column::Item(_) if missing => Ok(()),
                Column::Item(item) => {
                    row.sheet.answer(self.scale, *item, &Scalar::Text(cell)).map_err(RowError::Answer)
                }
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
