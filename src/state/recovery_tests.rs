//! A checkpoint that is lost, damaged or older than it should be: no number is used twice, nothing owed is lost.

use std::os::unix::fs::PermissionsExt as _;

use crate::disk::Dir;
use crate::state::lived_in::{commit_run, lived_in, now, put, recovers, run_once, store};
use crate::state::load::{Arrival, Live, load};
use crate::state::outbox::{self, Draft};
use crate::state::seal::seal;
use crate::state::spans::Standing;
use crate::state::{BAK, CHECKPOINT};

#[test]
fn a_lost_checkpoint_is_no_first_run_whatever_else_is_left() {
    let (_temp, dir, _) = lived_in();
    dir.remove(CHECKPOINT).unwrap();
    assert!(recovers(&dir, 6).contains("is lost"));
    dir.remove(BAK).unwrap();
    let told = load(&dir, now()).unwrap_err().to_string();
    assert!(
        told.contains(".seen-") && told.contains(".outbox/000001") && told.contains("state restore"),
        "{told}"
    );
    for trace in [
        "history.jsonl",
        ".last_run.json.corrupt-x",
        "2026/11/report-000001-20261120T060000Z.json",
        ".outbox/000001/x",
        ".seen-4",
    ] {
        let temp = tempfile::tempdir().unwrap();
        let dir = Dir::open(temp.path()).unwrap();
        dir.create_dirs("2026/11").unwrap();
        dir.create_dirs(".outbox/000001").unwrap();
        dir.create_dirs(".state-backups").unwrap();
        put(&dir, "2026/11/adhoc-20261120T060000Z-abcdef01.json", b"{}");
        if !trace.starts_with(".outbox") {
            dir.remove_dir(".outbox/000001").unwrap();
            assert_eq!(load(&dir, now()).unwrap().arrival, Arrival::FirstRun);
        }
        put(&dir, trace, b"{}");
        assert_eq!(load(&dir, now()).unwrap_err().code(), 65, "{trace}");
    }
}

#[test]
fn killed_before_the_first_commit_the_next_is_a_first_run_again() {
    let temp = tempfile::tempdir().unwrap();
    let dir = Dir::open(temp.path()).unwrap();
    let _store = store(&dir);
    crate::state::running::Running::begin(&dir, "a", "run", now()).unwrap();
    dir.probe().unwrap();
    dir.write_temp(CHECKPOINT, b"half").unwrap();
    let loaded = load(&dir, now()).unwrap();
    assert_eq!((loaded.arrival, loaded.live), (Arrival::FirstRun, Live::Absent));
}

