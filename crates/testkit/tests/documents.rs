//! Documents are held to what they describe: every kind of event and every field stands in `docs/event-kinds.md`, and relative links lead to files and
//! headings that are there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use kernel::event::Fact;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the checkout")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Markdown files of the house, without what others wrote.
fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with('.') && !["target", "vendor", "node_modules"].contains(&name.as_str())
            {
                folders.push(path);
            } else if name.ends_with(".md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The text without fenced and inline code.
fn prose(text: &str) -> String {
    let fenced = text.split("```").step_by(2).collect::<Vec<_>>().join("\n");
    fenced.lines().map(|line| line.split('`').step_by(2).collect::<Vec<_>>().join("")).collect::<Vec<_>>().join("\n")
}

fn links(text: &str) -> Vec<String> {
    let ends = prose(text);
    ends.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link.to_owned()).collect()
}

/// Anchors of headings, as code hosts make them.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    headings
        .map(|heading| {
            let kept = heading
                .to_lowercase()
                .chars()
                .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter))
                .collect::<String>();
            kept.replace(' ', "-")
        })
        .collect()
}

#[test]
fn links_lead_somewhere() {
    let mut wrongs = Vec::new();
    for document in documents() {
        let text = read(&document);
        for link in links(&text).into_iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target =
                if file.is_empty() { document.clone() } else { document.parent().expect("a folder").join(file) };
            let found =
                target.exists() && (anchor.is_empty() || anchors(&read(&target)).iter().any(|known| known == anchor));
            if !found {
                wrongs.push(format!(
                    "{}: `{link}` leads nowhere",
                    document.strip_prefix(root()).expect("inside").display()
                ));
            }
        }
    }
    assert!(wrongs.is_empty(), "\n{}", wrongs.join("\n"));
}

#[test]
fn every_kind_of_event_is_described() {
    let page = read(&root().join("docs/event-kinds.md"));
    let mut sections: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut section = "";
    for line in page.lines() {
        if let Some(name) = line.strip_prefix("### ") {
            section = name;
        }
        let field = line.strip_prefix("| `").and_then(|rest| rest.split_once('`')).map(|(field, _)| field);
        sections.entry(section).or_default().extend(field);
    }
    let source = read(&root().join("crates/kernel/src/event.rs"));
    let records =
        source.split_once("\nrecord! {\n").and_then(|(_, rest)| rest.split_once("\n}\n")).expect("the records").0;
    let mut described: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut record = "";
    for line in records.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
        if let Some(name) = line.strip_suffix(" {") {
            record = name;
            described.entry(record).or_default();
        } else if let Some((field, _)) = line.split_once(": ") {
            described.entry(record).or_default().push(field);
        }
    }
    let mut wrongs: Vec<String> = Vec::new();
    for (record, fields) in &described {
        match sections.get(record) {
            None => wrongs.push(format!("`{record}` has no section")),
            Some(told) if told != fields => {
                wrongs.push(format!("`{record}` has the fields {fields:?}, the page says {told:?}"))
            }
            Some(_) => {}
        }
    }
    wrongs.extend(
        Fact::KINDS
            .iter()
            .filter(|kind| !described.contains_key(*kind))
            .map(|kind| format!("`{kind}` was not found in event.rs")),
    );
    assert!(wrongs.is_empty(), "\ndocs/event-kinds.md:\n{}", wrongs.join("\n"));
}
