//! The TOML file as it is written, no meaning yet: which keys there are, of which type, on which line.
//! Walked by hand instead of by serde, which stops at the first problem and quotes values in its errors.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use toml::de::DeTable;

use crate::config::Wish;
use crate::config::environment::Environment;
use crate::config::secret::read_small;
use crate::config::section::Section;
use crate::config::setting::{Given, Remarks, Setting};

/// Everything a file may say.
#[derive(Debug, Default)]
pub struct File {
    pub reports_dir: Option<Setting>,
    pub initial_lookback_hours: Option<Setting>,
    pub max_parallel: Option<Setting>,
    pub timezone: Option<Setting>,
    pub archive_events: Option<Setting>,
    pub required_sources: Vec<Setting>,
    pub zero_on: Vec<Setting>,
    pub controllers: Vec<Entry>,
    pub file_sources: Vec<FileSourceEntry>,
    pub channels: Vec<ChannelEntry>,
}

/// One `[[controller]]`.
#[derive(Debug, Default)]
pub struct Entry {
    pub at: String,
    pub name: Option<Setting>,
    pub host: Option<Setting>,
    pub port: Option<Setting>,
    pub api_key: Option<Given>,
    pub username: Option<Setting>,
    pub password: Option<Given>,
    pub sites: Vec<Setting>,
    pub flavour: Option<Setting>,
    /// `trust = "public"` or `"none"`.
    pub trust: Option<Setting>,
    pub ca_file: Option<Setting>,
    pub pin: Option<Setting>,
    pub connect_timeout: Option<Setting>,
    pub request_timeout: Option<Setting>,
    pub ssh: Option<SshEntry>,
}

/// One `[controller.ssh]`.
#[derive(Debug, Default)]
pub struct SshEntry {
    pub at: String,
    pub user: Option<Setting>,
    pub host: Option<Setting>,
    pub port: Option<Setting>,
    pub key_file: Option<Setting>,
    pub known_hosts_file: Option<Setting>,
    pub file: Option<Setting>,
}

/// One `[[file_source]]`.
#[derive(Debug)]
pub struct FileSourceEntry {
    pub at: String,
    pub name: Option<Setting>,
    pub path: Option<Setting>,
    pub timezone: Option<Setting>,
}

/// One `[[channel]]`.
#[derive(Debug, Default)]
pub struct ChannelEntry {
    pub at: String,
    pub name: Option<Setting>,
    pub kind: Option<Setting>,
    pub required: Option<Setting>,
    pub when: Option<Setting>,
    pub min_severity: Option<Setting>,
    pub url: Option<Given>,
    pub secret: Option<Given>,
    pub timeout: Option<Setting>,
    pub give_up_after: Option<Setting>,
    pub ca_file: Option<Setting>,
    pub sites: Vec<Setting>,
}

/// A file that could be read.
pub struct Document {
    pub path: PathBuf,
    pub text: String,
    pub world_readable: bool,
}

/// Largest configuration file read.
const LARGEST: u64 = 1024 * 1024;
/// Syntax errors shown: the later ones are mostly echoes of the first.
const SYNTAX_ERRORS: usize = 3;

/// The file that `--config` or `UNIFI_SCAN_CONFIG` names.
pub fn document(environment: &Environment, wish: &Wish, remarks: &mut Remarks) -> Option<Document> {
    let (path, at) = match (&wish.config_file, environment.setting("UNIFI_SCAN_CONFIG")) {
        (Some(path), _) => (path.clone(), "--config".to_owned()),
        (None, Some(setting)) => (setting.path(remarks)?, setting.at),
        (None, None) => return None,
    };
    match read_small(&path, LARGEST) {
        Ok((text, metadata)) => Some(Document {
            world_readable: metadata.permissions().mode() & 0o004 != 0,
            path,
            text,
        }),
        Err(why) => {
            remarks.problem(format!("{at} ({}): {why}", path.display()));
            None
        }
    }
}

