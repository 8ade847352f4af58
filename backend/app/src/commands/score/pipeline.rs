//! One thread reads, several score, one writes. Chunks go round the scorers in turn and come back in turn, so their
//! order needs no sorting and nobody runs ahead.

use super::chunks::{Chunk, Chunks};
use super::rows::{Format, Scorer, Tally};
use rules::scale::{Columns, Scale};
use rules::triage::Policy;
use std::io::{self, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

pub struct Job<'a> {
    pub scale: &'a Scale,
    pub policy: &'a Policy,
    /// Of a CSV file.
    pub columns: Option<&'a Columns>,
    pub format: Format,
    pub threads: usize,
}

/// Chunks that may wait for one scorer, and for the writer.
const WAITING: usize = 2;

struct Done {
    results: Vec<u8>,
    tally: Tally,
}

impl Job<'_> {
    pub fn run(&self, input: &mut (dyn Read + Send), output: &mut dyn Write) -> io::Result<Tally> {
        let first_line = if self.columns.is_some() { 2 } else { 1 };
        thread::scope(|scope| {
            let (mut to_scorers, mut from_scorers) = (Vec::new(), Vec::new());
            for _ in 0..self.threads {
                let (chunk_in, chunk_out) = sync_channel(WAITING);
                let (done_in, done_out) = sync_channel(WAITING);
                scope.spawn(move || self.score_all(&chunk_out, &done_in));
                to_scorers.push(chunk_in);
                from_scorers.push(done_out);
            }
            let reader = scope.spawn(move || read_all(Chunks::new(input, first_line), &to_scorers));
            let written = write_all(&from_scorers, output);
            // If writing failed, the scorers and then the reader find their channels closed.
            drop(from_scorers);
            let read = reader.join().unwrap_or_else(|_| Err(io::Error::other("the reader broke down")));
            let tally = written?;
            read.map(|()| tally)
        })
    }

    fn score_all(&self, chunks: &Receiver<Chunk>, done: &SyncSender<Done>) {
        let mut scorer = Scorer::new(self);
        for chunk in chunks {
            let mut results = Vec::with_capacity(chunk.bytes.len() * 4);
            let tally = scorer.score(&chunk, &mut results);
            if done.send(Done { results, tally }).is_err() {
                return;
            }
        }
    }
}

fn read_all(mut chunks: Chunks<&mut (dyn Read + Send)>, scorers: &[SyncSender<Chunk>]) -> io::Result<()> {
    for scorer in scorers.iter().cycle() {
        let Some(chunk) = chunks.next()? else { break };
        if scorer.send(chunk).is_err() {
            break; // nobody writes any more
        }
    }
    Ok(())
}

fn write_all(scorers: &[Receiver<Done>], output: &mut dyn Write) -> io::Result<Tally> {
    let mut tally = Tally::default();
    // The first scorer without a chunk is the end: chunks went round in turn.
    for done in scorers.iter().cycle().map_while(|scorer| scorer.recv().ok()) {
        output.write_all(&done.results)?;
        tally.add(done.tally);
    }
    output.flush()?;
    Ok(tally)
}
