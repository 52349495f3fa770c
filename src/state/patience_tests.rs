//! Laws of waiting and giving up.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use proptest::prelude::{Just, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};

use crate::state::ledger_tests::{at, owing, refused, unknown};
use crate::state::messages::Answer;
use crate::state::spans::Standing;

proptest! {
    #[test]
    fn another_patience_opens_nothing_that_is_dead_and_kills_nothing_hardly_tried(
        tries in prop::collection::vec(0_i64..60, 1..6),
        looks in prop::collection::vec((0_i64..2_000, 0_i64..2_000), 1..8),
    ) {
        // Run n is tried so often, an hour apart; then it is looked at at odd times with odd patience.
        let mut ledger = owing(1, tries.len() as u64);
        for (run, tries) in (1_u64..).zip(&tries) {
            for n in 0..*tries % 6 {
                let key = format!("{run}");
                ledger.open(&[run], &key, at(n));
                ledger.answer(&key, &refused(), at(n));
            }
        }
        let mut dead: BTreeSet<u64> = BTreeSet::new();
        for (hour, patience) in looks {
            let died = ledger.give_up(at(hour), TimeDelta::hours(patience));
            for run in died {
                prop_assert!(dead.insert(run), "run {} died twice", run);
                let n = tries[usize::try_from(run).unwrap() - 1] % 6;
                prop_assert!(n >= 4, "run {} was tried {} times", run, n);
                prop_assert!(hour >= patience, "it was refused for less than {} h", patience);
            }
            for run in &dead {
                prop_assert_eq!(ledger.between.get(*run), Some(&Standing::Dead { told: false }));
            }
            let due: BTreeSet<u64> = ledger.due(at(hour), true).into_iter().collect();
            prop_assert!(due.is_disjoint(&dead));
            prop_assert_eq!(due.len() + dead.len(), tries.len(), "owed or dead");
        }
    }

    #[test]
    fn a_channel_that_asks_for_patience_is_left_alone_at_most_a_day_and_loses_nothing(
        wish in prop_oneof![0_i64..200_000, Just(i64::MAX / 1000)],
        after in 0_i64..200_000,
        is_unknown in any::<bool>(),
        all in any::<bool>(),
    ) {
        let mut ledger = owing(1, 2);
        ledger.open(&[1, 2], "k", at(0));
        let answer = if is_unknown { unknown() } else { refused() };
        ledger.answer("k", &answer, at(0));
        ledger.leave_alone(&[1, 2], TimeDelta::seconds(wish), at(0));
        // What comes later waits as well: it is the channel that wants to be left alone.
        ledger.owe(3);
        let until = at(0) + TimeDelta::seconds(wish.min(86_400));
        prop_assert_eq!(ledger.next_try(1), Some(until));
        let now = at(0) + TimeDelta::seconds(after);
        let again = ledger.due_again(now, all);
        let fresh = ledger.due(now, all);
        let sent: BTreeSet<u64> = again.iter().flat_map(|m| m.runs.clone()).chain(fresh).collect();
        let whole = BTreeSet::from([1, 2, 3]);
        prop_assert_eq!(sent, if all || now >= until { whole } else { BTreeSet::new() });
        // A clock that was put back by more than a day does not stretch it.
        prop_assert!(!ledger.due(at(-49), false).is_empty());
        ledger.open(&[3], "l", now);
        ledger.answer("l", &Answer::Accepted, now);
        prop_assert_eq!(ledger.not_before, None);
    }
}
