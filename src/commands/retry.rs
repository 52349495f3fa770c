//! `retry`: delivers what is owed, at once and without collecting anything.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;

use crate::cli::{Common, RetryArgs, RunArgs};
use crate::config;
use crate::exit::Exit;
use crate::run::debts::Owed;
use crate::run::delivery::Asked;
use crate::run::desk::Desk;
use crate::run::halt::Halt;
use crate::run::order::Order;
use crate::run::ranges::runs;
use crate::run::{Ended, debts, delivery, project, recall, tell, verdict};
use crate::state::ledger::Ledger;
use crate::state::running::Stage;
use crate::state::schema::Checkpoint;
use crate::state::spans::Standing;
use crate::state::{failures::OpenFailure, projections};

/// The longest list of runs that is read.
const LONGEST_LIST: u64 = 16 << 20;

pub fn retry(args: &RetryArgs, common: &Common) -> Exit {
    let as_run = RunArgs {
        attempt: args.attempt.clone(),
        allow_ephemeral: true,
        ..RunArgs::default()
    };
    let order = Order::new(&as_run, common);
    let mut record = tell::begin(&order);
    "retry".clone_into(&mut record.command);
    // Consoles are not asked, so that nothing about them has to be valid.
    let wish = config::Wish {
        offline: true,
        ..order.wish()
    };
    let config = match config::load(&wish) {
        Ok(config) => config,
        Err(errors) => return tell::conclude(&order, record, Err(errors.into()), &[]),
    };
    let tolerated = config.exit_zero_on.clone();
    let ended = wanted(args).and_then(|wanted| {
        let mut desk = Desk::open(&order, config, &mut record)?;
        let ended = attempt(&mut desk, wanted.as_ref());
        desk.leave();
        ended
    });
    tell::conclude(&order, record, ended, &tolerated)
}

/// The runs that were named, if any were.
fn wanted(args: &RetryArgs) -> Result<Option<BTreeSet<u64>>, Halt> {
    if let Some(run) = args.run {
        return Ok(Some(BTreeSet::from([run])));
    }
    let Some(file) = &args.runs else {
        return Ok(None);
    };
    let text = read(file).map_err(|error| {
        Halt::new(
            Exit::Usage,
            format!("--runs {}: cannot be read: {error}", file.display()),
        )
    })?;
    let mut named = BTreeSet::new();
    for (at, line) in text.lines().map(str::trim).enumerate() {
        match line.parse() {
            Ok(run) => {
                named.insert(run);
            }
            Err(_) if line.is_empty() => {}
            Err(_) => log::warn!("--runs line {}: {line:?} is no run number and is skipped", at + 1),
        }
    }
    Ok(Some(named))
}

fn read(file: &Path) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin()
            .lock()
            .take(LONGEST_LIST)
            .read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(file)?
            .take(LONGEST_LIST)
            .read_to_end(&mut bytes)?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn attempt(desk: &mut Desk<'_>, wanted: Option<&BTreeSet<u64>>) -> Result<Ended, Halt> {
    let before = owed(desk);
    let wanted = wanted.map(|wanted| known(desk, wanted)).transpose()?;
    if let Some(wanted) = &wanted {
        revive(desk, wanted);
    }
    desk.enter(Stage::Deliver)?;
    let asked = Asked {
        all: true,
        only: wanted.as_ref(),
    };
    let tried: BTreeSet<((String, String), u64)> = owed(desk)
        .into_iter()
        .filter(|(_, run)| asked.covers(*run))
        .collect();
    delivery::deliver_owed(desk, asked)?;
    desk.store.tidy(&desk.checkpoint, desk.now())?;
    let left = owed(desk);
    desk.record.channels = tell::channel_results(&desk.checkpoint, &desk.config.channels, &[]);
    let mut exit =
        verdict::of_channels(&desk.checkpoint, &desk.config.channels).worst(verdict::of_stop(&desk.stop));
    if exit == Exit::Ok && desk.record.state.recovered_from.is_some() {
        exit = Exit::Recovered;
    }
    Stage::Done.name().clone_into(&mut desk.record.stage);
    desk.close(exit)?;
    exit = exit.worst(project::project(desk));
    let line = if tried.is_empty() && before.is_empty() {
        "retry: nothing is owed".to_owned()
    } else {
        let (given_up, delivered): (Vec<_>, Vec<_>) =
            tried.difference(&left).partition(|owed| is_given_up(desk, owed));
        let lost = match given_up.len() {
            0 => String::new(),
            given_up => format!(", {given_up} given up"),
        };
        format!(
            "retry: {} of {} delivered{lost}, {} still owed",
            delivered.len(),
            tried.len(),
            left.len()
        )
    };
    Ok(Ended {
        exit,
        causes: Vec::new(),
        line,
    })
}

