//! Requests to answers: the paths of a `UniFi` OS console with Network 10.3.58, behind its sign-in.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::collect::demo::http::{Answer, Request};
use crate::collect::demo::{devices, flows};

use crate::collect::demo::sessions::Sessions;
use crate::collect::demo::site;
use crate::collect::demo::system_log::{self, Ask, Class};
use crate::collect::demo::world::World;

/// The key, the name and the password that open the demo. No secret: they open nothing else.
pub const API_KEY: &str = "demo";
pub const USERNAME: &str = "demo";
pub const PASSWORD: &str = "demo";

const FIRST_PAGE: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>UniFi OS</title>\
    <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"></head>\
    <body><div id=\"root\"></div></body></html>";

#[derive(Debug)]
pub struct Portal {
    pub world: World,
    pub now: DateTime<Utc>,
    pub sessions: Mutex<Sessions>,
}

pub fn answer(portal: &Portal, request: &Request) -> Answer {
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/api/auth/login") => sign_in(portal, request),
        ("POST", "/api/auth/logout") => match entry(portal, request) {
            Ok(()) => {
                if let Some(token) = request.cookie("TOKEN") {
                    sessions(portal).sign_out(token);
                }
                Answer::json(200, &json!({ "success": true }))
            }
            Err(refusal) => refusal,
        },
        (_, path) if path.starts_with("/api/") => {
            Answer::json(404, &json!({ "error": { "code": 404, "message": "Not Found" } }))
        }
        (_, path) => match path.strip_prefix("/proxy/network/") {
            Some(below) => {
                entry(portal, request).map_or_else(|refusal| refusal, |()| network(portal, request, below))
            }
            None => first_page(portal),
        },
    }
}

fn sessions(portal: &Portal) -> std::sync::MutexGuard<'_, Sessions> {
    portal.sessions.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Unknown paths get the application's page too, with 200: that is how consoles are.
fn first_page(portal: &Portal) -> Answer {
    let page = Answer::new(200, "text/html; charset=utf-8", FIRST_PAGE);
    match sessions(portal).stranger(portal.now.timestamp()) {
        Some(stranger) => page
            .with("Set-Cookie", stranger.cookie())
            .with("X-CSRF-Token", stranger.csrf),
        None => page,
    }
}

fn sign_in(portal: &Portal, request: &Request) -> Answer {
    let Ok(Value::Object(form)) = serde_json::from_slice::<Value>(&request.body) else {
        let body = json!({ "code": "INVALID_PAYLOAD", "message": "Invalid payload", "level": "debug" });
        return Answer::json(400, &body);
    };
    let says = |field: &str, wanted: &str| form.get(field).and_then(Value::as_str) == Some(wanted);
    if !(says("username", USERNAME) && says("password", PASSWORD)) {
        let body = json!({ "code": "AUTHENTICATION_FAILED_INVALID_CREDENTIALS",
            "message": "Invalid username or password", "level": "debug" });
        return Answer::json(403, &body);
    }
    let Some(session) = sessions(portal).sign_in(portal.now.timestamp()) else {
        return Answer::json(
            500,
            &json!({ "error": { "code": 500, "message": "Internal Server Error" } }),
        );
    };
    let id = site::uuid(&portal.world, "account");
    let user = json!({ "unique_id": id, "id": id, "username": USERNAME, "first_name": "Demo", "last_name": "",
        "full_name": "Demo", "email": "", "status": "ACTIVE", "local_account_exist": true, "sso_account": "",
        "roles": [{ "name": "Viewer", "system_role": true, "system_key": "viewer", "level": 5 }],
        "permissions": { "network.management": ["readonly"] }, "scopes": ["view:controller:network", "view:systemlog"],
        "isOwner": false, "isSuperAdmin": false });
    Answer::json(200, &user)
        .with("Set-Cookie", session.cookie())
        .with("X-CSRF-Token", session.csrf)
}

