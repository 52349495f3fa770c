//! What a console's answer means for who asked: rows, none to be had, none allowed, or a failure with its sentence.

use thiserror::Error;

use crate::collect::session::Asked;
use crate::collect::session::family;
use crate::collect::session::said::{Said, said};
use crate::model::failure::{Failure, FailureKind};
use crate::model::text;
use crate::net::answer::Answer;

/// An answer that brought no rows.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoRows {
    /// This console does not offer it. Only believe it of a console that answers otherwise.
    #[error("{0}")]
    Absent(String),
    /// The account may not read it.
    #[error("{0}")]
    Denied(String),
    #[error(transparent)]
    Failed(Failure),
}

impl NoRows {
    /// The same in other words.
    pub fn reworded(self, words: impl Fn(&str) -> String) -> Self {
        match self {
            Self::Absent(why) => Self::Absent(words(&why)),
            Self::Denied(why) => Self::Denied(words(&why)),
            Self::Failed(failure) => Self::Failed(Failure::new(failure.kind, words(&failure.message))),
        }
    }
}

pub const SECOND_FACTOR: &[&str] = &["Ubic2faTokenRequired", "MFA_AUTH_REQUIRED", "2FA"];
pub const LIMIT: &[&str] = &["LIMIT_REACHED", "RATE_LIMIT"];

/// The body of an answer that may hold rows: it begins as JSON and calls itself no error. Whether it is whole is
/// for its decoder to say, so that one broken row does not cost a page. It was asked of the controller `name`.
pub fn expect_json(answer: Answer, name: &str, asked: &Asked<'_>) -> Result<Vec<u8>, NoRows> {
    let what = asked.what;
    let said = said(&answer);
    let status = answer.status;
    if (200..300).contains(&status) && said.json && !said.error {
        return Ok(answer.body);
    }
    let words = said.words(status);
    let failed = |kind, message: String| NoRows::Failed(Failure::new(kind, format!("{name}: {message}")));
    let no_rows = if said.is_any(&["NoSiteContext"]) {
        failed(
            FailureKind::Config,
            format!(
                "the console does not know the site that {what} was asked of ({words}); check UNIFI_SITE"
            ),
        )
    } else if said.is_any(SECOND_FACTOR) || status == 499 {
        failed(FailureKind::Auth, second_factor(&words))
    } else if said.is_any(&["CSRF"]) {
        failed(
            FailureKind::Auth,
            format!(
                "the console refuses the session's own CSRF token for {what} ({words}); use an API key instead"
            ),
        )
    } else if said.is_any(&["NoPermission"]) {
        NoRows::Denied(format!("this account may not read {what} ({words})"))
    } else if said.is_any(&["LoginRequired", "SessionExpired", "TOKEN_EXPIRED"])
        || status == 401
        || is_401(&said)
    {
        failed(FailureKind::Auth, no_session(what, &words, asked.by_key))
    } else if said.is_any(&["ServerBusy", "ServerError"]) {
        failed(
            FailureKind::Unavailable,
            format!("the console is busy and did not give {what} ({words})"),
        )
    } else {
        by_status(&answer, &said, asked, &words, &failed)
    };
    Err(no_rows)
}

/// How the web server of a classic controller says that it knows no such path.
fn is_tomcats(answer: &Answer) -> bool {
    const PAGE: &[u8] = b"HTTP Status 404";
    answer.is_html() && answer.body.windows(PAGE.len()).any(|part| part == PAGE)
}

/// How a v2 question is refused that names a kind of rows which this version does not know.
fn knows_no_such_value(answer: &Answer) -> bool {
    const WORDS: &[u8] = b"not one of the values accepted";
    answer.status == 400 && answer.body.windows(WORDS.len()).any(|part| part == WORDS)
}

