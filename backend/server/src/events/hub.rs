//! Follows every stream and keeps the last frames, encoded once, for all sockets.
//!
//! The database is the truth: a commit here or a poll makes the hub read what is new. Sockets keep a cursor of
//! their own and are only told that something moved, so a slow one holds nobody up.

use super::{Event, Head};
use crate::platform::tasks::turn;
use crate::platform::{Ctx, Loop, Problem, Scope, ScopedTx};
use axum::extract::ws::Utf8Bytes;
use axum::http::StatusCode;
use rules::identity::Action;
use rules::ids::{OrgId, TenantId};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const POLL: Duration = Duration::from_millis(150);
const GATHER: Duration = Duration::from_millis(10);
/// Frames kept per stream; who is further behind reads the database.
const RING: usize = 1_000;
const BATCH: i64 = 500;
/// Dressed together; more would keep what is ready waiting for the rest.
const AT_ONCE: usize = 1_000;
const FIRST_SEEN: i64 = 50;
const SHOT_KEPT: Duration = Duration::from_secs(3);
/// A board that has waited so long is told to come again.
const SHOT_WITHIN: Duration = Duration::from_secs(5);
/// Words outside the streams that a busy socket may still fetch.
const ASIDES: usize = 512;

pub type Loading<'a, T> = Pin<Box<dyn Future<Output = Result<T, Problem>> + Send + 'a>>;
/// What the screens show (names masked) of the subjects of events, which themselves hold no personal data: many at a
/// time, because in a flood the hub has to keep up. One that is not there is left out.
pub type Dress = for<'a> fn(&'a Ctx, &'a mut ScopedTx, &'a [Uuid]) -> Loading<'a, Dressed>;
pub type Dressed = HashMap<Uuid, Value>;
/// What a screen shows when it starts: the key under which it stands in the snapshot, and its content.
pub type Snapshot = for<'a> fn(&'a Ctx, &'a mut ScopedTx, &'a str) -> Loading<'a, Value>;

#[derive(Clone, Default)]
pub struct LiveViews {
    dress: BTreeMap<&'static str, Dress>,
    snapshots: Vec<(&'static str, Action, Snapshot)>,
}

impl LiveViews {
    #[must_use]
    pub fn dress(mut self, subject_kind: &'static str, dress: Dress) -> Self {
        self.dress.insert(subject_kind, dress);
        self
    }

    /// Only for screens that may do `action` in the whole district of the stream; others find nothing there.
    #[must_use]
    pub fn snapshot(mut self, key: &'static str, action: Action, snapshot: Snapshot) -> Self {
        self.snapshots.push((key, action, snapshot));
        self
    }
}

#[derive(Debug, Clone)]
pub struct Frame {
    pub seq: i64,
    /// `alarm`, `queue_item`, …: what a screen needs a right for
    pub about: Arc<str>,
    text: Utf8Bytes,
    /// the same place in the stream without its content
    bare: Utf8Bytes,
}

impl Frame {
    /// Who may not see the content still sees that something stood here, so that there is no gap.
    pub fn for_screen(&self, may_see: bool) -> Utf8Bytes {
        if may_see { self.text.clone() } else { self.bare.clone() }
    }
}

#[derive(Debug)]
struct Ring {
    epoch: i32,
    seq: i64,
    frames: VecDeque<Frame>,
}

type Rings = HashMap<(TenantId, String), Ring>;

pub struct Hub {
    views: LiveViews,
    rings: RwLock<Rings>,
    moved: watch::Sender<u64>,
    asides: broadcast::Sender<Aside>,
    listeners: Arc<()>,
    shots: Mutex<Shots>,
}

/// By who may see the same of a stream.
type Shots = HashMap<(TenantId, String, BTreeSet<Action>), Arc<tokio::sync::Mutex<Option<Shot>>>>;

/// What stood in a stream's part of the world at a position.
#[derive(Debug, Clone)]
pub struct Shot {
    pub epoch: i32,
    pub seq: i64,
    pub text: Utf8Bytes,
    taken_at: Instant,
}

impl Shot {
    fn is_young(&self) -> bool {
        self.taken_at.elapsed() < SHOT_KEPT
    }
}

/// A frame outside the streams, for what is not in the database yet: an alarm in the local journal.
#[derive(Debug, Clone)]
pub struct Aside {
    pub tenant: TenantId,
    pub text: Utf8Bytes,
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("sockets", &self.sockets()).finish_non_exhaustive()
    }
}

