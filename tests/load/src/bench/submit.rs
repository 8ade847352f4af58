//! Durable submissions a second over HTTP, beside what the same statements reach when pgbench sends them: the same
//! cluster, connections and transactions, one after the other in the same run.

use crate::replay;
use load::chance::Chance;
use load::forms;
use load::server::Home;
use load::table::{Line, say};
use load::town::{District, Town};
use reqwest::Method;
use sqlx::PgPool;
use std::time::{Duration, Instant};

const DISTRICTS: u32 = 10;
/// The first of them are submitted for over HTTP, the others by pgbench: what it writes nobody can unseal.
pub const PEOPLE_PER_DISTRICT: u32 = 200;
pub const OVER_HTTP: u32 = 100;
/// As many as the server's ordinary pool has.
const CONNECTIONS: u32 = 16;
const WARM_UP: Duration = Duration::from_secs(2);
const ROUNDS: u32 = 2;

pub async fn measure(home: &Home, lasting: Duration) -> anyhow::Result<Vec<Line>> {
    let mut server = home.start()?;
    let db = home.database().await?;
    let town = Town::found(home, DISTRICTS).await?;
    town.settle(PEOPLE_PER_DISTRICT).await?;
    seen_before(&town).await?;
    over_http(&town, WARM_UP, 1).await?;
    let scripts = replay::capture(home, &db, &town).await?;
    say(&format!("  {} statements a submission, begin and commit included", scripts.statements));
    let each = lasting / 2 / ROUNDS;
    let (mut http, mut pgbench) = (0.0, 0.0);
    for round in 0..ROUNDS {
        http += over_http(&town, each, 10 + u64::from(round)).await? / f64::from(ROUNDS);
        sealed(&db).await?;
        // its loops would take part in the race; Postgres stays
        server.kill()?;
        pgbench += scripts.run(home, CONNECTIONS, each).await? / f64::from(ROUNDS);
        server = tokio::task::block_in_place(|| home.start())?;
        sealed(&db).await?;
        over_http(&town, WARM_UP, 20 + u64::from(round)).await?;
    }
    db.close().await;
    server.stop()?;
    let ratio = http / pgbench;
    Ok(vec![
        Line::plain(&format!("submissions over HTTP, {CONNECTIONS} connections"), format!("{http:.0}/s")),
        Line::plain("the same transactions by pgbench", format!("{pgbench:.0}/s")),
        Line::judged("  ratio (goal 0.5)", format!("{ratio:.2}"), "≥ 0.35", ratio >= 0.35),
    ])
}

async fn over_http(town: &Town, lasting: Duration, seed: u64) -> anyhow::Result<f64> {
    let started = Instant::now();
    let mut clients = tokio::task::JoinSet::new();
    for n in 0..CONNECTIONS {
        let district = town.districts[n as usize % town.districts.len()].clone();
        clients.spawn(submit_until(district, Chance::new(seed).of(u64::from(n)), started + lasting));
    }
    let mut count = 0_u32;
    while let Some(done) = clients.join_next().await {
        count += done??;
    }
    Ok(f64::from(count) / started.elapsed().as_secs_f64())
}

async fn submit_until(district: District, mut chance: Chance, until: Instant) -> anyhow::Result<u32> {
    let mut count = 0;
    while Instant::now() < until {
        submit(&district, &mut chance).await?;
        count += 1;
    }
    Ok(count)
}

/// Everybody has an earlier result, as after the first campaign.
async fn seen_before(town: &Town) -> anyhow::Result<()> {
    let mut families = tokio::task::JoinSet::new();
    for district in town.districts.clone() {
        families.spawn(async move {
            let mut chance = Chance::new(5).of(u64::from(district.number));
            for n in 0..PEOPLE_PER_DISTRICT {
                submit_for(&district, n, &mut chance).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(family) = families.join_next().await {
        family??;
    }
    Ok(())
}

/// One visit with nothing found: what most visits are.
pub async fn submit(district: &District, chance: &mut Chance) -> anyhow::Result<()> {
    let n = u32::try_from(chance.below(u64::from(OVER_HTTP)))?;
    submit_for(district, n, chance).await
}

async fn submit_for(district: &District, n: u32, chance: &mut Chance) -> anyhow::Result<()> {
    let person = district.person(n);
    let id = chance.id();
    let path = format!("/screenings/{id}");
    let body = forms::screening(person, chance.id(), "phq9", &forms::phq9([1, 0, 1, 0, 0, 0, 0, 0, 0]), None);
    district.worker.send(Method::PUT, &path, Some(&body)).await?.expect(201, &path)?;
    Ok(())
}

/// Until the chain has caught up: what is owed to one part is not paid in the next.
async fn sealed(db: &PgPool) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let behind: i64 = sqlx::query_scalar(
            "select (select count(*) from audit_entry) - (select count(*) from audit_seal)",
        )
        .fetch_one(db)
        .await?;
        if behind <= 0 {
            return Ok(());
        }
        if Instant::now() > deadline {
            say(&format!("  the audit chain is {behind} entries behind"));
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
