//! Screenings.
#[derive(Debug, Default)]
pub struct Library;
