//! A database of schema version 4 gets what version 5 keeps besides.

use std::collections::BTreeSet;

use rusqlite::Connection;
use store::Store;
use testkit::history::{Features, history};

type Rows = BTreeSet<(i64, i64, i64)>;

/// Rows of the tables that an upgrade fills or changes, apart from the indexes by which they were learned. How far back a pass is looked for may be
/// wider than it need be in the one that was recorded.
fn kept(path: &std::path::Path) -> (Rows, Rows, Vec<i64>) {
    let connection = Connection::open(path).expect("opens");
    let rows = |sql: &str| -> Rows {
        let mut statement = connection.prepare(sql).expect(sql);
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).expect(sql);
        rows.collect::<Result<_, _>>().expect(sql)
    };
    let mut long = connection.prepare("SELECT long FROM pass ORDER BY id").expect("plans");
    let long = long.query_map([], |row| row.get(0)).expect("reads").collect::<Result<_, _>>().expect("reads");
    (rows("SELECT station, part, pattern FROM part_use"), rows("SELECT station, program, pattern FROM may_use"), long)
}

#[test]
fn a_database_of_version_4_is_brought_up_to_date() {
    let (mut parts, mut narrower) = (0, 0);
    for seed in 0..60 {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("site.db");
        let mut store = Store::open(&path).expect("a store");
        for batch in history(seed, "", Features::ALL).chunks(7) {
            store.record(batch, &[]).expect("records");
        }
        drop(store);
        let recorded = kept(&path);
        let connection = Connection::open(&path).expect("opens");
        connection.execute_batch("DROP TABLE part_use; PRAGMA user_version = 4;").expect("an older database");
        drop(connection);
        drop(Store::open(&path).expect("brought up to date"));
        let upgraded = kept(&path);
        assert!(recorded.0.is_subset(&upgraded.0), "seed {seed}: parts {:?}", recorded.0.difference(&upgraded.0));
        assert_eq!(recorded.1, upgraded.1, "seed {seed}: patterns that programs may use");
        assert!(recorded.2.iter().zip(&upgraded.2).all(|(old, new)| new <= old), "seed {seed}: how long passes last");
        parts += upgraded.0.len();
        narrower += recorded.2.iter().zip(&upgraded.2).filter(|(old, new)| new < old).count();
    }
    assert!(parts > 100, "only {parts} uses of parts");
    println!("{parts} uses of parts, {narrower} passes looked for less far back");
}
