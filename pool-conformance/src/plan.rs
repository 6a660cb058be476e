//! Random plans, whose outcome a sequential model predicts.

mod model;
mod run;
mod runs;

/// A job, and the jobs that it submits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// Whether the job panics, after it has submitted its children.
    pub panics: bool,
    /// The jobs that it submits.
    pub children: Vec<Tree>,
}

/// One step of a [`Plan`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Submit a job.
    Submit(Tree),
    /// Submit a job that has a handle.
    Spawn(Tree),
    /// Cancel one of the jobs that have a handle and are left: the one at this number, counted round.
    Cancel(u8),
    /// Wait for the oldest of these jobs, or run it.
    Join,
    /// Wait until the pool is idle, unless it is paused.
    Wait,
    /// Pause the pool.
    Pause,
    /// Resume the pool.
    Resume,
    /// Drop the receiver of the results.
    CloseSink,
    /// Close the pool.
    Close,
    /// Shut the pool down, and go on.
    Shutdown,
}

/// A list of steps for a pool. A shutdown follows them in any case.
///
/// # Examples
///
/// Replaying a plan that a property test has printed:
///
/// ```
/// use pool_conformance::{Plan, Step, Tree};
/// use pool_std::StdQueue;
///
/// let plan = Plan {
///     threads: 2,
///     restless: false,
///     paused: true,
///     capacity: None,
///     steps: vec![Step::Submit(Tree { panics: true, children: vec![] }), Step::Close],
/// };
/// plan.run(StdQueue::new());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The maximum number of workers.
    pub threads: usize,
    /// Whether workers leave as soon as they are idle, so that they come and go all the time.
    pub restless: bool,
    /// Whether the pool is built paused.
    pub paused: bool,
    /// The maximum number of jobs from outside that wait, if there is one.
    pub capacity: Option<usize>,
    /// The steps.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Reads a plan from any bytes: fewer make a shorter plan, smaller ones a simpler one. So a test
    /// library that can shrink a list of bytes can shrink plans.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut bytes = bytes.iter().copied();
        let mut next = || bytes.next();
        let threads = 1 + usize::from(next().unwrap_or(0) % 4);
        let flags = next().unwrap_or(0);
        let mut steps = Vec::new();
        while let Some(kind) = next() {
            steps.push(match kind % 40 {
                0..14 => Step::Submit(Tree::read(&mut next, 4)),
                14..20 => Step::Spawn(Tree::read(&mut next, 4)),
                20..24 => Step::Wait,
                24..26 => Step::Pause,
                26..29 => Step::Resume,
                29 => Step::CloseSink,
                30 => Step::Close,
                31 => Step::Shutdown,
                32..36 => Step::Cancel(next().unwrap_or(0)),
                _ => Step::Join,
            });
        }
        let capacity = (flags & 24 == 24).then_some(1 + usize::from(flags >> 5));
        Self { threads, restless: flags & 1 != 0, paused: flags & 6 == 6, capacity, steps }
    }
}

impl Tree {
    fn read(next: &mut impl FnMut() -> Option<u8>, depth: u32) -> Self {
        let byte = next().unwrap_or(0);
        let children = if depth == 0 { 0 } else { byte % 4 };
        Self {
            panics: byte >= 200,
            children: (0..children).map(|_| Self::read(next, depth - 1)).collect(),
        }
    }

    fn size(&self) -> usize {
        1 + self.children.iter().map(Self::size).sum::<usize>()
    }
}
