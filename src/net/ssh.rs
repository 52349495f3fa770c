//! The end of one file on a gateway, read by the system's OpenSSH. It is started without a shell, with no environment,
//! no configuration file, no agent and nothing to ask; it signs in by a key of its own, at a host whose key is known,
//! and runs one command that only reads.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::config::ssh::Ssh;
use crate::model::failure::{Failure, FailureKind};
use crate::model::text::{SENTENCE, clean};
use crate::net::retry;
use crate::net::stop::{Stop, TICK};
use crate::net::trouble::why_given_up;

/// So much of the file's end is read.
pub const MOST: u64 = 16 * 1024 * 1024;
/// What is kept of what `ssh` says about itself.
const MOST_SAID: u64 = 16 * 1024;
/// The program needs no `PATH`.
const PROGRAMS: [&str; 3] = ["/usr/bin/ssh", "/bin/ssh", "/usr/local/bin/ssh"];
/// Every option that would make it do more than sign in by this key and run the command, or ask somebody.
const OPTIONS: [&str; 21] = [
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "GlobalKnownHostsFile=/dev/null",
    "UpdateHostKeys=no",
    "VerifyHostKeyDNS=no",
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "PreferredAuthentications=publickey",
    "PasswordAuthentication=no",
    "KbdInteractiveAuthentication=no",
    "GSSAPIAuthentication=no",
    "HostbasedAuthentication=no",
    "ConnectionAttempts=1",
    "ControlMaster=no",
    "ControlPath=none",
    "ProxyCommand=none",
    "PermitLocalCommand=no",
    "ForwardAgent=no",
    "ForwardX11=no",
    "ClearAllForwardings=yes",
    "LogLevel=ERROR",
];

/// Why the file was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// The gateway does not take the key, or its user may not read the file.
    Denied(String),
    Failed(Failure),
}

/// At most [`MOST`] bytes from the end of the file. `connect` bounds the way to the gateway, `within` all of it.
pub fn tail(ssh: &Ssh, connect: Duration, within: Duration, stop: &Stop) -> Result<Vec<u8>, Unread> {
    let program = program(&PROGRAMS).map_err(Unread::Failed)?;
    key(&ssh.key_file).map_err(Unread::Failed)?;
    let patience = stop.with_share(within.min(stop.remaining()));
    let mut child = Command::new(program)
        .args(arguments(ssh, connect))
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map(Running)
        .map_err(|error| broken(ssh, &error))?;
    let (out, err) = (child.0.stdout.take(), child.0.stderr.take());
    let (tell, told) = mpsc::sync_channel(1);
    thread::spawn(move || tell.send(said(err)).ok());
    let read = patience.aside(move || at_most(out, MOST + 1));
    let bytes = match read {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => return Err(broken(ssh, &error)),
        Err(reason) => return Err(Unread::Failed(given_up(ssh, reason, within, stop))),
    };
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MOST) {
        let why = format!(
            "{} sent more than the {} MiB that it was asked for; it was not read to its end",
            place(ssh),
            MOST / 1024 / 1024
        );
        return Err(failed(FailureKind::Protocol, why));
    }
    let status = loop {
        match child.0.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if retry::pause(&patience, TICK) => {}
            Ok(None) => {
                let reason = patience.reason().unwrap_or(FailureKind::Unavailable);
                return Err(Unread::Failed(given_up(ssh, reason, within, stop)));
            }
            Err(error) => return Err(broken(ssh, &error)),
        }
    };
    if status.success() {
        return Ok(bytes);
    }
    // The process is gone, and with it the other end of the pipe.
    let said = told.recv_timeout(TICK * 20).unwrap_or_default();
    Err(meant(ssh, status, &String::from_utf8_lossy(&said)))
}

/// A process that does not outlive its owner.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Neither fails but for a process that has ended.
        if self.0.kill().is_ok() {
            drop(self.0.wait());
        }
    }
}

/// Everything after the program's name.
fn arguments(ssh: &Ssh, connect: Duration) -> Vec<String> {
    let mut arguments: Vec<String> = ["-F", "/dev/null", "-T", "-a", "-x"].map(str::to_owned).to_vec();
    let own = [
        format!("ConnectTimeout={}", connect.as_secs().max(1)),
        format!("UserKnownHostsFile={}", ssh.known_hosts_file.display()),
        format!("IdentityFile={}", ssh.key_file.display()),
    ];
    for option in OPTIONS.map(str::to_owned).into_iter().chain(own) {
        arguments.extend(["-o".to_owned(), option]);
    }
    let (port, user) = (ssh.port.to_string(), ssh.user.clone());
    arguments.extend(["-p".to_owned(), port, "-l".to_owned(), user, "--".to_owned()]);
    arguments.extend([ssh.host.clone(), command(ssh)]);
    arguments
}

/// What the gateway is asked to run. The configuration lets nothing into the path that ends a quotation.
pub fn command(ssh: &Ssh) -> String {
    format!("tail -c {MOST} -- '{}'", ssh.file)
}

fn program<'a>(places: &[&'a str]) -> Result<&'a str, Failure> {
    let found = places.iter().find(|place| Path::new(place).is_file());
    found.copied().ok_or_else(|| {
        let why = format!(
            "there is no ssh here ({}): install OpenSSH's client (Debian: apt-get install openssh-client)",
            places.join(", ")
        );
        Failure::new(FailureKind::Config, why)
    })
}

