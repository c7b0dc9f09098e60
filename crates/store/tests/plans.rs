//! No question walks a whole table: every statement of the reader is planned on the empty schema and must find its rows by more than the site.

use rusqlite::Connection;

/// Statements that may: their tables are small, they take the first or last row, or list all things of a kind.
const WHOLE: &[&str] =
    &["FROM clock", "FROM tail", "FROM heartbeat", "FROM dbstat", "FROM thing WHERE site = ?1 AND kind = ?2"];

/// The text of the reader.
const SOURCES: [&str; 9] = [
    include_str!("../src/sqlite/reader.rs"),
    include_str!("../src/sqlite/reader/belonging.rs"),
    include_str!("../src/sqlite/reader/log.rs"),
    include_str!("../src/sqlite/reader/mounts.rs"),
    include_str!("../src/sqlite/reader/names.rs"),
    include_str!("../src/sqlite/reader/packages.rs"),
    include_str!("../src/sqlite/reader/passes.rs"),
    include_str!("../src/sqlite/reader/placements.rs"),
    include_str!("../src/sqlite/reader/products.rs"),
];

/// The statements in the text of the reader. Those put together at run time get a condition that stands for all of theirs.
fn statements() -> Vec<String> {
    let source = SOURCES.concat();
    let mut found: Vec<String> = Vec::new();
    for (at, _) in source.match_indices("\"SELECT") {
        let Some((text, _)) = source[at + 1..].split_once('"') else { continue };
        if text.contains("{condition}") {
            let columns: &[(&str, &str)] = if text.contains("FROM mount") {
                &[
                    ("mount_during", "station = ?3"),
                    ("mount_place", "station = ?3 AND place IS ?4 AND at BETWEEN ?5 AND ?6"),
                    ("mount_thing", "thing = ?3"),
                    ("mount_thing", "thing = ?3 AND span = ?4 AND at BETWEEN ?5 AND ?6"),
                ]
            } else {
                &[
                    ("within_child", "child IN (SELECT value FROM rarray(?3))"),
                    ("within_parent", "parent = ?3"),
                    ("within_parent", "parent = ?3 AND child = -1"),
                ]
            };
            found.extend(
                columns.iter().map(|(index, column)| text.replace("{condition}", column).replace("{index}", index)),
            );
        } else {
            found.push(text.to_owned());
        }
    }
    found
}

#[test]
fn every_statement_finds_its_rows_by_more_than_the_site() {
    let connection = Connection::open_in_memory().expect("opens");
    rusqlite::vtab::array::load_module(&connection).expect("arrays");
    connection.execute_batch(include_str!("../src/sqlite/schema.sql")).expect("the schema");
    let statements = statements();
    assert!(statements.len() > 35, "only {} statements were found", statements.len());
    let mut walks = Vec::new();
    for statement in &statements {
        if WHOLE.iter().any(|table| statement.contains(table)) {
            continue;
        }
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).expect(statement);
        let values = vec![0_i64; plan.parameter_count()];
        let steps: Vec<String> = plan
            .query_map(rusqlite::params_from_iter(values), |row| row.get(3))
            .expect("plans")
            .collect::<Result<_, _>>()
            .expect("plans");
        for step in steps {
            // What is visible is nearly everything: a bound on the index of the log narrows nothing.
            let by_site_alone = ["(site=?)", "(site=? AND seq<?)"].iter().any(|end| step.ends_with(end));
            // What is asked for is walked.
            let walk = step.starts_with("SCAN") && !step.contains("VIRTUAL TABLE");
            if walk || by_site_alone {
                walks.push(format!("{step}: {statement}"));
            }
        }
    }
    assert!(walks.is_empty(), "{}", walks.join("\n"));
}
