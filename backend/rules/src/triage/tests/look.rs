//! The second-look table, cell by cell, and the priority of what rings.

use super::*;
use crate::dispatch::Priority;
use crate::triage::{AlarmPlan, Danger, SecondLook, SeenAgo};

const Q9: [i64; 3] = [0, 1, 2];

fn with_look(q9: i64, look: CaseResult) -> Case {
    let mut case = visit([phq9(0, q9)]);
    case.results.push(look);
    case
}

#[test]
fn a_high_look_is_tier_4_whatever_the_first_answer_was() {
    for sign in ["q4", "q5", "q6a"] {
        for q9 in Q9 {
            let suggestion = ask(&with_look(q9, c_ssrs(&["q1", "q2", sign])));
            assert_eq!(suggestion.tier, 4, "{sign}, item 9 = {q9}");
            assert_eq!(suggestion.alarm.map(|alarm| alarm.after_secs), Some(0));
            assert_eq!(suggestion.owner.map(crate::identity::Post::code), Some("seat_dispatcher"));
            assert_eq!(suggestion.first_contact_secs, Some(600));
            assert_eq!(suggestion.second_look, None);
        }
    }
    for q9 in Q9 {
        assert_eq!(ask(&with_look(q9, asq(&["q1", "q5"]))).tier, 4);
    }
}

#[test]
fn a_moderate_look_is_tier_3_within_4_hours() {
    for look in
        [c_ssrs(&["q1", "q2", "q3"]), c_ssrs(&["q6"]), asq(&["q1"]), asq(&["q2"]), asq(&["q3"]), asq(&["q4"])]
    {
        for q9 in Q9 {
            let suggestion = ask(&with_look(q9, look.clone()));
            assert_eq!((suggestion.tier, suggestion.first_contact_secs), (3, Some(4 * HOUR)));
            assert_eq!(suggestion.alarm, None);
        }
    }
}

#[test]
fn a_low_look_is_tier_2_within_72_hours() {
    for look in [c_ssrs(&["q1"]), c_ssrs(&["q2"]), c_ssrs(&["q1", "q2"])] {
        for q9 in Q9 {
            let suggestion = ask(&with_look(q9, look.clone()));
            assert_eq!(
                (suggestion.tier, suggestion.first_contact_secs),
                (2, Some(72 * HOUR)),
                "item 9 = {q9}"
            );
        }
    }
}

#[test]
fn a_look_that_is_all_no_leaves_it_to_the_bands_with_a_floor() {
    for (q9, floor) in [(0, 0), (1, 1), (2, 2)] {
        for look in [c_ssrs(&[]), asq(&[])] {
            let suggestion = ask(&with_look(q9, look));
            assert_eq!(suggestion.tier, floor, "item 9 = {q9}");
            assert!(rows(&suggestion).contains(&"second_look.all_no"));
        }
    }
    let severe = ask(&visit([phq9(21, 1).into(), c_ssrs(&[])]));
    assert_eq!(severe.tier, 3);
}

#[test]
fn a_pending_look_is_tier_3_and_after_a_strong_answer_rings_in_30_minutes() {
    for second_look in
        [SecondLook::NotNeeded, SecondLook::Pending, SecondLook::Refused, SecondLook::BrokenOff]
    {
        for (q9, within_2h, contact, alarm) in [
            (1, true, 4 * HOUR, None),
            (1, false, 4 * HOUR, None),
            (2, false, 4 * HOUR, None),
            (2, true, 1800, Some(AlarmPlan { priority: Priority::P2, after_secs: 1800 })),
        ] {
            let seen = SeenAgo { within_2h };
            let suggestion = ask(&Case { second_look, seen, ..visit([phq9(0, q9)]) });
            assert_eq!(suggestion.tier, 3, "{second_look:?}");
            assert_eq!(suggestion.first_contact_secs, Some(contact));
            assert_eq!(suggestion.alarm, alarm);
            let missed = suggestion.if_missed.map(|missed| missed.priority);
            assert_eq!(missed, if alarm.is_some() { None } else { Some(Priority::P2) });
        }
    }
    // no critical answer: a look that was begun by choice and broken off says nothing
    let by_choice = Case { second_look: SecondLook::BrokenOff, ..visit([phq9(0, 0)]) };
    assert_eq!(ask(&by_choice).tier, 0);
}

#[test]
fn a_look_that_was_done_elsewhere_is_still_owed_until_its_answers_are_here() {
    let case = Case { second_look: SecondLook::Done, ..visit([phq9(0, 1)]) };
    assert_eq!(ask(&case).tier, 3);
}

