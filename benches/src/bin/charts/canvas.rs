//! What is drawn on, and with.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::theme::Theme;

/// A chart that can not be drawn.
pub(crate) type DrawError =
    DrawingAreaErrorKind<<SVGBackend<'static> as DrawingBackend>::ErrorType>;

/// How a piece of drawing went.
pub(crate) type Drawn = Result<(), DrawError>;

/// From the left and from the top, in pixels.
pub(crate) type Point = (i32, i32);

/// The width of all charts.
pub(crate) const WIDTH: i32 = 960;
/// What is left free around them.
pub(crate) const MARGIN: i32 = 24;
/// The size of most texts.
pub(crate) const TEXT: i32 = 13;
/// Where the title and what explains it end.
pub(crate) const HEAD: i32 = 74;
/// What the note at the bottom takes.
pub(crate) const FOOT: i32 = 34;

/// How much wider than it is this library takes a font to be high.
const FONT_SIZE: f64 = 1.24;

/// A surface with a theme.
pub(crate) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
    pub(crate) theme: &'static Theme,
}

/// How a text looks, and on which side of its point it is.
#[derive(Clone, Copy)]
pub(crate) struct Ink {
    pub(crate) color: RGBColor,
    pub(crate) size: i32,
    pub(crate) bold: bool,
    pub(crate) side: HPos,
}

impl Ink {
    /// A text of the usual size, to the right of its point.
    pub(crate) fn new(color: RGBColor) -> Self {
        Self { color, size: TEXT, bold: false, side: HPos::Left }
    }

    pub(crate) fn size(self, size: i32) -> Self {
        Self { size, ..self }
    }

    pub(crate) fn bold(self, bold: bool) -> Self {
        Self { bold, ..self }
    }

    /// To the left of its point.
    pub(crate) fn before(self) -> Self {
        Self { side: HPos::Right, ..self }
    }

    pub(crate) fn centered(self) -> Self {
        Self { side: HPos::Center, ..self }
    }
}

impl Canvas<'_> {
    /// Writes a text at the height of a point.
    pub(crate) fn text(&self, text: &str, at: Point, ink: Ink) -> Drawn {
        let style = if ink.bold { FontStyle::Bold } else { FontStyle::Normal };
        let font = ("sans-serif", FONT_SIZE * f64::from(ink.size), style);
        let font = font.into_text_style(&self.area).color(&ink.color);
        self.area.draw(&Text::new(text, at, font.pos(Pos::new(ink.side, VPos::Center))))
    }

    /// Fills a rectangle.
    pub(crate) fn fill(&self, from: Point, to: Point, color: RGBColor) -> Drawn {
        self.area.draw(&Rectangle::new([from, to], color.filled()))
    }

    /// Draws a line through all the points.
    pub(crate) fn line(&self, points: Vec<Point>, color: RGBColor, width: u32) -> Drawn {
        self.area.draw(&PathElement::new(points, color.stroke_width(width)))
    }

    /// Draws a dot.
    pub(crate) fn dot(&self, at: Point, color: RGBColor, radius: i32) -> Drawn {
        self.area.draw(&Circle::new(at, radius, color.filled()))
    }

    /// Writes what the chart is, and how it is to be read.
    pub(crate) fn head(&self, title: &str, explanation: &str) -> Drawn {
        self.text(title, (MARGIN, 28), Ink::new(self.theme.text).size(19).bold(true))?;
        self.text(explanation, (MARGIN, 54), Ink::new(self.theme.faint))
    }

    /// Writes a note at the very bottom.
    pub(crate) fn foot(&self, height: i32, note: &str) -> Drawn {
        self.text(note, (MARGIN, height - 18), Ink::new(self.theme.faint).size(11))
    }
}

/// What `draw` draws, as SVG.
pub(crate) fn svg(
    size: (u32, u32),
    theme: &'static Theme,
    draw: impl Fn(&Canvas) -> Drawn,
) -> Result<String, DrawError> {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
    area.fill(&theme.background)?;
    let canvas = Canvas { area, theme };
    draw(&canvas)?;
    canvas.area.present()?;
    drop(canvas);
    Ok(svg)
}

/// About how wide a text is that may be bold, rather too much than too little: fonts differ.
pub(crate) fn width(text: &str, size: i32) -> i32 {
    (text.chars().count() as i32 * size * 2).div_euclid(3) + 2
}
