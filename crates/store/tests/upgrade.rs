//! A database of an earlier schema version gets what is kept besides since then.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::Connection;
use store::Store;
use testkit::history::{Features, history};

type Rows = BTreeSet<(i64, i64, i64)>;

/// How far back a pass is looked for: see `Long`.
const OPEN: i64 = 3;
const OPEN_BEGIN: i64 = 4;
const LEFT: i64 = 5;

/// Until version 8 only the units were kept from which something was removed.
const UNITS_REMOVED_FROM: &str = "CREATE TABLE unit_removed AS SELECT DISTINCT site, unit FROM removed; DROP TABLE removed; ALTER TABLE unit_removed RENAME TO removed;";

/// Rows of the tables that an upgrade fills or changes, apart from the indexes by which they were learned.
struct Kept {
    parts: Rows,
    programs: Rows,
    several: Rows,
    removed: Rows,
    long: Vec<i64>,
    /// Rows of visits that others say the end of.
    over_midnight: i64,
}

/// How far back a pass is looked for. In a database that was recorded it may be wider than it need be.
fn width(long: i64) -> i64 {
    if long == LEFT { 0 } else { long }
}

fn kept(path: &Path) -> Kept {
    let connection = Connection::open(path).expect("opens");
    let rows = |sql: &str| -> Rows {
        let mut statement = connection.prepare(sql).expect(sql);
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).expect(sql);
        rows.collect::<Result<_, _>>().expect(sql)
    };
    let mut long = connection.prepare("SELECT long FROM pass ORDER BY id").expect("plans");
    let over_midnight = format!("SELECT count(*) FROM pass WHERE long = {LEFT} AND key & 1 = 1");
    Kept {
        over_midnight: connection.query_row(&over_midnight, [], |row| row.get(0)).expect("counts"),
        parts: rows("SELECT station, part, pattern FROM part_use"),
        programs: rows("SELECT station, program, pattern FROM may_use"),
        several: rows("SELECT station, 0, 0 FROM several"),
        removed: rows("SELECT unit, designator, 0 FROM removed"),
        long: long.query_map([], |row| row.get(0)).expect("reads").collect::<Result<_, _>>().expect("reads"),
    }
}

/// Records a history, takes from the database what the version did not have, and opens it.
fn upgraded(seed: u64, features: Features, older: &str) -> (Kept, Kept) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("site.db");
    let mut store = Store::open(&path).expect("a store");
    for batch in history(seed, "", features).chunks(7) {
        store.record(batch, &[]).expect("records");
    }
    drop(store);
    let recorded = kept(&path);
    let connection = Connection::open(&path).expect("opens");
    connection.execute_batch(UNITS_REMOVED_FROM).expect("an older table");
    connection.execute_batch(older).expect("an older database");
    drop(connection);
    drop(Store::open(&path).expect("brought up to date"));
    let kept = kept(&path);
    (recorded, kept)
}

#[test]
fn a_database_of_version_4_is_brought_up_to_date() {
    let older = format!(
        "DROP TABLE part_use; DROP TABLE several; UPDATE pass SET long = {OPEN} WHERE long = {LEFT}; PRAGMA user_version = 4;"
    );
    let (mut parts, mut narrower) = (0, 0);
    for seed in 0..60 {
        let (recorded, upgraded) = upgraded(seed, Features::ALL, &older);
        let lost = recorded.parts.difference(&upgraded.parts);
        assert!(recorded.parts.is_subset(&upgraded.parts), "seed {seed}: parts {lost:?}");
        assert_eq!(recorded.programs, upgraded.programs, "seed {seed}: patterns that programs may use");
        assert_eq!(recorded.several, upgraded.several, "seed {seed}: stations that call units by one of several names");
        let pairs = || recorded.long.iter().zip(&upgraded.long);
        assert!(pairs().all(|(old, new)| width(*new) <= width(*old)), "seed {seed}: how long passes last");
        parts += upgraded.parts.len();
        narrower += pairs().filter(|(old, new)| width(**new) < width(**old)).count();
    }
    assert!(parts > 100, "only {parts} uses of parts");
    println!("{parts} uses of parts, {narrower} passes looked for less far back");
}

