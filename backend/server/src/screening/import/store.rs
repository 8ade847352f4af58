//! The SQL of imports.

use crate::platform::ScopedTx;
use std::collections::HashMap;

/// Which of these rows were brought in before, with the hash of what they said.
pub async fn list_imported(tx: &mut ScopedTx, keys: &[Vec<u8>]) -> sqlx::Result<HashMap<Vec<u8>, Vec<u8>>> {
    let tenant = tx.tenant();
    let rows = sqlx::query!(
        r#"select import_key as "import_key!", body_hash
             from screening
            where tenant_id = $1 and import_key = any($2)"#,
        tenant.0,
        keys,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.import_key, row.body_hash)).collect())
}
