//! How an item may be closed. Whoever dismisses a high tier does not do so alone.

use super::change::{Refused, SecondAsk, Wish};
use super::document::Document;
use super::progress::Progress;
use crate::Private;
use crate::ids::AccountId;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// What became of the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Helped,
    Referred,
    FollowUpArranged,
    NoNeedFound,
    RefusedHelp,
    CannotReach,
}

impl Outcome {
    pub const ALL: [Self; 6] = [
        Self::Helped,
        Self::Referred,
        Self::FollowUpArranged,
        Self::NoNeedFound,
        Self::RefusedHelp,
        Self::CannotReach,
    ];
    /// These end the care for somebody who may be in danger.
    pub(super) const DISMISSING: [Self; 3] = [Self::NoNeedFound, Self::RefusedHelp, Self::CannotReach];

    pub const fn code(self) -> &'static str {
        match self {
            Self::Helped => "helped",
            Self::Referred => "referred",
            Self::FollowUpArranged => "follow_up_arranged",
            Self::NoNeedFound => "no_need_found",
            Self::RefusedHelp => "refused_help",
            Self::CannotReach => "cannot_reach",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a known outcome")]
pub struct NoSuchOutcome;

impl FromStr for Outcome {
    type Err = NoSuchOutcome;

    fn from_str(code: &str) -> Result<Self, NoSuchOutcome> {
        Self::ALL.into_iter().find(|outcome| outcome.code() == code).ok_or(NoSuchOutcome)
    }
}

/// Somebody wants to close an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    pub outcome: Outcome,
    pub by: AccountId,
    pub reason: Private<String>,
    /// Attempts on record since anybody was last in contact.
    pub attempts: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Close {
    Done {
        reason: Private<String>,
    },
    /// Holds when a second person agrees; until then the item stays open.
    AsksSecond(SecondAsk),
}

pub fn close(document: &Document, progress: &Progress, closing: Closing) -> Result<Close, Refused> {
    let Closing { outcome, by, reason, attempts } = closing;
    if reason.expose().trim().is_empty() {
        return Err(Refused::ReasonNeeded);
    }
    let rule = &document.closing;
    if progress.tier >= 2 {
        if outcome == Outcome::CannotReach {
            if attempts < rule.attempts {
                return Err(Refused::AttemptsNeeded { recorded: attempts, needed: rule.attempts });
            }
        } else if progress.contacted_at.is_none() {
            return Err(Refused::NotContacted);
        }
    }
    if second_person_for(document, progress.tier).contains(&outcome) {
        return Ok(Close::AsksSecond(SecondAsk { asked_by: by, wish: Wish::Close(outcome), reason }));
    }
    Ok(Close::Done { reason })
}

/// The outcomes that one person alone cannot give an item of this tier.
pub fn second_person_for(document: &Document, tier: u8) -> &[Outcome] {
    let rule = &document.closing;
    if tier >= rule.second_person_from_tier { &rule.second_person_for } else { &[] }
}

#[cfg(test)]
mod tests {
    use super::super::progress::{Progress, Word};
    use super::super::tests::POLICY;
    use super::*;
    use crate::Timestamp;
    use uuid::Uuid;

    const CLINICIAN: AccountId = AccountId(Uuid::from_u128(1));

    fn at(tier: u8, is_contacted: bool) -> Progress {
        let now = Timestamp::from_timestamp(1_800_000_000, 0).unwrap();
        let word = Word { tier, owner: None, due_at: Some(now), is_news: true };
        Progress { contacted_at: is_contacted.then_some(now), ..Progress::new(word, now) }
    }

    fn closing(outcome: Outcome, attempts: u16) -> Closing {
        Closing { outcome, by: CLINICIAN, reason: Private::new("面谈".to_owned()), attempts }
    }

    #[test]
    fn from_tier_3_on_nobody_dismisses_alone() {
        let document = POLICY.document();
        for tier in 0..=4 {
            for outcome in Outcome::ALL {
                let close = close(document, &at(tier, true), closing(outcome, 3)).unwrap();
                let asks = matches!(close, Close::AsksSecond(_));
                assert_eq!(asks, tier >= 3 && Outcome::DISMISSING.contains(&outcome), "{tier} {outcome:?}");
            }
        }
    }

    #[test]
    fn not_to_be_reached_is_said_only_after_attempts_and_all_else_after_contact() {
        let document = POLICY.document();
        let few = close(document, &at(2, false), closing(Outcome::CannotReach, 2));
        assert_eq!(few, Err(Refused::AttemptsNeeded { recorded: 2, needed: 3 }));
        assert!(matches!(
            close(document, &at(2, false), closing(Outcome::CannotReach, 3)),
            Ok(Close::Done { .. })
        ));
        for outcome in [Outcome::Helped, Outcome::RefusedHelp, Outcome::NoNeedFound] {
            assert_eq!(close(document, &at(2, false), closing(outcome, 3)), Err(Refused::NotContacted));
            assert!(
                close(document, &at(1, false), closing(outcome, 0)).is_ok(),
                "tier 1 asks for no contact"
            );
        }
        let silent = Closing { reason: Private::new(" ".to_owned()), ..closing(Outcome::Helped, 0) };
        assert_eq!(close(document, &at(1, false), silent), Err(Refused::ReasonNeeded));
    }
}
