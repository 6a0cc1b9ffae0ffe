//! The JSON schema of run files, made of the structs that read them.
//!
//! `schemars` derives it; what it cannot know is added here. The kind of a table may be left out, what a table's kinds share
//! is a key of each, and TOML has no null.

use gcnn_models::kinds::Kinds;
use gcnn_models::points::{DynamicsConfig, NeighbourhoodConfig};
use gcnn_models::{ImageModelConfig, SegmentationModelConfig};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::{RunConfig, TaskName};
use crate::training::optimizer::OptimizerConfig;
use crate::training::schedule::ScheduleConfig;

/// The schema of run files, JSON Schema 2020-12: that of one of the tasks, with its own tables and no other key.
pub fn schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let tasks = TaskName::ALL.map(|task| {
        let mut schema = RunConfig::schema(task, &mut generator).to_value();
        tidy(&mut schema);
        of_task(&mut schema, task);
        schema
    });
    let mut definitions = generator.take_definitions(true);
    definitions.values_mut().for_each(tidy);
    // Each task's file says its own name of it.
    definitions.remove(TaskName::schema_name().as_ref());
    optional_kind::<ImageModelConfig>(&mut definitions);
    optional_kind::<SegmentationModelConfig>(&mut definitions);
    optional_kind::<DynamicsConfig>(&mut definitions);
    optional_kind::<NeighbourhoodConfig>(&mut definitions);
    optional_kind::<OptimizerConfig>(&mut definitions);
    optional_kind::<ScheduleConfig>(&mut definitions);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Run file of gcnn",
        "description": "One experiment: data, network and training. Every key has a default.",
        "type": "object",
        "oneOf": tasks,
        "$defs": definitions,
    })
}

/// Makes the schema of run files that of a task's.
fn of_task(schema: &mut Value, task: TaskName) {
    schema["title"] = format!("task = \"{task}\"").into();
    schema["description"] = task.about().into();
    let description = schema["properties"]["task"]["description"].take();
    schema["properties"]["task"] = json!({
        "type": "string",
        "const": task.name(),
        "description": description,
    });
    if task != TaskName::default() {
        schema["required"] = json!(["task"]);
    }
}

/// Lets a table leave its kind out.
fn optional_kind<K: Kinds + JsonSchema>(definitions: &mut Map<String, Value>) {
    let kinds = definitions.get_mut(K::schema_name().as_ref());
    let kinds = kinds.and_then(|schema| schema["oneOf"].as_array_mut());
    for kind in kinds.into_iter().flatten() {
        if kind["properties"][K::KEY]["const"] == K::DEFAULT
            && let Some(required) = kind["required"].as_array_mut()
        {
            required.retain(|key| key != K::KEY);
            tidy(kind);
        }
    }
}

/// Rewrites a schema, and all within it, for people who write TOML.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Array(all) => all.iter_mut().for_each(tidy),
        Value::Object(object) => {
            without_null(object);
            object.remove("format");
            if let Some(Value::String(text)) = object.get_mut("description") {
                *text = plain(text);
            }
            object.values_mut().for_each(tidy);
            share(object);
            object.retain(|name, all| name != "required" || all != &json!([]));
        }
        _ => {}
    }
}

/// A key that may be left out has no value for that. The default of a table is that of its keys.
fn without_null(object: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [one] = types.as_slice() {
            let one = one.clone();
            object.insert("type".into(), one);
        }
    }
    if let Some(Value::Array(any)) = object.get_mut("anyOf") {
        any.retain(|one| one["type"] != "null");
        if let [Value::Object(one)] = any.as_slice() {
            let one = one.clone();
            object.remove("anyOf");
            object.extend(one);
        }
    }
    if matches!(object.get("default"), Some(Value::Null | Value::Object(_))) {
        object.remove("default");
    }
}

/// Gives the keys that a table has beside its kinds to each of these, which then know all of theirs and refuse others, and
/// tells of each kind where it is named.
fn share(object: &mut Map<String, Value>) {
    let shared = object.get("properties").cloned();
    let Some(Value::Array(kinds)) = object.get_mut("oneOf") else {
        return;
    };
    for kind in kinds {
        let about = kind["description"].clone();
        let Some(keys) = kind.get_mut("properties").and_then(Value::as_object_mut) else {
            continue;
        };
        for (_, key) in keys.iter_mut().filter(|(_, key)| key["const"].is_string()) {
            if about.is_string() {
                key["description"] = about.clone();
            }
        }
        if let Some(Value::Object(shared)) = &shared {
            keys.extend(shared.clone());
            kind["additionalProperties"] = false.into();
        }
    }
    if shared.is_some() {
        object.remove("properties");
    }
}

/// A doc comment without what only documentation of Rust has: examples, tables and links.
fn plain(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(str::trim);
    let words = paragraphs.take_while(|words| !words.starts_with("```") && !words.starts_with('|'));
    let lines: Vec<String> = words
        .map(|words| without_links(&words.replace('\n', " ")))
        .collect();
    lines.join("\n\n")
}

/// `[words](target)` and ``[`name`]`` as words and `name`.
fn without_links(text: &str) -> String {
    let (mut plain, mut rest) = (String::new(), text);
    while let Some(start) = rest.find('[') {
        let (before, link) = rest.split_at(start);
        plain.push_str(before);
        let in_code = plain.matches('`').count() % 2 == 1;
        let end = link.find(']').filter(|_| !in_code);
        let (words, after) = end.map_or(("", ""), |end| (&link[1..end], &link[end + 1..]));
        let target = after
            .strip_prefix('(')
            .and_then(|after| after.split_once(')'));
        if target.is_some() || words.starts_with('`') {
            plain.push_str(words);
            rest = target.map_or(after, |(_, after)| after);
        } else {
            plain.push('[');
            rest = &link[1..];
        }
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_for_people_who_write_files() {
        let doc = "Where [it](crate::a) is, as [`Same`](Self::Same) and\n[`One`]: `[a, b]` or [c].\n\nMore.\n\n```\ncode\n```\n\nEnd.";
        assert_eq!(
            plain(doc),
            "Where it is, as `Same` and `One`: `[a, b]` or [c].\n\nMore."
        );
    }

    #[test]
    fn nothing_is_left_of_rust() {
        let text = schema().to_string();
        for word in ["null", "crate::", "\"format\"", "](", "```", "unevaluated"] {
            assert!(!text.contains(word), "{word}");
        }
    }
}
