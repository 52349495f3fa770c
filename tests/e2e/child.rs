//! A started program and what became of it. It is killed by its own pid if a test ends before it does.

use std::io::{Read, Write as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::console::PATIENCE;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_unifi-scan");

pub struct Running {
    child: Child,
    what: String,
    stdout: Receiver<Vec<u8>>,
    stderr: Receiver<Vec<u8>>,
    secrets: Vec<String>,
}

/// How it ended and what it said.
#[derive(Debug)]
pub struct Ran {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
    what: String,
}

impl Running {
    /// Starts it with `input` on its standard input.
    pub fn start(mut command: Command, input: &[u8], secrets: Vec<String>) -> Self {
        let what = format!("{command:?}");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("starting {what}: {error}"));
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // A program that does not read its input closes the pipe; that is its right.
        std::thread::spawn(move || stdin.write_all(&input).ok());
        let stdout = drain(child.stdout.take().unwrap());
        let stderr = drain(child.stderr.take().unwrap());
        Self {
            child,
            what,
            stdout,
            stderr,
            secrets,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Kills it at once; what it had said until then is kept.
    pub fn kill(mut self) -> Ran {
        self.child.kill().unwrap();
        self.finish()
    }

    /// Kills it unless it ends by itself within this time.
    pub fn kill_after(mut self, delay: Duration) -> Ran {
        match self.stderr.recv_timeout(delay) {
            Ok(said) => {
                let stdout = self.stdout.recv_timeout(PATIENCE).unwrap();
                let status = self.child.wait().unwrap();
                self.ran(status, &stdout, &said)
            }
            Err(_) => self.kill(),
        }
    }

    /// Its end, which a program that hangs is given.
    pub fn wait(mut self) -> Ran {
        self.finish()
    }

    fn finish(&mut self) -> Ran {
        let stderr = self.stderr.recv_timeout(PATIENCE);
        if stderr.is_err() {
            self.child.kill().unwrap();
        }
        let hung = stderr.is_err();
        let stderr = stderr.or_else(|_| self.stderr.recv_timeout(PATIENCE)).unwrap();
        let stdout = self.stdout.recv_timeout(PATIENCE).unwrap();
        let status = self.child.wait().unwrap();
        let ran = self.ran(status, &stdout, &stderr);
        assert!(!hung, "it did not end by itself: {ran}");
        ran
    }

    fn ran(&self, status: ExitStatus, stdout: &[u8], stderr: &[u8]) -> Ran {
        let ran = Ran {
            status,
            stdout: String::from_utf8_lossy(stdout).into_owned(),
            stderr: String::from_utf8_lossy(stderr).into_owned(),
            what: self.what.clone(),
        };
        for secret in &self.secrets {
            assert!(
                !ran.said().contains(secret.as_str()),
                "a secret ({secret}) was printed: {ran}"
            );
        }
        ran
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn drain(mut pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).ok();
        send.send(bytes).ok();
    });
    receive
}

impl Ran {
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert!(self.status.code() == Some(code), "expected exit {code}: {self}");
        self
    }

    #[track_caller]
    pub fn exits_one_of(self, codes: &[i32]) -> Self {
        let fits = self.status.code().is_some_and(|code| codes.contains(&code));
        assert!(fits, "expected exit {codes:?}: {self}");
        self
    }

    /// It ended by a signal, as one that was killed.
    #[track_caller]
    pub fn dies(self) -> Self {
        assert_eq!(self.code(), None, "{}", self.said());
        self
    }

    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Both of its outputs.
    pub fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Case does not matter.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        let found = self.said().to_lowercase().contains(&text.to_lowercase());
        assert!(found, "it does not say `{text}`: {self}");
        self
    }

    #[track_caller]
    pub fn says_all(mut self, texts: &[&str]) -> Self {
        for text in texts {
            self = self.says(text);
        }
        self
    }

    #[track_caller]
    pub fn never_says(self, text: &str) -> Self {
        let found = self.said().to_lowercase().contains(&text.to_lowercase());
        assert!(!found, "it says `{text}`: {self}");
        self
    }

    /// Its standard output as one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("not one JSON document ({error}): {self}"))
    }

    /// The last line of its standard output.
    #[track_caller]
    pub fn summary(&self) -> &str {
        self.stdout
            .trim_end()
            .lines()
            .last()
            .unwrap_or_else(|| panic!("nothing on stdout: {self}"))
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}\n{}\n--- stdout\n{}\n--- stderr\n{}\n---",
            self.what, self.status, self.stdout, self.stderr
        )
    }
}
