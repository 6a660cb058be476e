//! Tasks: closures without an allocation, up to a size.
#![allow(unsafe_code)]

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;
use std::mem::{self, ManuallyDrop, MaybeUninit, align_of, size_of};
use std::ptr;

use crate::job_context::{Bound, JobContext, NoContext};

/// The maximum size of a closure that a [`Task`] holds inline, in words: 40 bytes on a 64-bit machine. With
/// the vtable and the job's id, a queued closure takes 56. More would cost all that are smaller.
const WORDS: usize = 5;

type Storage = [MaybeUninit<usize>; WORDS];

/// A closure of any type that returns `R`, ready to run once on any thread.
///
/// Closures of up to five words (40 bytes on 64-bit machines) are stored inline, larger ones and
/// those of unusual alignment are boxed.
///
/// # Examples
///
/// ```
/// use drainpool::Task;
///
/// let name = String::from("pool");
/// let task = Task::new(move || name.len());
/// assert_eq!(task.run(), 4);
/// ```
pub struct Task<R: 'static = ()> {
    vtable: &'static VTable<R>,
    /// Holds the closure, or the box that holds it; the vtable's functions know which.
    storage: Storage,
    /// A task is used like an owned `FnOnce() -> R + Send`.
    closure: PhantomData<Box<dyn FnOnce() -> R + Send>>,
}

/// The functions for a [`Task`]'s storage. Both consume what it holds.
struct VTable<R: 'static> {
    call: unsafe fn(*mut Storage) -> R,
    drop: unsafe fn(*mut Storage),
    /// The type of the context that the closure brings along.
    context: fn() -> TypeId,
}

/// The vtable for storage that holds an `F` in the context `C`.
struct Holds<F, C>(PhantomData<(F, C)>);

impl<F: FnOnce() -> R, C: JobContext, R: 'static> Holds<F, C> {
    const VTABLE: VTable<R> =
        VTable { call: Self::call, drop: Self::drop, context: TypeId::of::<C> };

    /// Moves the closure out of the storage and calls it.
    ///
    /// # Safety
    ///
    /// `storage` must hold a valid `F`, which is moved out.
    unsafe fn call(storage: *mut Storage) -> R {
        // SAFETY: the caller vouches for the `F`. It was written to this address as an `F`, so the
        // alignment is right. It is moved out here, and the storage is not used afterwards.
        let closure = unsafe { ptr::read(storage.cast::<F>()) };
        closure()
    }

    /// Drops the closure in the storage.
    ///
    /// # Safety
    ///
    /// `storage` must hold a valid `F`, which is dropped.
    unsafe fn drop(storage: *mut Storage) {
        // SAFETY: as in `call`.
        unsafe { ptr::drop_in_place(storage.cast::<F>()) }
    }
}

impl<R: 'static> Task<R> {
    /// Wraps a closure.
    #[inline]
    pub fn new<F>(closure: F) -> Self
    where
        F: FnOnce() -> R + Send + 'static,
    {
        // SAFETY: what the closure borrows lives for ever.
        unsafe { Self::borrowing(closure) }
    }

    /// Wraps a closure that brings its context along.
    #[inline]
    pub(crate) fn bound<C, F>(bound: Bound<C, F>) -> Self
    where
        C: JobContext,
        F: FnOnce() -> R + Send + 'static,
    {
        // SAFETY: what the closure borrows lives for ever.
        unsafe { Self::borrowing_in::<C, _>(move || bound.run()) }
    }

    /// Whether the closure brings this context along.
    pub(crate) fn is_bound_to<C: JobContext>(&self) -> bool {
        (self.vtable.context)() == TypeId::of::<C>()
    }

    /// Wraps a closure that borrows.
    ///
    /// # Safety
    ///
    /// The task must be run or dropped, and that must have ended, before the end of what the closure
    /// borrows: the type of the task does not say how long that is.
    #[inline]
    pub(crate) unsafe fn borrowing<F>(closure: F) -> Self
    where
        F: FnOnce() -> R + Send,
    {
        // SAFETY: the caller vouches for what the closure borrows.
        unsafe { Self::borrowing_in::<NoContext, _>(closure) }
    }

    /// Wraps a closure that borrows and has the context `C`.
    ///
    /// # Safety
    ///
    /// As for [`borrowing`](Self::borrowing).
    #[inline]
    unsafe fn borrowing_in<C, F>(closure: F) -> Self
    where
        C: JobContext,
        F: FnOnce() -> R + Send,
    {
        if size_of::<F>() <= size_of::<Storage>() && align_of::<F>() <= align_of::<Storage>() {
            Self::store::<C, _>(closure)
        } else {
            let boxed: Box<dyn FnOnce() -> R + Send + '_> = Box::new(closure);
            Self::store::<C, _>(boxed)
        }
    }

    /// Stores a closure that fits inline.
    #[inline]
    fn store<C, F>(closure: F) -> Self
    where
        C: JobContext,
        F: FnOnce() -> R + Send,
    {
        const {
            assert!(size_of::<Box<dyn FnOnce()>>() <= size_of::<Storage>());
        }
        debug_assert!(size_of::<F>() <= size_of::<Storage>());
        debug_assert!(align_of::<F>() <= align_of::<Storage>());
        let mut storage: Storage = [MaybeUninit::uninit(); WORDS];
        // SAFETY: `borrowing` has checked that size and alignment of an `F` fit. Otherwise this is the
        // boxed form, which the constant assertion above is about. The storage is writable and holds
        // nothing that needs a drop.
        unsafe { ptr::write(storage.as_mut_ptr().cast::<F>(), closure) };
        Self { vtable: &Holds::<F, C>::VTABLE, storage, closure: PhantomData }
    }

    /// Runs the closure.
    #[inline]
    pub fn run(self) -> R {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: `store` put the closure and its vtable together. `ManuallyDrop` keeps `drop` from using
        // the storage again, even if the closure panics.
        unsafe { (this.vtable.call)(&raw mut this.storage) }
    }

    /// Runs the closure without moving the task. What remains is an empty task, which needs no drop.
    ///
    /// # Panics
    ///
    /// If the task is empty.
    #[inline]
    pub(crate) fn run_in_place(&mut self) -> R {
        let vtable = mem::replace(&mut self.vtable, &Empty::VTABLE);
        // SAFETY: `store` put the closure and its vtable together. The storage is not used again, even if the
        // closure panics: the functions of the vtable that the task has by now do not look at it.
        unsafe { (vtable.call)(&raw mut self.storage) }
    }
}

