//! Simulations on disk, in the layouts of the codes that the two families come from.
//!
//! ```text
//! charged    loc_{split}_{name}.npy, vel_{split}_{name}.npy    [simulations, frames, 3, particles]
//!            charges_{split}_{name}.npy                        [simulations, particles, 1]
//!            edges_{split}_{name}.npy                          [simulations, particles, particles], q_i q_j
//! gravity    loc_{split}_{name}.npy, vel_{split}_{name}.npy    [simulations, frames, bodies, 3]
//!            mass_{split}_{name}.npy                           [simulations, bodies, 1]
//! ```
//!
//! `split` is train, valid or test, `name` for instance `charged5_initvel1small` or `gravity100_initvel1small`. The family
//! is that of the configuration and its order of axes is fixed: with three particles both orders have the same extents,
//! so that sizes tell nothing. Files whose name is of the other family, or whose axes can't be their family's, are
//! refused. Edges follow from the charges: they are written for the community's code and not read. Sources:
//! `vgsatorras/egnn` (charged) and `RobDHess/Steerable-E3-GNN` (gravity), their `generate_dataset.py`.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;

use super::community::COMMUNITY_FILES;
use crate::images::Split;
use crate::npy::NpyArray;
use crate::{DatasetError, NBodySystem, Trajectories, files};

/// What is particular to a family's files.
impl NBodySystem {
    /// The name of the benchmark's files, preferred where a folder has several sets.
    fn usual_name(self) -> &'static str {
        match self {
            Self::Charged => COMMUNITY_FILES,
            Self::Gravity => "gravity100_initvel1small",
        }
    }

    /// The word that names of its files begin with.
    fn word(self) -> &'static str {
        match self {
            Self::Charged => "charged",
            Self::Gravity => "gravity",
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Charged => Self::Gravity,
            Self::Gravity => Self::Charged,
        }
    }

    /// What the last property of a particle is called: in file names, and in words.
    fn property(self) -> [&'static str; 2] {
        match self {
            Self::Charged => ["charges", "the charges"],
            Self::Gravity => ["mass", "the masses"],
        }
    }

    /// The order of the axes of positions and velocities.
    fn axes(self) -> &'static str {
        match self {
            Self::Charged => "[simulations, frames, 3, particles]",
            Self::Gravity => "[simulations, frames, bodies, 3]",
        }
    }

    /// Simulations, frames and particles of an array in this order.
    fn extents(self, shape: &[usize]) -> Option<[usize; 3]> {
        match (self, shape) {
            (Self::Charged, &[count, frames, 3, particles])
            | (Self::Gravity, &[count, frames, particles, 3]) => Some([count, frames, particles]),
            _ => None,
        }
    }

    /// What to do about files that are of the other family.
    fn way_out(self) -> String {
        let (own, other) = (self.word(), self.other().word());
        format!(
            "`system = \"{own}\"` reads {}; where these are {other} files, set `system = \"{other}\"` ({})",
            self.axes(),
            self.other().axes()
        )
    }
}

/// The name of one file of a split.
pub(super) fn file_name(kind: &str, split: Split, name: &str) -> String {
    format!("{kind}_{split}_{name}.npy")
}

