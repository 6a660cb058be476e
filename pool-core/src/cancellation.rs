//! The cancellation token, by which a running job learns that it was cancelled.

use std::fmt;
use std::sync::Arc;

use crate::error::Cancelled;
use crate::sync::{Acquire, AtomicBool, Release};

/// Tells a running job whether it was cancelled. A closure gets one from
/// [`spawn_cancellable`](crate::Handle::spawn_cancellable); a job for a handler can bring one
/// [of its own](Self::new).
///
/// Nothing interrupts the job: it has to ask, and to return when it was cancelled. A clone can be given to
/// what the job starts: its own jobs, other threads, a callback. It stays cancelled once it is.
///
/// What a thread did before it cancelled the job is visible to the job once it sees that it was cancelled.
///
/// # Examples
///
/// ```
/// use std::sync::mpsc;
/// use drainpool::{Cancelled, ThreadPoolBuilder};
///
/// let pool = ThreadPoolBuilder::new().build()?;
/// let (begun, begins) = mpsc::channel();
/// let job = pool.spawn_cancellable(move |token| -> Result<u64, Cancelled> {
///     begun.send(()).unwrap();
///     for n in 0.. {
///         token.check()?;
///         std::hint::black_box(n);
///     }
///     Ok(42)
/// })?;
/// begins.recv()?;
/// assert!(!job.cancel(), "it has started");
/// assert_eq!(job.join()?, Err(Cancelled));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct CancellationToken(Arc<AtomicBool>);

impl CancellationToken {
    /// Returns a token that is not cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{CancellationToken, ThreadPoolBuilder};
    ///
    /// struct Mail(&'static str, CancellationToken);
    ///
    /// let pool = ThreadPoolBuilder::new().build_with(|_worker| {
    ///     |Mail(address, token)| {
    ///         if !token.is_cancelled() {
    ///             println!("sent to {address}");
    ///         }
    ///     }
    /// })?;
    /// let token = CancellationToken::new();
    /// pool.submit(Mail("ann@site.example", token.clone()))?;
    /// token.cancel();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(AtomicBool::new(false)))
    }

    /// Whether the job was cancelled. It costs one load.
    #[must_use]
    #[inline]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Acquire)
    }

    /// Returns an error if the job was cancelled, for `?`.
    ///
    /// # Errors
    ///
    /// [`Cancelled`].
    #[inline]
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }

    /// Cancels the token, for all its clones.
    pub fn cancel(&self) {
        self.0.store(true, Release);
    }
}

impl Default for CancellationToken {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for CancellationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancellationToken").field("is_cancelled", &self.is_cancelled()).finish()
    }
}
