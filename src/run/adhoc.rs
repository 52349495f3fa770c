//! Ad hoc reports: of files, or of a named window. No number, no ledger, no commit, nothing remembered.

mod sending;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::analyse::{self, Evidence};
use crate::collect::files::{self, FilesError};
use crate::config::Config;
use crate::deliver::file;
use crate::exit::Exit;
use crate::model::attempt::Attempt;
use crate::model::coverage::{SourceCoverage, hull};
use crate::model::device::Snapshot;
use crate::model::position::Position;
use crate::model::warning::Warning;
use crate::model::window::Window;
use crate::model::zone::Zone;
use crate::net::stop::Stop;
use crate::report;
use crate::run::beginnings::Beginning;
use crate::run::compose::{self, Frame};
use crate::run::gather::{self, Question};
use crate::run::halt::Halt;
use crate::run::ingest::{self, Archives, Counted, Ingest};
use crate::run::order::{Order, moment};
use crate::run::{Ended, preflight, tell, verdict};
use crate::state::load::peek;
use crate::state::running::{Aside, Stage};
use crate::state::schema::Checkpoint;
use crate::state::seen::Seen;

/// Makes the report and publishes it as `YYYY/MM/adhoc-<UTC>-<first 8 digits of its report_id>.*`.
pub fn attempt(order: &Order<'_>, config: &Config, record: &mut Attempt) -> Result<Ended, Halt> {
    let now = order.clock.now();
    // A time that cannot be read is a usage error, told before anything is touched.
    let asked = if order.args.input.is_empty() {
        named_window(order, now)?
    } else {
        Window::empty_at(now)
    };
    let stop = order.stop()?;
    let (dir, lock) = preflight::enter(config, order, &stop)?;
    let mut aside = None;
    if !order.args.dry_run {
        preflight::prove(config, &dir, order)?;
        let command = if order.args.input.is_empty() {
            "run --since"
        } else {
            "run --input"
        };
        aside = Some(Aside::begin(&dir, &record.attempt_id, command, now)?);
    }
    let mut enter = |record: &mut Attempt, stage: Stage| -> Result<(), Halt> {
        stage.name().clone_into(&mut record.stage);
        Ok(aside.as_mut().map_or(Ok(()), |aside| aside.stage(stage))?)
    };
    enter(record, Stage::Collect)?;
    // Ad hoc reports work beside a damaged checkpoint: it only lends its instance and its memory.
    let checkpoint = peek(&dir)
        .ok()
        .flatten()
        .unwrap_or_else(|| Checkpoint::empty(String::new(), now));
    let gathered = if order.args.input.is_empty() {
        from_controllers(order, config, &checkpoint, asked, &stop)?
    } else {
        from_files(order, config, now)?
    };
    enter(record, Stage::Analyse)?;
    let judgement = analyse::judge(&Evidence {
        digest: &gathered.counted.digest,
        sites: &gathered.counted.sites,
        snapshot: &gathered.snapshot,
        coverage: &gathered.sources,
        memory: &checkpoint.memory,
        run: None,
        now,
        window: gathered.window,
    });
    let frame = Frame {
        instance: checkpoint.instance,
        run: None,
        generated_at: now,
        timezone: tell::zone(config, gathered.timezone.as_deref()),
        demo: false,
        window: gathered.window,
        sources: gathered.sources,
        labels: gathered.labels,
        warnings: config
            .warnings
            .iter()
            .cloned()
            .map(Warning::of_run)
            .chain(gathered.warnings)
            .collect(),
    };
    let report = compose::report(frame, judgement, gathered.counted.digest);
    let (report, json) = report::json::seal(report);
    record.sources = tell::source_results(&report.sources);
    record.warnings.clone_from(&report.warnings);
    tell::enter_report(record, &report);
    if order.args.dry_run {
        tell::print_report(order, &report);
    } else {
        let path = format!(
            "{}/adhoc-{}-{}",
            now.format("%Y/%m"),
            now.format("%Y%m%dT%H%M%SZ"),
            report.report_id.get(..8).unwrap_or_default()
        );
        enter(record, Stage::Stage)?;
        lock.verify().map_err(|why| Halt::new(Exit::CannotCreate, why))?;
        file::publish_ad_hoc(&dir, &path, &report, &json)?;
        record.report = Some(path);
        if order.args.deliver {
            enter(record, Stage::Deliver)?;
            record.channels = sending::send(config, &report, &stop.until(order.end()), now);
        }
    }
    Stage::Done.name().clone_into(&mut record.stage);
    let exit = gathered.exit.worst(sending::verdict(&record.channels));
    let path = record
        .report
        .as_ref()
        .map_or_else(String::new, |path| format!("{path}.html"));
    Ok(Ended {
        exit,
        causes: gathered.causes,
        line: report::summary(&report, &path),
    })
}

