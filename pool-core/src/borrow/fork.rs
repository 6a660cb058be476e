//! Fork and join: two closures, perhaps on two threads.
//!
//! The second closure of a join stays on its thread's stack and, as a rule, costs a push to a list
//! and a pop. Only the oldest of a thread's waiting closures, which stands for most of the work, is
//! put on show in the thread's *stall*, and a ticket to the stall into the pool's queue. A worker
//! that is free takes the ticket and what is then on show there; the next closure is shown by the
//! next join. That no more is shown than is wanted is an idea of lazy task creation (E. Mohr, D.
//! Kranz, R. Halstead, "Lazy Task Creation", 1990); that it is the oldest is the order of thieves
//! since Cilk (M. Frigo, C. Leiserson, K. Randall, "The Implementation of the Cilk-5 Multithreaded
//! Language", PLDI 1998).

use std::cell::{Cell, RefCell};
use std::panic::resume_unwind;
use std::sync::Arc;

use crate::borrow::scope::{Lent, Returned, Thrown, lend};
use crate::clock::SystemClock;
use crate::handle::Handle;
use crate::hub::Access;
use crate::job::{Job, JobId};
use crate::panics::{drop_quietly, guarded};
use crate::queue::WorkQueue;
use crate::sleep::park::{Parker, look_for_a_while};
use crate::spawned::errand::{Claim, Errand};
use crate::spawned::runner::Runner;
use crate::sync::{AtomicBool, Mutex, Relaxed, lock, thread_locals};

thread_locals! {
    static FORKS: Forks = Forks {
        pool: Cell::new(0),
        waiting: RefCell::new(Vec::new()),
        shown: Cell::new(0),
        stall: RefCell::new(None),
    };
}

/// One thread's joins under way, all in the same pool.
struct Forks {
    /// The address of the pool.
    pool: Cell<usize>,
    /// The second closures of these joins, the oldest first; `None` for those that were shown.
    waiting: RefCell<Vec<Option<Lent>>>,
    /// So many of them, the oldest, were shown.
    shown: Cell<usize>,
    stall: RefCell<Option<Arc<Stall>>>,
}

/// Where one thread shows a closure to the workers of a pool.
struct Stall {
    /// Mirrors whether something is on show. A hint for the owner, who alone fills it.
    filled: AtomicBool,
    show: Mutex<Show>,
    /// The thread's, which waits for what was taken from here.
    owner: Arc<Parker>,
}

struct Show {
    lent: Option<Lent>,
    /// There is a ticket to this stall in the queue.
    ticket: bool,
}

impl Stall {
    fn new() -> Self {
        let show = Mutex::new(Show { lent: None, ticket: false });
        Self { filled: AtomicBool::new(false), show, owner: Parker::own() }
    }

    /// Takes what is on show.
    fn clear(&self, show: &mut Show) -> Option<Lent> {
        self.filled.store(false, Relaxed);
        show.lent.take()
    }

    /// Takes back what is on show, if nobody else was quicker.
    fn take_back(&self) -> Option<Lent> {
        self.clear(&mut lock(&self.show))
    }

    /// Waits for the end of a closure that somebody has taken from here.
    fn wait(&self, has_ended: &dyn Fn() -> bool) {
        if look_for_a_while(|| has_ended().then_some(())).is_none() {
            while !has_ended() {
                self.owner.park(None, &SystemClock);
            }
        }
    }
}

/// A ticket.
impl Errand for Stall {
    fn run(self: Arc<Self>, _id: JobId, _runner: Runner<'_>) {
        let lent = {
            let mut show = lock(&self.show);
            show.ticket = false;
            self.clear(&mut show)
        };
        if let Some(lent) = lent {
            lent.run();
            self.owner.unpark();
        }
    }

    fn abandon(&self) {
        lock(&self.show).ticket = false;
    }
}

impl Forks {
    /// Adds a closure to those that wait.
    #[inline]
    fn push(&self, lent: Lent) {
        self.waiting.borrow_mut().push(Some(lent));
    }

    /// Whether the stall is empty, so that something should be shown.
    #[inline]
    fn may_show(&self) -> bool {
        self.stall.borrow().as_ref().is_none_or(|stall| !stall.filled.load(Relaxed))
    }

    /// Shows the oldest closure that was not shown yet. Returns the claim to be put into the queue,
    /// unless there is one already.
    #[cold]
    fn show(&self) -> Option<Claim> {
        let mut stall = self.stall.borrow_mut();
        let stall = stall.get_or_insert_with(|| Arc::new(Stall::new()));
        let lent = self.waiting.borrow_mut().get_mut(self.shown.get())?.take()?;
        let mut show = lock(&stall.show);
        show.lent = Some(lent);
        stall.filled.store(true, Relaxed);
        self.shown.set(self.shown.get() + 1);
        let ticket = std::mem::replace(&mut show.ticket, true);
        drop(show);
        (!ticket).then(|| Claim::new(stall.clone()))
    }

