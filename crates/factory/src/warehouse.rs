//! The warehouse: lots arrive, become reels with an identity, go to the line and come back.

use serde_json::{Value, json};

use crate::board::SUSPECT;
use crate::floor::Floor;
use crate::panel::BOARDS;
use crate::record;
use crate::station::{CABINET, MINUTE, WAREHOUSE};
use crate::stock::Reel;

/// How long a package is on its way from one line to another.
const WAY_BACK: i64 = 5 * MINUTE;

impl Floor {
    /// A new lot of a part arrives and is booked in as packages.
    pub(crate) fn receive(&mut self, part: u16, at: i64) {
        let shelf = &mut self.stock.shelves[part as usize];
        shelf.lots += 1;
        let number = shelf.lots;
        let kind = &self.board.parts[part as usize];
        let maker: String = kind.manufacturer.chars().filter(char::is_ascii_alphabetic).take(3).collect();
        let code = format!(
            "LOT-{}-{}W{:02}-{}{part}",
            maker.to_uppercase(),
            25 + number / 40,
            5 + number % 40,
            char::from(b'A' + (number % 26) as u8),
        );
        let bad = self.config.bad_lots && self.is_suspect(part) && number == 2;
        if bad {
            self.delivery.count("bad capacitor lot");
        }
        let packages = if part == self.board.paste { 4 } else { self.random.between(3, 6) };
        let lot = self.record.lots.len() as u32;
        if self.record.keep {
            self.record.lots.push((code.clone(), part));
        }
        let sensitive = kind.is_moisture_sensitive();
        let mut details = Vec::new();
        for _ in 0..packages {
            let quantity = self.package_quantity(part);
            let mut reel = self.new_package(part, quantity, &code, bad);
            let life = if part == self.board.paste { self.causes.paste_life(number) } else { None };
            reel.expires = life.map(|minutes| at + i64::from(minutes) * MINUTE);
            if let Some(package) = self.record.packages.get_mut(reel.id as usize) {
                package.lots.push((lot, false));
            }
            details.push(self.detail(&reel, sensitive.then_some("NeverOpened"), at));
            self.stock.put_behind(reel);
        }
        self.send(WAREHOUSE, at, "CFX.Materials.Management.MaterialsInitialized", &json!({ "Materials": details }));
        if self.random.chance(self.config.lot_correction) {
            self.correct_lot(part, lot, &code, at);
        }
    }

    /// Someone notices that a label was misread: the newest package really belongs to another lot.
    fn correct_lot(&mut self, part: u16, wrong: u32, code: &str, at: i64) {
        let right = format!("{code}-R");
        let Some(reel) = self.stock.shelves[part as usize].reels.back_mut() else { return };
        reel.lot.clone_from(&right);
        let reel = reel.clone();
        if self.record.keep {
            let lot = self.record.lots.len() as u32;
            self.record.lots.push((right.clone(), part));
            let package = &mut self.record.packages[reel.id as usize];
            package.lots = vec![(wrong, true), (lot, false)];
        }
        self.delivery.count("lot corrected");
        let detail = self.detail(&reel, None, at);
        let body = json!({ "Reason": "InformationWasIncorrect", "Materials": [detail] });
        self.send(WAREHOUSE, at + 5_000_000, "CFX.Materials.Management.MaterialsModified", &body);
    }

    /// Takes a package off the shelf; orders a lot when the shelf is empty. What another line brought back is there after a while only.
    pub(crate) fn take(&mut self, part: u16, at: i64) -> Reel {
        loop {
            let line = self.line;
            let shelf = &mut self.stock.shelves[part as usize].reels;
            let next = shelf.iter().position(|reel| reel.line == line || reel.back + WAY_BACK <= at);
            match next.and_then(|next| shelf.remove(next)) {
                Some(reel) if reel.quantity > 0 => return Reel { line, ..reel },
                Some(empty) => self.settle(&empty),
                None => self.receive(part, self.now),
            }
        }
    }

    /// Takes a package for a feeder: of the part, or of its alternate.
    pub(crate) fn kit(&mut self, part: u16, at: i64) -> Reel {
        match self.board.alternates.get(&part).copied() {
            Some(alternate) if self.random.chance(self.config.alternate_share) => {
                self.delivery.count("alternate part");
                self.take(alternate, at)
            }
            _ => self.take(part, at),
        }
    }

    /// A package comes back from the line.
    pub(crate) fn bring_back(&mut self, reel: Reel, at: i64, in_front: bool) {
        let reel = Reel { back: at, line: self.line, ..reel };
        let shelf = &mut self.stock.shelves[reel.part as usize].reels;
        if in_front { shelf.push_front(reel) } else { shelf.push_back(reel) }
    }

    /// Keeps some packages of every part on the shelf.
    pub(crate) fn restock(&mut self, at: i64) {
        for part in 0..self.board.parts.len() as u16 {
            if self.stock.shelves[part as usize].reels.len() < 3 {
                self.receive(part, at);
            }
        }
    }

