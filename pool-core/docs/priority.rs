use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use drainpool::{
    LocalQueue, Prioritized, Priority, PushError, SubmitOptions, ThreadPoolBuilder, WorkQueue,
};

/// One map behind one lock, in the order in which the jobs come out. Each worker's end is the queue once
/// more.
struct ByPriority<J>(Arc<Mutex<Jobs<J>>>);

struct Jobs<J> {
    /// The priority, highest first, and the number of the push.
    waiting: BTreeMap<(Reverse<Priority>, u64), J>,
    pushes: u64,
}

impl<J: Prioritized> ByPriority<J> {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Jobs { waiting: BTreeMap::new(), pushes: 0 })))
    }

    fn add(&self, job: J) {
        let priority = Reverse(job.priority());
        let mut jobs = self.0.lock().unwrap();
        jobs.pushes += 1;
        let key = (priority, jobs.pushes);
        jobs.waiting.insert(key, job);
    }
}

impl<J: Prioritized + Send + 'static> WorkQueue<J> for ByPriority<J> {
    type Local = Self;

    fn local(&self, _worker: usize) -> Self {
        Self(Arc::clone(&self.0))
    }

    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.add(job);
        Ok(())
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().waiting.len()
    }

    fn retain(&self, mut keep: impl FnMut(&mut J) -> bool) {
        self.0.lock().unwrap().waiting.retain(|_, job| keep(job));
    }
}

impl<J: Prioritized> LocalQueue<J> for ByPriority<J> {
    fn push(&mut self, job: J) {
        self.add(job);
    }

    fn pop(&mut self) -> Option<J> {
        self.0.lock().unwrap().waiting.pop_first().map(|(_, job)| job)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let builder = ThreadPoolBuilder::new().queue(ByPriority::new()).num_threads(1);
    let pool = builder.paused().build()?;
    let low = pool.with(SubmitOptions::new().priority(Priority::LOW)).spawn(|| 1)?;
    let high = pool.with(Priority::HIGH).spawn(move || low.is_finished())?;
    pool.resume();
    assert!(!high.join()?, "the other one came first");
    Ok(())
}
