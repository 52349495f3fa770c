//! What a console's answer says about itself: three families of errors, each with its own shape.

use memchr::memrchr;
use serde_json::Value;

use crate::collect::wire::{self, json};
use crate::model::text;
use crate::net::answer::Answer;

/// What the answer says about itself, whichever family it is of.
pub struct Said {
    /// Like `api.err.NoPermission` or `TOKEN_EXPIRED`; empty if it names none.
    pub code: String,
    /// A sentence for people, cleaned; empty if there is none.
    pub message: String,
    /// The body begins as JSON does that may hold rows.
    pub json: bool,
    /// It calls itself an error, whatever its status.
    pub error: bool,
}

impl Said {
    /// The code, unless it is the status again, the sentence, or the bare status: for a message to the operator.
    pub fn words(&self, status: u16) -> String {
        let code = Some(self.code.as_str()).filter(|code| *code != status.to_string());
        match (code.unwrap_or_default(), self.message.as_str()) {
            ("", "") => format!("HTTP {status}"),
            ("", message) => format!("HTTP {status}: {message}"),
            (code, "") => format!("HTTP {status}: {code}"),
            (code, message) => format!("HTTP {status}: {code}: {message}"),
        }
    }

    /// The code contains one of these, in any case.
    pub fn is_any(&self, codes: &[&str]) -> bool {
        let code = self.code.to_ascii_lowercase();
        codes
            .iter()
            .any(|wanted| code.contains(&wanted.to_ascii_lowercase()))
    }
}

/// What a page of rows says behind them, as an object: the rows come first and are not gone through. `None` where it
/// may be otherwise. Should it hold more lists than one, its decoder sees what is missed here.
fn after_rows(body: &[u8]) -> Option<Vec<u8>> {
    const LONGEST: usize = 1024;
    body.strip_prefix(br#"{"data":[{"#)?;
    let end = memrchr(b']', body)?;
    let (rows, after) = body.split_at_checked(end)?;
    let after = after.strip_prefix(b"],")?;
    (rows.ends_with(b"}") && after.len() < LONGEST).then(|| [b"{", after].concat())
}

/// Reads the shapes of all three families, whatever is missing. The rows are passed over unread: whether each of
/// them is JSON, and whether the body is whole, is for whoever decodes it to say.
pub fn said(answer: &Answer) -> Said {
    let body = json::trimmed(&answer.body);
    let envelope = match body.first() {
        Some(b'[') => Envelope::default(),
        Some(b'{') => {
            let after = after_rows(body).unwrap_or_default();
            let members = json::members(&after).or_else(|| json::members(body));
            Envelope::of(members.unwrap_or_default())
        }
        _ => {
            return Said {
                code: String::new(),
                message: String::new(),
                json: false,
                error: false,
            };
        }
    };
    let rc = envelope.meta.get("rc").and_then(Value::as_str);
    let first_error = envelope.errors.get(0).unwrap_or(&Value::Null);
    let codes = [
        envelope.meta.get("msg").unwrap_or(&Value::Null),
        &envelope.code,
        envelope.error.get("code").unwrap_or(&Value::Null),
        &envelope.error_code,
        &envelope.status_code,
    ];
    let messages = [
        &envelope.message,
        envelope.error.get("message").unwrap_or(&envelope.error),
        first_error,
    ];
    Said {
        code: codes.into_iter().find_map(words).unwrap_or_default(),
        message: messages.into_iter().find_map(words).unwrap_or_default(),
        json: true,
        error: rc.is_some_and(|rc| rc != "ok")
            || [
                &envelope.error,
                &envelope.error_code,
                &envelope.errors,
                &envelope.status_code,
            ]
            .into_iter()
            .any(|value| !wire::is_nothing(value)),
    }
}

/// The fields by which the three families speak of errors; null where one is missing.
#[derive(Default)]
struct Envelope {
    meta: Value,
    code: Value,
    message: Value,
    error: Value,
    errors: Value,
    error_code: Value,
    status_code: Value,
}

impl Envelope {
    fn of(members: Vec<(String, &[u8])>) -> Self {
        let mut envelope = Self::default();
        for (name, raw) in members {
            let field = match name.as_str() {
                "meta" => &mut envelope.meta,
                "code" => &mut envelope.code,
                "message" => &mut envelope.message,
                "error" => &mut envelope.error,
                "errors" => &mut envelope.errors,
                "errorCode" => &mut envelope.error_code,
                "statusCode" => &mut envelope.status_code,
                _ => continue,
            };
            *field = json::parse(raw).unwrap_or_default();
        }
        envelope
    }
}

fn words(value: &Value) -> Option<String> {
    match value {
        Value::String(words) if !words.is_empty() => Some(text::clean(words, text::KEY)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn what_a_console_says_about_an_error_is_made_harmless() {
        let body = "{\"errorCode\":400,\"message\":\"\\u001b[31mno\\r\\nBcc: x\"}";
        let said = said(&Answer {
            status: 400,
            headers: Vec::new(),
            body: body.into(),
            date: None,
            date_seen: Instant::now(),
            took: Duration::ZERO,
        });
        assert_eq!(said.words(400), "HTTP 400: [31mno Bcc: x");
    }
}
