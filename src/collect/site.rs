//! One site of a console: every source that is wanted of it, each to its own verdict. Events before pictures, because
//! events get lost and pictures do not. What this version was found not to offer is not asked for again.

use std::cell::RefCell;

use chrono::{DateTime, Utc};

use crate::collect::ask::Ask;
use crate::collect::beside::lag;
use crate::collect::console::Console;
use crate::collect::flows::Flows;
use crate::collect::gateway::Gateway;
use crate::collect::probe::{self, Identity};
use crate::collect::recent::Recent;
use crate::collect::session::answers::NoRows;
use crate::collect::system_log::{Log, Read};
use crate::collect::wire::page::Page;
use crate::collect::wire::{SiteRow, Sysinfo};
use crate::collect::{Gathered, Slice, Taking, Wanted, devices, lists, system_log, verdict};
use crate::model::coverage::{Outcome, SourceCoverage};
use crate::model::failure::{Failure, FailureKind};
use crate::model::learned::{Learned, Lesson};
use crate::model::source::{SiteName, SourceId, SourceKind};
use crate::model::warning::Warning;

pub struct Site<'a> {
    pub wanted: &'a Wanted<'a>,
    pub identity: &'a Identity,
    pub row: &'a SiteRow,
    pub name: SiteName,
    pub sysinfo: Sysinfo,
    /// The console's clock, as far as it tells it.
    pub clock: &'a dyn Fn() -> Option<DateTime<Utc>>,
}

