//! Lines a console sends to a log server, as far as telling them from JSON goes.

/// A CEF line, or one that begins as RFC 3164 or RFC 5424 has it: `<13>`, `Mar  5 13:08:27 `, or both.
pub fn is_line(line: &[u8]) -> bool {
    if line.starts_with(b"{") || line.starts_with(b"[") {
        return false;
    }
    let has_cef = line.windows(CEF.len()).any(|part| part == CEF);
    has_cef || after_priority(line).is_some() || begins_with_date(line)
}

const CEF: &[u8] = b"CEF:0|";
const MONTHS: [&[u8]; 12] = [
    b"Jan ", b"Feb ", b"Mar ", b"Apr ", b"May ", b"Jun ", b"Jul ", b"Aug ", b"Sep ", b"Oct ", b"Nov ",
    b"Dec ",
];

/// What follows `<0>` to `<191>`.
fn after_priority(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"<")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = rest.split_at_checked(digits)?;
    let is_one = (1..=3).contains(&number.len());
    rest.strip_prefix(b">").filter(|_| is_one)
}

/// `Mar  5 13:08:27 `: digits where digits belong.
fn begins_with_date(line: &[u8]) -> bool {
    MONTHS.iter().any(|month| {
        let Some(rest) = line.strip_prefix(*month) else {
            return false;
        };
        let rest = rest.strip_prefix(b" ").unwrap_or(rest);
        // The day has one digit or two.
        let day = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let time = rest.get(day..).unwrap_or_default();
        let form = b" dd:dd:dd ";
        (1..=2).contains(&day)
            && time.len() >= form.len()
            && time.iter().zip(form).all(|(byte, wanted)| match wanted {
                b'd' => byte.is_ascii_digit(),
                wanted => byte == wanted,
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_for_log_servers_are_told_from_everything_else() {
        for line in [
            "<4>Mar  5 13:08:27 gw kernel: x",
            "<13>1 2026-11-20T06:00:00Z gw app - - - x",
            "Jul 15 04:17:21 gw CEF:0|Ubiquiti|UniFi Network|9.3.33|544|x|1|",
            "Jul  5 04:17:21 gw hello",
            "CEF:0|Ubiquiti|UniFi Network|9.3.33|544|x|1|",
        ] {
            assert!(is_line(line.as_bytes()), "{line}");
        }
        for line in [
            "",
            "<html>",
            "<4",
            "<4444>x",
            "Mar",
            "March 5 was a nice day for everybody",
            "Mar 5 13:0",
            r#"{"msg":"CEF:0|x"}"#,
            r#"[{"msg":"CEF:0|x"}]"#,
        ] {
            assert!(!is_line(line.as_bytes()), "{line}");
        }
    }
}
