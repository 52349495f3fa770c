//! Tests that need more than this package: the crash lab, recordings, a browser. Built with `--features real`.
//! What is not there is told as `not run: …`, one line each.
#![cfg(feature = "real")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test tells what it misses and fails where it stands"
)]

mod crashlab;
mod recordings;

/// The binary under test.
const UNIFI_SCAN: &str = env!("CARGO_BIN_EXE_unifi-scan");

/// The path in this variable, or a line that says what was not run.
#[expect(
    clippy::disallowed_methods,
    reason = "tests find outside tools through the environment"
)]
fn tool(variable: &str, what: &str) -> Option<String> {
    let found = std::env::var(variable)
        .ok()
        .filter(|path| std::path::Path::new(path).exists());
    if found.is_none() {
        println!("not run: {what} ({variable} is not set)");
    }
    found
}
