//! The story of a run: lock, checkpoint, collect, analyse, report, commit, deliver.

pub mod adhoc;
pub mod beginnings;
pub mod compose;
pub mod debts;
pub mod delivery;
pub mod desk;
mod doubts;
pub mod due;
pub mod gather;
pub mod halt;
pub mod ingest;
pub mod messages;
pub mod order;
pub mod parcels;
pub mod preflight;
pub mod project;
pub mod ranges;
pub mod recall;
pub mod remember;
pub mod stage;
pub mod tell;
pub mod verdict;

#[cfg(test)]
mod year_tests;

use chrono::{DateTime, Utc};

use crate::analyse::{self, Evidence, Fates};
use crate::cli::{Common, RunArgs};
use crate::collect::demo;
use crate::config::{self, Config, Controller};
use crate::exit::Exit;
use crate::model::coverage::hull;
use crate::model::report::Report;
use crate::model::source::SiteName;
use crate::model::text::{NAME, clean};
use crate::model::warning::Warning;
use crate::report;
use crate::run::beginnings::{acquaintances, beginning};
use crate::run::compose::Frame;
use crate::run::delivery::Asked;
use crate::run::desk::Desk;
use crate::run::gather::{Harvest, Question};
use crate::run::halt::Halt;
use crate::run::ingest::{Counted, Ingest};
use crate::run::order::{Clock, Order};
use crate::run::stage::Workshop;
use crate::state::outbox::Draft;
use crate::state::running::Stage;
use crate::state::seen::Seen;

/// The demo's invented office is the same one everywhere.
pub const DEMO_SEED: u64 = 7;

/// How an attempt with a report ended, and its line on stdout.
pub struct Ended {
    pub exit: Exit,
    /// Which sources are why it is not 0, a sentence each.
    pub causes: Vec<String>,
    pub line: String,
}

/// `unifi-scan run`.
pub fn run(args: &RunArgs, common: &Common) -> Exit {
    let order = Order::new(args, common);
    let mut record = tell::begin(&order);
    let config = match config::load(&order.wish()) {
        Ok(config) => config,
        Err(errors) => return tell::conclude(&order, record, Err(errors.into()), &[]),
    };
    for warning in &config.warnings {
        log::warn!("{warning}");
    }
    let tolerated = config.exit_zero_on.clone();
    let ended = if let Some(halt) = adopts_nobody(&args.adopt, &config) {
        Err(halt)
    } else if order.is_ad_hoc() {
        adhoc::attempt(&order, &config, &mut record)
    } else {
        Desk::open(&order, config, &mut record).and_then(|mut desk| {
            let ended = attempt(&mut desk);
            desk.leave();
            ended
        })
    };
    tell::conclude(&order, record, ended, &tolerated)
}

/// `--adopt` names a controller that is not configured.
fn adopts_nobody(names: &[String], config: &Config) -> Option<Halt> {
    let known: Vec<&str> = config
        .controllers
        .iter()
        .map(|known| known.name.as_str())
        .collect();
    let unknown = names.iter().find(|name| !known.contains(&name.as_str()))?;
    let there = if known.is_empty() {
        "there is none".to_owned()
    } else {
        format!("there are: {}", known.join(", "))
    };
    Some(Halt::new(
        Exit::Config,
        format!(
            "--adopt {}: no controller is called so; {there}",
            clean(unknown, NAME)
        ),
    ))
}

