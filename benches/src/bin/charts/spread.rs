//! Labels that do not overlap.

/// Moves places, which are in order, apart until each is `gap` behind the one before and all are
/// between `first` and `last`, if there is room. No place is moved farther than it must be.
pub(crate) fn spread(wanted: &[i32], gap: i32, (first, last): (i32, i32)) -> Vec<i32> {
    // Groups that touch: how many, and the sum of the places at which each group's first one would
    // have its members where they want to be.
    let mut groups: Vec<(i32, i32)> = Vec::new();
    for (place, &wanted) in (0..).zip(wanted) {
        groups.push((1, wanted - place * gap));
        while let [.., (before, sum), (count, other)] = groups[..]
            && sum * count > other * before
        {
            groups.pop();
            groups.pop();
            groups.push((before + count, sum + other));
        }
    }
    let most = last - gap * (wanted.len() as i32 - 1);
    let starts = groups.into_iter().flat_map(|(count, sum)| (0..count).map(move |_| sum / count));
    let starts = starts.map(|start| start.min(most).max(first));
    (0..).zip(starts).map(|(place, start)| start + place * gap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_far_apart_stay() {
        assert_eq!(spread(&[10, 40, 90], 20, (0, 100)), [10, 40, 90]);
        assert!(spread(&[], 20, (0, 100)).is_empty());
    }

    #[test]
    fn places_close_together_move_apart_evenly() {
        assert_eq!(spread(&[50, 50], 20, (0, 100)), [40, 60]);
        assert_eq!(spread(&[10, 50, 52, 54], 20, (0, 100)), [10, 32, 52, 72]);
    }

    #[test]
    fn nothing_leaves_the_edges() {
        assert_eq!(spread(&[0, 1], 20, (0, 100)), [0, 20]);
        assert_eq!(spread(&[97, 99], 20, (0, 100)), [80, 100]);
    }
}
