//! What the threat detection recognised, for threat rows of the log that do not say it: `traffic-flows`, joined by
//! time, addresses and ports; or, on consoles that do not offer them (Network before 9), the list `stat/ips/event`.
//! It is asked only where such rows are, and its own rows are no events.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::collect::Slice;
use crate::collect::ask::PAGE;
use crate::collect::console::Console;
use crate::collect::recognised::{self, APART, bounds, lacks_signature, tell};
use crate::collect::session::answers::NoRows;
use crate::collect::verdict::{self, shown};
use crate::collect::wire::flows::{self, Flow, FlowPage};
use crate::model::coverage::{Outcome, SourceCoverage};
use crate::model::event::Event;
use crate::model::failure::Failure;
use crate::model::source::{SiteName, SourceId};

/// Pages of one stretch: consoles give about a thousand flows for one question.
const MOST_PAGES: u64 = 10;
/// Rows of one answer of the list of threats.
const ALERTS: u64 = 3_000;

/// The flows of the slices to come, if the console tells all of them at once: most have few.
enum Ahead {
    /// Nothing was asked yet, or of one slice: mostly there is no other.
    Unasked,
    Wanted,
    /// All between two moments.
    All(DateTime<Utc>, DateTime<Utc>, Vec<Flow>),
    TooMany,
}

/// What came of asking for flows in one run.
pub struct Flows {
    id: SourceId,
    site: SiteName,
    /// Some rows wanted them.
    wanted: bool,
    records: u64,
    malformed: u64,
    /// The end of the log that is read.
    until: DateTime<Utc>,
    ahead: Ahead,
    /// Hours of which the console tells only a part, although a row there remained without its flow.
    capped: Vec<DateTime<Utc>>,
    /// Why no more are asked for.
    refused: Option<NoRows>,
    /// The list of threats was asked instead, and told of some.
    alerted: bool,
    /// Why it is not asked.
    no_alerts: Option<NoRows>,
}

impl Flows {
    /// Why this console is not asked for flows at all, and why not for its list of threats.
    pub fn new(
        id: SourceId,
        site: SiteName,
        until: DateTime<Utc>,
        absent: Option<String>,
        no_alerts: Option<String>,
    ) -> Self {
        Self {
            until,
            ahead: Ahead::Unasked,
            id,
            site,
            wanted: false,
            records: 0,
            malformed: 0,
            capped: Vec::new(),
            refused: absent.map(NoRows::Absent),
            alerted: false,
            no_alerts: no_alerts.map(NoRows::Absent),
        }
    }

    /// Adds to the slice's threat rows what their flows tell. What cannot be had changes nothing but the verdict.
    pub fn enrich(&mut self, slice: &mut Slice, console: &mut Console<'_>) {
        let mut hours: BTreeMap<i64, Vec<&mut Event>> = BTreeMap::new();
        for event in recognised::unsaid(slice) {
            hours.entry(recognised::hour(event)).or_default().push(event);
        }
        if hours.is_empty() {
            return;
        }
        self.wanted = true;
        let mut hours: Vec<Vec<&mut Event>> = hours.into_values().collect();
        if self.refused.is_none() {
            self.refused = self.join(&mut hours, console).err();
        }
        if self.is_absent() && self.no_alerts.is_none() {
            self.no_alerts = self.join_alerts(&mut hours, console).err();
        }
    }

    /// This console does not offer flows.
    pub fn is_absent(&self) -> bool {
        matches!(self.refused, Some(NoRows::Absent(_)))
    }

    /// It does not offer a list of threats either.
    pub fn is_without_alerts(&self) -> bool {
        matches!(self.no_alerts, Some(NoRows::Absent(_)))
    }

    fn join_alerts(
        &mut self,
        hours: &mut [Vec<&mut Event>],
        console: &mut Console<'_>,
    ) -> Result<(), NoRows> {
        let (from, to) = bounds(hours.iter().flatten());
        let site = &self.site.site;
        let body = json!({
            "start": from.timestamp_millis(), "end": to.timestamp_millis(), "_start": 0, "_limit": ALERTS, "_sort": "-time",
        });
        let path = format!("/api/s/{site}/stat/ips/event");
        let page = console.legacy_page(&path, Some(&body), "the list of threats")?;
        self.alerted |= !page.rows.is_empty();
        self.records += u64::try_from(page.rows.len()).unwrap_or(u64::MAX);
        let alerts: Vec<Flow> = page
            .rows
            .iter()
            .filter_map(|row| flows::of_alert(row.event.as_ref()?))
            .collect();
        for event in hours.iter_mut().flatten() {
            tell(event, &alerts);
        }
        Ok(())
    }

