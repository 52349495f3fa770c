//! Sessions against a scripted console: one login, reads only, a logout on every way out.

use serde_json::json;

use super::*;
use crate::config::{Sites, Trust};
use crate::net::fake::{Asked, Fake, Reply};

const LONG: Duration = Duration::from_secs(60);

fn open(fake: &Fake, credentials: Credentials, run: Duration) -> Result<Session, Unopened> {
    let controller = Controller {
        name: "home".to_owned(),
        base: fake.base.clone(),
        credentials,
        sites: Sites::Only,
        flavour: Flavour::Auto,
        trust: Trust::Public,
        connect_timeout: Duration::from_secs(20),
        request_timeout: Duration::from_secs(20),
        keys: crate::config::keys::Keys::default(),
        ssh: None,
    };
    Session::open(&controller, Stop::new(Instant::now() + run), None)
}

fn password() -> Credentials {
    Credentials::Password {
        username: "scan".to_owned(),
        password: Secret::new("hunter2".to_owned()),
    }
}

/// A console as recorded: an anonymous cookie on the page, a session at login, and otherwise the script.
fn console(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Fake {
    Fake::plain(move |asked| match asked.path.as_str() {
        "/" => Reply::html(200, "<!doctype html>").with("Set-Cookie", "TOKEN=anonymous; Path=/"),
        "/api/auth/login" => Reply::json(200, "{}")
            .with(
                "Set-Cookie",
                "TOKEN=session; Path=/; HttpOnly; Secure; SameSite=Strict; Partitioned",
            )
            .with("X-CSRF-Token", "first")
            .with("Date", "Fri, 20 Nov 2026 06:00:00 GMT"),
        _ => script(asked),
    })
}

#[test]
fn every_post_carries_the_newest_token_and_a_get_carries_none() {
    let fake = console(|asked| match asked.method.as_str() {
        "GET" => Reply::json(200, "{}").with("X-Updated-CSRF-Token", "second"),
        _ => Reply::json(200, "[]"),
    });
    let mut session = open(&fake, password(), LONG).ok().unwrap();
    let path = "/v2/api/site/default/system-log/all";
    session.post(path, &json!({"pageNumber": 0})).unwrap();
    session.get("/api/s/default/stat/device").unwrap();
    session.post(path, &json!({"pageNumber": 1})).unwrap();
    assert_eq!(
        session.console_now().unwrap().date_naive().to_string(),
        "2026-11-20"
    );
    drop(session);
    let asked = fake.asked();
    let tokens: Vec<_> = asked.iter().map(|asked| asked.header("x-csrf-token")).collect();
    assert_eq!(
        tokens,
        [None, None, Some("first"), None, Some("second"), Some("second")]
    );
    assert!(
        asked[2..]
            .iter()
            .all(|asked| asked.header("cookie") == Some("TOKEN=session"))
    );
    assert_eq!(asked[1].header("cookie"), None);
    assert_eq!(asked[2].path, "/proxy/network/v2/api/site/default/system-log/all");
    assert_eq!(asked[5].path, "/api/auth/logout");
}

#[test]
fn an_ended_session_is_not_opened_a_second_time() {
    let fake = console(|_| Reply::Say(401, vec![], b"Unauthorized".to_vec()));
    let mut session = open(&fake, password(), LONG).ok().unwrap();
    let answer = session.get("/api/self/sites").unwrap();
    let NoRows::Failed(failure) = session.expect_json(answer, "the sites", None).unwrap_err() else {
        panic!()
    };
    assert_eq!(failure.kind, FailureKind::Auth);
    drop(session);
    let logins = fake.lines().iter().filter(|line| line.ends_with("login")).count();
    assert_eq!(logins, 1, "{:?}", fake.lines());
}

#[test]
fn a_key_needs_no_login_and_is_not_sent_along_a_redirect() {
    let other = Fake::plain(|_| Reply::json(200, "{}"));
    let target = other.base.to_string();
    let fake = Fake::plain(move |_| Reply::json(302, "").with("Location", &target));
    let key = Credentials::ApiKey(Secret::new("the-key".to_owned()));
    let mut session = open(&fake, key, LONG).ok().unwrap();
    assert_eq!(session.get("/api/self/sites").unwrap().status, 302);
    assert_eq!((session.flavour(), session.requests()), ("unifi-os", 1));
    drop(session);
    assert_eq!(fake.lines(), ["GET /proxy/network/api/self/sites"]);
    assert_eq!(fake.asked()[0].header("x-api-key"), Some("the-key"));
    assert!(other.lines().is_empty());
}

#[test]
fn what_is_not_a_listed_read_never_leaves() {
    let fake = console(|_| Reply::json(200, "{}"));
    let mut session = open(&fake, password(), LONG).ok().unwrap();
    for path in [
        "/api/s/default/cmd/evtmgr",
        "/../api/login",
        "/api/s/a/../b/stat/device",
    ] {
        session.get(path).unwrap_err();
        session.post(path, &json!({})).unwrap_err();
    }
    assert_eq!(fake.lines().len(), 2);
}

#[test]
fn the_end_of_the_run_ends_a_hanging_read_and_the_session_is_still_logged_out() {
    let fake = console(|asked| match asked.path.as_str() {
        "/api/auth/logout" => Reply::json(200, r#"{"success":true}"#),
        _ => Reply::Hang,
    });
    let mut session = open(&fake, password(), Duration::from_secs(2)).ok().unwrap();
    let failure = session.get("/api/self/sites").unwrap_err();
    assert_eq!(failure.kind, FailureKind::Timeout);
    drop(session);
    assert_eq!(fake.lines().last().unwrap(), "POST /api/auth/logout");
}
