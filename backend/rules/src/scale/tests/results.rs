//! What answers come to: operations, missing answers, hidden items, bands, critical answers, validity.

use super::super::definition::Code;
use super::super::{
    AnswerReason, Answers, Given, ItemTimes, Level, Number, QualityFlag, Respondent, Scale, Scored, Status,
};
use super::tiny::{computing, scale, set, tiny, with};
use crate::people::Sex;
use serde_json::{Value, json};

fn answers(value: &Value) -> Answers {
    serde_json::from_value(value.clone()).unwrap()
}

fn score(scale: &Scale, given: &Value) -> Scored {
    scale.score(&Respondent::default(), &answers(given)).unwrap()
}

/// Value as printed, status, band of the total.
fn total(scale: &Scale, given: &Value) -> (Option<String>, Status, Option<String>) {
    let scored = score(scale, given);
    let total = scored.score("total").unwrap();
    (total.value.map(|value| value.to_string()), total.status, total.band.map(str::to_owned))
}

fn value(scale: &Scale, given: &Value) -> Option<String> {
    total(scale, given).0
}

#[test]
fn every_operation_does_what_its_name_says() {
    let fail = json!({"rule": "fail"});
    let table = [
        (json!({"op": "sum", "of": ["q1..q3"], "missing": fail}), "6"),
        (json!({"op": "sum", "of": ["q1..q3"], "reverse": ["q1"], "missing": fail}), "7"),
        (
            json!({"op": "sum", "of": ["q1"], "recode": {"q1": {"0": 9, "1": "1.5", "2": 7, "3": 8}}, "missing": fail}),
            "1.5",
        ),
        (json!({"op": "mean", "of": ["q1", "q2"], "missing": fail}), "1.5"),
        (json!({"op": "min", "of": ["q1..q3"], "missing": fail}), "1"),
        (json!({"op": "max", "of": ["q1..q3"], "missing": fail}), "3"),
        (
            json!({"op": "weighted_sum", "terms": [{"of": "q1", "times": 3}, {"of": "q3", "times": "1/3"}], "missing": fail}),
            "4",
        ),
        (json!({"op": "count", "of": ["q1..q3"], "where": {"ge": 2}, "missing": fail}), "2"),
        (
            json!({"op": "count", "of": ["q1..q3"], "where": {"ge": 3}, "except": {"q1": {"in": [0, 1]}}, "missing": fail}),
            "2",
        ),
        (json!({"op": "bool", "if": {"gt": ["q3", 2]}, "missing": fail}), "1"),
        (json!({"op": "bool", "if": {"not": {"ne": ["q3", 2]}}, "missing": fail}), "0"),
        (
            json!({"op": "case", "cases": [{"if": {"lt": ["q1", 1]}, "value": 5}, {"if": {"le": ["q1", 1]}, "value": 6}], "else": 7, "missing": fail}),
            "6",
        ),
        (
            json!({"op": "case", "cases": [{"if": {"in": ["q1", [0, 3]]}, "value": 5}], "else": 7, "missing": fail}),
            "7",
        ),
    ];
    for (compute, expected) in table {
        let scale = computing(compute.clone());
        assert_eq!(
            value(&scale, &json!({"q1": 1, "q2": 2, "q3": 3})).as_deref(),
            Some(expected),
            "{compute}"
        );
    }
}

/// The tiny scale whose second score reads the first.
fn then(compute: &Value) -> Value {
    let second = json!({"id": "t", "title": {"zh-CN": "乙", "en": "B"}, "compute": compute, "range": [0, 0], "source": "here"});
    with("/scores/-", second)
}