fn attempt(desk: &mut Desk<'_>) -> Result<Ended, Halt> {
    let now = desk.now();
    let told = desk.checkpoint.to_tell.len();
    debts::part_with_removed(&mut desk.checkpoint, &desk.config.channels, now);
    for sentence in desk.checkpoint.to_tell.iter().skip(told) {
        log::warn!("{sentence}");
    }
    let mut projected = Exit::Ok;
    if desk.is_durable() {
        desk.store.check()?;
        desk.store.tidy(&desk.checkpoint, desk.now())?;
        delivery::publish_owed(desk, Asked::default())?;
        projected = project::project(desk);
    }

    desk.enter(Stage::Collect)?;
    let mut workshop = Workshop::begin(
        &desk.dir,
        desk.checkpoint.next_run(),
        desk.is_durable().then_some(desk.record.attempt_id.as_str()),
        &desk.config,
    )?;
    let mut collected = collect(desk, &mut workshop)?;
    if let Some(halt) = verdict::of_nothing(&collected.harvest, &desk.stop) {
        workshop.abandon()?;
        fail(desk, &halt)?;
        return Err(halt);
    }

    desk.enter(Stage::Analyse)?;
    let (report, json, fates) = judge(desk, &mut collected);
    let mut exit = verdict::of_collection(&collected.harvest, &desk.config, &desk.stop);
    let causes = verdict::causes_in(&collected.harvest, &desk.config);
    if !desk.is_durable() {
        tell::print_report(desk.order, &report);
        let recovered = exit == Exit::Ok && desk.checkpoint.recovered_from.is_some();
        let exit = if recovered { Exit::Recovered } else { exit };
        return Ok(Ended {
            exit,
            causes,
            line: report::summary(&report, ""),
        });
    }

    desk.enter(Stage::Stage)?;
    let draft = workshop.stage(&report, &json, &fates)?;

    desk.enter(Stage::Commit)?;
    desk.store.check()?;
    draft.map(Draft::enter).transpose()?;
    let (path, not_due) = commit(desk, &mut collected, &report)?;

    if desk.stop.signalled().is_none() {
        desk.enter(Stage::Deliver)?;
        delivery::deliver_owed(desk, Asked::default())?;
    }
    desk.record.channels = tell::channel_results(&desk.checkpoint, &desk.config.channels, &not_due);
    exit = exit
        .worst(verdict::of_channels(&desk.checkpoint, &desk.config.channels))
        .worst(verdict::of_stop(&desk.stop));
    if exit == Exit::Ok && desk.checkpoint.recovered_from.take().is_some() {
        exit = Exit::Recovered;
    }
    Stage::Done.name().clone_into(&mut desk.record.stage);
    desk.close(exit)?;

    exit = exit
        .worst(projected)
        .worst(project::project(desk))
        .worst(project::back_up(desk));
    Ok(Ended {
        exit,
        causes,
        line: report::summary(&report, &format!("{path}.html")),
    })
}

/// What collecting came to.
struct Collected {
    harvest: Harvest,
    counted: Counted,
    seen: Seen,
    /// The moment this run reports of: the demo's clock stands where its console's does.
    now: DateTime<Utc>,
}

/// Step 5: every wanted source, slice by proved slice; who was met is remembered whatever comes of it.
fn collect(desk: &mut Desk<'_>, workshop: &mut Workshop) -> Result<Collected, Halt> {
    let demo = desk.order.args.demo.then(|| begin_demo(desk)).transpose()?;
    let clock = demo
        .as_ref()
        .map_or(desk.order.clock, |console| Clock::at(console.now()));
    let now = clock.now();
    // A first attempt that died before it had a report must not make a later one begin later.
    let began = if desk.checkpoint.run == 0 {
        now.min(desk.checkpoint.start)
    } else {
        now
    };
    let start = if demo.is_some() {
        desk.checkpoint.start
    } else {
        let first = desk.checkpoint.read_from.filter(|_| desk.checkpoint.run == 0);
        first.unwrap_or(began - desk.config.initial_lookback)
    };
    let mut seen = Seen::load(&desk.dir, &desk.checkpoint);
    desk.warnings.extend(seen.trouble.clone().map(Warning::of_run));
    let known = &desk.checkpoint;
    let position = |site: &SiteName, id: &_| beginning(known, site, id, start);
    let mut ingest = Ingest::new(&mut seen, &position, workshop.waiting(&desk.config)?);
    let question = Question {
        config: &desk.config,
        checkpoint: known,
        sites: &desk.order.args.site,
        adopt: &desk.order.args.adopt,
        now,
        named_window: None,
        judge_skew: demo.is_none(),
        stop: &desk.stop,
    };
    let mut harvest = gather::everything(&question, &position, &mut ingest)?;
    let counted = ingest.finish()?;
    let taken = &counted.sources;
    ingest::complete_coverage(&mut harvest.coverage, taken);
    desk.warnings.append(&mut harvest.warnings);
    doubts::repeats(taken, &mut desk.warnings);
    doubts::upgrades(known, taken, &harvest.coverage, &mut desk.warnings);
    acquaintances(&mut desk.checkpoint, &harvest, start);
    desk.record.sources = tell::source_results(&harvest.coverage);
    Ok(Collected {
        harvest,
        counted,
        seen,
        now,
    })
}

