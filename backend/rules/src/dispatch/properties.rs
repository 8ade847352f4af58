//! What must hold for every sequence of commands, presses and timers.

use super::tests::{DISPATCHER, LEAD, OTHER, at, because, raised};
use super::*;
use crate::ids::AccountId;
use proptest::prelude::*;

fn accounts() -> impl Strategy<Value = AccountId> {
    prop::sample::select(vec![DISPATCHER, OTHER, LEAD])
}

fn priorities() -> impl Strategy<Value = Priority> {
    prop::sample::select(Priority::ALL.to_vec())
}

fn codes() -> impl Strategy<Value = CloseCode> {
    prop::sample::select(CloseCode::ALL.to_vec())
}

fn positions() -> impl Strategy<Value = Position> {
    (0u16..6, 0u16..4).prop_map(|(step, lap)| Position { step, lap })
}

/// A step of a random story: seconds that pass, then a command, or whatever timer is due.
#[derive(Debug, Clone)]
enum Move {
    Event(AlarmEvent),
    FireDueTimers,
}

fn events() -> impl Strategy<Value = AlarmEvent> {
    let reasons = prop::sample::select(vec!["", "called"]);
    prop_oneof![
        accounts().prop_map(|by| AlarmEvent::Claim { by }),
        accounts().prop_map(|by| AlarmEvent::Acknowledge { by }),
        accounts().prop_map(|by| AlarmEvent::Release { by }),
        Just(AlarmEvent::LeaseExpired),
        Just(AlarmEvent::AckExpired),
        accounts().prop_map(|by| AlarmEvent::Note { by }),
        positions().prop_map(|position| AlarmEvent::Escalated { position }),
        accounts().prop_map(|by| AlarmEvent::EscalateNow { by }),
        positions().prop_map(|position| AlarmEvent::NotPresented { position }),
        (accounts(), -10i64..9000).prop_map(|(by, secs)| AlarmEvent::Unreachable { by, retry_at: at(secs) }),
        Just(AlarmEvent::RetryDue),
        priorities().prop_map(|priority| AlarmEvent::RaisedAgain { priority }),
        (accounts(), 0i64..9000, reasons.clone()).prop_map(|(by, secs, reason)| AlarmEvent::Shelve {
            by,
            until: at(secs),
            reason: because(reason)
        }),
        accounts().prop_map(|by| AlarmEvent::Unshelve { by }),
        Just(AlarmEvent::ShelfExpired),
        (accounts(), codes(), reasons.clone(), prop::option::of(accounts())).prop_map(
            |(by, code, reason, second)| { AlarmEvent::Close { by, code, reason: because(reason), second } }
        ),
        (accounts(), codes(), reasons).prop_map(|(by, code, reason)| AlarmEvent::AskClose {
            by,
            code,
            reason: because(reason)
        }),
        accounts().prop_map(|by| AlarmEvent::SecondClose { by }),
        accounts().prop_map(|by| AlarmEvent::Reopen { by }),
    ]
}

fn stories() -> impl Strategy<Value = Vec<(i64, Move)>> {
    let moves = prop_oneof![4 => events().prop_map(Move::Event), 3 => Just(Move::FireDueTimers)];
    prop::collection::vec((0i64..400, moves), 1..60)
}

