//! Rounds in which everybody takes a turn.

/// The order of a round: each second one runs backwards, and then another contestant begins, so
/// nobody always comes first, or after the same one.
#[must_use]
pub fn order(round: usize, contestants: usize) -> Vec<usize> {
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
    fn the_order_changes() {
        assert_eq!(order(0, 3), [0, 1, 2]);
        assert_eq!(order(1, 3), [2, 1, 0]);
        assert_eq!(order(2, 3), [1, 2, 0]);
        assert!(order(1, 0).is_empty());
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
