//! Every key of a run file in words, read off the schema: what `gcnn config --explain` prints and errors hint at.

use std::sync::LazyLock;

use serde_json::Value as Schema;
use toml::de::DeTable;
use toml::{Table, Value};

use super::lines::Lines;
use super::settings::value_of;
use super::{RunConfig, TaskName, schema};

/// A key of a task's run files.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Key {
    /// Its full name, `section.key`.
    pub name: String,
    /// The kind of its table that has it, as `("kind", "sgd")`; none where all have it.
    pub kind: Option<(String, String)>,
    /// Whether it is the one that decides on the others of its table.
    pub chooses: bool,
    /// What may stand there.
    values: String,
    /// What it means.
    doc: String,
    /// What each of its values means, where they have names.
    meanings: Vec<(String, String)>,
    /// What it is where it is left out.
    default: Option<Value>,
}

impl Key {
    /// The last part of its name.
    pub fn leaf(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or(&self.name)
    }

    /// The table that it is in; empty at the top.
    fn section(&self) -> &str {
        self.name
            .rsplit_once('.')
            .map_or("", |(section, _)| section)
    }
}

/// The keys of a task's run files, in the order in which they are written, those of tables after those of the top.
pub(super) fn keys(task: TaskName) -> &'static [Key] {
    static ALL: LazyLock<Vec<(TaskName, Vec<Key>)>> = LazyLock::new(|| {
        let root = schema();
        let all = TaskName::ALL.into_iter();
        all.map(|task| (task, read(&root, task))).collect()
    });
    let own = ALL.iter().find(|(name, _)| *name == task);
    own.map_or(&[], |(_, keys)| keys)
}

/// Reads a task's keys off the schema of all.
fn read(root: &Schema, task: TaskName) -> Vec<Key> {
    let files = root["oneOf"].as_array();
    let file = files.and_then(|files| {
        (files.iter()).find(|file| file["properties"]["task"]["const"] == task.name())
    });
    let mut keys = Vec::new();
    if let Some(file) = file {
        let run = Written::new(task, None);
        walk(
            root,
            file,
            "",
            &run,
            &|kind| Written::new(task, Some(kind)),
            &mut keys,
        );
    }
    keys
}

/// What the run of a task is written as.
struct Written {
    table: Table,
    lines: Option<Lines>,
}

impl Written {
    /// The defaults, of a kind of a table where there is one: the table's name, the key that chooses and its value.
    fn new(task: TaskName, kind: Option<[&str; 3]>) -> Self {
        let mut given = Table::new();
        given.insert("task".into(), task.name().into());
        if let Some([section, key, value]) = kind {
            let table: Table = [(key.to_string(), value.into())].into_iter().collect();
            given.insert(section.into(), table.into());
        }
        let run = RunConfig::read(task, given);
        let text = run
            .ok()
            .and_then(|run| run.to_toml().ok())
            .unwrap_or_default();
        let document = DeTable::parse(&text).ok();
        Self {
            lines: document.map(|document| Lines::new(&text, document.get_ref())),
            table: text.parse().unwrap_or_default(),
        }
    }

    /// The names of a table in the order in which they are written; those that are left out come last.
    fn order<'a>(&self, section: &str, names: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
        let written = self.lines.as_ref().map(|lines| lines.order(section));
        let written = written.unwrap_or_default();
        let place = |name: &str| written.iter().position(|found| *found == name);
        let mut names: Vec<&str> = names.map(String::as_str).collect();
        // Stable: what is left out stays as it came.
        names.sort_by_key(|name| place(name).unwrap_or(usize::MAX));
        names
    }
}

