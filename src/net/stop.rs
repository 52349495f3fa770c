//! When to stop: a deadline, or a signal. Whatever waits for a socket asks here, many times a second.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use crate::model::failure::FailureKind;

/// How long anything may go on without looking at the signals.
pub const TICK: Duration = Duration::from_millis(50);

/// A deadline and the signals of this process. Clones share the signals.
#[derive(Clone, Debug)]
pub struct Stop {
    deadline: Instant,
    /// When one of several has had its share of the time.
    share: Option<Instant>,
    signal: Arc<AtomicUsize>,
}

impl Stop {
    /// Stops at the deadline alone, until [`Stop::installed`].
    pub fn new(deadline: Instant) -> Self {
        Self {
            deadline,
            share: None,
            signal: Arc::new(AtomicUsize::new(0)),
        }
    }

    /// The same signals, another deadline.
    pub fn until(&self, deadline: Instant) -> Self {
        Self {
            deadline,
            share: None,
            signal: Arc::clone(&self.signal),
        }
    }

    /// Also stops after this time, because others wait: that is no end of the run.
    pub fn with_share(&self, share: Duration) -> Self {
        Self {
            share: Instant::now().checked_add(share),
            ..self.clone()
        }
    }

    /// Also stops at INT, TERM and HUP. The first is remembered; a second ends the process at once,
    /// because whoever sends it no longer wants to wait for a clean end. A HUP that this process was started to
    /// ignore stays ignored: that is what `nohup` promises. (INT is heard all the same: shells ignore it for
    /// whatever they start in the background, also where somebody means to end it by that.)
    pub fn installed(self) -> io::Result<Self> {
        let asked_before = Arc::new(AtomicBool::new(false));
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            if signal == SIGHUP && is_ignored(&status, SIGHUP) {
                continue;
            }
            // Actions run in the order of their registration: the shutdown must look before the flag is set.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&asked_before))?;
            flag::register(signal, Arc::clone(&asked_before))?;
            flag::register_usize(
                signal,
                Arc::clone(&self.signal),
                usize::try_from(signal).unwrap_or(0),
            )?;
        }
        Ok(self)
    }

    /// The signal that asked for the end.
    pub fn signalled(&self) -> Option<i32> {
        match self.signal.load(Ordering::Relaxed) {
            0 => None,
            signal => i32::try_from(signal).ok(),
        }
    }

    /// Why to stop, if there is a reason. A signal counts more than the deadline, and that more than the share, which
    /// makes what was asked unavailable.
    pub fn reason(&self) -> Option<FailureKind> {
        let now = Instant::now();
        if self.signalled().is_some() {
            Some(FailureKind::Interrupted)
        } else if self.deadline <= now {
            Some(FailureKind::Timeout)
        } else if self.share.is_some_and(|share| share <= now) {
            Some(FailureKind::Unavailable)
        } else {
            None
        }
    }

    /// The time left before the deadline, or before the share is used up.
    pub fn remaining(&self) -> Duration {
        let end = self.share.map_or(self.deadline, |share| share.min(self.deadline));
        end.saturating_duration_since(Instant::now())
    }

    /// Does `work` on a thread of its own and waits for it no longer than this allows. Work that is left
    /// behind is not ended; whoever gives it in closes what it waits for.
    pub fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, FailureKind> {
        Helper::default().does(self, work)
    }
}

/// The thread beside the one that waits, kept from one work to the next until one is left behind.
#[derive(Default)]
pub struct Helper(Option<(mpsc::Sender<Work>, JoinHandle<()>)>);

type Work = Box<dyn FnOnce() + Send>;