#[test]
fn what_a_broken_off_look_has_said_counts() {
    let broken = |yes: &[&str]| match c_ssrs(yes) {
        CaseResult::Stored(stored) => CaseResult::Stored(stored.status(Status::Incomplete)),
        scored @ CaseResult::Scored(_) => scored,
    };
    let case = |yes: &[&str]| Case { seen: SeenAgo { within_2h: true }, ..with_look(2, broken(yes)) };
    assert_eq!(ask(&case(&["q5"])).tier, 4);
    let low = ask(&case(&["q1"]));
    assert_eq!((low.tier, low.first_contact_secs), (3, Some(1800)));
    let nothing_yet = ask(&case(&[]));
    assert_eq!(nothing_yet.tier, 3);
    assert!(!rows(&nothing_yet).contains(&"second_look.all_no"));
}

#[test]
fn a_worker_says_imminent() {
    for danger in [
        Danger { word_of_worker: true, ..Danger::default() },
        Danger { plan_within_72h: Some(true), ..Danger::default() },
        Danger { act_under_way: Some(true), ..Danger::default() },
    ] {
        assert_eq!(ask(&Case { danger, ..visit([phq9(0, 0)]) }).tier, 4, "{danger:?}");
    }
    for danger in [
        Danger { means_within_reach: Some(true), ..Danger::default() },
        Danger { alone: Some(true), ..Danger::default() },
        Danger { plan_within_72h: Some(false), ..Danger::default() },
    ] {
        assert_eq!(ask(&Case { danger, ..visit([phq9(0, 0)]) }).tier, 0, "{danger:?}");
    }
}

#[test]
fn priority_is_p2_unless_something_raises_it() {
    let high = |yes: &[&str], danger| ask(&Case { danger, ..with_look(2, c_ssrs(yes)) }).priority;
    let none = Danger::default();
    assert_eq!(high(&["q4"], none), Some(Priority::P2));
    assert_eq!(high(&["q6a"], none), Some(Priority::P2));
    assert_eq!(high(&["q5"], none), Some(Priority::P1));
    for yes in [
        Danger { act_under_way: Some(true), ..none },
        Danger { means_within_reach: Some(true), ..none },
        Danger { alone: Some(true), ..none },
    ] {
        assert_eq!(high(&["q4"], yes), Some(Priority::P1), "{yes:?}");
    }
    let all_no =
        Danger { act_under_way: Some(false), means_within_reach: Some(false), alone: Some(false), ..none };
    assert_eq!(high(&["q4"], all_no), Some(Priority::P2));
    assert_eq!(high(&["q5"], all_no), Some(Priority::P1));
}

#[test]
fn a_later_answer_to_a_danger_question_only_raises() {
    let yes = Danger { act_under_way: Some(true), ..Danger::default() };
    let no = Danger { act_under_way: Some(false), ..Danger::default() };
    assert_eq!(yes.raised_by(no).act_under_way, Some(true));
    assert_eq!(no.raised_by(yes).act_under_way, Some(true));
    assert_eq!(no.raised_by(Danger::default()).act_under_way, Some(false));
    assert_eq!(Danger::default().raised_by(no).act_under_way, Some(false));
}

#[test]
fn critical_and_strong_start_where_the_policy_says() {
    let levels = [
        (total("phq9", 0).item("q9", 0), None),
        (total("phq9", 0).item("q9", 1), Some(Level::Critical)),
        (total("phq9", 0).item("q9", 2), Some(Level::Strong)),
        (total("epds", 0).item("q10", 1), Some(Level::Critical)),
        (total("epds", 0).item("q10", 2), Some(Level::Strong)),
        (total("scl90", 90).item("q15", 1), None),
        (total("scl90", 90).item("q15", 2), Some(Level::Critical)),
        (total("scl90", 90).item("q15", 3), Some(Level::Critical)),
        (total("scl90", 90).item("q15", 4), Some(Level::Strong)),
        (total("upi", 0).item("q25", 1), Some(Level::Critical)),
        (total("gds15", 0).item("q14", 1), Some(Level::Critical)),
        // a scale the policy has no critical row for speaks for itself
        (total("new_scale", 0).critical("q3", Level::Strong), Some(Level::Strong)),
        // where the policy has a row, it decides
        (total("phq9", 0).item("q9", 0).critical("q9", Level::Strong), None),
    ];
    for (result, level) in levels {
        let case = visit([result.clone()]);
        assert_eq!(super::super::assess(&POLICY, &case).level, level, "{} {:?}", result.code, result.items);
    }
}

#[test]
fn gds15_item_14_is_tier_2_until_the_look_of_the_same_visit() {
    let gds15 = || total("gds15", 1).item("q14", 1);
    let pending = ask(&visit([gds15()]));
    assert_eq!((pending.tier, pending.first_contact_secs), (2, Some(72 * HOUR)));
    assert_eq!(pending.second_look.as_deref(), Some("c_ssrs_screener"));
    assert_eq!(ask(&visit([gds15().into(), c_ssrs(&["q5"])])).tier, 4);
    assert_eq!(ask(&visit([gds15().into(), c_ssrs(&[])])).tier, 1);
    // with another critical answer beside it the table holds
    assert_eq!(ask(&visit([gds15(), phq9(0, 1)])).tier, 3);
}

