//! Rows of a chunk, scored and written one after the other.

use super::chunks::{Chunk, LONGEST_LINE};
use super::pipeline::Job;
use super::table;
use rules::scale::wire::{Beside, deciding_first, write_error, write_result, write_tier};
use rules::scale::{RowError, RowReader, Scored};
use rules::triage::{Case, CaseResult, assess};
use std::path::Path;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Format {
    JsonLines,
    Csv,
}

impl Format {
    /// By the name of the file; a pipe is JSON Lines.
    pub fn of(path: &Path) -> Self {
        let is_csv = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"));
        if is_csv { Self::Csv } else { Self::JsonLines }
    }
}

#[derive(Clone, Copy, Default)]
pub struct Tally {
    pub rows: u64,
    pub failed: u64,
}

impl Tally {
    pub const fn add(&mut self, other: Tally) {
        self.rows += other.rows;
        self.failed += other.failed;
    }
}

/// What one thread needs to score row after row without making anything anew.
pub struct Scorer<'a> {
    job: &'a Job<'a>,
    reader: RowReader<'a>,
    case: Case,
    tier: Vec<u8>,
}

impl<'a> Scorer<'a> {
    pub fn new(job: &'a Job<'a>) -> Self {
        Self { job, reader: RowReader::new(job.scale), case: Case::default(), tier: Vec::new() }
    }

    pub fn score(&mut self, chunk: &Chunk, out: &mut Vec<u8>) -> Tally {
        let mut tally = Tally::default();
        if chunk.is_overlong {
            self.write_error(chunk.line, &RowError::TooLong { most: LONGEST_LINE }, out);
            return Tally { rows: 1, failed: 1 };
        }
        let lines = chunk.bytes.split(|byte| *byte == b'\n');
        for (line, bytes) in (chunk.line..).zip(lines) {
            let bytes = without_bom(line, bytes).trim_ascii();
            if bytes.is_empty() {
                continue;
            }
            tally.rows += 1;
            let scored = match self.job.columns {
                Some(columns) => self.reader.score_csv(columns, bytes),
                None => self.reader.score(bytes),
            };
            match scored {
                Ok(scored) => self.write_result(scored, out),
                Err(error) => {
                    tally.failed += 1;
                    self.write_error(line, &error, out);
                }
            }
        }
        tally
    }

    /// Tier without history: what the answers alone suggest.
    fn write_result(&mut self, scored: Scored, out: &mut Vec<u8>) {
        self.case.age = self.reader.row().who.age;
        self.case.results.clear();
        self.case.results.push(CaseResult::Scored(scored));
        let mut assessment = assess(self.job.policy, &self.case);
        let Some(CaseResult::Scored(scored)) = self.case.results.first() else { return };
        match self.job.format {
            Format::Csv => {
                deciding_first(&mut assessment);
                table::write_result(&self.reader.row().id, scored, &assessment, out);
            }
            Format::JsonLines => {
                self.tier.clear();
                write_tier(self.job.policy, &mut assessment, &mut self.tier);
                let id = match self.reader.row().id.as_str() {
                    "" => "null",
                    id => id,
                };
                write_result(scored, Beside { id: Some(id), tier: Some(&self.tier) }, out);
                out.push(b'\n');
            }
        }
    }

    fn write_error(&mut self, line: u64, error: &RowError, out: &mut Vec<u8>) {
        // Of a line that was not even looked at, the id is not the last row's.
        let id = if matches!(error, RowError::TooLong { .. }) { "" } else { &self.reader.row().id };
        match self.job.format {
            Format::Csv => table::write_error(id, self.job.scale, line, error, out),
            Format::JsonLines => {
                write_error(Some(id), Some(line), error, out);
                out.push(b'\n');
            }
        }
    }
}

/// Some programs begin a file with a byte order mark.
fn without_bom(line: u64, bytes: &[u8]) -> &[u8] {
    if line == 1 { bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes) } else { bytes }
}
