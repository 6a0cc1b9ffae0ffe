//! Every key of a run file in words, read off the schema: what `gcnn config --explain` prints and errors hint at.

use std::sync::LazyLock;

use serde_json::Value as Schema;
use toml::de::DeTable;
use toml::{Table, Value};

use super::lines::Lines;
use super::schema_words::{
    Variant, choices, is_table, meanings, resolved, values, variants, words,
};
use super::settings::value_of;
use super::{FinetuneConfig, RunConfig, TaskName, schema};

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

    /// What may stand there.
    pub fn values(&self) -> &str {
        &self.values
    }

    /// Whether a table stands there.
    pub fn is_table(&self) -> bool {
        self.values.starts_with("table")
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
    let mut reader = Reader {
        root,
        task,
        keys: Vec::new(),
    };
    if let Some(file) = file {
        reader.table("", file, &Written::new(task, None));
    }
    reader.keys
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
        let run = RunConfig::read(task, given).unwrap_or_else(|_| RunConfig::new(task));
        let table = Table::try_from(&run).unwrap_or_default();
        // A table that is left out has an order, too.
        let whole = RunConfig {
            finetune: Some(FinetuneConfig::default()),
            ..run
        };
        let text = whole.to_toml().unwrap_or_default();
        let document = DeTable::parse(&text).ok();
        Self {
            table,
            lines: document.map(|document| Lines::new(&text, document.get_ref())),
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

/// Collects the keys of a task.
struct Reader<'a> {
    root: &'a Schema,
    task: TaskName,
    keys: Vec<Key>,
}

impl Reader<'_> {
    /// The keys of a table: the one that chooses among its kinds, those that all share, those of the kind by default, and
    /// those of the others. Tables within the top come after its keys.
    fn table(&mut self, section: &str, schema: &Schema, run: &Written) {
        let mut variants = variants(schema);
        let by_default = |kind: &Option<(String, String)>| {
            kind.as_ref().is_none_or(|(key, kind)| {
                let chosen = value_of(&run.table, &format!("{section}.{key}"));
                chosen.and_then(|chosen| chosen.as_str()) == Some(kind)
            })
        };
        variants.sort_by_key(|variant| !by_default(&variant.kind));
        let mut tables = Vec::new();
        for variant in &variants {
            let other;
            let run = match &variant.kind {
                Some((key, kind)) if !by_default(&variant.kind) => {
                    other = Written::new(self.task, Some([section, key, kind]));
                    &other
                }
                _ => run,
            };
            let Some(own) = variant.schema["properties"].as_object() else {
                continue;
            };
            let chooses = |leaf: &str| (variant.kind.as_ref()).is_some_and(|(key, _)| key == leaf);
            let is_shared = |leaf: &str| {
                chooses(leaf)
                    || (variants.iter()).all(|v| v.schema["properties"][leaf] == own[leaf])
            };
            let mut names = run.order(section, own.keys());
            names.sort_by_key(|leaf| (!chooses(leaf), !is_shared(leaf)));
            for leaf in names {
                let inner = resolved(self.root, &own[leaf]);
                if section.is_empty() && is_table(&inner) {
                    tables.push((leaf, inner));
                    continue;
                }
                let mut key = self.key(section, leaf, &inner, run);
                if chooses(leaf) {
                    key.chooses = true;
                    key.values = choices(&variants);
                    key.doc = words(schema);
                    key.meanings = variants.iter().filter_map(Variant::meaning).collect();
                }
                key.kind = variant.kind.clone().filter(|_| !is_shared(leaf));
                if key.kind.is_some() || !self.keys.iter().any(|known| known.name == key.name) {
                    self.keys.push(key);
                }
            }
        }
        for (name, inner) in tables {
            self.table(name, &inner, run);
        }
    }

    /// A key of a table, as if it had no kinds.
    fn key(&self, section: &str, leaf: &str, schema: &Schema, run: &Written) -> Key {
        let name = match section {
            "" => leaf.to_string(),
            section => format!("{section}.{leaf}"),
        };
        Key {
            default: value_of(&run.table, &name).cloned(),
            name,
            kind: None,
            chooses: false,
            values: values(self.root, schema),
            doc: words(schema),
            meanings: meanings(self.root, schema),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_explanation_is_a_run_file_of_the_defaults_and_tells_of_every_key() {
        for task in TaskName::ALL {
            let text = explain(task);
            let read = RunConfig::parse(&text, "run.toml".as_ref(), &[]);
            assert_eq!(read.expect("a run file"), RunConfig::new(task));
            for key in keys(task) {
                assert!(!key.doc.is_empty(), "{} has no doc comment", key.name);
                let told = format!("# {}\n# {}\n", key.doc, key.values);
                assert!(text.contains(&told), "{}\n{text}", key.name);
                assert_ne!(key.values, "anything", "{}", key.name);
            }
        }
    }

    #[test]
    fn every_kind_has_its_keys_and_defaults() {
        let of = |name: &str| -> Vec<(String, String)> {
            let keys = keys(TaskName::NBody).iter().filter(|key| key.name == name);
            let told = keys.filter_map(|key| {
                let (_, kind) = key.kind.clone()?;
                Some((kind, key.default.as_ref()?.to_string()))
            });
            told.collect()
        };
        let momentum = [("sgd".to_string(), "0.9".to_string())];
        assert_eq!(of("optimizer.momentum"), momentum);
        assert!(of("optimizer.lr").is_empty());
        let hidden = of("model.hidden");
        assert!(hidden.contains(&("egnn".into(), "64".into())), "{hidden:?}");
        assert!(hidden.contains(&("segnn".into(), "\"32x0e+32x1o\"".into())));
        assert_eq!(
            of("graph.radius"),
            [("radius".to_string(), "1.0".to_string())]
        );
    }

    #[test]
    fn a_meaning_is_short() {
        let words = meaning(TaskName::RotatedMnist, "optimizer.lr");
        assert_eq!(words.as_deref(), Some("learning rate before the schedule"));
        assert_eq!(meaning(TaskName::NBody, "dataset.train_fraction"), None);
    }
}
