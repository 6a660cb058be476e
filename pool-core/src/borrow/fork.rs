//! Fork and join: two closures, perhaps on two threads.
//!
//! The second closure of a join stays on its thread's stack and, as a rule, costs an entry in a list
//! through that stack. Only the oldest of a thread's waiting closures, which stands for most of the
//! work, is put on show in the thread's *stall*, and a ticket to the stall into the pool's queue. A
//! worker that is free takes the ticket and what is then on show there; the next closure is shown by
//! the next join. That no more is shown than is wanted is an idea of lazy task creation (E. Mohr, D.
//! Kranz, R. Halstead, "Lazy Task Creation", 1990); that it is the oldest is the order of thieves
//! since Cilk (M. Frigo, C. Leiserson, K. Randall, "The Implementation of the Cilk-5 Multithreaded
//! Language", PLDI 1998).
//!
//! A thread whose closure was taken helps the taker with it, through the taker's own stall, and takes
//! nothing else meanwhile (C11): that is leapfrogging (D. Wagner, B. Calder, "Leapfrogging: A Portable
//! Technique for Implementing Efficient Futures", PPoPP 1993).

use std::cell::RefCell;
use std::mem;
use std::sync::{Arc, Weak};

use crate::accept::stale;
pub(crate) use crate::borrow::loan::forget_pool;
use crate::borrow::loan::{Forks, Lent, Show, fork};
use crate::handle::Handle;
use crate::hub::{Access, Guest, Hub, PoolId};
use crate::job::{Job, JobId};
use crate::queue::WorkQueue;
use crate::shared::Shared;
use crate::sleep::park::{Parker, look_for_a_while};
use crate::spawned::errand::{Claim, Errand};
use crate::spawned::runner::Runner;
use crate::sync::{Mutex, MutexGuard, lock, thread_locals};

thread_locals! {
    /// The present thread's stalls, by their pools.
    static STALLS: RefCell<Vec<(PoolId, OwnStall)>> = RefCell::new(Vec::new());
}

/// A stall has room for so many takers from the start.
const TAKERS: usize = 16;

/// With so many stalls a thread looks whether some are for pools that it no longer joins in.
const STALLS_KEPT: usize = 8;

/// Where one thread shows a closure to the workers of a pool.
struct Stall {
    counter: Mutex<Counter>,
    /// The thread's, which waits for what was taken from here.
    owner: Arc<Parker>,
}

struct Counter {
    /// What is on show.
    lent: Option<Lent>,
    /// There is a ticket to this stall in the queue.
    ticket: bool,
    /// The stalls of those who have taken what was on show and that the owner has not waited for, the
    /// last one last.
    takers: Vec<Option<Arc<Stall>>>,
    /// To be woken when something is shown.
    helper: Option<Arc<Parker>>,
}

impl Stall {
    /// The present thread's, for this pool. `None` if the thread's locals are gone.
    fn own(hub: &Hub) -> Option<Arc<Self>> {
        let pool = hub.id();
        let find = |stalls: &RefCell<Vec<(PoolId, OwnStall)>>| {
            let mut stalls = stalls.borrow_mut();
            if let Some((_, stall)) = stalls.iter().find(|(id, _)| *id == pool) {
                return stall.stall.clone();
            }
            if stalls.len() >= STALLS_KEPT {
                stalls.retain(|(_, stall)| stall.stall.is_in_use());
            }
            let stall = Arc::new(Self::new());
            stalls.push((pool, OwnStall { stall: stall.clone(), pool: hub.weak_pool() }));
            stall
        };
        STALLS.try_with(find).ok()
    }

    fn new() -> Self {
        // Room from the start: whoever takes something from here should not have to allocate.
        let takers = Vec::with_capacity(TAKERS);
        let counter = Counter { lent: None, ticket: false, takers, helper: None };
        Self { counter: Mutex::new(counter), owner: Parker::own() }
    }

    /// Whether something here is still to be fetched or waited for.
    fn is_in_use(&self) -> bool {
        let counter = lock(&self.counter);
        counter.lent.is_some() || counter.ticket || !counter.takers.is_empty()
    }

    /// Shows a closure. Whether there is a ticket to be put into the queue, as none is there.
    fn show(&self, lent: Lent) -> bool {
        let mut counter = lock(&self.counter);
        counter.lent = Some(lent);
        let ticket = mem::replace(&mut counter.ticket, true);
        let helper = counter.helper.take();
        drop(counter);
        if let Some(helper) = helper {
            helper.unpark();
        }
        !ticket
    }

    /// Takes what is on show and runs it, on a thread that has this stall itself. Whether there was
    /// something.
    fn serve(&self, mut counter: MutexGuard<'_, Counter>, taker: Option<Arc<Self>>) -> bool {
        let Some(lent) = counter.lent.take() else { return false };
        counter.takers.push(taker);
        drop(counter);
        lent.taken().run();
        self.owner.unpark();
        true
    }

    /// Helps the one who has taken a closure, as long as that has not ended: takes from this stall,
    /// which is theirs. Whether there was something.
    ///
    /// What is on show here is a part of that closure. Its taker had nothing on show when it took it,
    /// and shows nothing else before it has ended, which the lock makes known.
    fn help(&self, helper: &Arc<Self>, has_ended: &dyn Fn() -> bool) -> bool {
        let counter = lock(&self.counter);
        !has_ended() && self.serve(counter, Some(helper.clone()))
    }

