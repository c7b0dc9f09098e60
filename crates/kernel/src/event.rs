//! Events: what happened, in the past tense, a closed list.
//!
//! An event is the self-contained transcription of one message: nothing of it is looked up, nothing of it is lost. What an adapter does not
//! interpret stays in `extra`, member by member, as it was sent. What an event *means* beside others is `project`'s business.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::time::{Moment, Time};

/// One entry of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When it happened, by the source's clock.
    pub at: Moment,
    /// When we received it.
    pub recorded: Time,
    /// Who said it and in which message.
    pub source: Source,
    /// What happened.
    pub fact: Fact,
    /// Members of the message around the fact that nobody interprets.
    pub extra: Extra,
}

/// Who said it and in which message: the key by which repeats are known.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Source {
    /// The sender: a CFX handle, or the name an event file gives. Empty when the message names none.
    pub handle: String,
    /// The message's own identifier (CFX `UniqueID`).
    pub message: String,
    /// The message's kind in its protocol (CFX `MessageName`).
    pub name: String,
    /// The version of the protocol that it claims.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
}

impl Package {
    /// Packages spliced before this one, nearest first; those without an identifier are left out.
    pub fn leaders(&self) -> impl Iterator<Item = &Package> {
        std::iter::successors(self.leading.as_deref(), |package| package.leading.as_deref())
            .filter(|package| !package.id.is_empty())
    }

    /// Whether a quantity is given for which the exact reel is uncertain.
    #[must_use]
    pub fn is_grey(&self) -> bool {
        self.grey_zone.as_ref().is_some_and(Json::is_positive)
    }
}

/// A JSON value kept as it was sent, to the digit.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(pub Box<RawValue>);

impl Json {
    /// The text of the value.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// Whether it is a number above zero, bare or as a string.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        self.text().trim_matches('"').parse::<f64>().is_ok_and(|number| number > 0.0)
    }

    /// Keeps a value.
    ///
    /// # Errors
    /// When the text is not one JSON value.
    pub fn parse(text: &str) -> Result<Json, serde_json::Error> {
        RawValue::from_string(text.to_owned()).map(Json)
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Json) -> bool {
        self.text() == other.text()
    }
}

/// Members that nobody interprets, by name.
pub type Extra = BTreeMap<String, Json>;

/// A number with the digits that were sent. Serialises as a JSON number.
pub type Digits = Json;

macro_rules! record {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident : $type:ty,)* })+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
            #[serde(default)]
            pub struct $name {
                $($(#[$field_doc])* #[serde(skip_serializing_if = "is_default")] pub $field: $type,)*
                /// Members of the message at this place that nobody interprets.
                #[serde(skip_serializing_if = "Extra::is_empty")]
                pub extra: Extra,
            }
        )+
    };
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident,)+ })+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
            pub enum $name { $($(#[$variant_doc])* $variant,)+ }

            impl $name {
                /// The word as stored and shown.
                #[must_use]
                pub fn word(self) -> &'static str {
                    match self { $($name::$variant => stringify!($variant),)+ }
                }
            }
        )+
    };
}

words! {
    /// The state of a unit at its position (CFX `UnitStatus`).
    UnitStatus {
        /// Good, or nothing said.
        #[default] Pass,
        /// Failed.
        Fail,
        /// Scrapped.
        Scrap,
        /// Not to be processed (x-out).
        Skip,
    }
    /// What happened to a stage (CFX WorkStageStarted, Completed, Paused, Resumed).
    StageChange {
        /// The stage began.
        #[default] Started,
        /// The stage ended.
        Completed,
        /// The stage was interrupted.
        Paused,
        /// The stage went on.
        Resumed,
    }
    /// What happened to a moisture-sensitive package (CFX MSDManagement).
    Moisture {
        /// The dry bag was opened.
        #[default] Opened,
        /// It went into dry storage.
        PlacedInDryStorage,
        /// It left dry storage.
        RemovedFromDryStorage,
        /// It was baked or otherwise restored.
        Restored,
        /// Its floor life ran out.
        Expired,
    }
    /// How a place treats what is mounted on it.
    Discipline {
        /// The next thing ends the last.
        Single,
        /// Spliced: each until depleted or taken off.
        Chain,
        /// Everything since the last clean-out is mixed.
        Mix,
        /// Many at once; only an `off` ends.
        Crowd,
        /// Nothing is known: certainly over only at its own end.
        #[default] Unknown,
    }
}

