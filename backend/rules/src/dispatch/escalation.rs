//! The escalation policy: who is told, after how many seconds, by which channel, until somebody acts.

use super::alarm::CloseCode;
use super::lint::lint;
use super::priority::Priority;
use crate::Timestamp;
use crate::identity::Post;
use crate::triage::{Bilingual, Finding, PolicySource};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One version of the policy, as written in `policies/escalation/<id>/<version>.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EscalationPolicy {
    /// For editors; not read.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema_file: Option<String>,
    /// Version of this format: 1.
    pub schema: u32,
    pub id: String,
    pub version: String,
    pub title: Bilingual,
    pub sources: BTreeMap<String, PolicySource>,
    /// A claim is somebody looking; it lapses unless renewed.
    pub claim_lease_secs: u32,
    /// A later look or press about the same person within this time joins the open alarm.
    pub merge_window_secs: u32,
    /// A press that names nobody joins the same account's open one within this time, and nothing else.
    pub press_window_secs: u32,
    /// Closing with one of these needs a second person.
    pub second_person: Vec<SecondPerson>,
    pub plans: Plans,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecondPerson {
    pub priority: Priority,
    pub code: CloseCode,
}

/// A plan for each priority: none can be forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plans {
    #[serde(rename = "P1")]
    pub p1: Plan,
    #[serde(rename = "P2")]
    pub p2: Plan,
    #[serde(rename = "P3")]
    pub p3: Plan,
    #[serde(rename = "P4")]
    pub p4: Plan,
}

/// What happens to an alarm of one priority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    pub source: String,
    /// Should be claimed by then; shown and measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim_target_secs: Option<u32>,
    /// An acknowledged alarm without any action for so long is raised again.
    pub ack_expiry_secs: u32,
    /// The longest pause until a person who was not reached is tried again.
    pub retry_max_secs: u32,
    /// The longest time on the shelf; absent: never shelved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shelve_max_secs: Option<u32>,
    /// In order of time. None: the alarm only stands on the list.
    pub steps: Vec<Step>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Repeat>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_resort: Option<LastResort>,
    /// A step whose posts resolve to nobody is passed over at once.
    pub skip_if_empty: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Seconds after the alarm was raised.
    pub at_secs: u32,
    pub notify: Vec<Post>,
    pub channels: Vec<Channel>,
    /// If nobody's screen has shown it by then, the next step comes at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect_presented_secs: Option<u32>,
}

/// After the last step everybody is told again, so often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repeat {
    pub every_secs: u32,
    /// Absent is a finding: a loop without end hides that nobody comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u16>,
}

/// When the laps are used up, or a step finds nobody. It goes on, slowly, until somebody acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastResort {
    pub notify: Vec<Post>,
    pub channels: Vec<Channel>,
    pub every_secs: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Console,
    Webhook,
}

impl Channel {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::Webhook => "webhook",
        }
    }
}

impl EscalationPolicy {
    /// A policy with an error does not load; warnings are for [`lint`]'s reader.
    pub fn parse(json: &str) -> Result<Self, Vec<Finding>> {
        let policy: Self = serde_json::from_str(json).map_err(|error| vec![Finding::unreadable(&error)])?;
        let errors: Vec<Finding> = lint(&policy).into_iter().filter(Finding::is_error).collect();
        if errors.is_empty() { Ok(policy) } else { Err(errors) }
    }

    /// `id@version`, as stored beside everything the policy decided.
    pub fn reference(&self) -> String {
        format!("{}@{}", self.id, self.version)
    }

    /// What an alarm keeps of the policy for as long as it lives.
    pub fn pin(&self) -> Pinned {
        Pinned {
            policy: self.reference(),
            claim_lease_secs: self.claim_lease_secs,
            second_person: self.second_person.clone(),
            plans: self.plans.clone(),
        }
    }
}

/// The policy an alarm was raised under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pinned {
    pub policy: String,
    pub claim_lease_secs: u32,
    pub second_person: Vec<SecondPerson>,
    pub plans: Plans,
}

impl Pinned {
    pub const fn plan(&self, priority: Priority) -> &Plan {
        match priority {
            Priority::P1 => &self.plans.p1,
            Priority::P2 => &self.plans.p2,
            Priority::P3 => &self.plans.p3,
            Priority::P4 => &self.plans.p4,
        }
    }

    pub fn needs_second_person(&self, priority: Priority, code: CloseCode) -> bool {
        self.second_person.contains(&SecondPerson { priority, code })
    }
}

/// A place in the plan. Steps count from 0 in lap 0; then the repeat is step n with laps 1, 2 …; then the last
/// resort is step n + 1 with laps 1, 2 … So a timer is unique by (alarm, step, lap).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    pub step: u16,
    pub lap: u16,
}

impl Position {
    pub const FIRST: Self = Self { step: 0, lap: 0 };
}

/// What a position means in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage<'p> {
    Step(&'p Step),
    Repeat(&'p Repeat),
    LastResort(&'p LastResort),
}

/// Who is told next, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NextStep {
    pub step: u16,
    pub lap: u16,
    pub due_at: Timestamp,
    pub notify: Vec<Post>,
    pub channels: Vec<Channel>,
}

/// What follows `(step, lap)` in the plan for `priority` if nobody acts; `None` for an alarm that only stands on
/// the list.
pub fn next_step(
    pinned: &Pinned,
    priority: Priority,
    raised_at: Timestamp,
    done: Option<Position>,
) -> Option<NextStep> {
    let plan = pinned.plan(priority);
    let position = plan.after(done)?;
    Some(NextStep {
        step: position.step,
        lap: position.lap,
        due_at: raised_at + plan.offset(position),
        notify: plan.posts(position),
        channels: plan.channels(position),
    })
}

impl Plan {
    pub fn stage(&self, position: Position) -> Option<Stage<'_>> {
        let steps = self.step_count();
        match position.step {
            step if step < steps => self.steps.get(usize::from(step)).map(Stage::Step),
            step if step == steps => self.repeat.as_ref().map(Stage::Repeat),
            step if step == steps.saturating_add(1) => self.last_resort.as_ref().map(Stage::LastResort),
            _ => None,
        }
    }

    /// The position after `done`, or the first.
    pub fn after(&self, done: Option<Position>) -> Option<Position> {
        let steps = self.step_count();
        if steps == 0 {
            return None;
        }
        let Some(Position { step, lap }) = done else { return Some(Position::FIRST) };
        let next_lap = lap.saturating_add(1);
        if step + 1 < steps {
            return Some(Position { step: step + 1, lap: 0 });
        }
        if step + 1 == steps {
            return self.first_lap();
        }
        if step == steps && self.repeat.is_some_and(|repeat| repeat.max.is_none_or(|max| next_lap <= max)) {
            return Some(Position { step, lap: next_lap });
        }
        self.last_resort.as_ref()?;
        let last_resort = steps + 1;
        Some(Position { step: last_resort, lap: if step == last_resort { next_lap } else { 1 } })
    }

    fn first_lap(&self) -> Option<Position> {
        let steps = self.step_count();
        if self.repeat.is_some_and(|repeat| repeat.max != Some(0)) {
            Some(Position { step: steps, lap: 1 })
        } else {
            self.last_resort.as_ref().map(|_| Position { step: steps + 1, lap: 1 })
        }
    }

    /// Like [`Self::after`], but laps that lie in the past are passed over: after an outage everybody is told once,
    /// not once for each lap that was missed. Steps are never passed over.
    pub fn after_late(&self, done: Position, from: Timestamp, at: Timestamp) -> Option<Position> {
        let mut position = self.after(Some(done))?;
        while position.lap > 0 {
            let following = self.after(Some(position))?;
            if from + self.offset(following) > at || following == position {
                break;
            }
            position = following;
        }
        Some(position)
    }

    /// Time between the start of the escalation and this position.
    pub fn offset(&self, position: Position) -> TimeDelta {
        let steps = self.step_count();
        let secs = |value: u32| TimeDelta::seconds(i64::from(value));
        if let Some(step) = self.steps.get(usize::from(position.step)) {
            return secs(step.at_secs);
        }
        let last = self.steps.last().map_or(0, |step| step.at_secs);
        let (every, laps) = self.repeat.map_or((0, 0), |repeat| (repeat.every_secs, repeat.max.unwrap_or(0)));
        if position.step == steps {
            return secs(last) + secs(every) * i32::from(position.lap);
        }
        let slow = self.last_resort.as_ref().map_or(0, |resort| resort.every_secs);
        secs(last) + secs(every) * i32::from(laps) + secs(slow) * i32::from(position.lap)
    }

    /// Whom this position tells. A repeat tells everybody named so far.
    pub fn posts(&self, position: Position) -> Vec<Post> {
        match self.stage(position) {
            Some(Stage::Step(step)) => step.notify.clone(),
            Some(Stage::Repeat(_)) => distinct(self.steps.iter().flat_map(|step| &step.notify)),
            Some(Stage::LastResort(resort)) => resort.notify.clone(),
            None => Vec::new(),
        }
    }

    pub fn channels(&self, position: Position) -> Vec<Channel> {
        match self.stage(position) {
            Some(Stage::Step(step)) => step.channels.clone(),
            Some(Stage::Repeat(_)) => distinct(self.steps.iter().flat_map(|step| &step.channels)),
            Some(Stage::LastResort(resort)) => resort.channels.clone(),
            None => Vec::new(),
        }
    }

    pub(super) fn step_count(&self) -> u16 {
        u16::try_from(self.steps.len()).unwrap_or(u16::MAX - 2)
    }
}

fn distinct<'a, T: Copy + PartialEq + 'a>(values: impl Iterator<Item = &'a T>) -> Vec<T> {
    let mut found = Vec::new();
    for value in values {
        if !found.contains(value) {
            found.push(*value);
        }
    }
    found
}
