//! What `chaos` and `bench` share: a server of their own, a small town in it, people who talk to it.

pub mod chance;
pub mod client;
pub mod forms;
pub mod machine;
pub mod screen;
pub mod server;
pub mod table;
pub mod town;
