//! Kills the server without warning at a random moment and starts it again, as often as asked.

use chrono::{DateTime, Utc};
use load::chance::{Chance, now};
use load::server::{Home, Running};
use load::table::say;
use std::time::Duration;

const ALIVE: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(4));
const DEAD: (Duration, Duration) = (Duration::ZERO, Duration::from_millis(600));

#[derive(Debug, Clone, Copy)]
pub struct Kill {
    pub at: DateTime<Utc>,
    pub ready_at: DateTime<Utc>,
    pub ready_after: Duration,
}

pub async fn kill_again_and_again(
    home: &Home,
    mut server: Running,
    times: u32,
    mut chance: Chance,
) -> anyhow::Result<(Running, Vec<Kill>)> {
    let mut kills = Vec::new();
    for n in 1..=times {
        tokio::time::sleep(chance.between(ALIVE.0, ALIVE.1)).await;
        let at = now();
        server.kill()?;
        tokio::time::sleep(chance.between(DEAD.0, DEAD.1)).await;
        server = tokio::task::block_in_place(|| home.start())?;
        kills.push(Kill { at, ready_at: now(), ready_after: server.ready_after });
        if n % 5 == 0 {
            say(&format!("  {n} kills"));
        }
    }
    Ok((server, kills))
}
