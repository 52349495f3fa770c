//! What the fake console says when nothing is wrong: who may ask, and the pages of its log.

use serde_json::{Value, json};

use crate::console::answer::pages::{proxy, spa, tomcat};
use crate::console::row::Row;
use crate::console::wire::Reply;
use crate::console::{API_KEY, Bounds, Hit, PASSWORD, State, USERNAME};

mod classic;
mod extras;
mod lists;
mod pages;

const NETWORK: &str = "/proxy/network";

/// The devices of a site: those with its `site_id`, and those with none.
fn devices(state: &State, site: &str) -> Vec<Value> {
    let of_site = |device: &&Value| match device.get("site_id") {
        None => true,
        Some(id) => state
            .sites
            .iter()
            .any(|known| known.name == site && *id == json!(known.id)),
    };
    state.devices.iter().filter(of_site).cloned().collect()
}

/// The answer to one request. The POSTs of a session must carry its current CSRF token.
pub(super) fn to(state: &mut State, hit: &Hit) -> Reply {
    let Some(path) = hit.path.strip_prefix(&state.base_path) else {
        return proxy();
    };
    let hit = &Hit {
        path: path.to_owned(),
        ..hit.clone()
    };
    if state.classic {
        return classic::to(state, hit);
    }
    match (hit.method.as_str(), hit.path.as_str()) {
        ("GET", "/") => spa(state),
        ("POST", "/api/auth/login") => login(state, hit),
        ("POST", "/api/auth/logout") => logout(state, hit),
        _ => match hit.path.strip_prefix(NETWORK) {
            Some(path) => match admitted(state, hit) {
                Ok(headers) => {
                    let mut reply = network(state, hit, path);
                    reply.headers.extend(headers);
                    reply
                }
                Err(refusal) => refusal,
            },
            None => spa(state),
        },
    }
}

fn login(state: &mut State, hit: &Hit) -> Reply {
    state.logins += 1;
    let body: Value = serde_json::from_str(&hit.body).unwrap_or_default();
    if body.get("username") != Some(&json!(USERNAME)) || body.get("password") != Some(&json!(PASSWORD)) {
        let refusal = json!({"code": "AUTHENTICATION_FAILED_INVALID_CREDENTIALS", "message": "Invalid username or password"});
        return json_reply(403, &refusal);
    }
    let (cookie, csrf) = (token(state, "sess"), token(state, "csrf"));
    state.sessions.insert(cookie.clone(), csrf.clone());
    let mut reply = json_reply(
        200,
        &json!({"username": USERNAME, "isSuperAdmin": false, "roles": [{"name": "Viewer"}]}),
    );
    reply.headers.push((
        "Set-Cookie",
        format!("TOKEN={cookie}; Path=/; HttpOnly; Secure; SameSite=Strict; Partitioned"),
    ));
    reply.headers.push(("X-CSRF-Token", csrf));
    reply
}

fn logout(state: &mut State, hit: &Hit) -> Reply {
    match admitted(state, hit) {
        Ok(_) => {
            state.logouts += 1;
            if let Some(cookie) = cookie(hit) {
                state.sessions.remove(&cookie);
            }
            json_reply(200, &json!({"success": true}))
        }
        Err(refusal) => refusal,
    }
}

/// Lets a request with the key or with a session through. Every third answer of a session rotates its
/// CSRF token, and the old one is worth nothing from then on.
fn admitted(state: &mut State, hit: &Hit) -> Result<Vec<(&'static str, String)>, Reply> {
    if let Some(key) = hit.headers.get("x-api-key") {
        return if key == API_KEY && state.key_is_good {
            Ok(Vec::new())
        } else {
            Err(json_reply(
                401,
                &json!({"error": {"code": 401, "message": "Unauthorized"}}),
            ))
        };
    }
    let Some(cookie) = cookie(hit).filter(|cookie| state.sessions.contains_key(cookie)) else {
        return Err(Reply {
            status: 401,
            kind: "text/plain",
            headers: Vec::new(),
            body: "Unauthorized".to_owned(),
        });
    };
    if hit.method != "GET" && hit.headers.get("x-csrf-token") != state.sessions.get(&cookie) {
        return Err(json_reply(
            403,
            &json!({"code": "CSRF_TOKEN_IS_INVALID", "message": "Invalid CSRF token"}),
        ));
    }
    if state.hits.len().is_multiple_of(3) {
        let fresh = token(state, "csrf");
        state.sessions.insert(cookie, fresh.clone());
        return Ok(vec![("X-Updated-CSRF-Token", fresh)]);
    }
    Ok(Vec::new())
}

