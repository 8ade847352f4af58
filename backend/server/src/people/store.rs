//! All SQL about persons, and the sealing of what it stores.

use super::Brief;
use super::draft::File;
use crate::platform::keys::Column;
use crate::platform::{Ctx, Problem, ScopedTx};
use chrono::NaiveDate;
use rules::ids::{OrgId, PersonId, TenantId};
use rules::people::{IdNumber, Modifier, Name, PhoneNumber, Sex, age_on};
use rules::{Private, Timestamp};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

const NAME: Column = Column("person.name");
const BIRTH_DATE: Column = Column("person.birth_date");
const PHONE: Column = Column("person.phone");
const PHONE_TAIL: Column = Column("person.phone_tail");
const ID_NUMBER: Column = Column("person.id_number");
const ADDRESS: Column = Column("person.address");
const BODY: Column = Column("person.body");

/// What a person is looked up by: hashes under the tenant's key, so that nothing readable is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    Name(Private<String>),
    Phone(PhoneNumber),
    PhoneTail(Private<String>),
    IdNumber(IdNumber),
}

impl Key {
    /// Whatever somebody typed into one search field.
    pub fn read(text: &str) -> Self {
        let text = text.trim();
        if let Ok(number) = IdNumber::parse(text) {
            return Self::IdNumber(number);
        }
        if let Ok(phone) = PhoneNumber::parse(text) {
            return Self::Phone(phone);
        }
        let text_kept = Private::new(text.to_owned());
        let is_tail = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_tail { Self::PhoneTail(text_kept) } else { Self::Name(text_kept) }
    }

    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Name(_) => "name",
            Self::Phone(_) => "phone",
            Self::PhoneTail(_) => "phone_tail",
            Self::IdNumber(_) => "id_number",
        }
    }

    fn hash(&self, ctx: &Ctx, tenant: TenantId) -> Vec<u8> {
        let (column, value) = match self {
            Self::Name(name) => (NAME, name.expose().as_str()),
            Self::Phone(phone) => (PHONE, phone.expose()),
            Self::PhoneTail(tail) => (PHONE_TAIL, tail.expose().as_str()),
            Self::IdNumber(number) => (ID_NUMBER, number.expose()),
        };
        ctx.keys.lookup(tenant, column, value)
    }
}

/// What a retry is compared with.
pub struct First {
    pub body_hash: Vec<u8>,
    pub created_at: Timestamp,
}

