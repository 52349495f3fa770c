//! `capture`: saves one answer of each endpoint that is read, without what says whose network it is, for a bug report.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cli::{CaptureArgs, Common};
use crate::collect::capture::{Captured, capture as of};
use crate::commands::fail;
use crate::config::{self, Wish};
use crate::exit::Exit;
use crate::net::stop::Stop;
use crate::print;
use crate::run::order::Clock;

/// How long one console may take.
const PATIENCE: Duration = Duration::from_secs(120);

pub fn capture(args: &CaptureArgs, common: &Common) -> Exit {
    let wish = Wish {
        // Nothing is kept there: a console can be captured before there is any.
        reports_dir: Some(PathBuf::from(".")),
        ..common.wish()
    };
    let config = match config::load(&wish) {
        Ok(config) => config,
        Err(errors) => return fail(Exit::Config, &errors.to_string()),
    };
    let now = Clock::of(common).now();
    let named = format!("unifi-scan-capture-{}", now.format("%Y%m%dT%H%M%SZ"));
    let to = args.output.clone().unwrap_or_else(|| PathBuf::from(named));
    if let Err(error) = fs::DirBuilder::new().mode(0o700).create(&to) {
        let hint = if error.kind() == io::ErrorKind::AlreadyExists {
            "; name a directory that is not there yet with --output"
        } else {
            ""
        };
        return fail(Exit::CannotCreate, &format!("{}: {error}{hint}", to.display()));
    }
    let mut worst = Exit::Ok;
    for (at, controller) in config.controllers.iter().enumerate() {
        let stop = Stop::new(Instant::now() + PATIENCE);
        let captured = match of(controller, now, &stop) {
            Ok(captured) => captured,
            Err(failure) => {
                worst = worst.worst(fail(
                    failure.kind.into(),
                    &controller.keys.spelt(&failure.message),
                ));
                continue;
            }
        };
        // Names of controllers are the owner's words.
        let folder = to.join(format!("console-{}", at + 1));
        if let Err(error) = save(&folder, &captured) {
            return fail(Exit::Io, &format!("{}: {error}", folder.display()));
        }
        for line in &captured {
            print::say(&told(line));
        }
    }
    if worst == Exit::Ok {
        print::say(&format!(
            "saved in {}. Names, secrets, MACs and public addresses have stand-ins; look it through before you pass it \
             on.",
            to.display()
        ));
    }
    worst
}

fn save(folder: &Path, captured: &[Captured]) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(folder)?;
    for line in captured {
        if let Some(answer) = &line.answer {
            write(&folder.join(format!("{}.json", line.name)), answer)?;
        }
    }
    let index = json!({
        "generator": concat!("unifi-scan ", env!("CARGO_PKG_VERSION")),
        "endpoints": captured.iter().map(entry).collect::<Vec<_>>(),
    });
    write(&folder.join("index.json"), &index)
}

fn write(path: &Path, value: &Value) -> io::Result<()> {
    let file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    serde_json::to_writer_pretty(&file, value)?;
    file.sync_all()
}

fn entry(line: &Captured) -> Value {
    json!({
        "name": line.name,
        "method": line.method,
        "path": line.path,
        "asked": line.asked,
        "status": line.outcome.ok(),
        "failure": line.outcome.err().map(|kind| Exit::from(kind).name()),
        "bytes": line.bytes,
        "is_json": line.answer.is_some(),
    })
}

/// `POST /v2/api/site/{site}/system-log/all  200, 12,345 bytes`
fn told(line: &Captured) -> String {
    let path = line.path.split('?').next().unwrap_or_default();
    let outcome = match line.outcome {
        Ok(status) if line.answer.is_some() => {
            let bytes = crate::model::count::counted(line.bytes, "byte");
            format!("{status}, {bytes}")
        }
        Ok(status) => format!("{status}, not JSON: not saved"),
        Err(kind) => format!("no answer ({})", Exit::from(kind).name()),
    };
    format!("{:<4} {path:<46} {outcome}", line.method)
}
