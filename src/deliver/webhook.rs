//! The `webhook` channel: one JSON document is posted per message, under the message's key, signed if there is
//! a secret. No redirect is followed, and nothing that is told names more than the host.

use std::time::Duration;

use chrono::{DateTime, Utc};
use ring::hmac;
use serde::Serialize;
use serde_json::Value;

use crate::config::Webhook;
use crate::deliver::Outcome;
use crate::model::failure::FailureKind;
use crate::net::http::{Client, Method, Request};
use crate::net::stop::Stop;
use crate::net::trouble::Unanswered;

/// The version of the document's shape.
const SCHEMA_VERSION: &str = "1";
/// How long a connection may take; the whole has the channel's timeout.
const CONNECT: Duration = Duration::from_secs(10);

/// What a message holds. The same runs and facts under the same key, however often it is sent.
pub struct Envelope<'a> {
    pub instance: &'a str,
    pub channel: &'a str,
    pub key: &'a str,
    pub runs: &'a [u64],
    /// The runs' reports, or what of them is this channel's.
    pub reports: Vec<Value>,
    /// Runs that were given up, told here for the first time.
    pub dead: Vec<Dead>,
}

/// A run that never reached this channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dead {
    pub run: u64,
    /// Whose run it is, if another instance's than the message's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// `None` where nothing is left of it.
    pub findings: Option<u64>,
    pub severe: Option<u64>,
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: &'a str,
    instance: &'a str,
    channel: &'a str,
    key: &'a str,
    runs: &'a [u64],
    reports: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dead: Vec<Dead>,
}

/// The body of a message.
pub fn body(envelope: Envelope<'_>) -> Vec<u8> {
    let document = Document {
        schema_version: SCHEMA_VERSION,
        instance: envelope.instance,
        channel: envelope.channel,
        key: envelope.key,
        runs: envelope.runs,
        reports: envelope.reports,
        dead: envelope.dead,
    };
    serde_json::to_vec(&document).expect("a document is strings, numbers and values that were JSON before")
}

/// Posts a body once. `now` is for a receiver that tells a time and no clock of its own.
pub fn send(hook: &Webhook, key: &str, body: &[u8], stop: &Stop, now: DateTime<Utc>) -> Outcome {
    let client = Client::new(&hook.base, &hook.trust, CONNECT.min(hook.timeout), hook.timeout);
    let mut client = match client {
        Ok(client) => client.at_receiver(),
        Err(failure) => {
            return Outcome::Refused {
                permanent: true,
                reason: failure.message,
                wait: None,
            };
        }
    };
    let mut headers = vec![
        ("Content-Type".to_owned(), "application/json".to_owned()),
        ("Idempotency-Key".to_owned(), key.to_owned()),
    ];
    if let Some(secret) = &hook.secret {
        let signature = signature(secret.expose(), body);
        headers.push(("X-Signature-256".to_owned(), format!("sha256={signature}")));
    }
    let request = Request {
        method: Method::Post,
        path: hook.target.expose(),
        headers: &headers,
        body: Some(body),
        limit: 0,
    };
    match client.send(&request, stop) {
        Ok(answer) => {
            let wait = answer.retry_after_by(now);
            of_status(&hook.base.host, answer.status, wait)
        }
        Err(unanswered) => of_silence(&unanswered),
    }
}

/// HMAC-SHA256 of the body, in hex.
fn signature(secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, body);
    tag.as_ref()
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

fn of_status(host: &str, status: u16, wait: Option<Duration>) -> Outcome {
    // Elsewhere the header is about something else than when to ask again.
    let wait = wait.filter(|_| matches!(status, 429 | 503));
    let later = wait.map_or_else(String::new, |wait| {
        format!(", and asks for {}", humantime::format_duration(wait))
    });
    let refused = |permanent, why: &str| Outcome::Refused {
        permanent,
        reason: format!("{host} answered HTTP {status}: {why}{later}"),
        wait,
    };
    match status {
        200..=299 => Outcome::Accepted,
        300..=399 => refused(
            true,
            "a redirect, and none is followed; write the URL it leads to",
        ),
        401 | 403 => refused(
            true,
            "it does not allow this; is the token in the URL still valid?",
        ),
        404 | 410 => refused(
            true,
            "there is nothing at this URL; copy it again from the receiver",
        ),
        408 | 425 | 429 => refused(false, "it wants to be asked later"),
        400..=499 => refused(true, "it does not want this message"),
        _ => Outcome::Unknown {
            reason: format!("{host} answered HTTP {status}: nobody knows whether it kept the message{later}"),
            wait,
        },
    }
}

fn of_silence(unanswered: &Unanswered) -> Outcome {
    let reason = unanswered.failure.message.clone();
    if unanswered.reached {
        return Outcome::Unknown { reason, wait: None };
    }
    Outcome::Refused {
        permanent: matches!(unanswered.failure.kind, FailureKind::Auth | FailureKind::Config),
        reason,
        wait: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_body() {
        // RFC 4231, test case 2.
        assert_eq!(
            signature("Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn only_a_2xx_is_accepted_and_only_a_5xx_is_unknown() {
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(of_status("h", status, None), Outcome::Accepted, "{status}");
        }
        for status in [301, 302, 307, 308, 400, 401, 404, 413, 429] {
            let refused = of_status("h", status, None);
            assert!(
                matches!(refused, Outcome::Refused { .. }),
                "{status}: {refused:?}"
            );
        }
        for status in [500, 502, 503, 504, 599] {
            let unknown = of_status("h", status, None);
            assert!(
                matches!(unknown, Outcome::Unknown { .. }),
                "{status}: {unknown:?}"
            );
        }
    }

    #[test]
    fn only_a_429_and_a_503_say_when_to_ask_again() {
        let asked = Some(Duration::from_secs(90));
        for status in [301, 400, 404, 408, 429, 500, 502, 503] {
            let (Outcome::Refused { reason, wait, .. } | Outcome::Unknown { reason, wait }) =
                of_status("h", status, asked)
            else {
                panic!("{status} was accepted")
            };
            let is_told = [429, 503].contains(&status);
            assert_eq!(wait, asked.filter(|_| is_told), "{status}");
            assert_eq!(reason.contains("1m 30s"), is_told, "{reason}");
        }
    }

    #[test]
    fn a_document_names_what_it_holds() {
        let report = serde_json::json!({"run": 3});
        let envelope = Envelope {
            instance: "i",
            channel: "c",
            key: "k",
            runs: &[3],
            reports: vec![report],
            dead: vec![Dead {
                instance: None,
                run: 1,
                findings: Some(2),
                severe: None,
            }],
        };
        assert_eq!(
            String::from_utf8_lossy(&body(envelope)),
            "{\"schema_version\":\"1\",\"instance\":\"i\",\"channel\":\"c\",\"key\":\"k\",\"runs\":[3],\
             \"reports\":[{\"run\":3}],\"dead\":[{\"run\":1,\"findings\":2,\"severe\":null}]}"
        );
    }
}
