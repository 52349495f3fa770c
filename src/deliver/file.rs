//! The `file` channel: publishes a committed run's files from the outbox into `YYYY/MM/`.
//!
//! The event archive and the renderings are moved (there already = done); the JSON, which other
//! channels still need, is copied last: a JSON with the right `report_id` in its place means accepted.

use anyhow::{Context as _, ensure};

use crate::disk::{Dir, crash_point};
use crate::model::report::Report;
use crate::report;

/// Largest report read back, in bytes.
const LARGEST_REPORT: u64 = 64 << 20;

/// What became of a run that was to be published.
pub enum Published {
    Done,
    /// Neither the outbox nor the archive has its report any more.
    Gone,
}

/// A committed run whose files wait in the outbox.
pub struct Waiting<'a> {
    pub number: u64,
    pub report_id: &'a str,
    /// Its outbox entry, below `REPORTS_DIR`.
    pub folder: &'a str,
    /// Where it goes, below `REPORTS_DIR`, without extension.
    pub path: &'a str,
    /// What its names end with, beside `path`: nothing for an own run.
    pub mark: &'a str,
}

/// Publishes a run. Safe to repeat from any point at which an earlier attempt died.
pub fn publish(dir: &Dir, run: &Waiting<'_>) -> anyhow::Result<Published> {
    let number = run.number;
    let json_path = format!("{}.json", run.path);
    if is_published(dir, &json_path, run.report_id) {
        return Ok(Published::Done);
    }
    let staged = dir
        .read(&format!("{}/report.json", run.folder), LARGEST_REPORT)
        .with_context(|| format!("reading run {number}'s report from the outbox"))?;
    let Some(json) = staged else {
        return Ok(Published::Gone);
    };
    let report = report::json::open(&json)
        .map_err(anyhow::Error::msg)
        .context("reading the outbox")?;
    ensure!(
        report.report_id == run.report_id,
        "the outbox entry of run {number} holds another report than the one that was committed"
    );
    let folder = run.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    dir.create_dirs(folder)?;
    move_out(
        dir,
        run,
        "events.jsonl",
        &format!("{folder}/events-{number:06}{}.jsonl", run.mark),
    )?;
    crash_point("publish.events");
    let html = format!("{}.html", run.path);
    if !move_out(dir, run, "report.html", &html)? {
        dir.replace(&html, report::html::render(&report).as_bytes())?;
    }
    let text = format!("{}.txt", run.path);
    if !move_out(dir, run, "report.txt", &text)? {
        dir.replace(&text, report::text::render(&report).as_bytes())?;
    }
    dir.sync(folder)?;
    crash_point("publish.renderings");
    dir.replace(&json_path, &json)?;
    crash_point("publish.json");
    Ok(Published::Done)
}

/// Publishes an ad hoc report, JSON last; killed before that, nothing of it counts.
pub fn publish_ad_hoc(dir: &Dir, path: &str, report: &Report, json: &[u8]) -> anyhow::Result<()> {
    dir.create_dirs(path.rsplit_once('/').map_or("", |(folder, _)| folder))?;
    dir.replace(&format!("{path}.html"), report::html::render(report).as_bytes())?;
    dir.replace(&format!("{path}.txt"), report::text::render(report).as_bytes())?;
    dir.replace(&format!("{path}.json"), json)?;
    Ok(())
}

fn is_published(dir: &Dir, json_path: &str, report_id: &str) -> bool {
    dir.read(json_path, LARGEST_REPORT)
        .ok()
        .flatten()
        .and_then(|bytes| report::json::open(&bytes).ok())
        .is_some_and(|report| report.report_id == report_id)
}

/// Moves a file out of the outbox; `true` if it is in its place now, moved by us or by an earlier attempt.
fn move_out(dir: &Dir, run: &Waiting<'_>, name: &str, target: &str) -> anyhow::Result<bool> {
    let from = format!("{}/{name}", run.folder);
    if dir.identity(&from)?.is_some() {
        dir.rename(&from, target)?;
        return Ok(true);
    }
    Ok(dir.identity(target)?.is_some())
}
