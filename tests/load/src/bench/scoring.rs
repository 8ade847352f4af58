//! Results a second: in this process, in a browser, and through the command.

use crate::memory::megabytes;
use anyhow::{Context, bail};
use load::chance::Chance;
use load::machine;
use load::table::Line;
use rules::scale::{AnswerSheet, Respondent, Scale};
use rules::triage::{Case, Policy, assess};
use std::fmt::Write as _;
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const FORMS: usize = 1_000;
const ROUNDS: usize = 5;
const FORMS_A_ROUND: usize = 400_000;
const ROWS: u32 = 1_000_000;
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub fn measure(binary: &Path, chromium: Option<&Path>) -> anyhow::Result<Vec<Line>> {
    let native = native()?;
    let mut lines = vec![Line::judged(
        "full PHQ-9 results on one core, native",
        format!("{:.2} M/s", native / 1e6),
        "≥ 1 M/s",
        native >= 1e6,
    )];
    if let Some(chromium) = chromium {
        lines.push(in_chromium(chromium)?);
    }
    lines.extend(command(binary)?);
    Ok(lines)
}

/// Answers of a town, skewed to "not at all", the same on every run.
fn codes(chance: &mut Chance) -> [i64; 9] {
    std::array::from_fn(|_| match chance.below(10) {
        0..=5 => 0,
        6 | 7 => 1,
        8 => 2,
        _ => 3,
    })
}

/// Score, band, critical item, quality and tier with reasons, the trace kept; the best of a few rounds.
#[expect(clippy::cast_precision_loss, reason = "a count of forms")]
fn native() -> anyhow::Result<f64> {
    let scale = Scale::parse(include_str!("../../../../scales/phq9/1.0.0.json"))
        .map_err(|findings| anyhow::anyhow!("{findings:?}"))?;
    let policy = Policy::parse(include_str!("../../../../backend/rules/policies/triage/default/1.0.0.json"))
        .map_err(|findings| anyhow::anyhow!("{findings:?}"))?;
    let mut chance = Chance::new(1);
    let mut sheets = Vec::with_capacity(FORMS);
    for _ in 0..FORMS {
        let mut sheet: AnswerSheet = scale.blank_sheet();
        for (item, code) in codes(&mut chance).into_iter().enumerate() {
            sheet.set(item, scale.option_index(item, code).context("a printed code")?);
        }
        sheets.push(sheet);
    }
    let who = Respondent::default();
    let mut case = Case { live: true, ..Case::default() };
    let mut best = 0.0_f64;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        for _ in 0..FORMS_A_ROUND / FORMS {
            for sheet in &mut sheets {
                case.results.clear();
                case.results.extend(scale.score_sheet(&who, sheet).ok().map(Into::into));
                black_box(assess(&policy, &case));
            }
        }
        best = best.max(FORMS_A_ROUND as f64 / started.elapsed().as_secs_f64());
    }
    Ok(best)
}

fn in_chromium(chromium: &Path) -> anyhow::Result<Line> {
    let output = Command::new("node").arg("tests/bench/wasm-in-chromium.mjs").arg(chromium).output()?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let what = "full PHQ-9 results in Chromium";
    Ok(match said.parse::<f64>() {
        Ok(rate) => Line::judged(what, format!("{:.0} k/s", rate / 1e3), "≥ 100 k/s", rate >= 1e5),
        Err(_) => Line::plain(what, "could not be measured".to_owned()),
    })
}

/// `xindeng score phq9` over a million rows, with the most memory that the system has seen it hold.
fn command(binary: &Path) -> anyhow::Result<Vec<Line>> {
    let folder = std::env::temp_dir();
    let name = |end: &str| folder.join(format!("xindeng-bench-{}.{end}.jsonl", std::process::id()));
    let (rows, results) = (name("in"), name("out"));
    write_rows(&rows)?;
    let started = Instant::now();
    let mut child = Command::new(binary)
        .args(["score", "phq9", "--in"])
        .arg(&rows)
        .arg("--out")
        .arg(&results)
        .stderr(Stdio::inherit())
        .spawn()?;
    let mut bytes = 0;
    let status = loop {
        bytes = bytes.max(machine::most_resident(child.id()).unwrap_or_default());
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(LOOK_EVERY);
    };
    let seconds = started.elapsed().as_secs_f64();
    let written = std::fs::metadata(&results).map(|file| file.len()).unwrap_or_default();
    for file in [&rows, &results] {
        let _ = std::fs::remove_file(file);
    }
    if !status.success() || written == 0 {
        bail!("xindeng score: {status}");
    }
    let mb = megabytes(bytes);
    Ok(vec![
        Line::judged("xindeng score phq9, 1 M rows", format!("{seconds:.2} s"), "≤ 4 s", seconds <= 4.0),
        Line::judged("  its resident memory", format!("{mb:.0} MB"), "≤ 100 MB", mb <= 100.0),
    ])
}

fn write_rows(path: &Path) -> anyhow::Result<()> {
    let mut chance = Chance::new(2);
    let mut out = BufWriter::new(std::fs::File::create(path)?);
    let mut line = String::new();
    for id in 0..ROWS {
        line.clear();
        let sex = if chance.percent(50) { "F" } else { "M" };
        write!(
            line,
            "{{\"id\":{id},\"person\":{{\"sex\":\"{sex}\",\"age\":{}}},\"answers\":{{",
            18 + chance.below(60)
        )?;
        for (n, code) in (1..).zip(codes(&mut chance)) {
            write!(line, "{}\"q{n}\":{code}", if n == 1 { "" } else { "," })?;
        }
        line.push_str("}}\n");
        out.write_all(line.as_bytes())?;
    }
    out.flush()?;
    Ok(())
}
