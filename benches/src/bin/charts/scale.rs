//! From numbers to places.

/// The values that may be drawn are up to so many times the one in the middle.
const REACH: f64 = 4.0;

/// Maps values, from zero on, to pixels.
#[derive(Clone, Copy)]
pub(crate) struct Scale {
    pub(crate) most: f64,
    pub(crate) pixels: (i32, i32),
}

impl Scale {
    /// Where a value is; what is too large is at the end.
    pub(crate) fn at(&self, value: f64) -> i32 {
        let (from, to) = self.pixels;
        from + (value.min(self.most) / self.most * f64::from(to - from)).round() as i32
    }

    /// Round values from zero on, five or so.
    pub(crate) fn ticks(&self) -> Vec<f64> {
        let least = self.most / 6.0;
        let power = 10_f64.powf(least.log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * power);
        let step = steps.into_iter().find(|step| *step >= least).unwrap_or(self.most);
        // A little more, for what is lost in the sum.
        let most = self.most * 1.000_001;
        (0..).map(|n| f64::from(n) * step).take_while(|tick| *tick <= most).collect()
    }
}

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
        value if value.fract() == 0.0 || value >= 9.95 => 0,
        value if value >= 0.995 => 1,
        _ => 2,
    };
    let mut text = format!("{value:.decimals$}");
    if decimals == 0 {
        let places = (1..text.len()).rev().filter(|place| (text.len() - place) % 3 == 0);
        places.collect::<Vec<_>>().into_iter().for_each(|place| text.insert(place, ','));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_begins_at_zero_and_has_round_ticks() {
        let scale = Scale { most: 230.0, pixels: (100, 330) };
        assert_eq!([0.0, 50.0, 999.0].map(|value| scale.at(value)), [100, 150, 330]);
        assert_eq!(scale.ticks(), [0.0, 50.0, 100.0, 150.0, 200.0]);
        let scale = Scale { most: 6.0, pixels: (0, 1) };
        assert_eq!(scale.ticks(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    }

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
