//! The clock of the host the scan runs on: it goes where it wants, and no report depends on it.

use chrono::{DateTime, TimeDelta, Utc};

use crate::child::Ran;
use crate::console::Console;
use crate::console::row::series;
use crate::receiver::{Manner, Receiver};
use crate::scenario::Scenario;
use crate::webhook::{hooked, world};

/// The steps a host's clock takes between hourly runs, beside the hours that pass.
fn steps() -> [(&'static str, Vec<TimeDelta>); 6] {
    let hour = TimeDelta::hours(1);
    let decade = TimeDelta::days(3653);
    [
        ("an hour back", vec![-hour]),
        ("an hour ahead", vec![hour]),
        ("back and ahead again", vec![-hour, hour]),
        ("ten years ahead", vec![decade]),
        ("ten years ahead and back", vec![decade, -decade]),
        ("twenty years back and ahead", vec![-decade * 2, decade * 2]),
    ]
}

/// A host and a console whose clocks agree at first.
struct Host {
    scenario: Scenario,
    console: Console,
    now: DateTime<Utc>,
    rows: u64,
}

impl Host {
    fn new(scenario: Scenario, console: Console) -> Self {
        let now = console.now();
        Self {
            scenario,
            console,
            now,
            rows: 10_000,
        }
    }

    /// An hour passes on both clocks, in which five rows appear.
    fn hour(&mut self) {
        self.console
            .add(series(self.rows, 5, self.console.now(), TimeDelta::minutes(10)));
        self.rows += 5;
        self.console.advance(TimeDelta::hours(1));
        self.now += TimeDelta::hours(1);
    }

    fn run(&self) -> Ran {
        self.scenario.does(&["run", "--now", &self.now.to_rfc3339()])
    }
}

#[test]
fn a_host_clock_that_steps_loses_nothing_repeats_nothing_and_refuses_nothing() {
    for (what, steps) in steps() {
        println!("{what}");
        let (scenario, console) = Scenario::with_console();
        let mut host = Host::new(scenario, console);
        host.hour();
        host.run().exits(0);
        for step in steps {
            host.now += step;
            for _ in 0..3 {
                host.hour();
                host.run().exits(0).never_says("lost").never_says("recovered");
                host.scenario.does(&["state", "verify"]).exits(0);
            }
        }
        host.scenario.told_exactly(&host.console);
        let numbers: Vec<u64> = host.scenario.reports().into_keys().collect();
        assert!(
            numbers.iter().copied().eq(1..=numbers.len() as u64),
            "{numbers:?}"
        );
    }
}

fn scenario_owes(scenario: &Scenario) -> bool {
    let ledgers = &scenario.checkpoint()["ledgers"];
    ledgers["webhook"]["last_contiguous"] != scenario.checkpoint()["run"]
}

/// Runs whose message is refused while the clock jumps; then the receiver takes what comes.
fn owing_while_it_steps(manner: &Manner, steps: Vec<TimeDelta>) -> (Host, Receiver) {
    let (scenario, console, receiver) = world();
    let mut host = Host::new(scenario, console);
    receiver.manner(manner.clone());
    host.run().exits(3);
    for step in steps {
        host.now += step;
        host.hour();
        host.run().exits(3);
    }
    receiver.manner(Manner::Says(200));
    (host, receiver)
}

#[test]
fn what_is_owed_while_the_clock_steps_is_delivered_and_not_given_up() {
    for (what, steps) in steps() {
        for (manner, hours) in [(Manner::Says(404), 7), (Manner::Says(503), 1)] {
            println!("{what}, {manner:?}");
            let (mut host, receiver) = owing_while_it_steps(&manner, steps.clone());
            // A permanent refusal is asked again after six hours, any other by the next run.
            let mut waited = 0;
            while scenario_owes(&host.scenario) {
                waited += 1;
                assert!(
                    waited <= hours,
                    "{what}, {manner:?}: not delivered after {hours} h"
                );
                host.hour();
                host.run().exits_one_of(&[0, 3]);
            }
            let newest = host.scenario.checkpoint()["run"].as_u64().unwrap();
            receiver.has_all(1, newest);
            let keys: Vec<_> = receiver.got().into_iter().filter(|got| got.accepted).collect();
            let sent: usize = keys.iter().map(|got| got.runs().len()).sum();
            assert_eq!(sent as u64, newest, "{what}: each run once");
            host.scenario.told_exactly(&host.console);
        }
    }
}

#[test]
fn both_nights_on_which_clocks_change_are_nights_like_any_other() {
    // In Berlin and in New York: the hour that is left out, and the one that comes twice.
    let nights = [
        ("Europe/Berlin", "2026-03-28T22:00:00Z"),
        ("Europe/Berlin", "2026-10-24T22:00:00Z"),
        ("America/New_York", "2026-03-08T04:00:00Z"),
        ("America/New_York", "2026-11-01T03:00:00Z"),
    ];
    for (zone, evening) in nights {
        println!("{zone} from {evening}");
        let console = Console::start();
        console.state().now = evening.parse::<DateTime<Utc>>().unwrap().timestamp_millis();
        console.state().retention_days = None;
        zone.clone_into(&mut console.state().timezone);
        let receiver = Receiver::start();
        let scenario = hooked(Scenario::new().controller(&console), &receiver).env("TZ", zone);
        let mut host = Host::new(scenario, console);
        for _ in 0..7 {
            host.hour();
            host.run().exits(0).never_says("lost");
        }
        host.scenario.told_exactly(&host.console);
        receiver.has_all(1, 7);
        assert_eq!(receiver.got().len(), 7);
    }
}