/// Starts the embedded console and makes it the one controller.
fn begin_demo(desk: &mut Desk<'_>) -> Result<demo::Console, Halt> {
    let console = demo::Console::start(DEMO_SEED, desk.checkpoint.start, desk.checkpoint.run)?;
    desk.config.file_sources.clear();
    desk.config.controllers = vec![Controller::of_demo(console.base_url())];
    Ok(console)
}

/// Step 6: the findings and their report. The memory of findings moves on with it.
fn judge(desk: &mut Desk<'_>, collected: &mut Collected) -> (Report, Vec<u8>, Fates) {
    let Collected { harvest, now, .. } = collected;
    let number = desk.checkpoint.next_run();
    let window = hull(&harvest.coverage, *now);
    let judgement = analyse::judge(&Evidence {
        digest: &collected.counted.digest,
        sites: &collected.counted.sites,
        snapshot: &harvest.snapshot,
        coverage: &harvest.coverage,
        memory: &desk.checkpoint.memory,
        run: Some(number),
        now: *now,
        window,
    });
    desk.checkpoint.memory.clone_from(&judgement.memory);
    let fates = judgement.fates.clone();
    let told = desk.checkpoint.to_tell.clone().into_iter();
    let frame = Frame {
        instance: desk.checkpoint.instance.clone(),
        run: Some(number),
        generated_at: *now,
        timezone: tell::zone(&desk.config, harvest.timezone.as_deref()),
        demo: desk.order.args.demo,
        window,
        sources: harvest.coverage.clone(),
        labels: std::mem::take(&mut harvest.labels),
        warnings: told
            .map(Warning::of_run)
            .chain(std::mem::take(&mut desk.warnings))
            .collect(),
    };
    let digest = std::mem::take(&mut collected.counted.digest);
    let mut report = compose::report(frame, judgement, digest);
    for warning in due::unseen_sites(&desk.config.channels, &report) {
        log::warn!("{warning}");
        report.warnings.push(warning);
    }
    let (report, json) = report::json::seal(report);
    desk.record.run = desk.is_durable().then_some(number);
    desk.record.warnings.clone_from(&report.warnings);
    tell::enter_report(desk.record, &report);
    (report, json, fates)
}

/// Step 7: one atomic replacement moves the watermarks, names the run, and owes it to its channels. Gives back
/// where the report lies, and the channels that do not want it.
fn commit(
    desk: &mut Desk<'_>,
    collected: &mut Collected,
    report: &Report,
) -> Result<(String, Vec<String>), Halt> {
    let number = desk.checkpoint.next_run();
    let path = compose::path_of(number, report.generated_at);
    desk.record.report = Some(path.clone());
    let next = &mut desk.checkpoint;
    remember::positions(next, &collected.counted.sources);
    let not_due = remember::run(next, number, report, &path, &desk.config.channels);
    remember::source_failures(next, desk.record, &collected.harvest.coverage, collected.now);
    remember::attempt_success(next, collected.now);
    remember::attempt(next, desk.record);
    next.to_tell.clear();
    remember::forget_ids(&mut collected.seen, next);
    next.sidecar = collected.seen.write(&desk.dir, next.next_generation())?;
    desk.commit()?;
    log::info!("committed run={number} generation={}", desk.checkpoint.generation);
    Ok((path, not_due))
}

/// A failed attempt is committed too: its counters, `not_before`, and where new sources begin. What earlier
/// runs owe is delivered all the same.
fn fail(desk: &mut Desk<'_>, halt: &Halt) -> Result<(), Halt> {
    if !desk.is_durable() {
        return Ok(());
    }
    desk.checkpoint.consecutive_failures += 1;
    desk.record.error = Some(halt.message.clone());
    let now = desk.now();
    remember::attempt_failure(&mut desk.checkpoint, desk.record, &halt.message, now);
    if desk.stop.signalled().is_none() && desk.checkpoint.owed() > 0 {
        let ended_in = desk.record.stage.clone();
        desk.enter(Stage::Deliver)?;
        delivery::deliver_owed(desk, Asked::default())?;
        desk.record.channels = tell::channel_results(&desk.checkpoint, &desk.config.channels, &[]);
        desk.record.stage = ended_in;
    }
    desk.close(halt.exit)?;
    project::project(desk);
    Ok(())
}
