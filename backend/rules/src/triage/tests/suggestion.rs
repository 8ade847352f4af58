//! Reasons, owners, deadlines, counterfactuals and old results.

use super::*;
use crate::dispatch::Priority;
use crate::identity::Post;
use crate::people::{AgeBand, Modifier};
use crate::triage::{Certainty, Fact, History, IfMissed, SeenAgo, Stage, if_missed};

fn texts(suggestion: &Suggestion) -> Vec<String> {
    suggestion.would_change.iter().map(|other| other.text.en.clone()).collect()
}

#[test]
fn every_matching_row_is_shown_with_its_numbers_and_its_source() {
    let suggestion = ask(&visit([phq9(17, 1), total("gad7", 12)]));
    assert_eq!(
        rows(&suggestion),
        ["second_look.pending_longer", "phq9_15_critical", "phq9_15", "gad7_10", "several"]
    );
    let phq9 = &suggestion.reasons[1];
    assert_eq!(phq9.text.en, "PHQ-9 total 17 (15 to 19) with a critical answer");
    assert!(phq9.text.zh.contains("17"));
    assert_eq!(phq9.inputs["phq9.total"], Number::whole(17));
    let banded = &suggestion.reasons[2];
    assert_eq!(banded.text.en, "PHQ-9 total 17: 15 to 19");
    assert!(banded.source.contains("Kroenke") && banded.certainty == Some(Certainty::Published));
    let pending = &suggestion.reasons[0];
    assert_eq!(pending.inputs["phq9.q9"], Number::ONE);
    assert!(pending.text.zh.contains("PHQ-9 第 9 题 = 1"), "{}", pending.text.zh);
    assert!(
        suggestion
            .reasons
            .iter()
            .all(|reason| !reason.text.en.contains('{') && !reason.text.zh.contains('{'))
    );
    assert_eq!(suggestion.policy, "default@1.0.0");
}

#[test]
fn owners_are_posts_and_tier_2_and_above_has_a_deadline() {
    let table = [
        (0, None, None),
        (7, Some(Post::GridWorker), None),
        (12, Some(Post::CaseWorker), Some(72 * HOUR)),
        (22, Some(Post::Counsellor), Some(24 * HOUR)),
    ];
    for (value, owner, contact) in table {
        let suggestion = ask(&visit([phq9(value, 0)]));
        assert_eq!((suggestion.owner, suggestion.first_contact_secs), (owner, contact), "PHQ-9 {value}");
    }
    assert_eq!(ask(&visit([phq9(12, 0)])).interview_secs, Some(7 * 24 * HOUR));
    assert_eq!(ask(&visit([phq9(7, 0)])).rescreen_weeks, Some((4, 12)));
}

#[test]
fn a_missed_tier_3_is_p2_with_a_critical_answer_and_a_gathered_p3_without() {
    let without = ask(&visit([phq9(22, 0)]));
    assert_eq!(without.if_missed, Some(IfMissed { priority: Priority::P3, gather_secs: Some(HOUR) }));
    let with = ask(&visit([phq9(22, 1)]));
    assert_eq!(with.if_missed, Some(IfMissed { priority: Priority::P2, gather_secs: None }));
    assert_eq!(ask(&visit([phq9(12, 0)])).if_missed, None);
}

#[test]
fn under_18_deadlines_of_tiers_2_and_3_are_halved() {
    for (age, value, contact, owner) in [
        (17, 12, 36 * HOUR, Post::SchoolPsychologist),
        (18, 12, 72 * HOUR, Post::CaseWorker),
        (17, 22, 12 * HOUR, Post::Counsellor),
    ] {
        let suggestion = ask(&Case { age: Some(age), ..visit([phq9(value, 0)]) });
        if age < 18 {
            let declared = Some(if age < 14 { AgeBand::Under14 } else { AgeBand::From14To17 });
            let by_band = ask(&Case { declared_age: declared, ..visit([phq9(value, 0)]) });
            assert_eq!(by_band.first_contact_secs, suggestion.first_contact_secs, "{age} as the person says");
        }
        assert_eq!(suggestion.first_contact_secs, Some(contact), "{age} years, PHQ-9 {value}");
        assert_eq!(suggestion.owner, Some(owner));
        assert_eq!(suggestion.also.contains(&"guardian".to_owned()), age < 18);
    }
    let strong = Case { age: Some(14), seen: SeenAgo { within_2h: true }, ..visit([phq9(0, 2)]) };
    assert_eq!(ask(&strong).alarm.map(|alarm| alarm.after_secs), Some(900));
    let high = ask(&Case { age: Some(14), ..visit([phq9(0, 2).into(), asq(&["q5"])]) });
    assert_eq!((high.tier, high.first_contact_secs), (4, Some(600)));
}

#[test]
fn it_says_what_would_change_it() {
    // item 9 counts in the total: 20 − 1 = 19
    let suggestion = ask(&visit([phq9(20, 1)]));
    assert!(
        texts(&suggestion).contains(&"with PHQ-9 item 9 at 0: tier 2".to_owned()),
        "{:?}",
        texts(&suggestion)
    );
    let banded = ask(&visit([phq9(20, 0)]));
    assert_eq!(texts(&banded), ["with PHQ-9 total below 20: tier 2"]);
    assert_eq!(banded.would_change[0].text.zh, "若PHQ-9 总分低于 20\u{ff1a}2 级");
    let pending = ask(&visit([phq9(3, 1)]));
    assert_eq!(
        texts(&pending),
        [
            "with PHQ-9 item 9 at 0: tier 0",
            "if the second look is high: tier 4",
            "if the second look is low: tier 2",
            "if the second look is all no: tier 1",
        ]
    );
    let history = History { highest_tier_30d: Some(3), ..History::default() };
    let floored = ask(&Case { history, ..visit([phq9(0, 0)]) });
    assert_eq!(texts(&floored), ["without the recent higher tier: tier 0"]);
    let stepped = ask(&Case { modifiers: [Modifier::Bereaved].into(), ..visit([phq9(10, 0)]) });
    assert!(texts(&stepped).contains(&"without the special circumstance: tier 2".to_owned()));
    assert!(ask(&visit([phq9(0, 0)])).would_change.is_empty());
}

