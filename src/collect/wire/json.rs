//! Cuts JSON text into its elements and members by brackets and quotes alone, so that one broken row costs
//! that row and not its page, and nesting costs no stack. What a piece means is for others to say.

use serde_json::Value;

/// The elements of a JSON array, as written. `None`: not an array, or cut off.
pub fn elements(array: &[u8]) -> Option<Vec<&[u8]>> {
    elements_at(array, 0, &mut |_| None).map(|(found, _)| found)
}

/// Whoever looks at an element before it is cut, at the text from where it begins. If that tells how long it is, it is
/// not gone through again.
pub type Looking<'a> = dyn FnMut(&[u8]) -> Option<usize> + 'a;

/// The elements of an array that begins here, and where it ends.
fn elements_at<'a>(array: &'a [u8], start: usize, look: &mut Looking<'_>) -> Option<(Elements<'a>, usize)> {
    let mut at = opened(array, start, b'[')?;
    let mut found = Vec::new();
    if array.get(at) == Some(&b']') {
        return Some((found, at + 1));
    }
    loop {
        let end = match look(array.get(at..)?) {
            Some(length) => at + length,
            None => value_end(array, at)?,
        };
        found.push(array.get(at..end)?);
        match next_mark(array, end)? {
            (b',', next) => at = skip_space(array, next),
            (b']', end) => return Some((found, end)),
            _ => return None,
        }
    }
}

/// The members of a JSON object: each name with its value, as written. `None`: not an object, or cut off.
pub fn members(object: &[u8]) -> Option<Vec<Member<'_>>> {
    members_and_list(object, "", &mut |_| None).map(|(found, _)| found)
}

/// A member's name, and its value as written.
type Member<'o> = (String, &'o [u8]);
type Elements<'o> = Vec<&'o [u8]>;

/// The same, and the elements of the last of them that has this name, if it is an array: a list is gone through once.
pub fn members_and_list<'o>(
    object: &'o [u8],
    list: &str,
    look: &mut Looking<'_>,
) -> Option<(Vec<Member<'o>>, Option<Elements<'o>>)> {
    let mut elements = None;
    let mut at = opened(object, 0, b'{')?;
    let mut found = Vec::new();
    if object.get(at) == Some(&b'}') {
        return Some((found, elements));
    }
    loop {
        let name_end = value_end(object, at)?;
        let Value::String(name) = parse(object.get(at..name_end)?)? else {
            return None;
        };
        let (b':', colon) = next_mark(object, name_end)? else {
            return None;
        };
        let start = skip_space(object, colon);
        let end = if name == list {
            let listed = elements_at(object, start, look);
            let end = listed.as_ref().map(|(_, end)| *end);
            elements = listed.map(|(found, _)| found);
            end.or_else(|| value_end(object, start))?
        } else {
            value_end(object, start)?
        };
        found.push((name, object.get(start..end)?));
        match next_mark(object, end)? {
            (b',', next) => at = skip_space(object, next),
            (b'}', _) => return Some((found, elements)),
            _ => return None,
        }
    }
}

/// The first JSON value of `text` as written, and what follows it. `None`: there is none, or it is cut off.
pub fn first_value(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let start = skip_space(text, 0);
    let end = value_end(text, start)?;
    Some((text.get(start..end)?, text.get(end..)?))
}

/// The value a piece of JSON spells. What a careless writer breaks is mended first: bytes that are no UTF-8,
/// raw control characters, halves of surrogate pairs. `None`: no JSON, or nested deeper than 127.
pub fn parse(raw: &[u8]) -> Option<Value> {
    serde_json::from_slice(raw)
        .ok()
        .or_else(|| serde_json::from_str(&mended(raw)).ok())
}

/// Text without its byte order mark and leading white space.
pub fn trimmed(text: &[u8]) -> &[u8] {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    text.get(skip_space(text, 0)..).unwrap_or_default()
}

fn mended(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    let mut mended = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        mended.extend(before.chars().map(visible));
        let taken = match (code_unit(escape), escape.get(6..).and_then(code_unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                mended.push('\u{fffd}');
                rest = escape.get(6..).unwrap_or_default();
                continue;
            }
            _ => 1 + escape.chars().nth(1).map_or(0, char::len_utf8),
        };
        let (kept, after) = escape.split_at(taken);
        mended.extend(kept.chars().map(visible));
        rest = after;
    }
    mended.extend(rest.chars().map(visible));
    mended
}

