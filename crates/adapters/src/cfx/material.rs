//! Material: packages and what becomes of them, where they are mounted, and what of them went into units.

use kernel::event::{
    Applied, Carrier, Consumed, ConsumedMaterial, Extra, Fact, Installed, Loaded, Moisture, MoistureChanged, Mount,
    Mounted, Package, PackageChanged, PackageDetail, PackageReceived, PackageSplit, PackageUsedUp, PackagesJoined,
    PackagesParted, Placed, Removed, SetupVerified, Spliced, Unapplied, UnitMaterial, Unmounted,
};

use super::dictionary;
use super::fields::{Message, Reader, members, nest};
use super::json::{Next, Parsed, What};
use super::production::stage;
use super::station::tool;

pub(super) fn reader(name: &str) -> Option<Reader> {
    Some(match name {
        "CFX.Production.Assembly.MaterialsInstalled" => installed,
        "CFX.Production.Assembly.MaterialsUninstalled" => uninstalled,
        "CFX.Production.Application.MaterialsApplied" => applied,
        "CFX.Production.Application.MaterialsUnapplied" => unapplied,
        "CFX.Materials.Storage.MaterialsLoaded" => loaded_materials,
        "CFX.Materials.Storage.MaterialsUnloaded" => unloaded_materials,
        "CFX.Materials.Storage.MaterialsEmpty" => empty,
        "CFX.Materials.Storage.SplicePointDetected" => splice_detected,
        "CFX.Materials.Storage.GetLoadedMaterialsResponse" => loaded_response,
        "CFX.Materials.Management.MaterialsInitialized" => initialized,
        "CFX.Materials.Management.GetMaterialInformationResponse" => information_response,
        "CFX.Materials.Management.MaterialsModified" => modified,
        "CFX.Materials.Management.MaterialsSplit" => split,
        "CFX.Materials.Management.MaterialsJoined" => joined,
        "CFX.Materials.Management.MaterialsChainSplit" => parted,
        "CFX.Materials.Management.MaterialsConsumed" => consumed,
        "CFX.Materials.Management.MaterialsRetired" => retired,
        "CFX.Materials.Management.MSDManagement.MaterialsOpened" => |message, _| moisture(message, Moisture::Opened),
        "CFX.Materials.Management.MSDManagement.MaterialsPlacedInDryStorage" => {
            |message, _| moisture(message, Moisture::PlacedInDryStorage)
        }
        "CFX.Materials.Management.MSDManagement.MaterialsRemovedFromDryStorage" => {
            |message, _| moisture(message, Moisture::RemovedFromDryStorage)
        }
        "CFX.Materials.Management.MSDManagement.MaterialsRestored" => {
            |message, _| moisture(message, Moisture::Restored)
        }
        "CFX.Materials.Management.MSDManagement.MaterialsExpired" => |message, _| moisture(message, Moisture::Expired),
        _ => return None,
    })
}

fn installed(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = Installed::default();
    members!(message, key, fact.extra, {
        "TransactionId" => fact.transaction = message.text()?,
        "InstalledMaterials" => fact.materials = message.list(unit_material)?,
    });
    Ok(Some(fact.into()))
}

fn uninstalled(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = Removed::default();
    members!(message, key, fact.extra, {
        "TransactionId" => fact.transaction = message.text()?,
        "UninstalledMaterials" => fact.materials = message.list(unit_material)?,
    });
    Ok(Some(fact.into()))
}

fn applied(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = Applied::default();
    members!(message, key, fact.extra, {
        "TransactionId" => fact.transaction = message.text()?,
        "AppliedMaterials" => fact.materials = message.list(unit_material)?,
    });
    Ok(Some(fact.into()))
}

fn unapplied(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = Unapplied::default();
    members!(message, key, fact.extra, {
        "TransactionId" => fact.transaction = message.text()?,
        "UnappliedMaterials" => fact.materials = message.list(unit_material)?,
    });
    Ok(Some(fact.into()))
}

