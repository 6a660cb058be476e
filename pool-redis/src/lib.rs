//! The jobs of a pool on Redis Streams: the same handler, on any number of machines.
//!
//! A program [pushes](RedisQueue::push) jobs to a [`RedisQueue`], any number of [`Worker`]s run them, and any program
//! reads the [results](RedisQueue::results). A worker is an ordinary pool of `drainpool`: its threads, backend, hooks
//! and observers are what they are without a server. The queue lies in a Redis server, 7.0 or later, or one of its
//! kind, such as Valkey.
//!
//! Most users enable the feature `redis` of the facade crate `drainpool`, which has this as its module `redis`.
//!
//! # The promise
//!
//! Every job for which a push returned `Ok` gets exactly one [`Outcome`]: a result, a panic, or, when it was
//! delivered as often as the queue allows, that it is dead. The workers leave once the queue is closed and every accepted job
//! has its outcome. A handler runs at least once before there is a result; after a crash or a stall it may run again,
//! even at the same time, so what it does to the world must be the same if it is done twice.
//!
//! That holds through crashes and stalls of workers and through cuts of the network, as long as the server keeps what it
//! acknowledged. One server with `appendonly yes` and `appendfsync always` does. One with `everysec` may lose the last
//! second when its machine fails; a server that fails over to a replica may lose accepted jobs.
//!
//! Not promised: that no job runs twice, the order of the results, and that no handler is at work any more when the
//! queue is drained: it may be one whose job another worker has ended.
//!
//! # Examples
//!
//! A worker and a submitter, here in one program, elsewhere in two:
//!
//! ```no_run
//! use std::thread;
//! use drainpool::ThreadPoolBuilder;
//! use drainpool::redis::{Outcome, QueueOptions, RedisQueue, Worker, WorkerEnd};
//!
//! let address = "redis://127.0.0.1";
//! let queue: RedisQueue<String, usize> = RedisQueue::open(address, "words", QueueOptions::new())?;
//! let worker = Worker::new(&queue);
//! let at_work = thread::spawn(move || {
//!     worker.run(ThreadPoolBuilder::new(), |_thread| |word: String| word.len())
//! });
//! queue.push_batch(["one", "three"].map(String::from))?;
//! queue.close()?;
//! for ended in queue.results() {
//!     match ended?.outcome {
//!         Outcome::Done(length) => println!("{length} letters"),
//!         failed => println!("{failed:?}"),
//!     }
//! }
//! assert_eq!(at_work.join().unwrap()?.end, WorkerEnd::Drained);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod codec;
mod dead;
mod delivery;
mod entry;
mod error;
mod hand;
mod id;
mod keys;
mod leases;
mod link;
mod options;
mod outcome;
mod puller;
mod push;
mod queue;
mod reconnect;
mod report;
mod results;
mod scripts;
mod server;
mod settler;
mod shards;
mod shared;
mod stats;
mod stop;
mod worker;

pub use codec::{Codec, Json};
pub use dead::DeadJob;
pub use delivery::{Delivery, current_delivery};
pub use error::{Error, OpenError, PushBatchError, PushError, PushRefusal};
pub use id::{ParseIdError, StreamId};
pub use options::QueueOptions;
pub use outcome::{Ended, Failed, Outcome};
pub use push::Pushed;
pub use queue::RedisQueue;
pub use reconnect::Reconnect;
pub use report::{WorkerEnd, WorkerError, WorkerReport};
pub use results::Results;
pub use shards::RedisShards;
pub use stats::{QueueState, QueueStats};
pub use worker::{Stopper, Worker};
