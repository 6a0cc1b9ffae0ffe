//! Who hears whom: the edges of a batch of particle systems.
//!
//! ```text
//! all        j → i for all j ≠ i of the same system
//! nearest    j → i for the k particles j nearest to i
//! radius     j → i where ‖x_j − x_i‖ ≤ r
//! ```
//!
//! Each rule looks at distances within a system only, so it commutes with rotations, reflections and shifts.

use gcnn_layers::Graph;
use serde::{Deserialize, Serialize};

use crate::ModelError;
use crate::kinds::{self, Kinds};
use crate::limits;

/// Which particles a particle hears.
///
/// The `[graph]` table of a run file. In files `edges` names the rule, `all` where it is left out.
///
/// ```
/// use gcnn_models::points::NeighbourhoodConfig;
///
/// let positions = [0., 0., 0., 1., 0., 0., 3., 0., 0.];
/// assert_eq!(NeighbourhoodConfig::default().graph(&positions, 3)?.edges(), 6);
/// assert_eq!(NeighbourhoodConfig::radius(1.5).graph(&positions, 3)?.edges(), 2);
/// # Ok::<(), gcnn_models::ModelError>(())
/// ```
// `remote` makes functions of what would be the traits' implementations, which stand below.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    tag = "edges",
    rename_all = "kebab-case",
    deny_unknown_fields,
    remote = "Self"
)]
pub enum NeighbourhoodConfig {
    /// All others of its system.
    All {},
    /// The nearest ones.
    Nearest(NearestEdges),
    /// All within a radius.
    Radius(RadiusEdges),
}

/// Edges from the nearest particles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct NearestEdges {
    /// How many of the nearest.
    pub neighbours: usize,
}

impl Default for NearestEdges {
    fn default() -> Self {
        Self { neighbours: 6 }
    }
}

/// Edges from all particles within a radius.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct RadiusEdges {
    /// Within what distance, above 0.
    pub radius: f64,
}

impl Default for RadiusEdges {
    fn default() -> Self {
        Self { radius: 1.0 }
    }
}

impl Default for NeighbourhoodConfig {
    fn default() -> Self {
        Self::All {}
    }
}

impl Kinds for NeighbourhoodConfig {
    const KEY: &'static str = "edges";
    const DEFAULT: &'static str = "all";
    const FORMER: &'static [&'static str] = &["edges", "neighbours", "radius"];

    kinds::derived_read!();
}

kinds::read_and_write!(NeighbourhoodConfig);

impl NeighbourhoodConfig {
    /// Edges from so many of the nearest particles.
    pub fn nearest(neighbours: usize) -> Self {
        Self::Nearest(NearestEdges { neighbours })
    }

    /// Edges from all particles within a radius.
    pub fn radius(radius: f64) -> Self {
        Self::Radius(RadiusEdges { radius })
    }

    /// Checks that the rule can draw edges.
    pub fn validate(&self) -> Result<(), ModelError> {
        match self {
            Self::All {} => Ok(()),
            Self::Nearest(NearestEdges { neighbours }) => {
                limits::check_all(&[("neighbours", *neighbours, limits::NEIGHBOURS)])
            }
            Self::Radius(RadiusEdges { radius }) if radius.is_finite() && *radius > 0.0 => Ok(()),
            Self::Radius(RadiusEdges { radius }) => Err(ModelError::OutOfRange {
                what: "radius",
                value: *radius,
                range: "greater than 0",
            }),
        }
    }

    /// The graph of systems of `particles` particles each, given x, y, z of every particle, system after system.
    pub fn graph(&self, positions: &[f32], particles: usize) -> Result<Graph, ModelError> {
        self.validate()?;
        let (points, rest) = positions.as_chunks::<3>();
        let systems = points.len() / particles.max(1);
        if !rest.is_empty() || systems * particles != points.len() {
            return Err(ModelError::ParticleNumbers {
                what: "positions",
                found: positions.len(),
                nodes: systems * particles,
                expected: systems * particles * 3,
            });
        }
        let one = |points: &[[f32; 3]]| match self {
            Self::All {} => Graph::fully_connected(points.len()),
            Self::Nearest(own) => Graph::nearest(points, own.neighbours),
            Self::Radius(own) => Graph::within_radius(points, own.radius),
        };
        // Where all are connected, the systems are alike.
        let drawn = match self {
            Self::All {} => Graph::fully_connected(particles).and_then(|one| one.repeat(systems)),
            Self::Nearest(_) | Self::Radius(_) => {
                let graphs: Result<Vec<Graph>, _> =
                    points.chunks_exact(particles.max(1)).map(one).collect();
                graphs.and_then(|graphs| Graph::batch(&graphs))
            }
        };
        Ok(drawn?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: [f32; 12] = [0., 0., 0., 1., 0., 0., 3., 0., 0., 7., 0., 0.];

    #[test]
    fn systems_are_not_connected() {
        let twice = [LINE, LINE].concat();
        for config in [
            NeighbourhoodConfig::default(),
            NeighbourhoodConfig::nearest(2),
            NeighbourhoodConfig::radius(2.5),
        ] {
            let one = config.graph(&LINE, 4).expect("a graph");
            let two = config.graph(&twice, 4).expect("a graph");
            assert_eq!(two.edges(), 2 * one.edges());
            let system = |node: &u32| node / 4;
            let (sources, targets) = (two.sources(), two.targets());
            assert!(sources.iter().map(system).eq(targets.iter().map(system)));
        }
    }

    #[test]
    fn each_rule_draws_its_edges() {
        let config = NeighbourhoodConfig::default();
        let edges = |config: NeighbourhoodConfig| config.graph(&LINE, 4).map(|graph| graph.edges());
        assert_eq!(edges(config).expect("all"), 12);
        assert_eq!(edges(NeighbourhoodConfig::nearest(1)).expect("nearest"), 4);
        // 0 – 1 and 1 – 3, in both directions.
        assert_eq!(edges(NeighbourhoodConfig::radius(2.0)).expect("radius"), 4);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let config = NeighbourhoodConfig::default();
        assert!(NeighbourhoodConfig::radius(f64::NAN).validate().is_err());
        assert!(NeighbourhoodConfig::nearest(0).validate().is_err());
        assert!(config.graph(&LINE, 3).is_err());
        assert!(config.graph(&LINE[..11], 4).is_err());
    }
}
