//! A gateway of one's own: `sshd` on loopback with keys, a fake console beside it, and runs against both.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::console::row::Row;
use crate::console::{API_KEY, Console, PATIENCE};
use crate::{UNIFI_SCAN, answers, outside, said};

const SSHD: &str = "/usr/sbin/sshd";
pub const INSIDE: &str = "192.168.3.62";
pub const OUTSIDE: &str = "198.51.100.7";
pub const SIGNATURE: &str = "ET MALWARE Fake Updater Checkin";

/// A console, a gateway and this host, which has a key for it.
pub struct World {
    pub temp: tempfile::TempDir,
    pub console: Console,
    sshd: Child,
    pub port: u16,
    /// What `sshd` said so far.
    pub log: Arc<Mutex<String>>,
    threats: u64,
}

impl World {
    /// `None`, and a line that says what was not run, without OpenSSH.
    pub fn new(what: &str) -> Option<Self> {
        if !Path::new(SSHD).exists() || !answers("ssh", "-V") {
            println!("not run: {what} (there is no OpenSSH: openssh-server, openssh-client)");
            return None;
        }
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path();
        for name in ["host", "other_host", "key", "other_key"] {
            let made = outside("ssh-keygen", dir)
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(dir.join(name))
                .output()
                .unwrap();
            assert!(made.status.success(), "{}", said(&made));
        }
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let at = |name: &str| dir.join(name).display().to_string();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nPidFile none\nAuthorizedKeysFile {}\nStrictModes no\n\
             UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n\
             LogLevel VERBOSE\n",
            at("host"),
            at("authorized_keys")
        );
        put(&dir.join("sshd_config"), config);
        if rustix::process::geteuid().is_root() {
            // Its privilege separation wants this place, which the package leaves to whoever starts it.
            fs::create_dir_all("/run/sshd").unwrap();
        }
        let mut sshd = Command::new(SSHD)
            .env_clear()
            .args(["-D", "-e", "-f"])
            .arg(dir.join("sshd_config"))
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (listening, listens) = mpsc::channel();
        let (lines, keep) = (
            BufReader::new(sshd.stderr.take().unwrap()).lines(),
            Arc::clone(&log),
        );
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if line.starts_with("Server listening") {
                    listening.send(()).unwrap();
                }
                keep.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        let world = Self {
            temp,
            console: Console::start(),
            sshd,
            port,
            log,
            threats: 0,
        };
        listens.recv_timeout(PATIENCE).unwrap();
        world.authorise("restrict");
        world.trust("host");
        world.configure("request_timeout = \"30s\"");
        Some(world)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    /// Our key may do this, in the words of `authorized_keys`.
    pub fn authorise(&self, options: &str) {
        let key = fs::read_to_string(self.path("key.pub")).unwrap();
        put(&self.path("authorized_keys"), format!("{options} {key}"));
    }

    /// The host key that we expect.
    pub fn trust(&self, key: &str) {
        let key = fs::read_to_string(self.path(&format!("{key}.pub"))).unwrap();
        put(
            &self.path("known_hosts"),
            format!("[127.0.0.1]:{} {key}", self.port),
        );
    }

    pub fn configure(&self, controller: &str) {
        let user = outside("id", self.temp.path()).arg("-un").output().unwrap();
        let user = String::from_utf8(user.stdout).unwrap();
        let config = format!(
            "[[controller]]\nname = \"home\"\n{controller}\n[controller.ssh]\nuser = \"{}\"\nport = {}\nkey_file = \"key\"\n\
             known_hosts_file = \"known_hosts\"\nfile = \"{}\"\n",
            user.trim(),
            self.port,
            self.path("threat.log").display()
        );
        put(&self.path("unifi.toml"), config);
    }

