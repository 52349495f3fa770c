//! Laws of joining two checkpoints.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::{Just, Strategy, prop, prop_assert, prop_assert_eq, proptest};

use crate::model::memory::Remembered;
use crate::model::position::Position;
use crate::model::source::{SourceId, SourceKind};
use crate::model::window::Window;
use crate::state::accounts::Account;
use crate::state::join::{accounts, contradiction, join};
use crate::state::ledger::Ledger;
use crate::state::ledger_join::join_ledgers;
use crate::state::lived_in::now;
use crate::state::messages::{Answer, Message};
use crate::state::schema::{Checkpoint, CommittedRun, KnownController, SourceState};
use crate::state::spans::Standing;

/// Runs that the tests look at.
const RUNS: std::ops::RangeInclusive<u64> = 1..=14;

fn at(hours: i64) -> DateTime<Utc> {
    now() + TimeDelta::hours(hours)
}

/// A ledger as its own host may have left it.
fn ledger() -> impl Strategy<Value = Ledger> {
    let steps = prop::collection::vec((0_u8..9, 1_u64..12, 0_i64..400), 0..30);
    (1_u64..4, steps).prop_map(|(first, steps)| {
        let mut ledger = Ledger::starting_at(first);
        let mut next = first;
        for (kind, run, hours) in steps {
            take(&mut ledger, &mut next, (kind, run, at(hours)));
        }
        ledger
    })
}

fn take(ledger: &mut Ledger, next: &mut u64, (kind, run, now): (u8, u64, DateTime<Utc>)) {
    match kind {
        0..=2 if *next < 12 => {
            ledger.owe(*next);
            *next += 1;
        }
        3 if *next < 12 => {
            ledger.settle(*next, Standing::NotDue);
            *next += 1;
        }
        4 if *next < 11 => {
            ledger.supersede(*next, *next + 1);
            *next += 2;
        }
        5 if run < *next => {
            ledger.owe_again(run);
        }
        6 => {
            ledger.give_up(now, TimeDelta::days(7));
        }
        7 => ledger.resume(),
        _ => {
            let runs = ledger.due(now, run % 2 == 0);
            let key = format!("key of {runs:?}");
            if ledger.open(&runs, &key, now).is_some()
                && let Some(opened) = ledger.messages.last_mut()
            {
                opened.sites = words(run);
            }
            if hours_of(now) % 5 == 0 {
                ledger.leave_alone(&runs, TimeDelta::hours(3), now);
            }
            let answer = match run % 4 {
                0 => Answer::Accepted,
                1 => Answer::Refused {
                    permanent: false,
                    reason: format!("no {run}"),
                },
                2 => Answer::Unknown {
                    reason: format!("silence {run}"),
                },
                // It died before the answer.
                _ => return,
            };
            for message in ledger.messages.clone() {
                ledger.answer(&message.key, &answer, now);
            }
        }
    }
}

/// A channel's sites as they are in force at some time.
fn words(run: u64) -> Vec<String> {
    (0..run % 3).map(|site| format!("s{site}")).collect()
}

fn hours_of(time: DateTime<Utc>) -> i64 {
    time.timestamp() / 3600
}

/// What a ledger says of every run, and its open messages, in an order of their own.
type Said = (
    Vec<(Option<Standing>, u64)>,
    [u64; 3],
    Option<DateTime<Utc>>,
    Vec<Message>,
);

fn said(ledger: &Ledger) -> Said {
    let mut messages = ledger.messages.clone();
    for message in &mut messages {
        message.runs.sort_unstable();
        message.tells.sort_unstable();
    }
    messages.sort_by(|a, b| (&a.key, &a.revivals).cmp(&(&b.key, &b.revivals)));
    let marks = [ledger.first, ledger.last_contiguous, ledger.last_attempted];
    (
        RUNS.map(|run| (ledger.between.get(run).cloned(), ledger.revivals_of(run)))
            .collect(),
        marks,
        ledger.not_before,
        messages,
    )
}

fn is_settled(ledger: &Ledger, run: u64) -> bool {
    match ledger.between.get(run) {
        Some(standing) => standing.is_settled(),
        None => run <= ledger.last_contiguous,
    }
}