/// What the file says, or nothing where it is not TOML. Controllers are left out where none is wanted.
pub fn parse(document: &Document, brings_own: bool, remarks: &mut Remarks) -> Option<File> {
    let (table, errors) = DeTable::parse_recoverable(&document.text);
    let mut root = Section::new(document, table.get_ref(), String::new());
    for error in errors.iter().take(SYNTAX_ERRORS) {
        // Only the parser's own words: the line itself may hold a secret.
        let start = error.span().map_or(0, |span| span.start);
        remarks.problem(format!("{}: {}", root.place(start), error.message()));
    }
    if !errors.is_empty() {
        return None;
    }
    let mut file = File {
        reports_dir: root.text("reports_dir", remarks),
        initial_lookback_hours: root.number("initial_lookback_hours", remarks),
        max_parallel: root.number("max_parallel", remarks),
        timezone: root.text("timezone", remarks),
        ..File::default()
    };
    if let Some(mut archive) = root.table("archive", remarks) {
        file.archive_events = archive.flag("events", remarks);
        archive.finish(remarks);
    }
    if let Some(mut sources) = root.table("sources", remarks) {
        file.required_sources = sources.list("required", remarks);
        sources.finish(remarks);
    }
    if let Some(mut exit) = root.table("exit", remarks) {
        file.zero_on = exit.list("zero_on", remarks);
        exit.finish(remarks);
    }
    for channel in root.tables("channel", remarks) {
        file.channels.push(channel_entry(channel, remarks));
    }
    for controller in root.tables("controller", remarks) {
        if !brings_own {
            file.controllers.push(controller_entry(controller, remarks));
        }
    }
    for mut source in root.tables("file_source", remarks) {
        let entry = FileSourceEntry {
            at: source.place(source.start),
            name: source.text("name", remarks),
            path: source.text("path", remarks),
            timezone: source.text("timezone", remarks),
        };
        source.finish(remarks);
        if !brings_own {
            file.file_sources.push(entry);
        }
    }
    root.finish(remarks);
    Some(file)
}

fn controller_entry(mut section: Section<'_, '_>, remarks: &mut Remarks) -> Entry {
    let mut entry = Entry {
        at: section.place(section.start),
        name: section.text("name", remarks),
        host: section.text("host", remarks),
        port: section.number("port", remarks),
        api_key: section.secret("api_key", "api_key_file", remarks),
        username: section.text("username", remarks),
        password: section.secret("password", "password_file", remarks),
        sites: section.list("sites", remarks),
        flavour: section.text("flavour", remarks),
        connect_timeout: section.duration("connect_timeout", remarks),
        request_timeout: section.duration("request_timeout", remarks),
        ..Entry::default()
    };
    if section.is_table("trust") {
        if let Some(mut trust) = section.table("trust", remarks) {
            entry.ca_file = trust.text("ca_file", remarks);
            entry.pin = trust.text("pin", remarks);
            trust.finish(remarks);
        }
    } else {
        entry.trust = section.text("trust", remarks);
    }
    if let Some(mut ssh) = section.table("ssh", remarks) {
        entry.ssh = Some(SshEntry {
            at: ssh.place(ssh.start),
            user: ssh.text("user", remarks),
            host: ssh.text("host", remarks),
            port: ssh.number("port", remarks),
            key_file: ssh.text("key_file", remarks),
            known_hosts_file: ssh.text("known_hosts_file", remarks),
            file: ssh.text("file", remarks),
        });
        ssh.finish(remarks);
    }
    section.finish(remarks);
    entry
}

fn channel_entry(mut section: Section<'_, '_>, remarks: &mut Remarks) -> ChannelEntry {
    let entry = ChannelEntry {
        at: section.place(section.start),
        name: section.text("name", remarks),
        kind: section.text("kind", remarks),
        required: section.flag("required", remarks),
        when: section.text("when", remarks),
        min_severity: section.text("min_severity", remarks),
        url: section.secret("url", "url_file", remarks),
        secret: section.secret("secret", "secret_file", remarks),
        timeout: section.duration("timeout", remarks),
        give_up_after: section.duration("give_up_after", remarks),
        ca_file: section.text("ca_file", remarks),
        sites: section.list("sites", remarks),
    };
    // A later version's settings for other kinds are not typos of this one's.
    let is_known = |kind: &Setting| ["file", "webhook"].contains(&kind.text.trim());
    if entry.kind.as_ref().is_none_or(is_known) {
        section.finish(remarks);
    }
    entry
}
