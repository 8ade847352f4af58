//! Which receipts can still say something new. Every screen that shows an alarm sends one; the database is asked for the
//! first, and for those of the accounts that were called.

use super::view::AlarmView;
use rules::ids::{AccountId, AlarmId};
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};

/// What is known of open alarms from the frames that went out.
#[derive(Debug, Default)]
pub struct Receipts(Mutex<HashMap<AlarmId, Awaited>>);

#[derive(Debug, Default)]
struct Awaited {
    version: i64,
    /// by any screen
    is_first_awaited: bool,
    accounts: HashSet<AccountId>,
}

impl Receipts {
    /// What the screens are about to show.
    pub fn expect(&self, view: &AlarmView) {
        let id = AlarmId(view.id);
        let mut open = self.open();
        if view.closed.is_some() {
            open.remove(&id);
            return;
        }
        let awaited = open.entry(id).or_default();
        if view.version >= awaited.version {
            awaited.version = view.version;
            awaited.is_first_awaited = view.presented_at.is_none();
            awaited.accounts = view
                .told
                .iter()
                .filter(|told| told.receipt_at.is_none())
                .map(|told| AccountId(told.account_id))
                .collect();
        }
    }

    /// Is it worth asking the database? From the second one of the same kind on it is not.
    pub fn take(&self, alarm: AlarmId, account: AccountId) -> bool {
        let mut open = self.open();
        let Some(awaited) = open.get_mut(&alarm) else { return true };
        let is_called = awaited.accounts.remove(&account);
        std::mem::take(&mut awaited.is_first_awaited) || is_called
    }

    /// A receipt that was taken could not be kept: the next ones are asked about again.
    pub fn forget(&self, alarm: AlarmId) {
        self.open().remove(&alarm);
    }

    fn open(&self) -> MutexGuard<'_, HashMap<AlarmId, Awaited>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