    /// An hour passes, and a threat with it: when that was.
    pub fn threat(&mut self) -> DateTime<Utc> {
        self.console.advance(TimeDelta::hours(1));
        let at = self.console.now() - TimeDelta::minutes(10);
        self.threats += 1;
        self.console.add([Row::threat(self.threats, at, INSIDE, OUTSIDE)]);
        at
    }

    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(UNIFI_SCAN);
        command
            .env_clear()
            .current_dir(self.temp.path())
            // As somebody at a shell names it, who stands beside it.
            .env("UNIFI_SCAN_CONFIG", "unifi.toml")
            .env("UNIFI_HOST", format!("http://127.0.0.1:{}", self.console.port()))
            .env("UNIFI_API_KEY", API_KEY)
            .env("REPORTS_DIR", self.path("reports"))
            .arg(name);
        command
    }

    #[track_caller]
    pub fn run(&self, exit: i32) -> Output {
        let output = self.command("run").output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(exit),
            "{}\n{}",
            said(&output),
            self.log.lock().unwrap()
        );
        output
    }

    pub fn report(&self) -> Value {
        let mut reports = Vec::new();
        below(&self.path("reports"), &mut reports);
        serde_json::from_slice(&fs::read(reports.iter().max().unwrap()).unwrap()).unwrap()
    }

    /// The line of the gateway's log in the newest report.
    pub fn line(&self) -> Value {
        let report = self.report();
        let sources = report["sources"].as_array().unwrap();
        let line = sources
            .iter()
            .find(|line| line["name"] == "home/default/gateway-log");
        line.unwrap_or_else(|| panic!("{sources:#?}")).clone()
    }

    /// The newest report has the threat, with what was recognised or without.
    #[track_caller]
    pub fn told(&self, signature: bool) {
        let report = self.report();
        let findings = report["findings"].as_array().unwrap();
        let threat = findings
            .iter()
            .find(|finding| finding["rule"] == "threat-outbound")
            .unwrap();
        let told = threat["explanation"].as_str().unwrap();
        assert_eq!(
            told.contains(SIGNATURE),
            signature,
            "{threat:#}\n{:#}",
            self.line()
        );
    }

    /// This run did not get at what was recognised, and says so.
    #[track_caller]
    pub fn refused(&mut self, exit: i32, outcome: &str, part: &str) {
        self.threat();
        self.run(exit);
        let line = self.line();
        let reason = line["reason"].as_str().unwrap();
        assert!(
            line["outcome"] == outcome && reason.contains(part),
            "{part}: {line:#}"
        );
        self.told(false);
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.sshd.kill().unwrap();
        self.sshd.wait().unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "a test's own files")]
pub fn put(path: &Path, text: impl AsRef<[u8]>) {
    fs::write(path, text).unwrap();
}

/// Published reports in a folder.
fn below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() && !name.starts_with('.') {
            below(&path, found);
        } else if name.starts_with("report-") && path.extension().is_some_and(|end| end == "json") {
            found.push(path);
        }
    }
}

/// A line of Suricata's about a connection in which this was recognised.
pub fn alert(at: DateTime<Utc>, to: &str, signature: &str) -> String {
    let alert = json!({
        "timestamp": at.format("%Y-%m-%dT%H:%M:%S%.6f+0000").to_string(), "flow_id": 1, "event_type": "alert",
        "src_ip": INSIDE, "src_port": 51544, "dest_ip": to, "dest_port": 443, "proto": "TCP",
        "alert": {"action": "blocked", "gid": 1, "signature_id": 2_003_337, "rev": 1, "signature": signature,
                  "category": "A Network Trojan was detected", "severity": 1}
    });
    format!(
        "{} gateway threat: {alert}\n",
        at.format("%Y-%m-%dT%H:%M:%S+00:00")
    )
}

pub fn other(at: DateTime<Utc>) -> String {
    let stamp = at.format("%Y-%m-%dT%H:%M:%S%.6f+0000").to_string();
    json!({"timestamp": stamp, "event_type": "dns", "src_ip": INSIDE, "dest_ip": OUTSIDE}).to_string() + "\n"
}

/// The one process that this one has started.
pub fn child_of(parent: u32) -> u32 {
    let parent = format!("PPid:\t{parent}");
    let is_child = |pid: &u32| {
        fs::read_to_string(format!("/proc/{pid}/status"))
            .is_ok_and(|status| status.lines().any(|line| line == parent))
    };
    let pids = fs::read_dir("/proc").unwrap().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let children: Vec<u32> = pids.filter(is_child).collect();
    assert_eq!(children.len(), 1, "{children:?}");
    children[0]
}
