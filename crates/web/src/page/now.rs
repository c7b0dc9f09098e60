//! The line as it stands.

use app::answer::{MountedAt, StationNow};
use askama::Template;
use axum::extract::State;

use super::piece::{Count, Maybe, Thing, Things, When, count, in_words, lasting, tone};
use super::shell::{Page, Shell, sent};
use crate::pulse::Beat;
use crate::state::Desk;

/// Seconds that the chart of throughput shows.
const CHART_S: usize = 300;
/// Units that a card names; the rest are counted.
const UNITS_SHOWN: usize = 9;

#[derive(Template)]
#[template(path = "now.html")]
struct NowPage {
    shell: Shell,
    recorded: Count,
    sealed: Count,
    unsealed: u64,
    rate: String,
    waiting: Count,
    working: usize,
    chart: Chart,
    stations: Vec<StationCard>,
}

struct StationCard {
    number: usize,
    station: Thing,
    anchor: String,
    role: Option<String>,
    state: Option<(String, &'static str)>,
    unit: Option<Thing>,
    beside: Things,
    more_units: usize,
    working: bool,
    since: Option<String>,
    since_at: When,
    program: Option<Thing>,
    people: usize,
    passes: usize,
    yielded: Option<Yield>,
    setup: Vec<Place>,
    doubtful: usize,
}

struct Yield {
    percent: String,
    passed: usize,
    failed: usize,
    tone: &'static str,
    /// Share that passed, for the bar: 0 to 100.
    width: f64,
}

struct Place {
    place: Maybe,
    thing: Thing,
    from: When,
    doubtful: Option<When>,
}

/// Messages a second as bars, for a page without scripts; the script draws the same data finer.
struct Chart {
    bars: Vec<Bar>,
    peak: String,
    data: String,
}

struct Bar {
    x: usize,
    y: f64,
    height: f64,
}

/// `GET /`
pub(super) async fn now(State(desk): State<Desk>) -> Page {
    let stations = desk.ask(|house| house.now()).await?;
    let beat = desk.pulse.latest();
    let clock = jiff::Timestamp::now();
    sent(&NowPage {
        shell: Shell::new(&desk, "now", "Now"),
        recorded: Count(beat.recorded),
        sealed: Count(beat.sealed),
        unsealed: beat.recorded.saturating_sub(beat.sealed),
        rate: rate(beat.messages_per_s),
        waiting: Count(beat.quarantined_waiting),
        working: stations.iter().filter(|station| station.working).count(),
        chart: Chart::of(&desk.pulse.recent()),
        stations: stations.iter().enumerate().map(|(at, station)| StationCard::of(at + 1, station, clock)).collect(),
    })
}

fn rate(per_s: f64) -> String {
    if per_s < 10.0 { format!("{per_s:.1}") } else { format!("{per_s:.0}") }
}

impl StationCard {
    fn of(number: usize, now: &StationNow, clock: jiff::Timestamp) -> StationCard {
        let setup: Vec<Place> = now.mounted.iter().map(Place::of).collect();
        StationCard {
            number,
            station: Thing::plain("station", &now.station),
            anchor: format!("station-{number}"),
            role: now.role.clone(),
            state: now.state.as_deref().map(state),
            unit: now.units.first().map(|unit| Thing::unit(unit)),
            beside: beside(&now.units),
            more_units: now.units.len().saturating_sub(UNITS_SHOWN),
            working: now.working,
            since: now.since.as_deref().and_then(|since| lasting(since, clock)),
            since_at: When::maybe(now.since.as_deref()),
            program: now.program.as_deref().map(|program| Thing::plain("program", program)),
            people: now.people,
            passes: now.passes_last_hour,
            yielded: Yield::of(now.verdicts),
            doubtful: setup.iter().filter(|place| place.doubtful.is_some()).count(),
            setup,
        }
    }

    fn setup_count(&self) -> Count {
        count(self.setup.len())
    }
}

/// Units beside the first.
fn beside(units: &[String]) -> Things {
    let Some((first, rest)) = units.split_first() else { return Things(Vec::new()) };
    Things(rest.iter().take(UNITS_SHOWN - 1).map(|unit| Thing::unit_beside(unit, first)).collect())
}

/// A station's state in words, with its colour: SEMI E10 as CFX writes it (`PRD_RegularWork`), or any other word as it was sent.
fn state(sent: &str) -> (String, &'static str) {
    let Some((code, rest)) = sent.split_once('_') else { return (sent.to_owned(), tone(sent)) };
    let tone = match code {
        "PRD" => "good",
        "SBY" | "ENG" => "warn",
        "SDT" | "USD" => "bad",
        "NST" => "calm",
        _ => return (sent.to_owned(), tone(sent)),
    };
    (in_words(&rest.replace('_', "")), tone)
}

impl Yield {
    fn of((passed, failed): (usize, usize)) -> Option<Yield> {
        let all = passed + failed;
        if all == 0 {
            return None;
        }
        let share = 100.0 * passed as f64 / all as f64;
        let tone = match share {
            99.0.. => "good",
            95.0..99.0 => "warn",
            _ => "bad",
        };
        // A single failure never reads as 100 %.
        let shown = if failed > 0 { (share * 10.0).floor() / 10.0 } else { 100.0 };
        let percent = if failed == 0 { "100".to_owned() } else { format!("{shown:.1}") };
        Some(Yield { percent, passed, failed, tone, width: share })
    }
}

impl Place {
    fn of(mounted: &MountedAt) -> Place {
        Place {
            place: Maybe(mounted.place.clone()),
            thing: Thing::new(mounted.thing.clone()),
            from: When::at(&mounted.from),
            doubtful: mounted.uncertain_from.as_deref().map(When::at),
        }
    }
}

impl Chart {
    fn of(beats: &[Beat]) -> Chart {
        let recent = &beats[beats.len().saturating_sub(CHART_S)..];
        let peak = recent.iter().map(|beat| beat.messages_per_s).fold(1.0, f64::max);
        let first = CHART_S - recent.len();
        let bar = |(at, beat): (usize, &Beat)| {
            let height = 40.0 * beat.messages_per_s / peak;
            Bar { x: first + at, y: 40.0 - height, height }
        };
        let points: Vec<(i64, f64)> = recent.iter().map(|beat| (beat.at_ms, beat.messages_per_s)).collect();
        Chart {
            bars: recent.iter().enumerate().map(bar).collect(),
            peak: rate(peak),
            data: serde_json::to_string(&points).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_read_as_words() {
        assert_eq!(state("PRD_RegularWork"), ("regular work".to_owned(), "good"));
        assert_eq!(state("USD_WaitingForMaintenance"), ("waiting for maintenance".to_owned(), "bad"));
        assert_eq!(state("Productive"), ("Productive".to_owned(), "good"));
    }

    #[test]
    fn one_failure_is_never_a_hundred_percent() {
        let percent = |passed, failed| Yield::of((passed, failed)).map(|shown| shown.percent);
        assert_eq!(percent(0, 0), None);
        assert_eq!(percent(12, 0).as_deref(), Some("100"));
        assert_eq!(percent(99_999, 1).as_deref(), Some("99.9"));
        assert_eq!(percent(3, 1).as_deref(), Some("75.0"));
    }
}
