//! A chart: horizontal bars, in a panel for each number of workers.

use std::collections::BTreeSet;
use std::error::Error;

use plotters::chart::ChartContext;
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use pool_benches::names;
use pool_benches::report::{Report, Setting, Speed};

use crate::numbers::{limit, written};
use crate::theme::Theme;

const WIDTH: u32 = 960;
/// What is left free around the chart.
const MARGIN: i32 = 24;
/// Where the title, what explains it, and the panels' headings end.
const TOP: i32 = 98;
/// From one row to the next.
const ROW: i32 = 25;
/// Between the names and the panels, and between two panels.
const GAP: i32 = 14;
/// What the axis below the rows takes.
const AXIS: i32 = 36;
/// What the note at the bottom takes.
const NOTE: i32 = 42;

// Sizes of text; the library draws fonts at four fifths of them.
const TITLE: f64 = 23.0;
const TEXT: f64 = 16.0;
const SMALL: f64 = 13.0;

const EXPLANATION: &str =
    "Shorter is faster. A bar is the median of the rounds, the thin line spans the middle half.";
/// What is added if there is such a bar.
const CUT: &str = " A bar with two gaps is longer than drawn.";

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn Error>>;

/// Draws charts below one another, as SVG.
pub(crate) fn draw(charts: &[Chart<'_>], theme: &'static Theme) -> Result<String, Box<dyn Error>> {
    let mut svg = String::new();
    let height: i32 = charts.iter().map(Chart::height).sum();
    let mut rest = SVGBackend::with_string(&mut svg, (WIDTH, height as u32)).into_drawing_area();
    for chart in charts {
        let (area, below) = rest.split_vertically(chart.height());
        chart.draw_on(&area, theme)?;
        rest = below;
    }
    rest.present()?;
    drop(rest);
    Ok(svg)
}

/// What was measured of one workload.
pub(crate) struct Chart<'a> {
    title: String,
    speeds: Vec<&'a Speed>,
    /// The numbers of workers, one for each panel.
    workers: BTreeSet<usize>,
    /// The contestants, the fastest with the fewest workers first.
    rows: Vec<&'a str>,
    /// Where the scales end: the same for all panels, so that they can be compared with each other.
    most: f64,
    note: String,
}

impl<'a> Chart<'a> {
    /// The chart of a workload, if the report has it.
    pub(crate) fn of(report: &'a Report, workload: &str, subject: &str) -> Option<Self> {
        let speeds: Vec<_> =
            report.speed.iter().filter(|speed| speed.workload == workload).collect();
        let workers: BTreeSet<_> = speeds.iter().map(|speed| speed.workers).collect();
        let fewest = workers.first()?;
        let mut sorted: Vec<_> = speeds.iter().filter(|speed| speed.workers == *fewest).collect();
        sorted.sort_by(|one, other| one.median.total_cmp(&other.median));
        let rows = sorted.into_iter().map(|speed| speed.contestant.as_str()).collect();
        let ours = speeds.iter().filter(|speed| names::is_ours(&speed.contestant));
        let medians = speeds.iter().map(|speed| speed.median).collect();
        let most = limit(medians, ours.map(|speed| speed.median));
        let title = format!("{workload}: {subject}");
        Some(Self { title, speeds, workers, rows, most, note: note(&report.setting) })
    }

    /// How high it is.
    fn height(&self) -> i32 {
        TOP + ROW * self.rows.len() as i32 + AXIS + NOTE
    }

    fn draw_on(&self, area: &Area<'_>, theme: &'static Theme) -> Drawn {
        area.fill(&theme.background)?;
        let title = style(TITLE, true, theme.text);
        area.draw_text(&self.title, &title, (MARGIN, 28))?;
        let cut = if self.speeds.iter().any(|speed| speed.median > self.most) { CUT } else { "" };
        let explanation = style(TEXT, false, theme.faint);
        area.draw_text(&format!("{EXPLANATION}{cut}"), &explanation, (MARGIN, 54))?;
        let note = (MARGIN, area.dim_in_pixel().1 as i32 - 18);
        area.draw_text(&self.note, &style(SMALL, false, theme.faint), note)?;
        let names = widest(self.rows.iter().copied())?;
        let panels = area.margin(TOP, NOTE, MARGIN + names, MARGIN);
        let panels = panels.split_evenly((1, self.workers.len()));
        for (workers, area) in self.workers.iter().zip(&panels) {
            let panel = self.panel(area, theme, *workers)?;
            if Some(workers) == self.workers.first() {
                (0..).zip(&self.rows).try_for_each(|(row, name)| panel.name(name, row))?;
            }
        }
        Ok(())
    }

