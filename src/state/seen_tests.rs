//! The sidecar: what was counted is known after a restart, and what is not known is known to be missing.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

use crate::disk::Dir;
use crate::model::position::Position;
use crate::model::source::{SourceId, SourceKind};
use crate::state::schema::{Checkpoint, Sidecar, SourceState};
use crate::state::seen::{MOST, Seen};

fn at(hour: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
}

fn knowing(sidecar: Option<Sidecar>) -> Checkpoint {
    let mut checkpoint = Checkpoint::empty("ab".repeat(16), at(0));
    checkpoint.sidecar = sidecar;
    for site in ["s1", "s2"] {
        let id = SourceId {
            controller: "c".to_owned(),
            site: site.to_owned(),
            kind: SourceKind::SystemLog,
        };
        let mut position = Position::unread(at(0));
        position.watermark = Some(at(if site == "s1" { 100 } else { 50 }));
        checkpoint.sources.push(SourceState {
            id,
            name: site.to_owned(),
            epoch: 0,
            position,
        });
    }
    checkpoint
}

proptest! {
    #[test]
    fn what_was_inserted_is_there_after_a_restart(
        ids in prop::collection::vec((0_usize..3, ".{0,40}", -50_i64..500_000), 0..60),
    ) {
        let families = ["c/s1/sl", "c/odd\tname%\n?/sl", "d/s/sl"];
        let temp = tempfile::tempdir().unwrap();
        let dir = Dir::open(temp.path()).unwrap();
        let mut seen = Seen::default();
        for (family, id, hour) in &ids {
            let new = !seen.contains(families[*family], id);
            prop_assert_eq!(seen.insert(families[*family], id, at(*hour)), new);
        }
        let sidecar = seen.write(&dir, 7).unwrap();
        let mut again = Seen::load(&dir, &knowing(sidecar));
        prop_assert_eq!(&again.trouble, &None);
        prop_assert_eq!(again.len(), seen.len());
        again.insert("z/z/sl", "one more", at(1));
        seen.insert("z/z/sl", "one more", at(1));
        prop_assert_eq!(again.write(&dir, 8).unwrap(), seen.write(&dir, 8).unwrap());
        for (family, id, _) in &ids {
            prop_assert!(again.contains(families[*family], id));
            prop_assert!(!again.contains("e/s/sl", id));
        }
    }
}

#[test]
fn a_commit_that_adds_no_ids_names_the_old_file() {
    let temp = tempfile::tempdir().unwrap();
    let dir = Dir::open(temp.path()).unwrap();
    let mut seen = Seen::default();
    assert_eq!(seen.write(&dir, 1).unwrap(), None);
    seen.insert("c/s1/sl", "a", at(1));
    let first = seen.write(&dir, 2).unwrap();
    let mut again = Seen::load(&dir, &knowing(first.clone()));
    again.insert("c/s1/sl", "a", at(1));
    again.prune("c/s1/sl", at(1));
    assert_eq!(again.write(&dir, 3).unwrap(), first);
    again.prune("c/s1/sl", at(2));
    assert!(!again.contains("c/s1/sl", "a"));
    let last = again.write(&dir, 4).unwrap();
    let again = Seen::load(&dir, &knowing(last));
    assert!(
        !again.is_complete("c/s1/sl", 1) && again.is_complete("c/s1/sl", 2),
        "what was forgotten is not taken for new"
    );
    assert!(again.is_complete("c/s2/sl", 1), "another site");
}

#[test]
fn a_row_that_is_stamped_anew_is_known_as_long_as_its_newest_hour() {
    let mut seen = Seen::default();
    assert!(seen.insert("c/s1/sl", "a", at(1)));
    assert!(!seen.insert("c/s1/sl", "a", at(20)));
    assert!(!seen.insert("c/s1/sl", "a", at(3)), "it does not go back");
    seen.prune("c/s1/sl", at(20));
    assert!(seen.contains("c/s1/sl", "a"));
    assert_eq!(seen.len(), 1);
    seen.prune("c/s1/sl", at(21));
    assert!(!seen.contains("c/s1/sl", "a"));
}

#[test]
fn a_lost_or_damaged_sidecar_is_known_to_be_incomplete_and_stays_so() {
    let temp = tempfile::tempdir().unwrap();
    let dir = Dir::open(temp.path()).unwrap();
    let mut seen = Seen::default();
    seen.insert("c/s1/sl", "a", at(99));
    let sidecar = seen.write(&dir, 5).unwrap();
    let mut bytes = dir.read(".seen-5", 1000).unwrap().unwrap();
    bytes[20] ^= 1;
    dir.replace(".seen-5", &bytes).unwrap();
    for _ in 0..2 {
        let mut lost = Seen::load(&dir, &knowing(sidecar.clone()));
        assert!(lost.trouble.is_some());
        let complete = |seen: &Seen, family: &str, hour| seen.is_complete(family, hour);
        for seen in [
            lost.clone(),
            Seen::load(&dir, &knowing(lost.write(&dir, 6).unwrap())),
        ] {
            assert!(!complete(&seen, "c/s1/sl", 100) && complete(&seen, "c/s1/sl", 101));
            assert!(!complete(&seen, "c/s2/sl", 50) && complete(&seen, "c/s2/sl", 51));
            assert!(complete(&seen, "c/s11/sl", 0), "another site");
        }
        dir.remove(".seen-5").unwrap();
    }
}

#[test]
fn a_flood_drops_the_oldest_hours_of_its_own_controller_and_says_so() {
    let temp = tempfile::tempdir().unwrap();
    let dir = Dir::open(temp.path()).unwrap();
    let mut seen = Seen::default();
    seen.insert("d/s1/sl", "other", at(0));
    for n in 0..MOST + 10 {
        seen.insert("c/s1/sl", &n.to_string(), at(i64::try_from(n / 10_000).unwrap()));
    }
    assert!(seen.len() <= MOST + 1, "{}", seen.len());
    assert!(
        !seen.contains("c/s1/sl", "0") && !seen.is_complete("c/s2/sl", 0) && seen.is_complete("c/s1/sl", 1)
    );
    assert!(seen.contains("d/s1/sl", "other") && seen.is_complete("d/s1/sl", 0));
    let sidecar = seen.write(&dir, 1).unwrap().unwrap();
    assert!(sidecar.len < 4 * 1024 * 1024, "{}", sidecar.len);
}
