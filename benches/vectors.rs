//! How fast the committed bundle is written: from its parsed values to canonical text.
//!
//! `cargo bench --bench vectors`

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::Value;
use syncheck::vectors::yaml_of;

fn write_bundle(criterion: &mut Criterion) {
    let values: Vec<Value> = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors"))
        .iter()
        .map(|path| serde_yaml::from_str(&fs::read_to_string(path).expect("it is there")))
        .collect::<Result<_, _>>()
        .expect("committed vectors are YAML");
    let bytes: usize = values.iter().map(|value| yaml_of(value).len()).sum();
    let mut group = criterion.benchmark_group("vectors");
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("write", |bencher| {
        bencher.iter(|| {
            for value in &values {
                black_box(yaml_of(black_box(value)));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, write_bundle);
criterion_main!(benches);

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
