//! `xindeng audit verify`: walks the chain of every tenant.

use super::{open, runtime, say};
use crate::config::DatabaseArgs;
use clap::{Args, Subcommand};
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Exit 0 and the number of rows, or exit 1 and the first broken one.
    Verify(VerifyArgs),
}

#[derive(Debug, Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    database: DatabaseArgs,
}

pub fn run(command: AuditCommand) -> anyhow::Result<ExitCode> {
    let AuditCommand::Verify(args) = command;
    runtime()?.block_on(async {
        let opened = open(&args.database).await?;
        let mut rows = 0;
        let mut code = ExitCode::SUCCESS;
        for tenant in opened.ctx.tenants() {
            match server::audit::verify(&opened.ctx, tenant.id).await {
                Ok(Ok(count)) => rows += count,
                Ok(Err(broken)) => {
                    say(&broken.to_string())?;
                    code = ExitCode::from(1);
                }
                Err(problem) => anyhow::bail!("the audit could not be read: {problem:?}"),
            }
        }
        if code == ExitCode::SUCCESS {
            say(&format!("{rows} rows, unbroken"))?;
        }
        opened.leave().await;
        Ok(code)
    })
}
