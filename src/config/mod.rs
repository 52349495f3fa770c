//! What the operator wants: the command line, the environment, secret files, a TOML file and defaults, in
//! that order, made into one [`Config`] that exists only when all of it is valid. The only reader of the
//! environment; it names every problem at once, and no problem ever shows a secret.

pub mod file_source;
pub mod secret;
pub mod show;
pub mod ssh;

mod address;
mod channel;
mod controller;
mod environment;
pub mod keys;
pub mod nearest;
mod schema;
mod section;
mod setting;
mod validate;
mod webhook;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::environment::Environment;
use crate::config::file_source::FileSource;
use crate::config::schema::Document;
use crate::config::secret::Secret;
use crate::config::setting::Remarks;
use crate::config::ssh::Ssh;
use crate::model::finding::Severity;
use crate::model::zone::Zone;

/// What the command line may say about the configuration.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    pub config_file: Option<PathBuf>,
    pub reports_dir: Option<PathBuf>,
    pub exit_zero_on: Vec<String>,
    /// The run brings its own console: controllers are neither needed nor looked at.
    pub demo: bool,
    /// Files are read instead of controllers (`run --input`): none is needed or looked at.
    pub offline: bool,
}

/// Everything this run wants to know about the world it runs in.
#[derive(Clone, Debug)]
pub struct Config {
    pub reports_dir: PathBuf,
    pub controllers: Vec<Controller>,
    pub file_sources: Vec<FileSource>,
    /// `file` first, and always there.
    pub channels: Vec<Channel>,
    /// Each a kind (`system-log`) or a full name (`home/default/system-log`).
    pub required_sources: Vec<String>,
    pub initial_lookback: chrono::Duration,
    /// So many controllers are asked at once.
    pub max_parallel: u32,
    /// For display only; `None` means the console's own.
    pub timezone: Option<Zone>,
    pub archive_events: bool,
    pub exit_zero_on: Vec<Tolerated>,
    /// `UNIFI_SCAN_IMAGE=1`: this is our own container image.
    pub in_image: bool,
    /// What is legal and still worth saying in every report.
    pub warnings: Vec<String>,
}

/// An ending that a scheduler which knows only zero and non-zero may be told is fine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tolerated {
    Locked,
    Partial,
    Recovered,
}

impl Tolerated {
    pub fn name(self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::Partial => "partial",
            Self::Recovered => "recovered",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Controller {
    pub name: String,
    pub base: BaseUrl,
    pub credentials: Credentials,
    pub sites: Sites,
    pub flavour: Flavour,
    pub trust: Trust,
    pub connect_timeout: Duration,
    pub request_timeout: Duration,
    /// How its settings are called where they are written.
    pub keys: keys::Keys,
    /// Where the gateway's own log tells what it recognised; off unless it is named.
    pub ssh: Option<Ssh>,
}

/// Where a console is reached; its `Display` is the URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    /// Plain HTTP to a console exists for loopback hosts only.
    pub https: bool,
    /// A name or an address; IPv6 without its brackets.
    pub host: String,
    pub port: u16,
    /// Empty or `/unifi`: never a slash at the end.
    pub path: String,
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        let (open, close) = if self.host.contains(':') {
            ("[", "]")
        } else {
            ("", "")
        };
        write!(f, "{scheme}://{open}{}{close}", self.host)?;
        if self.port != if self.https { 443 } else { 80 } {
            write!(f, ":{}", self.port)?;
        }
        f.write_str(&self.path)
    }
}

#[derive(Clone, Debug)]
pub enum Credentials {
    ApiKey(Secret),
    Password { username: String, password: Secret },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sites {
    /// Not said: the one visible site; several are ambiguous.
    Only,
    Named(Vec<String>),
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    Auto,
    UnifiOs,
    Classic,
}

impl Flavour {
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::UnifiOs => "unifi-os",
            Self::Classic => "classic",
        }
    }
}

/// Why a console's certificate is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// It leads to a public root.
    Public,
    /// It leads to a root in this PEM file.
    CaFile(PathBuf),
    /// SHA-256 of the certificate itself.
    Pin([u8; 32]),
    /// It is not checked, and every report says so.
    Unverified,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Its identity in the ledger.
    pub name: String,
    pub kind: ChannelKind,
    pub required: bool,
    pub when: When,
    pub min_severity: Option<Severity>,
    pub sites: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelKind {
    File,
    Webhook(Webhook),
}

