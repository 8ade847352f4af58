//! Consent as it was given: to which notice, by whom, for what. And taken back.

use super::WITHDRAWAL;
use super::worklist::Notice;
use crate::audit::Entry;
use crate::events::{self, NewEvent};
use crate::people::{self, Brief};
use crate::platform::text::{Line, of_our_time};
use crate::platform::{Ctx, Problem, Scope, ScopedTx};
use crate::triage;
use chrono::{DateTime, Utc};
use rules::Private;
use rules::ids::{AccountId, PersonId, VisitId};
use rules::people::AgeBand;
use rules::screening::GuardianRelation;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

const MAX_REASON_CHARS: usize = 500;
/// The outcome of what is closed because of it.
const WITHDRAWN: &str = "consent_withdrawn";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// as it came with the worklist
    #[schema(value_type = String, max_length = 40)]
    pub notice_version: Line<40>,
    #[serde(deserialize_with = "of_our_time")]
    pub given_at: DateTime<Utc>,
    /// `self` or `guardian`
    pub by: GivenBy,
    /// with `guardian`: `mother`, `father`, `grandparent`, `elder_sibling`, `spouse`, `adult_child`, `other_guardian`
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub guardian_relation: Option<GuardianRelation>,
    /// where no birth date is on file: `under_14`, `14_to_17`, `adult`
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub declared_age: Option<AgeBand>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GivenBy {
    #[serde(rename = "self")]
    Person,
    Guardian,
}

impl GivenBy {
    const fn code(self) -> &'static str {
        match self {
            Self::Person => "self",
            Self::Guardian => "guardian",
        }
    }
}

impl Consent {
    pub fn facts(&self) -> rules::screening::ConsentFacts {
        rules::screening::ConsentFacts {
            given_at: self.given_at,
            is_known_notice: Notice::find(&self.notice_version).is_some(),
            by_guardian: self.by == GivenBy::Guardian,
            relation: self.guardian_relation,
            declared_age: self.declared_age,
        }
    }
}

/// Bound to the purpose and the recipients of the notice that was shown. What was given before it was taken back comes
/// late, and does not count any more.
pub async fn insert(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    person: &Brief,
    recorded_by: AccountId,
    consent: &Consent,
) -> Result<Uuid, Problem> {
    let notice = Notice::find(&consent.notice_version)
        .ok_or_else(|| Problem::invalid("consent.notice_version", "there is no such notice"))?;
    let tenant = tx.tenant();
    let id = ctx.new_id();
    let relation = consent.guardian_relation.filter(|_| consent.by == GivenBy::Guardian);
    sqlx::query!(
        "insert into consent (tenant_id, id, person_id, org_id, notice_version, purpose, recipients, given_by,
                              guardian_relation, declared_age, given_at, recorded_by, withdrawn_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        tenant.0,
        id,
        person.id.0,
        person.org.0,
        &*consent.notice_version,
        notice.purpose.code,
        &notice.recipient_codes(),
        consent.by.code(),
        relation.map(GuardianRelation::code),
        consent.declared_age.map(AgeBand::code),
        consent.given_at,
        recorded_by.0,
        person.consent_withdrawn_at.filter(|withdrawn_at| consent.given_at <= *withdrawn_at),
    )
    .execute(&mut **tx)
    .await?;
    Ok(id)
}

/// After a consent has come in or has moved: what the person said last about their age, and whether what was taken back
/// has been given anew since. Where it has not, only what asks for help stays open. The events are to be recorded last
/// in the transaction.
pub async fn settle(ctx: &Ctx, tx: &mut ScopedTx, person: PersonId) -> Result<Vec<NewEvent>, Problem> {
    let tenant = tx.tenant();
    let stands = sqlx::query!(
        "select (select max(w.at)
                   from consent_withdrawal w
                  where w.tenant_id = $1 and w.person_id = $2
                    and not exists (
                        select from consent c
                         where c.tenant_id = $1 and c.person_id = $2 and c.given_at > w.at)) as withdrawn_at,
                (select c.declared_age
                   from consent c
                  where c.tenant_id = $1 and c.person_id = $2 and c.declared_age is not null
                  order by c.given_at desc
                  limit 1) as declared_age",
        tenant.0,
        person.0,
    )
    .fetch_one(&mut **tx)
    .await?;
    people::mark_withdrawn(tx, person, stands.withdrawn_at).await?;
    if let Some(band) = stands.declared_age.and_then(|code| code.parse().ok()) {
        people::declare_age(tx, person, band).await?;
    }
    match stands.withdrawn_at {
        Some(_) => triage::close_mild(ctx, tx, person, WITHDRAWN).await,
        None => Ok(Vec::new()),
    }
}

/// The visit was somebody else's: so was the consent it rests on.
pub async fn follow(tx: &mut ScopedTx, visit: VisitId, to: &Brief) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update consent c
            set person_id = $3, org_id = $4
           from screening s
          where s.tenant_id = $1 and s.visit_id = $2 and c.tenant_id = s.tenant_id and c.id = s.consent_id",
        tenant.0,
        visit.0,
        to.id.0,
        to.org.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The person takes their consent back. What was done before stays lawful, and whoever is in danger is not let go of:
/// open results of tier 2 and above keep their owner and deadline, milder ones are closed.
pub async fn withdraw(
    ctx: &Ctx,
    scope: &Scope,
    id: PersonId,
    reason: Option<Private<String>>,
) -> Result<DateTime<Utc>, Problem> {
    let reason = reason.filter(|reason| !reason.expose().trim().is_empty());
    if reason.as_ref().is_some_and(|reason| reason.expose().chars().count() > MAX_REASON_CHARS) {
        return Err(Problem::invalid("reason", format!("at most {MAX_REASON_CHARS} characters")));
    }
    let mut tx = ctx.db.begin(scope).await?;
    let person = people::lock_brief(ctx, &mut tx, id).await?.ok_or_else(|| Problem::not_found("person"))?;
    if let Some(withdrawn_at) = person.consent_withdrawn_at {
        return Ok(withdrawn_at);
    }
    let now = ctx.now();
    record_withdrawal(ctx, &mut tx, &person, reason.as_ref()).await?;
    people::mark_withdrawn(&mut tx, id, Some(now)).await?;
    let closed = triage::close_mild(ctx, &mut tx, id, WITHDRAWN).await?;
    let entry = Entry {
        action: "consent.withdraw",
        subject_kind: "person",
        subject_id: Some(id.0),
        detail: json!({"closed": closed.len()}),
    };
    crate::audit::write(ctx, &mut tx, entry).await?;
    events::record_all(&mut tx, closed).await?;
    tx.commit().await?;
    Ok(now)
}

async fn record_withdrawal(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    person: &Brief,
    reason: Option<&Private<String>>,
) -> sqlx::Result<()> {
    let (tenant, actor, now, id) = (tx.tenant(), tx.scope().actor, ctx.now(), ctx.new_id());
    sqlx::query!(
        "update consent set withdrawn_at = $3 where tenant_id = $1 and person_id = $2 and withdrawn_at is null",
        tenant.0,
        person.id.0,
        now,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into consent_withdrawal (tenant_id, id, person_id, org_id, reason_sealed, by_account, at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        tenant.0,
        id,
        person.id.0,
        person.org.0,
        reason.map(|reason| ctx.keys.seal_text(tenant, WITHDRAWAL, id, reason.expose())),
        actor.0,
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