/// The key can be read; whether it is one, `ssh` tells.
fn key(path: &PathBuf) -> Result<(), Failure> {
    File::open(path).map(drop).map_err(|error| {
        let shown = path.display();
        let fix = if error.kind() == io::ErrorKind::NotFound {
            format!("make one: ssh-keygen -t ed25519 -N '' -f {shown}")
        } else {
            "it has to belong to who runs unifi-scan".to_owned()
        };
        Failure::new(
            FailureKind::Config,
            format!("the key {shown} cannot be read ({error}): {fix}"),
        )
    })
}

fn at_most(pipe: Option<impl Read>, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(most).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// The beginning of what is said; the rest is taken in, so that nobody has to wait for it to be read.
fn said(pipe: Option<impl Read>) -> Vec<u8> {
    let mut said = Vec::new();
    if let Some(mut pipe) = pipe {
        // What broke off is told as far as it came.
        drop(pipe.by_ref().take(MOST_SAID).read_to_end(&mut said));
        drop(io::copy(&mut pipe, &mut io::sink()));
    }
    said
}

fn given_up(ssh: &Ssh, reason: FailureKind, within: Duration, stop: &Stop) -> Failure {
    let place = place(ssh);
    let why = match stop.reason() {
        Some(reason) => why_given_up(reason).to_owned(),
        None => format!(
            "it had not sent all of {} within {}",
            ssh.file,
            humantime::format_duration(within)
        ),
    };
    Failure::new(reason, format!("{place} was not waited for any longer: {why}"))
}

/// What `ssh` means that ended like this: 255 is its own, everything else the command's on the gateway.
fn meant(ssh: &Ssh, status: ExitStatus, said: &str) -> Unread {
    use FailureKind::{Auth, Config, Protocol, Unavailable};
    let (place, host, port) = (place(ssh), &ssh.host, ssh.port);
    let (key, known) = (ssh.key_file.display(), ssh.known_hosts_file.display());
    let file = &ssh.file;
    let last = said.lines().rfind(|line| !line.trim().is_empty());
    let words = clean(last.unwrap_or("it said nothing"), SENTENCE);
    let is = |part: &str| said.contains(part);
    if status.code() != Some(255) {
        return if is("Permission denied") {
            Unread::Denied(format!("{place}: {} may not read {file} ({words})", ssh.user))
        } else if is("No such file") {
            let why = format!("{place} has no {file} ({words}); controller.ssh.file names the right one");
            failed(Config, why)
        } else {
            failed(
                Protocol,
                format!("{place} did not give the end of {file} ({words})"),
            )
        };
    }
    if is("IDENTIFICATION HAS CHANGED") {
        let why = format!(
            "{place} showed another host key than {known} has: if it was replaced or reset, remove the old one \
             (ssh-keygen -R '{}' -f {known}) and add the new one; if not, something stands between",
            known_name(host, port)
        );
        return failed(Auth, why);
    }
    if is("host key is known") || is("Host key verification failed") {
        let why = format!(
            "the host key of {place} is not in {known}: run ssh-keyscan -p {port} {host}, compare what it prints with the \
             gateway's own key, and append it to {known}"
        );
        return failed(Auth, why);
    }
    if is("are too open") {
        return failed(Config, format!("others may read the key {key}: chmod 600 {key}"));
    }
    if is("error in libcrypto") || is("invalid format") {
        return failed(
            Config,
            format!("{key} is not a private key that ssh can read ({words})"),
        );
    }
    if is("Permission denied") {
        return Unread::Denied(format!(
            "{place} does not take the key {key} for {} ({words}): add {key}.pub to that user's authorized keys; a key \
             with a passphrase cannot be used",
            ssh.user
        ));
    }
    if is("Connection refused") {
        let why = format!("{place} refuses the connection; is SSH on, and is controller.ssh.port right?");
        return failed(Unavailable, why);
    }
    if is("Could not resolve") {
        return failed(
            Unavailable,
            format!("{host} cannot be found; check controller.ssh.host"),
        );
    }
    if is("timed out") {
        return failed(
            Unavailable,
            format!("{place} cannot be reached: no connection in time ({words})"),
        );
    }
    failed(Unavailable, format!("{place} was not read ({words})"))
}

fn failed(kind: FailureKind, why: String) -> Unread {
    Unread::Failed(Failure::new(kind, why))
}

fn broken(ssh: &Ssh, error: &io::Error) -> Unread {
    let why = format!(
        "{} could not be asked, ssh does not run here ({error})",
        place(ssh)
    );
    failed(FailureKind::Protocol, why)
}

fn place(ssh: &Ssh) -> String {
    format!("the gateway at {}", known_name(&ssh.host, ssh.port))
}

/// How `known_hosts` calls it.
fn known_name(host: &str, port: u16) -> String {
    if port == 22 {
        host.to_owned()
    } else {
        format!("[{host}]:{port}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_program_its_package_is_named() {
        let failure = program(&["/nonexistent/ssh", "/"]).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Config);
        assert!(failure.message.contains("openssh-client"), "{failure}");
    }
}
