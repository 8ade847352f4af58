//! `xindeng account recover`: the way back in when nobody is left who could reset an account.

use super::{open, refused, runtime, say};
use crate::config::DatabaseArgs;
use clap::{Args, Subcommand};
use rules::dispatch::Priority;
use server::dispatch::{SystemFault, raise_system};
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Take an account's password and second factor away and print a one-time link for new ones. Its sessions end, it
    /// stands in the audit, and an alarm tells the centre.
    Recover(RecoverArgs),
}

#[derive(Debug, Args)]
pub struct RecoverArgs {
    /// The login of the account.
    login: String,
    #[command(flatten)]
    database: DatabaseArgs,
}

pub fn run(command: AccountCommand) -> anyhow::Result<ExitCode> {
    let AccountCommand::Recover(args) = command;
    runtime()?.block_on(async {
        let opened = open(&args.database).await?;
        let recovered = server::identity::recover(&opened.ctx, &args.login).await;
        let (tenant, token) = recovered.map_err(|problem| refused(&problem))?;
        let fault = SystemFault { reason: "account_recovered".to_owned(), priority: Priority::P2, org: None };
        let told = raise_system(&opened.ctx, tenant, fault).await;
        say(&format!("/setup/{token}"))?;
        eprintln!("Put the server's address before it; good once and for 48 hours.");
        if told.is_err() {
            eprintln!("The alarm that tells the centre could not be raised: say it yourself.");
        }
        opened.leave().await;
        Ok(ExitCode::SUCCESS)
    })
}
