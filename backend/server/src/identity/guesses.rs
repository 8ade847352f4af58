//! Slows guessing down: failed sign-ins are counted per login, whether it exists or not. Good ones are not.

use rules::Timestamp;
use std::collections::HashMap;
use std::sync::Mutex;

const FREE_FAILURES: usize = 10;
const WINDOW_SECS: i64 = 15 * 60;
const LOGINS_REMEMBERED: usize = 50_000;

/// In memory of this node: a restart forgives, an attacker gains ten tries by it.
#[derive(Debug, Default)]
pub struct Guesses(Mutex<HashMap<String, Vec<Timestamp>>>);

impl Guesses {
    /// How long to wait before the next try, if one must.
    pub fn wait_secs(&self, login: &str, now: Timestamp) -> Option<i64> {
        let mut logins = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let failures = logins.get_mut(login)?;
        failures.retain(|at| (now - *at).num_seconds() < WINDOW_SECS);
        if failures.len() < FREE_FAILURES {
            return None;
        }
        failures.first().map(|first| WINDOW_SECS - (now - *first).num_seconds())
    }

    pub fn failed(&self, login: &str, now: Timestamp) {
        let mut logins = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if logins.len() >= LOGINS_REMEMBERED {
            logins.retain(|_, failures| failures.iter().any(|at| (now - *at).num_seconds() < WINDOW_SECS));
        }
        logins.entry(login.to_owned()).or_default().push(now);
    }

    pub fn succeeded(&self, login: &str) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(login);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_failures_are_free_and_the_eleventh_waits_until_the_first_is_old() {
        let guesses = Guesses::default();
        let start = Timestamp::from_timestamp(1_800_000_000, 0).unwrap();
        let after = |secs| start + chrono::Duration::seconds(secs);
        for n in 0..10 {
            assert_eq!(guesses.wait_secs("a", after(n)), None);
            guesses.failed("a", after(n));
        }
        assert_eq!(guesses.wait_secs("a", after(60)), Some(WINDOW_SECS - 60));
        assert_eq!(guesses.wait_secs("b", after(60)), None);
        assert_eq!(guesses.wait_secs("a", after(WINDOW_SECS)), None);
    }

    #[test]
    fn a_good_sign_in_forgives() {
        let guesses = Guesses::default();
        let now = Timestamp::from_timestamp(1_800_000_000, 0).unwrap();
        (0..10).for_each(|_| guesses.failed("a", now));
        guesses.succeeded("a");
        assert_eq!(guesses.wait_secs("a", now), None);
    }
}
