//! Collects from every controller into one run's books, oldest slice first.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};

use crate::analyse::digest;
use crate::collect::wire::SiteRow;
use crate::collect::{self, Gathered, Known, Slice, Taking, Wanted, follow};
use crate::config::{Config, Controller};
use crate::model::coverage::{Outcome, SourceCoverage};
use crate::model::device::Snapshot;
use crate::model::source::SiteName;
use crate::model::warning::Warning;
use crate::model::window::Window;
use crate::model::zone::Zone;
use crate::net::stop::Stop;
use crate::run::ingest::{BeginningOf, Ingest};
use crate::run::tell;
use crate::state::schema::{Checkpoint, KnownController};

/// What a controller that waits for its turn is left of the time, if there is as much.
const LEFT_TO_OTHERS: Duration = Duration::from_secs(30);

/// What all controllers gave, beside the rows.
#[derive(Default)]
pub struct Harvest {
    pub by_controller: BTreeMap<String, Gathered>,
    pub coverage: Vec<SourceCoverage>,
    pub snapshot: Snapshot,
    pub warnings: Vec<Warning>,
    /// What people call the sites, by name (`home/default`).
    pub labels: BTreeMap<String, String>,
    /// Sites that `--site` left out.
    pub not_asked: Vec<SiteName>,
    /// The first time zone a console told.
    pub timezone: Option<String>,
}

impl Harvest {
    /// At least one source answered, if only in part.
    pub fn has_anything(&self) -> bool {
        self.coverage
            .iter()
            .any(|line| line.outcome.is_whole() || line.outcome == Outcome::Partial)
    }
}

/// What is asked of the controllers.
pub struct Question<'a> {
    pub config: &'a Config,
    pub checkpoint: &'a Checkpoint,
    pub sites: &'a [String],
    pub adopt: &'a [String],
    pub now: DateTime<Utc>,
    pub named_window: Option<Window>,
    pub judge_skew: bool,
    pub stop: &'a Stop,
}

/// Asks all controllers, so many at a time. `Err` only if a slice could not be taken: the run is then void.
pub fn everything(
    question: &Question<'_>,
    position: &BeginningOf<'_>,
    ingest: &mut Ingest<'_>,
) -> anyhow::Result<Harvest> {
    let controllers = &question.config.controllers;
    let mut harvest = Harvest::default();
    for (controller, gathered) in controllers.iter().zip(all(question, position, ingest)?) {
        harvest.coverage.extend(gathered.coverage.iter().cloned());
        harvest.snapshot.sites.extend(gathered.snapshots.iter().cloned());
        harvest.warnings.extend(gathered.warnings.iter().cloned());
        harvest.warnings.extend(gathered.not_asked.iter().map(not_asked));
        let name = &controller.name;
        let labels = gathered.labels.iter();
        harvest
            .labels
            .extend(labels.map(|(site, label)| (format!("{name}/{site}"), label.clone())));
        if harvest.timezone.is_none() {
            harvest.timezone.clone_from(&gathered.timezone);
        }
        if let Some(failure) = &gathered.failure {
            // With one controller the sentence is the run's own error, and told at its end.
            let alone = controllers.len() == 1;
            log::log!(
                if alone { log::Level::Info } else { log::Level::Warn },
                "{}",
                failure.message
            );
        }
        harvest.by_controller.insert(controller.name.clone(), gathered);
    }
    files(question, position, ingest, &mut harvest)?;
    harvest.warnings.extend(harvest.not_asked.iter().map(not_asked));
    let read = |name: &str| {
        harvest
            .by_controller
            .get(name)
            .is_none_or(|gathered| gathered.failure.is_none())
    };
    for line in harvest
        .coverage
        .iter()
        .filter(|line| line.name.split('/').next().is_some_and(read))
    {
        let known = |number| {
            let number = line.outcome.known(number);
            number.map_or_else(|| "unknown".to_owned(), |number| number.to_string())
        };
        let level = match line.outcome {
            Outcome::Partial | Outcome::Failed => log::Level::Warn,
            _ => log::Level::Info,
        };
        log::log!(
            level,
            "{} {} records={} malformed={}{}",
            line.name,
            line.outcome.name(),
            known(line.records),
            known(line.malformed),
            line.reason
                .as_ref()
                .map_or(String::new(), |reason| format!(" reason={reason:?}")),
        );
    }
    Ok(harvest)
}

/// The file sources, one after the other.
fn files(
    question: &Question<'_>,
    position: &BeginningOf<'_>,
    ingest: &mut Ingest<'_>,
    harvest: &mut Harvest,
) -> anyhow::Result<()> {
    let zone = tell::zone(question.config, harvest.timezone.as_deref());
    let zone = Zone::named(&zone).unwrap_or_else(Zone::utc);
    for source in &question.config.file_sources {
        let site = follow::site_of(source);
        let is_asked = |asked: &String| *asked == source.name || *asked == site.to_string();
        if !question.sites.is_empty() && !question.sites.iter().any(is_asked) {
            harvest.not_asked.push(site);
            continue;
        }
        let wanted = follow::Wanted {
            source,
            position: position(&site, &follow::id_of(source)).position,
            zone: source.timezone.as_ref().unwrap_or(&zone),
            now: question.now,
            named_window: question.named_window.map(|window| window.before(question.now)),
            stop: question.stop,
        };
        let followed = follow::read(&wanted, &mut |slice| ingest.take(&slice))?;
        harvest.coverage.push(followed.coverage);
        let warnings = followed.warnings.into_iter();
        harvest
            .warnings
            .extend(warnings.map(|text| Warning::of(&site, text)));
    }
    Ok(())
}

