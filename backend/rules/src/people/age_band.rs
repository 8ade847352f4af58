//! How old somebody says they are, where no birth date is known: enough for the law and for the rules about the young.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AgeBand {
    #[serde(rename = "under_14")]
    Under14,
    #[serde(rename = "14_to_17")]
    From14To17,
    #[serde(rename = "adult")]
    Adult,
}

impl AgeBand {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Under14 => "under_14",
            Self::From14To17 => "14_to_17",
            Self::Adult => "adult",
        }
    }

    /// The age that rules about limits (14, 18) go by. Norms of a scale never do: they need the real one.
    pub const fn stands_for(self) -> u16 {
        match self {
            Self::Under14 => 13,
            Self::From14To17 => 17,
            Self::Adult => 18,
        }
    }
}

impl std::str::FromStr for AgeBand {
    type Err = ();

    fn from_str(code: &str) -> Result<Self, ()> {
        [Self::Under14, Self::From14To17, Self::Adult].into_iter().find(|band| band.code() == code).ok_or(())
    }
}
