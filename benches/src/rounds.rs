//! Rounds in which everybody takes a turn.

/// Runs rounds until `enough` says so, which is told how many there were. `run` gives one contestant a
/// turn and measures it. What each measured, round by round; not what the first turns did, which start
/// the threads and fill the caches.
///
/// # Errors
///
/// The first that a turn ends in.
pub fn run<E>(
    contestants: usize,
    mut enough: impl FnMut(usize) -> bool,
    mut run: impl FnMut(usize) -> Result<f64, E>,
) -> Result<Vec<Vec<f64>>, E> {
    (0..contestants).try_for_each(|who| run(who).map(drop))?;
    let mut rounds = vec![Vec::new(); contestants];
    for round in (0..).take_while(|&round| !enough(round)) {
        for who in order(round, contestants) {
            rounds[who].push(run(who)?);
        }
    }
    Ok(rounds)
}

/// The order of a round: each second one runs backwards, and then another contestant begins, so
/// nobody always comes first, or after the same one.
fn order(round: usize, contestants: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..contestants).collect();
    order.rotate_left((round / 2) % contestants.max(1));
    if round % 2 == 1 {
        order.reverse();
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_turns_do_not_count() {
        let mut turns = Vec::new();
        let taken = run(
            2,
            |rounds| rounds == 2,
            |who| {
                turns.push(who);
                Ok::<_, ()>(turns.len() as f64)
            },
        );
        assert_eq!(turns, [0, 1, 0, 1, 1, 0]);
        assert_eq!(taken, Ok(vec![vec![3.0, 6.0], vec![4.0, 5.0]]));
        assert_eq!(run(2, |_| false, |_| Err("fails")), Err("fails"));
    }

    #[test]
    fn everybody_is_as_often_first_as_last() {
        for contestants in 1..6 {
            let mut ends = vec![(0, 0); contestants];
            for round in 0..2 * contestants {
                let order = order(round, contestants);
                ends[order[0]].0 += 1;
                ends[order[contestants - 1]].1 += 1;
            }
            assert!(ends.iter().all(|ends| *ends == (2, 2)), "{ends:?}");
        }
    }
}
