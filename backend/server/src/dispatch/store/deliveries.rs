//! All SQL about deliveries: who was told, by which channel, and whether it arrived.

use crate::platform::{Loop, ScopedTx};
use rules::Timestamp;
use rules::dispatch::{Channel, Position};
use rules::ids::{AccountId, AlarmId};
use uuid::Uuid;

/// Which step of which round told somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    pub alarm: AlarmId,
    pub fence: i64,
    pub position: Position,
}

impl Told {
    /// The idempotency key: the same step tells the same target through the same channel once.
    pub fn delivery_id(self, account: Option<AccountId>, channel: Channel) -> Uuid {
        let Position { step, lap } = self.position;
        let target = account.map_or_else(|| "-".to_owned(), |account| account.to_string());
        let name = format!("{}|{step}|{lap}|{target}|{}", self.fence, channel.code());
        Uuid::new_v5(&self.alarm.0, name.as_bytes())
    }
}

pub struct NewDelivery<'a> {
    pub told: Told,
    pub account: Option<AccountId>,
    pub post: &'a str,
    pub channel: Channel,
    pub priority: u8,
    pub at: Timestamp,
}

/// A console is told by the event itself; other channels are sent by a worker.
pub async fn insert(tx: &mut ScopedTx, new: NewDelivery<'_>) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    let id = new.told.delivery_id(new.account, new.channel);
    let (state, sent_at) = match new.channel {
        Channel::Console => ("sent", Some(new.at)),
        Channel::Webhook => ("pending", None),
    };
    if sent_at.is_none() {
        tx.wake(Loop::Deliveries);
    }
    sqlx::query!(
        "insert into delivery (tenant_id, id, subject_id, step, lap, fence, account_id, post, channel, priority, state,
                               next_at, created_at, sent_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13)
         on conflict on constraint delivery_pk do nothing",
        tenant.0,
        id,
        new.told.alarm.0,
        i32::from(new.told.position.step),
        i32::from(new.told.position.lap),
        new.told.fence,
        new.account.map(|account| account.0),
        new.post,
        new.channel.code(),
        i16::from(new.priority),
        state,
        new.at,
        sent_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Would a receipt of this account say anything new? Asked before anything is locked: every screen sends one.
pub async fn is_awaited(tx: &mut ScopedTx, alarm: AlarmId, account: AccountId) -> sqlx::Result<bool> {
    let tenant = tx.tenant();
    sqlx::query_scalar!(
        r#"select exists (
               select from alarm where tenant_id = $1 and id = $2 and presented_at is null
           ) or exists (
               select from delivery
                where tenant_id = $1 and subject_id = $2 and account_id = $3 and channel = 'console'
                  and received_at is null
           ) as "is_awaited!""#,
        tenant.0,
        alarm.0,
        account.0,
    )
    .fetch_one(&mut **tx)
    .await
}

/// An account's screen shows the alarm: every console delivery to it has arrived. Says how many just did.
pub async fn receive(
    tx: &mut ScopedTx,
    alarm: AlarmId,
    account: AccountId,
    at: Timestamp,
) -> sqlx::Result<u64> {
    let tenant = tx.tenant();
    let received = sqlx::query!(
        "update delivery
            set state = 'received', received_at = $4
          where tenant_id = $1 and subject_id = $2 and account_id = $3 and channel = 'console' and received_at is null",
        tenant.0,
        alarm.0,
        account.0,
        at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(received.rows_affected())
}

/// Has any screen that this step called shown the alarm?
pub async fn is_received(
    tx: &mut ScopedTx,
    alarm: AlarmId,
    position: Position,
    since: Timestamp,
) -> sqlx::Result<bool> {
    let tenant = tx.tenant();
    sqlx::query_scalar!(
        r#"select exists (
               select from delivery
                where tenant_id = $1 and subject_id = $2 and step = $3 and lap = $4 and channel = 'console'
                  and created_at >= $5 and received_at is not null
           ) as "is_received!""#,
        tenant.0,
        alarm.0,
        i32::from(position.step),
        i32::from(position.lap),
        since,
    )
    .fetch_one(&mut **tx)
    .await
}

