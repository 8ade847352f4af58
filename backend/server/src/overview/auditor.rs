//! The auditor: looks every few seconds for what must never be, mends what is safe to mend, and raises an alarm about
//! the system. It stands beside the loops it watches: its alarms do not go through timers.

mod look;

use crate::dispatch::{SystemFault, raise_system};
use crate::platform::ctx::Tenant;
use crate::platform::tasks::turn;
use crate::platform::{Ctx, Problem};
use look::Finding;
use rules::dispatch::Priority;
use rules::ids::TenantId;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const EVERY: Duration = Duration::from_secs(5);
/// A loop that has done nothing well for so long is silent. The slowest one comes round every five seconds, and may
/// fail once.
const SILENT_AFTER: Duration = Duration::from_secs(15);

/// What must always hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// Each open alarm that has a plan waits for something that will happen by itself.
    AlarmHasTimer,
    /// No timer is late.
    TimerOnTime,
    /// No timer's handler fails again and again.
    TimerWorks,
    /// No lease of a delivery has run out twice.
    DeliveryAnswered,
    /// Each open result of tier 2 and more has a person who answers for it, and a deadline.
    ResultHasOwner,
    /// Each open result of tier 2 and more waits for something ahead, or is known to be late.
    ResultHasTimer,
    /// Each result that asks for an alarm has it.
    SuggestionHasAlarm,
    /// The head of each stream is its last event.
    StreamWithoutGap,
    /// Each loop comes round.
    LoopAlive,
    /// The local journal is empty while the database can be reached.
    JournalEmpty,
    /// The boards of this node are given what the streams hold.
    StreamFollowed,
    /// Business time is the database's.
    ClockTrue,
    /// Audit entries are sealed soon after they were written.
    AuditSealed,
}

impl Invariant {
    /// As metrics and the alarm's reason name what is wrong.
    pub const fn fault(self) -> &'static str {
        match self {
            Self::AlarmHasTimer => "alarm_without_timer",
            Self::TimerOnTime => "timer_late",
            Self::TimerWorks => "timer_failing",
            Self::DeliveryAnswered => "delivery_lapsed",
            Self::ResultHasOwner => "result_without_owner",
            Self::ResultHasTimer => "result_without_timer",
            Self::SuggestionHasAlarm => "suggestion_without_alarm",
            Self::StreamWithoutGap => "stream_gap",
            Self::LoopAlive => "loop_silent",
            Self::JournalEmpty => "journal_waiting",
            Self::StreamFollowed => "stream_behind",
            Self::ClockTrue => "clock_off",
            Self::AuditSealed => "audit_unsealed",
        }
    }

    /// What can cost somebody help now is a P2.
    const fn priority(self) -> Priority {
        match self {
            Self::AlarmHasTimer
            | Self::TimerOnTime
            | Self::TimerWorks
            | Self::ResultHasTimer
            | Self::SuggestionHasAlarm
            | Self::LoopAlive
            | Self::JournalEmpty
            | Self::StreamFollowed
            | Self::ClockTrue => Priority::P2,
            Self::DeliveryAnswered | Self::ResultHasOwner | Self::StreamWithoutGap | Self::AuditSealed => {
                Priority::P3
            }
        }
    }
}

/// Something that must never be, found once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub tenant: TenantId,
    pub invariant: Invariant,
    /// The alarm, timer, result or delivery; none for a loop.
    pub subject: Option<Uuid>,
    pub is_mended: bool,
}

pub async fn run(ctx: Ctx, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        turn(&ctx, "auditor", Box::pin(check(&ctx))).await;
    }
}

/// Looks once, mends, raises. Tests step the world with it.
pub async fn check(ctx: &Ctx) -> Result<Vec<Violation>, Problem> {
    let silent = ctx.beats.silent(SILENT_AFTER);
    let mut violations = Vec::new();
    let mut outcome = Ok(());
    for tenant in ctx.tenants() {
        match check_tenant(ctx, &tenant, &silent).await {
            Ok(found) => violations.extend(found),
            // the others are looked at all the same
            Err(problem) => outcome = Err(problem),
        }
    }
    outcome.map(|()| violations)
}

async fn check_tenant(
    ctx: &Ctx,
    tenant: &Tenant,
    silent: &[(&'static str, Duration)],
) -> Result<Vec<Violation>, Problem> {
    let findings = look::findings(ctx, tenant).await?;
    let mut violations = Vec::with_capacity(findings.len());
    for Finding { invariant, subject, mend } in findings {
        let is_mended = match mend {
            Some(mend) => mend.carry_out(ctx, tenant.id).await?,
            None => false,
        };
        violations.push(Violation { tenant: tenant.id, invariant, subject, is_mended });
    }
    for (name, age) in silent {
        tracing::error!(task = *name, secs = age.as_secs(), "a loop is silent");
        violations.push(Violation {
            tenant: tenant.id,
            invariant: Invariant::LoopAlive,
            subject: None,
            is_mended: false,
        });
    }
    raise(ctx, tenant.id, &violations).await?;
    Ok(violations)
}

/// One alarm for each invariant and hour, however often it is broken.
async fn raise(ctx: &Ctx, tenant: TenantId, found: &[Violation]) -> Result<(), Problem> {
    let mut said = Vec::new();
    for violation in found {
        let invariant = violation.invariant;
        metrics::counter!("auditor_violations_total", "invariant" => invariant.fault()).increment(1);
        tracing::error!(
            invariant = invariant.fault(),
            subject.id = violation.subject.map(|id| id.to_string()),
            mended = violation.is_mended,
            "what must never be",
        );
        if said.contains(&invariant) {
            continue;
        }
        said.push(invariant);
        let fault =
            SystemFault { reason: invariant.fault().to_owned(), priority: invariant.priority(), org: None };
        raise_system(ctx, tenant, fault).await?;
    }
    Ok(())
}
