//! The permission matrix: role × action × scope, read once from `data/permissions.json`.

use super::{Action, Post, Role};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::OnceLock;

/// How far a permission reaches. A wider one covers the narrower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// What is assigned to the account itself.
    Own,
    /// The org unit where the role is held, and everything below it.
    Subtree,
    Tenant,
}

impl Scope {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Subtree => "subtree",
            Self::Tenant => "tenant",
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermissionMatrix {
    /// What every signed-in account may do.
    everyone: BTreeMap<Action, Scope>,
    roles: BTreeMap<Role, BTreeMap<Action, Scope>>,
    /// Which roles may hold a duty post.
    posts: BTreeMap<Post, Vec<Role>>,
}

/// Two roles that one account must not have together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("one account cannot be both {0} and {1}")]
pub struct Conflict(pub Role, pub Role);

impl PermissionMatrix {
    pub fn parse(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    pub fn may(&self, role: Role, action: Action) -> Option<Scope> {
        let of_role = self.roles.get(&role).and_then(|actions| actions.get(&action));
        of_role.max(self.everyone.get(&action)).copied()
    }

    /// The widest scope that any of the roles gives.
    pub fn may_any(&self, roles: impl IntoIterator<Item = Role>, action: Action) -> Option<Scope> {
        roles.into_iter().filter_map(|role| self.may(role, action)).max()
    }

    /// What a role may do, in the order of [`Action::ALL`].
    pub fn actions(&self, role: Role) -> impl Iterator<Item = (Action, Scope)> {
        Action::ALL.iter().filter_map(move |&action| self.may(role, action).map(|scope| (action, scope)))
    }

    pub fn may_hold(&self, role: Role, post: Post) -> bool {
        self.posts.get(&post).is_some_and(|roles| roles.contains(&role))
    }

    pub fn roles_for(&self, post: Post) -> &[Role] {
        self.posts.get(&post).map_or(&[], Vec::as_slice)
    }
}

/// The matrix that ships with the program. A file that cannot be read permits nothing; a test reads it.
pub fn permissions() -> &'static PermissionMatrix {
    static MATRIX: OnceLock<PermissionMatrix> = OnceLock::new();
    MATRIX.get_or_init(|| {
        PermissionMatrix::parse(include_str!("../../data/permissions.json")).unwrap_or_default()
    })
}

/// May an account in this role do this, and how far? `None` is no.
pub fn may(role: Role, action: Action) -> Option<Scope> {
    permissions().may(role, action)
}

/// 三员分立: one account is at most one of the three administrators, and an administrator is nothing else.
pub fn separation_conflict(roles: &[Role]) -> Option<Conflict> {
    let administrator = roles.iter().copied().find(|role| role.is_administrator())?;
    let other = roles.iter().copied().find(|role| *role != administrator)?;
    Some(Conflict(administrator, other))
}

/// `docs/operations/permissions.md`, generated.
pub fn permissions_markdown() -> String {
    let matrix = permissions();
    let mut text = String::from(HEAD);
    // writing to a String cannot fail
    let _ = writeln!(text, "\n## Roles and actions\n");
    let _ = write!(text, "| action |");
    for role in Role::ALL {
        let _ = write!(text, " {role} |");
    }
    let _ = write!(text, "\n|---|");
    text.push_str(&"---|".repeat(Role::ALL.len()));
    for &action in Action::ALL {
        let _ = write!(text, "\n| `{action}` |");
        for &role in Role::ALL {
            let _ = write!(text, " {} |", matrix.may(role, action).map_or("", Scope::code));
        }
    }
    let _ = write!(
        text,
        "\n\n## Who may hold a duty post\n\n| post | roles | if nobody holds it |\n|---|---|---|"
    );
    for &post in Post::ALL {
        let roles: Vec<&str> = matrix.roles_for(post).iter().map(|role| role.code()).collect();
        let upward = post.upward().map_or("the auditor reports it", Post::code);
        let _ = write!(text, "\n| `{post}` | {} | {upward} |", roles.join(", "));
    }
    text.push_str(FOOT);
    text
}

const HEAD: &str = "\
<!-- Generated from backend/rules/data/permissions.json; a test compares. Do not edit. -->

# Permissions

What each role may do and how far: **own** is what is assigned to the account itself, **subtree** the org unit where
the role is held and everything below it, **tenant** the whole tenant. An empty cell is no. Questions about one record
(is this my queue item?) are asked on top of this table.

Three administrators share what one could abuse (三员分立): `system_admin` keeps the org tree and accounts,
`security_admin` keeps policies, grants roles and configures the audit, `audit_admin` reads the audit. None of them
sees people's data, one account is at most one of them, and it has no other role. A role is given, and a way into an
account that shows people is made, by two of them: the system administrator asks, the security administrator approves.
Nobody decides about the own account or what they asked for themselves.
";

const FOOT: &str = "

Whoever is on a post is told. A result belongs only to somebody who can act on it: on the way up a system administrator
is passed over, and if nobody is left the auditor raises an alarm about it.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_matrix_is_readable_and_speaks_of_every_role_and_post() {
        let matrix = PermissionMatrix::parse(include_str!("../../data/permissions.json")).unwrap();
        assert_eq!(&matrix, permissions());
        for role in Role::ALL {
            assert!(matrix.roles.contains_key(role), "{role} is missing");
        }
        for post in Post::ALL {
            assert!(!matrix.roles_for(*post).is_empty(), "nobody may hold {post}");
        }
        for action in Action::ALL {
            assert!(Role::ALL.iter().any(|role| matrix.may(*role, *action).is_some()), "nobody may {action}");
        }
    }

