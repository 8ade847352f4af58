//! The alarm state machine and the escalation policy, told as stories.

use super::*;
use crate::identity::Post;
use crate::ids::{AccountId, AlarmId};
use crate::triage::Finding;
use crate::{Private, Timestamp};
use chrono::{DateTime, TimeDelta};
use serde_json::{Value, json};
use uuid::Uuid;

pub const DEFAULT: &str = include_str!("../../policies/escalation/default/1.0.0.json");
pub const DISPATCHER: AccountId = AccountId(Uuid::from_u128(1));
pub const OTHER: AccountId = AccountId(Uuid::from_u128(2));
pub const LEAD: AccountId = AccountId(Uuid::from_u128(3));

pub fn policy() -> EscalationPolicy {
    EscalationPolicy::parse(DEFAULT).unwrap()
}

pub fn at(secs: i64) -> Timestamp {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::seconds(secs)
}

pub fn raised(priority: Priority) -> Alarm {
    Alarm::open(Opening { policy: policy().pin(), priority, raised_at: at(0), drill: false })
}

pub fn because(text: &str) -> Private<String> {
    Private::new(text.to_owned())
}

fn close(code: CloseCode, second: Option<AccountId>) -> AlarmEvent {
    AlarmEvent::Close { by: DISPATCHER, code, reason: because("talked"), second }
}

/// Fires every timer that is due until `until`, as the timer worker does.
fn wait(mut alarm: Alarm, until: i64) -> (Alarm, Vec<(i64, TimerKind)>) {
    let mut fired = Vec::new();
    while let Some(timer) = alarm.timers().into_iter().min_by_key(|timer| timer.due_at) {
        if timer.due_at > at(until) {
            break;
        }
        // the presented receipts of these stories always come
        if let TimerKind::Presented { .. } = timer.kind {
            let mut others = alarm.timers();
            others.retain(|other| !matches!(other.kind, TimerKind::Presented { .. }));
            let Some(next) =
                others.into_iter().min_by_key(|timer| timer.due_at).filter(|timer| timer.due_at <= at(until))
            else {
                break;
            };
            fired.push(((next.due_at - at(0)).num_seconds(), next.kind));
            alarm = alarm.apply(next.kind.event(), next.due_at).unwrap();
            continue;
        }
        fired.push(((timer.due_at - at(0)).num_seconds(), timer.kind));
        alarm = alarm.apply(timer.kind.event(), timer.due_at).unwrap();
    }
    (alarm, fired)
}

fn seconds(fired: &[(i64, TimerKind)]) -> Vec<i64> {
    fired.iter().map(|(secs, _)| *secs).collect()
}

#[test]
fn nobody_claims_a_p1() {
    let (alarm, fired) = wait(raised(Priority::P1), 600);
    // dispatchers 0, duty lead 15, director 60, everybody each minute, then the last resort each minute
    assert_eq!(seconds(&fired), [0, 15, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600]);
    let plan = alarm.policy.plan(Priority::P1);
    assert_eq!(plan.posts(Position { step: 0, lap: 0 }), [Post::SeatDispatcher]);
    assert_eq!(plan.posts(Position { step: 1, lap: 0 }), [Post::DutyLead]);
    assert_eq!(plan.posts(Position { step: 2, lap: 0 }), [Post::Director]);
    assert_eq!(
        plan.posts(Position { step: 3, lap: 1 }),
        [Post::SeatDispatcher, Post::DutyLead, Post::Director]
    );
    assert!(plan.posts(Position { step: 4, lap: 1 }).contains(&Post::OnCallAdmin));
    assert_eq!(alarm.state.code(), "raised");
    assert_eq!(alarm.deadline(), Some(at(660)));
}

#[test]
fn the_steps_of_each_priority_are_where_the_policy_says() {
    for (priority, until, expected) in [
        (Priority::P1, 60, vec![0, 15, 60]),
        (Priority::P2, 300, vec![0, 30, 180, 300]),
        (Priority::P3, 2100, vec![0, 300, 2100]),
        (Priority::P4, 86_400, vec![]),
    ] {
        assert_eq!(seconds(&wait(raised(priority), until).1), expected, "{priority}");
    }
    assert_eq!(raised(Priority::P4).deadline(), None);
}

