//! Triage: from results to a suggested tier 0–4, with its reasons, an owner and a deadline.
//!
//! A scale names bands and critical items; only the policy names tiers, and the policy is data. A score never
//! predicts: it sets a floor, and a person decides. See `docs/clinical/triage.md`.

mod alarm_id;
mod assess;
mod case;
mod change;
mod closing;
mod compile;
mod document;
mod finding;
mod lint;
mod progress;
mod second_look;
mod simulate;
mod suggest;
mod terms;
mod what_if;

#[cfg(test)]
mod tests;

pub use alarm_id::{alarm_id, alarm_id_for};
pub use assess::{Assessment, Hit, Input, assess};
pub use case::{
    Case, CaseResult, Danger, Fact, History, PreviousScore, SecondLook, SeenAgo, StoredCritical,
    StoredResult, StoredScore,
};
pub use change::{Agrees, Change, Refused, SecondAsk, SecondOutcome, Wish, answer_second, change};
pub use closing::{Close, Closing, NoSuchOutcome, Outcome, close, second_person_for};
pub use compile::Policy;
pub use document::{Bilingual, Cell, Certainty, Document, PolicySource, Seen, Test, TierRule};
pub use finding::{Finding, Severity};
pub use lint::{ScaleShape, ScaleShapes, lint};
pub use progress::{ItemState, Progress, Stage, Word};
pub use simulate::{PastVisit, Settings, Simulation, TierChange, simulate};
pub use suggest::{AlarmPlan, Counterfactual, Reason, Review, ScaleUsed, Suggestion, suggest};
pub use terms::{IfMissed, Standing, Terms, if_missed};
