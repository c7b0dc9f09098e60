//! A house that is only pretended: fixed answers in all the states that a page must look right in. The board is a real one.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use app::answer::{
    Belonging, BoardPosition, Component, Counts, EventShown, Evidence, Gap, HistoryLine, Holder, LedgerNow, MountedAt,
    Quarantined, Relation, StationNow, ThingAbout, Trace, WhereUsed, WhereUsedRow,
};
use app::{
    AsOf, Captured, Counters, MessageOutcome, Outcome, QuarantineFilter, QuarantinePage, QuestionError, Replay,
    SiteError, WhereUsedQuery,
};
use axum::Router;
use web::{House, Options, router};

const POSITIONS: &str = include_str!("../../../factory/data/Thunderscope_Rev5.3_TS-PCIe_Positions.txt");

/// The unit that most tests look at.
pub(crate) const UNIT: &str = "TS-000123/2";
/// Its lot of capacitors, in 10,000 units.
pub(crate) const LOT: &str = "lot:MK-2291";
/// Events of the log.
pub(crate) const EVENTS: u64 = 5_317;

#[derive(Default)]
pub(crate) struct Pretended {
    /// Nothing has happened yet.
    pub(crate) empty: bool,
    pub(crate) beats: AtomicU64,
}

pub(crate) fn served(house: Pretended) -> Router {
    router(Arc::new(house), Options { body_bytes_max: 4_096, ..Options::default() })
}

fn some(text: impl Into<String>) -> Option<String> {
    Some(text.into())
}

fn at(minute: usize) -> String {
    format!("2026-03-02T{:02}:{:02}:{:02}.125Z", 6 + minute / 60 % 12, minute % 60, minute * 7 % 60)
}

fn gap(kind: &str, station: Option<&str>, text: &str) -> Gap {
    Gap { kind: kind.into(), station: station.map(Into::into), text: text.into() }
}

/// Positions of the board with the reel each is placed from.
fn board() -> Vec<(BoardPosition, usize)> {
    let mut reels: HashMap<(String, String), usize> = HashMap::new();
    let line = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [designator, value, footprint, x, y, rotation, side] = fields[..] else { return None };
        let um = |text: &str| text.parse::<f64>().map(|mm| (mm * 1_000.0) as i64);
        let next = reels.len();
        let reel = *reels.entry((value.to_owned(), footprint.to_owned())).or_insert(next);
        let position = BoardPosition {
            designator: designator.into(),
            part: format!("IPN-{reel:04}"),
            footprint: footprint.into(),
            x_um: um(x).ok()?,
            y_um: um(y).ok()?,
            rotation_mdeg: um(rotation).ok()?,
            side: side.into(),
        };
        Some((position, reel))
    };
    POSITIONS.lines().filter(|line| !line.starts_with('#')).filter_map(line).collect()
}

fn component(position: Option<&str>, reel: usize) -> Component {
    let makers = ["Murata", "Samsung", "KEMET", "Yageo", "Texas Instruments", "KYOCERA AVX"];
    let suppliers = ["Digi-Key", "Mouser", "Arrow", "TTI"];
    Component {
        position: position.map(Into::into),
        package: some(format!("PKG-{:06}", 104_200 + reel * 7)),
        thing: None,
        part: some(format!("IPN-{reel:04}")),
        lot: some(format!("MK-{}", 2_290 + reel)),
        manufacturer: some(makers[reel % makers.len()]),
        manufacturer_part: some(format!("GRM155R61E{:03}KA12D", 100 + reel)),
        supplier: some(suppliers[reel % suppliers.len()]),
        station: some(format!("SMT-{}", 1 + reel % 4)),
        place: some(format!("A{}.{:02}", 1 + reel % 3, 1 + reel % 40)),
        at: some(at(30 + reel)),
        removed_at: None,
        relation: Relation::Installed,
        evidence: Evidence::Certain,
        reasons: Vec::new(),
        via: None,
        from: Vec::new(),
        index: Some(1_200 + reel as u64),
    }
}

fn presence(thing: &str, station: &str, evidence: Evidence, reasons: &[&str]) -> Component {
    Component {
        package: None,
        part: None,
        lot: None,
        manufacturer: None,
        manufacturer_part: None,
        supplier: None,
        place: None,
        thing: some(thing),
        station: some(station),
        relation: Relation::Exposed,
        evidence,
        reasons: reasons.iter().map(ToString::to_string).collect(),
        ..component(None, 1)
    }
}

