//! Texts and dates as they come in: of a length that is known, without what no keyboard writes and no database stores,
//! and of our time.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::ops::{Deref, RangeInclusive};

/// Nothing that is written down here happened before or is planned for later; a database knows fewer years than a
/// program does.
const YEARS: RangeInclusive<i32> = 1900..=2200;

/// One line of at most `MAX` characters, as it was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
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

/// A day or an instant, or none.
pub trait Dated {
    fn year(&self) -> Option<i32>;
}

impl Dated for NaiveDate {
    fn year(&self) -> Option<i32> {
        Some(Datelike::year(self))
    }
}

impl Dated for DateTime<Utc> {
    fn year(&self) -> Option<i32> {
        Some(Datelike::year(self))
    }
}

impl<T: Dated> Dated for Option<T> {
    fn year(&self) -> Option<i32> {
        self.as_ref().and_then(T::year)
    }
}

/// For fields: `#[serde(deserialize_with = "of_our_time")]`.
pub fn of_our_time<'de, D: Deserializer<'de>, T: Dated + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let date = T::deserialize(deserializer)?;
    match date.year() {
        Some(year) if !YEARS.contains(&year) => Err(serde::de::Error::custom(format!(
            "lies outside the years {} to {}",
            YEARS.start(),
            YEARS.end()
        ))),
        _ => Ok(date),
    }
}

/// Where in this JSON a text has a control character that is no line break and no tab. Asked of every body, so that no
/// field can be forgotten: what the database cannot store is refused at the door.
pub fn unwritable(json: &[u8]) -> Option<String> {
    // JSON itself forbids them but for these ways of writing them
    let may_have_one = json.windows(2).any(|pair| matches!(pair, br"\u" | br"\b" | br"\f"));
    let value: Value = may_have_one.then(|| serde_json::from_slice(json).ok()).flatten()?;
    find_unwritable(&value, String::new())
}

fn find_unwritable(value: &Value, at: String) -> Option<String> {
    match value {
        Value::String(text) => is_unwritable(text).then_some(at),
        Value::Array(items) => {
            items.iter().enumerate().find_map(|(i, item)| find_unwritable(item, format!("{at}[{i}]")))
        }
        Value::Object(fields) => fields.iter().find_map(|(name, item)| {
            if is_unwritable(name) {
                return Some(at.clone());
            }
            let dot = if at.is_empty() { "" } else { "." };
            find_unwritable(item, format!("{at}{dot}{name}"))
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

fn is_unwritable(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_control() && !matches!(c, '\n' | '\r' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_keyboard_writes_is_found_wherever_it_stands() {
        for (json, at) in [
            (r#"{"login":"a\u0000"}"#, Some("login")),
            (r#"{"consent":{"notice_version":"\u0000"}}"#, Some("consent.notice_version")),
            (r#"{"roles":[{"role":"x"},{"role":"\b"}]}"#, Some("roles[1].role")),
            (r#"{"item_ms":{"\u0007":1}}"#, Some("item_ms")),
            (r#"{"note":"two\nlines\tand a tab, \u4f60"}"#, None),
            (r#"{"note":"\u0000"#, None),
        ] {
            assert_eq!(unwritable(json.as_bytes()).as_deref(), at, "{json}");
        }
    }

    #[test]
    fn a_date_is_of_our_time() {
        #[derive(Deserialize)]
        struct Ask {
            #[serde(deserialize_with = "of_our_time")]
            day: NaiveDate,
            #[serde(default, deserialize_with = "of_our_time")]
            at: Option<DateTime<Utc>>,
        }
        let read = |json: &str| serde_json::from_str::<Ask>(json).map(|ask| (ask.day, ask.at)).is_ok();
        assert!(read(r#"{"day":"2026-11-21"}"#));
        assert!(read(r#"{"day":"1900-01-01","at":"2200-12-31T00:00:00Z"}"#));
        assert!(!read(r#"{"day":"-9999-01-01"}"#));
        assert!(!read(r#"{"day":"2026-11-21","at":"+12000-01-01T00:00:00Z"}"#));
    }

    #[test]
    fn a_line_is_short_and_one_line() {
        assert_eq!(&*Line::<4>::parse("值班 长".to_owned()).unwrap(), "值班 长");
        assert_eq!(Line::<4>::parse("12345".to_owned()), Err(BadText::TooLong(4)));
        for text in ["a\0", "a\nb", "\u{7f}", "\u{85}"] {
            assert_eq!(Line::<4>::parse(text.to_owned()), Err(BadText::Control), "{text:?}");
        }
    }
}
