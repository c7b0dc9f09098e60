//! Stations: their state, faults, programs, parameters, and the tools and people at them.

use kernel::event::{
    Extra, Fact, Mount, Mounted, ParametersChanged, Person, Program, Stage, StationChanged, Tool, ToolServiced,
    ToolUsed, Unmounted, UsedTool,
};

use super::dictionary;
use super::fields::{Message, Reader, members, nest};
use super::json::Parsed;
use super::production::stage;

pub(super) fn reader(name: &str) -> Option<Reader> {
    Some(match name {
        "CFX.Production.RecipeActivated" => recipe_activated,
        "CFX.Production.RecipeDeactivated" => recipe_deactivated,
        "CFX.Production.OperatorActivated" => operator_activated,
        "CFX.Production.OperatorDeactivated" => operator_deactivated,
        "CFX.Production.ToolsLoaded" => tools_loaded,
        "CFX.Production.ToolsUnloaded" => tools_unloaded,
        "CFX.Production.ToolsUsed" => tools_used,
        "CFX.Production.ToolsCleaned"
        | "CFX.ResourcePerformance.CalibrationPerformed"
        | "CFX.ResourcePerformance.MaintenancePerformed"
        | "CFX.ResourcePerformance.SolderPastePrinting.StencilCleaned"
        | "CFX.ResourcePerformance.SolderPastePrinting.SqueegeeCleaned" => tools_serviced,
        "CFX.ResourcePerformance.ToolChanged" => tool_changed,
        "CFX.ResourcePerformance.FaultOccurred"
        | "CFX.ResourcePerformance.FaultCleared"
        | "CFX.ResourcePerformance.FaultAcknowledged"
        | "CFX.ResourcePerformance.StationStateChanged"
        | "CFX.ResourcePerformance.StationOnline"
        | "CFX.ResourcePerformance.StationOffline" => station_changed,
        "CFX.ResourcePerformance.StationParametersModified" => parameters_changed,
        _ => return None,
    })
}

/// Going online and offline says all by its name.
pub(super) fn without_body(name: &str) -> Option<Fact> {
    let what = dictionary::spelling(name).map(last_word)?;
    matches!(what, "StationOnline" | "StationOffline")
        .then(|| StationChanged { what: what.to_owned(), ..StationChanged::default() }.into())
}

