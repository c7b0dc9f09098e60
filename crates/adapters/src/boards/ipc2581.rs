//! IPC-2581 revision B and C: bill of materials, approved makers, placements, outline and panel in one XML file.
//!
//! The file is read once, element by element, into what this module needs of it (`Document`); artwork and nets are skipped. Then the
//! board step is chosen among the steps, the bill among the bills, and both become the same lists that tables give. No entities are
//! expanded beyond the five of XML, and nothing is looked up outside the file.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::bill::{quantity_differs, whole_number};
use super::board::{About, Alternate, Attribute, BillLine, Disagreement, PartRef, Said, Side, one_line};
use super::contents::{Contents, Listed, ListedDesignator, Placement};
use super::error::BoardError;
use super::format::Format;
use super::outline::{Edge, Outline, Point};
use super::panel::{PANEL_BOARDS_MAX, PanelBoard, PanelLayout, turn};
use super::quantity::{Mark, Unit, angle_mdeg, length_um};
use super::table::{Field, field_of, key};
use super::text::Decoded;

/// Panels may hold panels to this depth.
const PANEL_DEPTH_MAX: usize = 8;

pub(super) fn read(name: &str, decoded: &Decoded) -> Result<Contents, BoardError> {
    let mut contents = Contents::new(name, Format::Ipc2581, decoded.encoding);
    let document = document(&mut contents, &decoded.text)?;
    contents.purpose.clone_from(&document.mode);
    fill(&mut contents, document);
    Ok(contents)
}

// ---- The file, element by element -----------------------------------------------------------------------------------------------

#[derive(Default)]
struct Document {
    revision: Option<String>,
    mode: Option<String>,
    bom_refs: Vec<String>,
    step_refs: Vec<String>,
    unit: Option<Unit>,
    enterprises: HashMap<String, String>,
    layers: HashMap<String, String>,
    boms: Vec<Bom>,
    avl: Vec<(String, Vec<Vmpn>)>,
    steps: Vec<Step>,
}

impl Document {
    fn current_avl(&mut self) -> Option<&mut Vec<Vmpn>> {
        self.avl.last_mut().map(|(_, list)| list)
    }

    fn current_outline(&mut self) -> Option<&mut RawOutline> {
        self.steps.last_mut().and_then(|step| step.outline.as_mut())
    }
}

#[derive(Default)]
struct Bom {
    name: String,
    assembly: Option<String>,
    revision: Option<String>,
    steps: Vec<String>,
    items: Vec<Item>,
}

#[derive(Default)]
struct Item {
    line: u64,
    attributes: HashMap<String, String>,
    designators: Vec<ItemDesignator>,
    /// `MatDes`, `DocDes` and `ToolDes`: names of things without a position.
    others: Vec<(String, String)>,
    characteristics: Vec<Attribute>,
}

struct ItemDesignator {
    line: u64,
    name: String,
    package: Option<String>,
    layer: Option<String>,
    populate: Option<String>,
}

#[derive(Default)]
struct Vmpn {
    mpn: Option<String>,
    vendor: Option<String>,
    rank: Option<u64>,
    chosen: bool,
    qualified: Option<bool>,
    attributes: Vec<Attribute>,
}

#[derive(Default)]
struct Step {
    name: String,
    kind: Option<String>,
    line: u64,
    components: Vec<Component>,
    repeats: Vec<Repeat>,
    outline: Option<RawOutline>,
}

#[derive(Default)]
struct Component {
    line: u64,
    attributes: HashMap<String, String>,
    properties: Vec<Attribute>,
    location: Option<(String, String)>,
    rotation: Option<String>,
    mirror: bool,
    offset: bool,
}

struct Repeat {
    line: u64,
    attributes: HashMap<String, String>,
}

#[derive(Default)]
struct RawOutline {
    line: u64,
    polygons: Vec<RawPolygon>,
}

#[derive(Default)]
struct RawPolygon {
    cutout: bool,
    edges: Vec<RawEdge>,
}

struct RawEdge {
    to: (String, String),
    centre: Option<(String, String)>,
    clockwise: bool,
}

