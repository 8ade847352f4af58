//! What tablets send: finished questionnaires and alarms.

use crate::chance::{Chance, now};
use chrono::TimeDelta;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// One answer after the other, `q1` first.
pub fn phq9(codes: [u8; 9]) -> Value {
    (1..).zip(codes).map(|(n, code)| (format!("q{n}"), json!(code))).collect::<Map<_, _>>().into()
}

/// As a town answers: mostly "not at all"; item 9 is left at 0.
pub fn ordinary_phq9(chance: &mut Chance) -> Value {
    let mut codes = [0; 9];
    for code in codes.iter_mut().take(8) {
        *code = match chance.below(10) {
            0..=6 => 0,
            7 | 8 => 1,
            _ => 2,
        };
    }
    phq9(codes)
}

/// Item 9 answered "more than half the days": the second look follows on the spot.
pub fn critical_phq9() -> Value {
    phq9([2, 2, 1, 1, 1, 2, 1, 0, 2])
}

/// The screener's high outcome: thoughts, method, intent and plan. Suggests tier 4.
pub fn high_c_ssrs() -> Value {
    json!({"q1": 1, "q2": 1, "q3": 1, "q4": 1, "q5": 1, "q6": 0})
}

/// Written down on paper and typed in: no wording of ours is shown, so that drafts of translations stay out of it.
pub fn screening(person: Uuid, visit: Uuid, scale: &str, answers: &Value, look_of: Option<Uuid>) -> Value {
    let finished = now() - TimeDelta::seconds(2);
    let mut body = json!({
        "person_id": person, "visit_id": visit, "scale": scale, "version": "1.0.0", "answers": answers,
        "mode": "paper", "locale": "zh-CN", "seen": "in_person",
        "started_at": finished - TimeDelta::minutes(3), "finished_at": finished,
        "consent": {"notice_version": "2026-1", "given_at": finished - TimeDelta::minutes(4), "by": "self"},
    });
    if let Some(first) = look_of {
        body["look_of"] = json!(first);
    }
    body
}

pub fn button() -> Value {
    json!({"kind": "button", "raised_at": now()})
}

pub fn word_about(person: Uuid) -> Value {
    json!({"kind": "word", "person_id": person, "priority": 2, "raised_at": now()})
}
