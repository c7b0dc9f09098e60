//! What is known of a thing that is not a unit.

use std::collections::BTreeSet;

use kernel::id::Id;
use kernel::row::Descent;
use kernel::thing::Kind;
use kernel::time::Time;

use super::desk::Desk;
use super::station::MOUNTED;
use super::trace::lot_parts;
use super::{QuestionError, Result};
use crate::answer::{MountedAt, ThingAbout};

/// Related things and mounts that are listed at the most.
const LISTED_MAX: usize = 500;

/// What is known of a thing that is not a unit.
///
/// # Errors
/// When nothing is called so, or the text names several things.
pub fn about(desk: &Desk<'_>, thing: &str) -> Result<ThingAbout> {
    let found = desk.resolve(thing)?;
    let [(kind, id)] = found.as_slice() else {
        let candidates = found.iter().map(|(_, id)| desk.thing_text(*id)).collect::<Result<_>>()?;
        return Err(QuestionError::Ambiguous { text: thing.to_owned(), candidates });
    };
    desk.about(*kind, *id)
}

/// Things that a text may mean, for the scan box.
///
/// # Errors
/// When the store fails.
pub fn look_up(desk: &Desk<'_>, text: &str, limit: usize) -> Result<Vec<String>> {
    let mut found = Vec::new();
    match desk.resolve(text) {
        Ok(things) => {
            for (_, id) in things {
                found.push(desk.thing_text(id)?);
            }
        }
        Err(QuestionError::Unknown(_)) => {}
        Err(error) => return Err(error),
    }
    let prefix = text.trim().split_once(':').map_or(text.trim(), |(_, key)| key);
    if found.len() < limit && !prefix.is_empty() {
        let beginning = desk.snapshot.reader.things_beginning(prefix, limit)?;
        found.extend(beginning.into_iter().filter(|name| name.kind != Kind::Place).map(|name| name.to_string()));
    }
    let mut seen = BTreeSet::new();
    found.retain(|text| seen.insert(text.clone()));
    found.truncate(limit);
    Ok(found)
}