fn document(contents: &mut Contents, text: &str) -> Result<Document, BoardError> {
    let mut reader = Reader::from_str(text);
    let mut document = Document::default();
    let mut path: Vec<String> = Vec::new();
    let mut lines = Lines { bytes: text.as_bytes(), at: 0, line: 1 };
    loop {
        let before = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => {
                let line = lines.number(before);
                if document.steps.is_empty() && document.boms.is_empty() {
                    let reason = one_line(&format!("the XML breaks off at line {line}: {error}"));
                    return Err(BoardError::Unreadable { file: contents.name.to_string(), reason });
                }
                contents.problem(
                    line,
                    None,
                    None,
                    format!("the XML breaks off here, and what follows is lost: {error}"),
                );
                return Ok(document);
            }
        };
        match event {
            Event::Start(start) => {
                let line = lines.number(before);
                let name = local(&start);
                if path.is_empty() && name != "IPC-2581" {
                    return Err(not_ipc(contents, &name));
                }
                element(contents, &mut document, &path, &name, &start, line);
                path.push(name);
            }
            Event::Empty(start) => {
                let line = lines.number(before);
                let name = local(&start);
                if path.is_empty() && name != "IPC-2581" {
                    return Err(not_ipc(contents, &name));
                }
                element(contents, &mut document, &path, &name, &start, line);
            }
            Event::End(_) => {
                path.pop();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    if document.revision.is_none() {
        return Err(not_ipc(contents, ""));
    }
    if !path.is_empty() {
        let line = lines.number(text.len());
        contents.problem(line, None, None, format!("the XML ends inside `{}`: the file is cut off", path.join("/")));
    }
    Ok(document)
}

fn not_ipc(contents: &Contents, root: &str) -> BoardError {
    let reason = match root {
        "" => "it has no XML element `IPC-2581`".to_owned(),
        root => one_line(&format!("it is XML, but begins with `{root}` and not with `IPC-2581`")),
    };
    BoardError::Unrecognised { file: contents.name.to_string(), reason }
}

/// Counts lines up to a position; positions only grow.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    fn number(&mut self, position: usize) -> u64 {
        // An element begins behind the blanks in front of it.
        let mut position = position.min(self.bytes.len());
        while self.bytes.get(position).is_some_and(u8::is_ascii_whitespace) {
            position += 1;
        }
        if position > self.at {
            self.line += self.bytes[self.at..position].iter().filter(|byte| **byte == b'\n').count() as u64;
            self.at = position;
        }
        self.line
    }
}

fn local(start: &BytesStart<'_>) -> String {
    AsRef::<str>::as_ref(&start.local_name()).to_owned()
}

fn attributes(contents: &mut Contents, start: &BytesStart<'_>, line: u64) -> HashMap<String, String> {
    let mut found = HashMap::new();
    for attribute in start.attributes() {
        let read = attribute.map_err(|error| error.to_string()).and_then(|attribute| {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
            let name: &str = attribute.key.as_ref();
            Ok((name.rsplit(':').next().unwrap_or(name).to_owned(), value.trim().to_owned()))
        });
        match read {
            Ok((name, value)) => {
                found.insert(name, value);
            }
            Err(reason) => {
                contents.problem(line, None, Some(&local(start)), format!("an attribute cannot be read: {reason}"))
            }
        }
    }
    found
}

