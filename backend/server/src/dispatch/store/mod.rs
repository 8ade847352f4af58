//! All SQL about alarms and the escalation policy in force; signals, notes and deliveries have files of their own.

pub mod deliveries;
pub mod signals;

use crate::platform::keys::Column;
use crate::platform::{Ctx, Problem, ScopedTx};
use rules::dispatch::{Alarm, AlarmKind, State};
use rules::ids::{AccountId, AlarmId, OrgId, PersonId, QueueItemId, ScreeningId};
use rules::{Private, Timestamp};
use serde_json::Value;
use uuid::Uuid;

const MACHINE: Column = Column("alarm.machine");
const PLACE: Column = Column("alarm.place");

/// An alarm as it is kept: the state machine whole, and beside it whom and where it is about.
#[derive(Debug, Clone)]
pub struct Kept {
    pub id: AlarmId,
    pub number: i64,
    pub kind: AlarmKind,
    /// A code: the policy's row, the missed deadline, the broken invariant.
    pub reason: String,
    pub org: OrgId,
    pub district: OrgId,
    pub person: Option<PersonId>,
    pub screening: Option<ScreeningId>,
    pub queue_item: Option<QueueItemId>,
    pub raised_by: Option<AccountId>,
    pub device_raised_at: Option<Timestamp>,
    pub presented_at: Option<Timestamp>,
    pub place: Option<Private<String>>,
    pub version: i64,
    pub decided: Decided,
    pub machine: Alarm,
}

/// The last change of who has the alarm or how it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decided {
    pub version: i64,
    pub by: Option<AccountId>,
    pub at: Option<Timestamp>,
}

struct Row {
    id: Uuid,
    number: i64,
    kind: String,
    reason: String,
    org_id: Uuid,
    district_id: Uuid,
    person_id: Option<Uuid>,
    screening_id: Option<Uuid>,
    queue_item_id: Option<Uuid>,
    raised_by: Option<Uuid>,
    device_raised_at: Option<Timestamp>,
    presented_at: Option<Timestamp>,
    place_sealed: Option<Vec<u8>>,
    version: i64,
    decided_version: i64,
    decided_by: Option<Uuid>,
    decided_at: Option<Timestamp>,
    machine_sealed: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("an alarm of a kind that this version does not know")]
    Kind,
    #[error("the state of an alarm cannot be read")]
    Machine(#[source] serde_json::Error),
}

impl Row {
    fn open(self, ctx: &Ctx, tx: &ScopedTx) -> Result<Kept, Problem> {
        let tenant = tx.tenant();
        let machine = ctx.keys.open(tenant, MACHINE, self.id, &self.machine_sealed)?;
        let machine = serde_json::from_slice(&machine)
            .map_err(|error| Problem::internal(&Unreadable::Machine(error)))?;
        let place = match &self.place_sealed {
            Some(sealed) => Some(Private::new(ctx.keys.open_text(tenant, PLACE, self.id, sealed)?)),
            None => None,
        };
        Ok(Kept {
            id: AlarmId(self.id),
            number: self.number,
            kind: kind_of(&self.kind).ok_or_else(|| Problem::internal(&Unreadable::Kind))?,
            reason: self.reason,
            org: OrgId(self.org_id),
            district: OrgId(self.district_id),
            person: self.person_id.map(PersonId),
            screening: self.screening_id.map(ScreeningId),
            queue_item: self.queue_item_id.map(QueueItemId),
            raised_by: self.raised_by.map(AccountId),
            device_raised_at: self.device_raised_at,
            presented_at: self.presented_at,
            place,
            version: self.version,
            decided: Decided {
                version: self.decided_version,
                by: self.decided_by.map(AccountId),
                at: self.decided_at,
            },
            machine,
        })
    }
}

pub fn kind_of(code: &str) -> Option<AlarmKind> {
    AlarmKind::ALL.into_iter().find(|kind| kind.code() == code)
}

macro_rules! alarms {
    ($tail:literal, $($arg:expr),*) => {
        sqlx::query_as!(
            Row,
            "select id, number, kind, reason, org_id, district_id, person_id, screening_id, queue_item_id, raised_by,
                    device_raised_at, presented_at, place_sealed, version, decided_version, decided_by, decided_at,
                    machine_sealed
               from alarm "
                + $tail,
            $($arg),*
        )
    };
}

/// One alarm that cannot be read must not take the others off the board; its timers fail, and that is an alarm too.
fn open_all(ctx: &Ctx, tx: &ScopedTx, rows: Vec<Row>) -> Vec<Kept> {
    let open = |row: Row| {
        let id = row.id;
        row.open(ctx, tx).inspect_err(|_| tracing::error!(alarm.id = %id, "an alarm cannot be read")).ok()
    };
    rows.into_iter().filter_map(open).collect()
}

fn open_one(ctx: &Ctx, tx: &ScopedTx, row: Option<Row>) -> Result<Option<Kept>, Problem> {
    row.map(|row| row.open(ctx, tx)).transpose()
}

