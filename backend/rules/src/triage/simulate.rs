//! What a policy would have done with past results: read before it goes live.

use super::assess::assess;
use super::case::Case;
use super::compile::Policy;
use super::suggest::suggest;
use crate::Timestamp;
use crate::dispatch::Priority;
use crate::ids::PersonId;
use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One visit of the past.
#[derive(Debug, Clone, Deserialize)]
pub struct PastVisit {
    pub person: PersonId,
    pub at: Timestamp,
    pub case: Case,
}

/// What the simulation needs to know about the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Dispatch seats that share the alarms.
    pub seats: u16,
    /// East of UTC, to tell days apart.
    pub utc_offset_secs: i32,
    /// A later look at the same person within this time joins the alarm.
    pub merge_window_secs: u32,
    /// Alarms a seat and hour that are acceptable, and the most (ISA-18.2: 6 and 12).
    pub alarms_acceptable: u16,
    pub alarms_most: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seats: 1,
            utc_offset_secs: 0,
            merge_window_secs: 14_400,
            alarms_acceptable: 6,
            alarms_most: 12,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Simulation {
    pub policy: String,
    pub against: Option<String>,
    pub visits: u64,
    /// Tier → visits.
    pub tiers: [u64; 5],
    /// Alarms that would have rung at once.
    pub alarms: BTreeMap<Priority, u64>,
    /// Alarms that ring only if a deadline passes without contact.
    pub alarms_if_missed: BTreeMap<Priority, u64>,
    pub per_seat_and_hour: PerHour,
    pub contacts_a_day: PerDay,
    /// Row → visits it matched.
    pub rows: BTreeMap<String, u64>,
    pub changes: Vec<TierChange>,
}

/// Hours in which anything rang, and how much.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PerHour {
    pub seats: u16,
    pub hours_with_alarms: u64,
    pub most: f64,
    pub most_at: Option<Timestamp>,
    pub hours_above_acceptable: u64,
    pub hours_above_most: u64,
}

/// People of tier 2 and above who must be contacted.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PerDay {
    pub days: u64,
    pub total: u64,
    pub mean: f64,
    pub most: u64,
    pub most_on: Option<NaiveDate>,
}

/// Somebody whose tier would be another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TierChange {
    pub person: PersonId,
    pub at: Timestamp,
    pub from: u8,
    pub to: u8,
    /// Rows that decide now and did not before.
    pub because: Vec<String>,
    /// Rows that decided before and do not now.
    pub no_longer: Vec<String>,
}

/// Runs `policy` over past visits as if each had just arrived, and compares it with `against`.
pub fn simulate(
    policy: &Policy,
    against: Option<&Policy>,
    visits: impl IntoIterator<Item = PastVisit>,
    settings: Settings,
) -> Simulation {
    let mut tally = Tally::default();
    let mut result = Simulation {
        policy: policy.reference().to_owned(),
        against: against.map(|policy| policy.reference().to_owned()),
        visits: 0,
        tiers: [0; 5],
        alarms: BTreeMap::new(),
        alarms_if_missed: BTreeMap::new(),
        per_seat_and_hour: PerHour::default(),
        contacts_a_day: PerDay::default(),
        rows: BTreeMap::new(),
        changes: Vec::new(),
    };
    for PastVisit { person, at, mut case } in visits {
        case.live = true;
        result.visits += 1;
        let suggestion = suggest(policy, &case);
        if let Some(count) = result.tiers.get_mut(usize::from(suggestion.tier)) {
            *count += 1;
        }
        for reason in &suggestion.reasons {
            *result.rows.entry(reason.row.clone()).or_default() += 1;
        }
        match (suggestion.alarm, suggestion.if_missed) {
            (Some(plan), _) if plan.after_secs == 0 => {
                if tally.rings(person, at, settings.merge_window_secs) {
                    *result.alarms.entry(plan.priority).or_default() += 1;
                }
            }
            (Some(plan), _) => *result.alarms_if_missed.entry(plan.priority).or_default() += 1,
            (None, Some(missed)) => *result.alarms_if_missed.entry(missed.priority).or_default() += 1,
            (None, None) => {}
        }
        tally.day(at, settings.utc_offset_secs, suggestion.tier >= 2);
        if let Some(against) = against {
            result.changes.extend(tier_change(policy, against, &case, person, at));
        }
    }
    result.per_seat_and_hour = tally.per_hour(settings);
    result.contacts_a_day = tally.per_day();
    result
}

