//! A console that says once that it does not offer what it offered before, and one that is set back to an older version.

use chrono::TimeDelta;
use serde_json::json;

use crate::archive;
use crate::console::Console;
use crate::console::beside::Kept;
use crate::console::fault::{Fault, What};
use crate::console::row::{Row, series};
use crate::scenario::{Scenario, source};

fn hour(first: u64, console: &Console) {
    let since = console.now() - TimeDelta::minutes(50);
    console.add(series(first, 5, since, TimeDelta::minutes(9)));
    let at = |n: u64| since + TimeDelta::minutes(9 * n.cast_signed());
    let joins = (0..5).map(|n| Row::listed(100 + first + n, at(n), "EVT_WU_Connected", &json!({})));
    console.list("events", joins.collect::<Vec<_>>());
}

/// Makes it a console of this version, which keeps its lists beside the log or does not.
fn install(console: &Console, version: &str, lists: bool) {
    let mut state = console.state();
    version.clone_into(&mut state.version);
    let kept = if lists {
        Kept::Until(i64::MAX)
    } else {
        Kept::NotFound
    };
    state.beside.older = ["events", "alarms", "ips"].map(|list| (list, kept)).into();
}

#[test]
fn what_was_offered_before_and_once_is_not_is_failed_and_read_by_the_next_run() {
    for (path, name) in [
        ("system-log/all", "/system-log"),
        ("stat/anomalies", "/anomalies"),
        ("stat/event", "/events"),
        ("admin-activity", "/admin-activity"),
    ] {
        for answer in [What::not_found(), What::not_allowed()] {
            let (scenario, console) = Scenario::with_console();
            install(&console, "9.3.43", true);
            hour(0, &console);
            scenario.run().exits(0);
            console.advance(TimeDelta::hours(1));
            hour(1_000, &console);
            console.fault(Fault::on(path, answer));
            scenario.run().exits(3);
            let report = scenario.newest_report();
            let line = source(&report, name);
            assert_eq!(line["outcome"], "failed", "{line:#}");
            assert!(
                line["reason"].as_str().unwrap().contains("offered it before"),
                "{line:#}"
            );
            assert!(!scenario.newest("txt").contains("All clear"));
            console.behave();
            scenario.run().exits(0);
            assert_eq!(scenario.told().len(), 20, "{name}");
            archive::audit(&scenario.reports);
        }
    }
}

#[test]
fn what_was_never_offered_is_asked_for_again_after_a_day() {
    let (scenario, console) = Scenario::with_console();
    console.fault(Fault::on("stat/anomalies", What::not_found()));
    scenario.run().exits(0);
    for (hours, more) in [(1, 0), (5, 0), (19, 1)] {
        let before = console.asked("stat/anomalies");
        console.behave();
        console.advance(TimeDelta::hours(hours));
        let now = console.now().to_rfc3339();
        scenario.does(&["run", "--now", &now]).exits(0);
        assert_eq!(console.asked("stat/anomalies") - before, more, "{hours}");
    }
    assert_eq!(
        source(&scenario.newest_report(), "/anomalies")["outcome"],
        "empty"
    );
    // From then on it is known to be offered: once denied, it is failed.
    console.fault(Fault::on("stat/anomalies", What::not_found()));
    console.advance(TimeDelta::hours(1));
    let now = console.now().to_rfc3339();
    scenario.does(&["run", "--now", &now]).exits(3);
    assert_eq!(
        source(&scenario.newest_report(), "/anomalies")["outcome"],
        "failed"
    );
}

#[test]
fn a_console_that_was_read_with_its_key_and_denies_its_sites_is_starting_up() {
    let (scenario, console) = Scenario::with_console();
    console.fault(Fault::on("/self/sites", What::not_found()));
    scenario.run().exits(78).says("API key");
    console.behave();
    scenario.run().exits(0);
    console.fault(Fault::on("/self/sites", What::not_found()));
    scenario.run().exits(69).says("starting up").never_says("API key");
}

#[test]
fn a_console_that_is_set_back_tells_nothing_of_its_lists_twice() {
    let (scenario, console) = Scenario::with_console();
    let mut wanted = 0;
    for (number, (version, lists)) in (0..).zip([
        ("9.3.43", true),
        ("10.3.58", false),
        ("9.3.43", true),
        ("8.6.9", true),
    ]) {
        install(&console, version, lists);
        hour(1_000 * number, &console);
        scenario.run().exits(0);
        wanted += 10;
        console.advance(TimeDelta::hours(1));
    }
    // Those that the list took in while nobody asked for it are counted, and none is twice.
    let told = scenario.told();

    assert_eq!(told.len(), wanted);
    assert!(told.windows(2).all(|two| two[0] != two[1]), "{told:?}");
    archive::audit(&scenario.reports);
}

#[test]
fn a_log_that_does_not_reach_back_to_the_lists_it_replaces_says_what_may_have_been_lost() {
    let (scenario, console) = Scenario::with_console();
    console.state().has_log = false;
    "7.5.187".clone_into(&mut console.state().version);
    hour(0, &console);
    scenario.run().exits(0);
    console.advance(TimeDelta::days(3));
    // Made before the upgrade: the list still shows them, and the log begins after it.
    let at = console.now() - TimeDelta::days(2);
    console.list("events", [Row::listed(900, at, "EVT_WU_Connected", &json!({}))]);
    console.state().has_log = true;
    install(&console, "10.0.162", true);
    hour(1_000, &console);
    scenario.run().exits(0);
    let warnings = scenario.newest_report()["warnings"].to_string();
    assert!(warnings.contains("may have been lost"), "{warnings}");
    // The list answers once more, and what it alone shows is counted.
    assert_eq!(scenario.told().len(), 5 + 1 + 5 + 5);
    archive::audit(&scenario.reports);
}
