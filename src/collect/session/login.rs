//! What a console's answer to the one login means. Nothing here asks twice: a console counts every attempt, also
//! the good ones, and locks out who insists.

use std::time::Duration;

use thiserror::Error;

use crate::collect::session::answers::{LIMIT, SECOND_FACTOR, location, second_factor};
use crate::collect::session::family::{Family, down, no_console};
use crate::collect::session::said::{Said, said};
use crate::model::failure::{Failure, FailureKind};
use crate::net::answer::Answer;

/// A session that did not come about.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{failure}")]
pub struct Unopened {
    pub failure: Failure,
    /// How long the console wants no further login.
    pub not_before: Option<Duration>,
    /// The console may be of the other family, which has its login elsewhere.
    pub maybe_elsewhere: bool,
}

impl From<Failure> for Unopened {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            not_before: None,
            maybe_elsewhere: false,
        }
    }
}

impl From<Unopened> for Failure {
    fn from(unopened: Unopened) -> Self {
        unopened.failure
    }
}

/// What the answer to the login means; `Ok` if there is a session now.
pub fn judge(answer: &Answer, name: &str, family: Family) -> Result<(), Unopened> {
    let said = said(answer);
    let words = said.words(answer.status);
    let failed = |kind, message: String| {
        Err(Unopened {
            failure: Failure::new(kind, format!("{name}: {message}")),
            not_before: None,
            maybe_elsewhere: answer.status < 500 && answer.status != 499,
        })
    };
    if answer.status == 429 || said.is_any(LIMIT) {
        return Err(limited(answer, name, &words));
    }
    if answer.status == 499 || said.is_any(SECOND_FACTOR) {
        return failed(FailureKind::Auth, second_factor(&words));
    }
    match answer.status {
        200..=299 if said.json && !said.error => Ok(()),
        200..=299 if said.json && refuses(&said) => failed(FailureKind::Auth, bad_login(&words)),
        // A classic controller says so on every path it does not know (facts: unifi-api.md section 1.1).
        401 if family == Family::UnifiOs && said.is_any(&["LoginRequired"]) => failed(
            FailureKind::Config,
            format!(
                "a classic controller seems to answer here, behind a page that is not its own ({words}); set \
                 UNIFI_FLAVOUR=classic"
            ),
        ),
        401 | 403 => failed(FailureKind::Auth, bad_login(&words)),
        400 if refuses(&said) => failed(FailureKind::Auth, bad_login(&words)),
        501 => failed(FailureKind::Protocol, no_console(answer.status)),
        500.. => failed(FailureKind::Unavailable, down(answer.status)),
        200..=299 | 404 if answer.is_html() => failed(
            FailureKind::Unavailable,
            format!(
                "a web page answered the login ({words}); the console seems to be starting up, or this is not a UniFi \
                 console: check UNIFI_HOST. If it stays so, set UNIFI_FLAVOUR to unifi-os or classic"
            ),
        ),
        404 | 405 => failed(
            FailureKind::Config,
            format!(
                "there is no {} login here ({words}); check UNIFI_HOST and UNIFI_PORT, or set UNIFI_FLAVOUR",
                family.name()
            ),
        ),
        300..=399 => failed(
            FailureKind::Config,
            format!(
                "the login is redirected to {}, where the password is not sent; check UNIFI_HOST and UNIFI_PORT",
                location(answer)
            ),
        ),
        _ => failed(
            FailureKind::Protocol,
            format!("the answer to the login cannot be understood ({words})"),
        ),
    }
}

/// How long a console that limits logins is left alone if it does not say.
const LEFT_ALONE: Duration = Duration::from_secs(5 * 60);
/// No console may keep us away for longer.
const LONGEST: Duration = Duration::from_secs(60 * 60);

