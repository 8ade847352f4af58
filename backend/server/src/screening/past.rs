//! Visits of the past, for seeing what another policy would have done with them.

use super::store;
use super::submit::recall;
use crate::people;
use crate::platform::{Ctx, Problem};
use rules::Timestamp;
use rules::ids::{PersonId, TenantId, VisitId};
use rules::triage::{Case, PastVisit};
use std::collections::BTreeMap;

/// Every visit since then as if it had just come, without what was known from before: that would be the old policy's
/// word. No name, phone or address is part of it.
pub async fn past_visits(ctx: &Ctx, tenant: TenantId, since: Timestamp) -> Result<Vec<PastVisit>, Problem> {
    let mut tx = ctx.begin_system(tenant).await?;
    let mut visits: BTreeMap<VisitId, Vec<store::Kept>> = BTreeMap::new();
    for kept in store::list_since(&mut tx, since).await? {
        visits.entry(VisitId(kept.visit_id)).or_default().push(kept);
    }
    let ids: Vec<PersonId> =
        visits.values().filter_map(|kept| kept.first()).map(|kept| PersonId(kept.person_id)).collect();
    let people = people::load_briefs(ctx, &mut tx, &ids).await?;
    let mut past = Vec::with_capacity(visits.len());
    for (id, kept) in visits {
        let Some(person) = kept.first().and_then(|kept| people.get(&PersonId(kept.person_id))) else {
            continue;
        };
        let Some(at) = kept.iter().map(|kept| kept.finished_at).max() else { continue };
        let visit = recall(ctx, &mut tx, &kept, person, id).await?;
        let case = Case {
            results: visit.results,
            age: visit.age,
            modifiers: visit.modifiers,
            second_look: visit.second_look,
            danger: visit.danger,
            live: true,
            ..Case::default()
        };
        past.push(PastVisit { person: person.id, at, case });
    }
    past.sort_by_key(|visit| visit.at);
    Ok(past)
}