    fn panel<'b>(
        &self,
        area: &Area<'b>,
        theme: &'static Theme,
        workers: usize,
    ) -> Result<Panel<'b>, Box<dyn Error>> {
        area.draw_text(&many(workers, "worker"), &style(TEXT, true, theme.text), (GAP, -16))?;
        let labels: Vec<_> = self.speeds.iter().map(|speed| labelled(speed.median)).collect();
        let plot = ChartBuilder::on(area)
            .margin_left(GAP)
            .margin_right(widest(labels.iter().map(String::as_str))? + 8)
            .x_label_area_size(AXIS)
            .build_cartesian_2d(0.0..self.most, self.rows.len() as f64..0.0)?;
        let mut panel = Panel { plot, theme, most: self.most };
        panel.axes(self.rows.len())?;
        for (row, name) in (0..).zip(&self.rows) {
            let mut speeds = self.speeds.iter().filter(|speed| speed.workers == workers);
            match speeds.find(|speed| speed.contestant == *name) {
                Some(speed) => panel.bar(speed, row)?,
                None => panel.absent(row)?,
            }
        }
        Ok(panel)
    }
}

/// The bars for one number of workers. A row is one high.
struct Panel<'a> {
    plot: ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>,
    theme: &'static Theme,
    /// Where the scale ends.
    most: f64,
}

impl Panel<'_> {
    fn axes(&mut self, rows: usize) -> Drawn {
        let mut mesh = self.plot.configure_mesh();
        mesh.disable_y_mesh().x_labels(7).x_max_light_lines(0).set_all_tick_mark_size(4);
        mesh.bold_line_style(self.theme.grid).axis_style(self.theme.grid);
        mesh.label_style(style(SMALL, false, self.theme.faint)).x_desc("nanoseconds for each job");
        mesh.x_label_formatter(&|value| written(*value)).draw()?;
        let axis = vec![(0.0, 0.0), (0.0, rows as f64)];
        self.plot.plotting_area().draw(&PathElement::new(axis, self.theme.faint))?;
        Ok(())
    }

    fn name(&self, name: &str, row: u32) -> Drawn {
        let style = self.style(name).pos(Pos::new(HPos::Right, VPos::Center));
        self.text(name, (0.0, middle(row)), -GAP, style)
    }

    fn absent(&self, row: u32) -> Drawn {
        let style = style(SMALL, false, self.theme.faint);
        self.text("not measured", (0.0, middle(row)), 4, style)
    }

    fn bar(&self, speed: &Speed, row: u32) -> Drawn {
        let middle = middle(row);
        let theme = self.theme;
        let color = if names::is_ours(&speed.contestant) { theme.ours } else { theme.peer };
        let mut end = speed.median.min(self.most);
        let bar = Rectangle::new([(0.0, middle - 0.3), (end, middle + 0.3)], color.filled());
        self.plot.plotting_area().draw(&bar)?;
        if speed.median > self.most {
            // Two gaps across the bar's end tell that it goes on.
            for x in [-16, -9] {
                let gap = theme.background.stroke_width(3);
                self.line((end, middle), [(x - 3, 10), (x + 3, -10)], gap)?;
            }
        } else {
            end = speed.high.min(self.most);
            let range = vec![(speed.low, middle), (end, middle)];
            self.plot.plotting_area().draw(&PathElement::new(range, theme.text))?;
            // One that goes on beyond the scale has no end.
            for x in [speed.low, speed.high].into_iter().filter(|x| *x <= self.most) {
                self.line((x, middle), [(0, -3), (0, 3)], theme.text.into())?;
            }
        }
        self.text(&labelled(speed.median), (end, middle), 6, self.style(&speed.contestant))
    }

    /// How what is about a contestant is written.
    fn style(&self, contestant: &str) -> TextStyle<'static> {
        let ours = names::is_ours(contestant);
        style(TEXT, ours, if ours { self.theme.ours } else { self.theme.text })
    }

    /// Writes a text so many pixels to the right of a point.
    fn text(&self, text: &str, at: (f64, f64), right: i32, style: TextStyle<'static>) -> Drawn {
        let text = EmptyElement::at(at) + Text::new(text.to_owned(), (right, 0), style);
        Ok(self.plot.plotting_area().draw(&text)?)
    }

    /// Draws a line between two places, in pixels from a point.
    fn line(&self, at: (f64, f64), ends: [(i32, i32); 2], style: ShapeStyle) -> Drawn {
        let line = EmptyElement::at(at) + PathElement::new(ends, style);
        Ok(self.plot.plotting_area().draw(&line)?)
    }
}

