//! Where the reading of a source begins or goes on. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use crate::collect::Gathered;
use crate::model::coverage::{Outcome, SourceCoverage};
use crate::model::learned::Lesson;
use crate::model::position::Position;
use crate::model::source::{SiteName, SourceId, SourceKind};
use crate::run::gather::Harvest;
use crate::state::schema::{Checkpoint, KnownController, SourceState};

/// What a source is stored under while its console has told no uuid begins with this.
const STAND_IN: &str = "site-";

/// How far behind the log's watermark a class of it begins.
const OVERLAP: TimeDelta = TimeDelta::hours(24);

/// How far a source had been read when the run began.
#[derive(Clone, Debug)]
pub struct Beginning {
    pub position: Position,
    /// What it was stored under while its console told no uuid: its ids go over with it.
    pub heir_of: Option<SourceId>,
}

/// From its own entry; else from that of the console before its uuid was known, or before it was adopted; else
/// from the start that the first attempt which wanted it committed.
pub fn beginning(checkpoint: &Checkpoint, site: &SiteName, id: &SourceId, start: DateTime<Utc>) -> Beginning {
    let whole = |position, heir_of| Beginning { position, heir_of };
    let known = checkpoint.source(id);
    if let Some(upgraded) = after_lists(checkpoint, site, id)
        && known.is_none_or(|source| source.position.watermark.is_none())
    {
        return whole(Position::unread(upgraded), None);
    }
    if let Some(source) = known {
        return whole(source.position.clone(), None);
    }
    if let Some(log) = log_of(checkpoint, id) {
        return whole(Position::unread(log - OVERLAP), None);
    }
    if let Some(log) = checkpoint.source(&of_log(id)).filter(|_| id.kind.is_legacy()) {
        // A list beside it that was not asked yet.
        return whole(Position::unread(log.position.start), None);
    }
    match predecessor(checkpoint, site, id) {
        Some(source) if source.id.controller.starts_with(STAND_IN) => {
            whole(source.position.clone(), Some(source.id.clone()))
        }
        // Another console took over: its rows have ids of their own, and only what is new is of interest.
        Some(source) => whole(
            Position::unread(source.position.watermark.unwrap_or(source.position.start)),
            None,
        ),
        None => whole(Position::unread(first_start(checkpoint, site, start)), None),
    }
}

/// A console that was upgraded has a system log now: it begins, with its classes, where its older lists were read to.
pub fn after_lists(checkpoint: &Checkpoint, site: &SiteName, id: &SourceId) -> Option<DateTime<Utc>> {
    let lists = checkpoint.sources.iter().filter(|source| {
        let same_site = (&source.id.controller, &source.id.site) == (&id.controller, &id.site);
        same_site && source.id.kind.is_legacy()
    });
    let has_log = checkpoint
        .source(&of_log(id))
        .is_some_and(|log| log.position.watermark.is_some());
    // Beside a log that is there, but was never read, they do not stand for it.
    let stood_for_it = checkpoint.controllers.get(&site.controller).is_none_or(|known| {
        let lesson = known.learned.once(&site.site, SourceKind::SystemLog);
        known.version.is_empty() || lesson == Some(Lesson::Absent)
    });
    // A list that is empty was read to its end all the same; one that was cut off proves nothing.
    let read_to = lists.filter_map(|list| list.position.proved_until).min();
    let is_of_log = id.kind == SourceKind::SystemLog || id.kind.is_log_class();
    read_to.filter(|_| is_of_log && !has_log && stood_for_it)
}

/// How far the log has been read of which this source is a class that was not read before. Some of its rows may have
/// been counted there: their ids are known for the overlap.
fn log_of(checkpoint: &Checkpoint, id: &SourceId) -> Option<DateTime<Utc>> {
    let log = checkpoint
        .source(&of_log(id))
        .filter(|_| id.kind.is_log_class())?;
    log.position.watermark
}

/// The log of the same site.
fn of_log(id: &SourceId) -> SourceId {
    SourceId {
        kind: SourceKind::SystemLog,
        ..id.clone()
    }
}

/// The entry that this source continues under another controller's uuid.
fn predecessor<'a>(checkpoint: &'a Checkpoint, site: &SiteName, id: &SourceId) -> Option<&'a SourceState> {
    let name = format!("{site}/{}", id.kind);
    let adopted_from = checkpoint
        .controllers
        .get(&site.controller)
        .and_then(|known| known.uuid.as_ref());
    checkpoint
        .sources
        .iter()
        .filter(|source| source.id.kind == id.kind && source.id != *id)
        .find(|source| {
            let same_site = source.id.site == id.site && source.id.controller.starts_with(STAND_IN);
            same_site || (source.name == name && adopted_from == Some(&source.id.controller))
        })
}