    /// Takes the newest closure back, if nobody has taken it from the stall; else the stall.
    #[inline]
    fn pop(&self) -> Result<Lent, Option<Arc<Stall>>> {
        match self.waiting.borrow_mut().pop() {
            Some(Some(newest)) => Ok(newest),
            _ => self.take_back(),
        }
    }

    #[cold]
    fn take_back(&self) -> Result<Lent, Option<Arc<Stall>>> {
        self.shown.set(self.shown.get() - 1);
        let stall = self.stall.borrow();
        // Whatever is on show is the last that was shown, and that is this one.
        let back = stall.as_ref().and_then(|stall| stall.take_back());
        back.ok_or_else(|| stall.clone())
    }

    /// Makes sure that these are the joins of the pool at this address. Those of another pool are back
    /// when what is returned is dropped.
    #[inline]
    fn enter(&self, pool: usize) -> Option<Away> {
        if self.pool.get() == pool { None } else { self.change_to(pool) }
    }

    /// Makes these the joins of another pool. Returns the former ones, if some are under way.
    #[cold]
    fn change_to(&self, pool: usize) -> Option<Away> {
        let former = Forks {
            pool: Cell::new(self.pool.replace(pool)),
            waiting: RefCell::new(self.waiting.take()),
            shown: Cell::new(self.shown.take()),
            stall: RefCell::new(self.stall.take()),
        };
        let under_way = !former.waiting.borrow().is_empty();
        under_way.then(|| Away(former))
    }
}

/// The joins of another pool that are under way on this thread. Dropped, they are back.
struct Away(Forks);

impl Drop for Away {
    fn drop(&mut self) {
        FORKS.with(|forks| {
            forks.pool.set(self.0.pool.get());
            forks.waiting.swap(&self.0.waiting);
            forks.shown.swap(&self.0.shown);
            forks.stall.swap(&self.0.stall);
        });
    }
}

impl<J: Send + 'static, Q: WorkQueue<Job<J>>> Handle<J, Q> {
    /// Runs two closures, perhaps at the same time, and returns what they return: the first on this
    /// thread, the second on a worker of the pool if one comes for it in time, else on this thread
    /// as well.
    ///
    /// Meant for dividing work into two halves, and each of these again, until the pieces are small.
    /// It allocates nothing, whatever the queue, and costs some ten nanoseconds where no other thread
    /// wants work. Like a [`scope`](Self::scope) it can be called from anywhere, needs no free worker
    /// nor an open pool, runs nothing but its own two closures on this thread while it waits (C11),
    /// and counts as a part of whatever the caller does.
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
        let robbed = Cell::new(None);
        let (first, second) = lend(
            b,
            |lent| match self.fork(lent, a) {
                (first, Ok(lent)) => (first, Some(lent)),
                (first, Err(stall)) => {
                    robbed.set(stall);
                    (first, None)
                }
            },
            |has_ended| {
                if let Some(stall) = robbed.take() {
                    stall.wait(has_ended);
                }
            },
        );
        match (first, second) {
            (Ok(first), Returned::Unused(b)) => (first, b()),
            (Ok(first), Returned::Ran(Ok(second))) => (first, second),
            (first, second) => throw_on(first, second),
        }
    }

    /// Runs `a` with the other closure on offer. The other if nobody has taken it, else the stall from
    /// which it was taken.
    #[inline]
    fn fork<A, RA>(&self, lent: Lent, a: A) -> (Thrown<RA>, Result<Lent, Option<Arc<Stall>>>)
    where
        A: FnOnce() -> RA,
    {
        let mut work = Some((lent, a));
        let forked = FORKS.try_with(|forks| {
            let (lent, a) = work.take().expect("nobody else takes it");
            let _away = forks.enter(self.shared.address());
            forks.push(lent);
            if forks.may_show()
                && let Some(ticket) = forks.show()
            {
                Access::offer(self.shared.clone(), ticket);
            }
            let first = guarded(a);
            (first, forks.pop())
        });
        match (forked, work) {
            (Ok(forked), _) => forked,
            // A thread whose locals are gone offers nothing to others.
            (Err(_), Some((lent, a))) => (guarded(a), Ok(lent)),
            (Err(_), None) => unreachable!("it was not taken"),
        }
    }
}

/// After both closures of a join have been dealt with: throws what was thrown.
#[cold]
fn throw_on<A, B: FnOnce() -> T, T>(first: Thrown<A>, second: Returned<B, T>) -> ! {
    let second = match second {
        // It is run all the same, as it would be had somebody else taken it.
        Returned::Unused(b) => guarded(b),
        Returned::Ran(second) => second,
    };
    let (payload, other) = match (first, second) {
        (Err(payload), other) => (payload, other.err()),
        (Ok(_), Err(payload)) => (payload, None),
        (Ok(_), Ok(_)) => unreachable!("one of the two panicked"),
    };
    drop_quietly(other);
    resume_unwind(payload)
}