#[test]
fn next_step_is_a_function_of_the_policy_and_the_instant_alone() {
    let pinned = policy().pin();
    let first = next_step(&pinned, Priority::P1, at(0), None).unwrap();
    assert_eq!((first.step, first.lap, first.due_at), (0, 0, at(0)));
    let lead = next_step(&pinned, Priority::P1, at(0), Some(Position { step: 0, lap: 0 })).unwrap();
    assert_eq!((lead.step, lead.due_at, lead.notify), (1, at(15), vec![Post::DutyLead]));
    assert_eq!(lead.channels, [Channel::Console, Channel::Webhook]);
    let lap = next_step(&pinned, Priority::P1, at(0), Some(Position { step: 3, lap: 1 })).unwrap();
    assert_eq!((lap.step, lap.lap, lap.due_at), (3, 2, at(180)));
    let last = next_step(&pinned, Priority::P1, at(0), Some(Position { step: 3, lap: 5 })).unwrap();
    assert_eq!((last.step, last.lap, last.due_at), (4, 1, at(420)));
    assert_eq!(next_step(&pinned, Priority::P4, at(0), None), None);
}

#[test]
fn a_claim_stops_the_escalation_and_lapses() {
    let (alarm, _) = wait(raised(Priority::P1), 5);
    let alarm = alarm.apply(AlarmEvent::Claim { by: DISPATCHER }, at(8)).unwrap();
    assert_eq!(alarm.deadline(), Some(at(68)));
    // typing renews the lease
    let alarm = alarm.apply(AlarmEvent::Note { by: DISPATCHER }, at(40)).unwrap();
    assert_eq!(alarm.deadline(), Some(at(100)));
    let (alarm, fired) = wait(alarm, 100);
    assert_eq!(
        fired,
        [(100, TimerKind::Lease), (100, TimerKind::Escalate { position: Position { step: 1, lap: 0 } })]
    );
    assert_eq!((alarm.state.code(), alarm.returned_at), ("raised", Some(at(100))));
    // the director follows 45 s after the lead, as in the plan
    assert_eq!(alarm.escalation.next.map(|due| due.at), Some(at(145)));
}

#[test]
fn the_second_to_claim_learns_who_was_first() {
    let alarm = raised(Priority::P2).apply(AlarmEvent::Claim { by: DISPATCHER }, at(3)).unwrap();
    let refused = alarm.clone().apply(AlarmEvent::Claim { by: OTHER }, at(4));
    assert_eq!(refused, Err(Illegal::HeldByOther { by: DISPATCHER, at: at(3), until: at(63) }));
    assert!(matches!(
        alarm.clone().apply(AlarmEvent::Acknowledge { by: OTHER }, at(4)),
        Err(Illegal::HeldByOther { .. })
    ));
    assert!(matches!(
        alarm.clone().apply(AlarmEvent::Release { by: OTHER }, at(4)),
        Err(Illegal::HeldByOther { .. })
    ));
    // claiming again renews and keeps the first instant
    let again = alarm.apply(AlarmEvent::Claim { by: DISPATCHER }, at(30)).unwrap();
    assert_eq!(again.state, State::Claimed { by: DISPATCHER, at: at(3), until: at(90) });
}

#[test]
fn an_acknowledgement_expires_without_action_and_everybody_is_told_again() {
    for (priority, expiry) in [(Priority::P1, 300), (Priority::P2, 900), (Priority::P3, 3600)] {
        let alarm = raised(priority).apply(AlarmEvent::Acknowledge { by: DISPATCHER }, at(10)).unwrap();
        assert_eq!(alarm.deadline(), Some(at(10 + expiry)), "{priority}");
        assert_eq!(
            alarm.clone().apply(AlarmEvent::AckExpired, at(9 + expiry)),
            Err(Illegal::NotDue { due_at: at(10 + expiry) })
        );
        let noted = alarm.clone().apply(AlarmEvent::Note { by: DISPATCHER }, at(100)).unwrap();
        assert_eq!(noted.deadline(), Some(at(100 + expiry)));
        let expired = alarm.apply(AlarmEvent::AckExpired, at(10 + expiry)).unwrap();
        assert_eq!((expired.state.code(), expired.returned_at), ("raised", Some(at(10 + expiry))));
        assert_eq!(
            expired.escalation.next.map(|due| (due.position, due.at)),
            Some((Position::FIRST, at(10 + expiry)))
        );
    }
}