fn cookie(hit: &Hit) -> Option<String> {
    let pairs = hit.headers.get("cookie")?.split(';');
    pairs
        .filter_map(|pair| pair.trim().strip_prefix("TOKEN="))
        .map(str::to_owned)
        .next()
}

fn token(state: &mut State, kind: &str) -> String {
    let token = format!("{kind}-t0ken-{:04}-e7b1", state.issued.len());
    state.issued.push(token.clone());
    token
}

fn network(state: &mut State, hit: &Hit, path: &str) -> Reply {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (hit.method.as_str(), parts.as_slice()) {
        ("GET", ["api", "self", "sites"]) => {
            let sites = state.sites.iter().map(|site| {
                json!({"_id": site.id, "name": site.name, "desc": site.desc, "role": "readonly", "device_count": 2})
            });
            data(&sites.collect::<Vec<_>>())
        }
        ("GET", ["api", "self"]) => data(&[json!({"name": USERNAME, "is_super": false})]),
        ("GET", ["status"]) => json_reply(
            200,
            &json!({"meta": {"rc": "ok", "up": true, "uuid": state.uuid}, "data": []}),
        ),
        ("POST", ["api", "s", _, "stat", "event"]) => lists::page(state, "events", hit, |row, asked| {
            let within = asked
                .get("within")
                .and_then(Value::as_i64)
                .unwrap_or(i64::MAX / 3_600_000);
            row.time >= state.now - within * 3_600_000
        }),
        ("POST", ["api", "s", _, "stat", "ips", "event"]) => lists::page(state, "ips", hit, |row, asked| {
            let bound = |name: &str, open: i64| asked.get(name).and_then(Value::as_i64).unwrap_or(open);
            (bound("start", i64::MIN)..=bound("end", i64::MAX)).contains(&row.time)
        }),
        ("GET", ["api", "s", _, "list", "alarm"]) => lists::alarms(state),
        ("GET", ["api", "s", _, "stat", "anomalies"]) => extras::anomalies(state, hit),
        ("POST", ["v2", "api", "site", _, "traffic-flows"]) if state.beside.has_flows && state.has_log => {
            extras::flows(state, hit)
        }
        ("GET", ["api", "s", site, "stat", what]) => {
            if !state.sites.iter().any(|known| known.name == *site) {
                return legacy_error(401, "api.err.NoSiteContext");
            }
            match *what {
                "sysinfo" => data(&[sysinfo(state)]),
                "device" => data(&devices(state, site)),
                "health" => data(&state.health),
                _ => legacy_error(404, "api.err.NotFound"),
            }
        }
        (method, ["v2", "api", "site", site, "system-log", class]) if state.has_log => {
            if method != "POST" {
                return json_reply(
                    405,
                    &json!({"errorCode": 405, "message": "Request method 'GET' is not supported"}),
                );
            }
            if !hit
                .headers
                .get("content-type")
                .is_some_and(|kind| kind.starts_with("application/json"))
            {
                return json_reply(
                    415,
                    &json!({"errorCode": 415, "message": "Content-Type is not supported"}),
                );
            }
            let asked: Value = serde_json::from_str(&hit.body).unwrap_or_default();
            match *class {
                "all" if asked.get("type") == Some(&json!("AUDIT")) => extras::audit(state, site, &asked),
                "all" => page(state, None, site, &asked),
                "admin-activity" => page(state, Some("activity"), site, &asked),
                "count" => {
                    let count = matching(state, None, site, &asked).len();
                    json_reply(
                        200,
                        &json!({"categories": [{"name": "CLIENT_DEVICES", "count": count}], "events": [], "type": "GENERAL"}),
                    )
                }
                _ => json_reply(404, &json!({"errorCode": 404, "message": "Not Found"})),
            }
        }
        (_, ["v2", ..]) if state.classic => tomcat(),
        (_, ["api" | "v2", ..]) => legacy_error(404, "api.err.NotFound"),
        _ => spa(state),
    }
}

