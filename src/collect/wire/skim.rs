//! Rows skimmed: of most rows of a busy site nothing is judged but their key, and reading all of them costs more than
//! everything else a run does. Only what is written as consoles write it is skimmed; a row that differs in anything is
//! left to be read whole, so that both ways say the same.

use chrono::{DateTime, Utc};

use crate::collect::wire::json::to_mark;
use crate::model::text::KEY;

/// Nested deeper, a row is not skimmed.
const DEEPEST: usize = 32;
/// More digits may not fit a number.
const LONGEST_NUMBER: usize = 15;

/// What every row says of itself. All of it is harmless as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skimmed<'r> {
    pub id: &'r str,
    pub time: DateTime<Utc>,
    pub key: &'r str,
    /// Empty where the row has none.
    pub event: &'r str,
    pub subcategory: &'r str,
}

/// Skims the row that begins here, and says how long it is; `None` where it has to be read whole, valid or not.
pub fn skim(text: &[u8]) -> Option<(Skimmed<'_>, usize)> {
    let mut reader = Reader { rest: text };
    let (mut id, mut time, mut key, mut event, mut subcategory) = (None, None, None, None, None);
    reader.mark(b'{')?;
    loop {
        let name = reader.string()?;
        reader.mark(b':')?;
        let place = match name {
            b"id" => &mut id,
            b"key" => &mut key,
            b"event" => &mut event,
            b"subcategory" => &mut subcategory,
            b"timestamp" => {
                let milliseconds = moment(reader.number()?)?;
                if time.replace(milliseconds).is_some() {
                    return None;
                }
                match reader.next()? {
                    b',' => continue,
                    b'}' => break,
                    _ => return None,
                }
            }
            // It would count more than the one above, and a name may be written in more ways than one.
            b"time" => return None,
            name if name.contains(&b'\\') => return None,
            _ => {
                reader.value(0)?;
                match reader.next()? {
                    b',' => continue,
                    b'}' => break,
                    _ => return None,
                }
            }
        };
        if place.replace(plain(reader.string()?)?).is_some() {
            return None;
        }
        match reader.next()? {
            b',' => {}
            b'}' => break,
            _ => return None,
        }
    }
    let skimmed = Skimmed {
        id: id?,
        time: time?,
        key: key?,
        event: event.unwrap_or_default(),
        subcategory: subcategory.unwrap_or_default(),
    };
    Some((skimmed, text.len() - reader.rest.len()))
}

/// Text that is kept as it is: short, of printable ASCII without space.
fn plain(text: &[u8]) -> Option<&str> {
    let is_plain = !text.is_empty()
        && text.len() <= KEY
        && text.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'\\');
    std::str::from_utf8(text).ok().filter(|_| is_plain)
}

/// Thirteen or so digits: milliseconds since the epoch.
fn moment(digits: &[u8]) -> Option<DateTime<Utc>> {
    let number: i64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    if (100_000_000_000..100_000_000_000_000).contains(&number) {
        DateTime::from_timestamp_millis(number)
    } else {
        None
    }
}

/// Reads JSON as it is mostly written; everything else is `None`.
struct Reader<'r> {
    rest: &'r [u8],
}

impl<'r> Reader<'r> {
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        while let Some((b' ' | b'\n' | b'\r' | b'\t', rest)) = self.rest.split_first() {
            self.rest = rest;
        }
        self.rest.first().copied()
    }

    /// The next byte that is not white space.
    #[inline]
    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.skip(1);
        Some(byte)
    }

    #[inline]
    fn mark(&mut self, wanted: u8) -> Option<()> {
        (self.next()? == wanted).then_some(())
    }

    #[inline]
    fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    /// What stands between quotes, as written.
    #[inline]
    fn string(&mut self) -> Option<&'r [u8]> {
        self.mark(b'"')?;
        let text = self.rest;
        loop {
            self.skip(to_mark(self.rest, b' ')?);
            match self.rest {
                [b'"', ..] => {
                    let whole = text.get(..text.len() - self.rest.len());
                    self.skip(1);
                    return whole;
                }
                [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => self.skip(2),
                _ => return None,
            }
        }
    }

    /// A whole number, or one with a few digits behind the point.
    fn number(&mut self) -> Option<&'r [u8]> {
        self.peek()?;
        let text = self.rest;
        let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if let [b'-', rest @ ..] = self.rest {
            self.rest = rest;
        }
        let whole = digits(self.rest);
        if whole == 0 || (whole > 1 && self.rest.starts_with(b"0")) {
            return None;
        }
        self.skip(whole);
        if let [b'.', rest @ ..] = self.rest {
            self.rest = rest;
            let part = digits(rest);
            self.skip(part);
            if part == 0 {
                return None;
            }
        }
        let length = text.len() - self.rest.len();
        let is_short = length <= LONGEST_NUMBER && !matches!(self.rest, [b'e' | b'E', ..]);
        text.get(..length).filter(|_| is_short)
    }

    /// Passes over a value.
    fn value(&mut self, depth: usize) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        match self.peek()? {
            b'"' => self.string().map(drop),
            b'{' => {
                self.skip(1);
                if self.peek()? == b'}' {
                    self.skip(1);
                    return Some(());
                }
                loop {
                    self.string()?;
                    self.mark(b':')?;
                    self.value(depth + 1)?;
                    match self.next()? {
                        b',' => {}
                        b'}' => return Some(()),
                        _ => return None,
                    }
                }
            }
            b'[' => {
                self.skip(1);
                if self.peek()? == b']' {
                    self.skip(1);
                    return Some(());
                }
                loop {
                    self.value(depth + 1)?;
                    match self.next()? {
                        b',' => {}
                        b']' => return Some(()),
                        _ => return None,
                    }
                }
            }
            _ => {
                for word in [&b"true"[..], b"false", b"null"] {
                    if self.rest.starts_with(word) {
                        self.skip(word.len());
                        return Some(());
                    }
                }
                self.number().map(drop)
            }
        }
    }
}

#[cfg(test)]
mod tests;