impl Desk<'_> {
    fn about(&self, kind: Kind, id: Id) -> Result<ThingAbout> {
        let reader = self.snapshot.reader;
        let mut about =
            ThingAbout { thing: self.thing_text(id)?, facts: Vec::new(), mounts: Vec::new(), related: Vec::new() };
        match kind {
            Kind::Package => self.about_package(id, &mut about)?,
            Kind::Lot => {
                let key = self.key_text(id)?;
                let (manufacturer, part, code) = lot_parts(&key);
                about.fact("Manufacturer", manufacturer);
                about.fact("Manufacturer part", part);
                about.fact("Lot code", code);
            }
            Kind::Station => {
                if let Some(profile) = self.profile(id)? {
                    about.fact("Station", &profile.station);
                    about.fact("Role", &profile.role);
                    about.fact("Line", &profile.line);
                }
                let mut all = Vec::new();
                for kind in MOUNTED {
                    all.extend(self.all_stays_at(id, kind)?.iter().cloned());
                }
                about.mounts = self.mounted(&all)?;
            }
            Kind::Shipment => {
                for party in self.customers(id)? {
                    about.related.push(("customer".into(), self.thing_text(party)?));
                }
            }
            _ => {}
        }
        for package in reader.packages_of(kind, id)?.into_iter().take(LISTED_MAX) {
            about.related.push(("package".into(), self.thing_text(package)?));
        }
        for whole in reader.wholes_of(id)? {
            let relation = self.name(whole)?.map_or("of", |name| name.kind.word()).to_owned();
            if relation != Kind::Place.word() {
                about.related.push((relation, self.thing_text(whole)?));
            }
        }
        for member in reader.members_of(id)?.into_iter().take(LISTED_MAX) {
            let relation = self.name(member)?.map_or("member", |name| name.kind.word()).to_owned();
            about.related.push((relation, self.thing_text(member)?));
        }
        if matches!(kind, Kind::Container | Kind::Shipment) {
            for stint in self.contents(id)?.into_iter().take(LISTED_MAX) {
                let relation = if stint.until == Time::MAX { "holds" } else { "held" };
                about.related.push((relation.into(), self.thing_text(stint.child)?));
            }
            for stint in self.stints_of(id)?.iter() {
                about.related.push(("in".into(), self.thing_text(stint.parent)?));
            }
        }
        if matches!(kind, Kind::Package | Kind::Tool | Kind::Person | Kind::Program | Kind::Carrier) {
            about.mounts = self.mounted(&self.stays_of(id)?)?;
        }
        Ok(about)
    }

    fn about_package(&self, package: Id, about: &mut ThingAbout) -> Result<()> {
        let reader = self.snapshot.reader;
        let mut initial = None;
        for (_, statement) in reader.statements(package)? {
            for (relation, thing) in [
                ("part", statement.part),
                ("lot", statement.lot),
                ("supplier", statement.supplier),
                ("receipt", statement.receipt),
            ] {
                if let Some(thing) = thing {
                    let pair = (relation.to_owned(), self.thing_text(thing)?);
                    if !about.related.contains(&pair) {
                        about.related.push(pair);
                    }
                }
            }
            initial = initial.or(statement.initial.trim_matches('"').parse::<f64>().ok());
        }
        for (other, descent, at) in reader.derived(package, true)? {
            let relation = match descent {
                Descent::Split => "split into",
                Descent::Joined => "spliced before",
                Descent::Parted => "parted from",
            };
            about.related.push((format!("{relation} ({at})"), self.thing_text(other)?));
        }
        for (other, descent, at) in reader.derived(package, false)? {
            let relation = match descent {
                Descent::Split => "split from",
                Descent::Joined => "spliced after",
                Descent::Parted => "parted from",
            };
            about.related.push((format!("{relation} ({at})"), self.thing_text(other)?));
        }
        let (installed, rejected) = self.consumption(package)?;
        if let Some(initial) = initial {
            about.fact("Initial quantity", &initial.to_string());
            about.fact("Expected to remain", &(initial - (installed + rejected) as f64).to_string());
        }
        about.fact("Reported installed", &installed.to_string());
        about.fact("Reported rejected", &rejected.to_string());
        Ok(())
    }

    /// Components that reports say were installed and rejected from a package.
    fn consumption(&self, package: Id) -> Result<(usize, usize)> {
        let (mut installed, mut rejected) = (0, 0);
        for row in self.snapshot.reader.reports_naming(package)? {
            let Some(report) = self.report(row.station, row.pattern, row.seq)? else { continue };
            for cell in self.decoded(&report)?.cells.iter().filter(|cell| cell.package == Some(package)) {
                match cell.fate {
                    kernel::placement::Fate::Installed => installed += 1,
                    kernel::placement::Fate::NotInstalled => rejected += 1,
                }
            }
        }
        Ok((installed, rejected))
    }

    /// Stays in words, newest first.
    pub(super) fn mounted(&self, stays: &[kernel::mount::Stay]) -> Result<Vec<MountedAt>> {
        let mut newest: Vec<&kernel::mount::Stay> = stays.iter().collect();
        newest.sort_by_key(|stay| std::cmp::Reverse((stay.from, stay.thing)));
        newest
            .into_iter()
            .take(LISTED_MAX)
            .map(|stay| {
                Ok(MountedAt {
                    thing: self.thing_text(stay.thing)?,
                    station: self.station_text(stay.station)?,
                    place: stay.place.map(|place| self.place_text(place)).transpose()?,
                    from: stay.from.to_string(),
                    until: (stay.until != Time::MAX).then(|| stay.until.to_string()),
                    uncertain_from: stay.doubts.iter().map(|doubt| doubt.0).min().map(|at| at.to_string()),
                })
            })
            .collect()
    }
}

impl ThingAbout {
    fn fact(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.facts.push((name.to_owned(), value.to_owned()));
        }
    }
}
