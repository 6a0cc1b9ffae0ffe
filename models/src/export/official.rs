//! Networks for particles under the names and layouts of the code that they were published with.
//!
//! ```text
//! here                               there
//! embedding                          embedding (EGNN), embedding.0 (NMP)
//! layers.N.edge.{target,source,edge} gcl_N.edge_mlp.0, one matrix on h_i ⊕ h_j ⊕ e_ij
//! layers.N.edge.second               gcl_N.edge_mlp.2
//! layers.N.node.{first,second}       gcl_N.node_mlp.{0,2}
//! layers.N.push.{first,second}       gcl_N.coord_mlp.{0,2}
//! layers.N.velocity.{first,second}   gcl_N.coord_mlp_vel.{0,2}
//! decoder.{first,second}             decoder.{0,2}
//! ```
//!
//! A linear map's weight is `[in, out]` here and `[out, in]` there. The code is that of Satorras, Hoogeboom & Welling 2021
//! (`vgsatorras/egnn`), of the networks of its N-body experiment. Two options of its EGNN change what the network computes
//! and no name or shape ([`OfficialOptions`]): a file can't tell, so whoever imports it says.

use std::ops::Range;

use gcnn_layers::Parameters;

use crate::file::{check_finite, compare};
use crate::points::{DynamicsConfig, EgnnConfig, NmpConfig};
use crate::weights::{Array, Weights, parameters_in};

/// A network whose published weights can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfficialModel {
    /// E(n)-equivariant graph network with velocities (`EGNN_vel`)
    Egnn,
    /// Neural message passing (`GNN`)
    Nmp,
}

impl OfficialModel {
    /// The name of its first tensor, which tells it from the other one.
    fn first(self) -> &'static str {
        match self {
            Self::Egnn => "embedding.weight",
            Self::Nmp => "embedding.0.weight",
        }
    }

    /// Which of them a checkpoint holds, by the sorted names of its tensors, and what stands before the network's own
    /// names: `state_dict.`, `module.` or nothing.
    pub fn find(names: &[&str]) -> Result<(Self, String), String> {
        let mut found = Vec::new();
        for model in [Self::Egnn, Self::Nmp] {
            let prefixes = names.iter().filter_map(|n| n.strip_suffix(model.first()));
            let whole = prefixes.filter(|prefix| prefix.is_empty() || prefix.ends_with('.'));
            // Other networks have embeddings too.
            let ours = whole.filter(|prefix| {
                let edges = format!("{prefix}gcl_0.edge_mlp.0.weight");
                names.binary_search(&edges.as_str()).is_ok()
            });
            found.extend(ours.map(|prefix| (model, prefix.to_string())));
        }
        match found.len() {
            0 => Err(format!(
                "neither EGNN nor NMP of the published N-body experiment: no `{}` or `{}` beside a `gcl_0.edge_mlp.0.weight`; \
                 {}",
                Self::Egnn.first(),
                Self::Nmp.first(),
                told(names)
            )),
            1 => Ok(found.remove(0)),
            _ => {
                let prefixes: Vec<String> = found.iter().map(|(_, p)| format!("`{p}`")).collect();
                Err(format!(
                    "it holds several networks, their names beginning with {}; save one of them by itself",
                    prefixes.join(", ")
                ))
            }
        }
    }
}

/// Options of the published EGNN that leave no trace among its weights.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OfficialOptions {
    /// `--tanh True`: the network behind an edge's push ends in a tanh.
    pub tanh: bool,
    /// `--norm_diff True`: edges push along differences of positions divided by their length plus one.
    pub norm_diff: bool,
}

impl OfficialOptions {
    /// Those of a network; others than EGNN have none.
    pub fn of(config: &DynamicsConfig) -> Self {
        match config {
            DynamicsConfig::Egnn(egnn) => Self {
                tanh: egnn.tanh,
                norm_diff: egnn.norm_diff,
            },
            _ => Self::default(),
        }
    }

    /// What either of two sources says.
    pub fn or(self, other: Self) -> Self {
        Self {
            tanh: self.tanh || other.tanh,
            norm_diff: self.norm_diff || other.norm_diff,
        }
    }

