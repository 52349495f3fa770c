//! The story of a run: lock, checkpoint, collect, analyse, report, commit, deliver.

pub mod adhoc;
pub mod compose;
pub mod gather;
pub mod halt;
pub mod ingest;
pub mod order;
pub mod preflight;
pub mod remember;
pub mod stage;
pub mod tell;
pub mod verdict;

use chrono::{Datelike as _, Duration};

use crate::analyse::{self, Evidence};
use crate::cli::{Common, RunArgs};
use crate::collect::demo;
use crate::config::{self, Config};
use crate::deliver::file::{self, Published, Waiting};
use crate::disk::Dir;
use crate::disk::error::DiskError;
use crate::exit::Exit;
use crate::model::attempt::Attempt;
use crate::report::index::{self, IndexEntry};
use crate::report;
use crate::run::compose::Frame;
use crate::run::gather::Question;
use crate::run::halt::Halt;
use crate::run::ingest::Ingest;
use crate::run::order::{Clock, Order};
use crate::run::stage::Workshop;
use crate::state::backups;
use crate::state::ledger::{Answer, message_key};
use crate::state::load::Arrival;
use crate::state::outbox;
use crate::state::projections;
use crate::state::running::{self, Running, Stage};
use crate::state::schema::Checkpoint;
use crate::state::seen::Seen;
use crate::state::spans::Standing;
use crate::state::store::Store;

/// The demo's invented office is the same one everywhere.
pub const DEMO_SEED: u64 = 7;
/// How long the demo's console has been up when its first report is made.
const DEMO_FIRST_DAY: i64 = 24;
/// Newest attempts that the archive's pages are made from: more than a year of hourly runs.
const RUNS_IN_INDEX: usize = 10_000;

/// `unifi-scan run`.
pub fn run(args: &RunArgs, common: &Common) -> Exit {
    let order = Order::new(args, common);
    let mut record = tell::begin(&order);
    let config = match config::load(&order.wish()) {
        Ok(config) => config,
        Err(errors) => return tell::conclude(&order, record, Err(errors.into()), &[]),
    };
    let tolerated = config.exit_zero_on.clone();
    let ended = if order.is_ad_hoc() {
        adhoc::attempt(&order, &config, &mut record)
    } else {
        attempt(&order, config, &mut record)
    };
    tell::conclude(&order, record, ended, &tolerated)
}

/// How an attempt with a report ended, and its line on stdout.
pub struct Ended {
    pub exit: Exit,
    pub line: String,
}

