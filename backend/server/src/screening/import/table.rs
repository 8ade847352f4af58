//! A CSV file as a table: whatever it was saved as, with broken lines named and the others kept.

use std::borrow::Cow;

/// Longer than any answer, name or address. A quote that runs on for longer was never closed.
const MAX_CELL_CHARS: usize = 2_000;
const MAX_COLUMNS: usize = 1_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub encoding: &'static str,
    pub header: Vec<String>,
    pub lines: Vec<Line>,
}

/// A row with its number as a spreadsheet shows it: the header is row 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub row: usize,
    pub cells: Result<Vec<String>, BadLine>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadLine {
    #[error("a quote is opened and never closed")]
    QuoteOpen,
    #[error("text follows a closing quote")]
    TextAfterQuote,
    #[error("a quote stands inside a cell that does not begin with one")]
    QuoteInside,
    #[error("fewer cells than the header has columns")]
    TooFew,
    #[error("more cells than the header has columns")]
    TooMany,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadFile {
    #[error("the file is empty")]
    Empty,
    #[error("the file is neither UTF-8 nor GB18030 text; a spreadsheet has to be saved as CSV first")]
    NotText,
    #[error("the first line, which names the columns, cannot be read: {0}")]
    Header(BadLine),
    #[error("more than {MAX_COLUMNS} columns")]
    TooWide,
}

impl Table {
    pub fn read(bytes: &[u8]) -> Result<Self, BadFile> {
        let (text, encoding) = decode(bytes)?;
        if text.trim().is_empty() {
            return Err(BadFile::Empty);
        }
        let delimiter = delimiter(&text);
        let mut records = Records { rest: &text, delimiter, row: 0 };
        let first = records.next().ok_or(BadFile::Empty)?;
        let header: Vec<String> =
            first.cells.map_err(BadFile::Header)?.iter().map(|name| name.trim().to_owned()).collect();
        if header.len() > MAX_COLUMNS {
            return Err(BadFile::TooWide);
        }
        let lines = records.map(|line| line.fitted(header.len())).collect();
        Ok(Self { encoding, header, lines })
    }
}

/// UTF-8, with or without its mark; UTF-16 by its mark; anything else must be GB18030 without a flaw.
fn decode(bytes: &[u8]) -> Result<(Cow<'_, str>, &'static str), BadFile> {
    let (encoding, skip) = match encoding_rs::Encoding::for_bom(bytes) {
        Some((encoding, mark)) => (encoding, mark),
        None if std::str::from_utf8(bytes).is_ok() => (encoding_rs::UTF_8, 0),
        None => (encoding_rs::GB18030, 0),
    };
    let text = encoding
        .decode_without_bom_handling_and_without_replacement(&bytes[skip..])
        .ok_or(BadFile::NotText)?;
    // what a spreadsheet's own file format is full of
    if text.contains('\0') {
        return Err(BadFile::NotText);
    }
    let name = if skip > 0 && encoding == encoding_rs::UTF_8 { "UTF-8 with mark" } else { encoding.name() };
    Ok((text, name))
}

/// Some spreadsheets write semicolons or tabs and still call it CSV.
fn delimiter(text: &str) -> char {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    [',', '\t', ';'].into_iter().find(|mark| first.contains(*mark)).unwrap_or(',')
}

impl Line {
    fn fitted(self, columns: usize) -> Self {
        let cells = self.cells.and_then(|mut cells| {
            while cells.len() > columns && cells.last().is_some_and(|cell| cell.trim().is_empty()) {
                cells.pop();
            }
            match cells.len().cmp(&columns) {
                std::cmp::Ordering::Less => Err(BadLine::TooFew),
                std::cmp::Ordering::Equal => Ok(cells),
                std::cmp::Ordering::Greater => Err(BadLine::TooMany),
            }
        });
        Self { row: self.row, cells }
    }
}

struct Records<'t> {
    rest: &'t str,
    delimiter: char,
    row: usize,
}

impl Iterator for Records<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            self.row += 1;
            match record(self.rest, self.delimiter) {
                Ok((cells, rest)) => {
                    self.rest = rest;
                    if cells.iter().all(|cell| cell.trim().is_empty()) {
                        continue;
                    }
                    return Some(Line { row: self.row, cells: Ok(cells) });
                }
                Err(bad) => {
                    // a broken quote spoils its own line, not the rest of the file
                    self.rest = self.rest.split_once('\n').map_or("", |(_, rest)| rest);
                    return Some(Line { row: self.row, cells: Err(bad) });
                }
            }
        }
    }
}