fn element(
    contents: &mut Contents,
    document: &mut Document,
    path: &[String],
    name: &str,
    start: &BytesStart<'_>,
    line: u64,
) {
    let parent = path.last().map_or("", String::as_str);
    let above = path.len().checked_sub(2).map_or("", |at| path[at].as_str());
    // The bulk of a file is artwork: only what is known below is read at all.
    let known = matches!(
        name,
        "IPC-2581"
            | "FunctionMode"
            | "BomRef"
            | "StepRef"
            | "Enterprise"
            | "CadHeader"
            | "Layer"
            | "Bom"
            | "BomHeader"
            | "BomItem"
            | "RefDes"
            | "MatDes"
            | "DocDes"
            | "ToolDes"
            | "Textual"
            | "Measured"
            | "Ranged"
            | "Enumerated"
            | "AvlItem"
            | "AvlVmpn"
            | "AvlMpn"
            | "AvlVendor"
            | "Step"
            | "Component"
            | "NonstandardAttribute"
            | "Xform"
            | "Location"
            | "StepRepeat"
            | "Profile"
            | "Polygon"
            | "Cutout"
            | "PolyBegin"
            | "PolyStepSegment"
            | "PolyStepCurve"
    );
    if !known
        || path
            .iter()
            .any(|element| matches!(element.as_str(), "Package" | "LayerFeature" | "LogicalNet" | "PadStackDef"))
    {
        return;
    }
    let mut found = attributes(contents, start, line);
    let mut take = |name: &str| found.remove(name).filter(|value| !value.is_empty());
    match (parent, name) {
        ("", "IPC-2581") => document.revision = Some(take("revision").unwrap_or_default()),
        ("Content", "FunctionMode") => document.mode = take("mode"),
        ("Content", "BomRef") => document.bom_refs.extend(take("name")),
        ("Content", "StepRef") => document.step_refs.extend(take("name")),
        (_, "Enterprise") => {
            let (id, name, code) = (take("id"), take("name"), take("code"));
            let label = name.filter(|name| !is_nobody(name)).or(code.filter(|code| !is_nobody(code)));
            if let (Some(id), Some(label)) = (id, label) {
                document.enterprises.insert(id, label);
            }
        }
        (_, "CadHeader") => document.unit = cad_unit(contents, take("units"), line),
        (_, "Layer") if parent == "CadData" || parent == "Ecad" => {
            if let (Some(name), Some(side)) = (take("name"), take("side")) {
                document.layers.insert(name, side);
            }
        }
        (_, "Bom") => document.boms.push(Bom { name: take("name").unwrap_or_default(), ..Bom::default() }),
        ("Bom", "BomHeader") => {
            if let Some(bom) = document.boms.last_mut() {
                (bom.assembly, bom.revision) = (take("assembly"), take("revision"));
            }
        }
        ("BomHeader", "StepRef") => {
            if let Some(bom) = document.boms.last_mut() {
                bom.steps.extend(take("name"));
            }
        }
        ("Bom", "BomItem") => {
            if let Some(bom) = document.boms.last_mut() {
                bom.items.push(Item { line, attributes: found, ..Item::default() });
            }
        }
        ("BomItem", "RefDes" | "MatDes" | "DocDes" | "ToolDes") => {
            let Some(item) = document.boms.last_mut().and_then(|bom| bom.items.last_mut()) else { return };
            match (name, take("name")) {
                ("RefDes", Some(designator)) => item.designators.push(ItemDesignator {
                    line,
                    name: designator,
                    package: take("packageRef"),
                    layer: take("layerRef"),
                    populate: take("populate"),
                }),
                (kind, Some(name)) => item.others.push((kind.to_owned(), name)),
                (kind, None) => contents.problem(line, None, Some("name"), format!("`{kind}` has no name")),
            }
        }
        ("Characteristics", "Textual" | "Measured" | "Ranged" | "Enumerated") if above == "BomItem" => {
            let Some(item) = document.boms.last_mut().and_then(|bom| bom.items.last_mut()) else { return };
            item.characteristics.extend(characteristic(name, found));
        }
        (_, "AvlItem") => {
            let number = take("OEMDesignNumber");
            if number.is_none() {
                contents.problem(line, None, Some("OEMDesignNumber"), "`AvlItem` has no design number");
            }
            document.avl.push((number.unwrap_or_default(), Vec::new()));
        }
        ("AvlItem", "AvlVmpn") => {
            let vmpn = Vmpn {
                mpn: take("evplMpn"),
                vendor: take("evplVendor"),
                chosen: take("chosen").is_some_and(|chosen| is_true(&chosen)),
                qualified: take("qualified").map(|qualified| is_true(&qualified)),
                ..Vmpn::default()
            };
            if let Some(list) = document.current_avl() {
                list.push(vmpn);
            }
        }
        ("AvlVmpn", "AvlMpn") => {
            if let Some(vmpn) = document.current_avl().and_then(|list| list.last_mut()) {
                vmpn.mpn = take("name").or(vmpn.mpn.take());
                vmpn.rank = take("rank").and_then(|rank| rank.parse().ok());
                let mut further: Vec<_> = found.into_iter().map(|(name, value)| Attribute { name, value }).collect();
                further.sort_by(|a, b| a.name.cmp(&b.name));
                vmpn.attributes = further;
            }
        }
        ("AvlVmpn", "AvlVendor") => {
            if let Some(vmpn) = document.current_avl().and_then(|list| list.last_mut()) {
                vmpn.vendor = take("enterpriseRef").or(vmpn.vendor.take());
            }
        }
        ("CadData", "Step") => {
            let (name, kind) = (take("name").unwrap_or_default(), take("type"));
            document.steps.push(Step { name, kind, line, ..Step::default() });
        }
        ("Step", "Component") => {
            if let Some(step) = document.steps.last_mut() {
                step.components.push(Component { line, attributes: found, ..Component::default() });
            }
        }
        ("Component", "NonstandardAttribute" | "Xform" | "Location") => {
            let Some(component) = document.steps.last_mut().and_then(|step| step.components.last_mut()) else { return };
            match name {
                "Location" => component.location = Some((take("x").unwrap_or_default(), take("y").unwrap_or_default())),
                "Xform" => {
                    component.rotation = take("rotation");
                    component.mirror = take("mirror").is_some_and(|mirror| is_true(&mirror));
                    let zero = |value: Option<String>| {
                        value.is_none_or(|value| value.trim_matches(['0', '.', '-', '+']).is_empty())
                    };
                    component.offset = !(zero(take("xOffset")) && zero(take("yOffset")));
                }
                _ => {
                    if let (Some(name), Some(value)) = (take("name"), take("value")) {
                        component.properties.push(Attribute { name, value });
                    }
                }
            }
        }
        ("Step", "StepRepeat") => {
            if let Some(step) = document.steps.last_mut() {
                step.repeats.push(Repeat { line, attributes: found });
            }
        }
        ("Step", "Profile") => {
            if let Some(step) = document.steps.last_mut() {
                step.outline = Some(RawOutline { line, ..RawOutline::default() });
            }
        }
        ("Profile", "Polygon" | "Cutout") if above == "Step" => {
            if let Some(outline) = document.current_outline() {
                outline.polygons.push(RawPolygon { cutout: name == "Cutout", edges: Vec::new() });
            }
        }
        (_, "PolyBegin" | "PolyStepSegment" | "PolyStepCurve")
            if path.len() >= 3 && above == "Profile" && path[path.len() - 3] == "Step" =>
        {
            if let Some(polygon) = document.current_outline().and_then(|outline| outline.polygons.last_mut()) {
                let to = (take("x").unwrap_or_default(), take("y").unwrap_or_default());
                let centre = (name == "PolyStepCurve")
                    .then(|| (take("centerX").unwrap_or_default(), take("centerY").unwrap_or_default()));
                let clockwise = take("clockwise").is_some_and(|clockwise| is_true(&clockwise));
                polygon.edges.push(RawEdge { to, centre, clockwise });
            }
        }
        _ => {}
    }
}

