//! Packing and shipping. These are not machines: they write plain JSON events.

use std::collections::VecDeque;

use serde_json::json;

use crate::floor::Floor;
use crate::panel::serial;
use crate::record::{Content, Packing, Shipment};
use crate::station::SECOND;

const PER_BOX: usize = 10;
const PER_PALLET: usize = 4;
const CUSTOMERS: [&str; 4] = ["ACME", "Globex", "Initech", "Umbrella Labs"];

/// A good board.
pub(crate) struct Finished {
    pub(crate) unit: u32,
    pub(crate) ready: i64,
}

/// A thing in a box.
#[derive(Clone, Debug)]
enum Piece {
    Board(u32),
    Product(u32),
}

impl Piece {
    fn name(&self) -> String {
        match self {
            Piece::Board(unit) => serial(*unit),
            Piece::Product(number) => product_name(*number),
        }
    }

    fn content(&self) -> Content {
        match self {
            Piece::Board(unit) => Content::Unit(*unit),
            Piece::Product(number) => Content::Product(*number),
        }
    }
}

#[derive(Default)]
pub(crate) struct Dispatch {
    pieces: Vec<Piece>,
    boxes: Vec<String>,
    next_box: u32,
    next_pallet: u32,
    next_product: u32,
    last: i64,
    /// Recently shipped, for returns.
    shipped: VecDeque<(String, String)>,
    in_boxes: Vec<Piece>,
}

pub(crate) const PRODUCT_PREFIX: &str = "TSX-";

pub(crate) fn product_name(number: u32) -> String {
    format!("{PRODUCT_PREFIX}{number:06}")
}

impl Dispatch {
    /// A good board goes into a product or straight into a box.
    pub(crate) fn finish(&mut self, floor: &mut Floor, board: Finished) {
        let at = board.ready.max(self.last) + 2 * SECOND;
        self.last = at;
        let piece = if floor.random.chance(floor.config.assembled) {
            self.next_product += 1;
            let number = self.next_product;
            let child = json!({ "unit": serial(board.unit), "position": "A1" });
            floor.say(at, "Assembled", "assembly-1", json!({ "unit": product_name(number), "children": [child] }));
            if floor.record.keep {
                floor.record.assemblies.push((number, board.unit, "A1".to_owned()));
            }
            Piece::Product(number)
        } else {
            Piece::Board(board.unit)
        };
        self.pieces.push(piece);
        if self.pieces.len() >= PER_BOX {
            self.pack_box(floor, at + SECOND);
        }
    }

    pub(crate) fn flush(&mut self, floor: &mut Floor) {
        let at = self.last + 10 * SECOND;
        if !self.pieces.is_empty() {
            self.pack_box(floor, at);
        }
        if !self.boxes.is_empty() {
            self.ship(floor, at + 20 * SECOND);
        }
    }

    fn pack_box(&mut self, floor: &mut Floor, at: i64) {
        let mut pieces = std::mem::take(&mut self.pieces);
        self.next_box += 1;
        let name = format!("BOX-{:05}", self.next_box);
        let names: Vec<String> = pieces.iter().map(Piece::name).collect();
        floor.say(at, "Packed", "packing-1", json!({ "container": name, "units": names }));
        for piece in &pieces {
            pack(floor, &name, piece.content(), true);
        }
        if floor.random.chance(0.1) && pieces.len() > 1 {
            let piece = pieces.remove(0);
            let opened = at + 5 * SECOND;
            floor.say(opened, "Unpacked", "packing-1", json!({ "container": name, "units": [piece.name()] }));
            pack(floor, &name, piece.content(), false);
            self.pieces.push(piece);
        }
        self.in_boxes.extend(pieces);
        self.boxes.push(name);
        if self.boxes.len() >= PER_PALLET {
            self.ship(floor, at + 30 * SECOND);
        }
    }

    fn ship(&mut self, floor: &mut Floor, at: i64) {
        let boxes = std::mem::take(&mut self.boxes);
        self.next_pallet += 1;
        let number = self.next_pallet;
        let (pallet, shipment) = (format!("PALLET-{number:04}"), format!("SHP-{number:04}"));
        let customer = CUSTOMERS[number as usize % CUSTOMERS.len()];
        floor.say(at, "Packed", "packing-1", json!({ "container": pallet, "containers": boxes }));
        for name in boxes {
            pack(floor, &pallet, Content::Container(name), true);
        }
        let leaves = at + 1800 * SECOND;
        let body = json!({ "shipment": shipment, "to": customer, "containers": [pallet], "units": [] });
        floor.say(leaves, "Shipped", "shipping-1", body);
        if floor.record.keep {
            floor.record.shipments.push(Shipment { name: shipment, to: customer.to_owned(), containers: vec![pallet] });
        }
        let shipped = std::mem::take(&mut self.in_boxes);
        self.shipped.extend(shipped.iter().map(|piece| (piece.name(), customer.to_owned())));
        while self.shipped.len() > 200 {
            self.shipped.pop_front();
        }
        if floor.random.chance(0.3)
            && let Some((unit, from)) = self.shipped.pop_back()
        {
            floor.say(leaves + 6 * 3600 * SECOND, "Returned", "returns-1", json!({ "units": [unit], "from": from }));
        }
    }
}

fn pack(floor: &mut Floor, container: &str, content: Content, packed: bool) {
    if floor.record.keep {
        floor.record.packings.push(Packing { container: container.to_owned(), content, packed });
    }
}
