//! The paste printer: a stencil per side, a squeegee, and paste that is topped up on what is already there.

use serde_json::json;

use crate::board::Side;
use crate::cause::Blame;
use crate::floor::{Floor, Run, Transaction, tool};
use crate::panel::{Defect, Panel};
use crate::record::Role;
use crate::station::{self, PRINTER, SECOND};
use crate::stock::Reel;

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

impl Printer {
    pub(crate) fn print(&mut self, floor: &mut Floor, panel: &mut Panel, at: i64) -> i64 {
        let start = at.max(floor.station(PRINTER).free);
        if self.prints >= floor.config.panels_per_paste_jar || self.jars.is_empty() {
            self.add_paste(floor, start);
        }
        let start = start + 4 * SECOND;
        self.prints += 1;
        let transaction = Transaction::Given(floor.random.guid());
        let run = floor.open(PRINTER, start - SECOND, start, panel.listing(false), transaction);
        for jar in &self.jars {
            for unit in &run.listing.units {
                floor.record.contact(jar.id, unit.unit);
            }
        }
        self.spoil(floor, panel, start);
        let end = start + 16 * SECOND + floor.random.between(0, SECOND);
        if floor.random.chance(floor.config.paste_reported)
            && let Some(jar) = self.jars.last().cloned()
        {
            let mut applied = Vec::new();
            for (nest, listed) in run.listing.units.iter().enumerate().filter(|(_, listed)| listed.status == "Pass") {
                applied.push(json!({
                    "UnitIdentifier": listed.identifier,
                    "UnitPositionNumber": listed.number,
                    "QuantityInstalled": 0.91,
                    "QuantityNonInstalled": 0.0,
                    "Material": jar.package(&floor.board),
                    "CarrierLocation": null,
                    "InstalledComponents": [],
                }));
                if floor.record.keep {
                    floor.record.applied.push((run.pass, nest as u8, jar.id));
                }
            }
            let body = run.transaction.put(json!({ "AppliedMaterials": applied }), "TransactionId");
            floor.send(PRINTER, end - SECOND, "CFX.Production.Application.MaterialsApplied", &body);
        }
        if floor.random.chance(0.5) {
            self.report_stencil(floor, &run, end - SECOND / 2);
        }
        floor.close(&run, end, end + SECOND);
        floor.station_mut(PRINTER).free = end + 2 * SECOND;
        end + 4 * SECOND
    }

    /// Paste past its life makes bad joints.
    fn spoil(&self, floor: &mut Floor, panel: &mut Panel, at: i64) {
        let Some(jar) = self.jars.iter().find(|jar| jar.expires.is_some_and(|expires| expires < at)) else { return };
        let (lot, station) = (format!("lot:{}", jar.lot), station::handle(floor.line, PRINTER));
        let blame = Blame { thing: &lot, station: Some(&station), at };
        for board in panel.present() {
            let fitted = &floor.board.products[panel.product as usize].fitted;
            if let Some(position) = floor.causes.print(&blame, panel.unit(board), fitted) {
                floor.delivery.count("bad joint by paste past its life");
                panel.boards[board].defects.push(Defect::of_joint(position));
            }
        }
    }

    fn report_stencil(&mut self, floor: &mut Floor, run: &Run, at: i64) {
        let Some(stencil) = self.stencil.clone() else { return };
        let mut used = Vec::new();
        for (nest, listed) in run.listing.units.iter().enumerate() {
            used.push(json!({
                "UnitIdentifier": listed.identifier,
                "UnitPositionNumber": listed.number,
                "Tool": tool(STENCIL, &stencil),
                "UsageCycles": 1,
                "InstalledComponents": [],
            }));
            floor.record.name(run.pass, nest as u8, Role::Tool(STENCIL), &format!("tool:{stencil}"));
        }
        let body = run.transaction.put(json!({ "UsedTools": used }), "TransactionId");
        floor.send(PRINTER, at, "CFX.Production.ToolsUsed", &body);
    }

    /// More paste: on top of what is there, or after cleaning.
    fn add_paste(&mut self, floor: &mut Floor, at: i64) {
        if !floor.config.paste_mixed || self.jars.len() > 3 {
            self.clean_paste(floor, at);
        }
        if !self.jars.is_empty() {
            floor.delivery.count("paste topped up");
        }
        let jar = floor.take(floor.board.paste, at);
        let body = json!({ "Materials": [{
            "LocationIdentifier": "GX-PASTE",
            "LocationName": "PASTE",
            "MaterialPackage": jar.package(&floor.board),
            "CarrierInformation": null,
        }] });
        floor.send(PRINTER, at + 2 * SECOND, "CFX.Materials.Storage.MaterialsLoaded", &body);
        floor.mount(PRINTER, at + 2 * SECOND, jar.id, 0);
        self.jars.push(jar);
        self.prints = 0;
    }

    /// All paste goes to waste.
    fn clean_paste(&mut self, floor: &mut Floor, at: i64) {
        let jars = std::mem::take(&mut self.jars);
        if jars.is_empty() {
            return;
        }
        let names: Vec<&str> = jars.iter().map(|jar| jar.name.as_str()).collect();
        let body = json!({ "MaterialPackageIdentifiers": names });
        floor.send(PRINTER, at, "CFX.Materials.Storage.MaterialsUnloaded", &body);
        for jar in &jars {
            floor.record.unmount(floor.clock(PRINTER, at), jar.id);
        }
    }

    pub(crate) fn change_stencil(&mut self, floor: &mut Floor, product: u16, side: Side, at: i64) {
        self.clean_paste(floor, at);
        let letter = if side == Side::Bottom { 'B' } else { 'T' };
        let code = &floor.board.products[product as usize].code;
        let stencil = format!("STC-{code}-{letter}-{:02}", floor.line + 1);
        let old = self.stencil.replace(stencil.clone());
        let mut off: Vec<(&str, String)> = old.into_iter().map(|name| (STENCIL, name)).collect();
        let mut on = vec![(STENCIL, stencil)];
        let worn = self.squeegees.is_multiple_of(3);
        self.squeegees += 1;
        if worn || self.squeegee.is_none() {
            let squeegee = format!("{}SQG-{:03}", station::tag(floor.line), self.squeegees / 3 % 4 + 1);
            off.extend(self.squeegee.replace(squeegee.clone()).map(|name| (SQUEEGEE, name)));
            on.push((SQUEEGEE, squeegee));
        }
        floor.move_tools(PRINTER, at + 10 * SECOND, &off, false);
        floor.move_tools(PRINTER, at + 30 * SECOND, &on, true);
    }
}
