//! The state of the Python scanner, schema 1.0: one time, which was often written without its zone.
//!
//! Pure.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::state::schema::Checkpoint;

/// It left so much out at the end of its windows, or not: nobody knows.
const AGAIN: TimeDelta = TimeDelta::minutes(10);

/// What such a file tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Old {
    /// `None`: it never ended well.
    pub last_successful_run: Option<DateTime<Utc>>,
    pub last_report_count: u64,
}

/// `None` if this is no such file, or one whose time cannot be read.
pub fn read(value: &Value) -> Option<Old> {
    let version = value.get("schema_version")?.as_str()?;
    if version.split('.').next() != Some("1") {
        return None;
    }
    let last_successful_run = match value.get("last_successful_run") {
        None | Some(Value::Null) => None,
        Some(text) => Some(time(text.as_str()?)?),
    };
    let count = value.get("last_report_count").and_then(Value::as_u64);
    Some(Old {
        last_successful_run,
        last_report_count: count.unwrap_or(0),
    })
}

/// The checkpoint that goes on from there, and the sentence its first report has to carry.
pub fn taken_over(old: &Old, instance: String, now: DateTime<Utc>) -> (Checkpoint, String) {
    let mut checkpoint = Checkpoint::empty(instance, now);
    checkpoint.last_successful_run = old.last_successful_run;
    checkpoint.last_report_count = old.last_report_count;
    checkpoint.read_from = old.last_successful_run.map(|last| last.min(now) - AGAIN);
    let what = match checkpoint.read_from {
        Some(from) => format!(
            "The state of the earlier scanner (schema 1.0) was taken over: this goes on from {}, ten minutes before its \
             last successful run, so that up to 10 min may be told again.",
            from.format("%Y-%m-%d %H:%M UTC")
        ),
        None => "The state of the earlier scanner (schema 1.0) was taken over: it knew of no successful run, so this \
                 is a first run."
            .to_owned(),
    };
    (checkpoint, what)
}

/// ISO 8601 as Python writes it: without a zone it is UTC.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let aware = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc()).ok();
    let naive = |form: &str| NaiveDateTime::parse_from_str(text, form).map(|time| time.and_utc());
    aware
        .or_else(|| naive("%Y-%m-%dT%H:%M:%S%.f").ok())
        .or_else(|| naive("%Y-%m-%d %H:%M:%S%.f").ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_time_without_a_zone_is_utc_and_one_that_is_none_is_no_state() {
        let wanted = DateTime::parse_from_rfc3339("2026-11-20T06:00:00.25Z").unwrap();
        for text in [
            "2026-11-20T06:00:00.250000",
            "2026-11-20 06:00:00.25",
            "2026-11-20T06:00:00.250000+00:00",
            "2026-11-20T08:00:00.250+02:00",
        ] {
            let old =
                read(&json!({"schema_version": "1.0", "last_successful_run": text, "last_report_count": 3}));
            let last_successful_run = Some(wanted.to_utc());
            assert_eq!(
                old,
                Some(Old {
                    last_successful_run,
                    last_report_count: 3
                }),
                "{text}"
            );
        }
        for value in [json!(1_779_000_000), json!("yesterday"), json!([])] {
            assert_eq!(
                read(&json!({"schema_version": "1.0", "last_successful_run": value})),
                None
            );
        }
        assert_eq!(read(&json!({"schema_version": "2.0"})), None);
        assert_eq!(read(&json!([])), None);
    }

    #[test]
    fn a_time_in_the_future_is_not_believed() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(9000);
        let old = Old {
            last_successful_run: Some(now + TimeDelta::days(1)),
            last_report_count: 0,
        };
        let (checkpoint, what) = taken_over(&old, "0".repeat(32), now);
        assert_eq!(checkpoint.read_from, Some(now - AGAIN));
        assert!(what.contains("10 min"), "{what}");
    }
}
