//! The demo city 晴川市: fictional, made from a seed, filled through the same ops as a real one, once per data folder.

mod chance;
mod city;
mod file;
mod past;
mod residents;
mod staff;
mod visits;

pub use file::{Account, Demo};

use crate::audit::Entry;
use crate::identity::{NewTenant, Password, PasswordHash, hash_password, install_tenant};
use crate::people::PersonAt;
use crate::platform::timers::{self, Timer};
use crate::platform::{Ctx, Problem, Purpose, SYSTEM, Scope, ScopedTx};
use crate::screening::{
    NewCampaign, ScaleRef, add_targets, campaign_exists, freeze_campaign, install_campaign,
};
use axum::http::StatusCode;
use chrono::{Datelike, NaiveDate, TimeDelta};
use city::City;
use residents::Resident;
use rules::ids::{CampaignId, OrgId, PersonId, TenantId};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use uuid::Uuid;

/// Everything in the city has an id made from this and its own name.
const SPACE: Uuid = Uuid::from_u128(0x6a1d_9c1e_52f3_5c70_9d3b_71b0_e0c1_7a01);
const CAMPAIGN: &str = "residents";
/// Written last: when it is there, the city is complete.
const LAST: &str = "students";
/// How much is done at once; more does not help on two cores.
const LANES: usize = 3;
const PERSONS_AT_ONCE: usize = 500;

fn id(kind: &str, name: &str) -> Uuid {
    Uuid::new_v5(&SPACE, format!("{kind}/{name}").as_bytes())
}

fn tenant_id() -> TenantId {
    TenantId(id("tenant", "qingchuan"))
}

/// Fills the city, or finds it filled. Call it before the loops start: its past is written in order.
pub async fn seed(ctx: &Ctx, dir: &Path) -> Result<Demo, Problem> {
    let tenant = tenant_id();
    let others = ctx.tenants().iter().any(|known| known.id != tenant);
    if others {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "not-a-demo",
            "This data folder serves a real tenant; choose another --data-dir for the demo city",
        ));
    }
    let (demo, is_new_password) = Demo::load_or_begin(dir)?;
    let city = City::plan();
    let is_founded = ctx.tenant(tenant).is_some();
    if is_founded && is_complete(ctx).await? {
        if is_new_password {
            let hash = hashed(&demo).await?;
            crate::identity::reset_passwords(ctx, tenant, &staff::accounts(), &hash).await?;
        }
        return Ok(demo);
    }
    let now = ctx.now();
    let past = crate::wiring::beside(ctx, past::clock(now));
    let today = now.with_timezone(&chrono_tz::Asia::Shanghai).date_naive();
    let people = residents::people(&city, today).map_err(|error| Problem::internal(&error))?;
    if !is_founded {
        found(&past, &city, &people, &demo, today).await?;
    }
    let tenants = crate::identity::load_tenants(&ctx.db).await?;
    *ctx.tenants.write().unwrap_or_else(std::sync::PoisonError::into_inner) = tenants;
    live_through(ctx, &city, &people).await?;
    finish(ctx, &city, &people, today).await?;
    Ok(demo)
}

async fn hashed(demo: &Demo) -> Result<PasswordHash, Problem> {
    let password = Password::parse(demo.password().to_owned()).map_err(|error| Problem::internal(&error))?;
    Ok(hash_password(password).await?)
}

fn scope(city: &City) -> Scope {
    Scope { tenant: tenant_id(), actor: SYSTEM, scopes: vec![city.root], purpose: Purpose::System }
}

async fn is_complete(ctx: &Ctx) -> Result<bool, Problem> {
    let mut tx = ctx.db.begin(&ctx.system_scope(tenant_id())).await?;
    Ok(campaign_exists(&mut tx, CampaignId(id("campaign", LAST))).await?)
}

/// Tenant, org tree, staff, people, the campaign and its list: all or nothing.
async fn found(
    ctx: &Ctx,
    city: &City,
    people: &[Resident],
    demo: &Demo,
    today: NaiveDate,
) -> Result<(), Problem> {
    let password = hashed(demo).await?;
    let mut tx = ctx.db.begin(&scope(city)).await?;
    let new = NewTenant { code: "qingchuan", name: city::NAME, is_fictional: true, helplines: helplines() };
    install_tenant(ctx, &mut tx, new).await?;
    for unit in &city.units {
        crate::identity::insert_org_unit(&mut tx, unit.id, unit.parent, unit.kind, &unit.code, &unit.name)
            .await?;
    }
    staff::install(ctx, &mut tx, city, &password).await?;
    for batch in people.chunks(PERSONS_AT_ONCE) {
        let files: Vec<_> = batch.iter().map(|resident| resident.file.clone()).collect();
        crate::people::insert(ctx, &mut tx, &files, ctx.now()).await?;
    }
    install_residents_campaign(ctx, &mut tx, city, people, today).await?;
    tx.commit().await?;
    Ok(())
}

/// The tenant's own line first.
fn helplines() -> serde_json::Value {
    json!([
        {"label_zh": "心理服务热线", "label_en": "City helpline", "number": "96796"},
        {"label_zh": "全国心理援助热线", "label_en": "National mental health line", "number": "12356"},
        {"label_zh": "报警", "label_en": "Police", "number": "110"},
        {"label_zh": "急救", "label_en": "Ambulance", "number": "120"},
    ])
}

