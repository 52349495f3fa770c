//! One controller: what its entry says, with the environment over it, made into a [`Controller`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::environment::Environment;
use crate::config::keys::Keys;
use crate::config::schema::Entry;
use crate::config::secret::{api_key, read_small, resolve};
use crate::config::setting::{Given, Remarks, Setting};
use crate::config::ssh::ssh;
use crate::config::{Controller, Credentials, Flavour, Sites, Trust, address};

/// What a controller is called that only the environment describes.
pub const UNNAMED: &str = "unifi";

const FLAVOURS: [(&str, Flavour); 3] = [
    ("auto", Flavour::Auto),
    ("unifi-os", Flavour::UnifiOs),
    ("classic", Flavour::Classic),
];

/// The entry with every variable that is set in place of its own line.
pub fn overlaid(mut entry: Entry, environment: &Environment, remarks: &mut Remarks) -> Entry {
    let over = |field: &mut Option<Setting>, name: &str| *field = environment.setting(name).or(field.take());
    over(&mut entry.host, "UNIFI_HOST");
    over(&mut entry.username, "UNIFI_USERNAME");
    over(&mut entry.flavour, "UNIFI_FLAVOUR");
    over(&mut entry.pin, "UNIFI_TLS_FINGERPRINT");
    over(&mut entry.ca_file, "UNIFI_CA_FILE");
    over(&mut entry.connect_timeout, "UNIFI_CONNECT_TIMEOUT");
    entry.port = environment.port().or(entry.port);
    entry.api_key = environment.secret("UNIFI_API_KEY", remarks).or(entry.api_key);
    entry.password = environment.secret("UNIFI_PASSWORD", remarks).or(entry.password);
    if let Some(site) = environment.setting("UNIFI_SITE") {
        if site.text.contains(',') {
            remarks.problem(
                "UNIFI_SITE: names one site, or `all`; several are written as sites = [\"…\", \"…\"] in a file given by --config",
            );
        }
        entry.sites = vec![site];
    }
    // The environment's spelling of the trust settings: a pin or a CA file beside it is a contradiction.
    if let Some(verify) = environment.setting("UNIFI_VERIFY_SSL")
        && let Some(verified) = verify.flag(remarks)
    {
        let text = if verified { "public" } else { "none" }.to_owned();
        if verified && entry.trust.as_ref().is_some_and(|trust| trust.text == "none") {
            let other = entry.trust.as_ref().map_or("", |trust| &trust.at);
            remarks.problem(format!(
                "{} and {other} contradict each other: remove one of them",
                verify.at
            ));
        }
        entry.trust = Some(Setting { text, ..verify });
    }
    entry
}

/// The controller, once all of its entry is valid.
pub fn validate(entry: &Entry, remarks: &mut Remarks) -> Option<Controller> {
    let flavour = entry
        .flavour
        .as_ref()
        .map_or(Some(Flavour::Auto), |setting| setting.choice(&FLAVOURS, remarks));
    let name = name(entry, remarks);
    if entry.host.is_none() {
        remarks.problem(format!(
            "{}: no host: add the console's address, host = \"192.0.2.1\" there or UNIFI_HOST=192.0.2.1 in the environment",
            entry.at
        ));
    }
    let base = entry.host.as_ref().and_then(|host| {
        address::parse(
            host,
            entry.port.as_ref(),
            flavour.unwrap_or(Flavour::Auto),
            remarks,
        )
    });
    let credentials = credentials(entry, remarks);
    let sites = sites(entry, remarks);
    let trust = trust(entry, remarks);
    let connect_timeout = duration(entry.connect_timeout.as_ref(), 10, 300, remarks);
    let request_timeout = duration(entry.request_timeout.as_ref(), 60, 600, remarks);
    let host = base.as_ref().map(|base| base.host.as_str());
    let ssh = entry.ssh.as_ref().map(|entry| ssh(entry, host, remarks));
    Some(Controller {
        name: name?,
        base: base?,
        credentials: credentials?,
        sites: sites?,
        flavour: flavour?,
        trust: trust?,
        connect_timeout: connect_timeout?,
        request_timeout: request_timeout?,
        keys: Keys::of(entry),
        ssh: match ssh {
            Some(ssh) => Some(ssh?),
            None => None,
        },
    })
}

