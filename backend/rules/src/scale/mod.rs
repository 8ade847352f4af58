//! Questionnaires: what a scale file says, whether it may be used, and what a person's answers come to.

pub mod definition;
pub mod number;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Sex {
    F,
    M,
}