/// Where a row's middle is.
fn middle(row: u32) -> f64 {
    f64::from(row) + 0.5
}

/// How text is written that begins at its point, at its height.
fn style(size: f64, bold: bool, color: RGBColor) -> TextStyle<'static> {
    let weight = if bold { FontStyle::Bold } else { FontStyle::Normal };
    let font = FontDesc::new(FontFamily::SansSerif, size, weight);
    font.color(&color).pos(Pos::new(HPos::Left, VPos::Center))
}

/// About how wide the widest of some texts is, rather too much than too little: fonts differ.
fn widest<'a>(texts: impl Iterator<Item = &'a str>) -> Result<i32, Box<dyn Error>> {
    let font = FontDesc::new(FontFamily::SansSerif, 1.2 * TEXT, FontStyle::Normal);
    let mut most = 0;
    for text in texts {
        most = most.max(font.box_size(text)?.0);
    }
    Ok(most as i32)
}

fn labelled(nanoseconds: f64) -> String {
    format!("{} ns", written(nanoseconds))
}

fn many(count: usize, thing: &str) -> String {
    format!("{} {thing}{}", written(count as f64), if count == 1 { "" } else { "s" })
}

/// Where it was measured.
fn note(setting: &Setting) -> String {
    let threads = many(setting.parallelism, "hardware thread");
    let [processor, ..] = setting.machine();
    [processor.as_str(), &threads, &setting.system, &setting.compiler].join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theme::THEMES;

    fn speed(contestant: &str, workers: usize, median: f64) -> Speed {
        Speed {
            workload: "ext".to_owned(),
            workers,
            contestant: contestant.to_owned(),
            jobs: 1,
            rounds: 1,
            median,
            low: median,
            high: median,
            ..Speed::default()
        }
    }

    #[test]
    fn the_fastest_comes_first_and_what_is_long_is_cut() {
        let rows = [("a & b", 2, 9.0), ("pool/std", 2, 3.0), ("slow", 2, 900.0), ("slow", 16, 8.0)];
        let speed = rows.map(|(contestant, workers, median)| speed(contestant, workers, median));
        let report = Report { speed: speed.to_vec(), ..Report::default() };
        assert!(Chart::of(&report, "tree", "").is_none());
        let chart = Chart::of(&report, "ext", "a test").expect("it was measured");
        assert_eq!(chart.rows, ["pool/std", "a & b", "slow"]);
        let svg = draw(&[chart], &THEMES[0]).expect("it is drawn");
        for text in ["ext: a test", CUT, "a &amp; b", "900 ns", "not measured", "16 workers"] {
            assert!(svg.contains(text), "{text} is missing: {svg}");
        }
    }

    #[test]
    fn charts_of_two_reports_stand_below_one_another() {
        let reports = ["one", "two"].map(|processor| {
            let mut report = Report { speed: vec![speed("a", 2, 9.0)], ..Report::default() };
            report.setting.processor = processor.to_owned();
            report
        });
        let charts =
            reports.each_ref().map(|report| Chart::of(report, "ext", "").expect("it is there"));
        let svg = draw(&charts, &THEMES[0]).expect("it is drawn");
        let at = |text| {
            let (before, _) = svg.split_once(text).expect("it is written");
            let (_, y) = before.rsplit_once(" y=\"").expect("it has a place");
            y.split('"').next().expect("a number").parse::<i32>().expect("a number")
        };
        assert!(at("one, 0 hardware") + 100 < at("two, 0 hardware"), "{svg}");
    }
}
