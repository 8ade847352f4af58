//! Small invented scales for tests, so that each shows one thing.

use super::super::{Finding, Scale, lint};
use serde_json::{Value, json};

/// A clean scale: three items of 0–3, a total with three bands.
pub fn tiny() -> Value {
    json!({
        "schema": 1, "code": "tiny", "version": "1.0.0",
        "title": {"zh-CN": "小量表", "en": "Tiny"},
        "license": {"status": "free", "text_shipped": false, "holder": "nobody", "terms": {"zh-CN": "无", "en": "none"}},
        "locales": {},
        "sources": {"here": {"cite": "Invented for a test.", "seen": "memory"}},
        "population": {"age": [null, null], "recall_days": null, "modes": ["self"]},
        "options": {"o": [{"code": 0, "score": 0}, {"code": 1, "score": 1}, {"code": 2, "score": 2}, {"code": 3, "score": 3}]},
        "items": [{"id": "q1", "options": "o"}, {"id": "q2", "options": "o"}, {"id": "q3", "options": "o"}],
        "scores": [{"id": "total", "title": {"zh-CN": "总分", "en": "Total"},
            "compute": {"op": "sum", "of": ["q1..q3"], "missing": {"rule": "fail"}}, "range": [0, 9], "source": "here"}],
        "bands": [{"score": "total", "source": "here", "certainty": "high", "ranges": [
            {"code": "none", "from": 0, "to": 2, "title": {"zh-CN": "无", "en": "None"}},
            {"code": "some", "from": 3, "to": 9, "title": {"zh-CN": "有", "en": "Some"}}]}],
        "critical": [{"id": "q3", "if": {"ge": ["q3", 2]}, "reason": {"zh-CN": "第3题", "en": "Item 3"}, "source": "here"}]
    })
}

/// The tiny scale with one value set, by JSON pointer; parents must exist.
pub fn with(pointer: &str, value: Value) -> Value {
    set(tiny(), pointer, value)
}

pub fn set(mut document: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap() {
        Value::Object(map) => {
            map.insert(key.to_owned(), value);
        }
        Value::Array(list) if key == "-" => list.push(value),
        Value::Array(list) => list[key.parse::<usize>().unwrap()] = value,
        _ => panic!("{parent} holds no values"),
    }
    document
}

pub fn scale(document: &Value) -> Scale {
    Scale::parse(&document.to_string()).unwrap_or_else(|findings| panic!("{findings:?}"))
}

/// The tiny scale with another `compute`; its declared range is not asked for.
pub fn computing(compute: Value) -> Scale {
    let document = with("/scores/0/compute", compute);
    scale(&set(document, "/bands", json!([])))
}

pub const CASES: &str = concat!(
    r#"{"name":"none","answers":{"q1":0,"q2":0,"q3":0},"expect":{"scores":{"total":{"value":0,"status":"scored","band":"none"}},"critical":[]}}"#,
    "\n",
    r#"{"name":"some","answers":{"q1":3,"q2":3,"q3":3},"expect":{"scores":{"total":{"value":9,"band":"some"}},"critical":["q3"]}}"#,
);

pub fn findings(document: &Value) -> Vec<Finding> {
    lint(&document.to_string(), Some(CASES))
}
