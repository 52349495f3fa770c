//! A disk of its own for the reports, full or mounted read-only, for root and for another user.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;

use chrono::TimeDelta;

use crate::child::Ran;
use crate::console::Console;
use crate::console::row::series;
use crate::other::{Other, UID};
use crate::scenario::Scenario;
use crate::state::LIVE;

/// A small file system where the reports lie; unmounted at the end.
struct Disk<'a>(&'a Path);

impl<'a> Disk<'a> {
    /// `None`, and a line that says so, where nothing may be mounted.
    fn at(path: &'a Path) -> Option<Self> {
        fs::create_dir(path).unwrap();
        let mounted = mount(&["-t", "tmpfs", "-o", "size=2m,mode=0750", "tmpfs"], path);
        if !mounted {
            println!("not run: a disk of its own for the reports (mounting is not possible here)");
        }
        mounted.then_some(Self(path))
    }

    fn becomes(&self, options: &str) {
        assert!(mount(&["-o", &format!("remount,{options}")], self.0));
    }

    /// Leaves so many KiB of it free.
    fn fill(&self, left: usize) -> std::path::PathBuf {
        let filler = self.0.join(".state-backups/filler");
        let mut file = File::create(&filler).unwrap();
        while file.write_all(&[0; 1024]).is_ok() {}
        let length = file.metadata().unwrap().len();
        file.set_len(length.saturating_sub(left as u64 * 1024)).unwrap();
        filler
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        Command::new("umount").arg(self.0).status().ok();
    }
}

fn mount(arguments: &[&str], path: &Path) -> bool {
    let output = Command::new("mount").args(arguments).arg(path).output();
    output.is_ok_and(|output| output.status.success())
}

/// A run as root or as the other user over two runs on a disk of their own.
fn on_a_small_disk(as_other: bool, story: impl Fn(&Scenario, &Console, &Disk<'_>, &dyn Fn() -> Ran)) {
    let (scenario, console) = Scenario::with_console();
    let other = Other::in_world_of(&scenario).filter(|_| as_other);
    if as_other && other.is_none() {
        return;
    }
    let Some(disk) = Disk::at(&scenario.reports) else {
        return;
    };
    if as_other {
        chown(&scenario.reports, Some(UID), Some(UID)).unwrap();
    }
    let run = || {
        other
            .as_ref()
            .map_or_else(|| scenario.run(), |other| other.run(&scenario))
    };
    let since = console.now() - TimeDelta::hours(6);
    console.add(series(0, 40, since, TimeDelta::minutes(5)));
    run().exits(0);
    hour(&console, 100);
    run().exits(0);
    hour(&console, 200);
    story(&scenario, &console, &disk, &run);
}

fn hour(console: &Console, first: u64) {
    console.add(series(first, 40, console.now(), TimeDelta::minutes(1)));
    console.advance(TimeDelta::hours(1));
}

#[test]
fn a_disk_without_room_is_74_with_the_old_state_and_nothing_is_lost_once_there_is_room() {
    for as_other in [false, true] {
        on_a_small_disk(as_other, |scenario, console, disk, run| {
            let before = fs::read(scenario.path(LIVE)).unwrap();
            for left in [0, 4, 16, 40, 64, 96, 128] {
                let filler = disk.fill(left);
                let ran = run().exits_one_of(&[74, 3, 0]).never_says("first run");
                if left == 0 {
                    let path = scenario.reports.to_str().unwrap();
                    let ran = ran.exits(74).says_all(&["No space left", path]);
                    assert!(fs::read(scenario.path(LIVE)).unwrap() == before, "{ran}");
                }
                scenario.does(&["state", "verify"]).exits(0);
                fs::remove_file(filler).unwrap();
            }
            run().exits(0);
            scenario.told_exactly(console);
        });
    }
}

#[test]
fn a_disk_mounted_read_only_is_73_and_says_so_and_the_state_can_still_be_looked_at() {
    for as_other in [false, true] {
        on_a_small_disk(as_other, |scenario, console, disk, run| {
            disk.becomes("ro");
            let path = scenario.reports.to_str().unwrap();
            let before = scenario.photograph();
            run()
                .exits(73)
                .says_all(&["read-only", path])
                .never_says("first run");
            assert!(scenario.photograph() == before);
            for look in [
                &["state", "verify"][..],
                &["status"],
                &["state", "show"],
                &["history", "list"],
            ] {
                scenario.does(look).exits(0);
            }
            disk.becomes("rw");
            run().exits(0);
            scenario.told_exactly(console);
        });
    }
}