fn by_status(
    answer: &Answer,
    said: &Said,
    asked: &Asked<'_>,
    words: &str,
    failed: &dyn Fn(FailureKind, String) -> NoRows,
) -> NoRows {
    let what = asked.what;
    let absent = said.is_any(&["api.err.NotFound", "InvalidObject"]);
    match answer.status {
        403 => NoRows::Denied(format!("this account may not read {what} ({words})")),
        404 if is_tomcats(answer) => NoRows::Absent(format!("this console does not offer {what} (HTTP 404)")),
        400 if asked.names_kind && knows_no_such_value(answer) => {
            NoRows::Absent(format!("this console does not offer {what} ({words})"))
        }
        404 | 405 if said.json => NoRows::Absent(format!("this console does not offer {what} ({words})")),
        200..=499 if absent => NoRows::Absent(format!("this console does not offer {what} ({words})")),
        429 => failed(
            FailureKind::Unavailable,
            format!("the console limits how often it may be asked and did not give {what} ({words})"),
        ),
        501 => failed(FailureKind::Protocol, family::no_console(answer.status)),
        500.. => failed(
            FailureKind::Unavailable,
            format!("the Network application is down or starting up and did not give {what} ({words})"),
        ),
        200..=299 | 404 if answer.is_html() => failed(
            FailureKind::Unavailable,
            format!(
                "a web page came instead of {what} ({words}); the console seems to be starting up, or this is not a UniFi \
                 console: check UNIFI_HOST"
            ),
        ),
        300..=399 if answer.header("location").is_some_and(family::is_manage) => failed(
            FailureKind::Config,
            "this is a classic controller, which knows no API keys; set UNIFI_USERNAME and UNIFI_PASSWORD"
                .to_owned(),
        ),
        300..=399 => failed(
            FailureKind::Protocol,
            format!(
                "the console redirects {what} to {}, which is not followed",
                location(answer)
            ),
        ),
        200..=299 if !said.json => failed(
            FailureKind::Protocol,
            format!(
                "what the console sent as {what} is not JSON ({} bytes)",
                answer.body.len()
            ),
        ),
        _ => failed(
            FailureKind::Protocol,
            format!("the console refuses {what} ({words})"),
        ),
    }
}

/// Where a redirect leads, made harmless.
pub fn location(answer: &Answer) -> String {
    text::clean(answer.header("location").unwrap_or("nowhere"), text::KEY)
}

/// Why a second factor ends it, and the two ways out.
pub fn second_factor(words: &str) -> String {
    format!(
        "this account wants a second factor ({words}), which a scheduled run cannot give; use a local View-Only \
         admin (no ui.com account) or an API key"
    )
}

fn no_session(what: &str, words: &str, by_key: bool) -> String {
    if by_key {
        format!(
            "the API key was refused for {what} ({words}): wrong, revoked or of another console; make one under \
             Settings › Control Plane › Integrations"
        )
    } else {
        format!(
            "the session ended before {what} was read ({words}); there is one login per run, the next tries again"
        )
    }
}

