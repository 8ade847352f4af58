//! Each line of the band table, with the value before and after each cut-off.

use super::*;
use crate::dispatch::Priority;
use crate::identity::Post;
use crate::people::Modifier;
use crate::triage::{Danger, History, PreviousScore};

#[test]
fn every_cut_off_of_the_band_table_starts_where_it_says() {
    // scale, score, value, tier, hours to first contact
    let table: &[(&str, &str, i64, u8, Option<u32>)] = &[
        ("phq9", "total", 0, 0, None),
        ("phq9", "total", 4, 0, None),
        ("phq9", "total", 5, 1, None),
        ("phq9", "total", 9, 1, None),
        ("phq9", "total", 10, 2, Some(72)),
        ("phq9", "total", 14, 2, Some(72)),
        ("phq9", "total", 15, 2, Some(72)),
        ("phq9", "total", 19, 2, Some(72)),
        ("phq9", "total", 20, 3, Some(24)),
        ("phq9", "total", 27, 3, Some(24)),
        ("gad7", "total", 4, 0, None),
        ("gad7", "total", 5, 1, None),
        ("gad7", "total", 9, 1, None),
        ("gad7", "total", 10, 2, Some(72)),
        ("gad7", "total", 15, 2, Some(72)),
        ("gad7", "total", 21, 2, Some(72)),
        ("pclc", "total", 37, 0, None),
        ("pclc", "total", 38, 1, None),
        ("pclc", "total", 49, 1, None),
        ("pclc", "total", 50, 2, Some(72)),
        ("cesd", "total", 15, 0, None),
        ("cesd", "total", 16, 1, None),
        ("cesd", "total", 19, 1, None),
        ("cesd", "total", 20, 2, Some(72)),
        ("phq15", "total", 9, 0, None),
        ("phq15", "total", 10, 1, None),
        ("phq15", "total", 14, 1, None),
        ("phq15", "total", 15, 2, Some(72)),
        ("epds", "total", 9, 0, None),
        ("epds", "total", 10, 2, Some(72)),
        ("epds", "total", 12, 2, Some(72)),
        ("epds", "total", 13, 2, Some(72)),
        ("gds15", "total", 7, 0, None),
        ("gds15", "total", 8, 2, Some(72)),
        ("isi", "total", 7, 0, None),
        ("isi", "total", 8, 1, None),
        ("isi", "total", 14, 1, None),
        ("isi", "total", 15, 2, Some(72)),
        ("audit", "total", 7, 0, None),
        ("audit", "total", 8, 1, None),
        ("audit", "total", 15, 1, None),
        ("audit", "total", 16, 2, Some(72)),
        ("k10", "total", 29, 0, None),
        ("k10", "total", 30, 2, Some(72)),
        ("scl90", "total", 160, 0, None),
        ("scl90", "total", 161, 2, Some(72)),
        ("scl90", "positives", 43, 0, None),
        ("scl90", "positives", 44, 2, Some(72)),
        ("scl90", "dep", 1, 0, None),
        ("scl90", "dep", 2, 1, None),
        ("scl90", "psy", 3, 2, Some(72)),
        ("scl90", "som", 4, 2, Some(72)),
        ("mht", "total", 55, 0, None),
        ("mht", "total", 56, 1, None),
        ("mht", "total", 64, 1, None),
        ("mht", "total", 65, 2, Some(72)),
        ("mht", "sensitivity", 7, 0, None),
        ("mht", "sensitivity", 8, 1, None),
        ("phq2", "total", 2, 0, None),
        ("phq2", "total", 3, 1, None),
        ("gad2", "total", 3, 1, None),
        ("cage", "total", 1, 0, None),
        ("cage", "total", 2, 1, None),
        ("beijing_hotline", "total", 3, 0, None),
        ("beijing_hotline", "total", 4, 2, Some(72)),
        ("beijing_hotline", "total", 7, 2, Some(72)),
        ("beijing_hotline", "total", 8, 3, Some(24)),
        ("smi_danger", "level", 2, 0, None),
        ("smi_danger", "level", 3, 3, Some(4)),
        ("pcl5", "total", 40, 0, None),
    ];
    for (scale, score, value, tier, hours) in table {
        let suggestion = ask(&visit([result(scale, &[(score, *value)])]));
        assert_eq!(suggestion.tier, *tier, "{scale}.{score} = {value}");
        assert_eq!(
            suggestion.first_contact_secs,
            hours.map(|hours| hours * HOUR),
            "{scale}.{score} = {value}"
        );
    }
}

#[test]
fn scl90_factors_are_compared_as_the_decimals_they_are() {
    for (top, bottom, tier) in [(199, 100, 0), (2, 1, 1), (299, 100, 1), (3, 1, 2)] {
        let mut scl90 = total("scl90", 100);
        let factor = StoredScore { value: Number::fraction(top, bottom), status: Status::Scored, band: None };
        scl90.scores.insert("anx".to_owned(), factor);
        assert_eq!(ask(&visit([scl90])).tier, tier, "{top}/{bottom}");
    }
}

