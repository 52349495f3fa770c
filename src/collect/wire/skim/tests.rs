//! Skimming a row says what reading it says, or leaves it alone.

use proptest::prelude::*;

use super::*;
use crate::collect::wire::event;
use crate::collect::wire::page::Page;

/// Skimming a row says what reading it says, or leaves it alone.
fn agree(raw: &[u8]) -> Result<bool, TestCaseError> {
    let Some((skimmed, length)) = skim(raw) else {
        return Ok(false);
    };
    let row = event::row(&raw[..length]);
    prop_assert!(!row.made_id);
    let event = row.event.expect("skimmed though it cannot be read");
    prop_assert_eq!(
        (skimmed.id, Some(skimmed.time), skimmed.key),
        (row.id.as_str(), row.time, event.key.as_str())
    );
    prop_assert_eq!(
        (skimmed.event, skimmed.subcategory),
        (event.event.as_str(), event.subcategory.as_str())
    );
    Ok(true)
}

#[test]
fn a_row_as_consoles_write_it_is_skimmed() {
    let raw = br#"{"category":"SECURITY","event":"THREAT_BLOCKED","id":"69fb4e3255d0f00238bba8c0","key":"THREAT_BLOCKED_V3",
        "message_raw":"\"x\" {SRC_IP}","parameters":{"DEVICE":{"device_fingerprint_id":3522,"list":[1,-2.5,null,{}],"name":"G\u00fcnther"},"x":{}},
        "severity":"LOW","show_on_dashboard":false,"subcategory":"SECURITY_INTRUSION_PREVENTION","timestamp":1778077234330}"#;
    let raw = String::from_utf8_lossy(raw).replace("\\u00fc", "ü");
    let (skimmed, length) = skim(raw.as_bytes()).unwrap();
    assert_eq!(length, raw.len());
    assert_eq!(
        (skimmed.id, skimmed.key, skimmed.event),
        ("69fb4e3255d0f00238bba8c0", "THREAT_BLOCKED_V3", "THREAT_BLOCKED")
    );
    assert!(agree(raw.as_bytes()).unwrap());
}

#[test]
fn what_is_written_otherwise_is_read_whole() {
    for raw in [
        r#"{"id":"a","key":"A","timestamp":1778077234330"#,
        r#"{"id":"a","key":"A","timestamp":1778077234330,}"#,
        r#"{"id":"a","key":"A","timestamp":1778077234330,"x":tru}"#,
        r#"{"id":"a","key":"A","timestamp":1778077234330,"x":01}"#,
        r#"{"id":"a","key":"A","timestamp":1778077234330,"x":1e999}"#,
        r#"{"id":"a","key":"A","timestamp":1778077234330,"x":"\ud83d"}"#,
        r#"{"id":"a","key":"A","timestamp":1778077234330,"time":1}"#,
        r#"{"id":"a","key":"A","timestamp":1778077234330,"k\u0065y":"B"}"#,
        r#"{"id":"a","key":"A","key":"B","timestamp":1778077234330}"#,
        r#"{"id":"a","key":"A B","timestamp":1778077234330}"#,
        r#"{"id":"a","key":null,"timestamp":1778077234330}"#,
        r#"{"id":17,"key":"A","timestamp":1778077234330}"#,
        r#"{"id":"a","key":"A","timestamp":1778077234}"#,
        r#"{"key":"A","timestamp":1778077234330}"#,
        "{}",
        "[]",
        "",
    ] {
        assert_eq!(skim(raw.as_bytes()), None, "{raw}");
    }
    let deep = format!(
        r#"{{"id":"a","key":"A","timestamp":1778077234330,"x":{}{}}}"#,
        "[".repeat(200),
        "]".repeat(200)
    );
    assert_eq!(skim(deep.as_bytes()), None);
}

/// JSON, nearly: any of its pieces may be missing or wrong.
fn members() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "id",
        "_id",
        "key",
        "event",
        "type",
        "subcategory",
        "timestamp",
        "time",
        "datetime",
        "x",
        "k\\u0065y",
        "parameters",
    ]);
    let said = prop::sample::select(vec![
        "\"a1\"",
        "\"A_B\"",
        "\"a b\"",
        "\"\"",
        "\"é\"",
        "\"a\\\"b\"",
        "\"\\u00e9\"",
        "\"\\ud83d\"",
        "\"\\x\"",
        "null",
        "true",
        "tru",
        "1778077234330",
        "1778077234",
        "01",
        "-",
        "1.",
        "1.5",
        "1e5",
        "-3",
        "12345678901234567890",
        "{}",
        "[]",
        "[1,]",
        "{\"a\":[{}]}",
        "\"1778077234330\"",
        " \"a\" ",
        "\u{c}1",
    ]);
    prop::collection::vec((name, said), 0..7).prop_map(|members| {
        let members = members
            .into_iter()
            .map(|(name, said)| format!("\"{name}\":{said}"));
        members.collect::<Vec<_>>().join(",")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn any_row_is_skimmed_as_it_is_read_or_not_at_all(members in members()) {
        agree(format!("{{{members}}}").as_bytes())?;
        agree(format!(r#"{{"id":"a","key":"A","timestamp":1778077234330,{members}}}"#).as_bytes())?;
    }

    #[test]
    fn any_bytes_are_skimmed_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let row = [br#"{"id":"a","key":"A","timestamp":1778077234330,"x":""#.as_slice(), &bytes, b"\"}"].concat();
        agree(&row)?;
        agree(&bytes)?;
    }

    #[test]
    fn a_page_skimmed_has_the_rows_of_a_page_read(rows in prop::collection::vec((members(), any::<bool>()), 0..6)) {
        let rows = rows.iter().map(|(members, is_plain)| match is_plain {
            true => format!(r#"{{"id":"{}","key":"A","timestamp":1778077234330,"x":"\\""}}"#, members.len()),
            false => format!("{{{members}}}"),
        });
        let body = format!(r#"{{"data":[{}],"total_element_count":7}}"#, rows.collect::<Vec<_>>().join(" ,"));
        let (read, skimmed) = (Page::decode(body.as_bytes()), Page::decode_all_but(body.as_bytes(), &|_, _| true));
        let outline = |page: Result<Page, String>| page.map(|page| {
            let rows = page.rows.into_iter().map(|row| {
                let named = row.event.map(|event| (event.id, event.time, event.key, event.event));
                (row.id, row.made_id, row.time, named)
            });
            (rows.collect::<Vec<_>>(), page.total, page.malformed)
        });
        prop_assert_eq!(outline(read), outline(skimmed));
    }
}
