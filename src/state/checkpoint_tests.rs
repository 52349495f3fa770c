//! Whatever lies in the checkpoint's place, it is read, replaced by its copy, or refused: never taken for a
//! first run, never a panic, never a wait.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;

use chrono::{DateTime, TimeDelta, Utc};

use crate::disk::Dir;
use crate::model::position::Position;
use crate::model::source::{SourceId, SourceKind};
use crate::model::window::Window;
use crate::state::error::StateError;
use crate::state::ledger::Ledger;
use crate::state::load::{Arrival, Live, load};
use crate::state::lock::RunLock;
use crate::state::outbox::{self, Draft};
use crate::state::schema::{Checkpoint, CommittedRun, KnownController, Sidecar, SourceState};
use crate::state::seal::{Opened, open, seal};
use crate::state::seen::Seen;
use crate::state::spans::Standing;
use crate::state::store::Store;
use crate::state::{BAK, CHECKPOINT};

fn now() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-11-20T06:00:00Z")
        .unwrap()
        .to_utc()
}

fn id() -> SourceId {
    SourceId {
        controller: "0a1b".to_owned(),
        site: "s1".to_owned(),
        kind: SourceKind::SystemLog,
    }
}

fn put(dir: &Dir, rel: &str, bytes: &[u8]) {
    std::fs::File::create(dir.path().join(rel))
        .unwrap()
        .write_all(bytes)
        .unwrap();
}

fn store(dir: &Dir) -> Store {
    Store::open(dir.clone(), RunLock::acquire(dir, None, &|| false).unwrap())
}

/// One run as the product does it: outbox, sidecar, commit, file accepted.
fn run_once(store: &mut Store, checkpoint: &mut Checkpoint) {
    commit_run(store, checkpoint);
    let run = checkpoint.run;
    checkpoint
        .ledgers
        .get_mut("file")
        .unwrap()
        .settle(run, Standing::Accepted);
    checkpoint.note_success(&["file".to_owned()]);
    store.commit(checkpoint).unwrap();
}

fn commit_run(store: &mut Store, checkpoint: &mut Checkpoint) {
    let run = checkpoint.next_run();
    let mut draft = Draft::begin(store.dir(), run).unwrap();
    draft.write(outbox::REPORT, b"{}").unwrap();
    draft.seal().unwrap();
    let mut seen = Seen::load(store.dir(), checkpoint);
    seen.insert("0a1b/s1/sl", &format!("row {run}"), now());
    checkpoint.sidecar = seen.write(store.dir(), checkpoint.next_generation()).unwrap();
    checkpoint.run = run;
    let source = || SourceState {
        id: id(),
        name: "home/default/system-log".to_owned(),
        epoch: 0,
        position: Position::unread(now()),
    };
    checkpoint.source_mut(&id(), source).unwrap().position.watermark = Some(now());
    let facts = CommittedRun {
        report_id: "f".repeat(64),
        generated_at: now() + TimeDelta::hours(i64::try_from(run).unwrap()),
        path: format!("2026/11/report-{run:06}-20261120T060000Z"),
        findings: run,
        severe: 0,
        window: Window::empty_at(now()),
    };
    checkpoint.runs.insert(run, facts);
    for channel in ["file", "hook"] {
        checkpoint
            .ledgers
            .entry(channel.to_owned())
            .or_insert_with(|| Ledger::starting_at(run))
            .owe(run);
    }
    store.commit(checkpoint).unwrap();
}

/// A directory in which three runs were committed.
fn lived_in() -> (tempfile::TempDir, Dir, Checkpoint) {
    let temp = tempfile::tempdir().unwrap();
    let dir = Dir::open(temp.path()).unwrap();
    let mut store = store(&dir);
    let mut loaded = store.load(now()).unwrap();
    assert_eq!(loaded.arrival, Arrival::FirstRun);
    store.secure(&mut loaded, now()).unwrap();
    for _ in 0..3 {
        run_once(&mut store, &mut loaded.checkpoint);
    }
    (temp, dir, loaded.checkpoint)
}

