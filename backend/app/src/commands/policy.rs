//! `xindeng policy`: is a triage or escalation policy fit for use, and what would it have done?

use super::say;
use crate::config::DatabaseArgs;
use anyhow::{Context, bail};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta};
use rules::dispatch::{self, EscalationPolicy, Priority, next_step};
use rules::scale::{Library, Scale};
use rules::triage::{
    Finding, PastVisit, Policy, ScaleShape, ScaleShapes, Settings, Severity, Simulation, lint, simulate,
};
use serde::Deserialize;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, clap::Subcommand)]
pub enum PolicyCommand {
    /// What is wrong with a policy; exit 1 if it must not be used.
    Lint {
        file: PathBuf,
        /// A scale of the campaign the policy is for; may be given several times. Without it, every built-in scale.
        #[arg(long = "scale", value_name = "CODE")]
        campaign: Vec<String>,
    },
    /// What a policy would have done. Of an escalation policy: whom it tells if nobody acts.
    Simulate(SimulateArgs),
}

#[derive(Debug, clap::Args)]
pub struct SimulateArgs {
    file: PathBuf,
    /// Past visits from the database, from this day on (all, without it).
    #[arg(long, value_name = "DATE", conflicts_with = "visits")]
    since: Option<NaiveDate>,
    #[command(flatten)]
    database: DatabaseArgs,
    /// Past visits from a file instead, JSON Lines: `{"person","at","case":{…}}`.
    #[arg(long, value_name = "FILE")]
    visits: Option<PathBuf>,
    /// The policy to compare with.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// Dispatch seats that share the alarms.
    #[arg(long, default_value_t = 1)]
    seats: u16,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(command: PolicyCommand) -> anyhow::Result<ExitCode> {
    match command {
        PolicyCommand::Lint { file, campaign } => lint_file(&file, &campaign),
        PolicyCommand::Simulate(args) => simulate_file(&args),
    }
}

/// A file says by its keys which of the two it is.
enum AnyPolicy {
    Triage(Box<Policy>),
    Escalation(Box<EscalationPolicy>),
}

fn read(file: &Path) -> anyhow::Result<Result<AnyPolicy, Vec<Finding>>> {
    #[derive(Deserialize)]
    struct Kind {
        plans: Option<serde::de::IgnoredAny>,
    }
    let json = fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let kind: Kind =
        serde_json::from_str(&json).with_context(|| format!("{} is no policy", file.display()))?;
    Ok(if kind.plans.is_some() {
        EscalationPolicy::parse(&json).map(|policy| AnyPolicy::Escalation(Box::new(policy)))
    } else {
        Policy::parse(&json).map(|policy| AnyPolicy::Triage(Box::new(policy)))
    })
}

fn lint_file(file: &Path, campaign: &[String]) -> anyhow::Result<ExitCode> {
    let findings = match read(file)? {
        Err(findings) => findings,
        Ok(AnyPolicy::Escalation(policy)) => dispatch::lint(&policy),
        Ok(AnyPolicy::Triage(policy)) => {
            let library = super::scales::library(None)?;
            let shapes = shapes(&library);
            if campaign.is_empty() {
                lint(&policy, &shapes, shapes.keys().map(String::as_str))
            } else {
                lint(&policy, &shapes, campaign.iter().map(String::as_str))
            }
        }
    };
    for finding in &findings {
        say(&finding.to_string())?;
    }
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let errors = count(Severity::Error);
    say(&format!("{errors} errors, {} warnings, {} notes", count(Severity::Warning), count(Severity::Note)))?;
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn shapes(library: &Library) -> ScaleShapes {
    let shape = |scale: &Scale| (scale.code().to_owned(), ScaleShape::from(scale));
    library.all_newest().map(shape).collect()
}

fn usable(file: &Path) -> anyhow::Result<AnyPolicy> {
    read(file)?.map_err(|findings| {
        let findings: Vec<String> = findings.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("{} cannot be used:\n{}", file.display(), findings.join("\n"))
    })
}

fn simulate_file(args: &SimulateArgs) -> anyhow::Result<ExitCode> {
    let policy = match usable(&args.file)? {
        AnyPolicy::Escalation(policy) => {
            for line in timeline(&policy) {
                say(&line)?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        AnyPolicy::Triage(policy) => policy,
    };
    let against = match args.against.as_deref().map(usable).transpose()? {
        Some(AnyPolicy::Triage(against)) => Some(against),
        Some(AnyPolicy::Escalation(_)) => {
            bail!("a triage policy cannot be compared with an escalation policy")
        }
        None => None,
    };
    let visits = match &args.visits {
        Some(file) => read_visits(file)?,
        None => super::runtime()?.block_on(load_visits(args))?,
    };
    let settings = Settings { seats: args.seats, ..Settings::default() };
    let simulation = simulate(&policy, against.as_deref(), visits, settings);
    print(&simulation, args.json)?;
    Ok(ExitCode::SUCCESS)
}

/// As if each had just come; what was known from before is left out.
async fn load_visits(args: &SimulateArgs) -> anyhow::Result<Vec<PastVisit>> {
    let since = args.since.unwrap_or_default().and_time(NaiveTime::MIN).and_utc();
    let opened = super::open(&args.database).await?;
    let mut visits = Vec::new();
    for tenant in opened.ctx.tenants() {
        let past = server::screening::past_visits(&opened.ctx, tenant.id, since)
            .await
            .map_err(|problem| anyhow::anyhow!("past visits could not be read: {}", problem.title()))?;
        visits.extend(past);
    }
    opened.leave().await;
    Ok(visits)
}

fn read_visits(file: &Path) -> anyhow::Result<Vec<PastVisit>> {
    let lines =
        BufReader::new(fs::File::open(file).with_context(|| format!("{} cannot be read", file.display()))?);
    let mut visits = Vec::new();
    for (number, line) in lines.lines().enumerate() {
        let line = line?;
        if !line.trim().is_empty() {
            let visit = serde_json::from_str(&line).with_context(|| format!("line {}", number + 1))?;
            visits.push(visit);
        }
    }
    Ok(visits)
}

/// A simulation for people, or as JSON.
pub fn print(simulation: &Simulation, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return say(&serde_json::to_string_pretty(simulation)?);
    }
    for line in lines(simulation) {
        say(&line)?;
    }
    Ok(())
}

fn lines(simulation: &Simulation) -> Vec<String> {
    let mut lines = vec![format!("{}: {} visits", simulation.policy, simulation.visits)];
    for (tier, count) in simulation.tiers.iter().enumerate().rev() {
        lines.push(format!("  tier {tier}   {count:>8}"));
    }
    for priority in Priority::ALL {
        let at_once = simulation.alarms.get(&priority).copied().unwrap_or(0);
        let if_missed = simulation.alarms_if_missed.get(&priority).copied().unwrap_or(0);
        if at_once + if_missed > 0 {
            lines.push(format!(
                "  {priority} alarms: {at_once} at once, {if_missed} more if every deadline were missed"
            ));
        }
    }
    let hours = &simulation.per_seat_and_hour;
    lines.push(format!(
        "  per seat and hour ({} seats): at most {}{}; above 6 in {} hours, above 12 in {}",
        hours.seats,
        hours.most,
        hours
            .most_at
            .map(|at| format!(" (hour from {})", at.format("%Y-%m-%d %H:%M UTC")))
            .unwrap_or_default(),
        hours.hours_above_acceptable,
        hours.hours_above_most,
    ));
    let days = &simulation.contacts_a_day;
    lines.push(format!(
        "  contacts: {} on {} days, {} a day, at most {}",
        days.total, days.days, days.mean, days.most
    ));
    if let Some(against) = &simulation.against {
        lines.push(format!("  against {against}: {} would change tier", simulation.changes.len()));
        for change in &simulation.changes {
            lines.push(format!(
                "    {} {} → {}: now {}; before {}",
                change.person,
                change.from,
                change.to,
                or_dash(&change.because),
                or_dash(&change.no_longer)
            ));
        }
    }
    lines
}

fn or_dash(rows: &[String]) -> String {
    if rows.is_empty() { "–".to_owned() } else { rows.join(", ") }
}

/// Laps shown of the last resort: it goes on like this.
const SHOWN_LAPS: u16 = 2;

/// Whom an escalation policy tells if nobody acts.
fn timeline(policy: &EscalationPolicy) -> Vec<String> {
    let pinned = policy.pin();
    let raised_at = DateTime::UNIX_EPOCH;
    let mut lines = Vec::new();
    for priority in Priority::ALL {
        lines.push(format!("{} {priority}", policy.reference()));
        let mut done = None;
        while let Some(step) = next_step(&pinned, priority, raised_at, done) {
            let position = dispatch::Position { step: step.step, lap: step.lap };
            let is_last =
                matches!(pinned.plan(priority).stage(position), Some(dispatch::Stage::LastResort(_)));
            if is_last && position.lap > SHOWN_LAPS {
                lines.push("             and so on".to_owned());
                break;
            }
            let posts: Vec<&str> = step.notify.iter().map(|post| post.code()).collect();
            let channels: Vec<&str> = step.channels.iter().map(|channel| channel.code()).collect();
            let after = elapsed(step.due_at - raised_at);
            lines.push(format!("  {after:>9}  {} ({})", posts.join(", "), channels.join(", ")));
            done = Some(position);
        }
        if done.is_none() {
            lines.push("  stands on the list".to_owned());
        }
    }
    lines
}

fn elapsed(time: TimeDelta) -> String {
    let secs = time.num_seconds();
    match (secs / 3600, secs / 60 % 60, secs % 60) {
        (0, 0, secs) => format!("+{secs} s"),
        (0, minutes, secs) => format!("+{minutes}:{secs:02}"),
        (hours, minutes, secs) => format!("+{hours}:{minutes:02}:{secs:02}"),
    }
}
