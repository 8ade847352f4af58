//! What a person is told before the first question, in the version they agree to.

use rules::triage::Bilingual;
use serde::Deserialize;
use std::sync::LazyLock;

static SHIPPED: LazyLock<Option<Notice>> =
    LazyLock::new(|| serde_json::from_str(include_str!("notice.json")).ok());

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    pub version: String,
    /// Who wrote it and what remains to be confirmed; for whoever edits the file.
    pub status: String,
    pub retention_years: u16,
    pub purpose: Named,
    pub recipients: Vec<Named>,
    pub text: Bilingual,
    pub guardian: ForGuardian,
}

/// A code to store and the words to show.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    pub code: String,
    pub zh: String,
    pub en: String,
}

/// PIPL article 31: under fourteen a parent or guardian consents.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForGuardian {
    pub below_age: u16,
    pub zh: String,
    pub en: String,
}

impl Notice {
    /// The one that ships with the program. `None` only if its file were broken, which a test excludes.
    pub fn shipped() -> Option<&'static Self> {
        SHIPPED.as_ref()
    }

    /// Whoever goes on with an older list has shown the notice that came with it: what was shipped once stays here.
    pub fn find(version: &str) -> Option<&'static Self> {
        Self::shipped().filter(|notice| notice.version == version)
    }

    /// Who may see what the person tells, as the notice says.
    pub fn recipient_codes(&self) -> Vec<String> {
        self.recipients.iter().map(|recipient| recipient.code.clone()).collect()
    }

    /// With the names of those who ask.
    #[must_use]
    pub fn said_by(&self, centre: &str, contact: &str) -> Self {
        let fill = |text: &str| text.replace("{centre}", centre).replace("{contact}", contact);
        let mut notice = self.clone();
        notice.text = Bilingual::new(fill(&self.text.zh), fill(&self.text.en));
        for recipient in &mut notice.recipients {
            recipient.zh = fill(&recipient.zh);
            recipient.en = fill(&recipient.en);
        }
        notice
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notice_names_who_asks_and_leaves_no_gap() {
        let notice = Notice::shipped().unwrap().said_by("晴川市心理服务中心", "96796");
        assert_eq!(notice.guardian.below_age, 14);
        let mut shown = vec![notice.text.zh, notice.text.en];
        shown.extend(notice.recipients.into_iter().flat_map(|named| [named.zh, named.en]));
        for text in shown {
            assert!(!text.contains('{') && !text.is_empty(), "{text}");
        }
    }

    #[test]
    fn the_period_in_the_text_is_the_period_in_the_data() {
        let notice = Notice::shipped().unwrap();
        assert_eq!(notice.retention_years, 3);
        assert!(notice.text.zh.contains("三年") && notice.text.en.contains("three years"));
    }
}
