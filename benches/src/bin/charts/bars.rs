//! Horizontal bars, in one panel or several side by side.

use plotters::style::RGBColor;

use crate::canvas::{Canvas, DrawError, Drawn, FOOT, HEAD, Ink, MARGIN, Point, TEXT, WIDTH, width};
use crate::scale::{Scale, limit, ticks, written};

/// From one row to the next.
const ROW: i32 = 25;
const BAR: i32 = 15;
/// What the headings above the panels take.
const HEADING: i32 = 24;
/// What the axis below the rows takes.
const AXIS: i32 = 44;
/// Between the names and the panels, and between two panels.
const GAP: i32 = 14;

/// What is added to the explanation if there is such a bar.
const CUT: &str = " A bar with two gaps is longer than drawn.";

/// Bars, and what is written around them.
pub(crate) struct Bars {
    pub(crate) title: String,
    pub(crate) explanation: String,
    /// What the values are, below the axis.
    pub(crate) axis: String,
    /// What is written behind each value.
    pub(crate) unit: &'static str,
    /// The headings of the panels.
    pub(crate) panels: Vec<String>,
    pub(crate) rows: Vec<Row>,
    /// At the very bottom.
    pub(crate) note: String,
}

/// One name, with a bar in each panel.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) ours: bool,
    pub(crate) bars: Vec<Option<Bar>>,
}

/// A value, and the range in which half of what was measured lies.
#[derive(Clone, Copy)]
pub(crate) struct Bar {
    pub(crate) value: f64,
    pub(crate) range: Option<(f64, f64)>,
}

/// One panel's place.
struct Panel<'a> {
    bars: &'a Bars,
    column: usize,
    left: i32,
    right: i32,
    scale: Scale,
    limit: f64,
}

impl Bars {
    /// Sorts the rows by their bars in the first panel; what has none there is last.
    pub(crate) fn sort(&mut self) {
        let key = |row: &Row| row.bars.first().copied().flatten().map_or(f64::MAX, |bar| bar.value);
        self.rows.sort_by(|one, other| key(one).total_cmp(&key(other)));
    }

    /// Width and height.
    pub(crate) fn size(&self) -> (u32, u32) {
        (WIDTH as u32, (self.bottom() + AXIS + FOOT) as u32)
    }

    fn bottom(&self) -> i32 {
        HEAD + HEADING + ROW * self.rows.len() as i32
    }

    /// The values of the rows that are asked for.
    fn values(&self, wanted: impl Fn(&Row) -> bool) -> Vec<f64> {
        let rows = self.rows.iter().filter(|row| wanted(row));
        rows.flat_map(|row| &row.bars).flatten().map(|bar| bar.value).collect()
    }

    /// Draws all of it.
    pub(crate) fn draw(&self, canvas: &Canvas) -> Drawn {
        let all = self.values(|_| true);
        let limit = limit(&all, &self.values(|row| row.ours));
        let cut = if all.iter().any(|value| *value > limit) { CUT } else { "" };
        canvas.head(&self.title, &format!("{}{cut}", self.explanation))?;
        let names = self.rows.iter().map(|row| width(&row.name, TEXT)).max().unwrap_or(0);
        let left = MARGIN + names;
        for (row, place) in self.rows.iter().zip(0..) {
            let color = if row.ours { canvas.theme.ours[0] } else { canvas.theme.text };
            let ink = Ink::new(color).bold(row.ours).before();
            canvas.text(&row.name, (left, middle_of(place)), ink)?;
        }
        // The same scale for all panels, so that they can be compared with each other.
        let labels = all.into_iter().map(|value| width(&self.label(value), TEXT));
        let label = labels.max().unwrap_or(0) + 8;
        let step = (WIDTH - MARGIN - left) / self.panels.len().max(1) as i32;
        for (column, start) in (0..self.panels.len()).zip((left + GAP..).step_by(step as usize)) {
            let right = start + step - GAP;
            let scale = Scale::linear(limit, (start, right - label));
            Panel { bars: self, column, left: start, right, scale, limit }.draw(canvas)?;
        }
        canvas.foot(self.size().1 as i32, &self.note)
    }

