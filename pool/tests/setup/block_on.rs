//! An executor for one future: the smallest, which knows nothing but the contract of `Future`.

use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};

/// Where the thread waits until it is woken.
#[derive(Default)]
struct Parker {
    is_woken: Mutex<bool>,
    changed: Condvar,
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        *self.is_woken.lock().unwrap() = true;
        self.changed.notify_one();
    }
}

/// Polls a future when it is woken, and not otherwise, until it is ready.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let parker = Arc::new(Parker::default());
    let waker = Waker::from(Arc::clone(&parker));
    let (mut future, mut context) = (pin!(future), Context::from_waker(&waker));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        let woken = parker.is_woken.lock().unwrap();
        *parker.changed.wait_while(woken, |is_woken| !*is_woken).unwrap() = false;
    }
}