/// Collects the keys of a table of this schema. `kinds` writes the run with another kind of a table.
fn walk(
    root: &Schema,
    schema: &Schema,
    section: &str,
    run: &Written,
    kinds: &dyn Fn([&str; 3]) -> Written,
    keys: &mut Vec<Key>,
) {
    let name_of = |leaf: &str| match section {
        "" => leaf.to_string(),
        section => format!("{section}.{leaf}"),
    };
    let mut tables = Vec::new();
    let variants = variants(schema);
    for variant in &variants {
        let other;
        let run = match &variant.kind {
            Some((key, value)) => {
                other = kinds([section, key, value]);
                &other
            }
            None => run,
        };
        let Some(own) = variant.schema["properties"].as_object() else {
            continue;
        };
        for leaf in run.order(section, own.keys()) {
            let inner = resolved(root, &own[leaf]);
            if section.is_empty() && is_table(&inner) {
                tables.push((leaf.to_string(), inner));
                continue;
            }
            let chooses = variant.kind.as_ref().is_some_and(|(key, _)| key == leaf);
            let is_shared =
                chooses || (variants.iter()).all(|v| v.schema["properties"][leaf] == own[leaf]);
            let key = Key {
                name: name_of(leaf),
                kind: variant.kind.clone().filter(|_| !is_shared),
                chooses,
                values: match chooses {
                    true => choices(&variants),
                    false => values(root, &inner),
                },
                doc: match chooses {
                    true => words(schema),
                    false => words(&inner),
                },
                meanings: match chooses {
                    true => (variants.iter()).filter_map(Variant::meaning).collect(),
                    false => meanings(root, &inner),
                },
                default: value_of(&run.table, &name_of(leaf)).cloned(),
            };
            if !is_shared || !keys.iter().any(|known| known.name == key.name) {
                keys.push(key);
            }
        }
    }
    for (name, inner) in tables {
        walk(root, &inner, &name, run, kinds, keys);
    }
}

/// A kind of a table, or the table where it has none.
struct Variant<'a> {
    kind: Option<(String, String)>,
    schema: &'a Schema,
}

impl Variant<'_> {
    /// The kind with what it means.
    fn meaning(&self) -> Option<(String, String)> {
        let (_, kind) = self.kind.as_ref()?;
        Some((kind.clone(), words(self.schema))).filter(|(_, words)| !words.is_empty())
    }
}

/// The kinds of a table.
fn variants(schema: &Schema) -> Vec<Variant<'_>> {
    let Some(kinds) = schema["oneOf"].as_array() else {
        return vec![Variant { kind: None, schema }];
    };
    let kind_of = |schema: &Schema| {
        let keys = schema["properties"].as_object()?;
        let (key, kind) = keys.iter().find(|(_, key)| key["const"].is_string())?;
        Some((key.clone(), kind["const"].as_str()?.to_string()))
    };
    let kinds = kinds.iter().map(|schema| (kind_of(schema), schema));
    kinds
        .filter(|(kind, _)| kind.is_some())
        .map(|(kind, schema)| Variant { kind, schema })
        .collect()
}

/// Whether a schema is that of a table with keys of its own.
fn is_table(schema: &Schema) -> bool {
    schema["properties"].is_object() || variants(schema).iter().any(|v| v.kind.is_some())
}

/// What a reference stands for, with the words that stand beside it.
fn resolved(root: &Schema, schema: &Schema) -> Schema {
    let name = schema["$ref"].as_str().and_then(|to| to.rsplit('/').next());
    let Some(name) = name else {
        return schema.clone();
    };
    let mut target = root["$defs"][name].clone();
    if let (Some(words), Some(target)) = (schema.get("description"), target.as_object_mut()) {
        target.insert("description".into(), words.clone());
    }
    target
}

/// The first paragraph of a description.
fn words(schema: &Schema) -> String {
    let text = schema["description"].as_str().unwrap_or_default();
    text.split("\n\n").next().unwrap_or_default().to_string()
}

/// Values with names, or the keys of an inner table, and what they mean.
fn meanings(root: &Schema, schema: &Schema) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for one in schema["oneOf"].as_array().into_iter().flatten() {
        if let Some(value) = one["const"].as_str() {
            all.push((value.to_string(), words(one)));
        }
    }
    for variant in variants(schema).into_iter().filter(|_| is_table(schema)) {
        all.extend(variant.meaning());
        let keys = variant.schema["properties"]
            .as_object()
            .into_iter()
            .flatten();
        for (leaf, key) in keys.filter(|(_, key)| !key["const"].is_string()) {
            let key = resolved(root, key);
            let about = format!("{}; {}", values(root, &key), words(&key));
            all.push((format!("  {leaf}"), about));
        }
    }
    all.retain(|(_, words)| !words.is_empty());
    all
}

