//! Networks for particles: motions of space, and another order of the particles.

use gcnn_layers::irreps::{self, Matrix3};
use gcnn_models::points::{
    Dynamics, DynamicsModel, EuclideanMotion, ParticleBatch, Symmetry, survey_portions as measure,
};

use super::{Element, Standing, Survey};
use crate::TrainError;

fn motion(matrix: Matrix3) -> EuclideanMotion {
    EuclideanMotion {
        matrix,
        shift: [0.0; 3],
    }
}

/// Random rotations and rotations with a reflection, the point reflection, a shift, and another order of the particles.
fn symmetries(equivariant: bool) -> Vec<(Symmetry, Element)> {
    let [first, second] = [1, 2].map(irreps::random_rotation);
    let reflected = irreps::multiply(&first, &irreps::negate(&second));
    let origin = [[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, -1.0]];
    let shift = EuclideanMotion::translation([1.0, -2.0, 3.0]);
    let motions = [
        ("rotation about a random axis", motion(first)),
        ("rotation about another random axis", motion(second)),
        ("rotation and reflection", motion(reflected)),
        ("reflection through the origin", motion(origin)),
        ("shift by (1, −2, 3)", shift),
    ];
    let standing = match equivariant {
        true => Standing::Exact,
        false => Standing::Foreign,
    };
    let element = |name: &str, standing| Element {
        name: name.into(),
        standing,
    };
    let order = element("particles in reverse order", Standing::Exact);
    motions
        .into_iter()
        .map(|(name, motion)| (Symmetry::Motion(motion), element(name, standing)))
        .chain([(Symmetry::ReversedOrder, order)])
        .collect()
}

/// Every round of a model and its prediction, under every symmetry. The model sees each portion of the simulations by itself,
/// which bounds the memory for what is kept of its rounds. `examples` says how many simulations there are in all of them.
pub fn survey(
    model: &DynamicsModel,
    portions: &[ParticleBatch],
    examples: usize,
) -> Result<Survey, TrainError> {
    let (symmetries, elements): (Vec<_>, Vec<_>) =
        symmetries(model.is_equivariant()).into_iter().unzip();
    Ok(Survey {
        examples,
        elements,
        outputs: measure(model, portions, &symmetries)?,
    })
}
