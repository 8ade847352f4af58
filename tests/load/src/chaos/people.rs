//! A client: submits, raises alarms, and keeps a journal of what it was promised. Whatever has no receipt is sent
//! again under the same id, as a tablet does.

use load::chance::Chance;
use load::client::Client;
use load::forms;
use load::town::District;
use reqwest::Method;
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const PAUSE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(250));
const RETRY: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(200));
/// A client that waits this long for a receipt gives up, and the run has failed.
const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    Screening { visit: Uuid, expects_alarm: bool },
    Alarm,
}

#[derive(Debug, Clone)]
pub struct Entry {
    pub id: Uuid,
    pub sent: Sent,
    pub tries: u32,
    /// 200, 201 or 202; nothing: never acknowledged
    pub status: Option<u16>,
    pub receipt: Option<String>,
    pub complaint: Option<String>,
}

pub type Journal = Vec<Entry>;

struct Person {
    client: Client,
    chance: Chance,
    journal: Journal,
}

pub async fn work(
    chance: Chance,
    district: District,
    people: u32,
    stop: CancellationToken,
) -> anyhow::Result<Journal> {
    let mut somebody = Person { client: district.worker.clone(), chance, journal: Vec::new() };
    while !stop.is_cancelled() {
        let person = district.person(u32::try_from(somebody.chance.below(u64::from(people)))?);
        match somebody.chance.below(100) {
            0..=59 => {
                let answers = forms::ordinary_phq9(&mut somebody.chance);
                somebody.submit(person, "phq9", answers, None).await;
            }
            60..=74 => {
                let answers = forms::critical_phq9();
                let (first, visit) = somebody.submit(person, "phq9", answers, None).await;
                somebody.submit(person, "c_ssrs_screener", forms::high_c_ssrs(), Some((first, visit))).await;
            }
            75..=87 => somebody.raise(&forms::button()).await,
            _ => somebody.raise(&forms::word_about(person)).await,
        }
        let pause = somebody.chance.between(PAUSE.0, PAUSE.1);
        tokio::time::sleep(pause).await;
    }
    Ok(somebody.journal)
}

impl Person {
    async fn submit(
        &mut self,
        person: Uuid,
        scale: &str,
        answers: Value,
        look: Option<(Uuid, Uuid)>,
    ) -> (Uuid, Uuid) {
        let id = self.chance.id();
        let visit = look.map_or_else(|| self.chance.id(), |(_, visit)| visit);
        let body = forms::screening(person, visit, scale, &answers, look.map(|(first, _)| first));
        let sent = Sent::Screening { visit, expects_alarm: look.is_some() };
        self.deliver(id, &format!("/screenings/{id}"), &body, sent).await;
        (id, visit)
    }

    async fn raise(&mut self, body: &Value) {
        let id = self.chance.id();
        self.deliver(id, &format!("/alarms/{id}"), body, Sent::Alarm).await;
    }

    async fn deliver(&mut self, id: Uuid, path: &str, body: &Value, sent: Sent) {
        let mut entry = Entry { id, sent, tries: 0, status: None, receipt: None, complaint: None };
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            entry.tries += 1;
            match self.client.send(Method::PUT, path, Some(body)).await {
                Ok(answer) if matches!(answer.status, 200..=202) => {
                    entry.status = Some(answer.status);
                    entry.receipt = answer.body["receipt"].as_str().map(str::to_owned);
                    break;
                }
                // refused for good: no retry will help
                Ok(answer) if (400..500).contains(&answer.status) => {
                    entry.complaint = Some(format!("{} {}", answer.status, answer.body));
                    break;
                }
                Ok(_) | Err(_) => {
                    let pause = self.chance.between(RETRY.0, RETRY.1);
                    tokio::time::sleep(pause).await;
                }
            }
        }
        self.journal.push(entry);
    }
}
