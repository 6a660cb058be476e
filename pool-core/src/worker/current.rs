//! Which worker the present thread is, if it is one, and whose jobs it runs besides.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::sync::thread_locals;

thread_locals! {
    /// The address of the pool whose worker this thread is; 0 if it is none.
    static POOL: Cell<usize> = Cell::new(0);
    /// Its index there; `usize::MAX` once it has left and the index may be another's.
    static INDEX: Cell<usize> = Cell::new(usize::MAX);
    /// The worker itself, while it runs jobs. The type behind it differs from pool to pool.
    static WORKER: RefCell<Option<Rc<dyn Any>>> = RefCell::new(None);
    /// The other pools whose jobs this thread runs at present, the innermost last.
    static VISITED: RefCell<Vec<usize>> = RefCell::new(Vec::new());
}

/// Makes the present thread a worker of the pool at this address, for its remaining life.
pub(crate) fn join_pool(pool: usize, index: usize) {
    POOL.with(|mine| mine.set(pool));
    INDEX.with(|mine| mine.set(index));
}

/// The present thread has done its work. For its remaining life it is inside of its pool, but no
/// index is its own.
pub(crate) fn leave() {
    INDEX.with(|mine| mine.set(usize::MAX));
}

/// Whether the present thread is a worker of the pool at this address. A thread whose locals are
/// gone already is on its way out.
#[inline]
fn is_worker_of(pool: usize) -> bool {
    POOL.try_with(|mine| mine.get() == pool).unwrap_or(false)
}

/// The present thread's index, if it is a worker of the pool at this address that has not left.
pub(crate) fn worker_index(pool: usize) -> Option<usize> {
    if !is_worker_of(pool) {
        return None;
    }
    INDEX.try_with(Cell::get).ok().filter(|index| *index != usize::MAX)
}

/// Whether the present thread runs a job of the pool at this address without being its worker.
pub(crate) fn is_visiting(pool: usize) -> bool {
    VISITED.try_with(|visited| visited.borrow().contains(&pool)).unwrap_or(false)
}

/// Whether the present thread is a worker of the pool at this address or runs a job of it: to wait
/// there for the pool's end would be to wait for itself.
pub(crate) fn is_inside(pool: usize) -> bool {
    is_worker_of(pool) || is_visiting(pool)
}

/// Whether the present thread is inside of any pool.
pub(crate) fn is_inside_any() -> bool {
    POOL.try_with(|mine| mine.get() != 0).unwrap_or(false)
        || VISITED.try_with(|visited| !visited.borrow().is_empty()).unwrap_or(false)
}

/// Until it is dropped, the present thread runs a job of the pool at this address.
pub(crate) fn visit(pool: usize) -> Visit {
    Visit { entered: VISITED.try_with(|visited| visited.borrow_mut().push(pool)).is_ok() }
}

/// See [`visit`].
pub(crate) struct Visit {
    entered: bool,
}

impl Drop for Visit {
    fn drop(&mut self) {
        if self.entered {
            let _ = VISITED.try_with(|visited| visited.borrow_mut().pop());
        }
    }
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
