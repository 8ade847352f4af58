//! The org tree: province, city, district, street, community, grid; schools, employers, hospitals.

use super::Actor;
use crate::audit::Entry;
use crate::platform::db::violated;
use crate::platform::{Ctx, Problem, Purpose, ScopedTx};
use rules::identity::Action;
use rules::ids::OrgId;
use rules::people::OrgKind;
use serde::Serialize;
use serde_json::json;
use std::collections::HashMap;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct OrgUnit {
    #[schema(value_type = uuid::Uuid)]
    pub id: OrgId,
    #[schema(value_type = Option<uuid::Uuid>)]
    pub parent_id: Option<OrgId>,
    pub kind: String,
    pub code: String,
    pub name: String,
    #[schema(value_type = uuid::Uuid)]
    pub district_id: OrgId,
}

pub async fn list_org_units(tx: &mut ScopedTx) -> sqlx::Result<Vec<OrgUnit>> {
    let tenant = tx.tenant();
    let rows = sqlx::query!(
        "select id, parent_id, kind, code, name, district_id
           from org_unit
          where tenant_id = $1 and path && (select app_scopes())
          order by array_length(path, 1), code",
        tenant.0,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| OrgUnit {
            id: OrgId(row.id),
            parent_id: row.parent_id.map(OrgId),
            kind: row.kind,
            code: row.code,
            name: row.name,
            district_id: OrgId(row.district_id),
        })
        .collect())
}

pub async fn load_org_unit(tx: &mut ScopedTx, id: OrgId) -> sqlx::Result<Option<OrgUnit>> {
    let tenant = tx.tenant();
    let row = sqlx::query!(
        "select id, parent_id, kind, code, name, district_id
           from org_unit
          where tenant_id = $1 and id = $2 and path && (select app_scopes())",
        tenant.0,
        id.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| OrgUnit {
        id: OrgId(row.id),
        parent_id: row.parent_id.map(OrgId),
        kind: row.kind,
        code: row.code,
        name: row.name,
        district_id: OrgId(row.district_id),
    }))
}

/// Names for showing; also of units above the visible part, which are no secret.
pub async fn load_org_units(tx: &mut ScopedTx, ids: &[OrgId]) -> sqlx::Result<HashMap<OrgId, OrgUnit>> {
    let tenant = tx.tenant();
    let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        "select id, parent_id, kind, code, name, district_id from org_unit where tenant_id = $1 and id = any($2)",
        tenant.0,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let unit = OrgUnit {
                id: OrgId(row.id),
                parent_id: row.parent_id.map(OrgId),
                kind: row.kind,
                code: row.code,
                name: row.name,
                district_id: OrgId(row.district_id),
            };
            (unit.id, unit)
        })
        .collect())
}

/// The district an org unit lies in, which names the stream its events go to.
pub async fn district_of(tx: &mut ScopedTx, id: OrgId) -> Result<OrgId, Problem> {
    let tenant = tx.tenant();
    sqlx::query_scalar!("select district_id from org_unit where tenant_id = $1 and id = $2", tenant.0, id.0)
        .fetch_optional(&mut **tx)
        .await?
        .map(OrgId)
        .ok_or_else(|| Problem::invalid("org_id", "no such org unit"))
}

/// Does this org unit lie in one of these subtrees?
pub async fn is_within(tx: &mut ScopedTx, id: OrgId, scopes: &[OrgId]) -> sqlx::Result<bool> {
    Ok(list_chain(tx, id).await?.iter().any(|unit| scopes.contains(unit)))
}

/// From the unit up to the root.
pub async fn list_chain(tx: &mut ScopedTx, id: OrgId) -> sqlx::Result<Vec<OrgId>> {
    let tenant = tx.tenant();
    let path =
        sqlx::query_scalar!("select path from org_unit where tenant_id = $1 and id = $2", tenant.0, id.0)
            .fetch_optional(&mut **tx)
            .await?
            .unwrap_or_default();
    Ok(path.into_iter().rev().map(OrgId).collect())
}

pub async fn list_chains(tx: &mut ScopedTx, ids: &[OrgId]) -> sqlx::Result<HashMap<OrgId, Vec<OrgId>>> {
    let tenant = tx.tenant();
    let ids: Vec<uuid::Uuid> = ids.iter().map(|id| id.0).collect();
    let rows =
        sqlx::query!("select id, path from org_unit where tenant_id = $1 and id = any($2)", tenant.0, &ids)
            .fetch_all(&mut **tx)
            .await?;
    Ok(rows.into_iter().map(|row| (OrgId(row.id), row.path.into_iter().rev().map(OrgId).collect())).collect())
}

