//! Medians and quartiles.

/// The numbers of some rounds in short.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// The lower quartile: a quarter of them are less.
    pub low: f64,
    /// The one in the middle.
    pub median: f64,
    /// The upper quartile: a quarter of them are more.
    pub high: f64,
}

impl Summary {
    /// The quartiles. Not a number if there are none.
    #[must_use]
    pub fn of(numbers: &[f64]) -> Self {
        let mut sorted = numbers.to_vec();
        sorted.sort_by(f64::total_cmp);
        let [low, median, high] = [0.25, 0.5, 0.75].map(|share| quantile(&sorted, share));
        Self { low, median, high }
    }
}

/// The number below which this share of the sorted numbers lies, between two of them if need be.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = last as f64 * share;
    let below = sorted[place.floor() as usize];
    let above = sorted[place.ceil() as usize];
    below + (above - below) * place.fract()
}

/// The median of the ratios of each round to the same round of the other.
#[must_use]
pub fn median_ratio(rounds: &[f64], other: &[f64]) -> f64 {
    let ratios: Vec<f64> = rounds.iter().zip(other).map(|(ours, theirs)| ours / theirs).collect();
    Summary::of(&ratios).median
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles() {
        let odd = Summary::of(&[5.0, 1.0, 3.0, 2.0, 4.0]);
        assert_eq!(odd, Summary { low: 2.0, median: 3.0, high: 4.0 });
        let even = Summary::of(&[4.0, 1.0, 2.0, 3.0]);
        assert_eq!(even, Summary { low: 1.75, median: 2.5, high: 3.25 });
        let one = Summary::of(&[7.0]);
        assert_eq!(one, Summary { low: 7.0, median: 7.0, high: 7.0 });
        assert!(Summary::of(&[]).median.is_nan());
    }

    #[test]
    fn ratios_are_taken_within_rounds() {
        // The machine was ten times slower in the last round, for both.
        assert_eq!(median_ratio(&[1.0, 1.2, 10.0], &[2.0, 2.0, 20.0]), 0.5);
    }
}
