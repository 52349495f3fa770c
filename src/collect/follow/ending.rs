//! What the reading of a file source comes to: its verdict in words an operator can act on, and what may be lost.

use crate::collect::follow::{Followed, Reading, site_of, told};
use crate::collect::lines::Lines;
use crate::collect::lines::calendar::Calendar;
use crate::collect::verdict;
use crate::model::coverage::{Outcome, SourceCoverage};

impl Reading<'_, '_> {
    /// The verdict; the last slice says up to when all of it was read.
    pub fn end(mut self, line: SourceCoverage) -> anyhow::Result<Followed> {
        let now = self.wanted.now;
        let before = self.wanted.position.proved_until;
        if self.stopped.is_none() && self.troubles.is_empty() {
            self.position.watermark = self.position.watermark.max(Some(now));
            self.position.proved_until = Some(now);
        }
        self.position.files = self.unseen.iter().chain(self.marks.values()).cloned().collect();
        let mut empty = Lines::new(String::new(), Calendar::new(self.wanted.zone.clone(), now));
        let site = site_of(self.wanted.source);
        (self.take)(empty.slice(&self.id, &site, self.position.clone()))?;
        let mut line = SourceCoverage {
            outcome: if self.total.events > 0 {
                Outcome::Complete
            } else {
                Outcome::Empty
            },
            since: self.within.0.or(before),
            until: self
                .wanted
                .named_window
                .map_or(Some(now), |window| Some(window.until())),
            records: self.total.received(),
            malformed: self.total.malformed,
            oldest: self.all.map(|all| all.since()),
            ..line
        };
        let mut whys: Vec<String> = Vec::new();
        for path in &self.lost {
            let since =
                before.map_or_else(String::new, |before| format!(" after {}", verdict::shown(before)));
            whys.push(format!(
                "{path} was being written to when it was read last, and is gone or was emptied since: what was written to it{since} may have been lost"
            ));
        }
        if self.total.is_foreign() {
            let lines = self.total.foreign;
            whys.push(format!("{lines} new lines, and none of them is of a UniFi device or console: is this the file that they write to?"));
        }
        if !self.troubles.is_empty() {
            whys.push(told(&self.troubles));
        }
        let mut kind = None;
        if let Some(stopped) = self.stopped {
            whys.push(
                "not read to the end in the time there was; the next run goes on from there".to_owned(),
            );
            kind = Some(stopped);
        }
        if !whys.is_empty() {
            line = verdict::partial(line, &whys.join("; "), kind);
        }
        Ok(Followed {
            coverage: line,
            warnings: self.remarks,
        })
    }
}
