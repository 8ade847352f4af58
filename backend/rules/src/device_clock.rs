//! When did it happen, if the device that says so has a wrong clock?
//!
//! A device sends its times as its own clock showed them, and beside them what that clock showed at the moment of
//! sending. The difference to our time then corrects them all. What still cannot be is bent into what can, and flagged
//! for whoever looks at the result: a wrong clock never keeps an answer out and never keeps an alarm from ringing.

use crate::Timestamp;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// A clock this far off is spoken of; below it is the network's delay and the drift of any clock.
pub const OFF_BY_SECS: i64 = 120;
/// Nobody answers one questionnaire for longer.
pub const LONGEST_HOURS: i64 = 24;
/// 2025-01-01: before this program took anybody's answers. A tablet whose clock has lost its battery says 1970 or the
/// year it was made.
const NOT_BEFORE: Timestamp = match Timestamp::from_timestamp(1_735_689_600, 0) {
    Some(at) => at,
    None => Timestamp::UNIX_EPOCH,
};

/// What a device says about one screening, in the time of one clock: its own, or ours once corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    pub started_at: Timestamp,
    pub finished_at: Timestamp,
    pub consent_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockFlag {
    /// it showed another time than ours when it sent; the times were corrected by the difference
    Off,
    /// the end lay in the future all the same: taken as now
    FinishedInFuture,
    /// the end lay before this program existed: taken as now
    FinishedLongAgo,
    /// the clock was set back meanwhile: the start is not known, taken as the end
    StartedAfterFinish,
    /// the clock was set forward meanwhile, or the form lay open: the start is taken as the earliest that can be
    TookTooLong,
}

impl ClockFlag {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::FinishedInFuture => "finished_in_future",
            Self::FinishedLongAgo => "finished_long_ago",
            Self::StartedAfterFinish => "started_after_finish",
            Self::TookTooLong => "took_too_long",
        }
    }
}

/// What the professional is told: how far the clock was behind ours (ahead: below 0), and what was bent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockNote {
    pub behind_secs: i64,
    pub flags: Vec<ClockFlag>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Believed {
    pub times: Times,
    pub note: ClockNote,
}

/// How far our clock was ahead of the device's when it sent. Unknown is taken as right.
pub fn behind(sent_at: Option<Timestamp>, now: Timestamp) -> TimeDelta {
    sent_at.map_or(TimeDelta::zero(), |sent_at| now - sent_at)
}

/// One moment of the device's time in ours. It happened before it was told.
pub fn corrected(at: Timestamp, sent_at: Option<Timestamp>, now: Timestamp) -> Timestamp {
    shifted(at, behind(sent_at, now)).min(now)
}

/// The times of a screening as they are believed. The end is never in the future, the start never after the end.
pub fn believe(said: Times, sent_at: Option<Timestamp>, now: Timestamp) -> Believed {
    let behind = behind(sent_at, now);
    let mut flags = Vec::new();
    if behind.num_seconds().abs() > OFF_BY_SECS {
        flags.push(ClockFlag::Off);
    }
    let mut times = said.shifted(behind);
    if times.finished_at > now {
        if times.finished_at - now > TimeDelta::seconds(OFF_BY_SECS) {
            flags.push(ClockFlag::FinishedInFuture);
        }
        times = times.ending(now);
    } else if times.finished_at < NOT_BEFORE {
        flags.push(ClockFlag::FinishedLongAgo);
        times = times.ending(now);
    }
    if times.started_at > times.finished_at {
        flags.push(ClockFlag::StartedAfterFinish);
        times.started_at = times.finished_at;
    } else if times.finished_at - times.started_at > TimeDelta::hours(LONGEST_HOURS) {
        flags.push(ClockFlag::TookTooLong);
        times.started_at = times.finished_at - TimeDelta::hours(LONGEST_HOURS);
    }
    times.consent_at = times.consent_at.map(|at| at.max(NOT_BEFORE));
    Believed { times, note: ClockNote { behind_secs: behind.num_seconds(), flags } }
}

