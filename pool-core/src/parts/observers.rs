//! The observers of a pool.

use crate::observer::Observer;
use crate::panics::{drop_quietly, guarded};

/// All that are told what happens in one pool, in the order in which they were added. Mostly none.
#[derive(Default)]
pub(crate) struct Observers(Box<[Box<dyn Observer>]>);

impl Observers {
    pub(crate) fn new(observers: Vec<Box<dyn Observer>>) -> Self {
        Self(observers.into())
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells each of them.
    pub(crate) fn tell(&self, event: &dyn Fn(&dyn Observer)) {
        for observer in &self.0 {
            let _ = guarded(|| event(&**observer)).map_err(drop_quietly);
        }
    }
}

/// Foreign code: a panic of one must not keep the others.
impl Drop for Observers {
    fn drop(&mut self) {
        std::mem::take(&mut self.0).into_vec().into_iter().for_each(drop_quietly);
    }
}