    /// Asks to be woken when something is shown here. Whether something is.
    fn call_helper(&self, helper: &Arc<Parker>) -> bool {
        let mut counter = lock(&self.counter);
        counter.helper = Some(helper.clone());
        counter.lent.is_some()
    }

    /// Waits for a closure that was taken from here, and helps with it.
    fn wait(self: &Arc<Self>, has_ended: &dyn Fn() -> bool) {
        let taker = lock(&self.counter).takers.pop().flatten();
        let helped = || taker.as_ref().is_some_and(|taker| taker.help(self, has_ended));
        loop {
            let look = || (has_ended() || helped()).then_some(());
            let found = look_for_a_while(look).is_some();
            if has_ended() {
                return;
            }
            if !found && !taker.as_ref().is_some_and(|taker| taker.call_helper(&self.owner)) {
                self.owner.park(None);
            }
        }
    }
}

/// A stall, to the thread that it belongs to.
struct OwnStall {
    stall: Arc<Stall>,
    pool: Weak<dyn Access>,
}

/// With the thread goes what its ticket leads to.
impl Drop for OwnStall {
    fn drop(&mut self) {
        if lock(&self.stall.counter).ticket
            && let Some(pool) = self.pool.upgrade()
        {
            pool.hub().note_stale(stale::weight(size_of::<Stall>() + TAKERS * size_of::<usize>()));
        }
    }
}

/// A ticket.
impl Errand for Stall {
    fn run(self: Arc<Self>, _id: JobId, runner: Runner<'_>) {
        let taker = Self::own(runner.hub());
        let mut counter = lock(&self.counter);
        counter.ticket = false;
        self.serve(counter, taker);
    }

    fn abandon(&self) {
        lock(&self.counter).ticket = false;
    }

    /// The next closure that is shown brings a new ticket.
    fn give_up_stale(&self) -> bool {
        let mut counter = lock(&self.counter);
        let is_stale = counter.lent.is_none();
        counter.ticket &= !is_stale;
        is_stale
    }
}

impl<J: Send + 'static, Q: WorkQueue<Job<J>>> Show for Arc<Shared<J, Q>> {
    fn pool(&self) -> PoolId {
        self.id()
    }

    fn enter(&self) -> Guest<'_> {
        self.hub.guest()
    }

    #[cold]
    fn show(&self, forks: &Forks) {
        if let Some(stall) = Stall::own(&self.hub)
            && let Some(lent) = forks.show_next()
            && stall.show(lent)
        {
            Access::offer(self.clone(), Claim::new(stall));
        }
    }

    #[cold]
    fn take_back(&self) -> Option<Lent> {
        let stall = Stall::own(&self.hub)?;
        lock(&stall.counter).lent.take()
    }

    #[cold]
    fn wait(&self, has_ended: &dyn Fn() -> bool) {
        Stall::own(&self.hub).unwrap_or_else(|| Arc::new(Stall::new())).wait(has_ended);
    }
}

impl<J: Send + 'static, Q: WorkQueue<Job<J>>> Handle<J, Q> {
    /// Runs two closures, perhaps at the same time, and returns what they return: the first on this
    /// thread, the second on a worker of the pool if one comes for it in time, else on this thread
    /// as well.
    ///
    /// Meant for dividing work into two halves, and each of these again, until the pieces are small.
    /// It allocates nothing, whatever the queue, and costs some nanoseconds where no other thread
    /// wants work. Like a [`scope`](Self::scope) it can be called from anywhere, needs no free worker
    /// nor an open pool, runs nothing but its own two closures, or pieces of them, on this thread while
    /// it waits (C11), and counts as a part of whatever the caller does. Wherever a closure runs, it is
    /// inside of the pool, also on a caller that is not: what it submits is nested (C4), and the pool is
    /// not idle before both have ended. Only of a pool that has come to its end nobody is inside.
    ///
    /// Neither closure may wait for the other: they may run one after the other.
    ///
    /// # Panics
    ///
    /// If a closure panics, that panic is thrown on after both have ended; if both do, the first
    /// closure's.
    ///
    /// # Examples
    ///
    /// ```
    /// use pool_core::{Handle, Job, Task, ThreadPoolBuilder, WorkQueue};
    /// use pool_std::StdQueue;
    ///
    /// fn fib<Q: WorkQueue<Job<Task>>>(pool: &Handle<Task, Q>, n: u32) -> u32 {
    ///     if n < 2 {
    ///         return n;
    ///     }
    ///     let (a, b) = pool.join(|| fib(pool, n - 1), || fib(pool, n - 2));
    ///     a + b
    /// }
    ///
    /// let pool = ThreadPoolBuilder::with_queue(StdQueue::new()).build()?;
    /// assert_eq!(fib(&pool, 20), 6_765);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn join<A, B, RA, RB>(&self, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce() -> RA,
        B: FnOnce() -> RB + Send,
        RB: Send,
    {
        fork(&self.shared, a, b)
    }
}