fn is_true(text: &str) -> bool {
    matches!(text, "true" | "1" | "TRUE" | "True")
}

/// Exporters write these where a name is unknown.
fn is_nobody(name: &str) -> bool {
    matches!(name.to_ascii_uppercase().as_str(), "" | "UNKNOWN" | "NONE" | "N/A")
}

fn cad_unit(contents: &mut Contents, name: Option<String>, line: u64) -> Option<Unit> {
    let unit = name.as_deref().and_then(Unit::from_name);
    if unit.is_none() {
        let name = name.unwrap_or_default();
        contents.problem(line, None, Some("units"), format!("`{name}` is not a unit of length: coordinates stay open"));
    }
    unit
}

/// `Textual` has a name and a value; `Measured` and `Ranged` also a unit; each kind spells its attributes with its own prefix.
fn characteristic(kind: &str, mut found: HashMap<String, String>) -> Option<Attribute> {
    let prefix = kind.to_lowercase();
    let name = found.remove(&format!("{prefix}CharacteristicName"))?;
    let mut value = found.remove(&format!("{prefix}CharacteristicValue")).unwrap_or_default();
    if kind == "Ranged" {
        let (low, high) =
            (found.remove("rangedCharacteristicLowerValue"), found.remove("rangedCharacteristicUpperValue"));
        value = format!("{} to {}", low.unwrap_or_default(), high.unwrap_or_default());
    }
    if let Some(unit) = found.remove("engineeringUnitOfMeasure") {
        value = format!("{value} {unit}");
    }
    (!value.trim().is_empty()).then(|| Attribute { name, value: value.trim().to_owned() })
}

// ---- From the file to a board -----------------------------------------------------------------------------------------------------

fn fill(contents: &mut Contents, document: Document) {
    if let Some(revision) = &document.revision
        && !revision.starts_with(['B', 'C', 'b', 'c'])
    {
        contents.note(None, format!("IPC-2581 revision `{revision}` is read like revision C"));
    }
    if document.unit.is_none() && document.steps.iter().any(|step| !step.components.is_empty()) {
        contents.problem(1, None, Some("units"), "no `CadHeader` with a unit: coordinates stay open");
    }
    let board = board_step(contents, &document);
    if let Some(board) = board {
        if !board.components.is_empty() {
            let placements =
                board.components.iter().filter_map(|component| placement(contents, &document, component)).collect();
            contents.placements = Some(placements);
            mirror_notes(contents, &document, board);
        }
        contents.outline = board.outline.as_ref().and_then(|outline| self::outline(contents, &document, outline));
        contents.panel = panel(contents, &document, board);
    }
    if let Some(bom) = bill(contents, &document, board) {
        contents.assembly.clone_from(&bom.assembly);
        contents.revision.clone_from(&bom.revision);
        let listed = bom.items.iter().map(|item| listed(contents, &document, item)).collect();
        contents.bill = Some(listed);
    }
}

