//! Screenings: one person's answers to one scale version, and what follows from them.
//!
//! A submit commits answers, result, suggestion, queue item, audit and event together. The server scores what a
//! tablet sends again; a difference is an alarm about the system.

mod admit;
mod campaigns;
mod consent;
mod correct;
mod danger;
mod http;
pub mod import;
mod library;
mod past;
mod receipt;
mod store;
mod submit;
mod worklist;

pub use campaigns::{
    NewCampaign, add_targets, campaign_exists, freeze as freeze_campaign, install as install_campaign,
    target_id as campaign_target,
};
pub use consent::{Consent, GivenBy};
pub use library::{Library, LibraryError};
pub use past::past_visits;
pub use receipt::Receipt;
pub use submit::{DeviceResult, Mode, Seen, Submission, submit};
pub use worklist::{Notice, ScaleRef};

use crate::platform::http::Routes;
use crate::platform::keys::Column;

const BODY: Column = Column("screening.body");
const ANSWERS: Column = Column("screening.answers");
const RESULT: Column = Column("screening.result");
const DANGER_TO_LIFE: Column = Column("screening.danger_to_life");
const CORRECTION: Column = Column("screening_correction.reason");
const WITHDRAWAL: Column = Column("consent_withdrawal.reason");

pub fn router() -> Routes {
    http::router()
        .merge(campaigns::campaigns_router())
        .merge(worklist::worklist_router())
        .merge(import::imports_router())
}
