//! What reaches stdout and stderr. A closed pipe ends the output, never the run.

use std::io::Write as _;

/// Writes a product line to stdout.
pub fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let written = out
        .write_all(text.as_bytes())
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush());
    drop(written);
}

/// Writes all of it to stdout, or says why not: for what is of no use in part.
pub fn put_whole(bytes: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush())
}

/// Writes text to stdout as it is.
pub fn put(text: &[u8]) {
    let mut out = std::io::stdout().lock();
    drop(out.write_all(text).and_then(|()| out.flush()));
}

/// Writes a line to stderr.
pub fn complain(text: &str) {
    let mut err = std::io::stderr().lock();
    drop(err.write_all(text.as_bytes()).and_then(|()| err.write_all(b"\n")));
}
