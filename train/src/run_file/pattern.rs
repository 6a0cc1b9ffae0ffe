//! Patterns of layer names.
//!
//! A name is parts joined by dots, `blocks.0.norm.scale`. A pattern matches a name, and all names under it, part by
//! part; within a part `*` and `?` stand for any letters and any one.

use std::collections::BTreeSet;

/// How alike a layer's name is, from 0 to 1, to be worth suggesting.
const ALIKE: f64 = 0.6;

/// Suggestions for a pattern that matches nothing.
const SUGGESTIONS: usize = 3;

/// A pattern of layer names.
#[derive(Debug, Clone)]
pub struct Pattern {
    parts: Vec<glob::Pattern>,
}

impl Pattern {
    /// Reads a pattern; none where it is not one.
    pub fn new(text: &str) -> Option<Self> {
        let parts = text.split('.').map(|part| match part {
            "" => None,
            part => glob::Pattern::new(part).ok(),
        });
        Some(Self {
            parts: parts.collect::<Option<_>>()?,
        })
    }

    /// Whether a name is meant, or stands under one that is.
    pub fn matches(&self, name: &str) -> bool {
        let mut parts = name.split('.');
        self.parts
            .iter()
            .all(|pattern| parts.next().is_some_and(|part| pattern.matches(part)))
    }
}

/// The names that a pattern means; where there are none, the reason with the nearest names of layers.
pub fn select<'a>(
    text: &str,
    names: impl IntoIterator<Item = &'a String> + Clone,
) -> Result<BTreeSet<String>, String> {
    let found: BTreeSet<String> = match Pattern::new(text) {
        Some(pattern) => names
            .clone()
            .into_iter()
            .filter(|name| pattern.matches(name))
            .cloned()
            .collect(),
        None => BTreeSet::new(),
    };
    if !found.is_empty() {
        return Ok(found);
    }
    let layers = layers(names);
    let mut near: Vec<(f64, &String)> = layers
        .iter()
        .map(|layer| (strsim::jaro_winkler(text, layer), layer))
        .filter(|(score, _)| *score > ALIKE)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    near.truncate(SUGGESTIONS);
    let quoted = |names: Vec<&String>| {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        names.join(", ")
    };
    let near = near.into_iter().map(|(_, layer)| layer).collect::<Vec<_>>();
    let shortest = layers.iter().map(|layer| layer.matches('.').count()).min();
    let highest = layers
        .iter()
        .filter(|layer| Some(layer.matches('.').count()) == shortest)
        .collect();
    let hint = match near.is_empty() {
        true => format!("the network's layers are {}", quoted(highest)),
        false => format!("nearest: {}", quoted(near)),
    };
    Err(format!("no layer is called `{text}`; {hint}"))
}

/// The names of layers: what stands in front of a dot, but for a first part that all have.
fn layers<'a>(names: impl IntoIterator<Item = &'a String>) -> BTreeSet<String> {
    let names: Vec<&String> = names.into_iter().collect();
    let first = |name: &str| name.split('.').next().map(str::to_string);
    let shared = names.first().and_then(|name| first(name));
    let all_share = names.iter().all(|name| first(name) == shared);
    let mut layers = BTreeSet::new();
    for name in names {
        for (end, _) in name.match_indices('.') {
            layers.insert(name[..end].to_string());
        }
    }
    if let (true, Some(shared), true) = (all_share, shared, layers.len() > 1) {
        layers.remove(&shared);
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        [
            "blocks.0.norm.scale",
            "blocks.1.norm.scale",
            "blocks.10.norm.scale",
            "lifting.bias",
        ]
        .map(String::from)
        .to_vec()
    }

    fn found(pattern: &str) -> Vec<String> {
        let found = select(pattern, &names()).expect("some");
        found.into_iter().collect()
    }

    #[test]
    fn a_pattern_means_a_layer_and_all_under_it() {
        assert_eq!(found("blocks.1"), ["blocks.1.norm.scale"]);
        assert_eq!(found("lifting"), ["lifting.bias"]);
        assert_eq!(found("lifting.bias"), ["lifting.bias"]);
        assert_eq!(found("blocks.*.norm").len(), 3);
        assert_eq!(
            found("blocks.?"),
            ["blocks.0.norm.scale", "blocks.1.norm.scale"]
        );
        assert_eq!(found("*").len(), 4);
        // A star stays within a part.
        assert!(select("*.scale", &names()).is_err());
    }

    #[test]
    fn a_pattern_of_nothing_gets_the_nearest_layers() {
        let error = select("block.0", &names()).expect_err("a typo");
        assert!(
            error.contains("no layer is called `block.0`") && error.contains("`blocks.0`"),
            "{error}"
        );
        let error = select("xyz", &names()).expect_err("nothing like it");
        assert!(
            error.contains("`blocks`") && error.contains("`lifting`"),
            "{error}"
        );
        assert!(select("blocks..0", &names()).is_err());
        assert!(Pattern::new("").is_none() && Pattern::new("a[").is_none());
    }
}
