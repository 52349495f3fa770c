//! The older lists of a console that also has a system log, as Network 8 and 9 do (facts: unifi-api.md section 0): they
//! are read beside it, and what they say again is an echo. Where a list is not there, or has long been silent, the log
//! is all there is, and nothing is missing.

use chrono::{DateTime, TimeDelta, Utc};

use crate::collect::console::Console;
use crate::collect::recent::Recent;
use crate::collect::site::Site;
use crate::collect::system_log::Read;
use crate::collect::{Gathered, Slice, Taking, lists, verdict};
use crate::model::coverage::Outcome;
use crate::model::learned::Lesson;
use crate::model::source::SourceKind;

/// From here on the lists are known to be gone, or to end with the upgrade (facts: unifi-api.md section 0): a question
/// less for every new version.
const WITHOUT_LISTS: u64 = 10;
/// A list may show a row this much later than the log.
const JUST_NOW: TimeDelta = TimeDelta::minutes(10);
/// Longer than any [`lag`].
const LONGEST_LAG: TimeDelta = TimeDelta::seconds(40);

impl Site<'_> {
    /// Where the log has told of nothing since they were read, the lists have not either: they are asked by the next run
    /// that has news. An alarm is always an event as well, and never one of a client. A log that cannot be read says
    /// nothing, so that they are asked too.
    pub fn read_lists_beside(
        &self,
        now: DateTime<Utc>,
        (log, recent): (Outcome, &Recent),
        console: &mut Console<'_>,
        take: &mut Taking<'_>,
        gathered: &mut Gathered,
    ) -> anyhow::Result<()> {
        let read_to = |kind| self.log(kind, now).position.proved_until;
        let is_behind = |kind, newest| read_to(kind).is_none_or(|until| newest > until);
        let has_news = recent
            .newest()
            .is_some_and(|newest| is_behind(SourceKind::Events, newest + LONGEST_LAG));
        if self.is_upgraded() {
            // Rows from before the upgrade may be in the lists alone, for as long as they answer. That of threats only
            // stood for a log that was not there.
            let is_first = self.log(SourceKind::SystemLog, now).position.watermark.is_none();
            for kind in SourceKind::LEGACY {
                let was_read = self.log(kind, now).position.watermark.is_some();
                if was_read && (is_first || kind != SourceKind::Ips) {
                    self.read_beside(kind, now, log.is_whole(), console, take, gathered)?;
                }
            }
            return Ok(());
        }
        if has_news && self.has_outgrown_lists() {
            for kind in [SourceKind::Events, SourceKind::Alarms] {
                gathered.learned.learn(&self.row.name, kind, Lesson::Silent);
            }
        }
        if self.has_outgrown_lists() || (log.is_whole() && !has_news) {
            return Ok(());
        }
        // What is only just in the log may not be in the lists yet.
        let can_judge = log.is_whole() && recent.oldest().is_some_and(|oldest| oldest < now - JUST_NOW);
        let events = self.read_beside(SourceKind::Events, now, can_judge, console, take, gathered)?;
        if events
            .notable
            .is_some_and(|notable| is_behind(SourceKind::Alarms, notable))
        {
            self.read_beside(SourceKind::Alarms, now, can_judge, console, take, gathered)?;
        }
        Ok(())
    }

    /// This version does not fill its older lists any more: that one is empty says nothing.
    pub fn doubted(&self, read: Read) -> Read {
        if read.coverage.outcome != Outcome::Empty || !self.has_outgrown_lists() {
            return read;
        }
        let why = format!(
            "it is empty, which says nothing: Network {} keeps its events in the system log, which this console did not \
             offer",
            self.sysinfo.version
        );
        Read {
            coverage: verdict::partial(read.coverage, &why, None),
            ..read
        }
    }

    /// The last run found another version.
    fn is_upgraded(&self) -> bool {
        let known = self.wanted.known.unwrap_or_default();
        !known.version.is_empty() && known.version != self.sysinfo.version
    }

    fn has_outgrown_lists(&self) -> bool {
        let major = self.sysinfo.version.split('.').next();
        major
            .and_then(|major| major.parse().ok())
            .is_some_and(|major: u64| major >= WITHOUT_LISTS)
    }

    fn read_beside(
        &self,
        kind: SourceKind,
        now: DateTime<Utc>,
        can_judge: bool,
        console: &mut Console<'_>,
        take: &mut Taking<'_>,
        gathered: &mut Gathered,
    ) -> anyhow::Result<Told> {
        let mut told = Told::default();
        if gathered.learned.of(&self.row.name, kind).is_some() {
            return Ok(told);
        }
        let mut seeing = |slice: Slice| {
            told.hear(&slice);
            take(slice)
        };
        let read = self.refute(lists::read(&self.log(kind, now), console, &mut seeing)?);
        let lesson = match read.coverage.outcome {
            Outcome::Unsupported => Some(Lesson::Absent),
            // Alarms are rare, unless there are so many that the list does not reach to today.
            Outcome::Empty if kind == SourceKind::Alarms => None,
            Outcome::Partial if read.coverage.records == 0 => None,
            Outcome::Empty | Outcome::Partial if !told.anything => Some(Lesson::Silent),
            _ => None,
        };
        match lesson {
            Some(lesson) if can_judge => gathered.learned.learn(&self.row.name, kind, lesson),
            Some(_) => {}
            None => {
                self.learn(&read.coverage, &mut gathered.learned);
                self.enter(gathered, read);
            }
        }
        Ok(told)
    }
}

/// What a list told within the last day.
#[derive(Debug, Default)]
struct Told {
    anything: bool,
    /// The newest of which there may be an alarm.
    notable: Option<DateTime<Utc>>,
}

impl Told {
    fn hear(&mut self, slice: &Slice) {
        self.anything |= !slice.rows.is_empty();
        let of_clients = ["EVT_WU_", "EVT_WG_", "EVT_WC_", "EVT_LU_", "EVT_LG_", "EVT_LC_"];
        let is_of_client = |key: &str| of_clients.iter().any(|prefix| key.starts_with(prefix));
        let notable = slice.rows.iter().filter(|row| !is_of_client(&row.key));
        self.notable = notable.map(|row| row.time).chain(self.notable).max();
    }
}

/// How much earlier a list ends than the log. One that is read later also ends earlier: what it echoes was heard before,
/// whatever lies between two runs.
pub fn lag(kind: SourceKind) -> TimeDelta {
    TimeDelta::seconds(match kind {
        SourceKind::Events => 10,
        SourceKind::Alarms => 20,
        SourceKind::Ips => 30,
        _ => 0,
    })
}
