use std::collections::VecDeque;
use std::sync::Mutex;

use pool_core::{PushError, ThreadPoolBuilder};
use pool_stealing::{DequeGuard, Injector, StealingQueue};

/// First in, first out. Each worker takes in its share of what waits.
struct Line<J>(Mutex<VecDeque<J>>);

impl<J: Send + 'static> Injector<J> for Line<J> {
    fn push(&self, job: J) -> Result<(), PushError<J>> {
        self.0.lock().unwrap().push_back(job);
        Ok(())
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn take(&self, workers: usize, deque: DequeGuard<'_, J>) {
        let mut line = self.0.lock().unwrap();
        let share = line.len().div_ceil(workers);
        deque.open().extend(line.drain(..share));
        if line.is_empty() {
            // Gives back the memory of a burst.
            line.shrink_to(64);
        }
    }

    fn retain(&self, keep: impl FnMut(&mut J) -> bool) {
        let mut line = self.0.lock().unwrap();
        line.retain_mut(keep);
        line.shrink_to(64);
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let queue = StealingQueue::with_injector(Line(Mutex::default()));
    let pool = ThreadPoolBuilder::with_queue(queue).num_threads(2).build()?;
    for _ in 0..100 {
        pool.execute(|| ())?;
    }
    assert_eq!(pool.shutdown().done, 100);
    Ok(())
}
