//! One session with one console: at most one login, nothing but reads, a logout on every way out.
//!
//! Every request passes the [`gate`]; passwords, keys, cookies and tokens meet the wire there and nowhere else, and
//! only the configured host ever sees them.

pub mod answers;
pub mod login;

mod allow;
mod family;
mod gate;
mod hush;
mod jar;
mod said;

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::collect::session::answers::{NoRows, expect_json};
use crate::collect::session::family::Family;
use crate::collect::session::gate::Gate;
use crate::collect::session::hush::hushed;
use crate::collect::session::jar::Jar;
use crate::collect::session::login::Unopened;
use crate::config::secret::Secret;
use crate::config::{Controller, Credentials, Flavour};
use crate::model::failure::{Failure, FailureKind};
use crate::net::answer::Answer;
use crate::net::http::{Client, Method};
use crate::net::retry::{self, Patience};
use crate::net::stop::Stop;

/// What a logout may take, even after a signal.
const LOGOUT: Duration = Duration::from_secs(2);
/// An open session. Dropping it logs out.
pub struct Session {
    name: String,
    family: Family,
    gate: Gate,
    stop: Stop,
    patience: Patience,
    /// Kept to know it again where a console echoes it.
    password: Option<Secret>,
    logged_in: bool,
}

/// What was asked for.
pub struct Asked<'a> {
    /// For the operator.
    pub what: &'a str,
    /// Whose credentials were refused, if they were.
    pub by_key: bool,
    /// It asked for a kind of rows, which a version may not know.
    pub names_kind: bool,
}

impl Session {
    /// Tells the flavour, unless an earlier run found it, then logs in once, or not at all with an API key: then the first read shows whether
    /// the key is good.
    pub fn open(
        controller: &Controller,
        stop: Stop,
        remembered_flavour: Option<&str>,
    ) -> Result<Self, Unopened> {
        let name = &controller.name;
        let client = Client::new(
            &controller.base,
            &controller.trust,
            controller.connect_timeout,
            controller.request_timeout,
        )
        .map_err(|failure| named(name, failure))?;
        let mut session = Self {
            name: name.clone(),
            family: Family::UnifiOs,
            gate: Gate::new(client),
            stop,
            // A request of a patient configuration may be waited for longer between the tries, too.
            patience: Patience {
                tries: 3,
                longest: controller.request_timeout,
            },
            password: None,
            logged_in: false,
        };
        match &controller.credentials {
            Credentials::ApiKey(key) => {
                if controller.flavour == Flavour::Classic {
                    let message =
                        format!("{name}: classic controllers know no API keys; set a user name and password");
                    return Err(Failure::new(FailureKind::Config, message).into());
                }
                session.gate.key = Some(key.clone());
            }
            Credentials::Password { username, password } => {
                let remembered = remembered_flavour.and_then(Family::named);
                let believed = remembered.filter(|_| controller.flavour == Flavour::Auto);
                session.family = match believed {
                    Some(family) => family,
                    None => session.tell_family(controller.flavour, remembered)?,
                };
                session.password = Some(password.clone());
                let mut opened = session.log_in(username, password);
                // There is one login per run, but where another family's console stands now, this was none.
                if believed.is_some()
                    && opened.as_ref().is_err_and(|unopened| unopened.maybe_elsewhere)
                    && let Ok(told) = session.tell_family(controller.flavour, remembered)
                    && told != session.family
                {
                    session.family = told;
                    opened = session.log_in(username, password);
                }
                opened.map_err(|unopened| Unopened {
                    failure: Failure::new(unopened.failure.kind, session.hushed(&unopened.failure.message)),
                    ..unopened
                })?;
            }
        }
        Ok(session)
    }

    /// Reads a path below the Network application's own root, like `/api/self/sites`. Troubles that pass are
    /// asked again; any status is an answer.
    pub fn get(&mut self, path: &str) -> Result<Answer, Failure> {
        self.read(Method::Get, path, None)
    }

    /// Asks a path below the Network application's own root, with a body. All that is allowed here only reads.
    pub fn post(&mut self, path: &str, body: &Value) -> Result<Answer, Failure> {
        self.read(Method::Post, path, Some(body.to_string().as_bytes()))
    }