fn sysinfo(state: &State) -> Value {
    let mut info = json!({
        "timezone": state.timezone, "version": state.version, "build": format!("atag_{}_34147", state.version),
        "hostname": "Gateway", "name": "Gateway", "uptime": 1_858_943, "anonymous_controller_id": state.uuid,
        "ubnt_device_type": "UDMPRO", "console_display_version": "5.0.16", "update_available": false
    });
    if let (Some(days), Some(info)) = (state.retention_days, info.as_object_mut()) {
        info.insert("data_retention_days".to_owned(), json!(days));
    }
    info
}

/// One page of `system-log/all` or of a list beside it, newest first, with whatever manners this console has.
fn page(state: &mut State, list: Option<&str>, site: &str, asked: &Value) -> Reply {
    let manner = state.manner.clone();
    let number = |name: &str| {
        asked
            .get(name)
            .and_then(Value::as_u64)
            .and_then(|value| usize::try_from(value).ok())
    };
    let most = number("pageSize")
        .unwrap_or(50)
        .min(manner.page_cap.unwrap_or(1000))
        .max(1);
    let at = if manner.ignores_page_number {
        0
    } else {
        number("pageNumber").unwrap_or(0)
    };
    let found = matching(state, list, site, asked);
    let total = found.len() + manner.totals_grow * state.log_answers;
    let mut texts: Vec<&str> = if manner.oldest_first {
        found
            .iter()
            .skip(at * most)
            .take(most)
            .map(|row| row.text.as_str())
            .collect()
    } else {
        found
            .iter()
            .rev()
            .skip(at * most)
            .take(most)
            .map(|row| row.text.as_str())
            .collect()
    };
    if manner.doubles
        && let Some(first) = texts.first().copied()
    {
        texts.insert(0, first);
    }
    let rows = texts.join(",");
    let body = if manner.bare_arrays {
        format!("[{rows}]")
    } else {
        let pages = total.div_ceil(most);
        format!(
            r#"{{"data":[{rows}],"page_number":{at},"total_element_count":{total},"total_page_count":{pages}}}"#
        )
    };
    state.log_answers += 1;
    let given = state.log_answers;
    let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut state.arrivals)
        .into_iter()
        .partition(|(after, _)| *after <= given);
    state.arrivals = later;
    if !due.is_empty() {
        let store = state.rows.entry(site.to_owned()).or_default();
        store.extend(due.into_iter().map(|(_, row)| row));
        store.sort_by_key(|row| row.time);
    }
    Reply {
        status: 200,
        kind: "application/json",
        headers: Vec::new(),
        body,
    }
}

/// The rows of a site inside the asked bounds that the console shows by now, ascending.
fn matching<'a>(state: &'a State, list: Option<&str>, site: &str, asked: &Value) -> Vec<&'a Row> {
    let bound = |name: &str, open: i64| {
        let value = asked.get(name).and_then(Value::as_i64);
        value.filter(|_| !state.manner.ignores_bounds).unwrap_or(open)
    };
    let inward = i64::from(state.manner.bounds == Bounds::Exclusive);
    let from = bound("timestampFrom", i64::MIN).saturating_add(inward);
    let to = bound("timestampTo", i64::MAX).saturating_sub(inward);
    let oldest = state
        .retention_days
        .map_or(i64::MIN, |days| state.now - days * 86_400_000);
    let rows = match list {
        Some(list) => state.lists.get(list),
        None => state.rows.get(site),
    };
    let rows = rows.map_or(&[][..], Vec::as_slice);
    let first = rows.partition_point(|row| row.time < from.max(oldest));
    let rows = rows.iter().skip(first).take_while(|row| row.time <= to);
    rows.filter(|row| row.appears <= state.now).collect()
}

fn data(rows: &[Value]) -> Reply {
    json_reply(200, &json!({"meta": {"rc": "ok"}, "data": rows}))
}

fn legacy_error(status: u16, message: &str) -> Reply {
    json_reply(
        status,
        &json!({"meta": {"rc": "error", "msg": message}, "data": []}),
    )
}

fn json_reply(status: u16, body: &Value) -> Reply {
    Reply {
        status,
        kind: "application/json",
        headers: Vec::new(),
        body: body.to_string(),
    }
}
