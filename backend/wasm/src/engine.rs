//! What the page may ask: one request, one answer, both JSON.

use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Default)]
pub struct Engine {}

#[derive(Deserialize)]
struct Head<'a> {
    op: &'a str,
}

impl Engine {
    pub fn handle(&mut self, request: &str) -> String {
        self.handle_bytes(request.as_bytes())
    }

    pub fn handle_bytes(&mut self, request: &[u8]) -> String {
        self.answer(request).unwrap_or_else(|error| json!({ "error": error })).to_string()
    }

    fn answer(&mut self, request: &[u8]) -> Result<Value, Value> {
        let head: Head = serde_json::from_slice(request).map_err(|error| json!({"code":"bad-request","message":error.to_string()}))?;
        Err(json!({"code":"unknown-op","message":format!("there is no operation '{}'", head.op)}))
    }
}

pub(crate) fn no_such_buffer() -> String {
    json!({"error":{"code":"no-such-buffer","message":"this address and length were not given out by alloc"}}).to_string()
}