    /// All of them together, where the console tells all that it has; else hour by hour.
    fn join(&mut self, hours: &mut [Vec<&mut Event>], console: &mut Console<'_>) -> Result<(), NoRows> {
        let (from, to) = bounds(hours.iter().flatten());
        let is_second = matches!(self.ahead, Ahead::Wanted);
        if matches!(self.ahead, Ahead::Unasked) {
            self.ahead = Ahead::Wanted;
        } else if is_second {
            let until = self.until.max(to);
            self.ahead = match self.between(from, until, console)? {
                (flows, true) => Ahead::All(from, until, flows),
                _ => Ahead::TooMany,
            };
        }
        if let Ahead::All(since, until, flows) = &self.ahead
            && *since <= from
            && to <= *until
        {
            for event in hours.iter_mut().flatten() {
                tell(event, flows);
            }
            return Ok(());
        }
        // Of more than that, an answer to the same question says no more.
        if !(is_second && is_long(from, to))
            && let (flows, true) = self.between(from, to, console)?
        {
            for event in hours.iter_mut().flatten() {
                tell(event, &flows);
            }
            return Ok(());
        }
        for events in hours {
            let (from, to) = bounds(events.iter());
            let (flows, is_all) = self.between(from, to, console)?;
            for event in events.iter_mut() {
                tell(event, &flows);
            }
            if !is_all && events.iter().any(|event| lacks_signature(event)) {
                self.capped.push(from);
            }
        }
        Ok(())
    }

    /// The flows between two moments, and whether those are all. Of more than the console tells, only the newest page
    /// is read over a stretch of more than an hour.
    fn between(
        &mut self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        console: &mut Console<'_>,
    ) -> Result<(Vec<Flow>, bool), NoRows> {
        let is_long = is_long(from, to);
        let mut flows = Vec::new();
        let mut rows = 0;
        for number in 0..MOST_PAGES {
            let page = self.ask(from, to, number, console)?;
            rows += page.rows;
            let is_last = page.rows < PAGE;
            let is_all = !page.or_more && page.total.map_or(is_last, |total| total <= rows);
            let is_vain =
                is_long && (page.or_more || page.total.is_none_or(|total| total > MOST_PAGES * PAGE));
            flows.extend(page.flows);
            if is_all || is_last || is_vain {
                return Ok((flows, is_all));
            }
        }
        Ok((flows, false))
    }

    fn ask(
        &mut self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        number: u64,
        console: &mut Console<'_>,
    ) -> Result<FlowPage, NoRows> {
        let page = console.flows(&self.site.site, &flows::question(from, to, number))?;
        self.records += page.rows;
        self.malformed += page.malformed;
        Ok(page)
    }

    /// Its line in the coverage box, if any row wanted it.
    pub fn verdict(self) -> Option<SourceCoverage> {
        let mut line = verdict::line(&self.id, &self.site);
        line.records = self.records;
        line.malformed = self.malformed;
        if self.records > 0 {
            line.outcome = Outcome::Complete;
        }
        let refused = self.refused.filter(|_| !self.alerted);
        let line = match (refused, self.capped.as_slice()) {
            (Some(NoRows::Failed(Failure { kind, message })), _) => {
                let why = format!("{message}; what they would have told of threats is missing");
                verdict::failed(line, &Failure::new(kind, why))
            }
            (Some(no_rows), _) => verdict::refused(line, &no_rows),
            (None, []) => line,
            (None, [first, rest @ ..]) => {
                let others = match rest.len() {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                let why = format!(
                    "the console tells only some of its flows in the hour from {}{others}; some threats there are told \
                     without what was recognised",
                    shown(*first)
                );
                verdict::partial(line, &why, None)
            }
        };
        self.wanted.then_some(line)
    }
}

/// More than one question by the hour would cover.
fn is_long(from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
    to - from > TimeDelta::hours(1) + APART * 2
}
