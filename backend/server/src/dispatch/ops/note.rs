//! Writing something down. A note is a sign of life: it renews what its author holds.

use super::{Command, Said, begin, carry_out};
use crate::dispatch::store::signals;
use crate::dispatch::view::{self, AlarmView};
use crate::identity::Actor;
use crate::platform::{Ctx, Problem, ScopedTx};
use rules::Private;
use rules::dispatch::AlarmEvent;
use rules::identity::Action;
use rules::ids::AlarmId;
use serde_json::json;
use uuid::Uuid;

/// `id` comes from the console, so that a note sent twice is one note.
pub async fn write(
    ctx: &Ctx,
    actor: &Actor,
    command: Command,
    id: Option<Uuid>,
    text: Private<String>,
) -> Result<AlarmView, Problem> {
    let (mut tx, kept) = begin(ctx, actor, command, Action::AlarmNote).await?;
    let id = id.unwrap_or_else(|| ctx.new_id());
    if !signals::insert_note(ctx, &mut tx, id, kept.id, actor.account, &text).await? {
        return view::one(ctx, &mut tx, &kept).await;
    }
    let said = Said::beside("alarm.noted", "alarm.note").with(json!({"words_id": id}));
    carry_out(ctx, actor, tx, kept, AlarmEvent::Note { by: actor.account }, said).await
}

/// What is written with another act is kept as a note and named in its event.
pub(super) async fn keep(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    actor: &Actor,
    alarm: AlarmId,
    text: Option<&Private<String>>,
) -> Result<Option<Uuid>, Problem> {
    let Some(text) = text.filter(|text| !text.expose().trim().is_empty()) else { return Ok(None) };
    let id = ctx.new_id();
    signals::insert_note(ctx, tx, id, alarm, actor.account, text).await?;
    Ok(Some(id))
}
