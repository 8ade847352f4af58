//! The alarm state machine: one event at a time, or a reason why not.

use super::alarm::{Alarm, AlarmEvent, CloseAsked, CloseCode, Due, Escalation, Illegal, Shelved, State};
use super::escalation::{Position, Stage};
use super::priority::Priority;
use crate::ids::AccountId;
use crate::{Private, Timestamp};
use chrono::TimeDelta;

type Outcome = Result<Alarm, Illegal>;

impl Alarm {
    /// What the alarm becomes. Repeating a command that has already worked changes nothing.
    pub fn apply(self, event: AlarmEvent, at: Timestamp) -> Outcome {
        match event {
            AlarmEvent::Claim { by } => self.claim(by, at),
            AlarmEvent::Acknowledge { by } => self.acknowledge(by, at),
            AlarmEvent::Release { by } => self.release(by, at),
            AlarmEvent::LeaseExpired => self.lease_expired(at),
            AlarmEvent::AckExpired => self.ack_expired(at),
            AlarmEvent::Note { by } => Ok(self.renewed_by(by, at)),
            AlarmEvent::Escalated { position } => self.escalated(position, at),
            AlarmEvent::EscalateNow { by } => self.escalate_now(by, at),
            AlarmEvent::NotPresented { position } => self.not_presented(position, at),
            AlarmEvent::Unreachable { by, retry_at } => self.unreachable(by, retry_at, at),
            AlarmEvent::RetryDue => self.retry_due(at),
            AlarmEvent::RaisedAgain { priority } => Ok(self.raised_again(priority, at)),
            AlarmEvent::Shelve { by, until, reason } => self.shelve(by, until, reason, at),
            AlarmEvent::Unshelve { by: _ } => self.unshelve(at),
            AlarmEvent::ShelfExpired => self.shelf_expired(at),
            AlarmEvent::Close { by, code, reason, second } => self.close(by, code, reason, second, at),
            AlarmEvent::AskClose { by, code, reason } => self.ask_close(by, code, reason, at),
            AlarmEvent::SecondClose { by } => self.second_close(by, at),
            AlarmEvent::Reopen { by: _ } => self.reopen(at),
        }
    }

    fn claim(mut self, by: AccountId, at: Timestamp) -> Outcome {
        let until = at + secs(self.policy.claim_lease_secs);
        match self.state {
            State::Raised { .. } => {
                self.state = State::Claimed { by, at, until };
                self.escalation.pause();
                Ok(self)
            }
            State::Claimed { by: holder, at: since, .. } if holder == by => {
                self.state = State::Claimed { by, at: since, until };
                Ok(self)
            }
            State::Acknowledged { by: holder, .. } if holder == by => Ok(self),
            State::Claimed { by, at, until } | State::Acknowledged { by, at, until, .. } => {
                Err(Illegal::HeldByOther { by, at, until })
            }
            State::Closed { by, at, .. } => Err(Illegal::Closed { by, at }),
        }
    }

    fn acknowledge(mut self, by: AccountId, at: Timestamp) -> Outcome {
        let fresh =
            |until| State::Acknowledged { by, at, until, retry_at: None, tries: 0, close_asked: None };
        let until = at + secs(self.policy.plan(self.priority).ack_expiry_secs);
        match self.state {
            State::Raised { .. } => {
                self.state = fresh(until);
                self.escalation.pause();
                Ok(self)
            }
            State::Claimed { by: holder, .. } if holder == by => {
                self.state = fresh(until);
                self.escalation.pause();
                Ok(self)
            }
            State::Acknowledged { by: holder, .. } if holder == by => Ok(self.renewed_by(by, at)),
            State::Claimed { by, at, until } | State::Acknowledged { by, at, until, .. } => {
                Err(Illegal::HeldByOther { by, at, until })
            }
            State::Closed { by, at, .. } => Err(Illegal::Closed { by, at }),
        }
    }

    fn release(mut self, by: AccountId, at: Timestamp) -> Outcome {
        self.must_be_held_by(by)?;
        self.back_to_raised(at);
        self.continue_plan_now(at);
        Ok(self)
    }

    fn lease_expired(mut self, at: Timestamp) -> Outcome {
        match self.state {
            State::Claimed { until, .. } if at < until => Err(Illegal::NotDue { due_at: until }),
            State::Claimed { .. } => {
                self.back_to_raised(at);
                self.continue_plan_now(at);
                Ok(self)
            }
            State::Raised { .. } | State::Acknowledged { .. } | State::Closed { .. } => Err(Illegal::Stale),
        }
    }

