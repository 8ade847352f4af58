//! From a tablet to the boards: how long until an answer of tier 4 stands on every screen, and how late the steps of
//! the plan come, also after a kill.

use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;
use load::chance::{Chance, now};
use load::forms;
use load::screen::{Cursors, Screen};
use load::server::{Home, Running};
use load::table::{Line, millis, quantile};
use load::town::Town;
use reqwest::Method;
use serde_json::json;
use sqlx::PgPool;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const SOCKETS: usize = 200;
const SUBMITS_A_SECOND: u32 = 50;
/// After the last submit, for what is still under way.
const AFTERWARDS: Duration = Duration::from_secs(3);
const DEAD: Duration = Duration::from_secs(1);
/// The second step of the plan for a P1 comes after 15 s.
const JUST_BEFORE_THE_SECOND_STEP: Duration = Duration::from_secs(14);
/// The first repeated steps come within this.
const AFTER_KILL: Duration = Duration::from_secs(15);

/// What a screen saw: the alarm, and when.
type Seen = Vec<(Uuid, Instant)>;

pub async fn measure(
    home: &Home,
    server: Running,
    db: &PgPool,
    town: &Town,
    lasting: Duration,
) -> anyhow::Result<(Running, Vec<Line>)> {
    let mut lines = Vec::new();
    let mut chance = Chance::new(3);
    let mut next_person = 0;
    for (one_in, lasting) in [(10, lasting), (1, lasting / 2)] {
        let started = now();
        let run = Run { one_in, lasting };
        lines.extend(run.measure(town, &mut chance, &mut next_person).await?);
        let mut steps = lateness(db, started, now()).await?;
        lines.push(Line::judged(
            &format!("  escalation steps late, p99 of {}", steps.len()),
            millis(quantile(&mut steps, 0.99)),
            "≤ 250 ms",
            quantile(&mut steps, 0.99) <= 0.25,
        ));
    }

    // the second step of each falls into the time without a server; without a board that shows them it would come sooner
    let stop = CancellationToken::new();
    let board = tokio::spawn(watch(Screen::open(&town.dispatcher, &Cursors::new()).await?, stop.clone()));
    let waiting = Run { one_in: 1, lasting: Duration::from_secs(1) };
    waiting.submit(town, &mut chance, &mut next_person).await?;
    tokio::time::sleep(JUST_BEFORE_THE_SECOND_STEP).await;
    stop.cancel();
    board.await?;
    let killed = now();
    server.kill()?;
    tokio::time::sleep(DEAD).await;
    let server = tokio::task::block_in_place(|| home.start())?;
    let ready = now();
    tokio::time::sleep(AFTER_KILL).await;
    let mut steps: Vec<f64> = lateness_after(db, killed, ready).await?;
    let away = (ready - killed).as_seconds_f64();
    let worst = quantile(&mut steps, 1.0);
    lines.push(Line::plain("kill -9 and start, so long without a server", format!("{away:.2} s")));
    lines.push(Line::judged(
        &format!("  {} steps due meanwhile, the latest", steps.len()),
        format!("{worst:.2} s"),
        "≤ 2 s",
        worst <= 2.0,
    ));
    Ok((server, lines))
}

/// Somebody new for every submit: alarms about one person would join.
pub fn people_per_district(lasting: Duration, districts: u32) -> u32 {
    let secs = u32::try_from((lasting + lasting / 2).as_secs()).unwrap_or(u32::MAX);
    (secs + 10).saturating_mul(SUBMITS_A_SECOND) / districts
}

struct Run {
    /// every so many-th submit suggests tier 4
    one_in: u32,
    lasting: Duration,
}

impl Run {
    async fn measure(
        &self,
        town: &Town,
        chance: &mut Chance,
        next_person: &mut u32,
    ) -> anyhow::Result<Vec<Line>> {
        let stop = CancellationToken::new();
        let mut boards = Vec::new();
        for _ in 0..SOCKETS {
            let screen = Screen::open(&town.dispatcher, &Cursors::new()).await?.welcomed().await?;
            boards.push(tokio::spawn(watch(screen, stop.clone())));
        }
        let (sent, mut answers) = self.submit(town, chance, next_person).await?;
        tokio::time::sleep(AFTERWARDS).await;
        stop.cancel();
        let seen: Vec<Seen> = try_join_all(boards).await?;
        let mut waits = Vec::new();
        let mut unseen = 0;
        for board in &seen {
            let at: HashMap<Uuid, Instant> = board.iter().copied().collect();
            for (alarm, started) in &sent {
                match at.get(alarm) {
                    Some(shown) => waits.push((*shown - *started).as_secs_f64()),
                    None => unseen += 1,
                }
            }
        }
        let p99 = quantile(&mut waits, 0.99);
        let what = format!(
            "tier 4 to the board, {} of {SUBMITS_A_SECOND} submits/s, p99",
            SUBMITS_A_SECOND / self.one_in
        );
        Ok(vec![
            Line::judged(&what, millis(p99), "≤ 500 ms", p99 <= 0.5 && unseen == 0),
            Line::plain(
                &format!("  p50 of {} alarms on {SOCKETS} boards; not shown in time", sent.len()),
                format!("{}; {unseen}", millis(quantile(&mut waits, 0.5))),
            ),
            Line::plain("  answer to the tablet, p50 and p99", {
                let p50 = quantile(&mut answers, 0.5);
                format!("{}, {}", millis(p50), millis(quantile(&mut answers, 0.99)))
            }),
        ])
    }

