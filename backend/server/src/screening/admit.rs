//! May these answers be taken in, and into which campaign? A person who has answered is never turned away over a date.

use super::consent::Consent;
use super::store;
use super::submit::{Mode, Submission};
use crate::people::Brief;
use crate::platform::{Ctx, Problem, ScopedTx};
use axum::http::StatusCode;
use rules::screening::{Ground, Refused};

pub(super) async fn admit(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    submission: &mut Submission,
    person: &Brief,
) -> Result<(), Problem> {
    rest_on_a_ground(ctx, submission, person)?;
    if let Some(target) = submission.target {
        match store::find_target(tx, target).await? {
            Some((person, campaign))
                if person == submission.person
                    && submission.campaign.is_none_or(|named| named == campaign) => {}
            Some(_) => {
                return Err(Problem::invalid("target_id", "this target names another person or campaign"));
            }
            None => return Err(Problem::invalid("target_id", "there is no such target")),
        }
    }
    if !is_within_campaign(ctx, tx, submission).await? {
        (submission.campaign, submission.target) = (None, None);
        metrics::counter!("screenings_outside_campaign_total").increment(1);
    }
    if let Some(look_of) = submission.look_of
        && store::find(tx, look_of).await?.is_none_or(|kept| kept.visit_id != submission.visit.0)
    {
        return Err(Problem::invalid("look_of", "there is no such screening in this visit"));
    }
    Ok(())
}

/// A consent that does not hold is not kept: then it was danger to life that answers were taken in for.
fn rest_on_a_ground(ctx: &Ctx, submission: &mut Submission, person: &Brief) -> Result<(), Problem> {
    let facts = rules::screening::Facts {
        now: ctx.now(),
        started_at: submission.started_at,
        finished_at: submission.finished_at,
        age: person.age,
        withdrawn_at: person.consent_withdrawn_at,
        consent: submission.consent.as_ref().map(Consent::facts),
        danger_to_life: submission.danger_to_life.as_ref().map(|reason| reason.expose().as_str()),
        is_import: submission.mode == Mode::Import,
    };
    match rules::screening::may_submit(&facts) {
        Ok(Ground::DangerToLife) => submission.consent = None,
        Ok(Ground::Consent | Ground::Import) => {}
        Err(refused @ Refused::Withdrawn) => {
            let title = "The person has withdrawn their consent";
            return Err(Problem::new(StatusCode::CONFLICT, "consent-withdrawn", title)
                .field(refused.field(), refused.to_string()));
        }
        Err(refused) => return Err(Problem::invalid(refused.field(), refused.to_string())),
    }
    Ok(())
}

/// A tablet without a network goes on with the list of a campaign that has ended. Its answers are taken in like any
/// others, and only do not count for the campaign.
async fn is_within_campaign(ctx: &Ctx, tx: &mut ScopedTx, submission: &Submission) -> Result<bool, Problem> {
    let Some(campaign) = submission.campaign else { return Ok(true) };
    let campaign = store::find_campaign(tx, campaign)
        .await?
        .ok_or_else(|| Problem::invalid("campaign_id", "there is no such campaign"))?;
    let zone = ctx.tenant(tx.tenant()).map_or(chrono_tz::Asia::Shanghai, |tenant| tenant.zone);
    let day = submission.finished_at.with_timezone(&zone).date_naive();
    Ok(submission.mode == Mode::Import || (campaign.starts_on..=campaign.ends_on).contains(&day))
}
