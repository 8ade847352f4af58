//! The engine by tables, properties and golden cases.

mod format;
mod oracle;
mod properties;
mod results;
mod rows;
mod schema;
mod shipped;
mod tiny;
