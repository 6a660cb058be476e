//! The future of a pool's end.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::parts::context;
use crate::parts::latch::Latch;
use crate::report::ShutdownReport;
use crate::runtime::any_pool::AnyPool;

/// A future that is ready when a pool has ended; made by
/// [`Pool::shutdown_async`](crate::Pool::shutdown_async).
///
/// It keeps neither the pool open nor its threads. It may be polled again after it was ready.
#[must_use = "the pool is closed, but only a future that is polled waits for its end"]
pub struct ShutdownFuture {
    pool: Arc<dyn AnyPool>,
    /// Set when the pool has ended.
    latch: Arc<Latch>,
    /// The number of failed starts that were dealt with.
    failed_starts: u64,
}

impl ShutdownFuture {
    pub(crate) fn new(pool: Arc<dyn AnyPool>) -> Self {
        let latch = pool.state().ends.add();
        Self { pool, latch, failed_starts: 0 }
    }

    /// Whether there is nothing to wait for: the pool has ended, or waits for the present thread.
    fn is_ready(&mut self, context: &mut Context<'_>) -> bool {
        let state = self.pool.state();
        if context::is_inside(state.id()) || state.is_forked() {
            return true;
        }
        if self.latch.is_set() || self.latch.wake_when_set(context.waker()) {
            return true;
        }
        Arc::clone(&self.pool).start_if_deserted(&mut self.failed_starts);
        self.latch.is_set()
    }
}

impl Future for ShutdownFuture {
    type Output = ShutdownReport;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<ShutdownReport> {
        if !self.is_ready(context) {
            return Poll::Pending;
        }
        self.latch.forget_waker();
        Poll::Ready(self.pool.state().report())
    }
}

impl Drop for ShutdownFuture {
    fn drop(&mut self) {
        self.pool.state().ends.remove(&self.latch);
        self.latch.forget_waker();
    }
}

impl fmt::Debug for ShutdownFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShutdownFuture").field("report", &self.pool.state().report()).finish()
    }
}
