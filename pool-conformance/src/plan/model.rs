//! The sequential model of a pool.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Tree;

/// A pool as it should be: an accepted job is done, once.
#[derive(Default)]
pub(super) struct Model {
    pub(super) closed: bool,
    pub(super) paused: bool,
    /// The jobs that were accepted and not cancelled, by number, and whether they panic.
    pub(super) outcomes: BTreeMap<usize, bool>,
    /// The number of these that have a handle, to which their outcome goes.
    pub(super) handled: usize,
    pub(super) cancelled: usize,
}

impl Model {
    /// Enters the jobs of a tree, which are numbered from `number` on.
    pub(super) fn accept(&mut self, tree: &Tree, number: usize) {
        self.outcomes.insert(number, tree.panics);
        let mut next = number + 1;
        for child in &tree.children {
            self.accept(child, next);
            next += child.size();
        }
    }

    /// Removes a job, and those that it would have submitted.
    pub(super) fn cancel(&mut self, tree: &Tree, number: usize) {
        let struck = number..number + tree.size();
        self.outcomes.retain(|number, _| !struck.contains(number));
        self.handled -= 1;
        self.cancelled += 1;
    }

    /// Removes jobs that were refused when their parent submitted them.
    pub(super) fn refused(&mut self, jobs: &Range<usize>) {
        self.outcomes.retain(|number, _| !jobs.contains(number));
    }

    pub(super) fn panics(&self) -> usize {
        self.outcomes.values().filter(|panics| **panics).count()
    }
}
