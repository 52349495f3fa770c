//! How diagnostics look on stderr: one line a fact, in text or JSON.

use std::io::{IsTerminal as _, Write as _};

use chrono::{SecondsFormat, Utc};
use log::LevelFilter;

use crate::cli::{Common, LogFormat};
use crate::config;

/// Installs the logger: nothing with `-q`, info on a terminal or with `-v`, warnings otherwise; `RUST_LOG` wins.
pub fn install(common: &Common) {
    let level = match (common.quiet, common.verbose) {
        (true, _) => LevelFilter::Off,
        (false, 0) if std::io::stderr().is_terminal() => LevelFilter::Info,
        (false, 0) => LevelFilter::Warn,
        (false, 1) => LevelFilter::Info,
        (false, 2) => LevelFilter::Debug,
        (false, _) => LevelFilter::Trace,
    };
    let mut logger = env_logger::Builder::new();
    logger.filter_level(LevelFilter::Warn.min(level));
    match config::rust_log().filter(|_| !common.quiet) {
        Some(wish) => logger.parse_filters(&wish),
        // Libraries below us tell much that is of no use here; only their warnings are let through.
        None => logger.filter_module("unifi_scan", level),
    };
    let format = common.log_format;
    logger.format(move |out, record| {
        let time = now().to_rfc3339_opts(SecondsFormat::Secs, true);
        match format {
            LogFormat::Text => {
                let level = record.level().as_str().to_lowercase();
                writeln!(out, "{time} {level:<5} {}", record.args())
            }
            LogFormat::Json => {
                let line = serde_json::json!({
                    "time": time,
                    "level": record.level().as_str().to_lowercase(),
                    "message": record.args().to_string(),
                });
                writeln!(out, "{line}")
            }
        }
    });
    drop(logger.try_init());
}

#[expect(
    clippy::disallowed_methods,
    reason = "a log line tells when it was written, nothing depends on it"
)]
fn now() -> chrono::DateTime<Utc> {
    Utc::now()
}
