//! When something was away: turns (went down, came back) paired into spells.
//!
//! The same outage told twice, by an event and by an alarm, is one spell: going down while down is nothing new.

use crate::model::digest::{Turn, Way};

/// How long before and after a planned restart an absence is expected.
const PLANNED_MS: i64 = 15 * 60_000;
/// A return this soon after a told absence belongs to it.
const ECHO_MS: i64 = 10 * 60_000;

/// One absence, in milliseconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spell {
    pub since: i64,
    /// `None`: not back yet.
    pub until: Option<i64>,
    /// Its length is known, not merely that it happened.
    pub measured: bool,
}

/// All absences of one subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Absences {
    pub spells: Vec<Spell>,
    /// It came back from an absence that had begun before the first turn.
    pub returned: bool,
    /// Absences left out because a restart or an update was planned.
    pub expected: u64,
}

impl Absences {
    /// Pairs turns in order of time; `planned` are the moments of restarts and updates done on purpose.
    pub fn of(turns: &[Turn], planned: &[i64]) -> Self {
        let mut absences = Self::default();
        let mut sorted = turns.to_vec();
        sorted.sort_unstable();
        for Turn(at, way, seconds) in sorted {
            let length = seconds.and_then(|s| i64::try_from(s.checked_mul(1000)?).ok());
            absences.take(at, way, length);
        }
        let (expected, told): (Vec<Spell>, Vec<Spell>) = absences
            .spells
            .into_iter()
            .partition(|spell| spell.until.is_some() && is_planned(spell.since, planned));
        absences.spells = told;
        absences.expected = expected.len().try_into().unwrap_or(u64::MAX);
        absences
    }

    fn take(&mut self, at: i64, way: Way, length: Option<i64>) {
        let away = self.spells.last_mut().filter(|spell| spell.until.is_none());
        match (way, away) {
            (Way::Planned, _) | (Way::Down, Some(_)) => {}
            (Way::Down, None) => self.spells.push(Spell {
                since: at,
                until: None,
                measured: true,
            }),
            (Way::Blip, None) => self.spells.push(Spell {
                since: at,
                until: Some(at.saturating_add(length.unwrap_or(0))),
                measured: length.is_some(),
            }),
            (Way::Up | Way::Blip, Some(spell)) => spell.until = Some(at),
            (Way::Up, None) => {
                let echo = self
                    .spells
                    .last()
                    .and_then(|spell| spell.until)
                    .is_some_and(|until| at - until <= ECHO_MS);
                match length {
                    _ if echo => {}
                    Some(length) => self.spells.push(Spell {
                        since: at.saturating_sub(length),
                        until: Some(at),
                        measured: true,
                    }),
                    None => self.returned |= self.spells.is_empty(),
                }
            }
        }
    }

    /// It is away as far as the turns tell.
    pub fn still_away(&self) -> Option<Spell> {
        self.spells.last().copied().filter(|spell| spell.until.is_none())
    }

    /// It is back, but nothing tells since when.
    pub fn end_unseen(&mut self) {
        if let Some(spell) = self.spells.last_mut().filter(|spell| spell.until.is_none()) {
            spell.until = Some(spell.since);
            spell.measured = false;
        }
    }

    /// Seconds away altogether, as far as measured, and the longest, up to `now`.
    pub fn seconds(&self, now: i64) -> (u64, u64) {
        let lengths: Vec<u64> = self
            .spells
            .iter()
            .map(|spell| (spell.until.unwrap_or(now) - spell.since).max(0) / 1000)
            .filter_map(|seconds| seconds.try_into().ok())
            .collect();
        (lengths.iter().sum(), lengths.into_iter().max().unwrap_or(0))
    }

    pub fn all_measured(&self) -> bool {
        self.spells.iter().all(|spell| spell.measured)
    }
}

fn is_planned(since: i64, planned: &[i64]) -> bool {
    planned.iter().any(|at| (since - at).abs() <= PLANNED_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn of(turns: &[Turn]) -> Absences {
        Absences::of(turns, &[])
    }

    #[test]
    fn an_outage_told_by_event_alarm_and_log_is_one() {
        let absences = of(&[
            Turn(0, Way::Down, None),
            Turn(900, Way::Down, None),
            Turn(4 * MINUTE, Way::Up, None),
            Turn(4 * MINUTE + 700, Way::Up, Some(240)),
        ]);
        assert_eq!(absences.spells.len(), 1);
        assert_eq!(absences.seconds(0), (240, 240));
    }

    #[test]
    fn a_failure_row_that_tells_its_duration_is_over() {
        let absences = of(&[Turn(0, Way::Blip, Some(66)), Turn(66_000, Way::Up, None)]);
        assert_eq!(absences.spells.len(), 1);
        assert_eq!(absences.still_away(), None);
        assert_eq!(absences.seconds(0).0, 66);
    }

    #[test]
    fn a_return_without_a_loss_ends_an_earlier_outage() {
        assert!(of(&[Turn(0, Way::Up, None)]).returned);
        assert_eq!(of(&[Turn(600_000, Way::Up, Some(300))]).seconds(0).0, 300);
    }

    #[test]
    fn an_absence_for_an_update_is_expected_unless_it_does_not_end() {
        let turns = [Turn(0, Way::Down, None), Turn(5 * MINUTE, Way::Up, None)];
        let absences = Absences::of(&turns, &[6 * MINUTE]);
        assert!(absences.spells.is_empty());
        assert_eq!(absences.expected, 1);
        let stuck = Absences::of(&turns[..1], &[6 * MINUTE]);
        assert!(stuck.still_away().is_some());
    }
}