/// Who was told of an alarm: the last time for each person and post.
pub struct ToldRow {
    pub alarm_id: Uuid,
    pub account_id: Uuid,
    pub post: String,
    pub at: Timestamp,
    pub receipt_at: Option<Timestamp>,
}

pub async fn list_told(tx: &mut ScopedTx, alarms: &[Uuid]) -> sqlx::Result<Vec<ToldRow>> {
    let tenant = tx.tenant();
    sqlx::query_as!(
        ToldRow,
        // the newest telling, by its screen where it had one: an old receipt says nothing about a new call
        r#"select alarm_id as "alarm_id!", account_id as "account_id!", post as "post!", at as "at!", receipt_at
             from (select distinct on (subject_id, account_id, post)
                          subject_id as alarm_id, account_id, post, created_at as at, received_at as receipt_at
                     from delivery
                    where tenant_id = $1 and subject_id = any($2) and account_id is not null
                    order by subject_id, account_id, post, created_at desc, channel = 'console' desc) newest
            order by at, account_id"#,
        tenant.0,
        alarms,
    )
    .fetch_all(&mut **tx)
    .await
}

/// A delivery that a worker holds for a while.
#[derive(Debug, Clone)]
pub struct Leased {
    pub id: Uuid,
    pub alarm_id: Uuid,
    pub fence: i64,
    pub step: i32,
    pub lap: i32,
    pub post: String,
    pub priority: i16,
    pub attempts: i32,
    pub created_at: Timestamp,
}

/// Takes what is due, the most urgent first. Whoever else runs takes other rows. A lease that ran out without an
/// answer is taken again under the same key: better twice than never.
pub async fn lease(
    tx: &mut ScopedTx,
    priorities: std::ops::RangeInclusive<i16>,
    now: Timestamp,
    until: Timestamp,
    limit: i64,
) -> sqlx::Result<Vec<Leased>> {
    let tenant = tx.tenant();
    let mut leased = sqlx::query_as!(
        Leased,
        "with due as (
             select id
               from delivery
              where tenant_id = $1 and state in ('pending', 'sending') and next_at <= $2
                and priority between $3 and $4 and channel = 'webhook'
              order by priority, next_at
              limit $6
                for update skip locked
         )
         update delivery d
            set lapses = lapses + case when d.state = 'sending' then 1 else 0 end,
                state = 'sending', attempts = attempts + 1, lease_until = $5, next_at = $5
           from due
          where d.tenant_id = $1 and d.id = due.id
         returning d.id, d.subject_id as alarm_id, d.fence, d.step, d.lap, d.post, d.priority, d.attempts, d.created_at",
        tenant.0,
        now,
        priorities.start(),
        priorities.end(),
        until,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    // an update gives its rows back in any order
    leased.sort_by_key(|leased| (leased.priority, leased.created_at));
    Ok(leased)
}

/// How an attempt ended.
pub enum Outcome {
    Received,
    TryAgain { at: Timestamp, error: &'static str },
    Failed { error: &'static str },
}

/// Only the holder of the lease may say how it ended.
pub async fn settle(
    tx: &mut ScopedTx,
    leased: &Leased,
    outcome: Outcome,
    now: Timestamp,
) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    let (state, next_at, received_at, error) = match outcome {
        Outcome::Received => ("received", now, Some(now), None),
        Outcome::TryAgain { at, error } => ("pending", at, None, Some(error)),
        Outcome::Failed { error } => ("failed", now, None, Some(error)),
    };
    sqlx::query!(
        "update delivery
            set state = $4, next_at = $5, received_at = $6, last_error = $7, lease_until = null,
                sent_at = coalesce(sent_at, $8)
          where tenant_id = $1 and id = $2 and attempts = $3 and state = 'sending'",
        tenant.0,
        leased.id,
        leased.attempts,
        state,
        next_at,
        received_at,
        error,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
