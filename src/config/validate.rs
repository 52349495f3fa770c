//! From what was written to what is meant: every value is checked, every problem noted, none is fatal
//! to the search for the next.

use std::path::PathBuf;

use crate::config::channel::channels;
use crate::config::controller::{UNNAMED, overlaid, validate};
use crate::config::environment::Environment;
use crate::config::file_source::{FileSource, RESERVED, file_sources};
use crate::config::nearest::nearest;
use crate::config::schema::{Entry, File};
use crate::config::setting::{Remarks, Setting};
use crate::config::{Config, Controller, Tolerated, Wish};
use crate::model::source::SourceKind;
use crate::model::zone::Zone;

const TOLERATED: [(&str, Tolerated); 3] = [
    ("locked", Tolerated::Locked),
    ("partial", Tolerated::Partial),
    ("recovered", Tolerated::Recovered),
];
/// Where a demo writes unless told otherwise.
const DEMO_DIR: &str = "./unifi-scan-demo";

/// The configuration, if every part of it could be made; its warnings are left to the caller.
pub fn config(environment: &Environment, file: File, wish: &Wish, remarks: &mut Remarks) -> Option<Config> {
    let reports_dir = reports_dir(environment, file.reports_dir, wish, remarks);
    let or_file = |name: &str, written: Option<Setting>| environment.setting(name).or(written);
    let lookback = match or_file("UNIFI_INITIAL_LOOKBACK_HOURS", file.initial_lookback_hours) {
        Some(setting) => setting.number("a number of hours", 1, 720, remarks),
        None => Some(24),
    };
    let max_parallel = match file.max_parallel {
        Some(setting) => setting.number("a number of controllers", 1, 64, remarks),
        None => Some(4),
    };
    let timezone = or_file("UNIFI_TIMEZONE", file.timezone).and_then(|setting| timezone(&setting, remarks));
    let archive = or_file("UNIFI_ARCHIVE_EVENTS", file.archive_events);
    let archive_events = archive.and_then(|setting| setting.flag(remarks)).unwrap_or(false);
    let in_image = environment
        .setting("UNIFI_SCAN_IMAGE")
        .and_then(|setting| setting.flag(remarks));
    let has_files = !file.file_sources.is_empty();
    let is_of_files = has_files && file.controllers.is_empty() && environment.about_a_controller().is_empty();
    let mut names: Vec<String> = match file.controllers.as_slice() {
        [] if wish.demo || wish.offline || is_of_files => Vec::new(),
        [] => vec![UNNAMED.to_owned()],
        entries => entries
            .iter()
            .filter_map(|entry| Some(entry.name.as_ref()?.text.trim().to_owned()))
            .collect(),
    };
    names.extend(has_files.then(|| RESERVED.to_owned()));
    let controllers = if wish.demo || wish.offline || is_of_files {
        Vec::new()
    } else {
        controllers(environment, file.controllers, remarks)
    };
    let file_sources = file_sources(&file.file_sources, &controllers, remarks);
    let words = file.channels.iter().flat_map(|channel| &channel.sites);
    sites_of_channels(words, &names, &file_sources, remarks);
    Some(Config {
        channels: channels(environment, file.channels, wish, remarks),
        required_sources: required_sources(&file.required_sources, &names, remarks),
        exit_zero_on: tolerated(file.zero_on, wish, remarks),
        controllers,
        file_sources,
        reports_dir: reports_dir?,
        initial_lookback: chrono::Duration::hours(i64::from(lookback?)),
        max_parallel: max_parallel?,
        timezone,
        archive_events,
        in_image: in_image.unwrap_or(false),
        warnings: Vec::new(),
    })
}

pub fn reports_dir(
    environment: &Environment,
    written: Option<Setting>,
    wish: &Wish,
    remarks: &mut Remarks,
) -> Option<PathBuf> {
    if let Some(path) = &wish.reports_dir {
        return Some(path.clone());
    }
    if let Some(setting) = environment.setting("REPORTS_DIR") {
        let path = setting.path(remarks)?;
        if path.is_relative() {
            remarks.warning(format!(
                "REPORTS_DIR: {} is another directory wherever the scheduler starts from elsewhere: write the full path",
                setting.shown()
            ));
        }
        return Some(path);
    }
    if let Some(setting) = written {
        return setting.path(remarks);
    }
    if wish.demo {
        return Some(PathBuf::from(DEMO_DIR));
    }
    remarks.problem(
        "REPORTS_DIR is not set, so there is no place for reports and state: add REPORTS_DIR=/var/lib/unifi-scan to the \
         environment (or --reports-dir DIR, or reports_dir = \"/var/lib/unifi-scan\" in the file)",
    );
    None
}

fn controllers(environment: &Environment, entries: Vec<Entry>, remarks: &mut Remarks) -> Vec<Controller> {
    let about = environment.about_a_controller();
    let entries = match (entries.len(), about.is_empty()) {
        (0, true) => {
            remarks.problem(
                "no controller is configured: add UNIFI_HOST=192.0.2.1 (your console's address) and \
                 UNIFI_API_KEY_FILE=/etc/unifi-scan/api_key, or see it work first: unifi-scan run --demo",
            );
            Vec::new()
        }
        (0, false) => vec![overlaid(unnamed(), environment, remarks)],
        (1, _) => entries
            .into_iter()
            .map(|entry| overlaid(entry, environment, remarks))
            .collect(),
        (_, true) => entries,
        (several, false) => {
            remarks.problem(format!(
                "the file names {several} controllers, and it is not clear which of them {} is about: remove it, or write it in the file",
                about.join(", ")
            ));
            entries
        }
    };
    let mut controllers: Vec<Controller> = Vec::new();
    for entry in &entries {
        let Some(controller) = validate(entry, remarks) else {
            continue;
        };
        for other in &controllers {
            if other.name == controller.name {
                remarks.problem(format!(
                    "{}: another controller is called `{}` already",
                    entry.at, other.name
                ));
            } else if other.base == controller.base {
                remarks.problem(format!(
                    "{}: `{}` is at the same address, {}: name all of its sites in one entry, or its events count twice",
                    entry.at, other.name, other.base
                ));
            }
        }
        controllers.push(controller);
    }
    controllers
}

