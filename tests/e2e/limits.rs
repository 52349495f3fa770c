//! Errors of the system at one call after another, by limits that need nothing but a shell: no write beyond so many
//! blocks, no more open files than so many. Whatever fails, nothing is lost and nothing told twice on either channel.

use std::collections::BTreeSet;
use std::fs;

use chrono::TimeDelta;

use crate::archive;
use crate::console::Console;
use crate::console::row::series;
use crate::receiver::Receiver;
use crate::scenario::Scenario;

/// Runs under one limit after another, with new rows before each; the codes they ended with.
fn limited(limits: &[String], codes: &[i32]) -> BTreeSet<i32> {
    let (scenario, console) = Scenario::with_console();
    let receiver = Receiver::start();
    let scenario = scenario.env("UNIFI_WEBHOOK_URL", &receiver.url());
    let mut ended = BTreeSet::new();
    let mut first = 0;
    scenario.run().exits(0);
    for limit in limits {
        next_rows(&console, &mut first);
        let script = format!("trap '' XFSZ; {limit}; exec \"$0\" \"$@\"");
        let ran = scenario.shell(&script, &["run"]).exits_one_of(codes);
        println!("{limit}: {}", ran.said());
        ended.extend(ran.code());
        let live = fs::read(scenario.path(".last_run.json")).unwrap();
        let (computed, written) = archive::self_hash(&live, "checksum");
        assert_eq!(computed, written, "the checkpoint after {ran}");
    }
    next_rows(&console, &mut first);
    scenario.run().exits(0);
    scenario.told_exactly(&console);
    let runs = scenario.checkpoint()["run"].as_u64().unwrap();
    receiver.has_all(1, runs);
    ended
}

fn next_rows(console: &Console, first: &mut u64) {
    console.advance(TimeDelta::hours(1));
    let since = console.now() - TimeDelta::minutes(50);
    console.add(series(*first, 1, since, TimeDelta::zero()));
    *first += 1;
}

#[test]
fn a_write_that_fails_at_any_size_is_74_and_loses_nothing() {
    let limits: Vec<String> = (0..48).map(|blocks| format!("ulimit -f {blocks}")).collect();
    let ended = limited(&limits, &[0, 3, 74]);
    assert!(ended.contains(&74) && ended.contains(&0), "{ended:?}");
}

#[test]
fn a_file_that_cannot_be_opened_is_told_and_loses_nothing() {
    let limits: Vec<String> = (5..20).map(|files| format!("ulimit -n {files}")).collect();
    let ended = limited(&limits, &[0, 3, 65, 69, 73, 74]);
    assert!(ended.contains(&73) && ended.contains(&0), "{ended:?}");
}