#[test]
fn a_score_may_be_mapped_carried_on_and_looked_up() {
    let table = [
        (json!({"op": "map", "of": "total", "times": 1.25, "round": "floor"}), "8"),
        (json!({"op": "map", "of": "total", "times": "5/4"}), "8.75"),
        (json!({"op": "map", "of": "total", "plus": -2, "clamp": [0, 4]}), "4"),
        (json!({"op": "map", "of": "total", "times": -1, "plus": 9}), "2"),
        (json!({"op": "ref", "of": "total"}), "7"),
        (json!({"op": "sum", "of": ["total", "q1"], "missing": {"rule": "fail"}}), "8"),
        (json!({"op": "count", "of": ["total", "q1"], "where": {"ge": 2}, "missing": {"rule": "fail"}}), "1"),
    ];
    for (compute, expected) in table {
        let scale = scale(&then(&compute));
        let scored = score(&scale, &json!({"q1": 1, "q2": 3, "q3": 3}));
        assert_eq!(scored.score("t").unwrap().value.unwrap().to_string(), expected, "{compute}");
        let incomplete = score(&scale, &json!({"q1": 1, "q2": 3}));
        assert_eq!(incomplete.score("t").unwrap().status, Status::Incomplete, "{compute}");
    }
}

#[test]
fn a_norm_is_looked_up_by_the_person_and_not_guessed() {
    let document = then(&json!({"op": "lookup", "of": "total", "norm": "n"}));
    let document = set(
        document,
        "/norms",
        json!({"n": {"source": "here", "certainty": "high", "rows": [
            {"sex": "F", "age": [18, 39], "steps": [[0, 4, 40], [5, 9, "62.5"]]},
            {"sex": "M", "steps": [[0, 9, 50]]}]}}),
    );
    let scale = scale(&document);
    let looked_up = |sex, age| {
        let who = Respondent { sex, age, education_years: None };
        let scored = scale.score(&who, &Answers::from([("q1", 3), ("q2", 2), ("q3", 0)])).unwrap();
        scored.score("t").unwrap().value.map(|value| value.to_string())
    };
    assert_eq!(looked_up(Some(Sex::F), Some(18)).as_deref(), Some("62.5"));
    assert_eq!(looked_up(Some(Sex::M), None).as_deref(), Some("50"));
    assert_eq!(looked_up(Some(Sex::F), None), None, "her age decides and is not known");
    assert_eq!(looked_up(Some(Sex::F), Some(40)), None, "no row fits");
    assert_eq!(looked_up(None, Some(18)), None);
    assert_eq!(looked_up(Some(Sex::Unknown), Some(18)), None);
}

#[test]
fn a_missing_answer_follows_the_published_rule_and_nothing_else() {
    let summing = |missing: Value| computing(json!({"op": "sum", "of": ["q1..q3"], "missing": missing}));
    let two = json!({"q1": 1, "q2": 3, "q3": null});
    let one = json!({"q1": 2});
    let none = json!({});
    let (prorated, incomplete) = (Status::Prorated, Status::Incomplete);
    let table = [
        (json!({"rule": "fail"}), &two, None, incomplete),
        (
            json!({"rule": "prorate", "max_missing": 1, "round": "half_up", "source": "here"}),
            &two,
            Some("6"),
            prorated,
        ),
        (
            json!({"rule": "prorate", "max_missing": 1, "round": "half_up", "source": "here"}),
            &one,
            None,
            incomplete,
        ),
        (
            json!({"rule": "prorate", "min_answered": 1, "round": "none", "source": "here"}),
            &one,
            Some("6"),
            prorated,
        ),
        (
            json!({"rule": "prorate", "min_answered": 1, "round": "none", "source": "here"}),
            &none,
            None,
            incomplete,
        ),
        (json!({"rule": "skip", "min_answered": 2, "source": "here"}), &two, Some("4"), prorated),
        (json!({"rule": "skip", "min_answered": 2, "source": "here"}), &one, None, incomplete),
        (json!({"rule": "skip", "min_answered": 1, "source": "here"}), &none, None, incomplete),
    ];
    for (rule, given, expected, status) in table {
        let (value, got, _) = total(&summing(rule.clone()), given);
        assert_eq!((value.as_deref(), got), (expected, status), "{rule} {given}");
    }
}

