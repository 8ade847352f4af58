//! A worker's list: whom to screen today, with what, and what to tell them first.

mod http;
mod notice;
mod ops;
mod store;

pub use http::router as worklist_router;
pub use notice::Notice;
pub use ops::ScaleRef;