/// One decision at a time about what `name` names. Always taken before any alarm's row.
pub async fn lock(tx: &mut ScopedTx, name: &str) -> sqlx::Result<()> {
    let name = format!("{}|{name}", tx.tenant());
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1, 0))", name).execute(&mut **tx).await?;
    Ok(())
}

pub async fn load(ctx: &Ctx, tx: &mut ScopedTx, id: AlarmId) -> Result<Option<Kept>, Problem> {
    let tenant = tx.tenant();
    let row = alarms!("where tenant_id = $1 and id = $2", tenant.0, id.0).fetch_optional(&mut **tx).await?;
    open_one(ctx, tx, row)
}

/// Those of them that can be read.
pub async fn load_some(ctx: &Ctx, tx: &mut ScopedTx, ids: &[Uuid]) -> Result<Vec<Kept>, Problem> {
    let tenant = tx.tenant();
    let rows = alarms!("where tenant_id = $1 and id = any($2)", tenant.0, ids).fetch_all(&mut **tx).await?;
    Ok(open_all(ctx, tx, rows))
}

pub async fn load_for_update(ctx: &Ctx, tx: &mut ScopedTx, id: AlarmId) -> Result<Option<Kept>, Problem> {
    let tenant = tx.tenant();
    let row = alarms!("where tenant_id = $1 and id = $2 for update", tenant.0, id.0)
        .fetch_optional(&mut **tx)
        .await?;
    open_one(ctx, tx, row)
}

/// The newest open alarm about a person; a drill and the real thing never mix.
pub async fn find_open_about(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    person: PersonId,
    drill: bool,
) -> Result<Option<Kept>, Problem> {
    let tenant = tx.tenant();
    let row = alarms!(
        "where tenant_id = $1 and person_id = $2 and drill = $3 and state <> 'closed'
         order by raised_at desc
         limit 1
           for update",
        tenant.0,
        person.0,
        drill
    )
    .fetch_optional(&mut **tx)
    .await?;
    open_one(ctx, tx, row)
}

/// The newest open alarm for which an account held the button without naming anybody.
pub async fn find_open_press_of(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    account: AccountId,
    drill: bool,
) -> Result<Option<Kept>, Problem> {
    let tenant = tx.tenant();
    let row = alarms!(
        "where tenant_id = $1 and raised_by = $2 and drill = $3 and kind = 'button' and person_id is null
           and state <> 'closed'
         order by raised_at desc
         limit 1
           for update",
        tenant.0,
        account.0,
        drill
    )
    .fetch_optional(&mut **tx)
    .await?;
    open_one(ctx, tx, row)
}

