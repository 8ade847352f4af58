//! `demo.json`: the accounts of the demo city and their one password, for people and scripts on this machine.

use super::staff;
use crate::platform::Problem;
use crate::platform::keys::random;
use serde::{Deserialize, Serialize};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

const FILE: &str = "demo.json";
const PARTS: usize = 3;
const PART_LETTERS: usize = 4;
/// Without those that look alike.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Demo {
    base_url: String,
    admin_url: String,
    accounts: Vec<Account>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Account {
    pub role: String,
    pub login: String,
    pub password: String,
}

impl Demo {
    /// The password is on disk before any account has it, so that a start that is broken off locks nobody out.
    pub(super) fn load_or_begin(dir: &Path) -> Result<(Self, bool), Problem> {
        match std::fs::read(dir.join(FILE)) {
            Ok(bytes) => {
                if let Ok(demo) = serde_json::from_slice::<Self>(&bytes)
                    && !demo.accounts.is_empty()
                {
                    return Ok((demo, false));
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Problem::internal(&error)),
        }
        let password = password().map_err(|error| Problem::internal(&error))?;
        let accounts = staff::logins()
            .map(|known| Account {
                role: known.role.code().to_owned(),
                login: known.login.to_owned(),
                password: password.clone(),
            })
            .collect();
        let demo = Self { base_url: String::new(), admin_url: String::new(), accounts };
        demo.write(dir)?;
        Ok((demo, true))
    }

    pub(super) fn password(&self) -> &str {
        self.accounts.first().map_or("", |account| &account.password)
    }

    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// Says where this start listens.
    pub fn publish(mut self, dir: &Path, base_url: &str, admin_url: &str) -> Result<(), Problem> {
        base_url.clone_into(&mut self.base_url);
        admin_url.clone_into(&mut self.admin_url);
        self.write(dir)
    }

    /// Whole or not at all, and readable by its owner only.
    fn write(&self, dir: &Path) -> Result<(), Problem> {
        let text = serde_json::to_string_pretty(self).map_err(|error| Problem::internal(&error))?;
        let draft = dir.join("demo.json.new");
        let written = std::fs::File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)
            .and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                file.sync_all()
            })
            .and_then(|()| std::fs::rename(&draft, dir.join(FILE)));
        written.map_err(|error| Problem::internal(&error))
    }
}

/// Three groups of four letters: 60 bits, easily typed.
fn password() -> Result<String, crate::platform::keys::KeyError> {
    let bytes: [u8; PARTS * PART_LETTERS] = random()?;
    let letters: Vec<char> = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
    Ok(letters.chunks(PART_LETTERS).map(String::from_iter).collect::<Vec<_>>().join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_found_again_and_only_its_owner_reads_it() {
        let dir = std::env::temp_dir().join(format!("xindeng-demo-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let (first, is_new) = Demo::load_or_begin(&dir).unwrap();
        assert!(is_new && first.password().len() == 14);
        let (again, is_new) = Demo::load_or_begin(&dir).unwrap();
        assert!(!is_new);
        assert_eq!(again.password(), first.password());
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(dir.join(FILE)).unwrap());
        assert_eq!(mode & 0o077, 0);
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