/// A file as it is kept.
#[derive(Debug, Clone)]
pub struct Kept {
    pub file: File,
    pub consent_withdrawn_at: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A line of a list.
#[derive(Debug, Clone)]
pub struct Listed {
    pub id: PersonId,
    pub brief: Brief,
    pub version: i64,
}

struct PersonRow {
    id: Uuid,
    org_id: Uuid,
    name_sealed: Vec<u8>,
    sex: String,
    birth_date_sealed: Option<Vec<u8>>,
    phone_sealed: Option<Vec<u8>>,
    address_sealed: Option<Vec<u8>>,
    modifiers: Vec<String>,
    is_anonymous: bool,
    declared_age: Option<String>,
    consent_withdrawn_at: Option<Timestamp>,
    version: i64,
}

impl PersonRow {
    fn open(self, ctx: &Ctx, tenant: TenantId) -> Result<Listed, Problem> {
        let open = |column, sealed: Option<Vec<u8>>| open_optional(ctx, tenant, column, self.id, sealed);
        let birth_date = open_date(open(BIRTH_DATE, self.birth_date_sealed)?)?;
        let brief = Brief {
            id: PersonId(self.id),
            name: Private::new(ctx.keys.open_text(tenant, NAME, self.id, &self.name_sealed)?),
            sex: sex_of(&self.sex),
            age: birth_date.map(|date| age_on(date, ctx.local_date(tenant))),
            phone: open(PHONE, self.phone_sealed)?.map(Private::new),
            address: open(ADDRESS, self.address_sealed)?.map(Private::new),
            org: OrgId(self.org_id),
            modifiers: modifiers_of(&self.modifiers),
            is_anonymous: self.is_anonymous,
            declared_age: self.declared_age.and_then(|code| code.parse().ok()),
            consent_withdrawn_at: self.consent_withdrawn_at,
        };
        Ok(Listed { id: PersonId(self.id), brief, version: self.version })
    }
}

/// `None`: no such person, not one that this transaction may see, or one that does not open.
pub async fn load_brief(ctx: &Ctx, tx: &mut ScopedTx, id: PersonId) -> Result<Option<Brief>, Problem> {
    Ok(load_briefs(ctx, tx, &[id]).await?.remove(&id))
}

/// Those of the persons that this transaction may see. One that does not open has no name there, and takes nobody else
/// off a list or a board.
pub async fn load_briefs(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    ids: &[PersonId],
) -> Result<HashMap<PersonId, Brief>, Problem> {
    let tenant = tx.tenant();
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        PersonRow,
        "select id, org_id, name_sealed, sex, birth_date_sealed, phone_sealed, address_sealed, modifiers,
                is_anonymous, declared_age, consent_withdrawn_at, version
           from person
          where tenant_id = $1 and id = any($2)",
        tenant.0,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    let open = |row: PersonRow| {
        let id = PersonId(row.id);
        let opened = row.open(ctx, tenant);
        let opened = opened.inspect_err(|_| tracing::error!(person.id = %id, "a file cannot be read"));
        Some((id, opened.ok()?.brief))
    };
    Ok(rows.into_iter().filter_map(open).collect())
}

/// Where somebody belongs, whether or not the rest of the file opens.
pub async fn org_of(tx: &mut ScopedTx, id: PersonId) -> sqlx::Result<Option<OrgId>> {
    let tenant = tx.tenant();
    let org =
        sqlx::query_scalar!("select org_id from person where tenant_id = $1 and id = $2", tenant.0, id.0)
            .fetch_optional(&mut **tx)
            .await?;
    Ok(org.map(OrgId))
}

/// Read and held: one decision about a person at a time. `None`: no such person here. Rows that refer to the person
/// may still be added by others.
pub async fn lock_brief(ctx: &Ctx, tx: &mut ScopedTx, id: PersonId) -> Result<Option<Brief>, Problem> {
    let tenant = tx.tenant();
    let row = sqlx::query_as!(
        PersonRow,
        "select id, org_id, name_sealed, sex, birth_date_sealed, phone_sealed, address_sealed, modifiers,
                is_anonymous, declared_age, consent_withdrawn_at, version
           from person
          where tenant_id = $1 and id = $2
            for no key update",
        tenant.0,
        id.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| Ok(row.open(ctx, tenant)?.brief)).transpose()
}

async fn lock_person(tx: &mut ScopedTx, id: PersonId) -> sqlx::Result<bool> {
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

/// Found by a key, in a part of the tree, or all that is visible; at most `limit`.
pub async fn list(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    key: Option<&Key>,
    org: Option<OrgId>,
    limit: usize,
) -> Result<Vec<Listed>, Problem> {
    let tenant = tx.tenant();
    let hash = |kind: &str| key.filter(|key| key.kind() == kind).map(|key| key.hash(ctx, tenant));
    sqlx::query_as!(
        PersonRow,
        "select id, org_id, name_sealed, sex, birth_date_sealed, phone_sealed, address_sealed, modifiers,
                is_anonymous, declared_age, consent_withdrawn_at, version
           from person
          where tenant_id = $1
            and ($2::bytea is null or name_hash = $2)
            and ($3::bytea is null or phone_hash = $3)
            and ($4::bytea is null or phone_tail_hash = $4)
            and ($5::bytea is null or id_number_hash = $5)
            and ($6::uuid is null
                 or org_id in (select u.id from org_unit u where u.tenant_id = $1 and u.path @> array[$6::uuid]))
          order by id
          limit $7",
        tenant.0,
        hash("name"),
        hash("phone"),
        hash("phone_tail"),
        hash("id_number"),
        org.map(|org| org.0),
        i64::try_from(limit).unwrap_or(i64::MAX),
    )
    .fetch_all(&mut **tx)
    .await?
    .into_iter()
    .map(|row| row.open(ctx, tenant))
    .collect()
}

/// Whose numbers these are, of the people that this transaction may see.
pub async fn find_by_id_numbers(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    numbers: &[IdNumber],
) -> sqlx::Result<HashMap<IdNumber, PersonId>> {
    let tenant = tx.tenant();
    let by_hash: HashMap<Vec<u8>, &IdNumber> =
        numbers.iter().map(|number| (ctx.keys.lookup(tenant, ID_NUMBER, number.expose()), number)).collect();
    let hashes: Vec<Vec<u8>> = by_hash.keys().cloned().collect();
    let rows = sqlx::query!(
        r#"select id, id_number_hash as "hash!" from person where tenant_id = $1 and id_number_hash = any($2)"#,
        tenant.0,
        &hashes,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| Some(((*by_hash.get(&row.hash)?).clone(), PersonId(row.id))))
        .collect())
}

/// A person and the org unit they belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonAt {
    pub id: PersonId,
    pub org: OrgId,
}

