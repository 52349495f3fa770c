//! What a run could and could not see, source by source.

use chrono::{DateTime, Utc};
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::source::{SourceId, SourceKind};
use crate::model::window::Window;

/// The verdict about one source in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Read and proved for the whole window.
    Complete,
    /// Read and proved, and there was nothing.
    Empty,
    /// Part of the window could not be proved.
    Partial,
    /// This console does not offer it.
    Unsupported,
    /// The account may not read it.
    Denied,
    /// It could not be read.
    Failed,
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Empty => "empty",
            Self::Partial => "partial",
            Self::Unsupported => "unsupported",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }

    /// The source answered completely for the whole window.
    pub fn is_whole(self) -> bool {
        matches!(self, Self::Complete | Self::Empty)
    }

    /// A number about a source with this outcome, if it is one: of what was not read it is unknown, never zero.
    pub fn known(self, number: u64) -> Option<u64> {
        let is_read = self.is_whole() || self == Self::Partial;
        (is_read || number > 0).then_some(number)
    }
}

/// One source's line in the coverage box. Written, its numbers are null where they are not known.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SourceCoverage {
    pub id: SourceId,
    /// As people know it: `home/default/system-log`.
    pub name: String,
    pub outcome: Outcome,
    /// What was asked for; `None` for snapshots and for sources that were never reached.
    pub since: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    /// Event rows counted in this report.
    #[serde(deserialize_with = "or_none_seen")]
    pub events: u64,
    /// Rows received, whatever became of them (devices, for the device list).
    #[serde(deserialize_with = "or_none_seen")]
    pub records: u64,
    /// Counted rows that lay before the watermark: they showed up after their own time was reported.
    #[serde(deserialize_with = "or_none_seen")]
    pub late: u64,
    /// Rows received that an earlier reading had counted.
    #[serde(deserialize_with = "or_none_seen")]
    pub duplicates: u64,
    /// Rows that could not be read as events; each is counted, none is fatal.
    #[serde(deserialize_with = "or_none_seen")]
    pub malformed: u64,
    /// The oldest row the console returned.
    pub oldest: Option<DateTime<Utc>>,
    /// Why it is not whole, in words an operator can act on.
    pub reason: Option<String>,
    /// The exit code this source alone would have given (0 if it is whole).
    pub code: u8,
}

/// The hull of the windows that were read; empty at `now` where none was.
pub fn hull<'a>(sources: impl IntoIterator<Item = &'a SourceCoverage>, now: DateTime<Utc>) -> Window {
    sources
        .into_iter()
        .filter(|line| line.outcome.is_whole() || line.outcome == Outcome::Partial)
        .filter_map(|line| Window::new(line.since?, line.until?))
        .reduce(Window::hull)
        .unwrap_or_else(|| Window::empty_at(now))
}

impl SourceCoverage {
    /// The site it is of: `home/default`.
    pub fn site(&self) -> &str {
        self.name.rsplit_once('/').map_or(&self.name, |(site, _)| site)
    }

    /// The name of the controller it is of: `home`.
    pub fn controller(&self) -> &str {
        self.name.split('/').next().unwrap_or(&self.name)
    }

    /// It answered completely. Or there is none on this console, and nothing to miss: the older lists stand for the
    /// log, and a supplement that does not exist holds nothing. Or this account may not see what admins did in all
    /// detail, but the log, which tells of it too, was read.
    pub fn is_covered(&self, all: &[Self]) -> bool {
        let is_read = |kind| {
            let same_site = |other: &&Self| {
                (&other.id.controller, &other.id.site) == (&self.id.controller, &self.id.site)
            };
            let mut of_kind = all.iter().filter(same_site).filter(|other| other.id.kind == kind);
            of_kind.any(|other| other.outcome.is_whole())
        };
        match (self.outcome, self.id.kind) {
            (Outcome::Unsupported, SourceKind::SystemLog) => is_read(SourceKind::Events),
            (Outcome::Unsupported, kind) if kind.is_supplement() => true,
            (Outcome::Denied, kind) if kind.is_log_class() => is_read(SourceKind::SystemLog),
            (outcome, _) => outcome.is_whole(),
        }
    }
}

impl Serialize for SourceCoverage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let known = |number| self.outcome.known(number);
        let mut line = serializer.serialize_struct("SourceCoverage", 13)?;
        line.serialize_field("id", &self.id)?;
        line.serialize_field("name", &self.name)?;
        line.serialize_field("outcome", &self.outcome)?;
        line.serialize_field("since", &self.since)?;
        line.serialize_field("until", &self.until)?;
        line.serialize_field("events", &known(self.events))?;
        line.serialize_field("records", &known(self.records))?;
        line.serialize_field("late", &known(self.late))?;
        line.serialize_field("duplicates", &known(self.duplicates))?;
        line.serialize_field("malformed", &known(self.malformed))?;
        line.serialize_field("oldest", &self.oldest)?;
        line.serialize_field("reason", &self.reason)?;
        line.serialize_field("code", &self.code)?;
        line.end()
    }
}

/// A number that was not known: none was seen. Earlier reports have a zero there.
fn or_none_seen<'de, D: Deserializer<'de>>(reader: D) -> Result<u64, D::Error> {
    Ok(Option::deserialize(reader)?.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::model::source::SourceKind;

    fn line(outcome: Outcome, events: u64) -> SourceCoverage {
        SourceCoverage {
            id: SourceId {
                controller: "c".to_owned(),
                site: "s".to_owned(),
                kind: SourceKind::SystemLog,
            },
            name: "home/default/system-log".to_owned(),
            outcome,
            since: None,
            until: None,
            events,
            records: events,
            late: 0,
            duplicates: 0,
            malformed: 0,
            oldest: None,
            reason: None,
            code: 0,
        }
    }

    #[test]
    fn numbers_of_what_was_not_read_are_null_and_earlier_reports_with_zeros_read_the_same() {
        const NUMBERS: [&str; 5] = ["events", "records", "late", "duplicates", "malformed"];
        for (outcome, is_read) in [
            (Outcome::Complete, true),
            (Outcome::Empty, true),
            (Outcome::Partial, true),
            (Outcome::Unsupported, false),
            (Outcome::Denied, false),
            (Outcome::Failed, false),
        ] {
            let mut written = serde_json::to_value(line(outcome, 0)).unwrap();
            for name in NUMBERS {
                assert_eq!(
                    written[name],
                    if is_read { json!(0) } else { Value::Null },
                    "{name}"
                );
            }
            assert_eq!(
                serde_json::from_value::<SourceCoverage>(written.clone()).unwrap(),
                line(outcome, 0)
            );
            for name in NUMBERS {
                written[name] = json!(0);
            }
            assert_eq!(
                serde_json::from_value::<SourceCoverage>(written).unwrap(),
                line(outcome, 0)
            );
            assert_eq!(serde_json::to_value(line(outcome, 7)).unwrap()["events"], 7);
        }
    }
}
