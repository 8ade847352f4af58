//! The local journal of alarms, for when the database cannot be reached: an alarm is written to disk and forced there,
//! shown on the connected boards at once, and raised when the database is back, once.

use super::ops::raise::{Outcome, Raise, SystemFault, raise, raise_system};
use super::words;
use crate::identity::{Actor, Grant};
use crate::platform::keys::Column;
use crate::platform::tasks::turn;
use crate::platform::{Ctx, Problem};
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rules::Timestamp;
use rules::dispatch::Priority;
use rules::identity::Role;
use rules::ids::{AccountId, AlarmId, OrgId, SessionId, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::fs;
use tokio::io::AsyncWriteExt;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const ENTRY: Column = Column("alarm_journal.entry");
const FILE: &str = "alarm-spool.jsonl";
const UNREADABLE_FILE: &str = "alarm-spool.unreadable.jsonl";
const TRY_EVERY: Duration = Duration::from_millis(500);
const AT_ONCE: Duration = Duration::from_secs(2);

/// One for each data folder. Its lock is held while the file is written, never while the database is asked.
#[derive(Debug, Default)]
pub struct Spool {
    folder: Option<PathBuf>,
    file: Mutex<()>,
    waiting: AtomicUsize,
    /// The last attempt to raise one found the database out of reach.
    is_out: AtomicBool,
    /// When the first of them came, in microseconds since 1970; 0 if it was there when the server started.
    since_micros: AtomicI64,
}

/// A line of the journal. What it holds about people is sealed.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Line {
    tenant: Uuid,
    id: Uuid,
    sealed: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    raise: Raise,
    account: Uuid,
    name: String,
    grants: Vec<(Role, OrgId)>,
}

