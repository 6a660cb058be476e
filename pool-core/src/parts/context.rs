//! The context: what the present thread is to a pool, namely outside of it, inside, or at work for it.
//!
//! Code that runs foreign code in a pool's name says so here, and code that might block asks here. So there
//! is one answer to "may I wait here?", wherever the code runs: on a worker, on a thread that runs a job in
//! place, in a half of a join, in a hook, in a destructor.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::mem::{self, ManuallyDrop};
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;

use crate::id::PoolId;
use crate::parts::running::RunningSlot;
use crate::sync::thread_locals;

thread_locals! {
    /// The pool whose worker this thread is.
    static POOL: Cell<PoolId> = Cell::new(PoolId::NONE);
    /// The worker's index there; `usize::MAX` once it has left, since the index may be another's by then.
    static INDEX: Cell<usize> = Cell::new(usize::MAX);
    /// The worker's name there, as long as it has an index.
    static NAME: RefCell<Option<Arc<str>>> = RefCell::new(None);
    /// The worker itself, while it runs jobs. Its type differs from pool to pool.
    static WORKER: RefCell<Option<Rc<dyn Any>>> = RefCell::new(None);
    /// The worker's state, made by the maker that the builder was given.
    static STATE: RefCell<Option<Rc<dyn Any>>> = RefCell::new(None);
    /// Where the worker notes the job that it runs, if its pool is to know.
    static RUNNING: RefCell<Option<Arc<RunningSlot>>> = RefCell::new(None);
    /// Used for its address only.
    static MARK: Cell<u8> = Cell::new(0);
    /// The pool that the thread has entered first, besides its own.
    static ENTERED: Cell<Entry> = Cell::new(Entry::NONE);
    /// The pools that it has entered after that. Never dropped, so that a destructor of another
    /// thread-local still finds it; empty, it holds no memory.
    static ENTERED_LATER: ManuallyDrop<RefCell<Vec<Entry>>> =
        ManuallyDrop::new(RefCell::new(Vec::new()));
}

/// What the present thread is to one pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// No part of it: the thread may wait for the pool, and takes room in its queue.
    Outside,
    /// The thread runs code that the pool calls beside the jobs: a hook, a thread factory, a destructor.
    /// What it submits comes from outside, but it must not wait for the pool, which may wait for it.
    Inside,
    /// The thread runs a job, or a piece of one. The pool does not become quiescent before that has ended,
    /// so what it submits is nested: always accepted (C4), without room of its own.
    AtWork,
}

/// A pool that the thread has entered.
#[derive(Clone, Copy)]
struct Entry {
    pool: PoolId,
    standing: Standing,
    /// Whether it starts a worker there.
    starts: bool,
}

impl Entry {
    const NONE: Self = Self { pool: PoolId::NONE, standing: Standing::Outside, starts: false };

    fn of(self, pool: PoolId) -> Standing {
        if self.pool == pool { self.standing } else { Standing::Outside }
    }
}

/// Returns a number that tells the present thread from all other living ones.
pub(crate) fn thread_mark() -> usize {
    MARK.try_with(|mark| ptr::from_ref(mark).addr()).unwrap_or(0)
}

/// Makes the present thread a worker of this pool, for its remaining life.
pub(crate) fn join_pool(pool: PoolId, index: usize, name: &str) {
    POOL.with(|mine| mine.set(pool));
    INDEX.with(|mine| mine.set(index));
    NAME.with(|mine| *mine.borrow_mut() = Some(name.into()));
}

/// Ends the present thread's work. For its remaining life it is inside of its pool, but has no index and no
/// name.
pub(crate) fn leave() {
    INDEX.with(|mine| mine.set(usize::MAX));
    NAME.with(|mine| *mine.borrow_mut() = None);
}

/// Returns the pool, the index and the name of the worker that this thread is, from its start hook to its
/// stop hook.
pub(crate) fn own_worker() -> Option<(PoolId, usize, Arc<str>)> {
    let index = INDEX.try_with(Cell::get).ok().filter(|index| *index != usize::MAX)?;
    let pool = POOL.try_with(Cell::get).ok()?;
    let name = NAME.try_with(|mine| mine.borrow().clone()).ok().flatten()?;
    Some((pool, index, name))
}

