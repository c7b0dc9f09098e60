//! All that happened to a unit, by time, in plain words.

use std::collections::BTreeSet;

use kernel::event::{CheckedUnit, Event, Fact, UnitStatus};
use kernel::id::Seq;

use kernel::time::Time;

use super::Result;
use super::desk::Desk;
use super::unit::UnitClass;
use crate::answer::HistoryLine;

/// Particulars of one line that are shown at the most; the event has all of them.
const DETAILS_MAX: usize = 40;

impl Desk<'_> {
    pub(super) fn history(&self, class: &UnitClass) -> Result<Vec<HistoryLine>> {
        let mut indexes: BTreeSet<Seq> = BTreeSet::new();
        for pass in self.unit_passes(class)?.iter() {
            indexes.extend(pass.facts.iter().map(|fact| fact.seq));
        }
        for id in self.lasting_ids(class) {
            indexes.extend(self.snapshot.reader.within_of(&[id])?.into_iter().map(|(seq, _)| seq));
            indexes.extend(self.snapshot.reader.contents_of(id)?.into_iter().map(|(seq, _)| seq));
        }
        let names = self.names(class)?;
        let mut lines = Vec::new();
        for seq in indexes {
            let Some(event) = (self.snapshot.events)(seq) else { continue };
            let station = self.snapshot.reader.thing(kernel::thing::Kind::Station, &event.source.handle)?;
            let station = station.map(|station| self.station_text(station)).transpose()?;
            lines.push(HistoryLine {
                at: event.at.at.to_string(),
                recorded_at: event.recorded.to_string(),
                station: station.unwrap_or_else(|| event.source.handle.clone()),
                what: what(&event),
                details: details(&event, &|identifier, position| means(&names, class, identifier, position)),
                result: result(&event, &|identifier, position| means(&names, class, identifier, position)),
                index: seq.0,
            });
        }
        sort_by_time(&mut lines);
        Ok(lines)
    }
}

/// By time, then by index. Texts of times do not sort by themselves: some have fractions.
pub(super) fn sort_by_time(lines: &mut [HistoryLine]) {
    lines.sort_by_key(|line| (Time::parse(&line.at), line.index));
}

/// Whether an entry of a message speaks of the unit, by what it calls it.
fn means(names: &[String], class: &UnitClass, identifier: &str, position: Option<u32>) -> bool {
    let at = position.filter(|position| *position > 0).map(|position| format!("{identifier}/{position}"));
    identifier.is_empty() && position.is_none_or(|position| class.key.position() == position)
        || names.iter().any(|name| *name == identifier || Some(name) == at.as_ref())
        || class.aliases.iter().any(|alias| alias.from > Time::MIN && position == Some(alias.id.position()))
}

fn what(event: &Event) -> String {
    let text = match &event.fact {
        Fact::UnitsCreated(_) => "created",
        Fact::UnitNamed(_) => "identifiers read",
        Fact::UnitsMatched(fact) => return format!("put on carrier {}", fact.carrier),
        Fact::UnitsSeparated(fact) => return format!("taken off carrier {}", fact.carrier),
        Fact::Personalized(_) => "personalized",
        Fact::PassArrived(_) => "arrived",
        Fact::PassDeparted(_) => "departed",
        Fact::PassStarted(_) => "work started",
        Fact::StageChanged(fact) => return format!("stage {} {}", fact.stage.name, fact.change.word().to_lowercase()),
        Fact::PassEnded(_) => "work completed",
        Fact::Installed(_) => "components installed",
        Fact::Removed(_) => "components removed",
        Fact::Applied(_) => "material applied",
        Fact::Unapplied(_) => "material taken off",
        Fact::ToolUsed(_) => "tools used",
        Fact::Measured(_) => "process recorded",
        Fact::Inspected(fact) => return format!("inspected ({})", fact.method),
        Fact::Tested(fact) => return format!("tested ({})", fact.method),
        Fact::Repaired(_) => "repaired",
        Fact::Disqualified(_) => "disqualified",
        Fact::Packed(fact) => return format!("packed into {}", fact.container),
        Fact::Unpacked(fact) => return format!("unpacked from {}", fact.container),
        Fact::Shipped(fact) => return format!("shipped with {} to {}", fact.shipment, fact.to),
        Fact::Returned(fact) => return format!("returned from {}", fact.from),
        Fact::Assembled(fact) => return format!("assembled into {}", fact.unit),
        Fact::Disassembled(fact) => return format!("taken out of {}", fact.unit),
        _ => event.fact.kind(),
    };
    text.to_owned()
}

