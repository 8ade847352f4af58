//! Every scale that ships: clean, and true to its golden cases.

use super::super::{Library, Scale, golden, lint};
use std::fs;
use std::path::{Path, PathBuf};

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scales")
}

pub fn files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for scale in fs::read_dir(folder()).unwrap() {
        let scale = scale.unwrap().path();
        if scale.is_dir() {
            for file in fs::read_dir(scale).unwrap() {
                let path = file.unwrap().path();
                let text = fs::read_to_string(&path).unwrap();
                files.push((path.to_string_lossy().into_owned(), text));
            }
        }
    }
    files.sort();
    files
}

pub fn library() -> Library {
    Library::from_files(files()).unwrap()
}

#[test]
fn every_golden_case_comes_out_as_it_was_worked_out() {
    let library = library();
    let mut wrong = Vec::new();
    for scale in library.all_newest() {
        let cases = library.cases(scale.code()).expect("golden cases");
        let report = golden::run(scale, cases);
        assert!(report.cases >= 5, "{}: {} cases are too few", scale.code(), report.cases);
        wrong.extend(report.mismatches.into_iter().map(|mismatch| (scale.code().to_owned(), mismatch)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_shipped_scale_has_findings() {
    let files = files();
    let library = library();
    let mut findings = Vec::new();
    for (path, text) in
        files.iter().filter(|(path, _)| Path::new(path).extension().is_some_and(|end| end == "json"))
    {
        let code = Path::new(path).parent().and_then(Path::file_name).unwrap().to_string_lossy().into_owned();
        let cases = library.cases(&code);
        findings.extend(lint(text, cases).iter().map(|finding| format!("{path}: {finding}")));
    }
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn the_first_fourteen_scales_are_there() {
    let library = library();
    for code in [
        "phq9",
        "phq2",
        "phq15",
        "gad7",
        "gad2",
        "pcl5",
        "pclc",
        "cesd",
        "gds15",
        "epds",
        "audit",
        "cage",
        "c_ssrs_screener",
        "asq",
    ] {
        assert!(library.newest(code).is_some(), "{code}");
    }
}

#[test]
fn what_a_scale_starts_next_is_a_scale_we_have() {
    let library = library();
    for scale in library.all() {
        for next in &scale.definition().next {
            assert!(library.newest(&next.start).is_some(), "{} starts {}", scale.code(), next.start);
        }
    }
}

/// Who is handed a definition checks it by its hash; `Scale::json` is the document to hand on, but the parsed definition
/// written out again must not become another scale either.
#[test]
fn a_shipped_scale_handed_on_keeps_its_hash() {
    for scale in library().all() {
        let handed_on = Scale::parse(scale.json()).unwrap();
        assert_eq!(handed_on.hash(), scale.hash(), "{}", scale.code());
        let written_again = serde_json::to_string(scale.definition()).unwrap();
        assert_eq!(Scale::parse(&written_again).unwrap().hash(), scale.hash(), "{}", scale.code());
    }
}