    /// The rows of an answer to a question with this body, or why there are none; `what` names them to the operator.
    pub fn expect_json(&self, answer: Answer, what: &str, body: Option<&Value>) -> Result<Vec<u8>, NoRows> {
        let asked = Asked {
            what,
            by_key: self.gate.key.is_some(),
            names_kind: body.is_some_and(|body| {
                ["type", "policy_type"]
                    .iter()
                    .any(|name| body.get(name).is_some())
            }),
        };
        expect_json(answer, &self.name, &asked).map_err(|no_rows| no_rows.reworded(|why| self.hushed(why)))
    }

    /// `text` without what the console was sent to believe us.
    pub fn hushed(&self, text: &str) -> String {
        let key = self.gate.key.as_ref().map(Secret::expose);
        let password = self.password.as_ref().map(Secret::expose);
        hushed(
            text,
            key.into_iter().chain(password).chain(self.gate.jar.secrets()),
        )
    }

    /// `unifi-os` or `classic`.
    pub fn flavour(&self) -> &'static str {
        self.family.name()
    }

    /// What the console's clock shows now, as far as it told with its latest answer.
    pub fn console_now(&self) -> Option<DateTime<Utc>> {
        let (told, seen) = self.gate.clock?;
        told.checked_add_signed(chrono::Duration::from_std(seen.elapsed()).ok()?)
    }

    /// How many requests were sent, whatever became of them.
    pub fn requests(&self) -> u64 {
        self.gate.requests
    }

    /// Logs out, as well as that goes in two seconds. Once is enough; dropping does it, too.
    pub fn close(&mut self) {
        if !self.logged_in {
            return;
        }
        self.logged_in = false;
        let stop = Stop::new(Instant::now() + LOGOUT);
        let path = self.family.logout_path();
        match self.gate.ask(Method::Post, path, Some(b""), &stop) {
            Ok(answer) => log::debug!("controller={} logged out status={}", self.name, answer.status),
            Err(unanswered) => log::debug!("controller={} not logged out: {unanswered}", self.name),
        }
        self.gate.jar = Jar::default();
    }

    fn tell_family(&mut self, flavour: Flavour, remembered: Option<Family>) -> Result<Family, Failure> {
        match flavour {
            Flavour::UnifiOs => return Ok(Family::UnifiOs),
            Flavour::Classic => return Ok(Family::Classic),
            Flavour::Auto => {}
        }
        let answer = self.patiently(Method::Get, "/", None)?;
        // The page hands out an anonymous session, which the login must not carry.
        self.gate.jar = Jar::default();
        family::tell(&answer, &self.name, remembered)
    }

    fn log_in(&mut self, username: &str, password: &Secret) -> Result<(), Unopened> {
        let body = self.family.login_body(username, password.expose()).to_string();
        let stop = self.stop.clone();
        let answer = self
            .gate
            .ask(
                Method::Post,
                self.family.login_path(),
                Some(body.as_bytes()),
                &stop,
            )
            .map_err(|unanswered| named(&self.name, unanswered.failure))?;
        login::judge(&answer, &self.name, self.family)?;
        if self.gate.jar.is_empty() {
            let message = format!(
                "{}: the console took the login but opened no session (no cookie)",
                self.name
            );
            return Err(Failure::new(FailureKind::Protocol, message).into());
        }
        self.logged_in = true;
        Ok(())
    }

    fn read(&mut self, method: Method, path: &str, body: Option<&[u8]>) -> Result<Answer, Failure> {
        let path = match self.family {
            Family::UnifiOs => format!("{}{path}", allow::NETWORK),
            Family::Classic => path.to_owned(),
        };
        self.patiently(method, &path, body)
    }

    fn patiently(&mut self, method: Method, path: &str, body: Option<&[u8]>) -> Result<Answer, Failure> {
        let stop = self.stop.clone();
        if !self.gate.rest.is_zero() {
            // A console that is slow has other things to do; the reason to stop shows itself when asking.
            retry::pause(&stop, self.gate.rest);
        }
        let patience = self.patience;
        let answer = retry::patiently(&stop, patience, |_| self.gate.ask(method, path, body, &stop));
        answer.map_err(|unanswered| named(&self.name, unanswered.failure))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.close();
    }
}

fn named(name: &str, mut failure: Failure) -> Failure {
    failure.message.insert_str(0, &format!("{name}: "));
    failure
}

#[cfg(test)]
mod tests;