proptest! {
    #[test]
    fn ledgers_join_in_any_order_and_any_number_of_times(a in ledger(), b in ledger(), c in ledger()) {
        prop_assert_eq!(said(&join_ledgers(&a, &a)), said(&a), "idempotent");
        let both = join_ledgers(&a, &b);
        prop_assert_eq!(said(&both), said(&join_ledgers(&b, &a)), "commutative");
        prop_assert_eq!(said(&join_ledgers(&both, &b)), said(&both), "nothing new");
        let left = join_ledgers(&both, &c);
        let right = join_ledgers(&a, &join_ledgers(&b, &c));
        prop_assert_eq!(said(&left), said(&right), "associative");
    }

    #[test]
    fn what_either_has_settled_is_settled_and_what_neither_has_stays_owed(a in ledger(), b in ledger()) {
        let both = join_ledgers(&a, &b);
        prop_assert!(both.between.is_sound());
        prop_assert!(both.last_contiguous >= a.last_contiguous.max(b.last_contiguous));
        prop_assert!(both.last_attempted >= a.last_attempted.max(b.last_attempted));
        for run in RUNS {
            // Whoever revived it more often knows more of it.
            let knows = |ledger: &Ledger, other: &Ledger| ledger.revivals_of(run) >= other.revivals_of(run);
            let (a_knows, b_knows) = (knows(&a, &b), knows(&b, &a));
            let expected = a_knows && is_settled(&a, run) || b_knows && is_settled(&b, run);
            prop_assert_eq!(is_settled(&both, run), expected, "run {}", run);
            let owed = |ledger: &Ledger| ledger.between.owed().any(|(owed, _)| owed == run);
            let is_dead = |ledger: &Ledger| matches!(ledger.between.get(run), Some(Standing::Dead { .. }));
            if (a_knows && owed(&a) || b_knows && owed(&b)) && !expected {
                prop_assert!(owed(&both) || is_dead(&both), "run {} is lost", run);
            }
        }
        let both_messages = || a.messages.iter().chain(&b.messages);
        for message in both_messages().filter(|message| message.unknown) {
            let is_owed = |run: &u64| {
                let revivals = message.revivals.get(run).copied().unwrap_or_default();
                revivals == both.revivals_of(*run) && both.between.owed().any(|(owed, _)| owed == *run)
            };
            let is_open = message.runs.iter().any(is_owed);
            let name = (&message.key, &message.revivals);
            let kept = both.messages.iter().find(|kept| (&kept.key, &kept.revivals) == name);
            prop_assert_eq!(kept.is_some(), is_open, "a message that may have arrived keeps its key");
            let named = both_messages().filter(|one| (&one.key, &one.revivals) == name);
            let first = named.map(|one| (one.opened_at, &one.sites)).min();
            prop_assert!(kept.is_none_or(|kept| first == Some((kept.opened_at, &kept.sites))), "as it was opened first");
            prop_assert!(kept.is_none_or(|kept| kept.unknown && message.runs.iter().all(|run| kept.runs.contains(run))));
        }
    }

    #[test]
    fn checkpoints_join_in_any_order_and_any_number_of_times(
        a in checkpoint(), b in checkpoint(), c in checkpoint(),
    ) {
        prop_assert_eq!(content(&join(&a, &a)), content(&a), "idempotent");
        let both = join(&a, &b);
        prop_assert_eq!(content(&both), content(&join(&b, &a)), "commutative");
        prop_assert_eq!(content(&join(&both, &b)), content(&both), "nothing new");
        let right = join(&a, &join(&b, &c));
        prop_assert_eq!(content(&join(&both, &c)), content(&right), "associative");
        prop_assert_eq!(&both.instance, &a.instance, "each stays itself");
        prop_assert_eq!(&both.attempts, &a.attempts);
        for source in &a.sources {
            let joined = both.source(&source.id).unwrap();
            let before = (source.epoch, source.position.watermark);
            prop_assert!((joined.epoch, joined.position.watermark) >= before, "monotone");
        }
    }
}

/// All that is to be the same wherever it was joined.
type Content = (
    BTreeMap<String, (u64, BTreeMap<u64, CommittedRun>, Vec<(String, Said)>)>,
    Vec<SourceState>,
    BTreeMap<String, KnownController>,
    BTreeMap<String, Remembered>,
);

fn content(checkpoint: &Checkpoint) -> Content {
    let accounts = accounts(checkpoint).into_iter().map(|(instance, account)| {
        let ledgers = account.ledgers.iter();
        let ledgers = ledgers
            .map(|(channel, ledger)| (channel.clone(), said(ledger)))
            .collect();
        (instance, (account.run, account.runs, ledgers))
    });
    (
        accounts
            .filter(|(_, account)| account != &(0, BTreeMap::new(), Vec::new()))
            .collect(),
        checkpoint.sources.clone(),
        checkpoint.controllers.clone(),
        checkpoint.memory.findings.clone(),
    )
}