#[test]
fn acknowledging_twice_changes_nothing() {
    let alarm = raised(Priority::P1).apply(AlarmEvent::Acknowledge { by: DISPATCHER }, at(10)).unwrap();
    assert_eq!(alarm.clone().apply(AlarmEvent::Acknowledge { by: DISPATCHER }, at(10)), Ok(alarm));
}

#[test]
fn a_released_alarm_goes_to_the_next_in_the_plan_at_once() {
    let (alarm, _) = wait(raised(Priority::P1), 1);
    let alarm = alarm.apply(AlarmEvent::Acknowledge { by: DISPATCHER }, at(4)).unwrap();
    let alarm = alarm.apply(AlarmEvent::Release { by: DISPATCHER }, at(20)).unwrap();
    let next = alarm.escalation.next.unwrap();
    assert_eq!((next.position.step, next.at), (1, at(20)));
    assert_eq!(alarm.clone().apply(AlarmEvent::Release { by: DISPATCHER }, at(21)), Err(Illegal::NotHeld));
}

#[test]
fn a_screen_that_stays_dark_brings_the_next_step() {
    let alarm =
        raised(Priority::P1).apply(AlarmEvent::Escalated { position: Position::FIRST }, at(0)).unwrap();
    let check =
        alarm.timers().into_iter().find(|timer| matches!(timer.kind, TimerKind::Presented { .. })).unwrap();
    assert_eq!(check.due_at, at(3));
    let alarm = alarm.apply(check.kind.event(), at(3)).unwrap();
    assert_eq!(alarm.escalation.next.map(|due| (due.position.step, due.at)), Some((1, at(3))));
}

#[test]
fn somebody_wants_the_next_step_now() {
    let (alarm, _) = wait(raised(Priority::P2), 0);
    let alarm = alarm.apply(AlarmEvent::Acknowledge { by: DISPATCHER }, at(5)).unwrap();
    let alarm = alarm.apply(AlarmEvent::EscalateNow { by: DISPATCHER }, at(9)).unwrap();
    assert_eq!(alarm.escalation.next.map(|due| (due.position.step, due.at)), Some((1, at(9))));
    // the lead is told; the dispatcher still has the alarm and nothing follows by itself
    let alarm = alarm.apply(AlarmEvent::Escalated { position: Position { step: 1, lap: 0 } }, at(9)).unwrap();
    assert_eq!((alarm.holder(), alarm.escalation.next), (Some(DISPATCHER), None));
    assert_eq!(
        raised(Priority::P4).apply(AlarmEvent::EscalateNow { by: OTHER }, at(1)),
        Err(Illegal::NoNextStep)
    );
}

#[test]
fn a_person_who_is_not_reached_is_tried_again() {
    let alarm = raised(Priority::P1).apply(AlarmEvent::Acknowledge { by: DISPATCHER }, at(0)).unwrap();
    let unreachable = |secs| AlarmEvent::Unreachable { by: DISPATCHER, retry_at: at(secs) };
    assert_eq!(alarm.clone().apply(unreachable(400), at(10)), Err(Illegal::TimeOutOfRange { max_secs: 300 }));
    assert_eq!(alarm.clone().apply(unreachable(10), at(10)), Err(Illegal::TimeOutOfRange { max_secs: 300 }));
    let alarm = alarm.apply(unreachable(200), at(10)).unwrap();
    assert_eq!(alarm.deadline(), Some(at(200)));
    let alarm = alarm.apply(AlarmEvent::RetryDue, at(200)).unwrap();
    assert!(matches!(alarm.state, State::Acknowledged { tries: 1, retry_at: None, .. }));
    assert_eq!(alarm.deadline(), Some(at(500)));
    let claimed = raised(Priority::P1).apply(AlarmEvent::Claim { by: DISPATCHER }, at(0)).unwrap();
    assert_eq!(claimed.apply(unreachable(100), at(1)), Err(Illegal::NotAcknowledged));
}

