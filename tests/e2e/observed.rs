//! What consoles were seen to do (facts: unifi-api.md appendix E), group by group, as far as no other test shows it. The
//! others: groups 2, 3 and the codes of 1 `unreachable`, 5 `odd_pages`, 6 `honest` and `hostile`, 7 `once`, `host_clock`
//! and `zones`, 8 and 9 `older` and `versions`, 10 `delivery`, `state` and `two_writers`.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::console::beside::Kept;
use crate::console::fault::{Fault, What};
use crate::console::row::{Row, series};
use crate::console::{Console, Site};
use crate::scenario::{Scenario, source};

/// A console with rows of the last hours.
pub fn lively() -> (Scenario, Console) {
    let (scenario, console) = Scenario::with_console();
    console.add(series(
        0,
        12,
        console.now() - TimeDelta::hours(5),
        TimeDelta::minutes(9),
    ));
    (scenario, console)
}

#[test]
fn group_1_the_cookie_of_an_anonymous_page_is_not_kept() {
    let (scenario, console) = lively();
    let scenario = scenario.password();
    for _ in 0..2 {
        scenario.run().exits(0);
        console.advance(TimeDelta::hours(1));
    }
    scenario.told_exactly(&console);
    let hits = console.hits();
    let sent: BTreeSet<&str> = hits
        .iter()
        .filter_map(|hit| hit.headers.get("cookie").map(String::as_str))
        .collect();
    assert!(sent.len() >= 2, "{sent:?}");
    assert!(sent.iter().all(|cookie| !cookie.contains("anon-")), "{sent:?}");
    let login = hits.iter().find(|hit| hit.path.ends_with("/login")).unwrap();
    assert_eq!(login.headers.get("cookie"), None);
}

#[test]
fn group_2_a_token_that_changes_with_every_third_answer_is_followed() {
    let (scenario, console) = Scenario::with_console();
    console.add(series(
        0,
        900,
        console.now() - TimeDelta::hours(5),
        TimeDelta::seconds(15),
    ));
    scenario.password().run().exits(0);
    let hits = console.hits();
    let tokens: BTreeSet<_> = hits
        .iter()
        .filter_map(|hit| hit.headers.get("x-csrf-token"))
        .collect();
    assert!(tokens.len() >= 3, "{tokens:?}");
    let state = console.state();
    assert_eq!((state.logins, state.logouts), (1, 1));
    drop(state);
}

#[test]
fn group_3_only_the_private_interface_is_asked_and_a_bare_401_is_77() {
    let (scenario, console) = lively();
    scenario.run().exits(0);
    assert!(console.hits().iter().all(|hit| !hit.path.contains("integration")));
    let bare = || {
        let mut what = What::json(401, "Unauthorized");
        if let What::Answer(answer) = &mut what {
            answer.kind = "text/plain";
        }
        what
    };
    console.fault(Fault::on("/self/sites", bare()));
    scenario.run().exits(77).says("API key");
}

#[test]
fn group_4_a_site_without_context_is_no_ended_session() {
    let (scenario, console) = lively();
    let scenario = scenario.password();
    let no_context = || {
        What::json(
            401,
            r#"{"meta":{"rc":"error","msg":"api.err.NoSiteContext"},"data":[]}"#,
        )
    };
    console.fault(Fault::on("/stat/health", no_context()));
    console.fault(Fault::on("/stat/anomalies", no_context()));
    scenario.run().exits(3);
    let report = scenario.newest_report();
    for (name, outcomes) in [
        ("/system-log", ["complete", "complete"]),
        ("/devices", ["complete", "complete"]),
        ("/health", ["failed", "denied"]),
        ("/anomalies", ["failed", "denied"]),
    ] {
        let line = source(&report, name);
        assert!(outcomes.contains(&line["outcome"].as_str().unwrap()), "{line:#}");
    }
    let words = source(&report, "/health")["reason"].as_str().unwrap();
    assert!(!words.contains("session"), "{words}");
    let state = console.state();
    assert_eq!((state.logins, state.logouts), (1, 1));
    drop(state);
    scenario.told_exactly(&console);
}