fn name(entry: &Entry, remarks: &mut Remarks) -> Option<String> {
    let Some(setting) = &entry.name else {
        remarks.problem(format!(
            "{}: no name: add name = \"home\", it is how reports call it",
            entry.at
        ));
        return None;
    };
    let name = setting.text.trim();
    if name.contains('/') || name.chars().count() > 64 || name.chars().any(char::is_control) {
        remarks.problem(format!(
            "{}: {} cannot be a name: at most 64 characters, none of them `/`",
            setting.at,
            setting.shown()
        ));
        return None;
    }
    Some(name.to_owned())
}

fn credentials(entry: &Entry, remarks: &mut Remarks) -> Option<Credentials> {
    match (&entry.api_key, &entry.username, &entry.password) {
        (Some(key), None, None) => api_key(key, remarks).map(Credentials::ApiKey),
        (None, Some(username), Some(password)) => Some(Credentials::Password {
            username: username.text.trim().to_owned(),
            password: resolve(password, remarks)?,
        }),
        (Some(key), username, password) => {
            let login: Vec<&str> = [
                username.as_ref().map(|s| s.at.as_str()),
                password.as_ref().map(Given::at),
            ]
            .into_iter()
            .flatten()
            .collect();
            remarks.problem(format!(
                "{} and {} are both set, and only one of them can be used: remove the key or the login",
                key.at(),
                login.join(", ")
            ));
            None
        }
        (None, Some(username), None) => {
            remarks.problem(format!(
                "{} is set without a password: add UNIFI_PASSWORD_FILE (or password_file), or use an API key",
                username.at
            ));
            None
        }
        (None, None, Some(password)) => {
            remarks.problem(format!(
                "{} is set without a user name: add UNIFI_USERNAME (or username)",
                password.at()
            ));
            None
        }
        (None, None, None) => {
            remarks.problem(format!(
                "{}: no credentials: add UNIFI_API_KEY_FILE=/etc/unifi-scan/api_key, or both UNIFI_USERNAME=unifi-scan and \
                 UNIFI_PASSWORD_FILE=/etc/unifi-scan/password (in a file: api_key_file, or username and password_file)",
                entry.at
            ));
            None
        }
    }
}

fn sites(entry: &Entry, remarks: &mut Remarks) -> Option<Sites> {
    let mut names: Vec<String> = Vec::new();
    for setting in &entry.sites {
        let name = setting.text.trim();
        if name.is_empty() || name.contains('/') || name.chars().any(char::is_control) {
            remarks.problem(format!("{}: {} cannot be a site", setting.at, setting.shown()));
            return None;
        }
        if names.iter().any(|known| known == name) {
            remarks.problem(format!("{}: {} is named twice", setting.at, setting.shown()));
        }
        names.push(name.to_owned());
    }
    Some(match names.as_slice() {
        [] => Sites::Only,
        [all] if all == "all" => Sites::All,
        _ => Sites::Named(names),
    })
}

