//! Passwords: argon2id, a few at a time so that a rush of sign-ins cannot take all memory.

use crate::platform::Problem;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use axum::http::StatusCode;
use rules::Private;
use serde::{Deserialize, Deserializer};
use tokio::sync::{Semaphore, SemaphorePermit};

/// OWASP's strongest profile that a two-core machine still answers in a fraction of a second.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
static AT_ONCE: Semaphore = Semaphore::const_new(2);
/// As many as get their turn before their request times out; who comes later is told so instead of being kept.
static WAITING: Semaphore = Semaphore::const_new(300);
const BUSY_SECS: u32 = 5;

/// No form takes a longer one; what would have to be hashed is limited before anything is done with it.
const LONGEST: usize = 256;

/// A password as it was typed. It is never printed.
#[derive(Debug, Clone)]
pub struct Password(Private<String>);

impl Password {
    pub fn parse(text: String) -> Result<Self, TooLong> {
        if text.chars().count() > LONGEST { Err(TooLong) } else { Ok(Self(Private::new(text))) }
    }

    pub fn chars(&self) -> usize {
        self.0.expose().chars().count()
    }

    fn as_bytes(&self) -> &[u8] {
        self.0.expose().as_bytes()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("at most {LONGEST} characters")]
pub struct TooLong;

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotHashed {
    #[error("too many passwords are waiting to be looked at")]
    Busy,
    #[error("the password could not be hashed")]
    Failed,
}

impl From<NotHashed> for Problem {
    fn from(error: NotHashed) -> Self {
        match error {
            NotHashed::Busy => {
                let title = "Too many sign in at this moment; try again";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", title).with("retry_after", BUSY_SECS)
            }
            NotHashed::Failed => Self::internal(&error),
        }
    }
}

fn argon2() -> Option<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Leave to hash one password. The work itself holds it, not the request: the memory is taken until the work is done,
/// whether or not anybody still waits for the answer.
#[derive(Debug)]
pub struct Turn(#[expect(dead_code, reason = "held until the work is done")] SemaphorePermit<'static>);

pub async fn take_turn() -> Result<Turn, NotHashed> {
    let _waiting = WAITING.try_acquire().map_err(|_| NotHashed::Busy)?;
    AT_ONCE.acquire().await.map(Turn).map_err(|_| NotHashed::Failed)
}

impl Turn {
    async fn take<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotHashed> {
        let working = move || {
            let done = work();
            drop(self);
            done
        };
        tokio::task::spawn_blocking(working).await.map_err(|_| NotHashed::Failed)
    }
}

pub async fn hash_password(password: Password) -> Result<PasswordHash, NotHashed> {
    let work = move || {
        let argon2 = argon2().ok_or(NotHashed::Failed)?;
        argon2
            .hash_password(password.as_bytes())
            .map(|hash| PasswordHash(hash.to_string()))
            .map_err(|_| NotHashed::Failed)
    };
    take_turn().await?.take(work).await?
}

/// With no hash (unknown login, no password yet) the same work is done and the answer is no.
pub async fn verify_password(
    turn: Turn,
    password: Password,
    hash: Option<PasswordHash>,
) -> Result<bool, NotHashed> {
    const NOBODY: &str = "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$\
                          7q2p1yZ5m0nq3i4pF0cQ0vN0m3lJ4hXoB2v8Qv0bqXk";
    turn.take(move || {
        let is_somebody = hash.is_some();
        let text = hash.map_or_else(|| NOBODY.to_owned(), |hash| hash.0);
        let (Some(argon2), Ok(parsed)) = (argon2(), argon2::password_hash::phc::PasswordHash::new(&text))
        else {
            return false;
        };
        argon2.verify_password(password.as_bytes(), &parsed).is_ok() && is_somebody
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn typed(text: &str) -> Password {
        Password::parse(text.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only_and_nobody_has_one() {
        let verify = async |text, hash| verify_password(take_turn().await?, typed(text), hash).await;
        let hash = hash_password(typed("晴川-cloud-7")).await.unwrap();
        assert_eq!(verify("晴川-cloud-7", Some(hash.clone())).await, Ok(true));
        assert_eq!(verify("晴川-cloud-8", Some(hash)).await, Ok(false));
        assert_eq!(verify("晴川-cloud-7", None).await, Ok(false));
    }

    #[test]
    fn a_password_is_limited_before_it_is_looked_at_and_never_printed() {
        assert_eq!(Password::parse("长".repeat(257)).unwrap_err(), TooLong);
        assert_eq!(format!("{:?}", typed("secret")), "Password(•••)");
    }

    #[tokio::test]
    async fn work_whose_asker_has_gone_still_holds_its_turn() {
        let (mut asked, mut gates) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            let (gate, opened) = mpsc::channel::<()>();
            gates.push(gate);
            asked.push(Box::pin(take_turn().await.unwrap().take(move || opened.recv())));
        }
        // both have begun, and hang up
        for asked in &mut asked {
            assert!(futures_util::poll!(asked).is_pending());
        }
        drop(asked);
        let mut late = Box::pin(take_turn());
        assert!(futures_util::poll!(&mut late).is_pending(), "both turns are still taken");
        drop(gates);
        late.await.unwrap();
    }
}