fn campaign(ctx: &Ctx, name: &str, title: String, org: OrgId, from: NaiveDate, days: i64) -> NewCampaign {
    let version =
        ctx.library.scales().newest("phq9").map(|scale| scale.version().to_owned()).unwrap_or_default();
    NewCampaign {
        id: CampaignId(id("campaign", name)),
        title,
        scales: vec![ScaleRef { code: "phq9".to_owned(), version }],
        org,
        starts_on: from,
        ends_on: from + TimeDelta::days(days),
    }
}

/// Everybody of age is on the list. In the grid of the tablet only those who are named are, and they are due today.
async fn install_residents_campaign(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    city: &City,
    people: &[Resident],
    today: NaiveDate,
) -> Result<(), Problem> {
    let title = format!("{} 年居民心理健康筛查", today.year());
    let new = campaign(ctx, CAMPAIGN, title, city.root, today - TimeDelta::days(6), 30);
    install_campaign(ctx, tx, &new).await?;
    let wanted = people.iter().filter(|resident| past::is_target(resident));
    let (listed, others): (Vec<_>, Vec<_>) = wanted.partition(|resident| resident.listed.is_some());
    let at = |resident: &&Resident| PersonAt { id: resident.file.id, org: resident.file.org };
    for resident in &listed {
        let due_on = today + TimeDelta::days(past::due_in_days(resident));
        add_targets(tx, new.id, due_on, vec![at(resident)]).await?;
    }
    let elsewhere = others.iter().filter(|resident| resident.file.org != city.grid).map(at).collect();
    add_targets(tx, new.id, new.ends_on, elsewhere).await?;
    freeze_campaign(tx, new.id, ctx.now()).await?;
    Ok(())
}

/// The last days, in lanes that do not touch each other: each has its own districts and its own clock.
async fn live_through(ctx: &Ctx, city: &City, people: &[Resident]) -> Result<(), Problem> {
    let now = ctx.now();
    let mut lanes = Vec::with_capacity(LANES);
    for _ in 0..LANES {
        let past = crate::wiring::beside(ctx, past::clock(now));
        lanes.push(past::Lane::new(past, city, tenant_id(), now));
    }
    let visited: Vec<_> =
        past::visited(people).into_iter().filter(|(_, resident)| resident.file.org != city.grid).collect();
    let taken: BTreeSet<PersonId> = visited.iter().map(|(_, resident)| resident.file.id).collect();
    for (number, resident) in visited {
        lanes[resident.district % LANES].expect_visit(number, resident);
    }
    let looks = [(visits::Look::Plan, 5), (visits::Look::Intent, 9)];
    for ((number, resident), (look, minutes_ago)) in past::reds(people, &taken).into_iter().zip(looks) {
        lanes[resident.district % LANES].expect_red_visit(number, resident, look, minutes_ago);
    }
    for (number, resident) in people.iter().enumerate().filter(|(_, resident)| past::is_done_today(resident))
    {
        lanes[resident.district % LANES].expect_calm_visit(number, resident);
    }
    futures_util::future::try_join_all(lanes.into_iter().map(past::Lane::live)).await?;
    Ok(())
}

/// The night shift, the alarms that did not come from a screening, and the mark that all is there.
async fn finish(ctx: &Ctx, city: &City, people: &[Resident], today: NaiveDate) -> Result<(), Problem> {
    let mut tx = ctx.db.begin(&scope(city)).await?;
    let next_week = today + TimeDelta::days(7);
    let new = campaign(ctx, LAST, "秋季学生心理健康筛查（待开始）".to_owned(), city.school, next_week, 21);
    if !install_campaign(ctx, &mut tx, &new).await? {
        return Ok(());
    }
    ask_for_alarms(ctx, &mut tx, city, people).await?;
    let entry = Entry {
        action: "demo.seed",
        subject_kind: "tenant",
        subject_id: Some(tenant_id().0),
        detail: json!({"people": people.len()}),
    };
    crate::audit::write(ctx, &mut tx, entry).await?;
    staff::go_on(ctx, &mut tx, city).await?;
    tx.commit().await?;
    Ok(())
}

/// One of each priority beside the two that screenings have raised; they ring as soon as the timers run.
async fn ask_for_alarms(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    city: &City,
    people: &[Resident],
) -> Result<(), Problem> {
    let asked = [
        ("button", 2, "button", city.community, None),
        ("queue", 3, "first_contact_missed", city::org("qc-06-1"), None),
        ("api", 4, "api", city::org("qc-07"), people.iter().find(|resident| resident.district == 6)),
    ];
    for (kind, priority, reason, org, resident) in asked {
        let timer = Timer {
            subject_id: id("alarm", kind),
            kind: crate::triage::RAISE_ALARM,
            step: priority,
            lap: 0,
            fence: 0,
            due_at: ctx.now(),
            body: json!({
                "kind": kind,
                "priority": priority,
                "org_id": org,
                "person_id": resident.map(|resident| resident.file.id),
                "reason": reason,
            }),
        };
        timers::schedule(tx, timer).await?;
    }
    Ok(())
}
