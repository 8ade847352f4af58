//! Reading alarms. Opening one with the person's name is written down in the same transaction: no entry, no look.

use super::no_such_alarm;
use crate::audit::Entry;
use crate::dispatch::store::{self, Kept, signals};
use crate::dispatch::view::{self, AlarmDetail, AlarmView, Sight};
use crate::identity::Actor;
use crate::platform::{Ctx, Problem, Purpose, ScopedTx};
use rules::identity::Action;
use rules::ids::AlarmId;
use serde_json::json;

/// Open ones in the order in which a seat takes them, closed ones from the last on.
pub enum Which {
    Open,
    Closed,
}

pub async fn list(ctx: &Ctx, actor: &Actor, which: Which, limit: i64) -> Result<Vec<AlarmView>, Problem> {
    let mut tx = ctx.db.begin_frozen(&actor.scope_for(Action::AlarmRead, Purpose::Dispatch)).await?;
    match which {
        Which::Open => {
            let open = store::list_open(ctx, &mut tx, None, limit).await?;
            view::list(ctx, &mut tx, open).await
        }
        Which::Closed => {
            let closed = store::list_closed(ctx, &mut tx, limit).await?;
            let mut views = view::list(ctx, &mut tx, closed).await?;
            views.sort_by_key(|view| std::cmp::Reverse(view.closed.as_ref().map(|closed| closed.at)));
            Ok(views)
        }
    }
}

pub async fn open(ctx: &Ctx, actor: &Actor, id: AlarmId) -> Result<AlarmDetail, Problem> {
    // who reads the board sees its part of the tree; who pressed sees the own alarm wherever it ended up
    let mut tx = ctx.db.begin_alarm(&actor.scope_for(Action::AlarmRead, Purpose::Dispatch)).await?;
    let id = signals::alarm_of(&mut tx, id.0).await?.unwrap_or(id);
    let kept = store::load(ctx, &mut tx, id).await?.ok_or_else(no_such_alarm)?;
    let sight = sight(&mut tx, actor, &kept).await?.ok_or_else(no_such_alarm)?;
    let detail = view::detail(ctx, &mut tx, &kept, sight).await?;
    if sight == Sight::Whole {
        let entry = Entry {
            action: "alarm.open",
            subject_kind: "alarm",
            subject_id: Some(kept.id.0),
            detail: json!({"person_id": kept.person}),
        };
        crate::audit::write(ctx, &mut tx, entry).await?;
        tx.commit().await?;
    }
    Ok(detail)
}

/// What whoever pressed gets back: how it stands; whom it is about only where the account's work is.
pub(super) async fn after_press(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    actor: &Actor,
    kept: &Kept,
) -> Result<AlarmView, Problem> {
    let mut view = view::one(ctx, tx, kept).await?;
    let reads = actor.scope_for(Action::AlarmRead, Purpose::Dispatch).scopes;
    if !crate::identity::is_within(tx, kept.org, &reads).await? {
        view.hide_what_others_wrote();
    }
    let mut own = actor.scope_for(Action::AlarmRaise, Purpose::Dispatch).scopes;
    own.extend(reads);
    if !crate::identity::is_within(tx, kept.org, &own).await? {
        view.hide_whom_it_is_about();
    }
    Ok(view)
}

/// May this account see this alarm, and how much of it?
async fn sight(tx: &mut ScopedTx, actor: &Actor, kept: &Kept) -> Result<Option<Sight>, Problem> {
    for (action, sight) in [(Action::AlarmOpen, Sight::Whole), (Action::AlarmRead, Sight::Board)] {
        let scopes = actor.scope_for(action, Purpose::Dispatch).scopes;
        if crate::identity::is_within(tx, kept.org, &scopes).await? {
            return Ok(Some(sight));
        }
    }
    let pressed =
        kept.raised_by == Some(actor.account) || signals::has_pressed(tx, kept.id, actor.account).await?;
    Ok(pressed.then_some(Sight::OwnPress))
}