/// The step that is the board: the one with components; with several, the one that the content names, or the fullest.
fn board_step<'a>(contents: &mut Contents, document: &'a Document) -> Option<&'a Step> {
    let with_components: Vec<_> = document.steps.iter().filter(|step| !step.components.is_empty()).collect();
    let chosen = match with_components.as_slice() {
        [] => {
            let leaves = || document.steps.iter().filter(|step| step.repeats.is_empty());
            return leaves()
                .find(|step| step.kind.as_deref() == Some("BOARD"))
                .or_else(|| leaves().next())
                .or_else(|| document.steps.first());
        }
        [only] => *only,
        several => {
            let is_board = |step: &&Step| step.kind.as_deref() == Some("BOARD");
            let named = |step: &&Step| document.step_refs.contains(&step.name);
            let boards: Vec<_> = several.iter().copied().filter(|step| is_board(step)).collect();
            let candidates = if boards.is_empty() { several.to_vec() } else { boards };
            let leaves: Vec<_> = candidates.iter().copied().filter(|step| step.repeats.is_empty()).collect();
            let candidates = if leaves.is_empty() { candidates } else { leaves };
            let named: Vec<_> = candidates.iter().copied().filter(|step| named(step)).collect();
            let candidates = if named.is_empty() { candidates } else { named };
            candidates.into_iter().rev().max_by_key(|step| step.components.len())?
        }
    };
    for other in with_components.iter().filter(|step| step.name != chosen.name) {
        let text = format!(
            "step `{}` with {} components is not read: the board is step `{}`",
            other.name,
            other.components.len(),
            chosen.name
        );
        contents.note(Some(other.line), text);
    }
    Some(chosen)
}

/// The bill that is for the board step; with several, the one that the content names first.
fn bill<'a>(contents: &mut Contents, document: &'a Document, board: Option<&Step>) -> Option<&'a Bom> {
    let filled: Vec<_> = document.boms.iter().filter(|bom| !bom.items.is_empty()).collect();
    let for_board = |bom: &&Bom| bom.steps.is_empty() || board.is_none_or(|board| bom.steps.contains(&board.name));
    let named = |bom: &&Bom| document.bom_refs.contains(&bom.name);
    let chosen = filled
        .iter()
        .find(|bom| for_board(bom) && named(bom))
        .or_else(|| filled.iter().find(|bom| for_board(bom)))
        .or_else(|| filled.iter().find(|bom| named(bom)))
        .or(filled.first())
        .copied()?;
    for other in filled.iter().filter(|bom| !std::ptr::eq(**bom, chosen)) {
        let line = other.items.first().map(|item| item.line);
        let text = format!(
            "bill of materials `{}` with {} lines is not read: `{}` is",
            other.name,
            other.items.len(),
            chosen.name
        );
        contents.note(line, text);
    }
    Some(chosen)
}

fn placement(contents: &mut Contents, document: &Document, component: &Component) -> Option<Placement> {
    let attribute = |name: &str| component.attributes.get(name).filter(|value| !value.is_empty()).cloned();
    let Some(designator) = attribute("refDes").or_else(|| attribute("matDes")) else {
        let part = attribute("part").unwrap_or_default();
        contents.problem(
            component.line,
            None,
            Some("refDes"),
            format!("component of part `{part}` has no reference designator"),
        );
        return None;
    };
    let (x_um, y_um) = match (&component.location, document.unit) {
        (Some((x, y)), Some(unit)) => {
            let x_um = length(contents, x, unit, component.line, "Location@x");
            let y_um = length(contents, y, unit, component.line, "Location@y");
            (x_um, y_um)
        }
        (Some(_), None) => (None, None),
        (None, _) => {
            contents.problem(
                component.line,
                None,
                Some("Location"),
                format!("component `{designator}` has no location"),
            );
            (None, None)
        }
    };
    if component.offset {
        contents.note(
            Some(component.line),
            format!("the offset in `Xform` of `{designator}` is not added to its location"),
        );
    }
    let rotation = component.rotation.as_deref().unwrap_or("0");
    let rotation_mdeg = match angle_mdeg(rotation, Mark::Point) {
        Ok(mdeg) => Some(mdeg),
        Err(reason) => {
            contents.problem(component.line, None, Some("Xform@rotation"), reason);
            None
        }
    };
    let side = attribute("layerRef").and_then(|layer| layer_side(document, &layer)).or(Some(by_mirror(component)));
    let part = PartRef {
        internal_number: attribute("part"),
        value: component
            .properties
            .iter()
            .find(|property| key(&property.name) == "value")
            .map(|property| property.value.clone()),
        ..PartRef::default()
    };
    let mut attributes = Vec::new();
    for name in ["layerRef", "layerRefTopside", "mountType", "modelRef", "height", "standoff", "weight"] {
        attributes.extend(attribute(name).map(|value| Attribute { name: name.to_owned(), value }));
    }
    attributes.extend(component.properties.iter().filter(|property| key(&property.name) != "value").cloned());
    Some(Placement {
        designator,
        x_um,
        y_um,
        rotation_mdeg,
        side,
        footprint: attribute("packageRef"),
        part,
        not_fitted: None,
        attributes,
        place: contents.place(component.line),
    })
}

fn length(contents: &mut Contents, text: &str, unit: Unit, line: u64, field: &str) -> Option<i64> {
    match length_um(text, unit, Mark::Point) {
        Ok(um) => Some(um),
        Err(reason) => {
            contents.problem(line, None, Some(field), reason);
            None
        }
    }
}

