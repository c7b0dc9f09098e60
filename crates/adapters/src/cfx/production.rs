//! Units and their passes: what comes to be, arrives, is worked on and leaves.

use kernel::event::{
    Disqualified, Extra, Fact, Measured, MeasuredUnit, OrderRef, PassArrived, PassDeparted, PassEnded, PassStarted,
    Personalized, Program, Stage, StageChange, StageChanged, UnitGroup, UnitMention, UnitNamed, UnitStatus,
    UnitsCreated, UnitsMatched, UnitsSeparated,
};

use super::dictionary;
use super::fields::{Message, Reader, members};
use super::json::Parsed;

pub(super) fn reader(name: &str) -> Option<Reader> {
    Some(match name {
        "CFX.Production.WorkStarted" => work_started,
        "CFX.Production.WorkCompleted" => work_completed,
        "CFX.Production.WorkStageStarted" => |message, _| stage_changed(message, StageChange::Started),
        "CFX.Production.WorkStageCompleted" => |message, _| stage_changed(message, StageChange::Completed),
        "CFX.Production.WorkStagePaused" => |message, _| stage_changed(message, StageChange::Paused),
        "CFX.Production.WorkStageResumed" => |message, _| stage_changed(message, StageChange::Resumed),
        "CFX.Production.UnitsArrived" => units_arrived,
        "CFX.Production.UnitsDeparted" => units_departed,
        "CFX.Production.UnitsInitialized" => units_initialized,
        "CFX.Production.UnitsDisqualified" => units_disqualified,
        "CFX.Production.LoadingAndUnloading.UnitsLoaded" => units_loaded,
        "CFX.Production.LoadingAndUnloading.UnitsUnloaded" => units_unloaded,
        "CFX.Production.Processing.UnitsProcessed" => units_processed,
        "CFX.Production.Assembly.UnitsPersonalized" => units_personalized,
        "CFX.Sensor.Identification.IdentifiersRead" => identifiers_read,
        _ => return None,
    })
}

fn work_started(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = PassStarted::default();
    let mut program = Program::default();
    members!(message, key, fact.extra, {
        "TransactionID" => fact.transaction = message.text()?,
        "PrimaryIdentifier" => fact.units.primary = message.text()?,
        "HermesIdentifier" => fact.units.hermes = message.text()?,
        "Lane" => fact.lane = message.integer(&mut fact.extra, &key)?,
        "UnitCount" => fact.units.count = message.count(&mut fact.extra, &key)?,
        "Units" => fact.units.units = message.list(unit)?,
        "RecipeName" => program.name = message.text()?,
        "Revision" => program.revision = message.text()?,
        "RecipeRevision" => program.revision = message.text()?,
        "RelevantSurface" => fact.surface = message.word(dictionary::SURFACE)?,
        "WorkOrderIdentifier" => fact.order = order(message)?,
    });
    fact.program = (program != Program::default()).then_some(program);
    Ok(Some(fact.into()))
}

fn work_completed(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = PassEnded::default();
    members!(message, key, fact.extra, {
        "TransactionID" => fact.transaction = message.text()?,
        "Result" => fact.result = message.word(dictionary::WORK_RESULT)?,
        "PrimaryIdentifier" => fact.units.primary = message.text()?,
        "HermesIdentifier" => fact.units.hermes = message.text()?,
        "UnitCount" => fact.units.count = message.count(&mut fact.extra, &key)?,
        "Units" => fact.units.units = message.list(unit)?,
    });
    Ok(Some(fact.into()))
}

fn stage_changed(message: &mut Message<'_, '_>, change: StageChange) -> Parsed<Option<Fact>> {
    let mut fact = StageChanged { change, ..StageChanged::default() };
    members!(message, key, fact.extra, {
        "TransactionID" => fact.transaction = message.text()?,
        "Stage" => fact.stage = stage(message)?,
        "Result" => fact.result = message.word(dictionary::WORK_RESULT)?,
    });
    Ok(Some(fact.into()))
}

fn units_arrived(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = PassArrived::default();
    members!(message, key, fact.extra, {
        "PrimaryIdentifier" => fact.units.primary = message.text()?,
        "HermesIdentifier" => fact.units.hermes = message.text()?,
        "UnitCount" => fact.units.count = message.count(&mut fact.extra, &key)?,
        "Units" => fact.units.units = message.list(unit)?,
        "Lane" => fact.lane = message.integer(&mut fact.extra, &key)?,
    });
    Ok(Some(fact.into()))
}

fn units_departed(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = PassDeparted::default();
    members!(message, key, fact.extra, {
        "PrimaryIdentifier" => fact.units.primary = message.text()?,
        "HermesIdentifier" => fact.units.hermes = message.text()?,
        "UnitCount" => fact.units.count = message.count(&mut fact.extra, &key)?,
        "Units" => fact.units.units = message.list(unit)?,
        "Lane" => fact.lane = message.integer(&mut fact.extra, &key)?,
    });
    Ok(Some(fact.into()))
}

fn units_initialized(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = UnitsCreated::default();
    members!(message, key, fact.extra, {
        "TransactionID" => fact.transaction = message.text()?,
        "PrimaryIdentifier" => fact.units.primary = message.text()?,
        "HermesIdentifier" => fact.units.hermes = message.text()?,
        "WorkOrderIdentifier" => fact.order = order(message)?,
        "UnitCount" => fact.units.count = message.count(&mut fact.extra, &key)?,
        "Units" => fact.units.units = message.list(unit)?,
    });
    Ok(Some(fact.into()))
}

