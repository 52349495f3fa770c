//! Reads what was saved from a console: pages and rows of logs, device lists, health, in files or on standard
//! input, told apart by their content. Lines of rows are streamed; a page is read whole, up to a limit.

mod document;
mod input;

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use ring::digest;
use thiserror::Error;

use crate::collect::files::document::Record;
use crate::collect::files::input::{Input, Piece};
use crate::collect::slice::MOST;
use crate::collect::{Slice, Taking};
use crate::model::coverage::{Outcome, SourceCoverage};
use crate::model::device::{Device, Health, SiteSnapshot};
use crate::model::event::Event;
use crate::model::position::Position;
use crate::model::source::{SiteName, SourceId, SourceKind};
use crate::model::text::{self, NAME};
use crate::model::window::Window;

/// What the files held.
#[derive(Debug, Default)]
pub struct FromFiles {
    /// A line for each file.
    pub coverage: Vec<SourceCoverage>,
    /// One picture of all devices and health records found; none if there were none.
    pub snapshots: Vec<SiteSnapshot>,
    pub version: String,
    pub timezone: Option<String>,
    pub warnings: Vec<String>,
}

#[derive(Debug, Error)]
pub enum FilesError {
    /// A file that cannot be read or holds nothing of a console, with its name.
    #[error("{0}")]
    Unusable(String),
    /// Whoever took the slices failed.
    #[error(transparent)]
    Taking(anyhow::Error),
}

/// Reads all files in their order; `-` is `stdin`. All rows count, whatever their time; a row that came before in
/// any of them is dropped and counted as a duplicate.
pub fn read(
    paths: &[PathBuf],
    stdin: &mut dyn Read,
    now: DateTime<Utc>,
    take: &mut Taking<'_>,
) -> Result<FromFiles, FilesError> {
    let mut gathered = FromFiles::default();
    let mut picture = Picture::default();
    let mut seen = BTreeSet::new();
    for path in paths {
        let mut file = File::begin(path, &gathered.coverage, &mut seen);
        if path.as_os_str() == "-" {
            file.read(stdin, &mut picture, take)?;
        } else {
            let mut opened = std::fs::File::open(path).map_err(|error| unreadable(&file.shown, &error))?;
            file.read(&mut opened, &mut picture, take)?;
        }
        gathered.coverage.push(file.line(&mut gathered.warnings));
    }
    gathered.version.clone_from(&picture.version);
    gathered.timezone.clone_from(&picture.timezone);
    gathered.snapshots.extend(picture.into_snapshot(now));
    Ok(gathered)
}

/// The one site all files are taken to be of.
fn site() -> SiteName {
    SiteName {
        controller: "input".to_owned(),
        site: "files".to_owned(),
    }
}

/// One file on its way.
struct File<'s> {
    shown: String,
    source: SourceId,
    /// Ids of all files, cut to 128 bits of their hash.
    seen: &'s mut BTreeSet<[u8; 16]>,
    rows: Vec<Event>,
    /// Of the rows since the last slice.
    received: u64,
    malformed: u64,
    duplicates: u64,
    total: Totals,
}

#[derive(Default)]
struct Totals {
    events: u64,
    records: u64,
    malformed: u64,
    duplicates: u64,
    pages: u64,
    hull: Option<Window>,
}

impl<'s> File<'s> {
    fn begin(path: &Path, before: &[SourceCoverage], seen: &'s mut BTreeSet<[u8; 16]>) -> Self {
        let is_stdin = path.as_os_str() == "-";
        let shown = if is_stdin {
            "standard input".to_owned()
        } else {
            path.display().to_string()
        };
        let name = if is_stdin {
            "stdin".into()
        } else {
            path.file_name().unwrap_or_default().to_string_lossy()
        };
        let mut site = text::clean(&name, NAME);
        let twins = before.iter().filter(|line| line.id.site == site).count();
        if twins > 0 {
            site = format!("{site} ({})", twins + 1);
        }
        let source = SourceId {
            controller: "input".to_owned(),
            site,
            kind: SourceKind::Input,
        };
        let rows = Vec::new();
        Self {
            shown,
            source,
            seen,
            rows,
            received: 0,
            malformed: 0,
            duplicates: 0,
            total: Totals::default(),
        }
    }

    fn read(
        &mut self,
        from: &mut dyn Read,
        picture: &mut Picture,
        take: &mut Taking<'_>,
    ) -> Result<(), FilesError> {
        let mut input = Input::new(from, &self.shown);
        while let Some(piece) = input.next().map_err(FilesError::Unusable)? {
            match piece {
                Piece::Document(bytes) => self.document(&bytes, picture, take)?,
                Piece::Broken => self.malformed += 1,
            }
        }
        if self.total.pages == 0 {
            let message = format!(
                "{} holds nothing that comes from a console; what can be read are answers of system-log, stat/event, stat/device, \
                 stat/health and stat/sysinfo as JSON, and JSON lines of log rows",
                self.shown
            );
            return Err(FilesError::Unusable(message));
        }
        self.give(take)
    }

