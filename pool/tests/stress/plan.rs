//! Plans: what runs, in which pools, who meddles, and how it ends. Made from a seed.

use std::time::Duration;

use crate::ops::Op;
use crate::random::Random;

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
    /// Lets this much time pass, of a clock that is set by hand.
    Advance(Duration),
    /// Shuts the timer down.
    EndTimer(usize),
}

/// How a plan ends, when the threads from outside have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// What the timers have is due first, and runs.
    Settled,
    /// The timers are shut down before the pools.
    TimersFirst,
    PoolsFirst,
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
    /// Whether the pools' time is set by hand.
    pub(crate) by_hand: bool,
    /// Of the lanes that all nodes share.
    pub(crate) lane_limit: usize,
    pub(crate) ending: Ending,
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
        let (by_hand, lane_limit) = (random.once_in(2), 1 + random.below(3));
        let endings = [Ending::Settled, Ending::Settled, Ending::TimersFirst, Ending::PoolsFirst];
        let ending = random.pick(&endings);
        let (roots, left) = (1 + random.below(3), 3 + random.below(20));
        let mut draft = Draft { random, pools, nodes: Vec::new(), left };
        let roots = (0..roots).map(|_| draft.node(5)).collect();
        let meddling = draft.meddling();
        let nodes = draft.nodes;
        Self {
            seed,
            pools,
            workers,
            capacity,
            restless,
            paused,
            by_hand,
            lane_limit,
            ending,
            roots,
            meddling,
            nodes,
        }
    }

    /// Whether the pools are observed: every other plan, as an observed pool has a way of its own.
    pub(crate) fn observed(&self) -> bool {
        self.seed.is_multiple_of(2)
    }

    /// Whether the pools have timers.
    pub(crate) fn is_timed(&self) -> bool {
        self.nodes.iter().any(|node| matches!(node.op, Op::Timed(_)))
    }

    /// The step in which the delays of timed jobs are given.
    pub(crate) fn tick(&self) -> Duration {
        if self.by_hand { Duration::from_millis(1) } else { Duration::from_micros(100) }
    }
}

impl Draft {
    fn op(&mut self, depth: usize) -> Op {
        if depth == 0 || self.left == 0 {
            return if self.random.once_in(8) { Op::WaitIdle } else { Op::Leaf };
        }
        self.left -= 1;
        Op::draw(&mut self.random)
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
            match random.below(14) {
                0 | 1 => Meddling::Pause(pool),
                2 => Meddling::Resume(pool),
                3 => Meddling::Close(pool),
                4 => Meddling::TakeQueued(pool),
                5 if random.once_in(2) => Meddling::ShutdownNow(pool),
                6 | 7 => Meddling::Resize(pool, random.below(32)),
                8 | 9 => Meddling::Advance(Duration::from_millis(random.below(4) as u64)),
                10 if random.once_in(2) => Meddling::EndTimer(pool),
                _ => Meddling::LetRun(1 << random.below(8)),
            }
        };
        (0..steps).map(|_| step(&mut self.random, self.pools)).collect()
    }
}