    /// Whoever acted has gone silent, so everybody is told from the beginning.
    fn ack_expired(mut self, at: Timestamp) -> Outcome {
        match self.state {
            State::Acknowledged { until, .. } if at < until => Err(Illegal::NotDue { due_at: until }),
            State::Acknowledged { .. } => {
                self.back_to_raised(at);
                self.restart_plan(at);
                Ok(self)
            }
            State::Raised { .. } | State::Claimed { .. } | State::Closed { .. } => Err(Illegal::Stale),
        }
    }

    /// A sign of life renews what its author holds; anybody else's leaves the alarm as it is.
    fn renewed_by(mut self, account: AccountId, now: Timestamp) -> Self {
        let lease = now + secs(self.policy.claim_lease_secs);
        let expiry = now + secs(self.policy.plan(self.priority).ack_expiry_secs);
        match &mut self.state {
            State::Claimed { by, until, .. } if *by == account => *until = lease.max(*until),
            State::Acknowledged { by, until, .. } if *by == account => *until = expiry.max(*until),
            State::Claimed { .. }
            | State::Acknowledged { .. }
            | State::Raised { .. }
            | State::Closed { .. } => {}
        }
        self
    }

    fn escalated(mut self, position: Position, at: Timestamp) -> Outcome {
        let Some(next) = self.escalation.next.filter(|next| next.position == position) else {
            return Err(Illegal::Stale);
        };
        if at < next.at {
            return Err(Illegal::NotDue { due_at: next.at });
        }
        self.escalation.done = Some(position);
        let waits = matches!(self.state, State::Raised { shelved: None });
        self.escalation.next = if waits { self.following(position, at) } else { None };
        self.escalation.shown_by = self.expected_on_a_screen(position).map(|within| at + within);
        Ok(self)
    }

    fn escalate_now(self, by: AccountId, at: Timestamp) -> Outcome {
        match self.state {
            State::Closed { by, at, .. } => return Err(Illegal::Closed { by, at }),
            State::Raised { .. } | State::Claimed { .. } | State::Acknowledged { .. } => {}
        }
        let mut alarm = self.renewed_by(by, at);
        if let State::Raised { shelved } = &mut alarm.state {
            *shelved = None;
        }
        if alarm.policy.plan(alarm.priority).after(alarm.escalation.done).is_none() {
            return Err(Illegal::NoNextStep);
        }
        alarm.continue_plan_now(at);
        Ok(alarm)
    }

    fn not_presented(mut self, position: Position, at: Timestamp) -> Outcome {
        let waits = matches!(self.state, State::Raised { shelved: None });
        if !waits || self.escalation.done != Some(position) {
            return Err(Illegal::Stale);
        }
        self.continue_plan_now(at);
        Ok(self)
    }

    fn unreachable(mut self, account: AccountId, retry: Timestamp, now: Timestamp) -> Outcome {
        let plan = self.policy.plan(self.priority);
        let max_secs = plan.retry_max_secs;
        let after_retry = retry + secs(plan.ack_expiry_secs);
        match &mut self.state {
            State::Acknowledged { by, until, retry_at, tries, .. } if *by == account => {
                if retry <= now || retry > now + secs(max_secs) {
                    return Err(Illegal::TimeOutOfRange { max_secs });
                }
                *retry_at = Some(retry);
                *tries = tries.saturating_add(1);
                *until = after_retry.max(*until);
                Ok(self)
            }
            State::Claimed { by, .. } if *by == account => Err(Illegal::NotAcknowledged),
            State::Claimed { by, at, until } | State::Acknowledged { by, at, until, .. } => {
                Err(Illegal::HeldByOther { by: *by, at: *at, until: *until })
            }
            State::Raised { .. } => Err(Illegal::NotHeld),
            State::Closed { by, at, .. } => Err(Illegal::Closed { by: *by, at: *at }),
        }
    }

    fn retry_due(mut self, at: Timestamp) -> Outcome {
        match &mut self.state {
            State::Acknowledged { retry_at: Some(due_at), .. } if at < *due_at => {
                Err(Illegal::NotDue { due_at: *due_at })
            }
            State::Acknowledged { retry_at: retry_at @ Some(_), .. } => {
                *retry_at = None;
                Ok(self)
            }
            State::Acknowledged { retry_at: None, .. }
            | State::Raised { .. }
            | State::Claimed { .. }
            | State::Closed { .. } => Err(Illegal::Stale),
        }
    }

