//! What a submit comes to: a receipt, given again on every retry, and what is kept of the result.

use super::RESULT;
use super::store::Kept;
use super::submit::Submission;
use crate::people::Brief;
use crate::platform::{Ctx, Problem, ScopedTx};
use crate::triage::Taken;
use chrono::{DateTime, Utc};
use rules::ids::ScreeningId;
use rules::scale::Scored;
use rules::triage::StoredResult;
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use utoipa::ToSchema;
use uuid::Uuid;

/// What the submitter gets, the same on every retry.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Receipt {
    pub receipt: String,
    pub received_at: DateTime<Utc>,
    pub screening_id: Uuid,
    /// the scores, critical answers and quality flags, as `xindeng score` prints them
    #[schema(value_type = Object)]
    pub result: Box<RawValue>,
    #[schema(value_type = Object)]
    pub suggestion: Value,
    pub queue_item: Option<QueueItemBrief>,
    pub alarm_id: Option<Uuid>,
    #[serde(skip)]
    #[schema(ignore)]
    pub is_repeat: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct QueueItemBrief {
    pub id: Uuid,
    pub tier: i16,
    pub owner: Option<OwnerBrief>,
    pub due_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OwnerBrief {
    pub post: String,
    pub name: Option<String>,
}

/// What is kept of a result: the answer that was given, and what triage needs later without opening the answers.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptResult {
    pub receipt: Receipt,
    pub stored: StoredResult,
}

pub(super) fn repeat(
    ctx: &Ctx,
    tx: &ScopedTx,
    kept: &Kept,
    submission: &Submission,
) -> Result<Receipt, Problem> {
    if kept.body_hash != submission.body_hash {
        return Err(Problem::id_reused());
    }
    let result = open_result(ctx, tx, kept.id, &kept.result_sealed)?;
    Ok(Receipt { is_repeat: true, ..result.receipt })
}

pub(super) fn open_result(ctx: &Ctx, tx: &ScopedTx, id: Uuid, sealed: &[u8]) -> Result<KeptResult, Problem> {
    let bytes = ctx.keys.open(tx.tenant(), RESULT, id, sealed)?;
    serde_json::from_slice(&bytes).map_err(|error| Problem::internal(&error))
}

pub(super) async fn receipt(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    submission: &Submission,
    scored: &Scored,
    taken: &Taken,
    person: &Brief,
) -> Result<Receipt, Problem> {
    let row = rules::scale::wire::result_json(scored, rules::scale::wire::Beside::default());
    let result = RawValue::from_string(row).map_err(|error| Problem::internal(&error))?;
    let mut queue_item = None;
    if let Some(item) = &taken.item {
        let name =
            match item.owner_post.as_deref().and_then(|post| post.parse().ok()).filter(|_| item.tier >= 2) {
                Some(post) => crate::identity::owner_of(tx, post, person.org).await?.map(|owner| owner.name),
                None => None,
            };
        queue_item = Some(QueueItemBrief {
            id: item.id,
            tier: item.tier,
            owner: item.owner_post.clone().map(|post| OwnerBrief { post, name }),
            due_at: item.due_at,
        });
    }
    Ok(Receipt {
        receipt: receipt_code(submission.id),
        received_at: ctx.now(),
        screening_id: submission.id.0,
        result,
        suggestion: serde_json::to_value(&taken.suggestion).map_err(|error| Problem::internal(&error))?,
        queue_item,
        alarm_id: taken.alarm.map(|id| id.0),
        is_repeat: false,
    })
}

/// Short enough to be read out over the phone.
fn receipt_code(id: ScreeningId) -> String {
    let hex = id.0.simple().to_string();
    hex[hex.len() - 8..].to_uppercase()
}