#[test]
fn repeats_merge_and_the_priority_only_rises() {
    let (alarm, _) = wait(raised(Priority::P2), 40);
    let alarm = alarm.apply(AlarmEvent::RaisedAgain { priority: Priority::P3 }, at(50)).unwrap();
    assert_eq!((alarm.priority, alarm.count, alarm.last_press_at), (Priority::P2, 2, at(50)));
    assert_eq!(alarm.escalation.next.map(|due| due.at), Some(at(180)));
    // a rise starts the plan of the higher priority now; waiting time still counts from the first press
    let alarm = alarm.apply(AlarmEvent::RaisedAgain { priority: Priority::P1 }, at(60)).unwrap();
    assert_eq!((alarm.priority, alarm.count, alarm.raised_at), (Priority::P1, 3, at(0)));
    assert_eq!(seconds(&wait(alarm, 130).1), [60, 75, 120]);
    // somebody acts: they keep it, are told again, and have less time
    let acked = raised(Priority::P2).apply(AlarmEvent::Acknowledge { by: DISPATCHER }, at(0)).unwrap();
    let acked = acked.apply(AlarmEvent::RaisedAgain { priority: Priority::P1 }, at(100)).unwrap();
    assert_eq!(acked.holder(), Some(DISPATCHER));
    assert_eq!(acked.escalation.next.map(|due| due.at), Some(at(100)));
    assert!(acked.timers().iter().any(|timer| timer.kind == TimerKind::AckExpiry && timer.due_at == at(400)));
}

#[test]
fn a_later_press_joins_within_four_hours() {
    let alarm = raised(Priority::P1);
    let window = policy().merge_window_secs;
    assert!(alarm.takes_in(at(14_400), window));
    assert!(!alarm.takes_in(at(14_401), window));
    let closed = alarm.apply(AlarmEvent::Claim { by: DISPATCHER }, at(0)).unwrap();
    let closed = closed.apply(close(CloseCode::Helped, None), at(1)).unwrap();
    assert!(!closed.takes_in(at(2), window));
}

#[test]
fn a_p1_is_never_shelved_and_others_come_back() {
    let shelve = |until: i64, reason: &str| AlarmEvent::Shelve {
        by: DISPATCHER,
        until: at(until),
        reason: because(reason),
    };
    assert_eq!(raised(Priority::P1).apply(shelve(60, "later"), at(0)), Err(Illegal::NeverShelved));
    assert_eq!(
        raised(Priority::P2).apply(shelve(601, "later"), at(0)),
        Err(Illegal::TimeOutOfRange { max_secs: 600 })
    );
    assert_eq!(raised(Priority::P2).apply(shelve(60, " "), at(0)), Err(Illegal::ReasonNeeded));
    let shelved = raised(Priority::P2).apply(shelve(600, "test of the line"), at(0)).unwrap();
    assert_eq!((shelved.state.code(), shelved.deadline()), ("raised", Some(at(600))));
    assert_eq!(seconds(&wait(shelved.clone(), 700).1), [600, 600, 630]);
    // another press takes it off the shelf
    let pressed = shelved.clone().apply(AlarmEvent::RaisedAgain { priority: Priority::P4 }, at(20)).unwrap();
    assert_eq!(pressed.state, State::Raised { shelved: None });
    assert_eq!(pressed.escalation.next.map(|due| due.at), Some(at(20)));
    let back = shelved.apply(AlarmEvent::Unshelve { by: OTHER }, at(30)).unwrap();
    assert_eq!(back.apply(AlarmEvent::Unshelve { by: OTHER }, at(31)), Err(Illegal::NotShelved));
    let acked = raised(Priority::P2).apply(AlarmEvent::Acknowledge { by: DISPATCHER }, at(0)).unwrap();
    assert_eq!(acked.apply(shelve(60, "later"), at(1)), Err(Illegal::NotWaiting));
}

