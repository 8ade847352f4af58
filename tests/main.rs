//! Stories told to the running server over HTTP and WebSocket, on a real Postgres, with time moved by hand.

mod flows;
mod harness;
mod tidy;