    fn label(&self, value: f64) -> String {
        format!("{} {}", written(value), self.unit)
    }
}

/// The height at which a row's middle is.
fn middle_of(place: i32) -> i32 {
    HEAD + HEADING + ROW * place + ROW / 2
}

impl Panel<'_> {
    fn draw(&self, canvas: &Canvas) -> Drawn {
        let heading = Ink::new(canvas.theme.text).bold(true);
        canvas.text(&self.bars.panels[self.column], (self.left, HEAD + 8), heading)?;
        self.axis(canvas)?;
        for (row, place) in self.bars.rows.iter().zip(0..) {
            let middle = middle_of(place);
            match row.bars[self.column] {
                Some(bar) => self.bar(canvas, row.ours, bar, middle)?,
                None => {
                    let ink = Ink::new(canvas.theme.faint).size(TEXT - 1);
                    canvas.text("not measured", (self.left + 4, middle), ink)?;
                }
            }
        }
        let foot = self.bars.bottom();
        canvas.line(vec![(self.left, HEAD + HEADING), (self.left, foot)], canvas.theme.faint, 1)
    }

    fn axis(&self, canvas: &Canvas) -> Drawn {
        let foot = self.bars.bottom();
        let ink = Ink::new(canvas.theme.faint).size(TEXT - 2);
        for tick in ticks(self.limit) {
            let x = self.scale.at(tick);
            canvas.line(vec![(x, HEAD + HEADING), (x, foot + 4)], canvas.theme.grid, 1)?;
            canvas.text(&written(tick), (x, foot + 14), ink.centered())?;
        }
        canvas.text(&self.bars.axis, (self.left, foot + 32), ink)
    }

    fn bar(&self, canvas: &Canvas, ours: bool, bar: Bar, middle: i32) -> Drawn {
        let theme = canvas.theme;
        let color = if ours { theme.ours[0] } else { theme.peer };
        let is_cut = bar.value > self.limit;
        // At least a pixel, so that there is something to see.
        let end = self.scale.at(bar.value.min(self.limit)).max(self.left + 1);
        let top = middle - BAR / 2;
        canvas.fill((self.left, top), (end, top + BAR), color)?;
        let mut label = end;
        if is_cut {
            self.cut(canvas, (end, top))?;
        } else if let Some((low, high)) = bar.range {
            label = label.max(self.range(canvas, (low, high), middle)?);
        }
        let text = self.bars.label(bar.value);
        let ink = Ink::new(if ours { color } else { theme.text }).bold(ours);
        // The last word is the label's: a range never pushes it off the panel.
        let label = label.min(self.right - width(&text, TEXT)) + 6;
        canvas.text(&text, (label, middle), ink)
    }

    /// Two gaps across a bar's end tell that it goes on.
    fn cut(&self, canvas: &Canvas, (end, top): Point) -> Drawn {
        for x in [end - 16, end - 9] {
            let gap = vec![(x - 3, top + BAR + 2), (x + 3, top - 2)];
            canvas.line(gap, canvas.theme.background, 3)?;
        }
        Ok(())
    }

    /// A thin line from the one value to the other. Returns where it ends.
    fn range(&self, canvas: &Canvas, range: (f64, f64), middle: i32) -> Result<i32, DrawError> {
        let color: RGBColor = canvas.theme.text;
        let (from, to) = (self.scale.at(range.0), self.scale.at(range.1.min(self.limit)));
        canvas.line(vec![(from, middle), (to, middle)], color, 1)?;
        // One that goes on beyond the limit has no end.
        let ends = if range.1 > self.limit { vec![from] } else { vec![from, to] };
        for x in ends {
            canvas.line(vec![(x, middle - 3), (x, middle + 3)], color, 1)?;
        }
        Ok(to)
    }
}
