//! A handle that cancels its job when it is dropped.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::api::job_handle::JobHandle;
use crate::error::JobError;

/// A [`JobHandle`] that cancels its job when it is dropped; made by [`JobHandle::cancel_on_drop`].
///
/// It dereferences to the handle, and is a [`Future`] as the handle is. [`disarm`](Self::disarm) gives the
/// handle back.
#[must_use = "dropped, it cancels the job"]
pub struct CancelOnDrop<T> {
    /// `None` once it is disarmed.
    job: Option<JobHandle<T>>,
}

impl<T> JobHandle<T> {
    /// Returns the handle as one that [cancels](Self::cancel) the job when it is dropped: for a `select!`, a
    /// time-out of an executor, or a `?`, which drop what they no longer want.
    ///
    /// A job that has started is only told, and only if it has a
    /// [token](crate::Handle::spawn_cancellable).
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::ThreadPoolBuilder;
    ///
    /// let pool = ThreadPoolBuilder::new().paused().build()?;
    /// let unwanted = pool.spawn(|| "nobody waits for this")?.cancel_on_drop();
    /// let wanted = pool.spawn(|| 7)?.cancel_on_drop();
    /// drop(unwanted);
    /// pool.resume();
    /// assert_eq!(wanted.disarm().join()?, 7);
    /// let report = pool.shutdown();
    /// assert_eq!((report.done, report.cancelled), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel_on_drop(self) -> CancelOnDrop<T> {
        CancelOnDrop { job: Some(self) }
    }
}

impl<T> CancelOnDrop<T> {
    /// Returns the plain handle, whose drop lets the job go on.
    pub fn disarm(mut self) -> JobHandle<T> {
        self.job.take().expect("it goes with the wrapper")
    }
}

impl<T> Deref for CancelOnDrop<T> {
    type Target = JobHandle<T>;

    fn deref(&self) -> &JobHandle<T> {
        self.job.as_ref().expect("it goes with the wrapper")
    }
}

impl<T> DerefMut for CancelOnDrop<T> {
    fn deref_mut(&mut self) -> &mut JobHandle<T> {
        self.job.as_mut().expect("it goes with the wrapper")
    }
}

/// Ready when the job has ended; see [`JobHandle`].
impl<T> Future for CancelOnDrop<T> {
    type Output = Result<T, JobError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut **self).poll(context)
    }
}

impl<T> Drop for CancelOnDrop<T> {
    fn drop(&mut self) {
        if let Some(job) = &self.job {
            job.cancel();
        }
    }
}

impl<T> fmt::Debug for CancelOnDrop<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CancelOnDrop").field(&self.job).finish()
    }
}
