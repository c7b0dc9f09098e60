//! Rows of mounts: points, and how long what came stays at most, so that a search by time finds what was there without what was there before.

use kernel::id::Id;
use kernel::row::{MountChange, MountPoint};
use kernel::thing::Kind;
use kernel::time::Time;
use rusqlite::{Connection, OptionalExtension, params};

use super::span::{SPAN_END, SPANS, longest, span_of};
use super::{SITE, StoreError};

/// A coming in the table, and when what came is gone at the latest.
struct Coming {
    seq: i64,
    ordinal: i64,
    at: i64,
    thing: i64,
    station: i64,
    until: i64,
}

/// Writes a point, and shortens the stays that it ends.
pub(super) fn add(connection: &Connection, seq: i64, ordinal: i64, point: &MountPoint) -> Result<(), StoreError> {
    let until = match point.change {
        MountChange::On => until(connection, point)?,
        _ => point.at.0,
    };
    let span = if point.change == MountChange::On { span_of(point.at.0, until) } else { SPAN_END };
    let carriers: Vec<String> = point.carriers.iter().map(|carrier| carrier.0.to_string()).collect();
    connection
        .prepare_cached(
            "INSERT INTO mount (site, seq, ordinal, at, change, thing, kind, station, place, carriers, margin, until, span)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            SITE,
            seq,
            ordinal,
            point.at.0,
            point.change as u8,
            point.thing.map(|id| id.0),
            point.kind.map(|kind| kind as u8),
            point.station.0,
            point.place.map(|id| id.0),
            carriers.join(","),
            point.margin,
            until,
            span
        ])?;
    if point.margin > 0 || point.kind == Some(Kind::Carrier) {
        unsteady(connection, point.station.0)?;
    }
    match point.change {
        MountChange::On if point.kind == Some(Kind::Program) => {
            let here = at_station(connection, point, Kind::Program)?;
            let others = here.into_iter().filter(|coming| point.thing.is_none_or(|thing| coming.thing != thing.0));
            shorten(connection, others, point)?;
        }
        MountChange::On => {}
        MountChange::Cleaned => shorten(connection, at_station(connection, point, Kind::Package)?.into_iter(), point)?,
        MountChange::Off | MountChange::Depleted => shorten(connection, own(connection, point)?.into_iter(), point)?,
    }
    wander(connection, seq, point)
}

/// People, tools and programs leave a station by what it says itself.
fn station_bound(point: &MountPoint) -> Option<i64> {
    matches!(point.kind, Some(Kind::Person | Kind::Program | Kind::Tool)).then_some(point.station.0)
}

