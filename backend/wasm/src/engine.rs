//! What the page may ask: one request, one answer, both JSON.
//!
//! | request | answer |
//! |---|---|
//! | `{"op":"load_scale","definition":{…}}` | `{"code","version","hash"}` |
//! | `{"op":"load_policy","policy":{…}}` | `{"policy":"id@version"}` |
//! | `{"op":"score","code","version","person":{…},"answers":{…},"item_ms"?}` | the result row, with `hash`, `items`, `at_least` and `careless` for `suggest` |
//! | `{"op":"asked","code","version","person":{…},"answers":{…}}` | `{"items":["q1",…]}`: what to ask, given the answers so far |
//! | `{"op":"score_many","code","version","rows":[{"id","person","answers"},…]}` | `{"rows":[result or error row, …]}`, with `tier` if a policy is loaded |
//! | `{"op":"suggest","case":{…}}` (results as `score` gave them) | the suggestion |
//! | `{"op":"alarm_id","screening_id"}` | `{"alarm_id"}` |
//!
//! A request that cannot be answered gets `{"error":{"code","reason","item"?,"findings"?}}`.

use crate::refusal::Refusal;
use rules::ids::ScreeningId;
use rules::scale::wire::{self, Beside};
use rules::scale::{self, Answers, Respondent, RowError, RowReader, Scale};
use rules::triage::{self, Case};
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
    Asked,
    Score,
    ScoreMany,
    Suggest,
    AlarmId,
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
struct SoFar {
    #[serde(default)]
    person: Respondent,
    answers: Answers,
}

#[derive(Deserialize)]
struct ScoreMany<'a> {
    #[serde(borrow)]
    rows: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Suggest {
    case: Case,
}

#[derive(Deserialize)]
struct AlarmOf {
    screening_id: ScreeningId,
}

impl Engine {
    pub fn handle(&mut self, request: &str) -> String {
        self.answer(request).unwrap_or_else(|refusal| refusal.to_json())
    }

    /// A request as it lies in memory: one that is no text is answered like any other that cannot be read.
    pub fn handle_bytes(&mut self, request: &[u8]) -> String {
        match std::str::from_utf8(request) {
            Ok(request) => self.handle(request),
            Err(error) => Refusal::new("bad_request", error.to_string()).to_json(),
        }
    }

    fn answer(&mut self, request: &str) -> Result<String, Refusal> {
        let head: Head = serde_json::from_str(request)?;
        match head.op {
            Op::LoadScale => self.load_scale(&serde_json::from_str(request)?),
            Op::LoadPolicy => self.load_policy(&serde_json::from_str(request)?),
            Op::Asked => self.asked(request),
            Op::Score => self.score(request),
            Op::ScoreMany => self.score_many(request),
            Op::Suggest => self.suggest(&serde_json::from_str(request)?),
            Op::AlarmId => alarm_id(&serde_json::from_str(request)?),
        }
    }

    fn load_scale(&mut self, request: &LoadScale<'_>) -> Result<String, Refusal> {
        #[derive(Serialize)]
        struct Loaded<'a> {
            code: &'a str,
            version: &'a str,
            hash: &'a str,
        }
        let scale = Scale::parse(request.definition.get()).map_err(|findings| {
            Refusal::with_findings("unfit_scale", "this is no usable scale", &findings)
        })?;
        let answer = json(&Loaded { code: scale.code(), version: scale.version(), hash: scale.hash() })?;
        self.scales.entry(scale.code().to_owned()).or_default().insert(scale.version().to_owned(), scale);
        Ok(answer)
    }

    fn load_policy(&mut self, request: &LoadPolicy<'_>) -> Result<String, Refusal> {
        #[derive(Serialize)]
        struct Loaded {
            policy: String,
        }
        let policy = triage::Policy::parse(request.policy.get()).map_err(|findings| {
            Refusal::with_findings("unfit_policy", "this is no usable policy", &findings)
        })?;
        let answer = json(&Loaded { policy: policy.reference().to_owned() })?;
        self.policy = Some(policy);
        Ok(answer)
    }

    fn scale(&self, request: &str) -> Result<&Scale, Refusal> {
        let OfScale { code, version } = serde_json::from_str(request)?;
        self.scales
            .get(&code)
            .and_then(|versions| versions.get(&version))
            .ok_or_else(|| Refusal::new("unknown_scale", format!("{code}@{version} is not loaded")))
    }

    fn asked(&self, request: &str) -> Result<String, Refusal> {
        #[derive(Serialize)]
        struct Asked<'a> {
            items: Vec<&'a str>,
        }
        let scale = self.scale(request)?;
        let SoFar { person, answers } = serde_json::from_str(request)?;
        let items =
            scale.asked(&person, &answers).map_err(|error| Refusal::from(&RowError::Answer(error)))?;
        json(&Asked { items })
    }

    fn score(&self, request: &str) -> Result<String, Refusal> {
        let scale = self.scale(request)?;
        // the request has the fields of a row beside its own: it is read as one
        let scored =
            RowReader::new(scale).score(request.as_bytes()).map_err(|error| Refusal::from(&error))?;
        let mut answer = wire::result_json(&scored, Beside::default());
        let more = json(&ForSuggest::of(&scored))?;
        answer.pop();
        answer.push(',');
        answer.push_str(more.get(1..).unwrap_or("}"));
        Ok(answer)
    }

    fn score_many(&self, request: &str) -> Result<String, Refusal> {
        let scale = self.scale(request)?;
        let ScoreMany { rows } = serde_json::from_str(request)?;
        let mut reader = RowReader::new(scale);
        let mut case = Case::default();
        let (mut out, mut tier) = (Vec::with_capacity(64 + rows.len() * 512), Vec::new());
        out.extend_from_slice(b"{\"rows\":[");
        for (at, row) in rows.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            match reader.score(row.get().as_bytes()) {
                Ok(scored) => {
                    tier.clear();
                    if let Some(policy) = &self.policy {
                        case.age = reader.row().who.age;
                        case.results.clear();
                        case.results.push(scored.clone().into());
                        wire::write_tier(policy, &mut triage::assess(policy, &case), &mut tier);
                    }
                    let tier = self.policy.is_some().then_some(tier.as_slice());
                    wire::write_result(&scored, Beside { id: Some(&reader.row().id), tier }, &mut out);
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
    at_least: BTreeMap<&'a str, scale::Number>,
    careless: bool,
}

impl<'a> ForSuggest<'a> {
    fn of(scored: &'a scale::Scored) -> Self {
        Self {
            hash: scored.hash(),
            items: scored.items().collect(),
            at_least: scored.at_least().collect(),
            careless: scored.quality().careless(),
        }
    }
}

fn alarm_id(request: &AlarmOf) -> Result<String, Refusal> {
    #[derive(Serialize)]
    struct Answer {
        alarm_id: rules::ids::AlarmId,
    }
    json(&Answer { alarm_id: triage::alarm_id(request.screening_id) })
}

fn json(answer: &impl Serialize) -> Result<String, Refusal> {
    serde_json::to_string(answer).map_err(|error| Refusal::new("internal", error.to_string()))
}

#[cfg(target_arch = "wasm32")]
pub(crate) fn no_such_buffer() -> String {
    Refusal::new("no_such_buffer", "this address and length were not given out by alloc").to_json()
}
