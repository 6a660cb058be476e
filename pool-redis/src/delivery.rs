//! A job in the hands of a worker.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::id::StreamId;

/// A job that was delivered to this worker, encoded as it lies in the server: what the worker's pool is a pool of.
///
/// The handler gets the job itself; [`current_delivery`] tells it of this.
#[derive(Clone)]
pub struct Delivery {
    id: StreamId,
    deliveries: u64,
    payload: Option<Arc<[u8]>>,
    is_lost: Arc<AtomicBool>,
}

impl Delivery {
    pub(crate) fn new(id: StreamId, deliveries: u64, payload: Option<&[u8]>) -> Self {
        Self { id, deliveries, payload: payload.map(Arc::from), is_lost: Arc::default() }
    }

    /// The id of the job.
    #[must_use]
    pub fn id(&self) -> StreamId {
        self.id
    }

    /// The number of times that the job was given to a worker, this one included: 1 unless others failed to end it. It
    /// may have run before, and what it did may be there.
    #[must_use]
    pub fn deliveries(&self) -> u64 {
        self.deliveries
    }

    /// The encoded job. `None` if a foreign hand put the entry into the stream.
    #[must_use]
    pub fn payload(&self) -> Option<&[u8]> {
        self.payload.as_deref()
    }

    /// Whether the lease was lost: this worker could not renew it in time, and another one may run the job, too. The
    /// outcome of whichever ends first counts. A long job may look at this and stop.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Relaxed)
    }

    /// `Relaxed`: nothing else is told by it.
    pub(crate) fn lose(&self) {
        self.is_lost.store(true, Ordering::Relaxed);
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("id", &self.id)
            .field("deliveries", &self.deliveries)
            .field("is_lost", &self.is_lost())
            .finish_non_exhaustive()
    }
}

thread_local! {
    static CURRENT: RefCell<Option<Delivery>> = const { RefCell::new(None) };
}

/// The job that the present thread's handler was called for. `None` outside of a handler of a [`Worker`](crate::Worker).
///
/// # Examples
///
/// ```
/// use drainpool::redis::current_delivery;
///
/// fn send_mail(to: String) {
///     if current_delivery().is_some_and(|delivery| delivery.deliveries() > 1) {
///         println!("it may have been sent to {to} before");
///     }
/// }
/// # send_mail("nobody".into());
/// ```
#[must_use]
pub fn current_delivery() -> Option<Delivery> {
    CURRENT.with_borrow(Clone::clone)
}

/// Notes the job for which the handler is called next on this thread.
pub(crate) fn begin(delivery: Delivery) {
    CURRENT.set(Some(delivery));
}

/// The job for which the handler was called on this thread.
pub(crate) fn end() -> Option<Delivery> {
    CURRENT.take()
}