/// Districts that lie wholly below one of the units: a grid's district is not below the grid.
pub async fn list_districts_under(tx: &mut ScopedTx, scopes: &[OrgId]) -> sqlx::Result<Vec<OrgId>> {
    let tenant = tx.tenant();
    let scopes: Vec<uuid::Uuid> = scopes.iter().map(|id| id.0).collect();
    let ids = sqlx::query_scalar!(
        "select id from org_unit where tenant_id = $1 and id = district_id and path && $2 order by code",
        tenant.0,
        &scopes,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(ids.into_iter().map(OrgId).collect())
}

/// A path of names or codes from below the root, `城东区/青枫街道/第 3 网格`.
pub async fn resolve_org_path(tx: &mut ScopedTx, root: OrgId, path: &str) -> Result<OrgId, Problem> {
    let mut at = root;
    let tenant = tx.tenant();
    for part in path.split('/').map(str::trim).filter(|part| !part.is_empty()) {
        let child = sqlx::query_scalar!(
            "select id from org_unit where tenant_id = $1 and parent_id = $2 and (name = $3 or code = $3)",
            tenant.0,
            at.0,
            part,
        )
        .fetch_optional(&mut **tx)
        .await?;
        at = child
            .map(OrgId)
            .ok_or_else(|| Problem::invalid("org", "no org unit of this name below the one before it"))?;
    }
    Ok(at)
}

#[derive(Debug, Clone)]
pub struct NewOrgUnit {
    pub id: OrgId,
    pub parent: Option<OrgId>,
    pub kind: OrgKind,
    pub code: String,
    pub name: String,
}

/// Adds a unit, or renames the one there is. Says whether it is new.
pub async fn put(ctx: &Ctx, actor: &Actor, new: NewOrgUnit) -> Result<(OrgUnit, bool), Problem> {
    let is_code = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if new.code.is_empty() || !new.code.chars().all(is_code) {
        return Err(Problem::invalid("code", "lower-case letters, digits and hyphens"));
    }
    if new.name.is_empty() {
        return Err(Problem::invalid("name", "must say something"));
    }
    let mut tx = ctx.db.begin(&actor.scope_for(Action::OrgManage, Purpose::Administration)).await?;
    let before = load_org_unit(&mut tx, new.id).await?;
    let is_new = before.is_none();
    let action = match before {
        Some(before) if is_same(&before, &new)? => return Ok((before, false)),
        Some(_) => {
            rename(&mut tx, &new).await.map_err(taken)?;
            "org.rename"
        }
        None => {
            check_place(&mut tx, &new).await?;
            insert_org_unit(&mut tx, new.id, new.parent, new.kind, &new.code, &new.name)
                .await
                .map_err(taken)?;
            "org.create"
        }
    };
    let detail = json!({"parent_id": new.parent, "kind": new.kind, "code": new.code});
    let entry = Entry { action, subject_kind: "org_unit", subject_id: Some(new.id.0), detail };
    crate::audit::write(ctx, &mut tx, entry).await?;
    let unit = load_org_unit(&mut tx, new.id).await?.ok_or_else(|| Problem::not_found("org unit"))?;
    tx.commit().await?;
    Ok((unit, is_new))
}

/// What a unit is and where it stands is for ever; its name and its code are not.
fn is_same(before: &OrgUnit, new: &NewOrgUnit) -> Result<bool, Problem> {
    if before.parent_id != new.parent {
        return Err(Problem::invalid(
            "parent_id",
            "a unit is not moved: rights, people and events hang on its place; make a new one",
        ));
    }
    if before.kind != new.kind.code() {
        return Err(Problem::invalid("kind", "a unit stays of its kind; make a new one"));
    }
    Ok(before.code == new.code && before.name == new.name)
}

async fn check_place(tx: &mut ScopedTx, new: &NewOrgUnit) -> Result<(), Problem> {
    let nowhere = || Problem::invalid("parent_id", "no such org unit in your part of the tree");
    let parent = load_org_unit(tx, new.parent.ok_or_else(nowhere)?).await?.ok_or_else(nowhere)?;
    let fits = parent.kind.parse::<OrgKind>().is_ok_and(|parent| new.kind.fits_below(parent));
    if fits {
        Ok(())
    } else {
        Err(Problem::invalid("kind", "a unit of this kind does not stand below one of the parent's kind"))
    }
}

fn taken(error: sqlx::Error) -> Problem {
    match violated(&error) {
        Some("org_unit_code_unique") => Problem::invalid("code", "another unit has this code"),
        Some("org_unit_pk") => Problem::id_reused(),
        _ => error.into(),
    }
}

async fn rename(tx: &mut ScopedTx, new: &NewOrgUnit) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update org_unit set code = $3, name = $4 where tenant_id = $1 and id = $2",
        tenant.0,
        new.id.0,
        new.code,
        new.name,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Adds a unit below its parent; the root has none.
pub async fn insert_org_unit(
    tx: &mut ScopedTx,
    id: OrgId,
    parent: Option<OrgId>,
    kind: OrgKind,
    code: &str,
    name: &str,
) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    let is_district = kind == OrgKind::District;
    sqlx::query!(
        "insert into org_unit (tenant_id, id, parent_id, kind, code, name, path, district_id)
         select $1, $2, $3, $4, $5, $6,
                coalesce((select p.path from org_unit p where p.tenant_id = $1 and p.id = $3), '{}') || $2::uuid,
                case when $7 then $2
                     else coalesce((select p.district_id from org_unit p where p.tenant_id = $1 and p.id = $3), $2)
                end",
        tenant.0,
        id.0,
        parent.map(|parent| parent.0),
        kind.code(),
        code,
        name,
        is_district,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
