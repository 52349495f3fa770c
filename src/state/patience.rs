//! How long a channel is left alone after it did not take a message. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use crate::state::spans::Debt;

/// So many tries are made as soon as a run comes by; after that the waiting doubles.
const EAGER_TRIES: u64 = 3;
const FIRST_WAIT: TimeDelta = TimeDelta::minutes(15);
const PERMANENT_WAIT: TimeDelta = TimeDelta::hours(6);
/// Nothing is ever put off further.
pub const LONGEST_WAIT: TimeDelta = TimeDelta::hours(24);

/// Our own waiting after so many tries.
pub fn wait(attempts: u64, permanent: bool) -> TimeDelta {
    let doublings = u32::try_from(attempts.saturating_sub(EAGER_TRIES)).unwrap_or(u32::MAX);
    let patient = match doublings {
        0 => TimeDelta::zero(),
        n => FIRST_WAIT * 2_i32.pow(n.min(8) - 1),
    };
    let least = if permanent {
        PERMANENT_WAIT
    } else {
        TimeDelta::zero()
    };
    patient.max(least).min(LONGEST_WAIT)
}

/// Whether a run may be tried by its own account.
pub fn is_ripe(debt: &Debt, now: DateTime<Utc>) -> bool {
    has_come(debt.next_try, now)
}

/// Whether this time has come. One further off than the longest wait was set by a clock that has since been put
/// back.
pub fn has_come(time: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    time.is_none_or(|time| time <= now || time - now > LONGEST_WAIT)
}