/// Visible people below an org unit, all or those named.
pub async fn list_below(
    tx: &mut ScopedTx,
    org: OrgId,
    named: Option<&[PersonId]>,
) -> sqlx::Result<Vec<PersonAt>> {
    let tenant = tx.tenant();
    let named: Option<Vec<Uuid>> = named.map(|ids| ids.iter().map(|id| id.0).collect());
    let rows = sqlx::query!(
        "select id, org_id
           from person
          where tenant_id = $1
            and org_id in (select u.id from org_unit u where u.tenant_id = $1 and u.path @> array[$2::uuid])
            and ($3::uuid[] is null or id = any($3))",
        tenant.0,
        org.0,
        named.as_deref(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| PersonAt { id: PersonId(row.id), org: OrgId(row.org_id) }).collect())
}

pub async fn load_first(tx: &mut ScopedTx, id: PersonId) -> sqlx::Result<Option<First>> {
    let tenant = tx.tenant();
    sqlx::query_as!(
        First,
        "select body_hash, created_at from person where tenant_id = $1 and id = $2",
        tenant.0,
        id.0,
    )
    .fetch_optional(&mut **tx)
    .await
}

pub async fn load(ctx: &Ctx, tx: &mut ScopedTx, id: PersonId) -> Result<Option<Kept>, Problem> {
    let tenant = tx.tenant();
    let Some(row) = sqlx::query!(
        "select org_id, name_sealed, sex, birth_date_sealed, phone_sealed, id_number_sealed, address_sealed,
                modifiers, is_anonymous, consent_withdrawn_at, version, created_at, updated_at
           from person
          where tenant_id = $1 and id = $2",
        tenant.0,
        id.0,
    )
    .fetch_optional(&mut **tx)
    .await?
    else {
        return Ok(None);
    };
    let open = |column, sealed| open_optional(ctx, tenant, column, id.0, sealed);
    let name = ctx.keys.open_text(tenant, NAME, id.0, &row.name_sealed)?;
    let file = File {
        id,
        org: OrgId(row.org_id),
        name: Name::parse(&name).map_err(|error| Problem::internal(&error))?,
        sex: sex_of(&row.sex),
        birth_date: open_date(open(BIRTH_DATE, row.birth_date_sealed)?)?,
        phone: open(PHONE, row.phone_sealed)?
            .map(|text| PhoneNumber::parse(&text))
            .transpose()
            .map_err(|error| Problem::internal(&error))?,
        id_number: open(ID_NUMBER, row.id_number_sealed)?
            .map(|text| IdNumber::parse(&text))
            .transpose()
            .map_err(|error| Problem::internal(&error))?,
        address: open(ADDRESS, row.address_sealed)?.map(Private::new),
        modifiers: modifiers_of(&row.modifiers),
        is_anonymous: row.is_anonymous,
    };
    Ok(Some(Kept {
        file,
        consent_withdrawn_at: row.consent_withdrawn_at,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }))
}