    /// The name of one that is set.
    fn named(self) -> Option<&'static str> {
        match self {
            Self { tanh: true, .. } => Some("tanh"),
            Self {
                norm_diff: true, ..
            } => Some("norm_diff"),
            _ => None,
        }
    }
}

/// What a checkpoint holds, in words.
fn told(names: &[&str]) -> String {
    let some: Vec<String> = names.iter().take(4).map(|n| format!("`{n}`")).collect();
    match names.len() {
        0 => "it holds no tensors".to_string(),
        1..=4 => format!("it holds {}", some.join(", ")),
        all => format!("it holds {} and {} more", some.join(", "), all - 4),
    }
}

/// One array there, and the arrays here that it consists of.
struct Entry {
    there: String,
    /// Their names and, for weights, which inputs they take.
    here: Vec<(String, Option<Range<usize>>)>,
}

/// All arrays of a network.
fn entries(model: OfficialModel, layers: usize, hidden: usize) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut linear = |there: String, here: String, bias: bool| {
        entries.push(Entry {
            there: format!("{there}.weight"),
            here: vec![(format!("{here}.weight"), None)],
        });
        if bias {
            entries.push(Entry {
                there: format!("{there}.bias"),
                here: vec![(format!("{here}.bias"), None)],
            });
        }
    };
    let (prefix, embedding, extra) = match model {
        OfficialModel::Egnn => ("Egnn", "embedding", 3),
        OfficialModel::Nmp => ("Nmp", "embedding.0", 1),
    };
    linear(embedding.into(), format!("{prefix}.embedding"), true);
    for layer in 0..layers {
        let there = format!("gcl_{layer}");
        let here = format!("{prefix}.layers.{layer}");
        linear(
            format!("{there}.edge_mlp.2"),
            format!("{here}.edge.second"),
            true,
        );
        let mut mlp = |their_name: &str, name: &str, bias: bool| {
            linear(
                format!("{there}.{their_name}.0"),
                format!("{here}.{name}.first"),
                true,
            );
            linear(
                format!("{there}.{their_name}.2"),
                format!("{here}.{name}.second"),
                bias,
            );
        };
        mlp("node_mlp", "node", true);
        if model == OfficialModel::Egnn {
            mlp("coord_mlp", "push", false);
            mlp("coord_mlp_vel", "velocity", true);
        }
    }
    if model == OfficialModel::Nmp {
        linear("decoder.0".into(), format!("{prefix}.decoder.first"), true);
        linear("decoder.2".into(), format!("{prefix}.decoder.second"), true);
    }
    for layer in 0..layers {
        let here = |part: &str| format!("{prefix}.layers.{layer}.edge.{part}");
        let there = |part: &str| format!("gcl_{layer}.edge_mlp.0.{part}");
        entries.push(Entry {
            there: there("weight"),
            here: vec![
                (here("target.weight"), Some(0..hidden)),
                (here("source.weight"), Some(hidden..2 * hidden)),
                (here("edge.weight"), Some(2 * hidden..2 * hidden + extra)),
            ],
        });
        entries.push(Entry {
            there: there("bias"),
            here: vec![(here("target.bias"), None)],
        });
    }
    entries
}

/// The published form of a network's weights, or why there is none.
pub fn to_official(config: &DynamicsConfig, weights: &Weights) -> Result<Weights, String> {
    let (model, layers, hidden) = match config {
        DynamicsConfig::Egnn(EgnnConfig { hidden, layers, .. }) => {
            (OfficialModel::Egnn, *layers, *hidden)
        }
        DynamicsConfig::Nmp(NmpConfig { hidden, layers }) => (OfficialModel::Nmp, *layers, *hidden),
        other => {
            return Err(format!(
                "there is no published form of `{}` weights; egnn and nmp have one",
                other.kind()
            ));
        }
    };
    let mut official = Weights::new();
    for entry in entries(model, layers, hidden) {
        let mut parts = Vec::new();
        for (name, _) in &entry.here {
            let array = weights
                .get(name)
                .ok_or_else(|| format!("`{name}` is missing"))?;
            parts.push(array);
        }
        let whole = match parts[..] {
            [one] => one.clone(),
            _ => stack(&parts)?,
        };
        official.insert(entry.there, transpose(&whole));
    }
    Ok(official)
}