fn account() -> impl Strategy<Value = Account> {
    let channel = prop::sample::select(vec!["file", "hook"]).prop_map(str::to_owned);
    let ledgers = prop::collection::btree_map(channel, ledger(), 0..3);
    (1_u64..12, ledgers).prop_map(|(run, ledgers)| Account {
        run,
        runs: (1..=run).map(|run| (run, facts(run, 0))).collect(),
        ledgers,
    })
}

fn facts(run: u64, minute: i64) -> CommittedRun {
    CommittedRun {
        report_id: format!("{run:064}"),
        generated_at: now() + TimeDelta::minutes(minute),
        path: format!("2026/11/report-{run:06}-20261120T060000Z"),
        findings: run,
        severe: 0,
        window: Window::empty_at(now()),
    }
}

fn source() -> impl Strategy<Value = SourceState> {
    let position = (
        0_i64..5,
        prop::option::of(0_i64..9),
        prop::option::of(0_i64..9),
        0_u64..4,
    );
    (0_u64..3, 0_u8..3, position).prop_map(|(epoch, site, (start, watermark, newest, rows))| SourceState {
        id: SourceId {
            controller: "c".to_owned(),
            site: format!("s{site}"),
            kind: SourceKind::SystemLog,
        },
        name: format!("home/s{site}/system-log"),
        epoch,
        position: Position {
            watermark: watermark.map(at),
            newest: newest.map(at),
            hours: BTreeMap::from([(7, rows)]),
            ..Position::unread(at(start))
        },
    })
}

fn checkpoint() -> impl Strategy<Value = Checkpoint> {
    let instance = prop::sample::select(vec!["a", "b", "c"]).prop_map(|letter| letter.repeat(32));
    let accounts = prop::collection::btree_map(instance, account(), 1..4);
    let sources = prop::collection::btree_map(0_u8..3, source(), 0..3);
    (accounts, sources, Just(())).prop_map(|(mut accounts, sources, ())| {
        let (instance, own) = accounts.pop_first().unwrap();
        let mut checkpoint = Checkpoint::empty(instance, now());
        checkpoint.run = own.run;
        checkpoint.runs = own.runs;
        checkpoint.ledgers = own.ledgers;
        checkpoint.others = accounts;
        for source in sources.into_values() {
            checkpoint.source_mut(&source.id.clone(), || source.clone());
        }
        checkpoint
    })
}

#[test]
fn another_hosts_accepted_run_never_settles_ours() {
    let with = |letter: &str, standing: Standing| {
        let mut checkpoint = Checkpoint::empty(letter.repeat(32), now());
        checkpoint.run = 812;
        checkpoint.runs = BTreeMap::from([(812, facts(812, 0))]);
        let mut ledger = Ledger::starting_at(812);
        ledger.owe(812);
        ledger.settle(812, standing);
        checkpoint.ledgers.insert("hook".to_owned(), ledger);
        checkpoint
    };
    let ours = with("a", Standing::Owed(crate::state::spans::Debt::default()));
    let theirs = with("b", Standing::Accepted);
    for (joined, owed) in [
        (join(&ours, &theirs), &ours.instance),
        (join(&theirs, &ours), &ours.instance),
    ] {
        assert_eq!(joined.needed_runs(owed).into_iter().collect::<Vec<_>>(), [812]);
        assert!(joined.needed_runs(&theirs.instance).is_empty());
        assert_eq!(joined.owed(), 1);
    }
    // The same lineage's other copy does settle it.
    let copy = with("a", Standing::Accepted);
    assert_eq!(join(&ours, &copy).owed(), 0);
    assert_eq!(contradiction(&ours, &copy), None);
}

#[test]
fn one_name_for_two_things_is_a_contradiction() {
    let mut ours = Checkpoint::empty("a".repeat(32), now());
    let mut theirs = ours.clone();
    ours.runs.insert(3, facts(3, 0));
    theirs.runs.insert(
        3,
        CommittedRun {
            report_id: "f".repeat(64),
            ..facts(3, 1)
        },
    );
    let why = contradiction(&ours, &theirs).unwrap();
    assert!(why.contains("run 3 of instance aaaaaaaa"), "{why}");

    theirs.runs.clear();
    for (checkpoint, uuid) in [(&mut ours, "u1"), (&mut theirs, "u2")] {
        let mut known = KnownController::new("home", now());
        known.uuid = Some(uuid.to_owned());
        checkpoint.controllers.insert("home".to_owned(), known);
    }
    let why = contradiction(&ours, &theirs).unwrap();
    assert!(why.contains("controller `home`"), "{why}");
}
