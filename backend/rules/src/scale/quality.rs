//! Signs of careless answering. They never lower anything; they say that somebody should ask again.

use super::answers::Cell;
use super::plan::Plan;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quality {
    /// Items that were asked, hidden ones not counted.
    pub asked: u16,
    pub answered: u16,
    /// The longest run of equal option codes.
    pub longstring: u16,
    /// Milliseconds of the middle answer, if times were kept.
    pub median_ms: Option<u32>,
    pub flags: Vec<QualityFlag>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QualityFlag {
    /// The same code too many times in a row.
    Longstring,
    /// Faster than anybody reads.
    TooFast,
    /// Two items that ask the same were answered differently.
    InconsistentPair,
}

impl QualityFlag {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Longstring => "longstring",
            Self::TooFast => "too_fast",
            Self::InconsistentPair => "inconsistent_pair",
        }
    }
}

/// Item id → milliseconds it was on the screen.
pub type ItemTimes = BTreeMap<String, u32>;

impl Quality {
    pub fn careless(&self) -> bool {
        !self.flags.is_empty()
    }

    pub(super) fn of(plan: &Plan, cells: &[Cell], median_ms: Option<u32>) -> Quality {
        let mut quality = Quality { asked: 0, answered: 0, longstring: 0, median_ms, flags: Vec::new() };
        let (mut last, mut run, mut flagged) = (None, 0_u16, false);
        for (at, cell) in cells.iter().enumerate() {
            quality.asked += u16::from(*cell != Cell::HIDDEN);
            let Some(option) = cell.index() else { continue };
            quality.answered += 1;
            let code = Some(&plan.items[at].options[option].code);
            run = if code == last { run + 1 } else { 1 };
            last = code;
            quality.longstring = quality.longstring.max(run);
            let honest = plan.quality.honest.get(at).is_some_and(|codes| codes & (1 << option) != 0);
            flagged |= plan.quality.longstring > 0 && run >= plan.quality.longstring && !honest;
        }
        if flagged {
            quality.flags.push(QualityFlag::Longstring);
        }
        if matches!((median_ms, plan.quality.min_ms_per_item), (Some(ms), Some(least)) if ms < least) {
            quality.flags.push(QualityFlag::TooFast);
        }
        if plan.quality.pairs.iter().any(|pair| inconsistent(plan, cells, pair)) {
            quality.flags.push(QualityFlag::InconsistentPair);
        }
        quality
    }
}

fn inconsistent(plan: &Plan, cells: &[Cell], (a, b, most): &(u16, u16, super::Number)) -> bool {
    let value = |item: u16| {
        let option = cells[usize::from(item)].index()?;
        plan.items[usize::from(item)].options[option].value
    };
    let (Some(a), Some(b)) = (value(*a), value(*b)) else { return false };
    a.max(b).minus(a.min(b)) > *most
}

/// The middle of the times of answered items.
pub(super) fn median(mut times: Vec<u32>) -> Option<u32> {
    times.sort_unstable();
    times.get(times.len().checked_sub(1)? / 2).copied()
}