fn attempt(order: &Order<'_>, mut config: Config, record: &mut Attempt) -> Result<Ended, Halt> {
    let durable = !order.args.dry_run;
    let stop = order.stop()?;
    let mut warnings = config.warnings.clone();

    let (dir, lock) = preflight::enter(&config, order, &stop)?;
    if durable {
        warnings.extend(preflight::prove(&config, &dir, order)?);
    }
    let mut store = Store::open(dir.clone(), lock);
    let previous = running::read(&dir);
    let mut checkpoint = load(&mut store, order, &config, record, &mut warnings)?;
    let mut running = durable.then(|| Running::begin(&dir, &record.attempt_id, order.clock.now())).transpose()?;
    tell::death(&mut checkpoint, previous.as_ref(), &mut warnings);
    if durable {
        deliver_owed(&mut store, &mut checkpoint, &config, order)?;
        store.tidy(&checkpoint, order.clock.now())?;
        project(&store, &checkpoint);
    }

    enter(&mut running, record, Stage::Collect)?;
    let demo = order.args.demo.then(|| begin_demo(&mut config, &checkpoint)).transpose()?;
    let clock = demo.as_ref().map_or(order.clock, |console| Clock::at(console.now()));
    let now = clock.now();
    let start = if order.args.demo { checkpoint.start } else { now - config.initial_lookback };
    let number = checkpoint.next_run();
    if let Some(running) = &mut running {
        running.becomes(number);
    }
    let mut seen = Seen::load(&dir, &checkpoint);
    let mut workshop = Workshop::begin(&dir, number, durable, config.archive_events)?;
    let known = checkpoint.clone();
    let position = |id: &_| remember::position_of(&known, id, start);
    let mut ingest = Ingest::new(&mut seen, &position, workshop.waiting()?);
    let question = Question {
        config: &config,
        checkpoint: &known,
        sites: &order.args.site,
        adopt: &order.args.adopt,
        now,
        named_window: None,
        judge_skew: !order.args.demo,
        stop: &stop,
    };
    let mut harvest = gather::everything(&question, &position, &mut ingest)?;
    let (digest, taken) = ingest.finish()?;
    drop(demo);
    ingest::complete_coverage(&mut harvest.coverage, &taken);
    warnings.append(&mut harvest.warnings);
    tell::repeats(&taken, &mut warnings);
    remember::acquaintances(&mut checkpoint, &harvest, start);
    record.sources = tell::source_results(&harvest.coverage);
    if let Some(halt) = verdict::of_nothing(&harvest, &stop) {
        workshop.abandon()?;
        if durable {
            commit_failure(&mut store, &mut checkpoint, record, &halt, order)?;
        }
        return Err(halt);
    }

    enter(&mut running, record, Stage::Analyse)?;
    let window = compose::hull(&harvest.coverage, now);
    let judgement = analyse::judge(&Evidence {
        digest: &digest,
        snapshot: &harvest.snapshot,
        coverage: &harvest.coverage,
        memory: &checkpoint.memory,
        run: Some(number),
        now,
        window,
    });
    checkpoint.memory.clone_from(&judgement.memory);
    let fates = judgement.fates.clone();
    let frame = Frame {
        instance: checkpoint.instance.clone(),
        run: Some(number),
        generated_at: now,
        timezone: tell::zone(&config, harvest.timezone.as_deref()),
        demo: order.args.demo,
        window,
        sources: harvest.coverage.clone(),
        warnings: [checkpoint.to_tell.clone(), warnings].concat(),
    };
    let (report, json) = report::json::seal(compose::report(frame, judgement, digest));
    record.run = durable.then_some(number);
    record.warnings.clone_from(&report.warnings);
    tell::enter_report(record, &report);
    if !durable {
        tell::print_report(order, &report);
        let line = report::summary(&report, "");
        return Ok(Ended { exit: verdict::of_collection(&harvest, &config, &stop), line });
    }

    enter(&mut running, record, Stage::Stage)?;
    workshop.stage(&report, &json, &fates)?;

    enter(&mut running, record, Stage::Commit)?;
    let path = compose::path_of(number, now);
    record.report = Some(path.clone());
    remember::positions(&mut checkpoint, &taken, &harvest);
    remember::run(&mut checkpoint, number, &report, &path, &config.channels);
    remember::attempt(&mut checkpoint, record);
    checkpoint.consecutive_failures = 0;
    checkpoint.to_tell.clear();
    remember::forget_ids(&mut seen, &checkpoint);
    checkpoint.sidecar = seen.write(&dir, checkpoint.next_generation())?;
    store.commit(&mut checkpoint)?;
    log::info!("committed run={number} generation={}", checkpoint.generation);

    let mut exit = verdict::of_collection(&harvest, &config, &stop);
    if stop.signalled().is_none() {
        enter(&mut running, record, Stage::Deliver)?;
        deliver_owed(&mut store, &mut checkpoint, &config, order)?;
    }
    record.channels = tell::channel_results(&checkpoint, &config.channels);
    exit = exit.worst(verdict::of_channels(&checkpoint, &config.channels));
    if exit == Exit::Ok && checkpoint.recovered_from.take().is_some() {
        exit = Exit::Recovered;
    }
    close(&mut store, &mut checkpoint, record, exit, order)?;
    exit = exit.worst(project(&store, &checkpoint)).worst(back_up(&store, order));
    enter(&mut running, record, Stage::Done)?;
    Ok(Ended { exit, line: report::summary(&report, &format!("{path}.html")) })
}

/// Notes the stage for whoever looks, and for the attempt's own record.
fn enter(running: &mut Option<Running>, record: &mut Attempt, stage: Stage) -> Result<(), Halt> {
    stage.name().clone_into(&mut record.stage);
    if let Some(running) = running {
        running.stage(stage)?;
    }
    Ok(())
}

/// Reads the checkpoint. A first one, or a recovered one, is made durable before any other file is written.
fn load(
    store: &mut Store,
    order: &Order<'_>,
    config: &Config,
    record: &mut Attempt,
    warnings: &mut Vec<String>,
) -> Result<Checkpoint, Halt> {
    let now = order.clock.now();
    let mut loaded = store.load(now)?;
    if loaded.arrival != Arrival::FirstRun {
        preflight::same_world(&loaded.checkpoint, config, order.args.demo)?;
    }
    match &loaded.arrival {
        Arrival::FirstRun => {
            loaded.checkpoint.demo = order.args.demo;
            if order.args.demo {
                loaded.checkpoint.start = tell::whole_hour(now) - Duration::hours(DEMO_FIRST_DAY);
            }
            log::info!("first run lookback={}h", config.initial_lookback.num_hours());
        }
        Arrival::Known => log::info!("state loaded {}", tell::state_line(&loaded.checkpoint)),
        Arrival::Recovered { from_generation, what } => {
            log::warn!("state damaged recovered from={from_generation}: {what}");
            record.state.recovered_from = Some(*from_generation);
        }
    }
    if order.args.dry_run {
        if let Arrival::Recovered { what, .. } = &loaded.arrival {
            warnings.push(what.clone());
        }
    } else {
        store.secure(&mut loaded, now)?;
    }
    if loaded.checkpoint.run == 0 && loaded.checkpoint.recovered_from.is_none() {
        warnings.push(format!(
            "This is the first report: it looks back {} hours, not at everything the console still holds.",
            config.initial_lookback.num_hours()
        ));
    }
    Ok(loaded.checkpoint)
}

