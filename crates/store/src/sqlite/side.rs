//! Which side of a pass its own row leaves open, and how far back it must be looked for therefore.

use std::collections::{BTreeSet, HashMap};

use kernel::id::{Id, PassId};
use kernel::pass::{FactKind, PassFact};
use kernel::project::{DAY, HOUR};
use kernel::row::Belonging;
use kernel::time::Time;
use rusqlite::{Connection, params};

use super::{Long, SITE, StoreError, within};

/// How far back a search by time must look for a pass whose facts span so many microseconds.
pub(super) fn long(
    connection: &Connection,
    pass: PassId,
    facts: &mut [PassFact],
    visit: bool,
    micros: i64,
) -> Result<Long, StoreError> {
    let mut side = open_side(facts, visit, &HashMap::new());
    if side.is_some() && !visit {
        side = open_side(facts, visit, &homes(connection, pass, facts)?);
    }
    if !matches!(side, Some(Side::Begin)) && is_split(connection, facts, visit)? {
        side = Some(Side::Begin);
    }
    Ok(match side {
        Some(Side::Begin) => Long::OpenBegin,
        Some(Side::End) => Long::Open,
        None if micros > DAY => Long::Closed,
        None if micros > HOUR => Long::Day,
        None => Long::Hour,
    })
}

/// Whether something was put on a carrier, or taken off it, while messages of a pass name it: then they do not all speak of the same units, and to some
/// of these the pass lacks a side.
fn is_split(connection: &Connection, facts: &[PassFact], visit: bool) -> Result<bool, StoreError> {
    let times = || facts.iter().map(|fact| fact.at);
    let (Some(first), Some(last)) = (times().min(), times().max()) else { return Ok(false) };
    if first == last {
        return Ok(false);
    }
    let listed = facts.iter().flat_map(|fact| &fact.units).map(|member| member.unit.whole());
    let wholes: BTreeSet<Id> = listed.filter(|whole| whole.row() != 0).collect();
    let mut moves: BTreeSet<(Time, bool)> = BTreeSet::new();
    for whole in wholes {
        if within::carries(connection, whole)? {
            moves.extend(within::moves(connection, whole, first, last)?);
        }
    }
    if !visit {
        // The end of a transaction names whom it named at the start too.
        return Ok(moves.iter().any(|(_, on)| *on));
    }
    let mut edges: BTreeSet<Time> = moves.into_iter().map(|(at, _)| at).collect();
    edges.insert(Time::MAX);
    let mut from = Time::MIN;
    for until in edges {
        let part = facts.iter().filter(|fact| from <= fact.at && fact.at < until);
        let mut part: Vec<PassFact> = part.cloned().collect();
        if !part.is_empty() && open_side(&mut part, true, &HashMap::new()).is_some() {
            return Ok(true);
        }
        from = until;
    }
    Ok(false)
}

/// Where units of a transaction that are called by names of their own are at home: of each the only position of a panel that it was known to have when
/// the transaction began. (As of no earlier index was it open, then.)
fn homes(connection: &Connection, pass: PassId, facts: &[PassFact]) -> Result<HashMap<Id, Id>, StoreError> {
    let listed: BTreeSet<Id> = facts.iter().flat_map(|fact| &fact.units).map(|member| member.unit).collect();
    let mut found = HashMap::new();
    for unit in listed {
        // Carriers are nobody's home, once they are known as such.
        let mut statement = connection.prepare_cached(
            "SELECT scope, position, min(seq), EXISTS (SELECT 1 FROM within INDEXED BY within_parent
                       WHERE within.site = ?1 AND within.parent = name.scope AND within.belonging = ?3)
             FROM name INDEXED BY name_thing WHERE site = ?1 AND thing = ?2
               AND NOT EXISTS (SELECT 1 FROM within INDEXED BY within_parent
                                WHERE within.site = ?1 AND within.parent = name.scope AND within.belonging = ?3 AND within.seq < ?4)
             GROUP BY scope, position LIMIT 2",
        )?;
        let values = params![SITE, unit.0, Belonging::Carried as u8, pass.0];
        let homes: Vec<(i64, u32, i64, bool)> = statement
            .query_map(values, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
            .collect::<rusqlite::Result<_>>()?;
        if let [(scope, position, seq, false)] = homes[..]
            && position > 0
            && seq < pass.0
            && let Some(home) = Id(scope).at(position)
        {
            found.insert(unit, home);
        }
    }
    Ok(found)
}

/// A side of a pass.
pub(super) enum Side {
    Begin,
    End,
}