    /// Begun at fixed times, whether the one before has been answered or not.
    async fn submit(
        &self,
        town: &Town,
        chance: &mut Chance,
        next_person: &mut u32,
    ) -> anyhow::Result<(Vec<(Uuid, Instant)>, Vec<f64>)> {
        let mut sent = Vec::new();
        let answers = Arc::new(Mutex::new(Vec::new()));
        let mut under_way = tokio::task::JoinSet::new();
        let mut tick = tokio::time::interval(Duration::from_secs(1) / SUBMITS_A_SECOND);
        let until = Instant::now() + self.lasting;
        let mut n = 0;
        while Instant::now() < until {
            tick.tick().await;
            let district = &town.districts[*next_person as usize % town.districts.len()];
            let person = district.person(*next_person / u32::try_from(town.districts.len())?);
            *next_person += 1;
            let (id, visit) = (chance.id(), chance.id());
            let is_high = (n / 10) % self.one_in == 0;
            n += 1;
            let body = if is_high {
                forms::screening(person, visit, "c_ssrs_screener", &forms::high_c_ssrs(), None)
            } else {
                forms::screening(person, visit, "phq9", &forms::ordinary_phq9(chance), None)
            };
            let started = Instant::now();
            if is_high {
                sent.push((Uuid::new_v5(&id, b"alarm"), started));
            }
            let (worker, answers) = (district.worker.clone(), Arc::clone(&answers));
            under_way.spawn(async move {
                let path = format!("/screenings/{id}");
                worker.send(Method::PUT, &path, Some(&body)).await?.expect(201, &path)?;
                let took = started.elapsed().as_secs_f64();
                answers.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(took);
                anyhow::Ok(())
            });
        }
        while let Some(done) = under_way.join_next().await {
            done??;
        }
        let answers = answers.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        Ok((sent, answers))
    }
}

/// A board gives a receipt for what it shows.
async fn watch(mut screen: Screen, stop: CancellationToken) -> Seen {
    let mut seen = Seen::new();
    loop {
        let text = tokio::select! {
            () = stop.cancelled() => return seen,
            text = screen.next_text() => text,
        };
        let Ok(Some(text)) = text else { return seen };
        let at = Instant::now();
        if text.contains("\"type\":\"alarm.raised\"")
            && let Some(alarm) = subject_of(&text)
        {
            seen.push((alarm, at));
            if screen.send(&json!({"t": "presented", "alarm_id": alarm})).await.is_err() {
                return seen;
            }
        }
    }
}

/// Read without parsing the frame: 200 boards share the machine with the server that is measured.
fn subject_of(text: &str) -> Option<Uuid> {
    let name = "\"subject_id\":\"";
    let from = text.find(name)? + name.len();
    text.get(from..from + 36)?.parse().ok()
}

/// Seconds between the time a step was due and the time it was done.
async fn lateness(db: &PgPool, from: DateTime<Utc>, to: DateTime<Utc>) -> sqlx::Result<Vec<f64>> {
    sqlx::query_scalar(
        "select extract(epoch from done_at - due_at)::float8
           from timer
          where kind = 'dispatch.escalate' and due_at between $1 and $2 and done_at >= due_at",
    )
    .bind(from)
    .bind(to)
    .fetch_all(db)
    .await
}

/// Seconds after the server was ready again.
async fn lateness_after(db: &PgPool, killed: DateTime<Utc>, ready: DateTime<Utc>) -> sqlx::Result<Vec<f64>> {
    sqlx::query_scalar(
        "select greatest(extract(epoch from done_at - $2), 0)::float8
           from timer
          where kind = 'dispatch.escalate' and due_at between $1 and $2 and done_at >= $2",
    )
    .bind(killed)
    .bind(ready)
    .fetch_all(db)
    .await
}
