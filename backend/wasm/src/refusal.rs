//! What the page gets when a request cannot be answered: `{"error":{"code":…,"reason":…,…}}`, never a trap.

use rules::scale;
use serde::Serialize;

#[derive(Debug, Default, Serialize)]
pub struct Refusal {
    /// For programs.
    pub code: &'static str,
    /// For people who read logs. Names places, never answers.
    pub reason: String,
    /// The item, or the field of the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// What is wrong with a scale or a policy, as its lint says it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
}

impl Refusal {
    pub fn new(code: &'static str, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), ..Self::default() }
    }

    pub fn with_findings<F: ToString>(code: &'static str, reason: &str, findings: &[F]) -> Self {
        Self { findings: findings.iter().map(F::to_string).collect(), ..Self::new(code, reason) }
    }

    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Answer<'a> {
            error: &'a Refusal,
        }
        // four fields of text always serialise
        serde_json::to_string(&Answer { error: self })
            .unwrap_or_else(|_| r#"{"error":{"code":"internal"}}"#.into())
    }
}

impl From<serde_json::Error> for Refusal {
    fn from(error: serde_json::Error) -> Self {
        Self::new("bad_request", error.to_string())
    }
}

impl From<&scale::RowError> for Refusal {
    fn from(error: &scale::RowError) -> Self {
        Self { item: error.item().map(str::to_owned), ..Self::new(error.code(), error.to_string()) }
    }
}