/// Which side of a pass, or of one of several in a visit, may be open. When both may, or in doubt, the begin.
pub(super) fn open_side(facts: &mut [PassFact], visit: bool, homes: &HashMap<Id, Id>) -> Option<Side> {
    let has = |kind: FactKind| facts.iter().any(|fact| fact.kind == kind);
    if !visit && !has(FactKind::Started) {
        return Some(Side::Begin);
    }
    if visit && facts.iter().all(aside) {
        return None;
    }
    // At one instant what lies between comes before the end.
    let rank = |kind: FactKind| match kind {
        FactKind::Arrived => 0,
        FactKind::Started => 1,
        FactKind::Ended => 3,
        FactKind::Departed => 4,
        _ => 2,
    };
    let ended = has(FactKind::Ended);
    facts.sort_by_key(|fact| (fact.at, rank(fact.kind)));
    // A unit's own name is as good as its position on the panel.
    let at_home = |unit: Id| homes.get(&unit).copied().unwrap_or(unit);
    let alike = |known: &[Id], units: &[Id]| {
        known.iter().all(|unit| covers(units, *unit))
            && units.iter().all(|unit| covers(known, *unit) || known.iter().any(|known| known.whole() == *unit))
    };
    let lists: Vec<Vec<Id>> = facts
        .iter()
        .filter(|fact| moves(fact) && !fact.units.is_empty())
        .map(|fact| fact.units.iter().map(|member| at_home(member.unit)).collect())
        .collect();
    let first = lists.first().map(Vec::as_slice);
    if first.is_none_or(|first| lists.iter().all(|units| alike(first, units))) {
        // Nobody knows when those were there that a message speaks of and no list names.
        let speaks = |fact: &&PassFact| if visit { !moves(fact) } else { fact.kind == FactKind::Installed };
        let mut spoken =
            facts.iter().filter(speaks).flat_map(|fact| &fact.units).filter(|member| member.unit.row() != 0);
        if first.is_some_and(|first| spoken.any(|member| !covers(first, at_home(member.unit)))) {
            return Some(Side::Begin);
        }
    } else if !visit || !one_after_another(facts) {
        // Who is listed on one side only has no other.
        return Some(Side::Begin);
    }
    if !visit {
        return (!ended).then_some(Side::End);
    }
    // What moves on several lanes may belong to several transactions, and not together.
    let mut lanes = facts.iter().filter_map(|fact| fact.lane);
    let lane = lanes.next();
    if lanes.any(|other| Some(other) != lane) {
        return Some(Side::Begin);
    }
    let (mut begun, mut started, mut ended, mut departed) = (false, false, false, false);
    // The next begins before the last has ended.
    let mut left_open = false;
    let (mut begun_at, mut arrived_at) = (Time::MIN, Time::MIN);
    for fact in facts.iter() {
        if matches!(fact.kind, FactKind::Ended | FactKind::Departed) {
            // What ends at the instant of an arrival does not keep it from the transaction that is next: then nobody knows when that began.
            if fact.at == arrived_at {
                return Some(Side::Begin);
            }
            // What ends at the instant of a begin may have ended what another row tells of.
            left_open |= fact.at == begun_at;
        }
        match fact.kind {
            FactKind::Arrived => (begun_at, arrived_at) = (fact.at, fact.at),
            FactKind::Started => begun_at = fact.at,
            _ => {}
        }
        match fact.kind {
            FactKind::Arrived => {
                left_open |= begun && !ended;
                (begun, started, ended, departed) = (true, false, false, false);
            }
            FactKind::Started => {
                left_open |= started && !ended;
                (begun, started, ended, departed) = (true, true, false, false);
            }
            FactKind::Ended if begun && !ended => ended = true,
            FactKind::Departed if begun && !departed => (ended, departed) = (true, true),
            _ if aside(fact) => {}
            _ if begun && !ended => {}
            _ => return Some(Side::Begin),
        }
    }
    (left_open || !ended).then_some(Side::End)
}

/// Who was only named, came into being or was taken out was there for nothing.
pub(super) fn aside(fact: &PassFact) -> bool {
    matches!(fact.kind, FactKind::Created | FactKind::Named | FactKind::Disqualified)
}

/// A message of who comes and goes.
fn moves(fact: &PassFact) -> bool {
    matches!(fact.kind, FactKind::Arrived | FactKind::Started | FactKind::Ended | FactKind::Departed)
}

/// Whoever names the panel names its boards.
fn covers(units: &[Id], unit: Id) -> bool {
    units.contains(&unit) || units.contains(&unit.whole())
}

