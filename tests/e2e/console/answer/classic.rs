//! A classic self-hosted controller: no prefix, two cookies, a CSRF token for whoever asked strictly.

use serde_json::{Value, json};

use crate::console::answer::{json_reply, legacy_error, network, token};
use crate::console::wire::Reply;
use crate::console::{Hit, PASSWORD, State, USERNAME};

pub fn to(state: &mut State, hit: &Hit) -> Reply {
    match (hit.method.as_str(), hit.path.as_str()) {
        ("GET", "/") => Reply {
            status: 302,
            kind: "text/html",
            headers: vec![("Location", "/manage".to_owned())],
            body: String::new(),
        },
        ("POST", "/api/login") => login(state, hit),
        ("POST", "/api/logout") => match session(state, hit) {
            Some(cookie) => {
                state.logouts += 1;
                state.sessions.remove(&cookie);
                json_reply(200, &json!({"meta": {"rc": "ok"}, "data": []}))
            }
            None => legacy_error(401, "api.err.LoginRequired"),
        },
        ("GET", "/status") => network(state, hit, &hit.path),
        _ if session(state, hit).is_none() => legacy_error(401, "api.err.LoginRequired"),
        _ => network(state, hit, &hit.path),
    }
}

fn login(state: &mut State, hit: &Hit) -> Reply {
    state.logins += 1;
    let body: Value = serde_json::from_str(&hit.body).unwrap_or_default();
    if body.get("username") != Some(&json!(USERNAME)) || body.get("password") != Some(&json!(PASSWORD)) {
        return legacy_error(400, "api.err.Invalid");
    }
    let (cookie, csrf) = (token(state, "sess"), token(state, "csrf"));
    state.sessions.insert(cookie.clone(), csrf.clone());
    let mut reply = json_reply(200, &json!({"meta": {"rc": "ok"}, "data": []}));
    reply.headers.push((
        "Set-Cookie",
        format!("unifises={cookie}; Path=/; Secure; HttpOnly"),
    ));
    if body.get("strict") == Some(&json!(true)) {
        reply
            .headers
            .push(("Set-Cookie", format!("csrf_token={csrf}; Path=/; Secure")));
    }
    reply
}

/// The cookie of an open session, whose CSRF token a POST must carry.
fn session(state: &State, hit: &Hit) -> Option<String> {
    let mut pairs = hit.headers.get("cookie")?.split(';');
    let cookie = pairs.find_map(|pair| pair.trim().strip_prefix("unifises="))?;
    let csrf = state.sessions.get(cookie)?;
    let carries = hit.method == "GET" || hit.headers.get("x-csrf-token") == Some(csrf);
    carries.then(|| cookie.to_owned())
}
