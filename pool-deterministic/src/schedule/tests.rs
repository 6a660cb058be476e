//! Schedules by themselves, without a pool.

use super::*;
use std::sync::mpsc;
use std::thread;

type Script = Box<dyn FnOnce(&Schedule, usize) + Send>;

/// Plays a run whose threads do this, and returns how it ended, with the threads.
fn play(
    patience: Duration,
    scripts: Vec<Script>,
) -> (Result<(), String>, Vec<thread::JoinHandle<()>>) {
    let schedule = Schedule::new(0);
    // All are added before one has its turn.
    let numbered: Vec<_> = scripts.into_iter().map(|script| (schedule.add(), script)).collect();
    let start = |(number, script): (usize, Script)| {
        let schedule = Arc::clone(&schedule);
        thread::spawn(move || {
            schedule.await_turn(number);
            script(&schedule, number);
            schedule.end(number);
        })
    };
    let threads = numbered.into_iter().map(start).collect();
    (schedule.keep(patience), threads)
}

#[test]
fn a_thread_that_keeps_its_turn_is_stuck() {
    let (go_on, wait) = mpsc::channel();
    let stuck: Script = Box::new(move |_, _| wait.recv().unwrap());
    let (outcome, threads) = play(Duration::from_millis(1), vec![stuck]);
    assert_eq!(outcome, Err(STUCK.to_owned()));
    go_on.send(()).unwrap();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn threads_that_are_left_go_on_by_themselves() {
    let waits: Script = Box::new(|schedule, me| while schedule.wait(me, None) {});
    let body: Script = Box::new(|schedule, me| {
        schedule.offer(me);
        schedule.finish(Ok(()));
    });
    let (outcome, threads) = play(Duration::MAX, vec![body, waits]);
    assert_eq!(outcome, Ok(()));
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn time_moves_on_to_what_is_waited_for_first() {
    let sleep = |seconds| -> Script {
        Box::new(move |schedule, me| {
            let until = schedule.clock.now() + Duration::from_secs(seconds);
            while schedule.clock.now() < until {
                schedule.wait(me, Some(until));
            }
            assert_eq!(schedule.clock.now(), until);
        })
    };
    let sleepers = vec![sleep(3), sleep(1), sleep(2)];
    let (outcome, threads) = play(Duration::MAX, sleepers);
    assert_eq!(outcome, Err(DEADLOCK.to_owned()), "no body ends it");
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn a_chain_of_looks_is_no_deadlock() {
    const LINKS: usize = 8;
    let reached = Arc::new(Mutex::new(0));
    let link = |link| -> Script {
        let reached = Arc::clone(&reached);
        Box::new(move |schedule, me| {
            // Nothing but waits: the one whose turn it is makes it the next one's.
            for round in 0..2 {
                while *reached.lock().unwrap() != round * LINKS + link {
                    schedule.wait(me, None);
                }
                *reached.lock().unwrap() += 1;
            }
            if link == LINKS - 1 {
                schedule.finish(Ok(()));
            }
        })
    };
    let (outcome, threads) = play(Duration::MAX, (0..LINKS).map(link).collect());
    assert_eq!(outcome, Ok(()));
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}
