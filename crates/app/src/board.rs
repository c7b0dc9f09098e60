//! Board data: files of a product revision become the event `ProductReleased`, and positions to draw.

use std::collections::BTreeSet;

use adapters::boards::{self, Fitted, PanelLayout, PartRef};
use kernel::event::{Fact, PanelBoard, ProductPosition, ProductReleased};
use kernel::id::Id;
use kernel::pass::Role;
use kernel::thing::Kind;
use kernel::time::Time;
use serde::Serialize;

use crate::answer::{BoardPosition, Imported};
use crate::error::SiteError;
use crate::question::{QuestionError, Snapshot};

/// A file of a product revision.
#[derive(Clone, Debug)]
pub struct BoardFile {
    /// Name, for messages.
    pub name: String,
    /// Content.
    pub bytes: Vec<u8>,
}

/// A product revision to import.
#[derive(Clone, Debug, Default)]
pub struct BoardImport {
    /// Product.
    pub product: String,
    /// Revision.
    pub revision: String,
    /// Programs that build it, `name` or `name@revision`.
    pub programs: Vec<String>,
    /// Panel layout as typed, if the files do not say it.
    pub panel: Option<String>,
    /// Bill of materials, placement file, or IPC-2581.
    pub files: Vec<BoardFile>,
}

/// What an import of a board found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BoardImported {
    /// Product, with `@revision`.
    pub product: String,
    /// Counts of the log: one event.
    pub counts: Imported,
    /// Positions.
    pub positions: usize,
    /// Positions that stay empty.
    pub not_fitted: usize,
    /// Lines of the bill of materials.
    pub bill_lines: usize,
    /// Boards of a panel; 0: no layout.
    pub panel_boards: usize,
    /// How the files were understood.
    pub files: Vec<String>,
    /// Where two statements differ.
    pub disagreements: Vec<String>,
    /// Lines that could not be read.
    pub problems: Vec<String>,
    /// Readings that needed a guess.
    pub notes: Vec<String>,
}

/// The release that the files tell, and what was found on the way.
pub(crate) fn release(import: &BoardImport) -> Result<(ProductReleased, BoardImported), SiteError> {
    if import.product.trim().is_empty() {
        return Err(SiteError::Refused("a board needs the name of its product".to_owned()));
    }
    let files: Vec<boards::BoardFile<'_>> = import
        .files
        .iter()
        .map(|file| boards::BoardFile { name: &file.name, bytes: &file.bytes, format: None })
        .collect();
    let board = boards::import(&files)?;
    let panel = match &import.panel {
        Some(text) => Some(PanelLayout::parse(text)?),
        None => board.panel.clone(),
    };
    let mut positions: Vec<ProductPosition> = board.positions.iter().map(position).collect();
    // Things without a place on the board (cables, labels) are needed all the same.
    positions.extend(
        board
            .lines
            .iter()
            .filter(|line| line.designators.is_empty())
            .map(|line| ProductPosition { not_fitted: line.not_fitted.is_some(), ..part(&line.part) }),
    );
    let read = |file: &boards::FileRead| {
        format!(
            "`{}` read as {}: {} placements, {} lines of a bill",
            file.name,
            file.format.name(),
            file.placements,
            file.bill_lines
        )
    };
    let files: Vec<String> = board.files.iter().map(read).collect();
    let disagreements: Vec<String> = board.disagreements.iter().map(ToString::to_string).collect();
    let problems: Vec<String> = board.problems.iter().map(ToString::to_string).collect();
    let panel: Vec<PanelBoard> = panel.iter().flat_map(|panel| &panel.boards).map(panel_board).collect();
    let fact = ProductReleased {
        product: import.product.clone(),
        revision: import.revision.clone(),
        programs: import.programs.clone(),
        remarks: files.iter().chain(&disagreements).chain(&problems).cloned().collect(),
        positions,
        panel,
        ..ProductReleased::default()
    };
    let product =
        if fact.revision.is_empty() { fact.product.clone() } else { format!("{}@{}", fact.product, fact.revision) };
    let imported = BoardImported {
        product,
        counts: Imported::default(),
        positions: board.positions.len(),
        not_fitted: fact.positions.iter().filter(|position| position.not_fitted).count(),
        bill_lines: board.lines.len(),
        panel_boards: fact.panel.len(),
        files,
        disagreements,
        problems,
        notes: board.notes.iter().map(ToString::to_string).collect(),
    };
    Ok((fact, imported))
}

fn position(position: &boards::Position) -> ProductPosition {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let part = position.part.as_deref().map(part).unwrap_or_default();
    let footprint = position.footprint.clone().or_else(|| position.package.clone());
    ProductPosition {
        designator: position.designator.clone(),
        footprint: text(&footprint),
        x_um: position.x_um,
        y_um: position.y_um,
        rotation_mdeg: position.rotation_mdeg,
        side: position.side.map(|side| side.to_string()).unwrap_or_default(),
        not_fitted: matches!(position.fitted, Fitted::No(_)),
        ..part
    }
}

