//! Queues and workers, against a server that each test starts for itself. Without `redis-server` they say so and do
//! nothing.

mod chaos;
mod held;
mod outages;
mod proxy;
mod queues;
mod server;
mod stuck;
mod workers;
