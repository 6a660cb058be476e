//! What the users of other pools rely on, written anew for this one: each test bears the name that
//! its idea has in the suite it comes from, and runs on every backend, with 1, 2 and 8 workers,
//! bounded and not.
#![cfg(all(feature = "crossbeam", feature = "flume", feature = "std-only"))]

#[path = "ported/setup.rs"]
#[macro_use]
mod setup;

#[path = "ported/held.rs"]
mod held;

#[path = "ported/threadpool.rs"]
mod threadpool;

#[path = "ported/threadpool_join.rs"]
mod threadpool_join;

#[path = "ported/executors.rs"]
mod executors;

#[path = "ported/executors_shutdown.rs"]
mod executors_shutdown;

#[path = "ported/rayon_config.rs"]
mod rayon_config;

#[path = "ported/rayon_join.rs"]
mod rayon_join;

#[path = "ported/rayon_nest.rs"]
mod rayon_nest;

#[path = "ported/rayon_order.rs"]
mod rayon_order;

#[path = "ported/rayon_pool.rs"]
mod rayon_pool;

#[path = "ported/rayon_scope.rs"]
mod rayon_scope;

#[path = "ported/rayon_scope_crew.rs"]
mod rayon_scope_crew;

#[path = "ported/rayon_spawn.rs"]
mod rayon_spawn;

#[path = "ported/rayon_tools.rs"]
mod rayon_tools;

#[path = "ported/waiting.rs"]
mod waiting;
