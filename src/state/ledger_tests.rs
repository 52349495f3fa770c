//! Laws of the ledger and of its spans.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};

use crate::state::ledger::Ledger;
use crate::state::ledger_join::join_ledgers;
use crate::state::messages::{Answer, message_key};
use crate::state::schema::HIGHEST_NUMBER;
use crate::state::spans::{Debt, Spans, Standing};

pub fn at(hours: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::hours(hours)
}

pub fn owing(first: u64, count: u64) -> Ledger {
    let mut ledger = Ledger::starting_at(first);
    for run in first..first + count {
        ledger.owe(run);
    }
    ledger
}

pub fn refused() -> Answer {
    Answer::Refused {
        permanent: false,
        reason: "no connection".to_owned(),
    }
}

pub fn unknown() -> Answer {
    Answer::Unknown {
        reason: "no reply".to_owned(),
    }
}

/// What may happen to a ledger between two looks.
#[derive(Clone, Debug)]
enum Step {
    Owe,
    NotDue,
    Deliver(Answer, bool),
    Supersede(u64),
    Die,
    /// Another copy of the ledger knew that its first open run was accepted.
    AcceptedElsewhere,
    Revive,
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let answer = prop_oneof![Just(Answer::Accepted), Just(refused()), Just(unknown())];
    let step = prop_oneof![
        3 => Just(Step::Owe),
        1 => Just(Step::NotDue),
        4 => (answer, any::<bool>()).prop_map(|(answer, all)| Step::Deliver(answer, all)),
        1 => (1_u64..4).prop_map(Step::Supersede),
        1 => Just(Step::Die),
        1 => Just(Step::AcceptedElsewhere),
        1 => Just(Step::Revive),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 0..40)
}

proptest! {
    #[test]
    fn the_order_of_successes_never_matters(
        first in 1..HIGHEST_NUMBER,
        order in Just((0_u64..12).collect::<Vec<_>>()).prop_shuffle(),
        taken in 0_usize..13,
    ) {
        let mut settled: Vec<u64> = order.into_iter().take(taken).map(|n| first + n).collect();
        let mut shuffled = owing(first, 12);
        for run in &settled {
            shuffled.settle(*run, Standing::Accepted);
        }
        settled.sort_unstable();
        let mut sorted = owing(first, 12);
        for run in &settled {
            sorted.settle(*run, Standing::Accepted);
        }
        prop_assert_eq!(&shuffled, &sorted);
        let leading = (first..first + 12).take_while(|run| settled.contains(run)).last();
        prop_assert_eq!(sorted.last_contiguous, leading.unwrap_or(first - 1), "stops at the first gap");
    }

    #[test]
    fn nothing_owed_is_ever_lost_and_no_mark_ever_falls(first in 1_u64..1_000_000, steps in steps()) {
        let mut ledger = Ledger::starting_at(first);
        let mut open: BTreeSet<u64> = BTreeSet::new();
        let mut dead: BTreeSet<u64> = BTreeSet::new();
        let mut sent: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        let mut next = first;
        let mut now = at(0);
        for step in steps {
            let before = (ledger.last_contiguous, ledger.last_attempted);
            now += TimeDelta::hours(7);
            match step {
                Step::Owe => { ledger.owe(next); open.insert(next); next += 1; }
                Step::NotDue => { ledger.settle(next, Standing::NotDue); next += 1; }
                Step::Supersede(count) => { ledger.supersede(next, next + count - 1); next += count; }
                Step::Restart => ledger.resume(),
                Step::Die => for run in ledger.give_up(now, TimeDelta::days(7)) { open.remove(&run); dead.insert(run); },
                Step::Revive => if let Some(run) = dead.pop_first() { ledger.owe_again(run); open.insert(run); },
                Step::AcceptedElsewhere => if let Some(run) = open.pop_first() { ledger.settle(run, Standing::Accepted); },
                Step::Deliver(answer, all) => {
                    let mut sent = ledger.due_again(now, all);
                    let runs = ledger.due(now, all);
                    sent.extend(ledger.open(&runs, &format!("key {now}"), now));
                    for message in sent {
                        ledger.answer(&message.key, &answer, now);
                        if answer == Answer::Accepted {
                            for run in &message.runs { open.remove(run); }
                        }
                    }
                }
            }
            prop_assert!(before.0 <= ledger.last_contiguous && before.1 <= ledger.last_attempted);
            let owed: BTreeSet<u64> = ledger.between.owed().map(|(run, _)| run).collect();
            prop_assert_eq!(&owed, &open);
            let unsettled = open.iter().find(|run| ledger.revivals_of(**run) == 0);
            prop_assert!(unsettled.is_none_or(|run| ledger.last_contiguous < *run));
            prop_assert!(ledger.messages.iter().all(|m| m.unknown && m.runs.iter().any(|run| open.contains(run))));
            for message in &ledger.messages {
                let facts = sent.entry(message.key.clone()).or_insert_with(|| message.runs.clone());
                prop_assert_eq!(&*facts, &message.runs, "same key, same runs");
                prop_assert!(message.runs.iter().all(|run| ledger.needs().any(|needed| needed == *run)), "its files stay");
            }
            prop_assert!(ledger.between.is_sound());
            let bytes = serde_json::to_vec(&ledger).unwrap();
            prop_assert_eq!(&serde_json::from_slice::<Ledger>(&bytes).unwrap(), &ledger);
        }
    }

    #[test]
    fn spans_say_what_a_plain_table_says(writes in prop::collection::vec((0_u64..20, 0_u64..5, 0_u8..5), 0..40)) {
        let mut spans = Spans::default();
        let mut table = BTreeMap::new();
        for (first, more, kind) in writes {
            let standing = match kind {
                0 => Standing::Accepted,
                1 => Standing::NotDue,
                2 => Standing::Owed(Debt::default()),
                3 => Standing::Dead { told: false },
                _ => { spans.clear(first, first + more); table.retain(|run, _| !(first..=first + more).contains(run)); continue; }
            };
            spans.set_range(first, first + more, standing.clone());
            table.extend((first..=first + more).map(|run| (run, standing.clone())));
        }
        for run in 0..30 {
            prop_assert_eq!(spans.get(run), table.get(&run));
        }
        prop_assert!(spans.is_sound());
        let borders = table.iter().filter(|(run, standing)| table.get(&(*run + 1)) != Some(standing)).count();
        prop_assert_eq!(spans.len(), borders, "neighbours of equal standing are one span");
    }
}