/// The side of a layer as the file declares it; undeclared layers are known by their usual names.
fn layer_side(document: &Document, layer: &str) -> Option<Side> {
    match document.layers.get(layer).map(String::as_str) {
        Some("TOP") => Some(Side::Top),
        Some("BOTTOM") => Some(Side::Bottom),
        Some(_) => None,
        None => super::placement::side(layer).ok(),
    }
}

fn by_mirror(component: &Component) -> Side {
    if component.mirror { Side::Bottom } else { Side::Top }
}

/// Says, once for each layer, where the side was taken from the mirroring, and where the two do not go together.
fn mirror_notes(contents: &mut Contents, document: &Document, board: &Step) {
    let mut counts: Vec<(String, Option<Side>, bool, usize)> = Vec::new();
    for component in &board.components {
        let layer = component.attributes.get("layerRef").cloned().unwrap_or_default();
        let side = layer_side(document, &layer);
        match counts.iter_mut().find(|(known, _, mirror, _)| *known == layer && *mirror == component.mirror) {
            Some(count) => count.3 += 1,
            None => counts.push((layer, side, component.mirror, 1)),
        }
    }
    for (layer, side, mirror, count) in counts {
        let mirrored = if mirror { "mirrored" } else { "not mirrored" };
        match side {
            None => {
                let side = if mirror { Side::Bottom } else { Side::Top };
                let text = format!(
                    "layer `{layer}` is on neither side: {count} components there are {mirrored}, read as {side}"
                );
                contents.note(None, text);
            }
            Some(side) if (side == Side::Bottom) != mirror => {
                contents.note(
                    None,
                    format!("{count} components on layer `{layer}` ({side}) are {mirrored}; the layer counts"),
                );
            }
            Some(_) => {}
        }
    }
}

fn listed(contents: &mut Contents, document: &Document, item: &Item) -> Listed {
    let place = contents.place(item.line);
    let attribute = |name: &str| item.attributes.get(name).filter(|value| !value.is_empty()).cloned();
    let number = attribute("OEMDesignNumberRef");
    let mut part = PartRef {
        internal_number: attribute("internalPartNumber").or_else(|| number.clone()),
        description: attribute("description"),
        ..PartRef::default()
    };
    for name in ["category", "pinCount"] {
        part.attributes.extend(attribute(name).map(|value| Attribute { name: name.to_owned(), value }));
    }
    if attribute("internalPartNumber").is_some() {
        part.attributes.extend(number.clone().map(|value| Attribute { name: "OEMDesignNumberRef".to_owned(), value }));
    }
    let others = item.others.iter().map(|(kind, name)| Attribute { name: kind.clone(), value: name.clone() });
    part.attributes.extend(others);
    characteristics(&mut part, &item.characteristics);
    if let Some(number) = &number {
        makers(&mut part, document, number);
    }
    let quantity = attribute("quantity");
    let mut seen = HashSet::new();
    let (mut designators, mut each) = (Vec::new(), Vec::new());
    for designator in &item.designators {
        if !seen.insert(designator.name.as_str()) {
            let said = Said::at(&contents.place(designator.line), designator.name.clone());
            let taken = Said::at(&place, designator.name.clone());
            let designator = designator.name.clone();
            contents.disagreements.push(Disagreement { about: About::ListedTwice, designator, taken, other: said });
            continue;
        }
        designators.push(designator.name.clone());
        each.push(ListedDesignator {
            package: designator.package.clone(),
            side: designator.layer.as_deref().and_then(|layer| layer_side(document, layer)),
            not_fitted: designator
                .populate
                .as_ref()
                .filter(|populate| !is_true(populate))
                .map(|text| format!("populate: {text}")),
        });
    }
    if let Some(quantity) = &quantity
        && !designators.is_empty()
    {
        match whole_number(quantity) {
            Some(number) if number == designators.len() as u64 => {}
            Some(_) => contents.disagreements.push(quantity_differs(&place, &designators, quantity)),
            None => contents.problem(item.line, None, Some("quantity"), format!("`{quantity}` is not a whole number")),
        }
    }
    if part.package.is_none() {
        let mut packages = each.iter().filter_map(|each| each.package.as_ref());
        if let Some(first) = packages.next()
            && packages.all(|other| other == first)
        {
            part.package = Some(first.clone());
        }
    }
    let line = BillLine { number: None, quantity, designators, part: Arc::new(part), not_fitted: None, place };
    Listed { line, each }
}