/// Installed, applied and uninstalled materials are one shape.
fn unit_material(message: &mut Message<'_, '_>) -> Parsed<UnitMaterial> {
    const KNOWN: &[&str] = &["InstalledMaterial", "AppliedMaterial", "UninstalledMaterial"];
    let mut material = UnitMaterial::default();
    members!(message, key, material.extra, {
        "UnitIdentifier" => material.identifier = message.text()?,
        "UnitPositionNumber" => material.position = message.count(&mut material.extra, &key)?,
        "QuantityInstalled" => material.quantity = message.digits(&mut material.extra, &key)?,
        "QuantityUninstalled" => material.quantity = message.digits(&mut material.extra, &key)?,
        "QuantityNonInstalled" => material.quantity_rejected = message.digits(&mut material.extra, &key)?,
        "Material" => material.package = Some(package(message)?),
        "CarrierLocation" => material.location = Some(loaded(message)?.location),
        "InstalledComponents" => material.components = message.list(placed)?,
        "UninstalledComponents" => material.components = message.list(placed)?,
        "NonInstalledComponents" => material.rejected = message.list(placed)?,
        "Reason" => material.reason = message.word(dictionary::UNINSTALLED_REASON)?,
        "$type" => message.kind_among(KNOWN, &mut material.extra, &key)?,
    });
    Ok(material)
}

fn placed(message: &mut Message<'_, '_>) -> Parsed<Placed> {
    const KNOWN: &[&str] =
        &["InstalledComponent", "AppliedComponent", "NonInstalledComponent", "SMTPlacement.SMTInstalledComponent"];
    let mut placed = Placed::default();
    members!(message, key, placed.extra, {
        "ReferenceDesignator" => placed.designator = message.text()?,
        "InstallationTime" => placed.at = message.moment(&mut placed.extra, &key)?,
        "NonInstallationTime" => placed.at = message.moment(&mut placed.extra, &key)?,
        "InstalledUnitIdentifier" => placed.unit = message.text()?,
        "Stage" => placed.stage = Some(stage(message)?),
        "HeadAndNozzle" => placed.tool = Some(tool(message, "SMTHeadAndNozzle")?),
        "$type" => message.kind_among(KNOWN, &mut placed.extra, &key)?,
    });
    Ok(placed)
}

fn loaded_materials(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = Mounted::default();
    members!(message, key, fact.extra, {
        "Materials" => fact.mounts = message.list(|message| loaded(message).map(mount))?,
    });
    Ok(Some(fact.into()))
}

/// The thing is the package, or, when there is none, the carrier with what lies in it.
fn mount(loaded: Loaded) -> Mount {
    let Loaded { mut location, package, extra } = loaded;
    let carrier = if package.is_none() { location.carrier.take() } else { None };
    Mount { package, carrier, location: Some(location), extra, ..Mount::default() }
}

fn unloaded_materials(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = Unmounted::default();
    members!(message, key, fact.extra, {
        "MaterialPackageIdentifiers" => fact.mounts = message.list(|message| {
            let package = Package { id: message.text()?, ..Package::default() };
            Ok(Mount { package: Some(package), ..Mount::default() })
        })?,
        "Materials" => {
            let places = message.list(|message| loaded(message).map(mount))?;
            fact.mounts.extend(places);
        },
    });
    Ok(Some(fact.into()))
}

fn empty(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = PackageUsedUp::default();
    members!(message, key, fact.extra, {
        "EmptyMaterials" => fact.packages = message.list(loaded)?,
    });
    Ok(Some(fact.into()))
}

fn retired(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = PackageUsedUp::default();
    members!(message, key, fact.extra, {
        "Materials" => fact.packages = message.list(|message| {
            Ok(Loaded { package: Some(package(message)?), ..Loaded::default() })
        })?,
    });
    Ok(Some(fact.into()))
}

fn splice_detected(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = Spliced::default();
    members!(message, key, fact.extra, {
        "DepletedMaterial" => fact.depleted = loaded(message)?,
        "NewlyActiveMaterial" => fact.active = loaded(message)?,
    });
    Ok(Some(fact.into()))
}

fn loaded_response(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = SetupVerified::default();
    members!(message, key, fact.extra, {
        "Result" => fact.result = result(message, &mut fact.extra)?,
        "Materials" => fact.loaded = message.list(loaded)?,
    });
    Ok((fact.result != "Failed").then(|| fact.into()))
}

fn initialized(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = PackageReceived::default();
    members!(message, key, fact.extra, {
        "Materials" => fact.packages = message.list(detail)?,
    });
    Ok(Some(fact.into()))
}

