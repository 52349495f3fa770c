//! The command line, as typed. What it means is decided by `config` and the commands.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::Wish;

/// Reads what happened on a UniFi network since the last run and says it in plain English.
#[derive(Debug, Parser)]
#[command(
    version,
    propagate_version = true,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Args)]
pub struct Common {
    /// Configuration file (TOML); one controller needs none
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "UNIFI_SCAN_CONFIG",
        hide_env_values = true
    )]
    pub config: Option<PathBuf>,
    /// Where reports and the checkpoint live [env: `REPORTS_DIR`]
    #[arg(long, global = true, value_name = "DIR")]
    pub reports_dir: Option<PathBuf>,
    /// Say nothing on success; one block on stderr otherwise
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more: -v the story of the run, -vv every request
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// How diagnostics on stderr are written
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
    /// The moment to take for now (RFC 3339); for tests
    #[cfg(debug_assertions)]
    #[arg(long, global = true, hide = true)]
    pub now: Option<DateTime<Utc>>,
}

impl Common {
    /// What the configuration is to know of the command line.
    pub fn wish(&self) -> Wish {
        Wish {
            config_file: self.config.clone(),
            reports_dir: self.reports_dir.clone(),
            ..Wish::default()
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Collect what happened since the last run, report it, remember it
    Run(RunArgs),
    /// Deliver what is owed, at once and without collecting
    Retry(RetryArgs),
    /// Verify configuration, directory, controllers and channels
    Check,
    /// How the last run went, and whether one is running now
    Status(StatusArgs),
    /// The checkpoint
    #[command(subcommand)]
    State(StateCommand),
    /// Save one answer of each endpoint, with stand-ins for names and addresses, for a bug report
    Capture(CaptureArgs),
    /// Earlier attempts
    #[command(subcommand)]
    History(HistoryCommand),
    /// Earlier reports
    #[command(subcommand)]
    Report(ReportCommand),
    /// What the program knows about events
    #[command(subcommand)]
    Rules(RulesCommand),
    /// The configuration in force
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Completions for a shell
    Completions { shell: clap_complete::Shell },
    /// The manual page of the program or of one command, in roff
    Man { command: Vec<String> },
    /// Help on a command, or `exit-codes`
    Help { topic: Vec<String> },
    /// Serve the demo's console over TLS, for tests with other clients
    #[command(hide = true)]
    DemoConsole(DemoConsoleArgs),
}

#[derive(Debug, Default, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub struct RunArgs {
    /// A console with an invented day, inside the program: see a report without a network
    #[arg(long, conflicts_with_all = ["input", "since", "until", "site"])]
    pub demo: bool,
    /// Change nothing and send nothing: print the report that a run would make
    #[arg(long)]
    pub dry_run: bool,
    /// Report a stretch of time ad hoc, from here (RFC 3339, or 36h for "36 hours ago")
    #[arg(long, value_name = "TIME", group = "ad hoc", conflicts_with = "input")]
    pub since: Option<String>,
    /// … up to here (default: now)
    #[arg(long, value_name = "TIME", requires = "since")]
    pub until: Option<String>,
    /// Report what is in these files ad hoc: pages or rows as JSON; - for standard input
    #[arg(long, value_name = "FILE", num_args = 1.., group = "ad hoc")]
    pub input: Vec<PathBuf>,
    /// Also send an ad hoc report (--input, --since) to every other channel: once, under its `report_id`; what fails
    /// is told by exit 3 and never sent again
    #[arg(long, requires = "ad hoc")]
    pub deliver: bool,
    /// Only these sites (short name, or controller/site)
    #[arg(long, value_name = "SITE")]
    pub site: Vec<String>,
    /// Accept that this controller is now another one (its uuid changed)
    #[arg(long, value_name = "NAME")]
    pub adopt: Vec<String>,
    /// Run in our own image although the directory is no mounted volume
    #[arg(long)]
    pub allow_ephemeral: bool,
    #[command(flatten)]
    pub attempt: AttemptArgs,
}

#[derive(Debug, Args)]
pub struct RetryArgs {
    /// Only this run, also if it was given up
    #[arg(long, value_name = "N", conflicts_with = "runs")]
    pub run: Option<u64>,
    /// Only the runs in this file, one number a line; - for standard input
    #[arg(long, value_name = "FILE")]
    pub runs: Option<PathBuf>,
    #[command(flatten)]
    pub attempt: AttemptArgs,
}

/// What every attempt can be told, whatever it attempts.
#[derive(Clone, Debug, Default, Args)]
pub struct AttemptArgs {
    /// Wait this long for another run to end (30s, 5m)
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub wait: Option<Duration>,
    /// Stop collecting, or sending, in time to be done by then
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = humantime::parse_duration)]
    pub max_runtime: Option<Duration>,
    /// Exit 0 for these outcomes: locked, partial, recovered (comma list)
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = ["locked", "partial", "recovered"])]
    pub exit_zero_on: Vec<String>,
    /// Print the attempt's summary as one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Exit 1 if the last success, or what was read of any wanted source, is older than this
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub max_age: Option<Duration>,
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum StateCommand {
    /// What the checkpoint holds
    Show {
        /// The file as it is
        #[arg(long)]
        json: bool,
    },
    /// Whether the checkpoint and all it needs are whole: 0 or 65
    Verify {
        #[arg(long)]
        json: bool,
    },
    /// The copies of the checkpoint, newest first
    Backups {
        #[arg(long)]
        json: bool,
    },
    /// Make a copy of the checkpoint now
    Backup,
    /// Go back to a copy of the checkpoint; what came after it is read again
    Restore {
        /// Which one (`state backups` lists them); default: the newest valid one, if the checkpoint is none
        #[arg(long, value_name = "N")]
        generation: Option<u64>,
        /// Say what would come of it, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Start over on purpose: the next run is a first run; what was there is kept aside
    Reset {
        /// Yes, forget how far everything was read and what is owed
        #[arg(long)]
        yes: bool,
    },
    /// Take over a checkpoint that was edited on purpose and so fails its checksum
    Accept { file: PathBuf },
    /// Make a new checkpoint from the archived reports, where no copy is left
    Rebuild {
        /// There is no other way to rebuild
        #[arg(long, required = true)]
        from_reports: bool,
    },
    /// Write the state with all that it owes into one file, for another machine
    Export {
        /// Where to; - for standard output
        #[arg(default_value = "-")]
        file: PathBuf,
    },
    /// Take in another machine's export: what it has read is not read again, what it owes is delivered from here
    Import {
        /// What `state export` wrote; - for standard input
        #[arg(long, value_name = "FILE")]
        merge: PathBuf,
    },
    /// Read and tell again what happened from a moment on
    Rewind {
        /// RFC 3339, or 36h for "36 hours ago"; taken at the full hour before
        #[arg(long, value_name = "TIME")]
        to: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum HistoryCommand {
    /// One line per attempt, newest last
    List {
        /// At most this many
        #[arg(short = 'n', long, default_value_t = 20)]
        count: usize,
        #[arg(long)]
        json: bool,
    },
    /// One attempt: what it read, reported and delivered
    Show {
        /// The run's number; of an attempt without one, how its id begins (`history list` shows it)
        #[arg(value_name = "N")]
        which: String,
        #[arg(long)]
        json: bool,
    },
    /// Runs that are not settled yet, per channel, and why
    Gaps {
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// The reports there are, newest last
    List {
        #[arg(long)]
        json: bool,
    },
    /// Print one report (default: the newest)
    Show {
        run: Option<u64>,
        #[arg(long, value_name = "FORMAT", default_value = "text")]
        format: ReportFormat,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    Text,
    Html,
    Json,
    Markdown,
}

#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// What an event key means and which rule judges it
    Explain { key: String },
    /// Every key of the catalogue
    List {
        #[arg(long)]
        json: bool,
        /// Instead the keys in this file (see `run --input`) that are not in the catalogue, with how often they came
        #[arg(long, value_name = "FILE")]
        unknown_from: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub struct CaptureArgs {
    /// The directory to make and save in; without it `unifi-scan-capture-` and the time, here
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// The configuration in force, secrets left out
    Show,
}

#[derive(Debug, Args)]
pub struct DemoConsoleArgs {
    /// When the office's first day begins (RFC 3339)
    #[arg(long, default_value = "2026-11-19T06:00:00Z")]
    pub start: DateTime<Utc>,
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Certificate and key, PEM
    #[arg(long)]
    pub cert: PathBuf,
    #[arg(long)]
    pub key: PathBuf,
}
