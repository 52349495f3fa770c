//! A year of hourly runs on a busy site, run by run through what a run does to the checkpoint. Whole runs of the
//! program over such a year: `tests/real/year.rs`.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::analyse::samples::{Case, row, start};
use crate::config::{Channel, ChannelKind, When};
use crate::model::attempt::{Attempt, ChannelResult, SourceResult, StateResult};
use crate::model::coverage::Outcome;
use crate::model::event::Event;
use crate::model::position::Position;
use crate::model::report::Report;
use crate::model::source::{SiteName, SourceId, SourceKind};
use crate::model::window::Window;
use crate::report;
use crate::run::beginnings::place;
use crate::run::compose::{self, Frame};
use crate::run::debts::{self, Owed};
use crate::run::remember;
use crate::state::messages::{Answer, message_key};
use crate::state::schema::Checkpoint;
use crate::state::seal::seal;
use crate::state::spans::Standing;

const HOURS: u64 = 8760;
/// Reports that one message to a dead channel holds: the more, the more is known of each.
const IN_ONE_MESSAGE: usize = 170;

fn channel(name: &str) -> Channel {
    Channel {
        name: name.to_owned(),
        kind: ChannelKind::File,
        required: true,
        when: When::Always,
        min_severity: None,
        sites: Vec::new(),
    }
}

fn site() -> SiteName {
    SiteName {
        controller: "home".to_owned(),
        site: "default".to_owned(),
    }
}

fn id() -> SourceId {
    SourceId {
        controller: "7c1e64a0-5f3b-4c0e-9d57-02f1a3b4c5d6".to_owned(),
        site: "5dcadb04f8cd8804ddee7b9b".to_owned(),
        kind: SourceKind::SystemLog,
    }
}

/// What makes findings, every sixth hour, about ever other people and devices.
fn rows(hour: u64) -> Vec<Event> {
    if !hour.is_multiple_of(6) {
        return Vec::new();
    }
    let dice = hour.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let device = format!("A device with a rather long name {}", dice % 400);
    let person = format!("admin{}@example.org", dice % 700);
    let address = format!("198.51.100.{}", dice % 250);
    let unknown = format!("NOBODY_KNOWS_{}", dice % 90);
    let mut rows = vec![
        row("EVT_AP_Lost_Contact", 1, &[("DEVICE", &device)]),
        row("EVT_AD_LoginFailed", 2, &[("ADMIN", &person)]),
        row("EVT_SW_Upgraded", 3, &[("DEVICE", &device)]),
        row(
            "THREAT_DETECTED_V3",
            4,
            &[("SRC_IP", &address), ("DST_IP", "192.0.2.9")],
        ),
        row(&unknown, 5, &[]),
    ];
    if !hour.is_multiple_of(4) {
        rows.push(row("EVT_AP_Connected", 600, &[("DEVICE", &device)]));
    }
    for row in &mut rows {
        row.time = start() + TimeDelta::hours(i64::try_from(hour).unwrap()) + TimeDelta::minutes(7);
    }
    rows
}

/// The record of a run as its history keeps it.
fn record(checkpoint: &Checkpoint, number: u64, now: DateTime<Utc>) -> Attempt {
    let source = |kind: &str| SourceResult {
        name: format!("home/default/{kind}"),
        outcome: Outcome::Complete,
        events: Some(1234),
        code: 0,
        reason: None,
    };
    let owed = |name: &String| ChannelResult {
        name: name.clone(),
        outcome: "owed".to_owned(),
        runs: (number..number + 24).collect(),
        more: Some(144),
        reason: Some(
            "https://hooks.example.org refuses the connection; is the port in its URL right?".to_owned(),
        ),
    };
    Attempt {
        schema_version: "1".to_owned(),
        attempt_id: format!("{number:032x}"),
        command: "run".to_owned(),
        run: Some(number),
        instance: None,
        started_at: now,
        finished_at: Some(now),
        duration_ms: Some(1234),
        result: "partial".to_owned(),
        exit_code: Some(3),
        stage: "done".to_owned(),
        version: "0.1.0".to_owned(),
        window: Some(Window::empty_at(now)),
        report_id: Some("f".repeat(64)),
        generated_at: Some(now),
        headline: Some(
            "Two things need you now, and what they are is said in this line of the archive.".to_owned(),
        ),
        report: Some(compose::path_of(number, now)),
        counts: None,
        sources: ["system-log", "devices", "health"].map(source).to_vec(),
        channels: checkpoint.ledgers.keys().map(owed).collect(),
        state: StateResult::default(),
        warnings: vec![
            "The console's clock is 12 min ahead of this host's; one of the two needs NTP.".to_owned(),
        ],
        error: None,
    }
}

