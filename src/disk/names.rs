//! Names in a directory: linked, renamed, removed, listed, made durable.

use std::sync::Arc;

use rustix::fs::{AtFlags, FileType};
use rustix::io::{Errno, retry_on_intr};

use crate::disk::error::DiskError;
#[cfg(test)]
use crate::disk::journal;
use crate::disk::{DIR_MODE, Dir, Entry, OUTSIDE, components, walk};

impl Dir {
    /// Another name for a file.
    pub fn link(&self, from: &str, to: &str) -> Result<(), DiskError> {
        let (old, old_name) = self.locate(from)?;
        let (new, new_name) = self.locate(to)?;
        retry_on_intr(|| rustix::fs::linkat(&*old, old_name, &*new, new_name, AtFlags::empty()))
            .map_err(|errno| self.error("linking", to, errno))?;
        #[cfg(test)]
        journal::note(|| journal::Step::Link(from.to_owned(), to.to_owned()));
        Ok(())
    }

    /// Renames, replacing what `to` was. Durable after a [`Self::sync`] of both directories.
    pub fn rename(&self, from: &str, to: &str) -> Result<(), DiskError> {
        let (old, old_name) = self.locate(from)?;
        let (new, new_name) = self.locate(to)?;
        retry_on_intr(|| rustix::fs::renameat(&*old, old_name, &*new, new_name))
            .map_err(|errno| self.error("renaming", to, errno))?;
        #[cfg(test)]
        journal::note(|| journal::Step::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }

    /// Removes a file; one that is not there is as good.
    pub fn remove(&self, rel: &str) -> Result<(), DiskError> {
        self.unlink(rel, AtFlags::empty())
    }

    /// Removes a directory and the files in it.
    pub fn remove_dir(&self, rel: &str) -> Result<(), DiskError> {
        for entry in self.list(rel)? {
            let inner = format!("{rel}/{}", entry.name);
            if entry.is_dir {
                self.remove_dir(&inner)?;
            } else {
                self.remove(&inner)?;
            }
        }
        self.unlink(rel, AtFlags::REMOVEDIR)
    }

    /// Makes a directory and those above it, each synced into its parent.
    pub fn create_dirs(&self, rel: &str) -> Result<(), DiskError> {
        let mut at = Arc::clone(&self.fd);
        #[cfg(test)]
        let mut path = String::new();
        for name in components(rel).ok_or_else(|| self.refusal(rel, OUTSIDE))? {
            match retry_on_intr(|| rustix::fs::mkdirat(&*at, name, DIR_MODE)) {
                Ok(()) => {
                    let made = walk::open_below(&at, name).map_err(|e| self.error("opening", rel, e))?;
                    self.own(&made, DIR_MODE, rel)?;
                    self.sync_fd(&at, rel)?;
                    at = Arc::new(made);
                    #[cfg(test)]
                    {
                        journal::note(|| journal::Step::Mkdir(format!("{path}{name}")));
                        journal::note(|| journal::Step::SyncDir(path.trim_end_matches('/').to_owned()));
                    }
                }
                Err(Errno::EXIST) => {
                    at = Arc::new(walk::open_below(&at, name).map_err(|e| self.error("opening", rel, e))?);
                }
                Err(errno) => return Err(self.error("creating", rel, errno)),
            }
            #[cfg(test)]
            {
                path.push_str(name);
                path.push('/');
            }
        }
        Ok(())
    }

    /// What is in a directory (`""`: this one), sorted; nothing if it is missing. Names that are not UTF-8
    /// are none of ours.
    pub fn list(&self, rel: &str) -> Result<Vec<Entry>, DiskError> {
        let failed = |errno: Errno| self.error("listing", rel, errno);
        let fd = match self.folder(rel) {
            Err(error) if error.is(Errno::NOENT) => return Ok(Vec::new()),
            other => other?,
        };
        let mut entries = Vec::new();
        for entry in retry_on_intr(|| rustix::fs::Dir::read_from(&*fd)).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            if name == "." || name == ".." {
                continue;
            }
            let kind = match entry.file_type() {
                FileType::Unknown => rustix::fs::statat(&*fd, name, AtFlags::SYMLINK_NOFOLLOW)
                    .map_or(FileType::Unknown, |found| FileType::from_raw_mode(found.st_mode)),
                known => known,
            };
            entries.push(Entry {
                name: name.to_owned(),
                is_dir: kind == FileType::Directory,
            });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// Waits until the names in a directory (`""`: this one) are on the disk.
    pub fn sync(&self, rel: &str) -> Result<(), DiskError> {
        let fd = self.folder(rel)?;
        self.sync_fd(&fd, rel)?;
        #[cfg(test)]
        journal::note(|| journal::Step::SyncDir(rel.to_owned()));
        Ok(())
    }

    /// Owner and group of a name (`""`: this directory): for telling who should have run.
    pub fn owner(&self, rel: &str) -> Option<(u32, u32)> {
        let found = if rel.is_empty() {
            rustix::fs::fstat(&*self.fd).ok()?
        } else {
            let (fd, name) = self.locate(rel).ok()?;
            rustix::fs::statat(&*fd, name, AtFlags::SYMLINK_NOFOLLOW).ok()?
        };
        Some((found.st_uid, found.st_gid))
    }

    /// Device and inode of a name; `None` if there is nothing.
    pub fn identity(&self, rel: &str) -> Result<Option<(u64, u64)>, DiskError> {
        let (fd, name) = self.locate(rel)?;
        match retry_on_intr(|| rustix::fs::statat(&*fd, name, AtFlags::SYMLINK_NOFOLLOW)) {
            Ok(found) => Ok(Some((found.st_dev, found.st_ino))),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(self.error("examining", rel, errno)),
        }
    }

    fn unlink(&self, rel: &str, flags: AtFlags) -> Result<(), DiskError> {
        let located = match self.locate(rel) {
            Err(error) if error.is(Errno::NOENT) => return Ok(()),
            other => other?,
        };
        match retry_on_intr(|| rustix::fs::unlinkat(&*located.0, located.1, flags)) {
            Ok(()) => {
                #[cfg(test)]
                journal::note(|| journal::Step::Remove(rel.to_owned()));
                Ok(())
            }
            Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(self.error("removing", rel, errno)),
        }
    }
}
