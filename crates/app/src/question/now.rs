//! The stations as they stand.

use std::collections::BTreeSet;

use kernel::event::Fact;
use kernel::id::Id;
use kernel::pass::FactKind;
use kernel::project::HOUR;
use kernel::thing::Kind;
use kernel::time::Time;

use super::Result;
use super::desk::Desk;
use super::station::MOUNTED;
use crate::answer::StationNow;

/// The last instant: what is mounted then did not leave.
const LAST: Time = Time(i64::MAX - 1);

/// Passes of a station that are looked at.
const PASSES_MAX: usize = 400;

/// The stations as they stand.
///
/// # Errors
/// When the store fails.
pub fn now(desk: &Desk<'_>) -> Result<Vec<StationNow>> {
    let mut stations = Vec::new();
    let mut known = desk.snapshot.reader.things_of_kind(Kind::Station)?;
    // In the order in which they became known: profiles are given along the line.
    known.sort_by_key(|(id, _)| *id);
    for (id, _) in known {
        stations.extend(desk.station_now(id)?);
    }
    Ok(stations)
}

impl Desk<'_> {
    /// A station that has done something; nothing for names that only sent events.
    fn station_now(&self, station: Id) -> Result<Option<StationNow>> {
        let reader = self.snapshot.reader;
        let rows = reader.newest_passes(station, PASSES_MAX)?;
        let mut stays = Vec::new();
        for kind in MOUNTED {
            stays.extend(self.stays_at(station, kind, LAST, LAST)?.iter().cloned());
        }
        if rows.is_empty() && stays.is_empty() {
            return Ok(None);
        }
        let profile = self.profile(station)?;
        let newest = rows.iter().flat_map(|row| &row.facts).max_by_key(|fact| fact.at);
        let last = newest.map_or(Time::MIN, |fact| fact.at);
        let current = rows.iter().filter(|row| !row.visit).max_by_key(|row| row.facts.iter().map(|fact| fact.at).max());
        let current = current.or(rows.first());
        let mut units = BTreeSet::new();
        let (mut working, mut since) = (false, None);
        if let Some(row) = current {
            let ended = row.facts.iter().any(|fact| matches!(fact.kind, FactKind::Ended | FactKind::Departed));
            working = !ended;
            since = row.facts.iter().map(|fact| fact.at).min();
            for fact in &row.facts {
                for member in fact.units.iter().filter(|member| member.unit.row() != 0) {
                    for key in self.keys(member.unit, Some(fact.at))? {
                        units.insert(self.key_text(key)?);
                    }
                }
            }
        }
        let (mut passes, mut passed, mut failed) = (0, 0, 0);
        for fact in rows.iter().flat_map(|row| &row.facts).filter(|fact| fact.at > last.plus(-HOUR)) {
            passes += usize::from(fact.kind == FactKind::Ended);
            if matches!(fact.kind, FactKind::Inspected | FactKind::Tested) {
                let good = fact.word.eq_ignore_ascii_case("passed");
                passed += usize::from(good);
                failed += usize::from(!good && !fact.word.is_empty());
            }
        }
        let standing: Vec<_> = stays.iter().filter(|stay| stay.until == Time::MAX).cloned().collect();
        let of_kind = |kind: Kind| standing.iter().filter(move |stay| stay.kind == kind);
        let program = of_kind(Kind::Program).max_by_key(|stay| stay.from);
        let mounted: Vec<_> = of_kind(Kind::Package).cloned().collect();
        let mut mounted = self.mounted(&mounted)?;
        mounted.sort_by(|a, b| a.place.cmp(&b.place));
        Ok(Some(StationNow {
            station: self.station_text(station)?,
            role: profile.map(|profile| profile.role.clone()).filter(|role| !role.is_empty()),
            state: self.state(station)?,
            units: units.into_iter().collect(),
            working,
            since: since.map(|at| at.to_string()),
            program: program.map(|stay| self.key_text(stay.thing)).transpose()?,
            people: of_kind(Kind::Person).map(|stay| stay.thing).collect::<BTreeSet<_>>().len(),
            mounted,
            passes_last_hour: passes,
            verdicts: (passed, failed),
        }))
    }

    /// The state that a station reported last.
    fn state(&self, station: Id) -> Result<Option<String>> {
        let notes = self.snapshot.reader.notes(station, Time::MIN, Time::MAX, 20)?;
        for (_, seq, _) in notes {
            if let Some(Fact::StationChanged(fact)) = (self.snapshot.events)(seq).as_deref().map(|event| &event.fact) {
                let text = if fact.to.is_empty() { fact.what.clone() } else { fact.to.clone() };
                return Ok(Some(text));
            }
        }
        Ok(None)
    }
}
