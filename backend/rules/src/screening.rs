//! May these answers be taken in? Consent, age, and times that can be. And is a result young enough to ring?
//!
//! Sources: Personal Information Protection Law of the PRC (2021), articles 13 (grounds, among them the protection of
//! life in an emergency), 14 (consent), 28 (sensitive information, and that of children), 31 (a guardian's consent
//! under 14). Seen: memory; a lawyer of the tenant confirms them before use.

use crate::Timestamp;
use crate::device_clock::LONGEST_HOURS;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// Under this age a guardian consents.
pub const GUARDIAN_BELOW_AGE: u16 = 14;
/// Clocks differ and are read one after the other.
const CLOCK_SKEW_MINUTES: i64 = 5;

/// Times are given as they are believed (`device_clock`): from a device they are never refused.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub now: Timestamp,
    pub started_at: Timestamp,
    pub finished_at: Timestamp,
    pub age: Option<u16>,
    pub consent: Option<ConsentFacts>,
    /// why a submit without consent was needed to protect a life
    pub danger_to_life: Option<&'a str>,
    /// brought in from records that were made elsewhere, under consent given there
    pub is_import: bool,
}

#[derive(Debug, Clone, Copy)]
pub struct ConsentFacts {
    pub given_at: Timestamp,
    pub by_guardian: bool,
}

/// On what ground answers are taken in. Danger to life is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    Consent,
    DangerToLife,
    Import,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the end lies in the future; check the clock of the device")]
    FinishedInFuture,
    #[error("the start lies after the end")]
    StartedAfterFinish,
    #[error("the start lies more than {LONGEST_HOURS} hours before the end")]
    TookTooLong,
    #[error("nobody has consented; without consent only danger to life, with a reason, allows this")]
    NoConsent,
    #[error("say in a few words what the danger to life is")]
    DangerWithoutReason,
    #[error("the consent was given after the answers")]
    ConsentAfterAnswers,
    #[error("under {GUARDIAN_BELOW_AGE} a guardian consents")]
    GuardianNeeded,
    #[error("the consent was given for another purpose")]
    OtherPurpose,
    #[error("the consent was given for another recipient")]
    OtherRecipient,
}

impl Refused {
    /// The field to mend.
    pub const fn field(self) -> &'static str {
        match self {
            Self::FinishedInFuture => "finished_at",
            Self::StartedAfterFinish | Self::TookTooLong => "started_at",
            Self::NoConsent => "consent",
            Self::DangerWithoutReason => "danger_to_life.reason",
            Self::ConsentAfterAnswers => "consent.given_at",
            Self::GuardianNeeded => "consent.by",
            Self::OtherPurpose => "consent.purpose",
            Self::OtherRecipient => "consent.recipient",
        }
    }
}

/// Without consent nothing is taken in, except in danger to life, with a reason.
pub fn may_submit(facts: &Facts<'_>) -> Result<Ground, Refused> {
    if facts.finished_at > facts.now + TimeDelta::minutes(CLOCK_SKEW_MINUTES) {
        return Err(Refused::FinishedInFuture);
    }
    if facts.started_at > facts.finished_at {
        return Err(Refused::StartedAfterFinish);
    }
    if facts.finished_at - facts.started_at > TimeDelta::hours(LONGEST_HOURS) {
        return Err(Refused::TookTooLong);
    }
    if facts.is_import {
        return Ok(Ground::Import);
    }
    let consent = facts.consent.ok_or(Refused::NoConsent).and_then(|consent| may_rest_on(consent, facts));
    match (consent, facts.danger_to_life) {
        (Ok(()), _) => Ok(Ground::Consent),
        (Err(_), Some(reason)) if reason.trim().is_empty() => Err(Refused::DangerWithoutReason),
        (Err(_), Some(_)) => Ok(Ground::DangerToLife),
        (Err(refused), None) => Err(refused),
    }
}

fn may_rest_on(consent: ConsentFacts, facts: &Facts<'_>) -> Result<(), Refused> {
    if consent.given_at > facts.finished_at + TimeDelta::minutes(CLOCK_SKEW_MINUTES) {
        return Err(Refused::ConsentAfterAnswers);
    }
    if facts.age.is_some_and(|age| age < GUARDIAN_BELOW_AGE) && !consent.by_guardian {
        return Err(Refused::GuardianNeeded);
    }
    Ok(())
}