fn recovers(dir: &Dir, from: u64) -> String {
    match load(dir, now()).unwrap().arrival {
        Arrival::Recovered {
            from_generation,
            what,
        } if from_generation == from => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_committed_is_what_is_loaded() {
    let (_temp, dir, checkpoint) = lived_in();
    let loaded = load(&dir, now()).unwrap();
    assert_eq!(loaded.arrival, Arrival::Known);
    assert_eq!(loaded.checkpoint, checkpoint);
    assert_eq!((checkpoint.generation, checkpoint.run), (7, 3));
    assert_eq!(checkpoint.last_report_count, 3);
    let Opened::Valid(bak) = open(&dir.read(BAK, 1 << 20).unwrap().unwrap()) else {
        panic!("no .bak")
    };
    assert_eq!(bak.generation, 6);
    let mode = std::fs::metadata(dir.path().join(CHECKPOINT))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777, 0o640);
}

#[test]
fn the_file_is_readable_and_its_checksum_can_be_checked_by_anyone() {
    let (_temp, dir, checkpoint) = lived_in();
    let text = String::from_utf8(dir.read(CHECKPOINT, 1 << 20).unwrap().unwrap()).unwrap();
    assert!(
        text.starts_with(
            "{\n  \"schema_version\": \"2.0\",\n  \"last_successful_run\": \"2026-11-20T09:00:00Z\","
        ),
        "{text}"
    );
    assert!(
        text.lines()
            .any(|line| line.starts_with("    {\"id\":{\"controller\":\"0a1b\"")),
        "{text}"
    );
    let zeroed = text.replace(&checkpoint.checksum, &"0".repeat(64));
    let sum =
        crate::disk::random::hex(ring::digest::digest(&ring::digest::SHA256, zeroed.as_bytes()).as_ref());
    assert_eq!(sum, checkpoint.checksum);
}

#[test]
fn truncated_at_any_byte_the_copy_is_taken_or_nothing_is_done() {
    let (_temp, dir, _) = lived_in();
    let whole = dir.read(CHECKPOINT, 1 << 20).unwrap().unwrap();
    for length in 0..whole.len() {
        put(&dir, CHECKPOINT, &whole[..length]);
        recovers(&dir, 6);
    }
    dir.remove(BAK).unwrap();
    for length in 0..whole.len() {
        put(&dir, CHECKPOINT, &whole[..length]);
        let told = load(&dir, now()).unwrap_err();
        assert!(matches!(told, StateError::Unreadable(_)), "{told}");
    }
}

#[test]
fn a_flipped_bit_anywhere_is_noticed() {
    let (_temp, dir, _) = lived_in();
    let whole = dir.read(CHECKPOINT, 1 << 20).unwrap().unwrap();
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << bit;
            match open(&flipped) {
                Opened::Valid(_) => panic!("bit {bit} of byte {at}"),
                Opened::Newer(version) => assert!(!version.starts_with('2'), "{version}"),
                Opened::Damaged(why, _) => assert!(!why.is_empty()),
            }
        }
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        put(&dir, CHECKPOINT, &flipped);
        match load(&dir, now()) {
            Ok(loaded) => assert!(matches!(
                loaded.arrival,
                Arrival::Recovered {
                    from_generation: 6,
                    ..
                }
            )),
            Err(error) => assert!(matches!(error, StateError::Newer(_)), "{error}"),
        }
    }
}

