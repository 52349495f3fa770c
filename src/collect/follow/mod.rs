//! Follows the files of a log server: each from where the last run stopped reading it, whatever rotation has called it
//! since. Half a line at the end is left to the next run.

mod ending;
pub mod found;
mod marks;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;

use chrono::{DateTime, Utc};

use crate::collect::follow::found::{Found, Search, search, trouble};
use crate::collect::follow::marks::{Standing, assign, mark};
use crate::collect::lines::calendar::Calendar;
use crate::collect::lines::plain::{self, Cut, Piece, each_line};
use crate::collect::lines::{Lines, Tally};
use crate::collect::{Taking, verdict};
use crate::config::file_source::FileSource;
use crate::model::coverage::SourceCoverage;
use crate::model::failure::{Failure, FailureKind};
use crate::model::position::{FileMark, Position};
use crate::model::source::{SiteName, SourceId, SourceKind};
use crate::model::window::Window;
use crate::model::zone::Zone;
use crate::net::stop::Stop;

/// What stands for a controller in the names of file sources.
pub const CONTROLLER: &str = "files";
/// Files of one source: how far each was read is part of the state.
const MOST_FILES: usize = 300;
/// Where the reading of a packed file stands whose rows are all older than what is wanted.
const BEYOND: u64 = 1 << 50;
/// Troubles that are told one by one.
const TOLD: usize = 3;

/// What is wanted of one file source.
pub struct Wanted<'a> {
    pub source: &'a FileSource,
    pub position: Position,
    /// Of stamps that name none.
    pub zone: &'a Zone,
    /// The host's clock, which is that of the log server as well.
    pub now: DateTime<Utc>,
    /// `--since/--until`: the rows of exactly this time, whatever was read before.
    pub named_window: Option<Window>,
    pub stop: &'a Stop,
}

pub struct Followed {
    pub coverage: SourceCoverage,
    pub warnings: Vec<String>,
}

pub fn site_of(source: &FileSource) -> SiteName {
    SiteName {
        controller: CONTROLLER.to_owned(),
        site: source.name.clone(),
    }
}

pub fn id_of(source: &FileSource) -> SourceId {
    SourceId {
        controller: CONTROLLER.to_owned(),
        site: source.name.clone(),
        kind: SourceKind::Lines,
    }
}

/// What the pattern finds, for `check`.
pub fn look(source: &FileSource) -> Result<usize, Failure> {
    let Search { found, troubles } = search(&source.path);
    match usable(source, &found, &troubles) {
        Some(why) => Err(Failure::new(FailureKind::Config, why)),
        None if !troubles.is_empty() => Err(Failure::new(FailureKind::Config, told(&troubles))),
        None => Ok(found.len()),
    }
}

/// Reads what is new in all of its files. `Err` only if `take` fails.
pub fn read(wanted: &Wanted<'_>, take: &mut Taking<'_>) -> anyhow::Result<Followed> {
    let id = id_of(wanted.source);
    let line = verdict::line(&id, &site_of(wanted.source));
    let Search { found, troubles } = search(&wanted.source.path);
    if let Some(why) = usable(wanted.source, &found, &troubles) {
        return Ok(Followed {
            coverage: verdict::failed(line, &Failure::new(FailureKind::Config, why)),
            warnings: Vec::new(),
        });
    }
    let marks = if wanted.named_window.is_some() {
        &[][..]
    } else {
        &wanted.position.files
    };
    let (standing, gone) = assign(&found, marks);
    let mut reading = Reading::of(wanted, id, take);
    reading.troubles = troubles;
    reading.miss(gone);
    for (number, standing) in standing.iter().enumerate() {
        if let Standing::Known(mark) = standing {
            reading.marks.insert(number, mark.clone());
        }
    }
    for (number, (file, standing)) in found.iter().zip(&standing).enumerate() {
        if *standing == Standing::Copy {
            continue;
        }
        if reading.stopped.is_none() {
            reading.stopped = wanted.stop.reason();
        }
        if reading.stopped.is_none() {
            reading.file(number, file)?;
        }
    }
    reading.end(line)
}

/// Why nothing can be read at all.
fn usable(source: &FileSource, found: &[Found], troubles: &[String]) -> Option<String> {
    if found.len() > MOST_FILES {
        let all = found.len();
        return Some(format!(
            "{} names {all} files, {MOST_FILES} at most are followed: make several sources of it",
            source.path
        ));
    }
    if !found.is_empty() {
        return None;
    }
    Some(if troubles.is_empty() {
        format!(
            "no file is called {}: let the log server write there, or correct `path` of `{}`",
            source.path, source.name
        )
    } else {
        told(troubles)
    })
}

fn told(troubles: &[String]) -> String {
    let mut text = troubles.iter().take(TOLD).cloned().collect::<Vec<_>>().join("; ");
    if troubles.len() > TOLD {
        text = format!("{text}; and {} more", troubles.len() - TOLD);
    }
    text
}

