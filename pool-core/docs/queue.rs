use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use drainpool::{LocalQueue, PushError, ThreadPoolBuilder, WorkQueue};

/// One deque behind one lock. Each worker's end is the queue once more.
struct Fifo<J>(Arc<Mutex<VecDeque<J>>>);

impl<J: Send + 'static> WorkQueue<J> for Fifo<J> {
    type Local = Self;

    fn local(&self, _worker: usize) -> Self {
        Self(Arc::clone(&self.0))
    }

    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.0.lock().unwrap().push_back(job);
        Ok(())
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn retain(&self, keep: impl FnMut(&mut J) -> bool) {
        let mut jobs = self.0.lock().unwrap();
        jobs.retain_mut(keep);
        jobs.shrink_to_fit();
    }
}

impl<J> LocalQueue<J> for Fifo<J> {
    fn push(&mut self, job: J) {
        self.0.lock().unwrap().push_back(job);
    }

    fn pop(&mut self) -> Option<J> {
        let mut jobs = self.0.lock().unwrap();
        let job = jobs.pop_front();
        if jobs.is_empty() {
            // Gives back the memory of a burst.
            jobs.shrink_to(64);
        }
        job
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pool = ThreadPoolBuilder::new().queue(Fifo(Arc::default())).num_threads(2).build()?;
    for _ in 0..100 {
        pool.execute(|| ())?;
    }
    assert_eq!(pool.shutdown().done, 100);
    Ok(())
}
