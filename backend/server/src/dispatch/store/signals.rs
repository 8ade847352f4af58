//! All SQL about what was sent and written: signals that raise an alarm or merge into one, and notes.

use crate::platform::keys::Column;
use crate::platform::{Ctx, Problem, ScopedTx};
use rules::dispatch::{AlarmKind, Priority};
use rules::ids::{AccountId, AlarmId};
use rules::{Private, Timestamp};
use uuid::Uuid;

const SIGNAL_NOTE: Column = Column("alarm_signal.note");
const SIGNAL_PLACE: Column = Column("alarm_signal.place");
const NOTE: Column = Column("alarm_note.text");

/// A press, a look, a word: kept as it came.
pub struct NewSignal<'a> {
    pub id: Uuid,
    pub alarm: AlarmId,
    pub kind: AlarmKind,
    pub by: Option<AccountId>,
    pub at: Timestamp,
    pub device_at: Option<Timestamp>,
    pub priority: Priority,
    pub place: Option<&'a Private<String>>,
    pub note: Option<&'a Private<String>>,
}

pub async fn insert(ctx: &Ctx, tx: &mut ScopedTx, signal: NewSignal<'_>) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    let note_sealed =
        signal.note.map(|note| ctx.keys.seal_text(tenant, SIGNAL_NOTE, signal.id, note.expose()));
    let place_sealed =
        signal.place.map(|place| ctx.keys.seal_text(tenant, SIGNAL_PLACE, signal.id, place.expose()));
    sqlx::query!(
        "insert into alarm_signal (tenant_id, id, alarm_id, kind, by_account, at, device_at, priority, note_sealed,
                                   place_sealed)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        tenant.0,
        signal.id,
        signal.alarm.0,
        signal.kind.code(),
        signal.by.map(|id| id.0),
        signal.at,
        signal.device_at,
        i16::from(signal.priority.number()),
        note_sealed,
        place_sealed,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The alarm in which a signal stands: its own, or the one it was merged into.
pub async fn alarm_of(tx: &mut ScopedTx, signal: Uuid) -> sqlx::Result<Option<AlarmId>> {
    let tenant = tx.tenant();
    let alarm = sqlx::query_scalar!(
        "select alarm_id from alarm_signal where tenant_id = $1 and id = $2",
        tenant.0,
        signal
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(alarm.map(AlarmId))
}

/// Everything that an alarm has taken in.
pub async fn list_of(tx: &mut ScopedTx, alarm: AlarmId) -> sqlx::Result<Vec<Uuid>> {
    let tenant = tx.tenant();
    sqlx::query_scalar!(
        "select id from alarm_signal where tenant_id = $1 and alarm_id = $2",
        tenant.0,
        alarm.0
    )
    .fetch_all(&mut **tx)
    .await
}

pub async fn has_pressed(tx: &mut ScopedTx, alarm: AlarmId, account: AccountId) -> sqlx::Result<bool> {
    let tenant = tx.tenant();
    sqlx::query_scalar!(
        r#"select exists (
               select from alarm_signal where tenant_id = $1 and alarm_id = $2 and by_account = $3
           ) as "has!""#,
        tenant.0,
        alarm.0,
        account.0,
    )
    .fetch_one(&mut **tx)
    .await
}

/// What was written with a signal, or as a note.
pub struct Words {
    pub id: Uuid,
    pub text: Private<String>,
}

/// Says whether it is new: the same note sent twice is one note.
pub async fn insert_note(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    id: Uuid,
    alarm: AlarmId,
    by: AccountId,
    text: &Private<String>,
) -> sqlx::Result<bool> {
    let tenant = tx.tenant();
    let inserted = sqlx::query!(
        "insert into alarm_note (tenant_id, id, alarm_id, by_account, at, text_sealed)
         values ($1, $2, $3, $4, $5, $6)
         on conflict on constraint alarm_note_pk do nothing",
        tenant.0,
        id,
        alarm.0,
        by.0,
        ctx.now(),
        ctx.keys.seal_text(tenant, NOTE, id, text.expose()),
    )
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

pub async fn list_words(ctx: &Ctx, tx: &mut ScopedTx, alarm: AlarmId) -> Result<Vec<Words>, Problem> {
    let tenant = tx.tenant();
    let notes = sqlx::query!(
        "select id, text_sealed from alarm_note where tenant_id = $1 and alarm_id = $2",
        tenant.0,
        alarm.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    let signals = sqlx::query!(
        "select id, place_sealed, note_sealed
           from alarm_signal
          where tenant_id = $1 and alarm_id = $2 and (note_sealed is not null or place_sealed is not null)",
        tenant.0,
        alarm.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut words = Vec::with_capacity(notes.len() + signals.len());
    for note in notes {
        let text = ctx.keys.open_text(tenant, NOTE, note.id, &note.text_sealed)?;
        words.push(Words { id: note.id, text: Private::new(text) });
    }
    for signal in signals {
        let said = [(SIGNAL_PLACE, signal.place_sealed), (SIGNAL_NOTE, signal.note_sealed)];
        let said: Vec<String> = said
            .into_iter()
            .filter_map(|(column, sealed)| Some((column, sealed?)))
            .map(|(column, sealed)| ctx.keys.open_text(tenant, column, signal.id, &sealed))
            .collect::<Result<_, _>>()?;
        words.push(Words { id: signal.id, text: Private::new(said.join(" · ")) });
    }
    Ok(words)
}
