//! What the page may ask: one request, one answer, both JSON.
//!
//! | request | answer |
//! |---|---|
//! | `{"op":"load_scale","definition":{…}}` | `{"code","version","hash"}` |
//! | `{"op":"load_policy","policy":{…}}` | `{"policy":"id@version"}` |
//! | `{"op":"score","code","version","person":{…},"answers":{…},"item_ms"?}` | the result row, with `hash`, `items` and `careless` for `suggest` |
//! | `{"op":"score_many","code","version","rows":[{"id","person","answers"},…]}` | `{"rows":[result or error row, …]}` |
//! | `{"op":"suggest","case":{…}}` (results as `score` gave them) | the suggestion |
//! | `{"op":"alarm_id","screening_id"}` | `{"alarm_id"}` |
//! | `{"op":"lint_scale","definition":{…},"cases"?:"JSON Lines"}` | `{"findings":[…]}` |
//!
//! A request that cannot be answered gets `{"error":{"code","reason","item"?,"findings"?}}`.

use crate::refusal::Refusal;
use rules::ids::ScreeningId;
use rules::scale::wire::{self, Beside};
use rules::scale::{self, RowReader, Scale};
use rules::triage;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The scales and the policy a page has loaded.
#[derive(Debug, Default)]
pub struct Engine {
    /// By code, then by version.
    scales: BTreeMap<String, BTreeMap<String, Scale>>,
    policy: Option<triage::Policy>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Op {
    LoadScale,
    LoadPolicy,
    Score,
    ScoreMany,
    Suggest,
    AlarmId,
    LintScale,
}

/// Read first; the rest of a request is read once it is known what it is.
#[derive(Deserialize)]
struct Head {
    op: Op,
}

#[derive(Deserialize)]
struct LoadScale<'a> {
    #[serde(borrow)]
    definition: &'a RawValue,
}

#[derive(Deserialize)]
struct LoadPolicy<'a> {
    #[serde(borrow)]
    policy: &'a RawValue,
}

#[derive(Deserialize)]
struct OfScale {
    code: String,
    version: String,
}

#[derive(Deserialize)]
struct ScoreMany<'a> {
    #[serde(borrow)]
    rows: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Suggest {
    case: triage::Case,
}

#[derive(Deserialize)]
struct AlarmOf {
    screening_id: ScreeningId,
}

#[derive(Deserialize)]
struct LintScale<'a> {
    #[serde(borrow)]
    definition: &'a RawValue,
    cases: Option<String>,
}

impl Engine {
    pub fn handle(&mut self, request: &str) -> String {
        self.handle_bytes(request.as_bytes())
    }

    pub fn handle_bytes(&mut self, request: &[u8]) -> String {
        self.answer(request).unwrap_or_else(|refusal| refusal.to_json())
    }

    fn answer(&mut self, request: &[u8]) -> Result<String, Refusal> {
        let head: Head = serde_json::from_slice(request)?;
        match head.op {
            Op::LoadScale => self.load_scale(&serde_json::from_slice(request)?),
            Op::LoadPolicy => self.load_policy(&serde_json::from_slice(request)?),
            Op::Score => self.score(request),
            Op::ScoreMany => self.score_many(request),
            Op::Suggest => self.suggest(&serde_json::from_slice(request)?),
            Op::AlarmId => alarm_id(&serde_json::from_slice(request)?),
            Op::LintScale => lint_scale(&serde_json::from_slice(request)?),
        }
    }