fn units_disqualified(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = Disqualified::default();
    members!(message, key, fact.extra, {
        "PrimaryIdentifier" => fact.units.primary = message.text()?,
        "HermesIdentifier" => fact.units.hermes = message.text()?,
        "Reason" => fact.reason = message.word(dictionary::DISQUALIFICATION_REASON)?,
        "Comments" => fact.comment = message.text()?,
        "UnitCount" => fact.units.count = message.count(&mut fact.extra, &key)?,
        "Units" => fact.units.units = message.list(unit)?,
    });
    Ok(Some(fact.into()))
}

fn units_loaded(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = UnitsMatched::default();
    (fact.carrier, fact.units, fact.extra) = carried(message)?;
    Ok(Some(fact.into()))
}

fn units_unloaded(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = UnitsSeparated::default();
    (fact.carrier, fact.units, fact.extra) = carried(message)?;
    Ok(Some(fact.into()))
}

fn carried(message: &mut Message<'_, '_>) -> Parsed<(String, UnitGroup, Extra)> {
    let (mut carrier, mut units, mut extra) = (String::new(), UnitGroup::default(), Extra::new());
    members!(message, key, extra, {
        "UniqueIdentifier" => carrier = message.text()?,
        "UnitCount" => units.count = message.count(&mut extra, &key)?,
        "Units" => units.units = message.list(unit)?,
    });
    Ok((carrier, units, extra))
}

fn identifiers_read(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = UnitNamed::default();
    members!(message, key, fact.extra, {
        "PrimaryIdentifier" => fact.units.primary = message.text()?,
        "HermesIdentifier" => fact.units.hermes = message.text()?,
        "UnitCount" => fact.units.count = message.count(&mut fact.extra, &key)?,
        "Units" => fact.units.units = message.list(unit)?,
    });
    Ok(Some(fact.into()))
}

fn units_processed(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = Measured::default();
    members!(message, key, fact.extra, {
        "TransactionId" => fact.transaction = message.text()?,
        "OverallResult" => fact.result = message.word(dictionary::PROCESSING_RESULT)?,
        "CommonProcessData" => fact.common = Some(message.json(&key)?),
        "UnitProcessData" => fact.units = message.list(|message| {
            let mut unit = MeasuredUnit::default();
            members!(message, key, unit.extra, {
                "UnitIdentifier" => unit.identifier = message.text()?,
                "UnitPositionNumber" => unit.position = message.count(&mut unit.extra, &key)?,
                "UnitResult" => unit.result = message.word(dictionary::PROCESSING_RESULT)?,
                "UnitProcessData" => unit.data = Some(message.json(&key)?),
            });
            Ok(unit)
        })?,
    });
    Ok(Some(fact.into()))
}

fn units_personalized(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = Personalized::default();
    members!(message, key, fact.extra, {
        "TransactionId" => fact.transaction = message.text()?,
        "PersonalizedUnits" => fact.units = message.list(|message| {
            let mut unit = MeasuredUnit::default();
            members!(message, key, unit.extra, {
                "UnitIdentifier" => unit.identifier = message.text()?,
                "UnitPositionNumber" => unit.position = message.count(&mut unit.extra, &key)?,
                "Characteristics" => unit.data = Some(message.json(&key)?),
            });
            Ok(unit)
        })?,
    });
    Ok(Some(fact.into()))
}

/// A unit as a list of units names it. X, Y, Z, rotation and flips go to its layout, under the standard's names.
pub(super) fn unit(message: &mut Message<'_, '_>) -> Parsed<UnitMention> {
    let mut unit = UnitMention::default();
    members!(message, key, unit.extra, {
        "UnitIdentifier" => unit.identifier = message.text()?,
        "PositionNumber" => unit.position = message.count(&mut unit.extra, &key)?,
        "UnitPositionNumber" => unit.position = message.count(&mut unit.extra, &key)?,
        "PositionName" => unit.position_name = message.text()?,
        "X" => message.keep(&mut unit.layout, "X")?,
        "Y" => message.keep(&mut unit.layout, "Y")?,
        "Z" => message.keep(&mut unit.layout, "Z")?,
        "Rotation" => message.keep(&mut unit.layout, "Rotation")?,
        "FlipX" => message.keep(&mut unit.layout, "FlipX")?,
        "FlipY" => message.keep(&mut unit.layout, "FlipY")?,
        "Status" => {
            let ahead = message.cursor.at();
            let word = message.word(dictionary::UNIT_STATUS)?;
            match status(&word) {
                Some(status) => unit.status = status,
                None => {
                    message.cursor = message.cursor.from(ahead);
                    message.keep(&mut unit.extra, &key)?;
                }
            }
        },
    });
    Ok(unit)
}

fn status(word: &str) -> Option<UnitStatus> {
    [UnitStatus::Pass, UnitStatus::Fail, UnitStatus::Scrap, UnitStatus::Skip]
        .into_iter()
        .find(|status| status.word() == word)
}

pub(super) fn stage(message: &mut Message<'_, '_>) -> Parsed<Stage> {
    let mut stage = Stage::default();
    members!(message, key, stage.extra, {
        "StageSequence" => stage.sequence = message.integer(&mut stage.extra, &key)?,
        "StageName" => stage.name = message.text()?,
        "StageType" => stage.kind = message.word(dictionary::STAGE_TYPE)?,
    });
    Ok(stage)
}

pub(super) fn order(message: &mut Message<'_, '_>) -> Parsed<OrderRef> {
    let mut order = OrderRef::default();
    members!(message, key, order.extra, {
        "WorkOrderId" => order.order = message.text()?,
        "Batch" => order.batch = message.text()?,
    });
    Ok(order)
}
