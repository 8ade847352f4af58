//! When each loop of this process last came round, and when it last came to a good end: a silent loop is an alarm, one
//! that stands still is the end of the process.

use super::ctx::Ctx;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Looks without a turn before a loop stands still: a minute, more than three times what a turn may take.
const PATIENT_LOOKS: u32 = 12;
/// As `EX_SOFTWARE` of sysexits: the service manager starts the server again.
const EXIT_CODE: i32 = 70;

#[derive(Debug, Default)]
pub struct Beats(Mutex<BTreeMap<&'static str, Beat>>);

#[derive(Debug, Clone, Copy)]
struct Beat {
    turns: u64,
    well_at: Instant,
    is_suspect: bool,
}

impl Beats {
    /// A loop is known from its first turn on, also if that never ends.
    pub fn begins(&self, name: &'static str) {
        self.of(name, |_| {});
    }

    /// A turn has ended, well or not.
    pub fn ends(&self, name: &'static str) {
        self.of(name, |beat| beat.turns += 1);
    }

    /// A turn has done what it should.
    pub fn beat(&self, name: &'static str) {
        self.of(name, |beat| beat.well_at = Instant::now());
    }

    fn of(&self, name: &'static str, change: impl FnOnce(&mut Beat)) {
        let mut beats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(beats.entry(name).or_insert_with(|| Beat {
            turns: 0,
            well_at: Instant::now(),
            is_suspect: false,
        }));
    }

    /// How long ago each loop last came to a good end; a loop that never ran is not in it.
    pub fn ages(&self) -> Vec<(&'static str, Duration)> {
        let beats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        beats.iter().map(|(name, beat)| (*name, beat.well_at.elapsed())).collect()
    }

    /// Loops that have done nothing well for so long, now and the last time somebody asked: right after an outage of
    /// the database that is true of all of them once.
    pub fn silent(&self, for_longer_than: Duration) -> Vec<(&'static str, Duration)> {
        let mut beats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut silent = Vec::new();
        for (name, beat) in beats.iter_mut() {
            let age = beat.well_at.elapsed();
            let was_suspect = std::mem::replace(&mut beat.is_suspect, age > for_longer_than);
            if was_suspect && beat.is_suspect {
                silent.push((*name, age));
            }
        }
        silent
    }

    fn turns(&self) -> Vec<(&'static str, u64)> {
        let beats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        beats.iter().map(|(name, beat)| (*name, beat.turns)).collect()
    }
}

/// Counts looks, not seconds: a process that was suspended finds its loops as it left them.
#[derive(Debug, Default)]
struct Watchdog(BTreeMap<&'static str, (u64, u32)>);

impl Watchdog {
    /// A loop whose turn has neither ended nor been given up for all these looks.
    fn look(&mut self, beats: &Beats) -> Option<&'static str> {
        for (name, turns) in beats.turns() {
            let (known, looks) = self.0.entry(name).or_insert((turns, 0));
            if *known != turns {
                (*known, *looks) = (turns, 0);
                continue;
            }
            *looks += 1;
            if *looks >= PATIENT_LOOKS {
                return Some(name);
            }
        }
        None
    }
}

/// Every turn is limited, so a loop that stands still is one that nothing in this process can mend: it ends, and its
/// service manager starts it again. On a thread of its own, because the executor may be what stands still.
pub fn watch(ctx: Ctx, stop: CancellationToken) -> std::io::Result<()> {
    let looking = move || {
        let mut watchdog = Watchdog::default();
        loop {
            std::thread::sleep(LOOK_EVERY);
            if stop.is_cancelled() {
                return;
            }
            if let Some(name) = watchdog.look(&ctx.beats) {
                tracing::error!(
                    task = name,
                    "a loop stands still; ending the process so that it is started again"
                );
                std::process::exit(EXIT_CODE);
            }
        }
    };
    std::thread::Builder::new().name("watchdog".to_owned()).spawn(looking)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_known_from_its_first_turn_on() {
        let beats = Beats::default();
        assert!(beats.ages().is_empty());
        beats.begins("timers");
        beats.ends("timers");
        beats.beat("timers");
        assert_eq!(beats.ages().len(), 1);
        assert!(beats.ages()[0].1 < Duration::from_secs(5));
    }

    #[test]
    fn a_loop_is_silent_when_it_still_is_at_the_next_look() {
        let beats = Beats::default();
        beats.begins("timers");
        beats.begins("streams");
        let silent = || beats.silent(Duration::ZERO).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert!(silent().is_empty());
        assert_eq!(silent(), ["streams", "timers"]);
        assert!(beats.silent(Duration::from_secs(5)).is_empty());
        assert!(silent().is_empty(), "it has been well in between");
    }

    #[test]
    fn turns_that_fail_are_turns_and_only_one_that_never_ends_stands_still() {
        let (beats, mut watchdog) = (Beats::default(), Watchdog::default());
        for _ in 0..3 * PATIENT_LOOKS {
            beats.begins("streams");
            beats.ends("streams");
            assert_eq!(watchdog.look(&beats), None, "the database may be away for long");
        }
        beats.begins("timers");
        let found = (0..=PATIENT_LOOKS).find_map(|_| {
            beats.ends("streams");
            watchdog.look(&beats)
        });
        assert_eq!(found, Some("timers"));
    }
}
