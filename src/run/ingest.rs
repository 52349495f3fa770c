//! Takes proved slices one by one: drops what was counted before, folds and archives the rest, remembers ids.
//! Nothing here holds more than one slice's rows.

use std::collections::BTreeMap;
use std::io::Write as _;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::analyse::echoes::{self, Echoes, Voice};
use crate::analyse::{CountedAs, Fates, digest};
use crate::collect::{Again, Slice};
use crate::model::coverage::{Outcome, SourceCoverage};
use crate::model::digest::Digest;
use crate::model::position::Position;
use crate::model::source::{SiteName, SourceId, SourceKind};
use crate::run::beginnings::Beginning;
use crate::state::seen::Seen;

/// How far a source of a site (by its configured name) had been read when the run began.
pub type BeginningOf<'a> = dyn Fn(&SiteName, &SourceId) -> Beginning + Sync + 'a;

/// Where the rows of each controller wait, by its name; none where they are not archived.
pub type Archives<'a> = BTreeMap<String, Box<dyn std::io::Write + 'a>>;

/// What the slices of a run have come to. Each controller has a digest and an archive of its own, so that it does not
/// matter whose slice came first. Of each site there are the sums alone: a group says itself where it belongs.
pub struct Ingest<'a> {
    seen: &'a mut Seen,
    before: &'a BeginningOf<'a>,
    archives: Archives<'a>,
    digests: BTreeMap<String, Digest>,
    echoes: BTreeMap<String, Echoes>,
    sites: BTreeMap<String, Digest>,
    sources: BTreeMap<SourceId, Taken>,
}

/// All that was counted.
pub struct Counted {
    pub digest: Digest,
    /// The sums of each site, by its name.
    pub sites: BTreeMap<String, Digest>,
    pub sources: BTreeMap<SourceId, Taken>,
}

/// What was taken from one source.
#[derive(Clone, Debug)]
pub struct Taken {
    pub site: SiteName,
    /// How far it had been read when the run began.
    before: Position,
    /// How far the older list of its site had been read that lies farthest behind: what it may tell yet was told by others.
    border: DateTime<Utc>,
    /// How far it is read after the newest slice taken.
    pub position: Position,
    pub events: u64,
    pub late: u64,
    pub duplicates: u64,
    /// Rows counted although their ids may have been counted before: the ids were lost.
    pub may_repeat: u64,
}

/// A row as it waits in the attempt's archive until the analysis says what became of its group.
#[derive(Serialize, Deserialize)]
struct Waiting {
    id: String,
    source: String,
    time: DateTime<Utc>,
    key: String,
    group: String,
}

impl Waiting {
    fn write(&self, archive: &mut impl std::io::Write) -> anyhow::Result<()> {
        let mut line = serde_json::to_vec(self).context("writing the event archive")?;
        line.push(b'\n');
        archive.write_all(&line).context("writing the event archive")
    }
}

/// A row of `events-NNNNNN.jsonl`.
#[derive(Serialize)]
struct Archived<'a> {
    id: &'a str,
    source: &'a str,
    time: String,
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    counted_as: Option<&'static str>,
}

impl<'a> Ingest<'a> {
    pub fn new(seen: &'a mut Seen, before: &'a BeginningOf<'a>, archives: Archives<'a>) -> Self {
        Self {
            seen,
            before,
            archives,
            digests: BTreeMap::new(),
            echoes: BTreeMap::new(),
            sites: BTreeMap::new(),
            sources: BTreeMap::new(),
        }
    }

