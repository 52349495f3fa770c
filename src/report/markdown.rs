//! The report as Markdown, for `report show --format markdown`, tickets and chats.
//!
//! Every word is escaped, so that no name can draw a link, a heading, a picture or HTML.

use std::fmt::Write as _;

use crate::model::report::Report;
use crate::report::cards::{Card, Section};
use crate::report::numbers::Tally;
use crate::report::view::View;

/// The whole document. The same report gives the same bytes.
pub fn render(report: &Report) -> String {
    let view = View::of(report);
    let mut page = Page::default();
    head(&mut page, &view);
    for section in &view.sections {
        findings(&mut page, section);
    }
    if let Some(timeline) = &view.timeline {
        page.heading("Hour by hour");
        page.paragraph(&timeline.said.join(" "));
    }
    page.heading("Threats");
    page.paragraph(&view.threats.said);
    if !view.threats.pairs.is_empty() {
        page.row(&["From", "To", "Blocked", "Let through"]);
        page.text.push_str("|---|---|--:|--:|\n");
        for pair in &view.threats.pairs {
            page.row(&[&pair.source, &pair.destination, &pair.blocked, &pair.detected]);
        }
        page.text.push('\n');
    }
    devices(&mut page, &view);
    page.heading("What needs nobody");
    page.paragraph(&view.routine.said);
    tallies(&mut page, &view.routine.kinds, &view.routine.cut);
    if !view.routine.areas.is_empty() {
        page.paragraph(&format!("All events by area: {}.", view.routine.areas));
    }
    coverage(&mut page, &view);
    if !view.unknown_keys.is_empty() {
        page.heading("Not in the catalogue yet");
        tallies(&mut page, &view.unknown_keys, &view.unknown_cut);
    }
    page.heading("About this report");
    for (name, value) in &view.about {
        page.item(&format!("{name}: {value}"));
    }
    page.text
}

fn head(page: &mut Page, view: &View) {
    if view.demo {
        page.text.push_str("> **Demo: nothing here is real**\n\n");
    }
    let _ = writeln!(page.text, "# {}\n", escaped(&view.headline));
    let place = if view.place.is_empty() {
        String::new()
    } else {
        format!(" for {}", view.place)
    };
    page.paragraph(&format!("Network report{place}, {}. {}", view.run, view.window));
    page.paragraph(&view.lede.join(" "));
    for tile in &view.tiles {
        let aside = if tile.aside.is_empty() {
            String::new()
        } else {
            format!(" ({})", tile.aside)
        };
        page.item(&format!("{}: {}{aside}", tile.label, tile.value));
    }
    page.text.push('\n');
    if !view.notes.is_empty() {
        page.heading("Please note");
        for note in &view.notes {
            page.item(note);
        }
        page.text.push('\n');
    }
}

fn findings(page: &mut Page, section: &Section) {
    page.heading(section.title);
    for card in &section.cards {
        finding(page, card);
    }
    if !section.others.is_empty() {
        page.paragraph(&format!("{}.", section.cut));
        for brief in &section.others {
            let often = if brief.often.is_empty() {
                String::new()
            } else {
                format!(" ({})", brief.often)
            };
            page.item(&format!("{}: {}{often}", brief.word, brief.title));
        }
        page.text.push('\n');
    }
}

fn finding(page: &mut Page, card: &Card) {
    let _ = writeln!(
        page.text,
        "### {}: {}\n",
        card.brief.word,
        escaped(&card.brief.title)
    );
    let standing = if card.standing.is_empty() {
        String::new()
    } else {
        format!(" · {}", card.standing)
    };
    page.paragraph(&format!("{}{standing}. {}", card.area, card.when));
    if !card.explanation.is_empty() {
        page.paragraph(&card.explanation);
    }
    for (place, step) in card.steps.iter().enumerate() {
        let _ = writeln!(page.text, "{}. {}", place + 1, escaped(step));
    }
    if !card.steps.is_empty() {
        page.text.push('\n');
    }
    for seen in &card.examples {
        page.item(&format!("{}: {}", seen.time, seen.text));
    }
    if !card.examples.is_empty() {
        page.text.push('\n');
    }
    page.paragraph(&card.origin);
}

