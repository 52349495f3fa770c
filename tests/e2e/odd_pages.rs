//! Consoles that bend the rules of paging: what they show is read whole, or the run says that it was not.

use chrono::TimeDelta;

use crate::console::row::{Row, series};
use crate::console::{Bounds, Console, Manner};
use crate::scenario::{Scenario, source};

/// 450 rows over nine hours.
fn rows(console: &Console) -> Vec<Row> {
    series(
        0,
        450,
        console.now() - TimeDelta::hours(10),
        TimeDelta::seconds(72),
    )
}

/// Runs against this manner; the run is whole, or says that it is not and the next one on a console that
/// behaves makes up for it. In no case is a row told twice.
#[track_caller]
fn whole_or_said_so(manner: Manner) {
    let (scenario, console) = Scenario::with_console();
    console.add(rows(&console));
    console.manner(manner);
    let ran = scenario.run().exits_one_of(&[0, 3]);
    if ran.code() == Some(3) {
        let report = scenario.newest_report();
        let log = source(&report, "system-log");
        assert!(
            matches!(log["outcome"].as_str(), Some("partial" | "failed")),
            "{log:#}"
        );
        assert!(
            log["reason"].as_str().is_some_and(|reason| !reason.is_empty()),
            "{log:#}"
        );
        assert!(
            scenario.newest("txt").to_lowercase().contains("system-log"),
            "the text names it"
        );
        console.behave();
        console.advance(TimeDelta::minutes(10));
        scenario.run().exits(0);
    }
    scenario.told_exactly(&console);
}

/// Runs against this manner, which a good client copes with.
#[track_caller]
fn whole(manner: Manner) {
    let (scenario, console) = Scenario::with_console();
    console.add(rows(&console));
    console.manner(manner);
    scenario.run().exits(0);
    scenario.told_exactly(&console);
    assert_eq!(
        source(&scenario.newest_report(), "system-log")["outcome"],
        "complete"
    );
}

#[test]
fn a_console_that_clamps_pages_is_read_whole() {
    for cap in [50, 10] {
        whole(Manner {
            page_cap: Some(cap),
            ..Manner::default()
        });
    }
}

#[test]
fn exclusive_bounds_lose_nothing() {
    whole(Manner {
        bounds: Bounds::Exclusive,
        ..Manner::default()
    });
}

#[test]
fn rows_sent_twice_are_told_once() {
    whole(Manner {
        doubles: true,
        ..Manner::default()
    });
}

#[test]
fn a_console_that_ignores_the_page_number_is_read_whole_by_time() {
    whole(Manner {
        ignores_page_number: true,
        ..Manner::default()
    });
}

#[test]
fn a_console_that_ignores_the_bounds_is_read_by_pages_and_filtered_here() {
    let (scenario, console) = Scenario::with_console();
    console.add(rows(&console));
    let old = series(5000, 80, console.now() - TimeDelta::days(20), TimeDelta::hours(3));
    console.add(old);
    console.manner(Manner {
        ignores_bounds: true,
        ..Manner::default()
    });
    scenario.run().exits_one_of(&[0, 3]);
    let told = scenario.told();
    assert!(told.windows(2).all(|two| two[0] != two[1]), "nothing twice");
    let wanted: Vec<String> = rows(&console).into_iter().map(|row| row.id).collect();
    assert!(
        told.iter().all(|id| wanted.contains(id)),
        "rows before the window are not told"
    );
    let log = source(&scenario.newest_report(), "system-log").clone();
    assert!(
        told.len() == wanted.len() || log["outcome"] == "partial" || log["outcome"] == "failed",
        "{log:#}"
    );
    let said = format!("{} {}", log["reason"], scenario.newest_report()["warnings"]);
    assert!(said.contains("bounds of time"), "it says so: {said}");
    scenario.audit(&console);
}

#[test]
fn a_console_that_ignores_bounds_and_page_number_is_not_believed() {
    whole_or_said_so(Manner {
        ignores_bounds: true,
        ignores_page_number: true,
        ..Manner::default()
    });
}

#[test]
fn bare_arrays_are_read_whole_or_said_to_be_unproved() {
    whole_or_said_so(Manner {
        bare_arrays: true,
        ..Manner::default()
    });
}

#[test]
fn totals_that_grow_with_every_answer_prove_nothing() {
    whole_or_said_so(Manner {
        totals_grow: 3,
        ..Manner::default()
    });
}

#[test]
fn oldest_first_is_read_whole_or_said_so() {
    whole_or_said_so(Manner {
        oldest_first: true,
        ..Manner::default()
    });
}

#[test]
fn rows_that_arrive_between_two_pages_are_told_once() {
    let (scenario, console) = Scenario::with_console();
    console.add(rows(&console));
    let now = console.now();
    console.state().arrivals = (0..8_u8)
        .map(|n| {
            let time = now - TimeDelta::hours(i64::from(n)) - TimeDelta::minutes(11);
            (usize::from(1 + n % 4), Row::new(1000 + u64::from(n), time))
        })
        .collect();
    scenario.run().exits_one_of(&[0, 3]);
    console.advance(TimeDelta::minutes(30));
    scenario.run().exits(0);
    scenario.told_exactly(&console);
}

#[test]
fn an_answer_that_asks_for_patience_is_asked_for_again() {
    use crate::console::fault::{Fault, What};
    let (scenario, console) = Scenario::with_console();
    let scenario = scenario.hasty();
    console.add(rows(&console));
    console.fault(Fault::on("system-log/all", What::bad_gateway()).after(2).times(1));
    console.fault(Fault::on("system-log/all", What::CutOff).after(3).times(1));
    console.fault(Fault::on("stat/device", What::Nothing).times(1));
    scenario.run().exits(0);
    scenario.told_exactly(&console);
}
