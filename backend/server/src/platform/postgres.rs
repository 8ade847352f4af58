//! A private Postgres in the data folder, for running with one command: found on the machine, reached by a socket
//! that only its owner can open, never as root. Durability stays on.

use nix::unistd::{Gid, Uid, User, chown};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

const START_WITHIN: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(30);
/// How long to look for another's Postgres after our own gave up: 3 seconds.
const GRACE_TRIES: u32 = 100;
const OWNER: &str = "xindeng_owner";
const DATABASE: &str = "xindeng";
/// A Unix socket path has 107 bytes; Postgres adds `/.s.PGSQL.5432`.
const MAX_SOCKET_DIR: usize = 90;

#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    #[error(
        "no Postgres found on this machine. Install it (Debian: apt-get install postgresql-15), \
         or set PG_BIN_DIR to its bin folder, or give --database-url"
    )]
    NotInstalled,
    #[error("started as root, but there is no user `postgres` to run the database as")]
    NoUser,
    #[error("the data folder's path is too long for a socket ({0} bytes, at most {MAX_SOCKET_DIR})")]
    PathTooLong(usize),
    #[error("initdb failed: {0}")]
    Initdb(String),
    #[error("Postgres did not start: {0}")]
    Start(String),
    #[error("Postgres did not answer within {} seconds; see {}", START_WITHIN.as_secs(), .0.display())]
    Timeout(PathBuf),
    #[error("a file operation for the private database failed")]
    Io(#[from] std::io::Error),
    #[error("the operating system refused")]
    System(#[from] nix::Error),
    #[error("the private database could not be prepared")]
    Database(#[from] sqlx::Error),
}

/// A running private Postgres. If it was already running (ours was killed), it is joined, not started twice.
#[derive(Debug)]
pub struct PrivatePostgres {
    dirs: Dirs,
    child: Option<std::process::Child>,
}

#[derive(Debug, Clone)]
struct Dirs {
    bin: PathBuf,
    data: PathBuf,
    socket: PathBuf,
    log: PathBuf,
    run_as: Option<(Uid, Gid)>,
}

impl PrivatePostgres {
    pub async fn start(data_dir: &Path) -> Result<Self, PostgresError> {
        let dirs = prepare(data_dir)?;
        if !dirs.data.join("PG_VERSION").exists() {
            initdb(&dirs)?;
        }
        let superuser = options(&dirs, "postgres", "postgres");
        let child = if superuser.connect().await.is_ok() { None } else { Some(spawn(&dirs)?) };
        let mut postgres = Self { dirs, child };
        postgres.wait().await?;
        create_database(&options(&postgres.dirs, "postgres", "postgres")).await?;
        Ok(postgres)
    }

    /// As the owner of the schema; the pools step down to the working role.
    pub fn options(&self) -> PgConnectOptions {
        options(&self.dirs, OWNER, DATABASE)
    }

    pub fn bin_dir(&self) -> &Path {
        &self.dirs.bin
    }

    pub fn socket_dir(&self) -> &Path {
        &self.dirs.socket
    }

    async fn wait(&mut self) -> Result<(), PostgresError> {
        let tries = START_WITHIN.as_millis() / POLL.as_millis();
        let mut ended = None;
        for _ in 0..tries {
            if let Ok(connection) = options(&self.dirs, "postgres", "postgres").connect().await {
                connection.close().await?;
                return Ok(());
            }
            if let Some(child) = &mut self.child
                && let Some(status) = child.try_wait()?
            {
                // two commands may have started one at the same moment: the slower one joins the other's
                ended = Some((status, GRACE_TRIES));
                self.child = None;
            }
            if let Some((status, left)) = &mut ended {
                *left -= 1;
                if *left == 0 {
                    return Err(PostgresError::Start(format!("{status}; {}", last_lines(&self.dirs.log))));
                }
            }
            tokio::time::sleep(POLL).await;
        }
        Err(PostgresError::Timeout(self.dirs.log.clone()))
    }

    /// Stops Postgres only if this process started it.
    pub fn leave(self) {
        if self.child.is_some() {
            self.stop();
        }
    }

    /// Asks Postgres for a fast shutdown and waits for it.
    pub fn stop(mut self) {
        let pid = std::fs::read_to_string(self.dirs.data.join("postmaster.pid"))
            .ok()
            .and_then(|text| text.lines().next()?.trim().parse::<i32>().ok());
        let Some(pid) = pid else { return };
        let pid = nix::unistd::Pid::from_raw(pid);
        if nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).is_err() {
            return;
        }
        if let Some(child) = &mut self.child {
            let _ = child.wait();
            return;
        }
        while nix::sys::signal::kill(pid, None).is_ok() {
            std::thread::sleep(POLL);
        }
    }
}

/// The newest installed Postgres.
pub fn find_bin_dir() -> Result<PathBuf, PostgresError> {
    if let Some(dir) = std::env::var_os("PG_BIN_DIR").map(PathBuf::from) {
        return if dir.join("postgres").exists() { Ok(dir) } else { Err(PostgresError::NotInstalled) };
    }
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            let bin = entry.path().join("bin");
            bin.join("postgres").exists().then_some((version, bin))
        })
        .collect();
    found.sort();
    found.pop().map(|(_, bin)| bin).ok_or(PostgresError::NotInstalled)
}

