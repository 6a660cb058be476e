//! From numbers to places.

/// The values that may be drawn are up to so many times the one in the middle.
const REACH: f64 = 4.0;

/// Maps values to pixels.
#[derive(Clone, Copy)]
pub(crate) struct Scale {
    values: (f64, f64),
    pixels: (i32, i32),
    logarithmic: bool,
}

impl Scale {
    /// From zero to `most`.
    pub(crate) fn linear(most: f64, pixels: (i32, i32)) -> Self {
        Self { values: (0.0, most), pixels, logarithmic: false }
    }

    /// Between two positive values: what is so many times as much is as far away everywhere.
    pub(crate) fn logarithmic(values: (f64, f64), pixels: (i32, i32)) -> Self {
        Self { values: (values.0.ln(), values.1.ln()), pixels, logarithmic: true }
    }

    /// Where a value is.
    pub(crate) fn at(&self, value: f64) -> i32 {
        let value = if self.logarithmic { value.ln() } else { value };
        let (low, high) = self.values;
        // A single value lies in the middle.
        let part = if high > low { (value - low) / (high - low) } else { 0.5 };
        let (from, to) = self.pixels;
        from + (part * f64::from(to - from)).round() as i32
    }
}

/// Round values from 0 up to `most`, five or so.
pub(crate) fn ticks(most: f64) -> Vec<f64> {
    let least = most / 6.0;
    let step = rounds(least).find(|step| *step >= least).unwrap_or(most);
    // A little more, for what is lost in the sum.
    (0..).map(|n| f64::from(n) * step).take_while(|tick| *tick <= most * 1.000_001).collect()
}

/// Round values between two positive ones.
pub(crate) fn ticks_between(low: f64, high: f64) -> Vec<f64> {
    rounds(low).skip_while(|tick| *tick < low).take_while(|tick| *tick <= high).collect()
}

/// 1, 2 and 5 times the powers of ten, from some that are below `low`.
fn rounds(low: f64) -> impl Iterator<Item = f64> {
    let exponent = if low > 0.0 { low.log10().floor() as i32 } else { 0 };
    (exponent..=exponent + 15)
        .flat_map(|exponent| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(exponent)))
}

/// Where bars are cut off so that a few long ones do not squash the rest: never ours, and nothing if
/// it would save little.
pub(crate) fn limit(all: &[f64], ours: &[f64]) -> f64 {
    let mut sorted = all.to_vec();
    sorted.sort_by(f64::total_cmp);
    let most = sorted.last().copied().unwrap_or(1.0);
    let middle = sorted.get(sorted.len() / 2).copied().unwrap_or(most);
    let limit = ours.iter().fold(REACH * middle, |limit, own| limit.max(1.1 * own));
    if most <= 1.3 * limit { most } else { limit }
}

/// A number as people write it: `0.71`, `7.1`, `71`, `7,100`.
pub(crate) fn written(value: f64) -> String {
    let decimals = match value.abs() {
        size if size.fract() == 0.0 || size >= 9.95 => 0,
        size if size >= 0.995 => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    if decimals > 0 {
        return text;
    }
    let digits = text.len();
    let mut grouped = String::new();
    for (place, digit) in text.chars().enumerate() {
        if place > 0 && (digits - place) % 3 == 0 && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_scale_begins_at_zero() {
        let scale = Scale::linear(200.0, (100, 300));
        assert_eq!([0.0, 50.0, 200.0].map(|value| scale.at(value)), [100, 150, 300]);
    }

    #[test]
    fn a_logarithmic_scale_keeps_ratios() {
        let scale = Scale::logarithmic((10.0, 1000.0), (400, 200));
        assert_eq!([10.0, 100.0, 1000.0].map(|value| scale.at(value)), [400, 300, 200]);
        assert_eq!(Scale::logarithmic((7.0, 7.0), (0, 10)).at(7.0), 5);
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks(230.0), [0.0, 50.0, 100.0, 150.0, 200.0]);
        assert_eq!(ticks(6.0), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(ticks_between(30.0, 600.0), [50.0, 100.0, 200.0, 500.0]);
    }

    #[test]
    fn only_long_bars_of_others_are_cut() {
        assert_eq!(limit(&[10.0, 20.0, 30.0], &[10.0]), 30.0);
        assert_eq!(limit(&[10.0, 20.0, 900.0], &[10.0]), 80.0);
        assert!(limit(&[10.0, 20.0, 900.0, 5000.0, 10.0], &[900.0]) >= 900.0);
    }

    #[test]
    fn numbers_are_written_with_what_matters() {
        let values = [0.0, 2.0, 0.714, 7.14, 9.96, 71.4, 714.0, 7140.0, 1_234_567.0, -1234.0];
        let texts = ["0", "2", "0.71", "7.1", "10", "71", "714", "7,140", "1,234,567", "-1,234"];
        assert_eq!(values.map(written), texts);
    }
}