    /// Never refused and never lost: counts, may raise the priority, takes the alarm off the shelf, opens it again.
    fn raised_again(mut self, priority: Priority, now: Timestamp) -> Self {
        let rises = priority.is_more_urgent_than(self.priority);
        self.priority = self.priority.raised_to(priority);
        self.count = self.count.saturating_add(1);
        self.last_press_at = self.last_press_at.max(now);
        let expiry = now + secs(self.policy.plan(self.priority).ack_expiry_secs);
        let restarts = match &mut self.state {
            State::Raised { shelved } => shelved.take().is_some() || rises,
            State::Claimed { .. } => rises,
            State::Acknowledged { until, close_asked, .. } => {
                // a wish to close was judged on what was known before
                *close_asked = None;
                if rises {
                    *until = expiry.min(*until);
                }
                rises
            }
            State::Closed { .. } => {
                self.back_to_raised(now);
                true
            }
        };
        if restarts {
            self.restart_plan(now);
        }
        self
    }

    fn shelve(mut self, by: AccountId, until: Timestamp, reason: Private<String>, at: Timestamp) -> Outcome {
        match &self.state {
            State::Raised { .. } => {}
            State::Claimed { by: holder, .. } if *holder == by => {}
            State::Claimed { by, at, until } => {
                return Err(Illegal::HeldByOther { by: *by, at: *at, until: *until });
            }
            State::Acknowledged { .. } => return Err(Illegal::NotWaiting),
            State::Closed { by, at, .. } => return Err(Illegal::Closed { by: *by, at: *at }),
        }
        let never = self.priority == Priority::P1;
        let Some(max_secs) = self.policy.plan(self.priority).shelve_max_secs.filter(|_| !never) else {
            return Err(Illegal::NeverShelved);
        };
        if until <= at || until > at + secs(max_secs) {
            return Err(Illegal::TimeOutOfRange { max_secs });
        }
        let reason = needed(reason)?;
        self.state = State::Raised { shelved: Some(Shelved { by, at, until, reason }) };
        self.escalation.pause();
        Ok(self)
    }

    fn unshelve(mut self, at: Timestamp) -> Outcome {
        match &self.state {
            State::Raised { shelved: Some(_) } => {
                self.back_to_raised(at);
                self.restart_plan(at);
                Ok(self)
            }
            State::Raised { shelved: None } | State::Claimed { .. } | State::Acknowledged { .. } => {
                Err(Illegal::NotShelved)
            }
            State::Closed { by, at, .. } => Err(Illegal::Closed { by: *by, at: *at }),
        }
    }

    fn shelf_expired(self, at: Timestamp) -> Outcome {
        match &self.state {
            State::Raised { shelved: Some(shelved) } if at < shelved.until => {
                Err(Illegal::NotDue { due_at: shelved.until })
            }
            State::Raised { shelved: Some(_) } => self.unshelve(at),
            State::Raised { shelved: None }
            | State::Claimed { .. }
            | State::Acknowledged { .. }
            | State::Closed { .. } => Err(Illegal::Stale),
        }
    }

    fn close(
        self,
        by: AccountId,
        code: CloseCode,
        reason: Private<String>,
        second: Option<AccountId>,
        at: Timestamp,
    ) -> Outcome {
        self.must_be_held_by(by)?;
        if self.needs_second_person(code) && second.is_none() {
            return Err(Illegal::SecondPersonNeeded);
        }
        if second == Some(by) {
            return Err(Illegal::SamePerson);
        }
        let reason = needed(reason)?;
        Ok(self.closed(State::Closed { by, at, code, reason, second }))
    }

    fn ask_close(
        mut self,
        account: AccountId,
        code: CloseCode,
        reason: Private<String>,
        now: Timestamp,
    ) -> Outcome {
        self.must_be_held_by(account)?;
        let reason = needed(reason)?;
        match &mut self.state {
            State::Acknowledged { close_asked, .. } => {
                *close_asked = Some(CloseAsked { by: account, at: now, code, reason });
                Ok(self.renewed_by(account, now))
            }
            State::Claimed { .. } => Err(Illegal::NotAcknowledged),
            State::Raised { .. } => Err(Illegal::NotHeld),
            State::Closed { by, at, .. } => Err(Illegal::Closed { by: *by, at: *at }),
        }
    }

    fn second_close(self, second: AccountId, now: Timestamp) -> Outcome {
        match &self.state {
            State::Acknowledged { close_asked: Some(asked), .. } => {
                if asked.by == second {
                    return Err(Illegal::SamePerson);
                }
                let CloseAsked { by, code, reason, .. } = asked.clone();
                Ok(self.closed(State::Closed { by, at: now, code, reason, second: Some(second) }))
            }
            State::Acknowledged { close_asked: None, .. } | State::Raised { .. } | State::Claimed { .. } => {
                Err(Illegal::NothingAsked)
            }
            State::Closed { by, at, .. } => Err(Illegal::Closed { by: *by, at: *at }),
        }
    }

