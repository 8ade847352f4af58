//! How an item of the queue stands, and what a word of the rules, a person or a missed deadline makes of it. Nothing
//! that asks for more is ever swallowed; nothing that asks for less undoes what a person has decided; and until it is
//! closed an item of tier 2 or more always waits for something, by a time.

use super::document::Document;
use super::terms::Terms;
use crate::Timestamp;
use crate::identity::Post;
use chrono::TimeDelta;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemState {
    /// Suggested; nobody has decided.
    Open,
    /// A person decided the tier.
    Confirmed,
    Closed,
}

impl ItemState {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Confirmed => "confirmed",
            Self::Closed => "closed",
        }
    }
}

/// What an item waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    FirstContact,
    Interview,
    /// The first is 1.
    FollowUp(u8),
    /// All was done that the policy asks for: somebody says what became of the person.
    Outcome,
}

impl Stage {
    pub const fn code(self) -> &'static str {
        match self {
            Self::FirstContact => "first_contact",
            Self::Interview => "interview",
            Self::FollowUp(_) => "follow_up",
            Self::Outcome => "outcome",
        }
    }

    /// 0 but for follow-ups.
    pub const fn number(self) -> u8 {
        match self {
            Self::FollowUp(number) => number,
            Self::FirstContact | Self::Interview | Self::Outcome => 0,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub state: ItemState,
    pub tier: u8,
    pub owner: Option<Post>,
    pub stage: Stage,
    /// Since when the deadlines of the stage and of those after it are counted.
    pub counted_from: Timestamp,
    pub due_at: Option<Timestamp>,
    pub contacted_at: Option<Timestamp>,
    /// Since when the deadline is known to be missed.
    pub overdue_at: Option<Timestamp>,
}

/// What the rules say of the visit now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    pub tier: u8,
    pub owner: Option<Post>,
    pub due_at: Option<Timestamp>,
    /// Something new was said, an answer or a yes. Else the same was only counted again, and lowers nothing.
    pub is_news: bool,
}

impl Progress {
    pub const fn new(word: Word, at: Timestamp) -> Self {
        Self {
            state: ItemState::Open,
            tier: word.tier,
            owner: word.owner,
            stage: Stage::FirstContact,
            counted_from: at,
            due_at: word.due_at,
            contacted_at: None,
            overdue_at: None,
        }
    }

    /// A result of tier 2 or more opens what was closed: whoever closed it did not know of it.
    #[must_use]
    pub fn told(self, word: Word, at: Timestamp) -> Self {
        let rises = word.tier > self.tier;
        let is_equal = word.tier == self.tier;
        let is_sooner = self.due_at.zip(word.due_at).is_some_and(|(before, after)| after < before);
        match self.state {
            ItemState::Closed if rises || word.is_news && word.tier >= 2 => {
                Self { owner: word.owner.or(self.owner), ..Self::new(word, at) }
            }
            ItemState::Open | ItemState::Confirmed if rises => self.asked_again(word, at),
            ItemState::Open | ItemState::Confirmed if word.is_news && is_equal && is_sooner => {
                Self { state: self.state, ..self.asked_again(word, at) }
            }
            ItemState::Open if word.is_news => {
                let owner = if self.contacted_at.is_some() { self.owner } else { word.owner.or(self.owner) };
                let keeps_deadline = is_equal || self.contacted_at.is_some();
                let due_at = if keeps_deadline { self.due_at.or(word.due_at) } else { word.due_at };
                Self { tier: word.tier, owner, ..self.due(due_at.or(self.due_at), at) }
            }
            ItemState::Open | ItemState::Confirmed | ItemState::Closed => self,
        }
    }

    /// A person puts it into another tier. A higher one asks for contact anew; for a lower one what was done counts.
    #[must_use]
    pub fn changed(self, tier: u8, terms: &Terms, at: Timestamp) -> Self {
        let due_at = terms.contact_secs.map(|contact_secs| at + secs(contact_secs));
        let word = Word { tier, owner: terms.owner, due_at, is_news: true };
        let changed = if tier > self.tier {
            self.asked_again(word, at)
        } else if self.contacted_at.is_some() {
            Self { tier, ..self }
        } else {
            Self { tier, owner: word.owner.or(self.owner), ..self.due(due_at.or(self.due_at), at) }
        };
        Self { state: ItemState::Confirmed, ..changed }
    }

