//! A dispatcher's live socket: resumes where it left off and finds gaps and repetitions.

use crate::client::Client;
use anyhow::{Context, bail};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

pub type Cursors = BTreeMap<String, (i64, i64)>;

#[derive(Debug)]
pub struct Screen {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Screen {
    pub async fn open(client: &Client, cursors: &Cursors) -> anyhow::Result<Self> {
        let (socket, _) = tokio_tungstenite::connect_async(client.live_url().await?).await?;
        let mut screen = Self { socket };
        let resume: Vec<Value> = cursors
            .iter()
            .map(|(stream, (epoch, seq))| json!({"stream": stream, "epoch": epoch, "seq": seq}))
            .collect();
        screen.send(&json!({"t": "hello", "resume": resume})).await?;
        Ok(screen)
    }

    pub async fn send(&mut self, frame: &Value) -> anyhow::Result<()> {
        Ok(self.socket.send(Message::Text(frame.to_string().into())).await?)
    }

    /// Reads until everything that stood there has been shown.
    pub async fn welcomed(mut self) -> anyhow::Result<Self> {
        while let Some(text) = self.next_text().await? {
            if text.contains("\"t\":\"heads\"") {
                return Ok(self);
            }
        }
        bail!("the socket ended before it had shown anything")
    }

    /// The next frame as it came. `None`: the socket has ended.
    pub async fn next_text(&mut self) -> anyhow::Result<Option<String>> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return Ok(Some(text.to_string())),
                Some(Ok(Message::Close(_))) | None => return Ok(None),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error.into()),
            }
        }
    }

    pub async fn next(&mut self) -> anyhow::Result<Option<Value>> {
        Ok(match self.next_text().await? {
            Some(text) => Some(serde_json::from_str(&text)?),
            None => None,
        })
    }
}

/// Moves the cursors by a frame; an event that does not follow the one before it is an error.
pub fn follow(cursors: &mut Cursors, frame: &Value) -> anyhow::Result<()> {
    let kind = frame["t"].as_str().unwrap_or_default();
    if kind != "snapshot" && kind != "ev" {
        return Ok(());
    }
    let stream = frame["stream"].as_str().context("a frame without a stream")?.to_owned();
    let epoch = frame["epoch"].as_i64().context("a frame without an epoch")?;
    let seq = frame["seq"].as_i64().context("a frame without a number")?;
    if kind == "ev"
        && let Some((_, before)) = cursors.get(&stream)
        && seq != before + 1
    {
        bail!("{stream}: event {seq} came after {before}");
    }
    cursors.insert(stream, (epoch, seq));
    Ok(())
}
