//! What a report says of itself.

use crate::model::source::SiteName;

/// A sentence about a report: a first run, a gap, a clock that is off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    pub text: String,
    /// The sites it is about; none: the run as a whole.
    pub sites: Vec<SiteName>,
}

impl Warning {
    pub fn of_run(text: String) -> Self {
        Self {
            text,
            sites: Vec::new(),
        }
    }

    pub fn of(site: &SiteName, text: String) -> Self {
        Self {
            text,
            sites: vec![site.clone()],
        }
    }
}