/// The vtable for storage that holds nothing any more.
struct Empty<R>(PhantomData<fn() -> R>);

impl<R: 'static> Empty<R> {
    const VTABLE: VTable<R> =
        VTable { call: Self::call, drop: Self::drop, context: TypeId::of::<NoContext> };

    fn call(_: *mut Storage) -> R {
        panic!("a task was run again");
    }

    fn drop(_: *mut Storage) {}
}

impl<R: 'static> Drop for Task<R> {
    fn drop(&mut self) {
        // SAFETY: `store` put the closure and its vtable together. `run` consumes the task without dropping
        // it, and `run_in_place` leaves a vtable for what is empty, so the closure is still there.
        unsafe { (self.vtable.drop)(&raw mut self.storage) }
    }
}

// SAFETY: the storage holds only the closure, which `new` and `borrowing` require to be `Send`. The vtable
// is a shared constant of function pointers.
unsafe impl<R: 'static> Send for Task<R> {}

// SAFETY: no method reaches the closure through a shared reference.
unsafe impl<R: 'static> Sync for Task<R> {}

impl<R: 'static> fmt::Debug for Task<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Task(..)")
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;

    use super::*;

    /// Tasks over captures of every interesting size and alignment, each with a clone of `alive`.
    fn tasks(alive: &Arc<()>) -> Vec<Task<usize>> {
        #[repr(align(64))]
        struct Aligned(u8);

        let (a, b, c, d) = (alive.clone(), alive.clone(), alive.clone(), alive.clone());
        let inline = [1_usize; WORDS - 1];
        let large = [1_usize; WORDS];
        let aligned = Aligned(7);
        vec![
            Task::new(|| 0),
            Task::new(move || Arc::strong_count(&a).min(1)),
            Task::new(move || inline.iter().sum::<usize>() + Arc::strong_count(&b).min(1)),
            Task::new(move || large.iter().sum::<usize>() + Arc::strong_count(&c).min(1)),
            Task::new(move || {
                assert_eq!((&raw const aligned).addr() % 64, 0);
                usize::from(aligned.0) + Arc::strong_count(&d).min(1)
            }),
        ]
    }

    #[test]
    fn runs_and_drops_captures_of_every_size() {
        let alive = Arc::new(());
        let results: Vec<usize> = tasks(&alive).into_iter().map(Task::run).collect();
        assert_eq!(results, [0, 1, WORDS, WORDS + 1, 8]);
        assert_eq!(Arc::strong_count(&alive), 1);
    }

    #[test]
    fn runs_in_place_and_leaves_nothing() {
        let alive = Arc::new(());
        let mut tasks = tasks(&alive);
        let results: Vec<usize> = tasks.iter_mut().map(Task::run_in_place).collect();
        assert_eq!(results, [0, 1, WORDS, WORDS + 1, 8]);
        assert_eq!(Arc::strong_count(&alive), 1);
        let again = catch_unwind(AssertUnwindSafe(|| tasks[1].run_in_place()));
        assert!(again.is_err(), "it is empty");
        drop(tasks);
        assert_eq!(Arc::strong_count(&alive), 1);
    }

    #[test]
    fn a_panic_in_place_leaves_nothing() {
        let alive = Arc::new(());
        let held = alive.clone();
        let mut task = Task::new(move || {
            let _held = &held;
            panic!("on purpose")
        });
        let ran: Result<(), _> = catch_unwind(AssertUnwindSafe(|| task.run_in_place()));
        assert!(ran.is_err());
        assert_eq!(Arc::strong_count(&alive), 1);
        drop(task);
        assert_eq!(Arc::strong_count(&alive), 1);
    }

    #[test]
    fn drops_captures_of_tasks_that_never_ran() {
        let alive = Arc::new(());
        let tasks = tasks(&alive);
        assert_eq!(Arc::strong_count(&alive), 5);
        drop(tasks);
        assert_eq!(Arc::strong_count(&alive), 1);
    }

    #[test]
    fn drops_captures_once_when_the_closure_panics() {
        let alive = Arc::new(());
        let captured = alive.clone();
        let task: Task = Task::new(move || {
            let _captured = captured;
            panic!("on purpose");
        });
        assert!(catch_unwind(AssertUnwindSafe(|| task.run())).is_err());
        assert_eq!(Arc::strong_count(&alive), 1);
    }

    #[test]
    fn is_seven_words_and_may_move_between_threads() {
        assert_eq!(size_of::<Task>(), (WORDS + 1) * size_of::<usize>());
        let task = Task::new(|| std::thread::current().id());
        let here = std::thread::current().id();
        let there = std::thread::spawn(move || task.run()).join().unwrap();
        assert_ne!(here, there);
    }
}