fn limited(answer: &Answer, name: &str, words: &str) -> Unopened {
    let wait = answer
        .retry_after()
        .unwrap_or(LEFT_ALONE)
        .clamp(Duration::from_secs(1), LONGEST);
    let minutes = wait.as_secs().div_ceil(60);
    Unopened {
        failure: Failure::new(
            FailureKind::Unavailable,
            format!(
                "{name}: the console limits logins ({words}); it is left alone for {minutes} min. An API key needs \
                 no login"
            ),
        ),
        not_before: Some(wait),
        maybe_elsewhere: false,
    }
}

fn bad_login(words: &str) -> String {
    format!(
        "user name or password was refused ({words}); it must be a local account of the console. It is not tried \
         again in this run"
    )
}

fn refuses(said: &Said) -> bool {
    ["401", "api.err.Invalid"].contains(&said.code.as_str())
        || said.is_any(&["LoginRequired", "AUTHENTICATION_FAILED", "NoPermission"])
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::collect::session::Session;
    use crate::config::secret::Secret;
    use crate::config::{Controller, Credentials, Flavour, Sites, Trust};
    use crate::net::fake::{Asked, Fake, Reply};
    use crate::net::stop::Stop;

    const LONG: Duration = Duration::from_secs(20);

    fn open(fake: &Fake, request_timeout: Duration) -> Result<Session, Unopened> {
        let controller = Controller {
            name: "home".to_owned(),
            base: fake.base.clone(),
            credentials: Credentials::Password {
                username: "scan".to_owned(),
                password: Secret::new("hunter2".to_owned()),
            },
            sites: Sites::Only,
            flavour: Flavour::Auto,
            trust: Trust::Public,
            connect_timeout: Duration::from_secs(20),
            request_timeout,
            keys: crate::config::keys::Keys::default(),
            ssh: None,
        };
        Session::open(
            &controller,
            Stop::new(Instant::now() + Duration::from_secs(60)),
            None,
        )
    }

    /// Opens a session with a console that answers the login like this; tells what came of it, after making
    /// sure that there was one login.
    fn refused(request_timeout: Duration, reply: impl Fn() -> Reply + Send + Sync + 'static) -> Unopened {
        let fake = Fake::plain(move |asked| {
            if asked.path == "/" {
                Reply::html(200, "")
            } else {
                reply()
            }
        });
        let unopened = open(&fake, request_timeout).err().unwrap();
        assert_eq!(fake.lines(), ["GET /", "POST /api/auth/login"]);
        assert!(unopened.failure.message.starts_with("home: "), "{unopened}");
        assert!(!unopened.failure.message.contains("hunter2"), "{unopened}");
        unopened
    }

    #[test]
    fn no_failure_leads_to_a_second_login_and_each_has_its_kind() {
        use FailureKind::{Auth, Config, Protocol, Unavailable};
        let bad = r#"{"code":"AUTHENTICATION_FAILED_INVALID_CREDENTIALS","message":"Invalid username or password"}"#;
        for (status, body, kind, words) in [
            (
                401,
                r#"{"errors":["Invalid username or password"]}"#,
                Auth,
                "password was refused",
            ),
            (403, bad, Auth, "password was refused"),
            (401, bad, Auth, "password was refused"),
            (
                400,
                r#"{"meta":{"rc":"error","msg":"api.err.Invalid"}}"#,
                Auth,
                "password was refused",
            ),
            (
                200,
                r#"{"error":{"code":401,"message":"Unauthorized"}}"#,
                Auth,
                "password was refused",
            ),
            (
                499,
                r#"{"code":"MFA_AUTH_REQUIRED","data":{"mfaCookie":"UBIC_2FA=x"}}"#,
                Auth,
                "API key",
            ),
            (
                400,
                r#"{"meta":{"rc":"error","msg":"api.err.Ubic2faTokenRequired"}}"#,
                Auth,
                "View-Only",
            ),
            (200, "<!doctype html>", Unavailable, "starting up"),
            (200, "<!doctype html>", Unavailable, "check UNIFI_HOST"),
            (502, r#"{"error":{"code":502}}"#, Unavailable, "starting up"),
            (503, "<html>", Unavailable, "starting up"),
            (404, r#"{"message":"no"}"#, Config, "UNIFI_FLAVOUR"),
            (302, "", Config, "redirected"),
            (
                400,
                r#"{"code":"INVALID_PAYLOAD"}"#,
                Protocol,
                "cannot be understood",
            ),
            (200, "\u{1}\u{2}", Protocol, "cannot be understood"),
            (200, "{}", Protocol, "no cookie"),
        ] {
            let unopened = refused(LONG, move || Reply::json(status, body));
            assert_eq!(unopened.failure.kind, kind, "{status} {body}: {unopened}");
            assert!(unopened.failure.message.contains(words), "{unopened}");
            assert_eq!(unopened.not_before, None);
        }
        assert_eq!(
            refused(Duration::from_secs(2), || Reply::Hang).failure.kind,
            Unavailable
        );
        assert_eq!(refused(LONG, || Reply::Raw(vec![])).failure.kind, Unavailable);
    }

    #[test]
    fn a_login_limit_says_how_long_to_stay_away() {
        let body = r#"{"code":"AUTHENTICATION_FAILED_LIMIT_REACHED","message":"You've reached the login attempt limit"}"#;
        for (status, told, wait) in [
            (429, None, 300),
            (403, None, 300),
            (429, Some("90"), 90),
            (429, Some("99999999"), 3600),
        ] {
            let unopened = refused(LONG, move || match told {
                Some(told) => Reply::json(status, body).with("Retry-After", told),
                None => Reply::json(status, body),
            });
            assert_eq!(unopened.failure.kind, FailureKind::Unavailable);
            assert_eq!(unopened.not_before, Some(Duration::from_secs(wait)));
        }
    }

    #[test]
    fn a_classic_controller_is_known_by_its_redirect_and_logged_in_by_its_own_path() {
        let fake = Fake::plain(|asked: &Asked| match asked.path.as_str() {
            "/" => Reply::html(302, "")
                .with("Location", "/manage")
                .with("Set-Cookie", "anonymous=1"),
            "/api/login" => Reply::json(200, r#"{"meta":{"rc":"ok"},"data":[]}"#)
                .with("Set-Cookie", "unifises=s; Path=/; Secure")
                .with("Set-Cookie", "csrf_token=c; Path=/"),
            _ => Reply::json(200, "{}"),
        });
        let session = open(&fake, LONG).ok().unwrap();
        assert_eq!(session.flavour(), "classic");
        drop(session);
        assert_eq!(fake.lines(), ["GET /", "POST /api/login", "POST /api/logout"]);
        let asked = fake.asked();
        assert_eq!(asked[1].header("cookie"), None);
        assert!(asked[1].body.contains(r#""strict":true"#), "{}", asked[1].body);
        assert_eq!(
            (asked[2].header("cookie"), asked[2].header("x-csrf-token")),
            (Some("unifises=s; csrf_token=c"), Some("c"))
        );
    }

    #[test]
    fn where_the_flavour_cannot_be_told_no_password_is_sent() {
        for (status, body, kind) in [
            (404, "", FailureKind::Config),
            (401, "", FailureKind::Config),
            (302, "", FailureKind::Config),
            (503, "", FailureKind::Unavailable),
            (
                200,
                "<h1>UniFi Network is starting up</h1>",
                FailureKind::Unavailable,
            ),
        ] {
            let fake = Fake::plain(move |_| Reply::html(status, body));
            let unopened = open(&fake, Duration::from_secs(1)).err().unwrap();
            assert_eq!(unopened.failure.kind, kind, "{unopened}");
            assert!(
                fake.lines().iter().all(|line| line == "GET /"),
                "{:?}",
                fake.lines()
            );
        }
    }
}