#[test]
fn proration_is_exact_and_rounded_as_published() {
    let summing = |round: &str| {
        let missing = json!({"rule": "prorate", "max_missing": 1, "round": round, "source": "here"});
        computing(json!({"op": "sum", "of": ["q1..q3"], "missing": missing}))
    };
    let given = json!({"q1": 3, "q2": 2}); // 5 × 3 ÷ 2 = 7.5
    for (round, expected) in [("none", "7.5"), ("half_up", "8"), ("floor", "7"), ("ceiling", "8")] {
        assert_eq!(value(&summing(round), &given).as_deref(), Some(expected), "{round}");
    }
}

#[test]
fn what_is_known_may_raise_but_never_clear() {
    let deciding = |rule: &str| {
        let any = json!({"any": [{"ge": ["q1", 2]}, {"ge": ["q2", 2]}]});
        computing(json!({"op": "bool", "if": any, "missing": {"rule": rule}}))
    };
    let table = [
        ("fail", json!({"q1": 3}), None, Status::Incomplete),
        ("known", json!({"q1": 3}), Some("1"), Status::Prorated),
        ("known", json!({"q1": 0}), None, Status::Incomplete),
        ("known", json!({"q1": 0, "q2": 0}), Some("0"), Status::Scored),
    ];
    for (rule, given, expected, status) in table {
        let (value, got, _) = total(&deciding(rule), &given);
        assert_eq!((value.as_deref(), got), (expected, status), "{rule} {given}");
    }
}

#[test]
fn a_case_stops_at_a_condition_it_cannot_judge() {
    let cases = json!([{"if": {"ge": ["q1", 2]}, "value": 2}, {"if": {"ge": ["q2", 2]}, "value": 1}]);
    let scale = computing(json!({"op": "case", "cases": cases, "else": 0, "missing": {"rule": "known"}}));
    assert_eq!(total(&scale, &json!({"q2": 3})), (None, Status::Incomplete, None), "it could be 2");
    assert_eq!(value(&scale, &json!({"q1": 0, "q2": 3})).as_deref(), Some("1"));
}

#[test]
fn an_empty_form_has_no_score_no_band_and_no_alarm() {
    let scored = score(&scale(&tiny()), &json!({}));
    let total = scored.score("total").unwrap();
    assert_eq!((total.value, total.status, total.band), (None, Status::Incomplete, None));
    assert_eq!(scored.critical().count(), 0);
    assert_eq!((scored.quality().asked, scored.quality().answered), (3, 0));
}

#[test]
fn critical_answers_fire_on_incomplete_forms_at_their_level() {
    let document = with("/critical/0/strong_if", json!({"ge": ["q3", 3]}));
    let scale = scale(&document);
    let level =
        |given: Value| score(&scale, &given).critical().map(|hit| (hit.id.to_owned(), hit.level)).next();
    assert_eq!(level(json!({"q3": 1})), None);
    assert_eq!(level(json!({"q3": 2})), Some(("q3".to_owned(), Level::Critical)));
    assert_eq!(level(json!({"q3": 3})), Some(("q3".to_owned(), Level::Strong)));
    let scored = score(&scale, &json!({"q3": 3}));
    let hit = scored.critical().next().unwrap();
    assert_eq!((hit.reason["en"].as_str(), hit.source), ("Item 3", "Invented for a test."));
}

