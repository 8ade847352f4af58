//! Which policies load, what the linter says, and what a simulation counts.

use super::*;
use crate::ids::PersonId;
use crate::triage::{Finding, PastVisit, ScaleShape, ScaleShapes, Settings, Severity, lint, simulate};
use chrono::{DateTime, TimeDelta};
use serde_json::{Value, json};
use uuid::Uuid;

fn shapes() -> ScaleShapes {
    shipped_scales().map(|scale| (scale.code().to_owned(), ScaleShape::from(&scale))).collect()
}

fn changed(pointer: &str, value: Value) -> String {
    let mut document: Value = serde_json::from_str(DEFAULT).unwrap();
    *document.pointer_mut(pointer).unwrap() = value;
    document.to_string()
}

fn refusals(json: &str) -> Vec<String> {
    Policy::parse(json).err().unwrap_or_default().iter().map(Finding::to_string).collect()
}

#[test]
fn the_shipped_policy_fits_the_shipped_scales() {
    let scales = shapes();
    let findings = lint(&POLICY, &scales, scales.keys().map(String::as_str));
    let serious: Vec<&Finding> =
        findings.iter().filter(|finding| finding.severity != Severity::Note).collect();
    assert!(serious.is_empty(), "{serious:?}");
    // and waits for those that come later
    let waits = |code: &str| findings.iter().any(|finding| finding.message.contains(code));
    assert!(["scl90", "mht", "isi", "k10", "smi_danger", "beijing_hotline", "dass21"].into_iter().all(waits));
}

#[test]
fn an_empty_cell_keeps_the_policy_from_loading() {
    for row in ["high", "moderate", "low", "all_no", "pending_recent", "pending_longer"] {
        for column in ["critical", "strong", "none"] {
            let empty = changed(&format!("/second_look/rows/{row}/{column}"), Value::Null);
            let path = format!("second_look.rows.{row}.{column}");
            assert_eq!(refusals(&empty), [format!("error: {path}: the cell is empty")]);
        }
    }
}

#[test]
fn broken_policies_do_not_load_and_say_why() {
    let table = [
        ("/tiers/3/owner", Value::Null, "has an owner"),
        ("/tiers/2/contact_secs", Value::Null, "has a deadline"),
        ("/bands/0/source", json!("nowhere"), "is not listed"),
        ("/bands/0/tier", json!(5), "a tier is 0 to 4"),
        ("/bands/0/when", json!([]), "would match everybody"),
        ("/bands/3/when/0", json!({"score": "total"}), "no comparison and no band"),
        ("/bands/3/when/0", json!({"score": "total", "ge": 20, "le": 10}), "cannot be reached"),
        ("/bands/0/text/en", json!(""), "in Chinese and in English"),
        ("/bands/0/id", json!("phq9_20"), "used twice"),
        ("/doubtful/incomplete/at_least", json!(0), "unknown is not safe"),
        ("/schema", json!(2), "format 1"),
        ("/bands/0/when/0", json!({"scroe": "total", "ge": 1}), "cannot be read"),
        ("/second_look/signs/high", json!([]), "nothing leads to this row"),
        ("/follow_up/by", json!("seat_dispatcher"), "cares for people over time"),
        ("/follow_up/after_secs", json!([259_200, 86_400]), "each later than the one before"),
        ("/follow_up/from_tier", json!(4), "tier 3 is followed"),
        ("/closing/second_person_from_tier", json!(4), "at most 3"),
        ("/closing/second_person_for", json!(["no_need_found", "cannot_reach"]), "refused_help needs"),
        ("/closing/attempts", json!(0), "before an attempt"),
    ];
    for (pointer, value, reason) in table {
        let refused = refusals(&changed(pointer, value));
        assert!(refused.iter().any(|text| text.contains(reason)), "{pointer}: {refused:?}");
    }
    assert!(refusals("{").iter().any(|text| text.contains("cannot be read")));
}

#[test]
fn the_linter_compares_with_the_scales() {
    let table = [
        ("/bands/3/when/0", json!({"score": "sum", "ge": 20}), "phq9 has no score sum"),
        ("/bands/3/when/0", json!({"score": "total", "ge": 28}), "cannot be reached"),
        ("/bands/3/when/0", json!({"score": "total", "band": "dreadful"}), "has no band dreadful"),
        ("/bands/3/when/0", json!({"item": "q99", "ge": 1}), "phq9 has no item q99"),
        ("/bands/3/when/0", json!({"item": "q9", "ge": 4}), "cannot be reached"),
        ("/critical/0/item", json!("q99"), "phq9 has no item q99"),
        ("/critical/0/critical_from", json!(4), "cannot be reached"),
        (
            "/second_look/signs/high/0/when/0",
            json!({"item": "q9", "ge": 1}),
            "c_ssrs_screener has no item q9",
        ),
    ];
    let scales = shapes();
    for (pointer, value, message) in table {
        let policy = Policy::parse(&changed(pointer, value)).unwrap();
        let found = lint(&policy, &scales, []);
        assert!(
            found.iter().any(|finding| finding.is_error() && finding.message.contains(message)),
            "{pointer}: {found:?}"
        );
    }
    let without_row = lint(&POLICY, &scales, ["phq9", "sdq"]);
    assert_eq!(without_row.iter().filter(|finding| finding.is_error()).count(), 1);
}