/// Characteristics carry what the CAD knew, under names like those of columns. What has a field goes there, and all are kept.
fn characteristics(part: &mut PartRef, characteristics: &[Attribute]) {
    for characteristic in characteristics {
        let value = || Some(characteristic.value.clone());
        let name = key(&characteristic.name);
        match field_of(&name) {
            Some((Field::Mpn, _)) if part.mpn.is_none() => part.mpn = value(),
            Some((Field::Manufacturer, _)) if part.manufacturer.is_none() => part.manufacturer = value(),
            Some((Field::Value, 0)) if part.value.is_none() => part.value = value(),
            Some((Field::Description, _)) if part.description.is_none() => part.description = value(),
            _ => part.attributes.push(characteristic.clone()),
        }
    }
    // Allegro calls the maker the vendor; a proper name wins.
    for (name, slot) in [("vendorpn", &mut part.mpn), ("vendor", &mut part.manufacturer)] {
        if slot.is_none() {
            *slot = characteristics.iter().find(|found| key(&found.name) == name).map(|found| found.value.clone());
        }
    }
}

/// The approved makers of a part: the chosen one, else the best ranked, else the first is the part; the others are alternates.
fn makers(part: &mut PartRef, document: &Document, number: &str) {
    let approved = document.avl.iter().filter(|(known, _)| known == number).flat_map(|(_, list)| list);
    let mut approved: Vec<_> = approved.filter(|vmpn| vmpn.mpn.is_some()).collect();
    // A stable sort: without choice and rank the order of the file stands.
    approved.sort_by_key(|vmpn| (!vmpn.chosen, vmpn.rank.unwrap_or(u64::MAX)));
    let vendor = |vmpn: &Vmpn| {
        let id = vmpn.vendor.as_ref()?;
        document.enterprises.get(id).cloned().or_else(|| (!is_nobody(id)).then(|| id.clone()))
    };
    let Some((first, rest)) = approved.split_first() else { return };
    if let (Some(known), Some(mpn)) = (&part.mpn, &first.mpn)
        && known != mpn
    {
        part.attributes.push(Attribute { name: "mpn in characteristics".to_owned(), value: known.clone() });
    }
    let known_maker = part.manufacturer.take();
    let same_part = part.mpn.is_none() || part.mpn == first.mpn;
    part.mpn.clone_from(&first.mpn);
    part.manufacturer = vendor(first).or(known_maker.filter(|_| same_part));
    part.attributes.extend(first.attributes.iter().cloned());
    part.alternates.extend(rest.iter().map(|vmpn| Alternate {
        manufacturer: vendor(vmpn),
        mpn: vmpn.mpn.clone(),
        description: None,
        qualified: vmpn.qualified,
        attributes: vmpn.attributes.clone(),
    }));
}

fn outline(contents: &mut Contents, document: &Document, raw: &RawOutline) -> Option<Outline> {
    let unit = document.unit?;
    let mut outline: Option<Outline> = None;
    let mut cutouts = Vec::new();
    for polygon in &raw.polygons {
        let mut point = |pair: &(String, String)| {
            let x_um = length(contents, &pair.0, unit, raw.line, "Profile x");
            let y_um = length(contents, &pair.1, unit, raw.line, "Profile y");
            Some(Point { x_um: x_um?, y_um: y_um? })
        };
        let Some((begin, edges)) = polygon.edges.split_first() else { continue };
        let Some(begin) = point(&begin.to) else { continue };
        let mut read = Vec::with_capacity(edges.len());
        for edge in edges {
            let Some(to) = point(&edge.to) else { continue };
            let centre = edge.centre.as_ref().and_then(&mut point);
            read.push(Edge { to, centre, clockwise: edge.clockwise });
        }
        match &outline {
            None if !polygon.cutout => outline = Some(Outline { begin, edges: read, cutouts: Vec::new() }),
            _ => cutouts.push((begin, read)),
        }
    }
    outline.map(|outline| Outline { cutouts, ..outline })
}

// ---- Panels -----------------------------------------------------------------------------------------------------------------------

/// How a step lies inside another: mirrored first, then turned, then moved.
#[derive(Clone, Copy)]
struct Lie {
    x_um: i64,
    y_um: i64,
    rotation_mdeg: i64,
    flip: bool,
}

impl Lie {
    const STRAIGHT: Self = Self { x_um: 0, y_um: 0, rotation_mdeg: 0, flip: false };

    /// `inner` lies so in what lies like `self`.
    fn of(self, inner: Self) -> Self {
        let mirrored = if self.flip { -inner.x_um } else { inner.x_um };
        let (x, y) = turn(mirrored, inner.y_um, self.rotation_mdeg);
        let inner_rotation = if self.flip { -inner.rotation_mdeg } else { inner.rotation_mdeg };
        Self {
            x_um: self.x_um.saturating_add(x),
            y_um: self.y_um.saturating_add(y),
            rotation_mdeg: (self.rotation_mdeg + inner_rotation).rem_euclid(360_000),
            flip: self.flip != inner.flip,
        }
    }
}