#[test]
fn old_results_do_not_ring() {
    let old = |case: Case| ask(&Case { live: false, ..case });
    let severe = old(visit([phq9(22, 2)]));
    assert_eq!((severe.tier, severe.alarm, severe.if_missed), (3, None, None));
    assert_eq!((severe.owner, severe.second_look.as_deref()), (Some(Post::Clinician), None));
    assert_eq!(severe.review.map(|review| review.within_working_days), Some(1));
    let high = old(visit([phq9(0, 2).into(), c_ssrs(&["q5"])]));
    assert_eq!((high.tier, high.alarm, high.owner), (4, None, Some(Post::Clinician)));
    let moderate = old(visit([phq9(12, 0)]));
    assert_eq!((moderate.owner, moderate.review), (Some(Post::CaseWorker), None));
}

#[test]
fn the_worker_is_asked_about_danger_only_at_tier_4() {
    assert!(ask(&visit([phq9(22, 1)])).ask.is_empty());
    let high = ask(&visit([phq9(0, 1).into(), c_ssrs(&["q4"])]));
    assert_eq!(high.ask, [Fact::ActUnderWay, Fact::MeansWithinReach, Fact::Alone]);
}

#[test]
fn a_suggestion_survives_storage_and_a_case_reads_what_scoring_writes() {
    let suggestion = ask(&visit([phq9(17, 2), total("gad7", 12)]));
    let json = serde_json::to_string(&suggestion).unwrap();
    assert_eq!(serde_json::from_str::<Suggestion>(&json).unwrap(), suggestion);
    let case: Case = serde_json::from_str(
        r#"{"results":[{"code":"phq9","version":"1.0.0","scores":{"total":{"value":17,"status":"scored","band":"x"}},
            "critical":[{"id":"q9","level":"strong","reason":"…"}],"items":{"q9":2},"quality":{}}],
            "live":true,"age":15,"modifiers":["bereaved","discharged_30d"],"second_look":"refused",
            "seen":{"within_2h":true},"danger":{"alone":true}}"#,
    )
    .unwrap();
    assert_eq!(ask(&case).tier, 3);
    assert!(serde_json::from_str::<Case>(r#"{"results":[],"live":true,"sene":1}"#).is_err());
}

#[test]
fn a_stored_result_leads_to_the_suggestion_of_the_scored_one() {
    let answers: Vec<(&str, i64)> =
        ["q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9"].into_iter().map(|id| (id, 2)).collect();
    let fresh = visit([scored("phq9", &answers)]);
    let CaseResult::Scored(result) = &fresh.results[0] else { panic!("just scored") };
    let stored = visit([StoredResult::from(result)]);
    assert_eq!(ask(&fresh), ask(&stored));
    assert_eq!(ask(&fresh).scales[0].hash.len(), 64);
}

#[test]
fn the_same_owner_keeps_a_person_only_where_the_history_decides_and_only_a_post_of_care() {
    let before =
        |tier, owner| History { highest_tier_30d: Some(tier), owner: Some(owner), ..History::default() };
    let after = |history, value| ask(&Case { history, ..visit([phq9(value, 0)]) });
    let kept = after(before(3, Post::Counsellor), 6);
    assert_eq!((kept.tier, kept.owner, kept.same_owner), (2, Some(Post::Counsellor), true));
    let seat = after(before(4, Post::SeatDispatcher), 6);
    assert_eq!((seat.tier, seat.owner, seat.same_owner), (2, Some(Post::CaseWorker), false));
    let higher = after(before(3, Post::Clinician), 22);
    assert_eq!((higher.tier, higher.owner), (3, Some(Post::Counsellor)));
    let high = Case { history: before(3, Post::Counsellor), ..visit([phq9(0, 2).into(), c_ssrs(&["q4"])]) };
    assert_eq!(ask(&high).owner, Some(Post::SeatDispatcher), "danger to life is the dispatcher's");
    let child = Case { age: Some(15), history: before(3, Post::Clinician), ..visit([phq9(6, 0)]) };
    assert_eq!(ask(&child).owner, Some(Post::Clinician));
}

#[test]
fn what_a_missed_deadline_becomes_hangs_on_the_tier_that_holds_now() {
    let document = POLICY.document();
    let missed = |stage, tier, level| if_missed(document, stage, tier, level).map(|missed| missed.priority);
    let critical = Some(Level::Critical);
    assert_eq!(missed(Stage::FirstContact, 3, critical), Some(Priority::P2));
    assert_eq!(missed(Stage::FirstContact, 3, None), Some(Priority::P3));
    assert_eq!(missed(Stage::FirstContact, 2, critical), None, "on the overdue lists");
    assert_eq!(missed(Stage::FollowUp(2), 4, critical), Some(Priority::P2));
    assert_eq!(missed(Stage::FollowUp(2), 4, None), Some(Priority::P3));
    assert_eq!(missed(Stage::Outcome, 3, critical), Some(Priority::P3));
    assert_eq!(missed(Stage::Interview, 2, critical), None);
}
