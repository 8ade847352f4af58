//! May these answers be taken in? Consent, age, and times that can be. And is a result young enough to ring?
//!
//! Sources: Personal Information Protection Law of the PRC (2021), articles 13 (grounds, among them the protection of
//! life in an emergency), 14 (consent), 28 (sensitive information, and that of children), 31 (a guardian's consent
//! under 14). Seen: memory; a lawyer of the tenant confirms them before use.

use crate::Timestamp;
use crate::device_clock::LONGEST_HOURS;
use crate::people::AgeBand;
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
    /// when the person last took their consent back
    pub withdrawn_at: Option<Timestamp>,
    pub consent: Option<ConsentFacts>,
    /// why a submit without consent was needed to protect a life
    pub danger_to_life: Option<&'a str>,
    /// brought in from records that were made elsewhere, under consent given there
    pub is_import: bool,
}

#[derive(Debug, Clone, Copy)]
pub struct ConsentFacts {
    pub given_at: Timestamp,
    /// the version that was shown is one of ours
    pub is_known_notice: bool,
    pub by_guardian: bool,
    pub relation: Option<GuardianRelation>,
    pub declared_age: Option<AgeBand>,
}

/// Who consents for somebody. Civil Code of the PRC (2020), articles 27 (of a minor) and 28 (of an adult).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardianRelation {
    Mother,
    Father,
    Grandparent,
    ElderSibling,
    Spouse,
    AdultChild,
    OtherGuardian,
}

impl GuardianRelation {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Mother => "mother",
            Self::Father => "father",
            Self::Grandparent => "grandparent",
            Self::ElderSibling => "elder_sibling",
            Self::Spouse => "spouse",
            Self::AdultChild => "adult_child",
            Self::OtherGuardian => "other_guardian",
        }
    }
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
    #[error("say how the guardian is related to the person")]
    RelationMissing,
    #[error("the birth date is not known: the consent says how old the person is")]
    AgeUnknown,
    #[error("there is no such notice")]
    UnknownNotice,
    #[error("the person has withdrawn their consent; only a new one, or danger to life, allows this")]
    Withdrawn,
}

impl Refused {
    /// The field to mend.
    pub const fn field(self) -> &'static str {
        match self {
            Self::FinishedInFuture => "finished_at",
            Self::StartedAfterFinish | Self::TookTooLong => "started_at",
            Self::NoConsent | Self::Withdrawn => "consent",
            Self::DangerWithoutReason => "danger_to_life.reason",
            Self::ConsentAfterAnswers => "consent.given_at",
            Self::GuardianNeeded => "consent.by",
            Self::RelationMissing => "consent.guardian_relation",
            Self::AgeUnknown => "consent.declared_age",
            Self::UnknownNotice => "consent.notice_version",
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
        // consent was given where they were made; once taken back, what comes after rests on none
        let is_after = facts.withdrawn_at.is_some_and(|withdrawn_at| facts.finished_at > withdrawn_at);
        return if is_after { Err(Refused::Withdrawn) } else { Ok(Ground::Import) };
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
    if !consent.is_known_notice {
        return Err(Refused::UnknownNotice);
    }
    if consent.given_at > facts.finished_at + TimeDelta::minutes(CLOCK_SKEW_MINUTES) {
        return Err(Refused::ConsentAfterAnswers);
    }
    // What was answered before it was taken back was answered lawfully, however late it comes: a red among it is one.
    let was_over = |withdrawn_at| consent.given_at <= withdrawn_at && facts.finished_at > withdrawn_at;
    if facts.withdrawn_at.is_some_and(was_over) {
        return Err(Refused::Withdrawn);
    }
    let age = facts.age.or(consent.declared_age.map(AgeBand::stands_for)).ok_or(Refused::AgeUnknown)?;
    if age < GUARDIAN_BELOW_AGE && !consent.by_guardian {
        return Err(Refused::GuardianNeeded);
    }
    if consent.by_guardian && consent.relation.is_none() {
        return Err(Refused::RelationMissing);
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
        ConsentFacts {
            given_at: at(0),
            is_known_notice: true,
            by_guardian: guardian,
            relation: guardian.then_some(GuardianRelation::Mother),
            declared_age: None,
        }
    }

    const NOTHING: Option<ConsentFacts> = None;

    fn facts(consent: impl Into<Option<ConsentFacts>>) -> Facts<'static> {
        let consent = consent.into();
        Facts {
            now: at(20),
            started_at: at(1),
            finished_at: at(10),
            age: Some(34),
            withdrawn_at: None,
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
        let late = Some(ConsentFacts { given_at: at(16), ..by(false) });
        assert_eq!(may_submit(&facts(late)), Err(Refused::ConsentAfterAnswers));
    }

    #[test]
    fn records_from_elsewhere_bring_their_own_consent() {
        assert_eq!(may_submit(&Facts { is_import: true, ..facts(NOTHING) }), Ok(Ground::Import));
    }

    #[test]
    fn where_the_age_is_not_known_somebody_says_it() {
        let said = |declared_age, guardian| {
            may_submit(&Facts { age: None, ..facts(ConsentFacts { declared_age, ..by(guardian) }) })
        };
        assert_eq!(said(None, true), Err(Refused::AgeUnknown));
        assert_eq!(said(Some(AgeBand::Under14), false), Err(Refused::GuardianNeeded));
        assert_eq!(said(Some(AgeBand::Under14), true), Ok(Ground::Consent));
        assert_eq!(said(Some(AgeBand::From14To17), false), Ok(Ground::Consent));
        assert_eq!(said(Some(AgeBand::Adult), false), Ok(Ground::Consent));
        let known =
            Facts { age: Some(9), ..facts(ConsentFacts { declared_age: Some(AgeBand::Adult), ..by(false) }) };
        assert_eq!(may_submit(&known), Err(Refused::GuardianNeeded), "what is on file goes first");
    }

    #[test]
    fn a_consent_names_its_notice_and_a_guardian_says_who_they_are() {
        let unknown = ConsentFacts { is_known_notice: false, ..by(false) };
        assert_eq!(may_submit(&facts(unknown)).map_err(Refused::field), Err("consent.notice_version"));
        let nobody = ConsentFacts { relation: None, ..by(true) };
        assert_eq!(may_submit(&facts(nobody)), Err(Refused::RelationMissing));
        let danger = Facts { danger_to_life: Some("站在楼顶"), ..facts(unknown) };
        assert_eq!(may_submit(&danger), Ok(Ground::DangerToLife));
    }

    #[test]
    fn what_was_taken_back_counts_no_more_until_it_is_given_again() {
        // agreed to at 0, answered until 10
        let withdrawn = |minute| Facts { withdrawn_at: Some(at(minute)), ..facts(by(false)) };
        assert_eq!(may_submit(&withdrawn(-1)), Ok(Ground::Consent), "given anew since");
        assert_eq!(may_submit(&withdrawn(0)), Err(Refused::Withdrawn));
        assert_eq!(may_submit(&withdrawn(5)), Err(Refused::Withdrawn));
        assert_eq!(may_submit(&withdrawn(11)), Ok(Ground::Consent), "it was answered before");
        let import = |minute| may_submit(&Facts { is_import: true, consent: None, ..withdrawn(minute) });
        assert_eq!(import(5), Err(Refused::Withdrawn));
        assert_eq!(import(11), Ok(Ground::Import));
        let danger = Facts { danger_to_life: Some("站在楼顶"), ..withdrawn(5) };
        assert_eq!(may_submit(&danger), Ok(Ground::DangerToLife));
    }
}