/// What a consent was given for, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    pub purpose: String,
    pub recipient: String,
}

/// A consent covers one purpose and one recipient, not whatever comes later.
pub fn covers(consent: &Binding, wanted: &Binding) -> Result<(), Refused> {
    if consent.purpose != wanted.purpose {
        return Err(Refused::OtherPurpose);
    }
    if consent.recipient != wanted.recipient {
        return Err(Refused::OtherRecipient);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_timestamp(1_790_000_000 + minute * 60, 0).unwrap()
    }

    fn by(guardian: bool) -> ConsentFacts {
        ConsentFacts { given_at: at(0), by_guardian: guardian }
    }

    const NOTHING: Option<ConsentFacts> = None;

    fn facts(consent: impl Into<Option<ConsentFacts>>) -> Facts<'static> {
        let consent = consent.into();
        Facts {
            now: at(20),
            started_at: at(1),
            finished_at: at(10),
            age: Some(34),
            consent,
            danger_to_life: None,
            is_import: false,
        }
    }

    #[test]
    fn consent_is_needed_except_for_danger_to_life_with_a_reason() {
        assert_eq!(may_submit(&facts(by(false))), Ok(Ground::Consent));
        assert_eq!(may_submit(&facts(NOTHING)), Err(Refused::NoConsent));
        let danger = |reason| may_submit(&Facts { danger_to_life: Some(reason), ..facts(NOTHING) });
        assert_eq!(danger("站在楼顶"), Ok(Ground::DangerToLife));
        assert_eq!(danger("  "), Err(Refused::DangerWithoutReason));
    }

    #[test]
    fn under_fourteen_a_guardian_consents() {
        let aged = |age, guardian| may_submit(&Facts { age: Some(age), ..facts(by(guardian)) });
        assert_eq!(aged(13, false), Err(Refused::GuardianNeeded));
        assert_eq!(aged(13, true), Ok(Ground::Consent));
        assert_eq!(aged(14, false), Ok(Ground::Consent));
        let danger = Facts { age: Some(9), danger_to_life: Some("站在楼顶"), ..facts(by(false)) };
        assert_eq!(may_submit(&danger), Ok(Ground::DangerToLife), "no guardian at hand");
    }

    #[test]
    fn times_that_cannot_be_are_refused_with_their_field() {
        let future = Facts { finished_at: at(26), ..facts(by(false)) };
        assert_eq!(may_submit(&future).map_err(Refused::field), Err("finished_at"));
        let just_ahead = Facts { finished_at: at(25), ..facts(by(false)) };
        assert_eq!(may_submit(&just_ahead), Ok(Ground::Consent));
        let backwards = Facts { started_at: at(11), ..facts(by(false)) };
        assert_eq!(may_submit(&backwards).map_err(Refused::field), Err("started_at"));
        let days = Facts { started_at: at(-2000), ..facts(by(false)) };
        assert_eq!(may_submit(&days), Err(Refused::TookTooLong));
        let late = Some(ConsentFacts { given_at: at(16), by_guardian: false });
        assert_eq!(may_submit(&facts(late)), Err(Refused::ConsentAfterAnswers));
    }

    #[test]
    fn records_from_elsewhere_bring_their_own_consent() {
        assert_eq!(may_submit(&Facts { is_import: true, ..facts(NOTHING) }), Ok(Ground::Import));
    }

    #[test]
    fn a_consent_covers_one_purpose_and_one_recipient() {
        let binding = |purpose: &str, recipient: &str| Binding {
            purpose: purpose.to_owned(),
            recipient: recipient.to_owned(),
        };
        let consent = binding("screening_and_care", "service_centre");
        assert_eq!(covers(&consent, &consent), Ok(()));
        assert_eq!(covers(&consent, &binding("research", "service_centre")), Err(Refused::OtherPurpose));
        assert_eq!(
            covers(&consent, &binding("screening_and_care", "employer")),
            Err(Refused::OtherRecipient)
        );
    }
}