#[test]
fn empty_input_changes_nothing() {
    let before = owing(5, 3);
    let mut ledger = before.clone();
    assert_eq!(ledger.open(&[], "k", at(0)), None);
    assert_eq!(ledger.open(&[99], "k", at(0)), None);
    ledger.answer("nobody opened this", &Answer::Accepted, at(0));
    ledger.supersede(9, 8);
    assert!(ledger.give_up(at(0), TimeDelta::zero()).is_empty());
    ledger.resume();
    assert_eq!(ledger, before);
}

#[test]
fn a_new_channel_starts_with_the_next_run() {
    let mut ledger = Ledger::starting_at(43);
    ledger.owe(42);
    ledger.settle(12, Standing::Accepted);
    assert_eq!(ledger, Ledger::starting_at(43));
    ledger.owe(43);
    assert_eq!(ledger.due(at(0), false), [43]);
}

#[test]
fn revivals_are_remembered_while_they_matter_and_only_so_many_afterwards() {
    let mut ledger = owing(1, 400);
    for run in 1..=400 {
        ledger.settle(run, Standing::Dead { told: true });
    }
    for run in (2..=400).step_by(2) {
        assert!(ledger.owe_again(run));
    }
    assert_eq!(ledger.revivals.len(), 200, "all of them are owed");
    ledger.open(&ledger.due(at(0), true), "k", at(0)).unwrap();
    ledger.answer("k", &Answer::Accepted, at(0));
    assert_eq!(ledger.revivals.len(), 64);
    assert_eq!(ledger.revivals_of(400), 1, "the newest stay");
}

#[test]
fn superseded_numbers_do_not_stop_it() {
    let mut ledger = owing(40, 2);
    ledger.supersede(42, 45);
    ledger.owe(46);
    for run in [46, 40, 41] {
        ledger.settle(run, Standing::Accepted);
    }
    assert_eq!(ledger.last_contiguous, 46);
    assert_eq!(ledger.between, Spans::default());
}

#[test]
fn three_owed_runs_go_out_as_one_message() {
    let mut ledger = Ledger::starting_at(1);
    for run in 1..=2 {
        ledger.owe(run);
        ledger
            .open(&ledger.due(at(0), false), &format!("k{run}"), at(0))
            .unwrap();
        ledger.answer(&format!("k{run}"), &refused(), at(0));
    }
    ledger.owe(3);
    assert_eq!(ledger.due(at(0), false), [1, 2, 3]);
    assert!(ledger.messages.is_empty());
}

