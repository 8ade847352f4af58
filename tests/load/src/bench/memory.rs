//! How soon the server is ready, what it holds when nothing happens, and what a socket costs.

use load::machine::resident;
use load::screen::{Cursors, Screen};
use load::server::{Home, Running};
use load::table::Line;
use load::town::Town;
use std::time::Duration;

const QUIET: Duration = Duration::from_secs(4);
const SOCKETS: usize = 2_000;
const AT_ONCE: usize = 16;
/// Longer than the interval in which heads are sent, so that every socket has had some.
const HEADS: Duration = Duration::from_secs(8);

/// The first start makes the database, the second finds it.
pub async fn of_starts(home: &Home) -> anyhow::Result<(Running, Vec<Line>)> {
    let first = home.start()?;
    let first_ready = first.ready_after.as_secs_f64();
    tokio::time::sleep(Duration::from_secs(1)).await;
    first.stop()?;
    let second = home.start()?;
    let ready = second.ready_after.as_secs_f64();
    tokio::time::sleep(QUIET).await;
    let mb = megabytes(resident(second.pid()).unwrap_or_default());
    let lines = vec![
        Line::plain("first start to the ready line, database made", format!("{first_ready:.2} s")),
        Line::judged("second start to the ready line", format!("{ready:.2} s"), "≤ 10 s", ready <= 10.0),
        Line::judged("server idle, without Postgres", format!("{mb:.1} MB"), "≤ 80 MB", mb <= 80.0),
    ];
    Ok((second, lines))
}

pub async fn of_sockets(server: &Running, town: &Town) -> anyhow::Result<Line> {
    let before = resident(server.pid()).unwrap_or_default();
    let mut screens = Vec::with_capacity(SOCKETS);
    for _ in 0..SOCKETS / AT_ONCE {
        let opening = (0..AT_ONCE).map(|_| open(town));
        screens.extend(futures_util::future::try_join_all(opening).await?);
    }
    tokio::time::sleep(HEADS).await;
    let after = resident(server.pid()).unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "bytes of a process, shown in kB")]
    let each = after.saturating_sub(before) as f64 / screens.len() as f64 / 1024.0;
    let readers = screens.len();
    for screen in &screens {
        screen.abort();
    }
    Ok(Line::judged(
        &format!("{readers} idle sockets, each"),
        format!("{each:.1} KiB"),
        "≤ 20 KiB",
        each <= 20.0,
    ))
}

/// Opened, welcomed, and read from for as long as it lives.
async fn open(town: &Town) -> anyhow::Result<tokio::task::JoinHandle<()>> {
    let mut screen = Screen::open(&town.dispatcher, &Cursors::new()).await?;
    Ok(tokio::spawn(async move { while let Ok(Some(_)) = screen.next_text().await {} }))
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a process, shown in MB")]
pub fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
