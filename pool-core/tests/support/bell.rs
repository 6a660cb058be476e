//! A waker that a model can wait for.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::{Condvar, Mutex, MutexGuard};

/// What a hand-held waker has seen.
pub(crate) struct Bell(Mutex<usize>, Condvar);

#[allow(dead_code)]
impl Bell {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(0), Condvar::new()))
    }

    /// The number of times that it has rung, but for those that were forgotten.
    pub(crate) fn rings(&self) -> usize {
        *self.0.lock().unwrap()
    }

    fn rung(&self) -> MutexGuard<'_, usize> {
        let mut rings = self.0.lock().unwrap();
        while *rings == 0 {
            rings = self.1.wait(rings).unwrap();
        }
        rings
    }

    /// Waits until it has rung, and forgets that.
    pub(crate) fn wait(&self) {
        *self.rung() = 0;
    }

    /// Polls a future, and once more when the bell has rung.
    pub(crate) fn wait_for<T>(self: &Arc<Self>, future: impl Future<Output = T>) -> T {
        let waker = Waker::from(self.clone());
        let (mut future, mut context) = (pin!(future), Context::from_waker(&waker));
        if let Poll::Ready(ready) = future.as_mut().poll(&mut context) {
            return ready;
        }
        drop(self.rung());
        match future.as_mut().poll(&mut context) {
            Poll::Ready(ready) => ready,
            Poll::Pending => panic!("it was woken without reason"),
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.0.lock().unwrap() += 1;
        self.1.notify_all();
    }
}