    /// Counts a slice's new rows and moves its source's position with them. An error leaves the run
    /// unusable: it must not be committed.
    pub fn take(&mut self, slice: &Slice) -> anyhow::Result<()> {
        if !self.sources.contains_key(&slice.source) {
            let Beginning { position, heir_of } = (self.before)(&slice.site, &slice.source);
            if let Some(before) = heir_of {
                self.seen.rename_family(&before.family(), &slice.source.family());
            }
            let lists = SourceKind::LEGACY.into_iter();
            let behind = lists.filter_map(|kind| {
                let list = SourceId {
                    kind,
                    ..slice.source.clone()
                };
                (self.before)(&slice.site, &list).position.watermark
            });
            let border = behind.chain(position.watermark).min().unwrap_or_default();
            let taken = Taken {
                border,
                site: slice.site.clone(),
                position: position.clone(),
                before: position,
                events: 0,
                late: 0,
                duplicates: slice.duplicates,
                may_repeat: 0,
            };
            self.sources.insert(slice.source.clone(), taken);
        }
        let Some(taken) = self.sources.get_mut(&slice.source) else {
            return Ok(());
        };
        let family = slice.source.family();
        let echoes = self.echoes.entry(slice.site.controller.clone()).or_default();
        let mut archive = self.archives.get_mut(&slice.site.controller);
        let mut folded = Digest::default();
        let mut routine = digest::Routine::default();
        for (number, event) in slice.rows.iter().enumerate() {
            let is_late = |time| taken.before.watermark.is_some_and(|watermark| time < watermark);
            let late = is_late(event.time);
            if slice.source.kind.has_ids() {
                let ids_are_known = !late || self.seen.is_complete(&family, hour_of(event.time));
                let is_new = self.seen.insert(&family, &event.id, event.time);
                let counted =
                    !is_new || (!ids_are_known && !slice.changed_hours.contains(&hour_of(event.time)));
                if counted {
                    taken.duplicates += 1;
                    // Another list may tell of it on the other side of the border.
                    if let Some(voice) = Voice::of(slice.source.kind, &event.key)
                        && (taken.border - event.time).num_seconds() <= echoes::BORDER
                        && let Some(group) = digest::told_of(&slice.site, event)
                    {
                        echoes.hear(voice, &group, event.time);
                    }
                    continue;
                }
                taken.may_repeat += u64::from(late && !ids_are_known);
            }
            let again = slice.again.get(number).map_or(&[][..], Vec::as_slice);
            let late_again = again
                .iter()
                .map(|again| u64::from(is_late(again.time)))
                .sum::<u64>();
            taken.late += u64::from(late) + late_again;
            taken.events += 1 + u64::try_from(again.len()).unwrap_or(u64::MAX);
            let times = again.iter().map(|again| again.time);
            let counted = again.is_empty().then(|| routine.take(event)).flatten();
            let filed = counted.unwrap_or_else(|| {
                digest::fold_alike(&mut folded, &slice.site, event, times, |group| {
                    let voice = Voice::of(slice.source.kind, &event.key);
                    voice.is_some_and(|voice| echoes.hear(voice, group, event.time))
                })
            });
            if let Some(archive) = &mut archive {
                let mut waiting = Waiting {
                    id: event.id.clone(),
                    source: format!("{}/{}", slice.site, slice.source.kind),
                    time: event.time,
                    key: event.key.clone(),
                    group: filed.group,
                };
                waiting.write(archive)?;
                let file = event.id.rsplit_once(':').map_or("", |(file, _)| file);
                for Again { time, at } in again {
                    waiting.id = format!("{file}:{at}");
                    waiting.time = *time;
                    waiting.write(archive)?;
                }
            }
        }
        routine.count_into(&mut folded);
        taken.position = slice.position_after.clone();
        let site = self.sites.entry(slice.site.to_string()).or_default();
        digest::merge(site, folded.sums());
        let digest = self.digests.entry(slice.site.controller.clone()).or_default();
        digest::merge(digest, folded);
        Ok(())
    }

    /// Flushes the archives and gives back what was counted, all controllers together.
    pub fn finish(mut self) -> anyhow::Result<Counted> {
        for archive in self.archives.values_mut() {
            archive.flush().context("writing the event archive")?;
        }
        let mut digest = Digest::default();
        for of_controller in self.digests.into_values() {
            digest::merge(&mut digest, of_controller);
        }
        Ok(Counted {
            digest,
            sites: self.sites,
            sources: self.sources,
        })
    }
}

/// Enters what was counted into the sources' coverage.
pub fn complete_coverage(coverage: &mut [SourceCoverage], sources: &BTreeMap<SourceId, Taken>) {
    for line in coverage {
        if let Some(taken) = sources.get(&line.id) {
            line.events = taken.events;
            line.late = taken.late;
            line.duplicates = taken.duplicates;
            // Nothing new lay in the window, but something late was found before it.
            if line.outcome == Outcome::Empty && taken.events > 0 {
                line.outcome = Outcome::Complete;
            }
        }
    }
}

/// The final archive from the waiting one: each row with its finding, or what it was counted as.
pub fn settle_archive(
    waiting: impl std::io::BufRead,
    fates: &Fates,
    archive: &mut impl std::io::Write,
) -> anyhow::Result<()> {
    for line in waiting.lines() {
        let line = line.context("reading the attempt's event archive")?;
        let row: Waiting = serde_json::from_str(&line).context("reading the attempt's event archive")?;
        let fate = fates.of(&row.group);
        let (finding, counted_as) = match &fate {
            CountedAs::Finding(fingerprint) => (Some(fingerprint.as_str()), None),
            CountedAs::Routine => (None, Some("routine")),
            CountedAs::Muted => (None, Some("muted")),
        };
        let archived = Archived {
            id: &row.id,
            source: &row.source,
            time: row.time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
            key: &row.key,
            finding,
            counted_as,
        };
        let mut bytes = serde_json::to_vec(&archived).context("writing the event archive")?;
        bytes.push(b'\n');
        archive.write_all(&bytes).context("writing the event archive")?;
    }
    Ok(())
}

fn hour_of(time: DateTime<Utc>) -> i64 {
    time.timestamp().div_euclid(3600)
}
