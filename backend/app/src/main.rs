//! The `xindeng` binary: configuration → context → serve | score | scales | policy | import | account | webhook | audit | backup | doctor.

mod commands;
mod config;
mod listen;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Xindeng 心灯: screening, triage and alarms for a city's psychological service centre.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server.
    Serve(config::ServeArgs),
    /// Score answers from a file or standard input.
    Score(commands::score::ScoreArgs),
    /// The questionnaires built into this program.
    Scales(commands::scales::ScalesArgs),
    /// Check a triage or escalation policy, and see what it would have done.
    #[command(subcommand)]
    Policy(commands::policy::PolicyCommand),
    /// Bring in answers from a file.
    #[command(subcommand)]
    Import(commands::import::ImportCommand),
    /// The way back in when nobody is left who could reset an account.
    #[command(subcommand)]
    Account(commands::account::AccountCommand),
    /// What another system needs to trust our notifications.
    #[command(subcommand)]
    Webhook(commands::webhook::WebhookCommand),
    /// Check the record of who looked at what.
    #[command(subcommand)]
    Audit(commands::audit::AuditCommand),
    /// Save the private database and its files into one file.
    Backup(commands::backup::BackupArgs),
    /// Bring a saved file back into an empty data folder.
    Restore(commands::backup::RestoreArgs),
    /// Check what the server needs, and say what to do.
    Doctor(commands::doctor::DoctorArgs),
    /// Print the OpenAPI document.
    Openapi,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(args) => commands::serve::run(args),
        Command::Score(args) => commands::score::run(args),
        Command::Scales(args) => commands::scales::run(args),
        Command::Policy(command) => commands::policy::run(command),
        Command::Import(command) => commands::import::run(command),
        Command::Account(command) => commands::account::run(command),
        Command::Webhook(command) => commands::webhook::run(command),
        Command::Audit(command) => commands::audit::run(command),
        Command::Backup(args) => commands::backup::backup(&args),
        Command::Restore(args) => commands::backup::restore(&args),
        Command::Doctor(args) => commands::doctor::run(&args),
        Command::Openapi => commands::openapi(),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("xindeng: {error:#}");
        ExitCode::FAILURE
    })
}
