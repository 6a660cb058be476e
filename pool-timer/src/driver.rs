//! The timer's thread: it sleeps until something is due, and hands it to the pool.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use pool_core::{Handle, Job, Notice, Place, Reserve, WorkQueue};

use crate::panics::{drop_quietly, guarded};
use crate::run::run_of;
use crate::shared::{Due, Shared};
use crate::ticket::Phase;

/// The time after which a clock that panicked is asked again, if nothing else happens: no job is to wait for
/// ever because a clock failed once.
const RETRY: Duration = Duration::from_secs(1);

/// The alarms by which the pool and its clock wake the thread. They end with it.
pub(crate) struct Alarms {
    _pool: Arc<dyn Fn(Notice) + Send + Sync>,
    _clock: Arc<dyn Fn() + Send + Sync>,
}

impl Alarms {
    /// Registers the alarms. A clock that panics panics here.
    pub(crate) fn set<J, R, Q>(pool: &Handle<J, R, Q>, shared: &Arc<Shared>) -> Self
    where
        J: Send + 'static,
        R: 'static,
        Q: WorkQueue<Job<J>>,
    {
        let (by_pool, by_clock) = (Arc::clone(shared), Arc::clone(shared));
        let by_pool: Arc<dyn Fn(Notice) + Send + Sync> = Arc::new(move |notice| match notice {
            Notice::Closed => by_pool.begin_end(),
            Notice::Expiring(moment) => by_pool.look_at(moment),
            _ => by_pool.look(),
        });
        let by_clock: Arc<dyn Fn() + Send + Sync> = Arc::new(move || by_clock.look());
        pool.watch(Arc::downgrade(&by_pool));
        pool.clock().subscribe(Arc::downgrade(&by_clock));
        // It may have been closed before that.
        if pool.is_closed() {
            shared.begin_end();
        }
        Self { _pool: by_pool, _clock: by_clock }
    }
}

/// How far the thread came with the jobs that are due.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// None is left.
    Done,
    /// They wait for room.
    NoRoom,
    /// The pool is closed.
    Closed,
    /// The clock panicked.
    Unsure,
}

/// Drives a timer until it is shut down or its pool is closed.
pub(crate) fn drive<J, R, Q>(pool: &Handle<J, R, Q>, shared: &Arc<Shared>)
where
    J: Send + 'static,
    R: 'static,
    Q: WorkQueue<Job<J>>,
{
    let waker = Waker::from(Arc::clone(shared));
    let mut driver = Driver { pool, shared, waker, room: None, now: None };
    while !shared.begin_look() && driver.look() {}
    driver.room = None;
    shared.give_up(driver.now);
}

struct Driver<'a, J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> {
    pool: &'a Handle<J, R, Q>,
    shared: &'a Arc<Shared>,
    waker: Waker,
    /// The place in the row for room, while due jobs wait for it.
    room: Option<Reserve<'a, J, R, Q>>,
    /// The last known time.
    now: Option<Instant>,
}

impl<'a, J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Driver<'a, J, R, Q> {
    /// Fires and expires what is due, and sleeps. Returns `false` if the pool is closed.
    fn look(&mut self) -> bool {
        let pool = self.pool;
        let looked = guarded(|| (pool.clock().now(), pool.expire_due()));
        let Ok((now, expiry)) = looked.map_err(drop_quietly) else {
            self.shared.sleep_unsure(RETRY);
            return true;
        };
        self.now = Some(now);
        let progress = self.fire_due(now);
        match progress {
            Progress::Closed => return false,
            Progress::Unsure => self.shared.sleep_unsure(RETRY),
            Progress::Done | Progress::NoRoom => {
                self.shared.sleep(progress == Progress::NoRoom, expiry, |moment| {
                    let pause = guarded(|| pool.clock().sleep_for(moment)).map_err(drop_quietly);
                    pause.unwrap_or(Some(RETRY))
                });
            }
        }
        true
    }

    /// Hands the due jobs to the pool, in their order, one for each place in the queue.
    fn fire_due(&mut self, now: Instant) -> Progress {
        while self.shared.has_due(now) {
            let place = match self.poll_room() {
                Ok(place) => place,
                Err(progress) => return progress,
            };
            // It may have been cancelled while it waited; then the next one takes its place.
            if let Some(due) = self.shared.take_due(now) {
                self.submit(place, due, now);
            }
        }
        self.room = None;
        Progress::Done
    }

    fn poll_room(&mut self) -> Result<Place<'a, J, R, Q>, Progress> {
        let pool = self.pool;
        let room = self.room.get_or_insert_with(|| pool.reserve());
        let waker = &self.waker;
        let polled = guarded(|| Pin::new(room).poll(&mut Context::from_waker(waker)));
        match polled.map_err(drop_quietly) {
            Ok(Poll::Pending) => Err(Progress::NoRoom),
            Ok(Poll::Ready(Ok(place))) => {
                self.room = None;
                Ok(place)
            }
            Ok(Poll::Ready(Err(_))) => Err(Progress::Closed),
            Err(()) => Err(Progress::Unsure),
        }
    }

    /// Hands a job to the pool. If it is refused, its closure is dropped here.
    fn submit(&self, place: Place<'a, J, R, Q>, due: Due, now: Instant) {
        let ticket = Arc::clone(due.entry.ticket());
        let place = match &ticket.options {
            Some(options) => place.with(**options),
            None => place,
        };
        let run = run_of(due.entry, self.shared, due.tick, now);
        // The queue is foreign code, and so is a thread factory that starts a first worker.
        // It captures nothing: this thread has no context, and must not wait for the room that a capture waits for.
        match guarded(|| place.spawn_without_context(run)) {
            Ok(Ok(job)) => {
                self.shared.count(|report| report.fired += 1);
                // It may be the last to hold an outcome, whose drop is foreign code.
                let _ = guarded(move || ticket.submitted(job)).map_err(drop_quietly);
            }
            refused => {
                self.shared.count(|report| report.dropped += 1);
                if !ticket.is_periodic {
                    // It was on its way: there is nothing in the former phase.
                    let _ = ticket.change(Phase::Ended);
                }
                drop_quietly(refused);
            }
        }
    }
}