fn prepare(data_dir: &Path) -> Result<Dirs, PostgresError> {
    std::fs::create_dir_all(data_dir)?;
    let data_dir = data_dir.canonicalize()?;
    let run_as = if Uid::effective().is_root() {
        let user = User::from_name("postgres")?.ok_or(PostgresError::NoUser)?;
        Some((user.uid, user.gid))
    } else {
        None
    };
    let dirs = Dirs {
        bin: find_bin_dir()?,
        data: data_dir.join("postgres"),
        socket: data_dir.join("socket"),
        log: data_dir.join("postgres.log"),
        run_as,
    };
    let socket_len = dirs.socket.as_os_str().len();
    if socket_len > MAX_SOCKET_DIR {
        return Err(PostgresError::PathTooLong(socket_len));
    }
    for dir in [&dirs.data, &dirs.socket] {
        std::fs::create_dir_all(dir)?;
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))?;
        if let Some((uid, gid)) = run_as {
            chown(dir, Some(uid), Some(gid))?;
        }
    }
    if run_as.is_some() {
        // the database's user must be able to walk to its folders
        std::fs::set_permissions(&data_dir, std::fs::Permissions::from_mode(0o711))?;
    }
    Ok(dirs)
}

fn command(dirs: &Dirs, program: &str) -> std::process::Command {
    let mut command = std::process::Command::new(dirs.bin.join(program));
    command.current_dir("/").env_clear().env("LC_ALL", "C.UTF-8").env("TZ", "UTC").stdin(Stdio::null());
    if let Some((uid, gid)) = dirs.run_as {
        command.uid(uid.as_raw()).gid(gid.as_raw());
    }
    command
}

fn initdb(dirs: &Dirs) -> Result<(), PostgresError> {
    let output = command(dirs, "initdb")
        .arg("-D")
        .arg(&dirs.data)
        .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--data-checksums"])
        .output()?;
    if output.status.success() {
        Ok(())
    } else {
        Err(PostgresError::Initdb(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
    }
}

fn spawn(dirs: &Dirs) -> Result<std::process::Child, PostgresError> {
    let log = std::fs::File::options().create(true).append(true).open(&dirs.log)?;
    let child = command(dirs, "postgres")
        .arg("-D")
        .arg(&dirs.data)
        .arg("-k")
        .arg(&dirs.socket)
        .args(["-h", "", "-c", "max_connections=60", "-c", "shared_buffers=64MB"])
        // its own group: a Ctrl-C in the terminal is for us, we then stop it in order
        .process_group(0)
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()?;
    Ok(child)
}

fn options(dirs: &Dirs, user: &str, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(&dirs.socket)
        .port(5432)
        .username(user)
        .database(database)
        .application_name("xindeng")
        .disable_statement_logging()
}

async fn create_database(superuser: &PgConnectOptions) -> Result<(), PostgresError> {
    let mut connection = superuser.connect().await?;
    connection
        .execute(
            "do $$
             begin
                 if not exists (select from pg_roles where rolname = 'xindeng_owner') then
                     create role xindeng_owner login;
                 end if;
                 if not exists (select from pg_roles where rolname = 'xindeng_app') then
                     create role xindeng_app nologin nobypassrls;
                 end if;
                 grant xindeng_app to xindeng_owner;
             end
             $$",
        )
        .await?;
    let exists: bool =
        sqlx::query_scalar("select exists (select from pg_database where datname = 'xindeng')")
            .fetch_one(&mut connection)
            .await?;
    if !exists {
        connection.execute("create database xindeng owner xindeng_owner").await?;
    }
    connection.close().await?;
    Ok(())
}

fn last_lines(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(3)..].join(" | ")
}
