//! Assembly, packing, shipping and what comes back. These are not machines: they write plain JSON events.

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::floor::Floor;
use crate::panel::serial;
use crate::record::{Assembly, Content, Packing, Shipment};
use crate::station::SECOND;

/// A good board.
pub(crate) struct Finished {
    pub(crate) unit: u32,
    pub(crate) ready: i64,
}

/// A thing that is built in, packed or shipped.
#[derive(Clone, Debug)]
struct Piece {
    name: String,
    content: Content,
    /// What was built into it.
    children: Vec<Piece>,
}

#[derive(Default)]
pub(crate) struct Dispatch {
    /// What waits to be built in, by level.
    waiting: Vec<Vec<Piece>>,
    /// How many were built, by level.
    built: Vec<u32>,
    assemblies: u32,
    pieces: Vec<Piece>,
    boxes: Vec<String>,
    next_box: u32,
    next_pallet: u32,
    last: i64,
    /// Recently shipped, for returns.
    shipped: VecDeque<(Piece, String)>,
    in_boxes: Vec<Piece>,
}

impl Dispatch {
    /// A good board goes into an assembly or straight into a box.
    pub(crate) fn finish(&mut self, floor: &mut Floor, board: Finished) {
        let at = board.ready.max(self.last) + 2 * SECOND;
        self.last = at;
        let piece = Piece { name: serial(board.unit), content: Content::Unit(board.unit), children: Vec::new() };
        self.build(floor, piece, 0, at);
    }

    /// A piece goes up a level, with others, or into a box.
    fn build(&mut self, floor: &mut Floor, piece: Piece, level: usize, at: i64) {
        let Some(plan) = floor.config.assemblies.get(level).cloned() else { return self.pack(floor, piece, at) };
        if !floor.random.chance(plan.share) {
            return self.pack(floor, piece, at);
        }
        self.waiting.resize(self.waiting.len().max(level + 1), Vec::new());
        self.built.resize(self.waiting.len(), 0);
        self.waiting[level].push(piece);
        if self.waiting[level].len() < plan.children as usize {
            return;
        }
        let children = std::mem::take(&mut self.waiting[level]);
        self.built[level] += 1;
        let name = format!("{}-{:06}", plan.prefix, self.built[level]);
        let listed = list(&children);
        floor.say(at, "Assembled", "assembly-1", json!({ "unit": name, "children": listed }));
        if level > 0 {
            floor.delivery.count("assembly of assemblies");
        }
        let content = Content::Assembly(self.assemblies);
        self.assemblies += 1;
        if floor.record.keep {
            let children = children.iter().map(|child| child.content.clone()).collect();
            floor.record.assemblies.push(Assembly { name: name.clone(), children, apart: false });
        }
        let at = if level + 1 < floor.config.assemblies.len() { at + SECOND } else { at };
        self.last = self.last.max(at);
        self.build(floor, Piece { name, content, children }, level + 1, at);
    }

    fn pack(&mut self, floor: &mut Floor, piece: Piece, at: i64) {
        self.pieces.push(piece);
        if self.pieces.len() >= floor.config.pieces_per_box as usize {
            self.pack_box(floor, at + SECOND);
        }
    }

    pub(crate) fn flush(&mut self, floor: &mut Floor) {
        let at = self.last + 10 * SECOND;
        // What waits for others that will not come is packed as it is.
        for piece in std::mem::take(&mut self.waiting).into_iter().flatten() {
            self.pack(floor, piece, at);
        }
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
        let names: Vec<&str> = pieces.iter().map(|piece| piece.name.as_str()).collect();
        floor.say(at, "Packed", "packing-1", json!({ "container": name, "units": names }));
        for piece in &pieces {
            record(floor, &name, &piece.content, true);
        }
        if floor.random.chance(0.1) && pieces.len() > 1 {
            let piece = pieces.remove(0);
            let opened = at + 5 * SECOND;
            floor.say(opened, "Unpacked", "packing-1", json!({ "container": name, "units": [piece.name] }));
            record(floor, &name, &piece.content, false);
            self.pieces.push(piece);
        }
        self.in_boxes.extend(pieces);
        self.boxes.push(name);
        if self.boxes.len() >= floor.config.boxes_per_pallet as usize {
            self.ship(floor, at + 30 * SECOND);
        }
    }

    fn ship(&mut self, floor: &mut Floor, at: i64) {
        let boxes = std::mem::take(&mut self.boxes);
        self.next_pallet += 1;
        let number = self.next_pallet;
        let (pallet, shipment) = (format!("PALLET-{number:04}"), format!("SHP-{number:04}"));
        let customers = &floor.config.customers;
        let customer = customers[number as usize % customers.len()].clone();
        floor.say(at, "Packed", "packing-1", json!({ "container": pallet, "containers": boxes }));
        for name in boxes {
            record(floor, &pallet, &Content::Container(name), true);
        }
        let leaves = at + 1800 * SECOND;
        let body = json!({ "shipment": shipment, "to": customer, "containers": [pallet], "units": [] });
        floor.say(leaves, "Shipped", "shipping-1", body);
        if floor.record.keep {
            floor.record.shipments.push(Shipment { name: shipment, to: customer.clone(), containers: vec![pallet] });
        }
        let shipped = std::mem::take(&mut self.in_boxes);
        self.shipped.extend(shipped.into_iter().map(|piece| (piece, customer.clone())));
        while self.shipped.len() > 200 {
            self.shipped.pop_front();
        }
        if floor.random.chance(floor.config.returns)
            && let Some((piece, from)) = self.shipped.pop_back()
        {
            let back = leaves + 6 * 3600 * SECOND;
            floor.say(back, "Returned", "returns-1", json!({ "units": [piece.name], "from": from }));
            if !piece.children.is_empty() && floor.random.chance(floor.config.taken_apart) {
                take_apart(floor, &piece, back + 1800 * SECOND);
            }
        }
    }
}

/// What came back is opened: its children are out of it.
fn take_apart(floor: &mut Floor, piece: &Piece, at: i64) {
    floor.delivery.count("assembly taken apart");
    let body = json!({ "unit": piece.name, "children": list(&piece.children) });
    floor.say(at, "Disassembled", "returns-1", body);
    if let Content::Assembly(number) = piece.content
        && let Some(assembly) = floor.record.assemblies.get_mut(number as usize)
    {
        assembly.apart = true;
    }
}

fn list(children: &[Piece]) -> Vec<Value> {
    (1..).zip(children).map(|(number, child)| json!({ "unit": child.name, "position": format!("A{number}") })).collect()
}

fn record(floor: &mut Floor, container: &str, content: &Content, packed: bool) {
    if floor.record.keep {
        floor.record.packings.push(Packing { container: container.to_owned(), content: content.clone(), packed });
    }
}
