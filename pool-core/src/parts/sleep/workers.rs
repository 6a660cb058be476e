//! The states of a pool's workers, as plain data. [`Sleep`](crate::parts::sleep::Sleep) keeps them under
//! its lock and acts on what changes here.

use crate::parts::thread_end::ThreadEnd;
use crate::thread_factory::JoinHandle;

/// The state of the worker with one index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WorkerState {
    /// There is no thread. One may be started.
    Vacant,
    /// A thread is being started. It counts as a searcher.
    Starting,
    /// It runs a job or searches for one.
    Active,
    /// It has announced its sleep and takes its last look at the queue.
    Looking,
    /// It waits on its condition variable.
    Parked,
    /// It was woken and is on its way. It counts as a searcher.
    Notified,
    /// It leaves. Its index is not free yet.
    Leaving,
}

/// What a worker does with the jobs that it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It starts them.
    Run,
    /// The same, and it notes what it runs.
    Tracked,
    /// It leaves them where they are: the pool is paused, or more workers are ready than there are to be, and
    /// the next to run dry leaves.
    Held,
    /// It ends them unrun.
    Discard,
}

/// The worker that is woken for a job.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wakeup {
    /// This parked worker was taken off the list; wake it.
    Wake(usize),
    /// This worker is still looking, and will see for itself that it was called.
    Called,
    /// This index was reserved; start a thread for it.
    Start(usize),
    /// No worker is available.
    Unavailable,
}

/// All workers of one pool.
#[derive(Debug)]
pub(crate) struct Workers {
    states: Box<[WorkerState]>,
    /// The workers that look or are parked and may be woken. The last to park is the first to be woken: its
    /// caches are the warmest, and workers that are not needed stay parked until their keep-alive ends.
    parked: Vec<usize>,
    /// Indices without a thread, for which one may be started.
    vacant: Vec<usize>,
    /// The indices without a thread that are not to be started for now, because a start has failed. They
    /// are vacant again when a worker parks, so that a system which refuses threads is not asked at every
    /// submit.
    not_started: Vec<usize>,
    /// The number of threads that the pool is to have, without those that replace blocked ones.
    pub(crate) num_threads: usize,
    /// The number of threads whose jobs block, as they say.
    pub(crate) blocked: usize,
    /// The number of threads that start, run or leave.
    pub(crate) live: usize,
    /// The number of threads that have started and not begun to leave, and so can be relied on.
    pub(crate) ready: usize,
    /// The number of threads in [`WorkerState::Parked`].
    pub(crate) asleep: usize,
    /// The number of threads in [`WorkerState::Starting`].
    pub(crate) starting: usize,
    /// The number of reservations whose call of the thread factory has not returned yet.
    pub(crate) spawning: usize,
    /// Whether no job is to be started.
    pub(crate) paused: bool,
    /// Whether a shutdown has begun: the pool is not to be paused any more.
    pub(crate) ending: bool,
    /// Whether the workers note the jobs that they run.
    pub(crate) tracks: bool,
    /// Whether the jobs that are found are to be ended unrun.
    pub(crate) discards: bool,
    /// Whether all workers are to leave.
    pub(crate) exit: bool,
    /// Whether the pool was given up.
    pub(crate) failed: bool,
    /// The number of times that the pool became quiescent. A waiter that sees it change need not catch the
    /// moment.
    pub(crate) epoch: u64,
    /// The number of starts that have failed.
    pub(crate) failed_starts: u64,
    /// The number of times that a worker fell asleep.
    pub(crate) sleeps: u64,
    /// The last worker, if its keep-alive is over and a job on its way keeps it.
    pub(crate) kept: Option<usize>,
    /// The threads that were started and not joined.
    handles: Vec<(JoinHandle<()>, ThreadEnd)>,
}

impl Workers {
    /// Returns workers without threads, at most `max`.
    pub(crate) fn new(max: usize, num_threads: usize) -> Self {
        Self {
            states: vec![WorkerState::Vacant; max].into(),
            parked: Vec::with_capacity(max),
            // Reversed, so that `pop` starts with index 0.
            vacant: (0..max).rev().collect(),
            not_started: Vec::new(),
            num_threads,
            blocked: 0,
            live: 0,
            ready: 0,
            asleep: 0,
            starting: 0,
            spawning: 0,
            paused: false,
            ending: false,
            tracks: false,
            discards: false,
            exit: false,
            failed: false,
            epoch: 0,
            failed_starts: 0,
            sleeps: 0,
            kept: None,
            handles: Vec::new(),
        }
    }