impl ChannelKind {
    pub fn name(&self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Webhook(_) => "webhook",
        }
    }
}

/// Where messages are posted. The URL is a secret: only the host may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Scheme, host and port; no path.
    pub base: BaseUrl,
    /// Path and query, which mostly hold a token.
    pub target: Secret,
    /// What messages are signed with.
    pub secret: Option<Secret>,
    pub timeout: Duration,
    /// Only time gives up on a message.
    pub give_up_after: Duration,
    pub trust: Trust,
}

/// Which reports a channel wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Always,
    Findings,
    Severe,
}

impl When {
    pub fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Findings => "findings",
            Self::Severe => "severe",
        }
    }
}

/// Every problem there is, one a line, each naming its key and the fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<String>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for ConfigErrors {}

/// Reads the environment and the files it and `wish` name.
pub fn load(wish: &Wish) -> Result<Config, ConfigErrors> {
    let mut remarks = Remarks::default();
    let environment = environment::of_this_process(&mut remarks);
    let document = schema::document(&environment, wish, &mut remarks);
    assemble(&environment, document.as_ref(), wish, remarks)
}

/// Where the reports are, for commands that only read: nothing else has to be valid for that.
pub fn reports_dir(wish: &Wish) -> Result<PathBuf, ConfigErrors> {
    let mut remarks = Remarks::default();
    let environment = environment::of_this_process(&mut remarks);
    let document = schema::document(&environment, wish, &mut remarks);
    directory(&environment, document.as_ref(), wish, remarks)
}

/// Pure but for the secret and CA files that it is told to read.
fn assemble(
    environment: &Environment,
    document: Option<&Document>,
    wish: &Wish,
    mut remarks: Remarks,
) -> Result<Config, ConfigErrors> {
    let brings_own = wish.demo || wish.offline;
    environment.judge(brings_own, &mut remarks);
    let file = match document.map(|document| schema::parse(document, brings_own, &mut remarks)) {
        // What a broken file would have said is unknown, so nothing may be called missing.
        Some(None) => return Err(remarks.into()),
        Some(Some(file)) => file,
        None => schema::File::default(),
    };
    match validate::config(environment, file, wish, &mut remarks) {
        Some(config) if remarks.problems.is_empty() => Ok(Config {
            warnings: remarks.warnings,
            ..config
        }),
        _ => Err(remarks.into()),
    }
}

fn directory(
    environment: &Environment,
    document: Option<&Document>,
    wish: &Wish,
    mut before: Remarks,
) -> Result<PathBuf, ConfigErrors> {
    let mut ignored = Remarks::default();
    let parsed = document.map(|document| schema::parse(document, true, &mut ignored));
    let broken = matches!(parsed, Some(None));
    let mut remarks = Remarks::default();
    let found = validate::reports_dir(
        environment,
        parsed.flatten().and_then(|file| file.reports_dir),
        wish,
        &mut remarks,
    );
    found.ok_or_else(|| {
        before.problems.extend(if broken {
            ignored.problems
        } else {
            remarks.problems
        });
        before.into()
    })
}

impl From<Remarks> for ConfigErrors {
    fn from(remarks: Remarks) -> Self {
        Self(remarks.problems)
    }
}

/// Where relative paths in a file start: beside that file.
fn beside(file: &Path, path: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(path)
}

/// `RUST_LOG`, which is wanted before there is a configuration.
pub fn rust_log() -> Option<String> {
    environment::of_this_process(&mut Remarks::default())
        .setting("RUST_LOG")
        .map(|setting| setting.text)
}

impl Controller {
    /// The console inside the program that `run --demo` reads: the same client, but for TLS.
    pub fn of_demo(base: BaseUrl) -> Self {
        Self {
            name: "demo".to_owned(),
            base,
            credentials: Credentials::ApiKey(Secret::new("demo".to_owned())),
            sites: Sites::Only,
            flavour: Flavour::UnifiOs,
            trust: Trust::Public,
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            keys: keys::Keys::default(),
            ssh: None,
        }
    }
}
