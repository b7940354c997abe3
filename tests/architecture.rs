//! Keeps ARCHITECTURE.md true: which room may import which, and how long things may get.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the sources fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 75;
const LINE_CHARS_MAX: usize = 110;

#[test]
fn rooms_import_only_what_they_may() {
    let rooms = rooms();
    let mut breaches = Vec::new();
    for source in sources() {
        let Some(room) = room_of(&source.path) else { continue };
        let Some(allowed) = rooms.get(&room) else {
            panic!("{room} has no row in the table of ARCHITECTURE.md")
        };
        for (number, line) in source.code_lines() {
            for imported in rooms_in(line, &rooms) {
                if imported != room && !allowed.contains(&imported) {
                    breaches.push(format!("{}:{number}: {room} imports {imported}", source.name()));
                }
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn families_do_not_know_each_other() {
    let mut breaches = Vec::new();
    for source in sources() {
        let Some(family) = family_of(&source.path) else { continue };
        for (number, line) in source.code_lines() {
            let Some(start) = line.find("crate::families::") else { continue };
            let rest = &line[start + "crate::families::".len()..];
            let named: String =
                rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            // What the families share stands beside them, in files.
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/families").join(&named);
            if rest[named.len()..].starts_with("::") && named != family && folder.is_dir() {
                breaches.push(format!("{}:{number}: {family} imports {named}", source.name()));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn tokio_and_clocks_stay_in_adapters() {
    let clocks = ["tokio::", "Instant::now", "SystemTime", "thread::sleep", "std::net"];
    let random = ["thread_rng", "rand::rng", "HashMap<", "HashSet<", "RandomState"];
    let mut breaches = Vec::new();
    for source in sources() {
        let room = room_of(&source.path).unwrap_or_default();
        for (number, line) in source.code_lines() {
            let reads_clock = clocks.iter().any(|word| line.contains(word)) && room != "adapters";
            // The tables without an order stand on a map that has none to show.
            let is_random = random.iter().any(|word| line.contains(word))
                && source.name() != "src/machine/table.rs";
            if reads_clock || is_random {
                breaches.push(format!("{}:{number}: {}", source.name(), line.trim()));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn module_files_hold_docs_and_names_only() {
    let items =
        ["fn ", "struct ", "impl", "enum ", "trait ", "static ", "const ", "type ", "macro_rules!"];
    let mut breaches = Vec::new();
    for source in sources() {
        let name = source.path.file_name().and_then(|name| name.to_str());
        if !matches!(name, Some("mod.rs" | "lib.rs")) {
            continue;
        }
        for (number, line) in source.code_lines() {
            if items.iter().any(|start| without_visibility(line.trim()).starts_with(start)) {
                breaches.push(format!("{}:{number}: {}", source.name(), line.trim()));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

/// `pub(super) fn f()` as `fn f()`.
fn without_visibility(line: &str) -> &str {
    let Some(rest) = line.strip_prefix("pub") else { return line };
    let rest = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')).map_or(rest, |it| it.1);
    rest.trim_start()
}

#[test]
fn files_functions_and_lines_stay_short() {
    let mut breaches = Vec::new();
    for source in sources() {
        let lines: Vec<&str> = source.text.lines().collect();
        if lines.len() > FILE_LINES_MAX {
            breaches.push(format!("{}: {} lines", source.name(), lines.len()));
        }
        for (index, line) in lines.iter().enumerate() {
            if line.chars().count() > LINE_CHARS_MAX && !line.contains("0x") {
                breaches.push(format!("{}:{}: a long line", source.name(), index + 1));
            }
            if !is_function(line.trim_start()) {
                continue;
            }
            let end = format!("{}}}", " ".repeat(line.len() - line.trim_start().len()));
            let length = lines[index..].iter().position(|line| line.trim_end() == end);
            if length.is_some_and(|length| length > FUNCTION_LINES_MAX) {
                breaches.push(format!("{}:{}: a long function", source.name(), index + 1));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn nothing_is_left_open() {
    // The words are written apart, so that a search for them does not find this file.
    let open = [["TO", "DO"].concat(), ["FIX", "ME"].concat()];
    let left = ["dbg!(", "todo!(", "unimplemented!(", "#[allow(", "#[ignore"];
    let mut breaches = Vec::new();
    for source in sources() {
        for (number, line) in source.text.lines().enumerate() {
            if open.iter().any(|word| line.contains(word.as_str()))
                || left.iter().any(|word| line.contains(word))
            {
                breaches.push(format!("{}:{}: {}", source.name(), number + 1, line.trim()));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

/// Who may import whom: the rows of the table in ARCHITECTURE.md.
fn rooms() -> BTreeMap<String, Vec<String>> {
    let page = include_str!("../ARCHITECTURE.md");
    let mut rooms = BTreeMap::new();
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [room, _, imports] = cells[..] else { panic!("a row has three cells: {row}") };
        let room = room.trim_matches('`').to_owned();
        let imports = match imports {
            "–" => Vec::new(),
            names => names.split(", ").map(str::to_owned).collect(),
        };
        assert!(rooms.insert(room, imports).is_none(), "one row a room: {row}");
    }
    for name in rooms.values().flatten() {
        assert!(rooms.contains_key(name), "{name} is imported and has no row in ARCHITECTURE.md");
    }
    rooms
}

struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    fn name(&self) -> String {
        format!("src/{}", self.path.display())
    }

    /// The lines that are no comments, with their numbers.
    fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
            .map(|(index, line)| (index + 1, line))
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push(Source { path: path.strip_prefix(&root).unwrap().to_owned(), text });
            }
        }
    }
    assert!(found.len() > 20, "the sources are found");
    found
}

/// The room that a file belongs to; none for `lib.rs` and `main.rs`.
fn room_of(path: &Path) -> Option<String> {
    let first = path.iter().next()?.to_str()?;
    let room = first.strip_suffix(".rs").unwrap_or(first);
    (!matches!(room, "lib" | "main")).then(|| room.to_owned())
}

fn family_of(path: &Path) -> Option<String> {
    let mut parts = path.iter().filter_map(|part| part.to_str());
    (parts.next()? == "families").then_some(())?;
    let family = parts.next()?;
    (!family.ends_with(".rs")).then(|| family.to_owned())
}

/// The rooms that a line names after `crate::`. A group of rooms would hide them.
fn rooms_in(line: &str, rooms: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    assert!(!line.contains("use crate::{"), "import rooms one by one: {line}");
    line.match_indices("crate::")
        .map(|(start, found)| {
            line[start + found.len()..]
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect()
        })
        .filter(|room: &String| rooms.contains_key(room))
        .collect()
}

fn is_function(line: &str) -> bool {
    let line = ["pub(super) ", "pub(crate) ", "pub "]
        .iter()
        .find_map(|visibility| line.strip_prefix(visibility))
        .unwrap_or(line);
    line.starts_with("fn ") || line.starts_with("async fn ") || line.starts_with("const fn ")
}
