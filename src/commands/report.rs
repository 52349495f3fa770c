//! `report list` and `report show`: earlier reports, read from the archive's JSON.

use crate::cli::{Common, ReportCommand, ReportFormat};
use crate::commands::{fail, opened};
use crate::disk::error::DiskError;
use crate::disk::{Dir, Entry};
use crate::exit::Exit;
use crate::model::report::Report;
use crate::print;
use crate::report;

/// Largest report read, in bytes.
const LARGEST: u64 = 64 << 20;

pub fn report(command: &ReportCommand, common: &Common) -> Exit {
    let dir = match opened(common) {
        Ok(Some(dir)) => dir,
        Ok(None) => return fail(Exit::Failed, "no reports yet"),
        Err(exit) => return exit,
    };
    let published = match published(&dir) {
        Ok(published) => published,
        Err(error) => return fail(Exit::CannotCreate, &error.to_string()),
    };
    match command {
        ReportCommand::List { json } => list(&published, *json),
        ReportCommand::Show { run, format } => show(&dir, &published, *run, *format),
    }
}

/// A published report: its run and the path of its JSON below `REPORTS_DIR`.
pub struct Published {
    pub run: u64,
    pub path: String,
}

/// All reports of the archive, lowest run first.
pub fn published(dir: &Dir) -> Result<Vec<Published>, DiskError> {
    let mut found = Vec::new();
    for year in digits(dir.list("")?, 4) {
        for month in digits(dir.list(&year)?, 2) {
            let folder = format!("{year}/{month}");
            for entry in dir.list(&folder)? {
                let name = entry.name;
                let run = name
                    .strip_prefix("report-")
                    .and_then(|rest| rest.strip_suffix(".json"))
                    .and_then(|rest| rest.split('-').next())
                    .and_then(|number| number.parse().ok());
                if let Some(run) = run {
                    found.push(Published {
                        run,
                        path: format!("{folder}/{name}"),
                    });
                }
            }
        }
    }
    found.sort_by(|a, b| (a.run, &a.path).cmp(&(b.run, &b.path)));
    Ok(found)
}

fn digits(entries: Vec<Entry>, length: usize) -> impl Iterator<Item = String> {
    entries
        .into_iter()
        .map(|entry| entry.name)
        .filter(move |name| name.len() == length && name.bytes().all(|byte| byte.is_ascii_digit()))
}

fn list(published: &[Published], json: bool) -> Exit {
    for report in published {
        if json {
            print::say(&serde_json::json!({ "run": report.run, "path": report.path }).to_string());
        } else {
            print::say(&format!("{:>6}  {}", report.run, report.path));
        }
    }
    if published.is_empty() && !json {
        print::say("no reports yet");
    }
    Exit::Ok
}

fn show(dir: &Dir, published: &[Published], run: Option<u64>, format: ReportFormat) -> Exit {
    let wanted = match run {
        Some(run) => published.iter().rfind(|report| report.run == run),
        None => published.last(),
    };
    let Some(wanted) = wanted else {
        let what = run.map_or_else(
            || "no reports yet".to_owned(),
            |run| format!("there is no report of run {run}"),
        );
        return fail(
            Exit::Failed,
            &format!("{what}; `unifi-scan report list` shows what there is"),
        );
    };
    let opened = dir
        .read(&wanted.path, LARGEST)
        .map_err(|error| error.to_string())
        .and_then(|bytes| bytes.ok_or_else(|| "it is gone".to_owned()))
        .and_then(|bytes| report::json::open(&bytes).map(|report| (bytes, report)));
    match opened {
        Ok((bytes, report)) => {
            print::put(&rendered(&report, bytes, format));
            Exit::Ok
        }
        Err(error) => fail(Exit::BadState, &format!("{}: {error}", wanted.path)),
    }
}

fn rendered(report: &Report, json: Vec<u8>, format: ReportFormat) -> Vec<u8> {
    match format {
        ReportFormat::Json => json,
        ReportFormat::Html => report::html::render(report).into_bytes(),
        ReportFormat::Markdown => report::markdown::render(report).into_bytes(),
        ReportFormat::Text => report::text::render(report).into_bytes(),
    }
}
