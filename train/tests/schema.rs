//! The schema of run files says what the program reads: the files of the repository are valid under it, wrong ones are not.
//!
//! The validator here knows the words of JSON Schema that the schema uses, and fails for others.

use std::path::{Path, PathBuf};

use gcnn_train::run_file::{RunConfig, schema};
use rstest::rstest;
use serde_json::Value;

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All files under a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut all: Vec<PathBuf> = paths
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => vec![path],
        })
        .collect();
    all.sort();
    all
}

/// What a value breaks of a schema; nothing where it is valid.
fn faults(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut all = Vec::new();
    let object = schema.as_object().expect("a schema");
    let mut demand = |holds: bool, word: &str| {
        if !holds {
            all.push(format!("{at}: {word}, found {value}"));
        }
    };
    let inner = |schema: &Value, value: &Value, key: &str| {
        faults(root, schema, value, &format!("{at}/{key}"))
    };
    let mut within = Vec::new();
    for (word, said) in object {
        match word.as_str() {
            "$schema" | "$defs" | "title" | "description" | "default" | "examples" => {}
            // A group's name; regular expressions are left to editors.
            "pattern" => {}
            "$ref" => {
                let name = said.as_str().and_then(|to| to.strip_prefix("#/$defs/"));
                within.extend(faults(
                    root,
                    &root["$defs"][name.expect("a definition")],
                    value,
                    at,
                ));
            }
            "type" => demand(
                match said.as_str().expect("one type") {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "integer" => value.is_i64() || value.is_u64(),
                    "number" => value.is_number(),
                    other => panic!("a type {other}"),
                },
                said.as_str().expect("one type"),
            ),
            "const" => demand(said == value, "const"),
            "enum" => demand(said.as_array().expect("a list").contains(value), "enum"),
            "minimum" => {
                let found = value.as_f64();
                demand(
                    found.is_none_or(|found| found >= said.as_f64().expect("a number")),
                    word,
                );
            }
            "minItems" | "maxItems" => {
                let found = value.as_array().map_or(0, Vec::len) as u64;
                let bound = said.as_u64().expect("a number");
                let holds = match word.as_str() {
                    "minItems" => found >= bound,
                    _ => found <= bound,
                };
                demand(holds || !value.is_array(), word);
            }
            "oneOf" => {
                let all = said.as_array().expect("a list").iter();
                let each: Vec<_> = all.map(|one| faults(root, one, value, at)).collect();
                let valid = each.iter().filter(|faults| faults.is_empty()).count();
                demand(valid == 1, &format!("{valid} of {each:?}"));
            }
            "anyOf" => {
                let mut all = said.as_array().expect("a list").iter();
                demand(all.any(|one| faults(root, one, value, at).is_empty()), word);
            }
            "required" => {
                let names = said.as_array().expect("a list").iter();
                let missing = names
                    .filter_map(Value::as_str)
                    .find(|name| value.get(name).is_none());
                demand(missing.is_none(), &format!("required {missing:?}"));
            }
            "items" => {
                for one in value.as_array().into_iter().flatten() {
                    within.extend(inner(said, one, "*"));
                }
            }
            "properties" => {
                for (key, schema) in said.as_object().expect("an object") {
                    if let Some(value) = value.get(key) {
                        within.extend(inner(schema, value, key));
                    }
                }
            }
            "additionalProperties" => {
                let known = |key: &str| {
                    object
                        .get("properties")
                        .is_some_and(|p| p.get(key).is_some())
                };
                for (key, value) in value.as_object().into_iter().flatten() {
                    match said {
                        _ if known(key) => {}
                        Value::Bool(false) => within.push(format!("{at}: unknown key {key}")),
                        schema => within.extend(inner(schema, value, key)),
                    }
                }
            }
            other => panic!("the validator does not know `{other}`"),
        }
    }
    all.extend(within);
    all
}

fn check(text: &str) -> Vec<String> {
    let file: Value = toml::from_str(text).expect("TOML");
    let schema = schema();
    faults(&schema, &schema, &file, "")
}

#[test]
fn the_files_of_the_repository_are_valid() {
    let configs = files(&root().join("configs"));
    assert!(configs.len() > 15, "{configs:?}");
    for path in configs {
        let text = std::fs::read_to_string(&path).expect("text");
        assert_eq!(check(&text), [""; 0], "{}", path.display());
        // What is written of it, with all defaults, is valid too.
        let config = RunConfig::parse(&text, &path, &[]).expect("a run file");
        let whole = config.to_toml().expect("TOML");
        assert_eq!(check(&whole), [""; 0], "{whole}");
    }
    assert_eq!(check(""), [""; 0]);
}

#[rstest]
#[case::slip("[training]\nepoch = 3")]
#[case::no_table("[trainin]\nepochs = 3")]
#[case::misplaced("epochs = 3")]
#[case::other_kind("[optimizer]\nmomentum = 0.9")]
#[case::other_kind_by_name("[optimizer]\nkind = \"sgd\"\nbeta_1 = 0.9")]
#[case::other_network("[model]\ngrowth = 3")]
#[case::other_edges("task = \"nbody\"\n[graph]\nedges = \"nearest\"\nradius = 1.0")]
#[case::other_task("task = \"nbody\"\n[augmentation]\nflip = true")]
#[case::no_kind("[schedule]\nkind = \"cosin\"")]
#[case::no_task("task = \"n-body\"")]
#[case::no_value("[training]\non_divergence = \"explode\"")]
#[case::text("[optimizer]\nlr = \"small\"")]
#[case::fraction("[training]\nepochs = 1.5")]
#[case::negative("seed = -1")]
#[case::single("[model]\nchannels = 3")]
#[case::inner("[model]\nkernel = { basis = \"pixel\", order = 2 }")]
fn a_wrong_file_is_not(#[case] text: &str) {
    assert_ne!(check(text), [""; 0], "{text}");
    // The program says so, too.
    RunConfig::parse(text, Path::new("run.toml"), &[]).expect_err("a wrong file");
}

#[test]
fn the_schema_of_the_repository_is_up_to_date() {
    let path = root().join("docs/run-file.schema.json");
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == format!("{:#}\n", schema()),
        "docs/run-file.schema.json is not what the structs say; write it again with\n  \
         cargo run --release -- config --schema > docs/run-file.schema.json"
    );
}

#[test]
fn the_files_of_the_repository_name_it() {
    for path in files(&root().join("configs")) {
        let text = std::fs::read_to_string(&path).expect("text");
        let line = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("#:schema "));
        let named = line.map(|line| path.with_file_name("").join(line));
        let schema = named.and_then(|path| path.canonicalize().ok());
        let expected = root().join("docs/run-file.schema.json").canonicalize();
        assert_eq!(schema, expected.ok(), "{}", path.display());
    }
}
