//! Stories told to the running server over HTTP and WebSocket, on a real Postgres, with time moved by hand.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod flows;
mod harness;
mod tidy;