    fn document(
        &mut self,
        bytes: &[u8],
        picture: &mut Picture,
        take: &mut Taking<'_>,
    ) -> Result<(), FilesError> {
        let records =
            document::records(bytes).map_err(|why| FilesError::Unusable(format!("{}: {why}", self.shown)))?;
        let Some(records) = records else {
            self.malformed += 1;
            return Ok(());
        };
        self.total.pages += 1;
        for record in records {
            match record {
                Record::Row(event) => self.row(*event, take)?,
                Record::Device(device) => {
                    self.total.records += 1;
                    picture.devices.get_or_insert_default().push(*device);
                }
                Record::Health(health) => {
                    self.total.records += 1;
                    picture.health.get_or_insert_default().push(health);
                }
                Record::Sysinfo(sysinfo) => {
                    picture.version = sysinfo.version;
                    picture.timezone = sysinfo.timezone;
                }
                Record::Malformed => {
                    self.received += 1;
                    self.malformed += 1;
                }
            }
        }
        Ok(())
    }

    fn row(&mut self, event: Event, take: &mut Taking<'_>) -> Result<(), FilesError> {
        self.received += 1;
        let hash = digest::digest(&digest::SHA256, event.id.as_bytes());
        let short: [u8; 16] = hash.as_ref().first_chunk().copied().unwrap_or_default();
        if !self.seen.insert(short) {
            self.duplicates += 1;
            return Ok(());
        }
        self.rows.push(event);
        if u64::try_from(self.rows.len()).is_ok_and(|rows| rows >= MOST) {
            self.give(take)?;
        }
        Ok(())
    }

    /// Gives away the rows in hand as one slice.
    fn give(&mut self, take: &mut Taking<'_>) -> Result<(), FilesError> {
        let mut rows = std::mem::take(&mut self.rows);
        rows.sort_by(|a, b| (a.time, &a.id).cmp(&(b.time, &b.id)));
        let (received, malformed) = (
            std::mem::take(&mut self.received),
            std::mem::take(&mut self.malformed),
        );
        let duplicates = std::mem::take(&mut self.duplicates);
        self.total.events += u64::try_from(rows.len()).unwrap_or(u64::MAX);
        self.total.records += received;
        self.total.malformed += malformed;
        self.total.duplicates += duplicates;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return Ok(());
        };
        let end = last
            .time
            .checked_add_signed(TimeDelta::milliseconds(1))
            .unwrap_or(last.time);
        let window = Window::new(first.time, end).unwrap_or_else(|| Window::empty_at(first.time));
        self.total.hull = Some(self.total.hull.map_or(window, |hull| hull.hull(window)));
        let slice = Slice {
            source: self.source.clone(),
            site: site(),
            window,
            position_after: Position::unread(window.since()),
            rows,
            received,
            malformed,
            duplicates,
            overlap: false,
            changed_hours: BTreeSet::new(),
        };
        take(slice).map_err(FilesError::Taking)
    }

    fn line(self, warnings: &mut Vec<String>) -> SourceCoverage {
        let Totals {
            events,
            records,
            malformed,
            duplicates,
            hull,
            ..
        } = self.total;
        if malformed > 0 {
            warnings.push(format!(
                "{}: {malformed} records could not be read and are not in this report",
                self.shown
            ));
        }
        SourceCoverage {
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
        }
    }
}

/// What the files show of devices.
#[derive(Default)]
struct Picture {
    devices: Option<Vec<Device>>,
    health: Option<Vec<Health>>,
    version: String,
    timezone: Option<String>,
}

impl Picture {
    /// A saved list is as old as the newest sign of life in it.
    fn into_snapshot(mut self, now: DateTime<Utc>) -> Option<SiteSnapshot> {
        if self.devices.is_none() && self.health.is_none() {
            return None;
        }
        if let Some(devices) = &mut self.devices {
            devices.sort_by(|a, b| a.mac.cmp(&b.mac));
            devices.dedup_by(|a, b| a.mac == b.mac);
        }
        let seen = self
            .devices
            .iter()
            .flatten()
            .filter_map(|device| device.last_seen)
            .max();
        Some(SiteSnapshot {
            site: site(),
            observed_at: seen.unwrap_or(now),
            version: self.version,
            devices: self.devices,
            health: self.health,
        })
    }
}

fn unreadable(shown: &str, error: &std::io::Error) -> FilesError {
    FilesError::Unusable(format!("{shown} cannot be read: {error}"))
}
