//! One cell's pools, and the bookkeeping around its call.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Instant;

use drainpool::{AnyQueue, Backend, Job, NoSink, Task};
use pool_conformance::{Latch, Tally};

use crate::calls::Ctx;
use crate::place::Place;
use crate::run::watchdog;
use crate::setup::{Progress, Setup, Stage, Target, Variant};

pub(crate) type Pool = drainpool::Pool<Task, (), AnyQueue<Job<Task>>>;
pub(crate) type Handle = drainpool::Handle<Task, (), AnyQueue<Job<Task>>>;
pub(crate) type Builder<S = NoSink> = pool_core::ThreadPoolBuilder<Backend, S>;

/// What is wrong, or nothing.
pub(crate) type Outcome = Result<(), String>;
/// What is done in a place.
pub(crate) type Call = Arc<dyn Fn(&Ctx) -> Outcome + Send + Sync>;

/// A pool with its owner, where calls can get at it. The cell's end empties it, as hooks and sinks of the
/// pool hold the world that this is in.
#[derive(Default)]
pub(crate) struct Held {
    pub(crate) owner: Mutex<Option<Arc<Pool>>>,
    pub(crate) handle: Mutex<Option<Handle>>,
    pub(crate) starts: Tally,
    pub(crate) stops: Tally,
}

pub(crate) struct World {
    pub(crate) setup: Setup,
    pub(crate) place: Place,
    call: Call,
    pub(crate) progress: Arc<Progress>,
    pub(crate) own: Held,
    pub(crate) second: Held,
    armed: AtomicBool,
    pub(crate) fired: AtomicBool,
    begun: Latch,
    pub(crate) called: Latch,
    /// What workers are held with.
    pub(crate) release: Latch,
    pub(crate) held: Tally,
    /// Jobs that were accepted and whose runs are counted, and their runs.
    pub(crate) accepted: Tally,
    pub(crate) ran: Tally,
    pub(crate) failures: Mutex<Vec<String>>,
    /// The thread that arranges the cell.
    caller: ThreadId,
    until: Instant,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    pub(crate) fn new(
        place: Place,
        call: Call,
        setup: Setup,
        progress: Arc<Progress>,
    ) -> Arc<Self> {
        let second = Held::default();
        if setup.target == Target::Second {
            let builder = counted(&second, setup.backend, |_| (), |_| ());
            second.adopt(builder.num_threads(2).build().unwrap());
        }
        Arc::new(Self {
            setup,
            place,
            call,
            progress,
            own: Held::default(),
            second,
            armed: AtomicBool::new(false),
            fired: AtomicBool::new(false),
            begun: Latch::default(),
            called: Latch::default(),
            release: Latch::default(),
            held: Tally::default(),
            accepted: Tally::default(),
            ran: Tally::default(),
            failures: Mutex::default(),
            caller: thread::current().id(),
            until: Instant::now() + 2 * watchdog(),
        })
    }

    // ---- For places: building, and making workers busy -----------------------------------------

    pub(crate) fn threads(&self) -> usize {
        self.setup.threads
    }

    pub(crate) fn builder(&self) -> Builder {
        self.hooked(|_| (), |_| ())
    }

    /// A builder with these hooks, whose calls are counted.
    pub(crate) fn hooked(
        &self,
        start: impl Fn(usize) + Send + Sync + 'static,
        stop: impl Fn(usize) + Send + Sync + 'static,
    ) -> Builder {
        let builder = counted(&self.own, self.setup.backend, start, stop);
        let builder = builder.num_threads(self.setup.threads).max_threads(self.setup.threads + 1);
        if self.setup.variant == Variant::Full { builder.capacity(1) } else { builder }
    }

    /// Takes the pool that the place is in.
    pub(crate) fn adopt(&self, pool: Pool) {
        self.own.adopt(pool);
    }

    /// As long as there is no pool yet.
    pub(crate) fn adopt_handle(&self, handle: Handle) {
        *lock(&self.own.handle) = Some(handle);
    }

    pub(crate) fn handle(&self) -> Handle {
        self.own.handle()
    }