/// Tries what the channel is owed, as a run does, and is refused.
fn refused(checkpoint: &mut Checkpoint, record: &Attempt, name: &str, now: DateTime<Utc>) {
    let ledger = checkpoint.ledgers.get_mut(name).unwrap();
    let due: Vec<u64> = ledger.due(now, false).into_iter().take(IN_ONE_MESSAGE).collect();
    let key = message_key(
        &checkpoint.instance,
        name,
        &due.iter().map(u64::to_string).collect::<Vec<_>>(),
    );
    let Some(message) = ledger.open(&due, &key, now) else {
        return;
    };
    let answer = Answer::Refused {
        permanent: false,
        reason: "https://hooks.example.org refuses the connection; is the port in its URL right?".to_owned(),
    };
    ledger.answer(&key, &answer, now);
    let dead = ledger.give_up(now, TimeDelta::days(7));
    let instance = checkpoint.instance.clone();
    let owed = |run| Owed {
        instance: &instance,
        channel: name,
        run,
    };
    for run in message.runs {
        debts::delivery(checkpoint, record, owed(run), &answer, now);
    }
    for run in dead {
        debts::death(checkpoint, owed(run), now);
    }
}

/// The report of one hour; the memory of findings moves on with it.
fn reported(checkpoint: &mut Checkpoint, hour: u64, now: DateTime<Utc>) -> Report {
    let mut case = Case::of(rows(hour));
    (case.now, case.run) = (now, checkpoint.next_run());
    case.memory.clone_from(&checkpoint.memory);
    let judgement = case.judge();
    checkpoint.memory.clone_from(&judgement.memory);
    let frame = Frame {
        instance: checkpoint.instance.clone(),
        run: Some(case.run),
        generated_at: now,
        timezone: "UTC".to_owned(),
        demo: false,
        window: Window::empty_at(now),
        sources: Vec::new(),
        labels: BTreeMap::new(),
        warnings: Vec::new(),
    };
    report::json::seal(compose::report(frame, judgement, case.digest)).0
}

/// What a run's commits do: `dead` names the channel that takes nothing.
fn committed(checkpoint: &mut Checkpoint, report: &Report, now: DateTime<Utc>, dead: &str) {
    let number = checkpoint.next_run();
    let mut position = checkpoint
        .source(&id())
        .map_or_else(|| Position::unread(start()), |source| source.position.clone());
    position.watermark = Some(now);
    position.hours.insert(now.timestamp() / 3600, 1234);
    while position.hours.len() > 48 {
        position.hours.pop_first();
    }
    place(checkpoint, &site(), &id(), &position);
    let channels = ["file", "webhook"].map(channel);
    remember::run(
        checkpoint,
        number,
        report,
        &compose::path_of(number, now),
        &channels,
    );
    let record = record(checkpoint, number, now);
    remember::attempt(checkpoint, &record);
    for Channel { name, .. } in &channels {
        if name == dead {
            refused(checkpoint, &record, name, now);
        } else if let Some(ledger) = checkpoint.ledgers.get_mut(name) {
            ledger.settle(number, Standing::Accepted);
        }
    }
    checkpoint.generation += 2;
    checkpoint.prune();
}

/// Ids of rows are bounded by themselves: `state::seen_tests`.
#[test]
fn after_a_year_on_a_busy_site_the_checkpoint_is_below_128_kib_and_behind_a_dead_channel_below_256() {
    let mut well = Checkpoint::empty("ab".repeat(16), start());
    let mut behind = well.clone();
    let mut report = reported(&mut well, 1, start());
    let (mut most, mut most_behind) = (0, 0);
    for hour in 0..HOURS {
        let now = start() + TimeDelta::hours(i64::try_from(hour).unwrap() + 1);
        if !rows(hour).is_empty() {
            report = reported(&mut well, hour, now);
            behind.memory.clone_from(&well.memory);
        }
        committed(&mut well, &report, now, "");
        committed(&mut behind, &report, now, "webhook");
        if hour % 73 == 0 || hour == HOURS - 1 {
            let size = |checkpoint| seal(checkpoint).unwrap().0.len();
            most = most.max(size(&well));
            most_behind = most_behind.max(size(&behind));
        }
    }
    println!("year: {most} bytes, behind a dead channel {most_behind}");
    assert_eq!(well.run, HOURS);
    let owed = behind.needed_runs(&behind.instance);
    assert!(owed.len() > 8000, "the webhook never had one");
    assert!(most < 128 * 1024, "{most}");
    assert!(most_behind < 256 * 1024, "{most_behind}");
}