fn components() -> Vec<Component> {
    let mut rows: Vec<Component> = Vec::new();
    for (position, reel) in board() {
        // A few positions were never reported.
        if matches!(position.designator.as_str(), "J4" | "C22" | "R6") {
            continue;
        }
        let mut row = component(Some(&position.designator), reel);
        if reel == 2 {
            row.evidence = Evidence::Possible;
            row.reasons = vec![
                "PKG-104214 was spliced to PKG-104911 and the machine names only the leading reel".into(),
                "the splice passed the pick position between two reports".into(),
            ];
            rows.push(Component { package: some("PKG-104911"), lot: some("MK-2311"), ..row.clone() });
        }
        if position.designator == "C15" {
            rows.push(Component { removed_at: some(at(190)), ..row.clone() });
            row = Component {
                package: some("PKG-105003"),
                station: some("REWORK-1"),
                place: None,
                at: some(at(195)),
                ..row
            };
        }
        rows.push(row);
    }
    let paste = Component { position: None, package: some("PASTE-0077"), ..component(None, 3) };
    rows.push(Component { relation: Relation::Exposed, station: some("PRINT-1"), place: some("squeegee"), ..paste });
    rows.push(presence("tool:STENCIL-TS53-B", "PRINT-1", Evidence::Certain, &[]));
    rows.push(presence("tool:NOZZLE-CN040-17", "SMT-1", Evidence::Possible, &["two nozzles of this kind were loaded"]));
    rows.push(presence("program:TS-PCIE-TOP@5.3.2", "SMT-2", Evidence::Certain, &[]));
    rows.push(presence("person:p-7fd2c1", "REWORK-1", Evidence::Certain, &[]));
    rows
}

fn line(minute: usize, station: &str, what: &str, result: Option<&str>, details: &[&str]) -> HistoryLine {
    HistoryLine {
        at: at(minute),
        recorded_at: at(minute + 1),
        station: station.into(),
        what: what.into(),
        details: details.iter().map(ToString::to_string).collect(),
        result: result.map(Into::into),
        index: 1_000 + minute as u64,
    }
}

fn history() -> Vec<HistoryLine> {
    vec![
        line(2, "LASER-1", "marked", Some("Completed"), &["names TS-000123/1 to TS-000123/4"]),
        line(11, "PRINT-1", "printed", Some("Completed"), &["paste height 121.4 µm (100 to 150)", "volume 98.2 %"]),
        line(31, "SMT-1", "placed", Some("Completed"), &["214 placements, 3 rejected picks"]),
        line(38, "SMT-2", "placed", Some("Completed"), &["188 placements"]),
        line(52, "REFLOW-1", "reflowed", Some("Completed"), &["peak 244.8 °C", "time above liquidus 61.2 s"]),
        line(
            58,
            "AOI-1",
            "inspected",
            Some("Failed"),
            &["C15 tombstone (machine: defect, operator: confirmed)", "C12 shifted (operator: false call)"],
        ),
        line(190, "REWORK-1", "component removed", None, &["C15, PKG-104207"]),
        line(196, "REWORK-1", "repaired", Some("RepairSuccessful"), &["C15 replaced from PKG-105003"]),
        line(240, "AOI-1", "inspected", Some("Passed"), &[]),
        line(
            302,
            "FCT-2",
            "tested",
            Some("Passed"),
            &["input noise 31.07 µV (at most 40)", "gain error 0.12 % (−0.5 to 0.5)", "attempt 1 of 3"],
        ),
        line(330, "PACK-1", "packed", None, &["into BOX-0042"]),
    ]
}

fn belonging(thing: &str, kind: &str, position: Option<&str>, until: Option<String>) -> Belonging {
    Belonging { thing: thing.into(), kind: kind.into(), position: position.map(Into::into), from: some(at(3)), until }
}

