//! How much was seen: a number nobody could read is unknown, not zero.

use crate::model::count::thousands;
use crate::model::coverage::SourceCoverage;
use crate::model::report::Report;

/// How much of the events was seen. What was not seen is unknown, never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    Whole,
    Part,
    Nothing,
}

impl Sight {
    pub fn of(report: &Report) -> Self {
        let is_covered = |source: &&SourceCoverage| source.is_covered(&report.sources);
        let of_events = || report.sources.iter().filter(|source| source.id.kind.has_events());
        // What only adds to others tells nothing alone.
        let mut main = of_events().filter(|source| !source.id.kind.is_supplement());
        let seen = report.counts.events > 0 || main.any(|source| is_covered(&source));
        if !seen {
            return Self::Nothing;
        }
        if of_events().next().is_some() && of_events().all(|source| is_covered(&source)) {
            Self::Whole
        } else {
            Self::Part
        }
    }

    /// The number as far as it is known: `1,204`, `at least 1,204`, `none seen`, `unknown`.
    pub fn number(self, seen: u64) -> String {
        match (self, seen) {
            (Self::Whole, _) => thousands(seen),
            (Self::Nothing, _) => "unknown".to_owned(),
            (Self::Part, 0) => "none seen".to_owned(),
            (Self::Part, _) => format!("at least {}", thousands(seen)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_seen_is_not_zero() {
        assert_eq!(Sight::Whole.number(0), "0");
        assert_eq!(Sight::Part.number(0), "none seen");
        assert_eq!(Sight::Part.number(7), "at least 7");
        assert_eq!(Sight::Nothing.number(0), "unknown");
    }
}
