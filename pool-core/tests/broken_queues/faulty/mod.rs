//! A queue with a fault.

mod deques;
#[allow(dead_code, reason = "each program with this module tests some of them")]
mod fault;

use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use pool_core::{LocalQueue, PushError, WorkQueue};

use deques::{Deques, pop_front};
pub(crate) use fault::Fault;

/// A shared deque and one for each worker, all behind one lock, with a fault.
pub(crate) struct Faulty<J> {
    fault: Fault,
    shared: Arc<Mutex<Deques<J>>>,
    looks: AtomicUsize,
}

impl<J> Faulty<J> {
    pub(crate) fn new(fault: Fault) -> Self {
        Self::until(Arc::default(), fault)
    }

    /// One that panics once `over` is true, lest a thread that hangs be busy for longer than the test.
    pub(crate) fn until(over: Arc<AtomicBool>, fault: Fault) -> Self {
        let shared = Arc::new(Mutex::new(Deques::new(fault, over)));
        if fault == Fault::LeaksJobs {
            mem::forget(Arc::clone(&shared));
        }
        Self { fault, shared, looks: AtomicUsize::new(0) }
    }
}

impl<J: Send + 'static> WorkQueue<J> for Faulty<J> {
    type Local = FaultyEnd<J>;

    fn local(&self, worker: usize) -> FaultyEnd<J> {
        let shared = Arc::clone(&self.shared);
        let mut deques = shared.lock().unwrap();
        if deques.ends.len() <= worker {
            deques.ends.resize_with(worker + 1, VecDeque::new);
        }
        if self.fault == Fault::ClearsAnEndThatIsAskedForAgain {
            deques.ends[worker].clear();
        }
        drop(deques);
        FaultyEnd { fault: self.fault, shared, worker, pops: 0, steals: 0, watched: (0, 0) }
    }

    fn push(&self, job: J) -> Result<(), PushError<J>> {
        if self.fault == Fault::PushesWithoutTheLock {
            let mut outside = mem::take(&mut self.shared.lock().unwrap().outside);
            outside.push_back(job);
            std::thread::yield_now();
            self.shared.lock().unwrap().outside = outside;
            return Ok(());
        }
        let mut deques = self.shared.lock().unwrap();
        deques.pushes += 1;
        let lost = self.fault == Fault::LosesOneInAThousand && deques.pushes.is_multiple_of(1_000);
        if !lost && !deques.forgets(deques.outside.len()) {
            deques.outside.push_back(job);
        }
        Ok(())
    }

    fn push_batch(&self, jobs: &mut impl Iterator<Item = J>) -> Result<(), PushError<J>> {
        let (hint, _) = jobs.size_hint();
        match self.fault {
            Fault::TrustsTheSizeHint => {
                jobs.take(hint).try_for_each(|job| self.push(job))?;
                jobs.for_each(drop);
            }
            Fault::AllocatesByTheSizeHint => {
                self.shared.lock().unwrap().outside.reserve(hint);
            }
            Fault::ReadsABatchUnderTheLock => {
                self.shared.lock().unwrap().outside.extend(&mut *jobs)
            }
            Fault::LosesJobsWhenABatchPanics => {
                let mut outside = mem::take(&mut self.shared.lock().unwrap().outside);
                jobs.for_each(|job| outside.push_back(job));
                self.shared.lock().unwrap().outside = outside;
            }
            Fault::StarvesBatches => {
                jobs.for_each(|job| self.shared.lock().unwrap().aside.push_back(job));
            }
            Fault::PutsBatchesFirst => {
                let batch: Vec<_> = jobs.collect();
                let mut deques = self.shared.lock().unwrap();
                batch.into_iter().rev().for_each(|job| deques.outside.push_front(job));
            }
            _ => (),
        }
        jobs.try_for_each(|job| self.push(job))
    }

    fn len(&self) -> usize {
        self.shared.lock().unwrap().len()
    }

    fn is_empty(&self) -> bool {
        let deques = self.shared.lock().unwrap();
        match self.fault {
            Fault::SaysEmpty => true,
            Fault::NeverSaysEmpty => false,
            Fault::SaysEmptyNowAndThen
                if self.looks.fetch_add(1, Ordering::Relaxed) % 4_001 == 4_000 =>
            {
                true
            }
            Fault::CountsOneByOne => deques.len() == 0,
            _ if !deques.aside.is_empty() => false,
            _ => deques.outside.is_empty() && deques.ends.iter().all(VecDeque::is_empty),
        }
    }

    fn retain(&self, mut keep: impl FnMut(&mut J) -> bool) {
        if self.fault != Fault::RetainOverwrites {
            return self.shared.lock().unwrap().retain(keep);
        }
        let mut outside = mem::take(&mut self.shared.lock().unwrap().outside);
        outside.retain_mut(&mut keep);
        std::thread::yield_now();
        let mut deques = self.shared.lock().unwrap();
        deques.outside = outside;
        deques.ends.iter_mut().for_each(|end| end.retain_mut(&mut keep));
    }
}

