//! One controller asked from its sites to its health, by the questions it really gets.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use crate::collect::console::{Console, Question};
use crate::collect::fake::Fake;
use crate::collect::gateway::Gateway;
use crate::collect::session::answers::NoRows;
use crate::collect::wire::SiteRow;
use crate::collect::{Gathered, Known, Wanted, gather};
use crate::config::secret::Secret;
use crate::config::{BaseUrl, Controller, Credentials, Flavour, Sites, Trust};
use crate::model::coverage::Outcome;
use crate::model::failure::{Failure, FailureKind};
use crate::model::position::Position;
use crate::model::source::SourceKind;
use crate::net::stop::Stop;

const UUID: &str = "d0000000-0000-4000-8000-000000000001";
const SITES: &str = r#"{"meta":{"rc":"ok"},"data":[{"_id":"s1","name":"default","desc":"Office"}]}"#;

fn now() -> DateTime<Utc> {
    "2026-11-21T06:00:00Z".parse().unwrap()
}

pub fn controller(sites: Sites) -> Controller {
    Controller {
        name: "home".to_owned(),
        base: BaseUrl {
            https: true,
            host: "192.0.2.1".to_owned(),
            port: 443,
            path: String::new(),
        },
        credentials: Credentials::ApiKey(Secret::new("k")),
        sites,
        flavour: Flavour::Auto,
        trust: Trust::CaFile(PathBuf::new()),
        connect_timeout: Duration::from_secs(1),
        request_timeout: Duration::from_secs(1),
        keys: crate::config::keys::Keys::default(),
        ssh: None,
    }
}

pub fn wanted<'a>(controller: &'a Controller, known: Option<Known<'a>>) -> Wanted<'a> {
    Wanted {
        controller,
        sites_filter: None,
        adopt: false,
        known,
        position: &|_, _| Position::unread("2026-11-20T06:00:00Z".parse().unwrap()),
        now: now(),
        judge_skew: true,
        named_window: None,
        is_enough: |_, _| false,
    }
}

fn absent() -> NoRows {
    NoRows::Absent("HTTP 404".to_owned())
}

pub fn down() -> NoRows {
    NoRows::Failed(Failure::new(FailureKind::Unavailable, "HTTP 502"))
}

pub type Instead<'a> = dyn FnMut(&Question<'_>) -> Option<Result<Vec<u8>, NoRows>> + 'a;

/// A ready console with two rows and one device, but for what `instead` answers.
pub fn ask(wanted: &Wanted<'_>, skew: TimeDelta, instead: &mut Instead<'_>) -> (Gathered, u64) {
    let mut fake = Fake::steady((now() - TimeDelta::hours(3)).timestamp_millis(), 60_000, 2);
    let mut rows = 0;
    let mut answer = |question: &Question<'_>| {
        if let Some(answer) = instead(question) {
            return answer;
        }
        if question.path.ends_with("admin-activity") {
            return Ok(br#"{"data":[],"page_number":0,"total_element_count":0}"#.to_vec());
        }
        if let Some(body) = question.body {
            let ms = |name: &str| body[name].as_i64().unwrap();
            let (page, size) = (
                body["pageNumber"].as_u64().unwrap(),
                body["pageSize"].as_u64().unwrap(),
            );
            let ask = crate::collect::ask::Ask {
                from: ms("timestampFrom"),
                to: ms("timestampTo"),
                page,
                size,
            };
            return fake.body(&ask);
        }
        let path = question.path.split('?').next().unwrap();
        let body = match path.rsplit('/').next().unwrap() {
            "anomalies" => r#"{"meta":{"rc":"ok"},"data":[]}"#.to_owned(),
            "sites" => SITES.to_owned(),
            "sysinfo" => format!(
                r#"{{"data":[{{"version":"10.3.58","timezone":"Europe/Berlin","anonymous_controller_id":"{UUID}"}}]}}"#
            ),
            "device" => r#"{"meta":{"rc":"ok"},"data":[{"mac":"02:00:00:00:00:01","type":"udm","state":1}]}"#
                .to_owned(),
            "health" => r#"{"meta":{"rc":"ok"},"data":[{"subsystem":"wan","status":"ok"}]}"#.to_owned(),
            other => panic!("{other}"),
        };
        Ok(body.into_bytes())
    };
    let clock = || Some(now() + skew);
    let mut console = Console::new(&mut answer);
    let stop = Stop::new(Instant::now() + Duration::from_secs(60));
    let mut gateway = Gateway::new(wanted.controller, &stop);
    let gathered = gather(wanted, &mut console, &mut gateway, &clock, &mut |slice| {
        rows += u64::try_from(slice.rows.len()).unwrap();
        Ok(())
    });
    (gathered.unwrap(), rows)
}