/// Whether boards of a panel are there one after another, as at a rework bench: in every stay all lists name the same ones, and nothing is said of others.
/// (Whether each stay has both its sides is not looked at.) Then each board's passes follow from its stays alone, and whichever boards turn out to be one,
/// their stays follow each other.
fn one_after_another(facts: &[PassFact]) -> bool {
    let mut seen: Vec<Id> = Vec::new();
    let mut stay: Vec<Id> = Vec::new();
    let mut left = true;
    for fact in facts.iter().filter(|fact| !aside(fact)) {
        let units: Vec<Id> = fact.units.iter().map(|member| member.unit).collect();
        if units.is_empty() || units.iter().any(|unit| unit.row() == 0) {
            return false;
        }
        if moves(fact) && left {
            stay.clone_from(&units);
        }
        let said_of_all = !moves(fact) || stay.iter().all(|unit| covers(&units, *unit));
        if !said_of_all || !units.iter().all(|unit| covers(&stay, *unit)) {
            return false;
        }
        if moves(fact) {
            left = fact.kind == FactKind::Departed;
            seen.extend(units);
        }
    }
    let mut named = facts.iter().filter(|fact| aside(fact)).flat_map(|fact| &fact.units);
    named.all(|member| covers(&seen, member.unit))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use kernel::event::UnitStatus;
    use kernel::id::{Id, Seq};
    use kernel::pass::{FactKind, Member, PassFact};
    use kernel::time::Time;

    use super::{Side, open_side};

    /// What happened to which boards of one panel, a second apart, as a visit.
    fn side(told: &[(FactKind, &[u32])]) -> Option<Side> {
        let panel = Id::of_row(7);
        let fact = |(second, (kind, positions)): (i64, &(FactKind, &[u32]))| {
            let mut fact = PassFact::new(*kind, Seq(second.cast_unsigned()), Time(second * 1_000_000));
            let member = |position: &u32| Member {
                unit: panel.at(*position).expect("a position"),
                position: *position,
                status: UnitStatus::Pass,
            };
            fact.units = positions.iter().map(member).collect();
            fact
        };
        let mut facts: Vec<PassFact> = (0..).zip(told).map(fact).collect();
        open_side(&mut facts, true, &HashMap::new())
    }

    #[test]
    fn boards_that_come_one_after_another_leave_nothing_open() {
        use FactKind::{Arrived, Departed, Disqualified, Repaired};
        assert!(
            side(&[(Arrived, &[2]), (Departed, &[2]), (Arrived, &[1]), (Repaired, &[1]), (Departed, &[1])]).is_none()
        );
        assert!(
            side(&[(Arrived, &[2]), (Departed, &[2]), (Disqualified, &[1]), (Arrived, &[1]), (Departed, &[1])])
                .is_none()
        );
        assert!(side(&[(Arrived, &[1, 2]), (Departed, &[1, 2]), (Arrived, &[3]), (Departed, &[3])]).is_none());
    }

    #[test]
    fn a_board_that_stays_while_another_comes_leaves_something_open() {
        use FactKind::{Arrived, Departed, Disqualified, Repaired};
        let begin = |told: &[(FactKind, &[u32])]| matches!(side(told), Some(Side::Begin));
        // Both at once; one that only arrived, or only departed.
        assert!(begin(&[(Arrived, &[2]), (Arrived, &[1]), (Departed, &[2]), (Departed, &[1])]));
        assert!(begin(&[(Arrived, &[2]), (Arrived, &[1]), (Departed, &[1])]));
        assert!(begin(&[(Arrived, &[2]), (Departed, &[2]), (Departed, &[1])]));
        // Spoken of while another is there, or listed nowhere.
        assert!(begin(&[(Arrived, &[2]), (Repaired, &[1]), (Departed, &[2]), (Arrived, &[1]), (Departed, &[1])]));
        assert!(begin(&[(Arrived, &[2]), (Departed, &[2]), (Disqualified, &[3]), (Arrived, &[1]), (Departed, &[1])]));
        // All left, and the second had not come; the whole came, and one of it left; some came, and one of these left.
        assert!(begin(&[(Arrived, &[1]), (Departed, &[0]), (Arrived, &[2]), (Departed, &[2])]));
        assert!(begin(&[(Arrived, &[0]), (Departed, &[1]), (Arrived, &[2]), (Departed, &[2])]));
        assert!(begin(&[(Arrived, &[1, 2]), (Departed, &[2]), (Arrived, &[3]), (Departed, &[3])]));
        assert!(matches!(side(&[(Arrived, &[2]), (Departed, &[2]), (Arrived, &[1])]), Some(Side::End)));
    }
}