    /// From here on [`fire`](Self::fire) makes the call.
    pub(crate) fn arm(&self) {
        self.armed.store(true, Ordering::SeqCst);
    }

    /// Whether it would.
    pub(crate) fn is_due(&self) -> bool {
        self.armed.load(Ordering::SeqCst) && !self.fired.load(Ordering::SeqCst)
    }

    /// Whether this is the thread that arranges the cell.
    pub(crate) fn is_caller(&self) -> bool {
        thread::current().id() == self.caller
    }

    /// A job that is counted.
    pub(crate) fn job(&self) -> impl FnOnce() + Send + 'static {
        let ran = self.ran.clone();
        move || ran.add()
    }

    /// Submits a job that is counted, unless it is refused: a call may have closed the pool.
    pub(crate) fn execute(&self, job: impl FnOnce() + Send + 'static) {
        let ran = self.job();
        let job = move || {
            ran();
            job();
        };
        if self.handle().execute(job).is_ok() {
            self.accepted.add();
        }
    }

    /// Makes so many workers busy until the call has ended, or, if it may wait, has begun.
    pub(crate) fn hold(self: &Arc<Self>, workers: usize) {
        for _ in 0..workers {
            self.execute(self.blocker());
        }
        self.eventually(|| self.held.get() == workers as u64);
    }

    pub(crate) fn blocker(&self) -> impl FnOnce() + Send + 'static {
        let (held, release) = (self.held.clone(), self.release.clone());
        move || {
            held.add();
            release.wait();
        }
    }

    /// Yields until `check` holds: for states that nothing announces. A cell that was given up does not go on
    /// for ever.
    pub(crate) fn eventually(&self, check: impl Fn() -> bool) {
        while !check() {
            assert!(Instant::now() < self.until, "waits in vain");
            thread::yield_now();
        }
    }

    /// Whether the call has begun.
    pub(crate) fn has_begun(&self) -> bool {
        self.begun.is_open()
    }

    /// Waits until the call has ended.
    pub(crate) fn wait_called(&self) {
        self.called.wait();
        self.progress.reaches(Stage::AfterCall);
    }

    // ---- The call ------------------------------------------------------------------------------

    /// Makes the call, the first time.
    pub(crate) fn fire(self: &Arc<Self>) {
        if !self.armed.load(Ordering::SeqCst) || self.fired.swap(true, Ordering::SeqCst) {
            return;
        }
        self.begun.open();
        self.progress.reaches(Stage::Preparation);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            self.prepare();
            self.progress.reaches(Stage::Call);
            (self.call)(&Ctx::new(self))
        }));
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => self.fail(failure),
            Err(payload) => self.fail(format!("the call panicked: {}", text(&*payload))),
        }
        self.progress.reaches(Stage::AfterCall);
        self.release.open();
        self.called.open();
    }

    /// The pool that the call is made on.
    pub(crate) fn target(&self) -> &Held {
        match self.setup.target {
            Target::Own => &self.own,
            Target::Second => &self.second,
        }
    }

    pub(crate) fn fail(&self, failure: String) {
        lock(&self.failures).push(failure);
    }
}

impl Held {
    fn adopt(&self, pool: Pool) {
        *lock(&self.handle) = Some(pool.handle());
        *lock(&self.owner) = Some(Arc::new(pool));
    }

    pub(crate) fn handle(&self) -> Handle {
        lock(&self.handle).clone().expect("the place has a pool, until the cell ends")
    }
}

fn counted(
    held: &Held,
    backend: Backend,
    start: impl Fn(usize) + Send + Sync + 'static,
    stop: impl Fn(usize) + Send + Sync + 'static,
) -> Builder {
    let (starts, stops) = (held.starts.clone(), held.stops.clone());
    Builder::with_backend(backend)
        .on_thread_start(move |worker| {
            starts.add();
            start(worker);
        })
        .on_thread_stop(move |worker| {
            stop(worker);
            stops.add();
        })
}

pub(crate) fn text(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no text").to_owned()
}