    /// Somebody was in contact with the person: the next deadline begins.
    #[must_use]
    pub fn contacted(self, document: &Document, at: Timestamp) -> Self {
        let rule = &document.follow_up;
        let contacted = Self { contacted_at: self.contacted_at.or(Some(at)), ..self };
        if self.tier < 2 {
            return Self { stage: Stage::Outcome, due_at: None, overdue_at: None, ..contacted };
        }
        let interview_secs = document.tiers.get(usize::from(self.tier)).and_then(|tier| tier.interview_secs);
        let cared_for =
            Self { owner: self.owner.filter(|post| post.is_care()).or(Some(rule.by)), ..contacted };
        match (self.stage, interview_secs) {
            (Stage::FirstContact, Some(interview)) if self.tier < rule.from_tier => {
                let due_at = (self.counted_from + secs(interview)).max(at);
                Self { stage: Stage::Interview, ..cared_for.due(Some(due_at), at) }
            }
            (Stage::FirstContact, _) if self.tier >= rule.from_tier => cared_for.followed_from(document, at),
            (Stage::FirstContact | Stage::Interview, _) => cared_for.up_to_outcome(document, at),
            (Stage::FollowUp(done), _) => {
                // a call that came late serves those whose time had passed as well
                let ahead = |(after, _): &(u32, u8)| self.counted_from + secs(*after) > at;
                let mut next = rule.after_secs.iter().copied().zip(1..).skip(usize::from(done));
                match next.find(ahead) {
                    Some((after, number)) => {
                        let due_at = self.counted_from + secs(after);
                        Self { stage: Stage::FollowUp(number), ..cared_for.due(Some(due_at), at) }
                    }
                    None => cared_for.up_to_outcome(document, at),
                }
            }
            (Stage::Outcome, _) => cared_for,
        }
    }

    /// Closing an alarm never closes the item: it passes on, to be followed. Where the alarm ended without anybody
    /// reaching the person, first contact is still owed.
    #[must_use]
    pub fn alarm_closed(self, document: &Document, was_reached: bool, at: Timestamp) -> Self {
        if self.state == ItemState::Closed || self.tier < 2 {
            return self;
        }
        let passed_on = Self { owner: Some(document.follow_up.by), ..self };
        if was_reached || self.contacted_at.is_some() {
            let contacted_at = self.contacted_at.or(Some(at));
            return Self { contacted_at, ..passed_on.followed_from(document, at) };
        }
        let ahead = self.due_at.filter(|due_at| *due_at > at);
        let first = document.follow_up.after_secs.first().map(|after| at + secs(*after));
        passed_on.due(ahead.or(first).or(self.due_at), at)
    }

    #[must_use]
    pub fn missed(self, at: Timestamp) -> Self {
        Self { overdue_at: Some(at), ..self }
    }

    #[must_use]
    pub fn closed(self) -> Self {
        Self { state: ItemState::Closed, ..self }
    }

    fn followed_from(self, document: &Document, at: Timestamp) -> Self {
        match document.follow_up.after_secs.first() {
            Some(after) => {
                let due_at = at + secs(*after);
                Self { stage: Stage::FollowUp(1), counted_from: at, ..self.due(Some(due_at), at) }
            }
            None => self.up_to_outcome(document, at),
        }
    }

    fn up_to_outcome(self, document: &Document, at: Timestamp) -> Self {
        let due_at = at + secs(document.follow_up.outcome_secs);
        Self { stage: Stage::Outcome, ..self.due(Some(due_at), at) }
    }

    /// More, or the same sooner: somebody must act anew, whatever contact there was about less.
    fn asked_again(self, word: Word, at: Timestamp) -> Self {
        let ahead = self.due_at.filter(|due_at| *due_at > at);
        let due_at = ahead.into_iter().chain(word.due_at).min().or(self.due_at);
        let asked = Self {
            state: ItemState::Open,
            tier: word.tier,
            owner: word.owner.or(self.owner),
            stage: Stage::FirstContact,
            counted_from: at,
            contacted_at: None,
            ..self
        };
        asked.due(due_at, at)
    }

    fn due(self, due_at: Option<Timestamp>, at: Timestamp) -> Self {
        let overdue_at = self.overdue_at.filter(|_| due_at.is_some_and(|due_at| due_at <= at));
        Self { due_at, overdue_at, ..self }
    }
}

fn secs(value: u32) -> TimeDelta {
    TimeDelta::seconds(i64::from(value))
}

#[cfg(test)]
mod tests {
    use super::super::terms::Standing;
    use super::super::tests::POLICY;
    use super::*;
    use proptest::prelude::*;

    fn hour(hour: i64) -> Timestamp {
        Timestamp::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::hours(hour)
    }

