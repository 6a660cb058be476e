//! Queues for models, of bare atomics: they order no more than they must, so that what the pool
//! itself must order shows.
#![allow(dead_code)]

use std::sync::{Arc, Mutex};

use loom::sync::atomic::{AtomicUsize, Ordering};
use pool_core::{LocalQueue, PushError, WorkQueue};

const FREE: usize = 0;
const FULL: usize = 1;
const TAKEN: usize = 2;

/// A row of slots, each used once. When all were used, it refuses.
struct Row<J> {
    next: AtomicUsize,
    slots: Box<[Slot<J>]>,
}

struct Slot<J> {
    state: AtomicUsize,
    /// Never contended: the state says who may touch it. So it needs no model of its own.
    job: Mutex<Option<J>>,
}

impl<J> Row<J> {
    fn new(jobs: usize) -> Self {
        let slot = |_| Slot { state: AtomicUsize::new(FREE), job: Mutex::new(None) };
        Self { next: AtomicUsize::new(0), slots: (0..jobs).map(slot).collect() }
    }

    fn put(&self, job: J) -> Result<(), J> {
        let Some(slot) = self.slots.get(self.next.fetch_add(1, Ordering::Relaxed)) else {
            return Err(job);
        };
        *slot.job.lock().unwrap() = Some(job);
        slot.state.store(FULL, Ordering::Release);
        Ok(())
    }

    fn take(&self) -> Option<J> {
        self.slots.iter().find_map(|slot| {
            if slot.state.load(Ordering::Acquire) != FULL {
                return None;
            }
            let claim =
                slot.state.compare_exchange(FULL, TAKEN, Ordering::Acquire, Ordering::Relaxed);
            claim.ok().and_then(|_| slot.job.lock().unwrap().take())
        })
    }

    fn len(&self) -> usize {
        self.slots.iter().filter(|slot| slot.state.load(Ordering::Acquire) == FULL).count()
    }
}

/// One row that all share.
pub(crate) struct Plain<J> {
    row: Arc<Row<J>>,
    stripes: usize,
}

impl<J> Plain<J> {
    /// A queue that can take `jobs` in its life: each costs every look at it a load.
    pub(crate) fn new(jobs: usize) -> Self {
        Self { row: Arc::new(Row::new(jobs)), stripes: 1 }
    }

    /// The same for a pool that counts in two stripes.
    pub(crate) fn striped(jobs: usize) -> Self {
        Self { stripes: 2, ..Self::new(jobs) }
    }
}

impl<J: Send + 'static> WorkQueue<J> for Plain<J> {
    type Local = Self;

    fn stripes(&self) -> usize {
        self.stripes
    }

    fn local(&self, _worker: usize) -> Self {
        Self { row: Arc::clone(&self.row), stripes: self.stripes }
    }

    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.row.put(job).map_err(PushError)
    }

    fn len(&self) -> usize {
        self.row.len()
    }
}

impl<J> LocalQueue<J> for Plain<J> {
    fn push(&mut self, job: J) {
        assert!(self.row.put(job).is_ok(), "a model with more jobs than slots");
    }

    fn pop(&mut self) -> Option<J> {
        self.row.take()
    }
}

/// A shared row and one for each worker. A steal from the shared row takes one more job along, and
/// while that is on its way nobody else can see it.
pub(crate) struct Stealing<J>(Arc<Rows<J>>);

struct Rows<J> {
    shared: Row<J>,
    ends: [Row<J>; 2],
}

impl<J> Stealing<J> {
    pub(crate) fn new(jobs: usize) -> Self {
        let ends = [Row::new(jobs), Row::new(jobs)];
        Self(Arc::new(Rows { shared: Row::new(jobs), ends }))
    }
}

impl<J: Send + 'static> WorkQueue<J> for Stealing<J> {
    type Local = StealingEnd<J>;

    fn local(&self, worker: usize) -> StealingEnd<J> {
        StealingEnd { rows: Arc::clone(&self.0), worker }
    }

    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.0.shared.put(job).map_err(PushError)
    }

    fn len(&self) -> usize {
        self.0.shared.len() + self.0.ends.iter().map(Row::len).sum::<usize>()
    }

    /// Takes them all, and puts those back that stay: in between nobody can see them.
    fn retain(&self, mut keep: impl FnMut(&mut J) -> bool) {
        let Rows { shared, ends } = &*self.0;
        let mut kept = Vec::new();
        for row in std::iter::once(shared).chain(ends) {
            while let Some(mut job) = row.take() {
                if keep(&mut job) {
                    kept.push(job);
                }
            }
        }
        for job in kept {
            assert!(shared.put(job).is_ok(), "a model with more jobs than slots");
        }
    }
}

pub(crate) struct StealingEnd<J> {
    rows: Arc<Rows<J>>,
    worker: usize,
}

impl<J> LocalQueue<J> for StealingEnd<J> {
    fn push(&mut self, job: J) {
        assert!(self.rows.ends[self.worker].put(job).is_ok(), "a model with more jobs than slots");
    }

    fn pop(&mut self) -> Option<J> {
        self.rows.ends[self.worker].take()
    }

    fn steal(&mut self) -> Option<J> {
        if let Some(job) = self.rows.shared.take() {
            if let Some(another) = self.rows.shared.take() {
                self.push(another);
            }
            return Some(job);
        }
        self.rows.ends[1 - self.worker].take()
    }
}
