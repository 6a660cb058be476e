//! A picture of the Mandelbrot set, row by row: some rows take far longer than others.

use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::rounds::{Run, Table, Way};
use crate::{Plan, rounds};

/// The width and the height of the picture.
const SIDE: usize = 1024;
/// After so many steps a point counts as one of the set.
const STEPS: u16 = 256;

/// Paints the picture in all ways.
pub(crate) fn compare(plan: &Plan) -> Run<Table> {
    let (ours, rayon) = (plan.ours()?, plan.rayon()?);
    let ways = [
        way(plan.our_name(), |picture| {
            let painted = ours.install(|| {
                ours.scope(|scope| {
                    for (y, row) in picture.chunks_mut(SIDE).enumerate() {
                        scope.spawn(move || paint(y, row));
                    }
                });
            });
            Ok(painted.map_err(|refused| refused.to_string())?)
        }),
        way("rayon", |picture| {
            rayon.scope(|scope| {
                for (y, row) in picture.chunks_mut(SIDE).enumerate() {
                    scope.spawn(move |_| paint(y, row));
                }
            });
            Ok(())
        }),
        way("threads", |picture| {
            by_hand(picture, plan.workers);
            Ok(())
        }),
    ];
    let task = format!("Mandelbrot set, {SIDE} rows");
    rounds::compare(plan, &task, || vec![0; SIDE * SIDE], &ways)
}

/// A way to paint an empty picture.
fn way<'a>(
    name: impl Into<String>,
    paint_all: impl Fn(&mut [u16]) -> Run<()> + 'a,
) -> Way<'a, Vec<u16>, Vec<u16>> {
    Way::new(name, move |mut picture: Vec<u16>| paint_all(&mut picture).map(|()| picture))
}

/// By hand: each thread takes the next row when it is done with one.
fn by_hand(picture: &mut [u16], workers: usize) {
    let rows = Mutex::new(picture.chunks_mut(SIDE).enumerate());
    let next = || rows.lock().unwrap_or_else(PoisonError::into_inner).next();
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((y, row)) = next() {
                    paint(y, row);
                }
            });
        }
    });
}

fn paint(y: usize, row: &mut [u16]) {
    let place = |pixel: usize, from: f64| from + 3.0 * pixel as f64 / SIDE as f64;
    for (x, pixel) in row.iter_mut().enumerate() {
        *pixel = steps(place(x, -2.2), place(y, -1.5));
    }
}

/// After how many steps a point leaves the circle around the set.
fn steps(x: f64, y: f64) -> u16 {
    let (mut re, mut im) = (0.0_f64, 0.0_f64);
    for step in 0..STEPS {
        let (re2, im2) = (re * re, im * im);
        if re2 + im2 > 4.0 {
            return step;
        }
        (re, im) = (re2 - im2 + x, 2.0 * re * im + y);
    }
    STEPS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_set_is_where_it_is() {
        assert_eq!([steps(0.0, 0.0), steps(-1.0, 0.0)], [STEPS, STEPS]);
        assert_eq!([steps(2.0, 2.0), steps(-2.2, 1.5)], [1, 1]);
    }
}
