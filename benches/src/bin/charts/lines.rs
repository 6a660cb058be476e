//! Lines over a logarithmic axis, each with its name at its end.

use plotters::style::RGBColor;

use crate::canvas::{Canvas, Drawn, FOOT, HEAD, Ink, MARGIN, TEXT, WIDTH, width};
use crate::scale::{Scale, ticks_between, written};
use crate::spread::spread;
use crate::theme::Theme;

const HEIGHT: i32 = 560;
const BOTTOM: i32 = HEIGHT - FOOT - 50;
/// What the numbers of the vertical axis take.
const LEFT: i32 = MARGIN + 56;
/// From one name to the next.
const LABEL: i32 = 19;
/// From a line's end to its name.
const LEADER: i32 = 26;

/// Lines, and what is written around them.
pub(crate) struct Lines {
    pub(crate) title: String,
    pub(crate) explanation: String,
    /// What is below the horizontal axis.
    pub(crate) axis: String,
    pub(crate) lines: Vec<Line>,
    /// At the very bottom.
    pub(crate) note: String,
}

/// One name and its points, from the left to the right.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) ours: bool,
    pub(crate) points: Vec<(f64, f64)>,
}

/// From values to places.
struct Axes {
    x: Scale,
    y: Scale,
    right: i32,
}

impl Lines {
    /// Width and height.
    pub(crate) fn size(&self) -> (u32, u32) {
        (WIDTH as u32, HEIGHT as u32)
    }

    /// Draws all of it.
    pub(crate) fn draw(&self, canvas: &Canvas) -> Drawn {
        canvas.head(&self.title, &self.explanation)?;
        let names = self.lines.iter().map(|line| width(&line.name, TEXT)).max().unwrap_or(0);
        let right = WIDTH - MARGIN - LEADER - names;
        let axes = Axes {
            x: Scale::logarithmic(self.span(|point| point.0), (LEFT + 10, right - 10)),
            y: Scale::logarithmic(self.span(|point| point.1), (BOTTOM - 10, HEAD + 20)),
            right,
        };
        self.grid(canvas, &axes)?;
        let colors = self.colors(canvas.theme);
        // Ours last, on top of the others.
        for ours in [false, true] {
            for (line, color) in
                self.lines.iter().zip(&colors).filter(|(line, _)| line.ours == ours)
            {
                line.draw(canvas, &axes, *color)?;
            }
        }
        self.names(canvas, &axes, &colors)?;
        canvas.foot(HEIGHT, &self.note)
    }

    /// The least and the greatest value.
    fn span(&self, of: impl Fn(&(f64, f64)) -> f64) -> (f64, f64) {
        let values = self.lines.iter().flat_map(|line| &line.points).map(of);
        values.fold((f64::MAX, f64::MIN_POSITIVE), |(low, high), value| {
            (low.min(value), high.max(value))
        })
    }

    fn colors(&self, theme: &Theme) -> Vec<RGBColor> {
        let mut ours = theme.ours.iter().cycle();
        let mut peers = theme.peers.iter().cycle();
        let color = |line: &Line| if line.ours { ours.next() } else { peers.next() };
        self.lines.iter().map(color).map(|color| *color.unwrap_or(&theme.text)).collect()
    }

    fn grid(&self, canvas: &Canvas, axes: &Axes) -> Drawn {
        let theme = canvas.theme;
        let ink = Ink::new(theme.faint).size(TEXT - 2);
        let (low, high) = self.span(|point| point.1);
        for tick in ticks_between(low, high) {
            let y = axes.y.at(tick);
            canvas.line(vec![(LEFT, y), (axes.right, y)], theme.grid, 1)?;
            canvas.text(&written(tick), (LEFT - 8, y), ink.before())?;
        }
        let (low, high) = self.span(|point| point.0);
        // Powers of ten alone: they are far enough apart for their names.
        let powers = |tick: &f64| tick.log10().fract().abs() < 1e-9;
        for tick in ticks_between(low, high).into_iter().filter(powers) {
            let x = axes.x.at(tick);
            canvas.line(vec![(x, HEAD + 6), (x, BOTTOM + 4)], theme.grid, 1)?;
            canvas.text(&written(tick), (x, BOTTOM + 14), ink.centered())?;
        }
        canvas.line(
            vec![(LEFT, HEAD + 6), (LEFT, BOTTOM), (axes.right, BOTTOM)],
            theme.faint,
            1,
        )?;
        canvas.text(&self.axis, (LEFT, BOTTOM + 36), ink)
    }

    /// Writes each name behind the end of its line, with a thin line to it where it had to be moved.
    fn names(&self, canvas: &Canvas, axes: &Axes, colors: &[RGBColor]) -> Drawn {
        let mut ends: Vec<_> = self
            .lines
            .iter()
            .zip(colors)
            .filter_map(|(line, color)| {
                let (x, y) = *line.points.last()?;
                Some(((axes.x.at(x), axes.y.at(y)), line, *color))
            })
            .collect();
        ends.sort_by_key(|((_, y), ..)| *y);
        let wanted: Vec<_> = ends.iter().map(|((_, y), ..)| *y).collect();
        let places = spread(&wanted, LABEL, (HEAD + 6, BOTTOM));
        for (((x, y), line, color), place) in ends.into_iter().zip(places) {
            let label = axes.right + LEADER - 8;
            // A line that ends early must not seem to go on.
            canvas.line(vec![(x + 5, y), (axes.right, y)], canvas.theme.grid, 1)?;
            canvas.line(vec![(axes.right, y), (label, place)], color, 1)?;
            let ink = Ink::new(color).bold(line.ours);
            canvas.text(&line.name, (label + 5, place), ink)?;
        }
        Ok(())
    }
}

impl Line {
    fn draw(&self, canvas: &Canvas, axes: &Axes, color: RGBColor) -> Drawn {
        let points: Vec<_> =
            self.points.iter().map(|(x, y)| (axes.x.at(*x), axes.y.at(*y))).collect();
        for point in &points {
            canvas.dot(*point, color, if self.ours { 4 } else { 2 })?;
        }
        canvas.line(points, color, if self.ours { 3 } else { 1 })
    }
}
