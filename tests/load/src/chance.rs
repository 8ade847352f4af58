//! Chance from a seed, so that a run can be told apart and looked at again; ids as tablets make them.

use chrono::{DateTime, Utc};
use std::time::{Duration, SystemTime};
use uuid::Uuid;

/// These programs stand outside the server, where people and tablets have clocks of their own.
pub fn now() -> DateTime<Utc> {
    #[expect(clippy::disallowed_methods, reason = "a client's own clock; the server has another")]
    SystemTime::now().into()
}

const fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// splitmix64: small, fast, and the same everywhere.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A stream of its own for each client: begun far from the others, which all move on by the same step.
    #[must_use]
    pub const fn of(&self, client: u64) -> Self {
        Self(mixed(self.0 ^ mixed(client.wrapping_add(1))))
    }

    pub const fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    pub const fn below(&mut self, limit: u64) -> u64 {
        self.number() % limit
    }

    pub const fn percent(&mut self, of_hundred: u64) -> bool {
        self.below(100) < of_hundred
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let at = self.below(from.len() as u64);
        &from[usize::try_from(at).unwrap_or(0)]
    }

    pub fn between(&mut self, from: Duration, to: Duration) -> Duration {
        let span = u64::try_from(to.saturating_sub(from).as_millis()).unwrap_or(u64::MAX - 1);
        from.saturating_add(Duration::from_millis(self.below(span + 1)))
    }

    /// A UUIDv7, made by the client.
    pub fn id(&mut self) -> Uuid {
        let millis = u64::try_from(now().timestamp_millis()).unwrap_or(0);
        let mut rest = [0; 10];
        rest[..8].copy_from_slice(&self.number().to_be_bytes());
        rest[8..].copy_from_slice(&self.number().to_be_bytes()[..2]);
        uuid::Builder::from_unix_timestamp_millis(millis, &rest).into_uuid()
    }
}
