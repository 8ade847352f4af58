//! A server of our own in a folder of its own: started, killed, started again, stopped. Never anybody else's.

use anyhow::{Context, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Executor};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const READY_WITHIN: Duration = Duration::from_mins(1);
const STOP_WITHIN: Duration = Duration::from_secs(30);

/// Where a server lives between its starts.
#[derive(Debug)]
pub struct Home {
    pub binary: PathBuf,
    pub data_dir: PathBuf,
    pub base_url: String,
    listen: String,
}

/// A server that said that it is ready.
#[derive(Debug)]
pub struct Running {
    child: Child,
    pub admin_url: String,
    /// from the start of the process to the ready line
    pub ready_after: Duration,
}

impl Home {
    /// An empty folder, and an address that was free a moment ago.
    pub fn new(binary: PathBuf, name: &str) -> anyhow::Result<Self> {
        if !binary.is_file() {
            bail!("{} is not there; build it first", binary.display());
        }
        let data_dir = std::env::temp_dir().join(format!("xindeng-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&data_dir)?;
        let listen = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        Ok(Self { binary, data_dir, base_url: format!("http://{listen}"), listen })
    }

    pub fn start(&self) -> anyhow::Result<Running> {
        let log = File::options().create(true).append(true).open(self.data_dir.join("server.log"))?;
        let started = Instant::now();
        let mut child = Command::new(&self.binary)
            .args(["serve", "--listen", &self.listen, "--data-dir"])
            .arg(&self.data_dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} cannot be started", self.binary.display()))?;
        let out = child.stdout.take().context("the server's standard output")?;
        let (sender, line) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut text = String::new();
            let read = BufReader::new(out).read_line(&mut text).map(|_| text);
            // nobody waits any longer if this fails
            let _ = sender.send(read);
        });
        let said = line.recv_timeout(READY_WITHIN);
        let ready_after = started.elapsed();
        let ready: Option<Value> =
            said.ok().and_then(Result::ok).and_then(|text| serde_json::from_str(&text).ok());
        let Some(ready) = ready else {
            let _ = child.kill();
            let _ = child.wait();
            bail!("the server did not become ready; the end of its log:\n{}", self.last_words());
        };
        let admin_url = ready["admin"].as_str().context("the ready line names no admin address")?.to_owned();
        Ok(Running { child, admin_url, ready_after })
    }

    /// A command of the same binary on the same data, beside the server.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).arg("--data-dir").arg(&self.data_dir).stdin(Stdio::null());
        command
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.data_dir.join("server.log")).unwrap_or_default()
    }

    pub fn last_words(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }

    pub fn socket_dir(&self) -> PathBuf {
        self.data_dir.join("socket")
    }

    /// Past row security: for setting up and for counting afterwards.
    pub async fn database(&self) -> anyhow::Result<PgPool> {
        let options = PgConnectOptions::new_without_pgpass()
            .socket(self.socket_dir())
            .port(5432)
            .username("postgres")
            .database("xindeng")
            .disable_statement_logging();
        Ok(PgPoolOptions::new()
            .max_connections(2)
            .after_connect(|connection, _| {
                Box::pin(async move { connection.execute("set jit = off").await.map(|_| ()) })
            })
            .connect_with(options)
            .await?)
    }
}

impl Drop for Home {
    /// Stops the private Postgres if it is still there, and takes the folder away.
    fn drop(&mut self) {
        stop_postgres(&self.data_dir);
        if std::env::var_os("KEEP_DATA").is_none() {
            let _ = std::fs::remove_dir_all(&self.data_dir);
        }
    }
}

fn stop_postgres(data_dir: &Path) {
    let pid = std::fs::read_to_string(data_dir.join("postgres/postmaster.pid"))
        .ok()
        .and_then(|text| text.lines().next()?.trim().parse::<i32>().ok());
    let Some(pid) = pid.map(Pid::from_raw) else { return };
    if kill(pid, Signal::SIGINT).is_err() {
        return;
    }
    let deadline = Instant::now() + STOP_WITHIN;
    while kill(pid, None).is_ok() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(50));
    }
}

impl Running {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// As if the power of this process alone had gone: nothing is told, nothing is finished.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// In order; with it goes the private Postgres.
    pub fn stop(mut self) -> anyhow::Result<ExitStatus> {
        kill(Pid::from_raw(i32::try_from(self.child.id())?), Signal::SIGTERM)?;
        let deadline = Instant::now() + STOP_WITHIN;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                bail!("the server did not stop within {} s", STOP_WITHIN.as_secs());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
