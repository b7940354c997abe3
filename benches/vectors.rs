//! How fast the committed bundle is written: from its parsed values to canonical text.
//!
//! `cargo bench --bench vectors`

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::Value;
use syncheck::vectors::yaml_of;

const ROUNDS: u32 = 40;

fn main() {
    let values: Vec<Value> = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors"))
        .iter()
        .map(|path| serde_yaml::from_str(&fs::read_to_string(path).expect("it is there")))
        .collect::<Result<_, _>>()
        .expect("committed vectors are YAML");
    let bytes: usize = values.iter().map(|value| yaml_of(value).len()).sum();
    let begin = Instant::now();
    for _ in 0..ROUNDS {
        for value in &values {
            black_box(yaml_of(black_box(value)));
        }
    }
    let seconds = begin.elapsed().as_secs_f64() / f64::from(ROUNDS);
    let megabytes = bytes as f64 / 1e6;
    println!("{} files, {megabytes:.1} MB: {:.0} MB/s", values.len(), megabytes / seconds);
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push(path);
        }
    }
    files
}
