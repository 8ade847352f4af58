//! When each loop of this process last came round, so that a silent one is seen.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug, Default)]
pub struct Beats(Mutex<BTreeMap<&'static str, Instant>>);

impl Beats {
    pub fn beat(&self, name: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, Instant::now());
    }

    /// How long ago each loop came round; a loop that never ran is not in it.
    pub fn ages(&self) -> Vec<(&'static str, Duration)> {
        let beats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        beats.iter().map(|(name, at)| (*name, at.elapsed())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_known_from_its_first_beat_on() {
        let beats = Beats::default();
        assert!(beats.ages().is_empty());
        beats.beat("timers");
        beats.beat("timers");
        assert_eq!(beats.ages().len(), 1);
        assert!(beats.ages()[0].1 < Duration::from_secs(5));
    }
}
