//! What the reports of pools and timers should say, and the check that they do.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use drainpool::ShutdownReport;

use crate::timers::Fired;

/// What one pool's report should say.
#[derive(Default)]
pub(crate) struct Books {
    pub(crate) accepted: AtomicU64,
    /// Those of which only the pool knows whether they became jobs.
    pub(crate) perhaps: AtomicU64,
    pub(crate) cancelled: AtomicU64,
    pub(crate) panicked: AtomicU64,
    /// Jobs that were given back to the one who took them.
    pub(crate) took: AtomicU64,
    /// Installed calls that came back, be it before or after they were accepted.
    pub(crate) calls_back: AtomicU64,
    /// Somebody has closed the pool, or is about to.
    pub(crate) closed: AtomicBool,
    /// Somebody has taken jobs back, or is about to.
    pub(crate) taken: AtomicBool,
}

/// The jobs of a pool that were submitted, and have not run, without being told.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Unrun {
    pub(crate) returned: u64,
    pub(crate) cancelled: u64,
    /// One or the other.
    pub(crate) either: u64,
    /// Those of all these that would have panicked.
    pub(crate) panicking: u64,
}

impl Books {
    /// Checks the report of this pool.
    pub(crate) fn check(&self, pool: usize, report: &ShutdownReport, unrun: Unrun, fired: &Fired) {
        let [accepted, perhaps, cancelled, panicked, took, calls] = [
            &self.accepted,
            &self.perhaps,
            &self.cancelled,
            &self.panicked,
            &self.took,
            &self.calls_back,
        ]
        .map(|count| count.load(SeqCst));
        let accepted = accepted + fired.accepted;
        let range = accepted..=accepted + perhaps;
        assert!(range.contains(&report.accepted), "pool {pool}: {report:?}, not {range:?}");
        let panicked = panicked - unrun.panicking;
        let ended = [report.panicked, report.expired, report.unfinished];
        assert_eq!(ended, [panicked, 0, 0], "pool {pool}: {report:?}");
        let least = cancelled + unrun.cancelled;
        let range = least + fired.cancelled.start()..=least + unrun.either + fired.cancelled.end();
        assert!(range.contains(&report.cancelled), "pool {pool}: {report:?}, cancelled {range:?}");
        let returned = unrun.returned..=unrun.returned + unrun.either + fired.returned + calls;
        assert!(
            took <= report.returned && returned.contains(&report.returned),
            "pool {pool}: {report:?}, {returned:?}"
        );
        assert_eq!(
            report.accepted,
            report.done + panicked + report.cancelled + report.returned,
            "pool {pool}: {report:?}"
        );
    }
}
