//! Names and sentences come from strangers: hosts, radio names, admins. Here they are made harmless.

/// Longest name kept, in characters.
pub const NAME: usize = 64;
/// Longest key kept, in characters.
pub const KEY: usize = 120;
/// Longest sentence kept, in characters.
pub const SENTENCE: usize = 400;

/// `raw` without control, bidirectional and other invisible formatting characters, runs of white
/// space folded to one space, and cut to `longest` characters with `…` as the last.
pub fn clean(raw: &str, longest: usize) -> String {
    if is_clean(raw.as_bytes(), longest) {
        return raw.to_owned();
    }
    let mut cleaned = String::with_capacity(raw.len().min(longest * 4));
    let mut kept = 0;
    let mut pending_space = false;
    for c in raw.chars() {
        if c.is_whitespace() {
            pending_space = kept > 0;
            continue;
        }
        if c.is_control() || is_invisible(c) {
            continue;
        }
        let wanted = 1 + usize::from(pending_space);
        if kept + wanted > longest {
            while kept >= longest.max(1) {
                cleaned.pop();
                kept -= 1;
            }
            cleaned.push('…');
            return cleaned;
        }
        if pending_space {
            cleaned.push(' ');
        }
        pending_space = false;
        cleaned.push(c);
        kept += wanted;
    }
    cleaned
}

/// Printable ASCII, words apart by one space: most of what comes.
fn is_clean(raw: &[u8], longest: usize) -> bool {
    let mut before = b' ';
    raw.len() <= longest
        && raw.iter().all(|byte| {
            let apart = *byte != b' ' || before != b' ';
            before = *byte;
            apart && matches!(byte, b' '..=b'~')
        })
        && (before != b' ' || raw.is_empty())
}

/// Formatting characters that show nothing themselves and change how the rest is read.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_gone() {
        assert_eq!(clean("a\u{1b}[31mred\u{7}\r\nBcc: x", 99), "a[31mred Bcc: x");
        assert_eq!(clean("moc.\u{202e}live\u{202c}", 99), "moc.live");
    }

    #[test]
    fn a_long_name_is_cut_to_its_length_and_says_so() {
        let cut = clean(&"ab ".repeat(100), 10);
        assert_eq!(cut.chars().count(), 10);
        assert!(cut.ends_with('…'), "{cut}");
    }

    #[test]
    fn what_is_clean_stays_as_it_is_and_nothing_else() {
        for text in [
            "",
            "a",
            "a b",
            "a  b",
            " a",
            "a ",
            " ",
            "a\tb",
            "ab\u{7f}",
            "é",
            "abcdefghi",
            "abcdefghij",
            "abcdefghijk",
        ] {
            let slowly = clean(&format!("{text}\u{200b}"), 10);
            assert_eq!(clean(text, 10), slowly, "{text:?}");
            assert_eq!(
                is_clean(text.as_bytes(), 10),
                slowly == text && text.is_ascii(),
                "{text:?}"
            );
        }
    }

    #[test]
    fn white_space_at_the_ends_is_dropped() {
        assert_eq!(clean("  a \t b  ", 99), "a b");
        assert_eq!(clean("abc", 3), "abc");
    }
}
