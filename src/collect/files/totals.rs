//! What one of the files given to `--input` came to.

use crate::collect::files::File;
use crate::collect::verdict;
use crate::model::coverage::{Outcome, SourceCoverage};
use crate::model::window::Window;

/// Everything that was read of a file.
#[derive(Default)]
pub struct Totals {
    pub events: u64,
    pub records: u64,
    pub malformed: u64,
    pub duplicates: u64,
    pub pages: u64,
    pub hull: Option<Window>,
    /// Why it was not read to its end.
    pub broken: Option<String>,
    pub remarks: Vec<String>,
}

impl File<'_> {
    /// Its line in the coverage box.
    pub fn line(self, warnings: &mut Vec<String>) -> SourceCoverage {
        let Totals {
            events,
            records,
            malformed,
            duplicates,
            hull,
            broken,
            remarks,
            ..
        } = self.total;
        warnings.extend(remarks);
        if malformed > 0 {
            warnings.push(format!(
                "{}: {malformed} records could not be read and are not in this report",
                self.shown
            ));
        }
        let line = SourceCoverage {
            name: format!("input/{}", self.source.site),
            id: self.source,
            outcome: if records > 0 {
                Outcome::Complete
            } else {
                Outcome::Empty
            },
            since: hull.map(|hull| hull.since()),
            until: hull.map(|hull| hull.until()),
            events,
            records,
            late: 0,
            duplicates,
            malformed,
            oldest: hull.map(|hull| hull.since()),
            reason: None,
            code: 0,
        };
        match broken {
            Some(why) => verdict::partial(line, &why, None),
            None => line,
        }
    }
}
