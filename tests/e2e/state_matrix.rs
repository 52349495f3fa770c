//! Everything that may lie in the checkpoint's place, with and without a copy to go back to, as root and as another
//! user: a run goes on and tells what it did, or refuses with the way out and touches nothing. It never takes what
//! is broken for a first run.

mod table;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown, lchown};
use std::path::Path;
use std::process::Command;

use chrono::TimeDelta;

use crate::archive;
use crate::child::Ran;
use crate::console::Console;
use crate::console::row::series;
use crate::other::{Other, UID};
use crate::scenario::Scenario;
use crate::state::{BACKUP, LIVE};
use crate::state_matrix::table::{Fate, chmod, table};

const BACKUPS: &str = ".state-backups";

/// Which copies are left to go back to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Copies {
    Bak,
    Backup,
    None,
}

/// Two runs with rows, kept beside the reports as they were, so that every line begins with them.
struct World {
    scenario: Scenario,
    console: Console,
    other: Option<Other>,
}

impl World {
    fn new(scenario: Scenario, console: Console, other: Option<Other>) -> Self {
        fs::create_dir(&scenario.reports).unwrap();
        if other.is_some() {
            chown(&scenario.reports, Some(UID), Some(UID)).unwrap();
        }
        let since = console.now() - TimeDelta::hours(6);
        console.add(series(0, 20, since, TimeDelta::minutes(10)));
        let world = Self {
            scenario,
            console,
            other,
        };
        world.run().exits(0);
        world.an_hour(100);
        world.run().exits(0);
        world.an_hour(200);
        copy(&world.scenario.reports, &world.scenario.home().join("as-it-was"));
        world
    }

    fn an_hour(&self, first: u64) {
        self.console
            .add(series(first, 10, self.console.now(), TimeDelta::minutes(5)));
        self.console.advance(TimeDelta::hours(1));
    }

    fn run(&self) -> Ran {
        let ours = || self.scenario.run();
        self.other
            .as_ref()
            .map_or_else(ours, |other| other.run(&self.scenario))
    }

    /// Everything as after two runs, with these copies of the checkpoint.
    fn begin(&self, copies: Copies) {
        let reports = &self.scenario.reports;
        chmod(reports, 0o750);
        fs::remove_dir_all(reports).unwrap();
        copy(&self.scenario.home().join("as-it-was"), reports);
        if copies != Copies::Bak {
            fs::remove_file(self.scenario.path(BACKUP)).unwrap();
        }
        if copies != Copies::Backup {
            fs::remove_dir_all(self.scenario.path(BACKUPS)).unwrap();
        }
    }

    /// Every row that the console shows was told.
    #[track_caller]
    fn has_told_all(&self, what: &str) {
        let told = self.scenario.told();
        for id in self.console.ids() {
            assert!(told.binary_search(&id).is_ok(), "{what}: {id} got lost");
        }
        archive::audit_after_recovery(&self.scenario.reports);
    }

    #[track_caller]
    fn recovers(&self, what: &str, said: &str) {
        let ran =
            self.run()
                .exits(4)
                .says_all(&[said, LIVE, "recovered from generation", "may be reported again"]);
        ran.never_says("first run");
        let warnings = self.scenario.newest_report()["warnings"].to_string();
        assert!(
            warnings.contains("recovered from generation"),
            "{what}: {warnings}"
        );
        assert!(!warnings.contains("first report"), "{what}: {warnings}");
        let names = fs::read_dir(&self.scenario.reports).unwrap().flatten();
        let aside = names.filter(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .starts_with(".last_run.json.corrupt-")
        });
        assert_eq!(
            aside.count(),
            usize::from(what != "missing"),
            "{what}: what lay there is kept"
        );
        self.has_told_all(what);
        self.run().exits(0);
    }

    #[track_caller]
    fn refuses(&self, what: &str, code: i32, words: &[&str]) {
        let before = picture(&self.scenario.reports);
        self.run().exits(code).says_all(words).never_says("first run");
        let after = picture(&self.scenario.reports);
        assert!(
            before == after,
            "{what}: a refused run changed {before:#?} to {after:#?}"
        );
    }
}

/// Kind, mode, owner and bytes of everything but the lock and the note of who runs.
fn picture(dir: &Path) -> BTreeMap<String, (u32, u32, Option<Vec<u8>>)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let meta = entry.metadata().unwrap();
        if meta.is_dir() {
            let below = picture(&entry.path()).into_iter();
            found.extend(below.map(|(below, one)| (format!("{name}/{below}"), one)));
        }
        let bytes = if meta.is_file() {
            fs::read(entry.path()).ok()
        } else {
            None
        };
        if name != ".run.json" && name != ".last_run.lock" {
            found.insert(name, (meta.mode(), meta.uid(), bytes));
        }
    }
    found
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status().unwrap();
    assert!(copied.success());
}

fn all_lines(world: &World) {
    let strict = world.other.is_some() || !rustix::process::geteuid().is_root();
    for (what, damage, fate) in table(strict) {
        for copies in [Copies::Bak, Copies::Backup, Copies::None] {
            println!("{what}, {copies:?}");
            world.begin(copies);
            damage(&world.scenario.path(LIVE));
            let path = world.scenario.path(LIVE);
            if world.other.is_some() && matches!(fate, Fate::Damaged(_)) && what != "missing" {
                // What the test put there as root.
                lchown(&path, Some(UID), Some(UID)).unwrap();
            }
            let path = path.to_str().unwrap();
            match fate {
                Fate::Damaged(said) if copies != Copies::None => world.recovers(what, said),
                Fate::Damaged(said) => {
                    // Without a copy to compare with, no field can be named.
                    let said = if said == "last_successful_run" {
                        "checksum"
                    } else {
                        said
                    };
                    let ways = [
                        "state restore",
                        "state rebuild --from-reports",
                        "state reset --yes",
                        "nothing was changed",
                    ];
                    world.refuses(what, 65, &[&[path, said], &ways[..]].concat());
                }
                Fate::Refused(code, words) => world.refuses(what, code, words),
                Fate::Fine => {
                    world.run().exits(0).never_says("first run");
                    world.has_told_all(what);
                }
            }
        }
    }
}

#[test]
fn whatever_lies_in_the_checkpoints_place_a_run_goes_on_or_refuses() {
    let (scenario, console) = Scenario::with_console();
    all_lines(&World::new(scenario, console, None));
}

#[test]
fn for_another_user_than_root_the_same_holds_and_modes_are_heeded() {
    let (scenario, console) = Scenario::with_console();
    if let Some(other) = Other::in_world_of(&scenario) {
        all_lines(&World::new(scenario, console, Some(other)));
    }
}
