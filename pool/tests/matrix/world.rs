//! One cell's pools, and the bookkeeping around its call.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Instant;

use pool::{AnyQueue, Backend, Job, NoSink, SubmitError, Task};
use pool_core::conformance::{Latch, Tally};

use crate::calls::Ctx;
use crate::place::Place;
use crate::run::watchdog;
use crate::standing::{Circumstances, Standing, State};

pub(crate) type Pool = pool::ThreadPool<(), AnyQueue<Job<Task>>>;
pub(crate) type Handle = pool::Handle<Task, AnyQueue<Job<Task>>>;
pub(crate) type Builder<S = NoSink> = pool_core::ThreadPoolBuilder<Backend, S>;

/// What is wrong, or nothing.
pub(crate) type Outcome = Result<(), String>;
/// What is done in a place.
pub(crate) type Call = Arc<dyn Fn(&Ctx) -> Outcome + Send + Sync>;

/// How the pool is brought into a state before the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    Plain,
    Full,
    Closed,
    Over,
}

/// Which pool is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Own,
    Second,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) backend: Backend,
    pub(crate) threads: usize,
    pub(crate) variant: Variant,
    pub(crate) target: Target,
}

/// How far a cell has come, for the watchdog to say.
#[derive(Debug, Default)]
pub(crate) struct Stage(AtomicUsize);

const STAGES: [&str; 5] = [
    "on the way to the place",
    "while another thread brings the pool into the state for the call",
    "in the call",
    "after the call, in the place",
    "at the end of the pools",
];

impl Stage {
    pub(crate) fn set(&self, stage: usize) {
        self.0.store(stage, Ordering::SeqCst);
    }

    pub(crate) fn name(&self) -> &'static str {
        STAGES[self.0.load(Ordering::SeqCst)]
    }
}

/// A pool with its owner, where calls can get at it. The cell's end empties it, as hooks and sinks of the
/// pool hold the world that this is in.
#[derive(Default)]
pub(crate) struct Held {
    pub(crate) owner: Mutex<Option<Arc<Pool>>>,
    handle: Mutex<Option<Handle>>,
    pub(crate) starts: Tally,
    pub(crate) stops: Tally,
}