fn not_asked(site: &SiteName) -> Warning {
    Warning::of(site, format!("Not asked for: {site}."))
}

/// What each controller gave, in the order they are configured. Several are asked at once, each by a thread of its
/// own; their slices are taken here, one at a time, and whoever gave one waits until it is taken.
fn all(
    question: &Question<'_>,
    position: &BeginningOf<'_>,
    ingest: &mut Ingest<'_>,
) -> anyhow::Result<Vec<Gathered>> {
    let controllers = &question.config.controllers;
    if let [controller] = controllers.as_slice() {
        let mut take = |slice| ingest.take(&slice);
        let gathered = one(question, controller, position, question.stop, &mut take)?;
        return Ok(vec![gathered]);
    }
    let next = AtomicUsize::new(0);
    let at_once = question.config.max_parallel.max(1);
    let (give, taken) = mpsc::sync_channel::<(usize, Given)>(0);
    let mut all: Vec<Option<Gathered>> = controllers.iter().map(|_| None).collect();
    std::thread::scope(|scope| {
        for _ in controllers.iter().zip(0..at_once) {
            let (give, next) = (give.clone(), &next);
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(controller) = controllers.get(number) else {
                        return;
                    };
                    let give = |given| {
                        let taken = give.send((number, given));
                        taken.map_err(|_| anyhow::anyhow!("the run is void"))
                    };
                    let mut take = |slice| give(Given::Slice(Box::new(slice)));
                    let waiting = controllers.len().saturating_sub(number + 1);
                    let share = share(question.stop.remaining(), waiting, at_once);
                    let stop = question.stop.with_share(share);
                    let gathered = one(question, controller, position, &stop, &mut take);
                    // Where nothing is taken any more, the run has ended with an error of its own.
                    if gathered
                        .and_then(|gathered| give(Given::All(Box::new(gathered))))
                        .is_err()
                    {
                        return;
                    }
                }
            });
        }
        drop(give);
        for (number, given) in taken {
            match given {
                Given::Slice(slice) => ingest.take(&slice)?,
                Given::All(gathered) => {
                    if let Some(place) = all.get_mut(number) {
                        *place = Some(*gathered);
                    }
                }
            }
        }
        Ok::<(), anyhow::Error>(())
    })?;
    all.into_iter()
        .collect::<Option<Vec<_>>>()
        .context("a controller was not asked")
}

/// The time a controller has while so many others wait: all there is, but for what those are left, who go in rounds of
/// `at_once`.
fn share(remaining: Duration, waiting: usize, at_once: u32) -> Duration {
    let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
    let rounds = waiting.div_ceil(at_once.max(1));
    let fair = remaining / rounds.saturating_add(1);
    remaining.saturating_sub(LEFT_TO_OTHERS.min(fair) * rounds)
}

/// What the thread that asks a controller gives.
enum Given {
    Slice(Box<Slice>),
    All(Box<Gathered>),
}

fn one(
    question: &Question<'_>,
    controller: &Controller,
    position: &BeginningOf<'_>,
    stop: &Stop,
    take: &mut Taking<'_>,
) -> anyhow::Result<Gathered> {
    let known = question.checkpoint.controllers.get(&controller.name);
    let sites: Vec<String> = question
        .sites
        .iter()
        .filter_map(|site| site_of(site, &controller.name))
        .collect();
    let known_sites = known.map_or_else(Vec::new, |known| sites_of(question.checkpoint, known));
    let wanted = Wanted {
        controller,
        sites_filter: (!question.sites.is_empty()).then_some(sites.as_slice()),
        adopt: question.adopt.contains(&controller.name),
        known: known.map(|known| Known {
            uuid: known.uuid.as_deref(),
            flavour: known.flavour.as_deref(),
            not_before: known.not_before,
            sites: &known_sites,
            version: &known.version,
            learned: Some(&known.learned),
        }),
        position: &|site, id| position(site, id).position,
        now: question.now,
        judge_skew: question.judge_skew,
        named_window: question.named_window,
        is_enough: digest::is_routine,
    };
    collect::controller(&wanted, stop, take)
}

/// The sites earlier runs read on this controller.
fn sites_of(checkpoint: &Checkpoint, known: &KnownController) -> Vec<SiteRow> {
    let sites: BTreeMap<&str, &str> = checkpoint
        .sources
        .iter()
        .filter(|source| known.uuid.as_ref() == Some(&source.id.controller))
        .filter_map(|source| Some((source.id.site.as_str(), source.name.split('/').nth(1)?)))
        .collect();
    let row = |(id, name): (&str, &str)| SiteRow {
        id: id.to_owned(),
        name: name.to_owned(),
        label: known.labels.get(name).cloned().unwrap_or_default(),
    };
    sites.into_iter().map(row).collect()
}

/// The site that `--site` names on this controller: `home/default` only on `home`, `default` on all.
fn site_of(asked: &str, controller: &str) -> Option<String> {
    match asked.split_once('/') {
        Some((name, site)) => (name == controller).then(|| site.to_owned()),
        None => Some(asked.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_controller_leaves_something_to_those_that_wait() {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        assert_eq!(share(minutes(9), 0, 4), minutes(9));
        assert_eq!(share(minutes(9), 4, 4), Duration::from_secs(510));
        assert_eq!(share(minutes(9), 5, 4), minutes(8));
        // Too many for that: all rounds get the same.
        assert_eq!(share(minutes(9), 99, 1), minutes(9) / 100);
        assert_eq!(share(Duration::ZERO, 99, 4), Duration::ZERO);
    }
}
