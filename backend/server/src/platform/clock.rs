//! Business time. In production it is monotonic time anchored to the database's clock, so that a node's wrong
//! clock changes no deadline; in tests it stands still until it is moved.

use rules::Timestamp;
use std::sync::RwLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

#[derive(Debug)]
pub enum Clock {
    Anchored(RwLock<Anchor>),
    /// Microseconds since 1970, moved by hand.
    Stepped(AtomicI64),
}

#[derive(Debug, Clone, Copy)]
pub struct Anchor {
    taken: Instant,
    at: Timestamp,
}

impl Clock {
    pub fn anchored(at: Timestamp) -> Self {
        Self::Anchored(RwLock::new(Anchor { taken: Instant::now(), at }))
    }

    pub fn stepped(at: Timestamp) -> Self {
        Self::Stepped(AtomicI64::new(at.timestamp_micros()))
    }

    pub fn now(&self) -> Timestamp {
        match self {
            Self::Anchored(anchor) => {
                let anchor = *anchor.read().unwrap_or_else(std::sync::PoisonError::into_inner);
                to_micros(anchor.at + anchor.taken.elapsed())
            }
            Self::Stepped(micros) => {
                Timestamp::from_timestamp_micros(micros.load(Ordering::SeqCst)).unwrap_or_default()
            }
        }
    }

    /// Takes the database's word again. Time never runs backwards here: a database clock that was set back is
    /// followed by standing still until it has caught up.
    pub fn anchor(&self, database_now: Timestamp) {
        if let Self::Anchored(anchor) = self {
            let at = database_now.max(self.now());
            *anchor.write().unwrap_or_else(std::sync::PoisonError::into_inner) =
                Anchor { taken: Instant::now(), at };
        }
    }

    pub fn advance(&self, by: chrono::Duration) {
        if let Self::Stepped(micros) = self {
            micros.fetch_add(by.num_microseconds().unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }
}

/// Postgres keeps microseconds; a value that was stored must equal the value that was meant.
fn to_micros(at: Timestamp) -> Timestamp {
    Timestamp::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_clock_set_back_never_turns_time_around() {
        let start = Timestamp::from_timestamp(1_800_000_000, 0).unwrap();
        let clock = Clock::anchored(start);
        clock.anchor(start - chrono::Duration::minutes(5));
        assert!(clock.now() >= start);
    }

    #[test]
    fn a_stepped_clock_moves_only_by_hand() {
        let start = Timestamp::from_timestamp(1_800_000_000, 0).unwrap();
        let clock = Clock::stepped(start);
        clock.advance(chrono::Duration::seconds(15));
        assert_eq!(clock.now(), start + chrono::Duration::seconds(15));
    }
}