fn trace(unit: &str, components: Vec<Component>) -> Trace {
    Trace {
        unit: unit.into(),
        names: vec![unit.into(), "SN 2609-004711".into(), "00:1B:C5:0A:31:7F".into()],
        product: some("TS-PCIE-5.3@MP"),
        orders: vec!["WO-2026-0312".into()],
        components,
        history: history(),
        within: vec![
            belonging("unit:TS-000123", "panel", Some("2"), some(at(300))),
            belonging("carrier:FIX-09", "carrier", Some("1"), some(at(310))),
            belonging("container:BOX-0042", "container", None, None),
            belonging("shipment:SH-2026-118", "shipment", None, None),
        ],
        contains: Vec::new(),
        findings: vec![gap(
            "IncompleteReport",
            Some("SMT-2"),
            "3 positions that the program installs are not in the report: J4, C22, R6",
        )],
        gaps: vec![
            gap("Quarantined", Some("SMT-2"), "2 messages of this station between 06:31 and 06:44 wait in quarantine"),
            gap("OpenPass", Some("FCT-2"), "a pass has no end yet"),
        ],
        as_of: EVENTS,
    }
}

fn mounted(thing: &str, station: &str, place: &str, until: Option<String>) -> MountedAt {
    MountedAt {
        thing: thing.into(),
        station: station.into(),
        place: some(place),
        from: at(12),
        until,
        uncertain_from: None,
    }
}

fn station(
    name: &str,
    role: &str,
    state: Option<&str>,
    units: &[&str],
    verdicts: (usize, usize),
    places: usize,
) -> StationNow {
    let reel = |at: usize| {
        mounted(
            &format!("package:PKG-{:06}", 104_200 + at * 7),
            name,
            &format!("A{}.{:02}", 1 + at / 20, 1 + at % 20),
            None,
        )
    };
    let mut mounted: Vec<MountedAt> = (0..places).map(reel).collect();
    if places > 20 {
        mounted[3].uncertain_from = some(at(40));
    }
    StationNow {
        station: name.into(),
        role: some(role),
        state: state.map(Into::into),
        units: units.iter().map(ToString::to_string).collect(),
        working: !units.is_empty() && state == Some("Productive"),
        since: some((jiff::Timestamp::now() - jiff::SignedDuration::from_secs(17)).to_string()),
        program: (places > 0).then(|| "TS-PCIE-TOP@5.3.2".into()),
        people: usize::from(places == 0),
        mounted,
        passes_last_hour: 118 - places,
        verdicts,
    }
}

fn unknown<T>(thing: &str) -> Result<T, QuestionError> {
    Err(QuestionError::Unknown(thing.to_owned()))
}

fn outcome(outcome: Outcome) -> Captured {
    let message = MessageOutcome { message: "0d9f".into(), name: "CFX.Production.WorkStarted".into(), outcome };
    Captured { messages: vec![message], ..Captured::default() }
}

impl Pretended {
    fn used(&self, thing: &str) -> WhereUsed {
        let row = |number: usize| WhereUsedRow {
            unit: format!("TS-{:06}/{}", number / 4, number % 4 + 1),
            relation: if number < 9_400 { Relation::Installed } else { Relation::Exposed },
            evidence: if number.is_multiple_of(11) { Evidence::Possible } else { Evidence::Certain },
            positions: [
                "C1", "C25", "C48", "C49", "C50", "C51", "C52", "C53", "C54", "C55", "C56", "C57", "C58", "C59",
            ]
            .iter()
            .take(number % 15)
            .map(ToString::to_string)
            .collect(),
            removed_at: (number % 97 == 5).then(|| at(200)),
            at: some(at(number)),
            stations: vec!["SMT-1".into()],
            packages: vec![format!("PKG-{:06}", 104_207 + number % 3)],
            via: (number % 40 == 1).then(|| "UNIT-A".into()),
            reasons: if number.is_multiple_of(11) { vec!["two reels were spliced".into()] } else { Vec::new() },
        };
        let holder = |number: usize, customer: Option<&str>| Holder {
            id: format!("{}-{number:04}", if customer.is_some() { "SH" } else { "BOX" }),
            customer: customer.map(Into::into),
            units: 240 - number,
            from: some(at(number)),
            until: number.is_multiple_of(3).then(|| at(number + 90)),
        };
        WhereUsed {
            thing: thing.into(),
            expanded: vec!["package:PKG-104207".into(), "package:PKG-104208".into(), "package:PKG-104209".into()],
            units: (0..10_000).map(row).collect(),
            containers: (0..40).map(|number| holder(number, None)).collect(),
            shipments: (0..7)
                .map(|number| holder(number, Some(["Acme Instruments", "Nordlicht GmbH", "Kestrel Labs"][number % 3])))
                .collect(),
            counts: Counts {
                units: 10_000,
                certain: 9_090,
                possible: 910,
                unidentified: 3,
                shipped: 6_120,
                packed: 2_250,
                in_process: 1_480,
                returned: 62,
                scrapped: 88,
            },
            findings: vec![gap("NameTwice", None, "`SN 2609-004711` is on two units; both are listed")],
            gaps: vec![gap("UnidentifiedUnits", Some("SMT-3"), "3 passes on 2026-03-02 name no unit")],
            as_of: EVENTS,
        }
    }
}