/// The start that the first attempt which wanted this site committed, however often it failed since.
fn first_start(checkpoint: &Checkpoint, site: &SiteName, start: DateTime<Utc>) -> DateTime<Utc> {
    let Some(known) = checkpoint.controllers.get(&site.controller) else {
        return start;
    };
    let of_site = known.starts.get(&site.site).copied();
    let is_unread = !checkpoint
        .sources
        .iter()
        .any(|source| known.uuid.as_ref() == Some(&source.id.controller));
    let of_controller = is_unread.then_some(known.start);
    [of_site, of_controller]
        .into_iter()
        .flatten()
        .fold(start, DateTime::min)
}

/// What every attempt leaves behind, also one that collected nothing: who was reached, when not to try again,
/// and where the reading of a new source begins.
pub fn acquaintances(next: &mut Checkpoint, harvest: &Harvest, start: DateTime<Utc>) {
    let of_files = harvest
        .coverage
        .iter()
        .filter(|line| line.id.kind == SourceKind::Lines);
    for line in of_files {
        let site = SiteName {
            controller: line.id.controller.clone(),
            site: line.id.site.clone(),
        };
        let beginning = beginning(next, &site, &line.id, start);
        place(next, &site, &line.id, &beginning.position);
    }
    for (name, gathered) in &harvest.by_controller {
        let lines = || gathered.coverage.iter().filter(|line| line.id.kind.has_events());
        if gathered.failure.is_none() {
            forget(next, gathered);
            for line in lines().filter(|line| !is_closed(line)) {
                let site = SiteName {
                    controller: name.clone(),
                    site: site_in(&line.name).to_owned(),
                };
                let beginning = beginning(next, &site, &line.id, start);
                place(next, &site, &line.id, &beginning.position);
            }
        }
        let unread: Vec<String> = lines()
            .filter(|line| next.source(&line.id).is_none())
            .map(|line| site_in(&line.name).to_owned())
            .collect();
        let known = next
            .controllers
            .entry(name.clone())
            .or_insert_with(|| KnownController::new(name, start));
        for site in unread {
            known.starts.entry(site).or_insert(start);
        }
        known.not_before = gathered.not_before;
        // One that turned out to be another console is not read, and does not take the known one's place.
        if gathered.uuid.is_some() && gathered.failure.is_none() {
            known.uuid.clone_from(&gathered.uuid);
        }
        if gathered.failure.is_none() {
            known.labels.clone_from(&gathered.labels);
        }
        if !gathered.version.is_empty() {
            known.version.clone_from(&gathered.version);
            known.learned.clone_from(&gathered.learned);
            known.flavour = Some(gathered.flavour.clone());
        }
    }
}

/// A class of the log that cannot be read has no position: it would keep the ids of all others waiting.
fn is_closed(line: &SourceCoverage) -> bool {
    line.id.kind.is_log_class() && matches!(line.outcome, Outcome::Unsupported | Outcome::Denied)
}

/// Drops the positions of what is read no more: classes of the log that are closed or that the log itself holds. Those of
/// older lists stay, for a console that is set back to the version that filled them.
fn forget(next: &mut Checkpoint, gathered: &Gathered) {
    let controller = gathered.coverage.first().map(|line| &line.id.controller);
    next.sources.retain(|source| {
        let id = &source.id;
        let is_closed = gathered
            .coverage
            .iter()
            .any(|line| line.id == *id && is_closed(line));
        let lesson = gathered.learned.of(site_in(&source.name), id.kind);
        let is_in_log = controller == Some(&id.controller) && lesson == Some(Lesson::InLog);
        !is_closed && !is_in_log
    });
}

/// Stores a source's position, in the place of what it continues.
pub fn place(next: &mut Checkpoint, site: &SiteName, id: &SourceId, position: &Position) {
    if next.source(id).is_none()
        && let Some(before) = predecessor(next, site, id).map(|source| source.id.clone())
    {
        next.sources.retain(|source| source.id != before);
    }
    let fresh = || SourceState {
        id: id.clone(),
        name: String::new(),
        epoch: 0,
        position: position.clone(),
    };
    if let Some(source) = next.source_mut(id, fresh) {
        source.name = format!("{site}/{}", id.kind);
        source.position = position.clone();
    }
}

/// The site's short name in `home/default/system-log`.
fn site_in(name: &str) -> &str {
    name.split('/').nth(1).unwrap_or_default()
}
