//! Reserving a place in the queue, without a thread that waits for it.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::api::handle::Handle;
use crate::api::job_handle::JobHandle;
use crate::api::submit_options::SubmitOptions;
use crate::error::{Refusal, SubmitError};
use crate::id::JobId;
use crate::job_context::{Bound, JobContext, NoContext};
use crate::parts::capacity::{Room, Wait, Waiter};
use crate::parts::context::{self, Standing};
use crate::queue::WorkQueue;
use crate::runtime::job::Job;
use crate::runtime::terms::Terms;

/// A future place in the queue; made by [`Handle::reserve`].
///
/// It waits from its first poll on, in the order of arrival among all that wait for room: threads, and futures.
/// Dropped, it leaves the row, and a place that it was given goes to the next. While it is neither polled nor
/// dropped, it holds the place that it was given.
#[must_use = "a future does nothing until it is polled"]
pub struct Reserve<'a, J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> {
    handle: &'a Handle<J, R, Q>,
    /// Its place in the row, while it waits.
    waiter: Option<Arc<Waiter>>,
}

/// A place in the queue for one job. Dropped unused, it is given back.
#[must_use = "a place that is dropped is given back"]
pub struct Place<'a, J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> {
    handle: &'a Handle<J, R, Q>,
    /// Whether a place of the bound is taken: not without a bound, nor for a nested job.
    is_taken: bool,
    /// For the job that gets it.
    options: SubmitOptions,
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Handle<J, R, Q> {
    /// Returns a future that waits for room in the queue, and is ready with a [`Place`] for one job. No
    /// thread waits: it is for async code, and for whatever must not be held up by a full queue.
    ///
    /// In a pool without a bound, and in a running job of the pool, it is ready at once.
    ///
    /// # Errors
    ///
    /// [`Refusal::Closed`] if the pool is closed, also while it waits. Polled by code that the pool calls beside
    /// its jobs, such as a hook, it does not wait: it is ready with [`Refusal::Full`] if there is no room.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{JobError, ThreadPool};
    ///
    /// async fn answer(pool: &ThreadPool) -> Result<u32, JobError> {
    ///     let Ok(place) = pool.reserve().await else { return Err(JobError::Returned) };
    ///     let Ok(job) = place.spawn(|| 6 * 7) else { return Err(JobError::Returned) };
    ///     job.await
    /// }
    ///
    /// # use std::pin::pin;
    /// # use std::sync::Arc;
    /// # use std::task::{Context, Poll, Wake};
    /// # struct Unpark(std::thread::Thread);
    /// # impl Wake for Unpark {
    /// #     fn wake(self: Arc<Self>) {
    /// #         self.0.unpark();
    /// #     }
    /// # }
    /// # fn block_on<F: Future>(future: F) -> F::Output {
    /// #     let waker = Arc::new(Unpark(std::thread::current())).into();
    /// #     let mut future = pin!(future);
    /// #     loop {
    /// #         if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
    /// #             return output;
    /// #         }
    /// #         std::thread::park();
    /// #     }
    /// # }
    /// let pool = drainpool::ThreadPoolBuilder::new().capacity(1).build()?;
    /// assert_eq!(block_on(answer(&pool))?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reserve(&self) -> Reserve<'_, J, R, Q> {
        Reserve { handle: self, waiter: None }
    }
}

impl<'a, J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Reserve<'a, J, R, Q> {
    pub(crate) fn handle(&self) -> &'a Handle<J, R, Q> {
        self.handle
    }

    /// Polls for a place, for as long as `wait` says by the pool's clock. When it is ready, it is not in the
    /// row any more.
    pub(crate) fn poll_within(
        &mut self,
        wait: Wait,
        context: &mut Context<'_>,
    ) -> Poll<Result<Place<'a, J, R, Q>, Refusal>> {
        let handle = self.handle;
        let state = &handle.inner.state;
        let tell = |refused: &Refusal| handle.inner.count_refusal(refused, 1);
        let standing = context::standing(state.id());
        let is_nested = standing == Standing::AtWork;
        let is_refused = !is_nested && state.ledger.gate.is_closed();
        let capacity = match &state.capacity {
            Some(capacity) if !is_nested && !is_refused => capacity,
            _ => {
                self.leave();
                let place = Place { handle, is_taken: false, options: SubmitOptions::new() };
                let place = if is_refused { Err(Refusal::Closed) } else { Ok(place) };
                return Poll::Ready(place.inspect_err(tell));
            }
        };
        // Expired jobs free their places.
        state.expire_due();
        let is_late = || wait.deadline().is_some_and(|deadline| state.clock().now() >= deadline);
        let may_wait = standing == Standing::Outside && !is_late();
        let ticket = self.waiter.as_ref().map(|waiter| waiter.ticket());
        let room = if may_wait {
            match capacity.poll_acquire(&mut self.waiter, context.waker()) {
                Poll::Ready(room) => room,
                Poll::Pending => return self.look_for_worker(context.waker()),
            }
        } else {
            capacity.acquire_now(&mut self.waiter)
        };
        if let Some(ticket) = ticket {
            state.room_awaited.forget(&ticket);
        }
        let place = match room {
            Room::Granted => Ok(Place { handle, is_taken: true, options: SubmitOptions::new() }),
            Room::Closed => Err(Refusal::Closed),
            Room::Full => Err(Refusal::Full),
        };
        Poll::Ready(place.inspect_err(tell))
    }

    /// Refuses the place if no worker will make room. If the pool loses its workers later, it wakes the task.
    fn look_for_worker(&mut self, waker: &Waker) -> Poll<Result<Place<'a, J, R, Q>, Refusal>> {
        let inner = &self.handle.inner;
        if let Some(waiter) = &self.waiter {
            inner.state.room_awaited.note(waiter.ticket(), waker);
        }
        let Some(error) = inner.start_if_lost(&mut 0, None) else { return Poll::Pending };
        self.leave();
        let refused = Refusal::NoThread(error);
        inner.count_refusal(&refused, 1);
        Poll::Ready(Err(refused))
    }

    /// Leaves the row, if it is in it.
    fn leave(&mut self) {
        if let (Some(waiter), Some(capacity)) =
            (self.waiter.take(), &self.handle.inner.state.capacity)
        {
            self.handle.inner.state.room_awaited.forget(&waiter.ticket());
            capacity.withdraw(&waiter);
        }
    }
}

