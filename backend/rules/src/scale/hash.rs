//! The fingerprint of a scale file: the same whatever the order of keys and the spaces.

use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The document without spaces, its keys sorted: what is hashed.
pub(super) fn canonical(document: &Value) -> String {
    let mut canonical = String::new();
    write_sorted(document, &mut canonical);
    canonical
}

pub(super) fn of(canonical: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(canonical.as_bytes()) {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

fn write_sorted(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            out.push('{');
            for (at, key) in keys.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                let _ = write!(out, "{}:", Value::String(key.clone()));
                write_sorted(&map[key], out);
            }
            out.push('}');
        }
        Value::Array(values) => {
            out.push('[');
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_sorted(value, out);
            }
            out.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let _ = write!(out, "{value}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_spaces_do_not_matter_but_every_value_does() {
        let hash = |text: &str| of(&canonical(&serde_json::from_str(text).unwrap()));
        assert_eq!(
            hash(r#"{"a":1,"b":{"c":[1,2],"d":"心"}}"#),
            hash(r#"{ "b": {"d":"心","c":[1, 2]}, "a":1 }"#)
        );
        assert_ne!(hash(r#"{"a":[1,2]}"#), hash(r#"{"a":[2,1]}"#));
        assert_eq!(hash("{}"), "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    }
}
