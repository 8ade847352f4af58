//! A sealed word per tenant in the database: it opens only under the root key the tenant's data were sealed with. A
//! server with another key would write what nobody else can read and show nothing of what is there.

use super::db::{Db, Scope, ScopedTx};
use super::keys::{Column, Keys};

const CANARY: Column = Column("key_canary.sealed");
const WORD: &[u8] = b"xindeng";

/// Is this the key of this tenant's data? A tenant that is served for the first time gets its canary now.
pub async fn opens(db: &Db, keys: &Keys, scope: &Scope) -> sqlx::Result<bool> {
    let tenant = scope.tenant;
    let mut tx = db.begin(scope).await?;
    let mut sealed = load(&mut tx).await?;
    if sealed.is_none() {
        plant(&mut tx, &keys.seal(tenant, CANARY, tenant.0, WORD)).await?;
        // another node may have been faster, and its word counts
        sealed = load(&mut tx).await?;
    }
    tx.commit().await?;
    Ok(sealed.is_some_and(|sealed| keys.open(tenant, CANARY, tenant.0, &sealed).as_deref() == Ok(WORD)))
}

async fn load(tx: &mut ScopedTx) -> sqlx::Result<Option<Vec<u8>>> {
    let tenant = tx.tenant();
    sqlx::query_scalar!("select sealed from key_canary where tenant_id = $1", tenant.0)
        .fetch_optional(&mut **tx)
        .await
}

async fn plant(tx: &mut ScopedTx, sealed: &[u8]) -> sqlx::Result<()> {
    let tenant = tx.tenant();
    sqlx::query!(
        "insert into key_canary (tenant_id, sealed)
         values ($1, $2)
         on conflict on constraint key_canary_pk do nothing",
        tenant.0,
        sealed,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
