//! Whole runs of the real binary against a fake console on real sockets. Nothing here knows the
//! program's insides: arguments, environment and requests in; exit codes, outputs and files out.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that cannot go on says so by panicking; the fakes and the helpers of the tests live outside of test functions"
)]

mod archive;
mod child;
mod console;
mod scenario;

mod fake_console;
