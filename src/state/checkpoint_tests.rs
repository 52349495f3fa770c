//! Whatever lies in the checkpoint's place, it is read, replaced by its copy, or refused: never taken for a
//! first run, never a panic, never a wait.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

use crate::state::error::StateError;
use crate::state::lived_in::{lived_in, now, put, recovers, store};
use crate::state::load::{Arrival, load};
use crate::state::schema::{Checkpoint, KnownController, Sidecar};
use crate::state::seal::{Opened, open, seal};
use crate::state::{BAK, CHECKPOINT};

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
        KnownController::new(&"0".repeat(64), chrono::DateTime::UNIX_EPOCH),
    )]);
    let (bytes, _) = seal(&checkpoint).unwrap();
    assert!(
        matches!(open(&bytes), Opened::Valid(_)),
        "a name like the checksum's confuses nobody"
    );
}
