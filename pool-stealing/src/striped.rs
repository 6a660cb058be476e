//! A striped injector: one injector for each of several groups of submitting threads.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use pool_core::{PushError, thread_number};

use crate::injector::{DequeGuard, Injector};

/// The maximum number of stripes. A worker that finds no job has looked at each of them.
const MAX: usize = 16;

/// An injector of several *stripes*. Each submitting thread adds its jobs to the stripe of its
/// [number](thread_number), so threads that submit at the same time meet neither at a lock nor at a cache line,
/// unless there are more of them than stripes. Workers take from the stripes in turn.
///
/// There are twice as many stripes as processors, at most 16; and one until the queue is
/// [attached](pool_core::WorkQueue::attach) to a pool, or if that can have only one thread.
///
/// **Order**: that of the stripes' own injectors for the jobs of one submitting thread. With one stripe, for all.
///
/// # Examples
///
/// ```
/// use pool_core::ThreadPoolBuilder;
/// use pool_stealing::{LockedInjector, StealingQueue, Striped};
///
/// let queue = StealingQueue::with_injector(Striped::<LockedInjector<_>>::default());
/// let pool = ThreadPoolBuilder::with_queue(queue).num_threads(2).build()?;
/// pool.execute_batch((0..100).map(|n| move || println!("job {n}")))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Striped<I> {
    /// A power of two of them.
    stripes: Vec<I>,
    turn: Turn,
}

/// The stripe whose turn it is, on cache lines of its own: workers write it.
#[repr(align(128))]
struct Turn(AtomicUsize);

impl<I> Striped<I> {
    /// The stripe of the present thread.
    #[inline]
    fn own(&self) -> &I {
        &self.stripes[thread_number() & (self.stripes.len() - 1)]
    }

    /// Takes something from the first stripe that has it, beginning with the one whose turn it is.
    #[inline]
    pub fn take_in_turn<T>(&self, mut take: impl FnMut(&I) -> Option<T>) -> Option<T> {
        match &self.stripes[..] {
            [only] => take(only),
            _ => self.take_from(usize::MAX, take),
        }
    }

    /// The same, from the stripes whose bits are set.
    fn take_from<T>(&self, bits: usize, mut take: impl FnMut(&I) -> Option<T>) -> Option<T> {
        // Relaxed: two workers may begin at the same stripe, and then meet at its lock.
        let turn = self.turn.0.load(Ordering::Relaxed);
        let mask = self.stripes.len() - 1;
        let in_turn = (turn..=turn + mask).map(|stripe| stripe & mask);
        for stripe in in_turn.filter(|stripe| bits >> stripe & 1 == 1) {
            if let Some(taken) = take(&self.stripes[stripe]) {
                let next = (stripe + 1) & mask;
                // Workers read it at each look. With one submitter it stays the same.
                if next != turn {
                    self.turn.0.store(next, Ordering::Relaxed);
                }
                return Some(taken);
            }
        }
        None
    }
}

impl<J, I: Injector<J> + Default> Injector<J> for Striped<I> {
    fn attach(&mut self, max_threads: usize) {
        // What is there already stays: it may have jobs.
        while self.stripes.len() < stripes_for(max_threads) {
            self.stripes.push(I::default());
        }
        self.stripes.iter_mut().for_each(|stripe| stripe.attach(max_threads));
    }

    fn stripes(&self) -> usize {
        self.stripes.len()
    }

    #[inline]
    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.own().push(job)
    }

    fn push_batch(&self, jobs: &mut impl Iterator<Item = J>) -> Result<(), PushError<J>> {
        self.own().push_batch(jobs)
    }

    fn len(&self) -> usize {
        self.stripes.iter().map(I::len).sum()
    }

    fn is_empty(&self) -> bool {
        self.stripes.iter().all(I::is_empty)
    }

    /// Takes from one stripe, as much as is a fair share of the jobs in all of them.
    fn take(&self, workers: usize, mut deque: DequeGuard<'_, J>) {
        if let [only] = &self.stripes[..] {
            return only.take(workers, deque);
        }
        // One look at each: submitters write where this reads.
        let bit = |(index, stripe): (usize, &I)| usize::from(!stripe.is_empty()) << index;
        let filled = self.stripes.iter().enumerate().map(bit).sum::<usize>();
        if filled == 0 {
            return;
        }
        let workers = workers.div_ceil(filled.count_ones() as usize);
        self.take_from(filled, |stripe| {
            let before = deque.len();
            stripe.take(workers, deque.reborrow());
            (deque.len() > before).then_some(())
        });
    }

    fn retain(&self, mut keep: impl FnMut(&mut J) -> bool) {
        self.stripes.iter().for_each(|stripe| stripe.retain(&mut keep));
    }
}

/// The number of stripes for a pool with this many threads at most.
fn stripes_for(max_threads: usize) -> usize {
    static PROCESSORS: OnceLock<usize> = OnceLock::new();
    if max_threads < 2 {
        return 1;
    }
    let count = || thread::available_parallelism().map_or(1, usize::from);
    (2 * PROCESSORS.get_or_init(count)).next_power_of_two().min(MAX)
}

impl<I: Default> Default for Striped<I> {
    fn default() -> Self {
        Self { stripes: vec![I::default()], turn: Turn(AtomicUsize::new(0)) }
    }
}

impl<I: fmt::Debug> fmt::Debug for Striped<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.stripes).finish()
    }
}
