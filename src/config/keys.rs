//! How the settings of a controller are called where they are written: messages name the variables, and a controller of
//! the file has keys instead.

use crate::config::schema::Entry;
use crate::config::setting::Setting;

/// The settings that messages name: the variable, the key.
const NAMES: [(&str, &str); 8] = [
    ("UNIFI_HOST", "host"),
    ("UNIFI_PORT", "port"),
    ("UNIFI_SITE", "sites"),
    ("UNIFI_FLAVOUR", "flavour"),
    ("UNIFI_TLS_FINGERPRINT", "pin"),
    ("UNIFI_CA_FILE", "ca_file"),
    ("UNIFI_USERNAME", "username"),
    ("UNIFI_PASSWORD", "password_file"),
];

/// Those of a controller that the file writes, or would.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// What it is called in the file.
    controller: String,
    variables: Vec<&'static str>,
}

impl Keys {
    pub fn of(entry: &Entry) -> Self {
        let Some(name) = entry.name.as_ref().filter(|name| name.beside.is_some()) else {
            return Self::default();
        };
        // What the environment sets stands over the file.
        let is_of_file = |setting: Option<&Setting>| setting.is_none_or(|setting| setting.beside.is_some());
        let variables = NAMES.map(|(variable, _)| variable).into_iter();
        Self {
            controller: name.text.trim().to_owned(),
            variables: variables
                .filter(|variable| {
                    is_of_file(match *variable {
                        "UNIFI_HOST" => entry.host.as_ref(),
                        "UNIFI_PORT" => entry.port.as_ref().or(entry.host.as_ref()),
                        "UNIFI_SITE" => entry.sites.first(),
                        "UNIFI_FLAVOUR" => entry.flavour.as_ref(),
                        "UNIFI_TLS_FINGERPRINT" => entry.pin.as_ref(),
                        "UNIFI_CA_FILE" => entry.ca_file.as_ref(),
                        _ => entry.username.as_ref(),
                    })
                })
                .collect(),
        }
    }

    /// `text` with keys of the file in place of their variables: `set UNIFI_FLAVOUR=classic` becomes
    /// `set flavour = "classic"`.
    pub fn spelt(&self, text: &str) -> String {
        let mut spelt = text.to_owned();
        for (variable, key) in NAMES
            .iter()
            .filter(|(variable, _)| self.variables.contains(variable))
        {
            while let Some((before, after)) = spelt.split_once(variable) {
                let value = after.strip_prefix('=').unwrap_or_default();
                let end = value
                    .find(|c: char| !c.is_ascii_alphanumeric() && c != '-')
                    .unwrap_or(value.len());
                let (value, rest) = value.split_at_checked(end).unwrap_or_default();
                spelt = match (value, *key) {
                    ("", key) => format!("{before}`{key}`{after}"),
                    (value, "pin") => format!("{before}trust = {{ pin = \"{value}\" }}{rest}"),
                    (value, key) => format!("{before}{key} = \"{value}\"{rest}"),
                };
            }
        }
        if spelt == text {
            return spelt;
        }
        format!("{spelt} (of [[controller]] \"{}\")", self.controller)
    }
}
