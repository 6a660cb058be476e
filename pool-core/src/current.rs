//! Which worker the present thread is, if it is one.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::sync::thread_locals;

thread_locals! {
    /// The address of the pool whose worker this thread is; 0 if it is none.
    static POOL: Cell<usize> = Cell::new(0);
    /// The worker itself, while it runs jobs. The type behind it differs from pool to pool.
    static WORKER: RefCell<Option<Rc<dyn Any>>> = RefCell::new(None);
}

/// Makes the present thread a worker of the pool at this address, for its remaining life.
pub(crate) fn join_pool(pool: usize) {
    POOL.with(|mine| mine.set(pool));
}

/// Whether the present thread is a worker of the pool at this address: to wait there for the pool's
/// end would be to wait for itself. A thread whose locals are gone already is on its way out.
#[inline]
pub(crate) fn is_worker_of(pool: usize) -> bool {
    POOL.try_with(|mine| mine.get() == pool).unwrap_or(false)
}

/// Sets or removes the worker that jobs on this thread submit to.
pub(crate) fn set_worker(worker: Option<Rc<dyn Any>>) {
    // Dropped outside the borrow.
    let _former = WORKER.with(|slot| slot.replace(worker));
}

/// The present thread's worker, if it is a `W` at work for the pool at this address.
#[inline]
pub(crate) fn worker<W: 'static>(pool: usize) -> Option<Rc<W>> {
    if !is_worker_of(pool) {
        return None;
    }
    let worker = WORKER.try_with(|slot| slot.borrow().clone()).ok().flatten()?;
    worker.downcast().ok()
}
