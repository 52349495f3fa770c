//! A signal or the end of `--max-runtime` in the middle of a run: what was proved is committed, the
//! session is closed, and the next run resumes.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use rustix::process::Signal;

use crate::archive;
use crate::child::Ran;
use crate::console::Console;
use crate::console::fault::{Fault, What};
use crate::console::row::series;
use crate::scenario::Scenario;

/// These tests may themselves run under `nohup`, which what they start would inherit.
const DEAF_TO_NOTHING: &str =
    "exec $(env --default-signal=HUP true 2>/dev/null && echo env --default-signal=HUP)";

/// A console with 5,000 rows, read with a login.
fn busy() -> (Scenario, Console) {
    let console = Console::start();
    console.add(series(
        0,
        5_000,
        console.now() - TimeDelta::hours(20),
        TimeDelta::seconds(12),
    ));
    (Scenario::new().controller(&console).password(), console)
}

/// What holds after such an end: logged out, nothing told twice, and the next run tells the rest.
#[track_caller]
fn resumes(scenario: &Scenario, console: &Console, code: i32, ran: &Ran) {
    let state = console.state();
    assert_eq!(
        (state.logins, state.sessions.len()),
        (1, 0),
        "it did not log out: {ran}"
    );
    drop(state);
    let history = scenario.history();
    assert_eq!(history.last().unwrap()["exit_code"], code, "{history:#?}");
    archive::audit(&scenario.reports);
    console.behave();
    scenario.run().exits(0);
    scenario.told_exactly(console);
}

#[track_caller]
fn ends_with(signal: Signal, code: i32, path: &str, after: usize) {
    let (scenario, console) = busy();
    console.fault(Fault::on(path, What::Hang).after(after));
    let run = scenario.start_shell(&format!("{DEAF_TO_NOTHING} \"$0\" run"), &[]);
    console.wait_until("the request that hangs", |state| state.asked(path) > after);
    run.signal(signal);
    let ran = run.wait().exits(code);
    resumes(&scenario, &console, code, &ran);
}

#[test]
fn sigterm_in_the_middle_of_the_log_is_143() {
    ends_with(Signal::TERM, 143, "system-log/all", 30);
}

#[test]
fn sigint_at_the_first_page_is_130() {
    ends_with(Signal::INT, 130, "system-log/all", 0);
}

#[test]
fn sighup_at_the_devices_is_129() {
    ends_with(Signal::HUP, 129, "stat/device", 0);
}

#[test]
fn sigterm_before_the_sites_are_known_is_143() {
    ends_with(Signal::TERM, 143, "self/sites", 0);
}

#[test]
fn a_run_under_nohup_outlives_its_terminal_and_still_hears_the_others() {
    for (signal, code) in [(None, 0), (Some(Signal::TERM), 143), (Some(Signal::INT), 130)] {
        let (scenario, console) = busy();
        console.fault(Fault::on("stat/device", What::Hold));
        let run = scenario.start_shell("trap '' HUP; exec \"$0\" run", &[]);
        console.wait_for_path("stat/device");
        run.signal(Signal::HUP);
        run.signal(Signal::HUP);
        if let Some(signal) = signal {
            run.signal(signal);
        } else {
            console.behave();
        }
        let ran = run.wait().exits(code);
        console.behave();
        if code == 0 {
            scenario.told_exactly(&console);
        } else {
            resumes(&scenario, &console, code, &ran);
        }
    }
}

#[test]
fn what_was_proved_before_a_signal_is_committed_and_not_read_again() {
    let (scenario, console) = busy();
    console.fault(Fault::on("system-log/all", What::Hang).after(40));
    let run = scenario.start(&["run"]);
    console.wait_until("the request that hangs", |state| {
        state.asked("system-log/all") > 40
    });
    run.signal(Signal::TERM);
    let ran = run.wait().exits(143);
    let report = scenario.does(&["state", "show"]);
    assert!(
        scenario.checkpoint()["run"].as_u64() == Some(1),
        "what was proved is committed: {ran}\n{report}"
    );
    console.behave();
    scenario.run().exits(0);
    scenario.told_exactly(&console);
}

#[test]
fn the_end_of_max_runtime_is_124_and_what_was_proved_is_kept() {
    let (scenario, console) = busy();
    console.fault(Fault::on("system-log/all", What::Hang).after(30));
    let ran = scenario.does(&["run", "--max-runtime", "5s"]).exits(124);
    resumes(&scenario, &console, 124, &ran);
}

#[test]
fn an_answer_that_drips_does_not_outlive_max_runtime() {
    let (scenario, console) = busy();
    console.fault(Fault::on("system-log/all", What::Drip));
    let ran = scenario.does(&["run", "--max-runtime", "3s"]).exits(124);
    resumes(&scenario, &console, 124, &ran);
}

#[test]
fn a_console_that_answers_nothing_more_does_not_keep_a_run_that_was_told_to_end() {
    let (scenario, console) = busy();
    console.fault(Fault::on("system-log/all", What::Hang).after(5));
    console.fault(Fault::on("/api/auth/logout", What::Hang));
    let run = scenario.start(&["run"]);
    console.wait_until("the request that hangs", |state| {
        state.asked("system-log/all") > 5
    });
    let told = Instant::now();
    run.signal(Signal::TERM);
    let ran = run.wait().exits(143);
    assert!(
        told.elapsed() < Duration::from_secs(8),
        "the contract's 8 s: {ran}"
    );
    console.behave();
    scenario.run().exits(0);
    scenario.told_exactly(&console);
}

#[test]
fn a_second_signal_does_not_wait_for_the_console() {
    let (scenario, console) = busy();
    console.fault(Fault::on("system-log/all", What::Hang));
    console.fault(Fault::on("/api/auth/logout", What::Hang));
    let run = scenario.start(&["run"]);
    console.wait_for_path("system-log/all");
    run.signal(Signal::TERM);
    console.wait_for_path("/api/auth/logout");
    run.signal(Signal::TERM);
    let ran = run.wait();
    assert!(!ran.status.success(), "{ran}");
    console.behave();
    scenario.run().exits(0);
    scenario.told_exactly(&console);
}
