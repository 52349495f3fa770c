//! `unifi-scan` reads what happened on a UniFi network since its last run and says it in plain English.
//!
//! It is a one-shot command, started by a scheduler. One run goes through these parts, in this order:
//!
//! | step | where |
//! |---|---|
//! | arguments and configuration | [`cli`], [`config`] |
//! | the lock, the checkpoint | [`state::lock`], [`state::store`] |
//! | collecting, slice by proved slice | [`collect`], over [`net`] |
//! | counting a slice's rows, once | [`run::ingest`] |
//! | folding and judging them | [`analyse`] |
//! | the report and its renderings | [`report`] |
//! | one atomic commit | [`state::store`], on [`disk`] |
//! | delivery, channel by channel | [`deliver`] |
//!
//! [`run`] is that story in code, and the only place beside [`commands`] where the parts meet.
//!
//! What is deliberately absent: no daemon, no database, no state outside `REPORTS_DIR`, no write to a
//! console (every request passes one allow-list in [`collect::session`]), no `Vec` of a whole window's
//! rows, no clock read below [`run`], no environment read outside [`config`].
//!
//! The vocabulary is [`model`]; every exit code is in [`exit`].

mod analyse;
mod cli;
mod collect;
mod commands;
mod config;
mod deliver;
mod disk;
mod exit;
mod log_line;
mod model;
mod net;
mod print;
mod report;
mod run;
mod state;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::Cli;
use crate::exit::Exit;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(told) => return answer_of_clap(&told),
    };
    log_line::install(&cli.common);
    // A panic is a bug: it is told on stderr by the standard hook, and has its own code.
    catch_unwind(AssertUnwindSafe(|| commands::run(&cli)))
        .unwrap_or(Exit::Internal)
        .into()
}

/// `--help` and `--version` are answers, everything else is a usage error.
fn answer_of_clap(told: &clap::Error) -> ExitCode {
    let text = told.render();
    if told.use_stderr() {
        print::complain(text.to_string().trim_end());
        return Exit::Usage.into();
    }
    print::put(text.to_string().as_bytes());
    Exit::Ok.into()
}
