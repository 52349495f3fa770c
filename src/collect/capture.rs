//! One answer of each endpoint that is read, as the console gives it now, without what says whose network it is.

pub mod forms;
pub mod keys;
pub mod redact;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::collect::ask::{Ask, PAGE, Span};
use crate::collect::capture::redact::Redactor;
use crate::collect::probe::sites;
use crate::collect::session::Session;
use crate::collect::session::answers::NoRows;
use crate::collect::wire;
use crate::config::Controller;
use crate::model::failure::{Failure, FailureKind};
use crate::net::stop::Stop;

/// So far back the lists are asked.
const BACK: TimeDelta = TimeDelta::hours(24);

/// What one endpoint answered.
pub struct Captured {
    /// As a file may be called: `stat-device`.
    pub name: &'static str,
    pub method: &'static str,
    /// With `{site}` for the site's name.
    pub path: String,
    /// What was asked, where it was asked with a body.
    pub asked: Option<Value>,
    /// The HTTP status, or of which kind the failure was.
    pub outcome: Result<u16, FailureKind>,
    /// Of the answer, as it came.
    pub bytes: usize,
    /// The answer with stand-ins; `None` where it is no JSON.
    pub answer: Option<Value>,
}

/// An endpoint: its name, its path and, where it is asked by POST, its body.
type Endpoint = (&'static str, String, Option<Value>);

/// Asks every endpoint once, for the first wanted site. `Err` only if there is no session to ask in; what one endpoint
/// refuses is part of the capture.
pub fn capture(controller: &Controller, now: DateTime<Utc>, stop: &Stop) -> Result<Vec<Captured>, Failure> {
    let mut session = Session::open(controller, stop.clone(), None).map_err(|unopened| unopened.failure)?;
    let mut redactor = Redactor::default();
    let list = ("self-sites", "/api/self/sites".to_owned(), None);
    let sites = session.get(&list.1)?;
    let sites = session
        .expect_json(sites, "the list of sites", None)
        .map_err(|no_rows| match no_rows {
            NoRows::Failed(failure) => failure,
            NoRows::Denied(why) => Failure::new(FailureKind::Auth, format!("{}: {why}", controller.name)),
            NoRows::Absent(why) => Failure::new(FailureKind::Protocol, format!("{}: {why}", controller.name)),
        })?;
    let site = first_site(controller, &sites)?;
    let mut captured = vec![ask(&mut session, &mut redactor, &list, &site)];
    let now = session.console_now().unwrap_or(now);
    for endpoint in endpoints(&site, now) {
        captured.push(ask(&mut session, &mut redactor, &endpoint, &site));
    }
    session.close();
    Ok(captured)
}

fn first_site(controller: &Controller, body: &[u8]) -> Result<String, Failure> {
    let name = &controller.name;
    let visible = wire::sites(body).map_err(|why| {
        let message = format!("{name}: the list of sites cannot be read: {why}");
        Failure::new(FailureKind::Protocol, message)
    })?;
    let (wanted, _) = sites::choose(name, &visible, &controller.sites, None)?;
    let first = wanted.into_iter().chain(visible).next();
    first.map(|site| site.name).ok_or_else(|| {
        let message = format!("{name}: this account sees no site");
        Failure::new(FailureKind::Config, message)
    })
}

fn endpoints(site: &str, now: DateTime<Utc>) -> Vec<Endpoint> {
    let (from, to) = ((now - BACK).timestamp_millis(), now.timestamp_millis());
    let page = Ask::of(Span { from, to }, 0, PAGE).body();
    let legacy = |path: &str| format!("/api/s/{site}/{path}");
    let v2 = |path: &str| format!("/v2/api/site/{site}/{path}");
    let within = json!({ "within": BACK.num_hours(), "_start": 0, "_limit": PAGE, "_sort": "-time" });
    let ips = json!({ "start": from, "end": to, "_start": 0, "_limit": PAGE, "_sort": "-time" });
    let anomalies = format!("stat/anomalies?scale=hourly&start={from}&end={to}");
    vec![
        ("status", "/status".to_owned(), None),
        ("stat-sysinfo", legacy("stat/sysinfo"), None),
        ("stat-health", legacy("stat/health"), None),
        ("stat-device", legacy("stat/device"), None),
        ("stat-anomalies", legacy(&anomalies), None),
        ("list-alarm", legacy("list/alarm"), None),
        ("stat-event", legacy("stat/event"), Some(within)),
        ("stat-ips-event", legacy("stat/ips/event"), Some(ips)),
        ("system-log-all", v2("system-log/all"), Some(page.clone())),
        ("system-log-count", v2("system-log/count"), Some(page.clone())),
        ("admin-activity", v2("system-log/admin-activity"), Some(page)),
        (
            "traffic-flows",
            v2("traffic-flows"),
            Some(wire::flows::question(now - BACK, now, 0)),
        ),
    ]
}

fn ask(
    session: &mut Session,
    redactor: &mut Redactor,
    (name, path, asked): &Endpoint,
    site: &str,
) -> Captured {
    let answer = match asked {
        Some(body) => session.post(path, body),
        None => session.get(path),
    };
    let (outcome, body) = match answer {
        Ok(answer) => (Ok(answer.status), answer.body),
        Err(failure) => (Err(failure.kind), Vec::new()),
    };
    // What we sent may be echoed, whatever field it stands in.
    let text = session.hushed(&String::from_utf8_lossy(&body));
    Captured {
        name,
        method: if asked.is_some() { "POST" } else { "GET" },
        path: path.replace(&format!("/{site}/"), "/{site}/"),
        asked: asked.clone(),
        outcome,
        bytes: body.len(),
        answer: serde_json::from_str(&text)
            .ok()
            .map(|value| redactor.answer(&value)),
    }
}
