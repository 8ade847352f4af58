//! Business time. In production it is monotonic time anchored to the database's clock, so that a node's wrong
//! clock changes no deadline, and neither does the database's while it is wrong for a moment; in tests it stands still
//! until it is moved.

use chrono::TimeDelta;
use rules::Timestamp;
use std::sync::RwLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

/// What a look may put right at once. More is believed when the database says it this often in a row: a clock that
/// was wrong for one look must not fire everything that was due in the next ten minutes.
const AT_ONCE: TimeDelta = TimeDelta::seconds(1);
const BELIEVED_AFTER: u8 = 3;
/// While ahead of the database every fifth second is left out: deadlines come a quarter later, time never stands
/// still and never turns around.
const LOSES_ONE_IN: i32 = 5;

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
    /// How far ahead of the database's clock this one was then: what it has to lose.
    ahead: TimeDelta,
    /// How often in a row the database was further ahead than can be put right at once.
    doubts: u8,
}

impl Anchor {
    fn read(&self, now: Instant) -> Timestamp {
        let elapsed = TimeDelta::from_std(now - self.taken).unwrap_or(TimeDelta::MAX);
        to_micros(self.at + elapsed - self.ahead.min(elapsed / LOSES_ONE_IN))
    }

    /// `behind` the database if positive, ahead of it if negative.
    fn follow(&self, now: Instant, behind: TimeDelta) -> Self {
        let (at, none) = (self.read(now), TimeDelta::zero());
        let doubts = self.doubts + 1;
        if behind <= none {
            Self { taken: now, at, ahead: -behind, doubts: 0 }
        } else if behind <= AT_ONCE || doubts >= BELIEVED_AFTER {
            Self { taken: now, at: at + behind, ahead: none, doubts: 0 }
        } else {
            Self { taken: now, at, ahead: none, doubts }
        }
    }
}

impl Clock {
    pub fn anchored(at: Timestamp) -> Self {
        let (taken, ahead) = (Instant::now(), TimeDelta::zero());
        Self::Anchored(RwLock::new(Anchor { taken, at, ahead, doubts: 0 }))
    }

    pub fn stepped(at: Timestamp) -> Self {
        Self::Stepped(AtomicI64::new(at.timestamp_micros()))
    }

    pub fn now(&self) -> Timestamp {
        match self {
            Self::Anchored(anchor) => {
                let anchor = anchor.read().unwrap_or_else(std::sync::PoisonError::into_inner);
                anchor.read(Instant::now())
            }
            Self::Stepped(micros) => {
                Timestamp::from_timestamp_micros(micros.load(Ordering::SeqCst)).unwrap_or_default()
            }
        }
    }

    /// Takes the database's word again: what it answered, and when it was asked. Time never runs backwards here.
    pub fn anchor(&self, asked_at: Timestamp, database_now: Timestamp) {
        if let Self::Anchored(anchor) = self {
            let mut anchor = anchor.write().unwrap_or_else(std::sync::PoisonError::into_inner);
            let now = Instant::now();
            let behind = behind(asked_at, database_now, anchor.read(now));
            *anchor = anchor.follow(now, behind);
        }
    }

    /// How far this clock is from the database's, at the least: the answer was given at some moment between the
    /// question and now. None while it is moved by hand.
    pub fn offset(&self, asked_at: Timestamp, database_now: Timestamp) -> Option<TimeDelta> {
        match self {
            Self::Anchored(_) => Some(behind(asked_at, database_now, self.now())),
            Self::Stepped(_) => None,
        }
    }

    pub fn advance(&self, by: TimeDelta) {
        if let Self::Stepped(micros) = self {
            micros.fetch_add(by.num_microseconds().unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }
}

fn behind(asked_at: Timestamp, database_now: Timestamp, now: Timestamp) -> TimeDelta {
    if database_now < asked_at {
        database_now - asked_at
    } else {
        (database_now - now).max(TimeDelta::zero())
    }
}

/// Postgres keeps microseconds; a value that was stored must equal the value that was meant.
fn to_micros(at: Timestamp) -> Timestamp {
    Timestamp::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::time::Duration;

    const LOOK: Duration = Duration::from_secs(5);

    fn start() -> Timestamp {
        Timestamp::from_timestamp(1_800_000_000, 0).unwrap()
    }

    /// Five seconds pass, and the database says how far ahead of real time it is.
    fn look(anchor: &mut Anchor, real: &mut Timestamp, database_ahead: TimeDelta) -> Timestamp {
        let before = anchor.read(anchor.taken);
        let now = anchor.taken + LOOK;
        *real += LOOK;
        let at = anchor.read(now);
        *anchor = anchor.follow(now, *real + database_ahead - at);
        let after = anchor.read(now);
        assert!(before < at && at <= after, "time never stands still and never turns around");
        after
    }

    fn anchor() -> Anchor {
        Anchor { taken: Instant::now(), at: start(), ahead: TimeDelta::zero(), doubts: 0 }
    }

    #[test]
    fn a_database_clock_that_is_wrong_for_one_look_changes_nothing() {
        let (mut anchor, mut real) = (anchor(), start());
        for ahead in [0, 600, 0, 600, 600, 0, -600] {
            let at = look(&mut anchor, &mut real, TimeDelta::seconds(ahead));
            assert_eq!(at, real, "{ahead}");
        }
        // the last one cost a second, which comes back at once
        assert_eq!(look(&mut anchor, &mut real, TimeDelta::zero()), real);
    }

    #[test]
    fn a_database_clock_that_stays_ahead_is_followed_and_one_set_back_is_met_again_slowly() {
        let (mut anchor, mut real) = (anchor(), start());
        let minute = TimeDelta::minutes(1);
        for _ in 0..2 {
            assert_eq!(look(&mut anchor, &mut real, minute), real);
        }
        assert_eq!(look(&mut anchor, &mut real, minute), real + minute);
        let mut before = minute;
        // the first of these looks only sees it
        for _ in 0..=60 {
            let ahead = look(&mut anchor, &mut real, TimeDelta::zero()) - real;
            assert!(ahead >= TimeDelta::zero() && before - ahead <= TimeDelta::seconds(1));
            before = ahead;
        }
        assert_eq!(before, TimeDelta::zero(), "a minute is lost within five");
        assert_eq!(look(&mut anchor, &mut real, TimeDelta::zero()), real);
    }

    #[test]
    fn an_answer_that_took_its_time_is_no_offset() {
        let second = TimeDelta::seconds(1);
        let (asked, now) = (start(), start() + second * 3);
        assert_eq!(behind(asked, asked + second, now), TimeDelta::zero());
        assert_eq!(behind(asked, now + second, now), second);
        assert_eq!(behind(asked, asked - second, now), -second);
    }

    #[test]
    fn a_stepped_clock_moves_only_by_hand() {
        let clock = Clock::stepped(start());
        clock.advance(TimeDelta::seconds(15));
        clock.anchor(start(), start() + TimeDelta::minutes(10));
        assert_eq!(clock.now(), start() + TimeDelta::seconds(15));
        assert_eq!(clock.offset(start(), start()), None);
    }
}
