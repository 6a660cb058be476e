//! The pages for those who come from other pools: what their tables promise is in their examples, which
//! are compiled and run.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

/// What stands for the reader's own values and functions.
const PLACEHOLDERS: [&str; 7] = ["f", "g", "h", "init", "inputs", "items", "_"];
const KEYWORDS: [&str; 6] = ["async", "await", "for", "match", "move", "static"];

#[test]
fn every_call_of_the_tables_is_in_an_example() {
    let pages = pages();
    let names: HashSet<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
    assert!(names.contains("threadpool") && names.len() > 10, "{names:?}");
    for (name, text) in &pages {
        let compiled: HashSet<&str> = examples(text).flat_map(words).collect();
        assert!(our_calls(text).len() > 3, "{name} has no table");
        for call in our_calls(text) {
            // The name of another page is no call.
            let missing: Vec<&str> = words(call)
                .filter(|word| !compiled.contains(word) && !names.contains(word))
                .filter(|word| !PLACEHOLDERS.contains(word) && !KEYWORDS.contains(word))
                .collect();
            assert!(missing.is_empty(), "{name}: `{call}`: no example has {missing:?}");
        }
    }
}

#[test]
fn every_page_is_in_the_documentation() {
    let module = include_str!("../src/coming_from.rs");
    for (name, _) in pages() {
        assert!(
            module.contains(&format!("coming_from/{name}.md\")]\npub mod {name} {{}}")),
            "{name}"
        );
    }
}

/// The pages, by their names.
fn pages() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/coming_from");
    let files = fs::read_dir(folder).expect("the folder of the pages");
    let read = files.map(|file| {
        let path = file.expect("a file").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        (name, fs::read_to_string(&path).expect("a page"))
    });
    read.collect()
}

fn examples(page: &str) -> impl Iterator<Item = &str> {
    page.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next())
}

/// The code in the last column of the tables whose last column is headed `here`.
fn our_calls(page: &str) -> Vec<&str> {
    let mut calls = Vec::new();
    let mut is_ours = false;
    for line in page.lines() {
        let ours = line.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
        // A table ends with the first line that is no row of it.
        is_ours = line.starts_with('|') && (is_ours || ours == "here");
        if is_ours {
            calls.extend(ours.split('`').skip(1).step_by(2));
        }
    }
    calls
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    let words = code.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with(|c: char| c.is_alphabetic() || c == '_'))
}