impl Site<'_> {
    /// Reads all of it into `gathered`. `Err` only if `take` fails.
    pub fn read(
        &self,
        console: &mut Console<'_>,
        gateway: &mut Gateway<'_>,
        take: &mut Taking<'_>,
        gathered: &mut Gathered,
    ) -> anyhow::Result<()> {
        // One moment for all sources of the site, so that their windows end together.
        let now = self.now();
        gathered.warnings.extend(self.ahead_of(now));
        let (log, recent) = self.read_log(now, console, gateway, take, gathered)?;
        if log == Outcome::Unsupported {
            for kind in SourceKind::LEGACY {
                let read = self.refute(lists::read(&self.log(kind, now), console, take)?);
                self.enter(gathered, self.doubted(read));
            }
        } else {
            self.read_audit(now, &recent, log, console, take, gathered)?;
            let activity = self.paced(SourceKind::AdminActivity, now, &recent);
            let read = if let Some(read) = self.known_absent(&activity, &gathered.learned) {
                read
            } else {
                let mut ask = |question: &Ask| self.ask(SourceKind::AdminActivity, question, console);
                system_log::read(&activity, &mut ask, take)?
            };
            self.learn(&read.coverage, &mut gathered.learned);
            self.enter(gathered, read);
            self.read_lists_beside(now, (log, &recent), console, take, gathered)?;
        }
        self.read_anomalies(now, console, take, gathered)?;
        let id = |kind| self.id(kind);
        let (snapshot, lines) = devices::snapshot(&self.name, id, &self.sysinfo.version, self.now(), console);
        gathered.snapshots.push(snapshot);
        gathered.coverage.extend(lines);
        Ok(())
    }

    /// The log, its threat rows with what was recognised in them. How that ended, and its newest rows.
    fn read_log(
        &self,
        now: DateTime<Utc>,
        console: &mut Console<'_>,
        gateway: &mut Gateway<'_>,
        take: &mut Taking<'_>,
        gathered: &mut Gathered,
    ) -> anyhow::Result<(Outcome, Recent)> {
        let mut recent = Recent::default();
        let log = self.log(SourceKind::SystemLog, now);
        let absent = |kind| self.absent(kind, &gathered.learned);
        let mut flows = Flows::new(
            self.id(SourceKind::TrafficFlows),
            self.name.clone(),
            now,
            absent(SourceKind::TrafficFlows),
            absent(SourceKind::Ips),
        );
        let read = if let Some(read) = self.known_absent(&log, &gathered.learned) {
            read
        } else {
            // Slices are taken between the questions for rows, never during one.
            let console = RefCell::new(&mut *console);
            let mut ask =
                |question: &Ask| self.ask(SourceKind::SystemLog, question, &mut console.borrow_mut());
            let mut seeing = |mut slice: Slice| {
                recent.see(&slice);
                flows.enrich(&mut slice, &mut console.borrow_mut());
                gateway.enrich(&mut slice);
                take(slice)
            };
            system_log::read(&log, &mut ask, &mut seeing)?
        };
        let outcome = read.coverage.outcome;
        self.learn(&read.coverage, &mut gathered.learned);
        self.enter(gathered, read);
        // The log has answered, so the console is ready.
        for (kind, is_absent) in [
            (SourceKind::TrafficFlows, flows.is_absent()),
            (SourceKind::Ips, flows.is_without_alerts()),
        ] {
            if is_absent {
                gathered.learned.learn(&self.row.name, kind, Lesson::Absent);
            }
        }
        if let Some(line) = flows.verdict() {
            gathered.coverage.push(line);
        }
        let told = gateway.verdict(&self.id(SourceKind::GatewayLog), &self.name);
        gathered.coverage.extend(told);
        Ok((outcome, recent))
    }

    /// What the console keeps apart as audit, until it has shown that the log holds it as well.
    fn read_audit(
        &self,
        now: DateTime<Utc>,
        recent: &Recent,
        log: Outcome,
        console: &mut Console<'_>,
        take: &mut Taking<'_>,
        gathered: &mut Gathered,
    ) -> anyhow::Result<()> {
        let audit = self.paced(SourceKind::Audit, now, recent);
        if gathered.learned.of(&self.row.name, SourceKind::Audit) == Some(Lesson::InLog) {
            return Ok(());
        }
        // Of a log that could not be read, nothing says what it holds.
        let mut is_first = log.is_whole();
        let mut is_in_log = false;
        let mut ask = |question: &Ask| {
            let page = self.ask(SourceKind::Audit, question, console)?;
            is_in_log = std::mem::take(&mut is_first) && recent.holds(&page.rows);
            if is_in_log {
                return Err(NoRows::Absent("the system log holds it".to_owned()));
            }
            Ok(page)
        };
        let read = match self.known_absent(&audit, &gathered.learned) {
            Some(read) => read,
            None => system_log::read(&audit, &mut ask, take)?,
        };
        if is_in_log {
            gathered
                .learned
                .learn(&self.row.name, SourceKind::Audit, Lesson::InLog);
            return Ok(());
        }
        self.learn(&read.coverage, &mut gathered.learned);
        self.enter(gathered, read);
        Ok(())
    }

    fn read_anomalies(
        &self,
        now: DateTime<Utc>,
        console: &mut Console<'_>,
        take: &mut Taking<'_>,
        gathered: &mut Gathered,
    ) -> anyhow::Result<()> {
        let log = self.log(SourceKind::Anomalies, now);
        let mut read = match self.known_absent(&log, &gathered.learned) {
            Some(read) => read,
            None => lists::read(&log, console, take)?,
        };
        read = self.refute(read);
        read.coverage = self.believed(read.coverage, &gathered.learned, console);
        self.learn(&read.coverage, &mut gathered.learned);
        self.enter(gathered, read);
        Ok(())
    }

    /// That something is not offered is believed of a console that is ready, and asked only once.
    fn believed(&self, line: SourceCoverage, learned: &Learned, console: &mut Console<'_>) -> SourceCoverage {
        let is_known = learned.of(&self.row.name, line.id.kind).is_some();
        if line.outcome != Outcome::Unsupported || is_known {
            return line;
        }
        let why = line.reason.clone().unwrap_or_default();
        let no_rows = probe::believed_absent(&self.row.name, line.id.kind, &why, console);
        verdict::refused(line, &no_rows)
    }

    fn ask(&self, class: SourceKind, question: &Ask, console: &mut Console<'_>) -> Result<Page, NoRows> {
        match console.log_page(&self.row.name, class, question, self.wanted.is_enough) {
            Err(NoRows::Absent(why)) if self.was_read(class) => Err(refuted(&why)),
            Err(NoRows::Absent(why)) => Err(probe::believed_absent(&self.row.name, class, &why, console)),
            page => page,
        }
    }

    /// What this version has offered before is not gone because the console says so once: it may be starting up.
    pub fn refute(&self, read: Read) -> Read {
        let coverage = read.coverage;
        let coverage = if coverage.outcome == Outcome::Unsupported && self.was_read(coverage.id.kind) {
            let why = coverage.reason.clone().unwrap_or_default();
            verdict::refused(coverage, &refuted(&why))
        } else {
            coverage
        };
        Read { coverage, ..read }
    }

    /// This version was read here, and was never found to lack it.
    fn was_read(&self, kind: SourceKind) -> bool {
        let known = self.wanted.known.unwrap_or_default();
        let is_same = !known.version.is_empty() && known.version == self.sysinfo.version;
        let once = known
            .learned
            .and_then(|learned| learned.once(&self.row.name, kind));
        is_same && once.is_none() && self.log(kind, self.now()).position.watermark.is_some()
    }

    /// The verdict on a source that this version of the console was found not to offer.
    fn known_absent(&self, log: &Log, learned: &Learned) -> Option<Read> {
        let why = self.absent(log.id.kind, learned)?;
        let line = verdict::line(&log.id, &self.name);
        Some(Read {
            coverage: verdict::refused(line, &NoRows::Absent(why)),
            warnings: Vec::new(),
        })
    }

    /// Why this is not asked for.
    fn absent(&self, kind: SourceKind, learned: &Learned) -> Option<String> {
        let lesson = learned.of(&self.row.name, kind)?;
        let instead = if kind == SourceKind::SystemLog {
            "; its older lists of events are read instead"
        } else {
            ""
        };
        (lesson == Lesson::Absent).then(|| {
            format!(
                "an earlier run found that this console ({}) does not offer it, and it is asked for again after a day or \
                 when its version changes{instead}",
                self.sysinfo.version
            )
        })
    }

    pub fn learn(&self, line: &SourceCoverage, learned: &mut Learned) {
        let (site, kind) = (&self.row.name, line.id.kind);
        match line.outcome {
            Outcome::Unsupported => learned.learn(site, kind, Lesson::Absent),
            Outcome::Complete | Outcome::Empty => learned.unlearn(site, kind),
            Outcome::Partial | Outcome::Denied | Outcome::Failed => {}
        }
    }

    pub fn log(&self, kind: SourceKind, now: DateTime<Utc>) -> Log {
        let id = self.id(kind);
        Log {
            position: (self.wanted.position)(&self.name, &id),
            id,
            site: self.name.clone(),
            now: now - lag(kind),
            retention_days: self.sysinfo.retention_days,
            judge_skew: self.wanted.judge_skew,
            // Nobody can tell of what has not happened.
            named_window: self.wanted.named_window.map(|window| window.before(now)),
        }
    }

    /// A class that may be silent for weeks: that the log has newer rows shows that the clock is right, so that its
    /// watermark need not wait for rows of its own, nor the ids of the log for its watermark.
    fn paced(&self, kind: SourceKind, now: DateTime<Utc>, recent: &Recent) -> Log {
        let mut log = self.log(kind, now);
        log.position.newest = log.position.newest.max(recent.newest());
        log
    }

    /// What to say of a window that was asked for by hand and ends in the console's future.
    fn ahead_of(&self, now: DateTime<Utc>) -> Option<Warning> {
        let until = self.wanted.named_window?.until();
        (until - now > probe::SKEW).then(|| {
            let text = format!(
                "{}: asked until {}, but the console's clock shows {}: this report ends there",
                self.name,
                verdict::shown(until),
                verdict::shown(now)
            );
            Warning::of(&self.name, text)
        })
    }

    pub fn enter(&self, gathered: &mut Gathered, read: Read) {
        let warnings = read.warnings.into_iter();
        gathered
            .warnings
            .extend(warnings.map(|text| Warning::of(&self.name, text)));
        gathered.coverage.push(read.coverage);
    }

    fn id(&self, kind: SourceKind) -> SourceId {
        self.identity.source(self.row, kind)
    }

    fn now(&self) -> DateTime<Utc> {
        (self.clock)().unwrap_or(self.wanted.now)
    }
}

fn refuted(why: &str) -> NoRows {
    let why = format!("{why}, although this version has offered it before; it may be starting up");
    NoRows::Failed(Failure::new(FailureKind::Unavailable, why))
}