impl Helper {
    /// [`Stop::aside`] on this thread.
    pub fn does<T: Send + 'static>(
        &mut self,
        stop: &Stop,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, FailureKind> {
        if let Some(reason) = stop.reason() {
            return Err(reason);
        }
        let (done, outcome) = mpsc::sync_channel(1);
        let (give, thread) = self.0.take().unwrap_or_else(|| {
            let (give, given) = mpsc::channel::<Work>();
            (give, thread::spawn(move || given.iter().for_each(|work| work())))
        });
        // A thread that has ended drops the work unbegun, which shows below.
        drop(give.send(Box::new(move || {
            // Nobody listening means that the wait was given up; the outcome is not wanted any more.
            drop(done.send(work()));
        })));
        loop {
            let patience = TICK.min(stop.remaining()).max(Duration::from_millis(1));
            match outcome.recv_timeout(patience) {
                Ok(outcome) => {
                    self.0 = Some((give, thread));
                    return Ok(outcome);
                }
                Err(RecvTimeoutError::Timeout) => {}
                // The work panicked: a bug, and it stays one.
                Err(RecvTimeoutError::Disconnected) => match thread.join() {
                    Ok(()) => return Err(FailureKind::Protocol),
                    Err(payload) => std::panic::resume_unwind(payload),
                },
            }
            if let Some(reason) = stop.reason() {
                return Err(reason);
            }
        }
    }
}

/// Whether `/proc/self/status` says so; where it is not to be had, nothing is known to be ignored.
fn is_ignored(status: &str, signal: i32) -> bool {
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_never_ends_is_left_behind_at_the_deadline() {
        let stop = Stop::new(Instant::now() + Duration::from_millis(80));
        let (never, waits) = mpsc::channel::<()>();
        let outcome = stop.aside(move || waits.recv());
        assert_eq!(outcome.unwrap_err(), FailureKind::Timeout);
        drop(never);
    }

    #[test]
    fn a_signal_counts_more_than_the_deadline_and_reaches_every_clone() {
        let stop = Stop::new(Instant::now());
        let other = stop.clone();
        assert_eq!(stop.reason(), Some(FailureKind::Timeout));
        stop.signal.store(15, Ordering::Relaxed);
        assert_eq!(other.signalled(), Some(15));
        assert_eq!(stop.reason(), Some(FailureKind::Interrupted));
        assert_eq!(other.aside(|| 1), Err(FailureKind::Interrupted));
    }

    #[test]
    fn work_that_is_done_in_time_hands_its_outcome_over() {
        let stop = Stop::new(Instant::now() + Duration::from_secs(60));
        assert_eq!(stop.aside(|| 7), Ok(7));
    }

    #[test]
    fn one_thread_does_one_work_after_the_other_until_one_is_left_behind() {
        let mut helper = Helper::default();
        let patient = Stop::new(Instant::now() + Duration::from_secs(60));
        let id = |helper: &mut Helper| helper.does(&patient, || thread::current().id()).unwrap();
        let first = id(&mut helper);
        assert_eq!(id(&mut helper), first);
        let (never, waits) = mpsc::channel::<()>();
        let hasty = Stop::new(Instant::now() + Duration::from_millis(80));
        assert_eq!(
            helper.does(&hasty, move || waits.recv()).unwrap_err(),
            FailureKind::Timeout
        );
        assert_ne!(id(&mut helper), first);
        drop(never);
    }

    #[test]
    fn what_is_ignored_is_read_from_the_mask() {
        let status =
            "Name:\tx\nSigBlk:\t00000000ffffffff\nSigIgn:\t0000000000001001\nSigCgt:\t00000000ffffffff\n";
        assert!(is_ignored(status, SIGHUP));
        assert!(!is_ignored(status, SIGINT) && !is_ignored(status, SIGTERM));
        for unknown in ["", "SigIgn:\n", "SigIgn:\tzz\n"] {
            assert!(!is_ignored(unknown, SIGHUP), "{unknown:?}");
        }
    }

    #[test]
    fn a_signal_given_to_the_process_ends_the_wait() {
        let stop = Stop::new(Instant::now() + Duration::from_secs(60))
            .installed()
            .unwrap();
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM).unwrap();
        let (never, waits) = mpsc::channel::<()>();
        assert_eq!(
            stop.aside(move || waits.recv()).unwrap_err(),
            FailureKind::Interrupted
        );
        assert_eq!(stop.signalled(), Some(15));
        drop(never);
    }
}
