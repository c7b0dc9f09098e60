//! Modules of a crate, and which of them each one imports, read from the text of the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A module in a file of its own.
pub(crate) struct Module {
    /// `crate::question::names`.
    pub(crate) path: String,
    /// Modules that it declares, by name.
    children: BTreeSet<String>,
    /// Paths that it names, as absolute as they can be told without its neighbours.
    paths: Vec<Vec<String>>,
    /// Names that it hands on: name and the path that it stands for.
    hands_on: BTreeMap<String, Vec<String>>,
}

/// All modules of a crate that have files.
pub(crate) fn modules(folder: &Path) -> Vec<Module> {
    let root = ["src/lib.rs", "src/main.rs"].map(|file| folder.join(file)).into_iter().find(|file| file.exists());
    let mut found = Vec::new();
    let mut next = vec![("crate".to_owned(), root.expect("a crate has a root"))];
    while let Some((path, file)) = next.pop() {
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let module = Module::read(&path, &plain(&text));
        let is_root = ["lib.rs", "main.rs", "mod.rs"].iter().any(|name| file.ends_with(name));
        let inner = if is_root { file.parent().expect("a folder").to_owned() } else { file.with_extension("") };
        for child in &module.children {
            let file: Option<PathBuf> = [format!("{child}.rs"), format!("{child}/mod.rs")]
                .into_iter()
                .map(|name| inner.join(name))
                .find(|file| file.exists());
            next.extend(file.map(|file| (format!("{path}::{child}"), file)));
        }
        found.push(module);
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

impl Module {
    fn read(path: &str, code: &str) -> Module {
        let mut module =
            Module { path: path.to_owned(), children: BTreeSet::new(), paths: Vec::new(), hands_on: BTreeMap::new() };
        let mut rest = String::new();
        for statement in statements(code) {
            let bare = without_visibility(&statement);
            if let Some(name) = bare.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) {
                module.children.insert(name.trim().to_owned());
            } else if !bare.starts_with("use ") {
                rest.push_str(&statement);
                rest.push('\n');
            }
        }
        for statement in statements(code) {
            let bare = without_visibility(&statement);
            let Some(tree) = bare.strip_prefix("use ").and_then(|rest| rest.strip_suffix(';')) else { continue };
            for (used, name) in expand(tree) {
                let Some(used) = module.absolute(&used) else { continue };
                module.hands_on.insert(name, used.clone());
                // Handing on what a child has is not leaning on it.
                if bare.len() == statement.len() {
                    module.paths.push(used);
                }
            }
        }
        for named in paths_in(&rest) {
            module.paths.extend(module.absolute(&named));
        }
        module
    }

    /// The path from the crate's root on; `None` for paths into other crates.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let mut here: Vec<String> = self.path.split("::").map(str::to_owned).collect();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" => {
                here.truncate(1);
                rest = &rest[1..];
            }
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|step| step == "super") {
                    here.pop()?;
                    rest = &rest[1..];
                }
            }
            child if self.children.contains(child) => {}
            _ => return None,
        }
        here.extend(rest.iter().cloned());
        Some(here)
    }

    /// Modules that this one leans on, with the names for which it does.
    pub(crate) fn uses(&self, modules: &[Module]) -> BTreeMap<String, BTreeSet<String>> {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for path in &self.paths {
            if let Some((module, name)) = home(path, modules, 0).filter(|(module, _)| *module != self.path) {
                found.entry(module).or_default().insert(name);
            }
        }
        found
    }
}

/// The module in which a path ends, and the name that it has there. A name that is handed on leads further.
fn home(path: &[String], modules: &[Module], depth: u32) -> Option<(String, String)> {
    let find = |path: &str| modules.iter().find(|module| module.path == path);
    let mut here = find(path.first()?)?;
    for (at, step) in path.iter().enumerate().skip(1) {
        if let Some(child) = find(&format!("{}::{step}", here.path)) {
            here = child;
            continue;
        }
        if let Some(target) = here.hands_on.get(step).filter(|_| depth < 8) {
            let further: Vec<String> = target.iter().chain(&path[at + 1..]).cloned().collect();
            return home(&further, modules, depth + 1);
        }
        return Some((here.path.clone(), step.clone()));
    }
    Some((here.path.clone(), "self".to_owned()))
}

/// The text without comments and without what is compiled for tests only.
pub(crate) fn strip(text: &str) -> String {
    let code = without_comments(text);
    let mut out = String::new();
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            out.push_str(line);
            out.push('\n');
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let closing = format!("{}}}", " ".repeat(indent));
        for line in lines.by_ref() {
            let is_attribute = line.trim_start().starts_with("#[");
            if line.starts_with(&closing)
                || (!is_attribute && line.trim_end().ends_with(';') && line.len() - line.trim_start().len() == indent)
            {
                break;
            }
        }
    }
    out
}

