//! The gate to the wire: every request of a session leaves here, or it does not leave.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::collect::session::allow;
use crate::collect::session::jar::Jar;
use crate::config::secret::Secret;
use crate::model::failure::{Failure, FailureKind};
use crate::net::answer::Answer;
use crate::net::http::{Client, Method, Request};
use crate::net::stop::Stop;
use crate::net::trouble::Unanswered;

/// The longest answer that is read: big sites send tens of megabytes of devices.
const LIMIT: u64 = 64 * 1024 * 1024;
/// An answer slower than this is followed by a rest.
const SLOW: Duration = Duration::from_secs(1);
/// No rest is longer.
const LONGEST_REST: Duration = Duration::from_secs(5);

/// The connection with what it carries, and what its answers told.
pub struct Gate {
    client: Client,
    pub jar: Jar,
    pub key: Option<Secret>,
    /// Sent so far.
    pub requests: u64,
    /// The console's clock, and when it was read.
    pub clock: Option<(DateTime<Utc>, Instant)>,
    /// How long to leave the console alone before the next read.
    pub rest: Duration,
}

impl Gate {
    pub fn new(client: Client) -> Self {
        Self {
            client,
            jar: Jar::default(),
            key: None,
            requests: 0,
            clock: None,
            rest: Duration::ZERO,
        }
    }

    /// Sends a request that is allowed, with the session's headers, and absorbs what its answer sets.
    pub fn ask(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&[u8]>,
        stop: &Stop,
    ) -> Result<Answer, Unanswered> {
        if !allow::allowed(method, path) {
            let message = format!("{method:?} {path} is not among the reads this program allows itself");
            return Err(Failure::new(FailureKind::Protocol, message).into());
        }
        let mut headers = self.jar.headers(method);
        headers.push(("accept".to_owned(), "application/json".to_owned()));
        if body.is_some_and(|body| !body.is_empty()) {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        if let Some(key) = &self.key {
            headers.push(("x-api-key".to_owned(), key.expose().to_owned()));
        }
        self.requests += 1;
        let request = Request {
            method,
            path,
            headers: &headers,
            body,
            limit: LIMIT,
        };
        let answer = self.client.send(&request, stop)?;
        if let Some(date) = answer.date {
            self.clock = Some((date, answer.date_seen));
        }
        self.rest = if answer.took > SLOW {
            answer.took.min(LONGEST_REST)
        } else {
            Duration::ZERO
        };
        self.jar.absorb(&answer);
        Ok(answer)
    }
}
