//! The one evaluation behind all answers: what the evidence says of a unit.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

use kernel::event::UnitStatus;
use kernel::id::{Designator, Id, PassId, Seq};
use kernel::mount::Stay;
use kernel::pass::{FactKind, Removal, Role};
use kernel::placement::Fate;
use kernel::thing::Kind;
use kernel::time::Time;

use super::Result;
use super::desk::{Desk, Source, Spoken};
use super::unit::{UnitClass, UnitPass, lanes_meet, told_within};
use crate::answer::{Evidence, Gap, Relation};

/// One row of evidence about a unit.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    /// The thing: a package, tool, person or program. `None`: the package is not known.
    pub(super) thing: Option<Id>,
    pub(super) kind: Kind,
    pub(super) relation: Relation,
    pub(super) evidence: Evidence,
    /// Positions.
    pub(super) designators: Rc<[Designator]>,
    pub(super) at: Option<Time>,
    pub(super) until: Option<Time>,
    pub(super) removed_at: Option<Time>,
    pub(super) station: Option<Id>,
    pub(super) place: Option<Id>,
    pub(super) reasons: Vec<String>,
    pub(super) seq: Option<Seq>,
    /// The child whose row it is.
    pub(super) via: Option<Id>,
    /// Position text, where it is no designator (an assembly's).
    pub(super) position: Option<String>,
}

impl Finding {
    /// It is possible only, for a reason.
    pub(super) fn doubt(&mut self, reason: &str) {
        self.evidence = Evidence::Possible;
        self.reasons.push(reason.to_owned());
    }
}

/// What the evidence says of a unit.
#[derive(Clone, Debug, Default)]
pub(super) struct UnitEvidence {
    pub(super) findings: Vec<Finding>,
    pub(super) gaps: Vec<Gap>,
    pub(super) broken: Vec<Gap>,
}

/// What a question is about: these things, wherever they may have come in.
#[derive(Default)]
pub(super) struct Focus {
    pub(super) things: BTreeSet<Id>,
    /// What was ever in one splice chain with any of them.
    pub(super) chained: BTreeSet<Id>,
    /// Passes that name any of them, or that report another of its chain.
    pub(super) named_in: BTreeSet<PassId>,
    /// When and where they were mounted.
    pub(super) stays: Vec<Stay>,
    /// Stations of those passes and stays.
    pub(super) stations: BTreeSet<Id>,
    /// Kinds of the things.
    pub(super) kinds: BTreeSet<Kind>,
    /// Rows of passes of which reports alone say what they have of the things: they take no look, unless something was removed.
    pub(super) told: HashSet<PassId>,
}

impl Focus {
    /// Whether any of the things can stand in an installation report, or be left out by one.
    fn is_reported(&self) -> bool {
        self.kinds.iter().any(|kind| !matches!(kind, Kind::Person | Kind::Program))
    }

    /// Whether components from a source may be from one of the things.
    fn may_be_from(&self, source: &Source) -> bool {
        source.package.is_none_or(|package| self.things.contains(&package) || self.chained.contains(&package))
            || source.leading.iter().any(|leading| self.things.contains(leading))
    }

    /// Whether a pass names any of the things, or another of its chain.
    fn is_named_in(&self, pass: &UnitPass) -> bool {
        pass.rows.iter().any(|row| self.named_in.contains(row))
    }

    /// Whether a pass may have anything of the things in question.
    fn may_bear_on(&self, pass: &UnitPass) -> bool {
        let (from, until) = pass.reach;
        self.is_named_in(pass) || self.stays.iter().any(|stay| stay.station == pass.station && stay.meets(from, until))
    }
}

/// A component as installed, with the packages it may be from.
struct Installation {
    designator: Designator,
    at: Time,
    candidates: Vec<(Option<Id>, Evidence, Vec<String>)>,
    station: Id,
    place: Option<Id>,
    seq: Seq,
    removed_at: Option<Time>,
}

