//! What the page may ask, asked natively. That the page gets the same answers to the byte is `tests/parity`.

#![expect(clippy::unwrap_used, reason = "a story that cannot be told stops here")]

use proptest::prelude::*;
use rules_wasm::Engine;
use serde_json::{Value, json};

fn ask(engine: &mut Engine, request: &Value) -> Value {
    serde_json::from_str(&engine.handle(&request.to_string())).unwrap()
}

fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn loaded() -> Engine {
    let mut engine = Engine::default();
    for scale in [
        include_str!("../../../scales/phq9/1.0.0.json"),
        include_str!("../../../scales/c_ssrs_screener/1.0.0.json"),
    ] {
        let answer = ask(&mut engine, &json!({"op": "load_scale", "definition": document(scale)}));
        assert_eq!(answer["version"], "1.0.0", "{answer}");
    }
    let policy = document(include_str!("../../rules/policies/triage/default/1.0.0.json"));
    let answer = ask(&mut engine, &json!({"op": "load_policy", "policy": policy}));
    assert_eq!(answer["policy"], "default@1.0.0", "{answer}");
    engine
}

fn phq9(q9: i64) -> Value {
    json!({
        "op": "score", "code": "phq9", "version": "1.0.0", "person": {"sex": "F", "age": 34},
        "answers": {"q1": 1, "q2": 1, "q3": 1, "q4": 1, "q5": 1, "q6": 1, "q7": 1, "q8": 0, "q9": q9},
    })
}

fn c_ssrs(answers: &Value) -> Value {
    json!({"op": "score", "code": "c_ssrs_screener", "version": "1.0.0", "person": {"age": 34}, "answers": answers})
}

#[test]
fn a_form_is_scored_with_its_bands_and_critical_answers() {
    let answer = ask(&mut loaded(), &phq9(2));
    assert_eq!(answer["scores"]["total"], json!({"value": 9, "status": "scored", "band": "mild"}));
    assert_eq!(answer["critical"][0]["id"], "q9");
    assert_eq!(answer["critical"][0]["level"], "strong");
    assert_eq!(answer["items"]["q9"], 2);
    assert_eq!(answer["hash"].as_str().unwrap().len(), 64);
}

#[test]
fn what_is_asked_follows_from_the_answers_so_far() {
    let mut engine = loaded();
    let mut asked = |answers: Value| {
        let request = json!({
            "op": "asked", "code": "c_ssrs_screener", "version": "1.0.0", "person": {"age": 34}, "answers": answers,
        });
        ask(&mut engine, &request)
    };
    let items = |ids: &[&str]| json!({"items": ids});
    let all = items(&["q1", "q2", "q3", "q4", "q5", "q6", "q6a"]);
    assert_eq!(asked(json!({})), all, "nothing is ruled out yet");
    assert_eq!(asked(json!({"q2": 0})), items(&["q1", "q2", "q6", "q6a"]));
    assert_eq!(asked(json!({"q2": null})), all, "not answered is not no");
    assert_eq!(asked(json!({"q2": 0, "q6": 0})), items(&["q1", "q2", "q6"]));
    assert_eq!(asked(json!({"q2": 0, "q3": 1, "q6": 0})), items(&["q1", "q2", "q6"]), "a change of mind");
    assert_eq!(asked(json!({"q2": 7}))["error"]["item"], "q2");
}

#[test]
fn a_critical_answer_and_a_high_second_look_suggest_an_alarm_at_once() {
    let mut engine = loaded();
    let first = ask(&mut engine, &phq9(2));
    let look = ask(&mut engine, &c_ssrs(&json!({"q1": 1, "q2": 1, "q3": 1, "q4": 1, "q5": 1, "q6": 0})));
    assert_eq!(look["error"], Value::Null, "{look}");

    let visit = |results: Value, second_look: &str| {
        json!({"op": "suggest", "case": {
            "results": results, "age": 34, "live": true, "second_look": second_look, "seen": {"within_2h": true},
        }})
    };
    let waiting = ask(&mut engine, &visit(json!([first.clone()]), "pending"));
    assert_eq!(waiting["tier"], 3, "{waiting}");
    assert_eq!(waiting["second_look"], "c_ssrs_screener");

    let done = ask(&mut engine, &visit(json!([first, look]), "done"));
    assert_eq!(done["tier"], 4, "{done}");
    assert_eq!(done["priority"], "P1");
    assert_eq!(done["alarm"]["after_secs"], 0);
}

