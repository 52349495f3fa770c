//! The two families of consoles: how to tell them apart, and where each wants its login.

use serde_json::{Value, json};

use crate::collect::session::answers::location;
use crate::model::failure::{Failure, FailureKind};
use crate::net::answer::Answer;

/// The two families of consoles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    UnifiOs,
    Classic,
}

impl Family {
    /// As configuration, checkpoint and report spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::UnifiOs => "unifi-os",
            Self::Classic => "classic",
        }
    }

    /// The family of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::UnifiOs, Self::Classic]
            .into_iter()
            .find(|family| family.name() == name)
    }

    pub fn login_path(self) -> &'static str {
        match self {
            Self::UnifiOs => "/api/auth/login",
            Self::Classic => "/api/login",
        }
    }

    pub fn logout_path(self) -> &'static str {
        match self {
            Self::UnifiOs => "/api/auth/logout",
            Self::Classic => "/api/logout",
        }
    }

    /// A session of a scheduled run is short; `strict` makes newer classic versions hand out a CSRF token.
    pub fn login_body(self, username: &str, password: &str) -> Value {
        match self {
            Self::UnifiOs => json!({"username": username, "password": password, "rememberMe": false}),
            Self::Classic => {
                json!({"username": username, "password": password, "remember": false, "strict": true})
            }
        }
    }
}

/// The family by the answer to `GET /`: 200 is UniFi OS, a redirect to `/manage` is classic. What an earlier run
/// found decides where a proxy in front answers for the console.
pub fn tell(answer: &Answer, name: &str, remembered: Option<Family>) -> Result<Family, Failure> {
    let failed = |kind, message: String| Err(Failure::new(kind, format!("{name}: {message}")));
    let starting = answer.is_html() && is_starting(answer);
    match answer.status {
        501 => failed(FailureKind::Protocol, no_console(answer.status)),
        500.. => failed(FailureKind::Unavailable, down(answer.status)),
        _ if starting => failed(FailureKind::Unavailable, down(answer.status)),
        429 => failed(
            FailureKind::Unavailable,
            "the console limits how often it may be asked (HTTP 429)".to_owned(),
        ),
        200 => Ok(Family::UnifiOs),
        300..=399 if answer.header("location").is_some_and(is_manage) => Ok(Family::Classic),
        status => match remembered {
            Some(family) => Ok(family),
            None if (300..=399).contains(&status) => failed(
                FailureKind::Config,
                format!(
                    "the address redirects to {}, which is not followed: it may not be the console's own; check \
                     UNIFI_HOST and UNIFI_PORT, or set UNIFI_FLAVOUR to unifi-os or classic",
                    location(answer)
                ),
            ),
            None => failed(
                FailureKind::Config,
                format!(
                    "whether this is a UniFi OS console or a classic controller cannot be told (GET / gave HTTP \
                     {status}); check UNIFI_HOST and UNIFI_PORT, or set UNIFI_FLAVOUR to unifi-os or classic"
                ),
            ),
        },
    }
}

/// The sentence for a console that is not there yet.
pub fn down(status: u16) -> String {
    format!(
        "the console or its Network application is down or starting up (HTTP {status}); try again in some minutes"
    )
}

/// The sentence for a web server that does not know the question, which no console says.
pub fn no_console(status: u16) -> String {
    format!(
        "what answers does not look like a UniFi console (HTTP {status}); check UNIFI_HOST and UNIFI_PORT"
    )
}

/// Where a classic controller sends whoever asks for its root.
pub fn is_manage(location: &str) -> bool {
    location.contains("/manage")
}

fn is_starting(answer: &Answer) -> bool {
    String::from_utf8_lossy(&answer.body)
        .to_lowercase()
        .contains("starting up")
}