#[test]
fn group_4_sites_of_one_label_are_told_apart_by_their_names() {
    let (scenario, console) = lively();
    console.state().sites = ["default", "a1b2c3d4", "e5f6a7b8"]
        .iter()
        .zip(["Head office", "Branch", "Branch"])
        .enumerate()
        .map(|(n, (name, label))| Site::new(&format!("5dcadb04f8cd8804ddee7b{n:02}"), name, label))
        .collect();
    console.add_to("e5f6a7b8", [Row::new(77, console.now() - TimeDelta::hours(1))]);
    scenario
        .does(&["run"])
        .exits(78)
        .says_all(&["default", "a1b2c3d4", "e5f6a7b8"]);
    let scenario = scenario.env("UNIFI_SITE", "Branch");
    scenario
        .run()
        .exits(78)
        .says_all(&["Branch", "a1b2c3d4", "e5f6a7b8"]);
    let scenario = scenario.env("UNIFI_SITE", "e5f6a7b8");
    scenario.run().exits(0);
    assert_eq!(scenario.told().len(), 1);
    let scenario = scenario.env("UNIFI_SITE", "Head office");
    scenario.run().exits(0);
    assert_eq!(scenario.told().len(), 13);
}

#[test]
fn group_5_a_log_that_refuses_what_it_was_asked_is_failed_and_one_that_knows_no_such_method_is_absent() {
    let enum_words = r#"{"errorCode":400,"message":"JSON parse error: Cannot deserialize value of type `com.ubnt.service.alert.JdEI` from String \"MONITORING\": not one of the values accepted for Enum class: [SECURITY, POWER]"}"#;
    for (what, outcome, code) in [
        (What::json(400, enum_words), "failed", 3),
        (What::not_allowed(), "unsupported", 3),
    ] {
        let (scenario, console) = lively();
        console.state().beside.older = ["events", "alarms", "ips"]
            .map(|list| (list, Kept::Until(i64::MAX)))
            .into();
        console.fault(Fault::on("system-log/all", what));
        scenario.run().exits(code);
        assert_eq!(
            source(&scenario.newest_report(), "/system-log")["outcome"],
            outcome
        );
        assert!(!scenario.newest("txt").to_lowercase().contains("all clear"));
        console.behave();
        "10.4.57".clone_into(&mut console.state().version);
        console.advance(TimeDelta::hours(1));
        scenario.run().exits(0);
        // An absent log begins where the lists that stood for it ended.
        if outcome == "failed" {
            scenario.told_exactly(&console);
        }
    }
}

#[test]
fn group_12_a_source_that_stays_away_is_asked_three_times_and_keeps_its_watermark() {
    let (scenario, console) = lively();
    let scenario = scenario.hasty();
    scenario.run().exits(0);
    let position = |kind: &str| {
        let checkpoint = scenario.checkpoint();
        let sources = checkpoint["sources"].as_array().unwrap();
        let of_kind = sources
            .iter()
            .find(|source| source["id"]["kind"] == kind)
            .unwrap();
        of_kind["position"].clone()
    };
    let (log, anomalies) = (position("system-log"), position("anomalies"));
    console.advance(TimeDelta::hours(2));
    console.add([Row::new(50, console.now() - TimeDelta::hours(1))]);
    console.fault(Fault::on("stat/anomalies", What::json(503, "{}")));
    let before = console.asked("stat/anomalies");
    scenario.run().exits(3);
    assert_eq!(console.asked("stat/anomalies") - before, 3);
    let report = scenario.newest_report();
    assert_eq!(source(&report, "/anomalies")["outcome"], "failed");
    assert!(scenario.newest("txt").contains("503"));
    assert_eq!(position("anomalies"), anomalies);
    assert_ne!(position("system-log"), log);
    console.behave();
    scenario.run().exits(0);
    scenario.told_exactly(&console);
}
