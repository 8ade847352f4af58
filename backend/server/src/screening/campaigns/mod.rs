//! Campaigns: who is to be screened, with which scales, by when. The list of people is frozen once.

mod http;
mod ops;
mod store;

pub use http::router as campaigns_router;
pub use ops::{NewCampaign, add_targets, check, install, target_id};
pub use store::{campaign_exists, find_by_title, freeze};
