//! Networks for particles: all angles about an axis, and where particles go.

use gcnn_layers::irreps::Matrix3;
use gcnn_models::points::{
    Dynamics, DynamicsModel, EuclideanMotion, ParticleBatch, Symmetry, survey_portions as measure,
};

use super::picture::{Cloud, Orbit};
use super::{Answers, Curve, Sweep, angles, answer_angles};
use crate::ProgramError;

/// Angles whose predictions are drawn, turned back.
const DRAWN: usize = 36;

/// The rotation by so many degrees about the axis that pictures are seen along.
fn about_axis(degrees: f64) -> EuclideanMotion {
    let (sin, cos) = degrees.to_radians().sin_cos();
    motion([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
}

fn motion(matrix: Matrix3) -> EuclideanMotion {
    EuclideanMotion {
        matrix,
        shift: [0.0; 3],
    }
}

/// What a model is built to commute with, in words.
pub fn symmetry(model: &DynamicsModel) -> &'static str {
    match model.is_equivariant() {
        true => "E(3) and permutations",
        false => "permutations alone",
    }
}

/// Every round of a model and its prediction, under rotations all around an axis.
pub fn sweep(model: &DynamicsModel, now: &ParticleBatch) -> Result<Sweep, ProgramError> {
    let degrees = angles(std::iter::empty());
    let turns = degrees
        .iter()
        .map(|angle| Symmetry::Motion(about_axis(*angle)));
    let turns: Vec<Symmetry> = turns.collect();
    Ok(Sweep {
        examples: now.graph().graph().graphs(),
        outputs: measure(model, std::slice::from_ref(now), &turns)?,
        degrees,
        interpolation: None,
    })
}

/// Predictions for one simulation that is turned, turned back: x, y, z of each particle.
fn turned_back(model: &DynamicsModel, one: &ParticleBatch, degrees: f64) -> Vec<[f64; 3]> {
    let predicted = model.forward(&about_axis(degrees).apply_to_particles(one));
    let values: Vec<f64> = predicted.into_data().iter::<f64>().collect();
    let back = about_axis(-degrees);
    let (rows, _) = values.as_chunks::<3>();
    rows.iter().map(|row| back.apply_to_point(*row)).collect()
}

/// How far the first particle of one simulation is predicted to go, all around, seen as if nothing had been turned.
pub fn answers(model: &DynamicsModel, one: &ParticleBatch, example: usize) -> Answers {
    let start: Vec<f64> = one.positions().into_data().iter::<f64>().take(3).collect();
    let degrees = answer_angles();
    let mut curves = ["x", "y", "z"].map(|name| Curve {
        name: name.into(),
        values: Vec::with_capacity(degrees.len()),
    });
    for angle in &degrees {
        let Some(end) = turned_back(model, one, *angle).first().copied() else {
            continue;
        };
        for (axis, curve) in curves.iter_mut().enumerate() {
            curve.values.push(end[axis] - start[axis]);
        }
    }
    Answers {
        are_shares: false,
        about: "displacement of the first particle, turned back".into(),
        example,
        degrees,
        curves: curves.into(),
    }
}

/// One simulation as part of a picture: where particles are, where they will be, and where they are predicted to be when the
/// simulation is turned, turned back.
pub fn cloud(
    model: &DynamicsModel,
    one: &ParticleBatch,
    targets: &[f32],
    charges: &[f32],
) -> Cloud {
    let starts: Vec<f64> = one.positions().into_data().iter::<f64>().collect();
    let predictions: Vec<Vec<[f64; 3]>> = (0..DRAWN)
        .map(|turn| turned_back(model, one, 360.0 / DRAWN as f64 * turn as f64))
        .collect();
    let (starts, _) = starts.as_chunks::<3>();
    let (ends, _) = targets.as_chunks::<3>();
    let orbits = starts.iter().zip(ends).zip(charges).enumerate();
    let orbits = orbits.map(|(particle, ((start, end), charge))| Orbit {
        start: [start[0], start[1]],
        end: [f64::from(end[0]), f64::from(end[1])],
        predicted: predictions
            .iter()
            .map(|rows| [rows[particle][0], rows[particle][1]])
            .collect(),
        positive: *charge >= 0.0,
    });
    Cloud {
        turns: DRAWN,
        orbits: orbits.collect(),
    }
}