/// Gives the present thread's worker this state, or none. Returns the former one, which is dropped by the
/// caller: it is foreign.
#[must_use]
pub(crate) fn set_state(state: Option<Rc<dyn Any>>) -> Option<Rc<dyn Any>> {
    STATE.with(|slot| slot.replace(state))
}

/// Returns the state of the present thread's worker, if it is a `T`.
pub(crate) fn state<T: 'static>() -> Option<Rc<T>> {
    let state = STATE.try_with(|slot| slot.borrow().clone()).ok().flatten()?;
    state.downcast().ok()
}

/// Has the present thread's worker note the job that it runs here, or nowhere.
pub(crate) fn set_running_slot(slot: Option<Arc<RunningSlot>>) {
    RUNNING.with(|mine| *mine.borrow_mut() = slot);
}

/// Where the present thread's worker notes the job that it runs.
pub(crate) fn running_slot() -> Option<Arc<RunningSlot>> {
    RUNNING.try_with(|mine| mine.borrow().clone()).ok().flatten()
}

/// Whether the present thread notes the job that it runs.
pub(crate) fn has_running_slot() -> bool {
    RUNNING.try_with(|mine| mine.borrow().is_some()).unwrap_or(false)
}

/// Has the present thread note what it runs in another slot, or nowhere, until the guard is dropped.
pub(crate) fn enter_running_slot(slot: Option<Arc<RunningSlot>>) -> RunningSlotGuard {
    RunningSlotGuard {
        former: RUNNING.with(|mine| mine.replace(slot)),
        on_this_thread: PhantomData,
    }
}

/// Undoes an [`enter_running_slot`] when it is dropped.
pub(crate) struct RunningSlotGuard {
    former: Option<Arc<RunningSlot>>,
    on_this_thread: PhantomData<*const ()>,
}

impl Drop for RunningSlotGuard {
    fn drop(&mut self) {
        let _ = RUNNING.try_with(|mine| mine.replace(self.former.take()));
    }
}

/// Whether the present thread is a worker of this pool, even one that has left. A thread whose locals are
/// gone is about to end.
#[inline]
pub(crate) fn is_worker_of(pool: PoolId) -> bool {
    POOL.try_with(|mine| mine.get() == pool).unwrap_or(false)
}

/// The present thread's index, if it is a worker of this pool, at work.
pub(crate) fn worker_index(pool: PoolId) -> Option<usize> {
    if !is_worker_of(pool) || !is_running_jobs() {
        return None;
    }
    INDEX.try_with(Cell::get).ok().filter(|index| *index != usize::MAX)
}

/// Whether the present thread was a worker of this pool, and is nothing else to it now.
pub(crate) fn has_left(pool: PoolId) -> bool {
    let has_no_index = || INDEX.try_with(|index| index.get() == usize::MAX).unwrap_or(true);
    let has_entered =
        || ENTERED.try_with(|first| first.get().pool != PoolId::NONE).unwrap_or(false);
    is_worker_of(pool) && has_no_index() && !has_entered()
}

fn is_running_jobs() -> bool {
    WORKER.try_with(|worker| worker.borrow().is_some()).unwrap_or(false)
}

/// Returns what the present thread is to this pool.
#[inline]
pub(crate) fn standing(pool: PoolId) -> Standing {
    let first = ENTERED.try_with(Cell::get).unwrap_or(Entry::NONE);
    if first.pool == PoolId::NONE && !is_worker_of(pool) {
        return Standing::Outside;
    }
    standing_within(pool, first)
}

fn standing_within(pool: PoolId, first: Entry) -> Standing {
    let later = ENTERED_LATER.try_with(|later| {
        later.borrow().iter().map(|entry| entry.of(pool)).max().unwrap_or(Standing::Outside)
    });
    let entered = first.of(pool).max(later.unwrap_or(Standing::Outside));
    match is_worker_of(pool) {
        true if is_running_jobs() => Standing::AtWork,
        true => entered.max(Standing::Inside),
        false => entered,
    }
}