#[test]
fn once_unknown_a_message_keeps_its_key_whatever_it_is_answered_later() {
    let mut ledger = owing(1, 1);
    ledger.open(&[1], "k", at(0)).unwrap();
    ledger.answer("k", &unknown(), at(0));
    ledger.answer("k", &refused(), at(1));
    ledger.owe(2);
    assert_eq!(ledger.due(at(2), true), [2], "run 1 is pinned");
    assert_eq!(ledger.due_again(at(2), false).first().unwrap().key, "k");
    ledger.answer("k", &Answer::Accepted, at(2));
    assert_eq!((ledger.last_contiguous, ledger.owed()), (1, 1));
}

#[test]
fn a_message_whose_attempt_died_is_sent_again_under_its_key() {
    let mut ledger = owing(1, 1);
    ledger.open(&[1], "k", at(0)).unwrap();
    ledger.resume();
    ledger.answer("k", &refused(), at(1));
    assert_eq!(ledger.due_again(at(2), false).len(), 1);
}

#[test]
fn only_time_and_tries_give_up_and_the_death_is_told() {
    let mut ledger = owing(1, 1);
    for (n, hour) in [0, 50, 100, 200].into_iter().enumerate() {
        assert!(ledger.give_up(at(hour), TimeDelta::days(7)).is_empty());
        let key = format!("k{n}");
        ledger.open(&ledger.due(at(hour), false), &key, at(hour)).unwrap();
        ledger.answer(&key, &refused(), at(hour));
    }
    assert_eq!(ledger.give_up(at(200), TimeDelta::days(7)), [1]);
    assert_eq!(
        (ledger.last_contiguous, ledger.needs().collect::<BTreeSet<_>>()),
        (0, BTreeSet::from([1])),
        "not told yet"
    );
    ledger.owe(2);
    let message = ledger.open(&[2], "k", at(201)).unwrap();
    assert_eq!(message.tells, [1]);
    ledger.answer("k", &Answer::Accepted, at(201));
    assert_eq!((ledger.last_contiguous, ledger.needs().count()), (2, 0));
    assert!(ledger.owe_again(1));
    assert_eq!(
        ledger.due(at(202), false),
        [1],
        "the operator can still have it sent"
    );
    ledger.open(&[1], "again", at(202)).unwrap();
    ledger.answer("again", &Answer::Accepted, at(202));
    assert_eq!((ledger.last_contiguous, ledger.between.len()), (2, 0));
}

#[test]
fn a_permanent_refusal_is_tried_again_after_six_hours_and_never_later_than_a_day() {
    let mut ledger = owing(1, 1);
    let no = Answer::Refused {
        permanent: true,
        reason: "no such user".to_owned(),
    };
    let mut now = at(0);
    for n in 0..20 {
        let key = format!("k{n}");
        ledger.open(&ledger.due(now, false), &key, now).unwrap();
        ledger.answer(&key, &no, now);
        assert!(ledger.due(now + TimeDelta::minutes(359), false).is_empty());
        assert_eq!(
            ledger.due(now - TimeDelta::days(3650), false),
            [1],
            "the clock was put back"
        );
        now += TimeDelta::hours(24);
    }
}

#[test]
fn a_year_behind_a_gap_stays_small() {
    let mut ledger = owing(1, 1);
    for run in 2..=8760 {
        ledger.settle(run, Standing::NotDue);
    }
    assert!(serde_json::to_vec(&ledger).unwrap().len() < 400);
    ledger.settle(1, Standing::Accepted);
    assert_eq!(ledger.last_contiguous, 8760);
}

#[test]
fn keys_tell_instances_channels_and_lists_apart() {
    let ids = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect::<Vec<_>>();
    let keys = [
        message_key("i", "mail", &ids(&["ab", "c"])),
        message_key("i", "mail", &ids(&["a", "bc"])),
        message_key("i", "hook", &ids(&["ab", "c"])),
        message_key("j", "mail", &ids(&["ab", "c"])),
        message_key("i", "mail", &ids(&["ab"])),
    ];
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
    assert_eq!(keys[0].len(), 64);
}

#[test]
fn a_message_that_both_copies_opened_says_what_was_opened_first() {
    let opened = |hour: i64, site: &str| {
        let mut ledger = owing(1, 1);
        ledger.open(&[1], "k", at(hour)).unwrap();
        ledger.messages[0].sites = vec![site.to_owned()];
        ledger.answer("k", &unknown(), at(hour));
        ledger
    };
    let (first, second) = (opened(1, "shop"), opened(2, "barn"));
    for joined in [join_ledgers(&first, &second), join_ledgers(&second, &first)] {
        assert_eq!(joined.messages, first.messages);
    }
}
