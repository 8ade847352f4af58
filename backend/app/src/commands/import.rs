//! `xindeng import screenings`: a file of answers, through the same submit as a tablet's.

use super::{open, refused, runtime, say};
use crate::config::DatabaseArgs;
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use rules::identity::Action;
use server::platform::{Ctx, Purpose, Scope};
use server::screening::import::{Ask, Report, Timing, commit, preview};
use std::path::PathBuf;
use std::process::ExitCode;

/// Some rows were left out; the report names them.
const SOME_REJECTED: u8 = 3;
const MAX_ROWS: usize = 1_000_000;

#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Bring in answers from a CSV file.
    Screenings(ScreeningsArgs),
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub struct ScreeningsArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// CSV: UTF-8 with or without mark, or GB18030. Empty and NA are missing.
    file: PathBuf,
    /// Which scale was answered: `pclc`, or one version of it, `pclc@1.0.0`.
    #[arg(long)]
    scale: String,
    /// Title of the campaign the answers belong to; made if there is none.
    #[arg(long, value_name = "NAME")]
    campaign: String,
    /// Where new people belong: names from below the root, `青枫区/枫林街道`.
    #[arg(long, value_name = "PATH")]
    org: Option<String>,
    /// Which column is which: `q1=intrusion,q2=dreams,age=`. An empty column leaves a fact out.
    #[arg(long, value_name = "FIELD=COLUMN,…")]
    map: Option<String>,
    /// The column that tells rows apart between imports.
    #[arg(long, value_name = "COLUMN")]
    id_col: Option<String>,
    /// The answers are from some time ago: no alarm rings, what is red goes to the review list (the default).
    #[arg(long, conflicts_with = "live")]
    historical: bool,
    /// The answers are from today: what is red rings.
    #[arg(long)]
    live: bool,
    /// Show what would come of it and write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Whose work this is; without it the server's own.
    #[arg(long = "as", value_name = "LOGIN")]
    as_login: Option<String>,
    /// The report as JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(command: ImportCommand) -> anyhow::Result<ExitCode> {
    let ImportCommand::Screenings(args) = command;
    let bytes =
        std::fs::read(&args.file).with_context(|| format!("{} cannot be read", args.file.display()))?;
    runtime()?.block_on(async {
        let opened = open(&args.database).await?;
        let outcome = screenings(&opened.ctx, &args, bytes).await;
        opened.leave().await;
        outcome
    })
}

async fn screenings(ctx: &Ctx, args: &ScreeningsArgs, bytes: Vec<u8>) -> anyhow::Result<ExitCode> {
    let ask = Ask {
        bytes,
        scale: args.scale.clone(),
        campaign: args.campaign.clone(),
        org: args.org.clone(),
        map: args
            .map
            .as_deref()
            .map(Ask::read_map)
            .transpose()
            .map_err(|problem| refused(&problem))?
            .unwrap_or_default(),
        id_column: args.id_col.clone(),
        timing: if args.live { Timing::Live } else { Timing::Historical },
        max_rows: MAX_ROWS,
    };
    let scope = scope(ctx, args.as_login.as_deref()).await?;
    // what will happen is said before it happens: how many are red above all
    let forecast = preview(ctx, &scope, &ask).await.map_err(|problem| refused(&problem))?;
    if args.dry_run {
        return tell(&forecast, args.json);
    }
    if !args.json {
        say(&format!("about to import:\n{forecast}"))?;
    }
    let report = commit(ctx, &scope, &ask).await.map_err(|problem| refused(&problem))?;
    tell(&report, args.json)
}

fn tell(report: &Report, is_json: bool) -> anyhow::Result<ExitCode> {
    say(&if is_json { serde_json::to_string_pretty(report)? } else { report.to_string() })?;
    Ok(if report.rejected == 0 { ExitCode::SUCCESS } else { ExitCode::from(SOME_REJECTED) })
}

async fn scope(ctx: &Ctx, login: Option<&str>) -> anyhow::Result<Scope> {
    if let Some(login) = login {
        return server::identity::scope_of_login(ctx, login, Action::ScreeningImport, Purpose::Care)
            .await
            .map_err(|problem| refused(&problem));
    }
    match ctx.tenants().as_slice() {
        [tenant] => Ok(ctx.system_scope(tenant.id)),
        [] => bail!("there is no tenant yet: start the server once"),
        _ => bail!("there are several tenants: say with --as LOGIN in whose name this is done"),
    }
}