/// What a cursor finds in memory.
#[derive(Debug)]
pub enum Ahead {
    Nothing,
    Frames(Vec<Frame>),
    /// Too far behind, or another epoch: read the database or start from a snapshot.
    Missing,
}

impl Hub {
    pub fn new(views: LiveViews) -> Self {
        let (asides, _) = broadcast::channel(ASIDES);
        Self {
            views,
            rings: RwLock::default(),
            moved: watch::Sender::new(0),
            asides,
            listeners: Arc::new(()),
            shots: Mutex::default(),
        }
    }

    /// Shown at once by every connected board of the tenant. Who connects later asks the journal.
    pub fn say_aside(&self, tenant: TenantId, frame: &Value) {
        // nobody listening is no failure
        let _ = self.asides.send(Aside { tenant, text: frame.to_string().into() });
    }

    pub fn asides(&self) -> broadcast::Receiver<Aside> {
        self.asides.subscribe()
    }

    /// Held by each socket for as long as it lives.
    pub fn listen(&self) -> (watch::Receiver<u64>, Arc<()>) {
        (self.moved.subscribe(), Arc::clone(&self.listeners))
    }

    pub fn sockets(&self) -> usize {
        Arc::strong_count(&self.listeners) - 1
    }

    pub fn heads(&self, tenant: TenantId) -> Vec<(String, i32, i64)> {
        let rings = self.rings.read().unwrap_or_else(PoisonError::into_inner);
        rings
            .iter()
            .filter(|((of, _), _)| *of == tenant)
            .map(|((_, stream), ring)| (stream.clone(), ring.epoch, ring.seq))
            .collect()
    }

    pub fn after(&self, tenant: TenantId, stream: &str, epoch: i32, seq: i64) -> Ahead {
        let rings = self.rings.read().unwrap_or_else(PoisonError::into_inner);
        let Some(ring) = rings.get(&(tenant, stream.to_owned())) else { return Ahead::Nothing };
        if ring.epoch != epoch {
            return Ahead::Missing;
        }
        if ring.seq <= seq {
            return Ahead::Nothing;
        }
        match ring.frames.front() {
            Some(first) if first.seq <= seq + 1 => {
                Ahead::Frames(ring.frames.iter().filter(|frame| frame.seq > seq).cloned().collect())
            }
            _ => Ahead::Missing,
        }
    }

    /// Events as every screen gets them. What cannot be dressed goes out as it stands in the stream: one row that does
    /// not open must not hold up whatever comes after it. Fails only when the database cannot be asked.
    pub async fn frames(
        &self,
        ctx: &Ctx,
        tx: &mut ScopedTx,
        events: &[Event],
    ) -> Result<Vec<Frame>, Problem> {
        let mut all: HashMap<&str, Dressed> = HashMap::new();
        for (kind, dress) in &self.views.dress {
            let subjects = events.iter().filter(|event| event.subject_kind == *kind);
            let ids: BTreeSet<Uuid> = subjects.map(|event| event.subject_id).collect();
            let ids = Vec::from_iter(ids);
            if ids.is_empty() {
                continue;
            }
            let dressed = match dress(ctx, tx, &ids).await {
                Ok(dressed) => dressed,
                Err(problem) if problem.status() == StatusCode::SERVICE_UNAVAILABLE => return Err(problem),
                Err(_) => one_by_one(ctx, tx, kind, *dress, &ids).await?,
            };
            all.insert(kind, dressed);
        }
        let dressed = |event: &Event| all.get(event.subject_kind.as_str())?.get(&event.subject_id);
        Ok(events.iter().map(|event| frame(event, dressed(event))).collect())
    }