fn past(person: u128, minute: i64, result: StoredResult) -> PastVisit {
    let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::minutes(minute);
    let case = Case { live: false, ..visit([result]) };
    PastVisit { person: PersonId(Uuid::from_u128(person)), at, case }
}

#[test]
fn a_simulation_counts_tiers_alarms_and_contacts() {
    let mut visits = vec![
        past(1, 0, phq9(0, 0)),
        past(2, 1, phq9(12, 0)),
        past(3, 2, phq9(22, 0)),
        past(4, 3, phq9(0, 1)),
        past(5, 3000, phq9(6, 0)),
    ];
    // the same person twice within the merge window, once after it
    for minute in [10, 60, 600] {
        let mut high = past(6, minute, phq9(0, 2));
        high.case.results.push(c_ssrs(&["q5"]));
        visits.push(high);
    }
    let simulation = simulate(&POLICY, None, visits, Settings::default());
    assert_eq!(simulation.visits, 8);
    assert_eq!(simulation.tiers, [1, 1, 1, 2, 3]);
    assert_eq!(simulation.alarms, [(crate::dispatch::Priority::P1, 2)].into());
    assert_eq!(
        simulation.alarms_if_missed,
        [(crate::dispatch::Priority::P2, 1), (crate::dispatch::Priority::P3, 1)].into()
    );
    assert_eq!(simulation.per_seat_and_hour.hours_with_alarms, 2);
    assert_eq!(simulation.contacts_a_day.total, 6);
    assert_eq!(simulation.rows["c_ssrs_q5"], 3);
    assert!(simulation.changes.is_empty());
}

#[test]
fn too_many_alarms_for_a_seat_are_named() {
    let visits = (0..14).map(|person| {
        let mut high = past(person, 0, phq9(0, 2));
        high.case.results.push(c_ssrs(&["q4"]));
        high
    });
    let visits: Vec<PastVisit> = visits.collect();
    let one = simulate(&POLICY, None, visits.clone(), Settings::default()).per_seat_and_hour;
    assert_eq!((one.hours_above_acceptable, one.hours_above_most), (1, 1));
    assert!((one.most - 14.0).abs() < f64::EPSILON);
    let two = simulate(&POLICY, None, visits, Settings { seats: 2, ..Settings::default() }).per_seat_and_hour;
    assert_eq!((two.hours_above_acceptable, two.hours_above_most), (1, 0));
}

#[test]
fn a_simulation_names_who_would_change_tier_and_why() {
    let lowered = changed("/bands/3/when/0", json!({"score": "total", "ge": 15}));
    let stricter = Policy::parse(&lowered).unwrap();
    let visits = [past(1, 0, phq9(16, 0)), past(2, 0, phq9(22, 0)), past(3, 0, phq9(3, 0))];
    let simulation = simulate(&stricter, Some(&POLICY), visits, Settings::default());
    assert_eq!(simulation.changes.len(), 1);
    let change = &simulation.changes[0];
    assert_eq!((change.person, change.from, change.to), (PersonId(Uuid::from_u128(1)), 2, 3));
    assert_eq!(
        (change.because.as_slice(), change.no_longer.as_slice()),
        (&["phq9_20".to_owned()][..], &["phq9_15".to_owned()][..])
    );
}

#[test]
fn past_visits_ring_in_a_simulation_even_if_they_came_as_historical() {
    let mut high = past(1, 0, phq9(0, 2));
    high.case.results.push(c_ssrs(&["q5"]));
    assert!(!high.case.live);
    assert_eq!(simulate(&POLICY, None, [high], Settings::default()).alarms.len(), 1);
}

#[test]
fn how_long_a_result_rings_and_a_person_counts_as_seen_stands_in_the_policy() {
    let at = |minutes: i64| DateTime::from_timestamp(1_790_000_000 + minutes * 60, 0).unwrap();
    assert!(POLICY.rings(false, at(0), at(48 * 60)) && !POLICY.rings(false, at(0), at(48 * 60 + 1)));
    assert!(!POLICY.rings(true, at(0), at(0)));
    assert!(POLICY.is_seen_recently(at(0), at(120)) && !POLICY.is_seen_recently(at(0), at(121)));
    let shorter = Policy::parse(&changed("/old_results/older_than_secs", json!(3600))).unwrap();
    assert!(!shorter.rings(false, at(0), at(61)));
    let longer = Policy::parse(&changed("/second_look/recent_secs", json!(14_400))).unwrap();
    assert!(longer.is_seen_recently(at(0), at(240)));
}
