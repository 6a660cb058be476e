//! Bodies that attract each other.

/// A body of some mass at a place.
pub(crate) struct Body {
    place: [f64; 3],
    mass: f64,
}

impl Body {
    /// A body of such numbers.
    pub(crate) fn new(mut number: impl FnMut() -> f64) -> Self {
        Self { place: [number(), number(), number()], mass: number() }
    }
}

/// How all bodies pull one of them.
pub(crate) fn pull(body: &Body, bodies: &[Body]) -> [f64; 3] {
    /// Keeps a body from pulling itself.
    const SOFTENING: f64 = 1e-6;
    let mut sum = [0.0; 3];
    for other in bodies {
        let way: [f64; 3] = std::array::from_fn(|axis| other.place[axis] - body.place[axis]);
        let square = way.iter().map(|x| x * x).sum::<f64>() + SOFTENING;
        let strength = other.mass / (square * square.sqrt());
        for (sum, way) in sum.iter_mut().zip(way) {
            *sum += strength * way;
        }
    }
    sum
}
