//! What a checkpoint keeps is bounded, whatever happened, and what matters most is kept longest.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

use crate::model::window::Window;
use crate::state::failures::{self, CLOSED, FailureState, MOST, OpenFailure};
use crate::state::ledger::Ledger;
use crate::state::schema::{ATTEMPTS, Checkpoint, CommittedRun, MOST_RUNS, RUNS};
use crate::state::spans::Standing;

fn at(hours: u64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::hours(i64::try_from(hours).unwrap())
}

fn committed(run: u64) -> CommittedRun {
    CommittedRun {
        report_id: format!("{run:064x}"),
        generated_at: at(run),
        path: format!("2026/11/report-{run:06}-20261120T060000Z"),
        findings: run,
        severe: 0,
        window: Window::empty_at(at(run)),
    }
}

fn failure(run: u64, state: FailureState) -> OpenFailure {
    OpenFailure {
        run: Some(run),
        instance: None,
        attempt_id: String::new(),
        stage: "deliver".to_owned(),
        subject: "webhook".to_owned(),
        reason: "refused".to_owned(),
        attempts: 1,
        first: at(run),
        last: at(run),
        next_try: None,
        state,
    }
}

proptest! {
    #[test]
    fn pruning_keeps_within_bounds_what_is_newest_and_changes_nothing_the_second_time(
        runs in 0_u64..300, settled in prop::collection::btree_set(1_u64..300, 0..300), told in 0_usize..200,
        closed in prop::collection::vec(any::<bool>(), 0..600),
    ) {
        let mut checkpoint = Checkpoint::empty("ab".repeat(16), at(0));
        checkpoint.run = runs;
        let mut ledger = Ledger::starting_at(1);
        for run in 1..=runs {
            checkpoint.runs.insert(run, committed(run));
            ledger.owe(run);
            if settled.contains(&run) {
                ledger.settle(run, Standing::Accepted);
            }
        }
        let owed: std::collections::BTreeSet<u64> = ledger.needs().collect();
        checkpoint.ledgers.insert("webhook".to_owned(), ledger);
        checkpoint.to_tell = (0..told).map(|n| format!("sentence {n}")).collect();
        for (run, is_closed) in (1..).zip(&closed) {
            let state = if *is_closed { FailureState::Dead } else { FailureState::Pending };
            checkpoint.failures.push(failure(run, state));
        }
        let before = checkpoint.clone();
        checkpoint.prune();

        prop_assert!(checkpoint.runs.len() <= MOST_RUNS);
        let newest: Vec<_> = before.runs.keys().rev().take(RUNS).collect();
        prop_assert!(newest.iter().all(|run| checkpoint.runs.contains_key(run)));
        prop_assert_eq!(&checkpoint.needed_runs(&checkpoint.instance), &owed, "what is owed is the ledger's to say");

        let count = |state: FailureState| checkpoint.failures.iter().filter(|known| known.state == state).count();
        prop_assert!(checkpoint.failures.len() <= MOST && count(FailureState::Dead) <= CLOSED);
        let open = closed.iter().filter(|closed| !**closed).count();
        prop_assert!(count(FailureState::Pending) >= open.min(MOST - CLOSED));

        prop_assert!(checkpoint.to_tell.len() <= 33);
        prop_assert_eq!(checkpoint.to_tell.first(), before.to_tell.first());
        prop_assert_eq!(checkpoint.to_tell.last(), before.to_tell.last());

        let once = checkpoint.clone();
        checkpoint.prune();
        prop_assert_eq!(checkpoint, once);
    }

    #[test]
    fn of_a_year_of_failures_the_open_ones_are_kept_before_the_closed(closed in 0_usize..400, open in 0_usize..200) {
        let mut all: Vec<OpenFailure> = Vec::new();
        for run in 0..closed.max(open) {
            let run = u64::try_from(run).unwrap();
            if run < u64::try_from(open).unwrap() {
                all.push(failure(run, FailureState::Pending));
            }
            if run < u64::try_from(closed).unwrap() {
                all.push(failure(run, FailureState::Resolved));
            }
        }
        failures::prune(&mut all);
        let pending = all.iter().filter(|known| known.state == FailureState::Pending).count();
        prop_assert_eq!(pending, open);
        prop_assert_eq!(all.len() - pending, closed.min(CLOSED));
    }
}

#[test]
fn attempts_that_die_for_a_year_leave_a_few_sentences_and_the_first_of_them() {
    let mut checkpoint = Checkpoint::empty("ab".repeat(16), at(0));
    checkpoint.to_tell.push("The state was restored.".to_owned());
    for hour in 0..8760 {
        checkpoint
            .to_tell
            .push(format!("The attempt of {} died.", at(hour)));
        checkpoint.prune();
    }
    let told = &checkpoint.to_tell;
    assert!(told.len() <= ATTEMPTS + 1, "{}", told.len());
    assert_eq!(told[0], "The state was restored.");
    assert_eq!(told[told.len() - 1], format!("The attempt of {} died.", at(8759)));
    assert_eq!(
        told.iter()
            .filter(|line| line.starts_with("More happened"))
            .count(),
        1
    );
}
