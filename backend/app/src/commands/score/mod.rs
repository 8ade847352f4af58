//! `xindeng score`: files of answers to files of results, row by row, in the order they came.

mod chunks;
mod pipeline;
mod rows;
mod table;
#[cfg(test)]
mod tests;

use anyhow::{Context, bail};
use pipeline::Job;
use rows::Format;
use rules::scale::{Columns, Library, Scale};
use rules::triage::Policy;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct ScoreArgs {
    /// The scale: its code, or code@version.
    scale: String,
    /// Rows to score: .csv, else JSON Lines; - is standard input (JSON Lines).
    #[arg(long = "in", value_name = "FILE", default_value = "-")]
    input: PathBuf,
    /// Where the results go: .csv, else JSON Lines; - is standard output (JSON Lines).
    #[arg(long = "out", value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Threads that score [default: one per core].
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// A triage policy instead of the shipped one.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// A folder of scales instead of the built-in ones.
    #[arg(long, value_name = "DIR")]
    scales: Option<PathBuf>,
}

/// What a script sees if some rows could not be read.
const SOME_ROWS_FAILED: u8 = 3;

pub fn run(args: ScoreArgs) -> anyhow::Result<ExitCode> {
    let ScoreArgs { scale, input: from, output: to, threads, policy, scales } = args;
    let library = super::scales::library(scales.as_deref())?;
    let scale = find(&library, &scale)?;
    let policy = read_policy(policy.as_deref())?;
    let mut input = open(&from)?;
    let mut output = create(&to, &from)?;
    let columns = match Format::of(&from) {
        Format::JsonLines => None,
        Format::Csv => Some(header(&mut input, scale)?),
    };
    let format = Format::of(&to);
    if format == Format::Csv {
        output.write_all(&table::header(scale))?;
    }
    let threads = threads.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
    let job = Job { scale, policy: &policy, columns: columns.as_ref(), format, threads };
    let tally = match job.run(&mut input, &mut output) {
        Ok(tally) => tally,
        // Whoever read the results has had enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
        Err(error) => return Err(error).context("the rows could not be read to the end"),
    };
    if tally.failed > 0 {
        eprintln!("xindeng: {} of {} rows could not be scored", tally.failed, tally.rows);
        return Ok(ExitCode::from(SOME_ROWS_FAILED));
    }
    Ok(ExitCode::SUCCESS)
}

fn find<'l>(library: &'l Library, name: &str) -> anyhow::Result<&'l Scale> {
    library.find(name).with_context(|| {
        let codes: Vec<&str> = library.all_newest().map(Scale::code).collect();
        format!("there is no scale {name}; there are {}", codes.join(", "))
    })
}

fn read_policy(path: Option<&Path>) -> anyhow::Result<Policy> {
    let (name, json) = match path {
        Some(path) => (
            path.display().to_string(),
            fs::read_to_string(path).with_context(|| path.display().to_string())?,
        ),
        None => ("the shipped policy".to_owned(), SHIPPED_POLICY.to_owned()),
    };
    Policy::parse(&json).map_err(|findings| {
        let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{name} cannot be used:\n{}", findings.join("\n"))
    })
}

const SHIPPED_POLICY: &str = include_str!("../../../../rules/policies/triage/default/1.0.0.json");

fn open(path: &Path) -> anyhow::Result<Box<dyn Read + Send>> {
    if is_standard(path) {
        return Ok(Box::new(io::stdin()));
    }
    Ok(Box::new(File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?))
}

fn create(path: &Path, input: &Path) -> anyhow::Result<Box<dyn Write>> {
    if is_standard(path) {
        return Ok(Box::new(io::stdout()));
    }
    if let (Ok(there), Ok(here)) = (fs::canonicalize(path), fs::canonicalize(input))
        && there == here
    {
        bail!("the results would overwrite the answers; give another --out");
    }
    Ok(Box::new(File::create(path).with_context(|| format!("{} cannot be written", path.display()))?))
}

fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Reads the first line and finds the columns.
fn header(input: &mut Box<dyn Read + Send>, scale: &Scale) -> anyhow::Result<Columns> {
    let mut line = Vec::new();
    let mut byte = [0];
    while input.read(&mut byte)? == 1 && byte != *b"\n" {
        line.push(byte[0]);
        if line.len() > chunks::LONGEST_LINE {
            bail!("the header is longer than {} bytes", chunks::LONGEST_LINE);
        }
    }
    Ok(Columns::of(scale, line.strip_suffix(b"\r").unwrap_or(&line))?)
}