fn choices(kinds: &[Variant<'_>]) -> String {
    let names = kinds.iter().filter_map(|variant| variant.kind.as_ref());
    let names: Vec<String> = names.map(|(_, kind)| format!("\"{kind}\"")).collect();
    names.join(" | ")
}

/// What may stand behind a key.
fn values(root: &Schema, schema: &Schema) -> String {
    let list = |all: &[Schema]| {
        let all = all.iter().map(Schema::to_string);
        all.collect::<Vec<_>>().join(" | ")
    };
    if schema["const"].is_string() {
        return schema["const"].to_string();
    }
    if let Some(all) = schema["enum"].as_array() {
        return list(all);
    }
    if is_table(schema) {
        let kinds = variants(schema);
        let chooser = kinds.iter().find_map(|variant| variant.kind.as_ref());
        return match chooser {
            Some((key, _)) => format!("table with {key} = {}", choices(&kinds)),
            None => "table".into(),
        };
    }
    if let Some(all) = schema["oneOf"].as_array() {
        let named: Vec<String> = all.iter().map(|one| values(root, one)).collect();
        return named.join(" | ");
    }
    if let Some(examples) = schema["examples"].as_array() {
        return format!("{} | …", list(examples));
    }
    match schema["type"].as_str() {
        Some("boolean") => "true | false".into(),
        Some("integer") => "whole number".into(),
        Some("number") => "number".into(),
        Some("string") => "text".into(),
        Some("array") => {
            let item = resolved(root, &schema["items"]);
            format!("list of {}s", values(root, &item))
        }
        Some("object") => {
            let item = resolved(root, &schema["additionalProperties"]);
            format!("table of {}s", values(root, &item))
        }
        _ => "anything".into(),
    }
}

/// What a key of a task's run files means, up to the first comma.
pub fn meaning(task: TaskName, name: &str) -> Option<String> {
    let doc = &keys(task).iter().find(|key| key.name == name)?.doc;
    let short = doc.split([',', ';', ':']).next()?.trim_end_matches('.');
    let mut letters = short.chars();
    let first = letters.next()?.to_lowercase();
    Some(first.chain(letters).collect())
}

/// All keys of a task with their values, defaults and meanings, as a commented run file of the defaults.
pub fn explain(task: TaskName) -> String {
    let mut text = format!(
        "# Every key of a run file of task \"{task}\" with its default. A file needs to state only what differs.\n"
    );
    let others: Vec<String> = TaskName::ALL
        .iter()
        .filter(|other| **other != task)
        .map(|other| format!("gcnn config --explain {other}"))
        .collect();
    text.push_str(&format!("# Other tasks: {}\n", others.join(", ")));
    let keys = keys(task);
    let (mut section, mut kind) = ("", None);
    for key in keys {
        if key.section() != section {
            (section, kind) = (key.section(), None);
            let mut inner = keys.iter().filter(|key| key.section() == section);
            // A table that is left out by default would mean something by its header alone.
            let mark = match inner.any(|key| key.default.is_some()) {
                true => "",
                false => "# ",
            };
            text.push_str(&format!("\n{mark}[{section}]\n"));
        }
        let chosen = keys
            .iter()
            .find(|other| other.chooses && other.section() == section);
        let is_default = key.kind.as_ref().is_none_or(|(_, own)| {
            chosen.and_then(|chosen| chosen.default.as_ref()?.as_str()) == Some(own)
        });
        if !is_default
            && key.kind.as_ref() != kind
            && let Some((chooser, own)) = &key.kind
        {
            text.push_str(&format!("#\n# With {chooser} = \"{own}\":\n"));
            kind = key.kind.as_ref();
        }
        text.push_str(&entry(key, is_default));
    }
    text
}

/// A key in a few lines; only as a comment where it is of another kind than the default.
fn entry(key: &Key, is_default: bool) -> String {
    let leaf = key.leaf();
    let mut lines = vec![key.doc.clone(), key.values.clone()];
    lines.extend((key.meanings.iter()).map(|(value, words)| format!("  {value}: {words}")));
    let set = match &key.default {
        Some(value) => format!("{leaf} = {value}"),
        None => format!("{leaf} is left out by default"),
    };
    let is_comment = !is_default || key.default.is_none();
    let mut text = String::new();
    for line in lines.iter().filter(|line| !line.is_empty()) {
        text.push_str(&format!("# {line}\n"));
    }
    text.push_str(if is_comment { "# " } else { "" });
    text + &set + "\n"
}