impl House for Pretended {
    fn name(&self) -> String {
        "Plant 7".into()
    }

    fn trace(&self, thing: &str, as_of: AsOf) -> Result<Trace, QuestionError> {
        let unit = thing.strip_prefix("unit:").unwrap_or(thing);
        match unit {
            UNIT => {
                let as_of = if let AsOf::Index(index) = as_of { index } else { EVENTS };
                Ok(Trace { as_of, ..trace(UNIT, components()) })
            }
            "LONG" => {
                let row = |number: usize| component(Some(&format!("C{number}")), number % 250);
                Ok(trace("LONG", (1..=3_000).map(row).collect()))
            }
            "BARE" => Ok(Trace {
                names: vec!["BARE".into()],
                product: None,
                orders: Vec::new(),
                history: Vec::new(),
                within: Vec::new(),
                findings: Vec::new(),
                gaps: Vec::new(),
                ..trace("BARE", Vec::new())
            }),
            "A/../<b>\"&'" => Ok(trace(unit, Vec::new())),
            "BROKEN" => panic!("pretended fault"),
            "TWICE" => Err(QuestionError::Ambiguous {
                text: "TWICE".into(),
                candidates: vec!["unit:TS-000001/1".into(), "unit:TS-000002/3".into()],
            }),
            _ => unknown(unit),
        }
    }

    fn where_used(&self, query: &WhereUsedQuery) -> Result<WhereUsed, QuestionError> {
        match query.thing.as_str() {
            "lot:UNUSED" => Ok(WhereUsed {
                expanded: Vec::new(),
                units: Vec::new(),
                containers: Vec::new(),
                shipments: Vec::new(),
                counts: Counts::default(),
                findings: Vec::new(),
                gaps: Vec::new(),
                ..self.used("lot:UNUSED")
            }),
            "lot:(" => Err(QuestionError::Malformed { text: "lot:(".into(), reason: "a bracket is not closed".into() }),
            "station:SMT-1" => {
                Err(QuestionError::Malformed { text: "station:SMT-1".into(), reason: "name a time window".into() })
            }
            thing if thing.starts_with("lot:MK") || thing.starts_with("package:") => Ok(self.used(thing)),
            thing => unknown(thing),
        }
    }

    fn about(&self, thing: &str, _: AsOf) -> Result<ThingAbout, QuestionError> {
        let facts = [
            ("part", "IPN-0001"),
            ("manufacturer", "Murata"),
            ("manufacturerPart", "GRM155R61E105KA12D"),
            ("supplier", "Digi-Key"),
            ("received", "2026-02-17"),
            ("initial", "30000"),
            ("installed", "24118"),
            ("rejected", "312"),
            ("expected", "5570"),
            ("counted", "5541"),
            ("unexplained", "29"),
        ];
        let known = ["lot:MK", "package:PKG", "lot:UNUSED", "station:SMT"].iter().any(|known| thing.starts_with(known));
        if !known {
            return unknown(thing);
        }
        let bare = thing == "lot:UNUSED";
        Ok(ThingAbout {
            thing: thing.into(),
            facts: facts.iter().filter(|_| !bare).map(|(name, value)| (name.to_string(), value.to_string())).collect(),
            mounts: (0..if bare { 0 } else { 9 })
                .map(|number| MountedAt {
                    uncertain_from: (number == 4).then(|| at(50)),
                    ..mounted(
                        "package:PKG-104207",
                        "SMT-1",
                        &format!("A1.{number:02}"),
                        (number < 8).then(|| at(60 + number)),
                    )
                })
                .collect(),
            related: vec![
                ("packages".into(), "package:PKG-104207".into()),
                ("packages".into(), "package:PKG-104208".into()),
                ("receipt".into(), "receipt:GR-88120".into()),
            ],
        })
    }

