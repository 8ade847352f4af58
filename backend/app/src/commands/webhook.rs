//! `xindeng webhook key`: what the other side needs to check a signature.

use super::{open, runtime, say};
use crate::config::DatabaseArgs;
use clap::{Args, Subcommand};
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub enum WebhookCommand {
    /// Print each tenant's id and the key (hexadecimal, 32 bytes) of its signatures.
    Key(KeyArgs),
}

#[derive(Debug, Args)]
pub struct KeyArgs {
    #[command(flatten)]
    database: DatabaseArgs,
}

pub fn run(command: WebhookCommand) -> anyhow::Result<ExitCode> {
    let WebhookCommand::Key(args) = command;
    runtime()?.block_on(async {
        let opened = open(&args.database).await?;
        for tenant in opened.ctx.tenants() {
            say(&format!("{} {}", tenant.id, opened.ctx.keys.webhook_key(tenant.id)))?;
        }
        opened.leave().await;
        Ok(ExitCode::SUCCESS)
    })
}