    fn word(tier: u8, due: i64) -> Word {
        Word { tier, owner: Some(Post::Counsellor), due_at: Some(hour(due)), is_news: true }
    }

    fn fresh(tier: u8, due: i64) -> Progress {
        Progress::new(word(tier, due), hour(0))
    }

    fn closed(tier: u8) -> Progress {
        Progress { contacted_at: Some(hour(1)), ..fresh(tier, 24) }.closed()
    }

    fn stage(progress: Progress) -> (Stage, Option<Timestamp>) {
        (progress.stage, progress.due_at)
    }

    #[test]
    fn a_new_result_of_the_same_tier_opens_what_was_closed_and_asks_for_contact_again() {
        let told = closed(3).told(word(3, 6), hour(2));
        assert_eq!(told, Progress::new(word(3, 6), hour(2)));
        assert_eq!(closed(3).told(word(2, 72), hour(2)).state, ItemState::Open);
        assert_eq!(closed(3).told(word(1, 72), hour(2)), closed(3), "tier 1 asks nobody to act");
        let counted_again = Word { is_news: false, ..word(3, 6) };
        assert_eq!(closed(3).told(counted_again, hour(2)), closed(3));
        assert_eq!(closed(3).told(Word { is_news: false, ..word(4, 6) }, hour(2)).state, ItemState::Open);
    }

    #[test]
    fn the_earlier_deadline_of_equal_tiers_counts_even_after_somebody_confirmed() {
        let confirmed = Progress { state: ItemState::Confirmed, ..fresh(3, 24) };
        let told = confirmed.told(word(3, 6), hour(2));
        assert_eq!((told.state, told.due_at), (ItemState::Confirmed, Some(hour(6))));
        assert_eq!(confirmed.told(word(3, 30), hour(2)), confirmed);
        assert_eq!(confirmed.told(word(2, 6), hour(2)), confirmed, "a rule never lowers a person's word");
    }

    #[test]
    fn a_rise_counts_its_own_deadline_where_the_old_one_has_passed() {
        let late = Progress { overdue_at: Some(hour(24)), ..fresh(2, 24) };
        let told = late.told(word(3, 34), hour(30));
        assert_eq!((told.due_at, told.overdue_at), (Some(hour(34)), None));
        let late = late.told(word(2, 60), hour(30));
        assert_eq!((late.due_at, late.overdue_at), (Some(hour(24)), Some(hour(24))), "missed stays missed");
    }

    #[test]
    fn new_answers_may_lower_what_only_a_rule_has_said() {
        let lower = fresh(3, 24).told(word(1, 72), hour(2));
        assert_eq!((lower.tier, lower.due_at), (1, Some(hour(72))));
        let counted_again = Word { is_news: false, ..word(1, 72) };
        assert_eq!(fresh(3, 24).told(counted_again, hour(2)).tier, 3);
    }

    #[test]
    fn a_red_is_followed_after_a_day_three_days_and_a_week_and_then_has_an_outcome() {
        let document = POLICY.document();
        let mut item = Progress { owner: Some(Post::SeatDispatcher), ..fresh(4, 1) };
        let mut steps = Vec::new();
        for at in [1, 20, 70, 150, 160] {
            item = item.contacted(document, hour(at));
            steps.push(stage(item));
        }
        assert_eq!(item.owner, Some(Post::Clinician), "a dispatcher's seat follows nobody");
        assert_eq!(
            steps,
            [
                (Stage::FollowUp(1), Some(hour(25))),
                (Stage::FollowUp(2), Some(hour(73))),
                (Stage::FollowUp(3), Some(hour(169))),
                (Stage::Outcome, Some(hour(174))),
                (Stage::Outcome, Some(hour(174))),
            ]
        );
        let late = fresh(3, 24).contacted(document, hour(1)).missed(hour(25)).contacted(document, hour(80));
        assert_eq!((stage(late), late.overdue_at), ((Stage::FollowUp(3), Some(hour(169))), None));
        assert_eq!(late.owner, Some(Post::Counsellor));
    }

    #[test]
    fn in_tier_2_an_interview_follows_within_a_week_of_the_result() {
        let document = POLICY.document();
        let met = fresh(2, 72).contacted(document, hour(30));
        assert_eq!(stage(met), (Stage::Interview, Some(hour(7 * 24))));
        assert_eq!(stage(met.contacted(document, hour(100))), (Stage::Outcome, Some(hour(124))));
        let watched = fresh(1, 72).contacted(document, hour(30));
        assert_eq!(stage(watched), (Stage::Outcome, None));
    }