    fn look_up(&self, text: &str, _: usize) -> Result<Vec<String>, QuestionError> {
        let known = [
            "unit:TS-000123/2",
            "unit:TS-000123",
            "lot:MK-2291",
            "lot:MK-2292",
            "package:PKG-104207",
            "package:PKG-104208",
            "order:A7",
            "lot:A7",
        ];
        let text = text.to_lowercase();
        let begins = |thing: &&&str| {
            thing.split(':').any(|part| part.to_lowercase().starts_with(&text)) || thing.to_lowercase() == text
        };
        Ok(known.iter().filter(begins).map(ToString::to_string).collect())
    }

    fn now(&self) -> Result<Vec<StationNow>, QuestionError> {
        if self.empty {
            return Ok(Vec::new());
        }
        let working = Some("Productive");
        Ok(vec![
            station("LASER-1", "marking", working, &["TS-000131"], (0, 0), 0),
            station("PRINT-1", "solder paste printer", working, &["TS-000130"], (0, 0), 2),
            station("SMT-1", "placement", working, &["TS-000129"], (0, 0), 38),
            station("SMT-2", "placement", Some("Unscheduled downtime"), &["TS-000128"], (0, 0), 36),
            station("REFLOW-1", "oven", working, &["TS-000127", "TS-000126", "TS-000125"], (0, 0), 1),
            station(
                "AOI-1",
                "inspection",
                working,
                &["TS-000124", "TS-000124/1", "TS-000124/2", "TS-000124/3", "TS-000124/5"],
                (411, 7),
                0,
            ),
            station("REWORK-1", "repair bench", Some("Standby"), &["TS-000119/3"], (3, 1), 4),
            station("FCT-2", "functional test", working, &["TS-000118/1"], (402, 0), 0),
            station("PACK-1", "packing", None, &[], (0, 0), 0),
        ])
    }

    fn board(&self, unit: &str) -> Result<Option<Vec<BoardPosition>>, QuestionError> {
        let unit = unit.strip_prefix("unit:").unwrap_or(unit);
        Ok((unit == UNIT).then(|| board().into_iter().map(|(position, _)| position).collect()))
    }

    fn counters(&self) -> Result<Counters, SiteError> {
        let beat = self.beats.fetch_add(1, Ordering::Relaxed);
        if self.empty {
            return Ok(Counters::default());
        }
        Ok(Counters {
            recorded: EVENTS + beat * 3,
            sealed: EVENTS + beat * 3 - 2,
            messages_per_s: 38.0 + (beat * 7 % 13) as f64,
            quarantined_waiting: 4,
            duplicates: 12,
            ..Counters::default()
        })
    }

    fn capture_cfx(&self, _: &str, bytes: Vec<u8>) -> Result<Captured, SiteError> {
        match bytes.first() {
            Some(b'{') => Ok(outcome(Outcome::Recorded { index: EVENTS })),
            _ => Ok(outcome(Outcome::Quarantined {
                id: 4,
                line: 1,
                column: 1,
                field: "message".into(),
                reason: "no JSON".into(),
            })),
        }
    }

    fn capture_events(&self, source: &str, bytes: Vec<u8>) -> Result<Captured, SiteError> {
        self.capture_cfx(source, bytes)
    }

    fn quarantine_list(&self, filter: QuarantineFilter, _: Option<u64>, _: usize) -> Result<QuarantinePage, SiteError> {
        let ids: &[u64] = if self.empty || filter == QuarantineFilter::Replayed { &[] } else { &[1, 2, 3, 4] };
        let messages = ids.iter().map(|id| self.quarantine_show(*id).map(|shown| shown.0)).collect::<Result<_, _>>()?;
        Ok(QuarantinePage { messages, next: None })
    }

