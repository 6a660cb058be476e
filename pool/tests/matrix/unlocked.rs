//! While foreign code runs, the pool serves others: no lock of the pool is held there.

use std::sync::{Arc, mpsc};
use std::thread;

use drainpool::{Backend, WhenFull};
use pool_conformance::Latch;

use crate::calls::Ctx;
use crate::place::Place;
use crate::run::{self, Cell, watchdog};
use crate::setup::{Setup, Target, Variant};
use crate::world::{Outcome, World};

type Deed = (&'static str, fn(&Arc<World>));

/// What another thread does meanwhile.
const DEEDS: &[Deed] = &[
    ("stats", |world| {
        let _ = world.handle().stats();
    }),
    ("try_execute", |world| {
        if world.handle().try_execute(world.job()).is_ok() {
            world.accepted.add();
        }
    }),
    ("spawn, cancel", |world| {
        if let Ok(job) = world.handle().try_spawn(|| ()) {
            job.cancel();
        }
    }),
    ("pause, resume", |world| {
        world.handle().pause();
        world.handle().resume();
    }),
    ("set_num_threads", |world| {
        let pool = world.handle();
        pool.set_num_threads(1).and_then(|()| pool.set_num_threads(pool.max_threads())).unwrap();
    }),
    ("execute, RunHere", |world| {
        if world.handle().with(WhenFull::RunHere).execute(world.job()).is_ok() {
            world.accepted.add();
        }
    }),
    ("spawn, RunHere", |world| drop(world.handle().with(WhenFull::RunHere).spawn(|| ()))),
    ("scope", |world| world.handle().scope(|scope| scope.spawn(|| ()))),
    (RUN, |world| {
        let ran = Latch::default();
        let run = ran.clone();
        if world.handle().try_execute(move || run.open()).is_ok() && another_is_free(world) {
            ran.wait();
        }
    }),
    ("wait_idle_timeout", |world| {
        let _ = world.handle().wait_idle_timeout(std::time::Duration::ZERO);
    }),
    ("close", |world| world.handle().close()),
];

const RUN: &str = "a job on another worker";

/// Those that start the first worker, if there is none.
const SUBMITS: [&str; 5] =
    ["try_execute", "spawn, cancel", "execute, RunHere", "spawn, RunHere", RUN];

/// Those that need a clone of the sink as well, and the place where another thread makes one: the
/// original is cloned by one thread at a time.
const CLONES: [&str; 2] = ["execute, RunHere", "spawn, RunHere"];
const CLONED: &str = "sink_clone_outside";

fn another_is_free(world: &World) -> bool {
    world.place.free.is_some_and(|free| free(world.threads()) > 0)
}

/// Makes the place wait until another thread has done all of it.
pub(crate) fn check(place: Place) {
    let threads = place.min_threads.max(2);
    let cells = Backend::available().iter().map(|&backend| {
        let (variant, target) = (Variant::Plain, Target::Own);
        let setup = Setup { backend, threads, variant, target };
        Cell::with_call(place, "others meanwhile", Arc::new(meanwhile), setup)
    });
    run::check(place.name, cells.collect());
}

fn meanwhile(ctx: &Ctx) -> Outcome {
    // The first worker's start is what any submit waits for.
    let alone = (ctx.world.place.alone)(ctx.world.threads());
    let (done, doing) = mpsc::channel();
    let world = Arc::clone(&ctx.world);
    thread::spawn(move || {
        for (name, deed) in DEEDS {
            let starts_a_worker = alone && SUBMITS.contains(name);
            let clones = world.place.name == CLONED && CLONES.contains(name);
            if !starts_a_worker && !clones {
                deed(&world);
            }
            let _ = done.send(());
        }
    });
    for (name, _) in DEEDS {
        if doing.recv_timeout(watchdog() / 2).is_err() {
            return Err(format!("{name} on another thread waits for the place"));
        }
    }
    Ok(())
}
