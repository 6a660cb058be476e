//! Brings the pool into the state that a cell wants it in, right before the call.

use std::sync::Arc;
use std::thread;

use crate::setup::{Target, Variant};
use crate::standing::{Circumstances, Standing, State};
use crate::world::{World, text};

impl World {
    pub(crate) fn prepare(self: &Arc<Self>) {
        match self.setup.variant {
            Variant::Plain => {}
            Variant::Full => self.fill(),
            Variant::Closed => self.handle().close(),
            Variant::Over => {
                self.release.open();
                self.handle().close();
                self.eventually(|| self.handle().stats().threads == 0);
            }
        }
        if self.place.standing == Standing::Outside {
            self.release_meanwhile();
        }
    }

    /// On another thread: makes the free workers busy, and the queue full.
    fn fill(self: &Arc<Self>) {
        let world = Arc::clone(self);
        let busy = self.held.get() + self.place.free.map_or(0, |free| free(self.threads())) as u64;
        let filler = thread::spawn(move || {
            world.eventually(|| {
                // First: a worker that takes its job after the queue was found full leaves room.
                let all_busy = world.held.get() >= busy;
                match world.handle().try_execute(world.counted_blocker()) {
                    Ok(_) => {
                        world.accepted.add();
                        false
                    }
                    Err(refused) if refused.is_full() => all_busy,
                    Err(error) => panic!("could not fill the queue: {error:?}"),
                }
            });
        });
        if let Err(payload) = filler.join() {
            self.fail(text(&*payload));
        }
    }

    fn counted_blocker(&self) -> impl FnOnce() + Send + 'static {
        let (ran, blocker) = (self.job(), self.blocker());
        move || {
            ran();
            blocker();
        }
    }

    /// On another thread: lets the workers go as soon as the call waits for room, or soon.
    fn release_meanwhile(self: &Arc<Self>) {
        let (world, handle) = (Arc::clone(self), self.handle());
        thread::spawn(move || {
            for _ in 0..100 {
                if world.called.is_open() || handle.stats().waiting_submitters > 0 {
                    break;
                }
                thread::yield_now();
            }
            world.release.open();
        });
    }

    pub(crate) fn circumstances(&self) -> Circumstances {
        if self.setup.target == Target::Second {
            return Circumstances {
                standing: Standing::Outside,
                state: State::Open,
                alone: false,
                room_may_come: false,
            };
        }
        let state = match self.setup.variant {
            Variant::Over => State::Over,
            Variant::Closed => State::Closed,
            _ if self.place.closed => State::Closed,
            Variant::Full => State::Full,
            Variant::Plain if self.place.full => State::Full,
            Variant::Plain => State::Open,
        };
        Circumstances {
            standing: self.place.standing,
            state,
            alone: (self.place.alone)(self.threads()),
            room_may_come: self.place.free.is_none(),
        }
    }
}
