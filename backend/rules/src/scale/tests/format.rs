//! What the reader and the linter say about files with one mistake each.

use super::super::{Scale, Weight, lint};
use super::tiny::{CASES, findings, set, tiny, with};
use serde_json::{Value, json};

#[test]
fn the_example_without_mistakes_has_no_findings() {
    assert_eq!(findings(&tiny()), []);
}

#[test]
fn a_scale_without_golden_cases_does_not_ship() {
    let found = lint(&tiny().to_string(), None);
    assert!(found[0].message.contains("golden cases"), "{found:?}");
}

/// A mistake, and a word of the message it must bring.
fn finds(weight: Weight, document: &Value, path: &str, word: &str) {
    let found = findings(document);
    let hit = found
        .iter()
        .any(|one| one.weight == weight && one.path.starts_with(path) && one.message.contains(word));
    assert!(hit, "expected {weight:?} at {path} with {word:?}, found {found:?}");
}

#[test]
fn mistakes_that_make_scoring_impossible_are_told_with_their_place() {
    let table = [
        ("/bnads", json!([]), "", "unknown field"),
        ("/schema", json!(2), "schema", "reads format 1"),
        ("/code", json!("PHQ-9"), "code", "lower case"),
        ("/version", json!("1.0"), "version", "major.minor.patch"),
        ("/items/0/options", json!("p"), "items[0]", "no options"),
        ("/items/1/id", json!("q1"), "items[1]", "twice"),
        ("/items/1/id", json!("total"), "scores[0]", "twice"),
        ("/items/0/show_if", json!({"eq": ["q2", 1]}), "items[0].show_if", "above"),
        ("/items/1/show_if", json!({"eq": ["q1", 7]}), "items[1].show_if", "no option"),
        ("/items/1/show_if", json!({"near": ["q1", 7]}), "", "unknown variant"),
        ("/items/1/sex", json!("U"), "items[1].sex", "F or M"),
        ("/options/o/1/code", json!(0), "options.o[1]", "twice"),
        ("/options/o/1/code", json!("Refused"), "options.o[1]", "lower case"),
        ("/scores/0/compute/of", json!(["q1..q4"]), "scores[0].compute", "nothing is called q4"),
        ("/scores/0/compute/of", json!(["q3..q1"]), "scores[0].compute", "run"),
        ("/scores/0/compute/of", json!(["q1", "q1..q2"]), "scores[0].compute", "second time"),
        ("/scores/0/compute/of", json!([]), "scores[0].compute", "empty"),
        ("/scores/0/compute/of", json!(["total"]), "scores[0].compute", "above"),
        ("/scores/0/compute/op", json!("product"), "", "unknown variant"),
        ("/scores/0/compute/reverse", json!(["q4"]), "scores[0].compute", "no item of this score"),
        ("/scores/0/compute/recode", json!({"q1": {"9": 1}}), "scores[0].compute", "no option 9"),
        ("/scores/0/compute/recode", json!({"q1": {"0": 1}}), "scores[0].compute", "not recoded"),
        ("/scores/0/compute/missing", json!({"rule": "guess"}), "", "unknown variant"),
        ("/scores/0/compute/missing", json!({"rule": "known"}), "scores[0].compute", "bool and case"),
        (
            "/scores/0/compute/missing",
            json!({"rule": "prorate", "round": "half_up", "source": "here"}),
            "scores[0].compute",
            "max_missing or min_answered",
        ),
        (
            "/scores/0/compute/missing",
            json!({"rule": "prorate", "max_missing": 3, "round": "half_up", "source": "here"}),
            "scores[0].compute",
            "within",
        ),
        ("/bands/0/score", json!("sum"), "bands[0].score", "no score"),
        ("/bands/0/when", json!({"ge": ["q1", 1]}), "bands[0].when", "person"),
        ("/bands/0/ranges/1/from", json!(0), "bands[0]", "one above the other"),
        ("/bands/0/ranges/1/to", json!(null), "bands[0]", "`to` or `below`"),
        ("/critical/0/if", json!({"ge": ["q3", 4]}), "critical[0].if", "no option"),
        ("/critical/0/if", json!({"eq": ["raw.q3", "refused"]}), "critical[0].if", "no option"),
        ("/critical/0/if", json!({"eq": ["q3", "yes"]}), "critical[0].if", "a word"),
        ("/critical/0/if", json!({"any": []}), "critical[0].if", "at least one"),
        (
            "/next",
            json!([{"if": {"ge": ["total", 3]}, "start": "tiny", "source": "here"}]),
            "next[0]",
            "another scale",
        ),
        ("/quality", json!({"longstring": {"run": 9}}), "quality.longstring", "between 2"),
        (
            "/quality",
            json!({"pairs": [{"items": ["q1", "q1"], "max_difference": 1}]}),
            "quality.pairs",
            "different",
        ),
    ];
    for (pointer, value, path, word) in table {
        let document = with(pointer, value);
        assert!(Scale::parse(&document.to_string()).is_err(), "{pointer} should not be read");
        finds(Weight::Blocking, &document, path, word);
    }
}

#[test]
fn a_broken_file_is_told_with_its_line() {
    let found = Scale::parse("{\n\"schema\": 1,\n}").unwrap_err();
    assert!(found[0].message.contains("line 3"), "{found:?}");
}

