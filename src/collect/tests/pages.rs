//! Pages of JSON, whatever their rows are made of.

use proptest::prelude::*;

use crate::collect::wire::page::Page;
use crate::collect::wire::{anomalies, device, flows, sites, sysinfo};

/// What stands in the place of a row and is none.
const JUNK: [&str; 14] = [
    "7",
    "null",
    "true",
    "\"row\"",
    "[]",
    "[{}]",
    "{}",
    "{\"id\":\"x\"}",
    "{\"id\":\"x\",\"timestamp\":null}",
    "{\"id\":\"x\",\"timestamp\":4000}",
    "{\"id\":\"x\",\"timestamp\":\"yesterday\"}",
    "{\"id\":\"x\",\"timestamp\":nope}",
    "{\"id\":\"x\",,\"timestamp\":1778077234330}",
    "{\"id\":\"\u{1}\",\"timestamp\":1e400}",
];
const HEADS: [&str; 4] = [
    "{\"data\":[",
    "{\"meta\":{\"rc\":\"ok\",\"count\":3},\"data\":[",
    "{\"page_number\":0,\"total_element_count\":\"3\",\"data\":[",
    "[",
];

/// A row of the log, or junk.
fn item() -> impl Strategy<Value = (String, bool)> {
    let good = (any::<u32>(), "[ -~]{0,12}", 0..3_u8).prop_map(|(n, name, shape)| {
        let name = name.replace(['\\', '"'], "'");
        let row = match shape {
            0 => format!("{{\"id\":\"{n:x}\",\"key\":\"A\",\"timestamp\":17780772{:05},\"parameters\":{{\"CLIENT\":{{\"name\":\"{name}\"}}}}}}", n % 100_000),
            1 => format!("{{\"_id\":\"{n:x}\",\"key\":\"EVT_AP_Connected\",\"time\":1778077234330,\"msg\":\"{name}\"}}"),
            _ => format!(" {{ \"timestamp\" : \"1778077234330\" , \"{name}\" : [ 1 , {{}} ] }} "),
        };
        (row, true)
    });
    let junk = proptest::sample::select(&JUNK[..]).prop_map(|junk| (junk.to_owned(), false));
    prop_oneof![3 => good, 1 => junk]
}

fn page() -> impl Strategy<Value = (String, Vec<bool>)> {
    let items = proptest::collection::vec(item(), 0..12);
    (proptest::sample::select(&HEADS[..]), items).prop_map(|(head, items)| {
        let (rows, good): (Vec<String>, Vec<bool>) = items.into_iter().unzip();
        let end = if head == "[" { "]" } else { "]}" };
        (format!("{head}{}{end}", rows.join(",")), good)
    })
}

proptest! {
    #[test]
    fn each_row_is_told_for_itself_and_what_is_none_is_counted((text, good) in page()) {
        let page = Page::decode(text.as_bytes()).unwrap();
        let read: Vec<bool> = page.rows.iter().map(|row| row.event.is_some()).collect();
        prop_assert_eq!(&read, &good, "{}", text);
        let malformed = good.iter().filter(|good| !**good).count();
        prop_assert_eq!(page.malformed, u64::try_from(malformed).unwrap());
    }

    #[test]
    fn a_page_that_is_cut_or_overwritten_anywhere_is_refused_or_read_and_never_a_panic(
        (text, _) in page(),
        wounds in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..6),
        end in any::<proptest::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let mut bytes = text.into_bytes();
        for (at, byte) in wounds {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cut {
            bytes.truncate(end.index(bytes.len()));
        }
        if let Ok(page) = Page::decode(&bytes) {
            let malformed = page.rows.iter().filter(|row| row.event.is_none()).count();
            prop_assert_eq!(page.malformed, u64::try_from(malformed).unwrap());
        }
        if let Ok(page) = anomalies::page(&bytes) {
            prop_assert!(page.malformed <= u64::try_from(page.rows.len()).unwrap());
        }
        if let Ok(page) = flows::page(&bytes) {
            prop_assert!(page.malformed <= page.rows);
        }
        drop((sites(&bytes), sysinfo(&bytes), device::devices(&bytes), device::health(&bytes)));
    }
}
