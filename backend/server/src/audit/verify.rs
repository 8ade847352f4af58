//! Walks the chain and says where it is broken.

use super::{FIRST, Kept, link};
use crate::platform::{Ctx, Problem};
use rules::ids::TenantId;
use sqlx::Row;
use std::fmt;
use uuid::Uuid;

const PAGE: i64 = 5_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub seq: i64,
    pub why: &'static str,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken at {}: {}", self.seq, self.why)
    }
}

/// The number of sealed rows, or the first broken one.
pub async fn verify(ctx: &Ctx, tenant: TenantId) -> Result<Result<i64, Broken>, Problem> {
    let mut tx = ctx.begin_system(tenant).await?;
    // years of entries are walked through in one go
    sqlx::query!("set local statement_timeout = 0").execute(&mut *tx).await?;
    let (mut seq, mut prev) = (0_i64, FIRST.to_vec());
    loop {
        let rows = sqlx::query(
            "select s.seq, s.entry_id, s.prev_hash, s.hash,
                    e.id, e.at, e.actor_id, e.action, e.subject_kind, e.subject_id, e.purpose, e.detail
               from audit_seal s
               left join audit_entry e on e.tenant_id = s.tenant_id and e.id = s.entry_id
              where s.tenant_id = $1 and s.seq > $2
              order by s.seq
              limit $3",
        )
        .bind(tenant.0)
        .bind(seq)
        .bind(PAGE)
        .fetch_all(&mut *tx)
        .await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            let broken = |seq, why| Ok(Err(Broken { seq, why }));
            let expected = seq + 1;
            seq = row.try_get("seq")?;
            if seq != expected {
                return broken(expected, "a seal is missing");
            }
            if row.try_get::<Vec<u8>, _>("prev_hash")? != prev {
                return broken(seq, "does not follow the seal before it");
            }
            if row.try_get::<Option<Uuid>, _>("id")?.is_none() {
                return broken(seq, "the entry is gone");
            }
            let entry = Kept {
                id: row.try_get("id")?,
                at: row.try_get("at")?,
                actor_id: row.try_get("actor_id")?,
                action: row.try_get("action")?,
                subject_kind: row.try_get("subject_kind")?,
                subject_id: row.try_get("subject_id")?,
                purpose: row.try_get("purpose")?,
                detail: row.try_get("detail")?,
            };
            let hash: Vec<u8> = row.try_get("hash")?;
            if link(&prev, seq, &entry) != hash {
                return broken(seq, "the entry was changed");
            }
            prev = hash;
        }
    }
    let strangers = sqlx::query!(
        r#"select (select count(*)
                     from audit_entry e
                    where e.tenant_id = $1
                      and not exists (select from audit_seal s where s.tenant_id = $1 and s.entry_id = e.id)
                      and not exists (select from audit_unsealed u where u.tenant_id = $1 and u.entry_id = e.id)
                  ) as "put_in!",
                  (select count(*)
                     from audit_unsealed u
                    where u.tenant_id = $1
                      and not exists (select from audit_entry e where e.tenant_id = $1 and e.id = u.entry_id)
                  ) as "taken_away!""#,
        tenant.0,
    )
    .fetch_one(&mut *tx)
    .await?;
    if strangers.put_in > 0 {
        return Ok(Err(Broken { seq: seq + 1, why: "an entry was put in without a seal" }));
    }
    if strangers.taken_away > 0 {
        return Ok(Err(Broken { seq: seq + 1, why: "an entry was taken away before it was sealed" }));
    }
    Ok(Ok(seq))
}