    #[test]
    fn no_administrator_touches_people() {
        for role in Role::ALL.iter().filter(|role| role.is_administrator()) {
            for action in Action::ALL.iter().filter(|action| action.touches_people()) {
                assert_eq!(may(*role, *action), None, "{role} may {action}");
            }
        }
    }

    #[test]
    fn the_three_administrators_share_no_power() {
        let powers = [
            (Role::SystemAdmin, vec![Action::OrgManage, Action::AccountManage]),
            (Role::SecurityAdmin, vec![Action::PolicyManage, Action::RoleGrant, Action::AuditConfigure]),
            (Role::AuditAdmin, vec![Action::AuditRead]),
        ];
        for (holder, actions) in &powers {
            for action in actions {
                for role in Role::ALL {
                    assert_eq!(may(*role, *action).is_some(), role == holder, "{role} {action}");
                }
            }
        }
    }

    #[test]
    fn leaders_see_numbers_only() {
        for action in Action::ALL.iter().filter(|action| action.touches_people()) {
            assert_eq!(may(Role::CityLeader, *action), None);
        }
        assert_eq!(may(Role::CityLeader, Action::StatisticsRead), Some(Scope::Tenant));
    }

    #[test]
    fn who_is_told_by_the_policy_may_act_on_alarms() {
        use Action::{
            AlarmAcknowledge, AlarmClaim, AlarmClose, AlarmEscalate, AlarmNote, AlarmOpen, AlarmRelease,
        };
        for post in [Post::SeatDispatcher, Post::DutyLead, Post::Director] {
            for role in permissions().roles_for(post) {
                for action in [
                    AlarmClaim,
                    AlarmAcknowledge,
                    AlarmRelease,
                    AlarmNote,
                    AlarmEscalate,
                    AlarmClose,
                    AlarmOpen,
                ] {
                    assert!(may(*role, action).is_some(), "{role} on {post} cannot {action}");
                }
            }
        }
    }

    #[test]
    fn who_owns_a_queue_item_may_handle_it() {
        let posts = [
            Post::Counsellor,
            Post::Clinician,
            Post::SchoolPsychologist,
            Post::CaseWorker,
            Post::SeatDispatcher,
        ];
        for post in posts {
            for role in permissions().roles_for(post) {
                for action in
                    [Action::QueueRead, Action::QueueOpen, Action::QueueConfirm, Action::QueueContacted]
                {
                    assert!(may(*role, action).is_some(), "{role} on {post} cannot {action}");
                }
            }
        }
    }

    #[test]
    fn every_post_has_a_role_that_can_own_what_comes_to_it() {
        for post in Post::ALL {
            assert!(permissions().roles_for(*post).iter().any(|role| role.may_own()), "{post}");
        }
        for role in Role::ALL.iter().filter(|role| role.is_administrator()) {
            assert!(!role.may_own(), "{role}");
        }
    }

    #[test]
    fn the_widest_scope_of_several_roles_counts() {
        let roles = [Role::GridWorker, Role::Director];
        assert_eq!(permissions().may_any(roles, Action::StatisticsRead), Some(Scope::Tenant));
        assert_eq!(permissions().may_any([], Action::StatisticsRead), None);
        assert!(Scope::Own < Scope::Subtree && Scope::Subtree < Scope::Tenant);
    }

    #[test]
    fn an_administrator_is_nothing_else() {
        assert_eq!(separation_conflict(&[Role::GridWorker, Role::Police]), None);
        assert_eq!(separation_conflict(&[Role::SystemAdmin]), None);
        assert_eq!(
            separation_conflict(&[Role::Clinician, Role::AuditAdmin]),
            Some(Conflict(Role::AuditAdmin, Role::Clinician))
        );
        assert!(separation_conflict(&[Role::SystemAdmin, Role::SecurityAdmin]).is_some());
    }

    #[test]
    fn the_committed_documentation_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operations/permissions.md");
        if std::env::var_os("WRITE_GENERATED").is_some() {
            std::fs::write(path, permissions_markdown()).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(committed == permissions_markdown(), "run the tests of `rules` once with WRITE_GENERATED=1");
    }

    #[test]
    fn an_unknown_role_or_action_does_not_load() {
        for json in [
            r#"{"everyone":{},"roles":{"king":{}},"posts":{}}"#,
            r#"{"everyone":{"fly":"own"},"roles":{},"posts":{}}"#,
            r#"{"everyone":{},"roles":{},"posts":{},"more":1}"#,
        ] {
            assert!(PermissionMatrix::parse(json).is_err(), "{json}");
        }
    }
}
