//! `state import --merge FILE`: takes in what another machine's state knows and owes. Both may go on; what is
//! owed is delivered under the keys that its own instance gave it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};

use crate::cli::Common;
use crate::commands::state::Bench;
use crate::commands::state::export::told;
use crate::config::{self, ChannelKind, Wish};
use crate::disk::Dir;
use crate::exit::Exit;
use crate::model::count::counted;
use crate::report;
use crate::run::halt::Halt;
use crate::run::recall;
use crate::state::accounts::short;
use crate::state::export::Export;
use crate::state::join::{contradiction, diverged, join};
use crate::state::load::Arrival;
use crate::state::outbox::{self, Draft, OUTBOX};
use crate::state::reconcile::reconcile;
use crate::state::recover::resume;
use crate::state::schema::{Checkpoint, CommittedRun, SourceState};
use crate::state::seen::Seen;

/// More bytes than any export has.
const LIMIT: u64 = 1 << 30;
/// Behind the watermark, in which rows that nobody counted are still found.
const OVERLAP: TimeDelta = TimeDelta::hours(24);
/// The files that an outbox entry may hold.
const ENTRY: [&str; 4] = [outbox::REPORT, outbox::EVENTS, "report.html", "report.txt"];

pub fn import(file: &Path, common: &Common) -> Result<String, Halt> {
    let refused = |why: String| {
        let text = format!("{}: {why}; nothing was changed", file.display());
        Halt::new(Exit::BadState, text)
    };
    let bytes = read(file).map_err(|error| refused(format!("it cannot be read: {error}")))?;
    let mut export = Export::read(&bytes).map_err(refused)?;
    resume(&mut export.checkpoint);
    if let Some(why) = incomplete(&export) {
        return Err(refused(why));
    }
    let theirs = &export.checkpoint;

    let path = config::reports_dir(&common.wish())?;
    let mut bench = Bench::unseen(Dir::open_or_create(&path)?, common)?;
    let ours = arrived(&mut bench, theirs)?;
    bench.tell("state import")?;
    let forked = fork(&bench.dir, &ours, &export)?;
    if let Some(why) = contradiction(&ours, theirs).or(forked) {
        return Err(Halt::new(Exit::Config, format!("{why}; nothing was changed")));
    }
    let mut joined = join(&ours, theirs);
    above_all(&mut joined, theirs);
    reconcile(&mut joined, &ours, theirs, &archive(common), bench.now);
    forget_lost(&bench.dir, &mut joined, &export)?;
    if joined.last_successful_run.is_none() {
        joined.last_successful_run = theirs.last_successful_run;
        joined.last_report_count = theirs.last_report_count;
    }
    let before = Seen::load(&bench.dir, &ours);
    let mut seen = before.clone();
    seen.join(&their_seen(&export), |family| {
        epoch(&ours, family).cmp(&epoch(theirs, family))
    });
    if joined == ours && seen.is_same(&before) {
        return Ok(format!(
            "nothing new: all that {} knows is known here already",
            file.display()
        ));
    }
    carry(&bench.dir, &joined, &export)?;
    if !seen.is_same(&before) {
        joined.sidecar = seen.write(&bench.dir, joined.next_generation())?;
    }
    let mut news = vec![summary(&ours, &joined, theirs)];
    news.extend(gaps(&ours, theirs));
    joined.to_tell.extend(news.iter().cloned());
    if let Some(name) = bench.install(&mut joined)? {
        news.push(format!("The state before is kept as {name}."));
    }
    news.push(format!("The next run is {}.", joined.next_run()));
    Ok(news.join("\n"))
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().lock().take(LIMIT).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(file)?.take(LIMIT).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Why an export must not be taken in: a watermark is not taken without the reports it owes.
fn incomplete(export: &Export) -> Option<String> {
    let theirs = &export.checkpoint;
    for instance in theirs.instances() {
        let runs = theirs.runs_of(&instance)?;
        if let Some(run) = runs.values().find(|run| !is_report_path(&run.path)) {
            let path = crate::model::text::clean(&run.path, 64);
            return Some(format!("{path:?} is no place for a report"));
        }
        for run in theirs.needed_runs(&instance) {
            let owed = runs
                .get(&run)
                .filter(|facts| has_report(export, &instance, run, facts));
            // What was given up needs no report, only its number.
            let is_owed = theirs
                .ledgers_of(&instance)?
                .values()
                .any(|ledger| ledger.is_to_send(run));
            let is_lost = export.lost.contains(&(instance.clone(), run));
            if is_owed && owed.is_none() && !is_lost {
                return Some(format!(
                    "it owes run {run} of {} and does not hold its report: export again",
                    short(&instance)
                ));
            }
        }
    }
    None
}

fn has_report(export: &Export, instance: &str, run: u64, facts: &CommittedRun) -> bool {
    let mut reports = export
        .files_of(instance, run)
        .filter(|file| file.name == outbox::REPORT);
    reports.any(|file| {
        report::json::open(file.text.as_bytes()).is_ok_and(|report| report.report_id == facts.report_id)
    })
}

/// `2026/11/report-000042-20261120T060000Z`
fn is_report_path(path: &str) -> bool {
    let digits = |text: &str, length: usize| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
    match path.split('/').collect::<Vec<_>>().as_slice() {
        [year, month, name] => digits(year, 4) && digits(month, 2) && name.starts_with("report-"),
        _ => false,
    }
}

/// The state here: a sound one, or none yet. An empty one is committed before any other file is written.
fn arrived(bench: &mut Bench, theirs: &Checkpoint) -> Result<Checkpoint, Halt> {
    let mut loaded = bench.store.load(bench.now)?;
    match loaded.arrival {
        Arrival::Known => {}
        Arrival::FirstRun => {
            loaded.checkpoint.demo = theirs.demo;
            if theirs.demo {
                loaded.checkpoint.start = theirs.start;
            }
            bench.store.secure(&mut loaded, bench.now)?;
        }
        Arrival::Recovered { .. } | Arrival::Migrated { .. } => {
            return Err(Halt::new(
                Exit::BadState,
                "the state here has to be made sound first; nothing was changed: let a run go on from it, or see \
                 `unifi-scan state verify`",
            ));
        }
    }
    if loaded.checkpoint.demo != theirs.demo {
        return Err(Halt::new(
            Exit::Config,
            "one of the two is the demo's state, the other a real one; nothing was changed",
        ));
    }
    Ok(loaded.checkpoint)
}

/// Why the two are copies of one directory that went on by themselves, if they are.
fn fork(dir: &Dir, ours: &Checkpoint, export: &Export) -> Result<Option<String>, Halt> {
    let theirs = &export.checkpoint;
    let instance = &ours.instance;
    let mut there = ids(theirs.runs_of(instance));
    if theirs.instance == *instance {
        there.extend(export.told.clone());
    }
    let mut here = ids(ours.runs_of(instance));
    here.extend(told(dir)?);
    let differs = |(run, id): (&u64, &String)| {
        let known = here.get(run)?;
        (known != id).then_some(*run)
    };
    let run = there.iter().find_map(differs);
    Ok(run.map(|run| diverged(instance, run)))
}

fn ids(runs: Option<&BTreeMap<u64, CommittedRun>>) -> BTreeMap<u64, String> {
    let runs = runs.into_iter().flatten();
    runs.map(|(number, run)| (*number, run.report_id.clone()))
        .collect()
}

/// Numbers go on above all that either has used, so that no two reports of one archive share theirs.
fn above_all(joined: &mut Checkpoint, theirs: &Checkpoint) {
    let was = joined.run.max(joined.highest_run);
    let others = joined.others.values().map(|other| other.run);
    let highest = others.chain([was, theirs.run, theirs.highest_run]).max();
    joined.highest_run = highest.unwrap_or(was);
    for ledger in joined.ledgers.values_mut() {
        ledger.supersede(was.saturating_add(1), joined.highest_run);
    }
}

/// The channel that publishes here, by its name.
fn archive(common: &Common) -> String {
    let wish = Wish {
        offline: true,
        ..common.wish()
    };
    let channels = match config::load(&wish) {
        Ok(config) => config.channels,
        Err(errors) => {
            log::warn!("the channel that publishes here is taken to be `file`: {errors}");
            Vec::new()
        }
    };
    let file = channels
        .into_iter()
        .find(|channel| matches!(channel.kind, ChannelKind::File));
    file.map_or_else(|| "file".to_owned(), |channel| channel.name)
}

/// What is gone there is lost only if it is not here either.
fn forget_lost(dir: &Dir, joined: &mut Checkpoint, export: &Export) -> Result<(), Halt> {
    for (instance, run) in &export.lost {
        let is_here = recall::is_here(dir, joined, instance, *run)?;
        let ledgers = joined.ledgers_of_mut(instance).filter(|_| !is_here);
        for ledger in ledgers.into_iter().flat_map(|ledgers| ledgers.values_mut()) {
            ledger.lose(*run);
        }
    }
    Ok(())
}

fn their_seen(export: &Export) -> Seen {
    Seen::load_from(&export.checkpoint, |sidecar| match &export.seen {
        Some(seen) => Seen::open(seen.as_bytes(), sidecar),
        None => Err(format!("the seen ids in {} are gone", sidecar.name)),
    })
}

/// The epoch of the sources whose ids a family holds.
fn epoch(checkpoint: &Checkpoint, family: &str) -> Option<u64> {
    let sources = checkpoint.sources.iter();
    let of = sources.filter(|source| source.id.family() == family);
    of.map(|source| source.epoch).max()
}

/// Writes the outbox entries that are owed and not here.
fn carry(dir: &Dir, joined: &Checkpoint, export: &Export) -> Result<(), Halt> {
    for instance in joined.instances() {
        for run in joined.needed_runs(&instance) {
            let entry = joined.outbox_entry(&instance, run);
            let facts = joined.runs_of(&instance).and_then(|runs| runs.get(&run));
            let here = outbox::read_json(dir, &entry)?;
            let is_here = here.is_some_and(|bytes| {
                let found = report::json::open(&bytes).ok();
                found.is_some_and(|found| facts.is_some_and(|facts| found.report_id == facts.report_id))
            });
            let files: Vec<_> = export.files_of(&instance, run).collect();
            if is_here || files.is_empty() {
                continue;
            }
            if instance != joined.instance {
                dir.create_dirs(&format!("{OUTBOX}/{instance}"))?;
            }
            let mut draft = Draft::begin(dir, &entry, "import")?;
            for file in files.iter().filter(|file| ENTRY.contains(&file.name.as_str())) {
                draft.write(&file.name, file.text.as_bytes())?;
            }
            draft.enter()?;
        }
    }
    Ok(())
}

/// What came of it, for the operator and for the next report.
fn summary(ours: &Checkpoint, joined: &Checkpoint, theirs: &Checkpoint) -> String {
    let moved = joined
        .sources
        .iter()
        .filter(|source| ours.source(&source.id) != Some(source));
    let mut text = format!(
        "The state of instance {} (run {}, generation {}) was taken in on request: it had read further in {} of {}",
        short(&theirs.instance),
        theirs.run,
        theirs.generation,
        moved.count(),
        counted(joined.sources.len(), "source"),
    );
    let owed = joined.owed().saturating_sub(ours.owed());
    if owed > 0 {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            ", and {} that it owed will be made from here",
            counted(owed, "delivery")
        );
    }
    text.push('.');
    text
}

/// Stretches that neither has read, where they are too long ago to be found again as late rows; and those that the
/// other machine reads again, because there the source was set back.
fn gaps(ours: &Checkpoint, theirs: &Checkpoint) -> Vec<String> {
    let gap = |here: &SourceState| {
        let there = theirs.source(&here.id)?;
        let place = |source: &SourceState| (source.epoch, source.position.watermark);
        let (behind, ahead) = if place(here) <= place(there) {
            (here, there)
        } else {
            (there, here)
        };
        let (end, watermark) = (behind.position.watermark?, ahead.position.watermark?);
        if watermark < here.position.watermark? {
            return Some(format!(
                "{} was set back on the other machine: what happened since {} may be reported again.",
                here.name,
                at(watermark)
            ));
        }
        let is_gap = end < ahead.position.start && end < watermark - OVERLAP;
        is_gap.then(|| {
            format!(
                "Neither machine has read {} from {} to {}: `unifi-scan state rewind --to {}` reads it.",
                here.name,
                at(end),
                at(ahead.position.start),
                end.format("%Y-%m-%dT%H:%M:%SZ")
            )
        })
    };
    ours.sources.iter().filter_map(gap).collect()
}

fn at(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M UTC").to_string()
}