/// The entry of a controller that only the environment describes.
fn unnamed() -> Entry {
    let at = "the controller in the environment".to_owned();
    Entry {
        name: Some(Setting {
            text: UNNAMED.to_owned(),
            at: at.clone(),
            beside: None,
        }),
        at,
        ..Entry::default()
    }
}

fn required_sources(settings: &[Setting], names: &[String], remarks: &mut Remarks) -> Vec<String> {
    let kinds = [
        SourceKind::SystemLog,
        SourceKind::Audit,
        SourceKind::AdminActivity,
        SourceKind::TrafficFlows,
        SourceKind::GatewayLog,
        SourceKind::Anomalies,
        SourceKind::Events,
        SourceKind::Alarms,
        SourceKind::Ips,
        SourceKind::Devices,
        SourceKind::Health,
        SourceKind::Lines,
    ]
    .map(SourceKind::name);
    for setting in settings {
        let parts: Vec<&str> = setting.text.split('/').collect();
        let (controller, kind) = match parts.as_slice() {
            [kind] => (None, *kind),
            [controller, _site, kind] => (Some(*controller), *kind),
            _ => {
                remarks.problem(format!(
                    "{}: {} is neither a kind (system-log) nor a full name (home/default/system-log)",
                    setting.at,
                    setting.shown()
                ));
                continue;
            }
        };
        if !kinds.contains(&kind) {
            let hint = nearest(kind, kinds).map_or(String::new(), |kind| format!("; did you mean `{kind}`?"));
            remarks.problem(format!(
                "{}: no source is called {}, there are {}{hint}",
                setting.at,
                setting.shown(),
                kinds.join(", ")
            ));
        }
        if let Some(name) = controller {
            is_configured(name, names, setting, remarks);
        }
    }
    settings.iter().map(|setting| setting.text.clone()).collect()
}

/// What a channel's `sites` name has to be there, as far as that is known before any console is asked.
fn sites_of_channels<'a>(
    words: impl Iterator<Item = &'a Setting>,
    names: &[String],
    files: &[FileSource],
    remarks: &mut Remarks,
) {
    for setting in words {
        let word = setting.text.trim();
        let (name, site) = word
            .split_once('/')
            .map_or((None, word), |(name, site)| (Some(name), site));
        if site.is_empty() || name == Some("") {
            remarks.problem(format!(
                "{}: {} names no site: write its name or label (default), or home/default",
                setting.at,
                setting.shown()
            ));
        } else if name.is_none_or(|name| is_configured(name, names, setting, remarks)) {
            let of_files = name.map_or(names == [RESERVED], |name| name == RESERVED);
            if of_files && !names.is_empty() && !files.iter().any(|file| file.name == site) {
                remarks.problem(format!(
                    "{}: no [[file_source]] is called as {} says",
                    setting.at,
                    setting.shown()
                ));
            }
        }
    }
}

/// Whether there is a controller of this name; where none was looked at, all may be.
fn is_configured(name: &str, names: &[String], setting: &Setting, remarks: &mut Remarks) -> bool {
    if names.is_empty() || names.iter().any(|known| known == name) {
        return true;
    }
    let hint = nearest(name, names.iter().map(String::as_str))
        .map_or(String::new(), |name| format!("; did you mean `{name}`?"));
    remarks.problem(format!(
        "{}: no controller has the name that {} begins with{hint}",
        setting.at,
        setting.shown()
    ));
    false
}

fn tolerated(written: Vec<Setting>, wish: &Wish, remarks: &mut Remarks) -> Vec<Tolerated> {
    let line = wish
        .exit_zero_on
        .iter()
        .flat_map(|list| list.split(','))
        .map(|word| Setting {
            text: word.to_owned(),
            at: "--exit-zero-on".to_owned(),
            beside: None,
        });
    let settings: Vec<Setting> = if wish.exit_zero_on.is_empty() {
        written
    } else {
        line.collect()
    };
    let mut meant: Vec<Tolerated> = settings
        .iter()
        .filter_map(|setting| setting.choice(&TOLERATED, remarks))
        .collect();
    meant.sort_unstable();
    meant.dedup();
    meant
}

pub fn timezone(setting: &Setting, remarks: &mut Remarks) -> Option<Zone> {
    let text = setting.text.trim();
    if let Some(zone) = Zone::named(text) {
        return Some(zone);
    }
    let names = Zone::names;
    let city = |name: &&str| {
        name.rsplit('/')
            .next()
            .is_some_and(|city| city.eq_ignore_ascii_case(text))
    };
    let meant = names()
        .find(|name| name.eq_ignore_ascii_case(text))
        .or_else(|| names().find(city))
        .or_else(|| nearest(text, names()));
    let hint = meant.map_or("write an IANA name such as Europe/Berlin".to_owned(), |name| {
        format!("did you mean {name}?")
    });
    remarks.problem(format!(
        "{}: {} is not a time zone; {hint}",
        setting.at,
        setting.shown()
    ));
    None
}
