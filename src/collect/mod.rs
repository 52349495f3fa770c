//! The UniFi world, until it is ours: one controller after the other, one login each, all wanted sources, every
//! source to its own verdict. Nothing here writes; slices are given to whoever takes them.

pub mod ask;
pub mod beside;
pub mod capture;
pub mod console;
pub mod demo;
pub mod devices;
pub mod files;
pub mod flows;
pub mod follow;
pub mod gateway;
pub mod lines;
pub mod lists;
pub mod paged;
pub mod probe;
pub mod recent;
pub mod recognised;
pub mod session;
pub mod site;
pub mod slice;
pub mod system_log;
pub mod verdict;
pub mod walk;
pub mod windows;
pub mod wire;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use crate::collect::console::{Console, Question};
use crate::collect::gateway::Gateway;
use crate::collect::session::Session;
use crate::collect::session::answers::NoRows;
use crate::collect::site::Site;
use crate::collect::wire::SiteRow;
use crate::config::Controller;
use crate::model::coverage::SourceCoverage;
use crate::model::device::SiteSnapshot;
use crate::model::event::Event;
use crate::model::failure::Failure;
use crate::model::learned::Learned;
use crate::model::position::Position;
use crate::model::source::{SiteName, SourceId};
use crate::model::warning::Warning;
use crate::model::window::Window;
use crate::net::stop::Stop;

/// No login limit lasts longer.
const LONGEST_LIMIT: TimeDelta = TimeDelta::hours(24);

/// What is wanted of one controller.
pub struct Wanted<'a> {
    pub controller: &'a Controller,
    /// `--site`: names, labels or `controller/name`.
    pub sites_filter: Option<&'a [String]>,
    /// `--adopt` names this controller: another uuid than the known one is taken over.
    pub adopt: bool,
    pub known: Option<Known<'a>>,
    /// How far a source was read; an unread one begins at its `start`.
    pub position: &'a dyn Fn(&SiteName, &SourceId) -> Position,
    /// The host's clock.
    pub now: DateTime<Utc>,
    /// False for the demo, whose clock is its own.
    pub judge_skew: bool,
    /// `--since/--until`: exactly this, without an overlap.
    pub named_window: Option<Window>,
    /// Whether nothing is judged of a row with this key and base event but that it came.
    pub is_enough: fn(&str, &str) -> bool,
}

/// What earlier runs remember of a controller of this name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    pub uuid: Option<&'a str>,
    pub flavour: Option<&'a str>,
    pub not_before: Option<DateTime<Utc>>,
    pub sites: &'a [SiteRow],
    /// The version it had, and what that one was found not to offer.
    pub version: &'a str,
    pub learned: Option<&'a Learned>,
}

/// A proved part of a source's window.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    pub source: SourceId,
    pub site: SiteName,
    pub window: Window,
    /// Ascending by time, distinct, inside the window.
    pub rows: Vec<Event>,
    /// Of lines, which have no ids: when else each of the rows was said, word for word. Empty for all other sources.
    pub again: Vec<Vec<Again>>,
    /// Rows that came for it, those that could not be read included.
    pub received: u64,
    pub malformed: u64,
    /// Rows dropped because the same reading had brought them before.
    pub duplicates: u64,
    /// Its rows lie before the watermark: most of them were counted by earlier runs.
    pub overlap: bool,
    /// Of the overlap: the hours (since the epoch) that may hold rows nobody counted. Where seen ids are missing, the
    /// others hold nothing new.
    pub changed_hours: BTreeSet<i64>,
    /// What taking this slice commits with it.
    pub position_after: Position,
}

/// A line that says word for word what a row of its slice says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Again {
    pub time: DateTime<Utc>,
    /// Where it begins in its file.
    pub at: u64,
}

/// Whoever takes slices.
pub type Taking<'a> = dyn FnMut(Slice) -> anyhow::Result<()> + 'a;

/// What came of one controller. Coverage has a line for every wanted source, whatever happened.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// `None`: the console has not told it.
    pub uuid: Option<String>,
    pub version: String,
    pub flavour: String,
    pub timezone: Option<String>,
    pub snapshots: Vec<SiteSnapshot>,
    pub coverage: Vec<SourceCoverage>,
    /// The controller as a whole could not be read.
    pub failure: Option<Failure>,
    /// The console wants no login before.
    pub not_before: Option<DateTime<Utc>>,
    /// What this version of the console does not offer.
    pub learned: Learned,
    /// It has the version that the last run found.
    pub is_same_version: bool,
    /// Sites this account sees and the configuration wants, which `--site` left out.
    pub not_asked: Vec<SiteName>,
    /// What people call its sites, by short name.
    pub labels: BTreeMap<String, String>,
    pub warnings: Vec<Warning>,
    pub requests: u64,
}

/// Reads one controller. `Err` only if `take` fails; everything else is in [`Gathered`].
pub fn controller(wanted: &Wanted<'_>, stop: &Stop, take: &mut Taking<'_>) -> anyhow::Result<Gathered> {
    let mut gathered = read(wanted, stop, take)?;
    let reasons = gathered
        .coverage
        .iter_mut()
        .filter_map(|line| line.reason.as_mut());
    let failure = gathered.failure.as_mut().map(|failure| &mut failure.message);
    for text in reasons.chain(failure) {
        *text = wanted.controller.keys.spelt(text);
    }
    Ok(gathered)
}

