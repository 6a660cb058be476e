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
    /// The bars of the others.
    pub(crate) peer: RGBColor,
    /// Ours. The first one is for all of ours, where they need not be told apart.
    pub(crate) ours: [RGBColor; 4],
    /// The lines of the others: pale, but to be told apart.
    pub(crate) peers: [RGBColor; 10],
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
        ours: [
            RGBColor(0x09, 0x69, 0xda),
            RGBColor(0xcf, 0x4a, 0x0a),
            RGBColor(0x82, 0x50, 0xdf),
            RGBColor(0x1a, 0x7f, 0x37),
        ],
        peers: [
            RGBColor(0x7a, 0x86, 0x92),
            RGBColor(0x8c, 0x7a, 0x5a),
            RGBColor(0x5f, 0x8f, 0x83),
            RGBColor(0xa0, 0x78, 0x82),
            RGBColor(0x7d, 0x8c, 0x55),
            RGBColor(0x6b, 0x7f, 0xa3),
            RGBColor(0x9a, 0x72, 0x9f),
            RGBColor(0x4f, 0x5b, 0x66),
            RGBColor(0xa3, 0x8a, 0x45),
            RGBColor(0x5b, 0x90, 0x9c),
        ],
    },
    Theme {
        name: "dark",
        background: RGBColor(0x0d, 0x11, 0x17),
        text: RGBColor(0xe6, 0xed, 0xf3),
        faint: RGBColor(0x91, 0x98, 0xa1),
        grid: RGBColor(0x2a, 0x31, 0x39),
        peer: RGBColor(0x5b, 0x64, 0x6f),
        ours: [
            RGBColor(0x58, 0xa6, 0xff),
            RGBColor(0xff, 0xa0, 0x57),
            RGBColor(0xbc, 0x8c, 0xff),
            RGBColor(0x3f, 0xb9, 0x50),
        ],
        peers: [
            RGBColor(0x8a, 0x95, 0xa0),
            RGBColor(0xa3, 0x92, 0x70),
            RGBColor(0x74, 0xa5, 0x99),
            RGBColor(0xb5, 0x8e, 0x98),
            RGBColor(0x93, 0xa3, 0x6c),
            RGBColor(0x82, 0x97, 0xbc),
            RGBColor(0xaf, 0x89, 0xb4),
            RGBColor(0xb4, 0xbc, 0xc4),
            RGBColor(0xb8, 0xa0, 0x5c),
            RGBColor(0x72, 0xa7, 0xb3),
        ],
    },
];