fn last_word(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn recipe_activated(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let (mount, extra) = recipe(message)?;
    Ok(Some(Mounted { mounts: vec![mount], extra, ..Mounted::default() }.into()))
}

fn recipe_deactivated(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let (mount, extra) = recipe(message)?;
    Ok(Some(Unmounted { mounts: vec![mount], extra, ..Unmounted::default() }.into()))
}

fn recipe(message: &mut Message<'_, '_>) -> Parsed<(Mount, Extra)> {
    let (mut program, mut lane, mut of): (Program, Option<i64>, Option<Stage>) = Default::default();
    let mut extra = Extra::new();
    members!(message, key, extra, {
        "RecipeName" => program.name = message.text()?,
        "Revision" => program.revision = message.text()?,
        "Lane" => lane = message.integer(&mut extra, &key)?,
        "Stage" => of = Some(stage(message)?),
    });
    Ok((Mount { program: Some(program), lane, stage: of, ..Mount::default() }, extra))
}

fn operator_activated(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let (person, extra) = operator(message)?;
    Ok(person.map(|person| Mounted { mounts: vec![person_mount(person)], extra, ..Mounted::default() }.into()))
}

fn operator_deactivated(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let (person, extra) = operator(message)?;
    Ok(person.map(|person| Unmounted { mounts: vec![person_mount(person)], extra, ..Unmounted::default() }.into()))
}

fn operator(message: &mut Message<'_, '_>) -> Parsed<(Option<Person>, Extra)> {
    let (mut person, mut extra) = (None, Extra::new());
    members!(message, key, extra, {
        "Operator" => person = message.person(&mut extra, &key)?,
    });
    Ok((person, extra))
}

fn person_mount(person: Person) -> Mount {
    Mount { person: Some(person), ..Mount::default() }
}

fn tool_mount(tool: Tool) -> Mount {
    Mount { tool: Some(tool), ..Mount::default() }
}

fn tools_loaded(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = Mounted::default();
    members!(message, key, fact.extra, {
        "TransactionID" => fact.transaction = message.text()?,
        "Tools" => fact.mounts = message.list(|message| tool(message, "").map(tool_mount))?,
    });
    Ok(Some(fact.into()))
}

fn tools_unloaded(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = Unmounted::default();
    members!(message, key, fact.extra, {
        "TransactionID" => fact.transaction = message.text()?,
        "Tools" => fact.mounts = message.list(|message| tool(message, "").map(tool_mount))?,
    });
    Ok(Some(fact.into()))
}

/// The old tool left as the new one came. Without a new one it only left.
fn tool_changed(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let (mut old, mut new, mut extra) = (None, None, Extra::new());
    members!(message, key, extra, {
        "OldTool" => old = Some(tool_mount(tool(message, "")?)),
        "NewTool" => new = Some(tool_mount(tool(message, "")?)),
    });
    Ok(match (old, new) {
        (old, Some(new)) => {
            let replaced = old.into_iter().collect();
            Some(Mounted { mounts: vec![new], replaced, extra, ..Mounted::default() }.into())
        }
        (Some(old), None) => Some(Unmounted { mounts: vec![old], extra, ..Unmounted::default() }.into()),
        (None, None) => None,
    })
}

fn tools_used(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = ToolUsed::default();
    members!(message, key, fact.extra, {
        "TransactionId" => fact.transaction = message.text()?,
        "UsedTools" => fact.tools = message.list(|message| {
            let mut used = UsedTool::default();
            members!(message, key, used.extra, {
                "UnitIdentifier" => used.identifier = message.text()?,
                "UnitPositionNumber" => used.position = message.count(&mut used.extra, &key)?,
                "Tool" => used.tool = tool(message, "")?,
                "UsageCycles" => used.cycles = message.integer(&mut used.extra, &key)?,
                "InstalledComponents" => used_on(message, &mut used, &key)?,
            });
            Ok(used)
        })?,
    });
    Ok(Some(fact.into()))
}

/// The components a tool treated: their designators, and the whole list too when it says more.
fn used_on(message: &mut Message<'_, '_>, used: &mut UsedTool, key: &str) -> Parsed<()> {
    message.cursor.peek();
    let start = message.cursor.at();
    let mut says_more = false;
    let designators = message.list(|message| {
        let (mut designator, mut rest) = (String::new(), Extra::new());
        members!(message, key, rest, {
            "ReferenceDesignator" => designator = message.text()?,
        });
        says_more |= rest.values().any(|value| value.text() != "null");
        Ok(designator)
    })?;
    used.designators = designators;
    if says_more {
        message.cursor = message.cursor.from(start);
        message.keep(&mut used.extra, key)?;
    }
    Ok(())
}

/// Cleaned, calibrated, maintained. Without a tool nobody knows what was: then the message is noted.
fn tools_serviced(message: &mut Message<'_, '_>, name: &str) -> Parsed<Option<Fact>> {
    let mut fact = ToolServiced { what: last_word(name).to_owned(), ..ToolServiced::default() };
    members!(message, key, fact.extra, {
        "Tools" => fact.tools = message.list(|message| tool(message, ""))?,
        "Tool" => {
            let named = tool(message, "")?;
            fact.tools.push(named);
        },
        "Stencil" => {
            let named = tool(message, "SMTStencil")?;
            fact.tools.push(named);
        },
        "Squeegee" => {
            let named = tool(message, "SMTSqueegee")?;
            fact.tools.push(named);
        },
    });
    Ok((!fact.tools.is_empty()).then(|| fact.into()))
}

fn station_changed(message: &mut Message<'_, '_>, name: &str) -> Parsed<Option<Fact>> {
    let mut fact = StationChanged { what: last_word(name).to_owned(), ..StationChanged::default() };
    members!(message, key, fact.extra, {
        "OldState" => fact.from = message.word(dictionary::RESOURCE_STATE)?,
        "NewState" => fact.to = message.word(dictionary::RESOURCE_STATE)?,
        "FaultOccurrenceId" => fact.occurrence = message.text()?,
        "Operator" => fact.person = message.person(&mut fact.extra, &key)?,
        "Fault" => fault(message, &mut fact, &key)?,
        "RelatedFault" => fault(message, &mut fact, &key)?,
    });
    Ok(Some(fact.into()))
}

fn fault(message: &mut Message<'_, '_>, fact: &mut StationChanged, name: &str) -> Parsed<()> {
    let mut rest = Extra::new();
    members!(message, key, rest, {
        "FaultCode" => fact.fault = message.text()?,
        "FaultOccurrenceId" => fact.occurrence = message.text()?,
        "Description" => fact.description = message.text()?,
    });
    nest(&mut fact.extra, name, rest);
    Ok(())
}

fn parameters_changed(message: &mut Message<'_, '_>, _: &str) -> Parsed<Option<Fact>> {
    let mut fact = ParametersChanged::default();
    members!(message, key, fact.extra, {
        "ModifiedParameters" => fact.parameters = Some(message.json(&key)?),
    });
    Ok(Some(fact.into()))
}

/// A tool. `declared` is its type where the message leaves no choice and therefore names none.
pub(super) fn tool(message: &mut Message<'_, '_>, declared: &str) -> Parsed<Tool> {
    let mut tool = Tool { kind: declared.to_owned(), ..Tool::default() };
    members!(message, key, tool.extra, {
        "$type" => tool.kind = message.kind(&mut tool.extra, &key)?,
        "UniqueIdentifier" => tool.id = message.text()?,
        "Name" => tool.name = message.text()?,
        "HeadId" => tool.head = message.text()?,
        "HeadNozzleNumber" => tool.head_position = message.integer(&mut tool.extra, &key)?,
        "NozzleType" => tool.nozzle_type = message.text()?,
    });
    Ok(tool)
}
