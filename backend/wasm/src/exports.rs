//! The three functions the page calls. Only names and integers cross here; all work is done in safe code.

use crate::{Engine, buffers::Buffers};
use std::cell::RefCell;

struct Module {
    buffers: Buffers,
    engine: Engine,
}

thread_local! {
    static MODULE: RefCell<Module> = RefCell::new(Module { buffers: Buffers::default(), engine: Engine::default() });
}

/// A buffer of `len` bytes for a request; 0 if there is no room.
#[expect(unsafe_code, reason = "exporting a symbol by name counts as unsafe")]
// SAFETY: no other symbol of this name is linked into the module.
#[unsafe(no_mangle)]
pub extern "C" fn alloc(len: usize) -> usize {
    MODULE.with_borrow_mut(|module| module.buffers.lend_empty(len).unwrap_or(0))
}

/// Gives a buffer back. `len` is only for callers that keep the usual pair.
#[expect(unsafe_code, reason = "exporting a symbol by name counts as unsafe")]
// SAFETY: no other symbol of this name is linked into the module.
#[unsafe(no_mangle)]
pub extern "C" fn free(address: usize, _len: usize) {
    MODULE.with_borrow_mut(|module| module.buffers.take_back(address));
}

/// Answers the request in the buffer. The answer's address is in the upper 32 bits, its length in the lower.
#[expect(unsafe_code, reason = "exporting a symbol by name counts as unsafe")]
// SAFETY: no other symbol of this name is linked into the module.
#[unsafe(no_mangle)]
pub extern "C" fn call(address: usize, len: usize) -> u64 {
    MODULE.with_borrow_mut(|module| {
        let answer = match module.buffers.read(address, len) {
            Some(request) => module.engine.handle_bytes(request),
            None => crate::engine::no_such_buffer(),
        };
        let len = answer.len() as u64;
        let address = module.buffers.lend(answer.into_bytes()) as u64;
        address << 32 | len
    })
}