    /// Cuts a strip off the first reel on the shelf, for the rework bench.
    pub(crate) fn cut(&mut self, part: u16, at: i64) -> Reel {
        let mut source = self.take(part, at);
        while source.quantity < 2 {
            self.settle(&source);
            source = self.take(part, at);
        }
        let quantity = (source.quantity / 2).min(20);
        source.quantity -= quantity;
        let mut cut = self.new_package(part, quantity, &source.lot, source.bad);
        cut.name = format!("CUT-{:06}", cut.id);
        if self.record.keep {
            self.record.packages[source.id as usize].moved_on += u64::from(quantity);
            let package = &mut self.record.packages[cut.id as usize];
            package.name.clone_from(&cut.name);
            package.parent = Some(source.id);
        }
        let body = json!({
            "SourceMaterialPackageIdentifier": source.name,
            "SourceMaterialPackageRemainingQuantity": f64::from(source.quantity),
            "NewMaterialPackageIdentifier": cut.name,
            "NewMaterialPackageQuantity": f64::from(quantity),
        });
        self.send(WAREHOUSE, at, "CFX.Materials.Management.MaterialsSplit", &body);
        self.bring_back(source, at, true);
        cut
    }

    /// A moisture-sensitive package changes its state.
    pub(crate) fn moisture(&mut self, reel: &Reel, at: i64, message: &str, state: &str) {
        let detail = self.detail(reel, Some(state), at);
        let name = format!("CFX.Materials.Management.MSDManagement.{message}");
        self.send(CABINET, at, &name, &json!({ "Materials": [detail] }));
    }

    pub(crate) fn is_suspect(&self, part: u16) -> bool {
        self.board.parts[part as usize].mpn == SUSPECT
    }

    fn new_package(&mut self, part: u16, quantity: u32, lot: &str, bad: bool) -> Reel {
        let id = self.stock.next_package;
        self.stock.next_package += 1;
        let kind = &self.board.parts[part as usize];
        let prefix = match part {
            part if part == self.board.paste => "PASTE",
            part if part == self.board.bare_board => "PCB",
            part if part == self.board.flux => "FLUX",
            _ if kind.package == "Through Hole" => "BAG",
            _ if kind.is_moisture_sensitive() => "TRAY",
            _ => "REEL",
        };
        let name = format!("{prefix}-{id:06}");
        if self.record.keep {
            self.record.packages.push(record::Package {
                name: name.clone(),
                part,
                initial: u64::from(quantity),
                counted: part != self.board.paste && part != self.board.flux && part != self.board.bare_board,
                ..record::Package::default()
            });
        }
        Reel {
            id,
            name,
            part,
            lot: lot.to_owned(),
            initial: quantity,
            quantity,
            bad,
            opened: false,
            expires: None,
            line: self.line,
            back: 0,
        }
    }

    fn package_quantity(&mut self, part: u16) -> u32 {
        if !self.board.parts[part as usize].on_bom {
            return if part == self.board.bare_board { 100 } else { 500 };
        }
        let main =
            self.board.alternates.iter().find(|(_, alternate)| **alternate == part).map_or(part, |(main, _)| *main);
        let per_board = self.board.products.iter().map(|product| product.count(main)).max().unwrap_or(0);
        let wanted = per_board * BOARDS * self.config.panels_per_reel;
        let quantity = wanted.clamp(self.config.panels_per_reel * BOARDS, self.config.reel_quantity_max);
        quantity + self.random.between(0, i64::from(quantity / 10).max(1)) as u32
    }

    fn detail(&self, reel: &Reel, moisture: Option<&str>, at: i64) -> Value {
        let part = &self.board.parts[reel.part as usize];
        let source = &self.station(WAREHOUSE).source;
        let moisture = moisture.map(|state| {
            json!({
                "$type": "CFX.Structures.MaterialPackageMSDData, CFX",
                "ExpirationDateTime": null,
                "LastExposureDateTime": if state == "Exposed" { Some(source.stamp(at)) } else { None },
                "RemainingExposureTime": "7.00:00:00",
                "MSDLevel": "MSL3",
                "MSDState": state,
            })
        });
        let mut detail = json!({
            "UniqueIdentifier": reel.name,
            "InternalPartNumber": part.number,
            "Manufacturer": part.manufacturer,
            "ManufacturerPartNumber": part.mpn,
            "Vendor": if reel.part.is_multiple_of(2) { "Digikey" } else { "Mouser" },
            "VendorPartNumber": format!("{}-ND", part.mpn),
            "ManufacturerLotCode": reel.lot,
            "ReceivedDate": source.stamp(at),
            "Units": null,
            "InitialQuantity": f64::from(reel.initial),
            "Quantity": f64::from(reel.quantity),
            "Status": "Active",
            "HazardousMaterialType": "RoHS",
            "MaterialData": moisture,
        });
        if let Some(expires) = reel.expires {
            detail["ExpiryDate"] = Value::from(source.stamp(expires));
        }
        detail
    }
}