    fn reopen(mut self, at: Timestamp) -> Outcome {
        match self.state {
            State::Closed { .. } => {
                self.back_to_raised(at);
                self.restart_plan(at);
                Ok(self)
            }
            State::Raised { .. } | State::Claimed { .. } | State::Acknowledged { .. } => {
                Err(Illegal::NotClosed)
            }
        }
    }

    fn must_be_held_by(&self, account: AccountId) -> Result<(), Illegal> {
        match &self.state {
            State::Claimed { by, .. } | State::Acknowledged { by, .. } if *by == account => Ok(()),
            State::Claimed { by, at, until } | State::Acknowledged { by, at, until, .. } => {
                Err(Illegal::HeldByOther { by: *by, at: *at, until: *until })
            }
            State::Raised { .. } => Err(Illegal::NotHeld),
            State::Closed { by, at, .. } => Err(Illegal::Closed { by: *by, at: *at }),
        }
    }

    fn back_to_raised(&mut self, at: Timestamp) {
        self.state = State::Raised { shelved: None };
        self.returned_at = Some(at);
    }

    fn closed(mut self, state: State) -> Self {
        self.state = state;
        self.escalation.pause();
        self
    }

    /// Everybody is told again from the first step.
    fn restart_plan(&mut self, at: Timestamp) {
        let plan = self.policy.plan(self.priority);
        let next = plan.after(None).map(|position| Due { position, at: at + plan.offset(position) });
        self.escalation = Escalation {
            from: at,
            done: None,
            next,
            shown_by: None,
            fence: self.escalation.fence.saturating_add(1),
        };
    }

    /// The step after the last one that was carried out is due at once, the others after it at their distance.
    fn continue_plan_now(&mut self, at: Timestamp) {
        let plan = self.policy.plan(self.priority);
        let next = plan.after(self.escalation.done);
        self.escalation.fence = self.escalation.fence.saturating_add(1);
        self.escalation.from = next.map_or(at, |position| at - plan.offset(position));
        self.escalation.shown_by = None;
        self.escalation.next = next.map(|position| Due { position, at });
    }

    fn expected_on_a_screen(&self, position: Position) -> Option<TimeDelta> {
        match self.policy.plan(self.priority).stage(position) {
            Some(Stage::Step(step)) => step.expect_presented_secs.map(secs),
            Some(Stage::Repeat(_) | Stage::LastResort(_)) | None => None,
        }
    }

    fn following(&self, done: Position, at: Timestamp) -> Option<Due> {
        let plan = self.policy.plan(self.priority);
        let position = plan.after_late(done, self.escalation.from, at)?;
        Some(Due { position, at: self.escalation.from + plan.offset(position) })
    }
}

impl Escalation {
    /// Somebody has the alarm: pending steps are void.
    fn pause(&mut self) {
        self.next = None;
        self.shown_by = None;
        self.fence = self.fence.saturating_add(1);
    }
}

fn needed(reason: Private<String>) -> Result<Private<String>, Illegal> {
    if reason.expose().trim().is_empty() { Err(Illegal::ReasonNeeded) } else { Ok(reason) }
}

fn secs(value: u32) -> TimeDelta {
    TimeDelta::seconds(i64::from(value))
}

#[cfg(test)]
mod tests {
    use super::super::alarm::{Opening, TimerKind};
    use super::super::escalation::EscalationPolicy;
    use super::*;

    #[test]
    fn a_dark_screen_is_noticed_once_and_from_the_moment_it_was_called() {
        let policy = include_str!("../../policies/escalation/default/1.0.0.json");
        let policy = EscalationPolicy::parse(policy).unwrap().pin();
        let at = |secs| Timestamp::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::seconds(secs);
        let opening = Opening { policy, priority: Priority::P1, raised_at: at(0), drill: false };
        let check = |alarm: &Alarm| {
            let timers = alarm.timers();
            timers
                .into_iter()
                .find(|timer| matches!(timer.kind, TimerKind::Presented { .. }))
                .map(|timer| timer.due_at)
        };
        // the step was carried out two seconds late
        let alarm =
            Alarm::open(opening).apply(AlarmEvent::Escalated { position: Position::FIRST }, at(2)).unwrap();
        assert_eq!(check(&alarm), Some(at(5)));
        let alarm = alarm.apply(AlarmEvent::NotPresented { position: Position::FIRST }, at(5)).unwrap();
        assert_eq!(alarm.escalation.next.map(|next| next.at), Some(at(5)));
        assert_eq!(check(&alarm), None, "else the same timer would fire for ever");
    }
}
