//! What the auditor reads: one short query for each invariant, on open rows only, across all slices.

use super::Invariant;
use crate::dispatch;
use crate::platform::ctx::Tenant;
use crate::platform::timers::{self, Timer};
use crate::platform::{Ctx, Problem, ScopedTx};
use crate::triage;
use chrono::TimeDelta;
use rules::Timestamp;
use rules::dispatch::Priority;
use rules::identity::{Action, Post};
use rules::ids::{AccountId, AlarmId, OrgId, QueueItemId, TenantId};
use serde_json::json;
use uuid::Uuid;

const LATE_AFTER_SECS: i64 = 2;
const FAILING_AFTER_ATTEMPTS: i32 = 3;
const LAPSED_TWICE: i32 = 2;
/// A submit commits its suggestion first; its alarm follows within this time.
const ALARM_WITHIN_SECS: i64 = 5;
const JOURNAL_WITHIN_SECS: i64 = 10;
/// The hub follows within milliseconds, the sealer within a second.
const FOLLOWED_WITHIN_SECS: i64 = 5;
const SEALED_WITHIN_SECS: i64 = 60;
const CLOCK_WITHIN: TimeDelta = TimeDelta::seconds(2);
/// Enough to say that something is wrong.
const LIMIT: i64 = 50;

pub(super) struct Finding {
    pub invariant: Invariant,
    pub subject: Option<Uuid>,
    pub mend: Option<Mend>,
}

/// What is safe to put right without asking anybody.
pub(super) enum Mend {
    RestoreTimers(AlarmId),
    AskForAlarm(Box<Timer>),
    RestoreWatch(QueueItemId),
    ReleaseOwner(QueueItemId, AccountId),
}

impl Mend {
    /// In a transaction of its own. Says whether there was still something to mend.
    pub async fn carry_out(self, ctx: &Ctx, tenant: TenantId) -> Result<bool, Problem> {
        let mut tx = ctx.begin_system(tenant).await?;
        let mended = match self {
            Self::RestoreTimers(alarm) => dispatch::restore_timers(ctx, &mut tx, alarm).await?,
            Self::AskForAlarm(timer) => timers::restore(&mut tx, *timer).await?,
            Self::RestoreWatch(item) => triage::restore_watch(&mut tx, item).await?,
            Self::ReleaseOwner(item, left) => triage::release_owner(ctx, &mut tx, item, left).await?,
        };
        tx.commit().await?;
        Ok(mended)
    }
}

/// In one unchanging view, so that nothing is found that was only half done.
pub(super) async fn findings(ctx: &Ctx, tenant: &Tenant) -> Result<Vec<Finding>, Problem> {
    let now = ctx.now();
    let mut tx = ctx.db.begin_alarm_frozen(&ctx.system_scope(tenant.id)).await?;
    let mut found = Vec::new();
    alarms_without_timer(&mut tx, &mut found).await?;
    timers_late_or_failing(&mut tx, now, &mut found).await?;
    deliveries_lapsed(&mut tx, &mut found).await?;
    results_without_owner(&mut tx, &mut found).await?;
    results_whose_owner_left(&mut tx, &mut found).await?;
    results_without_timer(&mut tx, &mut found).await?;
    suggestions_without_alarm(&mut tx, now, &mut found).await?;
    streams_with_gap(&mut tx, &mut found).await?;
    streams_not_followed(ctx, &mut tx, now, &mut found).await?;
    audit_not_sealed(ctx, &mut tx, &mut found).await?;
    clock(ctx, &mut tx, &mut found).await?;
    journal(ctx, now, &mut found);
    measure(&mut tx).await?;
    drop(tx);
    keep_heartbeats(ctx, tenant, now).await?;
    Ok(found)
}

/// A P4 stands on the list without a plan; whatever is held has a lease in any priority.
async fn alarms_without_timer(tx: &mut ScopedTx, found: &mut Vec<Finding>) -> Result<(), Problem> {
    let tenant = tx.tenant();
    let alarms = sqlx::query_scalar!(
        "select a.id
           from alarm a
          where a.tenant_id = $1 and a.state <> 'closed' and (a.priority <= 3 or a.state <> 'raised')
            and not exists (
                select from timer t
                 where t.tenant_id = a.tenant_id and t.subject_id = a.id and t.done_at is null
                   and t.kind like 'dispatch.%' and t.kind <> 'dispatch.raise')
          limit $2",
        tenant.0,
        LIMIT,
    )
    .fetch_all(&mut **tx)
    .await?;
    found.extend(alarms.into_iter().map(|id| Finding {
        invariant: Invariant::AlarmHasTimer,
        subject: Some(id),
        mend: Some(Mend::RestoreTimers(AlarmId(id))),
    }));
    Ok(())
}

