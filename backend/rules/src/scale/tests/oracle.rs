//! (oracle)
