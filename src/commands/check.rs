//! `check`: configuration, directory and its file system, each controller, each channel; a table, and the first
//! of its rows' codes in the contract's order.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rustix::fs::Access;

use crate::cli::Common;
use crate::collect::session::answers::NoRows;
use crate::collect::{self, Known, Wanted, follow, gateway};
use crate::commands::fail;
use crate::config::{self, ChannelKind, Config, Controller, Trust};
use crate::disk::Dir;
use crate::disk::file_system::file_system;
use crate::exit::Exit;
use crate::model::coverage::{Outcome, SourceCoverage};
use crate::model::position::Position;
use crate::model::source::{SiteName, SourceId};
use crate::model::window::Window;
use crate::net::stop::Stop;
use crate::net::{refusal, tls};
use crate::print;
use crate::run::order::Clock;
use crate::run::preflight::with_advice;
use crate::run::verdict;
use crate::state::load::peek;

/// How long the whole check may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long a connection to a channel's receiver may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How much of a console's log is read to see that it can be.
const SAMPLE: chrono::Duration = chrono::Duration::minutes(5);

/// One row of the table.
struct Row {
    what: String,
    /// `ok`, the exit's name, or what the report calls it.
    mark: &'static str,
    exit: Exit,
    says: String,
}

pub fn check(common: &Common) -> Exit {
    let config = match config::load(&common.wish()) {
        Ok(config) => config,
        Err(errors) => return fail(Exit::Config, &errors.to_string()),
    };
    let stop = Stop::new(Instant::now() + PATIENCE);
    let now = Clock::of(common).now();
    let mut rows = vec![row("configuration", Ok("valid".to_owned()))];
    rows.extend(
        config
            .warnings
            .iter()
            .map(|warning| row("configuration", Ok(format!("note: {warning}")))),
    );
    rows.push(directory(&config));
    // One that cannot be read is told by the directory's row.
    let checkpoint = Dir::open(&config.reports_dir)
        .ok()
        .and_then(|dir| peek(&dir).ok().flatten());
    for controller in &config.controllers {
        let known = checkpoint
            .as_ref()
            .and_then(|checkpoint| checkpoint.controllers.get(&controller.name));
        let not_before = known.and_then(|known| known.not_before);
        rows.extend(console(controller, &config, not_before, now, &stop));
        rows.extend(gateway_log(controller, &stop));
    }
    for source in &config.file_sources {
        let looked = follow::look(source)
            .map(|files| format!("{files} files are called {}, rotated ones included", source.path))
            .map_err(|failure| (failure.kind.into(), failure.message));
        rows.push(row(&format!("files {}", source.name), looked));
    }
    for channel in &config.channels {
        let reached = match &channel.kind {
            ChannelKind::File => Ok("reports are published into the directory".to_owned()),
            ChannelKind::Webhook(hook) => tls::reach(&hook.base, &hook.trust, hook.timeout.min(CONNECT))
                .map(|()| format!("{} is reached; no message was sent", hook.base))
                .map_err(|failure| (failure.kind.into(), failure.message)),
        };
        rows.push(row(&format!("channel {}", channel.name), reached));
    }
    let width = rows.iter().map(|row| row.what.chars().count()).max().unwrap_or(0);
    for row in &rows {
        print::say(&format!("{:<width$}  {:<13}  {}", row.what, row.mark, row.says));
    }
    rows.iter().fold(Exit::Ok, |worst, row| worst.worst(row.exit))
}

fn row(what: &str, result: Result<String, (Exit, String)>) -> Row {
    let (exit, says) = match result {
        Ok(says) => (Exit::Ok, says),
        Err((exit, says)) => (exit, says),
    };
    Row {
        what: what.to_owned(),
        mark: exit.name(),
        exit,
        says,
    }
}

