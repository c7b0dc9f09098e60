//! Functional test: boards lie in reusable carriers, four at a time, in whatever nest was free.

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::bench::{Bench, single};
use crate::dispatch::{Dispatch, Finished};
use crate::floor::{Floor, Run, Transaction};
use crate::panel::{BOARDS, Defect, Listed, Listing, Panel, PanelBoard, panel_name, serial};
use crate::record::Role;
use crate::station::{self, BENCH, SECOND, TESTER};

const CARRIERS: u32 = 4;
/// The fixture of a line.
fn fixture(line: u8) -> String {
    format!("{}FIX-TS53-01", station::tag(line))
}

/// A board that waits for its test.
#[derive(Clone, Debug)]
struct Waiting {
    unit: u32,
    ready: i64,
    attempt: u32,
    board: PanelBoard,
}

#[derive(Default)]
pub(crate) struct Tester {
    queue: VecDeque<Waiting>,
    next_carrier: u32,
}

/// The fixture that stays is mounted.
pub(crate) fn load_fixture(floor: &mut Floor, at: i64) {
    floor.move_tools(TESTER, at, &[("Tool", fixture(floor.line))], true);
}

impl Tester {
    pub(crate) fn queue(
        &mut self,
        floor: &mut Floor,
        bench: &mut Bench,
        dispatch: &mut Dispatch,
        panel: Panel,
        at: i64,
    ) {
        let first = panel.unit(0);
        for (unit, board) in (first..).zip(panel.boards) {
            if !board.skip && !board.scrap {
                self.queue.push_back(Waiting { unit, ready: at, attempt: 1, board });
            }
        }
        while self.queue.len() >= 4 {
            self.test_carrier(floor, bench, dispatch);
        }
    }

    pub(crate) fn flush(&mut self, floor: &mut Floor, bench: &mut Bench, dispatch: &mut Dispatch) {
        while !self.queue.is_empty() {
            self.test_carrier(floor, bench, dispatch);
        }
    }

    fn test_carrier(&mut self, floor: &mut Floor, bench: &mut Bench, dispatch: &mut Dispatch) {
        let count = self.queue.len().min(4);
        let boards: Vec<Waiting> = self.queue.drain(..count).collect();
        let ready = boards.iter().map(|board| board.ready).max().unwrap_or(floor.now);
        let at = ready.max(floor.station(TESTER).free) + SECOND;
        self.next_carrier = self.next_carrier % CARRIERS + 1;
        let carrier = format!("{}CARRIER-{:02}", station::tag(floor.line), self.next_carrier);
        let listing = |by_serial: bool| Listing {
            primary: carrier.clone(),
            units: (1..)
                .zip(&boards)
                .map(|(number, board)| Listed {
                    unit: board.unit,
                    identifier: if by_serial { serial(board.unit) } else { carrier.clone() },
                    number,
                    status: "Pass",
                })
                .collect(),
        };
        let load =
            |listing: Listing| json!({ "UniqueIdentifier": carrier, "UnitCount": count, "Units": listing.to_json() });
        floor.send(TESTER, at, "CFX.Production.LoadingAndUnloading.UnitsLoaded", &load(listing(true)));
        floor.delivery.count("carrier cycle");
        let transaction = Transaction::Given(floor.random.guid());
        let start = at + 3 * SECOND;
        let run = floor.open(TESTER, start - SECOND, start, listing(false), transaction);
        let end = start + 24 * SECOND + floor.random.between(0, 2 * SECOND);
        let by_serial = floor.random.chance(0.5);
        let mut tested = Vec::new();
        let mut verdicts = Vec::new();
        for (number, board) in (1..).zip(&boards) {
            let bad = board.attempt == 1 && board.board.suspect.is_some() && floor.random.chance(0.17);
            let weak = board.attempt == 1 && board.board.weak.is_some() && floor.random.chance(0.9);
            let again = board.attempt > 1 && floor.random.chance(0.12);
            let failed = bad || weak || again || floor.random.chance(floor.config.test_failures);
            if bad {
                floor.delivery.count("failure by a bad capacitor");
                blame_lot(floor, board, end);
            }
            verdicts.push(failed);
            let ripple = if bad { floor.random.between(61_000, 90_000) } else { floor.random.between(18_000, 42_000) };
            let offset =
                if failed && !bad { floor.random.between(5_100, 8_000) } else { floor.random.between(-3_000, 3_000) };
            let mut tests = vec![
                measure(floor, "RIPPLE_3V3", "mV", ripple, 0, 60_000),
                measure(floor, "OFFSET_CH1", "mV", offset, -5_000, 5_000),
            ];
            let gain = floor.random.between(19_950, 20_050);
            tests.push(measure(floor, "GAIN_CH1", "dB", gain, 19_900, 20_100));
            tested.push(json!({
                "UnitIdentifier": if by_serial { serial(board.unit) } else { carrier.clone() },
                "UnitPositionNumber": if by_serial { None } else { Some(number) },
                "OverallResult": if failed { "Failed" } else { "Passed" },
                "Tests": tests,
            }));
        }
        let used = floor.random.chance(0.4);
        if used {
            let fixture = fixture(floor.line);
            let mut tools = Vec::new();
            for (nest, listed) in (0u8..).zip(&run.listing.units) {
                tools.push(json!({
                    "UnitIdentifier": listed.identifier,
                    "UnitPositionNumber": listed.number,
                    "Tool": { "UniqueIdentifier": fixture, "Name": fixture },
                    "UsageCycles": 1,
                    "InstalledComponents": [],
                }));
                floor.record.name(run.pass, nest, Role::Tool("Tool"), &format!("tool:{fixture}"));
            }
            let body = run.transaction.put(json!({ "UsedTools": tools }), "TransactionId");
            floor.send(TESTER, end - 2 * SECOND, "CFX.Production.ToolsUsed", &body);
        }
        report_test(floor, &run, &tested, end - SECOND);
        floor.close(&run, end, end + SECOND);
        let unload = end + 2 * SECOND;
        floor.send(TESTER, unload, "CFX.Production.LoadingAndUnloading.UnitsUnloaded", &load(listing(true)));
        floor.station_mut(TESTER).free = unload;
        for (board, failed) in boards.into_iter().zip(verdicts) {
            self.judge(floor, bench, dispatch, board, failed, unload + SECOND);
        }
    }

