//! Work that takes a known time.

use std::hint;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What [`microsecond`] is to take.
pub const TARGET: Duration = Duration::from_nanos(1_090);

/// After new threads are started, until they are measured: the system may have put two of them on
/// one core, and moves one away when it sees both busy.
const SETTLE: Duration = Duration::from_millis(10);

/// How often the chain goes on.
static LINKS: LazyLock<u32> = LazyLock::new(|| {
    let links = 200_000;
    let nanos = time(links).as_nanos().max(1);
    (u128::from(links) * TARGET.as_nanos() / nanos).max(1) as u32
});

/// How many of so many workers run at once: each core runs one.
#[must_use]
pub fn running(workers: usize) -> usize {
    workers.min(thread::available_parallelism().map_or(1, usize::from)).max(1)
}

/// Works for about [`TARGET`], by what this processor did when it was first asked.
#[inline]
#[must_use]
pub fn microsecond(seed: u64) -> u64 {
    chain(seed, *LINKS)
}

/// How many steps [`microsecond`] has, for programs in other languages that are to do the same.
#[must_use]
pub fn steps() -> u32 {
    *LINKS
}

/// What [`microsecond`] takes on one thread, undisturbed.
#[must_use]
pub fn taken() -> Duration {
    const TIMES: u32 = 1_000;

    let times = |_| {
        let start = Instant::now();
        (0..TIMES).for_each(|n| _ = hint::black_box(microsecond(n.into())));
        start.elapsed() / TIMES
    };
    (0..10).map(times).min().unwrap_or_default()
}

/// How long some threads, busy at the same time, take for so many [`microsecond`]s between them. There
/// is no pool, so this is what a pool would take that takes no time at all. It is more than what one
/// thread takes, divided by their number, since busy cores slow one another down.
#[must_use]
pub fn shared_out(jobs: usize, threads: usize) -> Duration {
    /// A thread takes so many jobs at a time, so counting them costs next to nothing. One that is
    /// held up takes fewer than the others, as in a pool.
    const SHARE: usize = 16;

    let (begin, next) = (Instant::now() + SETTLE, AtomicUsize::new(0));
    let ready = AtomicUsize::new(0);
    let work = || {
        ready.fetch_add(1, Ordering::AcqRel);
        // Nobody sleeps here: waking up would count as work.
        while ready.load(Ordering::Acquire) < threads || Instant::now() < begin {
            hint::spin_loop();
        }
        let start = Instant::now();
        loop {
            let first = next.fetch_add(SHARE, Ordering::Relaxed);
            if first >= jobs {
                return (start, Instant::now());
            }
            let these = first..jobs.min(first + SHARE);
            these.for_each(|n| _ = hint::black_box(microsecond(n as u64)));
        }
    };
    let times: Vec<(Instant, Instant)> = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        // This thread is one of them, rather than one more to find a core for.
        let own = work();
        let others = others.into_iter().map(|thread| thread.join().expect("no panic"));
        others.chain([own]).collect()
    });
    let start = times.iter().map(|(start, _)| *start).min();
    let end = times.iter().map(|(_, end)| *end).max();
    start.zip(end).map_or(Duration::ZERO, |(start, end)| end - start)
}

/// The least time of some, since others can only disturb.
fn time(links: u32) -> Duration {
    let once = |n| {
        let start = Instant::now();
        hint::black_box(chain(n, links));
        start.elapsed()
    };
    (0..20).map(once).min().unwrap_or_default()
}

/// A number that depends on each step before. The shift keeps the compiler from making one step of
/// several. Never inlined: all contestants and the floor then run the same instructions, at the same
/// address, which alone can make a loop 5 % faster or slower.
#[inline(never)]
fn chain(seed: u64, links: u32) -> u64 {
    let mut number = hint::black_box(seed);
    for _ in 0..hint::black_box(links) {
        number = (number ^ (number >> 29)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_link_counts() {
        let numbers = [0, 1, 2, 3].map(|links| chain(1, links));
        assert!(numbers.windows(2).all(|pair| pair[0] != pair[1]));
        assert_ne!(microsecond(1), microsecond(2));
        assert!(taken() > Duration::ZERO);
    }

    #[test]
    fn the_work_ends_on_any_number_of_threads() {
        for (jobs, threads) in [(1, 1), (1, 2), (100, 2), (1_000, 5)] {
            assert!(shared_out(jobs, threads) > Duration::ZERO);
        }
    }
}