/// `{"error":{"code":401,…}}`, seen with status 200 too.
fn is_401(said: &Said) -> bool {
    said.error && said.code == "401"
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn answer(status: u16, kind: &str, body: &str) -> Answer {
        Answer {
            status,
            headers: vec![("content-type".to_owned(), kind.to_owned())],
            body: body.into(),
            date: None,
            date_seen: Instant::now(),
            took: Duration::ZERO,
        }
    }

    fn asked(what: &str, by_key: bool) -> Asked<'_> {
        Asked {
            what,
            by_key,
            names_kind: false,
        }
    }

    fn verdict(status: u16, kind: &str, body: &str) -> String {
        match expect_json(answer(status, kind, body), "home", &asked("the devices", false)) {
            Ok(_) => "rows".to_owned(),
            Err(NoRows::Absent(_)) => "absent".to_owned(),
            Err(NoRows::Denied(_)) => "denied".to_owned(),
            Err(NoRows::Failed(failure)) => {
                assert!(failure.message.starts_with("home: "), "{failure}");
                format!("{:?}", failure.kind)
            }
        }
    }

    #[test]
    fn every_known_shape_of_an_answer_has_its_meaning() {
        let legacy = |code: &str| format!(r#"{{"meta":{{"rc":"error","msg":"api.err.{code}"}},"data":[]}}"#);
        for (status, code, meaning) in [
            (401, "LoginRequired", "Auth"),
            (200, "LoginRequired", "Auth"),
            (401, "SessionExpired", "Auth"),
            (401, "NoSiteContext", "Config"),
            (400, "NoSiteContext", "Config"),
            (404, "NoSiteContext", "Config"),
            (403, "NoPermission", "denied"),
            (200, "NoPermission", "denied"),
            (404, "NotFound", "absent"),
            (400, "InvalidObject", "absent"),
            (400, "InvalidPayload", "Protocol"),
            (400, "Invalid", "Protocol"),
            (200, "Invalid", "Protocol"),
            (400, "Ubic2faTokenRequired", "Auth"),
            (200, "ServerBusy", "Unavailable"),
            (500, "ServerError", "Unavailable"),
        ] {
            assert_eq!(
                verdict(status, "application/json", &legacy(code)),
                meaning,
                "{status} {code}"
            );
        }
        for (status, body, meaning) in [
            (200, r#"{"meta":{"rc":"ok"},"data":[{"a":1}]}"#, "rows"),
            (
                200,
                r#"{"data":[],"page_number":0,"total_element_count":0,"total_page_count":0}"#,
                "rows",
            ),
            (
                200,
                r#"{"categories":[],"events":[],"type":"GENERAL","errors":[]}"#,
                "rows",
            ),
            (200, " [{}]", "rows"),
            (200, r#"{"error":{"code":401,"message":"Unauthorized"}}"#, "Auth"),
            (401, r#"{"error":{"code":401,"message":"Unauthorized"}}"#, "Auth"),
            (401, "Unauthorized", "Auth"),
            (
                401,
                r#"{"code":"TOKEN_EXPIRED","message":"Unauthorized","level":"debug"}"#,
                "Auth",
            ),
            (
                401,
                r#"{"code":"CSRF_TOKEN_IS_INVALID","message":"Invalid csrf token"}"#,
                "Auth",
            ),
            (403, "", "denied"),
            (
                400,
                r#"{"errorCode":400,"message":"JSON parse error: …"}"#,
                "Protocol",
            ),
            (200, r#"{"errorCode":400,"message":"no"}"#, "Protocol"),
            (
                404,
                r#"{"errorCode":404,"message":"HTTP 404 Not Found"}"#,
                "absent",
            ),
            (405, r#"{"errorCode":405}"#, "absent"),
            (404, "<html>Not Found</html>", "Unavailable"),
            (429, "", "Unavailable"),
            (
                502,
                r#"{"error":{"code":502,"message":"Bad Gateway"}}"#,
                "Unavailable",
            ),
            (502, "<html><center>nginx</center></html>", "Unavailable"),
            (503, "", "Unavailable"),
            (200, "<!doctype html><title>UniFi OS</title>", "Unavailable"),
            // Cut off, or with a broken row: the decoder's to judge.
            (200, r#"{"meta":{"rc":"ok"},"data":[{"#, "rows"),
            (200, r#"{"data":[{"a":1},{"a":tru}],"meta":{"rc":"ok"}}"#, "rows"),
            (
                200,
                r#"{"data":[{"a":tru}],"meta":{"rc":"error","msg":"api.err.LoginRequired"}}"#,
                "Auth",
            ),
            (200, "", "Protocol"),
            (200, "null", "Protocol"),
            (302, "", "Protocol"),
        ] {
            assert_eq!(
                verdict(status, "application/json", body),
                meaning,
                "{status} {body}"
            );
        }
    }

    #[test]
    fn any_other_web_server_makes_one_check_the_address() {
        for status in [200, 404] {
            let page = answer(status, "text/html", "<!doctype html><h1>It works!</h1>");
            let told = expect_json(page, "home", &asked("the list of sites", true)).unwrap_err();
            assert!(
                told.to_string()
                    .contains("or this is not a UniFi console: check UNIFI_HOST"),
                "{told}"
            );
        }
    }

    #[test]
    fn a_refused_key_and_an_ended_session_have_different_ways_out() {
        let refused = |by_key| {
            let answer = answer(401, "text/plain", "Unauthorized");
            expect_json(answer, "home", &asked("the sites", by_key))
                .unwrap_err()
                .to_string()
        };
        assert!(refused(true).contains("Integrations"), "{}", refused(true));
        assert!(refused(false).contains("one login per run"), "{}", refused(false));
    }
}
