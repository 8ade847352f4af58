//! Sealing of fields about people: AES-256-GCM under a key per tenant, bound to the place where the value stands.
//!
//! A sealed value is `algorithm | key id | nonce | ciphertext and tag`. Its associated data name the tenant, the
//! column and the row, so that a value copied to another row does not open.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use rules::ids::TenantId;
use sha2::Sha256;
use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use uuid::Uuid;

const WEBHOOK: &[u8] = b"webhook";
const ALGORITHM_AES_256_GCM: u8 = 1;
const KEY_ID: u8 = 1;
const NONCE_LEN: usize = 12;
const HEADER_LEN: usize = 2 + NONCE_LEN;

/// A column that holds sealed values, named as `table.column`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column(pub &'static str);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a sealed value could not be opened")]
pub struct Unsealable;

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the key file cannot be read or written")]
    File(#[from] std::io::Error),
    #[error("the key file does not hold 64 hexadecimal digits")]
    Malformed,
    #[error("the system gave no random bytes")]
    NoRandom(getrandom::Error),
}

#[derive(Clone)]
pub struct Keys {
    root: [u8; 32],
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(•••)")
    }
}

impl Keys {
    pub const fn new(root: [u8; 32]) -> Self {
        Self { root }
    }

    /// The root key of a data folder; none if there is no file.
    pub fn load(path: &Path) -> Result<Option<Self>, KeyError> {
        match std::fs::read_to_string(path) {
            Ok(text) => parse_hex(text.trim()).map(|root| Some(Self::new(root))).ok_or(KeyError::Malformed),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the root key of a folder that has none, readable by its owner alone. It is whole and on disk, name and
    /// all, before anything is sealed with it; of two that make one at the same moment both get the same.
    pub fn create(path: &Path) -> Result<Self, KeyError> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let half = path.with_extension(std::process::id().to_string());
        let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&half)?;
        file.write_all(to_hex(&random::<32>()?).as_bytes())?;
        file.sync_all()?;
        // unlike a rename, a link never replaces a key that is there
        let linked = std::fs::hard_link(&half, path);
        std::fs::remove_file(&half)?;
        match linked {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
            _ => File::open(folder)?.sync_all()?,
        }
        Self::load(path)?.ok_or(KeyError::Malformed)
    }

    pub fn seal(&self, tenant: TenantId, column: Column, row: Uuid, value: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = random().unwrap_or_else(|_| std::process::abort());
        let mut sealed = Vec::with_capacity(HEADER_LEN + value.len() + 16);
        sealed.extend([ALGORITHM_AES_256_GCM, KEY_ID]);
        sealed.extend(nonce);
        let aad = associated_data(tenant, column, row);
        let text = self
            .cipher(tenant)
            .encrypt(&Nonce::from(nonce), Payload { msg: value, aad: &aad })
            // only fails past 64 GiB
            .unwrap_or_else(|_| std::process::abort());
        sealed.extend(text);
        sealed
    }

    pub fn open(
        &self,
        tenant: TenantId,
        column: Column,
        row: Uuid,
        sealed: &[u8],
    ) -> Result<Vec<u8>, Unsealable> {
        let (header, text) = sealed.split_at_checked(HEADER_LEN).ok_or(Unsealable)?;
        if header[0] != ALGORITHM_AES_256_GCM || header[1] != KEY_ID {
            return Err(Unsealable);
        }
        let nonce: [u8; NONCE_LEN] = header[2..].try_into().map_err(|_| Unsealable)?;
        let aad = associated_data(tenant, column, row);
        self.cipher(tenant)
            .decrypt(&Nonce::from(nonce), Payload { msg: text, aad: &aad })
            .map_err(|_| Unsealable)
    }

    pub fn seal_text(&self, tenant: TenantId, column: Column, row: Uuid, value: &str) -> Vec<u8> {
        self.seal(tenant, column, row, value.as_bytes())
    }

    pub fn open_text(
        &self,
        tenant: TenantId,
        column: Column,
        row: Uuid,
        sealed: &[u8],
    ) -> Result<String, Unsealable> {
        String::from_utf8(self.open(tenant, column, row, sealed)?).map_err(|_| Unsealable)
    }

    /// A keyed hash for looking a value up without storing it: an ID number can be guessed, its hash cannot be
    /// checked without the key.
    pub fn lookup(&self, tenant: TenantId, column: Column, value: &str) -> Vec<u8> {
        let key = self.derive(tenant, b"lookup");
        mac(&key, &[column.0.as_bytes(), b"\0", value.as_bytes()])
    }

