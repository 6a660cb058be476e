//! The terms of a submit: how long it waits for room, until when the job may start, its priority and its label.

use std::time::Instant;

use crate::cancellation::CancellationToken;
use crate::parts::capacity::Wait;
use crate::priority::Priority;
use crate::runtime::task_cell::Extras;

/// The terms of one submit: its options, as moments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) wait: Wait,
    pub(crate) runs_here: bool,
    /// The jobs are not to be started from this moment on.
    pub(crate) deadline: Option<Instant>,
    pub(crate) priority: Priority,
    /// `None` in a pool that neither tracks its jobs nor has an observer.
    pub(crate) label: Option<&'static str>,
}

impl Terms {
    /// Whether a job on these terms has something that does not fit into an entry of the queue.
    pub(crate) fn has_extras(&self) -> bool {
        self.deadline.is_some() || self.label.is_some()
    }

    /// What a job on these terms has beside its closure, and this token, if any. Most jobs have nothing, and nothing
    /// is put together for them.
    #[inline]
    pub(crate) fn extras(&self, token: Option<CancellationToken>) -> Option<Box<Extras>> {
        if !self.has_extras() && token.is_none() {
            return None;
        }
        Some(Box::new(Extras { deadline: self.deadline, label: self.label, token }))
    }

    /// The same terms for a job that only a worker can run.
    pub(crate) fn in_the_pool(self) -> Self {
        Self { runs_here: false, ..self }
    }

    /// The terms of the plain calls.
    pub(crate) const PLAIN: Self = Self {
        wait: Wait::Forever,
        runs_here: false,
        deadline: None,
        priority: Priority::NORMAL,
        label: None,
    };
    /// The terms of the `try_` calls.
    pub(crate) const TRY: Self = Self { wait: Wait::Never, ..Self::PLAIN };
}