#[test]
fn mistakes_that_must_not_ship_are_told_with_their_place() {
    let text = json!({"zh-CN": "词", "en": "word"});
    let table = [
        ("/scores/0/range", json!([0, 27]), "scores[0].range", "between 0 and 9"),
        ("/bands/0/ranges/0/to", json!(1), "bands[0].ranges[0]", "gap between 1 and 3"),
        ("/bands/0/ranges/0/to", json!(3), "bands[0].ranges[0]", "two bands"),
        ("/bands/0/ranges/1/to", json!(8), "bands[0]", "do not cover"),
        ("/bands/0/ranges/0/from", json!(1), "bands[0]", "do not cover"),
        ("/bands/0/ranges/1/code", json!("none"), "bands[0]", "used once"),
        ("/bands/0/certainty", json!("low"), "bands[0]", "reference_only"),
        ("/bands/0/source", json!("there"), "bands[0].source", "no source"),
        ("/scores/0/source", json!("there"), "scores[0].source", "no source"),
        ("/critical/0/source", json!(""), "critical[0].source", "no source"),
        ("/sources/here/cite", json!(" "), "sources.here", "empty"),
        ("/scores/0/title", json!({"en": "Total"}), "scores[0].title", "zh-CN"),
        ("/items/2/unscored", json!(true), "items[2]", "a score uses it"),
        ("/items/-", json!({"id": "q4", "options": "o"}), "items[3]", "no score"),
        ("/options/p", json!([{"code": 0, "score": 0}, {"code": 1, "score": 1}]), "options.p", "no item"),
        ("/items/0/text", text.clone(), "items[0]", "no wording ships"),
        ("/license/text_shipped", json!(true), "locales", "no language"),
        ("/locales", json!({"en": {"status": "official", "origin": ""}}), "locales.en.origin", "whose"),
    ];
    for (pointer, value, path, word) in table {
        finds(Weight::Unfit, &with(pointer, value), path, word);
    }
}

#[test]
fn wording_does_not_ship_against_the_licence_and_not_by_halves() {
    let shipped = with("/license/text_shipped", json!(true));
    let shipped = set(shipped, "/locales", json!({"en": {"status": "draft", "origin": "Invented."}}));
    finds(Weight::Unfit, &shipped, "items[0]", "no text for en");
    let sold = set(shipped, "/license/status", json!("commercial"));
    finds(Weight::Unfit, &sold, "license.text_shipped", "does not let");
}

#[test]
fn a_score_with_decimals_needs_bands_without_gaps_between_decimals() {
    let mean = with(
        "/scores/0/compute",
        json!({"op": "mean", "of": ["q1..q3"], "missing": {"rule": "skip", "min_answered": 2, "source": "here"}}),
    );
    let mean = set(mean, "/scores/0/range", json!([0, 3]));
    let title = json!({"zh-CN": "甲", "en": "A"});
    let ranges = json!([{"code": "a", "from": 0, "to": "1.9", "title": title}, {"code": "b", "from": 2, "to": 3, "title": title}]);
    finds(Weight::Unfit, &set(mean.clone(), "/bands/0/ranges", ranges), "bands[0].ranges[0]", "use `below`");
    let ranges = json!([{"code": "a", "from": 0, "below": 2, "title": title}, {"code": "b", "from": 2, "to": 3, "title": title}]);
    let found = findings(&set(mean, "/bands/0/ranges", ranges));
    assert!(found.iter().all(|one| one.path == "cases.jsonl"), "{found:?}");
}

#[test]
fn norm_tables_with_holes_or_bends_are_found() {
    let looking_up = |steps: Value| {
        let document = with(
            "/scores/-",
            json!({"id": "t", "title": {"zh-CN": "T分", "en": "T"}, "compute": {"op": "lookup", "of": "total", "norm": "n"},
                   "range": [30, 70], "source": "here"}),
        );
        set(
            document,
            "/norms",
            json!({"n": {"source": "here", "certainty": "high", "rows": [{"steps": steps}]}}),
        )
    };
    assert_eq!(findings(&looking_up(json!([[0, 4, 30], [5, 9, 70]]))), []);
    finds(Weight::Unfit, &looking_up(json!([[0, 3, 30], [5, 9, 70]])), "norms.n.rows[0]", "hole");
    finds(Weight::Unfit, &looking_up(json!([[0, 5, 30], [5, 9, 70]])), "norms.n.rows[0]", "overlap");
    finds(Weight::Unfit, &looking_up(json!([[0, 4, 30], [5, 8, 70]])), "norms.n.rows[0]", "cover");
    finds(Weight::Unfit, &looking_up(json!([[0, 2, 30], [3, 5, 7], [6, 9, 70]])), "norms.n.rows[0]", "digit");
}

#[test]
fn golden_cases_must_reach_every_band_and_every_critical_answer() {
    let first_line = CASES.lines().next();
    let found = lint(&tiny().to_string(), first_line);
    let messages: Vec<&str> = found.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(messages, ["no case expects some of total", "no case expects the critical answer q3"]);
}

#[test]
fn prorating_items_of_different_scales_is_found() {
    let document = with("/options/yes", json!([{"code": 0, "score": 0}, {"code": 1, "score": 1}]));
    let document = set(document, "/items/0/options", json!("yes"));
    let rule = json!({"rule": "prorate", "max_missing": 1, "round": "half_up", "source": "here"});
    finds(
        Weight::Unfit,
        &set(document, "/scores/0/compute/missing", rule),
        "scores[0].compute",
        "same lowest",
    );
}
