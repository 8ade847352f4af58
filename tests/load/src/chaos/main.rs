//! Kills the server at random with SIGKILL while clients submit screenings and raise alarms, then compares what the
//! clients were promised with what is in the database. Exit code 1 on anything lost or doubled.
//!
//!     chaos --binary PATH [--kills 30] [--clients 20] [--seed N]

mod compare;
mod killer;
mod people;
mod watcher;

use anyhow::{Context, bail};
use load::chance::{Chance, now};
use load::machine;
use load::server::Home;
use load::table::say;
use load::town::Town;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

const DISTRICTS: u32 = 5;
const PEOPLE_PER_DISTRICT: u32 = 40;
/// Timers that are due, the journal, the seals: all of it is quicker than this.
const SETTLE: Duration = Duration::from_secs(6);

struct Wanted {
    binary: PathBuf,
    kills: u32,
    clients: u32,
    seed: u64,
}

fn wanted() -> anyhow::Result<Wanted> {
    let seed = u64::try_from(now().timestamp_micros()).unwrap_or(1);
    let mut wanted = Wanted { binary: PathBuf::new(), kills: 30, clients: 20, seed };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().with_context(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--binary" => wanted.binary = value.into(),
            "--kills" => wanted.kills = value.parse()?,
            "--clients" => wanted.clients = value.parse()?,
            "--seed" => wanted.seed = value.parse()?,
            _ => bail!("there is no option {name}"),
        }
    }
    Ok(wanted)
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let wanted = wanted()?;
    say(&format!(
        "chaos: {} kills, {} clients, seed {}, {} cores, load {}",
        wanted.kills,
        wanted.clients,
        wanted.seed,
        machine::cores(),
        machine::load()
    ));
    let started = Instant::now();
    let home = Home::new(wanted.binary.clone(), "chaos")?;
    let server = home.start()?;
    let db = home.database().await?;
    let town = Arc::new(Town::found(&home, DISTRICTS).await?);
    town.settle(PEOPLE_PER_DISTRICT).await?;

    let chance = Chance::new(wanted.seed);
    let stop = CancellationToken::new();
    let watcher = tokio::spawn(watcher::watch(town.dispatcher.clone(), stop.clone()));
    let mut clients = tokio::task::JoinSet::new();
    for n in 0..wanted.clients {
        let district = town.districts[n as usize % town.districts.len()].clone();
        clients.spawn(people::work(chance.of(u64::from(n)), district, PEOPLE_PER_DISTRICT, stop.clone()));
    }
    let (server, kills) =
        killer::kill_again_and_again(&home, server, wanted.kills, chance.of(u64::MAX)).await?;
    // nobody begins anything new; whatever was begun is retried until there is a receipt
    stop.cancel();
    let mut journals = Vec::new();
    while let Some(journal) = clients.join_next().await {
        journals.push(journal??);
    }
    tokio::time::sleep(SETTLE).await;
    let watched = watcher.await??;

    let mut report = compare::compare(&home, &db, town.tenant, &journals, &kills).await?;
    report.watched(&watched);
    db.close().await;
    let status = server.stop()?;
    report.check("the server stops in order", status.success(), &status.to_string());
    report.print();
    say(&format!("{} s, load {}", started.elapsed().as_secs(), machine::load()));
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