/// Reads at most `limit` simulations of a split (training, validation or test) from a folder of files of a system.
pub fn read(
    folder: &Path,
    system: NBodySystem,
    split: Split,
    limit: usize,
) -> Result<Trajectories, DatasetError> {
    let name = find(folder, system, split)?;
    let file = |kind: &str| folder.join(file_name(kind, split, &name));
    let (loc_file, vel_file) = (file("loc"), file("vel"));
    let [property, words] = system.property();
    let mut weight_file = file(property);
    // The gravity code's own generator calls the masses charges.
    if system == NBodySystem::Gravity && !weight_file.is_file() && file("charges").is_file() {
        weight_file = file("charges");
    }
    if !weight_file.is_file() {
        return Err(missing(&weight_file, words));
    }
    if !vel_file.is_file() {
        return Err(missing(&vel_file, "the velocities"));
    }
    let loc = NpyArray::read(&loc_file)?;
    let Some([count, frames, particles]) = system.extents(&loc.shape) else {
        return Err(DatasetError::malformed(
            &loc_file,
            format!("an array of {}", system.axes()),
            format!("{:?}; {}", loc.shape, system.way_out()),
        ));
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
            system,
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

/// The vectors of an array in the order of a system's axes.
fn vectors(values: &[f64], particles: usize, system: NBodySystem) -> Vec<[f64; 3]> {
    if system == NBodySystem::Gravity {
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
fn find(folder: &Path, system: NBodySystem, split: Split) -> Result<String, DatasetError> {
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
    // Both families may lie in one folder. Names that say neither may be of either.
    let (others, names): (Vec<String>, Vec<String>) = names
        .into_iter()
        .partition(|name| name.starts_with(system.other().word()));
    let usual = system.usual_name();
    match (&names[..], &others[..]) {
        ([only], _) => Ok(only.clone()),
        ([], [other, ..]) => Err(DatasetError::malformed(
            folder,
            format!("{} files", system.word()),
            format!("{prefix}{other}.npy; {}", system.way_out()),
        )),
        ([], []) => Err(missing(
            &folder.join(format!("{prefix}{usual}.npy")),
            "the positions",
        )),
        (several, _) if several.iter().any(|name| name == usual) => Ok(usual.into()),
        (several, _) => {
            let expected = format!("one set of N-body files, or one that is called {usual}");
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
    system: NBodySystem,
    split: Split,
    name: &str,
    trajectories: &Trajectories,
) -> Result<(), DatasetError> {
    let part = files::part(folder)?;
    write_files(part.path(), system, split, name, trajectories)?;
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|error| DatasetError::io(folder, error))?;
    }
    files::put(part, folder)
}

/// Writes the files of a split into a folder.
pub fn write_files(
    folder: &Path,
    system: NBodySystem,
    split: Split,
    name: &str,
    trajectories: &Trajectories,
) -> Result<(), DatasetError> {
    fs::create_dir_all(folder).map_err(|error| DatasetError::io(folder, error))?;
    let (count, frames, particles) = (
        trajectories.count(),
        trajectories.frames(),
        trajectories.particles(),
    );
    let save = |kind: &str, array: NpyArray| {
        let path = folder.join(file_name(kind, split, name));
        let file = File::create(&path).map_err(|error| DatasetError::io(&path, error))?;
        array
            .write(BufWriter::new(file))
            .map_err(|error| DatasetError::io(&path, error))
    };
    let ordered = |vectors: &dyn Fn(usize, usize) -> Vec<[f64; 3]>| {
        let mut values = Vec::with_capacity(count * frames * particles * 3);
        for simulation in 0..count {
            for frame in 0..frames {
                let vectors = vectors(simulation, frame);
                match system {
                    NBodySystem::Gravity => values.extend(vectors.as_flattened()),
                    NBodySystem::Charged => (0..3)
                        .for_each(|axis| values.extend(vectors.iter().map(|vector| vector[axis]))),
                }
            }
        }
        let shape = match system {
            NBodySystem::Gravity => vec![count, frames, particles, 3],
            NBodySystem::Charged => vec![count, frames, 3, particles],
        };
        NpyArray { shape, values }
    };
    save(
        "loc",
        ordered(&|simulation, frame| trajectories.positions(simulation, frame).to_vec()),
    )?;
    save(
        "vel",
        ordered(&|simulation, frame| trajectories.velocities(simulation, frame).to_vec()),
    )?;
    let charges: Vec<f64> = (0..count)
        .flat_map(|simulation| trajectories.charges(simulation))
        .copied()
        .collect();
    if system == NBodySystem::Charged {
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
        system.property()[0],
        NpyArray {
            shape: vec![count, particles, 1],
            values: charges,
        },
    )
}
