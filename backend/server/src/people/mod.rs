//! Persons: one person, one file. What is known about somebody, sealed, and who has looked at it.

mod consented;
mod draft;
mod http;
mod ops;
mod store;

pub use consented::{declare_age, mark_withdrawn};
pub use draft::{File, PutPerson};
pub use http::router;
pub use store::{
    PersonAt, find_by_id_numbers, insert, list_below, load_brief, load_briefs, lock_brief, org_of,
};

use rules::ids::{OrgId, PersonId};
use rules::people::{AgeBand, Modifier, Sex, masked_name};
use rules::{Private, Timestamp};
use std::collections::BTreeSet;

/// What other slices need of a person: to judge a result, to show who it is, to reach them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    pub id: PersonId,
    pub name: Private<String>,
    pub sex: Sex,
    pub age: Option<u16>,
    pub phone: Option<Private<String>>,
    pub address: Option<Private<String>>,
    pub org: OrgId,
    pub modifiers: BTreeSet<Modifier>,
    pub is_anonymous: bool,
    /// as they said, where no birth date is known
    pub declared_age: Option<AgeBand>,
    /// they took their consent back and have not given it anew
    pub consent_withdrawn_at: Option<Timestamp>,
}

impl Brief {
    /// The age that rules about limits go by: known, or as the person has said.
    pub fn age_to_go_by(&self) -> Option<u16> {
        self.age.or(self.declared_age.map(AgeBand::stands_for))
    }

    /// What lists and walls may show. The label of an anonymous person names nobody and stays whole.
    pub fn masked(&self) -> String {
        if self.is_anonymous { self.name.expose().clone() } else { masked_name(self.name.expose()) }
    }

    /// The last four digits: enough to tell two people apart on a list.
    pub fn phone_tail(&self) -> Option<String> {
        let digits = self.phone.as_ref()?.expose();
        digits.len().checked_sub(4).and_then(|from| digits.get(from..)).map(str::to_owned)
    }
}
