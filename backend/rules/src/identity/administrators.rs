//! 三员分立 in acts, not only in rights: who keeps the accounts asks for roles, who keeps the rights gives them, and
//! nobody has both ends in the hand. Taking away needs no second person; it acts at once.

use super::{Action, Grant, Role, may};
use crate::ids::AccountId;

/// What is to become of an account's roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleChange {
    /// Ends now.
    pub taken: Vec<Grant>,
    /// Waits for a second person.
    pub asked: Vec<Grant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    #[error("nobody changes their own account, nor approves a change of it")]
    OwnAccount,
    #[error("who asked does not approve; it takes two people")]
    OwnRequest,
    #[error("this is the last security administrator; without one nobody could give a role")]
    LastSecurityAdmin,
}

pub fn change_roles(before: &[Grant], wanted: &[Grant]) -> RoleChange {
    let without = |these: &[Grant], those: &[Grant]| -> Vec<Grant> {
        these.iter().filter(|grant| !those.contains(grant)).copied().collect()
    };
    RoleChange { taken: without(before, wanted), asked: without(wanted, before) }
}

pub fn may_change(account: AccountId, by: AccountId) -> Result<(), NotAllowed> {
    if account == by { Err(NotAllowed::OwnAccount) } else { Ok(()) }
}

/// May `by` approve or reject what `asked_by` wants for `account`?
pub fn may_decide(account: AccountId, asked_by: AccountId, by: AccountId) -> Result<(), NotAllowed> {
    may_change(account, by)?;
    if asked_by == by { Err(NotAllowed::OwnRequest) } else { Ok(()) }
}

/// The first one is made by the first administrator alone: there is nobody yet to approve. Never again after that,
/// because the last one cannot be taken away.
pub fn is_first_security_admin(wanted: &[Grant], security_admins: i64) -> bool {
    security_admins == 0 && matches!(wanted, [grant] if grant.role == Role::SecurityAdmin)
}

/// A new link is a way into the account. Where that shows people, or is the other half of what two persons share, a
/// second person agrees first.
pub fn reset_needs_second(roles: impl IntoIterator<Item = Role>) -> bool {
    let shows_people =
        |role: Role| Action::ALL.iter().any(|action| action.touches_people() && may(role, *action).is_some());
    roles.into_iter().any(|role| role.is_administrator() || shows_people(role))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::OrgId;
    use uuid::Uuid;

    const fn grant(role: Role, org: u128) -> Grant {
        Grant { role, org: OrgId(Uuid::from_u128(org)) }
    }

    const ASKER: AccountId = AccountId(Uuid::from_u128(1));
    const OTHER: AccountId = AccountId(Uuid::from_u128(2));
    const SUBJECT: AccountId = AccountId(Uuid::from_u128(3));

    #[test]
    fn taking_away_acts_at_once_and_giving_waits() {
        let (counsellor, clinician) = (grant(Role::Counsellor, 1), grant(Role::Clinician, 1));
        let change = change_roles(&[counsellor], &[clinician]);
        assert_eq!(change, RoleChange { taken: vec![counsellor], asked: vec![clinician] });
        let elsewhere = grant(Role::Counsellor, 2);
        let change = change_roles(&[counsellor], &[elsewhere]);
        assert_eq!(change, RoleChange { taken: vec![counsellor], asked: vec![elsewhere] });
        assert_eq!(change_roles(&[clinician], &[clinician]), RoleChange { taken: vec![], asked: vec![] });
    }

    #[test]
    fn it_takes_two_people_and_neither_is_the_one_it_is_about() {
        assert_eq!(may_decide(SUBJECT, ASKER, OTHER), Ok(()));
        assert_eq!(may_decide(SUBJECT, ASKER, ASKER), Err(NotAllowed::OwnRequest));
        assert_eq!(may_decide(SUBJECT, ASKER, SUBJECT), Err(NotAllowed::OwnAccount));
        assert_eq!(may_change(ASKER, ASKER), Err(NotAllowed::OwnAccount));
    }

    #[test]
    fn only_the_very_first_security_administrator_needs_no_approval() {
        let (security, system) = (grant(Role::SecurityAdmin, 1), grant(Role::SystemAdmin, 1));
        assert!(is_first_security_admin(&[security], 0));
        assert!(!is_first_security_admin(&[security], 1));
        assert!(!is_first_security_admin(&[system], 0));
        assert!(!is_first_security_admin(&[security, grant(Role::Clinician, 1)], 0));
    }

    #[test]
    fn a_new_link_into_an_account_that_shows_people_or_rules_others_needs_a_second_person() {
        let direct: Vec<Role> =
            Role::ALL.iter().copied().filter(|role| !reset_needs_second([*role])).collect();
        assert_eq!(direct, [Role::CityLeader]);
        assert!(!reset_needs_second([]));
    }
}
