//! `xindeng backup FILE` and `restore FILE`: the private database, its keys and the alarm journal in one file.

use super::{open, runtime, say};
use crate::config::DatabaseArgs;
use anyhow::{Context, bail, ensure};
use clap::Args;
use server::platform::postgres::PrivatePostgres;
use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

/// Beside the database: without the keys it could not be read.
const FILES: [&str; 4] = ["root.key", "demo.json", "alarm-spool.jsonl", "alarm-spool.unreadable.jsonl"];
const DUMP: &str = "database.dump";

#[derive(Debug, Args)]
pub struct BackupArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// Is made, or replaced when complete. It holds the keys: keep it like them.
    file: PathBuf,
}

#[derive(Debug, Args)]
pub struct RestoreArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    file: PathBuf,
}

pub fn backup(args: &BackupArgs) -> anyhow::Result<ExitCode> {
    ensure!(args.database.database_url.is_none(), "only the private database; for another one use pg_dump");
    let data_dir = &args.database.data_dir;
    runtime()?.block_on(async {
        let opened = open(&args.database).await?;
        let postgres = opened.postgres.as_ref().context("no private database")?;
        // before the dump: an alarm that leaves the journal meanwhile is in the dump, and raising it twice is once
        let files = read_files(data_dir)?;
        let dump = dump(postgres)?;
        let half = args.file.with_extension("part");
        let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&half)?;
        let mut archive = tar::Builder::new(file);
        append(&mut archive, DUMP, &dump)?;
        for (name, bytes) in files {
            append(&mut archive, name, &bytes)?;
        }
        archive.into_inner()?.sync_all()?;
        std::fs::rename(&half, &args.file)?;
        say(&format!("saved {} bytes to {}", std::fs::metadata(&args.file)?.len(), args.file.display()))?;
        opened.leave().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// Those that are there; one that cannot be read would be missed on the day of the restore.
fn read_files(data_dir: &Path) -> anyhow::Result<Vec<(&'static str, Vec<u8>)>> {
    let mut files = Vec::new();
    for name in FILES {
        match std::fs::read(data_dir.join(name)) {
            Ok(bytes) => files.push((name, bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error).context(name),
        }
    }
    Ok(files)
}

fn append(archive: &mut tar::Builder<File>, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(u64::try_from(bytes.len())?);
    header.set_mode(0o600);
    header.set_cksum();
    archive.append_data(&mut header, name, bytes)?;
    Ok(())
}

fn tool(postgres: &PrivatePostgres, program: &str) -> Command {
    let mut command = Command::new(postgres.bin_dir().join(program));
    command.env_clear().arg("-h").arg(postgres.socket_dir()).args(["-U", "postgres"]);
    command
}

fn dump(postgres: &PrivatePostgres) -> anyhow::Result<Vec<u8>> {
    let output = tool(postgres, "pg_dump").args(["-Fc", "xindeng"]).output().context("pg_dump")?;
    ensure!(output.status.success(), "pg_dump: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(output.stdout)
}

pub fn restore(args: &RestoreArgs) -> anyhow::Result<ExitCode> {
    ensure!(
        args.database.database_url.is_none(),
        "only the private database; for another one use pg_restore"
    );
    let data_dir = &args.database.data_dir;
    let is_empty = std::fs::read_dir(data_dir).map_or(true, |mut entries| entries.next().is_none());
    ensure!(is_empty, "{} is not empty; nothing was changed. Restore into a new folder", data_dir.display());
    std::fs::create_dir_all(data_dir)?;
    let mut dump = None;
    let mut archive =
        tar::Archive::new(File::open(&args.file).with_context(|| args.file.display().to_string())?);
    for entry in archive.entries().context("not a backup file")? {
        let mut entry = entry.context("the backup file is damaged")?;
        let name = entry.path()?.display().to_string();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).context("the backup file is damaged")?;
        if name == DUMP {
            dump = Some(bytes);
        } else if FILES.contains(&name.as_str()) {
            write_private(&data_dir.join(name), &bytes)?;
        } else {
            bail!("{name}: not part of a backup");
        }
    }
    let dump = dump.context("the backup file holds no database")?;
    runtime()?.block_on(async {
        let postgres = PrivatePostgres::start(data_dir).await?;
        load(&postgres, &dump)?;
        postgres.stop();
        anyhow::Ok(())
    })?;
    say(&format!("restored into {}", data_dir.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn load(postgres: &PrivatePostgres, dump: &[u8]) -> anyhow::Result<()> {
    let mut child = tool(postgres, "pg_restore")
        .args(["-d", "xindeng", "--exit-on-error", "--single-transaction"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("pg_restore")?;
    let mut stdin = child.stdin.take().context("pg_restore")?;
    std::io::Write::write_all(&mut stdin, dump).context("pg_restore stopped reading")?;
    drop(stdin);
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "pg_restore: {}", String::from_utf8_lossy(&output.stderr).trim());
    begin_epoch(postgres)
}

/// Open screens start over from a snapshot.
fn begin_epoch(postgres: &PrivatePostgres) -> anyhow::Result<()> {
    let output = tool(postgres, "psql")
        .args(["-d", "xindeng", "-v", "ON_ERROR_STOP=1", "-qc"])
        .arg(server::events::BEGIN_EPOCH)
        .output()
        .context("psql")?;
    ensure!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    std::io::Write::write_all(&mut file, bytes)?;
    file.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_not_there_are_left_out_and_one_that_cannot_be_read_is_said() {
        let folder = std::env::temp_dir().join(format!("xindeng-backup-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("root.key"), "key").unwrap();
        assert_eq!(read_files(&folder).unwrap(), [("root.key", b"key".to_vec())]);
        std::fs::create_dir(folder.join("alarm-spool.jsonl")).unwrap();
        assert!(read_files(&folder).is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
