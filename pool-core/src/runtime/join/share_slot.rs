//! The share slot, in which a thread shares one of its pending joins with the workers; and leapfrogging.
//!
//! Only the oldest of a thread's pending joins, which stands for most of the work, is *shared*: put into
//! the thread's slot, with a job ref to the slot in the pool's queue. A worker that takes the job ref
//! steals what is in the slot by then; the thread's next join fills the slot again. Sharing no more than is
//! wanted is the idea of lazy task creation (E. Mohr, D. Kranz, R. Halstead, "Lazy Task Creation", 1990).
//! Sharing the oldest is the order of thieves since Cilk (M. Frigo, C. Leiserson, K. Randall, "The
//! Implementation of the Cilk-5 Multithreaded Language", PLDI 1998).
//!
//! A thread whose closure was stolen helps the thief with it, through the thief's own slot, and runs
//! nothing else meanwhile (C11). That is leapfrogging (D. Wagner, B. Calder, "Leapfrogging: A Portable
//! Technique for Implementing Efficient Futures", PPoPP 1993).

use std::cell::RefCell;
use std::mem;
use std::sync::{Arc, Weak};

use crate::clock::{Clock, pause_until_woken};
use crate::id::{JobId, PoolId};
use crate::parts::backoff::spin_then_yield;
use crate::parts::parker::Parker;
use crate::parts::stale::{self, Stale};
use crate::queue::WorkQueue;
use crate::runtime::account::Account;
use crate::runtime::any_pool::AnyPool;
use crate::runtime::inner::Inner;
use crate::runtime::job::Job;
use crate::runtime::job_ref::{Execute, JobRef};
use crate::runtime::join::pending_joins::{PendingJoins, Share};
use crate::runtime::join::stack_job::StackJobRef;
use crate::runtime::pool_state::{Guest, PoolState};
use crate::sync::{Mutex, MutexGuard, lock, thread_locals};

thread_locals! {
    /// The present thread's slots, by their pools.
    static SLOTS: RefCell<Vec<(PoolId, OwnSlot)>> = RefCell::new(Vec::new());
}

/// The number of thieves for which a slot has room from the start.
const THIEVES: usize = 16;

/// The number of slots from which on a thread drops those of pools in which it no longer joins.
const SLOTS_KEPT: usize = 8;

/// The slot where one thread shares a pending join with the workers of a pool.
struct ShareSlot {
    state: Mutex<State>,
    /// The parker of the slot's thread, which waits for what was stolen from here.
    owner: Arc<Parker>,
}

struct State {
    /// The stack job that can be stolen.
    shared: Option<StackJobRef>,
    /// Whether a job ref to this slot is in the queue.
    queued: bool,
    /// The slots of the threads that have stolen from here and that the owner has not waited for, the
    /// latest last.
    thieves: Vec<Option<Arc<ShareSlot>>>,
    /// The thread to be woken when something is shared.
    helper: Option<Arc<Parker>>,
}

impl ShareSlot {
    /// Returns the present thread's slot for this pool. `None` if the thread's locals are gone.
    fn own(pool: &PoolState) -> Option<Arc<Self>> {
        let id = pool.id();
        let find = |slots: &RefCell<Vec<(PoolId, OwnSlot)>>| {
            let mut slots = slots.borrow_mut();
            if let Some((_, slot)) = slots.iter().find(|(other, _)| *other == id) {
                return slot.slot.clone();
            }
            if slots.len() >= SLOTS_KEPT {
                slots.retain(|(_, slot)| slot.slot.is_in_use());
            }
            let slot = Arc::new(Self::new());
            slots.push((id, OwnSlot { slot: slot.clone(), stale: Arc::downgrade(&pool.stale) }));
            slot
        };
        SLOTS.try_with(find).ok()
    }

    fn new() -> Self {
        // Room from the start: a thief should not have to allocate.
        let thieves = Vec::with_capacity(THIEVES);
        let state = State { shared: None, queued: false, thieves, helper: None };
        Self { state: Mutex::new(state), owner: Parker::own() }
    }

    /// Whether something here is still to be fetched or waited for.
    fn is_in_use(&self) -> bool {
        let state = lock(&self.state);
        state.shared.is_some() || state.queued || !state.thieves.is_empty()
    }

