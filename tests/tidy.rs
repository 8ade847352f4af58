//! The house rules that a machine can check.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Lowest first. A slice may call those on lower rows only.
const ROWS: [&[&str]; 7] = [
    &["platform", "events"],
    &["audit"],
    &["identity"],
    &["people"],
    &["triage"],
    &["screening", "dispatch"],
    &["overview", "demo"],
];

/// The kernel is joined to what stands on it in these places only.
const JOINTS: [&str; 6] =
    ["wiring.rs", "platform/ctx.rs", "platform/http.rs", "events/hub.rs", "events/socket.rs", "lib.rs"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn files(below: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![below.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).unwrap().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["target", "node_modules", "dist", ".git", "var"].contains(&name.as_str()) {
                    open.push(path);
                }
            } else if name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn row_of(slice: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&slice))
}

#[test]
fn calls_between_slices_go_down_only() {
    let src = root().join("backend/server/src");
    let mut wrong = Vec::new();
    for file in files(&src, ".rs") {
        let name = file.strip_prefix(&src).unwrap().to_string_lossy().into_owned();
        if JOINTS.contains(&name.as_str()) {
            continue;
        }
        let slice = name.split('/').next().unwrap();
        let row = row_of(slice).unwrap_or_else(|| panic!("{name}: a slice without a row in tests/tidy.rs"));
        let text = std::fs::read_to_string(&file).unwrap();
        for (n, line) in text.lines().enumerate() {
            for (at, _) in line.match_indices("crate::") {
                let called: String =
                    line[at + 7..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                let Some(other) = row_of(&called) else { continue };
                let is_same_row_neighbour = other == row && called != slice && row > 0;
                if other > row || is_same_row_neighbour {
                    wrong.push(format!("{name}:{}: {slice} calls {called}", n + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn one_slice_writes_each_table() {
    let src = root().join("backend/server/src");
    let mut writers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files(&src, ".rs") {
        let name = file.strip_prefix(&src).unwrap().to_string_lossy().into_owned();
        let slice = name.split('/').next().unwrap().to_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        let words: Vec<&str> = text.split_whitespace().map(|word| word.trim_start_matches('"')).collect();
        for pair in words.windows(3) {
            let (["insert", "into", table] | ["delete", "from", table] | ["update", table, "set"]) = pair
            else {
                continue;
            };
            let table: String = table.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            if !table.is_empty() {
                writers.entry(table).or_default().insert(slice.clone());
            }
        }
    }
    assert!(writers.len() > 10, "the check itself finds nothing any more: {writers:?}");
    let shared: Vec<_> = writers.iter().filter(|(_, slices)| slices.len() > 1).collect();
    assert!(shared.is_empty(), "{shared:#?}");
}

#[test]
fn rules_reach_for_nothing_outside() {
    let src = root().join("backend/rules/src");
    for file in files(&src, ".rs") {
        let text = std::fs::read_to_string(&file).unwrap();
        // the tests of a file may compare with documents; the rules themselves stand before them
        let text = text.split("#[cfg(test)]").next().unwrap();
        for word in
            ["std::fs", "std::net", "std::env", "std::time", "Utc::now", "Instant::now", "tokio::", "sqlx::"]
        {
            let is_test = file.to_string_lossy().contains("/tests");
            assert!(is_test || !text.contains(word), "{}: {word}", file.display());
        }
    }
}

#[test]
fn every_module_says_what_it_is_for() {
    let mut silent = Vec::new();
    for folder in ["backend", "tests"] {
        for file in files(&root().join(folder), ".rs") {
            let text = std::fs::read_to_string(&file).unwrap();
            let first = text.lines().next().unwrap_or_default();
            if !first.starts_with("//!") || first.len() < 12 {
                silent.push(file.display().to_string());
            }
        }
    }
    assert!(silent.is_empty(), "\n{}", silent.join("\n"));
}

#[test]
fn no_file_grows_past_its_limit() {
    let mut long = Vec::new();
    for folder in ["backend", "tests", "web-console/src"] {
        for ending in [".rs", ".ts", ".tsx"] {
            for file in files(&root().join(folder), ending) {
                let name = file.to_string_lossy().into_owned();
                let lines = std::fs::read_to_string(&file).unwrap().lines().count();
                if lines > 500 && !name.contains(".gen.") {
                    long.push(format!("{name}: {lines} lines"));
                }
            }
        }
    }
    assert!(long.is_empty(), "\n{}", long.join("\n"));
}

#[test]
fn sql_stands_in_stores_and_is_never_put_together_from_texts() {
    for file in files(&root().join("backend"), ".rs") {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains("AssertSqlSafe"), "{}", file.display());
        assert!(!text.contains("pg_notify"), "{}", file.display());
    }
}

#[test]
fn nothing_unfinished_is_left_behind() {
    let words = [
        "TO".to_owned() + "DO",
        "FIX".to_owned() + "ME",
        "(being writ".to_owned() + "ten)",
        "un".to_owned() + "implemented!",
    ];
    for folder in ["backend", "tests", "web-console/src", "scripts", "migrations"] {
        for ending in [".rs", ".ts", ".tsx", ".sh", ".sql"] {
            for file in files(&root().join(folder), ending) {
                let text = std::fs::read_to_string(&file).unwrap();
                for word in &words {
                    assert!(!text.contains(word.as_str()), "{}: {word}", file.display());
                }
            }
        }
    }
}

#[test]
fn docs_point_at_files_that_exist() {
    let root = root();
    let mut missing = Vec::new();
    for file in files(&root, ".md") {
        let text = std::fs::read_to_string(&file).unwrap();
        for (at, _) in text.match_indices("](") {
            let target: String = text[at + 2..].chars().take_while(|c| *c != ')' && *c != '#').collect();
            if target.is_empty() || target.contains("://") || target.contains(' ') {
                continue;
            }
            if !file.parent().unwrap().join(&target).exists() {
                missing.push(format!("{}: {target}", file.strip_prefix(&root).unwrap().display()));
            }
        }
    }
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
}

/// The document of the API has one list of names: of two types with one name the later would stand for both.
#[test]
fn no_two_types_of_the_api_share_a_name() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files(&root().join("backend/server/src"), ".rs") {
        let text = std::fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (n, _) in lines.iter().enumerate().filter(|(_, line)| line.contains("ToSchema)]")) {
            let head: Vec<&str> = lines[n..]
                .iter()
                .take_while(|line| !line.ends_with('{') && !line.ends_with(';'))
                .copied()
                .collect();
            let renamed =
                head.iter().find_map(|line| line.split("schema(as = ").nth(1)?.split([')', ',']).next());
            let declared = lines.get(n + head.len()).and_then(|line| {
                let name =
                    line.split(["struct ", "enum "].iter().find(|word| line.contains(**word))?).nth(1)?;
                name.split([' ', '<', '(']).next()
            });
            let name = renamed.or(declared).unwrap_or_else(|| panic!("{}:{}", file.display(), n + 1));
            places.entry(name.to_owned()).or_default().push(format!("{}:{}", file.display(), n + 1));
        }
    }
    let shared: Vec<_> = places.into_iter().filter(|(_, places)| places.len() > 1).collect();
    assert!(shared.is_empty(), "{shared:#?}");
}