#[test]
fn a_recovery_uses_no_number_twice_and_loses_nothing_owed() {
    let (_temp, dir, _) = lived_in();
    // One more run reaches its commit, then the live file is damaged.
    let mut store = store(&dir);
    let mut checkpoint = store.load(now()).unwrap().checkpoint;
    commit_run(&mut store, &mut checkpoint);
    drop(store);
    put(&dir, CHECKPOINT, b"{");
    let mut store = self::store(&dir);
    let mut loaded = store.load(now()).unwrap();
    assert_eq!(
        dir.read(CHECKPOINT, 9).unwrap().unwrap(),
        b"{",
        "load writes nothing"
    );
    store.tidy(&loaded.checkpoint, now()).unwrap();
    assert_eq!(
        outbox::runs(&dir).unwrap(),
        [1, 2, 3, 4],
        "nothing is removed before the numbers are recorded"
    );
    store.secure(&mut loaded, now()).unwrap();
    let recovered = &loaded.checkpoint;
    assert_eq!(
        (recovered.run, recovered.next_run()),
        (3, 5),
        "run 4 is superseded"
    );
    assert!(
        recovered.generation > checkpoint.generation,
        "{}",
        recovered.generation
    );
    assert_eq!(recovered.ledgers["hook"].needs().collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(recovered.recovered_from, Some(7));
    assert!(
        recovered.to_tell[0].contains("run 4 is superseded"),
        "{:?}",
        recovered.to_tell
    );
    assert!(recovered.sources[0].epoch > 7, "above all that was used");
    store.tidy(recovered, now()).unwrap();
    assert_eq!(outbox::runs(&dir).unwrap(), [1, 2, 3]);
    assert_eq!(load(&dir, now()).unwrap().arrival, Arrival::Known);
    let mut file = recovered.ledgers["file"].clone();
    file.owe(5);
    file.settle(5, Standing::Accepted);
    assert_eq!(file.last_contiguous, 5);
}

#[test]
fn an_older_checkpoint_copied_back_by_hand_is_noticed() {
    let (_temp, dir, first) = lived_in();
    let old = dir.read(CHECKPOINT, 1 << 20).unwrap().unwrap();
    let mut store = store(&dir);
    let mut checkpoint = first;
    store.load(now()).unwrap();
    run_once(&mut store, &mut checkpoint);
    run_once(&mut store, &mut checkpoint);
    put(&dir, CHECKPOINT, &old);
    let loaded = load(&dir, now()).unwrap();
    assert!(
        matches!(
            loaded.arrival,
            Arrival::Recovered {
                from_generation: 7,
                ..
            }
        ),
        "{:?}",
        loaded.arrival
    );
    assert_eq!(loaded.checkpoint.next_run(), 6);
    assert!(loaded.checkpoint.next_generation() > checkpoint.generation);
    assert!(store.check().is_err(), "and the run it happens to stops");
    assert_eq!(store.commit(&mut checkpoint).unwrap_err().code(), 73);
    assert_eq!(
        dir.read(CHECKPOINT, 1 << 20).unwrap().unwrap(),
        old,
        "nothing replaced"
    );
}

#[test]
fn two_files_of_the_same_bytes_are_a_copy_by_hand_and_two_names_of_one_file_a_death() {
    let (_temp, dir, checkpoint) = lived_in();
    dir.remove(BAK).unwrap();
    dir.link(CHECKPOINT, BAK).unwrap();
    assert_eq!(load(&dir, now()).unwrap().arrival, Arrival::Known);
    let bytes = dir.read(CHECKPOINT, 1 << 20).unwrap().unwrap();
    dir.replace(BAK, &bytes).unwrap();
    assert!(recovers(&dir, checkpoint.generation).contains("is a copy of the one before"));
    let next = load(&dir, now()).unwrap().checkpoint;
    assert_eq!(next.next_run(), checkpoint.next_run(), "nobody staged another");
    assert!(
        next.next_generation() > checkpoint.next_generation(),
        "one was committed at least"
    );
}

#[test]
fn a_dead_attempt_s_leavings_are_neither_a_recovery_nor_kept() {
    let (_temp, dir, checkpoint) = lived_in();
    Draft::begin(&dir, &outbox::path_of(checkpoint.next_run()), "dead")
        .unwrap()
        .write(outbox::REPORT, b"{}")
        .unwrap();
    put(&dir, &format!(".seen-{}", checkpoint.next_generation()), b"x");
    let temp = dir.write_temp(CHECKPOINT, b"half").unwrap();
    let mut store = store(&dir);
    let loaded = store.load(now()).unwrap();
    assert_eq!(loaded.arrival, Arrival::Known);
    store.tidy(&loaded.checkpoint, now()).unwrap();
    assert_eq!(outbox::runs(&dir).unwrap(), [1, 2, 3]);
    assert_eq!(dir.identity(&temp).unwrap(), None);
    let kept = checkpoint.sidecar.unwrap().name;
    let seen: Vec<String> = dir
        .list("")
        .unwrap()
        .into_iter()
        .map(|e| e.name)
        .filter(|n| n.starts_with(".seen"))
        .collect();
    assert_eq!(seen, [kept]);
}

#[test]
fn the_outbox_stays_until_the_bak_needs_it_no_more() {
    let (_temp, dir, _) = lived_in();
    let mut store = store(&dir);
    let mut checkpoint = store.load(now()).unwrap().checkpoint;
    for run in 1..=3 {
        checkpoint
            .ledgers
            .get_mut("hook")
            .unwrap()
            .settle(run, Standing::Accepted);
    }
    store.commit(&mut checkpoint).unwrap();
    store.tidy(&checkpoint, now()).unwrap();
    assert_eq!(outbox::runs(&dir).unwrap(), [1, 2, 3], ".bak still owes them");
    store.commit(&mut checkpoint).unwrap();
    store.tidy(&checkpoint, now()).unwrap();
    assert!(outbox::runs(&dir).unwrap().is_empty());
}

#[test]
fn a_checkpoint_that_may_not_be_read_is_left_alone() {
    if rustix::process::geteuid().is_root() {
        return;
    }
    let (_temp, dir, _) = lived_in();
    let closed = std::fs::Permissions::from_mode(0o000);
    std::fs::set_permissions(dir.path().join(CHECKPOINT), closed).unwrap();
    let told = load(&dir, now()).unwrap_err();
    assert!(
        told.code() == 65 && told.to_string().contains("it belongs to"),
        "{told}"
    );
}

#[test]
fn a_year_of_hourly_runs_keeps_the_checkpoint_small() {
    let (_temp, _dir, mut checkpoint) = lived_in();
    let hour = now().timestamp() / 3600;
    for run in 4..=8760 {
        checkpoint.run = run;
        let facts = checkpoint.runs.last_key_value().unwrap().1.clone();
        checkpoint.runs.insert(run, facts);
        for (channel, ledger) in &mut checkpoint.ledgers {
            ledger.owe(run);
            // The hook is down for the last week, and every try leaves a trace of its own.
            if channel == "file" || run < 8760 - 168 {
                for owed in ledger.due(now(), true) {
                    ledger.settle(owed, Standing::Accepted);
                }
            } else if let Some(debt) = ledger.between.debt_mut(run) {
                debt.attempts = run;
                debt.since = Some(now());
                debt.reason = Some(format!(
                    "connection refused by hook.example:443 for the {run}th time"
                ));
            }
        }
        let position = &mut checkpoint.sources[0].position;
        position.hours.insert(hour + i64::try_from(run).unwrap(), 1234);
        while position.hours.len() > 48 {
            position.hours.pop_first();
        }
        checkpoint.prune();
    }
    let bytes = seal(&checkpoint).unwrap().0.len();
    assert!(checkpoint.ledgers["hook"].owed() >= 168);
    assert!(
        bytes < 96 * 1024,
        "{bytes}: room for attempts and the memory of findings is left"
    );
}