/// The part that a line of a bill names. Without a house number the maker's number stands for it.
fn part(part: &PartRef) -> ProductPosition {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let number = part.internal_number.as_deref().or_else(|| part.label());
    ProductPosition {
        part: number.unwrap_or_default().to_owned(),
        manufacturer: text(&part.manufacturer),
        manufacturer_part: text(&part.mpn),
        alternates: part.alternates.iter().filter_map(|alternate| alternate.mpn.clone()).collect(),
        value: text(&part.value),
        footprint: text(&part.package),
        ..ProductPosition::default()
    }
}

fn panel_board(board: &boards::PanelBoard) -> PanelBoard {
    PanelBoard {
        number: board.number,
        x_um: board.x_um,
        y_um: board.y_um,
        rotation_mdeg: board.rotation_mdeg,
        flip: board.flip,
        ..PanelBoard::default()
    }
}

/// The newest release of a product, named with its `@revision`.
pub(crate) fn newest_release(snapshot: &Snapshot<'_>, product: &str) -> Result<Option<ProductReleased>, QuestionError> {
    let Some(product) = snapshot.reader.thing(Kind::Product, product)? else { return Ok(None) };
    let event = snapshot.reader.product_release(product)?.and_then(|seq| (snapshot.events)(seq));
    Ok(event.and_then(|event| match &event.fact {
        Fact::ProductReleased(released) => Some(released.clone()),
        _ => None,
    }))
}

/// Positions of a unit's product, or of a `product:`.
pub(crate) fn positions(snapshot: &Snapshot<'_>, thing: &str) -> Result<Option<Vec<BoardPosition>>, QuestionError> {
    let products = match thing.strip_prefix("product:") {
        Some(key) => snapshot.reader.thing(Kind::Product, key)?.into_iter().collect(),
        None => products_of(snapshot, thing)?,
    };
    let mut newest = None;
    for product in products {
        newest = newest.max(snapshot.reader.product_release(product)?);
    }
    let Some(event) = newest.and_then(|seq| (snapshot.events)(seq)) else { return Ok(None) };
    let Fact::ProductReleased(released) = &event.fact else { return Ok(None) };
    let placed =
        released.positions.iter().filter(|position| !position.not_fitted && !position.designator.is_empty()).cloned();
    let drawn: Vec<BoardPosition> = placed
        .filter_map(|position| {
            Some(BoardPosition {
                x_um: position.x_um?,
                y_um: position.y_um?,
                rotation_mdeg: position.rotation_mdeg.unwrap_or(0),
                designator: position.designator,
                part: position.part,
                footprint: position.footprint,
                side: position.side,
            })
        })
        .collect();
    Ok((!drawn.is_empty()).then_some(drawn))
}

/// Products that a unit may be of: said of it, of its order, or by the programs that its passes name.
fn products_of(snapshot: &Snapshot<'_>, thing: &str) -> Result<Vec<Id>, QuestionError> {
    let reader = snapshot.reader;
    let units = units_called(snapshot, thing.strip_prefix("unit:").unwrap_or(thing))?;
    if units.is_empty() {
        return Err(QuestionError::Unknown(thing.to_owned()));
    }
    let is_product = |id: &Id| -> Result<bool, QuestionError> {
        Ok(reader.name(*id)?.is_some_and(|name| name.kind == Kind::Product))
    };
    let mut products = BTreeSet::new();
    for unit in &units {
        for whole in [*unit, unit.whole()].map(|unit| reader.wholes_of(unit)) {
            for whole in whole? {
                if is_product(&whole)? {
                    products.insert(whole);
                    continue;
                }
                for product in reader.wholes_of(whole)? {
                    if is_product(&product)? {
                        products.insert(product);
                    }
                }
            }
        }
    }
    if products.is_empty() {
        for unit in &units {
            for pass in reader.passes_of(*unit, None, Time::MIN, Time::MAX)? {
                for naming in
                    pass.facts.iter().flat_map(|fact| &fact.namings).filter(|naming| naming.role == Role::Program)
                {
                    products.extend(reader.products_of_program(naming.thing)?);
                }
            }
        }
    }
    Ok(products.into_iter().collect())
}

/// Units by their own name or as a position of a panel, and the panels on which they lay.
fn units_called(snapshot: &Snapshot<'_>, key: &str) -> Result<BTreeSet<Id>, QuestionError> {
    let reader = snapshot.reader;
    let mut units: BTreeSet<Id> = reader.thing(Kind::Unit, key)?.into_iter().collect();
    if let Some((panel, position)) = key.rsplit_once('/')
        && let Ok(position) = position.parse()
        && let Some(panel) = reader.thing(Kind::Unit, panel)?
    {
        units.insert(panel.at(position).unwrap_or(panel));
    }
    units.extend(reader.aliases(key)?.into_iter().filter(|(kind, _)| *kind == Kind::Unit).map(|(_, unit)| unit));
    for unit in units.clone() {
        for (_, (scope, position, _)) in reader.places_of_name(&[unit])? {
            units.insert(scope.at(position).unwrap_or(scope));
        }
        for (_, (position, named, _)) in reader.named_on(&[unit.whole()])? {
            if position == unit.position() {
                units.insert(named);
            }
        }
    }
    Ok(units)
}
