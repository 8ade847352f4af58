//! What must hold for every case.

use super::*;
use crate::people::Modifier;
use crate::triage::{Danger, History, SecondLook, SeenAgo, assess};
use proptest::prelude::*;

fn answer() -> impl Strategy<Value = Option<bool>> {
    prop::option::of(any::<bool>())
}

fn danger() -> impl Strategy<Value = Danger> {
    (answer(), answer(), answer(), any::<bool>(), answer()).prop_map(|(act, means, alone, word, plan)| {
        Danger {
            act_under_way: act,
            means_within_reach: means,
            alone,
            word_of_worker: word,
            plan_within_72h: plan,
            behaviour_within_24h: None,
        }
    })
}

fn first() -> impl Strategy<Value = StoredResult> {
    let statuses = prop_oneof![
        4 => Just(Status::Scored),
        1 => Just(Status::Incomplete),
        1 => Just(Status::Invalid),
    ];
    (0i64..=27, 0i64..=3, statuses, any::<bool>()).prop_map(|(value, q9, status, careless)| {
        let result = phq9(value, q9);
        let result = if status == Status::Scored { result } else { result.status(status) };
        StoredResult { careless, ..result }
    })
}

fn looks() -> impl Strategy<Value = Option<CaseResult>> {
    let items = ["q1", "q2", "q3", "q4", "q5", "q6", "q6a"];
    prop::option::of(prop::sample::subsequence(items.to_vec(), 0..=7).prop_map(|yes| c_ssrs(&yes)))
}

prop_compose! {
    fn cases()(first in first(), gad7 in prop::option::of(0i64..=21), look in looks(), danger in danger(),
               age in prop::option::of(8u16..90), tier in prop::option::of(0u8..=4), live in any::<bool>(),
               within_2h in any::<bool>(), bereaved in any::<bool>(),
               second_look in prop::sample::select(vec![SecondLook::NotNeeded, SecondLook::Pending,
                                                         SecondLook::Refused, SecondLook::BrokenOff, SecondLook::Done]))
              -> Case {
        let mut case = visit([first]);
        case.results.extend(gad7.map(|value| total("gad7", value).into()));
        case.results.extend(look);
        Case {
            age, live, danger, second_look,
            seen: SeenAgo { within_2h },
            history: History { highest_tier_30d: tier, ..History::default() },
            modifiers: if bereaved { [Modifier::Bereaved].into() } else { [].into() },
            ..case
        }
    }
}

proptest! {
    #[test]
    fn the_highest_matching_row_decides_and_every_suggestion_says_why(case in cases()) {
        let suggestion = ask(&case);
        prop_assert!(suggestion.tier <= 4);
        let highest = suggestion.reasons.iter().map(|reason| reason.tier).max().unwrap_or(0);
        prop_assert_eq!(suggestion.tier, highest);
        for reason in &suggestion.reasons {
            prop_assert!(!reason.text.zh.is_empty() && !reason.text.en.is_empty() && !reason.source.is_empty());
        }
    }

    #[test]
    fn tier_2_and_above_has_an_owner_and_a_deadline(case in cases()) {
        let suggestion = ask(&case);
        if suggestion.tier >= 2 {
            prop_assert!(suggestion.owner.is_some());
            prop_assert!(suggestion.first_contact_secs.is_some());
        }
    }

    #[test]
    fn only_a_live_tier_4_rings_at_once_and_every_one_does(case in cases()) {
        let suggestion = ask(&case);
        let at_once = suggestion.alarm.is_some_and(|alarm| alarm.after_secs == 0);
        prop_assert_eq!(at_once, case.is_live() && suggestion.tier == 4);
        if !case.is_live() {
            prop_assert!(suggestion.alarm.is_none() && suggestion.if_missed.is_none());
        }
    }

    #[test]
    fn a_form_that_is_not_whole_never_reads_as_none(case in cases()) {
        let doubtful = case.results.iter().any(|result| {
            result.careless() || result.gaps() != (false, false)
        });
        prop_assert!(!doubtful || ask(&case).tier >= 1);
    }

    #[test]
    fn a_critical_answer_never_reads_as_none(case in cases()) {
        let assessment = assess(&POLICY, &case);
        prop_assert!(assessment.level.is_none() || assessment.tier >= 1);
    }

    /// Nothing lowers by itself: one more yes about danger never makes a case less urgent.
    #[test]
    fn a_yes_never_lowers(case in cases(), more in danger()) {
        let before = ask(&case);
        let after = ask(&Case { danger: case.danger.raised_by(more), ..case });
        prop_assert!(after.tier >= before.tier);
        if let (Some(before), Some(after)) = (before.priority, after.priority) {
            prop_assert!(!before.is_more_urgent_than(after));
        }
    }

    #[test]
    fn history_and_circumstances_never_lower(case in cases()) {
        let plain = Case { history: History::default(), modifiers: [].into(), ..case.clone() };
        prop_assert!(ask(&case).tier >= ask(&plain).tier);
    }

    #[test]
    fn careless_answering_never_lowers(case in cases()) {
        let mut careless = case.clone();
        if let Some(CaseResult::Stored(first)) = careless.results.first_mut() {
            first.careless = true;
        }
        prop_assert!(ask(&careless).tier >= ask(&case).tier);
    }

    #[test]
    fn a_counterfactual_really_is_another_tier(case in cases()) {
        let suggestion = ask(&case);
        prop_assert!(suggestion.would_change.iter().all(|other| other.tier != suggestion.tier));
    }
}
