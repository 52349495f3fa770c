//! `state rebuild --from-reports`: a checkpoint from the archive's JSON, where nothing else is left.
//!
//! What the reports tell: lineage, numbers, up to where each source was proved, the findings. Ids of rows come from
//! the event archives, where they were kept; where not, the last day may be told again.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use crate::cli::Common;
use crate::commands::report::{Published, published};
use crate::commands::state::Bench;
use crate::disk::Dir;
use crate::exit::Exit;
use crate::model::count::counted;
use crate::model::finding::Finding;
use crate::model::memory::{Memory, Remembered};
use crate::model::position::Position;
use crate::model::report::Report;
use crate::model::source::SourceId;
use crate::report::json;
use crate::run::halt::Halt;
use crate::run::remember::forget_ids;
use crate::state::recover::consequences;
use crate::state::restore::over_everything;
use crate::state::schema::{Checkpoint, CommittedRun, KnownController, RUNS, SourceState};
use crate::state::seen::Seen;

/// More bytes than any report has.
const LIMIT: u64 = 256 * 1024 * 1024;
/// Findings silent for longer are forgotten anyway.
const MEMORY: TimeDelta = TimeDelta::days(31);
/// Behind the watermark, in which late rows are still found, and the hour it begins in.
const OVERLAP: TimeDelta = TimeDelta::hours(25);

/// A report of the archive that can be believed.
struct Found {
    path: String,
    run: u64,
    report: Report,
}

pub fn rebuild(common: &Common) -> Result<String, Halt> {
    let mut bench = Bench::open("state rebuild", common)?;
    let (reports, refused) = believable(&bench.dir)?;
    for why in &refused {
        log::warn!("{why}");
    }
    let Some(newest) = reports.last() else {
        return Err(Halt::new(
            Exit::BadState,
            format!(
                "there is no report in {} that can be believed; nothing was changed: `unifi-scan state reset --yes` starts \
                 over",
                bench.dir.path().display()
            ),
        ));
    };
    if newest.report.demo {
        return Err(Halt::new(
            Exit::BadState,
            "these reports are of the demo, whose state is not worth it: remove the directory",
        ));
    }
    let run = newest.run;
    let mut seen = Seen::default();
    let mut checkpoint = assembled(&reports, newest);
    let without_ids = ids(&bench.dir, &reports, &checkpoint, &mut seen)?;
    forget_ids(&mut seen, &checkpoint);
    checkpoint = over_everything(&bench.dir, checkpoint)?;
    let generation = checkpoint.next_generation();
    checkpoint.sidecar = seen.write(&bench.dir, generation)?;
    let mut what = format!(
        "The state was rebuilt from {}, the newest of run {run}: {}, {} remembered{}",
        counted(reports.len(), "report"),
        counted(checkpoint.sources.len(), "source"),
        counted(checkpoint.memory.findings.len(), "finding"),
        consequences(&checkpoint)
    );
    if without_ids > 0 {
        let _ = write!(
            what,
            "; {} without a whole event archive, so that rows of the last day may be told again",
            counted(without_ids, "report")
        );
    }
    what.push_str("; what other channels than the archive were owed is not known.");
    checkpoint.to_tell.push(what.clone());
    let kept = bench.install(&mut checkpoint)?;
    let kept = kept.map_or_else(String::new, |name| format!(" What lay there is kept as {name}."));
    Ok(format!("{what}{kept}"))
}

/// The newest lineage's reports of the last month, lowest run first, and why others were left out.
fn believable(dir: &Dir) -> Result<(Vec<Found>, Vec<String>), Halt> {
    let mut found: Vec<Found> = Vec::new();
    let mut refused = Vec::new();
    for Published { run, path } in published(dir)?.into_iter().rev() {
        let bytes = dir.read(&path, LIMIT)?.unwrap_or_default();
        let report = match json::open(&bytes) {
            Ok(report) if report.run == Some(run) => report,
            Ok(_) => {
                refused.push(format!("{path} is not what its name says; left out"));
                continue;
            }
            Err(why) => {
                refused.push(format!("{path} left out: {why}"));
                continue;
            }
        };
        if let Some(newest) = found.first().map(|newest| &newest.report) {
            if report.instance != newest.instance {
                continue;
            }
            if newest.generated_at - report.generated_at > MEMORY {
                break;
            }
        }
        found.push(Found { path, run, report });
    }
    found.reverse();
    Ok((found, refused))
}