impl<'a, J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Future for Reserve<'a, J, R, Q> {
    type Output = Result<Place<'a, J, R, Q>, Refusal>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_within(Wait::Forever, context)
    }
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Drop for Reserve<'_, J, R, Q> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Place<'_, J, R, Q> {
    /// Has the job that gets this place submitted with these options. What they say of a full queue does not
    /// matter; a time to start begins with the submit.
    ///
    /// # Examples
    ///
    /// ```
    /// use drainpool::{Priority, ThreadPool};
    ///
    /// async fn answer(pool: &ThreadPool) -> Option<u32> {
    ///     let place = pool.reserve().await.ok()?;
    ///     place.with(Priority::HIGH).spawn(|| 6 * 7).ok()?.await.ok()
    /// }
    /// ```
    pub fn with(mut self, options: impl Into<SubmitOptions>) -> Self {
        self.options = options.into();
        self
    }

    /// Submits a job in this place; see [`Handle::submit`]. It does not wait for room.
    ///
    /// # Errors
    ///
    /// The job comes back, and the place is given back.
    pub fn submit(self, job: J) -> Result<JobId, SubmitError<J>> {
        let handle = self.handle;
        let capture = || handle.inner.queue.capture_context();
        handle.submit_by(job, capture, || {
            let terms = self.terms();
            self.into_terms(terms)
        })
    }

    /// Spawns a closure in this place; see [`Handle::spawn`]. It does not wait for room. Its
    /// [context](crate::ThreadPoolBuilder::context), if the pool's jobs have one, is captured here.
    ///
    /// # Errors
    ///
    /// The closure comes back, and the place is given back.
    pub fn spawn<F, T>(self, closure: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        // A capture that panics drops the place, which is so given back.
        let bound = self.handle.bind(closure);
        self.spawn_bound(bound)
    }

    /// Spawns a closure in this place, like [`spawn`](Self::spawn), but captures no
    /// [context](crate::ThreadPoolBuilder::context): it runs in none, or in that to which it was
    /// [bound](Handle::in_context) before. For code that submits what others have handed to it, such as a timer.
    ///
    /// # Errors
    ///
    /// The closure comes back, and the place is given back.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::pin;
    /// use std::task::{Context, Poll, Waker};
    /// use drainpool::ThreadPool;
    ///
    /// let pool = ThreadPool::new(2)?;
    /// // Taken from a client's thread, with its context.
    /// let bound = pool.in_context(|| 6 * 7);
    /// let place = match pin!(pool.reserve()).poll(&mut Context::from_waker(Waker::noop())) {
    ///     Poll::Ready(place) => place?,
    ///     Poll::Pending => unreachable!("there is no bound"),
    /// };
    /// assert_eq!(place.spawn_without_context(bound).unwrap().join()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn_without_context<F, T>(self, closure: F) -> Result<JobHandle<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_bound(Bound { context: NoContext, inner: closure })
    }

    fn spawn_bound<C, F, T>(self, bound: Bound<C, F>) -> Result<JobHandle<T>, SubmitError<F>>
    where
        C: JobContext,
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (handle, terms) = (self.handle, self.terms());
        handle.spawn_bound(bound, self.into_terms(terms))
    }

    /// The terms of its options, from now on. They call the pool's clock.
    fn terms(&self) -> Terms {
        Terms { wait: Wait::Never, ..self.options.terms(&self.handle.inner.state) }.in_the_pool()
    }

    /// Turns the place over to a submit on these terms. A nested one needs none, and gives it back.
    pub(crate) fn into_terms(mut self, terms: Terms) -> Terms {
        let is_nested = context::standing(self.handle.inner.id()) == Standing::AtWork;
        if is_nested || !self.is_taken {
            return terms;
        }
        self.is_taken = false;
        Terms { wait: Wait::Reserved, ..terms }
    }
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Drop for Place<'_, J, R, Q> {
    fn drop(&mut self) {
        if self.is_taken
            && let Some(capacity) = &self.handle.inner.state.capacity
        {
            capacity.release_and_wake();
        }
    }
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> fmt::Debug for Reserve<'_, J, R, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reserve")
            .field("is_waiting", &self.waiter.is_some())
            .finish_non_exhaustive()
    }
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> fmt::Debug for Place<'_, J, R, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place").finish_non_exhaustive()
    }
}
