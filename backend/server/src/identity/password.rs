//! Passwords: argon2id, a few at a time so that a rush of sign-ins cannot take all memory.

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

/// OWASP's strongest profile that a two-core machine still answers in a fraction of a second.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
static AT_ONCE: Semaphore = Semaphore::const_new(2);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

#[derive(Debug, thiserror::Error)]
#[error("the password could not be hashed")]
pub struct HashingFailed;

fn argon2() -> Option<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

pub async fn hash_password(password: String) -> Result<PasswordHash, HashingFailed> {
    let _permit = AT_ONCE.acquire().await.map_err(|_| HashingFailed)?;
    tokio::task::spawn_blocking(move || {
        let argon2 = argon2().ok_or(HashingFailed)?;
        argon2
            .hash_password(password.as_bytes())
            .map(|hash| PasswordHash(hash.to_string()))
            .map_err(|_| HashingFailed)
    })
    .await
    .map_err(|_| HashingFailed)?
}

/// With no hash (unknown login, no password yet) the same work is done and the answer is no.
pub async fn verify_password(password: String, hash: Option<PasswordHash>) -> bool {
    const NOBODY: &str = "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$\
                          7q2p1yZ5m0nq3i4pF0cQ0vN0m3lJ4hXoB2v8Qv0bqXk";
    let Ok(_permit) = AT_ONCE.acquire().await else { return false };
    tokio::task::spawn_blocking(move || {
        let is_somebody = hash.is_some();
        let text = hash.map_or_else(|| NOBODY.to_owned(), |hash| hash.0);
        let (Some(argon2), Ok(parsed)) = (argon2(), argon2::password_hash::phc::PasswordHash::new(&text))
        else {
            return false;
        };
        argon2.verify_password(password.as_bytes(), &parsed).is_ok() && is_somebody
    })
    .await
    .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only_and_nobody_has_one() {
        let hash = hash_password("晴川-cloud-7".to_owned()).await.unwrap();
        assert!(verify_password("晴川-cloud-7".to_owned(), Some(hash.clone())).await);
        assert!(!verify_password("晴川-cloud-8".to_owned(), Some(hash)).await);
        assert!(!verify_password("晴川-cloud-7".to_owned(), None).await);
    }
}
