//! What somebody's consent says about them: that it was taken back, and how old they are where no birth date is known.

use crate::platform::ScopedTx;
use rules::Timestamp;
use rules::ids::PersonId;
use rules::people::AgeBand;

/// They took their consent back, or gave it anew (`None`).
pub async fn mark_withdrawn(
    tx: &mut ScopedTx,
    id: PersonId,
    withdrawn_at: Option<Timestamp>,
) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update person set consent_withdrawn_at = $3 where tenant_id = $1 and id = $2",
        tenant.0,
        id.0,
        withdrawn_at,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// As the person says now; who has a birth date on file is not asked.
pub async fn declare_age(tx: &mut ScopedTx, id: PersonId, band: AgeBand) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "update person set declared_age = $3 where tenant_id = $1 and id = $2 and birth_date_sealed is null",
        tenant.0,
        id.0,
        band.code(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