fn tier_change(
    policy: &Policy,
    against: &Policy,
    case: &Case,
    person: PersonId,
    at: Timestamp,
) -> Option<TierChange> {
    let (now, before) = (assess(policy, case), assess(against, case));
    if now.tier == before.tier {
        return None;
    }
    let deciding = |assessment: &super::Assessment<'_>| -> Vec<String> {
        let hits = assessment.hits.iter().filter(|hit| hit.tier == assessment.tier);
        hits.map(|hit| hit.row.to_owned()).collect()
    };
    let (because, no_longer) = (deciding(&now), deciding(&before));
    let only_in = |rows: &[String], others: &[String]| {
        rows.iter().filter(|row| !others.contains(row)).cloned().collect::<Vec<String>>()
    };
    Some(TierChange {
        person,
        at,
        from: before.tier,
        to: now.tier,
        because: only_in(&because, &no_longer),
        no_longer: only_in(&no_longer, &because),
    })
}

#[derive(Default)]
struct Tally {
    last_alarm: BTreeMap<PersonId, Timestamp>,
    hours: BTreeMap<i64, u64>,
    days: BTreeMap<NaiveDate, u64>,
}

impl Tally {
    /// Counts an alarm unless it joins one about the same person.
    fn rings(&mut self, person: PersonId, at: Timestamp, window_secs: u32) -> bool {
        let window = TimeDelta::seconds(i64::from(window_secs));
        let joins = self.last_alarm.get(&person).is_some_and(|last| (at - *last).abs() <= window);
        self.last_alarm.insert(person, at);
        if !joins {
            *self.hours.entry(at.timestamp().div_euclid(3600)).or_default() += 1;
        }
        !joins
    }

    fn day(&mut self, at: Timestamp, utc_offset_secs: i32, needs_contact: bool) {
        let day = (at + TimeDelta::seconds(i64::from(utc_offset_secs))).date_naive();
        *self.days.entry(day).or_default() += u64::from(needs_contact);
    }

    fn per_hour(&self, settings: Settings) -> PerHour {
        let seats = settings.seats.max(1);
        let above = |limit: u16| {
            let limit = u64::from(limit) * u64::from(seats);
            self.hours.values().filter(|count| **count > limit).count() as u64
        };
        let most = self.hours.iter().max_by_key(|(hour, count)| (**count, std::cmp::Reverse(**hour)));
        PerHour {
            seats,
            hours_with_alarms: self.hours.len() as u64,
            most: most.map_or(0.0, |(_, count)| ratio(*count, u64::from(seats))),
            most_at: most.and_then(|(hour, _)| Timestamp::from_timestamp(hour * 3600, 0)),
            hours_above_acceptable: above(settings.alarms_acceptable),
            hours_above_most: above(settings.alarms_most),
        }
    }

    fn per_day(&self) -> PerDay {
        let total = self.days.values().sum();
        let days = self.days.len() as u64;
        let most = self.days.iter().max_by_key(|(day, count)| (**count, std::cmp::Reverse(**day)));
        PerDay {
            days,
            total,
            mean: if days == 0 { 0.0 } else { ratio(total, days) },
            most: most.map_or(0, |(_, count)| *count),
            most_on: most.filter(|(_, count)| **count > 0).map(|(day, _)| *day),
        }
    }
}

/// For people to read; two decimals.
#[expect(clippy::cast_precision_loss, reason = "counts of visits are far below 2^52")]
fn ratio(count: u64, of: u64) -> f64 {
    ((count as f64 / of as f64) * 100.0).round() / 100.0
}