/// Starts the embedded console and makes it the one controller.
fn begin_demo(config: &mut Config, checkpoint: &Checkpoint) -> Result<demo::Console, Halt> {
    let console = demo::Console::start(DEMO_SEED, checkpoint.start, checkpoint.run)?;
    config.controllers = vec![config::Controller::of_demo(console.base_url())];
    Ok(console)
}

/// A failed attempt is committed too: its counters, `not_before`, and where new sources begin.
fn commit_failure(
    store: &mut Store,
    checkpoint: &mut Checkpoint,
    record: &mut Attempt,
    halt: &Halt,
    order: &Order<'_>,
) -> Result<(), Halt> {
    checkpoint.consecutive_failures += 1;
    record.error = Some(halt.message.clone());
    close(store, checkpoint, record, halt.exit, order)?;
    project(store, checkpoint);
    Ok(())
}

/// Enters how the attempt ended and commits it.
fn close(
    store: &mut Store,
    checkpoint: &mut Checkpoint,
    record: &mut Attempt,
    exit: Exit,
    order: &Order<'_>,
) -> Result<(), Halt> {
    tell::finish(record, order, exit);
    record.state.generation = checkpoint.next_generation();
    remember::attempt(checkpoint, record);
    Ok(store.commit(checkpoint)?)
}

/// Offers every channel what it is owed; the answers stand in the ledger until the next commit.
fn deliver_owed(
    store: &mut Store,
    checkpoint: &mut Checkpoint,
    config: &Config,
    order: &Order<'_>,
) -> Result<(), Halt> {
    let now = order.clock.now();
    let mut lost = Vec::new();
    for channel in &config.channels {
        let Some(ledger) = checkpoint.ledgers.get_mut(&channel.name) else { continue };
        for number in ledger.due(now, true) {
            store.check()?;
            let Some(run) = checkpoint.runs.get(&number) else { continue };
            let folder = outbox::path_of(number);
            let waiting = Waiting { number, report_id: &run.report_id, folder: &folder, path: &run.path };
            let answer = match file::publish(store.dir(), &waiting) {
                Ok(Published::Done) => Answer::Accepted,
                Ok(Published::Gone) => {
                    ledger.settle(number, Standing::Dead { told: true });
                    lost.push(format!("The report of run {number} was lost before it was published."));
                    continue;
                }
                Err(error) => Answer::Refused { permanent: false, reason: format!("{error:#}") },
            };
            if let Answer::Refused { reason, .. } = &answer {
                log::warn!("channel {} run {number}: {reason}", channel.name);
            }
            let key = message_key(&checkpoint.instance, &channel.name, std::slice::from_ref(&run.report_id));
            ledger.open(&[number], &key, now);
            ledger.answer(&key, &answer, now);
        }
    }
    checkpoint.to_tell.extend(lost);
    checkpoint.note_success(&remember::required(&config.channels));
    Ok(())
}

/// A copy of the checkpoint, at most one an hour; without one the run is still a run.
fn back_up(store: &Store, order: &Order<'_>) -> Exit {
    match backups::keep(store.dir(), order.clock.now()) {
        Ok(Some(backup)) => {
            log::info!("backup written {}", backup.path);
            Exit::Ok
        }
        Ok(None) => Exit::Ok,
        Err(error) => {
            log::warn!("no backup of the checkpoint was written: {error}");
            Exit::Partial
        }
    }
}

/// The archive's first page, and that of the newest report's year.
fn archive_pages(dir: &Dir, entries: &[IndexEntry]) -> Result<(), DiskError> {
    if let Some(newest) = entries.last() {
        let year = newest.generated_at.year();
        dir.replace(&format!("{year}/index.html"), index::year(entries, year).as_bytes())?;
    }
    dir.replace("index.html", index::render(entries).as_bytes())
}

/// History, failures and the index follow the checkpoint; one that cannot be written costs exit 3, never a run.
fn project(store: &Store, checkpoint: &Checkpoint) -> Exit {
    let dir = store.dir();
    let written = projections::mend_history(dir, &checkpoint.attempts)
        .and_then(|_| projections::mend_failures(dir, &checkpoint.failures))
        .and_then(|_| projections::read_history(dir, RUNS_IN_INDEX))
        .and_then(|history| archive_pages(dir, &tell::index_entries(&history.lines)));
    match written {
        Ok(()) => Exit::Ok,
        Err(error) => {
            log::warn!("a projection could not be written: {error}");
            Exit::Partial
        }
    }
}
