//! The configuration as it is meant, for people and bug reports: TOML with every secret blotted out.

use std::fmt::Write as _;

use crate::config::file_source::FileSource;
use crate::config::{Channel, ChannelKind, Config, Controller, Credentials, Sites, Trust};

/// TOML that says what this configuration means; no secret is in it.
pub fn redacted(config: &Config) -> String {
    let mut text = String::new();
    let mut line = |key: &str, value: String| {
        // Writing to a String cannot fail.
        let _infallible = writeln!(text, "{key} = {value}");
    };
    line("reports_dir", quoted(&config.reports_dir.to_string_lossy()));
    line(
        "initial_lookback_hours",
        config.initial_lookback.num_hours().to_string(),
    );
    line("max_parallel", config.max_parallel.to_string());
    if let Some(zone) = &config.timezone {
        line("timezone", quoted(zone.name()));
    }
    line("archive.events", config.archive_events.to_string());
    line(
        "sources.required",
        list(config.required_sources.iter().map(String::as_str)),
    );
    line(
        "exit.zero_on",
        list(config.exit_zero_on.iter().map(|ending| ending.name())),
    );
    for entry in config
        .controllers
        .iter()
        .map(controller)
        .chain(config.file_sources.iter().map(file_source))
        .chain(config.channels.iter().map(channel))
    {
        text.push('\n');
        text.push_str(&entry);
    }
    for warning in &config.warnings {
        let _infallible = write!(text, "\n# warning: {warning}");
    }
    text
}

fn controller(controller: &Controller) -> String {
    let mut lines = vec![
        "[[controller]]".to_owned(),
        format!("name = {}", quoted(&controller.name)),
        format!("host = {}", quoted(&controller.base.to_string())),
    ];
    match &controller.credentials {
        Credentials::ApiKey(key) => lines.push(format!("api_key = \"{key:?}\"")),
        Credentials::Password { username, password } => {
            lines.push(format!("username = {}", quoted(username)));
            lines.push(format!("password = \"{password:?}\""));
        }
    }
    match &controller.sites {
        Sites::Only => {}
        Sites::Named(names) => lines.push(format!("sites = {}", list(names.iter().map(String::as_str)))),
        Sites::All => lines.push("sites = \"all\"".to_owned()),
    }
    lines.push(format!("flavour = {}", quoted(controller.flavour.name())));
    lines.push(match &controller.trust {
        Trust::Public => "trust = \"public\"".to_owned(),
        Trust::CaFile(path) => format!("trust = {{ ca_file = {} }}", quoted(&path.to_string_lossy())),
        Trust::Pin(pin) => format!("trust = {{ pin = \"sha256:{}\" }}", hex(pin)),
        Trust::Unverified => "trust = \"none\"".to_owned(),
    });
    let time = |time| quoted(&humantime::format_duration(time).to_string());
    lines.push(format!("connect_timeout = {}", time(controller.connect_timeout)));
    lines.push(format!("request_timeout = {}", time(controller.request_timeout)));
    if let Some(ssh) = &controller.ssh {
        lines.extend([
            "[controller.ssh]".to_owned(),
            format!("user = {}", quoted(&ssh.user)),
            format!("host = {}", quoted(&ssh.host)),
            format!("port = {}", ssh.port),
            format!("key_file = {}", quoted(&ssh.key_file.to_string_lossy())),
            format!(
                "known_hosts_file = {}",
                quoted(&ssh.known_hosts_file.to_string_lossy())
            ),
            format!("file = {}", quoted(&ssh.file)),
        ]);
    }
    lines.join("\n") + "\n"
}

fn file_source(source: &FileSource) -> String {
    let mut lines = vec![
        "[[file_source]]".to_owned(),
        format!("name = {}", quoted(&source.name)),
        format!("path = {}", quoted(&source.path)),
    ];
    if let Some(zone) = &source.timezone {
        lines.push(format!("timezone = {}", quoted(zone.name())));
    }
    lines.join("\n") + "\n"
}

fn channel(channel: &Channel) -> String {
    let mut lines = vec![
        "[[channel]]".to_owned(),
        format!("name = {}", quoted(&channel.name)),
        format!("kind = {}", quoted(channel.kind.name())),
        format!("required = {}", channel.required),
        format!("when = {}", quoted(channel.when.name())),
    ];
    if let Some(severity) = channel.min_severity {
        lines.push(format!("min_severity = {}", quoted(severity.name())));
    }
    if let ChannelKind::Webhook(hook) = &channel.kind {
        lines.push(format!("url = {}", quoted(&format!("{}/<redacted>", hook.base))));
        if let Some(secret) = &hook.secret {
            lines.push(format!("secret = \"{secret:?}\""));
        }
        if let Trust::CaFile(path) = &hook.trust {
            lines.push(format!("ca_file = {}", quoted(&path.to_string_lossy())));
        }
        let time = |time| quoted(&humantime::format_duration(time).to_string());
        lines.push(format!("timeout = {}", time(hook.timeout)));
        lines.push(format!("give_up_after = {}", time(hook.give_up_after)));
    }
    if !channel.sites.is_empty() {
        lines.push(format!(
            "sites = {}",
            list(channel.sites.iter().map(String::as_str))
        ));
    }
    lines.join("\n") + "\n"
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", items.map(quoted).collect::<Vec<_>>().join(", "))
}

/// JSON's quotation is one of TOML's for all text without DEL, which no valid value holds.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
