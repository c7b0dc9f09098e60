//! The board: the parts and positions of the ThunderScope TS-PCIe, read from the two files its makers publish.
//! The reader is written for these two files, on purpose: it shares nothing with the product's own board adapters.

use std::collections::HashMap;

use crate::error::Error;

/// Bill of materials as published.
pub const BOM_CSV: &str = include_str!("../data/Thunderscope_Rev5.3_TS-PCIe_MP_BOM.csv");
/// Position file as published.
pub const POSITIONS_TXT: &str = include_str!("../data/Thunderscope_Rev5.3_TS-PCIe_Positions.txt");

/// The maker's part number of the capacitor that has bad lots.
pub(crate) const SUSPECT: &str = "GRM21BR61E226ME44L";

/// The name of the product that the factory builds.
pub const PRODUCT: &str = "TS-PCIE-5.3";

/// Which pass of the line places a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Placed in the first pass.
    Bottom,
    /// Placed in the second pass.
    Top,
    /// In the bill of materials but not in the position file: placed by hand.
    Hand,
}

/// One line of the bill of materials, or a process material (paste, bare boards, flux).
#[derive(Clone, Debug)]
pub struct Part {
    /// Internal part number, `IPN-0017`.
    pub number: String,
    /// Who makes it.
    pub manufacturer: String,
    /// The maker's part number.
    pub mpn: String,
    /// Size as the bill of materials gives it.
    pub package: String,
    /// Words of the bill of materials.
    pub description: String,
    /// Whether the bill of materials of the product lists it.
    pub on_bom: bool,
}

impl Part {
    /// Small passives go to the fast machines.
    pub(crate) fn is_small(&self) -> bool {
        matches!(self.package.as_str(), "0402" | "0603" | "0805" | "0508" | "0606")
    }

    /// Moisture-sensitive packages are opened from their bags and go back to the dry cabinet.
    pub(crate) fn is_moisture_sensitive(&self) -> bool {
        self.package.contains("BGA") || self.package.contains("QFN") || self.package.contains("SON (")
    }
}

/// One reference designator.
#[derive(Clone, Debug)]
pub struct Position {
    /// Reference designator, `C1`.
    pub name: String,
    /// Index into [`Board::parts`].
    pub part: u16,
    /// Which side, or by hand.
    pub side: Side,
    /// Millimetres and degrees as published; zero for hand-placed parts.
    pub place: [String; 3],
}

/// A revision of a product.
#[derive(Clone, Debug)]
pub struct Product {
    /// Name of the product.
    pub name: String,
    /// Revision; the first has none.
    pub revision: String,
    pub(crate) code: String,
    /// The part of each position of the board, if it is fitted.
    pub(crate) parts: Vec<Option<u16>>,
    /// Positions that are fitted.
    pub(crate) fitted: Vec<u16>,
}

impl Product {
    pub(crate) fn new(name: &str, revision: &str, code: &str, parts: Vec<Option<u16>>) -> Self {
        let fitted = (0u16..).zip(&parts).filter(|(_, part)| part.is_some()).map(|(position, _)| position).collect();
        Self { name: name.to_owned(), revision: revision.to_owned(), code: code.to_owned(), parts, fitted }
    }

    /// The part of a position; of one that is not fitted, that of the whole board.
    pub(crate) fn part(&self, board: &Board, position: u16) -> u16 {
        self.parts[position as usize].unwrap_or(board.positions[position as usize].part)
    }

    pub(crate) fn count(&self, part: u16) -> u32 {
        self.parts.iter().filter(|other| **other == Some(part)).count() as u32
    }
}

/// All parts and positions, and what is built of them.
#[derive(Clone, Debug)]
pub struct Board {
    /// Lines of the bill of materials, then the process materials.
    pub parts: Vec<Part>,
    /// Every reference designator of the bill of materials.
    pub positions: Vec<Position>,
    /// What is built of it.
    pub products: Vec<Product>,
    /// Parts that may be used for others.
    pub(crate) alternates: HashMap<u16, u16>,
    pub(crate) paste: u16,
    pub(crate) bare_board: u16,
    pub(crate) flux: u16,
}

impl Board {
    /// Reads the two files.
    pub fn load() -> Result<Self, Error> {
        let mut placed = HashMap::new();
        for line in POSITIONS_TXT.lines().filter(|line| !line.starts_with('#')) {
            let words: Vec<&str> = line.split_whitespace().collect();
            if let [name, _value, _package, x, y, rotation, side] = words[..] {
                placed.insert(name, ([x.to_owned(), y.to_owned(), rotation.to_owned()], side == "top"));
            }
        }
        let mut parts = Vec::new();
        let mut positions = Vec::new();
        let mut bom = csv::ReaderBuilder::new().flexible(true).from_reader(BOM_CSV.as_bytes());
        for line in bom.records() {
            let line = line.map_err(Error::Board)?;
            let part = parts.len() as u16;
            parts.push(Part {
                number: format!("IPN-{:04}", parts.len() + 1),
                manufacturer: line[6].to_owned(),
                mpn: line[7].to_owned(),
                package: line[4].to_owned(),
                description: line[3].to_owned(),
                on_bom: true,
            });
            for name in line[5].split(',').map(str::trim) {
                let (place, side) = match placed.get(name) {
                    Some((place, true)) => (place.clone(), Side::Top),
                    Some((place, false)) => (place.clone(), Side::Bottom),
                    None => (Default::default(), Side::Hand),
                };
                positions.push(Position { name: name.to_owned(), part, side, place });
            }
        }
        let mut process = |number: &str, manufacturer: &str, mpn: &str, description: &str| {
            parts.push(Part {
                number: number.to_owned(),
                manufacturer: manufacturer.to_owned(),
                mpn: mpn.to_owned(),
                package: String::new(),
                description: description.to_owned(),
                on_bom: false,
            });
            (parts.len() - 1) as u16
        };
        let paste = process("IPN-PASTE-305", "Indium", "PASTEOT-800510", "solder paste SAC305 type 4, 500 g");
        let bare_board = process("IPN-PCB-53", "Eurocircuits", "TS-PCIE-5.3-PANEL4", "bare panel of four");
        let flux = process("IPN-FLUX-186", "Kester", "83-1000-0186", "flux pen");
        let (products, alternates) = Default::default();
        Ok(Self { parts, positions, products, alternates, paste, bare_board, flux })
    }

    /// One line per reference designator of a product: the bill of materials and the positions in one table.
    pub fn to_csv(&self, product: &Product) -> String {
        let mut text = String::from("designator,part_number,manufacturer,mpn,side,x_mm,y_mm,rotation_deg\n");
        for position in product.fitted.iter().copied() {
            let part = &self.parts[product.part(self, position) as usize];
            let position = &self.positions[position as usize];
            let side = match position.side {
                Side::Bottom => "bottom",
                Side::Top => "top",
                Side::Hand => "hand",
            };
            text.push_str(&format!(
                "{},{},{},{},{side},{},{},{}\n",
                position.name,
                part.number,
                part.manufacturer,
                part.mpn,
                position.place[0],
                position.place[1],
                position.place[2]
            ));
        }
        text
    }
}
