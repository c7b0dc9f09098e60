//! Quality: what was inspected, tested and repaired, with defects and measurements.

use kernel::event::{Check, CheckedUnit, Defect, Extra, Fact, Inspected, Measurement, Program, Repaired, Tested};

use super::dictionary::{self, Words};
use super::fields::{Message, Reader, members, nest};
use super::json::Parsed;

pub(super) fn reader(name: &str) -> Option<Reader> {
    Some(match name {
        "CFX.Production.TestAndInspection.UnitsInspected" => inspected,
        "CFX.Production.TestAndInspection.UnitsTested" => tested,
        "CFX.Production.ReworkAndRepair.UnitsRepaired" => repaired,
        _ => return None,
    })
}

fn inspected(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = Inspected::default();
    let mut program = Program::default();
    members!(message, key, fact.extra, {
        "TransactionId" => fact.transaction = message.text()?,
        "InspectionMethod" => fact.method = message.word(dictionary::INSPECTION_METHOD)?,
        "Inspector" => fact.person = message.person(&mut fact.extra, &key)?,
        "RecipeName" => program.name = message.text()?,
        "RecipeRevision" => program.revision = message.text()?,
        "InspectedUnits" => fact.units = message.list(|message| unit(message, dictionary::TEST_RESULT))?,
        "InspectedPanel" => fact.panel = Some(unit(message, dictionary::TEST_RESULT)?),
    });
    fact.program = (program != Program::default()).then_some(program);
    Ok(Some(fact.into()))
}

fn tested(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = Tested::default();
    let mut program = Program::default();
    members!(message, key, fact.extra, {
        "TransactionId" => fact.transaction = message.text()?,
        "TestMethod" => fact.method = message.word(dictionary::TEST_METHOD)?,
        "Tester" => fact.person = message.person(&mut fact.extra, &key)?,
        "RecipeName" => program.name = message.text()?,
        "RecipeRevision" => program.revision = message.text()?,
        "TestedUnits" => fact.units = message.list(|message| unit(message, dictionary::TEST_RESULT))?,
    });
    fact.program = (program != Program::default()).then_some(program);
    Ok(Some(fact.into()))
}

fn repaired(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = Repaired::default();
    members!(message, key, fact.extra, {
        "TransactionId" => fact.transaction = message.text()?,
        "RepairOperator" => fact.person = message.person(&mut fact.extra, &key)?,
        "RepairedUnits" => fact.units = message.list(|message| unit(message, dictionary::REPAIR_RESULT))?,
    });
    Ok(Some(fact.into()))
}

/// Inspected, tested and repaired units are one shape; only the words of the results differ.
fn unit(message: &mut Message<'_, '_>, results: Words) -> Parsed<CheckedUnit> {
    let mut unit = CheckedUnit::default();
    members!(message, key, unit.extra, {
        "UnitIdentifier" => unit.identifier = message.text()?,
        "UnitPositionNumber" => unit.position = message.count(&mut unit.extra, &key)?,
        "OverallResult" => unit.result = message.word(results)?,
        "Verification" => unit.verification = message.word(dictionary::VERIFICATION_RESULT)?,
        "Inspections" => unit.checks = message.list(|message| check(message, results))?,
        "Tests" => unit.checks = message.list(|message| check(message, results))?,
        "Repairs" => unit.checks = message.list(|message| check(message, results))?,
    });
    Ok(unit)
}

fn check(message: &mut Message<'_, '_>, results: Words) -> Parsed<Check> {
    let mut check = Check::default();
    members!(message, key, check.extra, {
        "UniqueIdentifier" => check.id = message.text()?,
        "InspectionName" => check.name = message.text()?,
        "TestName" => check.name = message.text()?,
        "RepairName" => check.name = message.text()?,
        "InspectionStartTime" => check.started = message.moment(&mut check.extra, &key)?,
        "TestStartTime" => check.started = message.moment(&mut check.extra, &key)?,
        "RepairStartTime" => check.started = message.moment(&mut check.extra, &key)?,
        "InspectionEndTime" => check.ended = message.moment(&mut check.extra, &key)?,
        "TestEndTime" => check.ended = message.moment(&mut check.extra, &key)?,
        "RepairEndTime" => check.ended = message.moment(&mut check.extra, &key)?,
        "Result" => check.result = message.word(results)?,
        "Verification" => check.verification = message.word(dictionary::VERIFICATION_RESULT)?,
        "DefectsFound" => check.defects = message.list(defect)?,
        "Measurements" => check.measurements = message.list(measurement)?,
        "RelatedDefectIdentifiers" => check.answers = message.list(|message| message.text())?,
        "ComponentOfInterest" => {
            let (designator, part, mut rest) = component(message)?;
            check.designator = designator;
            part_of(&mut rest, part);
            nest(&mut check.extra, &key, rest);
        },
        "Comments" => comment(message, &mut check, &key)?,
        "Error" => comment(message, &mut check, &key)?,
    });
    Ok(check)
}