fn outcomes(gathered: &Gathered) -> Vec<(SourceKind, Outcome)> {
    gathered
        .coverage
        .iter()
        .map(|line| (line.id.kind, line.outcome))
        .collect()
}

#[test]
fn a_ready_console_is_read_whole() {
    let home = controller(Sites::Only);
    let (gathered, rows) = ask(&wanted(&home, None), TimeDelta::zero(), &mut |_| None);
    assert_eq!(rows, 2);
    assert_eq!(gathered.uuid.as_deref(), Some(UUID));
    assert_eq!(
        (gathered.version.as_str(), gathered.timezone.as_deref()),
        ("10.3.58", Some("Europe/Berlin"))
    );
    let names: Vec<_> = gathered
        .coverage
        .iter()
        .map(|line| (line.name.as_str(), line.outcome))
        .collect();
    let whole = Outcome::Complete;
    let expected = [
        ("home/default/system-log", whole),
        ("home/default/admin-activity", Outcome::Empty),
        ("home/default/anomalies", Outcome::Empty),
        ("home/default/devices", whole),
        ("home/default/health", whole),
    ];
    assert_eq!(names, expected);
    assert_eq!(
        (
            gathered.coverage[0].id.controller.as_str(),
            gathered.coverage[0].id.site.as_str()
        ),
        (UUID, "s1")
    );
    assert_eq!(gathered.snapshots.len(), 1);
    assert!(gathered.warnings.is_empty() && gathered.failure.is_none());
}

#[test]
fn a_site_that_is_not_there_is_a_configuration_error_with_a_line_for_every_source() {
    let home = controller(Sites::Named(vec!["gone".to_owned()]));
    let (gathered, rows) = ask(&wanted(&home, None), TimeDelta::zero(), &mut |_| None);
    let failure = gathered.failure.as_ref().unwrap();
    assert_eq!((failure.kind, rows), (FailureKind::Config, 0));
    assert!(failure.message.contains("default (Office)"), "{failure}");
    assert_eq!(gathered.coverage.len(), 3);
    assert!(
        gathered
            .coverage
            .iter()
            .all(|line| line.outcome == Outcome::Failed && line.code == 78)
    );
}

#[test]
fn another_console_behind_a_known_name_is_not_read_until_it_is_adopted() {
    let home = controller(Sites::Only);
    let known = Known {
        uuid: Some("another"),
        ..Known::default()
    };
    let (gathered, rows) = ask(&wanted(&home, Some(known)), TimeDelta::zero(), &mut |_| None);
    let failure = gathered.failure.unwrap();
    assert_eq!((failure.kind, rows), (FailureKind::Config, 0));
    assert!(failure.message.contains("--adopt home"), "{failure}");
    let (gathered, rows) = ask(
        &Wanted {
            adopt: true,
            ..wanted(&home, Some(known))
        },
        TimeDelta::zero(),
        &mut |_| None,
    );
    assert_eq!((gathered.failure, rows), (None, 2));
}

#[test]
fn a_console_without_the_log_is_unsupported_only_if_it_is_ready() {
    let home = controller(Sites::Only);
    let (gathered, _) = ask(&wanted(&home, None), TimeDelta::zero(), &mut |question| {
        let is_list = question.path.ends_with("/list/alarm");
        (is_list || question.body.is_some()).then(|| Err(absent()))
    });
    assert_eq!(gathered.coverage[0].outcome, Outcome::Unsupported);
    assert!(
        gathered.coverage[0]
            .reason
            .as_ref()
            .unwrap()
            .contains("older lists of events are read instead")
    );
    let lists = SourceKind::LEGACY.map(|kind| (kind, Outcome::Unsupported));
    assert_eq!(outcomes(&gathered)[1..4], lists, "older lists are looked for");
    assert_eq!(gathered.coverage[5].outcome, Outcome::Complete);
    let mut asked = 0;
    let (gathered, _) = ask(&wanted(&home, None), TimeDelta::zero(), &mut |question| {
        asked += usize::from(question.path.ends_with("sysinfo"));
        let gone = question.body.is_some() || (question.path.ends_with("sysinfo") && asked > 1);
        gone.then(|| Err(absent()))
    });
    assert_eq!(
        (gathered.coverage[0].outcome, gathered.coverage[0].code),
        (Outcome::Failed, 69)
    );
}

