//! What the view looks like.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use pool_core::{RunningJob, Stats};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Style, Stylize as _};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph, RenderDirection, Row, Sparkline, Table};

use crate::sample::Sample;

/// The number of samples whose rates are kept: more than a wide terminal has columns.
const KEPT: usize = 512;
/// A job that has run this long is shown in another colour.
const LONG: Duration = Duration::from_secs(10);

/// Draws samples of one pool, and remembers its rate.
///
/// # Examples
///
/// With a terminal that is a buffer:
///
/// ```
/// use drainpool::{Sample, ThreadPool, View};
/// use ratatui::Terminal;
/// use ratatui::backend::TestBackend;
///
/// let pool: ThreadPool = ThreadPool::new(2)?;
/// pool.execute(|| ())?;
/// pool.shutdown();
/// let mut view = View::new("thumbnails");
/// let mut terminal = Terminal::new(TestBackend::new(60, 10))?;
/// terminal.draw(|frame| view.draw(frame, &Sample::of(&pool)))?;
/// assert!(terminal.backend().to_string().contains("1 done"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct View {
    title: String,
    began: Option<Instant>,
    /// The moment of the last sample, and the jobs that had ended by then.
    last: Option<(Instant, u64)>,
    /// The jobs that ended in a second, the newest first.
    rates: VecDeque<u64>,
}

impl View {
    /// Returns a view with this title.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), began: None, last: None, rates: VecDeque::new() }
    }

    /// Draws the sample.
    pub fn draw(&mut self, frame: &mut Frame<'_>, sample: &Sample) {
        self.note(sample);
        let rows =
            Layout::vertical([Constraint::Length(4), Constraint::Length(5), Constraint::Min(0)]);
        let [counts, rates, jobs] = rows.areas(frame.area());
        self.draw_counts(frame, counts, sample);
        self.draw_rates(frame, rates);
        draw_jobs(frame, jobs, sample);
    }

    fn note(&mut self, sample: &Sample) {
        self.began.get_or_insert(sample.at);
        let ended = ended(&sample.stats);
        if let Some((at, before)) = self.last.replace((sample.at, ended)) {
            let seconds = sample.at.saturating_duration_since(at).as_secs_f64();
            if seconds > 0.0 {
                let rate = ended.saturating_sub(before) as f64 / seconds;
                self.rates.push_front(rate.round() as u64);
                self.rates.truncate(KEPT);
            }
        }
    }

    fn draw_counts(&self, frame: &mut Frame<'_>, area: Rect, sample: &Sample) {
        let since = self.began.map(|began| sample.at.saturating_duration_since(began));
        let title = format!(" {}, {} ", self.title, age(since.unwrap_or_default()));
        let block = Block::new()
            .borders(Borders::TOP)
            .title(title.bold())
            .title(Line::from(" q closes this view ").right_aligned());
        let lines = [jobs_line(&sample.stats), threads_line(&sample.stats)];
        frame.render_widget(Paragraph::new(lines.to_vec()).block(block), area);
    }

    fn draw_rates(&self, frame: &mut Frame<'_>, area: Rect) {
        let now = self.rates.front().copied().unwrap_or(0);
        let most = self.rates.iter().take(area.width.into()).copied().max().unwrap_or(0);
        let title = format!(" {now} jobs a second, at most {most} ");
        let block = Block::new().borders(Borders::TOP).title(title);
        let bars = Sparkline::default().direction(RenderDirection::RightToLeft).data(&self.rates);
        frame.render_widget(bars.block(block), area);
    }
}

/// The jobs that have ended, in whatever way.
fn ended(stats: &Stats) -> u64 {
    stats.done + stats.panicked + stats.cancelled + stats.expired + stats.returned
}

fn jobs_line(stats: &Stats) -> Line<'static> {
    let mut spans = vec![
        Span::raw(format!("{} accepted, ", stats.accepted)),
        Span::raw(format!("{} waiting, ", stats.queued)),
        Span::raw(format!("{} running, ", stats.running)),
        Span::raw(format!("{} done", stats.done)).green(),
    ];
    let rare = [
        (stats.panicked, "panicked", Style::new().red()),
        (stats.cancelled, "cancelled", Style::new()),
        (stats.expired, "expired", Style::new().yellow()),
        (stats.returned, "returned", Style::new()),
    ];
    for (count, how, style) in rare.into_iter().filter(|(count, ..)| *count > 0) {
        spans.push(Span::styled(format!(", {count} {how}"), style));
    }
    Line::from(spans)
}

fn threads_line(stats: &Stats) -> Line<'static> {
    let mut spans =
        vec![Span::raw(format!("threads: {}, {} idle", stats.threads, stats.idle_threads))];
    if stats.waiting_submitters > 0 {
        let text = format!("; submitters that wait for room: {}", stats.waiting_submitters);
        spans.push(Span::raw(text).yellow());
    }
    if stats.failed_starts > 0 {
        let text = format!("; threads that did not start: {}", stats.failed_starts);
        spans.push(Span::raw(text).red());
    }
    Line::from(spans)
}

fn draw_jobs(frame: &mut Frame<'_>, area: Rect, sample: &Sample) {
    let block = Block::new().borders(Borders::TOP).title(" running ");
    if sample.running.is_empty() && sample.stats.running > 0 {
        let hint = "What runs is known to a pool that was built with `track_jobs`.";
        frame.render_widget(Paragraph::new(hint).block(block), area);
        return;
    }
    // Without the title and the head.
    let room = usize::from(area.height.saturating_sub(2));
    let left_out = sample.running.len().saturating_sub(room);
    let block = match left_out {
        0 => block,
        more => block.title(Line::from(format!(" and {more} more ")).right_aligned()),
    };
    let rows = sample.running.iter().take(room).map(|(worker, job)| row(worker, job));
    let widths = [
        Constraint::Length(20),
        Constraint::Length(12),
        Constraint::Min(10),
        Constraint::Length(8),
    ];
    let head = Row::new(["worker", "job", "label", "for"]).dim();
    frame.render_widget(Table::new(rows, widths).header(head).block(block), area);
}

fn row(worker: &str, job: &RunningJob) -> Row<'static> {
    // A part of a job of another thread has no id.
    let id = job.id.map_or_else(|| "a part".to_owned(), |id| id.to_string());
    let label = job.label.as_deref().unwrap_or_default();
    let row = Row::new([worker.to_owned(), id, label.to_owned(), age(job.elapsed)]);
    if job.elapsed >= LONG { row.yellow() } else { row }
}

/// A duration, as short as is of use.
fn age(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3_600 => format!("{} m {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} m", seconds / 3_600, seconds / 60 % 60),
    }
}
