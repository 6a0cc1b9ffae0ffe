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
use crate::limits;

/// A rule that draws edges. Written `all`, `nearest` and `radius` in files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EdgeRule {
    /// Between all particles of a system.
    #[default]
    All,
    /// From the nearest particles.
    Nearest,
    /// From all particles within a radius.
    Radius,
}

/// The `[graph]` table of a run file.
///
/// ```
/// use gcnn_models::points::NeighbourhoodConfig;
///
/// let positions = [0., 0., 0., 1., 0., 0., 3., 0., 0.];
/// let all = NeighbourhoodConfig::default();
/// assert_eq!(all.graph(&positions, 3)?.edges(), 6);
/// assert_eq!(all.with_radius(1.5).graph(&positions, 3)?.edges(), 2);
/// # Ok::<(), gcnn_models::ModelError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NeighbourhoodConfig {
    /// Which particles a particle hears.
    pub edges: EdgeRule,
    /// How many of the nearest.
    pub neighbours: usize,
    /// Within what distance.
    pub radius: f64,
}

impl Default for NeighbourhoodConfig {
    fn default() -> Self {
        Self {
            edges: EdgeRule::All,
            neighbours: 6,
            radius: 1.0,
        }
    }
}

impl NeighbourhoodConfig {
    /// Edges from the nearest particles.
    pub fn with_nearest(mut self, neighbours: usize) -> Self {
        (self.edges, self.neighbours) = (EdgeRule::Nearest, neighbours);
        self
    }

    /// Edges from all particles within a radius.
    pub fn with_radius(mut self, radius: f64) -> Self {
        (self.edges, self.radius) = (EdgeRule::Radius, radius);
        self
    }

    /// Checks that the rule can draw edges.
    pub fn validate(&self) -> Result<(), ModelError> {
        limits::check_all(&[("neighbours", self.neighbours, limits::NEIGHBOURS)])?;
        if self.radius.is_finite() && self.radius > 0.0 {
            return Ok(());
        }
        Err(ModelError::OutOfRange {
            what: "radius",
            value: self.radius,
            range: "greater than 0",
        })
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
        let drawn = match self.edges {
            EdgeRule::All => Graph::fully_connected(particles).and_then(|one| one.repeat(systems)),
            rule => {
                let one = |points: &[[f32; 3]]| match rule {
                    EdgeRule::Radius => Graph::within_radius(points, self.radius),
                    _ => Graph::nearest(points, self.neighbours),
                };
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
            NeighbourhoodConfig::default().with_nearest(2),
            NeighbourhoodConfig::default().with_radius(2.5),
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
        assert_eq!(edges(config.clone()).expect("all"), 12);
        assert_eq!(edges(config.clone().with_nearest(1)).expect("nearest"), 4);
        // 0 – 1 and 1 – 3, in both directions.
        assert_eq!(edges(config.with_radius(2.0)).expect("radius"), 4);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let config = NeighbourhoodConfig::default();
        assert!(config.clone().with_radius(f64::NAN).validate().is_err());
        assert!(config.clone().with_nearest(0).validate().is_err());
        assert!(config.graph(&LINE, 3).is_err());
        assert!(config.graph(&LINE[..11], 4).is_err());
    }
}
