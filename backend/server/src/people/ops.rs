//! What somebody may do with a person's file: write it, complete it, search, open it.

use super::draft::{AmendPerson, File};
use super::store::{self, Kept, Key, Listed};
use crate::audit::Entry;
use crate::identity::{Actor, load_org_unit};
use crate::platform::db::violated;
use crate::platform::{Ctx, Problem, Purpose, ScopedTx};
use axum::http::StatusCode;
use rules::Timestamp;
use rules::identity::Action;
use rules::ids::{OrgId, PersonId};
use serde_json::json;

/// What a client is told for its id, the first time and every time after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    pub created_at: Timestamp,
    pub is_first: bool,
}

pub async fn put(ctx: &Ctx, actor: &Actor, file: File) -> Result<Written, Problem> {
    let mut tx = begin(ctx, actor, Action::PersonWrite, Purpose::Care).await?;
    if let Some(before) = store::load_first(&mut tx, file.id).await? {
        return repeated(ctx, &tx, &file, &before);
    }
    if load_org_unit(&mut tx, file.org).await?.is_none() {
        return Err(Problem::invalid("org_id", "no such org unit in your part of the tree"));
    }
    let now = ctx.now();
    match store::insert(ctx, &mut tx, std::slice::from_ref(&file), now).await {
        Ok(1) => {}
        Ok(_) => return lost_race(ctx, actor, &file).await,
        Err(error) if violated(&error) == Some("person_id_number_unique") => {
            return Err(exists(ctx, actor, &file).await?);
        }
        Err(error) => return Err(error.into()),
    }
    audit(ctx, &mut tx, "person.create", Some(file.id), json!({"org_id": file.org})).await?;
    tx.commit().await?;
    Ok(Written { created_at: now, is_first: true })
}

fn repeated(ctx: &Ctx, tx: &ScopedTx, file: &File, before: &store::First) -> Result<Written, Problem> {
    if before.body_hash == store::body_hash(ctx, tx.tenant(), file) {
        Ok(Written { created_at: before.created_at, is_first: false })
    } else {
        Err(Problem::id_reused())
    }
}

/// The id is taken: by the same request a moment ago, or by a person who is not ours to see.
async fn lost_race(ctx: &Ctx, actor: &Actor, file: &File) -> Result<Written, Problem> {
    let mut tx = begin(ctx, actor, Action::PersonWrite, Purpose::Care).await?;
    let before = store::load_first(&mut tx, file.id).await?.ok_or_else(Problem::id_reused)?;
    repeated(ctx, &tx, file, &before)
}

/// Names the existing file only to somebody who may see it.
async fn exists(ctx: &Ctx, actor: &Actor, file: &File) -> Result<Problem, Problem> {
    let problem =
        Problem::new(StatusCode::CONFLICT, "person-exists", "There is already a file with this ID number");
    let Some(number) = &file.id_number else { return Ok(problem) };
    let mut tx = begin(ctx, actor, Action::PersonWrite, Purpose::Care).await?;
    let found = store::list(ctx, &mut tx, Some(&Key::IdNumber(number.clone())), None, 1).await?;
    Ok(match found.first() {
        Some(person) => problem.with("existing_id", person.id.to_string()),
        None => problem,
    })
}

/// Adds to a file or mends it. Gives the new version.
pub async fn amend(ctx: &Ctx, actor: &Actor, id: PersonId, amend: AmendPerson) -> Result<i64, Problem> {
    let mut tx = begin(ctx, actor, Action::PersonWrite, Purpose::Care).await?;
    let kept = store::load_for_update(ctx, &mut tx, id).await?.ok_or_else(nobody)?;
    if kept.version != amend.expected_version {
        return Err(Problem::version_conflict(kept.version));
    }
    let (file, fields) = amend.apply(&kept.file, ctx.local_date(actor.tenant))?;
    if fields.is_empty() {
        return Ok(kept.version);
    }
    match store::save(ctx, &mut tx, &file, ctx.now()).await {
        Ok(()) => {}
        Err(error) if violated(&error) == Some("person_id_number_unique") => {
            return Err(exists(ctx, actor, &file).await?);
        }
        Err(error) => return Err(error.into()),
    }
    audit(ctx, &mut tx, "person.amend", Some(id), json!({"fields": fields})).await?;
    tx.commit().await?;
    Ok(kept.version + 1)
}

/// One person's file. The look is on record, or there is no look.
pub async fn open(ctx: &Ctx, actor: &Actor, id: PersonId, purpose: Purpose) -> Result<Kept, Problem> {
    let mut tx = begin(ctx, actor, Action::PersonRead, purpose).await?;
    let kept = store::load(ctx, &mut tx, id).await?.ok_or_else(nobody)?;
    audit(ctx, &mut tx, "person.open", Some(id), json!({})).await?;
    tx.commit().await?;
    Ok(kept)
}

/// A list of names is a look too.
pub async fn list(
    ctx: &Ctx,
    actor: &Actor,
    key: Option<Key>,
    org: Option<OrgId>,
    limit: usize,
) -> Result<Vec<Listed>, Problem> {
    let mut tx = begin(ctx, actor, Action::PersonList, Purpose::Care).await?;
    let listed = store::list(ctx, &mut tx, key.as_ref(), org, limit).await?;
    let detail = json!({"by": key.as_ref().map(Key::kind), "org_id": org, "count": listed.len()});
    audit(ctx, &mut tx, "person.list", None, detail).await?;
    tx.commit().await?;
    Ok(listed)
}

async fn begin(ctx: &Ctx, actor: &Actor, action: Action, purpose: Purpose) -> sqlx::Result<ScopedTx> {
    ctx.db.begin(&actor.scope_for(action, purpose)).await
}

async fn audit(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    action: &'static str,
    id: Option<PersonId>,
    detail: serde_json::Value,
) -> sqlx::Result<()> {
    let entry = Entry { action, subject_kind: "person", subject_id: id.map(|id| id.0), detail };
    crate::audit::write(ctx, tx, entry).await
}

fn nobody() -> Problem {
    Problem::not_found("person")
}