    /// Made once for all boards that come within a moment: it is as good as a fresh one while the frames that follow
    /// it are here. When every board comes back at once, they must not keep the alarms waiting.
    pub async fn snapshot(
        &self,
        ctx: &Ctx,
        tenant: TenantId,
        stream: &str,
        sees: &BTreeSet<Action>,
    ) -> Result<Shot, Problem> {
        let key = (tenant, stream.to_owned(), sees.clone());
        let place = Arc::clone(self.shots().entry(key).or_default());
        // whoever comes meanwhile waits for the one that is being made
        let waiting = tokio::time::timeout(SHOT_WITHIN, place.lock());
        let mut kept = waiting.await.map_err(|_| Problem::unavailable())?;
        let followed = |shot: &Shot| self.holds_what_follows(tenant, stream, shot);
        if let Some(shot) = kept.as_ref().filter(|shot| shot.is_young() && followed(shot)) {
            return Ok(shot.clone());
        }
        let shot = self.take_shot(ctx, tenant, stream, sees).await?;
        *kept = Some(shot.clone());
        Ok(shot)
    }

    /// Head and content in one frozen view, so that no event falls between them.
    async fn take_shot(
        &self,
        ctx: &Ctx,
        tenant: TenantId,
        stream: &str,
        sees: &BTreeSet<Action>,
    ) -> Result<Shot, Problem> {
        let taken_at = Instant::now();
        let mut tx = ctx.db.begin_frozen(&scope_of(ctx, tenant, stream)).await?;
        let heads = super::heads(&mut tx, tenant).await?;
        let (epoch, seq) =
            heads.iter().find(|head| head.stream == stream).map_or((1, 0), |head| (head.epoch, head.seq));
        let mut frame = json!({"t": "snapshot", "stream": stream, "epoch": epoch, "seq": seq});
        for (key, action, snapshot) in &self.views.snapshots {
            let may_see = sees.contains(action);
            frame[*key] = if may_see { snapshot(ctx, &mut tx, stream).await? } else { json!([]) };
        }
        Ok(Shot { epoch, seq, text: frame.to_string().into(), taken_at })
    }

    fn holds_what_follows(&self, tenant: TenantId, stream: &str, shot: &Shot) -> bool {
        let rings = self.rings.read().unwrap_or_else(PoisonError::into_inner);
        let Some(ring) = rings.get(&(tenant, stream.to_owned())) else {
            // nothing has ever happened in it
            return shot.seq == 0;
        };
        ring.epoch == shot.epoch
            && (ring.seq <= shot.seq || ring.frames.front().is_some_and(|first| first.seq <= shot.seq + 1))
    }

    /// What nobody would be given any more need not be kept.
    fn forget_old_shots(&self) {
        self.shots().retain(|_, place| {
            place.try_lock().ok().is_none_or(|kept| kept.as_ref().is_some_and(Shot::is_young))
        });
    }

    fn shots(&self) -> MutexGuard<'_, Shots> {
        self.shots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, tenant: TenantId, head: &Head, frames: Vec<Frame>) {
        let mut rings = self.rings.write().unwrap_or_else(PoisonError::into_inner);
        let ring = rings.entry((tenant, head.stream.clone())).or_insert_with(|| Ring {
            epoch: head.epoch,
            seq: 0,
            frames: VecDeque::new(),
        });
        let is_passed_over = frames.is_empty() && head.seq != ring.seq;
        if ring.epoch != head.epoch || is_passed_over {
            ring.epoch = head.epoch;
            ring.frames.clear();
        }
        ring.seq = head.seq;
        for frame in frames {
            if ring.frames.back().is_some_and(|last| frame.seq != last.seq + 1) {
                ring.frames.clear();
            }
            ring.frames.push_back(frame);
            if ring.frames.len() > RING {
                ring.frames.pop_front();
            }
        }
    }

    fn position(&self, tenant: TenantId, head: &Head) -> Option<i64> {
        let rings = self.rings.read().unwrap_or_else(PoisonError::into_inner);
        rings.get(&(tenant, head.stream.clone())).filter(|ring| ring.epoch == head.epoch).map(|ring| ring.seq)
    }
}