fn devices(page: &mut Page, view: &View) {
    page.heading("Devices");
    page.paragraph(&view.devices.said);
    if view.devices.rows.is_empty() {
        return;
    }
    page.row(&["Device", "Model", "State", "Remarks"]);
    page.text.push_str("|---|---|---|---|\n");
    for row in &view.devices.rows {
        let name = if view.devices.sites {
            format!("{} ({})", row.name, row.site)
        } else {
            row.name.clone()
        };
        let state = if row.judged.is_empty() {
            row.state.clone()
        } else {
            format!("{}, {}", row.state, row.judged)
        };
        page.row(&[&name, &row.model, &state, &row.notes]);
    }
    page.text.push('\n');
    if !view.devices.cut.is_empty() {
        page.paragraph(&view.devices.cut);
    }
}

fn tallies(page: &mut Page, tallies: &[Tally], cut: &str) {
    for tally in tallies {
        page.item(&format!("{} × {} ({})", tally.count, tally.what, tally.aside));
    }
    if !cut.is_empty() {
        page.item(cut);
    }
    page.text.push('\n');
}

fn coverage(page: &mut Page, view: &View) {
    page.heading("What this report could see");
    page.paragraph(&view.coverage.said);
    for source in &view.coverage.sources {
        let parts = [&source.facts, &source.reason, &source.window];
        let told: Vec<&str> = parts
            .into_iter()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        page.item(&format!(
            "{}: {}; {}",
            source.name,
            source.outcome,
            told.join("; ")
        ));
    }
    page.text.push('\n');
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn heading(&mut self, title: &str) {
        let _ = writeln!(self.text, "## {title}\n");
    }

    fn paragraph(&mut self, words: &str) {
        let _ = writeln!(self.text, "{}\n", escaped(words));
    }

    fn item(&mut self, words: &str) {
        let _ = writeln!(self.text, "- {}", escaped(words));
    }

    fn row(&mut self, cells: &[&str]) {
        let cells: Vec<String> = cells.iter().map(|cell| escaped(cell)).collect();
        let _ = writeln!(self.text, "| {} |", cells.join(" | "));
    }
}

/// The words with everything escaped that Markdown or GitHub would take for more than a letter.
fn escaped(words: &str) -> String {
    let mut safe = String::with_capacity(words.len() + 8);
    let mut word_start = 0;
    for (place, letter) in words.char_indices() {
        let following = words
            .get(place + letter.len_utf8()..)
            .and_then(|rest| rest.chars().next());
        let word = words.get(word_start..place).unwrap_or_default();
        let special = match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '#' | '&' | '!' | '@' | '$'
            | '{' | '}' => true,
            // Bare addresses become links by themselves.
            ':' => following == Some('/'),
            '.' if word.to_ascii_lowercase().ends_with("www") => true,
            // What would begin a list, or underline a heading, at the start of a line.
            '-' | '+' | '=' => place == 0,
            '.' | ')' if following.is_none_or(|next| next == ' ') => {
                word_start == 0 && !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
            }
            _ => false,
        };
        if special {
            safe.push('\\');
        }
        safe.push(letter);
        if letter == ' ' {
            word_start = place + 1;
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn names_cannot_draw() {
        assert_eq!(
            escaped("[x](javascript:1) <b> `c`"),
            r"\[x\](javascript:1) \<b\> \`c\`"
        );
        assert_eq!(
            escaped("https://a.example www.b.example"),
            r"https\://a.example www\.b.example"
        );
        assert_eq!(escaped("- 1 + 2"), r"\- 1 + 2");
        assert_eq!(escaped("12. x 3.4"), r"12\. x 3.4");
        assert_eq!(escaped("a | b"), r"a \| b");
    }

    #[test]
    fn a_busy_day_reads_well() {
        insta::assert_snapshot!(render(&sample::busy()));
    }

    #[test]
    fn hostile_names_stay_letters() {
        let page = render(&sample::hostile());
        for drawing in ["<", "[", "]", "`"] {
            let escaped = page.matches(&format!("\\{drawing}")).count();
            assert_eq!(page.matches(drawing).count(), escaped, "unescaped {drawing}");
        }
        assert!(page.chars().all(|letter| letter == '\n' || !letter.is_control()));
    }
}
