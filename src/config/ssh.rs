//! How the gateway's own log is read over SSH: a `[controller.ssh]`, made into an [`Ssh`]. Its values end up in the
//! arguments of `ssh` and in one command on the gateway, so they consist of characters that mean nothing there.

use std::path::PathBuf;

use crate::config::address::host_and_port;
use crate::config::schema::SshEntry;
use crate::config::setting::{Remarks, Setting};
use crate::model::text::{SENTENCE, clean};

/// Where the gateway's log lies and who may read it. Its key is its own: a console's password never goes this way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ssh {
    pub user: String,
    /// A name or an address; IPv6 without its brackets.
    pub host: String,
    pub port: u16,
    pub key_file: PathBuf,
    pub known_hosts_file: PathBuf,
    /// Full path on the gateway.
    pub file: String,
}

/// `host` is where the controller is.
pub fn ssh(entry: &SshEntry, host: Option<&str>, remarks: &mut Remarks) -> Option<Ssh> {
    let user = match &entry.user {
        Some(setting) => plain(setting, setting.text.trim(), "-_.", remarks),
        None => Some("root".to_owned()),
    };
    let port = match &entry.port {
        Some(setting) => setting
            .number("a port", 1, 65535, remarks)
            .and_then(|port| u16::try_from(port).ok()),
        None => Some(22),
    };
    let host = match &entry.host {
        Some(setting) => named_host(setting, remarks),
        None => host.map(str::to_owned),
    };
    let key_file = here(entry.key_file.as_ref(), "key_file", "id_ed25519", entry, remarks);
    let known_hosts_file = here(
        entry.known_hosts_file.as_ref(),
        "known_hosts_file",
        "known_hosts",
        entry,
        remarks,
    );
    let file = there(entry, remarks);
    Some(Ssh {
        user: user?,
        host: host?,
        port: port?,
        key_file: key_file?,
        known_hosts_file: known_hosts_file?,
        file: file?,
    })
}

fn named_host(setting: &Setting, remarks: &mut Remarks) -> Option<String> {
    let why = match host_and_port(setting.text.trim()) {
        Ok((host, None)) if !host.starts_with('-') => return Some(host),
        Ok((_, Some(_))) => "the port has a setting of its own, controller.ssh.port".to_owned(),
        Ok(_) => "a host does not begin with `-`".to_owned(),
        Err(why) => why,
    };
    remarks.problem(format!("{}: {why}", setting.at));
    None
}

/// A file on this host, which has to be named.
fn here(
    setting: Option<&Setting>,
    key: &str,
    example: &str,
    entry: &SshEntry,
    remarks: &mut Remarks,
) -> Option<PathBuf> {
    let Some(setting) = setting else {
        missing(
            key,
            &format!("/etc/unifi-scan/{example}"),
            "there is no default",
            entry,
            remarks,
        );
        return None;
    };
    let path = setting.path(remarks)?;
    // ssh is started elsewhere.
    let whole = match std::path::absolute(&path) {
        Ok(whole) => whole,
        Err(error) => {
            remarks.problem(format!("{}: {}: {error}", setting.at, setting.shown()));
            return None;
        }
    };
    plain(setting, &whole.to_string_lossy(), PATH, remarks).map(PathBuf::from)
}

/// The log on the gateway. No default: where it lies differs between versions, and Suricata mostly keeps none of its own
/// (UniFi's configuration sends EVE to a socket: `filetype: unix_dgram` on a UDM Pro, wpninjas.ch of 2024-03). UniFi OS 5
/// was seen to keep alerts in `/var/log/ulog/threat.log`, one JSON object a line behind a syslog stamp
/// (vonrobak/fedora-homelab-containers#187, UDM Pro with 5.0.16; grue-some/ucg-dash, UCG Ultra with 5.1.19 to 5.1.29); the
/// members of that object nobody has published.
fn there(entry: &SshEntry, remarks: &mut Remarks) -> Option<String> {
    let Some(setting) = &entry.file else {
        missing(
            "file",
            "/var/log/ulog/threat.log",
            "where the gateway keeps what its threat detection saw differs between versions",
            entry,
            remarks,
        );
        return None;
    };
    let path = setting.text.trim();
    if !path.starts_with('/') {
        remarks.problem(format!(
            "{}: {} is not a full path on the gateway: begin it with `/`",
            setting.at,
            setting.shown()
        ));
        return None;
    }
    plain(setting, path, PATH, remarks)
}

fn missing(key: &str, example: &str, why: &str, entry: &SshEntry, remarks: &mut Remarks) {
    remarks.problem(format!(
        "{}: controller.ssh has no {key} ({why}): add {key} = \"{example}\" there",
        entry.at
    ));
}

/// What a path may hold beside letters and digits.
const PATH: &str = "/-_.,+=:@";

/// The value, if it consists of ASCII letters, digits and `others` and is no option.
fn plain(setting: &Setting, value: &str, others: &str, remarks: &mut Remarks) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
    if !value.is_empty() && !value.starts_with('-') && value.chars().all(is_plain) {
        return Some(value.to_owned());
    }
    let allowed: Vec<String> = others.chars().map(|c| format!("`{c}`")).collect();
    remarks.problem(format!(
        "{}: `{}` goes into a command: only the letters a to z, digits and {} may be in it, and no `-` first",
        setting.at,
        clean(value, SENTENCE),
        allowed.join(" ")
    ));
    None
}