pub async fn load_for_update(ctx: &Ctx, tx: &mut ScopedTx, id: PersonId) -> Result<Option<Kept>, Problem> {
    if lock_person(tx, id).await? { load(ctx, tx, id).await } else { Ok(None) }
}

/// Adds the files whose ids are new; says how many.
pub async fn insert(ctx: &Ctx, tx: &mut ScopedTx, files: &[File], at: Timestamp) -> sqlx::Result<u64> {
    let tenant = tx.tenant();
    let actor = tx.scope().actor;
    let sealed: Vec<Sealed> = files.iter().map(|file| Sealed::new(ctx, tenant, file)).collect();
    let column = |of: fn(&Sealed) -> Option<Vec<u8>>| sealed.iter().map(of).collect::<Vec<_>>();
    let inserted = sqlx::query!(
        "insert into person (tenant_id, id, org_id, name_sealed, name_hash, sex, birth_date_sealed, phone_sealed,
                             phone_hash, phone_tail_hash, id_number_sealed, id_number_hash, address_sealed,
                             modifiers, is_anonymous, body_hash, created_by, created_at, updated_at)
         select $1, f.id, f.org_id, f.name, f.name_hash, f.sex, f.birth_date, f.phone, f.phone_hash, f.phone_tail_hash,
                f.id_number, f.id_number_hash, f.address, string_to_array(f.modifiers, ','), f.is_anonymous,
                f.body_hash, $2, $3, $3
           from unnest($4::uuid[], $5::uuid[], $6::bytea[], $7::bytea[], $8::text[], $9::bytea[], $10::bytea[],
                       $11::bytea[], $12::bytea[], $13::bytea[], $14::bytea[], $15::bytea[], $16::text[],
                       $17::boolean[], $18::bytea[])
             as f (id, org_id, name, name_hash, sex, birth_date, phone, phone_hash, phone_tail_hash, id_number,
                   id_number_hash, address, modifiers, is_anonymous, body_hash)
         on conflict on constraint person_pk do nothing",
        tenant.0,
        actor.0,
        at,
        &files.iter().map(|file| file.id.0).collect::<Vec<_>>(),
        &files.iter().map(|file| file.org.0).collect::<Vec<_>>(),
        &sealed.iter().map(|file| file.name.clone()).collect::<Vec<_>>(),
        &sealed.iter().map(|file| file.name_hash.clone()).collect::<Vec<_>>(),
        &files.iter().map(|file| file.sex.code().to_owned()).collect::<Vec<_>>(),
        &column(|file| file.birth_date.clone()) as &[Option<Vec<u8>>],
        &column(|file| file.phone.clone()) as &[Option<Vec<u8>>],
        &column(|file| file.phone_hash.clone()) as &[Option<Vec<u8>>],
        &column(|file| file.phone_tail_hash.clone()) as &[Option<Vec<u8>>],
        &column(|file| file.id_number.clone()) as &[Option<Vec<u8>>],
        &column(|file| file.id_number_hash.clone()) as &[Option<Vec<u8>>],
        &column(|file| file.address.clone()) as &[Option<Vec<u8>>],
        &files.iter().map(|file| codes(&file.modifiers).join(",")).collect::<Vec<_>>(),
        &files.iter().map(|file| file.is_anonymous).collect::<Vec<_>>(),
        &files.iter().map(|file| body_hash(ctx, tenant, file)).collect::<Vec<_>>(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected())
}