pub(crate) struct FaultyEnd<J> {
    fault: Fault,
    shared: Arc<Mutex<Deques<J>>>,
    worker: usize,
    pops: usize,
    steals: usize,
    /// The end that was looked into last, and how many jobs there were.
    watched: (usize, usize),
}

impl<J> FaultyEnd<J> {
    /// Every so many pops one who might wait too long comes first: outside, or in another's end.
    fn pop_fairly(&mut self, deques: &mut Deques<J>) -> Option<J> {
        let often = if self.fault == Fault::SeldomLooksOutside { 9_000 } else { 8 };
        if self.fault != Fault::StarvesThoseOutside && self.pops.is_multiple_of(often) {
            return match self.fault {
                Fault::HelpsTheNewest => deques.outside.pop_back(),
                Fault::RetainSendsToTheBack => {
                    deques.fetch(self.worker);
                    None
                }
                _ => deques.pop_outside(),
            };
        }
        if self.fault == Fault::StarvesOthersEnds || self.pops % 8 != 4 {
            return None;
        }
        let (watched, before) = self.watched;
        let next = match self.fault {
            Fault::HelpsThoseBefore => (watched + 1) % self.worker.max(1),
            _ => (watched + 1) % deques.ends.len(),
        };
        self.watched = (next, deques.ends[next].len());
        let busy = self.fault == Fault::HelpsThoseWhoPause && deques.ends[watched].len() != before;
        if watched == self.worker || busy {
            return None;
        }
        pop_front(&mut deques.ends[watched], self.fault)
    }
}

impl<J> LocalQueue<J> for FaultyEnd<J> {
    fn push(&mut self, job: J) {
        let mut deques = self.shared.lock().unwrap();
        let waiting = deques.ends[self.worker].len();
        let unknown = self.fault == Fault::ForgetsWorkersBeyondSixteen && self.worker >= 16;
        if !unknown && !deques.forgets(waiting) {
            deques.ends[self.worker].push_back(job);
        }
    }

    fn pop(&mut self) -> Option<J> {
        self.pops += 1;
        let shared = Arc::clone(&self.shared);
        if self.fault == Fault::PopsOutOfSight {
            let outside = mem::take(&mut shared.lock().unwrap().outside);
            std::thread::yield_now();
            shared.lock().unwrap().ends[self.worker].extend(outside);
        }
        let mut deques = shared.lock().unwrap();
        let helped = self.pop_fairly(&mut deques);
        let own = &mut deques.ends[self.worker];
        if helped.is_some() {
            if self.fault == Fault::LosesItsTurn && !own.is_empty() {
                own.rotate_left(1);
            }
            return helped;
        }
        match self.fault {
            Fault::ReordersInside => own.pop_back(),
            _ => pop_front(own, self.fault),
        }
    }

    fn steal(&mut self) -> Option<J> {
        self.steals += 1;
        assert!(!self.shared.lock().unwrap().over.load(Ordering::SeqCst), "over");
        if self.fault == Fault::TakesRetryForEmpty && self.steals.is_multiple_of(5) {
            return None;
        }
        let mut deques = self.shared.lock().unwrap();
        if self.fault == Fault::RetainSendsToTheBack {
            deques.fetch(self.worker);
        } else if let Some(job) = deques.pop_outside() {
            return Some(job);
        }
        if let Some(job) = deques.aside.pop_front() {
            return Some(job);
        }
        match self.fault {
            Fault::StrandsLocalJobs => None,
            _ => deques.ends.iter_mut().find_map(|end| pop_front(end, self.fault)),
        }
    }
}

impl<J> Drop for FaultyEnd<J> {
    fn drop(&mut self) {
        let deques = &mut *self.shared.lock().unwrap();
        match self.fault {
            Fault::DropsJobsWithTheirEnd => deques.ends[self.worker].clear(),
            Fault::StarvesWhatWasLeft => deques.aside.append(&mut deques.ends[self.worker]),
            _ => (),
        }
    }
}
