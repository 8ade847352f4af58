//! A small invented town: districts with a grid each, a worker per district, people, and a shift on duty.

use crate::chance::Chance;
use crate::client::Client;
use crate::server::Home;
use anyhow::Context;
use serde_json::{Value, json};
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
    pub async fn found(home: &Home, districts: u32) -> anyhow::Result<Self> {
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
        let mut office = Office { home, admin, guard: None, chance: &mut chance };
        office.guard = Some(office.security_admin(root).await?);
        let dispatcher = office.take_shift(root).await?;
        let mut built = Vec::new();
        for number in 1..=districts {
            let district =
                office.add_unit(root, "district", format!("d{number}"), format!("第 {number} 区")).await?;
            let grid =
                office.add_unit(district, "grid", format!("g{number}"), format!("第 {number} 网格")).await?;
            let login = format!("worker{number}");
            let worker = office.account((&login, "陈玉兰", "grid_worker"), grid).await?;
            worker.post("/duty/grid_worker/on", &json!({"org_id": grid}), 204).await?;
            built.push(District { number, id: district, grid, worker });
        }
        Ok(Self { tenant, root, districts: built, dispatcher })
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

/// The administrators of a new centre: one keeps the accounts and the places, the other approves.
struct Office<'a> {
    home: &'a Home,
    admin: Client,
    guard: Option<Client>,
    chance: &'a mut Chance,
}

impl Office<'_> {
    /// The first one needs no approval: there is nobody yet to give it.
    async fn security_admin(&mut self, root: Uuid) -> anyhow::Result<Client> {
        let guard = self.account(("guard", "范安宁", "security_admin"), root).await?;
        guard.enrol_second_factor().await?;
        Ok(guard)
    }

    async fn take_shift(&mut self, root: Uuid) -> anyhow::Result<Client> {
        let mut dispatcher = None;
        for (login, name, role, post) in SHIFT {
            let client = self.account((login, name, role), root).await?;
            client.post(&format!("/duty/{post}/on"), &json!({"org_id": root}), 204).await?;
            dispatcher.get_or_insert(client);
        }
        self.admin.post("/duty/on_call_admin/on", &json!({"org_id": root}), 204).await?;
        dispatcher.context("a shift without a dispatcher")
    }

    async fn account(
        &mut self,
        (login, name, role): (&str, &str, &str),
        org: Uuid,
    ) -> anyhow::Result<Client> {
        let path = format!("/accounts/{}", self.chance.id());
        let body = json!({"login": login, "name": name, "roles": [{"role": role, "org_id": org}]});
        let link = self.admin.put(&path, &body, 201).await?;
        if let Some(guard) = &self.guard {
            let accounts = guard.get("/accounts", 200).await?;
            let row = accounts.as_array().and_then(|rows| rows.iter().find(|row| row["login"] == login));
            let request = row.map(|row| &row["requests"][0]["id"]).context("nothing waits for approval")?;
            guard.post(&format!("{path}/roles/approve"), &json!({"request_id": request}), 204).await?;
        }
        Client::set_up(&self.home.base_url, text(&link["setup_path"])?, PASSWORD).await
    }

    async fn add_unit(
        &mut self,
        parent: Uuid,
        kind: &str,
        code: String,
        name: String,
    ) -> anyhow::Result<Uuid> {
        let id = self.chance.id();
        let body = json!({"parent_id": parent, "kind": kind, "code": code, "name": name});
        self.admin.put(&format!("/org-units/{id}"), &body, 201).await?;
        Ok(id)
    }
}
