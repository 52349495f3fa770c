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
    logger
        .filter_level(LIBRARIES.min(level))
        .filter_module("unifi_scan", level);
    if let Some(wish) = config::rust_log().filter(|_| !common.quiet) {
        logger.parse_filters(&of_ours(&wish));
    }
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

/// Libraries below us tell much that is of no use here: unless one is asked for by name, only their warnings are
/// let through.
const LIBRARIES: LevelFilter = LevelFilter::Warn;

/// A wish like `RUST_LOG` has it, where a level without a module is meant for this program's own lines.
fn of_ours(wish: &str) -> String {
    let (levels, pattern) = wish
        .split_once('/')
        .map_or((wish, None), |(levels, pattern)| (levels, Some(pattern)));
    let mut ours: Vec<String> = Vec::new();
    for directive in levels.split(',').map(str::trim) {
        match directive.parse::<LevelFilter>() {
            // First, so that a module of ours that is named keeps its own.
            Ok(level) => ours.insert(0, format!("{},unifi_scan={level}", LIBRARIES.min(level))),
            Err(_) => ours.push(directive.to_owned()),
        }
    }
    let levels = ours.join(",");
    pattern.map_or(levels.clone(), |pattern| format!("{levels}/{pattern}"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a log line tells when it was written, nothing depends on it"
)]
fn now() -> chrono::DateTime<Utc> {
    Utc::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_without_a_module_is_for_our_own_lines() {
        for (wish, ours) in [
            ("debug", "WARN,unifi_scan=DEBUG"),
            ("off", "OFF,unifi_scan=OFF"),
            ("error", "ERROR,unifi_scan=ERROR"),
            ("ureq=debug", "ureq=debug"),
            ("unifi_scan=info, Debug", "WARN,unifi_scan=DEBUG,unifi_scan=info"),
            ("trace,rustls=info/self", "WARN,unifi_scan=TRACE,rustls=info/self"),
        ] {
            assert_eq!(of_ours(wish), ours, "{wish}");
        }
    }

    #[test]
    fn libraries_are_heard_only_by_their_name() {
        let heard = |wish: &str, target: &str| {
            let mut logger = env_logger::Builder::new();
            let logger = logger.parse_filters(&of_ours(wish)).build();
            let line = log::Metadata::builder()
                .target(target)
                .level(log::Level::Debug)
                .build();
            log::Log::enabled(&logger, &line)
        };
        assert!(heard("debug", "unifi_scan::net::http"));
        assert!(!heard("debug", "ureq::run"));
        assert!(!heard("trace", "rustls::client"));
        assert!(heard("debug,ureq=debug", "ureq::run"));
        assert!(!heard("debug,unifi_scan=info", "unifi_scan::net::http"));
    }
}