    fn load_scale(&mut self, request: &LoadScale<'_>) -> Result<String, Refusal> {
        #[derive(Serialize)]
        struct Loaded<'a> {
            code: &'a str,
            version: &'a str,
            hash: &'a str,
        }
        let scale = Scale::parse(request.definition.get())
            .map_err(|findings| Refusal::with_findings("unfit_scale", "this is no usable scale", &findings))?;
        let answer = json(&Loaded { code: scale.code(), version: scale.version(), hash: scale.hash() })?;
        self.scales.entry(scale.code().to_owned()).or_default().insert(scale.version().to_owned(), scale);
        Ok(answer)
    }

    fn load_policy(&mut self, request: &LoadPolicy<'_>) -> Result<String, Refusal> {
        #[derive(Serialize)]
        struct Loaded {
            policy: String,
        }
        let policy = triage::Policy::parse(request.policy.get())
            .map_err(|findings| Refusal::with_findings("unfit_policy", "this is no usable policy", &findings))?;
        let answer = json(&Loaded { policy: policy.name() })?;
        self.policy = Some(policy);
        Ok(answer)
    }

    fn scale(&self, request: &[u8]) -> Result<&Scale, Refusal> {
        let OfScale { code, version } = serde_json::from_slice(request)?;
        self.scales
            .get(&code)
            .and_then(|versions| versions.get(&version))
            .ok_or_else(|| Refusal::new("unknown_scale", format!("{code}@{version} is not loaded")))
    }

    fn score(&self, request: &[u8]) -> Result<String, Refusal> {
        let scale = self.scale(request)?;
        // the request has the fields of a row beside its own: it is read as one
        let scored = RowReader::new(scale).score(request).map_err(|error| Refusal::from(&error))?;
        let mut answer = wire::result_json(&scored, Beside::default());
        let more = json(&ForSuggest::of(&scored))?;
        answer.pop();
        answer.push(',');
        answer.push_str(more.get(1..).unwrap_or("}"));
        Ok(answer)
    }

    fn score_many(&self, request: &[u8]) -> Result<String, Refusal> {
        let scale = self.scale(request)?;
        let ScoreMany { rows } = serde_json::from_slice(request)?;
        let mut reader = RowReader::new(scale);
        let mut out = Vec::with_capacity(64 + rows.len() * 512);
        out.extend_from_slice(b"{\"rows\":[");
        for (at, row) in rows.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            match reader.score(row.get().as_bytes()) {
                Ok(scored) => {
                    wire::write_result(&scored, Beside { id: Some(&reader.row().id), tier: None }, &mut out);
                }
                Err(error) => wire::write_error(Some(&reader.row().id), None, &error, &mut out),
            }
        }
        out.extend_from_slice(b"]}");
        String::from_utf8(out).map_err(|_| Refusal::new("internal", "the answer is not text"))
    }

    fn suggest(&self, request: &Suggest) -> Result<String, Refusal> {
        let policy = self.policy.as_ref().ok_or_else(|| Refusal::new("no_policy", "no policy is loaded"))?;
        json(&triage::suggest(policy, &request.case))
    }
}

/// What triage reads of a result beyond the row.
#[derive(Serialize)]
struct ForSuggest<'a> {
    hash: &'a str,
    items: BTreeMap<&'a str, Option<scale::Number>>,
    careless: bool,
}

impl<'a> ForSuggest<'a> {
    fn of(scored: &'a scale::Scored) -> Self {
        Self { hash: scored.hash(), items: scored.items().collect(), careless: scored.quality().is_careless() }
    }
}

fn alarm_id(request: &AlarmOf) -> Result<String, Refusal> {
    #[derive(Serialize)]
    struct Answer {
        alarm_id: rules::ids::AlarmId,
    }
    json(&Answer { alarm_id: triage::alarm_id(request.screening_id) })
}

fn lint_scale(request: &LintScale<'_>) -> Result<String, Refusal> {
    #[derive(Serialize)]
    struct Answer {
        findings: Vec<scale::Finding>,
    }
    json(&Answer { findings: scale::lint(request.definition.get(), request.cases.as_deref()) })
}

fn json(answer: &impl Serialize) -> Result<String, Refusal> {
    serde_json::to_string(answer).map_err(|error| Refusal::new("internal", error.to_string()))
}

#[cfg(target_arch = "wasm32")]
pub(crate) fn no_such_buffer() -> String {
    Refusal::new("no_such_buffer", "this address and length were not given out by alloc").to_json()
}