impl Desk<'_> {
    /// What the evidence says of a unit itself, without what is built into it. With a focus only rows of its things, from its passes.
    pub(super) fn evaluate(&self, class: &UnitClass, focus: Option<&Focus>) -> Result<UnitEvidence> {
        let passes = match focus {
            None => self.unit_passes(class)?,
            Some(focus) => {
                let lacking = self.may_lack(class)?;
                let passes = self.passes_in_focus(class, focus, lacking.is_empty())?;
                if !passes.iter().any(|pass| focus.may_bear_on(pass)) {
                    return Ok(UnitEvidence::default());
                }
                // What was removed bears on the things in question where they may have been, and where it is said to have been one of them.
                let bears = |positions: &BTreeSet<Designator>| !lacking.is_disjoint(positions);
                if !lacking.is_empty() && bears(&self.positions_in_focus(class, &passes, focus)?) {
                    self.unit_passes(class)?
                } else {
                    passes
                }
            }
        };
        let mut removals = self.removals(class, &passes)?;
        if let Some(focus) = focus.filter(|_| !removals.is_empty()) {
            let positions = self.positions_in_focus(class, &passes, focus)?;
            removals.retain(|orphan| positions.contains(&orphan.removal.designator));
        }
        // What is removed is the newest component at its position, whatever the question is about.
        let in_focus = |pass: &UnitPass| focus.is_none_or(|focus| !removals.is_empty() || focus.may_bear_on(pass));
        // Nothing but the things in question, and what was removed, needs a look, or its exact time.
        let narrow = focus.is_some();
        let removed: BTreeSet<Designator> = removals.iter().map(|orphan| orphan.removal.designator).collect();
        let seeks = |kind: Kind| focus.is_none_or(|focus| focus.kinds.contains(&kind));
        let mut evidence = UnitEvidence::default();
        let mut installations: Vec<Installation> = Vec::new();
        for pass in passes.iter().filter(|pass| in_focus(pass)) {
            let (found, gaps, broken) = (evidence.findings.len(), evidence.gaps.len(), evidence.broken.len());
            let before = installations.len();
            let reported = focus.is_none_or(Focus::is_reported);
            let spoken = if reported { self.spoken(class, pass)? } else { Vec::new() };
            // Passes that name none of the things can only have it from where they were mounted.
            let mut seeks_names = !removed.is_empty() || focus.is_none_or(|focus| focus.is_named_in(pass));
            for spoken in &spoken {
                seeks_names = seeks_names || !self.names_all(&spoken.report)?;
            }
            for spoken in spoken.iter().filter(|_| seeks_names) {
                let decoded = self.decoded(&spoken.report)?;
                let own = decoded.of_unit(spoken.unit);
                for source in &decoded.sources {
                    let wanted = focus.is_none_or(|focus| focus.may_be_from(source));
                    if !wanted && removed.is_empty() {
                        continue;
                    }
                    let first = source.cells.partition_point(|cell| *cell < own.start);
                    for cell in source.cells[first..].iter().take_while(|cell| **cell < own.end) {
                        let removed = removed.contains(&decoded.cells[*cell].designator);
                        if wanted || removed {
                            let narrow = narrow && !removed;
                            installations.push(self.installation(pass, spoken, *cell, narrow)?);
                        }
                    }
                }
            }
            let named: BTreeSet<Id> = installations[before..]
                .iter()
                .flat_map(|installation| installation.candidates.iter().filter_map(|(package, ..)| *package))
                .collect();
            if pass.member {
                let wanted = |thing: Id| focus.is_none_or(|focus| focus.things.contains(&thing));
                let wanted: &dyn Fn(Id) -> bool = &wanted;
                if reported {
                    self.expose_material(class, pass, &spoken, &named, wanted, &mut evidence)?;
                    if seeks(Kind::Tool) {
                        self.expose_tools(class, pass, &spoken, wanted, &mut evidence)?;
                    }
                }
                if seeks(Kind::Person) {
                    self.expose_people(pass, wanted, &mut evidence)?;
                }
                if seeks(Kind::Program) {
                    self.expose_programs(pass, wanted, &mut evidence)?;
                }
                if pass.end.is_none() {
                    let station = self.station_text(pass.station)?;
                    let text = format!("the pass of `{}` at `{station}` has no end", self.key_text(class.key)?);
                    evidence.gaps.push(Gap { kind: "OpenPass".into(), station: Some(station), text });
                }
            } else if reported && seeks(Kind::Tool) {
                let wanted = |thing| focus.is_none_or(|focus| focus.things.contains(&thing));
                self.expose_tools(class, pass, &spoken, &wanted, &mut evidence)?;
            }
            // What is not known of a pass that has nothing of the things in question does not bear on them.
            let bears = focus.is_none_or(|focus| {
                let candidates = installations[before..].iter().flat_map(|installation| &installation.candidates);
                evidence.findings.len() > found
                    || candidates.filter_map(|(thing, ..)| *thing).any(|thing| focus.things.contains(&thing))
            });
            if !bears {
                evidence.gaps.truncate(gaps);
                evidence.broken.truncate(broken);
            }
        }
        let orphans = remove(&mut installations, removals);
        self.installed_findings(installations, orphans, focus, &mut evidence);
        Ok(evidence)
    }

    /// Passes of a unit that may matter to a question, unless something was removed: those at the stations where its things were, and perhaps only those that
    /// reports alone do not tell of.
    fn passes_in_focus(&self, class: &UnitClass, focus: &Focus, untold: bool) -> Result<Rc<Vec<UnitPass>>> {
        let mut passes = Vec::new();
        for station in &focus.stations {
            if !untold || self.passes_untold(class, focus, *station)? {
                let told = |pass: &&UnitPass| untold && pass.rows.iter().all(|row| focus.told.contains(row));
                passes.extend(self.passes_through(class, *station)?.iter().filter(|pass| !told(pass)).cloned());
            }
        }
        Ok(Rc::new(passes))
    }

    /// Whether a unit may have passed a station in a way that reports alone do not tell of.
    fn passes_untold(&self, class: &UnitClass, focus: &Focus, station: Id) -> Result<bool> {
        for alias in &class.aliases {
            let whole = alias.id.whole();
            let untold = if alias.is_lasting() {
                self.listing(whole)?.iter().any(|(pass, at)| *at == station && !focus.told.contains(pass))
            } else {
                let rows = self.rows_of(whole, Some(station), alias.from, alias.until)?;
                rows.iter().any(|row| !focus.told.contains(&row.id))
            };
            if untold {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Positions of a unit at which something may be from the things in question, or is said to have been when it was removed: what was removed elsewhere
    /// does not bear on them.
    fn positions_in_focus(
        &self,
        class: &UnitClass,
        passes: &[UnitPass],
        focus: &Focus,
    ) -> Result<BTreeSet<Designator>> {
        let removals = passes.iter().flat_map(|pass| &pass.facts).flat_map(|fact| &fact.removals);
        let named = removals.filter(|removal| removal.package.is_some_and(|package| focus.things.contains(&package)));
        let mut positions: BTreeSet<Designator> = named.map(|removal| removal.designator).collect();
        for pass in passes.iter().filter(|pass| focus.is_reported() && focus.may_bear_on(pass)) {
            for spoken in self.spoken(class, pass)? {
                let decoded = self.decoded(&spoken.report)?;
                let own = decoded.of_unit(spoken.unit);
                for source in decoded.sources.iter().filter(|source| focus.may_be_from(source)) {
                    let cells = source.cells.iter().filter(|cell| own.contains(cell));
                    positions.extend(cells.map(|cell| decoded.cells[*cell].designator));
                }
            }
        }
        Ok(positions)
    }

    /// Positions at which components may have been removed from a unit.
    pub(super) fn may_lack(&self, class: &UnitClass) -> Result<BTreeSet<Designator>> {
        let removed =
            |unit: Id| self.every(|memo| &mut memo.lacking, unit, |units| Ok(self.snapshot.reader.may_lack(units)?));
        let mut lacking: BTreeSet<Designator> = removed(Id(0))?.iter().copied().collect();
        for alias in &class.aliases {
            let whole = alias.id.whole();
            let of_name = removed(whole)?;
            if alias.is_lasting() || of_name.is_empty() {
                lacking.extend(of_name.iter());
                continue;
            }
            // A carrier lies under one unit after the other.
            let rows = self.rows_of(whole, None, alias.from, alias.until)?;
            let removals = rows.iter().flat_map(|row| &row.facts).flat_map(|fact| &fact.removals);
            lacking.extend(removals.map(|removal| removal.designator));
        }
        Ok(lacking)
    }

    /// The reports of a unit's pass that speak of it.
    fn spoken(&self, class: &UnitClass, pass: &UnitPass) -> Result<Vec<Spoken>> {
        let mut spoken = Vec::new();
        for report in self.reports(pass.station, &pass.facts)? {
            for unit in &report.units {
                if let Some(shared) = pass.names(class, *unit, report.row.at) {
                    spoken.push(Spoken { report: Rc::clone(&report), unit: *unit, shared });
                }
            }
        }
        Ok(spoken)
    }

    fn installation(&self, pass: &UnitPass, spoken: &Spoken, nth: usize, narrow: bool) -> Result<Installation> {
        let Spoken { report, shared, .. } = spoken;
        let (row, cell) = (&report.row, &self.decoded(report)?.cells[nth]);
        let exact = self.reports_exactly(pass.station)?;
        // The exact time costs a look at the event: it is taken where an answer can depend on it.
        let may_depend = match cell.package {
            Some(package) if narrow => {
                let (from, until) = told_within(pass.window(), row.at);
                let fact = pass.facts.iter().find(|fact| fact.seq == row.seq && fact.placed.is_some());
                let (first, last) = fact.and_then(|fact| fact.placed).unwrap_or((row.at, row.at));
                !self.is_chain_steady(package, from.min(first), until.max(last))?
            }
            _ => true,
        };
        let placed = if may_depend { self.placed_at(report, nth)? } else { None };
        let at = placed.unwrap_or(row.at);
        let (from, until) = match placed {
            Some(at) => (at, at),
            None => {
                let (from, until) = pass.window();
                (from.min(row.at), until.max(row.at))
            }
        };
        let mut candidates: Vec<(Option<Id>, Evidence, Vec<String>)> = Vec::new();
        match cell.package {
            Some(package) => {
                let mut others: BTreeSet<Id> = cell.doubt.leading.iter().copied().collect();
                let (from, until) = told_within((from, until), at);
                others.extend(self.chain(package, from, until)?);
                others.remove(&package);
                let mut reasons = Vec::new();
                if !exact && !others.is_empty() {
                    reasons.push("a splice chain was open: each of its packages may be the one".to_owned());
                }
                if !exact && cell.doubt.grey {
                    reasons.push("within the grey zone of a splice".to_owned());
                }
                let evidence = if reasons.is_empty() { Evidence::Certain } else { Evidence::Possible };
                candidates.push((Some(package), evidence, reasons.clone()));
                if !exact {
                    candidates
                        .extend(others.into_iter().map(|other| (Some(other), Evidence::Possible, reasons.clone())));
                }
            }
            None => {
                // Each package that was there, and whether one stay of it is certain and covers the time.
                let mut mounted: BTreeMap<Id, bool> = BTreeMap::new();
                if let Some(place) = cell.place {
                    for stay in self
                        .stays_at(pass.station, Kind::Package, from, until)?
                        .iter()
                        .filter(|stay| stay.place == Some(place) && stay.meets(from, until))
                    {
                        *mounted.entry(stay.thing).or_default() |=
                            stay.is_certain(from, until) && stay.covers(from, until);
                    }
                }
                let certain = mounted.len() == 1 && mounted.values().all(|certain| *certain);
                let evidence = if certain { Evidence::Certain } else { Evidence::Possible };
                let reason = if certain {
                    "the report names a place; this package was mounted there"
                } else {
                    "the report names a place; this package may have been mounted there"
                };
                candidates.extend(mounted.keys().map(|thing| (Some(*thing), evidence, vec![reason.to_owned()])));
                if candidates.is_empty() {
                    candidates.push((None, Evidence::Certain, vec!["the report names no package".to_owned()]));
                }
            }
        }
        if *shared {
            for (_, evidence, reasons) in &mut candidates {
                *evidence = Evidence::Possible;
                reasons.push("the unit's name is also another unit's".to_owned());
            }
        }
        Ok(Installation {
            designator: cell.designator,
            at,
            candidates,
            station: pass.station,
            place: cell.place,
            seq: row.seq,
            removed_at: None,
        })
    }

    /// Removals from a unit, by time; those of one instant in an order that does not depend on what was learned first.
    fn removals(&self, class: &UnitClass, passes: &[UnitPass]) -> Result<Vec<Orphan>> {
        let mut removals = Vec::new();
        for pass in passes {
            for fact in &pass.facts {
                for removal in &fact.removals {
                    let Some(shared) = pass.names(class, removal.unit, fact.at) else { continue };
                    let package = removal.package.map(|package| self.key_text(package)).transpose()?;
                    let order = (fact.at, package, self.key_text(pass.station)?, shared, fact.seq);
                    let (at, station, seq) = (fact.at, pass.station, fact.seq);
                    removals.push((order, Orphan { removal: *removal, at, station, seq, shared }));
                }
            }
        }
        removals.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(removals.into_iter().map(|(_, orphan)| orphan).collect())
    }

    fn installed_findings(
        &self,
        installations: Vec<Installation>,
        orphans: Vec<Orphan>,
        focus: Option<&Focus>,
        evidence: &mut UnitEvidence,
    ) {
        let wanted =
            |thing: Option<Id>| focus.is_none_or(|focus| thing.is_some_and(|thing| focus.things.contains(&thing)));
        let placed = |designator: Designator| -> Rc<[Designator]> {
            (designator != Designator::NONE).then_some(designator).into_iter().collect()
        };
        for installation in installations {
            for (thing, certainty, reasons) in installation.candidates {
                if wanted(thing) {
                    evidence.findings.push(Finding {
                        thing,
                        kind: Kind::Package,
                        relation: Relation::Installed,
                        evidence: certainty,
                        designators: placed(installation.designator),
                        at: Some(installation.at),
                        until: Some(installation.at),
                        removed_at: installation.removed_at,
                        station: Some(installation.station),
                        place: installation.place,
                        reasons,
                        seq: Some(installation.seq),
                        via: None,
                        position: None,
                    });
                }
            }
        }
        for orphan in orphans {
            if wanted(orphan.removal.package) {
                evidence.findings.push(Finding {
                    thing: orphan.removal.package,
                    kind: Kind::Package,
                    relation: Relation::Installed,
                    evidence: if orphan.shared { Evidence::Possible } else { Evidence::Certain },
                    designators: placed(orphan.removal.designator),
                    at: None,
                    until: Some(orphan.at),
                    removed_at: Some(orphan.at),
                    station: Some(orphan.station),
                    place: None,
                    reasons: vec!["removed; its installation was never reported, or one of several".to_owned()],
                    seq: Some(orphan.seq),
                    via: None,
                    position: None,
                });
            }
        }
    }

    fn expose_material(
        &self,
        class: &UnitClass,
        pass: &UnitPass,
        spoken: &[Spoken],
        named: &BTreeSet<Id>,
        wanted: &dyn Fn(Id) -> bool,
        evidence: &mut UnitEvidence,
    ) -> Result<()> {
        let mut applied: BTreeMap<Id, Evidence> = BTreeMap::new();
        for fact in pass.facts.iter().filter(|fact| fact.kind == FactKind::Applied) {
            for naming in &fact.namings {
                let Some(shared) = pass.names(class, naming.unit, fact.at) else { continue };
                let exact = self.reports_exactly(pass.station)?;
                if exact && naming.role == Role::AppliedLeading {
                    continue;
                }
                // What was joined to a package that leads need not have led as well.
                let chain = if exact || naming.role == Role::AppliedLeading {
                    BTreeSet::new()
                } else {
                    self.chain(naming.thing, fact.at, fact.at)?
                };
                let certain = (exact || naming.role == Role::Applied && chain.is_empty()) && !shared;
                let entry = applied.entry(naming.thing).or_insert(Evidence::Possible);
                if certain {
                    *entry = Evidence::Certain;
                }
                for other in chain {
                    applied.entry(other).or_insert(Evidence::Possible);
                }
            }
        }
        for (thing, certainty) in &applied {
            if wanted(*thing) {
                let reasons = vec!["reported as applied".to_owned()];
                evidence.findings.push(exposure(pass, *thing, Kind::Package, *certainty, None, reasons));
            }
        }
        let (from, until) = pass.window();
        let removed = pass
            .facts
            .iter()
            .any(|fact| fact.removals.iter().any(|removal| pass.names(class, removal.unit, fact.at).is_some()));
        let report = self.account(pass, spoken)?;
        if removed && !report.speaks {
            return Ok(());
        }
        let skipped = matches!(pass.status, UnitStatus::Skip | UnitStatus::Scrap);
        if report.speaks && report.missing == 0 || skipped && pass.reported {
            return Ok(());
        }
        let stays = self.stays_at(pass.station, Kind::Package, from, until)?;
        let mounted: Vec<&Stay> = stays.iter().filter(|stay| stay.meets(from, until)).collect();
        if mounted.is_empty() {
            return Ok(());
        }
        if report.known > 0 && !skipped {
            let station = self.station_text(pass.station)?;
            let text = format!(
                "the installation report of `{station}` for `{}` lacks {} of {} positions that the program is known to install",
                self.key_text(class.key)?,
                report.missing,
                report.known
            );
            evidence.broken.push(Gap { kind: "IncompleteReport".into(), station: Some(station), text });
        }
        // The surest of a thing's stays, with the name of its place.
        type Surest = (Evidence, Option<String>, Option<Id>, Vec<String>);
        let mut exposed: BTreeMap<Id, Surest> = BTreeMap::new();
        for stay in &mounted {
            if named.contains(&stay.thing) || applied.contains_key(&stay.thing) || !wanted(stay.thing) {
                continue;
            }
            let mut reasons = Vec::new();
            if !pass.is_closed() {
                reasons.push("the pass has no known begin or end".to_owned());
            }
            if pass.shared {
                reasons.push("the unit's name is also another unit's".to_owned());
            }
            if skipped {
                reasons.push("the unit was skipped here".to_owned());
            }
            if !stay.is_certain(from, until) {
                reasons.push("it is not certain that the package was still, or already, mounted".to_owned());
            }
            let parts = self.parts(stay.thing)?;
            let mut rivals: BTreeSet<String> = BTreeSet::new();
            for other in mounted.iter().filter(|other| other.thing != stay.thing) {
                let others = self.parts(other.thing)?;
                if others.is_empty() || parts.is_empty() || !others.is_disjoint(&parts) {
                    rivals.insert(self.key_text(other.thing)?);
                }
            }
            if let Some(rival) = rivals.first() {
                reasons.push(format!("`{rival}` was mounted too and could have supplied it"));
            }
            if !self.is_needed(class, pass.station, &report.programs, &parts)? {
                reasons.push("it is not known that the unit needs this part here".to_owned());
            }
            let certainty = if reasons.is_empty() { Evidence::Certain } else { Evidence::Possible };
            if reasons.is_empty() {
                reasons.push("mounted here while the unit was processed, needed, and the only source".to_owned());
            }
            let label = stay.place.map(|place| self.place_text(place)).transpose()?;
            match exposed.entry(stay.thing) {
                Entry::Vacant(entry) => {
                    entry.insert((certainty, label, stay.place, reasons));
                }
                // Mounted at several places: the surest, else the first by name.
                Entry::Occupied(mut entry) if (certainty, &label) < (entry.get().0, &entry.get().1) => {
                    entry.insert((certainty, label, stay.place, reasons));
                }
                Entry::Occupied(_) => {}
            }
        }
        for (thing, (certainty, _, place, reasons)) in exposed {
            evidence.findings.push(exposure(pass, thing, Kind::Package, certainty, place, reasons));
        }
        Ok(())
    }

    fn is_needed(&self, class: &UnitClass, station: Id, programs: &[Id], parts: &BTreeSet<Id>) -> Result<bool> {
        let none: [Option<Id>; 1] = [None];
        let under: Vec<Option<Id>> = programs.iter().copied().map(Some).collect();
        for part in parts {
            for program in if under.is_empty() { &none[..] } else { &under[..] } {
                if self.program_needs(station, *program, *part)? {
                    return Ok(true);
                }
            }
            for product in self.products(class, programs)? {
                if self.snapshot.reader.product_needs(product, *part)? == Some(true) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn expose_people(&self, pass: &UnitPass, wanted: &dyn Fn(Id) -> bool, evidence: &mut UnitEvidence) -> Result<()> {
        let namings = pass.facts.iter().flat_map(|fact| &fact.namings);
        let named: BTreeSet<Id> =
            namings.filter(|naming| naming.role == Role::Person).map(|naming| naming.thing).collect();
        for person in named.iter().filter(|person| wanted(**person)) {
            let reasons = vec!["named in a message of the pass".to_owned()];
            evidence.findings.push(exposure(pass, *person, Kind::Person, certain_unless(pass.shared), None, reasons));
        }
        let (from, until) = pass.window();
        let stays = self.stays_at(pass.station, Kind::Person, from, until)?;
        let here: Vec<&Stay> = stays.iter().filter(|stay| stay.meets(from, until)).collect();
        present(pass, &here, &|thing| wanted(thing) && !named.contains(&thing), evidence);
        Ok(())
    }

    fn expose_programs(&self, pass: &UnitPass, wanted: &dyn Fn(Id) -> bool, evidence: &mut UnitEvidence) -> Result<()> {
        let named = pass.programs();
        for program in named.iter().filter(|program| wanted(**program)) {
            let reasons = vec!["named in a message of the pass".to_owned()];
            evidence.findings.push(exposure(pass, *program, Kind::Program, certain_unless(pass.shared), None, reasons));
        }
        if named.is_empty() {
            let (from, until) = pass.window();
            let stays = self.stays_at(pass.station, Kind::Program, from, until)?;
            let mut roles: BTreeMap<Option<Id>, Vec<&Stay>> = BTreeMap::new();
            for stay in stays.iter().filter(|stay| stay.meets(from, until)) {
                if lanes_meet(self.program_lane(stay)?, pass.lane) {
                    roles.entry(stay.place).or_default().push(stay);
                }
            }
            roles.values().for_each(|here| present(pass, here, wanted, evidence));
        }
        Ok(())
    }

    fn tool_kinds(&self, tool: Id) -> Result<Vec<Id>> {
        self.memo(|memo| &mut memo.tool_kinds, tool, || Ok(self.snapshot.reader.wholes_of(tool)?))
    }

    fn expose_tools(
        &self,
        class: &UnitClass,
        pass: &UnitPass,
        spoken: &[Spoken],
        wanted: &dyn Fn(Id) -> bool,
        evidence: &mut UnitEvidence,
    ) -> Result<()> {
        // Certain, if any of the components that it placed is certainly this unit's.
        let mut named: BTreeMap<Id, bool> = BTreeMap::new();
        let mut all_have_tools = true;
        for Spoken { report, unit, shared } in spoken {
            let decoded = self.decoded(report)?;
            for cell in &decoded.cells[decoded.of_unit(*unit)] {
                match cell.tool {
                    Some(tool) => *named.entry(tool).or_insert(true) &= shared,
                    None => all_have_tools &= cell.fate == Fate::NotInstalled,
                }
            }
        }
        let mut kinds: BTreeSet<Id> = BTreeSet::new();
        if all_have_tools {
            for tool in named.keys() {
                kinds.extend(self.tool_kinds(*tool)?);
            }
        }
        for fact in pass.facts.iter().filter(|fact| fact.kind == FactKind::ToolUsed) {
            for naming in fact.namings.iter().filter(|naming| naming.role == Role::Tool) {
                if let Some(shared) = pass.names(class, naming.unit, fact.at) {
                    kinds.insert(naming.tool_kind);
                    let entry = named.entry(naming.thing).or_insert(shared);
                    *entry &= shared;
                }
            }
        }
        for (tool, shared) in named.iter().filter(|(tool, _)| wanted(**tool)) {
            let reasons = vec!["reported as used".to_owned()];
            evidence.findings.push(exposure(pass, *tool, Kind::Tool, certain_unless(*shared), None, reasons));
        }
        if !pass.member {
            return Ok(());
        }
        let (from, until) = pass.window();
        let stays = self.stays_at(pass.station, Kind::Tool, from, until)?;
        let mut roles: BTreeMap<Option<Id>, Vec<&Stay>> = BTreeMap::new();
        let others = |stay: &&Stay| stay.place.is_none_or(|kind| !kinds.contains(&kind));
        for stay in stays.iter().filter(|stay| stay.meets(from, until)).filter(others) {
            roles.entry(stay.place).or_default().push(stay);
        }
        for here in roles.values() {
            present(pass, here, &|thing| wanted(thing) && !named.contains_key(&thing), evidence);
        }
        Ok(())
    }
}

fn certain_unless(doubtful: bool) -> Evidence {
    if doubtful { Evidence::Possible } else { Evidence::Certain }
}

fn exposure(
    pass: &UnitPass,
    thing: Id,
    kind: Kind,
    evidence: Evidence,
    place: Option<Id>,
    reasons: Vec<String>,
) -> Finding {
    Finding {
        thing: Some(thing),
        kind,
        relation: Relation::Exposed,
        evidence,
        designators: Rc::default(),
        at: pass.start.or_else(|| pass.facts.first().map(|fact| fact.at)),
        until: Some(pass.end.unwrap_or(Time::MAX)),
        removed_at: None,
        station: Some(pass.station),
        place,
        reasons,
        seq: pass.facts.first().map(|fact| fact.seq),
        via: None,
        position: None,
    }
}

/// Presence in a role, of stays that met the pass: certain for what was there all the time and alone.
fn present(pass: &UnitPass, meeting: &[&Stay], wanted: &dyn Fn(Id) -> bool, evidence: &mut UnitEvidence) {
    let (from, until) = pass.window();
    let mut done: BTreeSet<Id> = BTreeSet::new();
    for stay in meeting {
        if !wanted(stay.thing) || !done.insert(stay.thing) {
            continue;
        }
        let alone = meeting.iter().all(|other| other.thing == stay.thing);
        let covers =
            meeting.iter().any(|own| own.thing == stay.thing && own.covers(from, until) && own.is_certain(from, until));
        let mut reasons = Vec::new();
        if !alone {
            reasons.push("not the only one of its role during the pass".to_owned());
        }
        if !pass.is_closed() {
            reasons.push("the pass has no known begin or end".to_owned());
        } else if !covers {
            reasons.push("not there during the whole pass".to_owned());
        }
        if pass.shared {
            reasons.push("the unit's name is also another unit's".to_owned());
        }
        let certainty = certain_unless(!reasons.is_empty());
        if reasons.is_empty() {
            reasons.push("the only one of its role for the whole pass".to_owned());
        }
        evidence.findings.push(exposure(pass, stay.thing, stay.kind, certainty, None, reasons));
    }
}

/// A removal that finds nothing to remove.
struct Orphan {
    removal: Removal,
    at: Time,
    station: Id,
    seq: Seq,
    shared: bool,
}

/// Closes the installations that removals end; gives back the removals that ended none.
fn remove(installations: &mut [Installation], removals: Vec<Orphan>) -> Vec<Orphan> {
    let mut orphans = Vec::new();
    for orphan in removals {
        let Removal { designator, package, .. } = orphan.removal;
        let removed: Vec<&mut Installation> = installations
            .iter_mut()
            .filter(|installation| {
                installation.designator == designator
                    && installation.removed_at.is_none()
                    && installation.at < orphan.at
            })
            .filter(|installation| {
                package.is_none() || installation.candidates.iter().any(|(candidate, ..)| *candidate == package)
            })
            .collect();
        let newest = removed.iter().map(|installation| installation.at).max();
        let mut newest: Vec<&mut Installation> =
            removed.into_iter().filter(|installation| Some(installation.at) == newest).collect();
        // Of several that came at one instant it is not known which one went: all of them stay.
        let things = |installation: &Installation| {
            let things = installation.candidates.iter().map(|(thing, evidence, _)| (*thing, *evidence));
            (installation.station, installation.place, things.collect::<BTreeSet<_>>())
        };
        let alike = newest.windows(2).all(|pair| things(pair[0]) == things(pair[1]));
        // Nor does it matter then, but that it is always the same one.
        newest.sort_by_cached_key(|installation| {
            installation.candidates.iter().map(|(.., reasons)| reasons.clone()).collect::<Vec<_>>()
        });
        match newest.first_mut().filter(|_| alike) {
            Some(installation) => installation.removed_at = Some(orphan.at),
            None => orphans.push(orphan),
        }
    }
    orphans
}