/// Lets a request in by key, or by cookie and, unless it only reads by method, CSRF token.
fn entry(portal: &Portal, request: &Request) -> Result<(), Answer> {
    if let Some(key) = request.header("x-api-key") {
        let refusal = || {
            Answer::json(
                401,
                &json!({ "error": { "code": 401, "message": "Unauthorized" } }),
            )
        };
        return if key == API_KEY { Ok(()) } else { Err(refusal()) };
    }
    let session = request
        .cookie("TOKEN")
        .and_then(|token| sessions(portal).find(token));
    let Some(session) = session else {
        return Err(Answer::new(401, "text/plain; charset=utf-8", "Unauthorized"));
    };
    match (request.method.as_str(), request.header("x-csrf-token")) {
        ("GET" | "HEAD", _) => Ok(()),
        (_, Some(csrf)) if csrf == session.csrf => Ok(()),
        (_, Some(_)) => {
            let body =
                json!({ "code": "CSRF_TOKEN_IS_INVALID", "message": "Invalid csrf token", "level": "debug" });
            Err(Answer::json(401, &body))
        }
        (_, None) => Err(Answer::new(403, "text/plain; charset=utf-8", "Forbidden")),
    }
}

/// The Network application.
fn network(portal: &Portal, request: &Request, below: &str) -> Answer {
    let parts: Vec<&str> = below.split('/').collect();
    let method = match request.method.as_str() {
        "HEAD" => "GET",
        other => other,
    };
    let (world, now) = (&portal.world, portal.now);
    match (method, parts.as_slice()) {
        ("GET", ["status"]) => Answer::json(200, &json!({ "meta": { "rc": "ok", "up": true }, "data": [] })),
        ("GET", ["integration", "v1", "info"]) => {
            Answer::json(200, &json!({ "applicationVersion": site::VERSION }))
        }
        ("GET", ["api", "self"]) => legacy(&site::account(world)),
        ("GET", ["api", "self", "sites"]) => legacy(&site::sites(world)),
        (_, ["api", "s", name, ..] | ["v2", "api", "site", name, ..]) if *name != "default" => {
            legacy_error(401, "api.err.NoSiteContext")
        }
        ("GET", ["api", "s", _, "stat", "sysinfo"]) => legacy(&site::sysinfo(world, now)),
        ("GET" | "POST", ["api", "s", _, "stat", "device"]) => legacy(&devices::devices(world, now).into()),
        ("GET" | "POST", ["api", "s", _, "stat", "sta"]) => legacy(&devices::stations(world, now).into()),
        ("GET", ["api", "s", _, "stat", "health"]) => legacy(&site::health(world, now)),
        ("GET", ["api", "s", _, "stat", "anomalies"]) => legacy(&json!([])),
        ("POST" | "PUT" | "DELETE", ["api", "s", _, "cmd" | "rest" | "set" | "upd", ..]) => {
            legacy_error(403, "api.err.NoPermission")
        }
        (method, ["v2", "api", "site", _, "system-log", class]) => read_log(portal, request, method, class),
        ("POST", ["v2", "api", "site", _, "traffic-flows"]) => match flows::page(world, now, &request.body) {
            Ok(page) => Answer::json(200, &page),
            Err(problem) => v2_error(400, &problem),
        },
        (_, ["v2", "api", ..]) => v2_error(404, "The requested resource does not exist."),
        (_, ["api", ..]) => legacy_error(404, "api.err.NotFound"),
        _ => first_page(portal),
    }
}

fn read_log(portal: &Portal, request: &Request, method: &str, class: &str) -> Answer {
    let class = match class {
        "all" => Some(Class::All),
        "threat-alert" => Some(Class::ThreatAlert),
        "count" => None,
        // The demo's account may only look, and not into what other admins did.
        "admin-activity" | "admin-access" => return v2_error(403, "api.err.NoPermission"),
        _ => return v2_error(404, "The requested resource does not exist."),
    };
    if method != "POST" {
        return v2_error(405, &format!("Request method '{method}' is not supported"));
    }
    let sent = request.header("content-type").unwrap_or("").to_ascii_lowercase();
    if !request.body.is_empty() && !sent.starts_with("application/json") {
        return v2_error(415, "Content-Type is not supported");
    }
    match (Ask::parse(&request.body), class) {
        (Err(problem), _) => v2_error(400, &problem),
        (Ok(ask), Some(class)) => {
            Answer::json(200, &system_log::page(&portal.world, portal.now, &ask, class))
        }
        (Ok(ask), None) => Answer::json(200, &system_log::count(&portal.world, portal.now, &ask)),
    }
}

fn legacy(data: &Value) -> Answer {
    Answer::json(200, &json!({ "meta": { "rc": "ok" }, "data": data }))
}

fn legacy_error(status: u16, message: &str) -> Answer {
    Answer::json(
        status,
        &json!({ "meta": { "rc": "error", "msg": message }, "data": [] }),
    )
}