fn information_response(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = PackageReceived::default();
    let mut verdict = String::new();
    members!(message, key, fact.extra, {
        "Result" => {
            message.cursor.peek();
            let start = message.cursor.at();
            verdict = result(message, &mut Extra::new())?;
            message.cursor = message.cursor.from(start);
            message.keep(&mut fact.extra, &key)?;
        },
        "Materials" => fact.packages = message.list(detail)?,
    });
    Ok((verdict != "Failed").then(|| fact.into()))
}

/// The verdict of a request's result; the rest of the result stays in `extra`.
fn result(message: &mut Message<'_, '_>, extra: &mut Extra) -> Parsed<String> {
    if message.cursor.next()? != Next::Object {
        return message.word(dictionary::STATUS_RESULT);
    }
    let mut verdict = String::new();
    let mut inner = Extra::new();
    members!(message, key, inner, {
        "Result" => verdict = message.word(dictionary::STATUS_RESULT)?,
    });
    nest(extra, "Result", inner);
    Ok(verdict)
}

fn modified(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = PackageChanged::default();
    members!(message, key, fact.extra, {
        "Reason" => fact.reason = message.word(dictionary::MATERIAL_MODIFY_REASON)?,
        "Materials" => fact.packages = message.list(detail)?,
    });
    Ok(Some(fact.into()))
}

fn split(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = PackageSplit::default();
    members!(message, key, fact.extra, {
        "SourceMaterialPackageIdentifier" => fact.from = message.text()?,
        "SourceMaterialPackageRemainingQuantity" => fact.remaining = message.digits(&mut fact.extra, &key)?,
        "NewMaterialPackageIdentifier" => fact.new = message.text()?,
        "NewMaterialPackageQuantity" => fact.quantity = message.digits(&mut fact.extra, &key)?,
    });
    Ok(Some(fact.into()))
}

fn joined(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = PackagesJoined::default();
    members!(message, key, fact.extra, {
        "LeadingMaterialPackage" => fact.leading = package(message)?,
        "TrailingMaterialPackage" => fact.trailing = package(message)?,
    });
    Ok(Some(fact.into()))
}

fn parted(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = PackagesParted::default();
    members!(message, key, fact.extra, {
        "SplittedMaterialPackage" => fact.split_off = package(message)?,
        "RemainingMaterialPackage" => fact.remaining = package(message)?,
    });
    Ok(Some(fact.into()))
}

fn consumed(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = Consumed::default();
    members!(message, key, fact.extra, {
        "ConsumedMaterials" => fact.materials = message.list(|message| {
            let mut material = ConsumedMaterial::default();
            members!(message, key, material.extra, {
                "MaterialLocation" => material.loaded = loaded(message)?,
                "QuantityUsed" => material.used = message.digits(&mut material.extra, &key)?,
                "QuantitySpoiled" => material.spoiled = message.digits(&mut material.extra, &key)?,
                "RemainingQuantity" => material.remaining = message.digits(&mut material.extra, &key)?,
            });
            Ok(material)
        })?,
    });
    Ok(Some(fact.into()))
}

fn moisture(message: &mut Message<'_, '_>, change: Moisture) -> Parsed<Option<Fact>> {
    let mut fact = MoistureChanged { change, ..MoistureChanged::default() };
    members!(message, key, fact.extra, {
        "Materials" => fact.packages = message.list(detail)?,
    });
    Ok(Some(fact.into()))
}

/// A package as machines mention it. A bare text is its identifier.
pub(super) fn package(message: &mut Message<'_, '_>) -> Parsed<Package> {
    let mut package = Package::default();
    if message.cursor.next()? == Next::Text {
        package.id = message.text()?;
        return Ok(package);
    }
    let mut spliced = None;
    let mut batch_package = String::new();
    members!(message, key, package.extra, {
        "UniqueIdentifier" => package.id = message.text()?,
        "InternalPartNumber" => package.part = message.text()?,
        "Quantity" => package.quantity = message.digits(&mut package.extra, &key)?,
        "LeadingMaterialPackage" => package.leading = Some(Box::new(self::package(message)?)),
        "SplicedMaterialPackage" => spliced = Some(Box::new(self::package(message)?)),
        "BatchId" => package.batch = message.text()?,
        "BatchMaterialPackage" => {
            // Trays bear no identifier of their own: the batch's package is what the warehouse knows.
            message.cursor.peek();
            let start = message.cursor.at();
            batch_package = self::package(message)?.id;
            message.cursor = message.cursor.from(start);
            message.keep(&mut package.extra, &key)?;
        },
        "GreyZone" => package.grey_zone = message.digits(&mut package.extra, &key)?,
    });
    if package.batch.is_empty() {
        package.batch = batch_package;
    }
    if let Some(spliced) = spliced {
        append(&mut package, spliced);
    }
    Ok(package)
}

