//! One file per command.

pub mod account;
pub mod audit;
pub mod backup;
pub mod doctor;
pub mod import;
pub mod policy;
pub mod scales;
pub mod score;
pub mod serve;
pub mod webhook;

use crate::config::DatabaseArgs;
use anyhow::Context;
use server::platform::Problem;
use server::wiring::{Opened, Settings};
use std::io::Write;
use std::process::ExitCode;

pub fn openapi() -> anyhow::Result<ExitCode> {
    let mut text = server::wiring::openapi().to_pretty_json()?;
    text.push('\n');
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Opens the database of a command that works beside or without a running server.
pub async fn open(database: &DatabaseArgs) -> anyhow::Result<Opened> {
    let settings = Settings {
        data_dir: database.data_dir.clone(),
        database_url: database.database_url.clone(),
        webhook_url: None,
        connections: Some(4),
        is_secure: false,
        is_demo: database.data_dir.join("demo.json").exists(),
        stepped_clock: None,
    };
    server::wiring::open(&settings).await.context("the database could not be opened")
}

pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")
}

/// Says something to the person at the terminal.
pub fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes())?;
    out.write_all(b"\n")?;
    out.flush()?;
    Ok(())
}

/// What was refused, as a line for the person at the terminal.
pub fn refused(problem: &Problem) -> anyhow::Error {
    let reasons: Vec<String> =
        problem.errors().iter().map(|error| format!("{}: {}", error.field, error.reason)).collect();
    if reasons.is_empty() {
        anyhow::anyhow!("{}", problem.title())
    } else {
        anyhow::anyhow!("{}", reasons.join("; "))
    }
}
