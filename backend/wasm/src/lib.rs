//! The rules for the tablet: JSON in, JSON out, so that an offline result is the server's result.
//!
//! The page asks for a buffer with `alloc(len)`, writes a request into it, runs `call(address, len)` and reads the
//! answer at `packed >> 32` with the length `packed & 0xffff_ffff`; it gives both buffers back with
//! `free(address, len)`. What can be asked is listed in [`engine`].

mod buffers;
pub mod engine;
#[cfg(target_arch = "wasm32")]
mod exports;
mod refusal;

pub use buffers::Buffers;
pub use engine::Engine;
