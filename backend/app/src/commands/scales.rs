//! `xindeng scales`: which there are, what they say, whether they are fit to ship, whether they count right.

use anyhow::Context;
use rules::scale::definition::LocaleStatus;
use rules::scale::{Definition, Finding, Library, Scale, golden, lint};
use serde_json::json;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct ScalesArgs {
    #[command(subcommand)]
    command: ScalesCommand,
    /// A folder of scales instead of the built-in ones.
    #[arg(long, value_name = "DIR", global = true)]
    scales: Option<PathBuf>,
}

#[derive(Debug, clap::Subcommand)]
enum ScalesCommand {
    /// One line of JSON per scale.
    List,
    /// What a scale says.
    Show {
        /// Its code, or code@version.
        code: String,
        /// The whole document, as it is hashed.
        #[arg(long)]
        json: bool,
    },
    /// Whether scales are fit to ship; exit 1 if not.
    Lint {
        /// A scale file, a scale's folder or a folder of scales; without it, the built-in ones.
        path: Option<PathBuf>,
    },
    /// Scores the golden cases and compares; exit 1 on a difference.
    Test {
        /// One scale only.
        code: Option<String>,
    },
}

pub fn run(args: ScalesArgs) -> anyhow::Result<ExitCode> {
    let mut text = Lines::default();
    let code = match args.command {
        ScalesCommand::List => list(&library(args.scales.as_deref())?, &mut text),
        ScalesCommand::Show { code, json } => {
            let library = library(args.scales.as_deref())?;
            let scale = library.find(&code).with_context(|| format!("there is no scale {code}"))?;
            show(scale, json, &mut text)?
        }
        ScalesCommand::Lint { path } => match path.or(args.scales) {
            Some(path) => lint_files(&path, &mut text)?,
            None => lint_library(&library(None)?, &mut text),
        },
        ScalesCommand::Test { code } => test(&library(args.scales.as_deref())?, code.as_deref(), &mut text)?,
    };
    match io::stdout().write_all(text.0.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(code),
    }
}

/// What is said at the end, at once.
#[derive(Default)]
struct Lines(String);

impl Lines {
    fn say(&mut self, line: impl std::fmt::Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{line}");
    }
}

/// The built-in scales, or those of a folder.
pub fn library(folder: Option<&Path>) -> anyhow::Result<Library> {
    match folder {
        None => Ok(server::screening::Library::load()?.scales().clone()),
        Some(folder) => {
            let files = files(folder)?;
            Ok(Library::from_files(files.iter().map(|(path, text)| (path.to_string_lossy(), text)))?)
        }
    }
}

/// The scale files and golden cases at, in, or one below a path.
fn files(path: &Path) -> anyhow::Result<BTreeMap<PathBuf, String>> {
    let mut files = BTreeMap::new();
    let mut look = |path: &Path| -> anyhow::Result<()> {
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        if name == "cases.jsonl" || (name.ends_with(".json") && name != "definition.schema.json") {
            let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
            files.insert(path.to_path_buf(), text);
        }
        Ok(())
    };
    if path.is_file() {
        look(path)?;
        let cases = path.with_file_name("cases.jsonl");
        if cases.is_file() {
            look(&cases)?;
        }
        return Ok(files);
    }
    for entry in fs::read_dir(path).with_context(|| path.display().to_string())? {
        let entry = entry?.path();
        if entry.is_file() {
            look(&entry)?;
        } else {
            for file in fs::read_dir(&entry)? {
                look(&file?.path())?;
            }
        }
    }
    Ok(files)
}

fn list(library: &Library, text: &mut Lines) -> ExitCode {
    for scale in library.all_newest() {
        let definition = scale.definition();
        let line = json!({
            "code": scale.code(),
            "version": scale.version(),
            "title": definition.title,
            "items": definition.items.len(),
            "license": {"status": definition.license.status},
            "text": {"shipped": definition.license.text_shipped, "locales": locales(definition)},
        });
        text.say(line);
    }
    ExitCode::SUCCESS
}

fn locales(definition: &Definition) -> BTreeMap<&str, LocaleStatus> {
    definition.locales.iter().map(|(locale, about)| (locale.as_str(), about.status)).collect()
}