#[test]
fn a_condition_sees_the_scored_value_and_raw_sees_the_code() {
    // The EPDS prints its gravest answer first.
    let falling = json!([{"code": 0, "score": 3}, {"code": 1, "score": 2}, {"code": 2, "score": 1}, {"code": 3, "score": 0}]);
    let document = with("/options/falling", falling);
    let document = set(document, "/items/2/options", json!("falling"));
    let fires = |condition: Value, code: i64| {
        let scale = scale(&set(document.clone(), "/critical/0/if", condition));
        score(&scale, &json!({"q3": code})).critical().count() == 1
    };
    assert!(fires(json!({"ge": ["q3", 1]}), 0));
    assert!(!fires(json!({"ge": ["q3", 1]}), 3));
    assert!(fires(json!({"ge": ["raw.q3", 1]}), 3));
    assert!(!fires(json!({"ge": ["raw.q3", 1]}), 0));
}

#[test]
fn an_item_keyed_the_other_way_is_seen_so_everywhere() {
    let document = with("/items/2/reverse", json!(true));
    let scored = score(&scale(&document), &json!({"q1": 0, "q2": 0, "q3": 0}));
    assert_eq!(scored.score("total").unwrap().value, Some(Number::whole(3)));
    assert_eq!(scored.item("q3"), Some(Number::whole(3)));
    assert_eq!(scored.raw("q3"), Some(&Code::Number(0)));
    assert_eq!(scored.critical().count(), 1, "critical sees 3");
}

#[test]
fn hidden_items_are_neither_asked_nor_counted_nor_missing() {
    let scale = scale(&with("/items/2/show_if", json!({"ge": ["q2", 1]})));
    assert_eq!(value(&scale, &json!({"q1": 2, "q2": 0})).as_deref(), Some("2"));
    assert_eq!(value(&scale, &json!({"q1": 2, "q2": 1})), None, "q3 is asked now, and missing");
    let error =
        scale.score(&Respondent::default(), &answers(&json!({"q1": 2, "q2": 0, "q3": 1}))).unwrap_err();
    assert_eq!((error.item.as_str(), error.reason), ("q3", AnswerReason::Hidden));
    let unknown = score(&scale, &json!({"q1": 2, "q3": 3}));
    assert_eq!(
        unknown.critical().count(),
        1,
        "q2 is unanswered, so q3 may have been asked: its answer counts"
    );
}

#[test]
fn behind_a_gate_that_is_closed_there_is_nothing_to_add() {
    let document = with("/items/1/show_if", json!({"eq": ["q1", 1]}));
    let document = set(document, "/items/2/show_if", json!({"eq": ["q1", 1]}));
    let document = set(
        document,
        "/scores/0/compute",
        json!({"op": "count", "of": ["q2", "q3"], "where": {"ge": 1}, "missing": {"rule": "fail"}}),
    );
    let scale = scale(&set(document, "/bands", json!([])));
    assert_eq!(value(&scale, &json!({"q1": 0})).as_deref(), Some("0"));
    assert_eq!(value(&scale, &json!({"q1": 1})), None);
    assert_eq!(value(&scale, &json!({})), None, "the gate itself is unanswered");
}

#[test]
fn an_item_for_women_is_not_asked_of_men() {
    let scale = scale(&with("/items/2/sex", json!("F")));
    let total = |sex, given: Value| {
        let who = Respondent { sex, ..Respondent::default() };
        scale.score(&who, &answers(&given)).map(|scored| scored.score("total").unwrap().value)
    };
    let (two, three) = (json!({"q1": 1, "q2": 1}), json!({"q1": 1, "q2": 1, "q3": 1}));
    assert_eq!(total(Some(Sex::M), two.clone()), Ok(Some(Number::whole(2))));
    assert_eq!(total(Some(Sex::M), three.clone()).unwrap_err().item, "q3");
    assert_eq!(total(Some(Sex::F), two.clone()), Ok(None));
    assert_eq!(total(None, two), Ok(None), "nobody knows whether it was forgotten");
    assert_eq!(total(None, three), Ok(Some(Number::whole(3))));
}

#[test]
fn not_applicable_is_taken_out_and_alone_says_nothing() {
    let document = with("/options/o/-", json!({"code": 9, "score": null}));
    let scale = scale(&document);
    assert_eq!(value(&scale, &json!({"q1": 1, "q2": 9, "q3": 1})).as_deref(), Some("2"));
    assert_eq!(total(&scale, &json!({"q1": 9, "q2": 9, "q3": 9})), (None, Status::Incomplete, None));
}