record! {
    /// A unit as a message names it: the identifier and the position on what the message calls primary.
    UnitMention {
        /// CFX `UnitIdentifier`: a serial, or the panel's or carrier's identifier again.
        identifier: String,
        /// CFX `PositionNumber` / `UnitPositionNumber`; 0 is kept.
        position: Option<u32>,
        /// CFX `PositionName`.
        position_name: String,
        /// Its state here.
        status: UnitStatus,
        /// X, Y, Z, rotation and flips as sent.
        layout: Extra,
    }
    /// The units of a message, under their primary identifier (panel or carrier).
    UnitGroup {
        /// CFX `PrimaryIdentifier`.
        primary: String,
        /// CFX `HermesIdentifier` (the transport identity on the line).
        hermes: String,
        /// CFX `UnitCount` as sent.
        count: Option<u32>,
        /// CFX `Units`.
        units: Vec<UnitMention>,
    }
    /// A stage of a station.
    Stage {
        /// Order in the station.
        sequence: Option<i64>,
        /// Name.
        name: String,
        /// Type.
        kind: String,
    }
    /// A work order and batch.
    OrderRef {
        /// Work order.
        order: String,
        /// Batch of it.
        batch: String,
    }
    /// A machine program.
    Program {
        /// Recipe name.
        name: String,
        /// Its revision.
        revision: String,
    }
    /// A material package as machines mention it (CFX `MaterialPackage`).
    Package {
        /// The package's own identifier.
        id: String,
        /// Internal part number.
        part: String,
        /// Quantity as sent.
        quantity: Option<Digits>,
        /// The package spliced before this one.
        leading: Option<Box<Package>>,
        /// Quantity for which the exact reel is uncertain.
        grey_zone: Option<Digits>,
        /// Batch.
        batch: String,
    }
    /// What is known of a package (CFX `MaterialPackageDetail`).
    PackageDetail {
        /// The package's own identifier.
        id: String,
        /// Internal part number.
        part: String,
        /// Manufacturer.
        manufacturer: String,
        /// Manufacturer part number.
        manufacturer_part: String,
        /// Supplying party.
        supplier: String,
        /// Supplier's part number.
        supplier_part: String,
        /// Manufacturer's lot code.
        lot: String,
        /// Manufacture date, as sent.
        manufactured: String,
        /// Receipt date, as sent.
        received: String,
        /// Expiry date, as sent.
        expires: String,
        /// Quantity when new.
        initial_quantity: Option<Digits>,
        /// Quantity now.
        quantity: Option<Digits>,
        /// Unit of measure.
        measure: String,
        /// Active, Blocked, Depleted.
        status: String,
        /// Batch.
        batch: String,
        /// Grey zone.
        grey_zone: Option<Digits>,
        /// Delivery it came with.
        receipt: String,
    }
    /// A carrier of material: a feeder, a trolley (CFX `MaterialCarrier`).
    Carrier {
        /// Own identifier.
        id: String,
        /// Name.
        name: String,
        /// Type, from `$type` (`SMDTapeFeeder`).
        kind: String,
        /// Lane of a multi-lane feeder.
        lane: Option<i64>,
        /// Identifier of the base of a multi-lane feeder.
        base: String,
        /// What it rides on (a trolley).
        parent: Option<Box<Carrier>>,
    }
    /// A place for material (CFX `MaterialLocation`, `MaterialCarrierLocation`).
    Location {
        /// CFX `LocationIdentifier`.
        id: String,
        /// CFX `LocationName`.
        name: String,
        /// The module (CFX `ResourceLocation`'s resource), if given.
        module: String,
        /// What the material lies in.
        carrier: Option<Carrier>,
    }
    /// A package at a place.
    Loaded {
        /// Where.
        location: Location,
        /// What; absent when only the carrier was named.
        package: Option<Package>,
    }
    /// A tool (CFX `Tool`, `SMTHeadAndNozzle`, ...).
    Tool {
        /// Own identifier.
        id: String,
        /// Name.
        name: String,
        /// Type, from `$type`, without name space (`SMTHeadAndNozzle`).
        kind: String,
        /// Head it sits on.
        head: String,
        /// Number on the head.
        head_position: Option<i64>,
        /// Nozzle type.
        nozzle_type: String,
    }
    /// A person, already replaced by a pseudonym.
    Person {
        /// The pseudonym.
        pseudonym: String,
        /// Human or robot, as sent.
        actor: String,
    }
    /// Something mounted at a place of the sending station. Exactly one of the things is set.
    Mount {
        /// A package (with its carrier in `location`).
        package: Option<Package>,
        /// A carrier without a package: what lies in it comes along.
        carrier: Option<Carrier>,
        /// A tool.
        tool: Option<Tool>,
        /// A person who works here now.
        person: Option<Person>,
        /// A program.
        program: Option<Program>,
        /// Where; the station itself when absent.
        location: Option<Location>,
        /// Lane, for programs.
        lane: Option<i64>,
        /// Stage, for programs.
        stage: Option<Stage>,
    }
    /// One placed component.
    Placed {
        /// Reference designator.
        designator: String,
        /// Identifier of the installed unit, for serialised sub-assemblies and components.
        unit: String,
        /// When.
        at: Option<Moment>,
        /// Stage it was placed in.
        stage: Option<Stage>,
        /// Head and nozzle (CFX `SMTInstalledComponent.HeadAndNozzle`).
        tool: Option<Tool>,
    }
    /// Components of one package in one unit (CFX `InstalledMaterial`, `AppliedMaterial`, `UninstalledMaterial`).
    UnitMaterial {
        /// The unit: identifier.
        identifier: String,
        /// The unit: position.
        position: Option<u32>,
        /// Quantity installed, applied or removed.
        quantity: Option<Digits>,
        /// Quantity not installed.
        quantity_rejected: Option<Digits>,
        /// The package.
        package: Option<Package>,
        /// The place it was taken from.
        location: Option<Location>,
        /// The components.
        components: Vec<Placed>,
        /// Components that were not installed: rejected, skipped, lost.
        rejected: Vec<Placed>,
        /// Reason of a removal.
        reason: String,
    }
    /// A defect found.
    Defect {
        /// Identifier, which repairs refer to.
        id: String,
        /// Code.
        code: String,
        /// Category.
        category: String,
        /// Description.
        description: String,
        /// Reference designator of the component, if one is named.
        designator: String,
        /// Part number of the component, if named.
        part: String,
        /// The operator's verdict on the machine's call.
        verification: String,
    }
    /// A measured value, with its digits.
    Measurement {
        /// Name.
        name: String,
        /// Identifier.
        id: String,
        /// The value, as sent.
        value: Option<Json>,
        /// Unit of the value.
        measure: String,
        /// Expected value, as sent.
        expected: Option<Json>,
        /// Lower limit.
        minimum: Option<Json>,
        /// Upper limit.
        maximum: Option<Json>,
        /// Passed or failed.
        result: String,
        /// Reference designators it belongs to, comma separated.
        designators: String,
    }
    /// One inspection, test or repair step.
    Check {
        /// Identifier.
        id: String,
        /// Name.
        name: String,
        /// When it began.
        started: Option<Moment>,
        /// When it ended.
        ended: Option<Moment>,
        /// The machine's verdict (or the repair's).
        result: String,
        /// The operator's verdict on it.
        verification: String,
        /// Defects found.
        defects: Vec<Defect>,
        /// Measurements taken.
        measurements: Vec<Measurement>,
        /// Identifiers of the defects that a repair answers.
        answers: Vec<String>,
        /// Reference designator a repair was about.
        designator: String,
        /// Comment or error text.
        comment: String,
    }
    /// The verdicts on one unit.
    CheckedUnit {
        /// The unit: identifier.
        identifier: String,
        /// The unit: position.
        position: Option<u32>,
        /// Overall result by the machine (or the repairer).
        result: String,
        /// Overall verdict of the operator.
        verification: String,
        /// The steps.
        checks: Vec<Check>,
    }
    /// Process data of one unit.
    MeasuredUnit {
        /// The unit: identifier.
        identifier: String,
        /// The unit: position.
        position: Option<u32>,
        /// Result.
        result: String,
        /// Data of the process as sent (`$type` says which).
        data: Option<Json>,
    }
    /// A tool used on a unit.
    UsedTool {
        /// The unit: identifier. Empty with no position: all units of the pass.
        identifier: String,
        /// The unit: position.
        position: Option<u32>,
        /// The tool.
        tool: Tool,
        /// Usage cycles.
        cycles: Option<i64>,
        /// Reference designators it placed or treated.
        designators: Vec<String>,
    }
    /// A work order.
    WorkOrder {
        /// Identifier.
        order: OrderRef,
        /// Product to build.
        product: String,
        /// Its revision.
        revision: String,
        /// Quantity as sent.
        quantity: Option<Digits>,
        /// State.
        status: String,
        /// Customer.
        customer: String,
        /// Lot number.
        lot: String,
    }