/// CFX before 1.5 named the chain otherwise. Under both names at once the older one continues it, so that no candidate is lost.
fn append(package: &mut Package, next: Box<Package>) {
    match &mut package.leading {
        Some(leading) => append(leading, next),
        end @ None => *end = Some(next),
    }
}

fn detail(message: &mut Message<'_, '_>) -> Parsed<PackageDetail> {
    let mut detail = PackageDetail::default();
    members!(message, key, detail.extra, {
        "UniqueIdentifier" => detail.id = message.text()?,
        "InternalPartNumber" => detail.part = message.text()?,
        "Manufacturer" => detail.manufacturer = message.text()?,
        "ManufacturerPartNumber" => detail.manufacturer_part = message.text()?,
        "Vendor" => detail.supplier = message.text()?,
        "VendorPartNumber" => detail.supplier_part = message.text()?,
        "ManufacturerLotCode" => detail.lot = message.text()?,
        "ManufactureDate" => detail.manufactured = message.text()?,
        "ReceivedDate" => detail.received = message.text()?,
        "ExpiryDate" => detail.expires = message.text()?,
        "InitialQuantity" => detail.initial_quantity = message.digits(&mut detail.extra, &key)?,
        "Quantity" => detail.quantity = message.digits(&mut detail.extra, &key)?,
        "Units" => detail.measure = message.text()?,
        "Status" => detail.status = message.word(dictionary::MATERIAL_STATUS)?,
        "BatchId" => detail.batch = message.text()?,
        "GreyZone" => detail.grey_zone = message.digits(&mut detail.extra, &key)?,
    });
    Ok(detail)
}

/// A place with what lies there.
pub(super) fn loaded(message: &mut Message<'_, '_>) -> Parsed<Loaded> {
    let mut loaded = Loaded::default();
    let location = &mut loaded.location;
    members!(message, key, location.extra, {
        "LocationIdentifier" => location.id = message.text()?,
        "LocationName" => location.name = message.text()?,
        "MaterialPackage" => loaded.package = Some(package(message)?),
        "CarrierInformation" => location.carrier = Some(carrier(message)?),
        "ResourceLocation" => {
            location.module = module(message)?;
            message.keep(&mut location.extra, &key)?;
        },
    });
    Ok(loaded)
}

/// The module of the machine that a resource location names, the cursor staying where it is.
fn module(message: &mut Message<'_, '_>) -> Parsed<String> {
    let start = message.cursor.at();
    if message.cursor.next()? != Next::Object {
        return message.cursor.fault(What::Type { wanted: "an object { }" });
    }
    let (mut id, mut name) = (String::new(), String::new());
    let mut ignored = Extra::new();
    members!(message, key, ignored, {
        "Resource" => members!(message, key, ignored, {
            "UniqueIdentifier" => id = message.text()?,
            "Name" => name = message.text()?,
        }),
    });
    message.cursor = message.cursor.from(start);
    Ok(if id.is_empty() { name } else { id })
}

fn carrier(message: &mut Message<'_, '_>) -> Parsed<Carrier> {
    let mut carrier = Carrier::default();
    members!(message, key, carrier.extra, {
        "$type" => carrier.kind = message.kind(&mut carrier.extra, &key)?,
        "UniqueIdentifier" => carrier.id = message.text()?,
        "Name" => carrier.name = message.text()?,
        "LaneNumber" => carrier.lane = message.integer(&mut carrier.extra, &key)?,
        "BaseUniqueIdentifier" => carrier.base = message.text()?,
        "ParentCarrier" => carrier.parent = Some(Box::new(self::carrier(message)?)),
    });
    Ok(carrier)
}
