//! What an op is given: the database, time, ids, keys and the rules as data.

use super::clock::Clock;
use super::db::{Db, Purpose, SYSTEM, Scope, ScopedTx};
use super::keys::Keys;
use super::timers::TimerHandlers;
use crate::events::Hub;
use crate::identity::{Guesses, SessionCache};
use rules::Timestamp;
use rules::ids::{OrgId, TenantId};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use uuid::Uuid;

#[derive(Clone, Debug)]
pub struct Ctx(Arc<Parts>);

#[derive(Debug)]
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub keys: Keys,
    pub library: crate::screening::Library,
    pub hub: Hub,
    pub sessions: SessionCache,
    pub guesses: Guesses,
    pub policies: crate::triage::PolicyCache,
    pub timers: TimerHandlers,
    pub webhook: Option<crate::dispatch::Webhook>,
    pub spool: crate::dispatch::Spool,
    pub receipts: crate::dispatch::Receipts,
    pub beats: super::heartbeat::Beats,
    /// cookies carry `Secure` and the `__Host-` prefix
    pub is_secure: bool,
    /// the demo city: drafts of translations may be used
    pub is_demo: bool,
    pub tenants: RwLock<Vec<Tenant>>,
    /// when the timers were last looked at, in microseconds since 1970; 0 before the first time
    pub engine_micros: AtomicI64,
    /// the millisecond of the last id, and how many ids it has had
    pub last_id: Mutex<(u64, u16)>,
}

/// A tenant as the loops need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    pub id: TenantId,
    pub root: OrgId,
    pub zone: chrono_tz::Tz,
}

impl Tenant {
    /// The server acting for the whole of it.
    pub fn system_scope(&self) -> Scope {
        Scope { tenant: self.id, actor: SYSTEM, scopes: vec![self.root], purpose: Purpose::System }
    }
}

impl Ctx {
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A UUIDv7 of the business clock: ids sort by when they were made, also within a millisecond.
    pub fn new_id(&self) -> Uuid {
        let millis = u64::try_from(self.now().timestamp_millis()).unwrap_or(0);
        let count = {
            let mut last = self.last_id.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *last = if last.0 == millis { (millis, last.1.wrapping_add(1)) } else { (millis, 0) };
            last.1
        };
        let mut rest: [u8; 10] = super::keys::random().unwrap_or_else(|_| std::process::abort());
        rest[..2].copy_from_slice(&(count & 0x0fff).to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(millis, &rest).into_uuid()
    }

    pub fn tenants(&self) -> Vec<Tenant> {
        self.tenants.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// When this node last looked for due timers: the screens show how old that is.
    pub fn engine_at(&self) -> Option<Timestamp> {
        let micros = self.engine_micros.load(Ordering::Relaxed);
        (micros > 0).then(|| Timestamp::from_timestamp_micros(micros)).flatten()
    }

    pub fn engine_looked(&self) {
        self.engine_micros.store(self.now().timestamp_micros(), Ordering::Relaxed);
    }

    pub fn tenant(&self, id: TenantId) -> Option<Tenant> {
        self.tenants().into_iter().find(|tenant| tenant.id == id)
    }

    /// The tenant's local day, which is what a due date means.
    pub fn local_date(&self, tenant: TenantId) -> chrono::NaiveDate {
        let zone = self.tenant(tenant).map_or(chrono_tz::Asia::Shanghai, |tenant| tenant.zone);
        self.now().with_timezone(&zone).date_naive()
    }

    /// The server acting for a whole tenant.
    pub fn system_scope(&self, tenant: TenantId) -> Scope {
        match self.tenant(tenant) {
            Some(known) => known.system_scope(),
            None => Scope { tenant, actor: SYSTEM, scopes: Vec::new(), purpose: Purpose::System },
        }
    }

    pub async fn begin_system(&self, tenant: TenantId) -> sqlx::Result<ScopedTx> {
        self.db.begin_alarm(&self.system_scope(tenant)).await
    }
}

impl std::ops::Deref for Ctx {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