/// Open alarms of a district, or of all that the transaction may see.
pub async fn list_open(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    district: Option<OrgId>,
    limit: i64,
) -> Result<Vec<Kept>, Problem> {
    let tenant = tx.tenant();
    let rows = alarms!(
        "where tenant_id = $1 and state <> 'closed' and ($2::uuid is null or district_id = $2)
           and org_id in (select u.id from org_unit u where u.path && (select app_scopes()))
         order by priority, raised_at
         limit $3",
        tenant.0,
        district.map(|id| id.0),
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(open_all(ctx, tx, rows))
}

/// Closed alarms that the transaction may see, the last one first.
pub async fn list_closed(ctx: &Ctx, tx: &mut ScopedTx, limit: i64) -> Result<Vec<Kept>, Problem> {
    let tenant = tx.tenant();
    let rows = alarms!(
        "where tenant_id = $1 and closed_at is not null
           and org_id in (select u.id from org_unit u where u.path && (select app_scopes()))
         order by closed_at desc
         limit $2",
        tenant.0,
        limit
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(open_all(ctx, tx, rows))
}

/// Alarm numbers are counted per tenant, without gaps: people say them aloud.
pub async fn next_number(tx: &mut ScopedTx) -> sqlx::Result<i64> {
    let tenant = tx.tenant();
    sqlx::query_scalar!(
        "insert into alarm_number as n (tenant_id, last)
         values ($1, 1)
         on conflict on constraint alarm_number_pk do update set last = n.last + 1
         returning last",
        tenant.0,
    )
    .fetch_one(&mut **tx)
    .await
}

/// What of the machine stands beside it for finding alarms.
struct Columns {
    priority: i16,
    state: &'static str,
    holder: Option<Uuid>,
    step: i32,
    lap: i32,
    fence: i64,
    count: i32,
    shelved_until: Option<Timestamp>,
    closed_at: Option<Timestamp>,
    machine_sealed: Vec<u8>,
}

impl Columns {
    fn of(ctx: &Ctx, tx: &ScopedTx, kept: &Kept) -> Result<Self, Problem> {
        let machine = &kept.machine;
        let text = serde_json::to_vec(machine).map_err(|error| Problem::internal(&error))?;
        let (shelved_until, closed_at) = match &machine.state {
            State::Raised { shelved } => (shelved.as_ref().map(|shelved| shelved.until), None),
            State::Closed { at, .. } => (None, Some(*at)),
            State::Claimed { .. } | State::Acknowledged { .. } => (None, None),
        };
        let done = machine.escalation.done;
        Ok(Self {
            priority: i16::from(machine.priority.number()),
            state: machine.state.code(),
            holder: machine.holder().map(|account| account.0),
            step: done.map_or(0, |position| i32::from(position.step)),
            lap: done.map_or(0, |position| i32::from(position.lap)),
            fence: i64::from(machine.escalation.fence),
            count: i32::try_from(machine.count).unwrap_or(i32::MAX),
            shelved_until,
            closed_at,
            machine_sealed: ctx.keys.seal(tx.tenant(), MACHINE, kept.id.0, &text),
        })
    }
}

fn seal_place(ctx: &Ctx, tx: &ScopedTx, kept: &Kept) -> Option<Vec<u8>> {
    kept.place.as_ref().map(|place| ctx.keys.seal_text(tx.tenant(), PLACE, kept.id.0, place.expose()))
}

pub async fn insert(ctx: &Ctx, tx: &mut ScopedTx, kept: &Kept) -> Result<(), Problem> {
    let tenant = tx.tenant();
    let columns = Columns::of(ctx, tx, kept)?;
    let policy = serde_json::to_value(&kept.machine.policy).map_err(|error| Problem::internal(&error))?;
    sqlx::query!(
        "insert into alarm (tenant_id, id, number, kind, reason, org_id, district_id, priority, state, machine_sealed,
                            policy, policy_snapshot, person_id, screening_id, queue_item_id, raised_by, raised_at,
                            device_raised_at, count, last_press_at, place_sealed, drill, version, decided_version)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
                 $23, $23)",
        tenant.0,
        kept.id.0,
        kept.number,
        kept.kind.code(),
        kept.reason,
        kept.org.0,
        kept.district.0,
        columns.priority,
        columns.state,
        columns.machine_sealed,
        kept.machine.policy.policy,
        policy,
        kept.person.map(|id| id.0),
        kept.screening.map(|id| id.0),
        kept.queue_item.map(|id| id.0),
        kept.raised_by.map(|id| id.0),
        kept.machine.raised_at,
        kept.device_raised_at,
        columns.count,
        kept.machine.last_press_at,
        seal_place(ctx, tx, kept),
        kept.machine.drill,
        kept.version,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Writes everything that can change, as the next version. The row was locked when it was loaded.
pub async fn save(ctx: &Ctx, tx: &mut ScopedTx, kept: &mut Kept) -> Result<(), Problem> {
    let tenant = tx.tenant();
    let columns = Columns::of(ctx, tx, kept)?;
    let saved = sqlx::query!(
        "update alarm
            set priority = $4, state = $5, machine_sealed = $6, holder_id = $7, escalation_step = $8,
                escalation_lap = $9, fence = $10, screening_id = $11, queue_item_id = $12, presented_at = $13,
                count = $14, last_press_at = $15, place_sealed = $16, shelved_until = $17, returned_at = $18,
                closed_at = $19, decided_version = $20, decided_by = $21, decided_at = $22, version = version + 1
          where tenant_id = $1 and id = $2 and version = $3",
        tenant.0,
        kept.id.0,
        kept.version,
        columns.priority,
        columns.state,
        columns.machine_sealed,
        columns.holder,
        columns.step,
        columns.lap,
        columns.fence,
        kept.screening.map(|id| id.0),
        kept.queue_item.map(|id| id.0),
        kept.presented_at,
        columns.count,
        kept.machine.last_press_at,
        seal_place(ctx, tx, kept),
        columns.shelved_until,
        kept.machine.returned_at,
        columns.closed_at,
        kept.decided.version,
        kept.decided.by.map(|id| id.0),
        kept.decided.at,
    )
    .execute(&mut **tx)
    .await?;
    if saved.rows_affected() != 1 {
        return Err(sqlx::Error::RowNotFound.into());
    }
    kept.version += 1;
    Ok(())
}

pub async fn load_policy(tx: &mut ScopedTx, at: Timestamp) -> sqlx::Result<Option<Value>> {
    let tenant = tx.tenant();
    sqlx::query_scalar!(
        "select document
           from escalation_policy
          where tenant_id = $1 and active_from <= $2
          order by active_from desc, version desc
          limit 1",
        tenant.0,
        at,
    )
    .fetch_optional(&mut **tx)
    .await
}

pub async fn insert_policy(
    tx: &mut ScopedTx,
    id: &str,
    version: &str,
    document: &Value,
    active_from: Timestamp,
) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into escalation_policy (tenant_id, id, version, document, active_from)
         values ($1, $2, $3, $4, $5)
         on conflict on constraint escalation_policy_pk do nothing",
        tenant.0,
        id,
        version,
        document,
        active_from,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
