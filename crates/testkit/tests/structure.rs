//! The house rules that a compiler does not know: which crate may lean on which, that modules import one way, and what each crate refuses to
//! know. `docs/ARCHITECTURE.md` says why.
//!
//! It reads `cargo metadata` and the text of the sources, so it costs no build. It is simple and says so: comments, strings and `#[cfg(test)]` are cut
//! out, paths are followed through `use` and re-exports, macros are not expanded.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

mod source;

use source::{Module, modules, plain, strip};

/// Who may lean on whom. Dependencies for tests may add to it, as long as no circle closes.
const ARROWS: &[(&str, &[&str])] = &[
    ("kernel", &[]),
    ("seal", &[]),
    ("factory", &[]),
    ("store", &["kernel"]),
    ("adapters", &["kernel"]),
    ("testkit", &["kernel"]),
    ("app", &["kernel", "seal", "store", "adapters"]),
    ("web", &["app", "kernel"]),
    ("tracewright", &["app", "web", "factory", "seal", "kernel"]),
    ("outside", &["app", "adapters", "seal", "kernel", "testkit"]),
];

/// Outside crates that belong to one room of the house.
const ROOMS: &[(&str, &[&str], &str)] = &[
    ("rusqlite", &["store"], "SQL stays in the store"),
    ("axum", &["web"], "only the web knows HTTP"),
    ("tower-http", &["web"], "only the web knows HTTP"),
    ("askama", &["web"], "only the web makes pages"),
    ("clap", &["tracewright"], "only the binary knows arguments"),
    ("anyhow", &["tracewright"], "boxed errors are for the binary; elsewhere an enum per border"),
];

/// Words that code of a crate must not say, unless the crate is in the list.
const REFUSALS: &[(&[&str], &[&str], &str)] = &[
    (&["unsafe"], &[], "no unsafe code"),
    (
        &["env::var", "env::vars", "env::var_os", "env::vars_os", "env::args", "env::args_os"],
        &["tracewright"],
        "past `main` nobody reads the environment or the arguments: hand it in as a setting",
    ),
    (&["StatusCode"], &["web"], "only the web knows status codes"),
    (&["process::exit"], &["tracewright"], "only the binary ends the process"),
];

/// Words that one crate must not say.
const PURE: &[(&str, &[&str], &str)] = &[
    (
        "kernel",
        &[
            "SystemTime",
            "Instant",
            "Timestamp::now",
            "Zoned::now",
            "std::fs",
            "std::net",
            "std::io",
            "std::thread",
            "async",
            "getrandom",
        ],
        "the kernel knows no clock, no I/O, no threads, no chance: hand it in",
    ),
    (
        "seal",
        &["SystemTime", "Timestamp::now", "std::net", "async"],
        "the seal takes bytes and gives proofs; times are the caller's",
    ),
    (
        "adapters",
        &["std::net::TcpStream::connect_timeout", "SystemTime", "Timestamp::now"],
        "a parser is pure: the time of receipt is handed in",
    ),
];

struct Crate {
    name: String,
    folder: PathBuf,
    uses: BTreeSet<String>,
    uses_in_tests: BTreeSet<String>,
}

fn workspace() -> Vec<Crate> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version=1", "--manifest-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let uses = |test: bool| {
                let all = package["dependencies"].as_array().into_iter().flatten();
                all.filter(|used| (used["kind"] == "dev") == test).map(|used| text(&used["name"])).collect()
            };
            let manifest = PathBuf::from(text(&package["manifest_path"]));
            Crate {
                name: text(&package["name"]),
                folder: manifest.parent().expect("a folder").to_owned(),
                uses: uses(false),
                uses_in_tests: uses(true),
            }
        })
        .collect()
}

fn report(wrongs: &[String]) {
    assert!(wrongs.is_empty(), "\n\n{}\n\nThe map is in docs/ARCHITECTURE.md.\n", wrongs.join("\n"));
}

#[test]
fn crates_lean_downwards_only() {
    let mut wrongs = Vec::new();
    let crates = workspace();
    for found in &crates {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == found.name) else {
            wrongs.push(format!("crate `{}` is not on the map: say in ARROWS what it may lean on, and in docs/ARCHITECTURE.md what it refuses to know", found.name));
            continue;
        };
        for used in found.uses.iter().filter(|used| ARROWS.iter().any(|(name, _)| name == used)) {
            if !allowed.contains(&used.as_str()) {
                wrongs.push(format!("crate `{}` must not lean on `{used}`", found.name));
            }
        }
        for (outside, rooms, reason) in ROOMS {
            if found.uses.contains(*outside) && !rooms.contains(&found.name.as_str()) {
                wrongs.push(format!("crate `{}` must not lean on `{outside}`: {reason}", found.name));
            }
        }
        let manifest = fs::read_to_string(found.folder.join("Cargo.toml")).expect("a manifest");
        if !manifest.contains("[lints]\nworkspace = true") {
            wrongs.push(format!("crate `{}` does not take the lints of the workspace", found.name));
        }
    }
    for (name, _) in ARROWS {
        if !crates.iter().any(|found| found.name == *name) {
            wrongs.push(format!("crate `{name}` is on the map and nowhere else"));
        }
    }
    let factory = crates.iter().find(|found| found.name == "factory").expect("the factory");
    for used in factory.uses.union(&factory.uses_in_tests).filter(|used| ARROWS.iter().any(|(name, _)| name == used)) {
        wrongs.push(format!(
            "crate `factory` must not lean on `{used}`, not even in tests: it is the ground truth for it"
        ));
    }
    let mut graph: Graph = BTreeMap::new();
    for found in &crates {
        let uses = found.uses.union(&found.uses_in_tests).filter(|used| ARROWS.iter().any(|(name, _)| name == used));
        graph.insert(found.name.clone(), uses.cloned().collect());
    }
    for circle in circles(&graph) {
        wrongs.push(format!("crates in a circle: {}", circle.join(", ")));
    }
    report(&wrongs);
}