#[test]
fn a_p1_is_closed_as_false_only_by_two_people() {
    let acked = raised(Priority::P1).apply(AlarmEvent::Acknowledge { by: DISPATCHER }, at(0)).unwrap();
    let refused = |event| acked.clone().apply(event, at(5));
    assert_eq!(refused(close(CloseCode::FalseAlarm, None)), Err(Illegal::SecondPersonNeeded));
    assert_eq!(refused(close(CloseCode::FalseAlarm, Some(DISPATCHER))), Err(Illegal::SamePerson));
    let closed = refused(close(CloseCode::FalseAlarm, Some(LEAD))).unwrap();
    assert_eq!((closed.state.code(), closed.deadline()), ("closed", None));
    assert!(refused(close(CloseCode::Helped, None)).is_ok());
    // asked first, answered later; the alarm stays open between
    let asked =
        AlarmEvent::AskClose { by: DISPATCHER, code: CloseCode::FalseAlarm, reason: because("wrong button") };
    let waiting = acked.clone().apply(asked, at(5)).unwrap();
    assert!(waiting.is_open());
    assert_eq!(
        waiting.clone().apply(AlarmEvent::SecondClose { by: DISPATCHER }, at(6)),
        Err(Illegal::SamePerson)
    );
    let closed = waiting.clone().apply(AlarmEvent::SecondClose { by: LEAD }, at(6)).unwrap();
    assert!(matches!(closed.state, State::Closed { by: DISPATCHER, second: Some(LEAD), .. }));
    // what is pressed meanwhile voids the wish
    let pressed = waiting.apply(AlarmEvent::RaisedAgain { priority: Priority::P1 }, at(6)).unwrap();
    assert_eq!(pressed.apply(AlarmEvent::SecondClose { by: LEAD }, at(7)), Err(Illegal::NothingAsked));
    let p2 = raised(Priority::P2).apply(AlarmEvent::Acknowledge { by: DISPATCHER }, at(0)).unwrap();
    assert!(p2.apply(close(CloseCode::FalseAlarm, None), at(5)).is_ok());
}

#[test]
fn an_alarm_is_closed_by_who_has_it_with_a_reason() {
    assert_eq!(raised(Priority::P2).apply(close(CloseCode::Helped, None), at(1)), Err(Illegal::NotHeld));
    let other = raised(Priority::P2).apply(AlarmEvent::Claim { by: OTHER }, at(0)).unwrap();
    assert!(matches!(other.apply(close(CloseCode::Helped, None), at(1)), Err(Illegal::HeldByOther { .. })));
    let mine = raised(Priority::P2).apply(AlarmEvent::Claim { by: DISPATCHER }, at(0)).unwrap();
    let blank =
        AlarmEvent::Close { by: DISPATCHER, code: CloseCode::Helped, reason: because("\n"), second: None };
    assert_eq!(mine.clone().apply(blank, at(1)), Err(Illegal::ReasonNeeded));
    let closed = mine.apply(close(CloseCode::Helped, None), at(1)).unwrap();
    for event in [
        AlarmEvent::Claim { by: OTHER },
        AlarmEvent::Acknowledge { by: OTHER },
        AlarmEvent::EscalateNow { by: OTHER },
        close(CloseCode::Test, None),
    ] {
        assert_eq!(closed.clone().apply(event, at(2)), Err(Illegal::Closed { by: DISPATCHER, at: at(1) }));
    }
    // a reopened alarm and one that is raised again ring from the beginning
    for event in [AlarmEvent::Reopen { by: LEAD }, AlarmEvent::RaisedAgain { priority: Priority::P2 }] {
        let again = closed.clone().apply(event, at(50)).unwrap();
        assert_eq!(
            (again.state.code(), again.returned_at, again.deadline()),
            ("raised", Some(at(50)), Some(at(50)))
        );
    }
    let open = raised(Priority::P2);
    assert_eq!(open.apply(AlarmEvent::Reopen { by: LEAD }, at(1)), Err(Illegal::NotClosed));
}

