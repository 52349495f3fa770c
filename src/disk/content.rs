//! What is in the files: written whole and synced, read with a limit, appended to.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

use rustix::fs::{FileType, OFlags};
use rustix::io::Errno;

use crate::disk::error::DiskError;
#[cfg(test)]
use crate::disk::journal;
use crate::disk::{Dir, FILE_MODE, temp_name};

impl Dir {
    /// Puts `bytes` in the place of `rel`, durably.
    pub fn replace(&self, rel: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let temp = self.write_temp(rel, bytes)?;
        self.rename_temp(&temp, rel)?;
        self.sync_parent(rel)
    }

    /// Puts `bytes` in the place of `rel` in one step, without waiting for the disk: for what a power cut
    /// may take.
    pub fn replace_unsynced(&self, rel: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let temp = temp_name(rel)?;
        let written = self
            .create_new(&temp)
            .and_then(|mut file| file.write_all(bytes).map_err(|e| self.error("writing", rel, e)));
        self.or_remove(&temp, written)?;
        self.rename_temp(&temp, rel)
    }

    /// A synced temp file beside `rel` with these bytes; its path, to be renamed.
    pub fn write_temp(&self, rel: &str, bytes: &[u8]) -> Result<String, DiskError> {
        let temp = temp_name(rel)?;
        let written = self.create_new(&temp).and_then(|mut file| {
            file.write_all(bytes).map_err(|e| self.error("writing", rel, e))?;
            self.sync_file(&file, &temp)
        });
        self.or_remove(&temp, written)?;
        Ok(temp)
    }

    /// Renames a temp file into its place, and removes it if that cannot be.
    pub fn rename_temp(&self, temp: &str, rel: &str) -> Result<(), DiskError> {
        let renamed = self.rename(temp, rel);
        self.or_remove(temp, renamed)
    }

    /// Makes `to` another name of the file `from`, replacing what was there: by a link, or by a synced copy
    /// of its bytes where links are not to be had.
    pub fn duplicate(&self, from: &str, to: &str, limit: u64) -> Result<(), DiskError> {
        if self.identity(from)? == self.identity(to)? {
            return Ok(());
        }
        let temp = temp_name(to)?;
        match self.link(from, &temp) {
            Ok(()) => self.rename_temp(&temp, to),
            Err(error) if NO_LINKS.iter().any(|errno| error.is(*errno)) => {
                let bytes = self.read(from, limit)?;
                let bytes = bytes.ok_or_else(|| self.error("copying", from, Errno::NOENT))?;
                self.replace(to, &bytes)
            }
            Err(error) => Err(error),
        }
    }

    /// A new file for writing, ours by mode and owner; it must not be there.
    pub fn create_new(&self, rel: &str) -> Result<File, DiskError> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
        let file = self.open_with(rel, flags, "creating")?;
        #[cfg(test)]
        journal::note(|| journal::Step::Create(rel.to_owned()));
        self.own(&file, FILE_MODE, rel)?;
        Ok(file)
    }

    /// Waits until the bytes of an open file are on the disk.
    pub fn sync_file(&self, file: &File, rel: &str) -> Result<(), DiskError> {
        file.sync_all().map_err(|e| self.error("syncing", rel, e))?;
        #[cfg(test)]
        journal::note(|| {
            journal::Step::Sync(
                rel.to_owned(),
                std::fs::read(self.path_of(rel)).unwrap_or_default(),
            )
        });
        Ok(())
    }

    /// A regular file opened for reading; `None` if there is nothing of that name.
    pub fn open_file(&self, rel: &str) -> Result<Option<File>, DiskError> {
        let file = match self.open_with(rel, OFlags::RDONLY, "opening") {
            Ok(file) => file,
            Err(error) if error.is(Errno::NOENT) => return Ok(None),
            Err(error) if error.is(Errno::LOOP) => return Err(self.refusal(rel, "is a symlink")),
            Err(error) if error.is(Errno::NXIO) => return Err(self.unfit(rel, NOT_REGULAR)),
            Err(error) => return Err(error),
        };
        let found = self.stat_of(&file, rel)?;
        if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
            return Err(self.unfit(rel, NOT_REGULAR));
        }
        Ok(Some(file))
    }

    /// A regular file opened for reading and writing, made if missing, never truncated: for the lock.
    pub fn open_or_create_file(&self, rel: &str) -> Result<File, DiskError> {
        let file = self.open_with(rel, OFlags::RDWR | OFlags::CREATE, "opening")?;
        let found = self.stat_of(&file, rel)?;
        if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
            return Err(self.unfit(rel, NOT_REGULAR));
        }
        if found.st_uid == rustix::process::geteuid().as_raw() {
            self.own(&file, FILE_MODE, rel)?;
        }
        Ok(file)
    }

    /// A file's bytes; `None` if there is none. More than `limit` bytes are refused unread.
    pub fn read(&self, rel: &str, limit: u64) -> Result<Option<Vec<u8>>, DiskError> {
        let Some(file) = self.open_file(rel)? else {
            return Ok(None);
        };
        let size = u64::try_from(self.stat_of(&file, rel)?.st_size).unwrap_or(u64::MAX);
        if size > limit {
            return Err(self.unfit(rel, TOO_LARGE));
        }
        let mut bytes = Vec::new();
        file.take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|e| self.error("reading", rel, e))?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
            return Err(self.unfit(rel, TOO_LARGE));
        }
        Ok(Some(bytes))
    }

    /// The last `limit` bytes of a file, and whether that is all of it; nothing if there is none.
    pub fn read_tail(&self, rel: &str, limit: u64) -> Result<(Vec<u8>, bool), DiskError> {
        let Some(mut file) = self.open_file(rel)? else {
            return Ok((Vec::new(), true));
        };
        let failed = |e: std::io::Error| self.error("reading", rel, e);
        let length = file.seek(SeekFrom::End(0)).map_err(failed)?;
        let from = length.saturating_sub(limit);
        file.seek(SeekFrom::Start(from)).map_err(failed)?;
        let mut bytes = Vec::new();
        file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
        Ok((bytes, from == 0))
    }

    /// Adds bytes to the end of a log, which is made if missing. Not synced.
    pub fn append(&self, rel: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let mut file = self.open_with(rel, OFlags::RDWR | OFlags::APPEND | OFlags::CREATE, "opening")?;
        let found = self.stat_of(&file, rel)?;
        if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
            return Err(self.unfit(rel, NOT_REGULAR));
        }
        if found.st_size == 0 {
            self.own(&file, FILE_MODE, rel)?;
        }
        file.write_all(bytes).map_err(|e| self.error("writing", rel, e))
    }

    /// Writes, syncs, renames and removes a small file: what every commit needs to be able to do.
    pub fn probe(&self) -> Result<(), DiskError> {
        let temp = self.write_temp("probe", b"unifi-scan probe\n")?;
        let renamed = format!("{temp}ed");
        self.rename_temp(&temp, &renamed)?;
        self.sync("")?;
        self.remove(&renamed)
    }
}

const NOT_REGULAR: &str = "is not a regular file";
const TOO_LARGE: &str = "is far too large to be ours";

/// What file systems answer that know no hard links, or do not allow this one.
const NO_LINKS: [Errno; 5] = [
    Errno::PERM,
    Errno::OPNOTSUPP,
    Errno::NOSYS,
    Errno::MLINK,
    Errno::XDEV,
];
