//! A dispatcher's screen: the live socket with what it has seen.

use super::{App, Client};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

type Socket = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

/// Long enough for a busy machine; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Screen {
    socket: Socket,
    pub cursors: BTreeMap<String, (i64, i64)>,
    pub snapshots: Vec<Value>,
    pub events: Vec<Value>,
    /// alarms that are in the local journal only
    pub journaled: Vec<Value>,
}

impl Screen {
    pub async fn open(app: &App, client: &Client) -> Self {
        Self::resume(app, client, &BTreeMap::new()).await
    }

    /// Opens and waits until everything that was missed has come.
    pub async fn resume(app: &App, client: &Client, cursors: &BTreeMap<String, (i64, i64)>) -> Self {
        let ticket = client.post("/live/tickets", json!({})).await.expect(201);
        let url = format!(
            "{}/api/v1/live?ticket={}",
            app.base_url.replace("http", "ws"),
            ticket["ticket"].as_str().unwrap()
        );
        let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let mut screen = Self {
            socket,
            cursors: cursors.clone(),
            snapshots: Vec::new(),
            events: Vec::new(),
            journaled: Vec::new(),
        };
        let resume: Vec<Value> = cursors
            .iter()
            .map(|(stream, (epoch, seq))| json!({"stream": stream, "epoch": epoch, "seq": seq}))
            .collect();
        screen.send(json!({"t": "hello", "resume": resume})).await;
        screen.until(|frame| frame["t"] == "heads").await;
        screen
    }

    pub async fn send(&mut self, frame: Value) {
        self.socket.send(Message::Text(frame.to_string().into())).await.unwrap();
    }

    /// Reads until a frame fits; everything before it is kept.
    pub async fn until(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        tokio::time::timeout(PATIENCE, async {
            loop {
                let frame = self.next().await.expect("the socket was closed");
                if fits(&frame) {
                    return frame;
                }
            }
        })
        .await
        .expect("the frame did not come")
    }

    pub async fn event(&mut self, kind: &str) -> Value {
        self.until(|frame| frame["t"] == "ev" && frame["type"] == kind).await
    }

    /// The code with which the server closes.
    pub async fn closed(&mut self) -> Option<u16> {
        tokio::time::timeout(PATIENCE, async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Close(close))) => return close.map(|close| close.code.into()),
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return None,
                }
            }
        })
        .await
        .expect("the server did not close")
    }

    async fn next(&mut self) -> Option<Value> {
        loop {
            let Message::Text(text) = self.socket.next().await?.ok()? else { continue };
            let frame: Value = serde_json::from_str(&text).unwrap();
            self.take(&frame);
            return Some(frame);
        }
    }

    fn take(&mut self, frame: &Value) {
        let position = || (frame["epoch"].as_i64().unwrap(), frame["seq"].as_i64().unwrap());
        let stream = || frame["stream"].as_str().unwrap().to_owned();
        if frame["t"] == "snapshot" {
            self.cursors.insert(stream(), position());
            self.snapshots.push(frame.clone());
        } else if frame["t"] == "ev" {
            let (epoch, seq) = position();
            let before = self.cursors.get(&stream()).copied().unwrap_or((epoch, 0));
            assert_eq!(seq, before.1 + 1, "a gap or a repetition in {}", stream());
            self.cursors.insert(stream(), (epoch, seq));
            self.events.push(frame.clone());
        } else if frame["t"] == "local_alarm" {
            self.journaled.push(frame["alarm"].clone());
        }
    }
}
