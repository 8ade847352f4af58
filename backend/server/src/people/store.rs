//! All SQL about persons, and the sealing of what it stores.

use super::Brief;
use crate::platform::keys::Column;
use crate::platform::{Ctx, Problem, ScopedTx};
use chrono::NaiveDate;
use rules::Private;
use rules::ids::{OrgId, PersonId, TenantId};
use rules::people::{Modifier, Sex, age_on};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

pub(super) const NAME: Column = Column("person.name");
pub(super) const BIRTH_DATE: Column = Column("person.birth_date");
pub(super) const PHONE: Column = Column("person.phone");
pub(super) const ADDRESS: Column = Column("person.address");

struct BriefRow {
    id: Uuid,
    org_id: Uuid,
    name_sealed: Vec<u8>,
    sex: String,
    birth_date_sealed: Option<Vec<u8>>,
    phone_sealed: Option<Vec<u8>>,
    address_sealed: Option<Vec<u8>>,
    modifiers: Vec<String>,
    is_anonymous: bool,
}

impl BriefRow {
    fn open(self, ctx: &Ctx, tenant: TenantId) -> Result<Brief, Problem> {
        let open = |column, sealed: Option<Vec<u8>>| open_optional(ctx, tenant, column, self.id, sealed);
        let birth_date = open_date(ctx, tenant, self.id, self.birth_date_sealed)?;
        Ok(Brief {
            id: PersonId(self.id),
            name: Private::new(ctx.keys.open_text(tenant, NAME, self.id, &self.name_sealed)?),
            sex: sex_of(&self.sex),
            age: birth_date.map(|date| age_on(date, ctx.local_date(tenant))),
            phone: open(PHONE, self.phone_sealed)?.map(Private::new),
            address: open(ADDRESS, self.address_sealed)?.map(Private::new),
            org: OrgId(self.org_id),
            modifiers: modifiers_of(&self.modifiers),
            is_anonymous: self.is_anonymous,
        })
    }
}

/// `None`: no such person, or not one that this transaction may see.
pub async fn load_brief(ctx: &Ctx, tx: &mut ScopedTx, id: PersonId) -> Result<Option<Brief>, Problem> {
    Ok(load_briefs(ctx, tx, &[id]).await?.remove(&id))
}

/// Those of the persons that this transaction may see.
pub async fn load_briefs(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    ids: &[PersonId],
) -> Result<HashMap<PersonId, Brief>, Problem> {
    let tenant = tx.tenant();
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    sqlx::query_as!(
        BriefRow,
        "select id, org_id, name_sealed, sex, birth_date_sealed, phone_sealed, address_sealed, modifiers, is_anonymous
           from person
          where tenant_id = $1 and id = any($2)",
        tenant.0,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?
    .into_iter()
    .map(|row| Ok((PersonId(row.id), row.open(ctx, tenant)?)))
    .collect()
}

/// One decision about a person at a time. `false`: no such person here. Rows that refer to the person may still be
/// added by others.
pub async fn lock_person(tx: &mut ScopedTx, id: PersonId) -> sqlx::Result<bool> {
    let tenant = tx.tenant();
    let found = sqlx::query_scalar!(
        "select id from person where tenant_id = $1 and id = $2 for no key update",
        tenant.0,
        id.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(found.is_some())
}

fn open_optional(
    ctx: &Ctx,
    tenant: TenantId,
    column: Column,
    row: Uuid,
    sealed: Option<Vec<u8>>,
) -> Result<Option<String>, Problem> {
    Ok(sealed.map(|sealed| ctx.keys.open_text(tenant, column, row, &sealed)).transpose()?)
}

fn open_date(
    ctx: &Ctx,
    tenant: TenantId,
    row: Uuid,
    sealed: Option<Vec<u8>>,
) -> Result<Option<NaiveDate>, Problem> {
    let text = open_optional(ctx, tenant, BIRTH_DATE, row, sealed)?;
    text.map(|text| text.parse().map_err(|error| Problem::internal(&error as &chrono::ParseError)))
        .transpose()
}

/// The column's check allows only these codes.
fn sex_of(code: &str) -> Sex {
    code.parse().unwrap_or_default()
}

fn modifiers_of(codes: &[String]) -> BTreeSet<Modifier> {
    codes.iter().filter_map(|code| code.parse().ok()).collect()
}
