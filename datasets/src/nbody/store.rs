//! Simulations on disk, in the community's layout.
//!
//! ```text
//! loc_{split}_{name}.npy, vel_{split}_{name}.npy    [simulations, frames, 3, particles]
//! charges_{split}_{name}.npy                        [simulations, particles, 1]   (mass_… for gravity)
//! edges_{split}_{name}.npy                          [simulations, particles, particles], q_i q_j
//! ```
//!
//! `split` is train, valid or test, `name` for instance `charged5_initvel1small`. Edges follow from the charges: they
//! are written for the community's code and not read. The community's gravity files have `[…, particles, 3]`; both
//! orders are read.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;

use crate::images::Split;
use crate::npy::NpyArray;
use crate::unfinished::Unfinished;
use crate::{DatasetError, Trajectories};

/// The name of the benchmark's files, preferred where a folder has several sets.
const USUAL_NAME: &str = "charged5_initvel1small";

/// What the last property of a particle is called in file names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weights {
    /// `charges_…`
    Charges,
    /// `mass_…`
    Masses,
}

impl Weights {
    fn prefix(self) -> &'static str {
        match self {
            Self::Charges => "charges",
            Self::Masses => "mass",
        }
    }
}

/// Reads at most `limit` simulations of a split (training, validation or test) from a folder.
pub fn read(folder: &Path, split: Split, limit: usize) -> Result<Trajectories, DatasetError> {
    let name = find(folder, split)?;
    let file = |kind: &str| folder.join(format!("{kind}_{split}_{name}.npy"));
    let (loc_file, vel_file) = (file("loc"), file("vel"));
    let weight_file = [file("charges"), file("mass")]
        .into_iter()
        .find(|file| file.is_file());
    let weight_file = weight_file
        .ok_or_else(|| missing(&file("charges"), "the charges (or mass_…, the masses)"))?;
    if !vel_file.is_file() {
        return Err(missing(&vel_file, "the velocities"));
    }
    let loc = NpyArray::read(&loc_file)?;
    let [count, frames, particles, transposed] = match loc.shape[..] {
        [count, frames, 3, particles] => [count, frames, particles, 1],
        [count, frames, particles, 3] => [count, frames, particles, 0],
        _ => {
            let found = format!("an array of {:?}", loc.shape);
            return Err(DatasetError::malformed(
                &loc_file,
                "an array of [simulations, frames, 3, particles]",
                found,
            ));
        }
    };
    let vel = NpyArray::read(&vel_file)?;
    if vel.shape != loc.shape {
        let expected = format!("an array of {:?}, as of the positions", loc.shape);
        return Err(DatasetError::malformed(
            &vel_file,
            expected,
            format!("{:?}", vel.shape),
        ));
    }
    let weights = NpyArray::read(&weight_file)?;
    if weights.shape != [count, particles, 1] && weights.shape != [count, particles] {
        let expected = format!("an array of [{count}, {particles}, 1]");
        return Err(DatasetError::malformed(
            &weight_file,
            expected,
            format!("{:?}", weights.shape),
        ));
    }
    let count = count.min(limit);
    let take = |array: NpyArray| {
        vectors(
            &array.values[..count * frames * particles * 3],
            particles,
            transposed == 1,
        )
    };
    let charges = weights.values[..count * particles].to_vec();
    let (positions, velocities) = (take(loc), take(vel));
    Trajectories::new(frames, particles, positions, velocities, charges).map_err(
        |error| match error {
            DatasetError::Setting {
                field,
                expected,
                found,
            } => {
                let file = match field {
                    "positions" => &loc_file,
                    "velocities" => &vel_file,
                    _ => &weight_file,
                };
                DatasetError::malformed(file, expected, found)
            }
            other => other,
        },
    )
}

/// The vectors of an array of `[…, particles, 3]`, or `[…, 3, particles]` where it is transposed.
fn vectors(values: &[f64], particles: usize, transposed: bool) -> Vec<[f64; 3]> {
    if !transposed {
        return values.as_chunks::<3>().0.to_vec();
    }
    let frame = |frame: &[f64]| -> Vec<[f64; 3]> {
        (0..particles)
            .map(|particle| [0, 1, 2].map(|axis| frame[axis * particles + particle]))
            .collect()
    };
    values
        .chunks_exact((3 * particles).max(1))
        .flat_map(frame)
        .collect()
}