#[test]
fn a_timer_of_an_earlier_state_does_nothing() {
    let alarm = raised(Priority::P1);
    let fence = alarm.escalation.fence;
    let claimed = alarm.apply(AlarmEvent::Claim { by: DISPATCHER }, at(0)).unwrap();
    assert!(claimed.escalation.fence > fence);
    for event in [
        AlarmEvent::Escalated { position: Position::FIRST },
        AlarmEvent::NotPresented { position: Position::FIRST },
        AlarmEvent::AckExpired,
        AlarmEvent::RetryDue,
        AlarmEvent::ShelfExpired,
    ] {
        assert_eq!(claimed.clone().apply(event, at(5000)), Err(Illegal::Stale));
    }
}

#[test]
fn after_an_outage_steps_are_caught_up_but_laps_are_told_once() {
    let mut alarm = raised(Priority::P1);
    let mut told = Vec::new();
    // the server was away for an hour
    while let Some(due) = alarm.escalation.next.filter(|due| due.at <= at(3600)) {
        told.push(due.position);
        alarm = alarm.apply(AlarmEvent::Escalated { position: due.position }, at(3600)).unwrap();
    }
    let steps: Vec<u16> = told.iter().map(|position| position.step).collect();
    assert_eq!(steps, [0, 1, 2, 4], "each step, then one lap");
    assert!(alarm.escalation.next.is_some_and(|due| due.at > at(3600) && due.at <= at(3660)));
}

#[test]
fn the_queue_shows_first_what_to_take_next() {
    let id = |number| AlarmId(Uuid::from_u128(number));
    let open = |priority, secs| {
        Alarm::open(Opening { policy: policy().pin(), priority, raised_at: at(secs), drill: false })
    };
    let old_p1 = open(Priority::P1, 0);
    let new_p1 = open(Priority::P1, 50);
    let taken_p1 = open(Priority::P1, -100).apply(AlarmEvent::Claim { by: OTHER }, at(0)).unwrap();
    let acked_p1 = open(Priority::P1, -200).apply(AlarmEvent::Acknowledge { by: OTHER }, at(0)).unwrap();
    let p2 = open(Priority::P2, -500);
    let drill = Alarm { drill: true, ..open(Priority::P1, -900) };
    let shelf = AlarmEvent::Shelve { by: OTHER, until: at(60), reason: because("later") };
    let shelved = open(Priority::P2, -900).apply(shelf, at(0)).unwrap();
    let closed = acked_p1
        .clone()
        .apply(
            AlarmEvent::Close { by: OTHER, code: CloseCode::Helped, reason: because("x"), second: None },
            at(1),
        )
        .unwrap();
    let expected = [old_p1, new_p1, taken_p1, acked_p1, p2, drill, shelved, closed];
    let mut ranks: Vec<(QueueRank, usize)> =
        expected.iter().enumerate().map(|(place, alarm)| (queue_rank(id(7), alarm), place)).collect();
    ranks.reverse();
    ranks.sort();
    assert_eq!(ranks.into_iter().map(|(_, place)| place).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6, 7]);
}

fn findings(pointer: &str, value: Value) -> Vec<String> {
    let mut document: Value = serde_json::from_str(DEFAULT).unwrap();
    *document.pointer_mut(pointer).unwrap() = value;
    let policy: EscalationPolicy = serde_json::from_value(document).unwrap();
    lint(&policy).iter().map(Finding::to_string).collect()
}

#[test]
fn the_shipped_policy_has_no_findings() {
    assert_eq!(lint(&policy()), []);
    assert_eq!(policy().reference(), "default@1.0.0");
}

