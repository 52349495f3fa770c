//! One test's world: a fresh directory, a cleared environment, a console, and the program run in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::archive;
use crate::child::{PROGRAM, Ran, Running};
use crate::console::row::DEVICE_SECRET;
use crate::console::{API_KEY, Console, PASSWORD, USERNAME};

pub struct Scenario {
    home: TempDir,
    env: BTreeMap<String, String>,
    /// What no output may ever hold.
    secrets: Vec<String>,
    /// Where it is started.
    pub cwd: PathBuf,
    pub reports: PathBuf,
}

impl Scenario {
    pub fn new() -> Self {
        let home = TempDir::with_prefix("unifi-scan-e2e-").unwrap();
        let reports = home.path().join("reports");
        let scenario = Self {
            cwd: home.path().to_path_buf(),
            env: BTreeMap::new(),
            secrets: [API_KEY, PASSWORD, DEVICE_SECRET].map(str::to_owned).to_vec(),
            home,
            reports: reports.clone(),
        };
        scenario
            .env("REPORTS_DIR", reports.to_str().unwrap())
            .env("UNIFI_ARCHIVE_EVENTS", "true")
    }

    /// A new world around a new console with its key.
    pub fn with_console() -> (Self, Console) {
        let console = Console::start();
        (Self::new().controller(&console), console)
    }

    /// Points it at this console, with the key.
    pub fn controller(self, console: &Console) -> Self {
        let scenario = match console.pin() {
            None => self.env("UNIFI_HOST", &console.url()),
            Some(pin) => self
                .env("UNIFI_HOST", "127.0.0.1")
                .env("UNIFI_PORT", &console.port().to_string())
                .env("UNIFI_TLS_FINGERPRINT", pin),
        };
        scenario.env("UNIFI_API_KEY", API_KEY)
    }

    /// With the account instead of the key.
    pub fn password(self) -> Self {
        self.without("UNIFI_API_KEY")
            .env("UNIFI_USERNAME", USERNAME)
            .env("UNIFI_PASSWORD", PASSWORD)
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With little patience for answers that do not come, and so with short pauses between the tries.
    pub fn hasty(self) -> Self {
        let file = "[[controller]]\nname = \"unifi\"\nconnect_timeout = \"1s\"\nrequest_timeout = \"1s\"\n";
        let file = self.file("hasty.toml", file);
        self.env("UNIFI_SCAN_CONFIG", file.to_str().unwrap())
    }

    pub fn without(mut self, name: &str) -> Self {
        self.env.remove(name);
        self
    }

    /// One more text that no output may ever hold.
    pub fn secret(mut self, text: &str) -> Self {
        self.secrets.push(text.to_owned());
        self
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// A file beside the reports directory.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.home.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// The program with these arguments, its environment and nothing else.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments);
        self.dress(&mut command);
        command
    }

    /// A shell line in the same world; `$0` is the program.
    pub fn shell(&self, line: &str, arguments: &[&str]) -> Ran {
        self.start_shell(line, arguments).wait()
    }

    pub fn start_shell(&self, line: &str, arguments: &[&str]) -> Running {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", line, PROGRAM]).args(arguments);
        self.dress(&mut command);
        self.spawn(command, b"")
    }

    fn dress(&self, command: &mut Command) {
        command.env_clear().envs(&self.env).current_dir(&self.cwd);
    }

    /// Starts any command under the eyes of the test, with its secrets to look out for.
    pub fn spawn(&self, command: Command, input: &[u8]) -> Running {
        Running::start(command, input, self.secrets.clone())
    }

    pub fn start(&self, arguments: &[&str]) -> Running {
        self.spawn(self.command(arguments), b"")
    }

    /// Runs it with these arguments to its end.
    pub fn does(&self, arguments: &[&str]) -> Ran {
        self.start(arguments).wait()
    }

    pub fn does_with_input(&self, arguments: &[&str], input: &[u8]) -> Ran {
        self.spawn(self.command(arguments), input).wait()
    }

    /// `unifi-scan run`.
    pub fn run(&self) -> Ran {
        self.does(&["run"])
    }

    /// `unifi-scan run` that dies at this point of the program, if it comes there.
    pub fn run_dying_at(&self, point: &str) -> Ran {
        let mut command = self.command(&["run"]);
        command.env("UNIFI_SCAN_CRASH_AT", point);
        self.spawn(command, b"").wait()
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.reports.join(below)
    }

    pub fn checkpoint(&self) -> Value {
        archive::json(&self.path(".last_run.json"))
    }

    pub fn reports(&self) -> BTreeMap<u64, Value> {
        archive::reports(&self.reports)
    }

    /// The report of the highest run.
    #[track_caller]
    pub fn newest_report(&self) -> Value {
        let reports = self.reports();
        reports
            .into_values()
            .next_back()
            .unwrap_or_else(|| panic!("no report in {}", self.listing()))
    }

    /// The newest report's rendering with this extension.
    #[track_caller]
    pub fn newest(&self, extension: &str) -> String {
        let end = format!(".{extension}");
        let names = archive::below(&self.reports);
        let newest = names
            .iter()
            .rfind(|name| name.contains("report-") && name.ends_with(&end));
        let name = newest.unwrap_or_else(|| panic!("no {end} report in {}", self.listing()));
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The lines of `history.jsonl`.
    pub fn history(&self) -> Vec<Value> {
        archive::lines(&self.path("history.jsonl"))
    }

    /// The id of every row any published archive holds, as often as it is there, sorted.
    pub fn told(&self) -> Vec<String> {
        archive::told(&self.reports)
    }

    /// Every file below the reports directory, for messages.
    pub fn listing(&self) -> String {
        archive::below(&self.reports).join("\n")
    }

    /// Every file and its bytes, to see that nothing changed.
    pub fn photograph(&self) -> BTreeMap<String, Vec<u8>> {
        let names = archive::below(&self.reports);
        names
            .into_iter()
            .map(|name| (name.clone(), fs::read(self.path(&name)).unwrap()))
            .collect()
    }

    /// Every row that the console shows was told once, none twice, and every file is as promised.
    #[track_caller]
    pub fn told_exactly(&self, console: &Console) {
        let told = self.told();
        let wanted: Vec<String> = console.ids().into_iter().collect();
        let missing: Vec<_> = wanted
            .iter()
            .filter(|id| told.binary_search(id).is_err())
            .collect();
        let twice: Vec<_> = told
            .windows(2)
            .filter(|two| two[0] == two[1])
            .map(|two| &two[0])
            .collect();
        assert!(missing.is_empty(), "never told: {missing:?} of {}", wanted.len());
        assert!(twice.is_empty(), "told twice: {twice:?}");
        assert_eq!(told.len(), wanted.len(), "more was told than the console shows");
        self.audit(console);
    }

    /// What holds after every run, however it ended: see [`archive::audit`]; and no secret in any file.
    #[track_caller]
    pub fn audit(&self, console: &Console) {
        archive::audit(&self.reports);
        let mut secrets = console.secrets();
        secrets.push(DEVICE_SECRET.to_owned());
        archive::without(&self.reports, &secrets);
    }
}

/// The line of one source in a report or in `run --json`, by the end of its name.
#[track_caller]
pub fn source<'a>(report: &'a Value, end: &str) -> &'a Value {
    let sources = report["sources"]
        .as_array()
        .unwrap_or_else(|| panic!("no sources in {report:#}"));
    let found = sources
        .iter()
        .find(|source| source["name"].as_str().is_some_and(|name| name.ends_with(end)));
    found.unwrap_or_else(|| panic!("no source …{end} in {:#}", report["sources"]))
}
