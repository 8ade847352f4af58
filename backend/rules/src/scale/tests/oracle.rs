//! Against another engine's results, where somebody has put them: the folder named by `XINDENG_REFERENCE` holds
//! `oracle/awell/<name>.jsonl`, rows of `{"answers":{…},"expected":{…}}`. The project passes without them.

use super::super::{Answers, Library, Respondent, Scored, Status};
use super::shipped;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Theirs and ours.
type Pair = (&'static str, &'static str);

/// Their scale, ours, and which of their results is which of ours.
const SHARED: [(&str, &str, &[Pair]); 6] = [
    ("phq_9", "phq9", &[("PHQ9_SCORE", "total")]),
    ("phq_2", "phq2", &[("PHQ2_SCORE", "total")]),
    ("gad_7", "gad7", &[("GAD7_SCORE", "total")]),
    ("gad_2", "gad2", &[("GAD2_SCORE", "total")]),
    ("audit", "audit", &[("TOTAL", "total")]),
    (
        "pcl_5",
        "pcl5",
        &[
            ("PCL5_TOTAL_SYMPTOM_SEVERITY_SCORE", "total"),
            ("PCL5_DSM_5_SYMPTOM_CLUSTER_B", "cluster_b"),
            ("PCL5_DSM_5_SYMPTOM_CLUSTER_C", "cluster_c"),
            ("PCL5_DSM_5_SYMPTOM_CLUSTER_D", "cluster_d"),
            ("PCL5_DSM_5_SYMPTOM_CLUSTER_E", "cluster_e"),
            ("PCL5_PTSS_INDICATION", "cluster_rule"),
        ],
    ),
];

/// Their words for a band, ours, by score.
const WORDS: [(&str, &str, &str); 9] = [
    ("phq9", "None/minimal depression", "none"),
    ("phq9", "Mild depression", "mild"),
    ("phq9", "Moderate depression", "moderate"),
    ("phq9", "Moderately severe depression", "moderately_severe"),
    ("phq9", "Severe depression", "severe"),
    ("gad7", "No anxiety", "none"),
    ("gad7", "Mild anxiety", "mild"),
    ("gad7", "Moderate anxiety", "moderate"),
    ("gad7", "Severe anxiety", "severe"),
];

#[derive(Debug, Default, PartialEq)]
struct Tally {
    same: usize,
    /// We leave a score incomplete; they add up what is there, or refuse.
    incomplete_here: usize,
    /// We refuse a row that no form allows; they score it.
    refused_here: usize,
}

fn folder() -> Option<PathBuf> {
    std::env::var_os("XINDENG_REFERENCE").map(PathBuf::from)
}

#[test]
fn another_engine_says_the_same_of_complete_forms() {
    let library = shipped::library();
    let Some(folder) = folder() else {
        eprintln!("XINDENG_REFERENCE is not set: not compared with another engine, only with plain addition");
        for (_, code, _) in SHARED {
            agrees_with_plain_addition(&library, code);
        }
        return;
    };
    for (theirs, ours, shared) in SHARED {
        let path = folder.join("oracle/awell").join(format!("{theirs}.jsonl"));
        let tally = compare(&library, ours, &path, shared);
        eprintln!("{ours}: {tally:?}");
        assert!(tally.same > 100, "{ours}: only {} rows could be compared", tally.same);
    }
}

/// `PHQ9_Q01` → `q1`: both number items in the order of the form.
fn by_position(answers: &Map<String, Value>) -> BTreeMap<String, Value> {
    let number =
        |name: &str| name.rsplit(|c: char| !c.is_ascii_digit()).next().and_then(|n| n.parse::<u32>().ok());
    answers.iter().map(|(name, value)| (format!("q{}", number(name).unwrap()), value.clone())).collect()
}

fn compare(library: &Library, code: &str, path: &Path, shared: &[(&str, &str)]) -> Tally {
    let scale = library.newest(code).unwrap();
    let mut tally = Tally::default();
    for line in fs::read_to_string(path).unwrap().lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let given = by_position(row["answers"].as_object().unwrap());
        let given: Answers = serde_json::from_value(serde_json::to_value(given).unwrap()).unwrap();
        let Ok(scored) = scale.score(&Respondent::default(), &given) else {
            tally.refused_here += 1;
            continue;
        };
        let expected = row.get("expected");
        if scored.scores().any(|score| score.status == Status::Incomplete) || expected.is_none() {
            assert!(scored.is_incomplete(), "{code}: they refuse a complete form: {line}");
            tally.incomplete_here += 1;
            continue;
        }
        let expected = expected.unwrap();
        for (theirs, ours) in shared {
            let value = scored.score(ours).unwrap().value.unwrap().to_string();
            assert_eq!(value, expected[*theirs].to_string(), "{code} {ours}: {line}");
        }
        if let Some(word) = expected.as_object().unwrap().values().find_map(Value::as_str) {
            same_band(code, &scored, word);
        }
        tally.same += 1;
    }
    tally
}

fn same_band(code: &str, scored: &Scored, word: &str) {
    if let Some((_, _, band)) = WORDS.iter().find(|(scale, theirs, _)| *scale == code && *theirs == word) {
        assert_eq!(scored.score("total").unwrap().band, Some(*band), "{code}: {word}");
    }
}

/// What anybody can check by hand: every item at its first, then at its last option.
fn agrees_with_plain_addition(library: &Library, code: &str) {
    let scale = library.newest(code).unwrap();
    let definition = scale.definition();
    for last in [false, true] {
        let (mut given, mut sum) = (BTreeMap::new(), 0);
        for item in definition.items.iter().filter(|item| !item.unscored) {
            let options = &definition.options[&item.options];
            let option = if last { options.last() } else { options.first() }.unwrap();
            given.insert(item.id.clone(), super::super::Given::Code(option.code.clone()));
            sum += option.score.unwrap().as_whole().unwrap();
        }
        let Ok(scored) = scale.score(&Respondent::default(), &Answers(given)) else {
            continue; // the first option closes a gate
        };
        assert_eq!(scored.score("total").unwrap().value, Some(sum.into()), "{code}");
    }
}
