//! Plans: what runs, in which pools, and who meddles. Made from a seed.

use crate::random::Random;

/// How jobs with handles are made and what becomes of the handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Join,
    JoinTimeout,
    JoinOrRun,
    /// Spawned and awaited under an executor.
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
    #[cfg(feature = "lanes")]
    Lane,
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
    #[cfg(feature = "lanes")]
    How::Lane,
];

impl How {
    /// Whether the one who spawns such a job also learns that it has run.
    fn is_awaited(self) -> bool {
        !matches!(self, Self::Drop | Self::Cancel | Self::Canceller | Self::CancelAll)
    }
}

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
    Install,
    Map,
    MapUnordered,
}

/// Of these, those that are there twice are drawn twice as often.
const OPS: [Op; 17] = [
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
    Op::Install,
    Op::Map,
    Op::MapUnordered,
];

impl Op {
    /// How many parts it has, at least and at most.
    fn parts(self) -> (usize, usize) {
        match self {
            Self::Leaf | Self::WaitIdle => (0, 0),
            Self::Execute | Self::ExecuteOrRun | Self::Install => (1, 1),
            Self::Join => (2, 2),
            Self::Sequence | Self::Blocking => (2, 3),
            Self::Spawn(_) => (1, 3),
            _ => (1, 4),
        }
    }

    /// Whether its parts may be given back unrun, and then do not run.
    pub(crate) fn may_lose_parts(self) -> bool {
        self.spawns_jobs() || matches!(self, Self::Map | Self::MapUnordered)
    }

    fn is_awaited(self) -> bool {
        match self {
            Self::Execute | Self::ExecuteBatch | Self::ExecuteOrRun => false,
            Self::Spawn(how) => how.is_awaited(),
            _ => true,
        }
    }

    /// Whether its parts are jobs of their own, which may panic.
    fn spawns_jobs(self) -> bool {
        matches!(self, Self::Spawn(_) | Self::Execute | Self::ExecuteBatch | Self::ExecuteOrRun)
    }
}

/// A piece of work, with its parts.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) op: Op,
    pub(crate) pool: usize,
    pub(crate) parts: Vec<usize>,
    /// Before it does anything, it lingers for this one to begin, and if that has begun inside of a
    /// pool, waits for its end. Those who wait for each other so are parts of the same node, and none
    /// waits for itself by way of others.
    pub(crate) after: Option<usize>,
    /// How long it keeps the processor busy.
    pub(crate) work: usize,
    /// A job that panics when its work is done.
    pub(crate) panics: bool,
    /// How many nodes have run by its end, itself included, of those that it waits for.
    pub(crate) total: u64,
}

/// What somebody from outside does with the pools meanwhile.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Meddling {
    LetRun(usize),
    Pause(usize),
    Resume(usize),
    Close(usize),
    /// Takes back what waits.
    TakeQueued(usize),
    /// The same, and closes the pool.
    ShutdownNow(usize),
    /// Sets its number of threads, to this number modulo its maximum.
    Resize(usize, usize),
}

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) pools: usize,
    pub(crate) workers: usize,
    pub(crate) capacity: Option<usize>,
    /// Whether workers leave as soon as they have nothing to do.
    pub(crate) restless: bool,
    pub(crate) paused: bool,
    /// Each is run by a thread from outside.
    pub(crate) roots: Vec<usize>,
    pub(crate) meddling: Vec<Meddling>,
    pub(crate) nodes: Vec<Node>,
}

/// A plan in the making.
struct Draft {
    random: Random,
    pools: usize,
    nodes: Vec<Node>,
    /// So many more nodes may have parts.
    left: usize,
}

impl Plan {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let pools = if random.once_in(4) { 2 } else { 1 };
        let workers = random.pick(&[1, 1, 1, 2, 2, 3, 4, 8]);
        // Pools that wait for each other's full queues are the user's own mistake.
        let capacity = if pools == 2 { None } else { random.pick(&[None, None, Some(1), Some(3)]) };
        let (restless, paused) = (random.once_in(4), random.once_in(8));
        let (roots, left) = (1 + random.below(3), 3 + random.below(20));
        let mut draft = Draft { random, pools, nodes: Vec::new(), left };
        let roots = (0..roots).map(|_| draft.node(5)).collect();
        let meddling = draft.meddling();
        let nodes = draft.nodes;
        Self { seed, pools, workers, capacity, restless, paused, roots, meddling, nodes }
    }
}

impl Draft {
    fn op(&mut self, depth: usize) -> Op {
        if depth == 0 || self.left == 0 {
            return if self.random.once_in(8) { Op::WaitIdle } else { Op::Leaf };
        }
        self.left -= 1;
        if self.random.once_in(3) {
            return Op::Spawn(self.random.pick(HOWS));
        }
        self.random.pick(&OPS)
    }

    fn node(&mut self, depth: usize) -> usize {
        let op = self.op(depth);
        let (least, most) = op.parts();
        let parts = least + self.random.below(most - least + 1);
        let parts: Vec<usize> = (0..parts).map(|_| self.node(depth - 1)).collect();
        if !matches!(op, Op::Sequence | Op::Blocking) {
            self.let_wait(&parts);
        }
        if op.spawns_jobs() {
            for &part in &parts {
                self.nodes[part].panics = self.random.once_in(16);
            }
        }
        let awaited = if op.is_awaited() { &*parts } else { &[] };
        let total = 1 + awaited.iter().map(|&part| self.nodes[part].total).sum::<u64>();
        let work = if self.random.once_in(4) { self.random.below(2_000) } else { 0 };
        let pool = self.random.below(self.pools);
        self.nodes.push(Node { op, pool, parts, after: None, work, panics: false, total });
        self.nodes.len() - 1
    }

    /// Lets some parts wait for others: the later for the earlier, or the other way round.
    fn let_wait(&mut self, parts: &[usize]) {
        let mut order = parts.to_vec();
        if self.random.once_in(2) {
            order.reverse();
        }
        for place in 1..order.len() {
            if self.random.once_in(2) {
                self.nodes[order[place]].after = Some(order[self.random.below(place)]);
            }
        }
    }

    fn meddling(&mut self) -> Vec<Meddling> {
        let steps = if self.random.once_in(2) { 0 } else { self.random.below(8) };
        let step = |random: &mut Random, pools| {
            let pool = random.below(pools);
            match random.below(11) {
                0 | 1 => Meddling::Pause(pool),
                2 => Meddling::Resume(pool),
                3 => Meddling::Close(pool),
                4 => Meddling::TakeQueued(pool),
                5 if random.once_in(2) => Meddling::ShutdownNow(pool),
                6 | 7 => Meddling::Resize(pool, random.below(32)),
                _ => Meddling::LetRun(1 << random.below(8)),
            }
        };
        (0..steps).map(|_| step(&mut self.random, self.pools)).collect()
    }
}
