//! Reads what was saved from a console: pages and rows of logs, device lists, health, and lines of a log server, in
//! files or on standard input, gzipped or not, told apart by their content. Lines are streamed; a page is read whole, up
//! to a limit.

mod document;
mod input;
mod listing;
mod picture;
mod served;
mod totals;

use std::collections::BTreeSet;
use std::io::Read;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use crate::collect::files::document::{Document, Record};
use crate::collect::files::input::{Input, Opened, Piece};
use crate::collect::files::listing::{Key, Listings, key};
use crate::collect::files::picture::Picture;
use crate::collect::files::totals::Totals;
use crate::collect::lines::calendar::Calendar;
use crate::collect::lines::plain;
use crate::collect::slice::MOST;
use crate::collect::{Slice, Taking, verdict};
use crate::model::coverage::SourceCoverage;
use crate::model::device::SiteSnapshot;
use crate::model::event::Event;
use crate::model::position::Position;
use crate::model::source::{SiteName, SourceId, SourceKind};
use crate::model::text::{self, NAME};
use crate::model::window::Window;
use crate::model::zone::Zone;

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
    /// A file that is not there or may not be read.
    #[error("{0}")]
    Unreadable(String),
    /// A file that holds nothing this version reads.
    #[error("{0}")]
    Unusable(String),
    /// Whoever took the slices failed.
    #[error(transparent)]
    Taking(anyhow::Error),
}

/// Reads all files in their order; `-` is `stdin`. All rows count, whatever their time; a row that came before in
/// any of them is dropped and counted as a duplicate. Lines that name no zone are of `zone`.
pub fn read(
    paths: &[PathBuf],
    stdin: &mut dyn Read,
    zone: &Zone,
    now: DateTime<Utc>,
    take: &mut Taking<'_>,
) -> Result<FromFiles, FilesError> {
    let mut gathered = FromFiles::default();
    let mut picture = Picture::default();
    let mut seen = BTreeSet::new();
    let mut listings = Listings::default();
    let mut given = BTreeSet::new();
    for path in paths {
        let mut file = File::begin(path, &gathered.coverage, &mut seen, &mut listings);
        if path.as_os_str() == "-" {
            file.read(stdin, Calendar::new(zone.clone(), now), false, &mut picture, take)?;
        } else {
            let opened = std::fs::File::open(path).and_then(|opened| Ok((opened.metadata()?, opened)));
            let (metadata, mut opened) = opened.map_err(|error| unreadable(&file.shown, &error))?;
            let written = metadata.modified().map_or(now, DateTime::from);
            let calendar = Calendar::new(zone.clone(), written);
            let is_repeat = !given.insert((metadata.dev(), metadata.ino()));
            file.read(&mut opened, calendar, is_repeat, &mut picture, take)?;
        }
        gathered.coverage.push(file.line(&mut gathered.warnings));
    }
    for (position, line) in gathered.coverage.iter_mut().enumerate() {
        if let Some(why) = listings.missing(position) {
            log::warn!("{}: {why}", line.name);
            *line = verdict::partial(line.clone(), &why, None);
        }
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
    /// Ids of the rows of all files.
    seen: &'s mut BTreeSet<Key>,
    /// This file's place among all, and what their pages say of the whole.
    position: usize,
    listings: &'s mut Listings,
    rows: Vec<Event>,
    /// Of the rows since the last slice.
    received: u64,
    malformed: u64,
    duplicates: u64,
    total: Totals,
}

impl<'s> File<'s> {
    fn begin(
        path: &Path,
        before: &[SourceCoverage],
        seen: &'s mut BTreeSet<Key>,
        listings: &'s mut Listings,
    ) -> Self {
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
            position: before.len(),
            listings,
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
        calendar: Calendar,
        is_repeat: bool,
        picture: &mut Picture,
        take: &mut Taking<'_>,
    ) -> Result<(), FilesError> {
        let plain = plain::open(from).map_err(|error| unreadable(&self.shown, &error))?;
        let mut input = match Input::new(plain.bytes, &self.shown).open()? {
            Opened::Log(mut log) => return self.log(&mut *log, calendar, is_repeat, take),
            Opened::Documents(input) => input,
        };
        while let Some(piece) = input.next()? {
            match piece {
                Piece::Document(bytes) => self.document(&bytes, picture, take)?,
                Piece::Broken => self.malformed += 1,
            }
        }
        if self.total.pages == 0 {
            let message = format!(
                "{} holds nothing this version reads (it reads system-log pages and rows, stat/event rows, devices, health, \
                 sysinfo, CEF and syslog lines)",
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
        let opened =
            document::open(bytes).map_err(|why| FilesError::Unusable(format!("{}: {why}", self.shown)))?;
        let Some(Document { records, told }) = opened else {
            self.malformed += 1;
            return Ok(());
        };
        self.total.pages += 1;
        if let Some(told) = told {
            self.listings.add(self.position, told);
        }
        for record in records {
            match record {
                Record::Row(row) => match row.event {
                    Some(event) => self.row(event, take)?,
                    None => self.malformed(),
                },
                Record::Device(device) => {
                    self.total.records += 1;
                    picture.devices.get_or_insert_default().push(*device);
                }
                Record::Health(health) => {
                    self.total.records += 1;
                    picture.health.get_or_insert_default().push(health);
                }
                Record::Sysinfo(sysinfo) => {
                    self.total.records += 1;
                    picture.version = sysinfo.version;
                    picture.timezone = sysinfo.timezone;
                }
                Record::Malformed => self.malformed(),
            }
        }
        Ok(())
    }

    fn malformed(&mut self) {
        self.received += 1;
        self.malformed += 1;
    }

    fn row(&mut self, event: Event, take: &mut Taking<'_>) -> Result<(), FilesError> {
        self.received += 1;
        if !self.seen.insert(key(event.id.as_bytes())) {
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
            again: Vec::new(),
            received,
            malformed,
            duplicates,
            overlap: false,
            changed_hours: BTreeSet::new(),
        };
        take(slice).map_err(FilesError::Taking)
    }
}

fn unreadable(shown: &str, error: &std::io::Error) -> FilesError {
    FilesError::Unreadable(format!("{shown} cannot be read: {error}"))
}