#[test]
fn under_18_the_look_is_the_asq() {
    for (age, look) in [(Some(17), "asq"), (Some(18), "c_ssrs_screener"), (None, "c_ssrs_screener")] {
        let suggestion = ask(&Case { age, ..visit([phq9(0, 1)]) });
        assert_eq!(suggestion.second_look.as_deref(), Some(look), "{age:?}");
    }
}

#[test]
fn the_story_of_the_door_with_real_scoring() {
    let items: Vec<(&str, i64)> = ["q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8"]
        .into_iter()
        .map(|id| (id, 1))
        .chain([("q9", 2)])
        .collect();
    let mut case =
        Case { seen: SeenAgo { within_2h: true }, age: Some(34), ..visit([scored("phq9", &items)]) };
    let first = ask(&case);
    assert_eq!((first.tier, first.second_look.as_deref()), (3, Some("c_ssrs_screener")));
    case.results
        .push(scored("c_ssrs_screener", &[("q1", 1), ("q2", 1), ("q3", 1), ("q4", 1), ("q5", 1), ("q6", 0)]));
    let second = ask(&case);
    assert_eq!((second.tier, second.priority), (4, Some(Priority::P1)));
    assert_eq!(second.alarm, Some(AlarmPlan { priority: Priority::P1, after_secs: 0 }));
    assert_eq!(rows(&second)[..2], ["c_ssrs_q4", "c_ssrs_q5"]);
    assert_eq!(second.ask.len(), 3);
}

#[test]
fn a_refused_asq_question_is_a_yes_and_a_refused_last_one_stays_moderate() {
    let scale = shipped_scales().find(|scale| scale.code() == "asq").unwrap();
    let refused = |json: &str| {
        let answers: Answers = serde_json::from_str(json).unwrap();
        CaseResult::from(scale.score(&Respondent::default(), &answers).unwrap())
    };
    for json in
        [r#"{"q1":"refused","q2":0,"q3":0,"q4":0,"q5":0}"#, r#"{"q1":0,"q2":1,"q3":0,"q4":0,"q5":"refused"}"#]
    {
        let suggestion = ask(&Case { age: Some(15), ..with_look(1, refused(json)) });
        assert_eq!(suggestion.tier, 3, "{json}");
        assert_eq!(suggestion.first_contact_secs, Some(2 * HOUR), "half of 4 hours under 18");
    }
}

#[test]
fn low_is_said_only_of_a_look_that_was_finished() {
    let broken = scored("c_ssrs_screener", &[("q1", 1), ("q2", 1)]);
    let alone = ask(&visit([broken.clone()]));
    assert_eq!((alone.tier, alone.first_contact_secs), (3, Some(4 * HOUR)));
    assert_eq!(alone.second_look.as_deref(), Some("c_ssrs_screener"), "the rest is still to be asked");
    let why = &alone.reasons[0];
    assert_eq!(why.row, "second_look.pending_longer");
    assert!(why.text.en.contains("C-SSRS screener item 1 = 1"), "{}", why.text.en);
    assert!(!rows(&alone).contains(&"c_ssrs_q1"), "{:?}", rows(&alone));

    let critical = ask(&visit([phq9(0, 1).into(), broken.clone()]));
    assert_eq!((critical.tier, critical.first_contact_secs), (3, Some(4 * HOUR)));
    let finished =
        scored("c_ssrs_screener", &[("q1", 1), ("q2", 1), ("q3", 0), ("q4", 0), ("q5", 0), ("q6", 0)]);
    let low = ask(&visit([phq9(0, 1).into(), finished.clone()]));
    assert_eq!((low.tier, low.first_contact_secs, low.second_look), (2, Some(72 * HOUR), None));
    let again = ask(&visit([broken, finished]));
    assert_eq!(again.tier, 2, "asked again to its end");
    let all_no_so_far = ask(&visit([scored("c_ssrs_screener", &[("q1", 0)])]));
    assert_eq!(all_no_so_far.tier, 1, "nothing was said, and nothing is known");
}

#[test]
fn what_is_happening_now_rings_however_old_the_answers_are() {
    let danger = Danger { act_under_way: Some(true), ..Danger::default() };
    let now = ask(&Case { live: false, danger, ..visit([phq9(9, 0)]) });
    assert_eq!((now.tier, now.priority), (4, Some(Priority::P1)));
    assert_eq!(now.alarm, Some(AlarmPlan { priority: Priority::P1, after_secs: 0 }));
    assert_eq!((now.review, now.owner), (None, Some(crate::identity::Post::SeatDispatcher)));
    let nothing_known = ask(&Case { live: false, ..visit([phq9(9, 2)]) });
    assert_eq!(nothing_known.alarm, None);
}
