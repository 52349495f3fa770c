//! A file's bytes as plain lines: unpacked if they are gzip, cut at line ends, with nothing held but one buffer.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use memchr::memchr;

/// A line longer than this is none.
pub const LONGEST_LINE: usize = 64 * 1024;
pub const BUFFER: usize = 128 * 1024;
const GZIP: &[u8] = &[0x1f, 0x8b];
/// What other packers begin with, and what would unpack it.
const PACKED: [(&[u8], &str); 4] = [
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"PK\x03\x04", "zip"),
];

/// Bytes that were opened.
pub struct Plain<'r> {
    pub bytes: Box<dyn BufRead + 'r>,
    pub was_gzip: bool,
}

/// Unpacks gzip, which is told by its first bytes.
pub fn open<'r>(from: impl Read + 'r) -> io::Result<Plain<'r>> {
    let mut from = BufReader::with_capacity(BUFFER, Peeked::of(from)?);
    let begins = from.fill_buf()?;
    if let Some((_, packer)) = PACKED.iter().find(|(magic, _)| begins.starts_with(magic)) {
        let why = format!("it is packed by {packer}, which is not read: unpack it, or let gzip pack it");
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    let was_gzip = begins.starts_with(GZIP);
    let bytes: Box<dyn BufRead> = if was_gzip {
        Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(from)))
    } else {
        Box::new(from)
    };
    Ok(Plain { bytes, was_gzip })
}

/// A reader whose first bytes come in one piece, as a pipe need not give them.
struct Peeked<R> {
    first: Vec<u8>,
    at: usize,
    rest: R,
}

impl<R: Read> Peeked<R> {
    fn of(mut rest: R) -> io::Result<Self> {
        let mut first = Vec::new();
        rest.by_ref().take(8).read_to_end(&mut first)?;
        Ok(Self { first, at: 0, rest })
    }
}

impl<R: Read> Read for Peeked<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut left = self.first.get(self.at..).unwrap_or_default();
        if left.is_empty() {
            return self.rest.read(into);
        }
        let read = left.read(into)?;
        self.at += read;
        Ok(read)
    }
}

/// One piece of a text.
pub enum Piece<'l> {
    /// A line without its end.
    Line(&'l [u8]),
    /// The bytes behind the last line end: perhaps half a line.
    Tail(&'l [u8]),
    TooLong,
}

/// Why a text was not read to its end.
#[derive(Debug)]
pub enum Cut {
    /// The bytes cannot be read, or not be unpacked.
    Broken(io::Error),
    /// Whoever took the lines failed.
    Taking(anyhow::Error),
}

/// Gives every line of the text to `each`, with where it begins, counted from `at`, and the place behind it. `each` says
/// whether to go on.
pub fn each_line(
    from: &mut dyn BufRead,
    mut at: u64,
    each: &mut dyn FnMut(Piece<'_>, u64, u64) -> anyhow::Result<bool>,
) -> Result<(), Cut> {
    let mut each = |piece: Piece<'_>, at, next| each(piece, at, next).map_err(Cut::Taking);
    // The beginning of a line whose end is not in the buffer yet.
    let mut begun: Vec<u8> = Vec::new();
    let mut skipped = 0_u64;
    loop {
        let buffer = match from.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Cut::Broken(error)),
        };
        let length = buffer.len();
        if length == 0 {
            let end = at + skipped + count(begun.len());
            if skipped > 0 {
                each(Piece::TooLong, at, end)?;
            } else if !begun.is_empty() {
                each(Piece::Tail(&begun), at, end)?;
            }
            return Ok(());
        }
        let mut rest = buffer;
        while let Some(end) = memchr(b'\n', rest) {
            let (line, after) = (
                rest.get(..end).unwrap_or_default(),
                rest.get(end + 1..).unwrap_or_default(),
            );
            let next = at + skipped + count(begun.len() + end + 1);
            let piece = if skipped > 0 || begun.len() + end > LONGEST_LINE {
                Piece::TooLong
            } else if begun.is_empty() {
                Piece::Line(line)
            } else {
                begun.extend_from_slice(line);
                Piece::Line(&begun)
            };
            if !each(piece, at, next)? {
                return Ok(());
            }
            begun.clear();
            (at, skipped, rest) = (next, 0, after);
        }
        if skipped > 0 || begun.len() + rest.len() > LONGEST_LINE {
            skipped += count(begun.len() + rest.len());
            begun.clear();
        } else {
            begun.extend_from_slice(rest);
        }
        from.consume(length);
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    /// One byte at a time, as a pipe may.
    struct Dripping<'b>(&'b [u8]);

    impl Read for Dripping<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = into.len().min(1);
            self.0.read(&mut into[..length])
        }
    }

    fn lines(bytes: &[u8]) -> Vec<(String, u64, u64)> {
        let mut found = Vec::new();
        let mut plain = open(Dripping(bytes)).unwrap();
        each_line(&mut *plain.bytes, 0, &mut |piece, at, next| {
            let text = match piece {
                Piece::Line(line) => String::from_utf8_lossy(line).into_owned(),
                Piece::Tail(line) => format!("…{}", String::from_utf8_lossy(line)),
                Piece::TooLong => "long".to_owned(),
            };
            found.push((text, at, next));
            Ok(true)
        })
        .unwrap();
        found
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(text).unwrap();
        packed.finish().unwrap()
    }

    #[test]
    fn lines_are_where_they_are_whatever_the_pieces_they_come_in() {
        let told = [
            ("a".to_owned(), 0, 2),
            (String::new(), 2, 3),
            ("…bc".to_owned(), 3, 5),
        ];
        assert_eq!(lines(b"a\n\nbc"), told);
        assert_eq!(lines(&[gzip(b"a\n"), gzip(b"\nbc")].concat()), told);
        let long = [&b"a\n"[..], &vec![b'x'; 2 * LONGEST_LINE], b"\nb\n"].concat();
        let end = 3 + 2 * LONGEST_LINE as u64;
        assert_eq!(
            lines(&long),
            [
                ("a".to_owned(), 0, 2),
                ("long".to_owned(), 2, end),
                ("b".to_owned(), end, end + 2)
            ]
        );
    }

    #[test]
    fn what_is_packed_otherwise_is_named() {
        let refused = open(&b"\xfd7zXZ\0\0\0"[..]).err().unwrap();
        assert!(refused.to_string().contains("packed by xz"), "{refused}");
    }
}
