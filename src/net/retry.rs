//! Asking again: only what may be asked twice, only for troubles that pass, never past the deadline.

use std::time::{Duration, Instant};

use ring::rand::{SecureRandom as _, SystemRandom};

use crate::net::answer::Answer;
use crate::net::stop::{Stop, TICK};
use crate::net::trouble::Unanswered;

/// How often and how patiently.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub tries: u32,
    /// No wait of our own choice is longer.
    pub longest: Duration,
}

/// The first wait is at most this long, each further one at most four times the one before.
const FIRST: Duration = Duration::from_secs(2);
/// What a console that limits us without saying for how long is given.
const LIMITED: Duration = Duration::from_secs(60);

/// Asks until there is an answer that asking again would not better, or the tries are used up; the last
/// outcome counts. Waits have full jitter, so that many scanners do not come back together; a `Retry-After`
/// is kept if it ends before the deadline.
pub fn patiently(
    stop: &Stop,
    patience: Patience,
    mut ask: impl FnMut(u32) -> Result<Answer, Unanswered>,
) -> Result<Answer, Unanswered> {
    let mut ceiling = FIRST.min(patience.longest);
    let mut n = 1;
    loop {
        let outcome = ask(n);
        let Some(wish) = wish(&outcome) else {
            return outcome;
        };
        let wait = match wish {
            Wish::Told(wait) => wait,
            Wish::Limited => LIMITED.min(patience.longest),
            Wish::Soon => ceiling.mul_f64(chance()),
        };
        if n >= patience.tries || wait >= stop.remaining() || !pause(stop, wait) {
            return outcome;
        }
        n += 1;
        ceiling = (ceiling * 4).min(patience.longest);
    }
}

/// Waits; `false` if the reason to stop came first.
pub fn pause(stop: &Stop, wait: Duration) -> bool {
    let until = Instant::now() + wait;
    loop {
        if stop.reason().is_some() {
            return false;
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        sleep(left.min(TICK));
    }
}

/// When to ask again.
enum Wish {
    Told(Duration),
    Limited,
    Soon,
}

fn wish(outcome: &Result<Answer, Unanswered>) -> Option<Wish> {
    match outcome {
        Ok(answer) => match (answer.status, answer.retry_after()) {
            (429 | 502 | 503 | 504, Some(told)) => Some(Wish::Told(told)),
            (429, None) => Some(Wish::Limited),
            (502..=504, None) => Some(Wish::Soon),
            _ => None,
        },
        Err(unanswered) => unanswered.again.then_some(Wish::Soon),
    }
}

/// A number from 0 to 1, by chance.
fn chance() -> f64 {
    let mut bytes = [0; 4];
    match SystemRandom::new().fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 1.0,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that sleeps, a tick at a time"
)]
fn sleep(tick: Duration) {
    std::thread::sleep(tick);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::failure::{Failure, FailureKind};

    const PATIENCE: Patience = Patience {
        tries: 3,
        longest: Duration::from_millis(1),
    };

    fn answer(status: u16, retry_after: Option<&str>) -> Answer {
        let wish = retry_after.map(|wish| ("retry-after".to_owned(), wish.to_owned()));
        Answer {
            status,
            headers: wish.into_iter().collect(),
            body: Vec::new(),
            date: None,
            date_seen: Instant::now(),
            took: Duration::ZERO,
        }
    }

    fn tries(outcomes: &mut dyn FnMut(u32) -> Result<Answer, Unanswered>) -> (u32, Option<u16>) {
        let stop = Stop::new(Instant::now() + Duration::from_secs(60));
        let mut tried = 0;
        let last = patiently(&stop, PATIENCE, |n| {
            tried = n;
            outcomes(n)
        });
        (tried, last.ok().map(|answer| answer.status))
    }

    #[test]
    fn a_gateway_error_is_asked_again_and_the_last_answer_counts() {
        assert_eq!(tries(&mut |_| Ok(answer(503, None))), (3, Some(503)));
        assert_eq!(
            tries(&mut |n| Ok(answer(if n < 2 { 502 } else { 200 }, None))),
            (2, Some(200))
        );
        assert_eq!(tries(&mut |_| Ok(answer(429, Some("0")))), (3, Some(429)));
    }

    #[test]
    fn what_asking_again_cannot_better_is_asked_once() {
        for status in [200, 302, 400, 401, 403, 404, 500] {
            assert_eq!(tries(&mut |_| Ok(answer(status, None))), (1, Some(status)));
        }
        let refused = Failure::new(FailureKind::Auth, "certificate changed");
        assert_eq!(tries(&mut |_| Err(refused.clone().into())), (1, None));
    }

    #[test]
    fn a_trouble_that_passes_is_asked_again() {
        let reset = Unanswered {
            failure: Failure::new(FailureKind::Unavailable, "reset"),
            again: true,
            reached: true,
        };
        assert_eq!(tries(&mut |_| Err(reset.clone())), (3, None));
    }

    #[test]
    fn a_retry_after_beyond_the_deadline_is_not_waited_for() {
        assert_eq!(tries(&mut |_| Ok(answer(503, Some("3600")))), (1, Some(503)));
    }
}
