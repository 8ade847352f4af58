//! The JSON Schema that editors use names the same keys as the reader.

use super::super::Scale;
use super::shipped;
use super::tiny::{set, tiny};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;

/// The keys that the reader knows at a place: it lists them when it meets a key it does not know.
fn known_to_the_reader(document: Value, place: &str) -> BTreeSet<String> {
    let stranger = set(document, &format!("{place}/stranger"), json!(1));
    let message = Scale::parse(&stranger.to_string()).unwrap_err()[0].message.clone();
    let (_, list) = message.split_once("expected one of").or_else(|| message.split_once("expected")).unwrap();
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn known_to_the_schema(schema: &Value, place: &str) -> BTreeSet<String> {
    let properties = schema.pointer(place).unwrap_or_else(|| panic!("the schema has no {place}"));
    properties["properties"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn the_schema_and_the_reader_know_the_same_keys() {
    let schema = fs::read_to_string(shipped::folder().join("definition.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let full = tiny();
    let full =
        set(full, "/norms", json!({"n": {"source": "here", "certainty": "high", "rows": [{"steps": []}]}}));
    let full =
        set(full, "/validity", json!([{"id": "v", "if": {"ge": ["q1", 1]}, "reason": {}, "source": "here"}]));
    let full = set(full, "/next", json!([{"if": {"ge": ["q1", 1]}, "start": "other", "source": "here"}]));
    let full = set(
        full,
        "/quality",
        json!({"longstring": {"run": 2}, "pairs": [{"items": ["q1", "q2"], "max_difference": 1}]}),
    );
    let full = set(full, "/locales", json!({"en": {"status": "draft", "origin": "Invented."}}));
    let properties = "/properties";
    let table = [
        ("", String::new()),
        ("/license", format!("{properties}/license")),
        ("/locales/en", format!("{properties}/locales/additionalProperties")),
        ("/sources/here", format!("{properties}/sources/additionalProperties")),
        ("/population", format!("{properties}/population")),
        ("/options/o/0", "/$defs/option".to_owned()),
        ("/items/0", "/$defs/item".to_owned()),
        ("/scores/0", "/$defs/score".to_owned()),
        ("/norms/n", "/$defs/norm".to_owned()),
        ("/norms/n/rows/0", "/$defs/norm/properties/rows/items".to_owned()),
        ("/bands/0", "/$defs/band_set".to_owned()),
        ("/bands/0/ranges/0", "/$defs/band_set/properties/ranges/items".to_owned()),
        ("/critical/0", format!("{properties}/critical/items")),
        ("/validity/0", format!("{properties}/validity/items")),
        ("/next/0", format!("{properties}/next/items")),
        ("/quality", format!("{properties}/quality")),
        ("/quality/longstring", format!("{properties}/quality/properties/longstring")),
        ("/quality/pairs/0", format!("{properties}/quality/properties/pairs/items")),
    ];
    for (place, in_schema) in table {
        assert_eq!(
            known_to_the_reader(full.clone(), place),
            known_to_the_schema(&schema, &in_schema),
            "{place}"
        );
    }
}

#[test]
fn the_schema_and_the_reader_know_the_same_operations() {
    let schema = fs::read_to_string(shipped::folder().join("definition.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let listed: BTreeSet<String> = schema["$defs"]["compute"]["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["properties"]["op"]["const"].as_str().unwrap().to_owned())
        .collect();
    let strange = set(tiny(), "/scores/0/compute/op", json!("strange"));
    let message = Scale::parse(&strange.to_string()).unwrap_err()[0].message.clone();
    let (_, list) = message.split_once("expected one of").unwrap();
    let known: BTreeSet<String> = list.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    assert_eq!(known, listed);
}
