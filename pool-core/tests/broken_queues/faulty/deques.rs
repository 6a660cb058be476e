//! What a faulty queue keeps behind its lock.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::Fault;

/// All the jobs.
pub(super) struct Deques<J> {
    pub(super) fault: Fault,
    /// Ends what would go on for ever.
    pub(super) over: Arc<AtomicBool>,
    pub(super) outside: VecDeque<J>,
    /// Where, with some faults, jobs lie that only a steal finds.
    pub(super) aside: VecDeque<J>,
    pub(super) ends: Vec<VecDeque<J>>,
    pub(super) pushes: usize,
}

/// Takes the first job, and gives back the memory of a burst with the last.
pub(super) fn pop_front<J>(deque: &mut VecDeque<J>, fault: Fault) -> Option<J> {
    if fault == Fault::CopiesAll {
        *deque = mem::take(deque).into_iter().collect::<Vec<_>>().into_iter().collect();
    }
    let job = deque.pop_front();
    if deque.is_empty() && fault != Fault::KeepsABurst {
        deque.shrink_to(64);
    }
    job
}

impl<J> Deques<J> {
    pub(super) fn new(fault: Fault, over: Arc<AtomicBool>) -> Self {
        let (outside, aside) = (VecDeque::new(), VecDeque::new());
        Self { fault, over, outside, aside, ends: Vec::new(), pushes: 0 }
    }

    pub(super) fn len(&self) -> usize {
        match self.fault {
            Fault::CountsNothing => 0,
            Fault::CountsOutsideAlone => self.outside.len(),
            Fault::CountsOneByOne => {
                let jobs = self.outside.iter().chain(self.ends.iter().flatten());
                jobs.filter(|job| size_of_val(std::hint::black_box(*job)) > 0).count()
            }
            _ => {
                let ends: usize = self.ends.iter().map(VecDeque::len).sum();
                self.outside.len() + self.aside.len() + ends
            }
        }
    }

    /// Whether a job is dropped that should lie behind so many.
    pub(super) fn forgets(&self, waiting: usize) -> bool {
        match self.fault {
            Fault::ForgetsWhatIsDeep => waiting >= 600_000,
            Fault::ForgetsLargeJobs => {
                waiting * size_of::<J>() >= 1 << 20 && size_of::<J>() > 1_024
            }
            Fault::ForgetsJobsWithoutASize => size_of::<J>() == 0,
            _ => false,
        }
    }

    pub(super) fn pop_outside(&mut self) -> Option<J> {
        match self.fault {
            Fault::ReordersOutside => self.outside.pop_back(),
            _ => pop_front(&mut self.outside, self.fault),
        }
    }

    /// Moves some of the oldest from outside into this end.
    pub(super) fn fetch(&mut self, worker: usize) {
        let portion = self.outside.len().div_ceil(2).min(32);
        self.ends[worker].extend(self.outside.drain(..portion));
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(&mut J) -> bool) {
        let fault = self.fault;
        if fault == Fault::RetainShowsTwice {
            self.outside.iter_mut().for_each(|job| _ = keep(job));
        }
        sieve(&mut self.outside, fault, &mut keep);
        sieve(&mut self.aside, fault, &mut keep);
        for (worker, end) in self.ends.iter_mut().enumerate() {
            match fault {
                Fault::RetainShowsThreeEnds if worker >= 3 => (),
                Fault::RetainShowsOutsideAlone => (),
                Fault::RetainClearsTheEnds => end.clear(),
                _ => sieve(end, fault, &mut keep),
            }
            if fault == Fault::RetainSendsToTheBack {
                self.outside.extend(end.drain(..).rev());
            }
        }
    }
}

/// Removes what `keep` does not want to keep.
fn sieve<J>(deque: &mut VecDeque<J>, fault: Fault, keep: &mut impl FnMut(&mut J) -> bool) {
    let (mut kept, mut removed) = (VecDeque::new(), Vec::new());
    for mut job in mem::take(deque) {
        if keep(&mut job) || fault == Fault::RetainRemovesNothing {
            kept.push_back(job);
        } else {
            removed.push(job);
            if fault == Fault::RetainLosesAJob {
                kept.pop_back();
            }
        }
    }
    match fault {
        Fault::RetainReverses => kept = kept.into_iter().rev().collect(),
        Fault::RetainLeaks => mem::forget(removed),
        Fault::KeepsWhatWasRemoved => kept.reserve(removed.len()),
        _ => (),
    }
    *deque = kept;
}
