//! `bench plot`: drawings of what result files say, for `docs/benchmarks.md`. Both axes are logarithmic: a straight line is a power, a flat one does not grow.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::arguments::bench::Plot;
use crate::say::{self, Done, Failure};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 440.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 170.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 50.0;

/// What is drawn of a history, in the order of the legend.
const QUESTIONS: [(&str, &str, &str); 3] = [
    ("trace_unit", "trace of a unit", "one"),
    ("where_used_reel", "where-used of a reel", "two"),
    ("where_used_lot", "where-used of a lot", "three"),
];

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#24292f}.grid{stroke:#d0d7de}.one{stroke:#0969da}.two{stroke:#bc4c00}.three{stroke:#1a7f37}\
    circle{stroke-width:0}circle.one,rect{fill:#0969da}circle.two{fill:#bc4c00}circle.three{fill:#1a7f37}path{fill:none;stroke-width:2}\
    .dashed{stroke-dasharray:5 4}.title{font-weight:600}\
    @media(prefers-color-scheme:dark){text{fill:#e6edf3}.grid{stroke:#30363d}}";

pub(super) fn plot(given: &Plot) -> Result<Done, Failure> {
    let mut results = Vec::new();
    for path in &given.files {
        let text = fs::read(path).map_err(|error| Failure::file("read", path.display(), error))?;
        let result: Value = serde_json::from_slice(&text).map_err(Failure::of)?;
        results.push(result);
    }
    fs::create_dir_all(&given.out).map_err(|error| Failure::file("create", given.out.display(), error))?;
    let of = |bench: &str| results.iter().filter(|result| result["bench"] == bench).collect::<Vec<_>>();
    let mut drawn = 0;
    for (file, suffix, title) in [
        ("growth.svg", "", "Questions as the history grows, warm"),
        ("growth-cold.svg", "_cold", "Questions as the history grows, from the disk"),
    ] {
        let mut histories = of("history");
        histories.sort_by_key(|history| history["placements"].as_u64());
        if !histories.is_empty() {
            drawn += write(&given.out, file, &growth(title, suffix, &histories))?;
        }
    }
    // Of several comparisons the largest tells most.
    if let Some(versus) = of("versus-postgres").into_iter().max_by_key(|versus| versus["placements"].as_u64()) {
        drawn += write(&given.out, "versus-postgres.svg", &ratios(versus))?;
    }
    if drawn == 0 {
        return Err(Failure::misuse("nothing is drawn of these files")
            .hint("drawn are results of `bench history` and `bench versus-postgres`"));
    }
    Ok(Done::Well)
}

fn write(folder: &Path, name: &str, drawing: &str) -> Result<usize, Failure> {
    let path = folder.join(name);
    fs::write(&path, drawing).map_err(|error| Failure::file("write", path.display(), error))?;
    say::line(format!("drawn: {}", path.display()))?;
    Ok(1)
}

/// A logarithmic axis over whole powers of ten.
#[derive(Clone, Copy, Debug)]
struct Axis {
    from: i32,
    to: i32,
    begin: f64,
    end: f64,
}

impl Axis {
    fn over(values: impl Iterator<Item = f64> + Clone, begin: f64, end: f64) -> Axis {
        let positive = values.filter(|value| *value > 0.0);
        let least = positive.clone().fold(f64::INFINITY, f64::min);
        let most = positive.fold(f64::NEG_INFINITY, f64::max);
        let from = if least.is_finite() { least.log10().floor() as i32 } else { 0 };
        let to = if most.is_finite() { most.log10().ceil() as i32 } else { 1 };
        Axis { from, to: to.max(from + 1), begin, end }
    }

    fn at(self, value: f64) -> f64 {
        let share = (value.max(f64::MIN_POSITIVE).log10() - f64::from(self.from)) / f64::from(self.to - self.from);
        self.begin + share * (self.end - self.begin)
    }

    fn powers(self) -> impl Iterator<Item = f64> {
        (self.from..=self.to).map(|power| 10_f64.powi(power))
    }
}

/// Times of each question over placements: p50 drawn through, p99 dashed.
fn growth(title: &str, suffix: &str, histories: &[&Value]) -> String {
    let placements = |history: &Value| history["placements"].as_f64().unwrap_or(0.0);
    let time = |history: &Value, question: &str, share: &str| {
        history[format!("{question}{suffix}")][share].as_f64().unwrap_or(0.0)
    };
    let all = histories.iter().flat_map(|history| {
        QUESTIONS
            .iter()
            .flat_map(move |(question, _, _)| ["p50_ms", "p99_ms"].map(|share| time(history, question, share)))
    });
    let x = Axis::over(histories.iter().map(|history| placements(history)), LEFT, WIDTH - RIGHT);
    let y = Axis::over(all, HEIGHT - BOTTOM, TOP);
    let mut body = String::new();
    for value in x.powers() {
        let at = x.at(value);
        line(&mut body, (at, TOP), (at, HEIGHT - BOTTOM));
        text(&mut body, (at, HEIGHT - BOTTOM + 20.0), "middle", &thousands(value));
    }
    for value in y.powers() {
        let at = y.at(value);
        line(&mut body, (LEFT, at), (WIDTH - RIGHT, at));
        text(&mut body, (LEFT - 8.0, at + 4.0), "end", &format!("{} ms", thousands(value)));
    }
    for (number, (question, words, class)) in QUESTIONS.iter().enumerate() {
        for (share, dashed) in [("p99_ms", " dashed"), ("p50_ms", "")] {
            let points: Vec<(f64, f64)> = histories
                .iter()
                .map(|history| (x.at(placements(history)), y.at(time(history, question, share))))
                .collect();
            let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            writeln!(body, "<path class=\"{class}{dashed}\" d=\"M{}\"/>", path.join(" L")).ok();
            for (x, y) in points {
                writeln!(body, "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>").ok();
            }
        }
        let at = TOP + 20.0 * number as f64;
        let (from, to) = (WIDTH - RIGHT + 10.0, WIDTH - RIGHT + 30.0);
        writeln!(body, "<path class=\"{class}\" d=\"M{from:.1},{at:.1} L{to:.1},{at:.1}\"/>").ok();
        text(&mut body, (to + 5.0, at + 4.0), "start", words);
    }
    text(&mut body, (WIDTH - RIGHT + 10.0, TOP + 80.0), "start", "through: p50, dashed: p99");
    text(&mut body, ((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 10.0), "middle", "placements");
    drawing(title, &body)
}

/// How often ours fits into PostgreSQL's, a bar each; a bar to the left of 1 is one that PostgreSQL wins.
fn ratios(versus: &Value) -> String {
    let ratio = |path: &[&str]| path.iter().fold(versus, |value, name| &value[*name]).as_f64().unwrap_or(0.0);
    let bars = [
        ("disk: placement tables", ratio(&["ratios", "placement_tables"])),
        ("disk: all tables", ratio(&["ratios", "all_tables"])),
        ("disk: with inbox and ledger", ratio(&["ratios", "everything"])),
        ("load, wall", ratio(&["ratios", "load_wall"])),
        ("load, CPU", ratio(&["ratios", "load_cpu"])),
        ("where-used of a reel, p50", ratio(&["questions", "where_used_reel", "ratio_p50"])),
        ("where-used of a lot, p50", ratio(&["questions", "where_used_lot", "ratio_p50"])),
        ("trace of a unit, p50", ratio(&["questions", "trace_unit", "ratio_p50"])),
        ("recall, p50", ratio(&["questions", "recall", "ratio_p50"])),
    ];
    let x = Axis::over(bars.iter().map(|(_, ratio)| *ratio).chain([1.0]), 200.0, WIDTH - 60.0);
    let mut body = String::new();
    for value in x.powers() {
        line(&mut body, (x.at(value), TOP), (x.at(value), HEIGHT - BOTTOM));
        text(&mut body, (x.at(value), HEIGHT - BOTTOM + 20.0), "middle", &thousands(value));
    }
    for (number, (words, ratio)) in bars.iter().enumerate() {
        let at = TOP + 12.0 + 36.0 * number as f64;
        let (from, to) = (x.at(1.0).min(x.at(*ratio)), x.at(1.0).max(x.at(*ratio)));
        let width = to - from;
        writeln!(body, "<rect x=\"{from:.1}\" y=\"{at:.1}\" width=\"{width:.1}\" height=\"16\"/>").ok();
        text(&mut body, (190.0, at + 13.0), "end", words);
        text(&mut body, (to + 6.0, at + 13.0), "start", &thousands(*ratio));
    }
    let placements = versus["placements"].as_f64().unwrap_or(0.0);
    let title = format!("PostgreSQL's figure divided by ours, at {} placements", thousands(placements));
    drawing(&title, &body)
}

fn drawing(title: &str, body: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">\n<title>{title}</title>\n<style>{STYLE}</style>\n<text class=\"title\" x=\"{LEFT}\" y=\"25\">{title}</text>\n{body}</svg>\n"
    )
}

fn line(body: &mut String, from: (f64, f64), to: (f64, f64)) {
    let ((x1, y1), (x2, y2)) = (from, to);
    writeln!(body, "<line class=\"grid\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>").ok();
}

fn text(body: &mut String, at: (f64, f64), anchor: &str, words: &str) {
    let (x, y) = at;
    writeln!(body, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>").ok();
}

/// A number short enough for an axis.
fn thousands(value: f64) -> String {
    match value {
        value if value >= 1e9 => format!("{} G", digits(value / 1e9)),
        value if value >= 1e6 => format!("{} M", digits(value / 1e6)),
        value if value >= 1e3 => format!("{} k", digits(value / 1e3)),
        value => digits(value),
    }
}

fn digits(value: f64) -> String {
    let text = match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value < 0.01 => format!("{value:.4}"),
        value => format!("{value:.2}"),
    };
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
