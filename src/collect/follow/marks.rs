//! Which file is which: what was read under a name may have been moved, packed, copied or emptied since. Pure.

use chrono::{DateTime, Utc};

use crate::collect::follow::found::{Found, HEAD, hash};
use crate::model::position::FileMark;

/// What is to be done with a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Standing {
    /// It goes on from this mark.
    Known(FileMark),
    /// Nobody read it.
    New,
    /// Another one holds the same: that one is read.
    Copy,
}

/// Every file's standing, in their order, and the marks of those that are not there any more.
pub fn assign(found: &[Found], marks: &[FileMark]) -> (Vec<Standing>, Vec<FileMark>) {
    let mut taken: Vec<Option<usize>> = vec![None; found.len()];
    let mut gone: Vec<FileMark> = Vec::new();
    let mut moved: Vec<(usize, &FileMark)> = Vec::new();
    for (number, mark) in marks.iter().enumerate() {
        let same = found
            .iter()
            .position(|file| (file.device, file.inode) == (mark.device, mark.inode) && is_head(file, mark));
        match same
            .and_then(|at| taken.get_mut(at))
            .filter(|taken| taken.is_none())
        {
            Some(taken) => *taken = Some(number),
            None => moved.push((number, mark)),
        }
    }
    for (number, mark) in moved {
        let mut same: Vec<usize> = (0..found.len())
            .filter(|at| {
                let is_free = taken.get(*at) == Some(&None);
                is_free && mark.head_len > 0 && found.get(*at).is_some_and(|file| is_head(file, mark))
            })
            .collect();
        // While it is being packed, the packed one is not whole yet.
        same.sort_by_key(|at| {
            found
                .get(*at)
                .map(|file| (file.is_gzip, std::cmp::Reverse(file.size)))
        });
        match same.first().and_then(|at| taken.get_mut(*at)) {
            Some(taken) => *taken = Some(number),
            None => gone.push(mark.clone()),
        }
    }
    let standing = found.iter().enumerate().map(|(at, file)| {
        if let Some(mark) = taken
            .get(at)
            .copied()
            .flatten()
            .and_then(|number| marks.get(number))
        {
            return Standing::Known(mark.clone());
        }
        let rank = |at: usize, file: &Found| (file.is_gzip, std::cmp::Reverse(file.size), at);
        let is_held_elsewhere = found.iter().enumerate().any(|(other_at, other)| {
            let is_known = taken.get(other_at).copied().flatten().is_some();
            other_at != at && file.is_copy_of(other) && (is_known || rank(other_at, other) < rank(at, file))
        });
        if is_held_elsewhere {
            Standing::Copy
        } else {
            Standing::New
        }
    });
    (standing.collect(), gone)
}

fn is_head(file: &Found, mark: &FileMark) -> bool {
    file.head_of(mark.head_len).as_ref() == Some(&mark.head)
}

/// The mark of a file that was read up to there, which `is_end` says is its end.
pub fn mark(file: &Found, offset: u64, is_end: bool, now: DateTime<Utc>) -> FileMark {
    let read = usize::try_from(offset).unwrap_or(HEAD).min(HEAD);
    let head = file.head.get(..read).unwrap_or(&file.head);
    FileMark {
        path: file.path.to_string_lossy().into_owned(),
        device: file.device,
        inode: file.inode,
        head_len: u64::try_from(head.len()).unwrap_or(0),
        head: hash(head),
        offset,
        settled: is_end && file.is_closed(now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, inode: u64, text: &str) -> Found {
        Found {
            path: path.into(),
            device: 1,
            inode,
            size: text.len() as u64,
            written: DateTime::UNIX_EPOCH,
            is_gzip: std::path::Path::new(path)
                .extension()
                .is_some_and(|end| end == "gz"),
            head: text.as_bytes().to_vec(),
        }
    }

    fn offsets(found: &[Found], marks: &[FileMark]) -> (Vec<Option<u64>>, usize) {
        let (standing, gone) = assign(found, marks);
        let offset = |standing: Standing| match standing {
            Standing::Known(mark) => Some(mark.offset),
            Standing::New => Some(0),
            Standing::Copy => None,
        };
        (standing.into_iter().map(offset).collect(), gone.len())
    }

    #[test]
    fn a_file_is_known_again_wherever_rotation_puts_it() {
        let read = mark(&file("log", 7, "one\ntwo\n"), 8, true, DateTime::UNIX_EPOCH);
        let marks = [read];
        let longer = "one\ntwo\nthree\n";
        for (what, found, expected) in [
            ("it grew", vec![file("log", 7, longer)], (vec![Some(8)], 0)),
            (
                "renamed",
                vec![file("log.1", 7, longer), file("log", 8, "four\n")],
                (vec![Some(8), Some(0)], 0),
            ),
            (
                "packed",
                vec![file("log.1.gz", 9, longer), file("log", 8, "four\n")],
                (vec![Some(8), Some(0)], 0),
            ),
            (
                "being packed",
                vec![file("log.1", 7, longer), file("log.1.gz", 9, "one\n")],
                (vec![Some(8), None], 0),
            ),
            (
                "copied, not emptied yet",
                vec![file("log.1", 9, longer), file("log", 7, longer)],
                (vec![None, Some(8)], 0),
            ),
            (
                "copied and emptied",
                vec![file("log.1", 9, longer), file("log", 7, "")],
                (vec![Some(8), Some(0)], 0),
            ),
            (
                "copied, emptied, written to",
                vec![file("log.1", 9, longer), file("log", 7, "four\n")],
                (vec![Some(8), Some(0)], 0),
            ),
            ("emptied", vec![file("log", 7, "four\n")], (vec![Some(0)], 1)),
            ("gone", vec![], (vec![], 1)),
        ] {
            assert_eq!(offsets(&found, &marks), expected, "{what}");
        }
        let empty = [mark(&file("log", 7, ""), 0, true, DateTime::UNIX_EPOCH)];
        assert_eq!(offsets(&[file("log", 7, "one\n")], &empty), (vec![Some(0)], 0));
        assert_eq!(offsets(&[file("other", 8, "one\n")], &empty), (vec![Some(0)], 1));
    }
}
