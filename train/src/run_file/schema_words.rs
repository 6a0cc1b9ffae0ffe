//! What a JSON schema says of a key, in words.

use serde_json::Value as Schema;

/// A kind of a table, or the table where it has none.
pub(super) struct Variant<'a> {
    /// The key that chooses it, and the name by which.
    pub kind: Option<(String, String)>,
    /// What it may hold.
    pub schema: &'a Schema,
}

impl Variant<'_> {
    /// The kind with what it means.
    pub fn meaning(&self) -> Option<(String, String)> {
        let (_, kind) = self.kind.as_ref()?;
        Some((kind.clone(), words(self.schema))).filter(|(_, words)| !words.is_empty())
    }
}

/// The kinds of a table.
pub(super) fn variants(schema: &Schema) -> Vec<Variant<'_>> {
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
pub(super) fn is_table(schema: &Schema) -> bool {
    schema["properties"].is_object() || variants(schema).iter().any(|v| v.kind.is_some())
}

/// What a reference stands for, with the words that stand beside it.
pub(super) fn resolved(root: &Schema, schema: &Schema) -> Schema {
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
pub(super) fn words(schema: &Schema) -> String {
    let text = schema["description"].as_str().unwrap_or_default();
    text.split("\n\n").next().unwrap_or_default().to_string()
}

/// Values with names, or the keys of an inner table, and what they mean.
pub(super) fn meanings(root: &Schema, schema: &Schema) -> Vec<(String, String)> {
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

/// The names of kinds.
pub(super) fn choices(kinds: &[Variant<'_>]) -> String {
    let names = kinds.iter().filter_map(|variant| variant.kind.as_ref());
    let names: Vec<String> = names.map(|(_, kind)| format!("\"{kind}\"")).collect();
    names.join(" | ")
}

/// What may stand behind a key.
pub(super) fn values(root: &Schema, schema: &Schema) -> String {
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
