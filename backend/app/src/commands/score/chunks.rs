//! Pieces of a file that end where a line ends. Memory is bounded whatever the file holds.

use std::io::{self, Read};

/// A longer line is an error of its own; the next line is read as usual.
pub const LONGEST_LINE: usize = 1 << 20;

/// Big enough that handing it over costs nothing, small enough to stay in the cache.
const PIECE: usize = 128 * 1024;

pub struct Chunk {
    pub bytes: Vec<u8>,
    /// Of the first line, counted from 1.
    pub line: u64,
    /// The chunk stands for one line that is too long to be kept.
    pub is_overlong: bool,
}

pub struct Chunks<R> {
    from: R,
    /// The beginning of a line whose end has not been read.
    rest: Vec<u8>,
    line: u64,
    is_done: bool,
}

impl<R: Read> Chunks<R> {
    /// `line`: the number of the first line.
    pub const fn new(from: R, line: u64) -> Self {
        Self { from, rest: Vec::new(), line, is_done: false }
    }

    /// The next lines, or `None` at the end.
    pub fn next(&mut self) -> io::Result<Option<Chunk>> {
        let mut bytes = std::mem::take(&mut self.rest);
        while !self.is_done {
            let before = bytes.len();
            self.fill(&mut bytes)?;
            if let Some(end) = last_line_end(&bytes, before) {
                self.rest = bytes.split_off(end);
                return Ok(Some(self.lines(bytes)));
            }
            if bytes.len() > LONGEST_LINE {
                return self.skip_line().map(Some);
            }
        }
        if bytes.is_empty() { Ok(None) } else { Ok(Some(self.lines(bytes))) }
    }

    fn fill(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        let wanted = u64::try_from(PIECE).unwrap_or(u64::MAX);
        self.is_done = self.from.by_ref().take(wanted).read_to_end(bytes)? == 0;
        Ok(())
    }

    fn lines(&mut self, bytes: Vec<u8>) -> Chunk {
        let line = self.line;
        self.line += bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
        Chunk { bytes, line, is_overlong: false }
    }

    /// Reads on to the end of the line and keeps nothing of it.
    fn skip_line(&mut self) -> io::Result<Chunk> {
        let mut bytes = Vec::new();
        while !self.is_done {
            bytes.clear();
            self.fill(&mut bytes)?;
            if let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
                self.rest = bytes.split_off(end + 1);
                break;
            }
        }
        let line = self.line;
        self.line += 1;
        Ok(Chunk { bytes: Vec::new(), line, is_overlong: true })
    }
}

/// Just after the last line break; what stands before `from` has none.
fn last_line_end(bytes: &[u8], from: usize) -> Option<usize> {
    bytes[from..].iter().rposition(|byte| *byte == b'\n').map(|at| from + at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8]) -> Vec<(u64, bool, Vec<u8>)> {
        let mut chunks = Chunks::new(text, 1);
        let mut all = Vec::new();
        while let Some(chunk) = chunks.next().unwrap() {
            all.push((chunk.line, chunk.is_overlong, chunk.bytes));
        }
        all
    }

    #[test]
    fn nothing_is_lost_between_chunks() {
        let text: Vec<u8> = (0..60_000).flat_map(|n| format!("{{\"row\":{n}}}\n").into_bytes()).collect();
        let chunks = all(&text);
        assert!(chunks.len() > 2);
        assert!(chunks.iter().all(|(_, _, bytes)| bytes.ends_with(b"\n")));
        let mut lines = 1;
        for (line, _, bytes) in &chunks {
            assert_eq!(*line, lines);
            lines += bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
        }
        assert_eq!(chunks.into_iter().flat_map(|(_, _, bytes)| bytes).collect::<Vec<u8>>(), text);
    }

    #[test]
    fn a_last_line_without_an_end_counts() {
        assert_eq!(all(b"a\nb"), [(1, false, b"a\n".to_vec()), (2, false, b"b".to_vec())]);
        assert_eq!(all(b""), []);
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        let mut text = b"a\n".to_vec();
        text.extend(vec![b'x'; 2 * LONGEST_LINE]);
        text.extend(b"\nb\n");
        let chunks = all(&text);
        let found: Vec<(u64, bool)> = chunks.iter().map(|(line, overlong, _)| (*line, *overlong)).collect();
        assert_eq!(found, [(1, false), (2, true), (3, false)]);
        assert_eq!(chunks[2].2, b"b\n");
    }
}