    /// Good boards are packed, bad ones repaired once, then scrapped.
    fn judge(
        &mut self,
        floor: &mut Floor,
        bench: &mut Bench,
        dispatch: &mut Dispatch,
        waiting: Waiting,
        failed: bool,
        at: i64,
    ) {
        if !failed {
            dispatch.finish(floor, Finished { unit: waiting.unit, ready: at });
            return;
        }
        floor.delivery.count("test failed");
        let panel = panel_name(waiting.unit / BOARDS);
        if waiting.attempt > 1 {
            let (listing, _) = single(floor, waiting.unit, &panel);
            let mut listing = listing;
            listing.units[0].status = "Scrap";
            let body = json!({
                "PrimaryIdentifier": panel,
                "HermesIdentifier": null,
                "Reason": "DefectiveRepairNotPossible",
                "Comments": "failed the functional test again after repair",
                "UnitCount": 1,
                "Units": listing.to_json(),
            });
            floor.send(BENCH, at + 30 * SECOND, "CFX.Production.UnitsDisqualified", &body);
            floor.delivery.count("board scrapped");
            return;
        }
        let mut waiting = waiting;
        let defect = waiting.board.weak.take().or(waiting.board.suspect.take());
        let touch_up = defect.is_none();
        let position = floor.product_of(waiting.unit).fitted[0];
        let defect = defect.unwrap_or(Defect::new(position, None));
        let (listing, name) = single(floor, waiting.unit, &panel);
        let ready = bench.repair(floor, listing, name, &defect, touch_up, at);
        self.queue.push_back(Waiting { ready, attempt: waiting.attempt + 1, ..waiting });
    }
}

/// A board failed by a part of the bad lot.
fn blame_lot(floor: &mut Floor, board: &Waiting, at: i64) {
    let Some(Defect { position, package: Some(source), .. }) = &board.board.suspect else { return };
    let lot = floor.record.packages.get(source.package as usize).and_then(|package| package.lots.first().copied());
    if let Some((lot, _)) = lot {
        let code = floor.record.lots[lot as usize].0.clone();
        floor.causes.bad_part(&code, at, board.unit, Some(*position));
    }
}

fn report_test(floor: &mut Floor, run: &Run, tested: &[Value], at: i64) {
    let tester = floor.random.chance(0.5).then(|| floor.operator_json(TESTER, floor.crew(at)));
    let recipe = floor.random.chance(0.5).then(|| floor.station(TESTER).recipe.clone()).flatten();
    let program = recipe.as_ref().map(|(name, revision)| format!("program:{name}@{revision}"));
    let person = tester.is_some().then(|| format!("person:{}", floor.badge(TESTER, floor.crew(at))));
    for nest in 0..run.listing.units.len() as u8 {
        if let Some(program) = &program {
            floor.record.name(run.pass, nest, Role::Program, program);
        }
        if let Some(person) = &person {
            floor.record.name(run.pass, nest, Role::Person, person);
        }
    }
    let body = json!({
        "TestMethod": "FCT",
        "Tester": tester,
        "RecipeName": recipe.as_ref().map(|(name, _)| name),
        "RecipeRevision": recipe.as_ref().map(|(_, revision)| revision),
        "SamplingInformation": { "SamplingMethod": "NoSampling", "LotSize": null, "SampleSize": null },
        "TestedUnits": tested,
    });
    let body = run.transaction.put(body, "TransactionId");
    floor.send(TESTER, at, "CFX.Production.TestAndInspection.UnitsTested", &body);
}

/// One measurement; value and limits in thousandths.
fn measure(floor: &mut Floor, name: &str, units: &str, value: i64, low: i64, high: i64) -> Value {
    let result = if (low..=high).contains(&value) { "Passed" } else { "Failed" };
    let number = |thousandths: i64| thousandths as f64 / 1000.0;
    json!({
        "UniqueIdentifier": floor.random.guid(),
        "TestName": name,
        "Result": result,
        "SymptomsFound": [],
        "DefectsFound": [],
        "Measurements": [{
            "$type": "CFX.Structures.NumericMeasurement, CFX",
            "UniqueIdentifier": floor.random.guid(),
            "MeasurementName": name,
            "TimeRecorded": null,
            "Sequence": 0,
            "Result": result,
            "CRDs": null,
            "MeasuredValue": {
                "Value": number(value),
                "ValueUnits": units,
                "ExpectedValue": number((low + high) / 2),
                "ExpectedValueUnits": units,
                "MinimumAcceptableValue": number(low),
                "MaximumAcceptableValue": number(high),
            },
        }],
    })
}