fn show(scale: &Scale, json: bool, text: &mut Lines) -> anyhow::Result<ExitCode> {
    if json {
        let document: serde_json::Value = serde_json::from_str(scale.json())?;
        text.say(serde_json::to_string_pretty(&document)?);
        return Ok(ExitCode::SUCCESS);
    }
    let definition = scale.definition();
    let mut say = |line: String| text.say(line);
    let word = |texts: &rules::scale::definition::Texts| -> String {
        [texts.get("zh-CN"), texts.get("en")].into_iter().flatten().cloned().collect::<Vec<_>>().join(" · ")
    };
    say(format!("{}@{}  {}", scale.code(), scale.version(), word(&definition.title)));
    say(format!("sha256 {}", scale.hash()));
    say(format!("licence {}: {}", name(definition.license.status), definition.license.holder));
    for (locale, about) in &definition.locales {
        say(format!("wording {locale} {}: {}", name(about.status), about.origin));
    }
    say(String::new());
    for item in &definition.items {
        let codes: Vec<String> = definition.options[&item.options]
            .iter()
            .map(|option| {
                let score = option.score.map_or_else(|| "n/a".to_owned(), |score| score.to_string());
                format!("{}={score}", name(&option.code))
            })
            .collect();
        say(format!("  {:<4} {}  [{}]", item.id, word(&item.text), codes.join(" ")));
    }
    for score in &definition.scores {
        say(String::new());
        say(format!("{}  {}  {} to {}", score.id, word(&score.title), score.range.0, score.range.1));
        for set in definition.bands.iter().filter(|set| set.score == score.id) {
            let cite = definition.sources.get(&set.source).map_or(set.source.as_str(), |source| &source.cite);
            let kind = if set.reference_only { "for comparison only" } else { "applied" };
            say(format!("  {kind}, certainty {}: {cite}", name(set.certainty)));
            for range in &set.ranges {
                let end = range.to.map(|to| to.to_string()).or(range.below.map(|below| format!("<{below}")));
                let end = end.unwrap_or_default();
                say(format!("    {:<20} {} to {end}  {}", range.code, range.from, word(&range.title)));
            }
        }
    }
    for rule in &definition.critical {
        say(String::new());
        say(format!("critical {}  {}", rule.id, word(&rule.reason)));
    }
    Ok(ExitCode::SUCCESS)
}

/// As the file writes it.
fn name(value: impl serde::Serialize) -> Cow<'static, str> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name.into(),
        Ok(other) => other.to_string().into(),
        Err(_) => "?".into(),
    }
}

fn lint_files(path: &Path, text: &mut Lines) -> anyhow::Result<ExitCode> {
    let files = files(path)?;
    let scales = || files.iter().filter(|(path, _)| path.extension().is_some_and(|end| end == "json"));
    if scales().next().is_none() {
        anyhow::bail!("{} holds no scale", path.display());
    }
    let mut findings = 0;
    for (path, json) in scales() {
        let cases = files.get(&path.with_file_name("cases.jsonl"));
        findings += say_findings(&path.display().to_string(), &lint(json, cases.map(String::as_str)), text);
        if let Err(misplaced) = Library::from_files([(path.to_string_lossy(), json)]) {
            let of_path =
                misplaced.files.iter().flat_map(|(_, findings)| findings).filter(|one| one.path == "code");
            findings +=
                say_findings(&path.display().to_string(), &of_path.cloned().collect::<Vec<_>>(), text);
        }
    }
    Ok(summed_up(scales().count(), findings, text))
}

fn lint_library(library: &Library, text: &mut Lines) -> ExitCode {
    let mut findings = 0;
    for scale in library.all() {
        let found = lint(scale.json(), library.cases(scale.code()));
        findings += say_findings(&format!("{}@{}", scale.code(), scale.version()), &found, text);
    }
    summed_up(library.all().count(), findings, text)
}

fn say_findings(of: &str, findings: &[Finding], text: &mut Lines) -> usize {
    for finding in findings {
        text.say(format!("{of}: {finding}"));
    }
    findings.len()
}

fn summed_up(scales: usize, findings: usize, text: &mut Lines) -> ExitCode {
    text.say(format!("{scales} scales, {findings} findings"));
    if findings == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn test(library: &Library, code: Option<&str>, text: &mut Lines) -> anyhow::Result<ExitCode> {
    let scales: Vec<&Scale> = match code {
        Some(code) => vec![library.find(code).with_context(|| format!("there is no scale {code}"))?],
        None => library.all_newest().collect(),
    };
    let mut is_right = true;
    for scale in scales {
        let Some(cases) = library.cases(scale.code()) else {
            text.say(format!("{}: no golden cases", scale.code()));
            is_right = false;
            continue;
        };
        let report = golden::run(scale, cases);
        is_right &= report.mismatches.is_empty();
        for wrong in &report.mismatches {
            let (code, line) = (scale.code(), wrong.line);
            text.say(format!("{code}/cases.jsonl:{line} {}: {}", wrong.name, wrong.what));
        }
        let (code, version) = (scale.code(), scale.version());
        let (cases, wrong) = (report.cases, report.mismatches.len());
        text.say(format!("{code}@{version}: {cases} cases, {wrong} differences"));
    }
    Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
