//! A binary heap as a third party writes one, and what can be wrong with its order.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex};

use pool_core::{Job, LocalQueue, Prioritized, Priority, PushError, WorkQueue};

/// What is wrong with the order of a [`Heap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disorder {
    /// Nothing: the kit must find no fault.
    None,
    /// All jobs are alike to it.
    IsBlind,
    /// The lowest priority comes first.
    IsUpsideDown,
    /// Of one priority any job comes first.
    IsUnstable,
    /// Of one priority the newest comes first.
    PrefersTheNewest,
    /// A batch has the priority of its first job.
    TakesABatchForOne,
    /// Jobs that came through a worker's own end come before all others.
    PrefersItsOwn,
    /// What `retain` keeps is pushed once more, the last first.
    RetainsInReverse,
}

pub(crate) struct Heap<J> {
    disorder: Disorder,
    shared: Arc<Mutex<Shared<J>>>,
}

struct Shared<J> {
    heap: BinaryHeap<Entry<J>>,
    pushes: u64,
}

struct Entry<J> {
    rank: (Priority, Reverse<u64>),
    job: J,
}

impl<J> Ord for Entry<J> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank.cmp(&other.rank)
    }
}

impl<J> PartialOrd for Entry<J> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<J> PartialEq for Entry<J> {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
    }
}

impl<J> Eq for Entry<J> {}

impl<J: Prioritized> Heap<J> {
    pub(crate) fn new(disorder: Disorder) -> Self {
        let shared = Shared { heap: BinaryHeap::new(), pushes: 0 };
        Self { disorder, shared: Arc::new(Mutex::new(shared)) }
    }

    fn add(&self, job: J, priority: Priority) {
        let mut shared = self.shared.lock().unwrap();
        shared.pushes += 1;
        let turn = match self.disorder {
            Disorder::IsUnstable => 0,
            Disorder::PrefersTheNewest => u64::MAX - shared.pushes,
            _ => shared.pushes,
        };
        let priority = match self.disorder {
            Disorder::IsBlind => Priority::NORMAL,
            Disorder::IsUpsideDown => Priority::new(!priority.as_i8()),
            _ => priority,
        };
        shared.heap.push(Entry { rank: (priority, Reverse(turn)), job });
    }
}

impl<J: Prioritized + Send + 'static> WorkQueue<J> for Heap<J> {
    type Local = Self;

    fn local(&self, _worker: usize) -> Self {
        Self { disorder: self.disorder, shared: Arc::clone(&self.shared) }
    }

    fn push(&self, job: J) -> Result<(), PushError<J>> {
        let priority = job.priority();
        self.add(job, priority);
        Ok(())
    }

    fn push_batch(&self, jobs: &mut impl Iterator<Item = J>) -> Result<(), PushError<J>> {
        let mut first = None;
        jobs.for_each(|job| {
            let own = job.priority();
            let first = *first.get_or_insert(own);
            let of_one = self.disorder == Disorder::TakesABatchForOne;
            self.add(job, if of_one { first } else { own });
        });
        Ok(())
    }

    fn len(&self) -> usize {
        self.shared.lock().unwrap().heap.len()
    }

    fn retain(&self, mut keep: impl FnMut(&mut J) -> bool) {
        let mut shared = self.shared.lock().unwrap();
        let mut entries = std::mem::take(&mut shared.heap).into_vec();
        entries.retain_mut(|entry| keep(&mut entry.job));
        if self.disorder == Disorder::RetainsInReverse {
            entries.iter_mut().for_each(|entry| entry.rank.1.0 = u64::MAX - entry.rank.1.0);
        }
        entries.shrink_to_fit();
        shared.heap = entries.into();
    }
}

impl<J: Prioritized> LocalQueue<J> for Heap<J> {
    fn push(&mut self, job: J) {
        let own = job.priority();
        let prefers = self.disorder == Disorder::PrefersItsOwn;
        self.add(job, if prefers { Priority::MAX } else { own });
    }

    fn pop(&mut self) -> Option<J> {
        let mut shared = self.shared.lock().unwrap();
        let job = shared.heap.pop().map(|entry| entry.job);
        if shared.heap.is_empty() {
            shared.heap.shrink_to(64);
        }
        job
    }
}

/// A queue to which all jobs with handles are normal, over a faultless heap: it sees only payloads.
pub(crate) struct Payloads<J>(Heap<Seen<J>>);

pub(crate) struct Seen<J>(Job<J>);

impl<J> Prioritized for Seen<J> {
    fn priority(&self) -> Priority {
        self.0.payload().map_or(Priority::NORMAL, |_| self.0.priority())
    }
}

impl<J> Payloads<J> {
    pub(crate) fn new() -> Self {
        Self(Heap::new(Disorder::None))
    }
}

impl<J: Send + 'static> WorkQueue<Job<J>> for Payloads<J> {
    type Local = Self;

    fn local(&self, worker: usize) -> Self {
        Self(self.0.local(worker))
    }

    fn push(&self, job: Job<J>) -> Result<(), PushError<Job<J>>> {
        WorkQueue::push(&self.0, Seen(job)).map_err(|refused| PushError(refused.0.0))
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

impl<J: Send + 'static> LocalQueue<Job<J>> for Payloads<J> {
    fn push(&mut self, job: Job<J>) {
        LocalQueue::push(&mut self.0, Seen(job));
    }

    fn pop(&mut self) -> Option<Job<J>> {
        self.0.pop().map(|seen| seen.0)
    }
}
