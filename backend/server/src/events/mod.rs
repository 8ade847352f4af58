//! Streams of events without gaps, and the live screens fed from them.
//!
//! `record` advances the stream's head in the transaction that writes the event, so that commit order is sequence
//! order. Call it last: the head's row stays locked until the commit.

mod hub;
mod socket;

pub use hub::{Hub, LiveViews, follow, run};
pub use socket::router;

use crate::platform::{Loop, ScopedTx};
use rules::Timestamp;
use rules::ids::{OrgId, TenantId};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// What an event is about; the kind chooses who dresses it for the screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Alarm(Uuid),
    QueueItem(Uuid),
    Screening(Uuid),
    Duty(Uuid),
    System(Uuid),
}

impl Subject {
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Alarm(_) => "alarm",
            Self::QueueItem(_) => "queue_item",
            Self::Screening(_) => "screening",
            Self::Duty(_) => "duty",
            Self::System(_) => "system",
        }
    }

    pub const fn id(self) -> Uuid {
        match self {
            Self::Alarm(id)
            | Self::QueueItem(id)
            | Self::Screening(id)
            | Self::Duty(id)
            | Self::System(id) => id,
        }
    }
}

/// One stream per district, and one for what concerns the whole tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    District(OrgId),
    Tenant,
}

impl std::fmt::Display for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::District(id) => write!(f, "district:{id}"),
            Self::Tenant => f.write_str("tenant"),
        }
    }
}

/// `body` holds ids and codes, never names or texts about a person.
#[derive(Debug, Clone)]
pub struct NewEvent {
    pub stream: Stream,
    pub kind: &'static str,
    pub subject: Subject,
    pub at: Timestamp,
    pub body: Value,
}

#[derive(Debug, Clone)]
pub struct Event {
    pub stream: String,
    pub epoch: i32,
    pub seq: i64,
    pub at: Timestamp,
    pub kind: String,
    pub subject_kind: String,
    pub subject_id: Uuid,
    pub actor_id: Option<Uuid>,
    pub body: Value,
}

/// For after a restore, as the owner of the database. What happens from here on is another story than what open
/// screens saw, also in streams that the backup did not know yet; and a second restore of the same backup is a third
/// story, so the epoch is the time: seconds since 2020, which fit until 2088.
pub const BEGIN_EPOCH: &str = "
    do $$
    declare
        moment integer := extract(epoch from clock_timestamp() - timestamptz '2020-01-01 00:00:00+00');
    begin
        update stream_head set epoch = greatest(epoch + 1, moment), seq = 0;
        execute format('alter table stream_head alter column epoch set default %s', moment);
    end
    $$";

pub async fn record(tx: &mut ScopedTx, event: NewEvent) -> sqlx::Result<i64> {
    tx.wake(Loop::Streams);
    let scope = tx.scope();
    let (tenant, actor) = (scope.tenant, scope.actor);
    let actor = (actor != crate::platform::SYSTEM).then_some(actor.0);
    sqlx::query_scalar!(
        "with head as (
             insert into stream_head as h (tenant_id, stream, seq)
             values ($1, $2, 1)
             on conflict on constraint stream_head_pk do update set seq = h.seq + 1
             returning epoch, seq
         )
         insert into event (tenant_id, stream, epoch, seq, at, type, subject_kind, subject_id, actor_id, body)
         select $1, $2, head.epoch, head.seq, $3, $4, $5, $6, $7, $8
           from head
         returning seq",
        tenant.0,
        event.stream.to_string(),
        event.at,
        event.kind,
        event.subject.kind(),
        event.subject.id(),
        actor,
        event.body,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Several: the heads of their streams are always locked in the same order, so that nobody waits in a circle.
pub async fn record_all(tx: &mut ScopedTx, mut events: Vec<NewEvent>) -> sqlx::Result<()> {
    events.sort_by_key(|event| event.stream.to_string());
    for event in events {
        record(tx, event).await?;
    }
    Ok(())
}

/// Everything that happened to one subject, in order.
pub async fn list_of(db: &mut PgConnection, tenant: TenantId, subject_id: Uuid) -> sqlx::Result<Vec<Event>> {
    sqlx::query_as!(
        Event,
        "select stream, epoch, seq, at, type as kind, subject_kind, subject_id, actor_id, body
           from event
          where tenant_id = $1 and subject_id = $2
          order by at, stream, seq",
        tenant.0,
        subject_id,
    )
    .fetch_all(db)
    .await
}

pub(crate) async fn list_after(
    db: &mut PgConnection,
    tenant: TenantId,
    stream: &str,
    after: i64,
    limit: i64,
) -> sqlx::Result<Vec<Event>> {
    sqlx::query_as!(
        Event,
        "select e.stream, e.epoch, e.seq, e.at, e.type as kind, e.subject_kind, e.subject_id, e.actor_id, e.body
           from event e
           join stream_head h on h.tenant_id = e.tenant_id and h.stream = e.stream and h.epoch = e.epoch
          where e.tenant_id = $1 and e.stream = $2 and e.seq > $3
          order by e.seq
          limit $4",
        tenant.0,
        stream,
        after,
        limit,
    )
    .fetch_all(db)
    .await
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub stream: String,
    pub epoch: i32,
    pub seq: i64,
}

pub(crate) async fn heads(db: &mut PgConnection, tenant: TenantId) -> sqlx::Result<Vec<Head>> {
    sqlx::query_as!(Head, "select stream, epoch, seq from stream_head where tenant_id = $1", tenant.0)
        .fetch_all(db)
        .await
}
