//! The native side of the parity test: one request a line in, one answer a line out, by the same code that the page
//! runs as WebAssembly.

use std::io::{self, BufRead, BufWriter, Write};

fn main() -> io::Result<()> {
    let mut engine = rules_wasm::Engine::default();
    let mut output = BufWriter::new(io::stdout().lock());
    for request in io::stdin().lock().lines() {
        writeln!(output, "{}", engine.handle(&request?))?;
    }
    output.flush()
}