async fn timers_late_or_failing(
    tx: &mut ScopedTx,
    now: Timestamp,
    found: &mut Vec<Finding>,
) -> Result<(), Problem> {
    let tenant = tx.tenant();
    let late = sqlx::query!(
        "select subject_id, attempts
           from timer
          where tenant_id = $1 and done_at is null and (due_at < $2 or attempts >= $3)
          order by due_at
          limit $4",
        tenant.0,
        now - TimeDelta::seconds(LATE_AFTER_SECS),
        FAILING_AFTER_ATTEMPTS,
        LIMIT,
    )
    .fetch_all(&mut **tx)
    .await?;
    found.extend(late.into_iter().map(|timer| Finding {
        invariant: if timer.attempts >= FAILING_AFTER_ATTEMPTS {
            Invariant::TimerWorks
        } else {
            Invariant::TimerOnTime
        },
        subject: Some(timer.subject_id),
        mend: None,
    }));
    Ok(())
}

async fn deliveries_lapsed(tx: &mut ScopedTx, found: &mut Vec<Finding>) -> Result<(), Problem> {
    let tenant = tx.tenant();
    let lapsed = sqlx::query_scalar!(
        "select id
           from delivery
          where tenant_id = $1 and state in ('pending', 'sending') and lapses >= $2
          limit $3",
        tenant.0,
        LAPSED_TWICE,
        LIMIT,
    )
    .fetch_all(&mut **tx)
    .await?;
    found.extend(lapsed.into_iter().map(|id| Finding {
        invariant: Invariant::DeliveryAnswered,
        subject: Some(id),
        mend: None,
    }));
    Ok(())
}

