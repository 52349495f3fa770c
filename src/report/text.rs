//! The report as plain text of at most 78 columns: all that the page says, for mail and terminals.

use crate::model::count::thousands;
use crate::model::report::Report;
use crate::report::cards::{Card, Section};
use crate::report::numbers::Tally;
use crate::report::timeline::{Bar, Timeline};
use crate::report::view::View;
use crate::report::words::columns;

const WIDTH: usize = 78;
/// The longest bar of the timeline.
const BAR: u64 = 40;

/// The whole text. The same report gives the same bytes.
pub fn render(report: &Report) -> String {
    let view = View::of(report);
    let mut sheet = Sheet::default();
    head(&mut sheet, &view);
    for section in &view.sections {
        findings(&mut sheet, section);
    }
    if let Some(timeline) = &view.timeline {
        hours(&mut sheet, timeline);
    }
    sheet.heading("Threats");
    sheet.line("", &view.threats.said);
    for pair in &view.threats.pairs {
        let counts = format!("{} blocked, {} let through", pair.blocked, pair.detected);
        sheet.line(
            "- ",
            &format!("{} to {}: {counts}", pair.source, pair.destination),
        );
    }
    devices(&mut sheet, &view);
    sheet.heading("What needs nobody");
    sheet.line("", &view.routine.said);
    tallies(&mut sheet, &view.routine.kinds, &view.routine.cut);
    if !view.routine.areas.is_empty() {
        sheet.line("", &format!("All events by area: {}.", view.routine.areas));
    }
    coverage(&mut sheet, &view);
    if !view.unknown_keys.is_empty() {
        sheet.heading("Not in the catalogue yet");
        tallies(&mut sheet, &view.unknown_keys, &view.unknown_cut);
    }
    sheet.heading("About this report");
    for (name, value) in &view.about {
        sheet.line(&format!("{name:<13} "), value);
    }
    sheet.text
}

fn head(sheet: &mut Sheet, view: &View) {
    if view.demo {
        sheet.line("", "*** DEMO: NOTHING HERE IS REAL ***");
        sheet.blank();
    }
    let place = if view.place.is_empty() {
        String::new()
    } else {
        format!(" for {}", view.place)
    };
    sheet.line("", &format!("Network report{place}, {}", view.run));
    sheet.line("", &view.window);
    sheet.blank();
    sheet.line("", &format!("{}.", view.headline));
    for sentence in &view.lede {
        sheet.line("", sentence);
    }
    for tile in &view.tiles {
        let aside = if tile.aside.is_empty() {
            String::new()
        } else {
            format!(" ({})", tile.aside)
        };
        sheet.line("  ", &format!("{}: {}{aside}", tile.label, tile.value));
    }
    if !view.notes.is_empty() {
        sheet.heading("Please note");
        for note in &view.notes {
            sheet.line("- ", note);
        }
    }
}

fn findings(sheet: &mut Sheet, section: &Section) {
    sheet.heading(section.title);
    for (place, card) in section.cards.iter().enumerate() {
        if place > 0 {
            sheet.blank();
        }
        finding(sheet, card);
    }
    if !section.others.is_empty() {
        sheet.blank();
        sheet.line("", &format!("{}.", section.cut));
        for brief in &section.others {
            let often = if brief.often.is_empty() {
                String::new()
            } else {
                format!(" ({})", brief.often)
            };
            sheet.line("- ", &format!("[{}] {}{often}", brief.word, brief.title));
        }
    }
}

fn finding(sheet: &mut Sheet, card: &Card) {
    sheet.line(&format!("[{}] ", card.brief.word), &card.brief.title);
    let standing = if card.standing.is_empty() {
        String::new()
    } else {
        format!(" · {}", card.standing)
    };
    sheet.line("  ", &format!("{}{standing}", card.area));
    sheet.line("  ", &card.when);
    if !card.explanation.is_empty() {
        sheet.line("  ", &card.explanation);
    }
    if !card.steps.is_empty() {
        sheet.line("  ", "What to do:");
        for (place, step) in card.steps.iter().enumerate() {
            sheet.line(&format!("  {}. ", place + 1), step);
        }
    }
    if !card.examples.is_empty() {
        sheet.line("  ", "For example:");
        for seen in &card.examples {
            sheet.line("  - ", &format!("{}  {}", seen.time, seen.text));
        }
    }
    sheet.line("  ", &format!("({})", card.origin));
}