fn visible(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

/// The UTF-16 code unit an escape such as `\ud83d` spells.
fn code_unit(text: &str) -> Option<u32> {
    u32::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

/// Where the first thing inside `open` begins.
fn opened(text: &[u8], from: usize, open: u8) -> Option<usize> {
    let start = skip_space(text, from);
    (text.get(start) == Some(&open)).then(|| skip_space(text, start + 1))
}

fn skip_space(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let space = rest.iter().position(|byte| !byte.is_ascii_whitespace());
    from.min(text.len()) + space.unwrap_or(rest.len())
}

/// The next byte that is not white space, and where what follows it begins.
fn next_mark(text: &[u8], from: usize) -> Option<(u8, usize)> {
    let at = skip_space(text, from);
    text.get(at).map(|mark| (*mark, at + 1))
}

/// Where the value that begins at `start` ends.
fn value_end(text: &[u8], start: usize) -> Option<usize> {
    match text.get(start)? {
        b'"' => string_end(text, start),
        b'{' | b'[' => bracket_end(text, start),
        b',' | b':' | b']' | b'}' => None,
        _ => {
            let scalar = text.iter().skip(start);
            let length = scalar
                .take_while(|b| !b.is_ascii_whitespace() && !b",:]}[{\"".contains(b))
                .count();
            Some(start + length)
        }
    }
}

fn string_end(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += to_mark(text.get(at..)?, 0)?;
        match text.get(at)? {
            b'"' => return Some(at + 1),
            _ => at += 2,
        }
    }
}

/// How far it is to the next quote, backslash or byte below `least`, eight bytes at a time: most strings are shorter
/// than a search would take to begin.
#[inline]
pub fn to_mark(text: &[u8], least: u8) -> Option<usize> {
    const ONES: u64 = u64::MAX / 0xff;
    /// The high bit of each byte that is below `least`; above the lowest of them, others may be set as well.
    fn below(word: u64, least: u8) -> u64 {
        word.wrapping_sub(ONES * u64::from(least)) & !word & (ONES << 7)
    }
    let mut at = 0;
    let mut rest = text;
    while let Some((eight, after)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*eight);
        let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
        let marks = is(b'"') | is(b'\\') | below(word, least);
        if marks != 0 {
            return Some(at + usize::try_from(marks.trailing_zeros() / 8).unwrap_or(0));
        }
        at += 8;
        rest = after;
    }
    let end = rest
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\') || *byte < least)?;
    Some(at + end)
}

fn bracket_end(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    let mut depth = 0_usize;
    loop {
        let rest = text.get(at..)?;
        at += rest
            .iter()
            .position(|byte| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']'))?;
        match text.get(at)? {
            b'"' => {
                at = string_end(text, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            _ => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_broken_element_leaves_its_neighbours_whole() {
        let cut = elements(br#" [ {"a":1}, {"a":tru}, "]", nul, [[]] ] "#).unwrap();
        let parsed: Vec<_> = cut.iter().map(|raw| parse(raw)).collect();
        assert_eq!(
            parsed,
            [
                Some(json!({"a":1})),
                None,
                Some(json!("]")),
                None,
                Some(json!([[]]))
            ]
        );
    }

    #[test]
    fn a_cut_off_array_is_no_array() {
        assert_eq!(elements(br#"[{"a":1},{"a":"#), None);
        assert_eq!(elements(b"[1,]"), None);
        assert_eq!(members(br#"{"a":1"#), None);
    }

    #[test]
    fn what_a_careless_writer_breaks_is_mended() {
        assert_eq!(parse(b"\"a\xffb\nc\""), Some(json!("a\u{fffd}b c")));
        assert_eq!(
            parse(br#""x\ud83d\\\"\ud83d\ude00""#),
            Some(json!("x\u{fffd}\\\"😀"))
        );
    }

    #[test]
    fn nesting_and_length_cost_no_stack() {
        let deep = [b"[".repeat(1_000_000), b"]".repeat(1_000_000)].concat();
        assert_eq!(elements(&deep).map(|found| found.len()), Some(1));
        assert_eq!(parse(&deep), None);
        let long = [b"[\"".as_slice(), &b"x".repeat(10_000_000), b"\"]"].concat();
        assert_eq!(elements(&long).map(|found| found.len()), Some(1));
    }

    proptest! {
        #[test]
        fn any_bytes_are_cut_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop((elements(&bytes), members(&bytes), first_value(&bytes), parse(&bytes)));
        }

        #[test]
        fn any_brackets_and_quotes_are_cut_without_a_panic(text in r#"[\[\]{}",:\\ua0-9d]{0,60}"#) {
            drop((elements(text.as_bytes()), members(text.as_bytes()), parse(text.as_bytes())));
        }
    }
}
