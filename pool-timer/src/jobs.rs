//! What a timer keeps: jobs that run once, and periodic ones.

use std::sync::Arc;

use crate::period::Period;
use crate::sync::Mutex;
use crate::ticket::Ticket;

/// A closure that the pool runs.
pub(crate) type Run = Box<dyn FnOnce() + Send>;

/// A job with the timer.
pub(crate) enum Entry {
    Once { ticket: Arc<Ticket>, run: Run },
    Periodic(Arc<Periodic>),
}

impl Entry {
    pub(crate) fn ticket(&self) -> &Arc<Ticket> {
        match self {
            Self::Once { ticket, .. } => ticket,
            Self::Periodic(job) => &job.ticket,
        }
    }
}

/// A periodic job.
pub(crate) struct Periodic {
    pub(crate) ticket: Arc<Ticket>,
    pub(crate) period: Period,
    /// Taken out for a run. There is one at a time.
    pub(crate) closure: Mutex<Option<Box<dyn FnMut() + Send>>>,
}