/// The directory, its file system and its checkpoint, looked at without taking the lock.
fn directory(config: &Config) -> Row {
    let path = &config.reports_dir;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let may_be_made = parent.is_none_or(|parent| {
        parent.is_dir() && rustix::fs::access(parent, Access::WRITE_OK | Access::EXEC_OK).is_ok()
    });
    if !path.exists() && may_be_made {
        return row(
            "directory",
            Ok(format!(
                "{} is not there yet: the first run makes it",
                path.display()
            )),
        );
    }
    let looked = Dir::open(path)
        .map_err(|error| (Exit::CannotCreate, with_advice(&error.to_string(), path)))
        .and_then(|dir| {
            dir.probe()
                .map_err(|error| (Exit::CannotCreate, with_advice(&error.to_string(), path)))?;
            let place = file_system(path);
            let locks = if place.is_network && !place.locks_reach_other_hosts {
                ", where locks may not reach other hosts"
            } else {
                ""
            };
            let state = match peek(&dir) {
                Ok(Some(found)) if found.demo => {
                    let told = format!(
                        "{} was made by run --demo: delete it, or choose another",
                        path.display()
                    );
                    return Err((Exit::Config, told));
                }
                Ok(Some(found)) => {
                    format!("checkpoint of generation {}, run {}", found.generation, found.run)
                }
                Ok(None) => "no checkpoint yet: the next run is the first".to_owned(),
                Err(error) => {
                    return Err((
                        Exit::of_code(error.code()).unwrap_or(Exit::BadState),
                        error.to_string(),
                    ));
                }
            };
            Ok(format!("{} on {}{locks}; {state}", path.display(), place.kind))
        });
    row("directory", looked)
}

/// The end of the gateway's own log, where one is named.
fn gateway_log(controller: &Controller, stop: &Stop) -> Option<Row> {
    let access = controller.ssh.as_ref()?;
    let looked = gateway::read(controller, stop)
        .map(|log| {
            format!(
                "{} alerts in {} on {}",
                log.eve.alerts.len(),
                access.file,
                access.host
            )
        })
        .map_err(|no_rows| match no_rows {
            NoRows::Failed(failure) => (failure.kind.into(), failure.message),
            NoRows::Denied(why) | NoRows::Absent(why) => (Exit::Auth, why),
        });
    Some(row(&format!("gateway log {}", controller.name), looked))
}

/// Reach, pin to trust, login, version, and what each source answers.
/// `not_before` is for how long an earlier login limit lasts.
fn console(
    controller: &Controller,
    config: &Config,
    not_before: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    stop: &Stop,
) -> Vec<Row> {
    let what = format!("controller {}", controller.name);
    let mut rows = Vec::new();
    if controller.base.https && !matches!(controller.trust, Trust::CaFile(_)) {
        match tls::peer_pin(&controller.base, controller.connect_timeout) {
            Ok(pin) => {
                let pin = refusal::hex(&pin);
                rows.push(row(&what, Ok(format!("reached; its pin is sha256:{pin}"))));
            }
            Err(failure) => {
                let told = controller.keys.spelt(&failure.message);
                rows.push(row(&what, Err((failure.kind.into(), told))));
                return rows;
            }
        }
    }
    let position = |_: &SiteName, _: &SourceId| Position::unread(now - SAMPLE);
    let wanted = Wanted {
        controller,
        sites_filter: None,
        adopt: false,
        known: Some(Known {
            not_before,
            ..Known::default()
        }),
        position: &position,
        now,
        judge_skew: true,
        named_window: Window::new(now - SAMPLE, now),
        // The rows are only counted.
        is_enough: |_, _| true,
    };
    let gathered = match collect::controller(&wanted, stop, &mut |_| Ok(())) {
        Ok(gathered) => gathered,
        Err(error) => {
            rows.push(row(&what, Err((Exit::Failed, format!("{error:#}")))));
            return rows;
        }
    };
    if let Some(failure) = gathered.failure {
        rows.push(row(&what, Err((failure.kind.into(), failure.message))));
        return rows;
    }
    let zone = gathered.timezone.unwrap_or_else(|| "unknown".to_owned());
    rows.push(row(
        &what,
        Ok(format!(
            "signed in; Network {} on {}, time zone {zone}",
            gathered.version, gathered.flavour
        )),
    ));
    rows.extend(
        gathered
            .warnings
            .into_iter()
            .map(|warning| row(&what, Ok(format!("note: {}", warning.text)))),
    );
    let all = &gathered.coverage;
    rows.extend(all.iter().map(|line| source(line, all, config)));
    rows
}

/// What a source answered; one that misses nothing is in order, whatever the report calls it.
fn source(line: &SourceCoverage, all: &[SourceCoverage], config: &Config) -> Row {
    let mut says = line
        .reason
        .clone()
        .unwrap_or_else(|| format!("{} records", line.records));
    let is_covered = line.is_covered(all) && !verdict::is_required(line, config);
    if is_covered && line.outcome == Outcome::Denied {
        says.push_str("; the system log, which tells of it too, was read");
    }
    let exit = if is_covered {
        Exit::Ok
    } else {
        Exit::of_code(line.code).unwrap_or(Exit::Failed)
    };
    Row {
        what: line.name.clone(),
        mark: match line.outcome {
            Outcome::Unsupported | Outcome::Denied => line.outcome.name(),
            _ => exit.name(),
        },
        exit,
        says,
    }
}