fn missing(path: &Path, what: &str) -> DatasetError {
    DatasetError::Missing {
        path: path.to_path_buf(),
        expected: what.into(),
        hint: "Without `path` the simulations are made here".into(),
    }
}

/// The name of the set of files in a folder: what stands between the split and the ending.
fn find(folder: &Path, split: Split) -> Result<String, DatasetError> {
    let prefix = format!("loc_{split}_");
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(missing(folder, "a folder of N-body files"));
        }
        Err(error) => return Err(DatasetError::io(folder, error)),
    };
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter_map(|file| {
            Some(
                file.strip_prefix(&prefix)?
                    .strip_suffix(".npy")?
                    .to_string(),
            )
        })
        .collect();
    names.sort();
    match &names[..] {
        [only] => Ok(only.clone()),
        [] => Err(missing(
            &folder.join(format!("{prefix}{USUAL_NAME}.npy")),
            "the positions",
        )),
        several if several.iter().any(|name| name == USUAL_NAME) => Ok(USUAL_NAME.into()),
        several => {
            let expected = format!("one set of N-body files, or one that is called {USUAL_NAME}");
            Err(DatasetError::malformed(
                folder,
                expected,
                several.join(", "),
            ))
        }
    }
}

/// Writes a split, first beside its place, so that a folder that is there is whole.
pub fn write(
    folder: &Path,
    split: Split,
    name: &str,
    weights: Weights,
    trajectories: &Trajectories,
) -> Result<(), DatasetError> {
    let part = Unfinished::beside(folder)?;
    write_files(part.path(), split, name, weights, trajectories)?;
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|error| DatasetError::io(folder, error))?;
    }
    part.put()
}

/// Writes the files of a split into a folder.
pub fn write_files(
    folder: &Path,
    split: Split,
    name: &str,
    weights: Weights,
    trajectories: &Trajectories,
) -> Result<(), DatasetError> {
    fs::create_dir_all(folder).map_err(|error| DatasetError::io(folder, error))?;
    let (count, frames, particles) = (
        trajectories.count(),
        trajectories.frames(),
        trajectories.particles(),
    );
    let save = |kind: &str, array: NpyArray| {
        let path = folder.join(format!("{kind}_{split}_{name}.npy"));
        let file = File::create(&path).map_err(|error| DatasetError::io(&path, error))?;
        array
            .write(BufWriter::new(file))
            .map_err(|error| DatasetError::io(&path, error))
    };
    let transpose = |vectors: &dyn Fn(usize, usize) -> Vec<[f64; 3]>| {
        let mut values = Vec::with_capacity(count * frames * particles * 3);
        for simulation in 0..count {
            for frame in 0..frames {
                let vectors = vectors(simulation, frame);
                (0..3).for_each(|axis| values.extend(vectors.iter().map(|vector| vector[axis])));
            }
        }
        NpyArray {
            shape: vec![count, frames, 3, particles],
            values,
        }
    };
    save(
        "loc",
        transpose(&|simulation, frame| trajectories.positions(simulation, frame).to_vec()),
    )?;
    save(
        "vel",
        transpose(&|simulation, frame| trajectories.velocities(simulation, frame).to_vec()),
    )?;
    let charges: Vec<f64> = (0..count)
        .flat_map(|simulation| trajectories.charges(simulation))
        .copied()
        .collect();
    if weights == Weights::Charges {
        let products = charges.chunks_exact(particles).flat_map(|charges| {
            charges
                .iter()
                .flat_map(move |first| charges.iter().map(move |second| first * second))
        });
        save(
            "edges",
            NpyArray {
                shape: vec![count, particles, particles],
                values: products.collect(),
            },
        )?;
    }
    save(
        weights.prefix(),
        NpyArray {
            shape: vec![count, particles, 1],
            values: charges,
        },
    )
}