fn hours(sheet: &mut Sheet, timeline: &Timeline) {
    sheet.heading("Hour by hour");
    for sentence in &timeline.said {
        sheet.line("", sentence);
    }
    let highest = timeline.bars.iter().map(|bar| bar.total).max().unwrap_or(0);
    let name = timeline
        .bars
        .iter()
        .map(|bar| columns(&bar.at))
        .max()
        .unwrap_or(0);
    for bar in &timeline.bars {
        let pad = " ".repeat(name.saturating_sub(columns(&bar.at)));
        sheet.line(&format!("{}{pad}  ", bar.at), &drawn(bar, highest));
    }
}

fn drawn(bar: &Bar, highest: u64) -> String {
    if !bar.known {
        return "unknown".to_owned();
    }
    let length = u128::from(bar.total) * u128::from(BAR) / u128::from(highest.max(1));
    let length = usize::try_from(length)
        .unwrap_or(0)
        .max(usize::from(bar.total > 0));
    let worst = bar
        .worst()
        .map(|severity| format!(", {severity}"))
        .unwrap_or_default();
    format!(
        "{}{}{}{worst}",
        "#".repeat(length),
        if length > 0 { " " } else { "" },
        thousands(bar.total)
    )
}

fn devices(sheet: &mut Sheet, view: &View) {
    sheet.heading("Devices");
    sheet.line("", &view.devices.said);
    for row in &view.devices.rows {
        let site = if view.devices.sites {
            format!(", {}", row.site)
        } else {
            String::new()
        };
        let notes = if row.notes.is_empty() {
            String::new()
        } else {
            format!("; {}", row.notes)
        };
        let judged = if row.judged.is_empty() {
            String::new()
        } else {
            format!(", {}", row.judged)
        };
        sheet.line(
            "- ",
            &format!("{} ({}{site}): {}{judged}{notes}", row.name, row.model, row.state),
        );
    }
    if !view.devices.cut.is_empty() {
        sheet.line("- ", &view.devices.cut);
    }
}

fn tallies(sheet: &mut Sheet, tallies: &[Tally], cut: &str) {
    for tally in tallies {
        let aside = if tally.aside.is_empty() {
            String::new()
        } else {
            format!(" ({})", tally.aside)
        };
        sheet.line(
            &format!("{:>8}  ", tally.count),
            &format!("{}{aside}", tally.what),
        );
    }
    if !cut.is_empty() {
        sheet.line("          ", cut);
    }
}

fn coverage(sheet: &mut Sheet, view: &View) {
    sheet.heading("What this report could see");
    sheet.line("", &view.coverage.said);
    for source in &view.coverage.sources {
        sheet.line(
            "- ",
            &format!("{}: {}, {}", source.name, source.outcome, source.facts),
        );
        for more in [&source.reason, &source.window] {
            if !more.is_empty() {
                sheet.line("  ", more);
            }
        }
    }
}

/// Lines of at most [`WIDTH`] columns.
#[derive(Default)]
struct Sheet {
    text: String,
}

impl Sheet {
    fn blank(&mut self) {
        self.text.push('\n');
    }

    fn heading(&mut self, title: &str) {
        self.blank();
        self.line("", &title.to_uppercase());
        self.line("", &"-".repeat(title.len()));
    }

    /// Wrapped at spaces, later lines hanging under the first word; words too long for a line are broken.
    fn line(&mut self, lead: &str, words: &str) {
        let hang = " ".repeat(columns(lead));
        let mut line = lead.to_owned();
        let mut bare = true;
        for word in words.split(' ').filter(|word| !word.is_empty()) {
            if !bare && columns(&line) + 1 + columns(word) > WIDTH {
                self.end(&line);
                line.clone_from(&hang);
                bare = true;
            }
            if !bare {
                line.push(' ');
            }
            for letter in word.chars() {
                let mut single = [0; 4];
                if columns(&line) + columns(letter.encode_utf8(&mut single)) > WIDTH {
                    self.end(&line);
                    line.clone_from(&hang);
                }
                line.push(letter);
            }
            bare = false;
        }
        self.end(&line);
    }

    fn end(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_busy_day_reads_well() {
        insta::assert_snapshot!(render(&sample::busy()));
    }

    #[test]
    fn a_quiet_hour_reads_well() {
        insta::assert_snapshot!(render(&sample::quiet()));
    }

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        for report in [
            sample::busy(),
            sample::quiet(),
            sample::hostile(),
            sample::crowded(60),
        ] {
            for line in render(&report).lines() {
                assert!(columns(line) <= WIDTH, "{} columns: {line}", columns(line));
            }
        }
    }

    #[test]
    fn every_finding_is_in_the_text() {
        let report = sample::crowded(300);
        let text = render(&report).split_whitespace().collect::<Vec<_>>().join(" ");
        for finding in &report.findings {
            assert!(text.contains(&finding.title), "{}", finding.title);
        }
    }
}
