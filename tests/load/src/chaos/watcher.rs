//! A dispatcher's screen through all of it: it resumes after every kill and must see each event once, in order.

use load::client::Client;
use load::screen::{Cursors, Screen, follow};
use serde_json::Value;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const AGAIN_AFTER: Duration = Duration::from_millis(100);
/// After the last client has its last receipt.
const LAST_EVENTS: Duration = Duration::from_secs(6);

#[derive(Debug, Default)]
pub struct Watched {
    pub events: u64,
    pub snapshots: u64,
    pub openings: u64,
    pub complaints: Vec<String>,
    pub cursors: Cursors,
}

pub async fn watch(client: Client, stop: CancellationToken) -> anyhow::Result<Watched> {
    let mut watched = Watched::default();
    let end = async {
        stop.cancelled().await;
        tokio::time::sleep(LAST_EVENTS).await;
    };
    tokio::select! {
        () = end => {}
        () = look(&client, &mut watched) => {}
    }
    Ok(watched)
}

async fn look(client: &Client, watched: &mut Watched) {
    loop {
        if let Ok(mut screen) = Screen::open(client, &watched.cursors).await {
            watched.openings += 1;
            while let Ok(Some(frame)) = screen.next().await {
                watched.take(&frame);
            }
        }
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}

impl Watched {
    fn take(&mut self, frame: &Value) {
        match frame["t"].as_str() {
            Some("snapshot") => self.snapshots += 1,
            Some("ev") => self.events += 1,
            _ => {}
        }
        if let Err(complaint) = follow(&mut self.cursors, frame) {
            self.complaints.push(complaint.to_string());
        }
    }
}
