//! The thread that brings the outcomes of a worker's jobs to the server.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

use pool_core::{Completed, JobError, ResultSink, SinkClosed};

use crate::delivery;
use crate::hand::Hand;
use crate::id::StreamId;
use crate::leases::Leases;
use crate::link::Link;
use crate::outcome::Kind;
use crate::scripts::call;
use crate::shared::Shared;
use crate::stop::Stop;

/// The number of outcomes that are brought at a time.
const CHUNK: usize = 256;
/// The number of outcomes that may wait for this thread; beyond that the worker's jobs wait.
pub(crate) const BACKLOG: usize = 1_024;

/// The outcome of a job, encoded.
#[derive(Debug)]
pub(crate) struct Verdict {
    id: StreamId,
    kind: Kind,
    bytes: Vec<u8>,
}

impl Verdict {
    pub(crate) fn new(id: StreamId, kind: Kind, bytes: Vec<u8>) -> Self {
        Self { id, kind, bytes }
    }
}

/// The sink of a worker's pool: it hands outcomes to the thread that brings them to the server.
#[derive(Clone)]
pub(crate) struct Outbox {
    pub(crate) verdicts: SyncSender<Verdict>,
    pub(crate) hand: Arc<Hand>,
}

impl ResultSink for Outbox {
    type Result = Verdict;

    fn put(&mut self, done: Completed<Verdict>) -> Result<(), SinkClosed<Verdict>> {
        // On the thread of the handler, which noted the job there.
        let noted = delivery::end();
        self.hand.put_down();
        // There is nobody to send to only if that thread has ended, and then the lease ends.
        match done.outcome {
            Ok(verdict) => drop(self.verdicts.send(verdict)),
            Err(JobError::Panicked(mut panic)) => {
                // A handler that was not called, for a panic on the way to it, has left the job in the panic.
                if let Some(delivery) = noted.or_else(|| panic.take_input()) {
                    let message = panic.message().unwrap_or("it has no message");
                    let verdict = Verdict::new(delivery.id(), Kind::Panicked, message.into());
                    drop(self.verdicts.send(verdict));
                }
                // Only now: the drop of what was thrown is foreign code, and may panic, too.
                if let Err(thrown) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
                    mem::forget(thrown);
                }
            }
            // It did not run. Its lease ends, or it is released.
            Err(_) => {}
        }
        Ok(())
    }
}

/// What became of the outcomes of a worker's jobs.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Settled {
    pub(crate) done: u64,
    pub(crate) panicked: u64,
    pub(crate) undecodable: u64,
    /// Those of jobs that another worker had ended before.
    pub(crate) superseded: u64,
    /// Those that did not come to the server.
    pub(crate) unsettled: u64,
}

/// Brings outcomes to the server until the pool has ended. Outcome and removal of a job are one step there. If the
/// server cannot be reached, it goes on trying; once `stop` is set, for the time of one lease.
pub(crate) fn settle(
    shared: &Shared,
    outcomes: &Receiver<Verdict>,
    leases: &Leases,
    stop: &Stop,
) -> Settled {
    let (mut link, mut settled) = (Link::new(&shared.client), Settled::default());
    while let Ok(first) = outcomes.recv() {
        let mut chunk = vec![first];
        chunk.extend(outcomes.try_iter().take(CHUNK - 1));
        let ended: Vec<_> = chunk.iter().map(|verdict| (verdict.id, verdict.kind)).collect();
        let ids = || ended.iter().map(|(id, _)| *id);
        leases.settle(ids());
        let mut arguments: Vec<Vec<u8>> = Vec::with_capacity(3 * chunk.len());
        for Verdict { id, kind, bytes } in chunk {
            arguments.extend([id.to_string().into(), kind.as_str().into(), bytes]);
        }
        let told = shared.on_reconnect.as_ref();
        // Repeated after a lost answer, it finds the jobs ended: they count as superseded then.
        let new = link.insist(stop, shared.lease, told, |connection| {
            call::<u64>(&shared.scripts.settle, &shared.keys, &arguments, connection)
        });
        let Ok(new) = new else {
            settled.unsettled += ended.len() as u64;
            leases.let_go(ids());
            continue;
        };
        for (_, kind) in &ended {
            match kind {
                Kind::Done => settled.done += 1,
                Kind::Panicked => settled.panicked += 1,
                Kind::Undecodable | Kind::Dead => settled.undecodable += 1,
            }
        }
        settled.superseded += (ended.len() as u64).saturating_sub(new);
        leases.let_go(ids());
    }
    settled
}