#[test]
fn modules_import_one_way() {
    let mut wrongs = Vec::new();
    for found in workspace() {
        let modules = modules(&found.folder);
        let mut graph: Graph = BTreeMap::new();
        for module in &modules {
            graph.insert(module.path.clone(), module.uses(&modules).into_keys().collect());
        }
        for circle in circles(&graph).into_iter().map(BTreeSet::from_iter) {
            wrongs.push(format!("crate `{}`: modules in a circle: {}", found.name, listed(&circle)));
            wrongs.extend(arrows_of(&circle, &modules));
        }
    }
    report(&wrongs);
}

fn listed(circle: &BTreeSet<String>) -> String {
    circle.iter().cloned().collect::<Vec<_>>().join(", ")
}

fn arrows_of(circle: &BTreeSet<String>, modules: &[Module]) -> Vec<String> {
    let inside = modules.iter().filter(|module| circle.contains(&module.path));
    let lines = inside.flat_map(|module| {
        module
            .uses(modules)
            .into_iter()
            .filter(|(used, _)| circle.contains(used))
            .map(|(used, what)| {
                format!("    {} -> {used}: {}", module.path, what.into_iter().collect::<Vec<_>>().join(", "))
            })
            .collect::<Vec<_>>()
    });
    lines.collect()
}

#[test]
fn each_crate_refuses_what_it_says() {
    let mut wrongs = Vec::new();
    for found in workspace() {
        for (path, text) in sources(&found.folder) {
            let shown =
                path.strip_prefix(found.folder.parent().expect("a folder")).expect("inside").display().to_string();
            let code = plain(&text);
            for (words, rooms, reason) in REFUSALS {
                if !rooms.contains(&found.name.as_str()) {
                    wrongs.extend(said(&code, words).map(|word| format!("{shown} says `{word}`: {reason}")));
                }
            }
            for (_, words, reason) in PURE.iter().filter(|(name, _, _)| *name == found.name) {
                wrongs.extend(said(&code, words).map(|word| format!("{shown} says `{word}`: {reason}")));
            }
            if found.name != "store" {
                wrongs
                    .extend(sql(&strip(&text)).map(|word| format!("{shown} says `{word}`: SQL stays in crates/store")));
            }
        }
    }
    report(&wrongs);
}

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("text");
                found.push((path, text));
            }
        }
    }
    found.sort();
    found
}

fn said<'a>(code: &'a str, words: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
    let edge = |letter: Option<char>| !letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    words.iter().copied().filter(move |word| {
        code.match_indices(word)
            .any(|(at, _)| edge(code[..at].chars().next_back()) && edge(code[at + word.len()..].chars().next()))
    })
}

/// Statements in what looks like SQL. `code` still has its strings.
fn sql(code: &str) -> impl Iterator<Item = &'static str> {
    const PAIRS: &[(&str, &str)] = &[
        ("SELECT ", " FROM "),
        ("INSERT INTO ", "("),
        ("UPDATE ", " SET "),
        ("DELETE FROM ", ""),
        ("CREATE TABLE ", ""),
        ("PRAGMA ", ""),
    ];
    PAIRS
        .iter()
        .filter(|(first, then)| code.match_indices(first).any(|(at, _)| near(&code[at..], then)))
        .map(|(first, _)| *first)
}

fn near(code: &str, then: &str) -> bool {
    let end = code.char_indices().nth(400).map_or(code.len(), |(end, _)| end);
    code[..end].contains(then)
}

type Graph = BTreeMap<String, BTreeSet<String>>;

/// Nodes that reach each other, sorted; a node alone is no circle.
fn circles(graph: &Graph) -> Vec<Vec<String>> {
    let reach: BTreeMap<&String, BTreeSet<&String>> = graph.keys().map(|node| (node, reachable(graph, node))).collect();
    let mut found = BTreeSet::new();
    for (node, reached) in &reach {
        let circle: Vec<String> = reached
            .iter()
            .filter(|other| reach.get(**other).is_some_and(|back| back.contains(*node)))
            .map(|other| (**other).clone())
            .collect();
        if circle.len() > 1 {
            found.insert(circle);
        }
    }
    found.into_iter().collect()
}

fn reachable<'a>(graph: &'a Graph, from: &'a String) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from];
    while let Some(node) = next.pop() {
        for other in graph.get(node).into_iter().flatten() {
            if reached.insert(other) {
                next.push(other);
            }
        }
    }
    reached
}

#[test]
fn a_circle_is_seen() {
    let graph: Graph = [("a", vec!["b"]), ("b", vec!["c"]), ("c", vec!["b"]), ("d", vec!["a"])]
        .into_iter()
        .map(|(node, uses)| (node.to_owned(), uses.into_iter().map(str::to_owned).collect()))
        .collect();
    assert_eq!(circles(&graph), vec![vec!["b".to_owned(), "c".to_owned()]]);
}
