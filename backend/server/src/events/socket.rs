//! The live socket: a ticket opens it, `hello` says where the screen left off, then events follow in order.

use super::hub::{Ahead, Aside, Frame};
use super::{Head, heads, list_after};
use crate::identity::{Access, Actor};
use crate::platform::http::{Params, Routes};
use crate::platform::{Ctx, Problem};
use axum::Json;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::{IntoResponse, Response};
use futures_util::SinkExt;
use rules::identity::Action;
use rules::ids::AlarmId;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use utoipa_axum::routes;

const HELLO_WITHIN: Duration = Duration::from_secs(5);
const HEADS_EVERY: Duration = Duration::from_secs(5);
const SESSION_CHECK_EVERY: Duration = Duration::from_millis(500);
/// A screen that does not take a frame within this time is cut off and resumes.
const SEND_WITHIN: Duration = Duration::from_secs(5);
/// Further behind than this, a screen starts from a snapshot.
const MAX_CATCH_UP: i64 = 2_000;
const READ_BUFFER: usize = 4 * 1024;
/// So much is gathered before it is written, if more is about to follow.
const WRITE_BUFFER: usize = 16 * 1024;
/// A ceiling, not an allocation: a board's snapshot in a flood is some megabytes, and has to fit.
const MAX_WRITE_BUFFER: usize = 32 * 1024 * 1024;
const MAX_MESSAGE: usize = 64 * 1024;

const CLOSE_SLOW: u16 = 4408;
const CLOSE_SIGNED_OUT: u16 = 4401;
const CLOSE_BAD_MESSAGE: u16 = 4400;
const CLOSE_RESTART: u16 = 1012;

