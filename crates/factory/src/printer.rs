//! The paste printer: a stencil per side, a squeegee, and paste that is topped up on what is already there.

use serde_json::{Value, json};

use crate::board::Side;
use crate::line::{Line, PRINTER, Panel, SECOND, Transaction};
use crate::record::Role;
use crate::warehouse::Reel;

const STENCIL: &str = "CFX.Structures.SolderPastePrinting.SMTStencil";
const SQUEEGEE: &str = "CFX.Structures.SolderPastePrinting.SMTSqueegee";

#[derive(Default)]
pub(crate) struct Printer {
    /// What lies on the stencil, oldest first.
    pub(crate) jars: Vec<Reel>,
    prints: u32,
    stencil: Option<String>,
    squeegee: Option<String>,
    squeegees: u32,
}

fn tool(kind: &str, name: &str) -> Value {
    json!({ "$type": format!("{kind}, CFX"), "CleaningState": "Cleaned", "UniqueIdentifier": name, "Name": name })
}

impl Line {
    pub(crate) fn print(&mut self, panel: &Panel, at: i64) -> i64 {
        let start = at.max(self.stations[PRINTER as usize].free);
        if self.printer.prints >= self.config.panels_per_paste_jar || self.printer.jars.is_empty() {
            self.add_paste(start);
        }
        let start = start + 4 * SECOND;
        self.printer.prints += 1;
        let transaction = Transaction::Given(self.random.guid());
        let run = self.open(PRINTER, start - SECOND, start, panel.listing(false), transaction);
        for jar in &self.printer.jars {
            for unit in &run.listing.units {
                self.record.contact(jar.id, unit.unit);
            }
        }
        let end = start + 16 * SECOND + self.random.between(0, SECOND);
        if self.random.chance(self.config.paste_reported)
            && let Some(jar) = self.printer.jars.last().cloned()
        {
            let mut applied = Vec::new();
            for (nest, listed) in run.listing.units.iter().enumerate().filter(|(_, listed)| listed.status == "Pass") {
                applied.push(json!({
                    "UnitIdentifier": listed.identifier,
                    "UnitPositionNumber": listed.number,
                    "QuantityInstalled": 0.91,
                    "QuantityNonInstalled": 0.0,
                    "Material": jar.package(&self.board),
                    "CarrierLocation": null,
                    "InstalledComponents": [],
                }));
                if self.record.keep {
                    self.record.applied.push((run.pass, nest as u8, jar.id));
                }
            }
            let body = run.transaction.put(json!({ "AppliedMaterials": applied }), "TransactionId");
            self.send(PRINTER, end - SECOND, "CFX.Production.Application.MaterialsApplied", &body);
        }
        if self.random.chance(0.5) {
            self.report_stencil(&run, end - SECOND / 2);
        }
        self.close(&run, end, end + SECOND);
        self.stations[PRINTER as usize].free = end + 2 * SECOND;
        end + 4 * SECOND
    }

    fn report_stencil(&mut self, run: &crate::line::Run, at: i64) {
        let Some(stencil) = self.printer.stencil.clone() else { return };
        let mut used = Vec::new();
        for (nest, listed) in run.listing.units.iter().enumerate() {
            used.push(json!({
                "UnitIdentifier": listed.identifier,
                "UnitPositionNumber": listed.number,
                "Tool": tool(STENCIL, &stencil),
                "UsageCycles": 1,
                "InstalledComponents": [],
            }));
            self.record.name(run.pass, nest as u8, Role::Tool(STENCIL), &format!("tool:{stencil}"));
        }
        let body = run.transaction.put(json!({ "UsedTools": used }), "TransactionId");
        self.send(PRINTER, at, "CFX.Production.ToolsUsed", &body);
    }

    /// More paste: on top of what is there, or after cleaning.
    fn add_paste(&mut self, at: i64) {
        if !self.config.paste_mixed || self.printer.jars.len() > 3 {
            self.clean_paste(at);
        }
        if !self.printer.jars.is_empty() {
            self.delivery.count("paste topped up");
        }
        let jar = self.take(self.board.paste);
        let body = json!({ "Materials": [{
            "LocationIdentifier": "GX-PASTE",
            "LocationName": "PASTE",
            "MaterialPackage": jar.package(&self.board),
            "CarrierInformation": null,
        }] });
        self.send(PRINTER, at + 2 * SECOND, "CFX.Materials.Storage.MaterialsLoaded", &body);
        self.record.mount(self.clock(PRINTER, at + 2 * SECOND), jar.id, PRINTER, 0);
        self.printer.jars.push(jar);
        self.printer.prints = 0;
    }

    /// All paste goes to waste.
    fn clean_paste(&mut self, at: i64) {
        let jars = std::mem::take(&mut self.printer.jars);
        if jars.is_empty() {
            return;
        }
        let names: Vec<&str> = jars.iter().map(|jar| jar.name.as_str()).collect();
        let body = json!({ "MaterialPackageIdentifiers": names });
        self.send(PRINTER, at, "CFX.Materials.Storage.MaterialsUnloaded", &body);
        for jar in &jars {
            self.record.unmount(self.clock(PRINTER, at), jar.id);
        }
    }

    pub(crate) fn change_stencil(&mut self, side: Side, at: i64) {
        self.clean_paste(at);
        let letter = if side == Side::Bottom { 'B' } else { 'T' };
        let stencil = format!("STC-TS53-{letter}-01");
        let old = self.printer.stencil.replace(stencil.clone());
        let mut off: Vec<(&str, String)> = old.into_iter().map(|name| (STENCIL, name)).collect();
        let mut on = vec![(STENCIL, stencil)];
        let worn = self.printer.squeegees.is_multiple_of(3);
        self.printer.squeegees += 1;
        if worn || self.printer.squeegee.is_none() {
            let squeegee = format!("SQG-{:03}", self.printer.squeegees / 3 % 4 + 1);
            off.extend(self.printer.squeegee.replace(squeegee.clone()).map(|name| (SQUEEGEE, name)));
            on.push((SQUEEGEE, squeegee));
        }
        self.move_tools(PRINTER, at + 10 * SECOND, &off, false);
        self.move_tools(PRINTER, at + 30 * SECOND, &on, true);
    }

    pub(crate) fn move_tools(&mut self, station: u8, at: i64, tools: &[(&'static str, String)], on: bool) {
        if tools.is_empty() {
            return;
        }
        let list: Vec<Value> = tools
            .iter()
            .map(|(kind, name)| match *kind {
                "Tool" => json!({ "UniqueIdentifier": name, "Name": name }),
                kind => tool(kind, name),
            })
            .collect();
        let message = if on { "CFX.Production.ToolsLoaded" } else { "CFX.Production.ToolsUnloaded" };
        self.send(
            station,
            at,
            message,
            &json!({ "TransactionID": "00000000-0000-0000-0000-000000000000", "Tools": list }),
        );
        for (kind, name) in tools {
            let at = self.clock(station, at);
            self.record.presence(at, station, Role::Tool(kind), &format!("tool:{name}"), on);
        }
    }
}