/// The database itself refuses an open result without a post and a deadline; whether the post is a person now is
/// asked here.
async fn results_without_owner(tx: &mut ScopedTx, found: &mut Vec<Finding>) -> Result<(), Problem> {
    let tenant = tx.tenant();
    let posts = sqlx::query!(
        r#"select owner_post, org_id, (array_agg(id))[1] as "id!", bool_and(due_at is not null) as "has_deadline!"
             from queue_item
            where tenant_id = $1 and state <> 'closed' and tier >= 2 and owner_id is null
            group by owner_post, org_id"#,
        tenant.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    let asked: Vec<(Post, OrgId)> = posts
        .iter()
        .filter_map(|row| Some((row.owner_post.as_deref()?.parse().ok()?, OrgId(row.org_id))))
        .collect();
    let owners = crate::identity::owners_of(tx, &asked).await?;
    for row in posts {
        let post: Option<Post> = row.owner_post.as_deref().and_then(|code| code.parse().ok());
        let is_owned = post.is_some_and(|post| owners.contains_key(&(post, OrgId(row.org_id))));
        if !is_owned || !row.has_deadline {
            found.push(Finding { invariant: Invariant::ResultHasOwner, subject: Some(row.id), mend: None });
        }
    }
    Ok(())
}

/// Whoever was in contact keeps an item only while their account can act for the place; then the post answers again.
async fn results_whose_owner_left(tx: &mut ScopedTx, found: &mut Vec<Finding>) -> Result<(), Problem> {
    let tenant = tx.tenant();
    let kept = sqlx::query!(
        r#"select id, owner_id as "owner_id!", org_id
             from queue_item
            where tenant_id = $1 and state <> 'closed' and tier >= 2 and owner_id is not null"#,
        tenant.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    let asked: Vec<(AccountId, OrgId)> =
        kept.iter().map(|row| (AccountId(row.owner_id), OrgId(row.org_id))).collect();
    let able = crate::identity::able_at(tx, &asked, Action::QueueContacted).await?;
    for row in kept {
        let owner = AccountId(row.owner_id);
        if !able.contains(&(owner, OrgId(row.org_id))) {
            found.push(Finding {
                invariant: Invariant::ResultHasOwner,
                subject: Some(row.id),
                mend: Some(Mend::ReleaseOwner(QueueItemId(row.id), owner)),
            });
        }
    }
    Ok(())
}

/// What is late is known to be late: its handling is done, and it stands on the lists of whoever answers for it.
async fn results_without_timer(tx: &mut ScopedTx, found: &mut Vec<Finding>) -> Result<(), Problem> {
    let tenant = tx.tenant();
    let items = sqlx::query_scalar!(
        "select q.id
           from queue_item q
          where q.tenant_id = $1 and q.state <> 'closed' and q.tier >= 2 and q.overdue_at is null
            and not exists (
                select from timer t
                 where t.tenant_id = q.tenant_id and t.subject_id = q.id and t.kind = $2
                   and t.fence = q.version and t.done_at is null)
          limit $3",
        tenant.0,
        triage::DUE,
        LIMIT,
    )
    .fetch_all(&mut **tx)
    .await?;
    found.extend(items.into_iter().map(|id| Finding {
        invariant: Invariant::ResultHasTimer,
        subject: Some(id),
        mend: Some(Mend::RestoreWatch(QueueItemId(id))),
    }));
    Ok(())
}

/// A result of tier 4, or one that was promised an alarm: the alarm is there, or still to come. What was only going to
/// ring and was taken back is no violation.
async fn suggestions_without_alarm(
    tx: &mut ScopedTx,
    now: Timestamp,
    found: &mut Vec<Finding>,
) -> Result<(), Problem> {
    let tenant = tx.tenant();
    let items = sqlx::query!(
        r#"select q.id, q.alarm_id, q.screening_id, q.person_id, q.org_id
             from queue_item q
            where q.tenant_id = $1 and q.state <> 'closed' and q.list = 'live' and q.updated_at < $2
              and (q.alarm_id is not null or q.tier = 4) and q.contacted_at is null
              and not exists (
                  select from alarm_signal s
                   where s.tenant_id = q.tenant_id and s.id = q.alarm_id)
              and not exists (
                  select from timer t
                   where t.tenant_id = q.tenant_id and t.subject_id = q.alarm_id and t.kind = 'dispatch.raise'
                     and (t.done_at is null and t.due_at >= $2 or t.done_at is not null and q.tier < 4))
            limit $3"#,
        tenant.0,
        now - TimeDelta::seconds(ALARM_WITHIN_SECS),
        LIMIT,
    )
    .fetch_all(&mut **tx)
    .await?;
    for item in items {
        let alarm = item.alarm_id.map_or_else(|| rules::triage::alarm_id(item.screening_id.into()), AlarmId);
        if dispatch::has_alarm(tx, alarm).await? {
            continue;
        }
        let body = json!({
            "kind": "screening",
            "priority": Priority::P2.number(),
            "org_id": item.org_id,
            "person_id": item.person_id,
            "screening_id": item.screening_id,
            "queue_item_id": item.id,
            "reason": "found_by_auditor",
        });
        let step = i32::from(Priority::P2.number());
        let timer =
            Timer { subject_id: alarm.0, kind: dispatch::RAISE, step, lap: 0, fence: 0, due_at: now, body };
        found.push(Finding {
            invariant: Invariant::SuggestionHasAlarm,
            subject: Some(item.id),
            mend: Some(Mend::AskForAlarm(Box::new(timer))),
        });
    }
    Ok(())
}

async fn streams_with_gap(tx: &mut ScopedTx, found: &mut Vec<Finding>) -> Result<(), Problem> {
    let tenant = tx.tenant();
    let gaps = sqlx::query_scalar!(
        "select h.stream
           from stream_head h
          where h.tenant_id = $1
            and h.seq <> coalesce(
                (select max(e.seq)
                   from event e
                  where e.tenant_id = h.tenant_id and e.stream = h.stream and e.epoch = h.epoch), 0)
          limit $2",
        tenant.0,
        LIMIT,
    )
    .fetch_all(&mut **tx)
    .await?;
    found.extend(gaps.into_iter().map(|_| Finding {
        invariant: Invariant::StreamWithoutGap,
        subject: None,
        mend: None,
    }));
    Ok(())
}

/// A board believes the heads it is sent, and they come from this node's memory: here they are held against the table.
async fn streams_not_followed(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    now: Timestamp,
    found: &mut Vec<Finding>,
) -> Result<(), Problem> {
    let tenant = tx.tenant();
    let should_be_known = sqlx::query!(
        r#"select h.stream, h.epoch, e.seq
             from stream_head h
            cross join lateral (
                select seq
                  from event
                 where tenant_id = h.tenant_id and stream = h.stream and epoch = h.epoch and at < $2
                 order by seq desc
                 limit 1) e
            where h.tenant_id = $1"#,
        tenant.0,
        now - TimeDelta::seconds(FOLLOWED_WITHIN_SECS),
    )
    .fetch_all(&mut **tx)
    .await?;
    let heads = ctx.hub.heads(tenant);
    for row in should_be_known {
        let is_known = heads
            .iter()
            .any(|(stream, epoch, seq)| *stream == row.stream && *epoch == row.epoch && *seq >= row.seq);
        if !is_known {
            found.push(Finding { invariant: Invariant::StreamFollowed, subject: None, mend: None });
        }
    }
    Ok(())
}

async fn audit_not_sealed(ctx: &Ctx, tx: &mut ScopedTx, found: &mut Vec<Finding>) -> Result<(), Problem> {
    let oldest = crate::audit::oldest_unsealed(tx).await?;
    if oldest.is_some_and(|at| ctx.now() - at > TimeDelta::seconds(SEALED_WITHIN_SECS)) {
        found.push(Finding { invariant: Invariant::AuditSealed, subject: None, mend: None });
    }
    Ok(())
}

/// Asked anew, beside the loop that sets the clock: that loop may be what is broken.
async fn clock(ctx: &Ctx, tx: &mut ScopedTx, found: &mut Vec<Finding>) -> Result<(), Problem> {
    let asked_at = ctx.now();
    let offset = ctx.clock.offset(asked_at, tx.database_now().await?);
    if offset.is_some_and(|offset| offset.abs() > CLOCK_WITHIN) {
        found.push(Finding { invariant: Invariant::ClockTrue, subject: None, mend: None });
    }
    Ok(())
}

/// The database answers, so the journal should have been emptied by now.
fn journal(ctx: &Ctx, now: Timestamp, found: &mut Vec<Finding>) {
    let is_late =
        ctx.spool.waits_since().is_some_and(|at| now - at > TimeDelta::seconds(JOURNAL_WITHIN_SECS));
    if is_late {
        found.push(Finding { invariant: Invariant::JournalEmpty, subject: None, mend: None });
    }
}

async fn measure(tx: &mut ScopedTx) -> Result<(), Problem> {
    let tenant = tx.tenant();
    let open = sqlx::query!(
        r#"select p.priority as "priority!", count(a.id) as "open!"
             from generate_series(1, 4) as p (priority)
             left join alarm a on a.tenant_id = $1 and a.priority = p.priority and a.state <> 'closed'
            group by p.priority"#,
        tenant.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    for row in open {
        let (tenant, priority) = (tenant.to_string(), format!("P{}", row.priority));
        #[expect(clippy::cast_precision_loss, reason = "a gauge of open alarms")]
        metrics::gauge!("alarms_open", "tenant" => tenant, "priority" => priority).set(row.open as f64);
    }
    Ok(())
}

/// So that another node, or somebody with a database shell, sees it too.
async fn keep_heartbeats(ctx: &Ctx, tenant: &Tenant, now: Timestamp) -> Result<(), Problem> {
    let mut names = Vec::new();
    let mut times = Vec::new();
    for (name, age) in ctx.beats.ages() {
        names.push(name.to_owned());
        times.push(now - TimeDelta::from_std(age).unwrap_or_default());
    }
    if names.is_empty() {
        return Ok(());
    }
    let mut tx = ctx.begin_system(tenant.id).await?;
    sqlx::query!(
        "insert into heartbeat (tenant_id, name, at)
         select $1, b.name, b.at
           from unnest($2::text[], $3::timestamptz[]) as b (name, at)
         on conflict on constraint heartbeat_pk do update set at = greatest(heartbeat.at, excluded.at)",
        tenant.id.0,
        &names,
        &times,
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(())
}
