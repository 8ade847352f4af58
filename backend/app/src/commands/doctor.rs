//! `xindeng doctor`: what the server needs, whether it is there, and what to do if not.

use super::{open, runtime, say};
use crate::config::DatabaseArgs;
use clap::Args;
use nix::sys::statvfs::statvfs;
use rules::ids::TenantId;
use server::overview::{self, Health};
use server::platform::Ctx;
use server::wiring::OpenError;
use std::process::ExitCode;

const MIN_FREE_MIB: u64 = 1024;
const MAX_CLOCK_OFFSET_SECS: i64 = 2;
const MAX_UNSEALED_SECS: i64 = 60;

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
                let tenants = opened.ctx.tenants();
                report.add("database", Ok(format!("reached, {} tenants", tenants.len())))?;
                report.add("key", Ok("root.key opens what is sealed there".to_owned()))?;
                report.add("clock", clock(&opened.ctx).await)?;
                for tenant in tenants {
                    server_of(&opened.ctx, tenant.id, &mut report).await?;
                }
                opened.leave().await;
            }
            Err(error) => {
                let is_key = matches!(
                    error.downcast_ref(),
                    Some(OpenError::Keys(_) | OpenError::KeyMissing(_) | OpenError::KeyWrong(_))
                );
                let why: Vec<String> = error.chain().skip(1).map(ToString::to_string).collect();
                report.add(if is_key { "key" } else { "database" }, Err(why.join(": ")))?;
            }
        }
        anyhow::Ok(())
    })?;
    Ok(if report.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// How the server that works on this database is doing, from what it leaves there.
async fn server_of(ctx: &Ctx, tenant: TenantId, report: &mut Report) -> anyhow::Result<()> {
    match overview::health(ctx, tenant).await {
        Ok(health) => {
            report.add("server's clock", servers_clock(&health))?;
            report.add("audit", audit(&health))
        }
        Err(problem) => report.add("server", Err(format!("{problem:?}"))),
    }
}

fn servers_clock(health: &Health) -> Result<String, String> {
    let ahead = health.clock_ahead().num_seconds();
    if ahead > MAX_CLOCK_OFFSET_SECS {
        return Err(format!(
            "{ahead} s ahead of the database's; see that the database host's time is right. The server loses it \
             again by itself, a second in five"
        ));
    }
    let running = if health.is_running() {
        "not ahead of the database's"
    } else {
        "no server has run in the last minute"
    };
    Ok(running.to_owned())
}

fn audit(health: &Health) -> Result<String, String> {
    let Some(age) = health.unsealed_for().map(|age| age.num_seconds()) else {
        return Ok("every entry is sealed".to_owned());
    };
    let waits = format!("the oldest entry has waited {age} s for its seal");
    if !health.is_running() {
        Ok("some entries wait for their seal until a server runs".to_owned())
    } else if age > MAX_UNSEALED_SECS {
        Err(format!("{waits}; see what the server's log says of audit_sealer"))
    } else {
        Ok(waits)
    }
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

async fn clock(ctx: &Ctx) -> Result<String, String> {
    let database = ctx.db.database_now().await.map_err(|error| error.to_string())?;
    #[expect(clippy::disallowed_methods, reason = "this machine's own clock is what is looked at")]
    let machine: chrono::DateTime<chrono::Utc> = std::time::SystemTime::now().into();
    let offset = (machine - database).num_seconds().abs();
    if offset > MAX_CLOCK_OFFSET_SECS {
        return Err(format!("{offset} s from the database's clock; set this machine's time"));
    }
    Ok(format!("{offset} s from the database's"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, TimeDelta, Utc};

    fn health(beat: Option<i64>, unsealed: Option<i64>) -> Health {
        let now: DateTime<Utc> = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let ago = |secs: i64| now - TimeDelta::seconds(secs);
        Health { database_now: now, last_beat_at: beat.map(ago), unsealed_since: unsealed.map(ago) }
    }

    #[test]
    fn a_clock_that_runs_ahead_and_entries_that_stay_unsealed_are_said() {
        assert!(servers_clock(&health(Some(4), None)).is_ok());
        assert!(servers_clock(&health(None, None)).unwrap().contains("no server"));
        assert!(servers_clock(&health(Some(-600), None)).unwrap_err().starts_with("600 s ahead"));
        assert!(audit(&health(Some(4), Some(1))).is_ok());
        assert!(audit(&health(Some(4), Some(61))).is_err());
        assert!(audit(&health(None, Some(86_400))).is_ok(), "nobody is there to seal them");
    }
}
