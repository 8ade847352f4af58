//! The result as JSON, written by hand: one row for the command line, the server and the tablet alike.

use super::{Number, RowError, Scored};
use crate::triage::{Assessment, Policy};
use serde::Serialize;
use std::cmp::Reverse;

/// What a row has beside the result.
#[derive(Clone, Copy, Default)]
pub struct Beside<'a> {
    /// The row's id as JSON. Without one the row begins with `code`.
    pub id: Option<&'a str>,
    /// What triage suggests, as JSON: `{"suggested":…,"policy":…,"reasons":[…]}`.
    pub tier: Option<&'a [u8]>,
}

/// Appends `{"id":…,"code":…,"version":…,"scores":{…},"critical":[…],"tier":{…},"quality":{…},"next":[…]}`.
pub fn write_result(scored: &Scored, beside: Beside<'_>, out: &mut Vec<u8>) {
    out.push(b'{');
    if let Some(id) = beside.id {
        push_id(out, id);
        out.push(b',');
    }
    // Codes, versions and ids are letters, digits, dots and underscores: checked when the scale was read.
    push(out, "\"code\":\"");
    push(out, scored.code());
    push(out, "\",\"version\":\"");
    push(out, scored.version());
    push(out, "\",\"scores\":{");
    for (at, score) in scored.scores().enumerate() {
        push(out, if at > 0 { ",\"" } else { "\"" });
        push(out, score.id);
        push(out, "\":{\"value\":");
        push_number(out, score.value);
        push(out, ",\"status\":\"");
        push(out, score.status.code());
        push(out, "\",\"band\":");
        match score.band {
            Some(band) => {
                out.push(b'"');
                push(out, band);
                push(out, "\"}");
            }
            None => push(out, "null}"),
        }
    }
    push(out, "},\"critical\":[");
    for (at, hit) in scored.critical.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(scored.critical_json(*hit).as_bytes());
    }
    out.push(b']');
    if let Some(tier) = beside.tier {
        push(out, ",\"tier\":");
        out.extend_from_slice(tier);
    }
    push_quality(scored, out);
    push(out, ",\"next\":[");
    for (at, rule) in scored.next().enumerate() {
        push(out, if at > 0 { ",\"" } else { "\"" });
        push(out, &rule.start);
        out.push(b'"');
    }
    push(out, "]}");
}

/// The result as a text, for those who make one at a time.
pub fn result_json(scored: &Scored, beside: Beside<'_>) -> String {
    let mut out = Vec::with_capacity(512);
    write_result(scored, beside, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// Puts the rows that decide first. Rows of one tier stay in the order of the policy.
pub fn deciding_first(assessment: &mut Assessment<'_>) {
    assessment.hits.sort_by_key(|hit| (Reverse(hit.tier), hit.is_floor));
}

/// Appends what triage suggests: `{"suggested":…,"policy":…,"reasons":[{"row","source","inputs"}]}`, the deciding rows first.
pub fn write_tier(policy: &Policy, assessment: &mut Assessment<'_>, out: &mut Vec<u8>) {
    deciding_first(assessment);
    push(out, "{\"suggested\":");
    push_number(out, Some(i64::from(assessment.tier).into()));
    push(out, ",\"policy\":\"");
    push_escaped(out, policy.reference());
    push(out, "\",\"reasons\":[");
    let sources = &policy.document().sources;
    for (at, hit) in assessment.hits.iter().enumerate() {
        push(out, if at > 0 { ",{\"row\":\"" } else { "{\"row\":\"" });
        push_escaped(out, hit.row);
        push(out, "\",\"source\":\"");
        push_escaped(out, sources.get(hit.source).map_or(hit.source, |source| &source.cite));
        push(out, "\",\"inputs\":{");
        for (at, input) in hit.inputs.iter().flatten().enumerate() {
            push(out, if at > 0 { ",\"" } else { "\"" });
            if let Some(scale) = input.scale {
                push(out, scale);
                out.push(b'.');
            }
            push_escaped(out, input.name);
            push(out, "\":");
            input.value.write_json(out);
        }
        push(out, "}}");
    }
    push(out, "]}");
}

/// Appends `{"id":…,"error":{"code":…,"line":…,"item":…,"reason":…}}`.
pub fn write_error(id: Option<&str>, line: Option<u64>, error: &RowError, out: &mut Vec<u8>) {
    out.push(b'{');
    push_id(out, id.unwrap_or_default());
    push(out, ",\"error\":{\"code\":\"");
    push(out, error.code());
    out.push(b'"');
    if let Some(line) = line {
        push(out, ",\"line\":");
        push(out, &line.to_string());
    }
    let mut text = String::new();
    if let Some(item) = error.item() {
        text.push_str(",\"item\":");
        push_text(&mut text, item);
    }
    text.push_str(",\"reason\":");
    push_text(&mut text, &error.to_string());
    push(out, &text);
    push(out, "}}");
}

/// A critical answer as JSON; made once when the scale is read.
pub(super) fn critical_json(rule: &super::definition::CriticalRule, level: super::Level) -> String {
    #[derive(Serialize)]
    struct Row<'a> {
        id: &'a str,
        level: super::Level,
        reason: &'a super::definition::Texts,
    }
    let row = Row { id: &rule.id, level, reason: &rule.reason };
    // Maps of texts always serialise.
    serde_json::to_string(&row).unwrap_or_else(|_| format!("{{\"id\":\"{}\"}}", rule.id))
}

fn push_quality(scored: &Scored, out: &mut Vec<u8>) {
    let quality = scored.quality();
    push(out, ",\"quality\":{\"asked\":");
    push_number(out, Some(i64::from(quality.asked).into()));
    push(out, ",\"answered\":");
    push_number(out, Some(i64::from(quality.answered).into()));
    push(out, ",\"longstring\":");
    push_number(out, Some(i64::from(quality.longstring).into()));
    push(out, ",\"median_ms\":");
    push_number(out, quality.median_ms.map(|ms| i64::from(ms).into()));
    push(out, ",\"flags\":[");
    for (at, flag) in quality.flags.iter().enumerate() {
        push(out, if at > 0 { ",\"" } else { "\"" });
        push(out, flag.code());
        out.push(b'"');
    }
    push(out, "]}");
}

fn push_id(out: &mut Vec<u8>, id: &str) {
    push(out, "\"id\":");
    push(out, if id.is_empty() { "null" } else { id });
}

fn push_number(out: &mut Vec<u8>, number: Option<Number>) {
    match number {
        Some(number) => number.write_json(out),
        None => push(out, "null"),
    }
}

fn push(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// Appends what stands between the quotes of a JSON string.
fn push_escaped(out: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        push(out, text);
    } else {
        let mut quoted = String::new();
        push_text(&mut quoted, text);
        push(out, quoted.get(1..quoted.len() - 1).unwrap_or_default());
    }
}

/// Appends a text as a JSON string.
pub(super) fn push_text(out: &mut String, text: &str) {
    // A string always serialises.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}