/// After something went wrong with all of them together: only what is at fault stays bare.
async fn one_by_one(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    kind: &'static str,
    dress: Dress,
    ids: &[Uuid],
) -> Result<Dressed, Problem> {
    let mut dressed = Dressed::new();
    tx.start_over().await?;
    for id in ids {
        match dress(ctx, tx, std::slice::from_ref(id)).await {
            Ok(found) => dressed.extend(found),
            Err(problem) if problem.status() == StatusCode::SERVICE_UNAVAILABLE => return Err(problem),
            Err(_) => {
                tracing::error!(kind, subject.id = %id, "an event could not be dressed; screens get it bare");
                metrics::counter!("frames_undressed_total", "kind" => kind).increment(1);
                tx.start_over().await?;
            }
        }
    }
    Ok(dressed)
}

/// What whoever follows a stream may see: the district it is about.
fn scope_of(ctx: &Ctx, tenant: TenantId, stream: &str) -> Scope {
    let district = stream.strip_prefix("district:").and_then(|id| Uuid::parse_str(id).ok());
    Scope { scopes: district.map(OrgId).into_iter().collect(), ..ctx.system_scope(tenant) }
}

fn frame(event: &Event, dressed: Option<&Value>) -> Frame {
    let mut body = event.body.clone();
    if let Some(dressed) = dressed {
        body[event.subject_kind.as_str()] = dressed.clone();
    }
    body["subject_id"] = json!(event.subject_id);
    let frame = |kind: &str, body: Value| {
        json!({
            "t": "ev", "stream": event.stream, "epoch": event.epoch, "seq": event.seq,
            "type": kind, "at": event.at, "body": body,
        })
        .to_string()
        .into()
    };
    Frame {
        seq: event.seq,
        about: event.subject_kind.as_str().into(),
        text: frame(&event.kind, body),
        bare: frame("hidden", json!({})),
    }
}

/// Follows the streams until told to stop.
pub async fn run(ctx: Ctx, stop: CancellationToken) {
    let mut woken = ctx.db.woken(Loop::Streams);
    loop {
        turn(&ctx, "streams", Box::pin(follow_all(&ctx))).await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(POLL) => {}
            // what is committed together is read together
            _ = woken.changed() => tokio::time::sleep(GATHER).await,
        }
    }
}

/// What is wrong with one tenant does not keep the others waiting.
async fn follow_all(ctx: &Ctx) -> Result<(), Problem> {
    ctx.hub.forget_old_shots();
    let mut outcome = Ok(());
    for tenant in ctx.tenants() {
        outcome = follow(ctx, tenant.id).await.and(outcome);
    }
    outcome
}

/// Reads what is new in a tenant's streams. With nobody listening only the heads are followed.
pub async fn follow(ctx: &Ctx, tenant: TenantId) -> Result<(), Problem> {
    let mut tx = ctx.begin_system(tenant).await?;
    let (mut any, mut news, mut all) = (false, Vec::new(), Vec::new());
    for head in super::heads(&mut tx, tenant).await? {
        let known = ctx.hub.position(tenant, &head);
        if known == Some(head.seq) {
            continue;
        }
        any = true;
        if ctx.hub.sockets() == 0 {
            ctx.hub.put(tenant, &head, Vec::new());
            continue;
        }
        // a stream seen for the first time begins with its last events, not with nothing
        let known = known.unwrap_or_else(|| (head.seq - FIRST_SEEN).max(0));
        let events = super::list_after(&mut tx, tenant, &head.stream, known, BATCH).await?;
        let seq = events.last().map_or(head.seq, |event| event.seq);
        news.push((Head { seq, ..head }, events.len()));
        all.extend(events);
        if all.len() >= AT_ONCE {
            // the rest in the next turn, which comes at once
            ctx.db.wake(Loop::Streams);
            break;
        }
    }
    let mut frames = ctx.hub.frames(ctx, &mut tx, &all).await?.into_iter();
    for (head, count) in news {
        ctx.hub.put(tenant, &head, frames.by_ref().take(count).collect());
    }
    if any {
        ctx.hub.moved.send_modify(|count| *count = count.wrapping_add(1));
    }
    Ok(())
}
