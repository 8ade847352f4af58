//! Measures the real server from outside and prints one table, with the machine's load beside every part. Nothing
//! timed is asserted; a bar that is missed is marked.
//!
//!     bench --binary PATH [--chromium PATH] [--only scoring,memory,live,submit] [--seconds N] [--json FILE]

mod live;
mod memory;
mod replay;
mod scoring;
mod submit;

use anyhow::{Context, bail};
use load::chance::now;
use load::machine;
use load::server::Home;
use load::table::{Line, print, say};
use load::town::Town;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

const DISTRICTS: u32 = 10;

struct Wanted {
    binary: PathBuf,
    chromium: Option<PathBuf>,
    only: Option<Vec<String>>,
    lasting: Duration,
    json: Option<PathBuf>,
}

fn wanted() -> anyhow::Result<Wanted> {
    let mut wanted = Wanted {
        binary: PathBuf::new(),
        chromium: None,
        only: None,
        lasting: Duration::from_secs(30),
        json: None,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().with_context(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--binary" => wanted.binary = value.into(),
            "--chromium" => wanted.chromium = Some(value.into()),
            "--only" => wanted.only = Some(value.split(',').map(str::to_owned).collect()),
            "--json" => wanted.json = Some(value.into()),
            "--seconds" => wanted.lasting = Duration::from_secs(value.parse()?),
            _ => bail!("there is no option {name}"),
        }
    }
    Ok(wanted)
}

impl Wanted {
    fn wants(&self, part: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.iter().any(|name| name == part))
    }
}

/// All lines of the report; each part says under which load it was measured.
#[derive(Default)]
struct Report(Vec<Line>);

impl Report {
    fn begin(name: &str) -> String {
        say(&format!("{name}: load {}", machine::load()));
        machine::load()
    }

    fn end(&mut self, before: &str, lines: Vec<Line>) {
        let after = machine::load();
        print(&lines);
        self.0.push(Line::plain("— load before and after", format!("{before} → {after}")));
        self.0.extend(lines);
    }
}

impl Report {
    fn as_json(&self) -> serde_json::Value {
        self.0
            .iter()
            .map(|line| json!({"what": line.what, "value": line.value, "bar": line.bar, "verdict": line.verdict}))
            .collect()
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let wanted = wanted()?;
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    let mut report = Report::default();
    if wanted.wants("scoring") {
        let before = Report::begin("scoring");
        report.end(&before, scoring::measure(&wanted.binary, wanted.chromium.as_deref())?);
    }
    if wanted.wants("memory") || wanted.wants("live") {
        boards(&wanted, &mut report).await?;
    }
    if wanted.wants("submit") {
        let before = Report::begin("submit");
        let home = Home::new(wanted.binary.clone(), "bench")?;
        report.end(&before, submit::measure(&home, wanted.lasting).await?);
    }
    say(&format!(
        "\n{} · {} × {} · {}",
        now().format("%Y-%m-%d %H:%M UTC"),
        machine::cores(),
        machine::processor(),
        wanted.binary.display()
    ));
    print(&report.0);
    if let Some(file) = &wanted.json {
        std::fs::write(file, report.as_json().to_string())?;
    }
    let missed = report.0.iter().filter(|line| line.is_missed()).count();
    say(&format!("{missed} bars missed; load now {}", machine::load()));
    Ok(())
}

/// What concerns screens: one server from its first start to a kill.
async fn boards(wanted: &Wanted, report: &mut Report) -> anyhow::Result<()> {
    let home = Home::new(wanted.binary.clone(), "bench")?;
    let before = Report::begin("memory and start");
    let (mut server, mut lines) = memory::of_starts(&home).await?;
    let db = home.database().await?;
    let town = Town::found(&home, DISTRICTS).await?;
    if wanted.wants("memory") {
        lines.push(memory::of_sockets(&server, &town).await?);
    }
    report.end(&before, lines);
    if wanted.wants("live") {
        let before = Report::begin("live");
        town.settle(live::people_per_district(wanted.lasting, DISTRICTS)).await?;
        let (after_kill, lines) = live::measure(&home, server, &db, &town, wanted.lasting).await?;
        server = after_kill;
        report.end(&before, lines);
    }
    db.close().await;
    server.stop()?;
    Ok(())
}
