//! One page of a log: its rows, and what it says about itself.

use std::collections::BTreeMap;

use crate::collect::wire::List;
use crate::collect::wire::event::{self, INTRUSION, Row};
use crate::collect::wire::skim::skim;

/// One page of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    pub rows: Vec<Row>,
    /// How many rows the console says match; `None` if it does not say.
    pub total: Option<u64>,
    pub page_number: Option<u64>,
    pub total_pages: Option<u64>,
    /// Rows that could not be read as events.
    pub malformed: u64,
    /// It came as an array without an envelope.
    pub bare: bool,
}

impl Page {
    pub fn decode(body: &[u8]) -> Result<Self, String> {
        Self::decode_all_but(body, &|_, _| false)
    }

    /// The same, but of rows whose key and base event say enough nothing else is read. Threats are read whole: what was
    /// recognised in them is looked for.
    pub fn decode_all_but(body: &[u8], is_enough: &dyn Fn(&str, &str) -> bool) -> Result<Self, String> {
        let mut skimmed = Vec::new();
        let list = List::open_looking(body, &mut |text| {
            let found = skim(text);
            let enough =
                found.filter(|(row, _)| is_enough(row.key, row.event) && row.subcategory != INTRUSION);
            skimmed.push(enough.map(|(row, _)| event::of_skimmed(&row)));
            found.map(|(_, length)| length)
        })?;
        if skimmed.len() != list.items.len() {
            // There is more than one list, of which the last counts.
            skimmed = list.items.iter().map(|_| None).collect();
        }
        let mut rows: Vec<Row> = (list.items.iter().zip(skimmed))
            .map(|(raw, skimmed)| skimmed.unwrap_or_else(|| event::row(raw)))
            .collect();
        number_twins(rows.iter_mut());
        Ok(Self {
            malformed: rows.iter().map(|row| u64::from(row.event.is_none())).sum(),
            rows,
            total: list.told().map(|(_, total)| total),
            page_number: list.count(&["page_number", "pageNumber"]),
            total_pages: list.count(&["total_page_count", "totalPageCount"]),
            bare: list.bare,
        })
    }
}

/// Rows of one page that say the same and have no id of their own are several rows all the same.
pub fn number_twins<'r>(rows: impl Iterator<Item = &'r mut Row>) {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for row in rows.filter(|row| row.made_id) {
        let twins = seen.entry(row.id.clone()).or_default();
        *twins += 1;
        if *twins > 1 {
            row.id = format!("{}-{twins}", row.id);
            if let Some(event) = &mut row.event {
                event.id.clone_from(&row.id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_bad_row_never_loses_the_page() {
        let body = b"{\"data\":[{\"id\":\"a\",\"key\":\"K\",\"timestamp\":1778077234330},17,\"x\",null,{\"id\":\"b\",\"timestamp\":1},
            {\"id\":\"c\",\"key\":\"K\xff\",\"timestamp\":1778077234330}],\"page_number\":0,\"total_element_count\":\"6\",\"total_page_count\":1}";
        let page = Page::decode(body).unwrap();
        assert_eq!(
            (page.rows.len(), page.malformed, page.total, page.page_number),
            (6, 4, Some(6), Some(0))
        );
        assert!(page.rows.iter().any(|row| row.id == "c" && row.event.is_some()));
    }

    #[test]
    fn errors_that_are_none_do_not_refuse_a_page() {
        let page =
            Page::decode(br#"{"errors":[],"error":null,"data":[{"id":"a","timestamp":1778077234330}]}"#);
        assert_eq!(page.unwrap().rows.len(), 1);
    }

    #[test]
    fn a_bare_array_is_a_page_without_a_total() {
        let page = Page::decode(b" [ {\"id\":\"a\",\"timestamp\":1778077234330} ] ").unwrap();
        assert!(page.bare && page.total.is_none() && page.rows.len() == 1);
    }

    #[test]
    fn two_rows_that_say_the_same_without_an_id_are_two() {
        let page = Page::decode(
            br#"[{"key":"A","timestamp":1778077234330},{"key":"A","timestamp":1778077234330},9,9]"#,
        )
        .unwrap();
        let ids: std::collections::BTreeSet<_> = page.rows.iter().map(|row| &row.id).collect();
        assert_eq!(ids.len(), 4);
    }

    #[test]
    fn what_is_no_page_is_refused_in_words() {
        for (body, word) in [
            (&b"<html>starting</html>"[..], "web page"),
            (
                br#"{"data":[{"id":"a"}],"errors":[{"message":"x"}],"n":1}"#,
                "it answered",
            ),
            (b"", "empty"),
            (b"{\"data\":[{\"a\":", "cut off"),
            (b"{\"data\":7}", "no list"),
            (
                br#"{"meta":{"rc":"error","msg":"api.err.NotFound"},"data":[]}"#,
                "api.err.NotFound",
            ),
            (
                br#"{"errorCode":400,"message":"JSON parse error"}"#,
                "JSON parse error",
            ),
            (
                br#"{"error":{"code":401,"message":"Unauthorized"}}"#,
                "Unauthorized",
            ),
        ] {
            let error = Page::decode(body).unwrap_err();
            assert!(error.contains(word), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_row_is_read_without_a_panic(field in "[a-z_]{1,12}", said in r#"(null|true|-?[0-9]{1,25}(\.[0-9]+)?|"[^"\\]{0,20}"|\[\]|\{\})"#) {
            let body = format!(r#"{{"data":[{{"timestamp":1778077234330,"{field}":{said}}}]}}"#);
            let page = Page::decode(body.as_bytes()).unwrap();
            prop_assert_eq!(page.rows.len(), 1);
        }
    }
}
