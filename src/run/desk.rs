//! What a run works with from its lock to its end, and how it sits down: directory, lock, checkpoint.

use chrono::{DateTime, Duration, Utc};

use crate::config::Config;
use crate::disk::Dir;
use crate::exit::Exit;
use crate::model::attempt::Attempt;
use crate::model::count::counted;
use crate::model::warning::Warning;
use crate::net::stop::Stop;
use crate::run::halt::Halt;
use crate::run::order::Order;
use crate::run::{preflight, remember, tell};
use crate::state::load::Arrival;
use crate::state::running::{self, Running, Stage};
use crate::state::schema::Checkpoint;
use crate::state::store::Store;

/// How long the demo's console has been up when its first report is made.
const DEMO_FIRST_DAY: i64 = 24;

pub struct Desk<'a> {
    pub order: &'a Order<'a>,
    pub config: Config,
    pub record: &'a mut Attempt,
    pub stop: Stop,
    pub dir: Dir,
    pub store: Store,
    pub checkpoint: Checkpoint,
    /// For the report.
    pub warnings: Vec<Warning>,
    /// `.run.json`; a dry run writes none.
    running: Option<Running>,
}

impl<'a> Desk<'a> {
    /// Steps 2 to 4 of the contract: the lock, the preflight, the checkpoint, a death noted.
    pub fn open(order: &'a Order<'a>, config: Config, record: &'a mut Attempt) -> Result<Self, Halt> {
        let durable = !order.args.dry_run;
        let stop = order.stop()?;
        let mut warnings = config.warnings.clone();
        let (dir, lock) = preflight::enter(&config, order, &stop)?;
        if durable {
            warnings.extend(preflight::prove(&config, &dir, order)?);
        }
        Stage::Load.name().clone_into(&mut record.stage);
        let mut store = Store::open(dir.clone(), lock);
        let previous = running::read(&dir);
        let mut checkpoint = load(&mut store, order, &config, record, &mut warnings)?;
        let now = order.clock.now();
        let running = durable
            .then(|| Running::begin(&dir, &record.attempt_id, &record.command, now))
            .transpose()?;
        tell::death(&mut checkpoint, previous.as_ref());
        Ok(Self {
            order,
            config,
            record,
            stop,
            dir,
            store,
            checkpoint,
            warnings: warnings.into_iter().map(Warning::of_run).collect(),
            running,
        })
    }

    /// Whether anything may be written: not in a dry run.
    pub fn is_durable(&self) -> bool {
        self.running.is_some()
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.order.clock.now()
    }

    /// Notes the stage for whoever looks, and for the attempt's own record.
    pub fn enter(&mut self, stage: Stage) -> Result<(), Halt> {
        stage.name().clone_into(&mut self.record.stage);
        if let Some(running) = &mut self.running {
            if stage == Stage::Collect {
                running.becomes(self.checkpoint.next_run());
            }
            running.stage(stage)?;
        }
        Ok(())
    }

    /// Notes that the attempt has come to its end, whichever: it did not die.
    pub fn leave(&mut self) {
        if let Some(running) = &mut self.running {
            running.end();
        }
    }

    pub fn commit(&mut self) -> Result<(), Halt> {
        Ok(self.store.commit(&mut self.checkpoint)?)
    }

    /// Enters how the attempt ended, and commits it.
    pub fn close(&mut self, exit: Exit) -> Result<(), Halt> {
        tell::finish(self.record, self.order, exit);
        self.record.state.generation = self.checkpoint.next_generation();
        remember::attempt(&mut self.checkpoint, self.record);
        self.commit()
    }
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
        Arrival::Known => {
            log::info!("state loaded {}", tell::state_line(&loaded.checkpoint));
            record.state.recovered_from = loaded.checkpoint.recovered_from;
        }
        Arrival::Recovered {
            from_generation,
            what,
        } => {
            log::warn!("state damaged recovered from={from_generation}: {what}");
            record.state.recovered_from = Some(*from_generation);
        }
        Arrival::Migrated { what } => log::info!("state of schema 1.0 taken over: {what}"),
    }
    if order.args.dry_run {
        if let Arrival::Recovered { what, .. } | Arrival::Migrated { what } = &loaded.arrival {
            warnings.push(what.clone());
        }
    } else {
        store.secure(&mut loaded, now)?;
    }
    let begins = &loaded.checkpoint;
    let is_first = begins.run == 0
        && begins
            .sources
            .iter()
            .all(|source| source.position.watermark.is_none());
    if is_first && begins.recovered_from.is_none() && begins.read_from.is_none() {
        warnings.push(format!(
            "This is the first report: it looks back {}, not at everything the console still holds.",
            counted(config.initial_lookback.num_hours(), "hour")
        ));
    }
    Ok(loaded.checkpoint)
}
