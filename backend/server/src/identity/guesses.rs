//! Slows guessing down: attempts are counted per login, whether it exists or not. Good ones are forgotten.

use crate::platform::Problem;
use axum::http::StatusCode;
use rules::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

const FREE_FAILURES: usize = 10;
const WINDOW_SECS: i64 = 15 * 60;
const PRUNE_EVERY_SECS: i64 = 60;

/// In memory of this node: a restart forgives, an attacker gains ten tries by it. It stays small by itself: a trace is
/// left only by who has a [`Turn`](super::password::Turn), a few a second, or is signed in, and is dropped when the
/// window is over.
#[derive(Debug, Default)]
pub struct Guesses(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    by_login: HashMap<String, Vec<Timestamp>>,
    pruned_at: Option<Timestamp>,
}

/// An attempt that was let through. It counts as a failure from its beginning, so that many at once are as many as one
/// after the other, and goes on counting if nobody waits for its answer.
#[derive(Debug)]
#[must_use]
pub struct Attempt<'a> {
    guesses: &'a Guesses,
    login: String,
    at: Timestamp,
}

/// How many seconds to wait before the next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait(pub i64);

impl From<Wait> for Problem {
    fn from(Wait(secs): Wait) -> Self {
        let title = "Too many attempts; wait a while";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many-attempts", title).with("retry_after", secs)
    }
}

impl Guesses {
    /// Call it with a turn in hand: waiting for one leaves no trace.
    pub fn begin(&self, login: &str, now: Timestamp) -> Result<Attempt<'_>, Wait> {
        let mut counted = self.lock();
        counted.prune(now);
        let tries = counted.by_login.entry(login.to_owned()).or_default();
        tries.retain(|at| is_recent(*at, now));
        if tries.len() >= FREE_FAILURES {
            let oldest = tries.first().copied().unwrap_or(now);
            return Err(Wait(WINDOW_SECS - (now - oldest).num_seconds()));
        }
        tries.push(now);
        Ok(Attempt { guesses: self, login: login.to_owned(), at: now })
    }

    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// Whoever knows the password is forgiven what came before.
    pub fn succeeded(self) {
        self.guesses.lock().by_login.remove(&self.login);
    }

    /// It said nothing about the password: the server was busy, the database out of reach.
    pub fn take_back(self) {
        let mut counted = self.guesses.lock();
        let Some(tries) = counted.by_login.get_mut(&self.login) else { return };
        if let Some(own) = tries.iter().position(|at| *at == self.at) {
            tries.remove(own);
        }
        if tries.is_empty() {
            counted.by_login.remove(&self.login);
        }
    }
}

impl Counted {
    fn prune(&mut self, now: Timestamp) {
        if self.pruned_at.is_some_and(|at| (now - at).num_seconds() < PRUNE_EVERY_SECS) {
            return;
        }
        self.by_login.retain(|_, tries| tries.iter().any(|at| is_recent(*at, now)));
        self.pruned_at = Some(now);
    }
}

fn is_recent(at: Timestamp, now: Timestamp) -> bool {
    (now - at).num_seconds() < WINDOW_SECS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(secs: i64) -> Timestamp {
        Timestamp::from_timestamp(1_800_000_000 + secs, 0).unwrap()
    }

    fn wait(guesses: &Guesses, login: &str, secs: i64) -> Option<i64> {
        guesses.begin(login, after(secs)).err().map(|Wait(secs)| secs)
    }

    #[test]
    fn ten_failures_are_free_and_the_eleventh_waits_until_the_first_is_old() {
        let guesses = Guesses::default();
        for n in 0..10 {
            assert_eq!(wait(&guesses, "a", n), None);
        }
        assert_eq!(wait(&guesses, "a", 60), Some(WINDOW_SECS - 60));
        assert_eq!(wait(&guesses, "b", 60), None);
        assert_eq!(wait(&guesses, "a", WINDOW_SECS), None);
    }

    #[test]
    fn attempts_that_have_not_ended_yet_count() {
        let guesses = Guesses::default();
        let begun: Vec<_> = (0..20).map(|_| guesses.begin("a", after(0))).collect();
        assert_eq!(begun.iter().filter(|attempt| attempt.is_ok()).count(), FREE_FAILURES);
    }

    #[test]
    fn a_good_attempt_forgives_and_one_that_said_nothing_is_taken_back() {
        let guesses = Guesses::default();
        (0..9).for_each(|n| assert_eq!(wait(&guesses, "a", n), None));
        guesses.begin("a", after(10)).unwrap().take_back();
        guesses.begin("a", after(11)).unwrap().succeeded();
        (0..10).for_each(|n| assert_eq!(wait(&guesses, "a", 12 + n), None));
    }

    #[test]
    fn what_is_old_is_forgotten_whoever_comes() {
        let guesses = Guesses::default();
        for n in 0..5_000 {
            let _ = guesses.begin(&format!("login-{n}"), after(0));
        }
        let _ = guesses.begin("somebody", after(WINDOW_SECS));
        assert_eq!(guesses.lock().by_login.len(), 1);
        guesses.begin("other", after(WINDOW_SECS)).unwrap().take_back();
        assert_eq!(guesses.lock().by_login.len(), 1);
    }
}