/// One source on its way.
struct Reading<'a, 't> {
    wanted: &'a Wanted<'a>,
    id: SourceId,
    take: &'a mut Taking<'t>,
    position: Position,
    /// By the file's number. What is not reached keeps its mark.
    marks: BTreeMap<usize, FileMark>,
    /// Marks of files that could not be looked at.
    unseen: Vec<FileMark>,
    /// Rows before or from these moments on do not count.
    within: (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    total: Tally,
    all: Option<Window>,
    troubles: Vec<String>,
    lost: Vec<String>,
    remarks: Vec<String>,
    stopped: Option<FailureKind>,
}

impl<'a, 't> Reading<'a, 't> {
    fn of(wanted: &'a Wanted<'a>, id: SourceId, take: &'a mut Taking<'t>) -> Self {
        let mut position = wanted.position.clone();
        let within = if let Some(window) = wanted.named_window {
            (Some(window.since()), Some(window.until()))
        } else {
            // The first reading goes through whole files; it may take more than one run.
            if position.files.is_empty() {
                position.start = position.watermark.take().unwrap_or(position.start);
            }
            (position.watermark.is_none().then_some(position.start), None)
        };
        position.files.clear();
        Self {
            wanted,
            id,
            take,
            position,
            marks: BTreeMap::new(),
            unseen: Vec::new(),
            within,
            total: Tally::default(),
            all: None,
            troubles: Vec::new(),
            lost: Vec::new(),
            remarks: Vec::new(),
            stopped: None,
        }
    }

    /// Marks of files that are not there. One that was written to when it was read last may have held more; while some
    /// files cannot be looked at, it may be one of those.
    fn miss(&mut self, gone: Vec<FileMark>) {
        for mark in gone {
            if !self.troubles.is_empty() {
                self.unseen.push(mark);
            } else if !mark.settled {
                self.lost.push(mark.path);
            }
        }
    }

    /// Reads one file from its mark on.
    fn file(&mut self, number: usize, file: &Found) -> anyhow::Result<()> {
        let known = self.marks.get(&number).cloned();
        let offset = known.as_ref().map_or(0, |mark| mark.offset);
        let is_same = |mark: &FileMark| (mark.device, mark.inode) == (file.device, file.inode);
        let is_done = if file.is_gzip {
            known.as_ref().is_some_and(|mark| mark.settled && is_same(mark))
        } else {
            known.is_some() && offset >= file.size
        };
        let is_older = known.is_none() && self.within.0.is_some_and(|first| file.written < first);
        if is_done || is_older {
            let end = if file.is_gzip { BEYOND } else { file.size };
            self.keep(number, file, if is_older { end } else { offset }, true);
            return Ok(());
        }
        let mut text = match open(file, offset) {
            Ok(text) => text,
            Err(error) => {
                self.troubles.push(trouble(&file.path, &error));
                return Ok(());
            }
        };
        let mut lines = Lines::new(file.name(), Calendar::new(self.wanted.zone.clone(), file.written));
        lines.within = self.within;
        let mut reached = offset;
        let is_whole = file.is_quiet(self.wanted.now);
        let read = each_line(&mut *text, offset, &mut |piece, at, next| {
            match piece {
                Piece::Line(line) => lines.take(line, at),
                Piece::Tail(line) if is_whole => lines.take(line, at),
                Piece::Tail(_) => return Ok(true),
                Piece::TooLong => lines.too_long(),
            }
            reached = next;
            if lines.is_full() {
                self.give(number, file, &mut lines, (reached, false))?;
                self.stopped = self.wanted.stop.reason();
            }
            Ok(self.stopped.is_none())
        });
        let is_end = match read {
            Ok(()) => self.stopped.is_none(),
            Err(Cut::Broken(error)) => {
                self.troubles.push(trouble(&file.path, &error));
                false
            }
            Err(Cut::Taking(error)) => return Err(error),
        };
        self.give(number, file, &mut lines, (reached, is_end))?;
        self.total.add(lines.total);
        self.all = match (self.all, lines.all) {
            (Some(all), Some(more)) => Some(all.hull(more)),
            (all, more) => all.or(more),
        };
        self.remarks
            .extend(lines.remarks(&file.path.display().to_string()));
        Ok(())
    }

    /// Gives away what was taken, and with it the place it was read up to.
    fn give(
        &mut self,
        number: usize,
        file: &Found,
        lines: &mut Lines,
        (reached, is_end): (u64, bool),
    ) -> anyhow::Result<()> {
        self.keep(number, file, reached, is_end);
        let slice = lines.slice(&self.id, &site_of(self.wanted.source), self.position.clone());
        self.position.newest = self.position.newest.max(slice.rows.last().map(|row| row.time));
        (self.take)(slice)
    }

    /// Moves a file's mark.
    fn keep(&mut self, number: usize, file: &Found, offset: u64, is_end: bool) {
        self.marks
            .insert(number, mark(file, offset, is_end, self.wanted.now));
        self.position.files = self.unseen.iter().chain(self.marks.values()).cloned().collect();
    }
}

/// The text of a file from there on.
fn open(file: &Found, offset: u64) -> io::Result<Box<dyn BufRead>> {
    let mut opened = File::open(&file.path)?;
    let metadata = opened.metadata()?;
    if (metadata.dev(), metadata.ino()) != (file.device, file.inode) {
        return Err(io::Error::other("it was rotated just now; the next run reads it"));
    }
    if !file.is_gzip {
        opened.seek(SeekFrom::Start(offset))?;
        return Ok(Box::new(BufReader::with_capacity(plain::BUFFER, opened)));
    }
    let mut text = plain::open(opened)?.bytes;
    io::copy(&mut text.by_ref().take(offset), &mut io::sink())?;
    Ok(text)
}
