//! Files and names on a real directory.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use rustix::io::Errno;

use crate::disk::{Dir, TEMP};

fn fresh() -> (tempfile::TempDir, Dir) {
    let temp = tempfile::tempdir().unwrap();
    let dir = Dir::open(temp.path()).unwrap();
    (temp, dir)
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn what_is_replaced_is_read_back_and_leaves_no_temp_file() {
    let (temp, dir) = fresh();
    assert_eq!(dir.read("a", 9).unwrap(), None);
    dir.replace("a", b"one").unwrap();
    dir.replace("a", b"two").unwrap();
    dir.replace_unsynced("b", b"").unwrap();
    assert_eq!(dir.read("a", 3).unwrap().unwrap(), b"two");
    assert!(
        dir.read("a", 2).unwrap_err().is_unfit(),
        "more than asked for is refused"
    );
    let names: Vec<String> = dir
        .list("")
        .unwrap()
        .into_iter()
        .map(|entry| entry.name)
        .collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(mode(&temp.path().join("a")), 0o640);
}

#[test]
fn directories_are_made_with_all_above_them_and_removed_with_all_in_them() {
    let (temp, dir) = fresh();
    dir.create_dirs("2026/11").unwrap();
    dir.create_dirs("2026/11").unwrap();
    assert_eq!(mode(&temp.path().join("2026/11")), 0o750);
    dir.replace("2026/11/x", b"").unwrap();
    dir.remove_dir("2026").unwrap();
    dir.remove_dir("2026").unwrap();
    assert!(dir.list("").unwrap().is_empty() && dir.list("2026/11").unwrap().is_empty());
}

#[test]
fn no_path_leads_out_of_the_directory() {
    let (temp, dir) = fresh();
    let outside = tempfile::tempdir().unwrap();
    symlink(outside.path(), temp.path().join("link")).unwrap();
    for path in ["../x", "/x", "", "a//b", "./x", "link/x"] {
        assert!(dir.replace(path, b"x").is_err(), "{path}");
        assert!(dir.create_dirs(&format!("{path}/y")).is_err(), "{path}");
    }
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
    std::fs::File::create(outside.path().join("f")).unwrap();
    symlink(outside.path().join("f"), temp.path().join("file")).unwrap();
    assert!(dir.read("file", 9).is_err());
    assert!(dir.append("file", b"x").is_err());
    assert!(dir.open_or_create_file("file").is_err());
    dir.replace("file", b"new").unwrap();
    assert_eq!(
        std::fs::metadata(outside.path().join("f")).unwrap().len(),
        0,
        "the link was replaced, not followed"
    );
}

#[test]
fn a_second_name_is_a_link_and_twice_is_once() {
    let (temp, dir) = fresh();
    dir.replace("a", b"one").unwrap();
    dir.duplicate("a", "a.bak", 99).unwrap();
    dir.duplicate("a", "a.bak", 99).unwrap();
    assert_eq!(std::fs::metadata(temp.path().join("a.bak")).unwrap().nlink(), 2);
    dir.replace("a", b"two").unwrap();
    assert_eq!(dir.read("a.bak", 9).unwrap().unwrap(), b"one");
    dir.duplicate("a", "a.bak", 99).unwrap();
    assert_eq!(dir.read("a.bak", 9).unwrap().unwrap(), b"two");
    assert!(
        !dir.list("")
            .unwrap()
            .iter()
            .any(|entry| entry.name.starts_with(TEMP))
    );
}

#[test]
fn a_write_that_cannot_be_leaves_the_old_file_and_no_temp_file() {
    let (temp, dir) = fresh();
    dir.replace("a", b"old").unwrap();
    std::fs::create_dir(temp.path().join("dir")).unwrap();
    assert!(dir.replace("dir", b"x").is_err());
    let names: Vec<String> = dir
        .list("")
        .unwrap()
        .into_iter()
        .map(|entry| entry.name)
        .collect();
    assert_eq!(names, ["a", "dir"]);
}

#[test]
fn only_the_last_directory_of_a_path_is_made() {
    let (temp, _) = fresh();
    let made = Dir::open_or_create(&temp.path().join("reports")).unwrap();
    assert_eq!(mode(made.path()), 0o750);
    made.probe().unwrap();
    assert!(made.list("").unwrap().is_empty());
    let error = Dir::open_or_create(&temp.path().join("no/reports")).unwrap_err();
    assert!(error.is(Errno::NOENT) && error.code() == 73, "{error}");
    std::fs::File::create(temp.path().join("file")).unwrap();
    assert!(
        Dir::open_or_create(&temp.path().join("file"))
            .unwrap_err()
            .is(Errno::NOTDIR)
    );
}

#[test]
fn root_gives_what_it_writes_to_the_directory_s_owner_and_follows_no_link_there() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let temp = tempfile::tempdir().unwrap();
    let theirs = temp.path().join("theirs");
    std::fs::create_dir(&theirs).unwrap();
    std::os::unix::fs::chown(&theirs, Some(12_345), Some(23_456)).unwrap();
    let dir = Dir::open(&theirs).unwrap();
    dir.create_dirs("2026/11").unwrap();
    dir.replace("2026/11/x", b"").unwrap();
    dir.append("log", b"x\n").unwrap();
    dir.open_or_create_file("lock").unwrap();
    for name in ["2026", "2026/11", "2026/11/x", "log", "lock"] {
        let found = std::fs::metadata(theirs.join(name)).unwrap();
        assert_eq!((found.uid(), found.gid()), (12_345, 23_456), "{name}");
    }
    let below = Dir::open_or_create(&theirs.join("below")).unwrap();
    assert_eq!(std::fs::metadata(below.path()).unwrap().uid(), 12_345);
    symlink(&theirs, temp.path().join("link")).unwrap();
    assert!(
        Dir::open(&temp.path().join("link"))
            .unwrap_err()
            .to_string()
            .contains("symlink")
    );
    symlink("/etc", theirs.join("etc")).unwrap();
    std::os::unix::fs::lchown(theirs.join("etc"), Some(12_345), None).unwrap();
    assert!(
        Dir::open(&theirs.join("etc")).is_err(),
        "their link to a directory of root's"
    );
}
