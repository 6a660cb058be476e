//! What can be wrong with a queue.

/// What is wrong with a [`Faulty`](super::Faulty) queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing: the kit must find no fault.
    None,

    /// One push in a thousand is forgotten.
    LosesOneInAThousand,
    /// Whoever pushes from outside forgets that others do, too.
    PushesWithoutTheLock,
    /// The jobs of a worker that leaves go with it.
    DropsJobsWithTheirEnd,
    /// A worker that comes back begins with an empty end.
    ClearsAnEndThatIsAskedForAgain,
    /// There are sixteen places for workers, and what others submit is dropped.
    ForgetsWorkersBeyondSixteen,
    /// Jobs are still alive when the queue is gone.
    LeaksJobs,
    /// A job that takes no memory is no job.
    ForgetsJobsWithoutASize,
    /// There is room for so many bytes, and nobody is told when it is used up.
    ForgetsLargeJobs,

    /// A batch ends where its size hint says.
    TrustsTheSizeHint,
    /// Room for a batch is made by its size hint.
    AllocatesByTheSizeHint,
    /// A batch is read under the lock, which a panic poisons.
    ReadsABatchUnderTheLock,
    /// What was there before a batch is in the hands of whoever reads it.
    LosesJobsWhenABatchPanics,

    /// Jobs that lie near one worker cannot be reached by the others.
    StrandsLocalJobs,
    /// A steal that should be repeated is taken for an empty queue.
    TakesRetryForEmpty,
    /// It says that it is empty when it is not.
    SaysEmpty,
    /// It says so once in 4,001 times.
    SaysEmptyNowAndThen,
    /// A pop moves jobs to the worker's own end, and on their way they are nowhere.
    PopsOutOfSight,
    /// It never says that it is empty.
    NeverSaysEmpty,
    /// It counts no jobs, though it knows whether there are some.
    CountsNothing,
    /// It counts the jobs from outside alone.
    CountsOutsideAlone,

    /// The newest job of a worker comes first, where the oldest was promised.
    ReordersInside,
    /// The newest job from outside comes first.
    ReordersOutside,
    /// A batch comes before what was there.
    PutsBatchesFirst,
    /// Where others wait too long, the newest of them is helped.
    HelpsTheNewest,
    /// Who looks after others puts its own next job back behind the rest.
    LosesItsTurn,

    /// A worker looks outside only when it has nothing of its own.
    StarvesThoseOutside,
    /// It looks outside each 9,000 pops.
    SeldomLooksOutside,
    /// It looks into others' ends only when it has nothing of its own.
    StarvesOthersEnds,
    /// It looks only into the ends of workers with a smaller index.
    HelpsThoseBefore,
    /// It looks after others only where nothing has moved since the last look.
    HelpsThoseWhoPause,

    /// What came in a batch is left to those who steal.
    StarvesBatches,
    /// What a worker left is left to those who steal.
    StarvesWhatWasLeft,

    /// What is beyond 600,000 jobs is dropped.
    ForgetsWhatIsDeep,
    /// Every pop copies all that waits.
    CopiesAll,
    /// Every look counts all that waits.
    CountsOneByOne,
    /// The memory of a burst stays.
    KeepsABurst,
    /// The memory of a burst stays when its jobs were removed and not taken.
    KeepsWhatWasRemoved,

    /// A job that is to be kept goes with each that is removed.
    RetainLosesAJob,
    /// Jobs in the workers' ends are not shown.
    RetainShowsOutsideAlone,
    /// Jobs in the ends of all but three workers are not shown.
    RetainShowsThreeEnds,
    /// Jobs in the workers' ends are not shown, and removed.
    RetainClearsTheEnds,
    /// All is shown, and nothing is removed.
    RetainRemovesNothing,
    /// Jobs from outside are shown a second time.
    RetainShowsTwice,
    /// What is kept comes out the other way round.
    RetainReverses,
    /// What is kept of the ends goes outside, behind the rest and the other way round; from there it
    /// comes in portions.
    RetainSendsToTheBack,
    /// What comes while `keep` looks is lost.
    RetainOverwrites,
    /// What is removed is not dropped.
    RetainLeaks,
}
