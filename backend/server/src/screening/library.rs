//! The scales built into the binary.

use rules::scale::definition::LocaleStatus;
use rules::scale::{Definition, Scale};
use rust_embed::RustEmbed;
use std::borrow::Cow;
use std::fmt;

#[derive(RustEmbed)]
#[folder = "../../scales"]
#[include = "*/*.json"]
#[include = "*/cases.jsonl"]
struct Files;

#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    #[error("a scale built into this program cannot be read")]
    Scale(#[from] rules::scale::LibraryError),
    #[error("{0} is not text")]
    NotText(String),
}

#[derive(Clone)]
pub struct Library(rules::scale::Library);

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.all().map(Scale::code)).finish()
    }
}

impl Library {
    pub fn load() -> Result<Self, LibraryError> {
        let mut files = Vec::new();
        for path in Files::iter() {
            if let Some(file) = Files::get(&path) {
                let text = match file.data {
                    Cow::Borrowed(bytes) => String::from_utf8(bytes.to_vec()),
                    Cow::Owned(bytes) => String::from_utf8(bytes),
                }
                .map_err(|_| LibraryError::NotText(path.to_string()))?;
                files.push((path, text));
            }
        }
        Ok(Self(rules::scale::Library::from_files(files)?))
    }

    pub const fn scales(&self) -> &rules::scale::Library {
        &self.0
    }
}

/// May this wording be put before a person? Drafts only in a demonstration.
pub fn may_show(definition: &Definition, locale: &str, is_demo: bool) -> bool {
    definition.locales.get(locale).is_some_and(|locale| match locale.status {
        LocaleStatus::Official => true,
        LocaleStatus::Draft => is_demo,
    })
}