/// Names and shapes of the published form of a network's parameters.
fn published(entries: &[Entry], own: &Parameters) -> Result<Parameters, String> {
    let mut all = Parameters::new();
    for entry in entries {
        let mut whole: Vec<usize> = Vec::new();
        for (name, _) in &entry.here {
            let part = own
                .get(name)
                .ok_or_else(|| format!("`{name}` is missing"))?;
            match whole.first_mut() {
                None => whole = part.to_vec(),
                // Parts of one matrix take inputs of their own.
                Some(inputs) => *inputs += part.first().copied().unwrap_or(0),
            }
        }
        whole.reverse();
        all = all.with(&entry.there, whole);
    }
    Ok(all)
}

/// A network of published weights: its configuration and its own form of the weights, or what does not fit.
pub fn from_official(
    model: OfficialModel,
    options: OfficialOptions,
    official: &Weights,
) -> Result<(DynamicsConfig, Weights), String> {
    if let (OfficialModel::Nmp, Some(option)) = (model, options.named()) {
        return Err(format!(
            "it holds NMP; `{option}` is an option of EGNN: leave it out"
        ));
    }
    let embedding = model.first();
    let hidden = match official.get(embedding).map(|array| &array.shape[..]) {
        Some(&[hidden, _]) => hidden,
        Some(shape) => {
            return Err(format!(
                "`{embedding}` has shape {shape:?}, not [hidden, in]"
            ));
        }
        None => return Err(format!("`{embedding}` is missing")),
    };
    let layers = (0..)
        .take_while(|layer| official.contains_key(&format!("gcl_{layer}.edge_mlp.0.weight")))
        .count();
    let config = match model {
        OfficialModel::Egnn => DynamicsConfig::Egnn(EgnnConfig {
            hidden,
            layers,
            tanh: options.tanh,
            norm_diff: options.norm_diff,
        }),
        OfficialModel::Nmp => DynamicsConfig::Nmp(NmpConfig { hidden, layers }),
    };
    let own = config.parameters().map_err(|e| {
        format!("`{embedding}` has {hidden} features and there are {layers} layers `gcl_…`: {e}")
    })?;
    let expected = published(&entries(model, layers, hidden), &own)?;
    compare(&expected, &parameters_in(official)).map_err(|e| e.to_string())?;
    check_finite(official).map_err(|e| e.to_string())?;

    let mut weights = Weights::new();
    for entry in entries(model, layers, hidden) {
        let array = transpose(&official[&entry.there]);
        for (name, inputs) in entry.here {
            let part = match inputs {
                Some(inputs) => rows(&array, inputs),
                None => array.clone(),
            };
            weights.insert(name, part);
        }
    }
    Ok((config, weights))
}

/// Exchanges the axes of a matrix; of anything else nothing.
fn transpose(array: &Array) -> Array {
    let [rows, columns] = array.shape[..] else {
        return array.clone();
    };
    let values = (0..columns).flat_map(|j| (0..rows).map(move |i| array.values[i * columns + j]));
    Array {
        shape: vec![columns, rows],
        values: values.collect(),
    }
}

/// Some rows of a matrix.
fn rows(array: &Array, range: Range<usize>) -> Array {
    let width = array.shape.last().copied().unwrap_or(0);
    Array {
        shape: vec![range.len(), width],
        values: array.values[range.start * width..range.end * width].to_vec(),
    }
}

/// Matrices of the same width, one under the other.
fn stack(parts: &[&Array]) -> Result<Array, String> {
    let width = parts.first().and_then(|part| part.shape.last().copied());
    let mut whole = Array {
        shape: vec![0, width.unwrap_or(0)],
        values: Vec::new(),
    };
    for part in parts {
        let [rows, columns] = part.shape[..] else {
            return Err(format!("a weight has shape {:?}", part.shape));
        };
        if Some(columns) != width {
            return Err(format!(
                "parts of a weight have {columns} and {width:?} outputs"
            ));
        }
        whole.shape[0] += rows;
        whole.values.extend(&part.values);
    }
    Ok(whole)
}
