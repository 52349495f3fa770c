//! The report as one HTML file: no script, no outside resources, readable without its style sheet too.
//!
//! The template only places words; askama escapes every one of them.

use askama::Template;

use crate::model::report::Report;
use crate::report::view::View;

#[derive(Template)]
#[template(path = "report.html", config = "src/report/askama.toml")]
struct Page {
    view: View,
}

/// The whole page. The same report gives the same bytes.
pub fn render(report: &Report) -> String {
    let page = Page {
        view: View::of(report),
    };
    page.render()
        .expect("the template only places strings, and writing into memory does not fail")
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use proptest::prelude::*;

    use super::*;
    use crate::model::window::Window;
    use crate::report::{headline, json, markdown, sample, summary, text};

    /// Elements that have no end.
    const VOID: [&str; 3] = ["meta", "br", "!doctype"];

    /// The page's words, as a browser without a style sheet would show them.
    fn words(page: &str) -> String {
        let body = page.split("<body>").nth(1).unwrap();
        let bare: String = body
            .split('<')
            .map(|piece| piece.split_once('>').map_or(piece, |(_, words)| words))
            .collect();
        let plain = bare
            .replace("&#34;", "\"")
            .replace("&#39;", "'")
            .replace("&#60;", "<");
        plain
            .replace("&#62;", ">")
            .replace("&#38;", "&")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn assert_balanced(page: &str) {
        let mut open: Vec<String> = Vec::new();
        for tag in page.split('<').skip(1) {
            let (tag, _) = tag.split_once('>').expect("every < begins a tag");
            let name = tag.trim_start_matches('/').split(' ').next().unwrap().to_owned();
            if tag.starts_with('/') {
                assert_eq!(open.pop().as_ref(), Some(&name));
            } else if !VOID.contains(&name.as_str()) {
                open.push(name);
            }
        }
        assert!(open.is_empty(), "left open: {open:?}");
    }

    /// Every `<` begins one of the template's own tags, none of which runs or fetches anything.
    fn assert_harmless(page: &str) {
        assert_balanced(page);
        for tag in page.split('<').skip(1) {
            let (tag, _) = tag.split_once('>').expect("every < begins a tag");
            let name = tag.trim_start_matches('/').split(' ').next().unwrap();
            assert!(
                !["script", "img", "link", "iframe", "object", "a", "form", "base"].contains(&name),
                "{tag}"
            );
            let quoted: Vec<&str> = tag.split('"').step_by(2).collect();
            let attributes = quoted.join("").to_lowercase();
            for active in [" on", " src", " href", " style", " http-equiv"] {
                assert!(!attributes.contains(active), "{tag}");
            }
        }
        let style = page
            .split("<style>")
            .nth(1)
            .unwrap()
            .split("</style>")
            .next()
            .unwrap();
        assert!(!style.contains("url(") && !style.contains("@import"));
        let is_bad = |letter: &char| letter.is_control() || ('\u{202a}'..='\u{202e}').contains(letter);
        assert_eq!(page.chars().filter(|letter| *letter != '\n').find(is_bad), None);
    }

    #[test]
    fn every_finding_is_in_the_page_whatever_its_number() {
        for report in [sample::busy(), sample::crowded(500)] {
            let said = words(&render(&report));
            for finding in &report.findings {
                assert!(said.contains(&finding.title), "{}", finding.title);
            }
        }
    }

    #[test]
    fn advice_and_examples_need_neither_style_nor_script() {
        let report = sample::busy();
        let page = render(&report);
        let said = words(&page);
        for finding in &report.findings {
            assert!(finding.remediation.iter().all(|step| said.contains(step)));
        }
        assert!(
            !page.contains("<details") && !page.contains("display:none") && !page.contains("visibility:")
        );
        assert_harmless(&page);
    }

    #[test]
    fn what_could_not_be_seen_is_told_with_its_reason() {
        let said = words(&render(&sample::busy()));
        for told in [
            "home/default/health failed",
            "records unknown",
            "answered 502",
            "3 late",
            "2 unreadable",
            "unknown (17)",
        ] {
            assert!(said.contains(told), "{told}");
        }
    }

    #[test]
    fn an_ordinary_report_is_not_clipped_by_mail_clients() {
        let page = render(&sample::busy());
        assert!(page.len() < 60_000, "{} bytes", page.len());
        assert!(render(&sample::crowded(100)).len() < 100_000);
    }

    #[test]
    fn a_demo_says_that_nothing_is_real() {
        let mut report = sample::quiet();
        assert!(!render(&report).contains("nothing here is real"));
        report.demo = true;
        for page in [render(&report), text::render(&report), markdown::render(&report)] {
            assert!(page.to_lowercase().contains("nothing here is real"));
        }
    }

    #[test]
    fn hostile_text_stays_text_and_is_cut() {
        let page = render(&sample::hostile());
        assert_harmless(&page);
        assert!(page.contains("&#60;script&#62;"), "it is shown, not hidden");
        assert!(page.len() < 250_000, "{} bytes", page.len());
    }

    #[test]
    fn the_same_report_gives_the_same_bytes() {
        assert_eq!(render(&sample::busy()), render(&sample::busy()));
        assert_eq!(text::render(&sample::busy()), text::render(&sample::busy()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_text_number_or_time_stops_a_rendering(
            evil in any::<String>(),
            number in any::<u64>(),
            seconds in -9_000_000_000_000_i64..9_000_000_000_000,
        ) {
            let mut report = sample::busy();
            sample::poison(&mut report, &evil);
            let at = DateTime::<Utc>::from_timestamp(seconds, 0).unwrap_or(DateTime::<Utc>::MAX_UTC);
            for finding in &mut report.findings {
                (finding.count, finding.occurrences, finding.last_seen) = (number, number, at);
            }
            report.timeline[3].start = at;
            report.timeline[4].severe = number;
            (report.generated_at, report.sources[0].events, report.sources[0].malformed) = (at, number, number);
            report.sources[1].malformed = number;
            (report.counts.events, report.counts.medium, report.threats.detected) = (number, number, number);
            report.window = Window::new(report.window.since().min(at), at).unwrap();
            assert_harmless(&render(&report));
            let plain = text::render(&report);
            prop_assert!(plain.chars().all(|letter| letter == '\n' || !letter.is_control()));
            markdown::render(&report);
            prop_assert!(!headline(&report).contains(|letter: char| letter.is_control()));
            summary(&report, "x");
            let (sealed, bytes) = json::seal(report);
            prop_assert_eq!(json::open(&bytes), Ok(sealed));
        }
    }
}
