//! The environment, read once here and nowhere else. Knows every name, so that a misspelt `UNIFI_*`
//! variable is told and one that this version cannot obey is refused rather than ignored.

use std::collections::BTreeMap;

use crate::config::nearest::nearest;
use crate::config::setting::{Given, Remarks, Setting};

/// One controller without a file.
const CONTROLLER: &[&str] = &[
    "UNIFI_HOST",
    "UNIFI_PORT",
    "UNIFI_API_KEY",
    "UNIFI_API_KEY_FILE",
    "UNIFI_USERNAME",
    "UNIFI_PASSWORD",
    "UNIFI_PASSWORD_FILE",
    "UNIFI_SITE",
    "UNIFI_FLAVOUR",
    "UNIFI_TLS_FINGERPRINT",
    "UNIFI_CA_FILE",
    "UNIFI_VERIFY_SSL",
    "UNIFI_CONNECT_TIMEOUT",
];

/// The rest of what an operator may set.
const GENERAL: &[&str] = &[
    "UNIFI_INITIAL_LOOKBACK_HOURS",
    "UNIFI_TIMEZONE",
    "UNIFI_ARCHIVE_EVENTS",
    "UNIFI_SCAN_CONFIG",
    "UNIFI_SCAN_IMAGE",
    "REPORTS_DIR",
];

/// Mail, which this version cannot send.
const MAIL: &[&str] = &[
    "UNIFI_EMAIL_ENABLED",
    "UNIFI_SMTP_HOST",
    "UNIFI_SMTP_PORT",
    "UNIFI_SMTP_USER",
    "UNIFI_SMTP_PASSWORD",
    "UNIFI_SMTP_PASSWORD_FILE",
    "UNIFI_SMTP_USE_TLS",
    "UNIFI_EMAIL_FROM",
    "UNIFI_EMAIL_RECIPIENTS",
];

/// The webhook.
const WEBHOOK: &[&str] = &[
    "UNIFI_WEBHOOK_URL",
    "UNIFI_WEBHOOK_URL_FILE",
    "UNIFI_WEBHOOK_SECRET",
    "UNIFI_WEBHOOK_SECRET_FILE",
];

/// Other places that this version cannot send to.
const ELSEWHERE: &[&str] = &["UNIFI_PING_URL", "UNIFI_PING_URL_FILE", "UNIFI_METRICS_FILE"];

/// Read by the project's own tests.
const TESTS: &[&str] = &["UNIFI_SCAN_CRASH_AT", "UNIFI_SCAN_RECORDINGS"];

/// What is set and not empty.
pub struct Environment(BTreeMap<String, String>);

/// The environment this process was started with.
#[expect(
    clippy::disallowed_methods,
    reason = "config is the one reader of the environment"
)]
pub fn of_this_process(remarks: &mut Remarks) -> Environment {
    let mut values = BTreeMap::new();
    for (name, value) in std::env::vars_os() {
        let Ok(name) = name.into_string() else { continue };
        match value.into_string() {
            Ok(value) => {
                values.insert(name, value);
            }
            Err(_) if known().any(|known| known == name) => {
                remarks.problem(format!("{name}: the value is not UTF-8 text: write it in UTF-8"));
            }
            Err(_) => {}
        }
    }
    Environment::new(values)
}

impl Environment {
    /// An empty value counts as unset.
    pub fn new(mut values: BTreeMap<String, String>) -> Self {
        values.retain(|_, value| !value.trim().is_empty());
        Self(values)
    }

    pub fn setting(&self, name: &str) -> Option<Setting> {
        self.0.get(name).map(|text| Setting {
            text: text.clone(),
            at: name.to_owned(),
            beside: None,
        })
    }

    /// `NAME`, or else the file that `NAME_FILE` names.
    pub fn secret(&self, name: &str, remarks: &mut Remarks) -> Option<Given> {
        let file = self.setting(&format!("{name}_FILE"));
        Given::one_of(self.setting(name), file, remarks)
    }

    /// The variables about a controller that are set.
    pub fn about_a_controller(&self) -> Vec<&'static str> {
        CONTROLLER
            .iter()
            .copied()
            .filter(|name| self.0.contains_key(*name))
            .collect()
    }

    /// `UNIFI_PORT`, unless it is the one Kubernetes makes up for a Service called `unifi`.
    pub fn port(&self) -> Option<Setting> {
        self.setting("UNIFI_PORT")
            .filter(|port| !port.text.starts_with("tcp://"))
    }

    /// Says what is unknown, what cannot be obeyed and what looks like an accident.
    pub fn judge(&self, brings_own: bool, remarks: &mut Remarks) {
        if !brings_own {
            self.judge_channels(remarks);
        }
        for (name, value) in self.0.iter().filter(|(name, _)| is_ours(name)) {
            if !known().any(|known| known == name) && !from_kubernetes(name) {
                let hint = nearest(name, known().filter(|known| known.starts_with("UNIFI_")))
                    .map_or("no setting has a similar name".to_owned(), |known| {
                        format!("did you mean {known}?")
                    });
                remarks.warning(format!(
                    "{name} is not a variable this program knows and is ignored: {hint}"
                ));
            } else if is_quoted(value) && !brings_own {
                let text = format!(
                    "{name}: the value begins and ends with a quotation mark (Docker's env files keep them)"
                );
                if ["_KEY", "_PASSWORD", "_SECRET"]
                    .iter()
                    .any(|end| name.ends_with(end))
                {
                    remarks.warning(format!("{text}; it is taken as part of the secret"));
                } else {
                    remarks.problem(format!("{text}: remove the marks"));
                }
            }
        }
        if self.setting("UNIFI_PORT").is_some() && self.port().is_none() && !brings_own {
            remarks.warning(
                "UNIFI_PORT is Kubernetes' own variable for a Service called `unifi` and is ignored: \
                 set `enableServiceLinks: false` in the pod, or UNIFI_PORT to a port number",
            );
        }
    }

    fn judge_channels(&self, remarks: &mut Remarks) {
        let switched_off = self.0.get("UNIFI_EMAIL_ENABLED").is_some_and(|value| {
            matches!(
                value.trim().to_ascii_lowercase().as_str(),
                "false" | "0" | "no" | "off"
            )
        });
        let mail = MAIL.iter().filter(|_| !switched_off);
        let set: Vec<&str> = mail
            .chain(ELSEWHERE)
            .copied()
            .filter(|name| self.0.contains_key(*name))
            .collect();
        if !set.is_empty() {
            remarks.problem(format!(
                "this version sends neither mail nor pings nor metrics, nothing would be sent: remove {}",
                set.join(", ")
            ));
        }
    }
}

fn known() -> impl Iterator<Item = &'static str> {
    [CONTROLLER, GENERAL, WEBHOOK, MAIL, ELSEWHERE, TESTS]
        .into_iter()
        .flatten()
        .copied()
}

/// Kubernetes sets these in every pod beside a Service called `unifi` or `unifi-…`.
fn from_kubernetes(name: &str) -> bool {
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || (name.contains("_PORT_") && (name.contains("_TCP") || name.contains("_UDP")))
}

fn is_ours(name: &str) -> bool {
    name.starts_with("UNIFI_") || name == "REPORTS_DIR"
}

fn is_quoted(value: &str) -> bool {
    ['"', '\'']
        .iter()
        .any(|mark| value.len() > 1 && value.starts_with(*mark) && value.ends_with(*mark))
}
