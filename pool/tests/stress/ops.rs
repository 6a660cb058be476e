//! The operations of which plans are made.

use crate::random::Random;

/// How jobs with handles are made and what becomes of the handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Join,
    JoinTimeout,
    JoinOrRun,
    Poll,
    SetNext,
    SetTimeout,
    SetAll,
    /// Made with `spawn_expiring`, with much time.
    Expiring,
    /// Made with `try_spawn`.
    Try,
    /// Made with `WhenFull::RunHere`.
    OrRun,
    Batch,
    Drop,
    Cancel,
    Canceller,
    CancelAll,
    /// Of handles that cancel when they are dropped: some are, others are disarmed.
    CancelOnDrop,
    /// Made with `spawn_cancellable`. Those that have begun run until they are told.
    Cancellable,
    /// Admitted before they are made, and released, run or dropped by a thread of their own.
    Held,
    /// In one lane with this limit.
    Lane(usize),
    /// In lanes with this limit, by key.
    Lanes(usize),
}

const HOWS: &[How] = &[
    How::Join,
    How::JoinTimeout,
    How::JoinOrRun,
    How::Poll,
    How::SetNext,
    How::SetTimeout,
    How::SetAll,
    How::Expiring,
    How::Try,
    How::OrRun,
    How::Batch,
    How::Drop,
    How::Cancel,
    How::Canceller,
    How::CancelAll,
    How::CancelOnDrop,
    How::Cancellable,
    How::Held,
    How::Lane(1),
    How::Lane(2),
    How::Lanes(1),
    How::Lanes(2),
    How::Lanes(3),
];

impl How {
    /// Whether the one who spawns such a job also learns that it has run.
    fn is_awaited(self) -> bool {
        !matches!(
            self,
            Self::Drop
                | Self::Cancel
                | Self::Canceller
                | Self::CancelAll
                | Self::CancelOnDrop
                | Self::Cancellable
        )
    }
}

/// When the jobs of a timer are due, and what becomes of them before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timing {
    After,
    At,
    /// Cancelled by the one who has set them, soon after.
    Cancel,
    /// One job, each tick of which runs the next part. It cancels itself when none is left.
    Every,
    /// The same, and it makes up for all missed ticks.
    CatchUp,
    /// The same, cancelled soon after it was set.
    CancelEvery,
}

const TIMINGS: &[Timing] = &[
    Timing::After,
    Timing::After,
    Timing::At,
    Timing::Cancel,
    Timing::Cancel,
    Timing::Every,
    Timing::CatchUp,
    Timing::CancelEvery,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Leaf,
    /// Of those inside of the pool, which must be told that they are.
    WaitIdle,
    Sequence,
    /// A sequence that says that it blocks.
    Blocking,
    Join,
    Scope,
    /// A scope whose first child spawns the second, and so on.
    Chain,
    ForEach,
    Spawn(How),
    Execute,
    ExecuteBatch,
    ExecuteOrRun,
    /// With a priority.
    ExecuteUrgent,
    /// In the lanes that all nodes share. Nobody waits for those jobs.
    ExecuteInLanes,
    Install,
    Map,
    MapUnordered,
    /// Of the pool's timer.
    Timed(Timing),
}

/// Of these, those that are there twice are drawn twice as often.
const OPS: &[Op] = &[
    Op::Leaf,
    Op::WaitIdle,
    Op::Sequence,
    Op::Blocking,
    Op::Join,
    Op::Join,
    Op::Join,
    Op::Scope,
    Op::Scope,
    Op::Chain,
    Op::ForEach,
    Op::Execute,
    Op::ExecuteBatch,
    Op::ExecuteOrRun,
    Op::ExecuteUrgent,
    Op::ExecuteInLanes,
    Op::ExecuteInLanes,
    Op::Install,
    Op::Map,
    Op::MapUnordered,
];

impl Op {
    /// One that has parts, or may have.
    pub(crate) fn draw(random: &mut Random) -> Self {
        if random.once_in(3) {
            Self::Spawn(random.pick(HOWS))
        } else if random.once_in(8) {
            Self::Timed(random.pick(TIMINGS))
        } else {
            random.pick(OPS)
        }
    }

    /// How many parts it has, at least and at most.
    pub(crate) fn parts(self) -> (usize, usize) {
        match self {
            Self::Leaf | Self::WaitIdle => (0, 0),
            Self::Execute | Self::ExecuteOrRun | Self::ExecuteUrgent | Self::Install => (1, 1),
            Self::Join => (2, 2),
            Self::Sequence | Self::Blocking => (2, 3),
            Self::Spawn(How::Lane(_) | How::Lanes(_)) => (2, 5),
            Self::Spawn(_) => (1, 3),
            _ => (1, 4),
        }
    }

    /// Whether its parts may be given back unrun, and then do not run.
    pub(crate) fn may_lose_parts(self) -> bool {
        self.spawns_jobs() || matches!(self, Self::Map | Self::MapUnordered)
    }

    pub(crate) fn is_awaited(self) -> bool {
        match self {
            Self::Spawn(how) => how.is_awaited(),
            _ => !self.spawns_jobs(),
        }
    }

    /// Whether its parts are jobs of their own, which may panic.
    pub(crate) fn spawns_jobs(self) -> bool {
        matches!(
            self,
            Self::Spawn(_)
                | Self::Execute
                | Self::ExecuteBatch
                | Self::ExecuteOrRun
                | Self::ExecuteUrgent
                | Self::ExecuteInLanes
                | Self::Timed(_)
        )
    }
}