    /// Packages became known, usually at receipt (CFX MaterialsInitialized, GetMaterialInformationResponse).
    PackageReceived {
        /// The packages.
        packages: Vec<PackageDetail>,
    }
    /// What is known of packages changed (CFX MaterialsModified, BlockMaterialsRequest, UnblockMaterialsRequest).
    PackageChanged {
        /// Why.
        reason: String,
        /// The packages as they are now.
        packages: Vec<PackageDetail>,
    }
    /// Packages ran empty or were retired (CFX MaterialsEmpty, MaterialsRetired).
    PackageUsedUp {
        /// The packages, where they were.
        packages: Vec<Loaded>,
    }
    /// Part of a package became another package.
    PackageSplit {
        /// The package taken from.
        from: String,
        /// What remained there.
        remaining: Option<Digits>,
        /// The new package.
        new: String,
        /// What went there.
        quantity: Option<Digits>,
    }
    /// Two packages were spliced.
    PackagesJoined {
        /// Used first.
        leading: Package,
        /// Used next.
        trailing: Package,
    }
    /// A spliced chain was cut (CFX MaterialsChainSplit).
    PackagesParted {
        /// The package cut off.
        split_off: Package,
        /// The package that remains.
        remaining: Package,
    }
    /// Moisture exposure of packages changed.
    MoistureChanged {
        /// How.
        change: Moisture,
        /// The packages.
        packages: Vec<PackageDetail>,
    }
    /// A consumption report; it reconciles, it never adds.
    Consumed {
        /// Places and quantities.
        materials: Vec<ConsumedMaterial>,
    }
    /// Consumption at one place.
    ConsumedMaterial {
        /// Where and what.
        loaded: Loaded,
        /// Quantity used.
        used: Option<Digits>,
        /// Quantity spoiled.
        spoiled: Option<Digits>,
        /// Quantity that remains.
        remaining: Option<Digits>,
    }
    /// Things came to places of the station.
    Mounted {
        /// Transaction in which a tool was loaded.
        transaction: String,
        /// What came where.
        mounts: Vec<Mount>,
        /// What left in the same moment, to make room (CFX ToolChanged).
        replaced: Vec<Mount>,
    }
    /// Things left. A thing without a place left wherever it was.
    Unmounted {
        /// Transaction in which a tool was unloaded.
        transaction: String,
        /// What left.
        mounts: Vec<Mount>,
    }
    /// A sensor saw a splice pass: one package ran out, the next is in use.
    Spliced {
        /// What ran out.
        depleted: Loaded,
        /// What is in use now.
        active: Loaded,
    }
    /// A place was cleaned out: what was mixed there is gone.
    CleanedOut {
        /// Where.
        location: Location,
    }
    /// A set-up was confirmed: these packages are at these places now.
    SetupVerified {
        /// The verdict, as sent.
        result: String,
        /// What is mounted.
        loaded: Vec<Loaded>,
    }
    /// Parameters of a station changed.
    ParametersChanged {
        /// As sent.
        parameters: Option<Json>,
    }
    /// Tools were cleaned, changed, calibrated, serviced.
    ToolServiced {
        /// The tools.
        tools: Vec<Tool>,
        /// What was done, in the protocol's word.
        what: String,
    }
    /// Units came into being.
    UnitsCreated {
        /// Transaction.
        transaction: String,
        /// The units.
        units: UnitGroup,
        /// Work order.
        order: OrderRef,
        /// Product, if said.
        product: String,
    }
    /// Identifiers were read or given: units and their names, nothing else.
    UnitNamed {
        /// The units with the names that they bear.
        units: UnitGroup,
    }
    /// Units were put on a carrier: its cycle begins for them.
    UnitsMatched {
        /// The carrier.
        carrier: String,
        /// What lies where.
        units: UnitGroup,
    }
    /// Units left a carrier. None named: all did.
    UnitsSeparated {
        /// The carrier.
        carrier: String,
        /// What left.
        units: UnitGroup,
    }
    /// Units got data of their own (CFX UnitsPersonalized): addresses, firmware, keys as keyed digests.
    Personalized {
        /// Transaction.
        transaction: String,
        /// Units and what they got.
        units: Vec<MeasuredUnit>,
    }
    /// Units arrived at a station.
    PassArrived {
        /// The units.
        units: UnitGroup,
        /// Lane.
        lane: Option<i64>,
    }
    /// Units left a station.
    PassDeparted {
        /// The units.
        units: UnitGroup,
        /// Lane.
        lane: Option<i64>,
    }
    /// Work on units began.
    PassStarted {
        /// Transaction; empty or nil when there is none.
        transaction: String,
        /// The units.
        units: UnitGroup,
        /// Lane.
        lane: Option<i64>,
        /// Program.
        program: Option<Program>,
        /// Side.
        surface: String,
        /// Work order.
        order: OrderRef,
    }
    /// A stage of the work began, ended, paused or went on.
    StageChanged {
        /// Transaction.
        transaction: String,
        /// What happened.
        change: StageChange,
        /// Stage.
        stage: Stage,
        /// Result.
        result: String,
    }
    /// Work on units ended.
    PassEnded {
        /// Transaction.
        transaction: String,
        /// The units.
        units: UnitGroup,
        /// Completed, Failed, Aborted, Skipped.
        result: String,
    }
    /// Components were installed.
    Installed {
        /// Transaction.
        transaction: String,
        /// Per unit and package.
        materials: Vec<UnitMaterial>,
    }
    /// Components were removed.
    Removed {
        /// Transaction.
        transaction: String,
        /// Per unit and package.
        materials: Vec<UnitMaterial>,
    }
    /// Process material was applied: paste, adhesive, coating.
    Applied {
        /// Transaction.
        transaction: String,
        /// Per unit and package.
        materials: Vec<UnitMaterial>,
    }
    /// Process material was taken off again.
    Unapplied {
        /// Transaction.
        transaction: String,
        /// Per unit and package.
        materials: Vec<UnitMaterial>,
    }
    /// Tools were used.
    ToolUsed {
        /// Transaction.
        transaction: String,
        /// Per unit and tool.
        tools: Vec<UsedTool>,
    }
    /// A process was measured (CFX UnitsProcessed).
    Measured {
        /// Transaction.
        transaction: String,
        /// Overall result.
        result: String,
        /// Data common to all units.
        common: Option<Json>,
        /// Per unit.
        units: Vec<MeasuredUnit>,
    }
    /// Units were inspected.
    Inspected {
        /// Transaction.
        transaction: String,
        /// AOI, SPI, AXI, Human.
        method: String,
        /// Inspector.
        person: Option<Person>,
        /// Program.
        program: Option<Program>,
        /// Per unit.
        units: Vec<CheckedUnit>,
        /// The panel as a whole.
        panel: Option<CheckedUnit>,
    }
    /// Units were tested.
    Tested {
        /// Transaction.
        transaction: String,
        /// ICT, FPT, FCT, BST, Human, Automated.
        method: String,
        /// Tester.
        person: Option<Person>,
        /// Program.
        program: Option<Program>,
        /// Per unit.
        units: Vec<CheckedUnit>,
    }
    /// Units were repaired.
    Repaired {
        /// Transaction.
        transaction: String,
        /// Repairer.
        person: Option<Person>,
        /// Per unit.
        units: Vec<CheckedUnit>,
    }
    /// Units were taken out of production.
    Disqualified {
        /// The units.
        units: UnitGroup,
        /// Reason.
        reason: String,
        /// Comment.
        comment: String,
    }
    /// The state of a station changed, or a fault came or went.
    StationChanged {
        /// State it had.
        from: String,
        /// State it has.
        to: String,
        /// Fault code.
        fault: String,
        /// Fault occurrence, by which its clearing is known.
        occurrence: String,
        /// What happened, in the protocol's word (FaultOccurred, FaultCleared, StationStateChanged, ...).
        what: String,
        /// Text.
        description: String,
        /// Who acknowledged or cleared the fault.
        person: Option<Person>,
    }
    /// Work orders were made or changed.
    WorkOrderChanged {
        /// The orders.
        orders: Vec<WorkOrder>,
    }
    /// A product revision was released.
    ProductReleased {
        /// Product.
        product: String,
        /// Revision.
        revision: String,
        /// Programs that build it (`name` or `name@revision`).
        programs: Vec<String>,
        /// Positions of the bill of materials and placement data.
        positions: Vec<ProductPosition>,
        /// Boards of a panel.
        panel: Vec<PanelBoard>,
        /// Where the data and its disagreements came from, a line each.
        remarks: Vec<String>,
    }
    /// A position of a product. Lengths in micrometres, angles in thousandths of a degree.
    ProductPosition {
        /// Reference designator; empty for material without one.
        designator: String,
        /// Internal part number, or what stands for it.
        part: String,
        /// Manufacturer.
        manufacturer: String,
        /// Manufacturer part number.
        manufacturer_part: String,
        /// Approved alternates: part numbers.
        alternates: Vec<String>,
        /// Value text.
        value: String,
        /// Land pattern.
        footprint: String,
        /// X.
        x_um: Option<i64>,
        /// Y.
        y_um: Option<i64>,
        /// Rotation, counter-clockwise, 0 to 359,999.
        rotation_mdeg: Option<i64>,
        /// `top` or `bottom`.
        side: String,
        /// Not fitted in this revision.
        not_fitted: bool,
    }
    /// One board of a panel.
    PanelBoard {
        /// Position number.
        number: u32,
        /// X of its origin.
        x_um: i64,
        /// Y of its origin.
        y_um: i64,
        /// Rotation.
        rotation_mdeg: i64,
        /// Turned over.
        flip: bool,
    }
    /// A station's profile, from the event's time on.
    StationProfiled {
        /// Station.
        station: String,
        /// CFX handle it speaks under, if another than the station's name.
        handle: String,
        /// Lane of the handle that is this station.
        lane: Option<i64>,
        /// What kind of station it is (printer, placement, oven, aoi, bench, test, ...).
        role: String,
        /// Line.
        line: String,
        /// Disciplines by place; `*` for all others.
        places: BTreeMap<String, Discipline>,
        /// Other names of places.
        aliases: BTreeMap<String, String>,
        /// How it reports spliced packages: `exact`, or unknown.
        chain: String,
        /// How far its clock may be off, microseconds.
        clock_margin: i64,
    }
    /// Things were put in a container.
    Packed {
        /// Container.
        container: String,
        /// Units.
        units: Vec<String>,
        /// Containers.
        containers: Vec<String>,
    }
    /// Things were taken out of a container. None named: it was emptied.
    Unpacked {
        /// Container.
        container: String,
        /// Units.
        units: Vec<String>,
        /// Containers.
        containers: Vec<String>,
    }
    /// Children were built into a unit.
    Assembled {
        /// The assembly.
        unit: String,
        /// What went in.
        children: Vec<Child>,
        /// Station, if other than the source.
        station: String,
    }
    /// A child of an assembly.
    Child {
        /// A unit.
        unit: String,
        /// Or a package (bulk) from which a part went in.
        package: String,
        /// Or a serialised component.
        component: String,
        /// Position.
        position: String,
    }
    /// Children were taken out of a unit.
    Disassembled {
        /// The assembly.
        unit: String,
        /// What came out.
        children: Vec<Child>,
    }
    /// A shipment left.
    Shipped {
        /// Shipment.
        shipment: String,
        /// Customer.
        to: String,
        /// Units.
        units: Vec<String>,
        /// Containers.
        containers: Vec<String>,
    }
    /// A shipment arrived.
    Arrived {
        /// Shipment.
        shipment: String,
        /// Where.
        at_party: String,
    }
    /// Units came back.
    Returned {
        /// Units.
        units: Vec<String>,
        /// Containers.
        containers: Vec<String>,
        /// From whom.
        from: String,
        /// Why.
        reason: String,
    }
    /// A message whose kind nobody interprets: kept whole.
    Noted {
        /// Its body as sent.
        body: Option<Json>,
    }
}