/// The text without comments, tests and what stands in strings.
pub(crate) fn plain(text: &str) -> String {
    let code = strip(text);
    let mut out = String::with_capacity(code.len());
    let mut rest = code.as_str();
    while let Some(letter) = rest.chars().next() {
        let skipped = string_length(rest).unwrap_or(0);
        if skipped > 0 {
            out.push_str("\"\"");
            rest = &rest[skipped..];
        } else {
            out.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    out
}

fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let length = if let Some(length) = string_length(rest) {
            out.push_str(&rest[..length]);
            length
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else {
            out.push(letter);
            letter.len_utf8()
        };
        rest = &rest[length..];
    }
    out
}

/// Length of the string or character that the text begins with.
fn string_length(text: &str) -> Option<usize> {
    let marks = text.strip_prefix('r').map_or(0, |raw| raw.len() - raw.trim_start_matches('#').len());
    if let Some(body) = text.strip_prefix('r').and_then(|raw| raw[marks..].strip_prefix('"')) {
        let closing = format!("\"{}", "#".repeat(marks));
        return body.find(&closing).map(|end| 1 + marks + 1 + end + closing.len());
    }
    if text.starts_with('"') {
        let mut escaped = false;
        for (at, letter) in text.char_indices().skip(1) {
            match letter {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => return Some(at + 1),
                _ => {}
            }
        }
        return None;
    }
    // A character, not a lifetime.
    let body = text.strip_prefix('\'')?;
    if body.starts_with('\\') {
        return text.get(3..)?.find('\'').map(|end| end + 4);
    }
    let length = body.chars().next()?.len_utf8();
    body[length..].starts_with('\'').then_some(length + 2)
}

/// Lines, with `use` statements over several lines joined into one.
fn statements(code: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = false;
    for line in code.lines() {
        let line = line.trim();
        match found.last_mut().filter(|_| open) {
            Some(last) => {
                last.push(' ');
                last.push_str(line);
            }
            None => found.push(line.to_owned()),
        }
        let last = found.last().map_or("", String::as_str);
        open = without_visibility(last).starts_with("use ") && !last.ends_with(';');
    }
    found
}

fn without_visibility(statement: &str) -> &str {
    let Some(rest) = statement.strip_prefix("pub") else { return statement };
    let rest = if rest.starts_with('(') { rest.split_once(')').map_or("", |(_, rest)| rest) } else { rest };
    if rest.starts_with(' ') { rest.trim_start() } else { statement }
}

/// The leaves of a `use` tree: path, and the name under which it is known here.
fn expand(tree: &str) -> Vec<(Vec<String>, String)> {
    let tree = tree.trim();
    let Some((head, group)) = tree.split_once('{') else {
        let (path, name) =
            tree.split_once(" as ").map_or((tree, None), |(path, name)| (path, Some(name.trim().to_owned())));
        let mut steps: Vec<String> =
            path.split("::").map(|step| step.trim().to_owned()).filter(|step| !step.is_empty()).collect();
        if steps.last().is_some_and(|step| step == "self" || step == "*") && steps.len() > 1 {
            steps.pop();
        }
        let last = steps.last().cloned().unwrap_or_default();
        return vec![(steps, name.unwrap_or(last))];
    };
    let group = group.trim_end();
    split_outside(group.strip_suffix('}').unwrap_or(group))
        .into_iter()
        .flat_map(|part| expand(&format!("{head}{part}")))
        .collect()
}

fn split_outside(group: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for letter in group.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    parts.into_iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// Paths of two or more steps in code.
fn paths_in(code: &str) -> Vec<Vec<String>> {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
    let words = code.split(|letter| !is_word(letter)).filter(|word| word.contains("::"));
    words
        .map(|word| {
            word.split("::")
                .map(|step| step.trim_matches(':').to_owned())
                .filter(|step| !step.is_empty())
                .collect::<Vec<_>>()
        })
        .filter(|steps| steps.len() > 1)
        .collect()
}

#[test]
fn trees_of_use_unfold() {
    let shown: Vec<String> = expand("super::{self, a::{self, B as C}, d}")
        .into_iter()
        .map(|(path, name)| format!("{} as {name}", path.join("::")))
        .collect();
    assert_eq!(shown, ["super as super", "super::a as a", "super::a::B as C", "super::d as d"]);
}

#[test]
fn strings_comments_and_tests_are_cut() {
    let text = "let a = \"// no\"; // gone\nlet b = '\"';\n#[cfg(test)]\nmod tests {\n    use super::*;\n}\nlet c = r#\"x\"#;\n";
    assert_eq!(plain(text), "let a = \"\"; \nlet b = \"\";\nlet c = \"\";\n");
}
