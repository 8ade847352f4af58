//! Texts as they come in: of a length that is known, and without what no keyboard writes and no database stores.

use serde::{Deserialize, Deserializer, Serialize};
use std::ops::Deref;

/// One line of at most `MAX` characters, as it was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Line<const MAX: usize>(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadText {
    #[error("at most {0} characters")]
    TooLong(usize),
    #[error("has characters that no keyboard writes")]
    Control,
}

impl<const MAX: usize> Line<MAX> {
    pub fn parse(text: String) -> Result<Self, BadText> {
        if text.chars().any(char::is_control) {
            Err(BadText::Control)
        } else if text.chars().count() > MAX {
            Err(BadText::TooLong(MAX))
        } else {
            Ok(Self(text))
        }
    }

    pub fn into_inner(self) -> String {
        self.0
    }
}

impl<const MAX: usize> Deref for Line<MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Line<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_short_and_one_line() {
        assert_eq!(&*Line::<4>::parse("值班 长".to_owned()).unwrap(), "值班 长");
        assert_eq!(Line::<4>::parse("12345".to_owned()), Err(BadText::TooLong(4)));
        for text in ["a\0", "a\nb", "\u{7f}", "\u{85}"] {
            assert_eq!(Line::<4>::parse(text.to_owned()), Err(BadText::Control), "{text:?}");
        }
    }
}