#[test]
fn phq9_15_to_19_is_tier_3_with_any_critical_answer_of_the_visit() {
    let suggestion = ask(&visit([phq9(15, 1), total("gad7", 0)]));
    assert_eq!(suggestion.tier, 3);
    assert!(rows(&suggestion).contains(&"phq9_15_critical"));
    // the critical answer may be in another scale
    let epds = total("epds", 3).item("q10", 1);
    let both = ask(&visit([phq9(17, 0), epds]));
    assert!(rows(&both).contains(&"phq9_15_critical"));
    assert!(!rows(&ask(&visit([phq9(14, 1)]))).contains(&"phq9_15_critical"));
}

#[test]
fn pcl5_needs_its_cluster_rule() {
    for (value, rule, tier) in [(33, 1, 2), (33, 0, 0), (32, 1, 0), (80, 1, 2)] {
        let suggestion = ask(&visit([result("pcl5", &[("total", value), ("cluster_rule", rule)])]));
        assert_eq!(suggestion.tier, tier, "total {value}, rule {rule}");
    }
}

#[test]
fn danger_level_of_severe_mental_illness() {
    let level = |level| total("smi_danger", 0).item("q1", level).clone();
    let case = |value: i64, danger| Case {
        danger,
        ..visit([StoredResult { scores: result("x", &[("level", value)]).scores, ..level(value) }])
    };
    let recent = Danger { behaviour_within_24h: Some(true), ..Danger::default() };
    let armed = Danger { means_within_reach: Some(true), ..Danger::default() };
    let under_way = Danger { act_under_way: Some(true), ..Danger::default() };
    let table = [
        (5, Danger::default(), 4, Some(Priority::P2)),
        (4, Danger::default(), 4, Some(Priority::P2)),
        (4, armed, 4, Some(Priority::P1)),
        (5, under_way, 4, Some(Priority::P1)),
        (3, recent, 4, Some(Priority::P2)),
        (3, Danger::default(), 3, None),
        (2, recent, 0, None),
    ];
    for (level, danger, tier, priority) in table {
        let suggestion = ask(&case(level, danger));
        assert_eq!((suggestion.tier, suggestion.priority), (tier, priority), "level {level}");
    }
    let three = ask(&case(3, Danger::default()));
    assert_eq!(three.first_contact_secs, Some(4 * HOUR));
    assert_eq!(three.also, ["refer", "notify_authorities", "follow_up_2_weeks"]);
}

#[test]
fn short_scales_start_the_long_ones_once() {
    for (short, value, long) in [("phq2", 3, "phq9"), ("gad2", 3, "gad7"), ("cage", 2, "audit")] {
        assert_eq!(ask(&visit([total(short, value)])).next, [long]);
        let both = ask(&visit([total(short, value), total(long, 0)]));
        assert!(both.next.is_empty(), "{long} is already answered");
    }
}

#[test]
fn two_scales_at_tier_2_say_so() {
    let suggestion = ask(&visit([phq9(12, 0), total("gad7", 11)]));
    assert_eq!(suggestion.tier, 2);
    assert!(rows(&suggestion).contains(&"several"));
    assert!(!rows(&ask(&visit([phq9(12, 0), total("gad7", 9)]))).contains(&"several"));
}

#[test]
fn reliable_worsening_is_tier_2() {
    for (scale, before, now, tier) in
        [("phq9", 2, 8, 2), ("phq9", 2, 7, 1), ("gad7", 1, 5, 2), ("gad7", 1, 4, 0), ("pcl5", 5, 15, 2)]
    {
        let previous = PreviousScore {
            scale: scale.to_owned(),
            score: "total".to_owned(),
            value: Number::whole(before),
        };
        let history = History { previous: vec![previous], ..History::default() };
        let case = Case { history, ..visit([total(scale, now)]) };
        assert_eq!(ask(&case).tier, tier, "{scale} {before} → {now}");
    }
}

#[test]
fn dass21_item_21_is_tier_3_without_an_alarm() {
    let suggestion = ask(&visit([total("dass21", 0).item("q21", 1)]));
    assert_eq!((suggestion.tier, suggestion.alarm), (3, None));
    assert_eq!(suggestion.if_missed.map(|missed| missed.priority), Some(Priority::P3));
}

#[test]
fn unknown_is_not_safe() {
    for status in [Status::Incomplete, Status::Invalid] {
        let suggestion = ask(&visit([total("phq9", 0).status(status)]));
        assert_eq!((suggestion.tier, suggestion.reinvite), (1, true), "{status:?}");
    }
    let careless = StoredResult { careless: true, ..phq9(0, 0) };
    assert_eq!((ask(&visit([careless.clone()])).tier, ask(&visit([careless])).reinvite), (1, true));
    // and never lowers
    let careless_and_high = StoredResult { careless: true, ..phq9(21, 0) };
    assert_eq!(ask(&visit([careless_and_high])).tier, 3);
    // a scale without a row never reads as none
    assert_eq!(ask(&visit([total("new_scale", 99)])).tier, 1);
    // MHT voided by its lie scale: no band is read
    let voided = ask(&visit([total("mht", 80).status(Status::Invalid)]));
    assert_eq!(rows(&voided), ["doubtful.invalid"]);
}

