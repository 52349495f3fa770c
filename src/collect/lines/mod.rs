//! Lines for log servers: CEF and remote syslog, in files and on standard input. A line has no id of its own: where it
//! stands decides, and the same line twice is two events.

pub mod calendar;
mod cef;
mod content;
mod device;
pub mod frame;
pub mod plain;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use memchr::memchr_iter;

use crate::collect::lines::calendar::Calendar;
use crate::collect::lines::content::Content;
use crate::collect::{Again, Slice};
use crate::model::event::Event;
use crate::model::position::Position;
use crate::model::quick::Seeded;
use crate::model::source::{SiteName, SourceId};
use crate::model::window::Window;

/// Lines that say different things, most of them in one slice.
const MOST_ROWS: usize = 2_000;
/// Lines in one slice, those that only repeat another included.
const MOST_LINES: u64 = 100_000;

/// What became of one line.
pub enum Line {
    /// What it says, and when, which only an event has to tell.
    Told(Option<DateTime<Utc>>, Said),
    Malformed,
}

/// What a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// The content holds it.
    Event,
    /// A UniFi device wrote it, and nothing is judged by it.
    Nothing,
    /// Something else wrote it.
    Foreign,
}

/// How many lines there were of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub events: u64,
    pub malformed: u64,
    /// Events of a file that was read before.
    pub duplicates: u64,
    /// Events outside of the wanted time.
    pub outside: u64,
    /// Lines of UniFi devices that tell of nothing that is judged.
    pub nothing: u64,
    pub foreign: u64,
}

impl Tally {
    /// Events and what may have been some.
    pub fn received(&self) -> u64 {
        self.events + self.malformed + self.duplicates
    }

    /// No UniFi device wrote any of it.
    pub fn is_foreign(&self) -> bool {
        self.foreign > 0 && self.received() + self.outside + self.nothing == 0
    }

    pub fn add(&mut self, other: Self) {
        self.events += other.events;
        self.malformed += other.malformed;
        self.duplicates += other.duplicates;
        self.outside += other.outside;
        self.nothing += other.nothing;
        self.foreign += other.foreign;
    }
}

/// The lines of one file on their way into slices.
pub struct Lines {
    /// What the ids of its rows begin with.
    file: String,
    calendar: Calendar,
    /// Events before the first or from the second moment on do not count.
    pub within: (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    /// It was read before: its events are duplicates.
    pub is_repeat: bool,
    content: Content,
    /// Where in `rows` a content stands.
    known: HashMap<Vec<u8>, usize, Seeded>,
    rows: Vec<(Event, Vec<Again>)>,
    hull: Option<(DateTime<Utc>, DateTime<Utc>)>,
    since_slice: Tally,
    pub total: Tally,
    /// First and last time of all events that count.
    pub all: Option<Window>,
}

impl Lines {
    pub fn new(file: String, calendar: Calendar) -> Self {
        Self {
            file,
            calendar,
            within: (None, None),
            is_repeat: false,
            content: Content::default(),
            known: HashMap::default(),
            rows: Vec::new(),
            hull: None,
            since_slice: Tally::default(),
            total: Tally::default(),
            all: None,
        }
    }

    /// Takes one line without its end, and where it begins in its file.
    pub fn take(&mut self, line: &[u8], at: u64) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        if line.trim_ascii().is_empty() {
            return;
        }
        let read = match cef::begins(line) {
            Some(begins) => cef::read(line, begins, &mut self.calendar, &mut self.content),
            None => match frame::open(line, &mut self.calendar) {
                Some(framed) => Line::Told(Some(framed.time), device::read(&framed, &mut self.content)),
                None => Line::Malformed,
            },
        };
        let tally = &mut self.since_slice;
        match read {
            Line::Told(Some(time), Said::Event) => self.event(time, at),
            Line::Told(_, Said::Nothing) => tally.nothing += 1,
            Line::Told(_, Said::Foreign) => tally.foreign += 1,
            Line::Malformed | Line::Told(None, Said::Event) => tally.malformed += 1,
        }
    }

    /// A line that is too long to be one.
    pub fn too_long(&mut self) {
        self.since_slice.malformed += 1;
    }

    fn event(&mut self, time: DateTime<Utc>, at: u64) {
        let (first, end) = self.within;
        if first.is_some_and(|first| time < first) || end.is_some_and(|end| time >= end) {
            self.since_slice.outside += 1;
            return;
        }
        if self.is_repeat {
            self.since_slice.duplicates += 1;
            return;
        }
        self.since_slice.events += 1;
        self.hull = Some(
            self.hull
                .map_or((time, time), |(first, last)| (first.min(time), last.max(time))),
        );
        let known = self
            .known
            .get(self.content.bytes())
            .and_then(|row| self.rows.get_mut(*row));
        if let Some((_, again)) = known {
            again.push(Again { time, at });
            return;
        }
        self.known.insert(self.content.bytes().to_vec(), self.rows.len());
        let id = format!("{}:{at}", self.file);
        self.rows.push((self.content.event(id, time), Vec::new()));
    }

    /// It is time to give a slice away.
    pub fn is_full(&self) -> bool {
        self.rows.len() >= MOST_ROWS || self.since_slice.events >= MOST_LINES
    }

    /// What was taken since the last slice.
    pub fn slice(&mut self, source: &SourceId, site: &SiteName, position_after: Position) -> Slice {
        let tally = std::mem::take(&mut self.since_slice);
        self.total.add(tally);
        self.known.clear();
        let mut rows = std::mem::take(&mut self.rows);
        rows.sort_by_key(|(event, _)| event.time);
        let window = self
            .hull
            .take()
            .map_or(Window::empty_at(position_after.start), |(first, last)| {
                let end = last
                    .checked_add_signed(TimeDelta::milliseconds(1))
                    .unwrap_or(last);
                Window::new(first, end).unwrap_or_else(|| Window::empty_at(first))
            });
        if !rows.is_empty() {
            self.all = Some(self.all.map_or(window, |all| all.hull(window)));
        }
        let (rows, again) = rows.into_iter().unzip();
        Slice {
            source: source.clone(),
            site: site.clone(),
            window,
            rows,
            again,
            received: tally.received(),
            malformed: tally.malformed,
            duplicates: tally.duplicates,
            overlap: false,
            changed_hours: BTreeSet::new(),
            position_after,
        }
    }

    /// Lines taken until now.
    pub fn taken(&self) -> u64 {
        let mut all = self.total;
        all.add(self.since_slice);
        all.received() + all.outside + all.nothing + all.foreign
    }

    /// What a report has to say of these lines: `file` is how people know it.
    pub fn remarks(&self, file: &str) -> Vec<String> {
        let lines = self.calendar.inferred;
        let inferred = (lines > 0).then(|| {
            format!(
                "{file}: {lines} lines tell their time without year or zone: it was read as that of {}, in the latest year \
                 that does not lie after the file's own time",
                self.calendar.zone().name()
            )
        });
        let Tally { nothing, foreign, .. } = self.total;
        let passed = (nothing + foreign > 0).then(|| {
            format!(
                "{file}: {} lines tell of nothing that is judged and are not counted as events ({foreign} of them are not \
                 of UniFi)",
                nothing + foreign
            )
        });
        inferred.into_iter().chain(passed).collect()
    }
}

/// Where a few letters stand first. Of such short texts, looking for the first letter is quicker than preparing a search.
fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    let first = *word.first()?;
    memchr_iter(first, text).find(|at| text.get(*at..).is_some_and(|rest| rest.starts_with(word)))
}
