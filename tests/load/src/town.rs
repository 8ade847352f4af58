//! A small invented town: districts with a grid each, a worker per district, people, and a shift on duty.

use crate::chance::Chance;
use crate::client::Client;
use crate::server::Home;
use anyhow::Context;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

pub const PASSWORD: &str = "night-shift-42";
/// Ids of people count up from here, a million to a district.
const PEOPLE: u128 = 0x0193_0000_0000_7000_8000_0000_0000_0000;
const PER_DISTRICT: u128 = 1_000_000;

/// login, name, role, post
const SHIFT: [(&str, &str, &str, &str); 5] = [
    ("dispatcher", "周岚", "dispatcher", "seat_dispatcher"),
    ("lead", "陈立群", "duty_lead", "duty_lead"),
    ("director", "何敏", "director", "director"),
    ("clinician", "孙雨", "clinician", "clinician"),
    ("counsellor", "何静", "counsellor", "counsellor"),
];

#[derive(Debug)]
pub struct Town {
    pub tenant: Uuid,
    pub root: Uuid,
    pub districts: Vec<District>,
    pub dispatcher: Client,
}

#[derive(Debug, Clone)]
pub struct District {
    pub number: u32,
    pub id: Uuid,
    pub grid: Uuid,
    pub worker: Client,
}

impl District {
    pub fn person(&self, n: u32) -> Uuid {
        Uuid::from_u128(PEOPLE + u128::from(self.number) * PER_DISTRICT + u128::from(n))
    }
}

impl Town {
    /// On an empty database that a server has just prepared.
    pub async fn found(home: &Home, db: &PgPool, districts: u32) -> anyhow::Result<Self> {
        let mut chance = Chance::new(7);
        let log = home.log();
        let path = log
            .lines()
            .find_map(|line| line.trim().strip_prefix(&home.base_url)?.strip_prefix("/setup/"))
            .context("the server printed no link for the first administrator")?;
        let admin = Client::set_up(&home.base_url, &format!("/setup/{path}"), PASSWORD).await?;
        admin.enrol_second_factor().await?;
        let me = admin.get("/me", 200).await?;
        let tenant: Uuid = text(&me["tenant"]["id"])?.parse()?;
        let root: Uuid = text(&me["account"]["roles"][0]["org_id"])?.parse()?;
        let dispatcher = Self::take_shift(home, &admin, &mut chance, root).await?;
        let mut built = Vec::new();
        for number in 1..=districts {
            let (district, grid) = (chance.id(), chance.id());
            add_unit(db, tenant, root, district, number).await?;
            add_grid(db, tenant, root, district, grid, number).await?;
            let login = format!("worker{number}");
            let worker = account(home, &admin, &mut chance, (&login, "陈玉兰", "grid_worker"), grid).await?;
            worker.post("/duty/grid_worker/on", &json!({"org_id": grid}), 204).await?;
            built.push(District { number, id: district, grid, worker });
        }
        Ok(Self { tenant, root, districts: built, dispatcher })
    }

    async fn take_shift(
        home: &Home,
        admin: &Client,
        chance: &mut Chance,
        root: Uuid,
    ) -> anyhow::Result<Client> {
        let mut dispatcher = None;
        for (login, name, role, post) in SHIFT {
            let client = account(home, admin, chance, (login, name, role), root).await?;
            client.post(&format!("/duty/{post}/on"), &json!({"org_id": root}), 204).await?;
            dispatcher.get_or_insert(client);
        }
        admin.post("/duty/on_call_admin/on", &json!({"org_id": root}), 204).await?;
        dispatcher.context("a shift without a dispatcher")
    }

    /// The first `count` people of every district, written down by its worker; as many at once as there are districts.
    pub async fn settle(&self, count: u32) -> anyhow::Result<()> {
        let mut families = tokio::task::JoinSet::new();
        for district in self.districts.clone() {
            families.spawn(async move {
                for n in 0..count {
                    let body = json!({
                        "name": "王秀英", "sex": "F", "birth_date": "1992-03-04", "org_id": district.grid,
                        "phone": "13800005678", "address": "滨江路 18 号 2 栋 3-501",
                    });
                    district.worker.put(&format!("/persons/{}", district.person(n)), &body, 201).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(family) = families.join_next().await {
            family??;
        }
        Ok(())
    }
}

fn text(value: &Value) -> anyhow::Result<&str> {
    value.as_str().context("a text was expected")
}

async fn account(
    home: &Home,
    admin: &Client,
    chance: &mut Chance,
    (login, name, role): (&str, &str, &str),
    org: Uuid,
) -> anyhow::Result<Client> {
    let id = chance.id();
    let body = json!({"login": login, "name": name, "roles": [{"role": role, "org_id": org}]});
    let link = admin.put(&format!("/accounts/{id}"), &body, 201).await?;
    Client::set_up(&home.base_url, text(&link["setup_path"])?, PASSWORD).await
}

/// Org units have no route of their own yet in this server: they come from an import or, here, past it.
async fn add_unit(db: &PgPool, tenant: Uuid, root: Uuid, id: Uuid, number: u32) -> sqlx::Result<()> {
    insert_unit(
        db,
        tenant,
        (id, root, "district", format!("d{number}"), format!("第 {number} 区")),
        vec![root, id],
        id,
    )
    .await
}

async fn add_grid(
    db: &PgPool,
    tenant: Uuid,
    root: Uuid,
    district: Uuid,
    id: Uuid,
    number: u32,
) -> sqlx::Result<()> {
    let named = (id, district, "grid", format!("g{number}"), format!("第 {number} 网格"));
    insert_unit(db, tenant, named, vec![root, district, id], district).await
}

async fn insert_unit(
    db: &PgPool,
    tenant: Uuid,
    (id, parent, kind, code, name): (Uuid, Uuid, &str, String, String),
    path: Vec<Uuid>,
    district: Uuid,
) -> sqlx::Result<()> {
    sqlx::query(
        "insert into org_unit (tenant_id, id, parent_id, kind, code, name, path, district_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(tenant)
    .bind(id)
    .bind(parent)
    .bind(kind)
    .bind(code)
    .bind(name)
    .bind(path)
    .bind(district)
    .execute(db)
    .await
    .map(|_| ())
}