    fn quarantine_show(&self, id: u64) -> Result<(Quarantined, Vec<u8>), SiteError> {
        if !(1..=4).contains(&id) {
            return Err(SiteError::NotFound(format!("message {id} in quarantine")));
        }
        let text = "{\n  \"MessageName\": \"CFX.Production.WorkStarted\",\n  \"TimeStamp\": \"2026-03-02T06:31:10+00:00\",\n  \"UniqueID\": “0d9f-<script>alert(1)</script>”,\n  \"MessageBody\": {\n    \"Lane\": 1\n  }\n}\n";
        let reasons = [
            "a text begins with “ instead of \"",
            "the member `TransactionID` is given twice with different values",
            "the time has no day: `2026-02-30`",
            "the message ends in the middle of a list",
        ];
        let message = Quarantined {
            id,
            received: at(40),
            source: "smt-2-export-2026-03-02.ndjson.gz".into(),
            line: 4,
            column: 15,
            field: "UniqueID".into(),
            reason: reasons[id as usize - 1].into(),
            bytes: text.len(),
            state: "waiting".into(),
        };
        Ok((message, text.as_bytes().to_vec()))
    }

    fn quarantine_replay(&self, replay: &Replay) -> Result<Captured, SiteError> {
        Ok(match replay {
            Replay::Repaired { .. } => outcome(Outcome::Recorded { index: 77 }),
            _ => outcome(Outcome::Quarantined {
                id: 1,
                line: 4,
                column: 15,
                field: "UniqueID".into(),
                reason: "a text begins with “".into(),
            }),
        })
    }

    fn ledger(&self) -> Result<LedgerNow, SiteError> {
        let recorded = if self.empty { 0 } else { EVENTS };
        Ok(LedgerNow {
            origin: "tracewright.example/plant-7".into(),
            key: "tracewright.example/plant-7+3f1a90bc+AWm0tTq5mJq0f1yUoHkq8k8sS9b1X5b3gq0XK2o5Yl7d".into(),
            recorded,
            sealed: recorded.saturating_sub(2),
            checkpoint: if self.empty { String::new() } else { self.checkpoint_text()? },
        })
    }

    fn checkpoint_text(&self) -> Result<String, SiteError> {
        Ok("tracewright.example/plant-7\n5315\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— tracewright.example/plant-7 PxqQvC8fY8s7h3k2m0Qy1x5V7bq3QmZ0a9c1d2e3f4g5h6i7j8k9l0m1n2o3p4q5\n".into())
    }

    fn event(&self, index: u64) -> Result<EventShown, SiteError> {
        if index >= EVENTS {
            return Err(SiteError::NotFound(format!("event {index}")));
        }
        Ok(EventShown {
            index,
            kind: "Installed".into(),
            at: at(index as usize),
            recorded_at: at(index as usize + 1),
            source: "SMTPlus.Model_21232.SN23123".into(),
            name: "CFX.Production.Assembly.MaterialsInstalled".into(),
            entry: format!(
                r#"{{"v":1,"kind":"Installed","source":{{"handle":"SMTPlus.Model_21232.SN23123","message":"0d9f{index}"}},"at":"2026-03-02T06:31:10.1250000+00:00","units":["TS-000123/2"],"places":[{{"place":"A1.07","package":"PKG-104207","positions":["C1","C25"],"height_mm":0.550}}]}}"#
            ),
            attached: None,
        })
    }

    fn inclusion_proof(&self, index: u64) -> Result<String, SiteError> {
        if index >= EVENTS - 2 {
            return Err(SiteError::NotFound(format!("proof for event {index} yet: it is not sealed")));
        }
        Ok(format!(
            "c2sp.org/tlog-proof@v1\nindex {index}\n{}\n{}",
            "k5pGm1VbQW0n3oY2v2cO9n0m8rJb7kq0C2o5Yl7dXx0=\n".repeat(12),
            self.checkpoint_text()?
        ))
    }

    fn consistency_proof(&self, old: u64, new: u64) -> Result<Vec<String>, SiteError> {
        if old > new {
            return Err(SiteError::Refused(format!("{old} is larger than {new}")));
        }
        Ok(vec!["k5pGm1VbQW0n3oY2v2cO9n0m8rJb7kq0C2o5Yl7dXx0=".into()])
    }

    fn tile(&self, level: u8, index: u64, width: u16) -> Result<Vec<u8>, SiteError> {
        if (level, index) == (0, 0) {
            Ok(vec![7; usize::from(width) * 32])
        } else {
            Err(SiteError::NotFound("tile".into()))
        }
    }

    fn entry_bundle(&self, _: u64, width: u16) -> Result<Vec<u8>, SiteError> {
        Ok([0, 1, b'x'].repeat(usize::from(width)))
    }
}
