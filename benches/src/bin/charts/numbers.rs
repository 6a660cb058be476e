//! How far the scale goes, and how numbers are written.

use indicatif::HumanFloatCount;

/// The values that may be drawn are up to so many times the one in the middle.
const REACH: f64 = 4.0;

/// Where bars are cut off so that a few long ones do not squash the rest: never ours, and nothing if
/// it would save little.
pub(crate) fn limit(mut all: Vec<f64>, ours: impl Iterator<Item = f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    let most = all.last().copied().unwrap_or(1.0);
    let middle = all.get(all.len() / 2).copied().unwrap_or(most);
    let limit = ours.fold(REACH * middle, |limit, own| limit.max(1.1 * own));
    if most <= 1.3 * limit { most } else { limit }
}

/// A number as people write it: `0.71`, `7.1`, `71`, `7,100`.
pub(crate) fn written(value: f64) -> String {
    let decimals = match value {
        value if value >= 9.95 => 0,
        value if value >= 0.995 => 1,
        _ => 2,
    };
    format!("{:.decimals$}", HumanFloatCount(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_bars_of_others_are_cut() {
        let limit = |all: &[f64], ours| limit(all.to_vec(), [ours].into_iter());
        assert_eq!(limit(&[10.0, 20.0, 30.0], 10.0), 30.0);
        assert_eq!(limit(&[10.0, 20.0, 900.0], 10.0), 80.0);
        assert!(limit(&[10.0, 20.0, 900.0, 5000.0, 10.0], 900.0) >= 900.0);
    }

    #[test]
    fn numbers_are_written_with_what_matters() {
        let values = [0.0, 2.0, 0.714, 7.14, 9.96, 71.4, 714.0, 7140.0, 1_234_567.0];
        let texts = ["0", "2", "0.71", "7.1", "10", "71", "714", "7,140", "1,234,567"];
        assert_eq!(values.map(written), texts);
    }
}
