//! Opening directories without being led astray by symlinks.
//!
//! Below the reports directory no symlink is ever followed. On the way to it, root follows only links that
//! root alone could have placed, and none at all into somebody else's directory.

use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, fstat, openat, statat};
use rustix::io::{Errno, retry_on_intr};

use crate::disk::error::DiskError;

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// The directory at `path`, wherever it is.
pub fn open_base(path: &Path, as_root: bool) -> Result<OwnedFd, DiskError> {
    let failed = |errno: Errno| DiskError::new("opening", path, errno);
    if !as_root {
        return retry_on_intr(|| openat(CWD, path, DIRECTORY, Mode::empty())).map_err(failed);
    }
    let mut link = None;
    let mut at = retry_on_intr(|| openat(CWD, ".", DIRECTORY, Mode::empty())).map_err(failed)?;
    let mut so_far = PathBuf::new();
    for component in path.components() {
        so_far.push(component);
        at = match component {
            Component::CurDir | Component::Prefix(_) => continue,
            Component::RootDir | Component::ParentDir => {
                let name = if component == Component::RootDir {
                    "/"
                } else {
                    ".."
                };
                retry_on_intr(|| openat(&at, name, DIRECTORY, Mode::empty())).map_err(failed)?
            }
            Component::Normal(name) => {
                match retry_on_intr(|| openat(&at, name, DIRECTORY | OFlags::NOFOLLOW, Mode::empty())) {
                    Ok(next) => next,
                    Err(Errno::LOOP | Errno::NOTDIR) if only_root_links(&at, name)? => {
                        link = Some(so_far.clone());
                        retry_on_intr(|| openat(&at, name, DIRECTORY, Mode::empty())).map_err(failed)?
                    }
                    Err(Errno::LOOP) => {
                        return Err(DiskError::refusal("opening", so_far, FOREIGN_LINK));
                    }
                    Err(errno) => return Err(failed(errno)),
                }
            }
        };
    }
    let owner = fstat(&at).map_err(failed)?.st_uid;
    match link {
        Some(link) if owner != 0 => Err(DiskError::refusal("opening", link, LINK_TO_FOREIGN)),
        _ => Ok(at),
    }
}

const FOREIGN_LINK: &str = "this is a symlink that somebody other than root could change; root does not follow \
                            it: give the real path, or run as the directory's owner";
const LINK_TO_FOREIGN: &str = "this is a symlink on the way to somebody else's directory, which root does not \
                               follow: give the real path, or run as the directory's owner";

/// The directory `name` in `parent`, refusing a symlink.
pub fn open_below(parent: &OwnedFd, name: &str) -> Result<OwnedFd, Errno> {
    retry_on_intr(|| openat(parent, name, DIRECTORY | OFlags::NOFOLLOW, Mode::empty()))
}

/// Whether `name` in `parent` is a symlink which only root could have made.
fn only_root_links(parent: &OwnedFd, name: &std::ffi::OsStr) -> Result<bool, DiskError> {
    let failed = |errno: Errno| DiskError::new("examining", PathBuf::from(name), errno);
    let link = statat(parent, name, AtFlags::SYMLINK_NOFOLLOW).map_err(failed)?;
    let folder = fstat(parent).map_err(failed)?;
    let others_write = folder.st_mode & 0o022 != 0 && folder.st_mode & 0o1000 == 0;
    let is_link = FileType::from_raw_mode(link.st_mode) == FileType::Symlink;
    Ok(is_link && link.st_uid == 0 && folder.st_uid == 0 && !others_write)
}