/// What an ad hoc report is about.
struct Found {
    counted: Counted,
    snapshot: Snapshot,
    sources: Vec<SourceCoverage>,
    window: Window,
    timezone: Option<String>,
    labels: BTreeMap<String, String>,
    warnings: Vec<Warning>,
    exit: Exit,
    causes: Vec<String>,
}

fn from_controllers(
    order: &Order<'_>,
    config: &Config,
    checkpoint: &Checkpoint,
    window: Window,
    stop: &Stop,
) -> Result<Found, Halt> {
    let now = order.clock.now();
    let mut seen = Seen::default();
    let position = |_: &_, _: &_| Beginning {
        position: Position::unread(window.since()),
        heir_of: None,
    };
    let mut ingest = Ingest::new(&mut seen, &position, Archives::new());
    let question = Question {
        config,
        checkpoint,
        sites: &order.args.site,
        adopt: &order.args.adopt,
        now,
        named_window: Some(window),
        judge_skew: true,
        stop,
    };
    let mut harvest = gather::everything(&question, &position, &mut ingest)?;
    let counted = ingest.finish()?;
    ingest::complete_coverage(&mut harvest.coverage, &counted.sources);
    if let Some(halt) = verdict::of_nothing(&harvest, stop) {
        return Err(halt);
    }
    Ok(Found {
        exit: verdict::of_collection(&harvest, config, stop),
        causes: verdict::causes_in(&harvest, config),
        counted,
        snapshot: harvest.snapshot,
        window: hull(&harvest.coverage, now),
        sources: harvest.coverage,
        timezone: harvest.timezone,
        labels: harvest.labels,
        warnings: harvest.warnings,
    })
}

fn from_files(order: &Order<'_>, config: &Config, now: DateTime<Utc>) -> Result<Found, Halt> {
    let mut seen = Seen::default();
    let position = |_: &_, _: &_| Beginning {
        position: Position::unread(DateTime::UNIX_EPOCH),
        heir_of: None,
    };
    let mut ingest = Ingest::new(&mut seen, &position, Archives::new());
    let read = files::read(
        &order.args.input,
        &mut std::io::stdin().lock(),
        &config.timezone.clone().unwrap_or_else(Zone::utc),
        now,
        &mut |slice| ingest.take(&slice),
    )
    .map_err(|error| match error {
        FilesError::Unreadable(message) => Halt::new(Exit::Usage, message),
        FilesError::Unusable(message) => Halt::new(Exit::Protocol, message),
        FilesError::Taking(error) => error.into(),
    })?;
    let counted = ingest.finish()?;
    let mut sources = read.coverage;
    ingest::complete_coverage(&mut sources, &counted.sources);
    let window = hull(&sources, now);
    let snapshot = Snapshot {
        sites: read.snapshots,
    };
    Ok(Found {
        exit: verdict::of_coverage(&sources, config),
        causes: verdict::causes(&sources, config),
        counted,
        snapshot,
        sources,
        window,
        timezone: read.timezone,
        labels: BTreeMap::new(),
        warnings: read.warnings.into_iter().map(Warning::of_run).collect(),
    })
}

/// `--since` and `--until`: RFC 3339, or how long ago.
fn named_window(order: &Order<'_>, now: DateTime<Utc>) -> Result<Window, Halt> {
    let moment = |name: &str, text: &str| {
        moment(text, now).ok_or_else(|| {
            Halt::new(
                Exit::Usage,
                format!("{name} {text:?} is no time: write 2026-11-20T06:00:00Z, or 36h for 36 hours ago"),
            )
        })
    };
    let since = moment("--since", order.args.since.as_deref().unwrap_or_default())?;
    let until = order
        .args
        .until
        .as_deref()
        .map_or(Ok(now), |text| moment("--until", text))?;
    Window::new(since, until)
        .filter(|window| !window.is_empty())
        .ok_or_else(|| Halt::new(Exit::Usage, "--until must be later than --since"))
}