#[test]
fn the_linter_finds_what_would_leave_an_alarm_alone() {
    let table = [
        ("/plans/P1/last_resort", Value::Null, "a last resort is required"),
        ("/plans/P1/repeat/max", Value::Null, "a loop without end"),
        ("/plans/P1/repeat/every_secs", json!(0), "no time or no lap"),
        ("/plans/P1/steps/1/at_secs", json!(0), "unreachable"),
        ("/plans/P1/steps/0/at_secs", json!(5), "at second 0"),
        ("/plans/P1/steps/0/channels", json!(["webhook"]), "on the console at second 0"),
        ("/plans/P1/steps/0/notify", json!([]), "tells nobody"),
        ("/plans/P2/steps", json!([]), "nobody is ever told"),
        ("/plans/P1/skip_if_empty", json!(false), "passed over"),
        ("/plans/P3/source", json!("nowhere"), "is not listed"),
        ("/plans/P1/steps/1/notify", json!(["seat_dispatcher"]), "tells nobody new"),
        ("/plans/P1/steps/0/expect_presented_secs", json!(20), "comes before a screen is expected"),
        ("/plans/P2/ack_expiry_secs", json!(0), "must last"),
        ("/claim_lease_secs", json!(0), "must last"),
    ];
    for (pointer, value, message) in table {
        let found = findings(pointer, value);
        assert!(found.iter().any(|text| text.contains(message)), "{pointer}: {found:?}");
    }
    let shelf = DEFAULT.replacen(
        "\"ack_expiry_secs\": 300,",
        "\"ack_expiry_secs\": 300, \"shelve_max_secs\": 60,",
        1,
    );
    let refused = EscalationPolicy::parse(&shelf).unwrap_err();
    assert!(refused.iter().any(|finding| finding.message.contains("never put on the shelf")));
    assert!(EscalationPolicy::parse("[]").is_err());
}

#[test]
fn an_alarm_survives_storage_and_hides_its_reasons() {
    let acked = raised(Priority::P1).apply(AlarmEvent::Acknowledge { by: DISPATCHER }, at(0)).unwrap();
    let asked =
        AlarmEvent::AskClose { by: DISPATCHER, code: CloseCode::FalseAlarm, reason: because("wrong button") };
    let alarm = acked.apply(asked, at(5)).unwrap();
    let json = serde_json::to_string(&alarm).unwrap();
    assert_eq!(serde_json::from_str::<Alarm>(&json).unwrap(), alarm);
    assert!(!format!("{alarm:?}").contains("wrong button"));
    for code in CloseCode::ALL {
        assert_eq!(serde_json::to_value(code).unwrap(), code.code());
    }
    for kind in AlarmKind::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.code());
    }
}

#[test]
fn the_schema_and_the_reader_know_the_same_keys() {
    let schema: Value =
        serde_json::from_str(include_str!("../../policies/escalation/policy.schema.json")).unwrap();
    let table = [
        ("", ""),
        ("/plans", "/properties/plans"),
        ("/plans/P1", "/$defs/plan"),
        ("/plans/P1/steps/0", "/$defs/step"),
        ("/plans/P1/repeat", "/$defs/repeat"),
        ("/plans/P1/last_resort", "/$defs/last_resort"),
        ("/second_person/0", "/properties/second_person/items"),
    ];
    for (place, in_schema) in table {
        let mut document: Value = serde_json::from_str(DEFAULT).unwrap();
        document.pointer_mut(place).unwrap().as_object_mut().unwrap().insert("stranger".to_owned(), json!(1));
        let message = EscalationPolicy::parse(&document.to_string()).unwrap_err()[0].message.clone();
        let (_, list) = message.split_once("expected").unwrap();
        let known: Vec<&str> = list.split('`').skip(1).step_by(2).collect();
        let listed = schema.pointer(&format!("{in_schema}/properties")).unwrap().as_object().unwrap();
        assert_eq!(known.len(), listed.len(), "{place}");
        assert!(known.iter().all(|key| listed.contains_key(*key)), "{place}: {known:?}");
    }
    let codes: Vec<&str> = Post::ALL.iter().map(|post| post.code()).collect();
    assert_eq!(schema["$defs"]["post"]["enum"], json!(codes));
}
