//! What is wrong with a scale file, and where.

use serde::Serialize;
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub weight: Weight,
    /// Where in the file: `scores[0].compute.of`.
    pub path: String,
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// The scale cannot be used.
    Blocking,
    /// It could be scored, but must not be shipped like this.
    Unfit,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}

/// Findings of one weight, gathered on the way.
pub(super) struct Findings {
    weight: Weight,
    pub list: Vec<Finding>,
}

impl Findings {
    pub const fn new(weight: Weight) -> Self {
        Self { weight, list: Vec::new() }
    }

    pub fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.list.push(Finding { weight: self.weight, path: path.into(), message: message.into() });
    }
}
