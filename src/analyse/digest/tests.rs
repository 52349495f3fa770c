//! However rows come, their digest is the same.

use proptest::prelude::*;

use super::*;
use crate::analyse::samples::{row, site, stream};

fn folded(rows: &[Event]) -> Digest {
    let mut digest = Digest::default();
    for event in rows {
        fold(&mut digest, &site(), event);
    }
    digest
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn however_rows_are_cut_into_slices_the_digest_is_the_same(
        rows in stream(700), cut in 0_usize..700, other in 0_usize..700,
    ) {
        let (a, b) = (cut.min(other).min(rows.len()), cut.max(other).min(rows.len()));
        let whole = folded(&rows);
        let parts = [&rows[..a], &rows[a..b], &rows[b..]].map(folded);

        let [first, second, third] = parts.clone();
        let mut left = first;
        merge(&mut left, second);
        merge(&mut left, third);

        let [mut right, mut second, third] = parts;
        merge(&mut second, third);
        merge(&mut right, second);

        prop_assert_eq!(&left, &whole);
        prop_assert_eq!(&right, &whole);
        merge(&mut right, Digest::default());
        prop_assert_eq!(&right, &whole);
        let rows: u64 = whole.groups.values().chain(whole.overflow.values()).map(|g| g.count).sum();
        prop_assert_eq!(rows + whole.routine.values().sum::<u64>(), whole.events);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn rows_that_say_the_same_may_be_counted_at_once(
        rows in stream(12), minutes in proptest::collection::vec((0_usize..12, 0_i64..6_000), 0..200),
    ) {
        let again = |row: usize| {
            let of = minutes.iter().filter(move |(of, _)| *of == row);
            of.map(|(_, minutes)| rows[row].time + chrono::TimeDelta::minutes(*minutes)).collect::<Vec<_>>()
        };
        let (mut one_by_one, mut at_once) = (Digest::default(), Digest::default());
        for (number, event) in rows.iter().enumerate() {
            fold_alike(&mut at_once, &site(), event, again(number).into_iter(), |_| false);
            fold(&mut one_by_one, &site(), event);
            for time in again(number) {
                fold(&mut one_by_one, &site(), &Event { time, ..event.clone() });
            }
        }
        prop_assert_eq!(one_by_one, at_once);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn routine_rows_may_be_counted_together(rows in stream(300)) {
        let (mut together, mut routine) = (Digest::default(), Routine::default());
        for event in &rows {
            if routine.take(event).is_none() {
                fold(&mut together, &site(), event);
            }
        }
        routine.count_into(&mut together);
        prop_assert_eq!(together, folded(&rows));
    }
}

#[test]
fn of_a_routine_row_nothing_counts_but_its_key_and_base_event() {
    let mut routine = 0;
    for entry in catalogue::all() {
        let whole = row(
            entry.live_key(),
            5,
            &[
                ("CLIENT", "02:00:00:00:00:66"),
                ("DURATION", "5 min"),
                ("SIGNATURE", "x"),
            ],
        );
        let bare = Event {
            id: whole.id.clone(),
            time: whole.time,
            key: whole.key.clone(),
            event: whole.event.clone(),
            category: String::new(),
            subcategory: String::new(),
            severity: String::new(),
            title: String::new(),
            message: String::new(),
            parties: BTreeMap::new(),
        };
        if is_routine(&whole.key, &whole.event) {
            routine += 1;
            assert_eq!(folded(&[whole]), folded(&[bare]), "{}", entry.key);
        }
    }
    assert!(routine > 30, "{routine}");
}

#[test]
fn what_the_console_left_unfilled_is_not_shown() {
    for (text, shown) in [
        ("from {OLD_SCORE} to 62 ({REASON}).", "from … to 62 (…)."),
        ("plain", "plain"),
        ("{not one} {}{A", "{not one} {}{A"),
    ] {
        assert_eq!(without_placeholders(text), shown);
    }
}

#[test]
fn a_digest_stays_small_whatever_comes() {
    let mut digest = Digest::default();
    for n in 0..3000 {
        let key = format!("EVT_NEW_{n}");
        fold(
            &mut digest,
            &site(),
            &row(&key, n, &[("CLIENT", &format!("02:00:00:00:{n:04x}"))]),
        );
        fold(
            &mut digest,
            &site(),
            &row("EVT_AP_Lost_Contact", n, &[("AP", &format!("02:{n}"))]),
        );
    }
    let json = serde_json::to_string(&digest).unwrap();
    assert_eq!(digest.groups.len(), crate::model::digest::GROUPS);
    assert!(json.len() < 300_000, "{}", json.len());
    assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
}
