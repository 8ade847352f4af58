//! A person decides the tier. Raising is free; lowering a tier 3 or 4 needs a second person and a reason.

use super::closing::Outcome;
use crate::Private;
use crate::ids::AccountId;

/// What a change comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Holds from now on.
    Done { tier: u8, reason: Option<Private<String>> },
    /// Holds when a second person agrees; until then the tier stays.
    AsksSecond(SecondAsk),
}

/// A wish that waits for its second person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondAsk {
    pub asked_by: AccountId,
    pub wish: Wish,
    pub reason: Private<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Into this lower tier.
    Lower(u8),
    Close(Outcome),
}

/// How the second person answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecondOutcome {
    Agreed { wish: Wish, reason: Private<String> },
    Kept,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("a tier is 0, 1, 2, 3 or 4")]
    NoSuchTier,
    #[error("this is the tier already")]
    SameTier,
    #[error("a reason is needed")]
    ReasonNeeded,
    #[error("nobody has been in contact yet")]
    NotContacted,
    #[error("{recorded} of {needed} attempts are on record")]
    AttemptsNeeded { recorded: u16, needed: u16 },
    #[error("the second person must be somebody else")]
    SamePerson,
}

/// From here down a second person must agree.
const SECOND_PERSON_FROM_TIER: u8 = 3;
const HIGHEST_TIER: u8 = 4;

/// `by` wants tier `wanted` in place of `current`.
pub fn change(
    current: u8,
    wanted: u8,
    by: AccountId,
    reason: Option<Private<String>>,
) -> Result<Change, Refused> {
    let reason = reason.filter(|reason| !reason.expose().trim().is_empty());
    if wanted > HIGHEST_TIER {
        return Err(Refused::NoSuchTier);
    }
    if wanted == current {
        return Err(Refused::SameTier);
    }
    if wanted > current {
        return Ok(Change::Done { tier: wanted, reason });
    }
    let reason = reason.ok_or(Refused::ReasonNeeded)?;
    if current >= SECOND_PERSON_FROM_TIER {
        return Ok(Change::AsksSecond(SecondAsk { asked_by: by, wish: Wish::Lower(wanted), reason }));
    }
    Ok(Change::Done { tier: wanted, reason: Some(reason) })
}

/// The second person answers.
pub fn answer_second(ask: SecondAsk, by: AccountId, agrees: Agrees) -> Result<SecondOutcome, Refused> {
    if ask.asked_by == by {
        return Err(Refused::SamePerson);
    }
    match agrees {
        Agrees::Yes => Ok(SecondOutcome::Agreed { wish: ask.wish, reason: ask.reason }),
        Agrees::No => Ok(SecondOutcome::Kept),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agrees {
    Yes,
    No,
}

impl From<bool> for Agrees {
    fn from(agrees: bool) -> Self {
        if agrees { Self::Yes } else { Self::No }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    const CLINICIAN: AccountId = AccountId(Uuid::from_u128(1));
    const LEAD: AccountId = AccountId(Uuid::from_u128(2));

    fn because(text: &str) -> Private<String> {
        Private::new(text.to_owned())
    }

    #[test]
    fn raising_is_free() {
        assert_eq!(change(1, 4, CLINICIAN, None), Ok(Change::Done { tier: 4, reason: None }));
        assert_eq!(change(0, 1, CLINICIAN, Some(because(" "))), Ok(Change::Done { tier: 1, reason: None }));
    }

    #[test]
    fn lowering_needs_a_reason_and_from_tier_3_a_second_person() {
        assert_eq!(change(2, 1, CLINICIAN, None), Err(Refused::ReasonNeeded));
        assert!(matches!(change(2, 0, CLINICIAN, Some(because("talked"))), Ok(Change::Done { tier: 0, .. })));
        assert_eq!(change(4, 3, CLINICIAN, Some(because(""))), Err(Refused::ReasonNeeded));
        let Ok(Change::AsksSecond(ask)) = change(3, 2, CLINICIAN, Some(because("talked"))) else {
            panic!("must ask a second person");
        };
        assert_eq!(answer_second(ask.clone(), CLINICIAN, Agrees::Yes), Err(Refused::SamePerson));
        assert_eq!(answer_second(ask.clone(), LEAD, Agrees::No), Ok(SecondOutcome::Kept));
        let agreed = answer_second(ask, LEAD, true.into());
        assert!(matches!(agreed, Ok(SecondOutcome::Agreed { wish: Wish::Lower(2), .. })));
    }

    #[test]
    fn only_tiers_0_to_4_exist() {
        assert_eq!(change(4, 5, CLINICIAN, None), Err(Refused::NoSuchTier));
        assert_eq!(change(2, 2, CLINICIAN, Some(because("x"))), Err(Refused::SameTier));
    }

    proptest! {
        #[test]
        fn one_person_alone_never_lowers_a_high_tier(current in 3u8..=4, wanted in 0u8..=4, text in ".{0,8}") {
            if let Ok(Change::Done { tier, .. }) = change(current, wanted, CLINICIAN, Some(because(&text))) {
                prop_assert!(tier > current);
            }
        }
    }
}
