//! What a run was asked to do, and its clock.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::cli::{Common, RunArgs};
use crate::config::Wish;
use crate::exit::Exit;
use crate::net::stop::Stop;
use crate::run::halt::Halt;

/// Runtime when `--max-runtime` is not given.
const MAX_RUNTIME: Duration = Duration::from_secs(600);
/// Kept of the runtime for delivery, or a third of it if that is less.
const FOR_DELIVERY: Duration = Duration::from_secs(60);

/// The arguments of one `run`, with the moment it began.
pub struct Order<'a> {
    pub args: &'a RunArgs,
    pub common: &'a Common,
    pub clock: Clock,
    pub began: Instant,
}

impl<'a> Order<'a> {
    pub fn new(args: &'a RunArgs, common: &'a Common) -> Self {
        Self {
            args,
            common,
            clock: Clock::of(common),
            began: Instant::now(),
        }
    }

    /// Ad hoc reports have no number, move nothing and owe nothing.
    pub fn is_ad_hoc(&self) -> bool {
        !self.args.input.is_empty() || self.args.since.is_some()
    }

    /// When all of it is to be over.
    pub fn end(&self) -> Instant {
        self.began + self.args.attempt.max_runtime.unwrap_or(MAX_RUNTIME)
    }

    /// What ends the collecting: a signal, or the time kept for delivery.
    pub fn stop(&self) -> Result<Stop, Halt> {
        let runtime = self.args.attempt.max_runtime.unwrap_or(MAX_RUNTIME);
        let deadline = self.began + runtime.saturating_sub(FOR_DELIVERY.min(runtime / 3));
        Stop::new(deadline)
            .installed()
            .map_err(|error| Halt::new(Exit::Failed, format!("installing signal handlers: {error}")))
    }

    pub fn wish(&self) -> Wish {
        Wish {
            exit_zero_on: self.args.attempt.exit_zero_on.clone(),
            demo: self.args.demo,
            offline: !self.args.input.is_empty(),
            ..self.common.wish()
        }
    }
}

/// A moment as people type it: RFC 3339, or how long ago (`36h`).
pub fn moment(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    let ago = chrono::Duration::from_std(humantime::parse_duration(text).ok()?).ok()?;
    now.checked_sub_signed(ago)
}

/// A duration in its two largest units.
pub fn span(age: chrono::Duration) -> String {
    let seconds = age.num_seconds().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

/// The wall clock, or the moment that tests set.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    fixed: Option<DateTime<Utc>>,
}

impl Clock {
    pub fn of(common: &Common) -> Self {
        #[cfg(debug_assertions)]
        let fixed = common.now;
        #[cfg(not(debug_assertions))]
        let fixed = {
            let _ = common;
            None
        };
        Self { fixed }
    }

    /// A clock that stands: the demo's.
    pub fn at(moment: DateTime<Utc>) -> Self {
        Self { fixed: Some(moment) }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where a command reads the wall clock"
    )]
    pub fn now(self) -> DateTime<Utc> {
        self.fixed.unwrap_or_else(Utc::now)
    }
}
