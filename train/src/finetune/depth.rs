//! How far a parameter is from the output, for layer-wise learning rates (Howard & Ruder 2018, section 3.2, with one
//! factor for all layers).
//!
//! The networks number their hidden layers in the names: `layers.i`, `convolutions.i`, `gates.i`, `transitions.i`, `blocks.i`.
//! What has no number stands in front of them (`lifting`, `image_gate`, `stem`, `embedding`) or behind them.

use std::collections::BTreeMap;

/// Names of what stands in front of the numbered layers.
const FRONT: [&str; 4] = ["lifting", "image_gate", "stem", "embedding"];

/// Layers between each parameter and the output: 0 for those of the last layer.
pub fn from_output<'a>(names: impl IntoIterator<Item = &'a String>) -> BTreeMap<String, usize> {
    let names: Vec<&String> = names.into_iter().collect();
    // The blocks of a G-CNN follow the layer of their number, the lifting convolution being layer 0.
    let counts_lifting = names.iter().any(|name| name.starts_with("lifting."));
    let places: Vec<Option<usize>> = names
        .iter()
        .map(|name| place(name, counts_lifting))
        .collect();
    let has_end = places.contains(&None);
    let numbered = places.iter().flatten().max().copied().unwrap_or(0);
    let last = numbered + usize::from(has_end);
    names
        .into_iter()
        .zip(places)
        .map(|(name, place)| (name.clone(), last - place.unwrap_or(last)))
        .collect()
}

/// The layer of a parameter, counted from the input; none behind the numbered layers.
fn place(name: &str, counts_lifting: bool) -> Option<usize> {
    let parts: Vec<&str> = name.split('.').collect();
    if parts.contains(&"head") {
        return None;
    }
    let numbered = parts
        .windows(2)
        .find_map(|pair| Some((pair[0], pair[1].parse::<usize>().ok()?)));
    match numbered {
        Some(("blocks", index)) if counts_lifting => Some(index),
        Some((_, index)) => Some(index + 1),
        None if parts.iter().any(|part| FRONT.contains(part)) => Some(0),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use burn::prelude::*;
    use gcnn_models::points::DynamicsConfig;

    use super::*;
    use crate::weights::arrays::collect;

    fn depths(names: &[&str]) -> Vec<usize> {
        let names: Vec<String> = names.iter().map(|name| name.to_string()).collect();
        let found = from_output(&names);
        names.iter().map(|name| found[name]).collect()
    }

    /// Every network's parameters without a number are known to stand in front of the layers or behind them.
    #[test]
    fn every_part_of_every_network_has_its_place() {
        const BEHIND: [&str; 7] = [
            "head", "decoder", "linear", "first", "last", "output", "time",
        ];
        let device = Device::flex();
        for config in DynamicsConfig::all() {
            let names: Vec<String> = collect(&config.init(&device).expect("a model"))
                .into_keys()
                .collect();
            let depths = from_output(&names);
            for name in &names {
                let has = |words: &[&str]| name.split('.').any(|part| words.contains(&part));
                let numbered = name.split('.').any(|part| part.parse::<usize>().is_ok());
                assert!(numbered || has(&FRONT) || has(&BEHIND), "where is {name}?");
                if !numbered && has(&BEHIND) {
                    assert_eq!(depths[name], 0, "{name}");
                }
            }
        }
    }

    #[test]
    fn layers_are_counted_from_the_output() {
        let plain = [
            "lifting.weight",
            "blocks.0.norm.scale",
            "convolutions.0.weight",
            "blocks.1.norm.scale",
            "linear.bias",
        ];
        assert_eq!(depths(&plain), [2, 2, 1, 1, 0]);
        // A gate belongs to the convolution behind it.
        let attentive = [
            "image_gate.squeeze.weight",
            "lifting.weight",
            "gates.0.spatial.weight",
            "convolutions.0.weight",
            "linear.bias",
        ];
        assert_eq!(depths(&attentive), [2, 2, 1, 1, 0]);
        // The convolution head is the last of the convolutions.
        assert_eq!(depths(&plain[..4]), [1, 1, 0, 0]);
        let dense = [
            "stem.weight",
            "blocks.0.norm.scale",
            "transitions.0.norm.scale",
            "blocks.1.norm.scale",
            "head.norm.scale",
        ];
        assert_eq!(depths(&dense), [3, 2, 2, 1, 0]);
        let particles = [
            "Segnn.network.embedding.bias",
            "Segnn.network.layers.0.update.layers.1.product.bias",
            "Segnn.network.head.layers.0.product.bias",
        ];
        assert_eq!(depths(&particles), [2, 1, 0]);
        assert_eq!(depths(&["Linear.time"]), [0]);
    }
}