    #[test]
    fn a_closed_alarm_passes_the_item_on_and_never_leaves_it_with_a_deadline_of_the_past() {
        let document = POLICY.document();
        let ringing = Progress { owner: Some(Post::SeatDispatcher), ..fresh(4, 1) }.missed(hour(1));
        let helped = ringing.alarm_closed(document, true, hour(3));
        assert_eq!((stage(helped), helped.overdue_at), ((Stage::FollowUp(1), Some(hour(27))), None));
        assert_eq!((helped.owner, helped.contacted_at), (Some(Post::Clinician), Some(hour(3))));
        let not_reached = ringing.alarm_closed(document, false, hour(3));
        assert_eq!(stage(not_reached), (Stage::FirstContact, Some(hour(27))));
        assert_eq!((not_reached.owner, not_reached.contacted_at), (Some(Post::Clinician), None));
        assert_eq!(closed(4).alarm_closed(document, true, hour(3)), closed(4));
    }

    #[test]
    fn what_a_person_raises_asks_for_contact_anew_and_what_is_lowered_keeps_what_was_done() {
        let document = POLICY.document();
        let terms = |tier| Terms::of(document, &Standing { tier, ..Standing::default() });
        let talked = fresh(2, 72).contacted(document, hour(10));
        let raised = talked.changed(3, &terms(3), hour(11));
        assert_eq!((stage(raised), raised.contacted_at), ((Stage::FirstContact, Some(hour(35))), None));
        assert_eq!((raised.state, raised.owner), (ItemState::Confirmed, Some(Post::Counsellor)));
        let followed = fresh(3, 24).contacted(document, hour(10));
        let lowered = followed.changed(2, &terms(2), hour(11));
        assert_eq!((lowered.tier, stage(lowered)), (2, stage(followed)));
        let untouched = fresh(3, 24).changed(2, &terms(2), hour(11));
        assert_eq!((untouched.owner, untouched.due_at), (Some(Post::CaseWorker), Some(hour(83))));
    }

    fn states() -> impl Strategy<Value = ItemState> {
        prop_oneof![Just(ItemState::Open), Just(ItemState::Confirmed), Just(ItemState::Closed)]
    }

    proptest! {
        #[test]
        fn no_red_result_is_ever_swallowed(
            state in states(), tier in 0u8..=4, due in 1i64..80, new in 2u8..=4, new_due in 31i64..110,
            contacted in proptest::option::of(0i64..30), is_news: bool,
        ) {
            let contacted_at = contacted.map(hour);
            let before = Progress { state, contacted_at, ..fresh(tier, due) };
            let told = before.told(Word { is_news, ..word(new, new_due) }, hour(30));
            if is_news || new > tier {
                prop_assert!(told.state != ItemState::Closed);
                prop_assert!(told.tier >= new);
                prop_assert!(told.due_at.is_some());
            }
            if new >= tier && told != before && told.contacted_at.is_none() {
                prop_assert!(told.due_at <= Some(hour(new_due)));
            }
            if state == ItemState::Confirmed {
                prop_assert!(told.tier >= tier);
            }
        }


        /// Whatever happens to it, in whatever order.
        #[test]
        fn an_open_item_of_tier_2_always_waits_for_something_ahead_or_is_known_to_be_late(
            tier in 2u8..=4, acts in proptest::collection::vec((0u8..7, 0u8..=4, 1i64..100), 1..12),
        ) {
            let document = POLICY.document();
            let (mut item, mut now) = (fresh(tier, 24), 0);
            for (act, tier, hours) in acts {
                now += hours;
                let at = hour(now);
                if item.overdue_at.is_none() && item.tier >= 2 && item.due_at.is_some_and(|due| due <= at) {
                    item = item.missed(at);
                }
                let terms = Terms::of(document, &Standing { tier, ..Standing::default() });
                let due_at = terms.contact_secs.map(|contact_secs| at + secs(contact_secs));
                item = match act {
                    0 | 1 => item.contacted(document, at),
                    2 => item.alarm_closed(document, true, at),
                    3 => item.alarm_closed(document, false, at),
                    4 if tier != item.tier => item.changed(tier, &terms, at),
                    5 => item.closed(),
                    _ => item.told(Word { tier, owner: terms.owner, due_at, is_news: act == 6 }, at),
                };
                if item.tier >= 2 && item.state != ItemState::Closed {
                    let is_ahead = item.due_at.is_some_and(|due_at| due_at >= at);
                    prop_assert!(is_ahead || item.overdue_at.is_some(), "{act}: {item:?}");
                    prop_assert!(item.owner.is_some());
                }
            }
        }
    }
}