impl Times {
    fn shifted(self, by: TimeDelta) -> Self {
        Self {
            started_at: shifted(self.started_at, by),
            finished_at: shifted(self.finished_at, by),
            consent_at: self.consent_at.map(|at| shifted(at, by)),
        }
    }

    /// The same, moved so that it ends then: the order of the three stays.
    fn ending(self, at: Timestamp) -> Self {
        Self { finished_at: at, ..self.shifted(at - self.finished_at) }
    }
}

/// A time at the edge of the calendar stays where it is.
fn shifted(at: Timestamp, by: TimeDelta) -> Timestamp {
    at.checked_add_signed(by).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ClockFlag::{FinishedInFuture, FinishedLongAgo, Off, StartedAfterFinish, TookTooLong};

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_timestamp(1_790_000_000 + minute * 60, 0).unwrap()
    }

    const DAY: i64 = 24 * 60;

    fn said(consent: i64, start: i64, finish: i64) -> Times {
        Times { started_at: at(start), finished_at: at(finish), consent_at: Some(at(consent)) }
    }

    #[test]
    fn the_times_of_a_wrong_clock_are_moved_into_ours_and_flagged() {
        // (the device's minute at sending, what it says, what is believed at minute 20, flags)
        let cases = [
            (Some(20), said(0, 1, 10), said(0, 1, 10), vec![]),
            (None, said(0, 1, 10), said(0, 1, 10), vec![]),
            (Some(26), said(6, 7, 16), said(0, 1, 10), vec![Off]),
            (Some(20 - 3 * DAY), said(-3 * DAY, 1 - 3 * DAY, 10 - 3 * DAY), said(0, 1, 10), vec![Off]),
            (Some(21), said(1, 2, 11), said(0, 1, 10), vec![]),
            // nobody said what the clock showed, or it was set back before sending
            (None, said(16, 17, 26), said(10, 11, 20), vec![FinishedInFuture]),
            (Some(20), said(16, 17, 26), said(10, 11, 20), vec![FinishedInFuture]),
            (None, said(11, 12, 21), said(10, 11, 20), vec![]),
            // set back, set forward, left open overnight
            (Some(20), said(0, 15, 10), said(0, 10, 10), vec![StartedAfterFinish]),
            (Some(20), said(-3 * DAY, 1 - 3 * DAY, 10), said(-3 * DAY, 10 - DAY, 10), vec![TookTooLong]),
        ];
        for (sent_at, told, times, flags) in cases {
            let believed = believe(told, sent_at.map(at), at(20));
            assert_eq!((believed.times, believed.note.flags), (times, flags), "{sent_at:?} {told:?}");
        }
    }

    #[test]
    fn a_clock_that_was_lost_is_taken_as_now() {
        let (hour, epoch) = (TimeDelta::hours(1), Timestamp::UNIX_EPOCH);
        let told = Times { started_at: epoch, finished_at: epoch + hour, consent_at: Some(epoch) };
        let believed = believe(told, Some(at(20)), at(20));
        assert_eq!(
            believed.times,
            Times { started_at: at(20) - hour, finished_at: at(20), consent_at: Some(at(20) - hour) }
        );
        assert_eq!(believed.note.flags, [FinishedLongAgo]);
        assert_eq!(believe(told, Some(epoch + hour), at(20)).times.finished_at, at(20));
    }

    #[test]
    fn times_at_the_edge_of_the_calendar_are_bent_like_others() {
        let (min, max) = (Timestamp::MIN_UTC, Timestamp::MAX_UTC);
        for edge in [min, max] {
            for sent_at in [None, Some(min), Some(max), Some(at(20))] {
                let told = Times { started_at: edge, finished_at: edge, consent_at: Some(edge) };
                let times = believe(told, sent_at, at(20)).times;
                assert_eq!((times.started_at, times.finished_at), (at(20), at(20)), "{edge} {sent_at:?}");
            }
        }
    }

    #[test]
    fn one_moment_is_corrected_and_never_lies_ahead() {
        assert_eq!(corrected(at(16), Some(at(26)), at(20)), at(10));
        assert_eq!(corrected(at(30), None, at(20)), at(20));
    }
}