#[derive(Debug, thiserror::Error)]
enum SpoolError {
    #[error("the local alarm journal has no folder")]
    NoFolder,
    #[error("the local alarm journal cannot be written")]
    File(#[from] std::io::Error),
    #[error("an alarm could not be written down")]
    Json(#[from] serde_json::Error),
}

impl Spool {
    /// Counts what a server that was killed has left behind.
    pub fn open(folder: &Path) -> std::io::Result<Self> {
        let waiting = match std::fs::read_to_string(folder.join(FILE)) {
            Ok(text) => text.lines().filter(|line| !line.trim().is_empty()).count(),
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(Self {
            folder: Some(folder.to_owned()),
            file: Mutex::new(()),
            waiting: AtomicUsize::new(waiting),
            is_out: AtomicBool::new(false),
            since_micros: AtomicI64::new(0),
        })
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) == 0
    }

    /// Alarms go straight to the journal, without waiting for a database that has just not answered.
    pub fn takes_over(&self) -> bool {
        !self.is_empty() && self.is_out.load(Ordering::SeqCst)
    }

    /// Since when something has been waiting.
    pub fn waits_since(&self) -> Option<Timestamp> {
        if self.is_empty() {
            return None;
        }
        Timestamp::from_timestamp_micros(self.since_micros.load(Ordering::SeqCst))
    }

    /// On disk when this returns. It is said before anybody can take it out again.
    async fn append(&self, line: &Line, now: Timestamp, say: impl FnOnce()) -> Result<(), SpoolError> {
        let folder = self.folder.as_deref().ok_or(SpoolError::NoFolder)?;
        // a line that was torn by a crash or a full disk must not swallow this one
        let text = format!("\n{}\n", serde_json::to_string(line)?);
        let _writing = self.file.lock().await;
        append_to(folder, FILE, &text).await?;
        if self.waiting.fetch_add(1, Ordering::SeqCst) == 0 {
            self.since_micros.store(now.timestamp_micros(), Ordering::SeqCst);
        }
        self.is_out.store(true, Ordering::SeqCst);
        say();
        Ok(())
    }

    async fn lines(&self) -> Result<Vec<String>, SpoolError> {
        let Some(folder) = self.folder.as_deref() else { return Ok(Vec::new()) };
        let _reading = self.file.lock().await;
        let lines: Vec<String> = match fs::read_to_string(folder.join(FILE)).await {
            Ok(text) => text.lines().map(str::to_owned).filter(|line| !line.trim().is_empty()).collect(),
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        // a turn that was given up may have taken lines out without counting them
        self.waiting.store(lines.len(), Ordering::SeqCst);
        Ok(lines)
    }

    /// Takes lines out by their place in what was read; whatever was appended meanwhile stays. A crash before the rename
    /// leaves them in, and raising them again changes nothing.
    async fn remove(&self, done: &BTreeSet<usize>, unreadable: &[String]) -> Result<(), SpoolError> {
        let folder = self.folder.as_deref().ok_or(SpoolError::NoFolder)?;
        let _writing = self.file.lock().await;
        if !unreadable.is_empty() {
            append_to(folder, UNREADABLE_FILE, &format!("\n{}\n", unreadable.join("\n"))).await?;
        }
        let text = fs::read_to_string(folder.join(FILE)).await?;
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let rest: Vec<&str> =
            lines.enumerate().filter(|(place, _)| !done.contains(place)).map(|(_, line)| line).collect();
        let next = folder.join(format!("{FILE}.next"));
        let mut file = fs::File::create(&next).await?;
        for line in &rest {
            file.write_all(line.as_bytes()).await?;
            file.write_all(b"\n").await?;
        }
        file.sync_all().await?;
        fs::rename(&next, folder.join(FILE)).await?;
        sync_folder(folder).await?;
        self.waiting.store(rest.len(), Ordering::SeqCst);
        Ok(())
    }
}

async fn append_to(folder: &Path, name: &str, text: &str) -> std::io::Result<()> {
    let path = folder.join(name);
    let is_new = !fs::try_exists(&path).await?;
    let mut options = fs::OpenOptions::new();
    options.append(true).create(true).mode(0o600);
    let mut file = options.open(&path).await?;
    file.write_all(text.as_bytes()).await?;
    file.sync_all().await?;
    if is_new {
        sync_folder(folder).await?;
    }
    Ok(())
}

/// Without this the new name itself may be lost with the power.
async fn sync_folder(folder: &Path) -> std::io::Result<()> {
    fs::File::open(folder).await?.sync_all().await
}

/// Writes an alarm down here and shows it. The answer says that only this machine has it so far.
pub async fn keep(ctx: &Ctx, actor: &Actor, raise: &Raise) -> Result<(), Problem> {
    let entry = Entry {
        raise: raise.clone(),
        account: actor.account.0,
        name: actor.name.clone(),
        grants: actor.grants.iter().map(|grant| (grant.role, grant.org)).collect(),
    };
    let line = seal(ctx, actor.tenant, &entry).map_err(|error| Problem::internal(&error))?;
    let say = || ctx.hub.say_aside(actor.tenant, &frame(&entry));
    ctx.spool.append(&line, ctx.now(), say).await.map_err(|error| Problem::internal(&error))?;
    metrics::counter!("alarm_journal_total", "what" => "kept").increment(1);
    tracing::warn!(alarm.id = %raise.id, "an alarm was written to the local journal");
    Ok(())
}

/// What the journal holds for a tenant, as the frames in which its boards were told: for a board that connects later.
pub async fn waiting(ctx: &Ctx, tenant: TenantId) -> Vec<String> {
    if ctx.spool.is_empty() {
        return Vec::new();
    }
    let lines = match ctx.spool.lines().await {
        Ok(lines) => lines,
        Err(error) => {
            tracing::error!(%error, "the local alarm journal cannot be shown");
            return Vec::new();
        }
    };
    let entries = lines.iter().filter_map(|line| open(ctx, line)).filter(|(of, _)| *of == tenant);
    entries.map(|(_, entry)| frame(&entry).to_string()).collect()
}

fn frame(entry: &Entry) -> Value {
    let raise = &entry.raise;
    json!({
        "t": "local_alarm",
        "alarm": {
            "id": raise.id,
            "kind": raise.kind,
            "priority": raise.priority.code(),
            "headline": words::headline(raise.kind, &raise.reason),
            "place": raise.place,
            "org_id": raise.org,
            "person_id": raise.person,
            "raised_at": raise.at,
            "raised_by": {"id": entry.account, "name": entry.name},
            "drill": raise.drill,
        },
    })
}

fn seal(ctx: &Ctx, tenant: TenantId, entry: &Entry) -> Result<Line, SpoolError> {
    let id = entry.raise.id.0;
    let sealed = ctx.keys.seal(tenant, ENTRY, id, &serde_json::to_vec(entry)?);
    Ok(Line { tenant: tenant.0, id, sealed: STANDARD.encode(sealed) })
}

fn open(ctx: &Ctx, text: &str) -> Option<(TenantId, Entry)> {
    let line: Line = serde_json::from_str(text).ok()?;
    let sealed = STANDARD.decode(&line.sealed).ok()?;
    let tenant = TenantId(line.tenant);
    let entry = ctx.keys.open(tenant, ENTRY, line.id, &sealed).ok()?;
    Some((tenant, serde_json::from_slice(&entry).ok()?))
}

pub async fn run(ctx: Ctx, stop: CancellationToken) {
    loop {
        turn(&ctx, "alarm_journal", Box::pin(replay(&ctx))).await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(TRY_EVERY) => {}
        }
    }
}

/// Raises what the journal holds, in order, until the database is out of reach again. Returns how many are done. A line
/// leaves the journal only once it rings somewhere.
pub async fn replay(ctx: &Ctx) -> Result<usize, Problem> {
    if ctx.spool.is_empty() {
        return Ok(0);
    }
    let lines = ctx.spool.lines().await.map_err(|error| Problem::internal(&error))?;
    let mut done = BTreeSet::new();
    let mut unreadable = Vec::new();
    let mut kept = Vec::new();
    let mut failure = None;
    let began = Instant::now();
    for (place, line) in lines.iter().enumerate() {
        if began.elapsed() > AT_ONCE {
            // what rings already leaves the journal before the turn runs out of time
            break;
        }
        match raise_line(ctx, line).await {
            Ok(raised) => {
                if raised.only_as_far_as_known {
                    unreadable.push(line.clone());
                }
                kept.extend(raised.kept);
            }
            Err(problem) => {
                tracing::warn!(status = %problem.status(), "an entry of the alarm journal waits");
                let is_out = problem.status() == StatusCode::SERVICE_UNAVAILABLE;
                failure = Some(problem);
                if is_out {
                    break;
                }
                continue;
            }
        }
        done.insert(place);
    }
    if !done.is_empty() {
        let of = ctx.clone();
        let places = done.clone();
        // to its end, also if this turn is given up: an alarm that is written down meanwhile must not be lost to it
        tokio::spawn(async move { of.spool.remove(&places, &unreadable).await })
            .await
            .map_err(|error| Problem::internal(&error))?
            .map_err(|error| Problem::internal(&error))?;
        // not before: a board that connects now must not find in the journal what it was not told has left it
        for (tenant, sent_as, alarm) in kept {
            ctx.hub.say_aside(tenant, &json!({"t": "local_alarm_kept", "id": sent_as, "alarm_id": alarm}));
        }
    }
    let is_out = failure.as_ref().is_some_and(|problem| problem.status() == StatusCode::SERVICE_UNAVAILABLE);
    ctx.spool.is_out.store(is_out, Ordering::SeqCst);
    failure.map_or(Ok(done.len()), Err)
}

struct Raised {
    /// Not all of it could be believed: it rings all the same, and the line is kept aside.
    only_as_far_as_known: bool,
    /// Whose it is, the id under which it was sent, and the alarm that it is now.
    kept: Option<(TenantId, AlarmId, Uuid)>,
}

async fn raise_line(ctx: &Ctx, line: &str) -> Result<Raised, Problem> {
    let Some((tenant, entry)) = open(ctx, line) else {
        tracing::error!("an entry of the alarm journal cannot be read");
        for tenant in ctx.tenants() {
            raise_system(ctx, tenant.id, unreadable()).await?;
        }
        return Ok(Raised { only_as_far_as_known: true, kept: None });
    };
    let actor = sender(ctx, tenant, &entry);
    let sent_as = entry.raise.id;
    let (only_as_far_as_known, (outcome, view)) = match raise(ctx, &actor, entry.raise.clone()).await {
        Ok(raised) => (false, raised),
        Err(problem) if problem.status().is_server_error() => return Err(problem),
        Err(problem) => {
            tracing::error!(status = %problem.status(), "an entry of the alarm journal names what is not there");
            raise_system(ctx, tenant, unreadable()).await?;
            let root = ctx.tenant(tenant).map(|tenant| tenant.root);
            let bare = Raise {
                org: root,
                person: None,
                screening: None,
                queue_item: None,
                mark: None,
                ..entry.raise
            };
            (true, raise(ctx, &actor, bare).await?)
        }
    };
    metrics::counter!("alarm_journal_total", "what" => "replayed").increment(1);
    if outcome == Outcome::Known {
        tracing::info!(alarm.id = %sent_as, "an alarm of the journal had already been raised");
    }
    Ok(Raised { only_as_far_as_known, kept: Some((tenant, sent_as, view.id)) })
}

fn unreadable() -> SystemFault {
    SystemFault { reason: "journal_unreadable".to_owned(), priority: Priority::P2, org: None }
}

/// The account as it was when it pressed.
fn sender(ctx: &Ctx, tenant: TenantId, entry: &Entry) -> Actor {
    Actor {
        tenant,
        account: AccountId(entry.account),
        session: SessionId(Uuid::nil()),
        name: entry.name.clone(),
        login: String::new(),
        csrf: String::new(),
        must_enrol: false,
        expires_at: ctx.now(),
        grants: entry.grants.iter().map(|&(role, org)| Grant { role, org }).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(n: u128) -> Line {
        Line { tenant: Uuid::from_u128(1), id: Uuid::from_u128(n), sealed: "c2VhbGVk".to_owned() }
    }

    #[tokio::test]
    async fn what_is_appended_survives_a_torn_line_and_a_restart_and_is_taken_out_in_order() {
        let folder = std::env::temp_dir().join(format!("xindeng-journal-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let _ = std::fs::remove_file(folder.join(FILE));
        let now = Timestamp::from_timestamp(1_800_000_000, 0).unwrap();
        let spool = Spool::open(&folder).unwrap();
        assert!(spool.is_empty() && spool.waits_since().is_none());
        spool.append(&line(1), now, || ()).await.unwrap();
        assert_eq!(spool.waits_since(), Some(now));
        append_to(&folder, FILE, "{\"tenant\":\"torn").await.unwrap();

        let spool = Spool::open(&folder).unwrap();
        spool.append(&line(2), now, || ()).await.unwrap();
        let lines = spool.lines().await.unwrap();
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[2].contains(&line(2).id.to_string()));
        spool.remove(&BTreeSet::from([0, 2]), &[]).await.unwrap();
        assert_eq!(spool.lines().await.unwrap(), lines[1..2]);
        assert!(!spool.is_empty());
        spool.remove(&BTreeSet::from([0]), &lines[1..2]).await.unwrap();
        assert!(Spool::open(&folder).unwrap().is_empty());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