    pub(crate) fn state_of(&self, worker: usize) -> WorkerState {
        self.states[worker]
    }

    /// What a worker does with the jobs that it finds.
    pub(crate) fn mode(&self) -> Mode {
        if self.discards {
            Mode::Discard
        } else if self.paused || self.has_surplus() {
            Mode::Held
        } else if self.tracks {
            Mode::Tracked
        } else {
            Mode::Run
        }
    }

    /// The number of workers that [`Workers::pick`] could call.
    pub(crate) fn available(&self) -> usize {
        if self.paused || self.exit {
            return 0;
        }
        self.parked.len() + self.vacant.len().min(self.missing())
    }

    /// The number of threads that there are to be, blocked ones included.
    fn limit(&self) -> usize {
        (self.num_threads + self.blocked).min(self.states.len())
    }

    /// The number of threads that may be started until there are as many as there are to be. A thread that
    /// leaves counts until it is gone.
    fn missing(&self) -> usize {
        self.limit().saturating_sub(self.live)
    }

    /// Whether more workers are ready than there are to be. Those that start do not count: they may fail.
    pub(crate) fn has_surplus(&self) -> bool {
        self.ready > self.limit()
    }

    /// Has a parked worker leave that is not needed, and returns it. The first to park goes first.
    pub(crate) fn dismiss(&mut self) -> Option<usize> {
        let parked = |worker: &&usize| self.states[**worker] == WorkerState::Parked;
        let worker = *self.parked.iter().find(parked).filter(|_| self.has_surplus())?;
        self.leave(worker);
        Some(worker)
    }

    /// Whether every thread is parked. With every accepted job taken, the pool is idle.
    pub(crate) fn all_asleep(&self) -> bool {
        self.asleep == self.live
    }

    /// Whether the last thread has left for good.
    pub(crate) fn is_over(&self) -> bool {
        self.exit && self.live == 0
    }

    /// Calls one worker: a parked one if there is one, else a new thread.
    pub(crate) fn pick(&mut self) -> Wakeup {
        if self.paused || self.exit {
            return Wakeup::Unavailable;
        }
        if let Some(worker) = self.parked.pop() {
            return self.call(worker);
        }
        match self.reserve() {
            Some(worker) => Wakeup::Start(worker),
            None => Wakeup::Unavailable,
        }
    }

    /// Calls a worker that was taken off the parked list.
    fn call(&mut self, worker: usize) -> Wakeup {
        let was = std::mem::replace(&mut self.states[worker], WorkerState::Notified);
        if was == WorkerState::Parked {
            self.asleep -= 1;
            Wakeup::Wake(worker)
        } else {
            Wakeup::Called
        }
    }

    /// Reserves a vacant index for a thread that is about to be started, unless there are enough or all
    /// workers are to leave.
    pub(crate) fn reserve(&mut self) -> Option<usize> {
        if self.exit || self.missing() == 0 {
            return None;
        }
        let worker = self.vacant.pop()?;
        self.states[worker] = WorkerState::Starting;
        self.live += 1;
        self.starting += 1;
        self.spawning += 1;
        Some(worker)
    }

    /// Keeps the handle of a thread that was started, to be joined by the shutdown. Returns those of
    /// threads that have ended, destructors included, if there are many: there is nothing left to wait for.
    pub(crate) fn enlist(
        &mut self,
        handle: JoinHandle<()>,
        ended: ThreadEnd,
    ) -> Vec<JoinHandle<()>> {
        self.spawning -= 1;
        self.handles.push((handle, ended));
        if self.handles.len() <= self.states.len() {
            return Vec::new();
        }
        let ended = self.handles.extract_if(.., |(_, ended)| ended.is_certain());
        ended.map(|(handle, _)| handle).collect()
    }