fn read(wanted: &Wanted<'_>, stop: &Stop, take: &mut Taking<'_>) -> anyhow::Result<Gathered> {
    let known = wanted.known.unwrap_or_default();
    if let Some(not_before) = known.not_before.filter(|not_before| {
        // One further off than any limit lasts was set by a clock that has since been put right.
        *not_before > wanted.now && *not_before - wanted.now <= LONGEST_LIMIT
    }) {
        let mut gathered = failed(wanted, &probe::too_early(&wanted.controller.name, not_before));
        gathered.not_before = Some(not_before);
        return Ok(gathered);
    }
    let session = match Session::open(wanted.controller, stop.clone(), known.flavour) {
        Ok(session) => RefCell::new(session),
        Err(unopened) => {
            let mut gathered = failed(wanted, &unopened.failure);
            let wait = unopened
                .not_before
                .and_then(|wait| TimeDelta::from_std(wait).ok());
            gathered.not_before = wait.and_then(|wait| wanted.now.checked_add_signed(wait));
            return Ok(gathered);
        }
    };
    let mut answer = |question: &Question<'_>| {
        let mut session = session.borrow_mut();
        let answer = match question.body {
            Some(body) => session.post(question.path, body),
            None => session.get(question.path),
        };
        session.expect_json(answer.map_err(NoRows::Failed)?, question.what, question.body)
    };
    let clock = || session.borrow().console_now();
    let mut gateway = Gateway::new(wanted.controller, stop);
    let gathered = gather(wanted, &mut Console::new(&mut answer), &mut gateway, &clock, take);
    session.borrow_mut().close();
    let mut gathered = gathered?;
    session.borrow().flavour().clone_into(&mut gathered.flavour);
    gathered.requests = session.borrow().requests();
    Ok(gathered)
}

/// Everything that is asked in a session.
fn gather(
    wanted: &Wanted<'_>,
    console: &mut Console<'_>,
    gateway: &mut Gateway<'_>,
    clock: &dyn Fn() -> Option<DateTime<Utc>>,
    take: &mut Taking<'_>,
) -> anyhow::Result<Gathered> {
    let identity = match probe::identify(wanted, console) {
        Ok(identity) => identity,
        Err(failure) => return Ok(failed(wanted, &failure)),
    };
    let mut gathered = Gathered {
        uuid: identity.uuid.clone(),
        version: identity.first.version.clone(),
        timezone: identity.first.timezone.clone(),
        not_asked: identity
            .not_asked
            .iter()
            .map(|site| site_name(wanted, &site.name))
            .collect(),
        labels: labels(identity.sites.iter().chain(&identity.not_asked)),
        ..Gathered::default()
    };
    if let Some(text) = probe::clock_warning(wanted, clock()) {
        let sites = identity.sites.iter().map(|site| site_name(wanted, &site.name));
        gathered.warnings.push(Warning {
            text,
            sites: sites.collect(),
        });
    }
    let known = wanted.known.unwrap_or_default();
    // Only what a version is known by can be remembered of it.
    if !gathered.version.is_empty() && gathered.version == known.version {
        gathered.learned = known.learned.cloned().unwrap_or_default();
        gathered.is_same_version = true;
    }
    gathered.learned = gathered.learned.at(clock().unwrap_or(wanted.now));
    for (index, row) in identity.sites.iter().enumerate() {
        let name = site_name(wanted, &row.name);
        let sysinfo = if index == 0 {
            Ok(identity.first.clone())
        } else {
            probe::sysinfo(&row.name, console)
        };
        let sysinfo = match sysinfo {
            Ok(sysinfo) => sysinfo,
            Err(NoRows::Failed(failure)) => {
                let id = |kind| identity.source(row, kind);
                gathered
                    .coverage
                    .extend(probe::unread_lines(&id, &name, &failure));
                continue;
            }
            Err(_) => wire::Sysinfo::default(),
        };
        let site = Site {
            wanted,
            identity: &identity,
            row,
            name,
            sysinfo,
            clock,
        };
        site.read(console, gateway, take, &mut gathered)?;
    }
    if gathered.version.is_empty() {
        gathered.learned = Learned::default();
    }
    Ok(gathered)
}

/// A controller that could not be read at all still has a line for every source wanted of it.
fn failed(wanted: &Wanted<'_>, failure: &Failure) -> Gathered {
    let known = wanted.known.unwrap_or_default();
    let controller = known.uuid.unwrap_or(&wanted.controller.name);
    let lines = probe::expected_sites(wanted).into_iter().flat_map(|site| {
        let id = |kind| SourceId {
            controller: controller.to_owned(),
            site: site.id.clone(),
            kind,
        };
        probe::unread_lines(&id, &site_name(wanted, &site.name), failure)
    });
    Gathered {
        coverage: lines.collect(),
        labels: labels(known.sites.iter()),
        failure: Some(failure.clone()),
        ..Gathered::default()
    }
}

fn labels<'a>(sites: impl Iterator<Item = &'a SiteRow>) -> BTreeMap<String, String> {
    let labelled = sites.filter(|site| !site.label.is_empty());
    labelled
        .map(|site| (site.name.clone(), site.label.clone()))
        .collect()
}

fn site_name(wanted: &Wanted<'_>, site: &str) -> SiteName {
    SiteName {
        controller: wanted.controller.name.clone(),
        site: site.to_owned(),
    }
}
