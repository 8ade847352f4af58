//! Who may do what: roles, duty posts, the permission matrix, and who answers for a post now.
//!
//! The matrix is one data file, `data/permissions.json`; the documentation is generated from it. Three administrators
//! share what one could abuse (三员分立): one keeps accounts, one keeps policies and permissions, one reads the audit,
//! and none of them sees people.

mod administrators;
mod duty;
mod matrix;

pub use administrators::{
    NotAllowed, RoleChange, change_roles, is_first_security_admin, may_change, may_decide, reset_needs_second,
};
pub use duty::{DutyEntry, Resolved, Via, holders, owner, resolve};
pub use matrix::{
    Conflict, PermissionMatrix, Scope, may, permissions, permissions_markdown, separation_conflict,
};

use crate::ids::OrgId;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// A code that names nothing here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a known {0}")]
pub struct Unknown(pub &'static str);

/// Declares an enum whose variants have one stable code each: in JSON, in the database and in the documentation.
macro_rules! coded {
    ($(#[$meta:meta])* $name:ident, $word:literal { $($(#[$note:meta])* $variant:ident = $code:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$note])* #[serde(rename = $code)] $variant,)+
        }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }
        }

        impl FromStr for $name {
            type Err = Unknown;

            fn from_str(code: &str) -> Result<Self, Unknown> {
                match code {
                    $($code => Ok(Self::$variant),)+
                    _ => Err(Unknown($word)),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}

coded! {
    /// What an account is. An account may have several, each at an org unit.
    Role, "role" {
        GridWorker = "grid_worker",
        Police = "police",
        Mediator = "mediator",
        Counsellor = "counsellor",
        Supervisor = "supervisor",
        Dispatcher = "dispatcher",
        DutyLead = "duty_lead",
        Clinician = "clinician",
        SchoolPsychologist = "school_psychologist",
        CaseWorker = "case_worker",
        Director = "director",
        CityLeader = "city_leader",
        SystemAdmin = "system_admin",
        SecurityAdmin = "security_admin",
        AuditAdmin = "audit_admin",
    }
}

coded! {
    /// A duty post: held by somebody now, or by nobody.
    Post, "post" {
        /// At a dispatch seat.
        SeatDispatcher = "seat_dispatcher",
        DutyLead = "duty_lead",
        Director = "director",
        /// Reached last. A system administrator there keeps the system running and owns nothing.
        OnCallAdmin = "on_call_admin",
        Counsellor = "counsellor",
        Clinician = "clinician",
        SchoolPsychologist = "school_psychologist",
        CaseWorker = "case_worker",
        GridWorker = "grid_worker",
    }
}

coded! {
    /// Everything an account can be allowed to do.
    Action, "action" {
        /// Use the live socket.
        LiveConnect = "live_connect",
        OrgRead = "org_read",
        OrgManage = "org_manage",
        AccountRead = "account_read",
        /// Create, disable, enable, reset.
        AccountManage = "account_manage",
        /// Give and take roles.
        RoleGrant = "role_grant",
        DutyRead = "duty_read",
        /// Go on and off a post, hand it over.
        DutyTake = "duty_take",
        /// Put somebody else on a post.
        DutyAssign = "duty_assign",
        ScaleRead = "scale_read",
        PolicyRead = "policy_read",
        PolicyManage = "policy_manage",
        PermissionRead = "permission_read",
        /// Names of people one is responsible for.
        PersonList = "person_list",
        /// Open one person's file; audited.
        PersonRead = "person_read",
        PersonWrite = "person_write",
        CampaignRead = "campaign_read",
        CampaignManage = "campaign_manage",
        WorklistRead = "worklist_read",
        ScreeningSubmit = "screening_submit",
        /// Move a screening to the right person; audited.
        ScreeningCorrect = "screening_correct",
        /// Answer the danger questions after a high second look.
        DangerReport = "danger_report",
        ScreeningImport = "screening_import",
        QueueRead = "queue_read",
        /// Open one queue item with name and answers; audited.
        QueueOpen = "queue_open",
        QueueConfirm = "queue_confirm",
        QueueChange = "queue_change",
        /// Agree or disagree as the second person.
        QueueSecond = "queue_second",
        QueueContacted = "queue_contacted",
        QueueClose = "queue_close",
        AlarmRaise = "alarm_raise",
        AlarmRead = "alarm_read",
        /// Open one alarm with name, phone and address; audited.
        AlarmOpen = "alarm_open",
        AlarmClaim = "alarm_claim",
        AlarmAcknowledge = "alarm_acknowledge",
        AlarmRelease = "alarm_release",
        AlarmNote = "alarm_note",
        AlarmEscalate = "alarm_escalate",
        AlarmCannotReach = "alarm_cannot_reach",
        AlarmShelve = "alarm_shelve",
        AlarmClose = "alarm_close",
        /// Agree as the second person to a close that needs one.
        AlarmSecond = "alarm_second",
        AlarmReopen = "alarm_reopen",
        /// Numbers without names.
        StatisticsRead = "statistics_read",
        AuditRead = "audit_read",
        AuditConfigure = "audit_configure",
    }
}

/// A role in a part of the org tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Grant {
    pub role: Role,
    #[serde(rename = "org_id")]
    pub org: OrgId,
}

impl Role {
    /// One of the three administrators.
    pub const fn is_administrator(self) -> bool {
        match self {
            Self::SystemAdmin | Self::SecurityAdmin | Self::AuditAdmin => true,
            Self::GridWorker
            | Self::Police
            | Self::Mediator
            | Self::Counsellor
            | Self::Supervisor
            | Self::Dispatcher
            | Self::DutyLead
            | Self::Clinician
            | Self::SchoolPsychologist
            | Self::CaseWorker
            | Self::Director
            | Self::CityLeader => false,
        }
    }
}

impl Role {
    /// Can somebody in this role act on a person's result, so that it can be theirs?
    pub fn may_own(self) -> bool {
        may(self, Action::QueueContacted).is_some()
    }
}

impl Post {
    /// Cares for people over time, beyond the moment of danger.
    pub const fn is_care(self) -> bool {
        match self {
            Self::Counsellor | Self::Clinician | Self::SchoolPsychologist | Self::CaseWorker => true,
            Self::SeatDispatcher | Self::DutyLead | Self::Director | Self::OnCallAdmin | Self::GridWorker => {
                false
            }
        }
    }

    /// Whom to ask when nobody on the chain of org units holds the post. The last one is the end.
    pub const fn upward(self) -> Option<Self> {
        match self {
            Self::OnCallAdmin => None,
            Self::Director => Some(Self::OnCallAdmin),
            Self::DutyLead => Some(Self::Director),
            Self::SeatDispatcher
            | Self::Counsellor
            | Self::Clinician
            | Self::SchoolPsychologist
            | Self::CaseWorker
            | Self::GridWorker => Some(Self::DutyLead),
        }
    }
}

impl Action {
    /// Does it show or change something about a person who was screened or raised an alarm?
    pub const fn touches_people(self) -> bool {
        match self {
            Self::PersonList
            | Self::PersonRead
            | Self::PersonWrite
            | Self::WorklistRead
            | Self::ScreeningSubmit
            | Self::ScreeningCorrect
            | Self::DangerReport
            | Self::ScreeningImport
            | Self::QueueRead
            | Self::QueueOpen
            | Self::QueueConfirm
            | Self::QueueChange
            | Self::QueueSecond
            | Self::QueueContacted
            | Self::QueueClose
            | Self::AlarmRaise
            | Self::AlarmRead
            | Self::AlarmOpen
            | Self::AlarmClaim
            | Self::AlarmAcknowledge
            | Self::AlarmRelease
            | Self::AlarmNote
            | Self::AlarmEscalate
            | Self::AlarmCannotReach
            | Self::AlarmShelve
            | Self::AlarmClose
            | Self::AlarmSecond
            | Self::AlarmReopen => true,
            Self::LiveConnect
            | Self::OrgRead
            | Self::OrgManage
            | Self::AccountRead
            | Self::AccountManage
            | Self::RoleGrant
            | Self::DutyRead
            | Self::DutyTake
            | Self::DutyAssign
            | Self::ScaleRead
            | Self::PolicyRead
            | Self::PolicyManage
            | Self::PermissionRead
            | Self::CampaignRead
            | Self::CampaignManage
            | Self::StatisticsRead
            | Self::AuditRead
            | Self::AuditConfigure => false,
        }
    }
}