#[test]
fn a_word_may_be_an_option() {
    let document = with("/options/o/-", json!({"code": "refused", "score": 1}));
    let document = set(document, "/critical/0/if", json!({"eq": ["raw.q3", "refused"]}));
    let scored = score(&scale(&document), &json!({"q1": 0, "q2": 0, "q3": "refused"}));
    assert_eq!(scored.score("total").unwrap().value, Some(Number::ONE));
    assert_eq!(scored.critical().count(), 1);
}

#[test]
fn bands_may_hang_on_the_person() {
    let band = |code: &str, from: i64, to: i64| json!({"code": code, "from": from, "to": to, "title": {"zh-CN": "带", "en": "b"}});
    let sets = json!([
        {"score": "total", "when": {"eq": ["person.sex", "F"]}, "source": "here", "certainty": "high", "ranges": [band("low", 0, 2), band("high", 3, 9)]},
        {"score": "total", "when": {"eq": ["person.sex", "M"]}, "source": "here", "certainty": "high", "ranges": [band("low", 0, 3), band("high", 4, 9)]}
    ]);
    let scale = scale(&with("/bands", sets));
    let band = |sex| {
        let who = Respondent { sex, ..Respondent::default() };
        let scored = scale.score(&who, &Answers::from([("q1", 3), ("q2", 0), ("q3", 0)])).unwrap();
        scored.score("total").unwrap().band.map(str::to_owned)
    };
    assert_eq!(band(Some(Sex::F)).as_deref(), Some("high"));
    assert_eq!(band(Some(Sex::M)).as_deref(), Some("low"));
    assert_eq!(band(None), None, "no cut-off fits somebody unknown");
}

#[test]
fn a_lie_voids_scores_and_their_bands_but_not_critical_answers() {
    let document = then(&json!({"op": "sum", "of": ["q1"], "missing": {"rule": "fail"}}));
    let rule = json!({"id": "lie", "if": {"ge": ["t", 3]}, "reason": {"zh-CN": "测谎", "en": "Lie"}, "source": "here"});
    let document = set(document, "/validity", json!([rule]));
    let document =
        set(document, "/next", json!([{"if": {"ge": ["total", 3]}, "start": "longer", "source": "here"}]));
    let scale = scale(&document);
    let honest = score(&scale, &json!({"q1": 2, "q2": 0, "q3": 2}));
    assert_eq!(honest.score("total").unwrap().status, Status::Scored);
    assert_eq!(honest.next().map(|rule| rule.start.as_str()).collect::<Vec<_>>(), ["longer"]);
    let lying = score(&scale, &json!({"q1": 3, "q2": 0, "q3": 2}));
    let total = lying.score("total").unwrap();
    assert_eq!((total.value, total.status, total.band), (None, Status::Invalid, None));
    assert_eq!(lying.score("t").unwrap().status, Status::Scored, "the lie scale itself stays");
    assert_eq!(lying.critical().count(), 1);
    assert_eq!(lying.voided_by().map(|rule| rule.id.as_str()).collect::<Vec<_>>(), ["lie"]);
    assert_eq!(lying.next().count(), 0);
}