#[test]
fn a_console_that_is_not_ready_fails_as_a_whole() {
    let home = controller(Sites::Only);
    let sites = [SiteRow {
        id: "s1".to_owned(),
        name: "default".to_owned(),
        label: "Office".to_owned(),
    }];
    let known = Known {
        uuid: Some(UUID),
        sites: &sites,
        ..Known::default()
    };
    for path in ["sites", "sysinfo"] {
        let (gathered, rows) = ask(&wanted(&home, Some(known)), TimeDelta::zero(), &mut |question| {
            question.path.ends_with(path).then(|| Err(down()))
        });
        assert_eq!(
            (gathered.failure.unwrap().kind, rows),
            (FailureKind::Unavailable, 0)
        );
        assert_eq!(gathered.coverage[0].name, "home/default/system-log");
        assert_eq!(gathered.coverage[0].id.site, "s1");
    }
}

#[test]
fn one_source_that_fails_costs_only_itself() {
    let home = controller(Sites::Only);
    for (path, kind) in [
        ("all", SourceKind::SystemLog),
        ("admin-activity", SourceKind::AdminActivity),
        ("anomalies", SourceKind::Anomalies),
        ("device", SourceKind::Devices),
        ("health", SourceKind::Health),
    ] {
        let (gathered, _) = ask(&wanted(&home, None), TimeDelta::zero(), &mut |question| {
            let asked = question.path.split('?').next().unwrap();
            let is_audit = question.body.is_some_and(|body| body.get("type").is_some());
            (asked.ends_with(path) && !is_audit).then(|| Err(down()))
        });
        for (of, outcome) in outcomes(&gathered) {
            assert_eq!(outcome == Outcome::Failed, of == kind, "{path}: {of}");
        }
        assert!(gathered.failure.is_none());
    }
}

#[test]
fn a_page_instead_of_data_is_not_understood() {
    let home = controller(Sites::Only);
    let (gathered, _) = ask(&wanted(&home, None), TimeDelta::zero(), &mut |question| {
        question.body.map(|_| Ok(br#"{"data":"#.to_vec()))
    });
    assert_eq!(
        (gathered.coverage[0].outcome, gathered.coverage[0].code),
        (Outcome::Failed, 76)
    );
}

#[test]
fn a_console_that_wants_no_login_yet_is_not_contacted() {
    let home = controller(Sites::Named(vec!["default".to_owned()]));
    let later = now() + TimeDelta::minutes(5);
    let known = Known {
        not_before: Some(later),
        ..Known::default()
    };
    let stop = Stop::new(Instant::now() + Duration::from_secs(60));
    let gathered = crate::collect::controller(&wanted(&home, Some(known)), &stop, &mut |_| Ok(())).unwrap();
    assert_eq!(
        (gathered.requests, gathered.not_before, gathered.coverage.len()),
        (0, Some(later), 3)
    );
    assert_eq!(gathered.failure.unwrap().kind, FailureKind::Unavailable);
}

#[test]
fn a_difference_of_clocks_is_told() {
    let home = controller(Sites::Only);
    let warned = |minutes, judge_skew| {
        let wanted = Wanted {
            judge_skew,
            ..wanted(&home, None)
        };
        ask(&wanted, TimeDelta::minutes(minutes), &mut |_| None)
            .0
            .warnings
    };
    assert!(
        warned(10, true)[0]
            .text
            .contains("is 10 min ahead of this host's")
    );
    assert!(warned(-10, true)[0].text.contains("is 10 min behind this host's"));
    assert!(warned(1, true).is_empty() && warned(10, false).is_empty());
}
