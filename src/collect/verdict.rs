//! How a source's reading ended, as its line in the coverage box.

use chrono::{DateTime, Utc};

use crate::collect::session::answers::NoRows;
use crate::model::coverage::{Outcome, SourceCoverage};
use crate::model::failure::{Failure, FailureKind};
use crate::model::source::{SiteName, SourceId};

/// What a source that is not whole costs a run that has other sources.
const PARTIAL: u8 = 3;

/// What an account needs.
pub const VIEW_ONLY: &str = "a View-Only role for the site suffices";

/// The line of a source nothing is known about yet.
pub fn line(id: &SourceId, site: &SiteName) -> SourceCoverage {
    SourceCoverage {
        id: id.clone(),
        name: format!("{site}/{}", id.kind),
        outcome: Outcome::Empty,
        since: None,
        until: None,
        events: 0,
        records: 0,
        late: 0,
        duplicates: 0,
        malformed: 0,
        oldest: None,
        reason: None,
        code: 0,
    }
}

/// A source of which nothing was read. `nothing_else` is why an absent one cannot be believed to be absent.
pub fn refused(line: SourceCoverage, no_rows: &NoRows) -> SourceCoverage {
    match no_rows {
        NoRows::Absent(why) => ended(line, Outcome::Unsupported, why, PARTIAL),
        // What only adds to the log may be kept from this role (README, Sources).
        NoRows::Denied(why) if line.id.kind.is_supplement() => ended(line, Outcome::Denied, why, PARTIAL),
        NoRows::Denied(why) => {
            let why = format!("{why}; {VIEW_ONLY}");
            ended(line, Outcome::Denied, &why, PARTIAL)
        }
        NoRows::Failed(failure) => failed(line, failure),
    }
}

pub fn failed(line: SourceCoverage, failure: &Failure) -> SourceCoverage {
    let outcome = match failure.kind {
        FailureKind::Timeout | FailureKind::Interrupted => Outcome::Partial,
        _ => Outcome::Failed,
    };
    ended(line, outcome, &failure.message, failure.kind.code())
}

/// A source that was read in part.
pub fn partial(line: SourceCoverage, why: &str, kind: Option<FailureKind>) -> SourceCoverage {
    let code = if kind == Some(FailureKind::Timeout) {
        FailureKind::Timeout.code()
    } else {
        PARTIAL
    };
    ended(line, Outcome::Partial, why, code)
}

fn ended(line: SourceCoverage, outcome: Outcome, why: &str, code: u8) -> SourceCoverage {
    SourceCoverage {
        outcome,
        reason: Some(why.to_owned()),
        code,
        ..line
    }
}

/// A moment for a sentence.
pub fn shown(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A length of time for a sentence: its two largest parts.
pub fn length(span: chrono::TimeDelta) -> String {
    let minutes = span.num_minutes();
    match (minutes / 1440, minutes / 60 % 24, minutes % 60) {
        (0, 0, 0) => format!("{} s", span.num_seconds()),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}