pub(crate) struct World {
    pub(crate) setup: Setup,
    pub(crate) place: Place,
    call: Call,
    stage: Arc<Stage>,
    own: Held,
    second: Held,
    armed: AtomicBool,
    fired: AtomicBool,
    begun: Latch,
    called: Latch,
    /// What workers are held with.
    release: Latch,
    held: Tally,
    /// Jobs that were accepted and whose runs are counted, and their runs.
    pub(crate) accepted: Tally,
    pub(crate) ran: Tally,
    failures: Mutex<Vec<String>>,
    /// The thread that arranges the cell.
    caller: ThreadId,
    until: Instant,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    pub(crate) fn new(place: Place, call: Call, setup: Setup, stage: Arc<Stage>) -> Arc<Self> {
        let second = Held::default();
        if setup.target == Target::Second {
            let builder = counted(&second, setup.backend, |_| (), |_| ());
            second.adopt(builder.num_threads(2).build().unwrap());
        }
        Arc::new(Self {
            setup,
            place,
            call,
            stage,
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
        let builder = builder.num_threads(self.setup.threads);
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

    /// Whether it does.
    pub(crate) fn is_armed(&self) -> bool {
        self.armed.load(Ordering::SeqCst)
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

    fn blocker(&self) -> impl FnOnce() + Send + 'static {
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
        self.stage.set(3);
    }

    // ---- The call ------------------------------------------------------------------------------

    /// Makes the call, the first time.
    pub(crate) fn fire(self: &Arc<Self>) {
        if !self.armed.load(Ordering::SeqCst) || self.fired.swap(true, Ordering::SeqCst) {
            return;
        }
        self.begun.open();
        self.stage.set(1);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            self.prepare();
            self.stage.set(2);
            (self.call)(&Ctx::new(self))
        }));
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => self.fail(failure),
            Err(payload) => self.fail(format!("the call panicked: {}", text(&*payload))),
        }
        self.stage.set(3);
        self.release.open();
        self.called.open();
    }

    fn prepare(self: &Arc<Self>) {
        match self.setup.variant {
            Variant::Plain => {}
            Variant::Full => self.fill(),
            Variant::Closed => self.handle().close(),
            Variant::Over => {
                self.release.open();
                self.handle().close();
                self.eventually(|| self.handle().stats().threads == 0);
            }
        }
        if self.place.standing == Standing::Outside {
            self.release_meanwhile();
        }
    }

    /// On another thread: makes the free workers busy, and the queue full.
    fn fill(self: &Arc<Self>) {
        let world = Arc::clone(self);
        let busy = self.held.get() + self.place.free.map_or(0, |free| free(self.threads())) as u64;
        let filler = thread::spawn(move || {
            world.eventually(|| match world.handle().try_execute(world.counted_blocker()) {
                Ok(_) => {
                    world.accepted.add();
                    false
                }
                Err(SubmitError::Full(_)) => world.held.get() >= busy,
                Err(error) => panic!("could not fill the queue: {error:?}"),
            });
        });
        if let Err(payload) = filler.join() {
            self.fail(text(&*payload));
        }
    }

    fn counted_blocker(&self) -> impl FnOnce() + Send + 'static {
        let (ran, blocker) = (self.job(), self.blocker());
        move || {
            ran();
            blocker();
        }
    }

    /// On another thread: lets the workers go as soon as the call waits for room, or soon.
    fn release_meanwhile(self: &Arc<Self>) {
        let world = Arc::clone(self);
        thread::spawn(move || {
            let handle = world.handle();
            for _ in 0..100 {
                if world.called.is_open() || handle.stats().waiting_submitters > 0 {
                    break;
                }
                thread::yield_now();
            }
            world.release.open();
        });
    }

    pub(crate) fn circumstances(&self) -> Circumstances {
        if self.setup.target == Target::Second {
            return Circumstances {
                standing: Standing::Outside,
                state: State::Open,
                alone: false,
                room_may_come: false,
            };
        }
        let state = match self.setup.variant {
            Variant::Over => State::Over,
            Variant::Closed => State::Closed,
            _ if self.place.closed => State::Closed,
            Variant::Full => State::Full,
            Variant::Plain => State::Open,
        };
        Circumstances {
            standing: self.place.standing,
            state,
            alone: (self.place.alone)(self.threads()),
            room_may_come: self.place.free.is_none(),
        }
    }

    /// The pool that the call is made on.
    pub(crate) fn target(&self) -> &Held {
        match self.setup.target {
            Target::Own => &self.own,
            Target::Second => &self.second,
        }
    }

    fn fail(&self, failure: String) {
        lock(&self.failures).push(failure);
    }

    // ---- The end -------------------------------------------------------------------------------

    /// Ends the pools from outside and checks the books.
    pub(crate) fn finish(self: &Arc<Self>) -> Outcome {
        if !self.fired.load(Ordering::SeqCst) {
            self.fail("the place was not reached".to_owned());
        }
        self.stage.set(4);
        self.release.open();
        let ended = self.end(&self.own, "").and_then(|()| self.end(&self.second, "second pool: "));
        if let Err(failure) = ended {
            self.fail(failure);
        }
        let (accepted, ran) = (self.accepted.get(), self.ran.get());
        if accepted != ran {
            self.fail(format!("{accepted} jobs were accepted, and jobs ran {ran} times"));
        }
        let failures = std::mem::take(&mut *lock(&self.failures));
        if failures.is_empty() { Ok(()) } else { Err(failures.join("; ")) }
    }

    fn end(&self, pool: &Held, which: &str) -> Outcome {
        let (owner, handle) = (lock(&pool.owner).take(), lock(&pool.handle).take());
        let Some(handle) = handle else { return Ok(()) };
        if let Some(pool) = owner {
            let report = pool.shutdown();
            let ended = report.done + report.panicked + report.cancelled + report.expired;
            if report.accepted != ended || report.unfinished != 0 {
                return Err(format!("{which}the books do not balance: {report:?}"));
            }
        } else {
            self.eventually(|| handle.stats().threads == 0);
        }
        let stats = handle.stats();
        let ended = stats.done + stats.panicked + stats.cancelled + stats.expired;
        if stats.accepted != ended || stats.threads != 0 {
            return Err(format!("{which}at the end: {stats:?}"));
        }
        let (starts, stops) = (pool.starts.get(), pool.stops.get());
        if starts == stops {
            return Ok(());
        }
        Err(format!("{which}{starts} threads started and {stops} ended"))
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