#[test]
fn a_batch_gives_each_row_its_id_its_tier_or_its_error() {
    let rows = json!([
        {"id": "a", "person": {}, "answers": phq9(0)["answers"]},
        {"id": 2, "person": {}, "answers": {"q1": 7}},
    ]);
    let request = json!({"op": "score_many", "code": "phq9", "version": "1.0.0", "rows": rows});
    let answer = ask(&mut loaded(), &request);
    assert_eq!(answer["rows"][0]["id"], "a");
    assert_eq!(answer["rows"][0]["scores"]["total"]["value"], 7);
    assert_eq!(answer["rows"][0]["tier"]["suggested"], 1);
    assert_eq!(answer["rows"][1]["id"], 2);
    assert_eq!(answer["rows"][1]["error"]["item"], "q1");
}

#[test]
fn an_alarm_has_the_id_that_the_server_gives_it() {
    let screening = uuid::Uuid::from_u128(0x0193_5c7e_0000_7000_8000_0000_0000_0001);
    let answer = ask(&mut Engine::default(), &json!({"op": "alarm_id", "screening_id": screening}));
    assert_eq!(answer["alarm_id"], rules::triage::alarm_id(screening.into()).to_string());
}

#[test]
fn what_cannot_be_answered_is_refused_with_a_code_and_a_reason() {
    let mut engine = loaded();
    for (request, code) in [
        (json!([]), "bad_request"),
        (json!({"op": "sing"}), "bad_request"),
        (json!({"op": "score", "code": "phq9"}), "bad_request"),
        (json!({"op": "score", "code": "phq9", "version": "9.9.9"}), "unknown_scale"),
        (json!({"op": "score", "code": "phq9", "version": "1.0.0"}), "no_answers"),
        (json!({"op": "load_scale", "definition": {}}), "unfit_scale"),
        (json!({"op": "load_policy", "policy": {"id": "x"}}), "unfit_policy"),
        (json!({"op": "suggest", "case": {"results": 1}}), "bad_request"),
        (json!({"op": "alarm_id", "screening_id": "x"}), "bad_request"),
    ] {
        let answer = ask(&mut engine, &request);
        assert_eq!(answer["error"]["code"], code, "{request}: {answer}");
        assert!(!answer["error"]["reason"].as_str().unwrap().is_empty());
    }
    let answer = ask(&mut engine, &phq9(4));
    assert_eq!(answer["error"]["item"], "q9");
    let answer =
        ask(&mut Engine::default(), &json!({"op": "suggest", "case": {"results": [], "live": true}}));
    assert_eq!(answer["error"]["code"], "no_policy");
}

proptest! {
    #[test]
    fn any_bytes_get_an_error_and_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let answer: Value = serde_json::from_str(&Engine::default().handle_bytes(&bytes)).unwrap();
        prop_assert_eq!(&answer["error"]["code"], "bad_request");
    }

    #[test]
    fn any_answer_to_an_item_is_scored_or_refused(item in "q[0-9]{1,2}", code in prop_oneof![
        any::<i64>().prop_map(Value::from), any::<f64>().prop_map(Value::from), ".*".prop_map(Value::from),
        Just(Value::Null), Just(json!([1])), Just(json!({"a": 1})), Just(json!(true)),
    ]) {
        let mut engine = Engine::default();
        let scale = document(include_str!("../../../scales/phq9/1.0.0.json"));
        ask(&mut engine, &json!({"op": "load_scale", "definition": scale}));
        let mut request = phq9(0);
        request["answers"][item] = code;
        let answer = ask(&mut engine, &request);
        prop_assert!(answer["error"].is_object() || answer["scores"].is_object(), "{}", answer);
    }
}
