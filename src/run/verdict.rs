//! How a run ended: which exit code its parts come to.

use crate::config::{Channel, Config};
use crate::exit::Exit;
use crate::model::coverage::{Outcome, SourceCoverage};
use crate::model::failure::FailureKind;
use crate::net::stop::Stop;
use crate::run::gather::Harvest;
use crate::run::halt::Halt;
use crate::state::schema::Checkpoint;

/// The exit of a run that has a report, before delivery.
pub fn of_collection(harvest: &Harvest, config: &Config, stop: &Stop) -> Exit {
    let mut exit = of_coverage(&harvest.coverage, config);
    if harvest
        .by_controller
        .values()
        .any(|gathered| gathered.failure.is_some())
    {
        exit = exit.worst(Exit::Partial);
    }
    exit.worst(of_stop(stop))
}

/// What the sources alone come to.
pub fn of_coverage(coverage: &[SourceCoverage], config: &Config) -> Exit {
    let mut exit = Exit::Ok;
    for line in coverage {
        exit = exit.worst(of_source(line, config));
    }
    let mut events = coverage
        .iter()
        .filter(|line| line.id.kind.has_events() && !line.id.kind.is_supplement());
    if !events.any(|line| line.outcome.is_whole() || line.outcome == Outcome::Partial) {
        exit = exit.worst(Exit::Partial);
    }
    exit
}

/// Why the sources alone come to more than 0: a sentence each, one for a console whose sources all say the same.
pub fn causes(coverage: &[SourceCoverage], config: &Config) -> Vec<String> {
    let is_cause = |line: &SourceCoverage| of_source(line, config) != Exit::Ok;
    let can_tell = |line: &SourceCoverage| line.id.kind.has_events() && !line.id.kind.is_supplement();
    let mut causes: Vec<&SourceCoverage> = coverage.iter().filter(|line| is_cause(line)).collect();
    if causes.is_empty() && of_coverage(coverage, config) != Exit::Ok {
        causes = coverage.iter().filter(|line| can_tell(line)).collect();
    }
    let mut told: Vec<String> = Vec::new();
    for line in causes {
        let of_console = |other: &&SourceCoverage| other.controller() == line.controller();
        let mut beside = coverage.iter().filter(of_console);
        let same = |other: &SourceCoverage| (other.outcome, &other.reason) == (line.outcome, &line.reason);
        let name = if beside.clone().count() > 1 && beside.all(same) {
            line.controller()
        } else {
            &line.name
        };
        let reason = line.reason.as_deref().unwrap_or("no reason given");
        let sentence = format!("{name} {}: {reason}", line.outcome.name());
        if !told.contains(&sentence) {
            told.push(sentence);
        }
    }
    told
}

/// The same of a whole harvest: a console may also be down of which no source was wanted this time.
pub fn causes_in(harvest: &Harvest, config: &Config) -> Vec<String> {
    let mut told = causes(&harvest.coverage, config);
    for (name, gathered) in &harvest.by_controller {
        if let Some(failure) = gathered.failure.as_ref().filter(|_| gathered.coverage.is_empty()) {
            told.push(sentence(name, &failure.message));
        }
    }
    told
}

fn of_source(line: &SourceCoverage, config: &Config) -> Exit {
    match line.outcome {
        Outcome::Complete | Outcome::Empty => Exit::Ok,
        _ if line.code == FailureKind::Timeout.code() => Exit::Timeout,
        Outcome::Partial | Outcome::Failed => Exit::Partial,
        Outcome::Unsupported | Outcome::Denied if is_required(line, config) => Exit::Partial,
        Outcome::Unsupported | Outcome::Denied => Exit::Ok,
    }
}

/// The operator wants it whatever stands for it.
pub fn is_required(line: &SourceCoverage, config: &Config) -> bool {
    let names = config.required_sources.iter();
    names
        .into_iter()
        .any(|name| *name == line.name || line.name.ends_with(&format!("/{name}")))
}

/// The code of the signal that was given, if one was.
pub fn of_stop(stop: &Stop) -> Exit {
    stop.signalled().map_or(Exit::Ok, Exit::of_signal)
}

/// Why there is no report, if nothing at all was collected: every failure's sentence, the worst code.
pub fn of_nothing(harvest: &Harvest, stop: &Stop) -> Option<Halt> {
    if harvest.has_anything() {
        return None;
    }
    let mut exit = of_stop(stop);
    let mut sentences: Vec<String> = Vec::new();
    for (name, gathered) in &harvest.by_controller {
        if let Some(failure) = &gathered.failure {
            exit = exit.worst(failure.kind.into());
            sentences.push(sentence(name, &failure.message));
        }
    }
    for line in &harvest.coverage {
        exit = exit.worst(Exit::of_code(line.code).unwrap_or(Exit::Failed));
        if let Some(reason) = &line.reason {
            let told = sentence(&line.name, reason);
            if !sentences.iter().any(|known| known.contains(reason.as_str())) {
                sentences.push(told);
            }
        }
    }
    let there = there(harvest);
    if harvest.coverage.is_empty() && !there.is_empty() {
        // What is behind a console that did not answer is unknown.
        if sentences.is_empty() {
            exit = exit.worst(Exit::Config);
        }
        sentences.push(format!(
            "--site names no site that is there; there are: {}",
            there.join(", ")
        ));
    }
    if sentences.is_empty() {
        sentences.push(if stop.signalled().is_some() {
            "interrupted before anything was collected".to_owned()
        } else {
            "no source was collected".to_owned()
        });
    }
    if exit == Exit::Ok {
        exit = Exit::Unavailable;
    }
    Some(Halt::new(exit, sentences.join("\n")))
}

/// Every site and file source that `--site` left out, with what people call it.
fn there(harvest: &Harvest) -> Vec<String> {
    let consoles = harvest.by_controller.values();
    let sites = consoles.flat_map(|gathered| &gathered.not_asked);
    let shown = sites.chain(&harvest.not_asked).map(|site| {
        let name = site.to_string();
        match harvest.labels.get(&name) {
            Some(label) => format!("{name} ({label})"),
            None => name,
        }
    });
    shown.collect()
}

/// A sentence that names its controller or source once.
fn sentence(name: &str, message: &str) -> String {
    if message.contains(name) {
        message.to_owned()
    } else {
        format!("{name}: {message}")
    }
}

/// Partial if a required channel is owed anything.
pub fn of_channels(checkpoint: &Checkpoint, channels: &[Channel]) -> Exit {
    let owing = channels
        .iter()
        .filter(|channel| channel.required)
        .any(|channel| checkpoint.owed_to(&channel.name) > 0);
    if owing { Exit::Partial } else { Exit::Ok }
}