/// A new version of a file. What a retry of the first request is compared with stays.
pub async fn save(ctx: &Ctx, tx: &mut ScopedTx, file: &File, at: Timestamp) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    let sealed = Sealed::new(ctx, tenant, file);
    sqlx::query!(
        "update person
            set name_sealed = $3, name_hash = $4, sex = $5, birth_date_sealed = $6, phone_sealed = $7,
                phone_hash = $8, phone_tail_hash = $9, id_number_sealed = $10, id_number_hash = $11,
                address_sealed = $12, modifiers = $13, is_anonymous = $14, version = version + 1, updated_at = $15
          where tenant_id = $1 and id = $2",
        tenant.0,
        file.id.0,
        sealed.name,
        sealed.name_hash,
        file.sex.code(),
        sealed.birth_date,
        sealed.phone,
        sealed.phone_hash,
        sealed.phone_tail_hash,
        sealed.id_number,
        sealed.id_number_hash,
        sealed.address,
        &codes(&file.modifiers).iter().map(|&code| code.to_owned()).collect::<Vec<_>>(),
        file.is_anonymous,
        at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

struct Sealed {
    name: Vec<u8>,
    name_hash: Vec<u8>,
    birth_date: Option<Vec<u8>>,
    phone: Option<Vec<u8>>,
    phone_hash: Option<Vec<u8>>,
    phone_tail_hash: Option<Vec<u8>>,
    id_number: Option<Vec<u8>>,
    id_number_hash: Option<Vec<u8>>,
    address: Option<Vec<u8>>,
}

impl Sealed {
    fn new(ctx: &Ctx, tenant: TenantId, file: &File) -> Self {
        let seal = |column, text: &str| ctx.keys.seal_text(tenant, column, file.id.0, text);
        let hash = |column, text: &str| ctx.keys.lookup(tenant, column, text);
        let phone = file.phone.as_ref();
        let id_number = file.id_number.as_ref();
        Self {
            name: seal(NAME, file.name.expose()),
            name_hash: hash(NAME, file.name.expose()),
            birth_date: file.birth_date.map(|date| seal(BIRTH_DATE, &date.to_string())),
            phone: phone.map(|phone| seal(PHONE, phone.expose())),
            phone_hash: phone.map(|phone| hash(PHONE, phone.expose())),
            phone_tail_hash: phone.map(|phone| hash(PHONE_TAIL, phone.tail())),
            id_number: id_number.map(|number| seal(ID_NUMBER, number.expose())),
            id_number_hash: id_number.map(|number| hash(ID_NUMBER, number.expose())),
            address: file.address.as_ref().map(|address| seal(ADDRESS, address.expose())),
        }
    }
}

/// Two requests with the same id are the same if this is the same. Keyed: an ID number could be guessed from it.
pub fn body_hash(ctx: &Ctx, tenant: TenantId, file: &File) -> Vec<u8> {
    let fields = serde_json::json!([
        file.org,
        file.name.expose(),
        file.sex,
        file.birth_date,
        file.phone.as_ref().map(PhoneNumber::expose),
        file.id_number.as_ref().map(IdNumber::expose),
        file.address.as_ref().map(Private::expose),
        file.modifiers,
        file.is_anonymous,
    ]);
    ctx.keys.lookup(tenant, BODY, &fields.to_string())
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

fn open_date(text: Option<String>) -> Result<Option<NaiveDate>, Problem> {
    text.map(|text| text.parse().map_err(|error: chrono::ParseError| Problem::internal(&error))).transpose()
}

/// The column's check allows only these codes.
fn sex_of(code: &str) -> Sex {
    code.parse().unwrap_or_default()
}

fn modifiers_of(codes: &[String]) -> BTreeSet<Modifier> {
    codes.iter().filter_map(|code| code.parse().ok()).collect()
}

fn codes(modifiers: &BTreeSet<Modifier>) -> Vec<&'static str> {
    modifiers.iter().map(|modifier| modifier.code()).collect()
}