#[test]
fn a_wrong_answer_is_one_clear_error_that_names_the_item_and_not_the_answer() {
    let scale = scale(&tiny());
    let table = [
        (json!({"q9": 1}), "q9: the scale has no such item"),
        (json!({"q1": 4}), "q1: not an option; the codes are 0, 1, 2, 3"),
        (json!({"q1": -1}), "q1: not an option; the codes are 0, 1, 2, 3"),
        (json!({"q1": "secret"}), "q1: not an option; the codes are 0, 1, 2, 3"),
        (json!({"q1": 1.5}), "q1: an answer is an option code (a number or a word) or null"),
        (json!({"q1": true}), "q1: an answer is an option code (a number or a word) or null"),
        (json!({"q1": [1]}), "q1: an answer is an option code (a number or a word) or null"),
        (json!({"q1": {"v": 1}}), "q1: an answer is an option code (a number or a word) or null"),
    ];
    for (given, expected) in table {
        let error = scale.score(&Respondent::default(), &answers(&given)).unwrap_err();
        assert_eq!(error.to_string(), expected, "{given}");
    }
    for same in [json!({"q1": 2}), json!({"q1": "2"}), json!({"q1": 2.0}), json!({"q1": "2.0"})] {
        assert_eq!(score(&scale, &same).item("q1"), Some(Number::whole(2)), "{same}");
    }
}

#[test]
fn careless_answers_are_flagged_and_honest_ones_are_not() {
    let rules = json!({"longstring": {"run": 3, "except_codes": [0]}, "min_ms_per_item": 800,
                       "pairs": [{"items": ["q1", "q2"], "max_difference": 2}]});
    let scale = scale(&with("/quality", rules));
    let flags = |given: Value, ms: u32| {
        let times: ItemTimes = ["q1", "q2", "q3"].map(|id| (id.to_owned(), ms)).into();
        let scored = scale.score_timed(&Respondent::default(), &answers(&given), &times).unwrap();
        assert_eq!(scored.quality().careless(), !scored.quality().flags.is_empty());
        scored.quality().flags.clone()
    };
    assert_eq!(flags(json!({"q1": 0, "q2": 0, "q3": 0}), 900), []);
    assert_eq!(flags(json!({"q1": 1, "q2": 1, "q3": 1}), 900), [QualityFlag::Longstring]);
    assert_eq!(flags(json!({"q1": 1, "q2": 2, "q3": 1}), 799), [QualityFlag::TooFast]);
    assert_eq!(flags(json!({"q1": 0, "q2": 3, "q3": 1}), 900), [QualityFlag::InconsistentPair]);
}

#[test]
fn the_trace_shows_what_each_answer_added() {
    let missing = json!({"rule": "prorate", "max_missing": 1, "round": "half_up", "source": "here"});
    let compute = json!({"op": "sum", "of": ["q1..q3"], "reverse": ["q1"], "missing": missing});
    let scored = score(&scale(&with("/scores/0/compute", compute)), &json!({"q1": 0, "q2": 2}));
    let trace = serde_json::to_value(scored.trace()).unwrap();
    let total = &trace["scores"][0];
    assert_eq!((&total["value"], &total["status"]), (&json!(8), &json!("prorated")));
    assert_eq!(
        (&total["asked"], &total["answered"], &total["sum_of_answered"]),
        (&json!(3), &json!(2), &json!(5))
    );
    assert_eq!(
        total["parts"][0],
        json!({"of": "q1", "state": "counted", "code": 0, "score": 0, "keyed": "reversed", "adds": 3})
    );
    assert_eq!(
        total["parts"][1],
        json!({"of": "q2", "state": "counted", "code": 2, "score": 2, "keyed": "plain", "adds": 2})
    );
    assert_eq!(total["parts"][2], json!({"of": "q3", "state": "missing", "keyed": "plain"}));
    assert_eq!((&total["band"]["code"], &total["band"]["certainty"]), (&json!("some"), &json!("high")));
    assert_eq!(total["source"], json!("Invented for a test."));
}

#[test]
fn answers_never_print_themselves() {
    let given = Answers([("q1".to_owned(), Given::Code(Code::Number(3)))].into());
    assert_eq!(format!("{given:?}"), "Answers(1 items)");
    let scored = score(&scale(&tiny()), &json!({"q1": 3, "q2": 3, "q3": 3}));
    assert_eq!(format!("{scored:?}"), "Scored(tiny@1.0.0)");
}