#[test]
fn a_database_of_version_5_is_brought_up_to_date() {
    let older =
        format!("DROP TABLE several; UPDATE pass SET long = {OPEN} WHERE long = {LEFT}; PRAGMA user_version = 5;");
    let (mut left, mut several) = (0, 0);
    for seed in 0..200 {
        // Where every unit has one name, it shows when it left.
        let features = if seed < 100 { Features::ALL } else { Features(Features::MOVES | Features::LOST) };
        let (recorded, upgraded) = upgraded(seed, features, &older);
        assert_eq!(recorded.several, upgraded.several, "seed {seed}: stations that call units by one of several names");
        let mut pairs = recorded.long.iter().zip(&upgraded.long);
        assert!(
            pairs.all(|(old, new)| width(*new) <= width(*old) && (*old != LEFT || *new == LEFT)),
            "seed {seed}: how long passes last"
        );
        left += upgraded.long.iter().filter(|long| **long == LEFT).count();
        several += upgraded.several.len();
    }
    assert!(left > 10 && several > 10, "only {left} passes that ended when their units left, {several} stations");
}

#[test]
fn a_database_of_version_6_is_brought_up_to_date() {
    // What was open on either side was looked for on both.
    let older =
        format!("UPDATE pass SET long = {OPEN_BEGIN} WHERE long = {LEFT} AND key & 1 = 1; PRAGMA user_version = 6;");
    let mut over_midnight = 0;
    for seed in 0..200 {
        let features = if seed < 100 { Features::ALL } else { Features(Features::MOVES | Features::LOST) };
        let (recorded, upgraded) = upgraded(seed, features, &older);
        assert_eq!(recorded.long, upgraded.long, "seed {seed}: how long passes last");
        over_midnight += upgraded.over_midnight;
    }
    assert!(over_midnight > 10, "only {over_midnight} rows of visits over midnight");
}

#[test]
fn a_database_of_version_7_is_brought_up_to_date() {
    // Visits of boards that came one after another seemed open; here all do.
    let older = format!("UPDATE pass SET long = {OPEN_BEGIN} WHERE long < 2 AND key & 1 = 1; PRAGMA user_version = 7;");
    let mut visits = 0;
    for seed in 0..200 {
        let (recorded, upgraded) = upgraded(seed, Features::ALL, &older);
        assert_eq!(recorded.long, upgraded.long, "seed {seed}: how long passes last");
        visits += upgraded.long.iter().filter(|long| **long < 2).count();
    }
    assert!(visits > 10, "only {visits} passes of a day at most");
}

#[test]
fn a_database_of_version_8_is_brought_up_to_date() {
    // What others leave without a side seemed closed; here all visits do.
    let older = format!("UPDATE pass SET long = 0 WHERE long = {OPEN_BEGIN} AND key & 1 = 1; PRAGMA user_version = 8;");
    let (mut removed, mut open) = (0, 0);
    for seed in 0..200 {
        let (recorded, upgraded) = upgraded(seed, Features::ALL, &older);
        assert!(recorded.removed.is_subset(&upgraded.removed), "seed {seed}: what was removed");
        assert!(!recorded.removed.is_empty() || upgraded.removed.is_empty(), "seed {seed}: nothing was removed");
        assert_eq!(recorded.long, upgraded.long, "seed {seed}: how long passes last");
        removed += upgraded.removed.len();
        open += upgraded.long.iter().filter(|long| **long == OPEN_BEGIN).count();
    }
    assert!(removed > 100, "only {removed} positions at which something was removed");
    assert!(open > 10, "only {open} passes of which the begin is not known");
}