/// The first of comment and error is the comment; the other stays in `extra`.
fn comment(message: &mut Message<'_, '_>, check: &mut Check, key: &str) -> Parsed<()> {
    if check.comment.is_empty() {
        check.comment = message.text()?;
        Ok(())
    } else {
        message.keep(&mut check.extra, key)
    }
}

/// Designator, part number and the rest of a component of interest.
fn component(message: &mut Message<'_, '_>) -> Parsed<(String, String, Extra)> {
    let (mut designator, mut part, mut extra) = (String::new(), String::new(), Extra::new());
    members!(message, key, extra, {
        "ReferenceDesignator" => designator = message.text()?,
        "PartNumber" => part = message.text()?,
    });
    Ok((designator, part, extra))
}

/// A repair has no field for the part: it stays with the component.
fn part_of(rest: &mut Extra, part: String) {
    if part.is_empty() {
        return;
    }
    let mut text = String::new();
    super::json::quote(&part, &mut text);
    if let Ok(json) = kernel::event::Json::parse(&text) {
        rest.insert("PartNumber".to_owned(), json);
    }
}

fn defect(message: &mut Message<'_, '_>) -> Parsed<Defect> {
    let mut defect = Defect::default();
    members!(message, key, defect.extra, {
        "UniqueIdentifier" => defect.id = message.text()?,
        "DefectCode" => defect.code = message.text()?,
        "DefectCategory" => defect.category = message.text()?,
        "Description" => defect.description = message.text()?,
        "Verification" => defect.verification = message.word(dictionary::VERIFICATION_RESULT)?,
        "ComponentOfInterest" => {
            let (designator, part, rest) = component(message)?;
            defect.designator = designator;
            defect.part = part;
            nest(&mut defect.extra, &key, rest);
        },
    });
    Ok(defect)
}

/// Measurements come in many types (`$type`, kept in `extra`): what they have in common has fields.
fn measurement(message: &mut Message<'_, '_>) -> Parsed<Measurement> {
    let mut measurement = Measurement::default();
    let mut designators: Vec<String> = Vec::new();
    members!(message, key, measurement.extra, {
        "UniqueIdentifier" => measurement.id = message.text()?,
        "MeasurementName" => measurement.name = message.text()?,
        "Result" => measurement.result = message.word(dictionary::TEST_RESULT)?,
        "CRDs" => measurement.designators = message.text()?,
        "Value" => measurement.value = Some(message.json(&key)?),
        "ActualValue" => measurement.value = Some(message.json(&key)?),
        "ExpectedValue" => measurement.expected = Some(message.json(&key)?),
        "MinAcceptableValue" => measurement.minimum = Some(message.json(&key)?),
        "MaxAcceptableValue" => measurement.maximum = Some(message.json(&key)?),
        "MeasuredValue" => {
            let mut inner = Extra::new();
            members!(message, name, inner, {
                "Value" => measurement.value = Some(message.json(&name)?),
                "ValueUnits" => measurement.measure = message.text()?,
                "ExpectedValue" => measurement.expected = Some(message.json(&name)?),
                "MinimumAcceptableValue" => measurement.minimum = Some(message.json(&name)?),
                "MaximumAcceptableValue" => measurement.maximum = Some(message.json(&name)?),
            });
            nest(&mut measurement.extra, &key, inner);
        },
        "Components" => {
            message.cursor.peek();
            let start = message.cursor.at();
            designators = message.list(|message| component(message).map(|(designator, ..)| designator))?;
            message.cursor = message.cursor.from(start);
            message.keep(&mut measurement.extra, &key)?;
        },
    });
    if measurement.designators.is_empty() {
        designators.retain(|designator| !designator.is_empty());
        measurement.designators = designators.join(",");
    }
    Ok(measurement)
}
