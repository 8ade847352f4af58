//! What is wrong with an escalation policy.

use super::alarm::CloseCode;
use super::escalation::{Channel, EscalationPolicy, Plan, SecondPerson};
use super::priority::Priority;
use crate::identity::Post;
use crate::triage::Finding;

/// Errors keep the policy from loading; warnings are for whoever signs it.
pub fn lint(policy: &EscalationPolicy) -> Vec<Finding> {
    let mut findings = Vec::new();
    if policy.schema != 1 {
        findings.push(Finding::error("schema", "this program reads format 1"));
    }
    if policy.claim_lease_secs == 0 {
        findings.push(Finding::error("claim_lease_secs", "a claim must last"));
    }
    for (priority, plan) in [
        (Priority::P1, &policy.plans.p1),
        (Priority::P2, &policy.plans.p2),
        (Priority::P3, &policy.plans.p3),
        (Priority::P4, &policy.plans.p4),
    ] {
        let path = format!("plans.{priority}");
        if !policy.sources.contains_key(&plan.source) {
            findings
                .push(Finding::error(path.clone(), format!("the source {:?} is not listed", plan.source)));
        }
        if plan.ack_expiry_secs == 0 || plan.retry_max_secs == 0 {
            findings.push(Finding::error(path.clone(), "an acknowledgement and a retry must last"));
        }
        if plan.steps.is_empty() {
            list_only(priority, plan, &path, &mut findings);
        } else {
            steps(plan, &path, &mut findings);
            endings(plan, &path, &mut findings);
        }
    }
    of_p1(&policy.plans.p1, &mut findings);
    for code in CloseCode::DISMISSING {
        if !policy.second_person.contains(&SecondPerson { priority: Priority::P1, code }) {
            let message = format!("nobody dismisses a P1 alone: {} for P1 is missing", code.code());
            findings.push(Finding::error("second_person", message));
        }
    }
    findings
}

/// Only a P4 may stand on the list and wait.
fn list_only(priority: Priority, plan: &Plan, path: &str, findings: &mut Vec<Finding>) {
    if priority != Priority::P4 {
        findings.push(Finding::error(format!("{path}.steps"), "nobody is ever told"));
    }
    if plan.repeat.is_some() || plan.last_resort.is_some() {
        findings.push(Finding::error(path, "a repeat or last resort without steps is never reached"));
    }
}

fn steps(plan: &Plan, path: &str, findings: &mut Vec<Finding>) {
    let mut told: Vec<Post> = Vec::new();
    for (place, step) in plan.steps.iter().enumerate() {
        let path = format!("{path}.steps[{place}]");
        if step.notify.is_empty() || step.channels.is_empty() {
            findings.push(Finding::error(path.clone(), "tells nobody"));
        }
        let before = place.checked_sub(1).map(|before| plan.steps[before].at_secs);
        if before.is_some_and(|before| step.at_secs <= before) {
            findings.push(Finding::error(path.clone(), "unreachable: not later than the step before it"));
        }
        if !step.notify.is_empty() && step.notify.iter().all(|post| told.contains(post)) {
            findings.push(Finding::warning(path.clone(), "tells nobody new; the repeat does that"));
        }
        if let (Some(expect), Some(next)) = (step.expect_presented_secs, plan.steps.get(place + 1))
            && step.at_secs.saturating_add(expect) >= next.at_secs
        {
            findings.push(Finding::warning(
                path,
                "the next step comes before a screen is expected to show this one",
            ));
        }
        told.extend(&step.notify);
    }
}

fn endings(plan: &Plan, path: &str, findings: &mut Vec<Finding>) {
    match plan.repeat {
        Some(repeat) if repeat.max.is_none() => {
            findings.push(Finding::error(format!("{path}.repeat"), "a loop without end: give it a max"));
        }
        Some(repeat) if repeat.every_secs == 0 || repeat.max == Some(0) => {
            findings.push(Finding::error(format!("{path}.repeat"), "unreachable: no time or no lap"));
        }
        Some(_) => {}
        None => findings.push(Finding::warning(format!("{path}.repeat"), "everybody is told only once")),
    }
    match &plan.last_resort {
        None => findings.push(Finding::error(format!("{path}.last_resort"), "a last resort is required")),
        Some(resort) if resort.notify.is_empty() || resort.channels.is_empty() || resort.every_secs == 0 => {
            findings.push(Finding::error(format!("{path}.last_resort"), "tells nobody"));
        }
        Some(_) => {}
    }
}

/// A P1 is on a screen at once, and never put aside.
fn of_p1(plan: &Plan, findings: &mut Vec<Finding>) {
    let at_once =
        plan.steps.first().is_some_and(|step| step.at_secs == 0 && step.channels.contains(&Channel::Console));
    if !at_once {
        findings.push(Finding::error("plans.P1.steps[0]", "a P1 is on the console at second 0"));
    }
    if plan.shelve_max_secs.is_some() {
        findings.push(Finding::error("plans.P1.shelve_max_secs", "a P1 is never put on the shelf"));
    }
    if !plan.skip_if_empty {
        findings
            .push(Finding::error("plans.P1.skip_if_empty", "an empty step of a P1 is passed over at once"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn nobody_dismisses_a_p1_alone() {
        let shipped = include_str!("../../policies/escalation/default/1.0.0.json");
        let mut document: Value = serde_json::from_str(shipped).unwrap();
        document["second_person"] = json!([{"priority": "P1", "code": "false_alarm"}]);
        let refused = EscalationPolicy::parse(&document.to_string()).unwrap_err();
        let missing: Vec<&str> =
            refused.iter().filter_map(|finding| finding.message.split(": ").nth(1)).collect();
        let expected = ["accidental", "test", "duplicate"].map(|code| format!("{code} for P1 is missing"));
        assert_eq!(missing, expected);
    }
}
