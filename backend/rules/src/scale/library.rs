//! All scales at hand, by code and version. The files are read elsewhere; this only takes their texts.

use super::{Finding, Scale, Weight};
use std::collections::BTreeMap;
use std::fmt;

#[derive(Debug, Clone, Default)]
pub struct Library {
    shelves: BTreeMap<String, Shelf>,
}

#[derive(Debug, Clone, Default)]
struct Shelf {
    /// Oldest first.
    versions: Vec<Scale>,
    cases: Option<String>,
}

/// Files that are no scales, with what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct LibraryError {
    pub files: Vec<(String, Vec<Finding>)>,
}

impl fmt::Display for LibraryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut start = "";
        for (file, findings) in &self.files {
            for finding in findings {
                write!(f, "{start}{file}: {finding}")?;
                start = "\n";
            }
        }
        Ok(())
    }
}

/// What one file of the library is, by its path `<code>/<version>.json` or `<code>/cases.jsonl`.
pub(super) enum Shelved<'a> {
    Definition { code: &'a str, version: &'a str },
    Cases { code: &'a str },
    Other,
}

pub(super) fn shelved(path: &str) -> Shelved<'_> {
    let mut parts = path.rsplit(['/', '\\']);
    match (parts.next(), parts.next()) {
        (Some("cases.jsonl"), Some(code)) => Shelved::Cases { code },
        (Some(file), Some(code)) => match file.strip_suffix(".json") {
            Some(version) if version_parts(version).is_some() => Shelved::Definition { code, version },
            _ => Shelved::Other,
        },
        _ => Shelved::Other,
    }
}

impl Library {
    /// Takes `(path, text)` pairs; other files than scales and golden cases are passed over.
    pub fn from_files<P: AsRef<str>, T: AsRef<str>>(
        files: impl IntoIterator<Item = (P, T)>,
    ) -> Result<Self, LibraryError> {
        let mut library = Self::default();
        let mut broken = Vec::new();
        for (path, text) in files {
            match shelved(path.as_ref()) {
                Shelved::Definition { code, version } => match parse_as(code, version, text.as_ref()) {
                    Ok(scale) => {
                        library.shelves.entry(code.to_owned()).or_default().versions.push(scale);
                    }
                    Err(findings) => broken.push((path.as_ref().to_owned(), findings)),
                },
                Shelved::Cases { code } => {
                    library.shelves.entry(code.to_owned()).or_default().cases =
                        Some(text.as_ref().to_owned());
                }
                Shelved::Other => {}
            }
        }
        if !broken.is_empty() {
            return Err(LibraryError { files: broken });
        }
        library.shelves.retain(|_, shelf| !shelf.versions.is_empty());
        for shelf in library.shelves.values_mut() {
            shelf.versions.sort_by_key(|scale| version_parts(scale.version()));
        }
        Ok(library)
    }

    /// `phq9` (its newest version) or `phq9@1.0.0`.
    pub fn find(&self, name: &str) -> Option<&Scale> {
        match name.split_once('@') {
            None => self.newest(name),
            Some((code, version)) => self.version(code, version),
        }
    }

    pub fn newest(&self, code: &str) -> Option<&Scale> {
        self.shelves.get(code)?.versions.last()
    }

    pub fn version(&self, code: &str, version: &str) -> Option<&Scale> {
        self.shelves.get(code)?.versions.iter().find(|scale| scale.version() == version)
    }

    /// The newest version of every scale, by code.
    pub fn all_newest(&self) -> impl Iterator<Item = &Scale> {
        self.shelves.values().filter_map(|shelf| shelf.versions.last())
    }

    /// Every version of every scale.
    pub fn all(&self) -> impl Iterator<Item = &Scale> {
        self.shelves.values().flat_map(|shelf| &shelf.versions)
    }

    /// The golden cases of a scale, as written.
    pub fn cases(&self, code: &str) -> Option<&str> {
        self.shelves.get(code)?.cases.as_deref()
    }
}

/// A file that says to be another scale than its path would shadow that one.
fn parse_as(code: &str, version: &str, json: &str) -> Result<Scale, Vec<Finding>> {
    let scale = Scale::parse(json)?;
    if scale.code() == code && scale.version() == version {
        return Ok(scale);
    }
    let message = format!("the file says {}@{}, its path {code}@{version}", scale.code(), scale.version());
    Err(vec![Finding { weight: Weight::Blocking, path: "code".to_owned(), message }])
}

/// `1.2.3` as numbers, to be compared.
pub(super) fn version_parts(version: &str) -> Option<[u32; 3]> {
    let mut parts = version.split('.').map(|part| {
        let written = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if written { part.parse().ok() } else { None }
    });
    let version = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(version)
}