#[test]
fn a_critical_answer_fires_on_an_incomplete_form() {
    let suggestion = ask(&visit([phq9(0, 1).status(Status::Incomplete)]));
    assert_eq!(suggestion.tier, 3);
    assert_eq!(suggestion.second_look.as_deref(), Some("c_ssrs_screener"));
}

#[test]
fn a_recent_high_tier_sets_a_floor_with_the_same_owner() {
    for (before, tier, same_owner) in
        [(Some(3), 2, true), (Some(4), 2, true), (Some(2), 0, false), (None, 0, false)]
    {
        let history =
            History { highest_tier_30d: before, owner: Some(Post::Counsellor), ..History::default() };
        let suggestion = ask(&Case { history, ..visit([phq9(0, 0)]) });
        assert_eq!((suggestion.tier, suggestion.same_owner), (tier, same_owner), "{before:?}");
    }
}

#[test]
fn circumstances_step_tiers_1_and_2_up_by_one_and_only_one_applies() {
    let table: &[(&[Modifier], i64, u8)] = &[
        (&[Modifier::Bereaved], 4, 0),
        (&[Modifier::Bereaved], 5, 2),
        (&[Modifier::Bereaved], 10, 3),
        (&[Modifier::Bereaved], 20, 3),
        (&[Modifier::Discharged30d], 5, 2),
        (&[Modifier::Perinatal], 10, 3),
        (&[Modifier::Perinatal, Modifier::Bereaved, Modifier::Discharged30d], 5, 2),
    ];
    for (modifiers, value, tier) in table {
        let case = Case { modifiers: modifiers.iter().copied().collect(), ..visit([phq9(*value, 0)]) };
        assert_eq!(ask(&case).tier, *tier, "{modifiers:?} {value}");
    }
    let stepped = Case { modifiers: [Modifier::Bereaved].into(), ..visit([phq9(10, 0)]) };
    assert_eq!(ask(&stepped).first_contact_secs, Some(24 * HOUR));
}

#[test]
fn perinatal_does_not_step_up_the_scale_made_for_it() {
    let perinatal =
        |results: Vec<StoredResult>| Case { modifiers: [Modifier::Perinatal].into(), ..visit(results) };
    assert_eq!(ask(&perinatal(vec![total("epds", 11)])).tier, 2);
    assert_eq!(ask(&perinatal(vec![total("epds", 11), phq9(10, 0)])).tier, 3);
    assert_eq!(ask(&perinatal(vec![total("epds", 11), phq9(5, 0)])).tier, 2);
    let bereaved =
        Case { modifiers: [Modifier::Perinatal, Modifier::Bereaved].into(), ..visit([total("epds", 11)]) };
    assert_eq!(ask(&bereaved).tier, 3);
}

#[test]
fn what_the_answers_come_to_at_least_counts_though_some_are_missing() {
    let all_but_nine = |value| {
        let answers: Vec<(&str, i64)> =
            ["q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8"].into_iter().map(|id| (id, value)).collect();
        ask(&visit([scored("phq9", &answers)]))
    };
    let severe = all_but_nine(3);
    assert_eq!((severe.tier, severe.first_contact_secs), (3, Some(24 * HOUR)));
    let why = &severe.reasons[0];
    assert_eq!((why.row.as_str(), why.at_least), ("phq9_20", true));
    assert_eq!(why.text.en, "PHQ-9 total at least 24: 20 or more");
    assert!(why.text.zh.contains("至少 24"), "{}", why.text.zh);
    assert!(rows(&severe).contains(&"doubtful.incomplete"));
    assert_eq!(all_but_nine(2).tier, 2, "16 points, whatever the last answer is");
    assert_eq!(all_but_nine(0).tier, 1, "incomplete never reads as tier 0");

    let CaseResult::Scored(result) = scored("phq9", &[("q1", 3), ("q2", 3)]) else { panic!("just scored") };
    let least: Vec<(&str, Number)> = result.at_least().collect();
    assert_eq!(least, [("total", Number::whole(6)), ("symptoms", Number::whole(2))]);
    assert_eq!(ask(&visit([StoredResult::from(&result)])), ask(&visit([result])));
}

#[test]
fn a_rise_that_is_certain_counts_though_some_answers_are_missing() {
    let previous =
        vec![PreviousScore { scale: "phq9".to_owned(), score: "total".to_owned(), value: Number::whole(1) }];
    let history = History { previous, ..History::default() };
    let answers = [("q1", 3), ("q2", 3), ("q3", 2)];
    let worse = ask(&Case { history, ..visit([scored("phq9", &answers)]) });
    assert_eq!(worse.tier, 2);
    assert_eq!(worse.reasons[0].row, "phq9_worse");
    assert!(worse.reasons[0].text.en.contains("≥ 8"), "{}", worse.reasons[0].text.en);
}