/// Tells a story; `look` sees every step that was taken: before, what happened, after.
fn tell(
    priority: Priority,
    story: Vec<(i64, Move)>,
    mut look: impl FnMut(&Alarm, &AlarmEvent, &Alarm, i64) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let mut alarm = raised(priority);
    let mut now = 0;
    for (secs, step) in story {
        now += secs;
        let events = match step {
            Move::Event(event) => vec![event],
            Move::FireDueTimers => alarm
                .timers()
                .into_iter()
                .filter(|timer| timer.due_at <= at(now))
                .map(|timer| timer.kind.event())
                .collect(),
        };
        for event in events {
            if let Ok(after) = alarm.clone().apply(event.clone(), at(now)) {
                look(&alarm, &event, &after, now)?;
                alarm = after;
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_open_alarm_of_p1_to_p3_always_has_a_next_deadline(priority in priorities(), story in stories()) {
        tell(priority, story, |_, event, after, _| {
            if after.is_open() && after.priority != Priority::P4 {
                prop_assert!(after.deadline().is_some(), "{event:?} left {after:?}");
            }
            Ok(())
        })?;
    }

    /// The moment nobody has it, somebody is told within the longest pause of its plan.
    #[test]
    fn nobody_waits_longer_than_the_plan(priority in priorities(), story in stories()) {
        tell(priority, story, |_, event, after, now| {
            let waits = matches!(after.state, State::Raised { shelved: None });
            if waits && after.priority == Priority::P1 {
                let due = after.escalation.next.map(|due| (due.at - at(now)).num_seconds());
                prop_assert!(due.is_some_and(|secs| secs <= 60), "{event:?}: next in {due:?} s");
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_merge_never_lowers_and_never_loses(priority in priorities(), story in stories()) {
        tell(priority, story, |before, event, after, _| {
            prop_assert!(!before.priority.is_more_urgent_than(after.priority), "{event:?}");
            prop_assert!(after.count >= before.count);
            prop_assert_eq!(after.raised_at, before.raised_at);
            if let AlarmEvent::RaisedAgain { .. } = event {
                prop_assert!(after.is_open());
                prop_assert_eq!(after.count, before.count + 1);
            }
            Ok(())
        })?;
    }

    #[test]
    fn acknowledging_is_idempotent(priority in priorities(), story in stories()) {
        tell(priority, story, |_, event, after, now| {
            if let AlarmEvent::Acknowledge { by } = event {
                prop_assert_eq!(&after.clone().apply(AlarmEvent::Acknowledge { by: *by }, at(now)).unwrap(), after);
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_p1_is_never_on_the_shelf(priority in priorities(), story in stories()) {
        tell(priority, story, |_, _, after, _| {
            let shelved = matches!(after.state, State::Raised { shelved: Some(_) });
            prop_assert!(!(shelved && after.priority == Priority::P1));
            Ok(())
        })?;
    }

    #[test]
    fn a_p1_is_never_closed_as_false_by_one_person(priority in priorities(), story in stories()) {
        tell(priority, story, |_, _, after, _| {
            if let State::Closed { by, code: CloseCode::FalseAlarm, second, .. } = &after.state
                && after.priority == Priority::P1
            {
                prop_assert!(second.is_some_and(|second| second != *by));
            }
            Ok(())
        })?;
    }

    #[test]
    fn an_alarm_is_only_taken_from_its_holder_by_time_or_by_himself(priority in priorities(), story in stories()) {
        tell(priority, story, |before, event, after, now| {
            let (Some(holder), State::Claimed { until, .. } | State::Acknowledged { until, .. }) =
                (before.holder(), &before.state) else { return Ok(()) };
            if after.holder() != Some(holder) {
                let by_himself = matches!(event,
                    AlarmEvent::Release { by } | AlarmEvent::Close { by, .. } | AlarmEvent::Shelve { by, .. } if *by == holder);
                let by_time = matches!(event, AlarmEvent::LeaseExpired | AlarmEvent::AckExpired) && at(now) >= *until;
                let by_second = matches!(event, AlarmEvent::SecondClose { .. });
                prop_assert!(by_himself || by_time || by_second, "{event:?}");
            }
            Ok(())
        })?;
    }

    /// (alarm, kind, step, lap, fence) is unique, so that a timer that fires twice works once.
    #[test]
    fn a_timer_works_once(priority in priorities(), story in stories()) {
        let mut fired = Vec::new();
        tell(priority, story, |before, event, _, _| {
            if let AlarmEvent::Escalated { position } = event {
                let key = (*position, before.escalation.fence);
                prop_assert!(!fired.contains(&key), "{key:?} fired twice");
                fired.push(key);
            }
            Ok(())
        })?;
    }
}
