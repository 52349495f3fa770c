//! How much was seen: a number nobody could read is unknown, not zero.

use crate::model::count::thousands;
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
        let mut asked = report
            .sources
            .iter()
            .filter(|source| source.id.kind.has_events())
            .peekable();
        if asked.peek().is_none() {
            return if report.counts.events > 0 {
                Self::Part
            } else {
                Self::Nothing
            };
        }
        let (whole, all) = asked.fold((0_u64, 0_u64), |(whole, all), source| {
            (whole + u64::from(source.is_covered(&report.sources)), all + 1)
        });
        match (whole, report.counts.events) {
            (whole, _) if whole == all => Self::Whole,
            (0, 0) => Self::Nothing,
            _ => Self::Part,
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