/// The layout of the outermost step that repeats the board, numbered along x first, then y, in the order of the file. A layout of
/// which a part cannot be read is no layout.
fn panel(contents: &mut Contents, document: &Document, board: &Step) -> Option<PanelLayout> {
    let unit = document.unit?;
    let repeated: HashSet<_> = document
        .steps
        .iter()
        .flat_map(|step| step.repeats.iter())
        .filter_map(|repeat| repeat.attributes.get("stepRef").map(String::as_str))
        .collect();
    let outermost =
        document.steps.iter().filter(|step| !step.repeats.is_empty() && !repeated.contains(step.name.as_str()));
    let mut found: Option<(&Step, Vec<Lie>)> = None;
    for step in outermost {
        let mut walk = Walk { contents, document, board: &board.name, unit, visits: 0, boards: Vec::new() };
        if walk.step(step, Lie::STRAIGHT, 0).is_none() {
            let text = format!("the panel layout of step `{}` is not read", step.name);
            contents.problem(step.line, None, Some("Step"), text);
            continue;
        }
        let boards = walk.boards;
        match &found {
            _ if boards.is_empty() => {}
            Some((first, _)) => {
                let text = format!("panel step `{}` is not read: the panel is step `{}`", step.name, first.name);
                contents.note(Some(step.line), text);
            }
            None => found = Some((step, boards)),
        }
    }
    let (_, lies) = found?;
    let boards = lies.into_iter().zip(1u32..).map(|(lie, number)| PanelBoard {
        number,
        x_um: lie.x_um,
        y_um: lie.y_um,
        rotation_mdeg: lie.rotation_mdeg,
        flip: lie.flip,
    });
    Some(PanelLayout { boards: boards.collect() })
}

/// A walk from a panel down to its boards.
struct Walk<'a> {
    contents: &'a mut Contents,
    document: &'a Document,
    board: &'a str,
    unit: Unit,
    /// How many repetitions were looked at, so that panels within panels end.
    visits: usize,
    boards: Vec<Lie>,
}

impl Walk<'_> {
    /// `None` if something on the way cannot be read; the problem is told.
    fn step(&mut self, step: &Step, lie: Lie, depth: usize) -> Option<()> {
        if depth >= PANEL_DEPTH_MAX {
            let text = format!("step `{}` repeats itself or lies too deep", step.name);
            self.contents.problem(step.line, None, Some("StepRepeat"), text);
            return None;
        }
        step.repeats.iter().try_for_each(|repeat| self.repeat(repeat, lie, depth))
    }

    fn repeat(&mut self, repeat: &Repeat, lie: Lie, depth: usize) -> Option<()> {
        let document = self.document;
        let text = |name: &str| repeat.attributes.get(name).map_or("0", String::as_str);
        let target = text("stepRef");
        let Some(inner) = document.steps.iter().find(|step| step.name == target) else {
            self.contents.problem(repeat.line, None, Some("stepRef"), format!("there is no step `{target}`"));
            return None;
        };
        if target != self.board && inner.repeats.is_empty() {
            let text = format!("step `{target}` on the panel is not the board `{}` and is left out", self.board);
            if !self.contents.notes.iter().any(|note| note.text == text) {
                self.contents.note(Some(repeat.line), text);
            }
            return Some(());
        }
        let mut um = |name: &str| length(self.contents, text(name), self.unit, repeat.line, name);
        let (x, y, dx, dy) = (um("x")?, um("y")?, um("dx")?, um("dy")?);
        let (nx, ny) = (self.count(repeat, "nx")?, self.count(repeat, "ny")?);
        let rotation_mdeg = match angle_mdeg(text("angle"), Mark::Point) {
            Ok(mdeg) => mdeg,
            Err(reason) => {
                self.contents.problem(repeat.line, None, Some("angle"), reason);
                return None;
            }
        };
        let flip = is_true(text("mirror"));
        for (row, column) in (0..ny).flat_map(|row| (0..nx).map(move |column| (row, column))) {
            self.visits += 1;
            if self.visits > PANEL_BOARDS_MAX {
                let text = format!("more than {PANEL_BOARDS_MAX} boards on a panel");
                self.contents.problem(repeat.line, None, Some("StepRepeat"), text);
                return None;
            }
            let placed = lie.of(Lie { x_um: x + column * dx, y_um: y + row * dy, rotation_mdeg, flip });
            if target == self.board {
                self.boards.push(placed);
            } else {
                self.step(inner, placed, depth + 1)?;
            }
        }
        Some(())
    }

    /// A number of repetitions; one if it is not given.
    fn count(&mut self, repeat: &Repeat, name: &str) -> Option<i64> {
        let text = repeat.attributes.get(name).map_or("1", |text| text.trim());
        let count = text.parse().ok().filter(|count| (0..=PANEL_BOARDS_MAX as i64).contains(count));
        if count.is_none() {
            let reason = format!("`{text}` is not a number of repetitions up to {PANEL_BOARDS_MAX}");
            self.contents.problem(repeat.line, None, Some(name), reason);
        }
        count
    }
}