/// Whether this run will not be tried again.
fn is_given_up(desk: &Desk<'_>, ((instance, channel), run): &((String, String), u64)) -> bool {
    let ledger = desk.checkpoint.ledger(instance, channel);
    ledger.is_some_and(|ledger| matches!(ledger.between.get(*run), Some(Standing::Dead { .. })))
}

/// Every (instance, channel) with each run it is owed.
fn owed(desk: &Desk<'_>) -> BTreeSet<((String, String), u64)> {
    let of = |(instance, channel, ledger): (&str, &str, &Ledger)| {
        let runs: Vec<u64> = ledger.between.owed().map(|(run, _)| run).collect();
        let name = (instance.to_owned(), channel.to_owned());
        runs.into_iter().map(move |run| (name.clone(), run))
    };
    desk.checkpoint.all_ledgers().flat_map(of).collect()
}

/// Those of the named runs that there are.
fn known(desk: &Desk<'_>, wanted: &BTreeSet<u64>) -> Result<BTreeSet<u64>, Halt> {
    let others = desk.checkpoint.others.values();
    let others: BTreeSet<u64> = others.flat_map(|other| other.runs.keys().copied()).collect();
    let is_known = |run: &&u64| (1..=desk.checkpoint.run).contains(*run) || others.contains(*run);
    let known: BTreeSet<u64> = wanted.iter().filter(is_known).copied().collect();
    let unknown: Vec<u64> = wanted.difference(&known).copied().collect();
    if !unknown.is_empty() {
        log::warn!(
            "{} not committed here and skipped; the newest is {}",
            runs(&unknown),
            desk.checkpoint.run
        );
    }
    if known.is_empty() {
        return Err(Halt::new(
            Exit::Usage,
            format!(
                "none of the named runs is there; the newest is {}",
                desk.checkpoint.run
            ),
        ));
    }
    Ok(known)
}

/// Makes named runs that were given up owed again. What a channel has, or did not want, is left alone. Of another
/// instance's runs only those can be sent that are still described.
fn revive(desk: &mut Desk<'_>, wanted: &BTreeSet<u64>) {
    let mut told: Vec<OpenFailure> =
        projections::read_failures(&desk.dir).map_or_else(|_| Vec::new(), |log| log.lines);
    told.extend(desk.checkpoint.failures.iter().cloned());
    let channels: Vec<String> = desk
        .config
        .channels
        .iter()
        .map(|channel| channel.name.clone())
        .collect();
    for instance in desk.checkpoint.instances() {
        for channel in &channels {
            for run in wanted {
                let owed = Owed {
                    instance: &instance,
                    channel,
                    run: *run,
                };
                if !is_dead(&desk.checkpoint, &told, owed) {
                    continue;
                }
                match recall::is_here(&desk.dir, &desk.checkpoint, &instance, *run) {
                    Ok(true) => revive_one(desk, owed),
                    Ok(false) => log::warn!("run {run} cannot be sent to {channel}: its report is gone"),
                    Err(error) => log::warn!("run {run} cannot be sent to {channel}: {error}"),
                }
            }
        }
    }
}

fn is_dead(checkpoint: &Checkpoint, told: &[OpenFailure], owed: Owed<'_>) -> bool {
    let Some(ledger) = checkpoint.ledger(owed.instance, owed.channel) else {
        return false;
    };
    match ledger.between.get(owed.run) {
        Some(standing) => matches!(standing, Standing::Dead { .. }),
        None => owed.instance == checkpoint.instance && debts::is_dead(told, owed.channel, owed.run),
    }
}

fn revive_one(desk: &mut Desk<'_>, owed: Owed<'_>) {
    let checkpoint = &mut desk.checkpoint;
    if owed.instance == checkpoint.instance
        && let Ok(Some(found)) = recall::run(&desk.dir, checkpoint, owed.instance, owed.run)
    {
        checkpoint.runs.insert(owed.run, found);
    }
    if let Some(ledger) = checkpoint.ledger_mut(owed.instance, owed.channel) {
        ledger.owe_again(owed.run);
    }
    let now = desk.order.clock.now();
    debts::revival(checkpoint, desk.record, owed, now);
}
