//! Results as CSV: a column each for id, code, version, every score with status and band, critical answers, tier.

use rules::scale::{Level, RowError, Scale, Scored};
use rules::triage::Assessment;

/// The last column says why a row could not be scored.
const AFTER_SCORES: [&str; 6] = ["critical", "strong", "tier", "reasons", "quality", "error"];

pub fn header(scale: &Scale) -> Vec<u8> {
    let mut columns: Vec<String> = ["id", "code", "version"].map(str::to_owned).into();
    for score in &scale.definition().scores {
        columns.extend([score.id.clone(), format!("{}_status", score.id), format!("{}_band", score.id)]);
    }
    columns.extend(AFTER_SCORES.map(str::to_owned));
    let mut line = columns.join(",").into_bytes();
    line.push(b'\n');
    line
}

/// `id` is JSON, as it was read.
pub fn write_result(id: &str, scored: &Scored, assessment: &Assessment<'_>, out: &mut Vec<u8>) {
    push_cell(out, &plain(id));
    for text in [scored.code(), scored.version()] {
        next_cell(out, text);
    }
    for score in scored.scores() {
        out.push(b',');
        if let Some(value) = score.value {
            value.write_json(out);
        }
        next_cell(out, score.status.code());
        next_cell(out, score.band.unwrap_or_default());
    }
    next_cell(out, &joined(scored.critical().map(|hit| hit.id)));
    next_cell(out, &joined(scored.critical().filter(|hit| hit.level == Level::Strong).map(|hit| hit.id)));
    next_cell(out, &assessment.tier.to_string());
    next_cell(out, &joined(assessment.hits.iter().map(|hit| hit.row)));
    next_cell(out, &joined(scored.quality().flags.iter().map(|flag| flag.code())));
    out.extend_from_slice(b",\n");
}

pub fn write_error(id: &str, scale: &Scale, line: u64, error: &RowError, out: &mut Vec<u8>) {
    push_cell(out, &plain(id));
    for text in [scale.code(), scale.version()] {
        next_cell(out, text);
    }
    let empty = 3 * scale.definition().scores.len() + AFTER_SCORES.len() - 1;
    out.extend(std::iter::repeat_n(b',', empty));
    next_cell(out, &format!("line {line}: {error}"));
    out.push(b'\n');
}

/// A JSON text without its quotes; anything else as it is.
fn plain(id: &str) -> String {
    match id {
        "null" => String::new(),
        id => serde_json::from_str(id).unwrap_or_else(|_| id.to_owned()),
    }
}

fn joined<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    parts.collect::<Vec<_>>().join(" ")
}

fn next_cell(out: &mut Vec<u8>, text: &str) {
    out.push(b',');
    push_cell(out, text);
}

fn push_cell(out: &mut Vec<u8>, text: &str) {
    if text.contains(['"', ',', '\n', '\r']) {
        out.push(b'"');
        out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}
