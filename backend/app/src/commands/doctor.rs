//! `xindeng doctor`: what the server needs, whether it is there, and what to do if not.

use super::{open, runtime, say};
use crate::config::DatabaseArgs;
use clap::Args;
use nix::sys::statvfs::statvfs;
use std::process::ExitCode;

const MIN_FREE_MIB: u64 = 1024;
const MAX_CLOCK_OFFSET_SECS: i64 = 2;

#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Address the server would listen on.
    #[arg(long, env = "XINDENG_LISTEN", default_value = "127.0.0.1:8080")]
    listen: String,
}

struct Report {
    failed: bool,
}

impl Report {
    fn add(&mut self, what: &str, found: Result<String, String>) -> anyhow::Result<()> {
        match found {
            Ok(fact) => say(&format!("ok    {what}: {fact}")),
            Err(what_to_do) => {
                self.failed = true;
                say(&format!("FAIL  {what}: {what_to_do}"))
            }
        }
    }
}

pub fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let mut report = Report { failed: false };
    report.add("postgres", postgres(args))?;
    report.add("disk", disk(args))?;
    report.add("port", port(&args.listen))?;
    runtime()?.block_on(async {
        match open(&args.database).await {
            Ok(opened) => {
                report.add("database", Ok(format!("reached, {} tenants", opened.ctx.tenants().len())))?;
                report.add("clock", clock(&opened.ctx).await)?;
                opened.leave().await;
            }
            Err(error) => report.add("database", Err(format!("{error:#}")))?,
        }
        anyhow::Ok(())
    })?;
    Ok(if report.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn postgres(args: &DoctorArgs) -> Result<String, String> {
    if args.database.database_url.is_some() {
        return Ok("by URL".to_owned());
    }
    server::platform::postgres::find_bin_dir()
        .map(|dir| dir.display().to_string())
        .map_err(|error| error.to_string())
}

fn disk(args: &DoctorArgs) -> Result<String, String> {
    let dir = &args.database.data_dir;
    std::fs::create_dir_all(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let stat = statvfs(dir).map_err(|error| error.to_string())?;
    let free = stat.blocks_available() * stat.fragment_size() / 1024 / 1024;
    if free < MIN_FREE_MIB {
        return Err(format!("{free} MiB free; make room, at least {MIN_FREE_MIB} MiB"));
    }
    Ok(format!("{free} MiB free"))
}

fn port(listen: &str) -> Result<String, String> {
    match std::net::TcpListener::bind(listen) {
        Ok(_) => Ok(format!("{listen} is free")),
        Err(error) => Err(format!("{listen}: {error}; a server may be running already")),
    }
}

async fn clock(ctx: &server::platform::Ctx) -> Result<String, String> {
    let database = ctx.db.database_now().await.map_err(|error| error.to_string())?;
    #[expect(clippy::disallowed_methods, reason = "this machine's own clock is what is looked at")]
    let machine: chrono::DateTime<chrono::Utc> = std::time::SystemTime::now().into();
    let offset = (machine - database).num_seconds().abs();
    if offset > MAX_CLOCK_OFFSET_SECS {
        return Err(format!("{offset} s from the database's clock; set this machine's time"));
    }
    Ok(format!("{offset} s from the database's"))
}
