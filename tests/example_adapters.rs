//! The adapters in `examples/adapters` run, keep the protocol, and fail for the right reason when
//! they are broken. Each needs its toolchain; where that is missing, the reason is said.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

#[expect(dead_code, reason = "other tests need the rest")]
mod support;

use support::has_python;

fn example(language: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/adapters").join(language)
}

fn work(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn syncheck(arguments: &[&str], adapter: &[OsString]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_syncheck"))
        .args(arguments)
        .arg("--")
        .args(adapter)
        .output()
        .expect("syncheck runs")
}

fn skipped(what: &str, why: &str) {
    eprintln!("SKIPPED: the example in {what} did not run: {why}");
}

/// Whether a program runs and likes its arguments.
fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|it| it.success())
}

/// The toy keeps the protocol and passes a search; broken, it is found out in a few inputs.
fn is_told_apart(good: &[OsString], broken: &[OsString]) {
    for adapter in [good, broken] {
        let checked = syncheck(&["adapter", "check", "--validate"], adapter);
        let text = String::from_utf8_lossy(&checked.stdout);
        assert_eq!(checked.status.code(), Some(0), "{adapter:?}: {text}");
        assert!(!text.contains("FAIL"), "{text}");
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let save = folder.path().to_string_lossy();
    let search = ["run", "headers-first", "--cases", "200", "--validate", "--save", &save];
    let run = syncheck(&search, good);
    assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stdout));
    let run = syncheck(&search, broken);
    let text = String::from_utf8_lossy(&run.stdout);
    assert_eq!(run.status.code(), Some(1), "{text}");
    assert!(text.contains("FAIL request-to-connected-peer"), "{text}");
    assert!(text.contains("3 inputs"), "{text}");
}

#[test]
fn go() {
    let toy = work("toy-go");
    if !succeeds(Command::new("go").arg("version")) {
        return skipped("Go", "there is no go");
    }
    let mut build = Command::new("go");
    build.args(["build", "-o"]).arg(&toy).arg(".").current_dir(example("go"));
    let built = build.output().expect("go was found");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    is_told_apart(&[toy.clone().into()], &[toy.into(), "--broken".into()]);
}

#[test]
fn typescript() {
    if !succeeds(Command::new("node").args(["--eval", "0"])) {
        return skipped("TypeScript", "there is no node");
    }
    let source = example("typescript").join("adapter.ts");
    let runs_types = "process.exit(process.features.typescript ? 0 : 1)";
    let adapter = if succeeds(Command::new("node").args(["--eval", runs_types])) {
        source
    } else {
        match compiled() {
            Ok(adapter) => adapter,
            Err(why) => return skipped("TypeScript", &why),
        }
    };
    let good = [OsString::from("node"), adapter.into()];
    let broken = [good[0].clone(), good[1].clone(), "--broken".into()];
    is_told_apart(&good, &broken);
}

/// The adapter as JavaScript, made by the compiler that its package names.
fn compiled() -> Result<PathBuf, String> {
    let folder = work("toy-typescript");
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    for entry in fs::read_dir(example("typescript")).expect("it is there").flatten() {
        if entry.path().is_file() {
            fs::copy(entry.path(), folder.join(entry.file_name())).expect("it is a file");
        }
    }
    let install = ["ci", "--silent", "--ignore-scripts"];
    if !succeeds(Command::new("npm").args(install).current_dir(&folder)) {
        return Err("this node is too old for types, and npm cannot install the compiler".into());
    }
    let build = Command::new("npm").args(["run", "build"]).current_dir(&folder).output();
    let build = build.expect("npm was found");
    assert!(build.status.success(), "{}", String::from_utf8_lossy(&build.stdout));
    Ok(folder.join("dist/adapter.js"))
}

#[test]
fn python() {
    if !has_python() {
        return skipped("Python", "there is no python3 of version 3.9 or later");
    }
    let broken = work("toy-python-broken");
    fs::create_dir_all(&broken).expect("a temporary directory");
    fs::copy(example("python").join("adapter.py"), broken.join("adapter.py")).expect("a file");
    let toy = fs::read_to_string(example("python").join("toy.py")).expect("a file");
    let bug = toy.replace("        self.peers.pop(peer, None)\n", "");
    assert_ne!(bug, toy, "the bug is made");
    fs::write(broken.join("toy.py"), bug).expect("it can be written");
    let command =
        |folder: &Path| -> [OsString; 2] { ["python3".into(), folder.join("adapter.py").into()] };
    is_told_apart(&command(&example("python")), &command(&broken));
}