macro_rules! facts {
    ($($name:ident,)+) => {
        /// What happened.
        #[derive(Clone, Debug, PartialEq)]
        #[expect(missing_docs, reason = "each variant is documented at the record of its name")]
        #[expect(clippy::large_enum_variant, reason = "a fact is made once and moved little; boxes would cost more")]
        pub enum Fact { $($name($name),)+ }

        impl Fact {
            /// Names of all kinds, as stored.
            pub const KINDS: &[&str] = &[$(stringify!($name),)+];

            /// Name of the kind, as stored.
            #[must_use]
            pub fn kind(&self) -> &'static str {
                match self { $(Fact::$name(_) => stringify!($name),)+ }
            }

            pub(crate) fn body(&self) -> serde_json::Result<String> {
                match self { $(Fact::$name(body) => serde_json::to_string(body),)+ }
            }

            /// Reads the body of a fact of the named kind. `None` when the kind is not in the list.
            pub fn read(kind: &str, body: &str) -> Option<serde_json::Result<Fact>> {
                match kind {
                    $(stringify!($name) => Some(serde_json::from_str(body).map(Fact::$name)),)+
                    _ => None,
                }
            }
        }

        $(impl From<$name> for Fact {
            fn from(body: $name) -> Fact { Fact::$name(body) }
        })+
    };
}