fn v2_error(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({ "errorCode": status, "message": message }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::demo::client::{ALL, JSON, KEY, ask, connect, console};

    #[test]
    fn a_password_opens_the_console_and_a_logout_closes_it() {
        let console = console(0);
        let mut stream = connect(&console);
        let page = ask(&mut stream, "GET", "/", &[], "");
        assert!(page.status == 200 && page.header("Content-Type").unwrap().starts_with("text/html"));
        let wrong = ask(
            &mut stream,
            "POST",
            "/api/auth/login",
            &[JSON],
            r#"{"username":"demo","password":"x"}"#,
        );
        assert_eq!(
            (wrong.status, wrong.json()["code"].as_str()),
            (403, Some("AUTHENTICATION_FAILED_INVALID_CREDENTIALS"))
        );
        let form = json!({ "username": USERNAME, "password": PASSWORD, "rememberMe": false }).to_string();
        let opened = ask(&mut stream, "POST", "/api/auth/login", &[JSON], &form);
        let cookie = opened
            .header("Set-Cookie")
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        let csrf = opened.header("X-CSRF-Token").unwrap().to_owned();
        let cookie = ("Cookie", cookie.as_str());

        let sites = ask(&mut stream, "GET", "/proxy/network/api/self/sites", &[cookie], "");
        assert_eq!(sites.json()["data"][0]["name"], "default");
        assert_eq!(ask(&mut stream, "POST", ALL, &[cookie, JSON], "{}").status, 403);
        let stale = ask(
            &mut stream,
            "POST",
            ALL,
            &[cookie, JSON, ("x-csrf-token", "stale")],
            "{}",
        );
        assert_eq!(
            (stale.status, stale.json()["code"].as_str()),
            (401, Some("CSRF_TOKEN_IS_INVALID"))
        );
        let csrf = ("x-csrf-token", csrf.as_str());
        assert_eq!(
            ask(&mut stream, "POST", ALL, &[cookie, JSON, csrf], "{}").status,
            200
        );

        let closed = ask(&mut stream, "POST", "/api/auth/logout", &[cookie, csrf], "");
        assert_eq!((closed.status, closed.json()), (200, json!({ "success": true })));
        let after = ask(&mut stream, "GET", "/proxy/network/api/self/sites", &[cookie], "");
        assert_eq!(
            (after.status, after.body.as_slice()),
            (401, b"Unauthorized".as_slice())
        );
    }

    #[test]
    fn what_is_not_there_or_not_allowed_is_refused_as_consoles_refuse() {
        let console = console(0);
        let mut stream = connect(&console);
        let mut status = |method: &str, path: &str, headers: &[(&str, &str)], body: &str| {
            let reply = ask(&mut stream, method, path, headers, body);
            (reply.status, String::from_utf8(reply.body).unwrap())
        };
        assert_eq!(status("GET", ALL, &[KEY], "").0, 405);
        assert_eq!(status("GET", ALL, &[], ""), (401, "Unauthorized".to_owned()));
        assert_eq!(status("GET", ALL, &[("X-API-KEY", "wrong")], "").0, 401);
        assert_eq!(status("POST", ALL, &[KEY], "{}").0, 415);
        assert!(
            status("POST", ALL, &[KEY, JSON], "[")
                .1
                .contains(r#""errorCode":400"#)
        );
        assert_eq!(
            status("POST", ALL, &[KEY, JSON], r#"{"categories":["MONITORING"]}"#).0,
            400
        );
        let event = "/proxy/network/api/s/default/stat/event";
        assert_eq!(status("POST", event, &[KEY, JSON], "{}").0, 404);
        let alarm = status("GET", "/proxy/network/api/s/default/list/alarm", &[KEY], "");
        assert_eq!(
            alarm,
            (
                404,
                r#"{"data":[],"meta":{"msg":"api.err.NotFound","rc":"error"}}"#.to_owned()
            )
        );
        let elsewhere = status("GET", "/proxy/network/api/s/elsewhere/stat/device", &[KEY], "");
        assert!(elsewhere.0 == 401 && elsewhere.1.contains("api.err.NoSiteContext"));
        let restart = status(
            "POST",
            "/proxy/network/api/s/default/cmd/devmgr",
            &[KEY, JSON],
            "{}",
        );
        assert!(restart.0 == 403 && restart.1.contains("api.err.NoPermission"));
        assert!(
            status("GET", "/nothing/here", &[], "")
                .1
                .starts_with("<!doctype html>")
        );
        assert_eq!(status("GET", "/api/nothing", &[], "").0, 404);
    }
}
