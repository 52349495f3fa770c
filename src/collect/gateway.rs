//! What the gateway's own Suricata wrote of threats that neither the console's log nor its flows explain, read over SSH
//! where the configuration allows it: once a run, whatever sites ask, and only if a row does. Its lines are no events.

use chrono::{DateTime, Utc};

use crate::collect::Slice;
use crate::collect::recognised::{bounds, lacks_signature, tell, unsaid};
use crate::collect::session::answers::NoRows;
use crate::collect::verdict::{self, shown};
use crate::collect::wire::eve::{self, Eve};
use crate::collect::wire::flows::Flow;
use crate::config::Controller;
use crate::model::coverage::{Outcome, SourceCoverage};
use crate::model::failure::{Failure, FailureKind};
use crate::model::source::{SiteName, SourceId};
use crate::net::ssh::{self, Unread};
use crate::net::stop::Stop;

pub struct Gateway<'a> {
    controller: &'a Controller,
    stop: &'a Stop,
    /// What came of reading it; `None`: nobody asked.
    told: Option<Result<Log, NoRows>>,
    /// A row of the site that is read now wanted it.
    wanted: bool,
    /// A threat of that site lies before what was read, and remained unexplained.
    is_short: bool,
}

/// The end of the gateway's log.
pub struct Log {
    pub eve: Eve,
    /// It has more than was read, and this is where that begins.
    begins: Option<DateTime<Utc>>,
}

impl<'a> Gateway<'a> {
    pub fn new(controller: &'a Controller, stop: &'a Stop) -> Self {
        Self {
            controller,
            stop,
            told: None,
            wanted: false,
            is_short: false,
        }
    }

    /// Adds to the slice's threat rows what the gateway recognised in them.
    pub fn enrich(&mut self, slice: &mut Slice) {
        if self.controller.ssh.is_none() {
            return;
        }
        let mut rows = unsaid(slice);
        if rows.is_empty() {
            return;
        }
        self.wanted = true;
        let (controller, stop) = (self.controller, self.stop);
        let Ok(log) = self.told.get_or_insert_with(|| read(controller, stop)) else {
            return;
        };
        let (from, to) = bounds(rows.iter());
        let near = log
            .eve
            .alerts
            .iter()
            .filter(|alert| (from..=to).contains(&alert.time));
        let near: Vec<Flow> = near.cloned().collect();
        for row in &mut rows {
            tell(row, &near);
            self.is_short |= lacks_signature(row) && log.begins.is_some_and(|begins| row.time < begins);
        }
    }

    /// Its line in the coverage box, if a row of the site wanted it.
    pub fn verdict(&mut self, id: &SourceId, site: &SiteName) -> Option<SourceCoverage> {
        let is_short = std::mem::take(&mut self.is_short);
        if !std::mem::take(&mut self.wanted) {
            return None;
        }
        let mut line = verdict::line(id, site);
        let log = match self.told.as_ref()? {
            Ok(log) => log,
            Err(no_rows) => return Some(verdict::refused(line, no_rows)),
        };
        line.records = u64::try_from(log.eve.alerts.len()).unwrap_or(u64::MAX);
        line.malformed = log.eve.malformed;
        if line.records > 0 {
            line.outcome = Outcome::Complete;
        }
        Some(match log.begins.filter(|_| is_short) {
            Some(begins) => {
                let why = format!(
                    "only its newest {} MiB are read, which begin at {}; some threats before that are told without what was \
                     recognised",
                    ssh::MOST / 1024 / 1024,
                    shown(begins)
                );
                verdict::partial(line, &why, None)
            }
            None => line,
        })
    }
}

/// Reads the log of the controller's gateway, which has to be named.
pub fn read(controller: &Controller, stop: &Stop) -> Result<Log, NoRows> {
    let Some(access) = &controller.ssh else {
        return Err(NoRows::Absent("there is no [controller.ssh]".to_owned()));
    };
    let read = ssh::tail(
        access,
        controller.connect_timeout,
        controller.request_timeout,
        stop,
    );
    read.map_err(|unread| match unread {
        Unread::Denied(why) => NoRows::Denied(why),
        Unread::Failed(failure) => NoRows::Failed(failure),
    })
    .and_then(|bytes| {
        understood(&bytes).map_err(|why| {
            let why = format!(
                "{} on the gateway at {} cannot be read: {why}",
                access.file, access.host
            );
            NoRows::Failed(Failure::new(FailureKind::Protocol, why))
        })
    })
    .map_err(|no_rows| {
        no_rows.reworded(|why| {
            format!(
                "{}: {why}; threats are told without what it recognised",
                controller.name
            )
        })
    })
}

fn understood(bytes: &[u8]) -> Result<Log, String> {
    let is_cut = u64::try_from(bytes.len()).is_ok_and(|length| length >= ssh::MOST);
    let whole = if is_cut {
        // The first line began before.
        bytes
            .iter()
            .position(|byte| *byte == b'\n')
            .and_then(|end| bytes.get(end..))
            .unwrap_or_default()
    } else {
        bytes
    };
    let eve = eve::read(whole)?;
    let begins = eve.begins.filter(|_| is_cut);
    Ok(Log { eve, begins })
}