facts! {
    PackageReceived, PackageChanged, PackageUsedUp, PackageSplit, PackagesJoined, PackagesParted, MoistureChanged, Consumed,
    Mounted, Unmounted, Spliced, CleanedOut, SetupVerified, ParametersChanged, ToolServiced,
    UnitsCreated, UnitNamed, UnitsMatched, UnitsSeparated, Personalized,
    PassArrived, PassDeparted, PassStarted, StageChanged, PassEnded,
    Installed, Removed, Applied, Unapplied, ToolUsed, Measured, Inspected, Tested, Repaired, Disqualified,
    StationChanged, WorkOrderChanged, ProductReleased, StationProfiled,
    Packed, Unpacked, Assembled, Disassembled, Shipped, Arrived, Returned, Noted,
}

impl Event {
    /// The transaction that ties the messages of one pass, if this fact has one that is not nil.
    #[must_use]
    pub fn transaction(&self) -> Option<&str> {
        let transaction = match &self.fact {
            Fact::UnitsCreated(fact) => &fact.transaction,
            Fact::Personalized(fact) => &fact.transaction,
            Fact::PassStarted(fact) => &fact.transaction,
            Fact::StageChanged(fact) => &fact.transaction,
            Fact::PassEnded(fact) => &fact.transaction,
            Fact::Installed(fact) => &fact.transaction,
            Fact::Removed(fact) => &fact.transaction,
            Fact::Applied(fact) => &fact.transaction,
            Fact::Unapplied(fact) => &fact.transaction,
            Fact::ToolUsed(fact) => &fact.transaction,
            Fact::Measured(fact) => &fact.transaction,
            Fact::Inspected(fact) => &fact.transaction,
            Fact::Tested(fact) => &fact.transaction,
            Fact::Repaired(fact) => &fact.transaction,
            _ => return None,
        };
        let nil = transaction.bytes().all(|byte| byte == b'0' || byte == b'-');
        (!nil).then_some(transaction.as_str())
    }
}
