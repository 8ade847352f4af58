//! The JSON Schema that editors use names the same keys and codes as the reader.

use super::DEFAULT;
use crate::identity::Post;
use crate::triage::Policy;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const SCHEMA: &str = include_str!("../../../policies/triage/policy.schema.json");

/// The keys that the reader knows at a place: it lists them when it meets one it does not know.
fn known_to_the_reader(place: &str) -> BTreeSet<String> {
    let mut document: Value = serde_json::from_str(DEFAULT).unwrap();
    let at = document.pointer_mut(place).unwrap_or_else(|| panic!("the policy has no {place}"));
    at.as_object_mut().unwrap().insert("stranger".to_owned(), json!(1));
    let message = Policy::parse(&document.to_string()).unwrap_err()[0].message.clone();
    let (_, list) = message.split_once("expected").unwrap();
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_schema_and_the_reader_know_the_same_keys() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let table = [
        ("", ""),
        ("/title", "/$defs/text"),
        ("/sources/project", "/$defs/source"),
        ("/tiers/3", "/$defs/tier_rule"),
        ("/tiers/3/if_missed", "/$defs/missed"),
        ("/critical/0", "/$defs/critical"),
        ("/second_look", "/properties/second_look"),
        ("/second_look/younger", "/properties/second_look/properties/younger"),
        ("/second_look/signs", "/properties/second_look/properties/signs"),
        ("/second_look/signs/high/0", "/$defs/sign"),
        ("/second_look/rows", "/properties/second_look/properties/rows"),
        ("/second_look/rows/high", "/$defs/look_row"),
        ("/second_look/rows/high/critical/tier", "/$defs/cell/oneOf/0/properties/tier"),
        ("/danger_questions/0", "/properties/danger_questions/items"),
        ("/priority", "/properties/priority"),
        ("/bands/0", "/$defs/band"),
        ("/worsening/0", "/$defs/worsening"),
        ("/several", "/properties/several"),
        ("/doubtful", "/properties/doubtful"),
        ("/doubtful/incomplete", "/$defs/doubtful"),
        ("/history", "/properties/history"),
        ("/modifiers", "/properties/modifiers"),
        ("/modifiers/young", "/properties/modifiers/properties/young"),
        ("/modifiers/step_up/0", "/$defs/step_up"),
        ("/old_results", "/properties/old_results"),
        ("/follow_up", "/properties/follow_up"),
        ("/closing", "/properties/closing"),
    ];
    for (place, in_schema) in table {
        let properties = schema.pointer(&format!("{in_schema}/properties")).unwrap();
        let listed: BTreeSet<String> = properties.as_object().unwrap().keys().cloned().collect();
        assert_eq!(known_to_the_reader(place), listed, "{place}");
    }
}

#[test]
fn the_schema_knows_every_post() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let posts: Vec<&str> = Post::ALL.iter().map(|post| post.code()).collect();
    assert_eq!(schema["$defs"]["post"]["enum"], json!(posts));
}
