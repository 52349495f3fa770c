//! Whole runs of the real binary against a fake console on real sockets. Nothing here knows the
//! program's insides: arguments, environment and requests in; exit codes, outputs and files out.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::case_sensitive_file_extension_comparisons,
    reason = "a test that cannot go on says so by panicking; the fakes and the helpers of the tests live outside of test functions; the program writes its extensions in lower case"
)]

mod archive;
mod child;
mod console;
mod scenario;

mod delivery;
mod demo;
mod exit_codes;
mod fake_console;
mod honest;
mod hostile;
mod input;
mod odd_pages;
mod once;
mod output;
mod safe;
mod signals;
mod state;
mod state_commands;
mod state_mending;
mod state_rebuild;
mod unreachable;