/// One record of RFC 4180, and what follows it.
fn record(text: &str, delimiter: char) -> Result<(Vec<String>, &str), BadLine> {
    let mut cells = Vec::new();
    let mut rest = text;
    loop {
        let (cell, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_cell(quoted)?,
            None => plain_cell(rest, delimiter)?,
        };
        cells.push(cell);
        let mut chars = after.chars();
        match chars.next() {
            None => return Ok((cells, "")),
            Some(mark) if mark == delimiter => rest = chars.as_str(),
            Some('\n') => return Ok((cells, chars.as_str())),
            Some('\r') => return Ok((cells, chars.as_str().strip_prefix('\n').unwrap_or(chars.as_str()))),
            Some(_) => return Err(BadLine::TextAfterQuote),
        }
    }
}

fn plain_cell(text: &str, delimiter: char) -> Result<(String, &str), BadLine> {
    let end = text.find([delimiter, '\n', '\r']).unwrap_or(text.len());
    let (cell, after) = text.split_at(end);
    if cell.contains('"') { Err(BadLine::QuoteInside) } else { Ok((cell.to_owned(), after)) }
}

/// After the opening quote; a doubled quote is one.
fn quoted_cell(text: &str) -> Result<(String, &str), BadLine> {
    let mut cell = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"').ok_or(BadLine::QuoteOpen)?;
        cell.push_str(before);
        if cell.len() > MAX_CELL_CHARS * 4 {
            return Err(BadLine::QuoteOpen);
        }
        match after.strip_prefix('"') {
            Some(more) => {
                cell.push('"');
                rest = more;
            }
            None => return Ok((cell, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Table {
        Table::read(text.as_bytes()).unwrap()
    }

    fn cells(line: &Line) -> Vec<&str> {
        line.cells.as_ref().unwrap().iter().map(String::as_str).collect()
    }

    #[test]
    fn one_text_is_read_alike_from_every_encoding() {
        let text = "姓名,q1\r\n林晓,2\r\n";
        let gb18030 = encoding_rs::GB18030.encode(text).0.into_owned();
        let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        let utf16: Vec<u8> =
            [vec![0xff, 0xfe], text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat();
        for (bytes, encoding) in [
            (text.as_bytes().to_vec(), "UTF-8"),
            (marked, "UTF-8 with mark"),
            (gb18030, "gb18030"),
            (utf16, "UTF-16LE"),
        ] {
            let table = Table::read(&bytes).unwrap();
            assert_eq!(table.encoding, encoding);
            assert_eq!(table.header, ["姓名", "q1"]);
            assert_eq!(cells(&table.lines[0]), ["林晓", "2"]);
        }
    }

    #[test]
    fn files_that_are_no_text_are_refused() {
        assert_eq!(Table::read(b""), Err(BadFile::Empty));
        assert_eq!(Table::read(b"\xef\xbb\xbf \n"), Err(BadFile::Empty));
        assert_eq!(Table::read(b"PK\x03\x04\0\0"), Err(BadFile::NotText));
        assert_eq!(Table::read(b"a,b\n\xff\xff,\x80"), Err(BadFile::NotText));
    }

    #[test]
    fn quotes_commas_and_line_breaks_inside_quotes_are_kept() {
        let table = read("a,b\n\"x,\"\"y\"\"\",\"two\nlines\"\n3,4");
        assert_eq!(cells(&table.lines[0]), ["x,\"y\"", "two\nlines"]);
        assert_eq!((table.lines[1].row, cells(&table.lines[1])), (3, vec!["3", "4"]));
    }

    #[test]
    fn a_broken_quote_spoils_its_own_line_only() {
        let table = read("a,b\n1,2\n\"1,2\n3,4\n5\"6,7\n\"8\"x,9\n10,11\n");
        let seen: Vec<_> =
            table.lines.iter().map(|line| (line.row, line.cells.as_ref().err().copied())).collect();
        assert_eq!(
            seen,
            [
                (2, None),
                (3, Some(BadLine::TextAfterQuote)),
                (4, None),
                (5, Some(BadLine::QuoteInside)),
                (6, Some(BadLine::TextAfterQuote)),
                (7, None),
            ]
        );
        let table = read("a,b\n\"1,2\n3,4\n");
        assert_eq!(table.lines[0].cells, Err(BadLine::QuoteOpen));
        assert_eq!(cells(&table.lines[1]), ["3", "4"]);
    }

    #[test]
    fn rows_that_do_not_fit_the_header_are_named_by_their_number() {
        let table = read("a;b\n1;2;;\n\n1\n1;2;3\n");
        let seen: Vec<_> =
            table.lines.iter().map(|line| (line.row, line.cells.as_ref().err().copied())).collect();
        assert_eq!(seen, [(2, None), (4, Some(BadLine::TooFew)), (5, Some(BadLine::TooMany))]);
    }
}
