//! The fake console itself, asked over its socket: what the other tests build on holds.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::console::fault::{Fault, What};
use crate::console::row::{Row, series};
use crate::console::{API_KEY, Bounds, Console, Manner, PASSWORD, USERNAME};

const LOG: &str = "/proxy/network/v2/api/site/default/system-log/all";

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// One request on an open connection; `None` if no whole answer comes.
fn ask(
    stream: &mut TcpStream,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Option<Answer> {
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nHost: console\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        request = format!("{request}{name}: {value}\r\n");
    }
    stream
        .write_all(format!("{request}\r\n{body}").as_bytes())
        .unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let status = line.split(' ').nth(1)?.parse().ok()?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut answer = Answer {
        status,
        headers,
        body: String::new(),
    };
    let length: usize = answer.header("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    answer.body = String::from_utf8(body).unwrap();
    Some(answer)
}

fn connect(console: &Console) -> TcpStream {
    TcpStream::connect(("127.0.0.1", console.port())).unwrap()
}

fn page(console: &Console, body: &Value) -> Value {
    let headers = [("X-API-KEY", API_KEY), ("Content-Type", "application/json")];
    ask(&mut connect(console), "POST", LOG, &headers, &body.to_string())
        .unwrap()
        .json()
}

fn ids(page: &Value) -> Vec<u64> {
    let rows = page["data"].as_array().unwrap();
    rows.iter()
        .map(|row| u64::from_str_radix(&row["id"].as_str().unwrap()[8..], 16).unwrap())
        .collect()
}

#[test]
fn pages_are_newest_first_and_tell_the_total() {
    let console = Console::start();
    let since = console.now() - TimeDelta::hours(1);
    console.add(series(0, 25, since, TimeDelta::seconds(10)));
    let second = page(&console, &json!({"pageNumber": 1, "pageSize": 10}));
    assert_eq!(ids(&second), (5..15).rev().collect::<Vec<_>>());
    assert_eq!(
        (&second["total_element_count"], &second["total_page_count"]),
        (&json!(25), &json!(3))
    );
    console.manner(Manner {
        page_cap: Some(4),
        ignores_page_number: true,
        doubles: true,
        ..Manner::default()
    });
    let odd = page(&console, &json!({"pageNumber": 1, "pageSize": 10}));
    assert_eq!(ids(&odd), [24, 24, 23, 22, 21]);
}

#[test]
fn bounds_are_kept_as_the_manner_says() {
    let console = Console::start();
    let since = console.now() - TimeDelta::hours(1);
    console.add(series(0, 5, since, TimeDelta::milliseconds(1)));
    let at = since.timestamp_millis();
    let asked = json!({"timestampFrom": at + 1, "timestampTo": at + 3, "pageNumber": 0, "pageSize": 100});
    assert_eq!(ids(&page(&console, &asked)), [3, 2, 1]);
    console.manner(Manner {
        bounds: Bounds::Exclusive,
        ..Manner::default()
    });
    assert_eq!(ids(&page(&console, &asked)), [2]);
    console.manner(Manner {
        ignores_bounds: true,
        ..Manner::default()
    });
    assert_eq!(ids(&page(&console, &asked)).len(), 5);
}

#[test]
fn late_rows_appear_when_the_clock_has_come_there() {
    let console = Console::start();
    let time = console.now() - TimeDelta::hours(1);
    console.add([
        Row::new(1, time),
        Row::new(2, time).appearing(console.now() + TimeDelta::minutes(1)),
    ]);
    assert_eq!(console.ids().len(), 1);
    assert_eq!(ids(&page(&console, &json!({}))), [1]);
    console.advance(TimeDelta::minutes(1));
    assert_eq!(ids(&page(&console, &json!({}))), [2, 1]);
    console.state().arrivals.push((3, Row::new(3, time)));
    assert_eq!(ids(&page(&console, &json!({}))), [2, 1]);
    assert_eq!(ids(&page(&console, &json!({}))), [3, 2, 1]);
}

#[test]
fn a_session_needs_its_newest_token_and_ends_with_the_logout() {
    let console = Console::start();
    let mut stream = connect(&console);
    let credentials = json!({"username": USERNAME, "password": PASSWORD}).to_string();
    let login = ask(&mut stream, "POST", "/api/auth/login", &[], &credentials).unwrap();
    assert_eq!(login.status, 200);
    let cookie = login
        .header("set-cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let first = login.header("x-csrf-token").unwrap().to_owned();
    let json = ("Content-Type", "application/json");
    let with = |token: &str| {
        let headers = [("Cookie", cookie.as_str()), ("X-CSRF-Token", token), json];
        ask(&mut connect(&console), "POST", LOG, &headers, "{}").unwrap()
    };
    assert_eq!(with("wrong").status, 403);
    let rotating = with(&first);
    assert_eq!(rotating.status, 200);
    let second = rotating.header("x-updated-csrf-token").unwrap().to_owned();
    assert_eq!(with(&first).status, 403, "the old token is worth nothing");
    let headers = [("Cookie", cookie.as_str()), ("X-CSRF-Token", second.as_str())];
    assert_eq!(
        ask(&mut stream, "POST", "/api/auth/logout", &headers, "")
            .unwrap()
            .status,
        200
    );
    assert_eq!(with(&second).status, 401);
    let state = console.state();
    assert_eq!((state.logins, state.logouts), (1, 1));
    drop(state);
    assert!(console.secrets().contains(&second));
}

#[test]
fn faults_strike_where_and_as_often_as_told() {
    let console = Console::start();
    let key = [("X-API-KEY", API_KEY)];
    console.fault(Fault::on("stat/health", What::bad_gateway()).after(1).times(1));
    console.fault(Fault::on("stat/device", What::CutOff));
    console.fault(Fault::on("stat/sysinfo", What::Nothing));
    let health = || {
        ask(
            &mut connect(&console),
            "GET",
            "/proxy/network/api/s/default/stat/health",
            &key,
            "",
        )
        .unwrap()
    };
    assert_eq!(
        [health().status, health().status, health().status],
        [200, 502, 200]
    );
    for spoiled in ["device", "sysinfo"] {
        let path = format!("/proxy/network/api/s/default/stat/{spoiled}");
        assert!(ask(&mut connect(&console), "GET", &path, &key, "").is_none());
    }
    let other_site = ask(
        &mut connect(&console),
        "GET",
        "/proxy/network/api/s/other/stat/health",
        &key,
        "",
    )
    .unwrap();
    assert_eq!(
        (other_site.status, other_site.json()["meta"]["msg"].as_str()),
        (401, Some("api.err.NoSiteContext"))
    );
    let refused = ask(&mut connect(&console), "GET", LOG, &key, "").unwrap();
    assert_eq!(refused.status, 405, "the log is read by POST only");
}

#[test]
fn a_held_request_is_answered_when_it_is_released() {
    let console = Console::start();
    console.fault(Fault::on("self/sites", What::Hold).times(1));
    let mut stream = connect(&console);
    let asking = std::thread::spawn(move || {
        ask(
            &mut stream,
            "GET",
            "/proxy/network/api/self/sites",
            &[("X-API-KEY", API_KEY)],
            "",
        )
        .unwrap()
        .status
    });
    console.wait_for_path("self/sites");
    console.release();
    assert_eq!(asking.join().unwrap(), 200);
}

#[test]
fn every_answer_tells_the_consoles_own_time() {
    let console = Console::start();
    console.advance(TimeDelta::days(3));
    let answer = ask(&mut connect(&console), "GET", "/", &[], "").unwrap();
    let date = chrono::DateTime::parse_from_rfc2822(answer.header("date").unwrap()).unwrap();
    assert_eq!(date, console.now());
    assert!(
        answer.header("set-cookie").unwrap().starts_with("TOKEN="),
        "the anonymous cookie"
    );
}
