//! The colours.

use plotters::style::RGBColor;

/// The colours of one background.
pub(crate) struct Theme {
    /// What the files are called after it.
    pub(crate) name: &'static str,
    pub(crate) background: RGBColor,
    /// Titles, names and values.
    pub(crate) text: RGBColor,
    /// What is said beside.
    pub(crate) faint: RGBColor,
    /// Lines to read values off.
    pub(crate) grid: RGBColor,
    pub(crate) peer: RGBColor,
    pub(crate) ours: RGBColor,
}

/// One for pages with a light background, one for dark ones.
pub(crate) const THEMES: [Theme; 2] = [
    Theme {
        name: "light",
        background: RGBColor(0xff, 0xff, 0xff),
        text: RGBColor(0x1f, 0x23, 0x28),
        faint: RGBColor(0x59, 0x63, 0x6e),
        grid: RGBColor(0xe1, 0xe5, 0xea),
        peer: RGBColor(0xaf, 0xb8, 0xc1),
        ours: RGBColor(0x09, 0x69, 0xda),
    },
    Theme {
        name: "dark",
        background: RGBColor(0x0d, 0x11, 0x17),
        text: RGBColor(0xe6, 0xed, 0xf3),
        faint: RGBColor(0x91, 0x98, 0xa1),
        grid: RGBColor(0x2a, 0x31, 0x39),
        peer: RGBColor(0x5b, 0x64, 0x6f),
        ours: RGBColor(0x58, 0xa6, 0xff),
    },
];