fn trust(entry: &Entry, remarks: &mut Remarks) -> Option<Trust> {
    let word = match &entry.trust {
        Some(setting) => setting.choice(&[("public", false), ("none", true)], remarks)?,
        None => false,
    };
    let unverified = entry.trust.as_ref().filter(|_| word);
    let set: Vec<&str> = [unverified, entry.pin.as_ref(), entry.ca_file.as_ref()]
        .into_iter()
        .flatten()
        .map(|setting| setting.at.as_str())
        .collect();
    if set.len() > 1 {
        remarks.problem(format!(
            "{} are set together, and a certificate is trusted in one way only: keep one (the pin is best)",
            set.join(" and ")
        ));
        return None;
    }
    if let Some(setting) = unverified {
        remarks.warning(format!(
            "{}: certificates are not verified, anybody between here and the console can read the credentials; \
             trust it by its pin instead, which `unifi-scan check` prints",
            setting.at
        ));
        return Some(Trust::Unverified);
    }
    if let Some(setting) = &entry.pin {
        return match pin(&setting.text) {
            Ok(pin) => Some(Trust::Pin(pin)),
            Err(why) => {
                remarks.problem(format!(
                    "{}: {why}; remove it and run `unifi-scan check`, which prints the pin that the console shows",
                    setting.at
                ));
                None
            }
        };
    }
    match &entry.ca_file {
        Some(setting) => ca_file(setting, remarks).map(Trust::CaFile),
        None => Some(Trust::Public),
    }
}

/// SHA-256 of a certificate in hex, as tools print it: any case, with colons, with `sha256:` or not.
fn pin(text: &str) -> Result<[u8; 32], String> {
    let lower = text.trim().to_ascii_lowercase();
    let starts = ["sha256 fingerprint=", "sha256:", "sha256/", "sha256="];
    let bare = starts
        .iter()
        .find_map(|start| lower.strip_prefix(start))
        .unwrap_or(&lower);
    let digits: String = bare.chars().filter(|c| *c != ':' && !c.is_whitespace()).collect();
    if !digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err("a pin is written in hex digits, 0-9 and a-f, and something else is in it".to_owned());
    }
    if digits.bytes().all(|digit| digit == b'0') && !digits.is_empty() {
        return Err("nothing but zeros is a placeholder, not a pin".to_owned());
    }
    let mut pin = [0; 32];
    if digits.len() != 2 * pin.len() {
        let likely = match digits.len() {
            40 => " (40 are a SHA-1 fingerprint)",
            128 => " (128 are a SHA-512 fingerprint)",
            _ => "",
        };
        return Err(format!(
            "{} hex digits{likely} where a SHA-256 pin has 64",
            digits.len()
        ));
    }
    for (index, byte) in pin.iter_mut().enumerate() {
        let pair = digits.get(2 * index..2 * index + 2).unwrap_or_default();
        *byte = u8::from_str_radix(pair, 16).map_err(|why| why.to_string())?;
    }
    Ok(pin)
}

pub fn ca_file(setting: &Setting, remarks: &mut Remarks) -> Option<PathBuf> {
    let path = setting.path(remarks)?;
    match certificate(&path) {
        Ok(()) => Some(path),
        Err(why) => {
            remarks.problem(format!("{} ({}): {why}", setting.at, path.display()));
            None
        }
    }
}

fn certificate(path: &Path) -> Result<(), String> {
    let (text, _) = read_small(path, 4 * 1024 * 1024).map_err(|why| {
        if why.contains("UTF-8") {
            "is not PEM: convert it by openssl x509 -inform der".to_owned()
        } else {
            why
        }
    })?;
    if text.contains("-----BEGIN CERTIFICATE-----") {
        Ok(())
    } else {
        Err("holds no certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----".to_owned())
    }
}

pub fn duration(setting: Option<&Setting>, usual: u64, most: u64, remarks: &mut Remarks) -> Option<Duration> {
    let Some(setting) = setting else {
        return Some(Duration::from_secs(usual));
    };
    let text = setting.text.trim();
    let read = match text.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => humantime::parse_duration(text).ok(),
    };
    let fits = read.filter(|time| (Duration::from_secs(1)..=Duration::from_secs(most)).contains(time));
    if fits.is_none() {
        remarks.problem(format!(
            "{}: {} is not a time from 1s to {most}s: write {usual}s, for example",
            setting.at,
            setting.shown()
        ));
    }
    fits
}
