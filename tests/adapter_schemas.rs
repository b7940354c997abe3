//! The JSON Schemas in `schemas/adapter/` are those of the lines that are spoken, and the protocol
//! page speaks them.
//!
//! `UPDATE_SCHEMAS=1 cargo test --test adapter_schemas` writes them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use syncheck::adapters::{LineSchemas, reply_schema, request_schema};
use syncheck::families::{Catalog, FamilyId, Visit, headers_first::HeadersFirst};

struct Schemas;

impl Visit for Schemas {
    type Output = [(String, Value); 2];

    fn visit<F: Catalog>(self) -> Self::Output {
        [
            (format!("{}-request.json", F::NAME), request_schema::<F>().to_value()),
            (format!("{}-reply.json", F::NAME), reply_schema::<F>().to_value()),
        ]
    }
}

fn schemas() -> BTreeMap<String, Value> {
    FamilyId::ALL.into_iter().flat_map(|family| family.visit(Schemas)).collect()
}

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[test]
fn the_schemas_are_those_of_the_types() {
    let folder = root("schemas/adapter");
    let schemas = schemas();
    for (name, schema) in &schemas {
        let (path, text) = (folder.join(name), format!("{schema:#}\n"));
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &text).unwrap();
        }
        let there = fs::read_to_string(&path).unwrap_or_default();
        assert!(there == text, "{name}: run UPDATE_SCHEMAS=1 cargo test --test adapter_schemas");
    }
    let files: Vec<String> = folder.read_dir().unwrap().flatten().map(file_name).collect();
    assert_eq!(files.len(), schemas.len(), "{files:?}");
}

fn file_name(entry: fs::DirEntry) -> String {
    entry.file_name().to_string_lossy().into_owned()
}

#[test]
fn the_schemas_are_closed() {
    for (name, schema) in schemas() {
        assert!(jsonschema::meta::is_valid(&schema), "{name} is no JSON Schema");
        open_objects(&name, &schema);
    }
}

/// No object may have fields that the schema does not name.
fn open_objects(path: &str, value: &Value) {
    if value.get("type").is_some_and(|kind| kind == "object") {
        assert_eq!(value.get("additionalProperties"), Some(&Value::Bool(false)), "{path}");
    }
    match value {
        Value::Array(list) => list.iter().for_each(|value| open_objects(path, value)),
        Value::Object(map) => {
            for (key, value) in map {
                open_objects(&format!("{path}/{key}"), value);
            }
        }
        _ => {}
    }
}

/// What the page shows is what the schemas allow, but for the lines that it shows as wrong.
#[test]
fn the_transcripts_fit_the_schemas() {
    let schemas = LineSchemas::of::<HeadersFirst>();
    let page = fs::read_to_string(root("docs/adapter-protocol.md")).unwrap();
    let transcripts = page.split("```transcript\n").skip(1).map(|part| part.split("```").next());
    let (mut requests, mut replies) = (0, 0);
    for line in transcripts.flatten().flat_map(str::lines) {
        if let Some(reply) = line.strip_prefix("< ") {
            schemas.check_reply(reply.as_bytes()).unwrap_or_else(|it| panic!("{it}: {line}"));
            replies += 1;
        } else if let Some(request) = line.strip_prefix("> ") {
            let is_wrong = request.contains("\"chess\"") || request.contains("\"shout\"");
            let fits = schemas.check_request(request.as_bytes());
            assert_eq!(fits.is_ok(), !is_wrong, "{fits:?}: {line}");
            requests += 1;
        }
    }
    assert!(requests >= 15 && replies == requests, "{requests} requests, {replies} replies");
}

/// A misfit is named by its place and cause, in the alternative that was meant.
#[test]
fn misfits_are_named() {
    let schemas = LineSchemas::of::<HeadersFirst>();
    let outputs = |output: &str| format!(r#"{{"type":"done","seq":1,"outputs":[{output}]}}"#);
    let cases = [
        (r#"{"type":"maybe","seq":1}"#.to_owned(), "/type", r#""unsupported""#),
        (r#"{"type":"done","seq":-1}"#.to_owned(), "/seq", "minimum"),
        (r#"{"type":"done","seq":9007199254740992}"#.to_owned(), "/seq", "maximum"),
        (r#"{"type":"done","seq":1,"output":[]}"#.to_owned(), "", "'output'"),
        (r#"{"type":"error","seq":1}"#.to_owned(), "", "message"),
        ("[1]".to_owned(), "", "oneOf"),
        ("half".to_owned(), "", "no JSON"),
        (outputs(r#"{"type":"shout"}"#), "/outputs/0/type", "send"),
        (
            outputs(r#"{"type":"send","peer":70000,"message":{"type":"send_headers"}}"#),
            "/outputs/0/peer",
            "65535",
        ),
        (
            outputs(
                r#"{"type":"send","peer":1,"message":{"type":"get_data","items":[{"kind":"block","hash":"0xAB"}]}}"#,
            ),
            "/outputs/0/message/items/0/hash",
            "0-9a-f",
        ),
        (
            outputs(
                r#"{"type":"send","peer":1,"message":{"type":"get_data","items":[{"kind":"blog","hash":"0xAB"}]}}"#,
            ),
            "/outputs/0/message/items/0/kind",
            r#""witness_block""#,
        ),
    ];
    for (line, path, cause) in cases {
        let misfit = schemas.check_reply(line.as_bytes()).unwrap_err();
        assert_eq!(misfit.path, path, "{line}: {misfit}");
        assert!(misfit.cause.contains(cause), "{line}: {misfit}");
    }
}
