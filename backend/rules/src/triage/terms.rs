//! What a tier asks of us, however the tier came about: who answers, by when, and what a missed deadline becomes.

use super::document::{Document, MissedRule};
use super::progress::Stage;
use crate::dispatch::Priority;
use crate::identity::Post;
use crate::scale::Level;
use serde::{Deserialize, Serialize};

/// What the terms hang on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    pub tier: u8,
    pub age: Option<u16>,
    /// The gravest critical answer.
    pub level: Option<Level>,
    /// The highest tier of the time before, and the post that had it.
    pub before: Option<(u8, Option<Post>)>,
    /// First contact as the rows that decide say it; else the tier's own.
    pub contact_secs: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terms {
    pub owner: Option<Post>,
    /// The owner is the one of the time before.
    pub is_same_owner: bool,
    pub contact_secs: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IfMissed {
    pub priority: Priority,
    /// One alarm per owner and so many seconds, with a count; absent: an alarm of its own.
    pub gather_secs: Option<u32>,
}

impl Terms {
    pub fn of(document: &Document, standing: &Standing) -> Self {
        let Standing { tier, age, before, .. } = *standing;
        let rule = document.tiers.get(usize::from(tier));
        let young = &document.modifiers.young;
        let is_young = age.is_some_and(|age| age < young.below_age);
        let history = &document.history;
        // the history decides where the tier is its floor, and only who cares for people keeps them
        let same = before
            .filter(|(reached, _)| history.same_owner && *reached >= history.reached && tier == history.floor)
            .and_then(|(_, post)| post.filter(|post| post.is_care()));
        let special = young.owners.get(&tier).copied().filter(|_| is_young);
        let secs = standing.contact_secs.or(rule.and_then(|rule| rule.contact_secs));
        let is_halved = is_young && young.tiers.contains(&tier);
        Self {
            owner: same.or(special).or(rule.and_then(|rule| rule.owner)),
            is_same_owner: same.is_some(),
            contact_secs: secs
                .map(|secs| if is_halved { secs / young.divide_contact_by.max(1) } else { secs }),
        }
    }
}

/// What becomes of a deadline that was missed at this stage; `None`: it stands on the overdue lists.
pub fn if_missed(document: &Document, stage: Stage, tier: u8, level: Option<Level>) -> Option<IfMissed> {
    let with = |rule: &MissedRule, level: Option<Level>| match level {
        Some(_) => IfMissed { priority: rule.with_critical, gather_secs: None },
        None => IfMissed { priority: rule.without, gather_secs: Some(rule.gather_secs) },
    };
    let follow_up = Some(&document.follow_up).filter(|follow_up| tier >= follow_up.from_tier);
    match stage {
        Stage::FirstContact => {
            let rule = document.tiers.get(usize::from(tier)).and_then(|rule| rule.if_missed.as_ref());
            rule.map(|rule| with(rule, level))
        }
        Stage::FollowUp(_) => follow_up.map(|follow_up| with(&follow_up.if_missed, level)),
        // the person was seen; what is missing is a decision on paper
        Stage::Outcome => follow_up.map(|follow_up| with(&follow_up.if_missed, None)),
        Stage::Interview => None,
    }
}