#[test]
fn odd_content_is_damage_and_says_what_it_is() {
    let (_temp, dir, _) = lived_in();
    let deep = "[".repeat(100_000);
    let cases: [(&[u8], &str); 10] = [
        (b"", "empty"),
        (&[0; 4096], "zero bytes"),
        (b"[]", "no schema_version"),
        (b"null", "no schema_version"),
        (b"42", "no schema_version"),
        (b"{\"schema_version\": 2}", "no schema_version"),
        (b"{\"schema_version\": \"2.0\"}", "checksum"),
        (b"{\"schema_version\": \"two\"}", "schema_version is"),
        (b"\xff\xfe{}", "not JSON"),
        (deep.as_bytes(), "not JSON"),
    ];
    for (bytes, word) in cases {
        put(&dir, CHECKPOINT, bytes);
        let what = recovers(&dir, 6);
        assert!(what.contains(word) && what.contains("damaged"), "{what}");
    }
    std::fs::File::create(dir.path().join(CHECKPOINT))
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    assert!(recovers(&dir, 6).contains("too large"));
    for version in ["3.0", "3", "17.2"] {
        put(
            &dir,
            CHECKPOINT,
            format!("{{\"schema_version\": \"{version}\"}}").as_bytes(),
        );
        let told = load(&dir, now()).unwrap_err();
        assert_eq!(
            (told.code(), matches!(told, StateError::Newer(_))),
            (65, true),
            "{told}"
        );
    }
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let (_temp, dir, _) = lived_in();
    let path = dir.path().join(CHECKPOINT);
    dir.remove(CHECKPOINT).unwrap();
    let mode = rustix::fs::Mode::from_raw_mode(0o640);
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    assert!(recovers(&dir, 6).contains("not a regular file"));
    dir.remove(CHECKPOINT).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert!(recovers(&dir, 6).contains("not a regular file"));
    // All the way: moved aside, and committed in its place.
    let mut store = store(&dir);
    let mut loaded = store.load(now()).unwrap();
    store.secure(&mut loaded, now()).unwrap();
    assert!(
        dir.path()
            .join(".last_run.json.corrupt-20261120T060000Z")
            .is_dir()
    );
    assert_eq!(load(&dir, now()).unwrap().arrival, Arrival::Known);
    std::os::unix::fs::symlink("elsewhere", dir.path().join("link")).unwrap();
    dir.rename("link", CHECKPOINT).unwrap();
    let told = load(&dir, now()).unwrap_err();
    assert!(
        told.to_string().contains("symlink") && told.code() == 65,
        "{told}"
    );
}

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
    crate::state::running::Running::begin(&dir, "a", now()).unwrap();
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
    assert_eq!(recovered.sources[0].epoch, 1);
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
fn a_dead_attempt_s_leavings_are_neither_a_recovery_nor_kept() {
    let (_temp, dir, checkpoint) = lived_in();
    Draft::begin(&dir, checkpoint.next_run())
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
fn an_edit_is_named_field_by_field() {
    let (_temp, dir, _) = lived_in();
    let text = String::from_utf8(dir.read(CHECKPOINT, 1 << 20).unwrap().unwrap()).unwrap();
    put(
        &dir,
        CHECKPOINT,
        text.replace("\"last_report_count\": 3", "\"last_report_count\": 9")
            .as_bytes(),
    );
    let what = recovers(&dir, 6);
    assert!(
        what.contains("last_report_count") && what.contains("state accept FILE"),
        "{what}"
    );
}

#[test]
fn fields_of_a_later_2_x_are_no_damage() {
    let (mut bytes, checksum) = seal(&Checkpoint::empty("ab".repeat(16), now())).unwrap();
    let text = String::from_utf8(bytes)
        .unwrap()
        .replacen("\"2.0\"", "\"2.7\"", 1)
        .replacen("{\n", "{\n  \"new\": [1],\n", 1);
    let zeroed = text.replace(&checksum, &"0".repeat(64));
    let sum =
        crate::disk::random::hex(ring::digest::digest(&ring::digest::SHA256, zeroed.as_bytes()).as_ref());
    bytes = text.replace(&checksum, &sum).into_bytes();
    assert!(matches!(open(&bytes), Opened::Valid(_)));
}

#[test]
fn a_checkpoint_that_points_outside_is_refused() {
    let mut checkpoint = Checkpoint::empty("ab".repeat(16), now());
    checkpoint.sidecar = Some(Sidecar {
        name: ".seen-../../x".to_owned(),
        len: 0,
        sha256: String::new(),
    });
    assert!(checkpoint.flaw().unwrap().contains("sidecar"));
    let (bytes, _) = seal(&checkpoint).unwrap();
    assert!(matches!(open(&bytes), Opened::Damaged(..)));
    checkpoint.sidecar = None;
    checkpoint.controllers = BTreeMap::from([(
        "checksum".to_owned(),
        KnownController {
            name: "0".repeat(64),
            uuid: None,
            not_before: None,
            flavour: None,
            version: String::new(),
        },
    )]);
    let (bytes, _) = seal(&checkpoint).unwrap();
    assert!(
        matches!(open(&bytes), Opened::Valid(_)),
        "a name like the checksum's confuses nobody"
    );
}