pub fn router() -> Routes {
    Routes::new()
        .add(Access::Can(Action::LiveConnect), routes!(make_ticket))
        .add(Access::Public, routes!(open))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Ticket {
    ticket: String,
}

/// A single-use ticket for the live socket, good for 30 seconds.
#[utoipa::path(post, path = "/live/tickets", tag = "live", responses((status = 201, body = Ticket)))]
async fn make_ticket(State(ctx): State<Ctx>, actor: Actor) -> Result<Response, Problem> {
    let ticket = crate::identity::make_ticket(&ctx, &actor).await?;
    Ok((axum::http::StatusCode::CREATED, Json(Ticket { ticket })).into_response())
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
struct OpenParams {
    ticket: String,
}

/// The live socket. Frames are JSON texts with `t`.
#[utoipa::path(get, path = "/live", tag = "live", params(OpenParams), responses((status = 101, description = "WebSocket")))]
async fn open(
    State(ctx): State<Ctx>,
    Params(params): Params<OpenParams>,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade.map_err(|_| Problem::invalid("upgrade", "this address speaks WebSocket only"))?;
    let actor = crate::identity::take_ticket(&ctx, &params.ticket).await?;
    Ok(upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(MAX_WRITE_BUFFER)
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .on_upgrade(move |socket| serve(ctx, actor, socket)))
}

#[derive(Debug, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
enum FromScreen {
    Hello {
        #[serde(default)]
        resume: Vec<Cursor>,
    },
    Presented {
        alarm_id: AlarmId,
    },
    Ping {
        #[serde(default)]
        n: u64,
    },
}

#[derive(Debug, Clone, Deserialize)]
struct Cursor {
    stream: String,
    epoch: i32,
    seq: i64,
}

struct Screen {
    ctx: Ctx,
    actor: Actor,
    socket: WebSocket,
    cursors: HashMap<String, (i32, i64)>,
    /// what may be seen in each stream
    sees: BTreeMap<String, BTreeSet<Action>>,
}

/// Why a socket ends from our side.
enum End {
    Gone,
    Close(u16, &'static str),
}

async fn serve(ctx: Ctx, actor: Actor, socket: WebSocket) {
    let mut screen = Screen { ctx, actor, socket, cursors: HashMap::new(), sees: BTreeMap::new() };
    metrics::gauge!("live_sockets").increment(1.0);
    let end = screen.live().await;
    metrics::gauge!("live_sockets").decrement(1.0);
    if let End::Close(code, reason) = end {
        metrics::counter!("live_sockets_closed_total", "code" => code.to_string()).increment(1);
        let close = Message::Close(Some(CloseFrame { code, reason: Utf8Bytes::from_static(reason) }));
        // the other side may be the reason; do not wait for it
        let _ = tokio::time::timeout(Duration::from_secs(1), screen.socket.send(close)).await;
    }
}

impl Screen {
    async fn live(&mut self) -> End {
        let resume = match tokio::time::timeout(HELLO_WITHIN, self.socket.recv()).await {
            Ok(Some(Ok(Message::Text(text)))) => match serde_json::from_str(&text) {
                Ok(FromScreen::Hello { resume }) => resume,
                _ => return End::Close(CLOSE_BAD_MESSAGE, "hello first"),
            },
            Ok(None | Some(Err(_))) => return End::Gone,
            _ => return End::Close(CLOSE_BAD_MESSAGE, "hello first"),
        };
        let (mut moved, _listening) = self.ctx.hub.listen();
        let mut asides = self.ctx.hub.asides();
        if let Err(end) = self.welcome(resume).await {
            return end;
        }
        let mut beat = tokio::time::interval(HEADS_EVERY);
        let mut check = tokio::time::interval(SESSION_CHECK_EVERY);
        loop {
            let step = tokio::select! {
                message = self.socket.recv() => match message {
                    Some(Ok(message)) => self.hear(message).await,
                    None | Some(Err(_)) => Err(End::Gone),
                },
                changed = moved.changed() => match changed {
                    Ok(()) => self.catch_up().await,
                    Err(_) => Err(End::Close(CLOSE_RESTART, "restarting")),
                },
                aside = asides.recv() => match aside {
                    Ok(aside) => self.hand_on(aside).await,
                    // whether an alarm of the journal still waits is asked anew
                    Err(RecvError::Lagged(_)) => Err(End::Close(CLOSE_SLOW, "too slow; resume")),
                    Err(RecvError::Closed) => Err(End::Close(CLOSE_RESTART, "restarting")),
                },
                _ = beat.tick() => self.send_heads().await,
                _ = check.tick() => self.still_signed_in(),
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn welcome(&mut self, resume: Vec<Cursor>) -> Result<(), End> {
        let now = self.ctx.now();
        let account = self.actor.account;
        self.send(json!({"t": "welcome", "now": now, "account_id": account}).to_string()).await?;
        let resume: HashMap<String, Cursor> =
            resume.into_iter().map(|cursor| (cursor.stream.clone(), cursor)).collect();
        let streams = self.heads_in_scope().await.map_err(|problem| failed(&problem))?;
        for head in streams {
            let known = resume.get(&head.stream).filter(|cursor| {
                cursor.epoch == head.epoch && cursor.seq <= head.seq && head.seq - cursor.seq <= MAX_CATCH_UP
            });
            match known {
                Some(cursor) => {
                    self.cursors.insert(head.stream.clone(), (cursor.epoch, cursor.seq));
                    self.replay(&head.stream).await?;
                }
                None => self.start_from_snapshot(&head.stream).await?,
            }
        }
        self.catch_up().await?;
        if self.watches_a_board() {
            for frame in crate::dispatch::waiting_in_journal(&self.ctx, self.actor.tenant).await {
                self.send(frame).await?;
            }
        }
        self.send_heads().await
    }

    /// The streams this screen may follow, each with a head even if nothing happened in it yet.
    async fn heads_in_scope(&mut self) -> Result<Vec<Head>, Problem> {
        let mut tx = self.ctx.db.begin_frozen(&self.actor.scope()).await?;
        let known = heads(&mut tx, self.actor.tenant).await?;
        self.sees = crate::identity::streams_in_scope(&mut tx, &self.actor).await?;
        Ok(self
            .sees
            .keys()
            .map(|stream| {
                let head = known.iter().find(|head| head.stream == *stream).cloned();
                head.unwrap_or_else(|| Head { stream: stream.clone(), epoch: 1, seq: 0 })
            })
            .collect())
    }

    async fn snapshot(&mut self, stream: &str) -> Result<(), End> {
        let nothing = BTreeSet::new();
        let sees = self.sees.get(stream).unwrap_or(&nothing);
        let shot = self.ctx.hub.snapshot(&self.ctx, self.actor.tenant, stream, sees).await;
        let shot = shot.map_err(|problem| failed(&problem))?;
        self.cursors.insert(stream.to_owned(), (shot.epoch, shot.seq));
        self.send(shot.text).await
    }

    /// It may have been made for another board a moment ago: then what followed it is here already.
    async fn start_from_snapshot(&mut self, stream: &str) -> Result<(), End> {
        self.snapshot(stream).await?;
        let Some(&(epoch, seq)) = self.cursors.get(stream) else { return Ok(()) };
        match self.ctx.hub.after(self.actor.tenant, stream, epoch, seq) {
            Ahead::Nothing => Ok(()),
            Ahead::Frames(frames) => self.hand_out(stream, epoch, frames).await,
            Ahead::Missing => Err(End::Close(CLOSE_SLOW, "too slow; resume")),
        }
    }

    /// Events from the database, for a screen that is behind the frames kept in memory.
    async fn replay(&mut self, stream: &str) -> Result<(), End> {
        let Some(&(epoch, seq)) = self.cursors.get(stream) else { return Ok(()) };
        let frames = self.read_missed(stream, seq).await.map_err(|problem| failed(&problem))?;
        self.hand_out(stream, epoch, frames).await
    }

    async fn read_missed(&mut self, stream: &str, seq: i64) -> Result<Vec<Frame>, Problem> {
        let mut tx = self.ctx.db.begin_frozen(&self.ctx.system_scope(self.actor.tenant)).await?;
        let events = list_after(&mut tx, self.actor.tenant, stream, seq, MAX_CATCH_UP).await?;
        self.ctx.hub.frames(&self.ctx, &mut tx, &events).await
    }

    /// Many in few writes; each as far as this screen may see it.
    async fn hand_out(&mut self, stream: &str, epoch: i32, frames: Vec<Frame>) -> Result<(), End> {
        let Some(last) = frames.last().map(|frame| frame.seq) else { return Ok(()) };
        for frame in frames {
            let text = frame.for_screen(self.may_see(stream, &frame.about));
            in_time(self.socket.feed(Message::Text(text))).await?;
        }
        in_time(self.socket.flush()).await?;
        self.cursors.insert(stream.to_owned(), (epoch, last));
        Ok(())
    }

    async fn catch_up(&mut self) -> Result<(), End> {
        let streams: Vec<(String, i32, i64)> =
            self.cursors.iter().map(|(stream, &(epoch, seq))| (stream.clone(), epoch, seq)).collect();
        for (stream, epoch, seq) in streams {
            match self.ctx.hub.after(self.actor.tenant, &stream, epoch, seq) {
                Ahead::Nothing => {}
                Ahead::Frames(frames) => self.hand_out(&stream, epoch, frames).await?,
                Ahead::Missing => self.start_from_snapshot(&stream).await?,
            }
        }
        Ok(())
    }

    /// Only for screens that watch a board. Where it belongs can be found out when the database is back.
    async fn hand_on(&mut self, aside: Aside) -> Result<(), End> {
        if aside.tenant == self.actor.tenant && self.watches_a_board() {
            self.send(aside.text).await?;
        }
        Ok(())
    }

    fn watches_a_board(&self) -> bool {
        self.sees.values().any(|actions| actions.contains(&Action::AlarmRead))
    }

    /// A stream is one for all who follow a district; what is in it is not for all of them.
    fn may_see(&self, stream: &str, about: &str) -> bool {
        let sees = |action| self.sees.get(stream).is_some_and(|actions| actions.contains(&action));
        match about {
            "alarm" => sees(Action::AlarmRead),
            "queue_item" => sees(Action::QueueRead),
            _ => true,
        }
    }

    async fn hear(&mut self, message: Message) -> Result<(), End> {
        let text = match message {
            Message::Text(text) => text,
            Message::Close(_) => return Err(End::Gone),
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Binary(_) => return Err(End::Close(CLOSE_BAD_MESSAGE, "text frames only")),
        };
        match serde_json::from_str(&text) {
            Ok(FromScreen::Presented { alarm_id }) => {
                if let Err(problem) = crate::dispatch::presented(&self.ctx, &self.actor, alarm_id).await {
                    tracing::warn!(alarm.id = %alarm_id, status = %problem.status(), "a receipt was not kept");
                }
                Ok(())
            }
            Ok(FromScreen::Ping { n }) => {
                let now = self.ctx.now();
                self.send(json!({"t": "pong", "n": n, "now": now}).to_string()).await
            }
            Ok(FromScreen::Hello { .. }) | Err(_) => Err(End::Close(CLOSE_BAD_MESSAGE, "not understood")),
        }
    }

    /// Lets the screen notice a silent loss, and see how old what it shows is.
    async fn send_heads(&mut self) -> Result<(), End> {
        let heads: HashMap<String, serde_json::Value> = self
            .ctx
            .hub
            .heads(self.actor.tenant)
            .into_iter()
            .filter(|(stream, _, _)| self.cursors.contains_key(stream))
            .map(|(stream, epoch, seq)| (stream, json!({"epoch": epoch, "seq": seq})))
            .collect();
        let frame = json!({
            "t": "heads", "now": self.ctx.now(), "heads": heads, "engine_at": self.ctx.engine_at(),
        });
        self.send(frame.to_string()).await
    }

    fn still_signed_in(&mut self) -> Result<(), End> {
        if crate::identity::is_current(&self.ctx, &self.actor) {
            Ok(())
        } else {
            Err(End::Close(CLOSE_SIGNED_OUT, "signed out"))
        }
    }

    async fn send(&mut self, text: impl Into<Utf8Bytes>) -> Result<(), End> {
        in_time(self.socket.send(Message::Text(text.into()))).await
    }
}

async fn in_time(sending: impl Future<Output = Result<(), axum::Error>>) -> Result<(), End> {
    match tokio::time::timeout(SEND_WITHIN, sending).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a live screen is gone");
            metrics::counter!("live_sockets_lost_total").increment(1);
            Err(End::Gone)
        }
        Err(_) => Err(End::Close(CLOSE_SLOW, "too slow; resume")),
    }
}

fn failed(problem: &Problem) -> End {
    tracing::warn!(status = %problem.status(), "a live screen could not be fed");
    End::Close(CLOSE_RESTART, "try again")
}
