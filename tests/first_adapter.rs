//! The page about the first adapter is true: its files are written, its changes made, its commands
//! run in order, and what it shows is what comes out.

use std::fs;
use std::path::Path;
use std::process::Command;

#[expect(dead_code, reason = "other tests need the rest")]
mod support;

use support::has_python;

const PAGE: &str = include_str!("../docs/first-adapter.md");

#[test]
fn the_page_is_true() {
    if !has_python() {
        eprintln!("SKIPPED: there is no python3 of version 3.9 or later for the first adapter");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let (mut files, mut commands) = (0, 0);
    for (info, block) in blocks(PAGE) {
        match info.split_once(' ') {
            Some(("python", file)) => {
                fs::write(folder.path().join(file), block).expect("it can be written");
                files += 1;
            }
            Some(("diff", file)) => patch(&folder.path().join(file), block),
            None if info == "console" => {
                run(folder.path(), block);
                commands += 1;
            }
            _ => panic!("what is a block of {info:?}?"),
        }
    }
    assert!(files == 3 && commands >= 5, "{files} files, {commands} commands");
}

/// The examples that are for copying are those of the page.
#[test]
fn the_example_is_that_of_the_page() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/adapters/python");
    for (info, block) in blocks(PAGE) {
        if let Some(file @ ("toy.py" | "adapter.py")) = info.strip_prefix("python ") {
            assert!(fs::read_to_string(folder.join(file)).unwrap() == block, "{file} differs");
        }
    }
}

/// The fenced blocks with what stands behind the fence.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let fenced = page.split("```").skip(1).step_by(2);
    fenced.map(|part| part.split_once('\n').expect("a fence is a line")).collect()
}

/// Takes out the lines with a minus, and puts in those with a plus, after the line before.
fn patch(file: &Path, diff: &str) {
    let text = fs::read_to_string(file).expect("it was written before");
    let side = |mark: char| {
        let lines = diff.lines().filter(|line| line.starts_with([' ', mark]));
        lines.map(|line| format!("{}\n", &line[1..])).collect::<String>()
    };
    let (before, after) = (side('-'), side('+'));
    assert!(text.matches(&before).count() == 1, "{before:?} is not once in {}", file.display());
    fs::write(file, text.replace(&before, &after)).expect("it can be written");
}

/// Runs a command; each line that the page shows comes out, in this order. `…` ends a line that
/// goes on differently each time.
fn run(folder: &Path, block: &str) {
    let (command, shown) = block.split_once('\n').expect("a command is a line");
    let arguments = command.strip_prefix("$ syncheck ").expect("it is a command of ours");
    let output = Command::new(env!("CARGO_BIN_EXE_syncheck"))
        .args(arguments.split(' '))
        .current_dir(folder)
        .output()
        .expect("syncheck runs");
    let text = [output.stderr, output.stdout].concat();
    let text = String::from_utf8_lossy(&text);
    let (errors, mut shown): (Vec<&str>, Vec<&str>) =
        shown.lines().partition(|line| line.starts_with("error:") || line.starts_with("warning:"));
    for line in errors {
        assert!(text.lines().any(|came| came == line), "{command}: no {line:?} in\n{text}");
    }
    shown.reverse();
    for came in text.lines() {
        let fits = shown.last().is_some_and(|line| match line.strip_suffix('…') {
            Some(beginning) => came.starts_with(beginning),
            None => came == *line,
        });
        if fits {
            shown.pop();
        }
    }
    assert!(shown.is_empty(), "{command}: no {:?} in\n{text}", shown.last());
}
