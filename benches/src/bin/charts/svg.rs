//! What is drawn on, and the colours.

use std::fmt::Write as _;

/// From the left and from the top, in pixels.
pub(crate) type Point = (i32, i32);

/// The size of most texts.
pub(crate) const TEXT: i32 = 13;

/// The colours of one background.
pub(crate) struct Theme {
    /// What the files are called after it.
    pub(crate) name: &'static str,
    pub(crate) background: &'static str,
    /// Titles, names and values.
    pub(crate) text: &'static str,
    /// What is said beside.
    pub(crate) faint: &'static str,
    /// Lines to read values off.
    pub(crate) grid: &'static str,
    pub(crate) peer: &'static str,
    pub(crate) ours: &'static str,
}

/// One for pages with a light background, one for dark ones.
pub(crate) const THEMES: [Theme; 2] = [
    Theme {
        name: "light",
        background: "#ffffff",
        text: "#1f2328",
        faint: "#59636e",
        grid: "#e1e5ea",
        peer: "#afb8c1",
        ours: "#0969da",
    },
    Theme {
        name: "dark",
        background: "#0d1117",
        text: "#e6edf3",
        faint: "#9198a1",
        grid: "#2a3139",
        peer: "#5b646f",
        ours: "#58a6ff",
    },
];

/// A picture.
pub(crate) struct Svg(String);

/// How a text looks. By default it is to the right of its point.
#[derive(Clone, Copy)]
pub(crate) struct Ink {
    pub(crate) color: &'static str,
    pub(crate) size: i32,
    pub(crate) bold: bool,
    /// Which part of it is at its point: `start`, `middle` or `end`.
    pub(crate) anchor: &'static str,
}

impl Ink {
    pub(crate) fn new(color: &'static str) -> Self {
        Self { color, size: TEXT, bold: false, anchor: "start" }
    }
}

impl Svg {
    pub(crate) fn new((width, height): (i32, i32), background: &str) -> Self {
        let mut svg = Self(String::new());
        svg.add(format_args!(
            r#"<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">"#
        ));
        svg.fill((0, 0), (width, height), background);
        svg
    }

    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        // A string takes whatever is written to it.
        let _ = writeln!(self.0, "{element}");
    }

    /// Fills a rectangle.
    pub(crate) fn fill(&mut self, (left, top): Point, (right, bottom): Point, color: &str) {
        let (width, height) = (right - left, bottom - top);
        self.add(format_args!(
            r#"<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="{color}"/>"#
        ));
    }

    /// Draws a line.
    pub(crate) fn line(&mut self, from: Point, to: Point, color: &str, width: u32) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.add(format_args!(
            r#"<path d="M{x1} {y1}L{x2} {y2}" stroke="{color}" stroke-width="{width}"/>"#
        ));
    }

    /// Writes a text at the height of a point.
    pub(crate) fn text(&mut self, text: &str, (x, y): Point, ink: Ink) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        let Ink { color, size, bold, anchor } = ink;
        let weight = if bold { "bold" } else { "normal" };
        self.add(format_args!(
            r#"<text x="{x}" y="{y}" dy="0.35em" text-anchor="{anchor}" font-family="sans-serif" font-size="{size}" font-weight="{weight}" fill="{color}">{text}</text>"#
        ));
    }

    pub(crate) fn finish(self) -> String {
        self.0 + "</svg>\n"
    }
}

/// About how wide a text is that may be bold, rather too much than too little: fonts differ.
pub(crate) fn width(text: &str) -> i32 {
    (text.chars().count() as i32 * TEXT * 2).div_euclid(3) + 2
}
