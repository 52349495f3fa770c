//! Lines for log servers, whatever bytes they are made of.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use crate::collect::lines::calendar::Calendar;
use crate::collect::lines::plain::{self, Piece, each_line};
use crate::collect::lines::{Lines, Tally};
use crate::model::position::Position;
use crate::model::source::{SiteName, SourceId, SourceKind};
use crate::model::zone::Zone;

const PARTS: [&str; 28] = [
    "<13>",
    "<",
    "Mar  5 13:08:27 ",
    "Feb 30 99:99:99 ",
    "2026-11-20T06:00:00Z ",
    "2026-11-20T06:00:00",
    "1 ",
    "gw ",
    "gw gw ",
    "CEF:0|Ubiquiti|UniFi Network|9.4|201|Threat|7|",
    "CEF: 0|",
    "|",
    "\\|",
    "src=192.0.2.1 ",
    "UNIFIutcTime=2026-11-20T06:00:00.1Z ",
    "UNIFI= ",
    "msg=",
    "=",
    "[WAN_LOCAL-D-1] DESCR=\"x\" IN=a SRC=1 DPT=2 ",
    "[",
    "] ",
    "suricata[1]: [1:2:3] ET [**] {UDP} 1:2 -> 3:4",
    "hostapd: STA 02:00:00:00:00:66 IEEE 802.11: associated",
    "0200000000aa,U6: ",
    "\u{202e}\u{1b}[31m",
    "\n",
    "\r\n",
    "- - - [a b=\"c\"] ",
];

fn lines_of(bytes: &[u8]) -> (u64, Tally, u64) {
    let written = "2026-11-21T06:00:00Z".parse().unwrap();
    let mut lines = Lines::new("x".to_owned(), Calendar::new(Zone::utc(), written));
    let mut all = 0;
    if let Ok(mut plain) = plain::open(bytes) {
        let _unreadable = each_line(&mut *plain.bytes, 0, &mut |piece, at, _| {
            match piece {
                Piece::Line(line) | Piece::Tail(line) => {
                    let bare = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
                    all += u64::from(!bare.trim_ascii().is_empty());
                    lines.take(line, at);
                }
                Piece::TooLong => {
                    all += 1;
                    lines.too_long();
                }
            }
            Ok(true)
        });
    }
    let (controller, site) = ("files".to_owned(), "x".to_owned());
    let id = SourceId {
        controller: controller.clone(),
        site: site.clone(),
        kind: SourceKind::Lines,
    };
    let slice = lines.slice(&id, &SiteName { controller, site }, Position::unread(written));
    let again: usize = slice.again.iter().map(Vec::len).sum();
    assert!(slice.rows.iter().all(|row| slice.window.contains(row.time)));
    (all, lines.total, u64::try_from(slice.rows.len() + again).unwrap())
}

proptest! {
    #[test]
    fn any_bytes_are_lines_that_are_counted(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let (all, tally, rows) = lines_of(&bytes);
        prop_assert_eq!((tally.received() + tally.nothing + tally.foreign, tally.events), (all, rows));
    }

    #[test]
    fn any_parts_of_lines_are_lines_that_are_counted(parts in proptest::collection::vec(0..PARTS.len(), 0..60)) {
        let text: String = parts.into_iter().map(|part| PARTS[part]).collect();
        let (all, tally, rows) = lines_of(text.as_bytes());
        prop_assert_eq!((tally.received() + tally.nothing + tally.foreign, tally.events), (all, rows));
        prop_assert_eq!(tally.received(), tally.events + tally.malformed + tally.duplicates);

        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(text.as_bytes()).unwrap();
        prop_assert_eq!(lines_of(&packed.finish().unwrap()), (all, tally, rows));
    }

    #[test]
    fn any_gzip_with_any_damage_is_read_without_a_panic(
        text in "[ -~\n]{0,400}", at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>(),
    ) {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(text.as_bytes()).unwrap();
        let mut packed = packed.finish().unwrap();
        *at.get_mut(&mut packed) = byte;
        packed.truncate(cut.index(packed.len()) + 1);
        let (all, tally, _) = lines_of(&packed);
        prop_assert_eq!(tally.received() + tally.nothing + tally.foreign, all);
    }
}