    /// Signs what leaves the house (webhooks).
    pub fn sign(&self, tenant: TenantId, message: &[u8]) -> String {
        to_hex(&mac(&self.derive(tenant, WEBHOOK), &[message]))
    }

    /// For the other side, so that it can check a signature.
    pub fn webhook_key(&self, tenant: TenantId) -> String {
        to_hex(&self.derive(tenant, WEBHOOK))
    }

    fn cipher(&self, tenant: TenantId) -> Aes256Gcm {
        let key = self.derive(tenant, b"seal");
        Aes256Gcm::new(&key.into())
    }

    fn derive(&self, tenant: TenantId, use_of: &[u8]) -> [u8; 32] {
        let mut key = [0; 32];
        let hkdf = Hkdf::<Sha256>::new(Some(tenant.0.as_bytes()), &self.root);
        // 32 bytes are always within HKDF's limit
        if hkdf.expand(use_of, &mut key).is_err() {
            std::process::abort();
        }
        key
    }
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> Vec<u8> {
    let Ok(mut mac) = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key) else { std::process::abort() };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

fn associated_data(tenant: TenantId, column: Column, row: Uuid) -> Vec<u8> {
    format!("{tenant}|{}|{row}", column.0).into_bytes()
}

pub fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(KeyError::NoRandom)?;
    Ok(bytes)
}

pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        use std::fmt::Write;
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn parse_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: Column = Column("person.name");
    const PHONE: Column = Column("person.phone");

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    #[test]
    fn a_sealed_value_opens_only_where_it_stands() {
        let keys = Keys::new([7; 32]);
        let (here, there) = (TenantId(id(1)), TenantId(id(2)));
        let sealed = keys.seal_text(here, NAME, id(10), "林晓");

        assert_eq!(keys.open_text(here, NAME, id(10), &sealed).as_deref(), Ok("林晓"));
        assert_eq!(keys.open(there, NAME, id(10), &sealed), Err(Unsealable));
        assert_eq!(keys.open(here, PHONE, id(10), &sealed), Err(Unsealable));
        assert_eq!(keys.open(here, NAME, id(11), &sealed), Err(Unsealable));
        assert_eq!(Keys::new([8; 32]).open(here, NAME, id(10), &sealed), Err(Unsealable));
    }

    #[test]
    fn the_other_side_of_a_webhook_checks_with_the_key_it_was_given() {
        let keys = Keys::new([7; 32]);
        let given = parse_hex(&keys.webhook_key(TenantId(id(1)))).unwrap();
        assert_eq!(keys.sign(TenantId(id(1)), b"1.{}"), to_hex(&mac(&given, &[b"1.{}"])));
        assert_ne!(keys.webhook_key(TenantId(id(1))), keys.webhook_key(TenantId(id(2))));
    }

    #[test]
    fn the_same_value_is_never_sealed_to_the_same_bytes() {
        let keys = Keys::new([7; 32]);
        let seal = || keys.seal_text(TenantId(id(1)), NAME, id(10), "林晓");
        assert_ne!(seal(), seal());
    }

    #[test]
    fn a_changed_byte_anywhere_is_refused() {
        let keys = Keys::new([7; 32]);
        let sealed = keys.seal_text(TenantId(id(1)), NAME, id(10), "林晓");
        for i in 0..sealed.len() {
            let mut broken = sealed.clone();
            broken[i] ^= 1;
            assert_eq!(keys.open(TenantId(id(1)), NAME, id(10), &broken), Err(Unsealable), "byte {i}");
        }
    }

    #[test]
    fn a_key_is_made_once_and_never_replaced() {
        let folder = std::env::temp_dir().join(format!("xindeng-key-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("root.key");
        let _ = std::fs::remove_file(&path);
        assert!(Keys::load(&path).unwrap().is_none());
        let made = Keys::create(&path).unwrap();
        assert_eq!(Keys::load(&path).unwrap().unwrap().root, made.root);
        assert_eq!(Keys::create(&path).unwrap().root, made.root, "somebody else was faster");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "nothing half made is left");
        std::fs::write(&path, "torn").unwrap();
        assert!(matches!(Keys::load(&path), Err(KeyError::Malformed)));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn lookups_agree_within_a_tenant_and_differ_between_tenants() {
        let keys = Keys::new([7; 32]);
        let hash = |tenant| keys.lookup(TenantId(id(tenant)), PHONE, "13800000000");
        assert_eq!(hash(1), hash(1));
        assert_ne!(hash(1), hash(2));
    }
}
