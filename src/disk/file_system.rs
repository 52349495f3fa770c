//! On what kind of file system a directory lies, and whether a lock in it means anything to other hosts.
//!
//! Read from `/proc/self/mountinfo`; where that cannot be had, the kind is `unknown`.

use std::path::{Path, PathBuf};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSystem {
    /// `ext4`, `nfs4`, `cifs`, `overlay` …
    pub kind: String,
    /// Other hosts can have the same directory mounted.
    pub is_network: bool,
    /// A lock taken here is seen by other hosts. `false` on a network is worth a warning.
    pub locks_reach_other_hosts: bool,
    /// The directory itself is where something is mounted: a volume, in a container.
    pub is_mount_point: bool,
}

/// What `path` lies on.
pub fn file_system(path: &Path) -> FileSystem {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let table = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    in_table(&table, &real)
}

/// The mount with the longest mount point above `real`; of several on one point the last covers the others.
fn in_table(table: &str, real: &Path) -> FileSystem {
    let mut best: Option<Mount> = None;
    for mount in table.lines().filter_map(parse) {
        let covers = real.starts_with(&mount.point);
        let length = |mount: &Mount| mount.point.as_os_str().len();
        if covers && best.as_ref().is_none_or(|known| length(&mount) >= length(known)) {
            best = Some(mount);
        }
    }
    let Some(mount) = best else {
        return FileSystem {
            kind: "unknown".to_owned(),
            is_network: false,
            locks_reach_other_hosts: false,
            is_mount_point: false,
        };
    };
    let locks_stay_here = ["nolock", "local_lock=all", "local_lock=flock", "nobrl"];
    let is_shared_lock = matches!(
        mount.kind.as_str(),
        "nfs" | "nfs4" | "cifs" | "smb3" | "ceph" | "gfs2" | "ocfs2" | "lustre"
    );
    let is_passed_through = matches!(
        mount.kind.as_str(),
        "9p" | "virtiofs" | "vboxsf" | "afs" | "fakeowner"
    ) || mount.kind.starts_with("fuse.");
    FileSystem {
        is_network: is_shared_lock || is_passed_through,
        locks_reach_other_hosts: is_shared_lock
            && !mount
                .options
                .split(',')
                .any(|option| locks_stay_here.contains(&option)),
        is_mount_point: mount.point == real,
        kind: mount.kind,
    }
}

struct Mount {
    point: PathBuf,
    kind: String,
    options: String,
}

/// `36 35 98:0 /root /point rw,noatime master:1 - ext3 /dev/root rw,errors=continue`
fn parse(line: &str) -> Option<Mount> {
    let (before, after) = line.split_once(" - ")?;
    let point = before.split(' ').nth(4)?;
    let mut after = after.split(' ');
    let kind = after.next()?.to_owned();
    let options = after.nth(1).unwrap_or_default().to_owned();
    Some(Mount {
        point: PathBuf::from(unescape(point)),
        kind,
        options,
    })
}

/// Mount points are written with their blanks as `\040`, and so on.
fn unescape(text: &str) -> String {
    let plain = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    plain
        .iter()
        .fold(text.to_owned(), |text, (code, plain)| text.replace(code, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:50 / /mnt/nas\\040two rw - nfs4 nas:/x rw,vers=4.2,local_lock=none
31 22 0:51 / /mnt/old rw - nfs nas:/y rw,nolock
32 22 8:1 /volumes/x /app/reports rw,relatime - ext4 /dev/sda1 rw
33 22 0:52 / /home/me rw - fuse.sshfs me@host: rw
";

    #[test]
    fn a_volume_in_a_container_is_a_mount_point_and_a_directory_in_it_is_not() {
        assert!(in_table(TABLE, Path::new("/app/reports")).is_mount_point);
        assert!(!in_table(TABLE, Path::new("/app/reports/x")).is_mount_point);
        assert!(!in_table(TABLE, Path::new("/app/reports2")).is_mount_point);
        assert_eq!(in_table(TABLE, Path::new("/app/reports2")).kind, "ext4");
    }

    #[test]
    fn locks_that_stay_on_this_host_are_known() {
        let nas = in_table(TABLE, Path::new("/mnt/nas two/reports"));
        assert!(nas.is_network && nas.locks_reach_other_hosts, "{nas:?}");
        let old = in_table(TABLE, Path::new("/mnt/old/reports"));
        assert!(old.is_network && !old.locks_reach_other_hosts, "{old:?}");
        let ssh = in_table(TABLE, Path::new("/home/me/reports"));
        assert!(ssh.is_network && !ssh.locks_reach_other_hosts, "{ssh:?}");
    }

    #[test]
    fn without_a_table_nothing_is_claimed() {
        assert_eq!(in_table("", Path::new("/x")).kind, "unknown");
    }
}