/// When what comes is gone at the latest, by what is known of it and of the place.
fn until(connection: &Connection, point: &MountPoint) -> Result<i64, StoreError> {
    let thing = point.thing.map(|id| id.0);
    let place = point.place.map(|id| id.0);
    let end: Option<(i64, i64)> = connection
        .prepare_cached(
            "SELECT at, margin FROM mount INDEXED BY mount_thing
             WHERE site = ?1 AND thing = ?2 AND span = ?3 AND at > ?4 AND (place IS NULL OR place IS ?5) AND (?6 IS NULL OR station = ?6)
             ORDER BY at LIMIT 1",
        )?
        .query_row(params![SITE, thing, SPAN_END, point.at.0, place, station_bound(point)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    if end.is_some_and(|(_, margin)| margin > 0) {
        unsteady(connection, point.station.0)?;
    }
    let next: Option<i64> = match point.kind {
        Some(Kind::Package) => connection
            .prepare_cached(
                "SELECT min(at) FROM mount INDEXED BY mount_place
                 WHERE site = ?1 AND station = ?2 AND place IS ?3 AND at > ?4 AND change = ?5",
            )?
            .query_row(params![SITE, point.station.0, place, point.at.0, MountChange::Cleaned as u8], |row| row.get(0))?,
        Some(Kind::Program) => connection
            .prepare_cached(
                "SELECT min(at) FROM mount INDEXED BY mount_place
                 WHERE site = ?1 AND station = ?2 AND place IS ?3 AND at > ?4 AND change = ?5 AND kind = ?6 AND thing <> ?7",
            )?
            .query_row(
                params![SITE, point.station.0, place, point.at.0, MountChange::On as u8, Kind::Program as u8, thing],
                |row| row.get(0),
            )?,
        _ => None,
    };
    Ok(end.map(|(at, _)| at).into_iter().chain(next).min().unwrap_or(Time::MAX.0))
}

/// Comings of a thing that a point of it may end.
fn own(connection: &Connection, point: &MountPoint) -> Result<Vec<Coming>, StoreError> {
    let (thing, place) = (point.thing.map(|id| id.0), point.place.map(|id| id.0));
    let mut found = Vec::new();
    for span in 0..SPANS {
        let first = longest(span).map_or(i64::MIN, |longest| point.at.0.saturating_sub(longest));
        let mut statement = connection.prepare_cached(
            "SELECT seq, ordinal, at, thing, station, until FROM mount INDEXED BY mount_thing
             WHERE site = ?1 AND thing = ?2 AND span = ?3 AND at >= ?4 AND at < ?5 AND until > ?5
               AND (?6 IS NULL OR place IS ?6) AND (?7 IS NULL OR station = ?7)",
        )?;
        let values = params![SITE, thing, span, first, point.at.0, place, station_bound(point)];
        found.extend(statement.query_map(values, coming)?.collect::<rusqlite::Result<Vec<_>>>()?);
    }
    Ok(found)
}

/// Comings of things of a kind at the place of a point that are there at its time.
fn at_station(connection: &Connection, point: &MountPoint, kind: Kind) -> Result<Vec<Coming>, StoreError> {
    let place = point.place.map(|id| id.0);
    let mut found = Vec::new();
    for span in 0..SPANS {
        let first = longest(span).map_or(i64::MIN, |longest| point.at.0.saturating_sub(longest));
        let mut statement = connection.prepare_cached(
            "SELECT seq, ordinal, at, thing, station, until FROM mount INDEXED BY mount_during
             WHERE site = ?1 AND station = ?2 AND kind = ?3 AND span = ?4 AND at >= ?5 AND at < ?6 AND until > ?6 AND place IS ?7",
        )?;
        let values = params![SITE, point.station.0, kind as u8, span, first, point.at.0, place];
        found.extend(statement.query_map(values, coming)?.collect::<rusqlite::Result<Vec<_>>>()?);
    }
    Ok(found)
}

fn coming(row: &rusqlite::Row<'_>) -> rusqlite::Result<Coming> {
    Ok(Coming {
        seq: row.get(0)?,
        ordinal: row.get(1)?,
        at: row.get(2)?,
        thing: row.get(3)?,
        station: row.get(4)?,
        until: row.get(5)?,
    })
}

fn shorten(
    connection: &Connection,
    comings: impl Iterator<Item = Coming>,
    point: &MountPoint,
) -> Result<(), StoreError> {
    for coming in comings {
        connection
            .prepare_cached("UPDATE mount SET until = ?4, span = ?5 WHERE site = ?1 AND seq = ?2 AND ordinal = ?3")?
            .execute(params![SITE, coming.seq, coming.ordinal, point.at.0, span_of(coming.at, point.at.0)])?;
        if point.margin > 0 {
            unsteady(connection, coming.station)?;
        }
        if point.kind == Some(Kind::Program) {
            super::program::shortened(connection, Id(coming.station), Id(coming.thing), point.at.0, coming.until)?;
        }
    }
    Ok(())
}

/// Here what is mounted when does not follow from the points of a window.
fn unsteady(connection: &Connection, station: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO unsteady (site, station) VALUES (?1, ?2)")?
        .execute(params![SITE, station])?;
    Ok(())
}

/// Keeps what lies in what. A carrier that is mounted itself wanders, and with it all that are named together with it.
fn wander(connection: &Connection, seq: i64, point: &MountPoint) -> Result<(), StoreError> {
    for carrier in &point.carriers {
        connection
            .prepare_cached("INSERT OR IGNORE INTO mount_carrier (site, carrier, thing, seq) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![SITE, carrier.0, point.thing.map(|id| id.0), seq])?;
    }
    let itself = point.thing.filter(|_| point.kind == Some(Kind::Carrier));
    let mut named: Vec<Id> = point.carriers.iter().copied().chain(itself).collect();
    let mut wanders = itself.is_some();
    for carrier in &named {
        wanders |= is_wandering(connection, *carrier)?;
    }
    if !wanders {
        return Ok(());
    }
    while let Some(carrier) = named.pop() {
        let added = connection
            .prepare_cached("INSERT OR IGNORE INTO wandering (site, carrier) VALUES (?1, ?2)")?
            .execute(params![SITE, carrier.0])?;
        if added == 0 {
            continue;
        }
        let mut statement = connection.prepare_cached(
            "SELECT mount.carriers FROM mount_carrier CROSS JOIN mount INDEXED BY mount_thing
               ON mount.site = mount_carrier.site AND mount.thing = mount_carrier.thing
             WHERE mount_carrier.site = ?1 AND mount_carrier.carrier = ?2",
        )?;
        let lists: Vec<String> =
            statement.query_map(params![SITE, carrier.0], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        for list in lists {
            let together: Vec<Id> = list.split(',').filter_map(|carrier| carrier.parse().ok()).map(Id).collect();
            if together.contains(&carrier) {
                named.extend(together);
            }
        }
    }
    Ok(())
}

fn is_wandering(connection: &Connection, carrier: Id) -> Result<bool, StoreError> {
    let found = connection
        .prepare_cached("SELECT 1 FROM wandering WHERE site = ?1 AND carrier = ?2")?
        .exists(params![SITE, carrier.0])?;
    Ok(found)
}