fn assembled(reports: &[Found], newest: &Found) -> Checkpoint {
    let oldest = reports.iter().map(|found| found.report.generated_at).min();
    let start = oldest.unwrap_or(newest.report.generated_at);
    let mut checkpoint = Checkpoint::empty(newest.report.instance.clone(), start);
    checkpoint.run = newest.run;
    checkpoint.last_successful_run = Some(newest.report.generated_at);
    checkpoint.last_report_count = newest.report.counts.findings;
    for found in reports {
        positions(&mut checkpoint, &found.report);
        for finding in &found.report.findings {
            remember(&mut checkpoint.memory, finding, found.run);
        }
    }
    for found in reports.iter().rev().take(RUNS) {
        let Found { path, run, report } = found;
        checkpoint.runs.insert(
            *run,
            CommittedRun {
                report_id: report.report_id.clone(),
                generated_at: report.generated_at,
                path: path.trim_end_matches(".json").to_owned(),
                findings: report.counts.findings,
                severe: report.counts.severe,
                window: report.window,
            },
        );
    }
    checkpoint
}

/// Each source stands where the last report that had it whole says it was proved.
fn positions(checkpoint: &mut Checkpoint, report: &Report) {
    for line in &report.sources {
        let (Some(since), Some(until)) = (line.since, line.until) else {
            continue;
        };
        if !line.outcome.is_whole() || !line.id.kind.has_events() {
            continue;
        }
        let controller = line.name.split('/').next().unwrap_or_default();
        checkpoint
            .controllers
            .entry(controller.to_owned())
            .or_insert_with(|| KnownController {
                uuid: Some(line.id.controller.clone()),
                ..KnownController::new(controller, since)
            });
        let fresh = || SourceState {
            id: line.id.clone(),
            name: String::new(),
            epoch: 0,
            position: Position::unread(since),
        };
        if let Some(source) = checkpoint.source_mut(&line.id, fresh) {
            line.name.clone_into(&mut source.name);
            source.position.start = source.position.start.min(since);
            source.position.watermark = Some(until);
            source.position.proved_until = Some(until);
            source.position.newest = Some(until);
        }
    }
}

fn remember(memory: &mut Memory, finding: &Finding, run: u64) {
    let earlier = memory.findings.get(&finding.fingerprint);
    let remembered = Remembered {
        rule: finding.rule.clone(),
        severity: finding.severity,
        category: finding.category,
        title: finding.title.clone(),
        subject: finding.subject.clone(),
        site: finding.site.clone(),
        first_seen: earlier.map_or(finding.first_seen, |known| {
            known.first_seen.min(finding.first_seen)
        }),
        last_seen: earlier.map_or(finding.last_seen, |known| known.last_seen.max(finding.last_seen)),
        last_run: run,
        last_count: finding.count,
        days: finding.days,
        ongoing: finding.ongoing,
    };
    memory.findings.insert(finding.fingerprint.clone(), remembered);
}

/// A row of `events-NNNNNN.jsonl`, as far as it is needed.
#[derive(Deserialize)]
struct Row {
    id: String,
    source: String,
    time: DateTime<Utc>,
}

/// Collects the ids inside the overlaps; how many reports could not give theirs.
fn ids(dir: &Dir, reports: &[Found], checkpoint: &Checkpoint, seen: &mut Seen) -> Result<usize, Halt> {
    let newest = checkpoint
        .sources
        .iter()
        .filter_map(|source| source.position.watermark)
        .max();
    let Some(newest) = newest else {
        return Ok(0);
    };
    let mut without = 0;
    for Found { path, run, report } in reports {
        // A row is reported within a run's window or, if late, after it.
        if report.window.until() + OVERLAP < newest || report.counts.events == 0 {
            continue;
        }
        let known: BTreeMap<&str, &SourceId> = report
            .sources
            .iter()
            .map(|line| (line.name.as_str(), &line.id))
            .collect();
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let archive = format!("{folder}/events-{run:06}.jsonl");
        let mut rows = 0;
        if let Some(file) = dir.open_file(&archive)? {
            for line in BufReader::new(file).lines() {
                let row = line.ok().and_then(|line| serde_json::from_str::<Row>(&line).ok());
                if let Some(row) = row
                    && let Some(id) = known.get(row.source.as_str())
                {
                    seen.insert(&id.family(), &row.id, row.time);
                    rows += 1;
                }
            }
        }
        if rows != report.counts.events {
            without += 1;
            for line in report.sources.iter().filter(|line| line.events > 0) {
                seen.lost_before(&line.id, line.until.unwrap_or(report.window.until()));
            }
        }
    }
    Ok(without)
}
