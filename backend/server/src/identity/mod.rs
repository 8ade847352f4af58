//! Tenants, the org tree, accounts, sessions, duty: who is asking, what they may do, and who is on which post now.

mod accounts;
mod duty;
mod guesses;
mod http;
mod manage;
mod org;
mod password;
mod provision;
mod requests;
mod second_factor;
mod sessions;
mod store;

pub use accounts::{first_start, vouch};
pub use duty::{Holder, Owner, go_on_duty, holders_of, owner_of, owners_of, stand_in_for};
pub use guesses::Guesses;
pub use http::router;
pub use manage::NewAccount;
pub use org::{
    OrgUnit, district_of, insert_org_unit, is_within, list_chain, load_org_unit, load_org_units,
    resolve_org_path,
};
pub use password::{Password, PasswordHash, hash_password};
pub use provision::{NewTenant, install_account, install_tenant, recover, reset_passwords, scope_of_login};
pub use rules::identity::Grant;
pub use sessions::{
    LastKnown, SessionCache, authenticate, is_current, last_known, make_ticket, signed_out, take_ticket,
    watch_revocations,
};
pub use store::{TenantRow, load_tenant, load_tenants, name_of, names_of};

use crate::events::Stream;
use crate::platform::{Purpose, Scope, ScopedTx};
use rules::identity::{Action, Post, Role, Scope as ActionScope};
use rules::ids::{AccountId, OrgId, SessionId, TenantId};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Public,
    SignedIn,
    Can(Action),
    /// Also by an account that was known before the database went out of reach: only for raising an alarm.
    CanInEmergency(Action),
}

impl Access {
    pub fn allows(self, actor: &Actor) -> bool {
        match self {
            Self::Public | Self::SignedIn => true,
            Self::Can(action) | Self::CanInEmergency(action) => actor.may(action),
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public => f.write_str("public"),
            Self::SignedIn => f.write_str("signed in"),
            Self::Can(action) => f.write_str(action.code()),
            Self::CanInEmergency(action) => write!(f, "{action}, also while the database is out of reach"),
        }
    }
}

/// An account that signed in, with what it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    pub tenant: TenantId,
    pub account: AccountId,
    pub session: SessionId,
    pub name: String,
    pub login: String,
    pub csrf: String,
    /// an administrator without a second factor may only enrol one
    pub must_enrol: bool,
    pub expires_at: rules::Timestamp,
    pub grants: Vec<Grant>,
}

impl Actor {
    pub fn may(&self, action: Action) -> bool {
        self.grants.iter().any(|grant| rules::identity::may(grant.role, action).is_some())
    }

    pub fn has_role(&self, role: Role) -> bool {
        self.grants.iter().any(|grant| grant.role == role)
    }

    /// Does the action reach beyond what this account did itself?
    pub fn reaches(&self, action: Action) -> bool {
        self.grants.iter().any(|grant| reaches(grant.role, action))
    }

    /// What this account may see for this action: the subtrees in which a role of it reaches. What another role may do
    /// elsewhere opens nothing here.
    pub fn scope_for(&self, action: Action, purpose: Purpose) -> Scope {
        self.scope_of(purpose, |role| reaches(role, action))
    }

    /// For an action that is about what the account does itself: its list, its post.
    pub fn own_scope_for(&self, action: Action, purpose: Purpose) -> Scope {
        self.scope_of(purpose, |role| rules::identity::may(role, action).is_some())
    }

    /// For what concerns the account itself and what its whole place may see.
    pub fn scope(&self) -> Scope {
        self.scope_of(Purpose::Care, |_| true)
    }

    fn scope_of(&self, purpose: Purpose, counts: impl Fn(Role) -> bool) -> Scope {
        let mut scopes: Vec<OrgId> =
            self.grants.iter().filter(|grant| counts(grant.role)).map(|grant| grant.org).collect();
        scopes.sort();
        scopes.dedup();
        Scope { tenant: self.tenant, actor: self.account, scopes, purpose }
    }
}

/// Where a role starts its work.
pub const fn home(role: Role) -> &'static str {
    match role {
        Role::GridWorker | Role::Police | Role::Mediator => "/t",
        Role::Dispatcher
        | Role::DutyLead
        | Role::Director
        | Role::Counsellor
        | Role::Supervisor
        | Role::Clinician
        | Role::SchoolPsychologist
        | Role::CaseWorker => "/d",
        Role::CityLeader | Role::SystemAdmin | Role::SecurityAdmin | Role::AuditAdmin => "/admin",
    }
}

pub(crate) fn may_hold(role: Role, post: Post) -> bool {
    rules::identity::permissions().may_hold(role, post)
}

fn reaches(role: Role, action: Action) -> bool {
    match rules::identity::may(role, action) {
        Some(ActionScope::Subtree | ActionScope::Tenant) => true,
        Some(ActionScope::Own) | None => false,
    }
}

/// Of these accounts and places, those where the account is enabled and the action reaches.
pub async fn able_at(
    tx: &mut ScopedTx,
    asked: &[(AccountId, OrgId)],
    action: Action,
) -> sqlx::Result<HashSet<(AccountId, OrgId)>> {
    let accounts: Vec<AccountId> = asked.iter().map(|(account, _)| *account).collect();
    let orgs: Vec<OrgId> = asked.iter().map(|(_, org)| *org).collect();
    let grants = store::list_grants_of(tx, &accounts).await?;
    let chains = org::list_chains(tx, &orgs).await?;
    let is_able = |account: AccountId, at: OrgId| {
        let chain = chains.get(&at).map_or(&[][..], Vec::as_slice);
        grants.iter().any(|(holder, grant)| {
            *holder == account && reaches(grant.role, action) && chain.contains(&grant.org)
        })
    };
    Ok(asked.iter().copied().filter(|(account, org)| is_able(*account, *org)).collect())
}

/// The streams a live screen may follow, each with what it may see there: the districts that lie wholly in what its
/// account watches, and the tenant's.
pub async fn streams_in_scope(
    tx: &mut ScopedTx,
    actor: &Actor,
) -> sqlx::Result<BTreeMap<String, BTreeSet<Action>>> {
    let mut streams = BTreeMap::from([(Stream::Tenant.to_string(), BTreeSet::new())]);
    for action in [Action::AlarmRead, Action::QueueRead] {
        let watched = actor.scope_for(action, Purpose::Dispatch).scopes;
        for district in org::list_districts_under(tx, &watched).await? {
            streams.entry(Stream::District(district).to_string()).or_default().insert(action);
        }
    }
    Ok(streams)
}