fn checked<'e>(event: &'e Event, means: &dyn Fn(&str, Option<u32>) -> bool) -> Vec<&'e CheckedUnit> {
    let units = match &event.fact {
        Fact::Inspected(fact) => fact.units.iter().chain(&fact.panel).collect::<Vec<_>>(),
        Fact::Tested(fact) => fact.units.iter().collect(),
        Fact::Repaired(fact) => fact.units.iter().collect(),
        _ => Vec::new(),
    };
    units.into_iter().filter(|unit| means(&unit.identifier, unit.position)).collect()
}

fn result(event: &Event, means: &dyn Fn(&str, Option<u32>) -> bool) -> Option<String> {
    let checked = checked(event, means);
    let word = match &event.fact {
        Fact::PassEnded(fact) => fact.result.clone(),
        Fact::Measured(fact) => {
            let own = fact.units.iter().find(|unit| means(&unit.identifier, unit.position));
            own.map(|unit| unit.result.clone()).filter(|word| !word.is_empty()).unwrap_or_else(|| fact.result.clone())
        }
        Fact::StageChanged(fact) => fact.result.clone(),
        Fact::Disqualified(fact) => fact.reason.clone(),
        _ => checked.first().map(|unit| unit.result.clone()).unwrap_or_default(),
    };
    Some(word).filter(|word| !word.is_empty())
}

fn details(event: &Event, means: &dyn Fn(&str, Option<u32>) -> bool) -> Vec<String> {
    let mut details = Vec::new();
    for unit in checked(event, means) {
        if !unit.verification.is_empty() {
            details.push(format!("operator's verdict: {}", unit.verification));
        }
        for check in &unit.checks {
            let name = if check.name.is_empty() { &check.id } else { &check.name };
            let mut line = format!("{name}: {}", check.result);
            if !check.designator.is_empty() {
                line.push_str(&format!(" at {}", check.designator));
            }
            if !check.verification.is_empty() {
                line.push_str(&format!(", operator: {}", check.verification));
            }
            if !check.comment.is_empty() {
                line.push_str(&format!(" ({})", check.comment));
            }
            if !check.result.is_empty() || !check.comment.is_empty() {
                details.push(line);
            }
            for defect in &check.defects {
                let verdict = if defect.verification.is_empty() {
                    String::new()
                } else {
                    format!(", operator: {}", defect.verification)
                };
                details.push(
                    format!("defect {} {} {}{verdict}", defect.code, defect.designator, defect.description)
                        .replace("  ", " "),
                );
            }
            for measurement in &check.measurements {
                let text = |json: &Option<kernel::event::Json>| {
                    json.as_ref().map(|json| json.text().trim_matches('"').to_owned())
                };
                let value = text(&measurement.value).unwrap_or_default();
                let limits = match (text(&measurement.minimum), text(&measurement.maximum)) {
                    (None, None) => String::new(),
                    (low, high) => format!(" [{}..{}]", low.unwrap_or_default(), high.unwrap_or_default()),
                };
                details.push(
                    format!("{} = {value} {}{limits} {}", measurement.name, measurement.measure, measurement.result)
                        .trim()
                        .to_owned(),
                );
            }
        }
    }
    if let Fact::PassStarted(fact) = &event.fact {
        details.extend(fact.program.iter().map(|program| format!("program {}@{}", program.name, program.revision)));
        details.extend(fact.lane.map(|lane| format!("lane {lane}")));
        let own = fact
            .units
            .units
            .iter()
            .find(|unit| means(&unit.identifier, unit.position) || means(&fact.units.primary, unit.position));
        details.extend(
            own.filter(|unit| unit.status != UnitStatus::Pass).map(|unit| format!("status {}", unit.status.word())),
        );
    }
    if let Fact::Installed(kernel::event::Installed { materials, .. })
    | Fact::Removed(kernel::event::Removed { materials, .. }) = &event.fact
    {
        let own = materials.iter().filter(|material| means(&material.identifier, material.position));
        let count: usize = own.map(|material| material.components.len()).sum();
        details.push(format!("{count} components"));
    }
    if details.len() > DETAILS_MAX {
        let rest = details.len() - DETAILS_MAX;
        details.truncate(DETAILS_MAX);
        details.push(format!("and {rest} more, in the event"));
    }
    details
}