/// Whether the present thread is inside of this pool: a wait for the pool would wait for itself.
pub(crate) fn is_inside(pool: PoolId) -> bool {
    standing(pool) >= Standing::Inside
}

/// Whether the present thread is inside of any pool.
pub(crate) fn is_inside_any() -> bool {
    POOL.try_with(|mine| mine.get() != PoolId::NONE).unwrap_or(false)
        || ENTERED.try_with(|first| first.get().pool != PoolId::NONE).unwrap_or(false)
}

/// Whether the present thread starts a worker of this pool, and so cannot wait for one.
pub(crate) fn starts_worker(pool: PoolId) -> bool {
    let is_start = |entry: Entry| entry.pool == pool && entry.starts;
    ENTERED.try_with(|first| is_start(first.get())).unwrap_or(false)
        || ENTERED_LATER
            .try_with(|later| later.borrow().iter().copied().any(is_start))
            .unwrap_or(false)
}

/// Gives the present thread this standing with this pool, unless it has a higher one, until the guard is
/// dropped.
///
/// A caller that says [`Standing::AtWork`] keeps the pool from quiescence meanwhile.
pub(crate) fn enter(pool: PoolId, standing: Standing) -> EnterGuard {
    if self::standing(pool) >= standing {
        return EnterGuard { entered: false, on_this_thread: PhantomData };
    }
    push(Entry { pool, standing, starts: false })
}

/// Puts the present thread inside of this pool, at least, as one that starts a worker there, until the
/// guard is dropped.
pub(crate) fn enter_to_start(pool: PoolId) -> EnterGuard {
    push(Entry { pool, standing: Standing::Inside, starts: true })
}

fn push(entry: Entry) -> EnterGuard {
    let push_later = || ENTERED_LATER.try_with(|later| later.borrow_mut().push(entry)).is_ok();
    let entered = ENTERED.try_with(|first| {
        let is_first = first.get().pool == PoolId::NONE;
        if is_first {
            first.set(entry);
        }
        is_first || push_later()
    });
    EnterGuard { entered: entered.unwrap_or(false), on_this_thread: PhantomData }
}

/// Undoes an [`enter`] when it is dropped.
pub(crate) struct EnterGuard {
    entered: bool,
    on_this_thread: PhantomData<*const ()>,
}

impl Drop for EnterGuard {
    fn drop(&mut self) {
        // Guards are dropped in the reverse order in which they were made: they lie on one stack.
        if self.entered && !leave_later() {
            let _ = ENTERED.try_with(|first| first.set(Entry::NONE));
        }
    }
}

/// Takes out the last entry but the first. Returns whether there was one.
fn leave_later() -> bool {
    let leave = |later: &ManuallyDrop<RefCell<Vec<Entry>>>| {
        let mut later = later.borrow_mut();
        let left = later.pop().is_some();
        if left && later.is_empty() {
            *later = Vec::new();
        }
        left
    };
    ENTERED_LATER.try_with(leave).unwrap_or(false)
}

/// Makes the present thread's worker the one that runs jobs on it, or none.
pub(crate) fn set_worker(worker: Option<Rc<dyn Any>>) {
    // Dropped outside the borrow.
    let _former = WORKER.with(|slot| slot.replace(worker));
}

/// Calls foreign code that belongs to no job on a worker's thread, between jobs. What it submits comes from
/// outside, since the worker counts as parked.
pub(crate) fn off_duty<T>(code: impl FnOnce() -> T) -> T {
    let off_duty = OffDuty(WORKER.with(|slot| slot.take()));
    let result = code();
    drop(off_duty);
    result
}

/// Puts the worker back, even if the foreign code panicked.
struct OffDuty(Option<Rc<dyn Any>>);

impl Drop for OffDuty {
    fn drop(&mut self) {
        set_worker(mem::take(&mut self.0));
    }
}

/// Returns the present thread's worker, if it is a `W` at work for this pool.
// Always inlined: every submit comes here first.
#[inline(always)]
pub(crate) fn worker<W: 'static>(pool: PoolId) -> Option<Rc<W>> {
    if !is_worker_of(pool) {
        return None;
    }
    let worker = WORKER.try_with(|slot| slot.borrow().clone()).ok().flatten()?;
    worker.downcast().ok()
}