    /// Returns the handles of all threads that are not joined yet.
    pub(crate) fn take_handles(&mut self) -> Vec<JoinHandle<()>> {
        std::mem::take(&mut self.handles).into_iter().map(|(handle, _)| handle).collect()
    }

    /// Notes that a reserved worker has started.
    pub(crate) fn started(&mut self, worker: usize) {
        debug_assert_eq!(self.states[worker], WorkerState::Starting);
        self.states[worker] = WorkerState::Active;
        self.starting -= 1;
        self.ready += 1;
    }

    /// Notes that a reserved worker has failed to start.
    pub(crate) fn start_failed(&mut self, worker: usize) {
        debug_assert_eq!(self.states[worker], WorkerState::Starting);
        self.states[worker] = WorkerState::Vacant;
        self.starting -= 1;
        self.live -= 1;
        self.failed_starts += 1;
        self.not_started.push(worker);
        self.not_started.append(&mut self.vacant);
    }

    /// Returns a worker that is starting or leaving, for which another thread may have to wait.
    pub(crate) fn under_way(&self) -> usize {
        let moving =
            |slot: &WorkerState| matches!(slot, WorkerState::Starting | WorkerState::Leaving);
        self.states.iter().position(moving).unwrap_or(0)
    }

    /// Makes the indices whose start failed vacant again.
    pub(crate) fn retry_failed(&mut self) {
        self.vacant.append(&mut self.not_started);
    }

    /// Notes that a worker is about to park and may be called from here on.
    pub(crate) fn announce_sleep(&mut self, worker: usize) {
        debug_assert_eq!(self.states[worker], WorkerState::Active);
        self.states[worker] = WorkerState::Looking;
        self.parked.push(worker);
    }

    /// Notes that a worker found a job in its last look. Returns whether it was called meanwhile, in which
    /// case it counts as a searcher.
    pub(crate) fn cancel_sleep(&mut self, worker: usize) -> bool {
        let was = std::mem::replace(&mut self.states[worker], WorkerState::Active);
        if was == WorkerState::Looking {
            self.unpark(worker);
        }
        was == WorkerState::Notified
    }

    /// Notes that a worker found nothing in its last look, and parks unless it was called meanwhile.
    pub(crate) fn fall_asleep(&mut self, worker: usize) {
        if self.states[worker] == WorkerState::Looking {
            self.states[worker] = WorkerState::Parked;
            self.asleep += 1;
            self.sleeps += 1;
            self.retry_failed();
        }
    }

    /// Notes that a worker that was called is at work.
    pub(crate) fn awake(&mut self, worker: usize) {
        debug_assert_eq!(self.states[worker], WorkerState::Notified);
        self.states[worker] = WorkerState::Active;
    }

    /// Notes that a worker begins to leave.
    pub(crate) fn leave(&mut self, worker: usize) {
        match std::mem::replace(&mut self.states[worker], WorkerState::Leaving) {
            WorkerState::Parked => {
                self.asleep -= 1;
                self.unpark(worker);
            }
            WorkerState::Looking => self.unpark(worker),
            // It had begun to leave, and its queue panicked on the way.
            WorkerState::Leaving => return,
            _ => {}
        }
        self.ready -= 1;
    }

    /// Notes that a worker has left, and reserves its index for the thread that takes its place. Returns
    /// `false`, and does nothing, if there are enough workers or all are to leave.
    pub(crate) fn replace(&mut self, worker: usize) -> bool {
        debug_assert_eq!(self.states[worker], WorkerState::Leaving);
        if self.exit || self.ready + self.starting >= self.limit() {
            return false;
        }
        self.states[worker] = WorkerState::Starting;
        self.starting += 1;
        self.spawning += 1;
        true
    }

    /// Notes that a worker has left; its index is free.
    pub(crate) fn gone(&mut self, worker: usize) {
        debug_assert_eq!(self.states[worker], WorkerState::Leaving);
        self.states[worker] = WorkerState::Vacant;
        self.vacant.push(worker);
        self.live -= 1;
    }

    fn unpark(&mut self, worker: usize) {
        // From the end: a worker that cancels its sleep has announced it lately.
        if let Some(at) = self.parked.iter().rposition(|&parked| parked == worker) {
            self.parked.remove(at);
        }
    }
}
