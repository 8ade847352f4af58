//! Who answers for a post now. A post that nobody holds resolves upward: no red is left without a person, and that
//! person can act.

use super::Post;
use crate::Timestamp;
use crate::ids::{AccountId, OrgId};
use serde::Serialize;

/// Somebody is on a post of an org unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DutyEntry {
    pub post: Post,
    pub org: OrgId,
    pub account: AccountId,
    pub since: Timestamp,
    /// See [`Role::may_own`](super::Role::may_own): who may not is told, and owns nothing.
    pub may_own: bool,
}

/// Who owns what the policy gives to `post`: the first on the way up who may act on it. If that is nobody, somebody has
/// to be found, and the auditor says so.
pub fn owner(post: Post, chain: &[OrgId], duty: &[DutyEntry]) -> Resolved {
    let able: Vec<DutyEntry> = duty.iter().filter(|entry| entry.may_own).copied().collect();
    resolve(post, chain, &able)
}

/// The answer, and how it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Resolved {
    /// `None` only if not even the on-call administrator is on duty.
    pub account: Option<AccountId>,
    /// The post that `account` holds.
    pub post: Option<Post>,
    /// Every (post, org unit) that was asked, in order; the last one answered.
    pub via: Vec<Via>,
    /// Posts that nobody holds anywhere on the chain. Each is worth a P3 about the duty roster.
    pub empty_posts: Vec<Post>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Via {
    pub post: Post,
    pub org: OrgId,
}

/// One person who is told in place of `post`. `chain` goes from the org unit concerned up to the root. First the same post in each parent,
/// then duty lead, director and on-call administrator, each along the chain.
pub fn resolve(post: Post, chain: &[OrgId], duty: &[DutyEntry]) -> Resolved {
    let mut resolved = Resolved { account: None, post: None, via: Vec::new(), empty_posts: Vec::new() };
    let mut asked = Some(post);
    while let Some(post) = asked {
        for &org in chain {
            resolved.via.push(Via { post, org });
            if let Some(entry) = longest_on(post, org, duty) {
                resolved.account = Some(entry.account);
                resolved.post = Some(post);
                return resolved;
            }
        }
        resolved.empty_posts.push(post);
        asked = post.upward();
    }
    resolved
}

/// Everybody on `post` at the nearest org unit of the chain that has anybody: whom an escalation step tells.
pub fn holders(post: Post, chain: &[OrgId], duty: &[DutyEntry]) -> Vec<AccountId> {
    for &org in chain {
        let mut entries: Vec<&DutyEntry> =
            duty.iter().filter(|entry| entry.post == post && entry.org == org).collect();
        if !entries.is_empty() {
            entries.sort_by_key(|entry| (entry.since, entry.account));
            return entries.into_iter().map(|entry| entry.account).collect();
        }
    }
    Vec::new()
}

/// Two on one post: the one who has been there longer knows what is going on.
fn longest_on(post: Post, org: OrgId, duty: &[DutyEntry]) -> Option<&DutyEntry> {
    duty.iter()
        .filter(|entry| entry.post == post && entry.org == org)
        .min_by_key(|entry| (entry.since, entry.account))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use uuid::Uuid;

    const GRID: OrgId = OrgId(Uuid::from_u128(3));
    const DISTRICT: OrgId = OrgId(Uuid::from_u128(2));
    const CITY: OrgId = OrgId(Uuid::from_u128(1));
    const CHAIN: [OrgId; 3] = [GRID, DISTRICT, CITY];

    fn on(post: Post, org: OrgId, account: u128, since_secs: i64) -> DutyEntry {
        let since = DateTime::from_timestamp(since_secs, 0).unwrap();
        DutyEntry { post, org, account: AccountId(Uuid::from_u128(account)), since, may_own: true }
    }

    fn who(resolved: &Resolved) -> Option<u128> {
        resolved.account.map(|account| account.0.as_u128())
    }

    #[test]
    fn the_nearest_holder_of_the_post_answers() {
        let duty = [on(Post::CaseWorker, CITY, 10, 0), on(Post::CaseWorker, DISTRICT, 11, 5)];
        let resolved = resolve(Post::CaseWorker, &CHAIN, &duty);
        assert_eq!(who(&resolved), Some(11));
        assert_eq!(resolved.post, Some(Post::CaseWorker));
        assert_eq!(resolved.via.len(), 2);
        assert!(resolved.empty_posts.is_empty());
    }

    #[test]
    fn an_empty_post_resolves_upward_and_says_so() {
        let duty = [on(Post::Director, CITY, 20, 0), on(Post::OnCallAdmin, CITY, 30, 0)];
        let resolved = resolve(Post::Counsellor, &CHAIN, &duty);
        assert_eq!(who(&resolved), Some(20));
        assert_eq!(resolved.empty_posts, [Post::Counsellor, Post::DutyLead]);
        assert_eq!(resolved.via.last(), Some(&Via { post: Post::Director, org: CITY }));
    }

    #[test]
    fn the_on_call_administrator_is_the_end() {
        let duty = [on(Post::OnCallAdmin, CITY, 30, 0)];
        assert_eq!(who(&resolve(Post::SeatDispatcher, &CHAIN, &duty)), Some(30));
        let nobody = resolve(Post::SeatDispatcher, &CHAIN, &[]);
        assert_eq!(who(&nobody), None);
        assert_eq!(
            nobody.empty_posts,
            [Post::SeatDispatcher, Post::DutyLead, Post::Director, Post::OnCallAdmin]
        );
    }

    #[test]
    fn who_cannot_act_is_told_and_owns_nothing() {
        let system_admin = DutyEntry { may_own: false, ..on(Post::OnCallAdmin, DISTRICT, 30, 0) };
        assert_eq!(who(&resolve(Post::Clinician, &CHAIN, &[system_admin])), Some(30));
        let owner_of = |duty: &[DutyEntry]| who(&owner(Post::Clinician, &CHAIN, duty));
        assert_eq!(owner_of(&[system_admin]), None);
        assert_eq!(owner_of(&[system_admin, on(Post::OnCallAdmin, CITY, 31, 5)]), Some(31));
    }

    #[test]
    fn a_holder_elsewhere_does_not_answer() {
        let elsewhere = OrgId(Uuid::from_u128(99));
        assert_eq!(who(&resolve(Post::DutyLead, &CHAIN, &[on(Post::DutyLead, elsewhere, 1, 0)])), None);
    }

    #[test]
    fn two_on_one_post_are_both_told_and_the_longer_one_answers() {
        let duty = [
            on(Post::SeatDispatcher, CITY, 41, 200),
            on(Post::SeatDispatcher, CITY, 40, 100),
            on(Post::SeatDispatcher, CITY, 42, 300),
        ];
        assert_eq!(who(&resolve(Post::SeatDispatcher, &CHAIN, &duty)), Some(40));
        let told: Vec<u128> = holders(Post::SeatDispatcher, &CHAIN, &duty)
            .into_iter()
            .map(|account| account.0.as_u128())
            .collect();
        assert_eq!(told, [40, 41, 42]);
        assert!(holders(Post::Clinician, &CHAIN, &duty).is_empty());
    }
}
