//! Consent as it was given: to which notice, by whom, for what.

use crate::platform::text::{Line, of_our_time};
use crate::platform::{Ctx, ScopedTx};
use chrono::{DateTime, Utc};
use rules::ids::{AccountId, OrgId, PersonId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    #[schema(value_type = String, max_length = 40)]
    pub notice_version: Line<40>,
    #[serde(deserialize_with = "of_our_time")]
    pub given_at: DateTime<Utc>,
    /// `self` or `guardian`
    pub by: GivenBy,
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 40)]
    pub guardian_relation: Option<Line<40>>,
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

/// What the notice speaks of; a consent is bound to it.
const PURPOSE: &str = "screening_and_care";
const RECIPIENT: &str = "service_centre";

pub async fn insert(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    person: PersonId,
    org: OrgId,
    recorded_by: AccountId,
    consent: &Consent,
) -> sqlx::Result<Uuid> {
    let tenant = tx.tenant();
    let id = ctx.new_id();
    sqlx::query!(
        "insert into consent (tenant_id, id, person_id, org_id, notice_version, purpose, recipient, given_by,
                              guardian_relation, given_at, recorded_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        tenant.0,
        id,
        person.0,
        org.0,
        &*consent.notice_version,
        PURPOSE,
        RECIPIENT,
        consent.by.code(),
        consent.guardian_relation.as_deref(),
        consent.given_at,
        recorded_by.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(id)
}
