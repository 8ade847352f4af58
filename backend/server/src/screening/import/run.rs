//! Shows what an import would do, or does it: people first, then one submit for each row.

use super::plan::{self, Plan, Row};
use super::report::Report;
use super::rows::Refusal;
use crate::audit::Entry;
use crate::people;
use crate::platform::db::violated;
use crate::platform::{Ctx, Problem, Scope, ScopedTx};
use crate::screening::campaigns;
use crate::screening::{Receipt, submit};
use rules::ids::CampaignId;
use serde_json::json;
use std::collections::HashSet;

/// People opened in one transaction.
const BATCH: usize = 200;

/// When the answers were given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Timing {
    /// Some time ago: no alarm rings, what is red goes to the review list.
    #[default]
    Historical,
    Live,
}

#[derive(Debug, Clone)]
pub struct Ask {
    pub bytes: Vec<u8>,
    /// `pclc` or `pclc@1.0.0`
    pub scale: String,
    /// By its title; made if there is none.
    pub campaign: String,
    /// Path of names below the root, for people who are new.
    pub org: Option<String>,
    /// From item or fact to column.
    pub map: Vec<(String, String)>,
    pub id_column: Option<String>,
    pub timing: Timing,
    pub max_rows: usize,
}

impl Ask {
    /// `q1=intrusion,q2=dreams,age=`
    pub fn read_map(text: &str) -> Result<Vec<(String, String)>, Problem> {
        text.split(',')
            .filter(|pair| !pair.trim().is_empty())
            .map(|pair| {
                let (field, column) = pair
                    .split_once('=')
                    .ok_or_else(|| Problem::invalid("map", "looks like q1=column,q2=column"))?;
                Ok((field.trim().to_owned(), column.trim().to_owned()))
            })
            .collect()
    }
}

/// What would come of it; nothing is written.
pub async fn preview(ctx: &Ctx, scope: &Scope, ask: &Ask) -> Result<Report, Problem> {
    let mut tx = ctx.db.begin(scope).await?;
    let Plan { rows, mut report, .. } = plan::make(ctx, &mut tx, ask).await?;
    for row in &rows {
        report.accept(row.forecast.tier, row.forecast.to_review, row.forecast.rings);
        report.new_persons += usize::from(row.new_file.is_some());
    }
    Ok(report)
}

/// Every row is a transaction of its own: what was brought in stays, and running it again brings in the rest.
pub async fn commit(ctx: &Ctx, scope: &Scope, ask: &Ask) -> Result<Report, Problem> {
    let mut tx = ctx.db.begin(scope).await?;
    let Plan { campaign, mut rows, mut report } = plan::make(ctx, &mut tx, ask).await?;
    report.is_dry_run = false;
    if report.is_new_campaign {
        campaigns::install(ctx, &mut tx, &campaign).await?;
    }
    let detail = json!({"scale": report.scale, "rows": report.rows, "planned": rows.len()});
    audit(ctx, &mut tx, "import.begin", campaign.id, detail).await?;
    tx.commit().await?;
    for batch in rows.chunks_mut(BATCH) {
        let without_file = open_files(ctx, scope, &campaign, batch, &mut report).await?;
        for row in batch.iter().filter(|row| !without_file.contains(&row.number)) {
            take(ctx, scope, row, &mut report).await?;
        }
    }
    let mut tx = ctx.db.begin(scope).await?;
    campaigns::freeze(&mut tx, campaign.id, ctx.now()).await?;
    let detail =
        json!({"accepted": report.accepted, "duplicate": report.duplicate, "rejected": report.rejected});
    audit(ctx, &mut tx, "import.end", campaign.id, detail).await?;
    tx.commit().await?;
    Ok(report)
}

async fn take(ctx: &Ctx, scope: &Scope, row: &Row, report: &mut Report) -> Result<(), Problem> {
    match submit(ctx, scope, row.submission.clone()).await {
        Ok(receipt) if receipt.is_repeat => report.duplicate += 1,
        Ok(receipt) => report.accept(tier(&receipt), is_to_review(&receipt), receipt.alarm_id.is_some()),
        Err(problem) if problem.code() == "imported-before" => report.duplicate += 1,
        Err(problem) if problem.status().is_client_error() => {
            let refusal = problem.errors().first().map_or_else(
                || Refusal::new("row", problem.title()),
                |error| Refusal::new(error.field.clone(), &error.reason),
            );
            report.reject(row.number, refusal);
        }
        Err(problem) => return Err(problem),
    }
    Ok(())
}

fn tier(receipt: &Receipt) -> u8 {
    receipt
        .suggestion
        .get("tier")
        .and_then(serde_json::Value::as_u64)
        .and_then(|tier| tier.try_into().ok())
        .unwrap_or(0)
}

fn is_to_review(receipt: &Receipt) -> bool {
    receipt.suggestion.get("review").is_some_and(|review| !review.is_null())
}

/// Opens the files of new people and puts everybody on the campaign's list. Gives the rows that got no file.
async fn open_files(
    ctx: &Ctx,
    scope: &Scope,
    campaign: &campaigns::NewCampaign,
    batch: &mut [Row],
    report: &mut Report,
) -> Result<HashSet<usize>, Problem> {
    let files: Vec<people::File> = batch.iter().filter_map(|row| row.new_file.clone()).collect();
    let mut tx = ctx.db.begin(scope).await?;
    let mut refused = HashSet::new();
    match people::insert(ctx, &mut tx, &files, ctx.now()).await {
        Ok(count) => report.new_persons += usize::try_from(count).unwrap_or(0),
        Err(error) if is_known_elsewhere(&error) => {
            tx.rollback().await?;
            refused = open_one_by_one(ctx, scope, batch, report).await?;
            tx = ctx.db.begin(scope).await?;
        }
        Err(error) => return Err(error.into()),
    }
    let listed = batch
        .iter()
        .filter(|row| !refused.contains(&row.number))
        .map(|row| people::PersonAt { id: row.submission.person, org: row.org })
        .collect();
    campaigns::add_targets(&mut tx, campaign.id, campaign.ends_on, listed).await?;
    tx.commit().await?;
    Ok(refused)
}

/// One of the people has a file that this account may not see. Each one alone shows which.
async fn open_one_by_one(
    ctx: &Ctx,
    scope: &Scope,
    batch: &[Row],
    report: &mut Report,
) -> Result<HashSet<usize>, Problem> {
    let mut refused = HashSet::new();
    for row in batch {
        let Some(file) = &row.new_file else { continue };
        let mut tx = ctx.db.begin(scope).await?;
        match people::insert(ctx, &mut tx, std::slice::from_ref(file), ctx.now()).await {
            Ok(count) => {
                tx.commit().await?;
                report.new_persons += usize::try_from(count).unwrap_or(0);
            }
            Err(error) if is_known_elsewhere(&error) => {
                refused.insert(row.number);
                let reason = "there is a file with this number outside your part of the tree";
                report.reject(row.number, Refusal::new("id_number", reason));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(refused)
}

fn is_known_elsewhere(error: &sqlx::Error) -> bool {
    violated(error) == Some("person_id_number_unique")
}

async fn audit(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    action: &'static str,
    id: CampaignId,
    detail: serde_json::Value,
) -> sqlx::Result<()> {
    let entry = Entry { action, subject_kind: "campaign", subject_id: Some(id.0), detail };
    crate::audit::write(ctx, tx, entry).await
}