    /// Shares a job. Returns whether a job ref has to be put into the queue, since none is there.
    fn share(&self, job: StackJobRef) -> bool {
        let mut state = lock(&self.state);
        state.shared = Some(job);
        let queued = mem::replace(&mut state.queued, true);
        let helper = state.helper.take();
        drop(state);
        if let Some(helper) = helper {
            helper.unpark();
        }
        !queued
    }

    /// Steals what is shared and runs it, on a thread whose own slot is `thief`. Returns whether there was
    /// something.
    fn run_shared(&self, mut state: MutexGuard<'_, State>, thief: Option<Arc<Self>>) -> bool {
        let Some(job) = state.shared.take() else { return false };
        state.thieves.push(thief);
        drop(state);
        job.stolen().run();
        self.owner.unpark();
        true
    }

    /// Helps the thief, whose slot this is, while its stolen closure has not ended: steals in turn. Returns
    /// whether there was something.
    ///
    /// What is shared here is a part of that closure. The thief had nothing shared when it stole it, and
    /// shares nothing else before it has ended, which the lock makes known.
    fn leapfrog(&self, helper: &Arc<Self>, has_ended: &dyn Fn() -> bool) -> bool {
        let state = lock(&self.state);
        !has_ended() && self.run_shared(state, Some(helper.clone()))
    }

    /// Asks to be woken when something is shared here. Returns whether something is already.
    fn call_helper(&self, helper: &Arc<Parker>) -> bool {
        let mut state = lock(&self.state);
        state.helper = Some(helper.clone());
        state.shared.is_some()
    }

    /// Waits for a closure that was stolen from here, and helps with it.
    fn wait(self: &Arc<Self>, clock: &dyn Clock, has_ended: &dyn Fn() -> bool) {
        let thief = lock(&self.state).thieves.pop().flatten();
        let helped = || thief.as_ref().is_some_and(|thief| thief.leapfrog(self, has_ended));
        loop {
            let look = || (has_ended() || helped()).then_some(());
            let found = spin_then_yield(look).is_some();
            if has_ended() {
                return;
            }
            if !found && !thief.as_ref().is_some_and(|thief| thief.call_helper(&self.owner)) {
                self.owner.park(pause_until_woken(clock));
            }
        }
    }
}

/// A slot, owned by its thread.
struct OwnSlot {
    slot: Arc<ShareSlot>,
    /// The pool's.
    stale: Weak<Stale>,
}

/// When the thread ends, a queued job ref to its slot becomes stale.
impl Drop for OwnSlot {
    fn drop(&mut self) {
        if lock(&self.slot.state).queued
            && let Some(stale) = self.stale.upgrade()
        {
            stale.note(stale::weight(size_of::<ShareSlot>() + THIEVES * size_of::<usize>()));
        }
    }
}

/// A job ref to the slot steals what is shared there.
impl Execute for ShareSlot {
    fn run(self: Arc<Self>, _id: JobId, account: Account<'_>) {
        let thief = Self::own(account.pool());
        let mut state = lock(&self.state);
        state.queued = false;
        self.run_shared(state, thief);
    }

    fn abandon(&self) {
        lock(&self.state).queued = false;
    }

    /// The next job that is shared brings a new job ref.
    fn give_up_stale(&self) -> bool {
        let mut state = lock(&self.state);
        let is_stale = state.shared.is_none();
        state.queued &= !is_stale;
        is_stale
    }
}

impl<J: Send + 'static, R: 'static, Q: WorkQueue<Job<J>>> Share for Arc<Inner<J, R, Q>> {
    fn pool(&self) -> PoolId {
        self.id()
    }

    fn enter(&self) -> Guest<'_> {
        self.state.guest()
    }

    #[cold]
    fn share(&self, joins: &PendingJoins) {
        if let Some(slot) = ShareSlot::own(&self.state)
            && let Some(job) = joins.share_next()
            && slot.share(job)
        {
            AnyPool::offer(self.clone(), JobRef::new(slot));
        }
    }

    #[cold]
    fn take_back(&self) -> Option<StackJobRef> {
        let slot = ShareSlot::own(&self.state)?;
        lock(&slot.state).shared.take()
    }

    #[cold]
    fn wait(&self, has_ended: &dyn Fn() -> bool) {
        let slot = ShareSlot::own(&self.state).unwrap_or_else(|| Arc::new(ShareSlot::new()));
        slot.wait(self.state.clock(), has_ended);
    }
}
