//! A chart: horizontal bars, in a panel for each number of workers.

use std::collections::BTreeSet;

use pool_benches::names;
use pool_benches::report::{Report, Setting, Speed};

use crate::scale::{Scale, limit, written};
use crate::svg::{Ink, Svg, TEXT, Theme, width};

const WIDTH: i32 = 960;
/// What is left free around the chart.
const MARGIN: i32 = 24;
/// Where the title, what explains it, and the panels' headings end.
const TOP: i32 = 98;
/// From one row to the next.
const ROW: i32 = 25;
const BAR: i32 = 15;
/// Between the names and the panels, and between two panels.
const GAP: i32 = 14;
/// What the axis and the note below the rows take.
const FOOT: i32 = 78;

const EXPLANATION: &str =
    "Shorter is faster. A bar is the median of the rounds, the thin line spans the middle half.";
/// What is added if there is such a bar.
const CUT: &str = " A bar with two gaps is longer than drawn.";

/// What was measured of one workload.
pub(crate) struct Chart<'a> {
    title: String,
    speeds: Vec<&'a Speed>,
    /// The numbers of workers, one for each panel.
    workers: BTreeSet<usize>,
    /// The contestants, the fastest with the fewest workers first.
    rows: Vec<&'a str>,
    note: String,
}

/// One panel's place.
struct Panel {
    left: i32,
    right: i32,
    scale: Scale,
}

impl<'a> Chart<'a> {
    /// The chart of a workload, if the report has it.
    pub(crate) fn of(report: &'a Report, workload: &str, subject: &str) -> Option<Self> {
        let speeds: Vec<_> =
            report.speed.iter().filter(|speed| speed.workload == workload).collect();
        let workers: BTreeSet<_> = speeds.iter().map(|speed| speed.workers).collect();
        let mut sorted: Vec<_> =
            speeds.iter().filter(|speed| Some(&speed.workers) == workers.first()).collect();
        sorted.sort_by(|one, other| one.median.total_cmp(&other.median));
        let rows = sorted.into_iter().map(|speed| speed.contestant.as_str()).collect();
        let title = format!("{workload}: {subject}");
        workers.first()?;
        Some(Self { title, speeds, workers, rows, note: note(&report.setting) })
    }

    fn bottom(&self) -> i32 {
        TOP + ROW * self.rows.len() as i32
    }

    /// Draws all of it.
    pub(crate) fn draw(&self, theme: &Theme) -> String {
        let mut svg = Svg::new((WIDTH, self.bottom() + FOOT), theme.background);
        let medians = self.speeds.iter().map(|speed| speed.median);
        let ours = self.speeds.iter().filter(|speed| names::is_ours(&speed.contestant));
        let most = limit(medians.clone().collect(), ours.map(|speed| speed.median));
        let cut = if medians.clone().any(|median| median > most) { CUT } else { "" };
        let faint = Ink::new(theme.faint);
        svg.text(&self.title, (MARGIN, 28), Ink { size: 19, bold: true, ..Ink::new(theme.text) });
        svg.text(&format!("{EXPLANATION}{cut}"), (MARGIN, 54), faint);
        let left = MARGIN + self.rows.iter().map(|name| width(name)).max().unwrap_or(0);
        for (name, place) in self.rows.iter().zip(0..) {
            let bold = names::is_ours(name);
            let color = if bold { theme.ours } else { theme.text };
            let ink = Ink { bold, anchor: "end", ..Ink::new(color) };
            svg.text(name, (left, middle_of(place)), ink);
        }
        // The same scale for all panels, so that they can be compared with each other.
        let label = medians.map(|median| width(&labelled(median))).max().unwrap_or(0) + 8;
        let step = (WIDTH - MARGIN - left) / self.workers.len() as i32;
        let starts = (left + GAP..).step_by(step as usize);
        for (workers, left) in self.workers.iter().zip(starts) {
            let right = left + step - GAP;
            let scale = Scale { most, pixels: (left, right - label) };
            self.panel(&mut svg, theme, *workers, &Panel { left, right, scale });
        }
        svg.text(&self.note, (MARGIN, self.bottom() + FOOT - 18), Ink { size: 11, ..faint });
        svg.finish()
    }

    fn panel(&self, svg: &mut Svg, theme: &Theme, workers: usize, panel: &Panel) {
        let (left, foot) = (panel.left, self.bottom());
        let heading = Ink { bold: true, ..Ink::new(theme.text) };
        svg.text(&many(workers, "worker"), (left, TOP - 16), heading);
        let small = Ink { size: TEXT - 2, ..Ink::new(theme.faint) };
        for tick in panel.scale.ticks() {
            let x = panel.scale.at(tick);
            svg.line((x, TOP), (x, foot + 4), theme.grid, 1);
            svg.text(&written(tick), (x, foot + 14), Ink { anchor: "middle", ..small });
        }
        svg.text("nanoseconds for each job", (left, foot + 32), small);
        for (name, place) in self.rows.iter().zip(0..) {
            let found = |speed: &&&Speed| speed.workers == workers && speed.contestant == *name;
            match self.speeds.iter().find(found) {
                Some(speed) => panel.bar(svg, theme, speed, middle_of(place)),
                None => svg.text("not measured", (left + 4, middle_of(place)), small),
            }
        }
        svg.line((left, TOP), (left, foot), theme.faint, 1);
    }
}

impl Panel {
    fn bar(&self, svg: &mut Svg, theme: &Theme, speed: &Speed, middle: i32) {
        let bold = names::is_ours(&speed.contestant);
        let color = if bold { theme.ours } else { theme.peer };
        // At least a pixel, so that there is something to see.
        let end = self.scale.at(speed.median).max(self.left + 1);
        let top = middle - BAR / 2;
        svg.fill((self.left, top), (end, top + BAR), color);
        let mut label = end;
        if speed.median > self.scale.most {
            // Two gaps across the bar's end tell that it goes on.
            for x in [end - 16, end - 9] {
                svg.line((x - 3, top + BAR + 2), (x + 3, top - 2), theme.background, 3);
            }
        } else {
            let (from, to) = (self.scale.at(speed.low), self.scale.at(speed.high));
            svg.line((from, middle), (to, middle), theme.text, 1);
            // One that goes on beyond the scale has no end.
            for x in [Some(from), (speed.high <= self.scale.most).then_some(to)] {
                x.into_iter()
                    .for_each(|x| svg.line((x, middle - 3), (x, middle + 3), theme.text, 1));
            }
            label = label.max(to);
        }
        let text = labelled(speed.median);
        // The last word is the label's: a range never pushes it off the panel.
        let label = label.min(self.right - width(&text)) + 6;
        let color = if bold { theme.ours } else { theme.text };
        svg.text(&text, (label, middle), Ink { bold, ..Ink::new(color) });
    }
}

/// The height at which a row's middle is.
fn middle_of(place: i32) -> i32 {
    TOP + ROW * place + ROW / 2
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
    let parts = [&setting.processor, &threads, &setting.system, &setting.compiler];
    parts.map(String::as_str).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::THEMES;

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
            to_best_peer: None,
            to_own_channel: None,
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
        let svg = chart.draw(&THEMES[0]);
        for text in ["ext: a test", CUT, "a &amp; b", "900 ns", "not measured", "16 workers"] {
            assert!(svg.contains(text), "{text} is missing: {svg}");
        }
    }
}
