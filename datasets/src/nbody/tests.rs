//! Tests of the data set as a whole: simulated, kept, written and read.

use std::fs;
use std::path::Path;

use super::*;
use crate::BatchOptions;
use crate::npy::NpyArray;

fn small() -> NBodyConfig {
    NBodyConfig::default()
        .with_sizes([12, 5, 4])
        .with_cache(false)
}

#[test]
fn simulations_depend_on_seed_split_and_number_alone() {
    let all = small().load().unwrap();
    assert_eq!(
        [&all.train, &all.valid, &all.test].map(|split| split.count()),
        [12, 5, 4]
    );
    assert_eq!(
        all.description.to_string(),
        "charged N-body (simulated, seed 0): 12 training, 5 validation, 4 test simulations"
    );
    let middle = all.train.slice(3..5);
    assert_eq!([middle.count(), all.train.slice(11..20).count()], [2, 1]);
    assert_eq!(middle.batch(&[1]).targets, all.train.batch(&[4]).targets);
    assert_eq!(middle.batch(&[0]).charges, all.train.batch(&[3]).charges);
    assert!(all.train.slice(20..30).is_empty());
    // Fewer simulations, one thread: the same ones.
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let few = pool.install(|| {
        small()
            .with_sizes([3, 5, 4])
            .load_split(Split::Train)
            .unwrap()
    });
    assert_eq!(few.batch(&[0, 1, 2]), all.train.batch(&[0, 1, 2]));
    assert_ne!(few.batch(&[0]).positions, all.valid.batch(&[0]).positions);
    assert_ne!(
        few.batch(&[0]),
        small()
            .with_seed(1)
            .load_split(Split::Train)
            .unwrap()
            .batch(&[0])
    );
    assert_eq!(
        small().load_split(Split::All).unwrap().batch(&[12]).targets,
        all.valid.batch(&[0]).targets
    );
}

/// Loose enough for another machine's logarithm and cosine.
#[test]
fn the_simulations_of_seed_zero_stay_what_they_are() {
    let batch = small().load_split(Split::Test).unwrap().batch(&[0]);
    assert_eq!(batch.charges, [-1.0, 1.0, -1.0, -1.0, 1.0]);
    let expected = [
        2.43971f32, -0.98511, -0.66949, -1.44219, 0.02224, -0.59053, -1.74029, 1.59293, 0.89894,
    ];
    assert!(
        batch
            .targets
            .iter()
            .zip(expected)
            .all(|(a, b)| (a - b).abs() < 1e-3),
        "{:?}",
        batch
    );
}

#[test]
fn simulations_are_kept_under_a_name_that_holds_every_parameter() {
    let folder = tempfile::tempdir().unwrap();
    let config = small().with_cache(true).with_cache_path(folder.path());
    let made = config.load_split(Split::Valid).unwrap();
    let name =
        "charged5-strength1-dt0.001-steps5000-every100-force100-box5-spread1-speed0.5-seed0-valid5";
    let kept = folder.path().join(name);
    let names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(names, std::slice::from_ref(&kept));
    let again = config.load_split(Split::Valid).unwrap();
    assert_eq!(again.trajectories(), made.trajectories());

    // What a process that is gone began to keep goes when there is something to keep.
    let left = folder.path().join(format!(".{name}.part-1"));
    fs::create_dir(&left).unwrap();

    // What is kept is what is read: a changed number comes back.
    let file = kept.join("charges_valid_charged5_initvel1small.npy");
    let mut charges = NpyArray::read(&file).unwrap();
    charges.values[0] = 7.0;
    charges.write(fs::File::create(&file).unwrap()).unwrap();
    assert_eq!(
        config.load_split(Split::Valid).unwrap().batch(&[0]).charges[0],
        7.0
    );
    // A damaged file is made anew.
    fs::write(&file, b"not an array").unwrap();
    assert_eq!(
        config.load_split(Split::Valid).unwrap().trajectories(),
        made.trajectories()
    );
    assert_eq!(
        NpyArray::read(&file).unwrap().values[0],
        made.batch(&[0]).charges[0] as f64
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    // Where nothing can be kept, the simulations are made all the same.
    fs::write(folder.path().join("file"), b"").unwrap();
    let nowhere = config.with_cache_path(folder.path().join("file").join("below"));
    assert_eq!(
        nowhere.load_split(Split::Valid).unwrap().trajectories(),
        made.trajectories()
    );
}

fn write_all(folder: &Path, config: &NBodyConfig, name: &str) {
    for split in [Split::Train, Split::Valid, Split::Test] {
        let trajectories = config.load_split(split).unwrap().trajectories().clone();
        store::write_files(folder, NBodySystem::Charged, split, name, &trajectories).unwrap();
    }
}

#[test]
fn the_communitys_files_are_written_and_read() {
    let folder = tempfile::tempdir().unwrap();
    write_all(folder.path(), &small(), "charged5_initvel1small");
    let loc = NpyArray::read(&folder.path().join("loc_train_charged5_initvel1small.npy")).unwrap();
    assert_eq!(loc.shape, [12, 49, 3, 5]);
    let edges =
        NpyArray::read(&folder.path().join("edges_train_charged5_initvel1small.npy")).unwrap();
    assert_eq!(edges.shape, [12, 5, 5]);
    let made = small().load().unwrap();
    let charges = made.train.trajectories().charges(3).to_vec();
    assert_eq!(edges.values[3 * 25 + 2 * 5 + 4], charges[2] * charges[4]);
    // y of particle 4 in simulation 3, frame 30.
    let y = loc.values[((3 * 49 + 30) * 3 + 1) * 5 + 4];
    assert_eq!(y, made.train.trajectories().positions(3, 30)[4][1]);

    let config = NBodyConfig::default().with_path(folder.path());
    let read = config.load().unwrap();
    assert_eq!(read.train.trajectories(), made.train.trajectories());
    assert_eq!(read.test.batch(&[3]), made.test.batch(&[3]));
    assert_eq!(
        config
            .clone()
            .with_sizes([7, 1, 1])
            .load()
            .unwrap()
            .train
            .count(),
        7
    );
    assert!(config.clone().with_particles(6).load().is_err());
    // A second set beside the first changes nothing; without the usual name there is no telling.
    write_all(folder.path(), &small().with_seed(1), "charged5_initvel1");
    assert_eq!(
        config.load().unwrap().train.trajectories(),
        made.train.trajectories()
    );
    let usual = folder.path().join("loc_train_charged5_initvel1small.npy");
    fs::rename(usual, folder.path().join("loc_train_other.npy")).unwrap();
    let error = config.load().unwrap_err().to_string();
    assert!(error.contains("charged5_initvel1, other"), "{error}");
}

#[test]
fn missing_and_damaged_files_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let config = NBodyConfig::default().with_path(folder.path());
    let message = || config.load_split(Split::Test).unwrap_err().to_string();
    assert!(
        message().contains("loc_test_charged5_initvel1small.npy is missing"),
        "{}",
        message()
    );
    let trajectories = small()
        .load_split(Split::Test)
        .unwrap()
        .trajectories()
        .clone();
    let file = |kind: &str| folder.path().join(format!("{kind}_test_x.npy"));
    let restore = || {
        store::write_files(
            folder.path(),
            NBodySystem::Charged,
            Split::Test,
            "x",
            &trajectories,
        )
        .unwrap()
    };
    restore();
    fs::remove_file(file("charges")).unwrap();
    assert!(
        message().contains("charges_test_x.npy is missing: expected the charges"),
        "{}",
        message()
    );
    restore();
    fs::remove_file(file("vel")).unwrap();
    assert!(
        message().contains("vel_test_x.npy is missing"),
        "{}",
        message()
    );
    restore();
    let mut loc = NpyArray::read(&file("loc")).unwrap();
    loc.values[(49 + 2) * 15 + 7] = f64::NAN;
    loc.write(fs::File::create(file("loc")).unwrap()).unwrap();
    assert!(
        message().contains("loc_test_x.npy: expected finite numbers"),
        "{}",
        message()
    );
    assert!(
        message().contains("simulation 1, frame 2, particle 2"),
        "{}",
        message()
    );
    restore();
    NpyArray {
        shape: vec![4, 6, 1],
        values: vec![1.0; 24],
    }
    .write(fs::File::create(file("charges")).unwrap())
    .unwrap();
    assert!(
        message().contains("charges_test_x.npy: expected an array of [4, 5, 1], found [4, 6, 1]"),
        "{}",
        message()
    );
    restore();
    fs::write(file("vel"), &fs::read(file("vel")).unwrap()[..1000]).unwrap();
    assert!(
        message().contains("vel_test_x.npy: expected 2940 values"),
        "{}",
        message()
    );
    let elsewhere = NBodyConfig::default().with_path(folder.path().join("none"));
    assert!(
        elsewhere
            .load()
            .unwrap_err()
            .to_string()
            .contains("none is missing")
    );
}

#[test]
fn impossible_settings_are_refused() {
    for config in [
        small().with_frames(49, 40),
        small().with_frames(30, 49),
        small().with_particles(1),
    ] {
        assert!(config.load().is_err(), "{config:?}");
    }
    let dataset = Arc::new(small().load_split(Split::Test).unwrap());
    assert!(NBodyLoader::new(dataset.clone(), &BatchOptions::new(0)).is_err());
    let rotation = crate::RotationAugmentation::Continuous;
    let augmentation = crate::Augmentation {
        rotation,
        ..crate::Augmentation::none()
    };
    assert!(
        NBodyLoader::new(
            dataset,
            &BatchOptions::new(2).with_augmentation(augmentation)
        )
        .is_err()
    );
    assert!(toml::from_str::<NBodyConfig>("systm = \"charged\"").is_err());
    assert_eq!(
        NBodyConfig::new(NBodySystem::Gravity).sizes(),
        GRAVITY_SIZES
    );
    assert_eq!(
        toml::from_str::<NBodyConfig>("system = \"gravity\"").unwrap(),
        NBodyConfig::new(NBodySystem::Gravity)
    );
}

#[test]
fn batches_depend_on_seed_and_epoch_and_can_go_on_in_the_middle() {
    let dataset = Arc::new(small().load_split(Split::Train).unwrap());
    let options = BatchOptions::new(5)
        .with_shuffle(true)
        .with_seed(3)
        .with_epoch(2);
    let batches = |options: &BatchOptions| {
        NBodyLoader::new(dataset.clone(), options)
            .unwrap()
            .collect::<Vec<_>>()
    };
    let whole = batches(&options);
    assert_eq!(
        whole.iter().map(|batch| batch.graphs).collect::<Vec<_>>(),
        [5, 5, 2]
    );
    assert_eq!(batches(&options.clone().with_start_batch(1)), whole[1..]);
    assert!(batches(&options.clone().with_start_batch(9)).is_empty());
    assert_ne!(
        batches(&options.clone().with_epoch(3))[0].indices,
        whole[0].indices
    );
    let mut all: Vec<u32> = whole
        .iter()
        .flat_map(|batch| batch.indices.clone())
        .collect();
    all.sort_unstable();
    assert_eq!(all, (0..12).collect::<Vec<u32>>());
    let batch = &whole[0];
    assert_eq!(
        [
            batch.positions.len(),
            batch.velocities.len(),
            batch.targets.len(),
            batch.charges.len()
        ],
        [75, 75, 75, 25]
    );
    let simulation = batch.indices[1] as usize;
    assert_eq!(
        batch.targets[15],
        dataset.trajectories().positions(simulation, 40)[0][0] as f32
    );
}

#[test]
fn gravity_is_simulated_kept_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let config = NBodyConfig::new(NBodySystem::Gravity)
        .with_particles(4)
        .with_sizes([2, 1, 1])
        .with_cache_path(folder.path());
    let splits = config.load().unwrap();
    assert_eq!(
        (
            splits.train.particles(),
            splits.train.trajectories().frames()
        ),
        (4, 50)
    );
    assert_eq!(splits.train.batch(&[1]).charges, [1.0; 4]);
    assert_eq!(
        config.load().unwrap().train.trajectories(),
        splits.train.trajectories()
    );
    // The community's order of axes, as its code reads it, and its name for the masses.
    let kept = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.to_string_lossy().ends_with("train2"))
        .unwrap();
    let file = |kind: &str| kept.join(format!("{kind}_train_gravity4_initvel1small.npy"));
    let loc = NpyArray::read(&file("loc")).unwrap();
    assert_eq!(loc.shape, [2, 50, 4, 3]);
    let z = loc.values[((50 + 30) * 4 + 2) * 3 + 2];
    assert_eq!(z, splits.train.trajectories().positions(1, 30)[2][2]);
    let gravity = NBodyConfig::new(NBodySystem::Gravity).with_path(&kept);
    let read = || gravity.load_split(Split::Train).unwrap();
    assert_eq!(read().trajectories(), splits.train.trajectories());
    fs::rename(file("mass"), file("charges")).unwrap();
    assert_eq!(read().trajectories(), splits.train.trajectories());
}

/// A folder with positions, velocities and properties of one split.
fn folder_of(name: &str, property: &str, loc: &NpyArray, vel: &NpyArray) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let particles = if loc.shape[3] == 3 {
        loc.shape[2]
    } else {
        loc.shape[3]
    };
    let properties = NpyArray {
        shape: vec![loc.shape[0], particles, 1],
        values: vec![1.0; loc.shape[0] * particles],
    };
    for (kind, array) in [("loc", loc), ("vel", vel), (property, &properties)] {
        let file = folder.path().join(format!("{kind}_test_{name}.npy"));
        array.write(fs::File::create(file).unwrap()).unwrap();
    }
    folder
}

/// Made for this project: 10 simulations of three bodies, `[simulations, frames, bodies, 3]`. The extents are those of
/// three charged particles as well, `[simulations, frames, 3, particles]`.
const THREE_BODIES: &[u8] = include_bytes!("fixtures/loc_test_gravity3_initvel1small.npy");

#[test]
fn three_bodies_have_the_order_of_axes_of_their_family() {
    let name = "gravity3_initvel1small";
    let loc = NpyArray::from_reader(THREE_BODIES, Path::new(name)).unwrap();
    assert_eq!(loc.shape, [10, 45, 3, 3]);
    let read = |folder: &Path, system| {
        NBodyConfig::new(system)
            .with_path(folder)
            .load_split(Split::Test)
    };
    let folder = folder_of(name, "mass", &loc, &loc);
    let found = read(folder.path(), NBodySystem::Gravity).unwrap();
    for simulation in 0..10 {
        for frame in 0..45 {
            let place = (simulation * 45 + frame) * 9;
            let expected = loc.values[place..place + 9].as_chunks::<3>().0;
            assert_eq!(found.trajectories().positions(simulation, frame), expected);
            assert_eq!(found.trajectories().velocities(simulation, frame), expected);
        }
    }
    // The same array as charged files: x of all three first.
    let folder = folder_of("charged3_initvel1small", "charges", &loc, &loc);
    let found = read(folder.path(), NBodySystem::Charged).unwrap();
    let expected = [0, 1, 2].map(|particle| [0, 3, 6].map(|axis| loc.values[axis + particle]));
    assert_eq!(found.trajectories().positions(0, 0), expected);
}

#[test]
fn files_of_the_other_family_and_axes_that_cannot_be_are_refused() {
    let array = |shape: [usize; 4]| NpyArray {
        shape: shape.to_vec(),
        values: vec![0.0; shape.iter().product()],
    };
    let error = |name: &str, property: &str, shape, system| {
        let array = array(shape);
        let folder = folder_of(name, property, &array, &array);
        let config = NBodyConfig::new(system).with_path(folder.path());
        config.load_split(Split::Test).unwrap_err().to_string()
    };
    let (charged, gravity) = (NBodySystem::Charged, NBodySystem::Gravity);
    for (found, parts) in [
        (
            error("charged5", "charges", [2, 45, 5, 3], charged),
            [
                "expected an array of [simulations, frames, 3, particles], found [2, 45, 5, 3]",
                "set `system = \"gravity\"` ([simulations, frames, bodies, 3])",
            ],
        ),
        (
            error("gravity5", "mass", [2, 45, 3, 5], gravity),
            [
                "expected an array of [simulations, frames, bodies, 3], found [2, 45, 3, 5]",
                "set `system = \"charged\"`",
            ],
        ),
        (
            error("gravity3", "mass", [2, 45, 3, 3], charged),
            [
                "expected charged files, found loc_test_gravity3.npy",
                "set `system = \"gravity\"`",
            ],
        ),
        (
            error("charged3", "charges", [2, 45, 3, 3], gravity),
            [
                "expected gravity files, found loc_test_charged3.npy",
                "set `system = \"charged\"`",
            ],
        ),
        (
            error("mine", "mass", [2, 45, 3, 3], charged),
            ["charges_test_mine.npy is missing", "the charges"],
        ),
    ] {
        for part in parts {
            assert!(found.contains(part), "{part}: {found}");
        }
    }
}

#[test]
fn a_simulation_run_backwards_ends_where_it_began() {
    let config = NBodyConfig::default()
        .with_sizes([40, 1, 1])
        .with_cache(false);
    let train = config.load().unwrap().train;
    let options = crate::BatchOptions::new(40).with_seed(5);
    let reversal = NBodyAugmentation::default().with_time_reversal(true);
    let loader = NBodyLoader::new(train.clone(), &options).unwrap();
    let batch = loader.with_augmentation(reversal).next().unwrap();
    let forwards = train.batch(&batch.indices);
    let width = 3 * batch.particles;
    let mut backwards = 0;
    for place in 0..40 {
        let at = place * width..(place + 1) * width;
        if batch.positions[at.clone()] == forwards.positions[at.clone()] {
            assert_eq!(batch.targets[at.clone()], forwards.targets[at]);
            continue;
        }
        backwards += 1;
        assert_eq!(batch.positions[at.clone()], forwards.targets[at.clone()]);
        assert_eq!(batch.targets[at.clone()], forwards.positions[at.clone()]);
        let simulation = batch.indices[place] as usize;
        let later = train.trajectories().velocities(simulation, 40);
        for (found, truth) in batch.velocities[at].iter().zip(later.iter().flatten()) {
            assert_eq!(*found, -*truth as f32);
        }
    }
    assert!((8..32).contains(&backwards), "{backwards}");
}

#[test]
fn what_cannot_be_simulated_is_known_before() {
    let config = NBodyConfig::default();
    assert!(config.validate().is_ok());
    assert!(config.clone().with_particles(1).validate().is_err());
    assert!(config.clone().with_frames(30, 48).validate().is_ok());
    let error = config
        .with_frames(30, 49)
        .validate()
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("target_frame") && error.contains("0 to 48"),
        "{error}"
    );
}

#[test]
fn more_simulations_than_memory_has_room_for_are_refused_before_it_is_taken() {
    let config = small().with_sizes([12, 5, usize::MAX]);
    let expected =
        "dataset.test: expected at most 1095654 simulations of 49 frames and 5 particles";
    for error in [
        config.validate().unwrap_err(),
        config.load_split(Split::Test).unwrap_err(),
        config.load_split(Split::All).unwrap_err(),
        config.load().unwrap_err(),
    ] {
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert!(config.load_split(Split::Valid).is_ok());
    let crowd = NBodyConfig::new(NBodySystem::Gravity).with_particles(10_000);
    assert!(crowd.validate().is_err());
    assert!(NBodyConfig::new(NBodySystem::Gravity).validate().is_ok());
}

#[test]
fn turning_keeps_distances_and_changes_positions() {
    let config = NBodyConfig::default()
        .with_sizes([9, 1, 1])
        .with_cache(false);
    let train = config.load().unwrap().train;
    let options = crate::BatchOptions::new(9).with_seed(5);
    let turned = NBodyAugmentation::default().with_orthogonal(true);
    let loader = NBodyLoader::new(train.clone(), &options).unwrap();
    let batch = loader.with_augmentation(turned).next().unwrap();
    let plain = train.batch(&batch.indices);
    // ‖x − x'‖² and (x − x')·v, which turn with nothing.
    let invariants = |batch: &NBodyBatch| -> Vec<[f32; 2]> {
        let vectors = |numbers: &[f32]| numbers.as_chunks::<3>().0.to_vec();
        let (x, y) = (vectors(&batch.positions), vectors(&batch.targets));
        let v = vectors(&batch.velocities);
        (0..x.len())
            .map(|i| {
                let way = [0, 1, 2].map(|axis| y[i][axis] - x[i][axis]);
                let dot = |a: [f32; 3], b: [f32; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
                [dot(way, way), dot(way, v[i])]
            })
            .collect()
    };
    for (found, expected) in invariants(&batch).iter().zip(invariants(&plain)) {
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-4 * (1.0 + expected.abs()));
        }
    }
    assert!(
        batch
            .positions
            .iter()
            .zip(&plain.positions)
            .any(|(a, b)| (a - b).abs() > 0.1)
    );
}

fn community() -> NBodyConfig {
    small().with_source(NBodySource::Community)
}

#[test]
fn the_communitys_set_is_made_again() {
    let all = community().load().unwrap();
    assert_eq!(
        all.description.to_string(),
        "charged N-body (the community's set, made again from seed 43): 12 training, 5 validation, 4 test simulations"
    );
    // Its charges as its own code gives them, and the first coordinate of frame 0.
    assert_eq!(all.train.batch(&[0]).charges, [-1.0, 1.0, -1.0, -1.0, -1.0]);
    let x = all.train.trajectories().positions(0, 0)[0][0];
    assert!((x - 0.445278278029731).abs() < 1e-12);
    // Any number of threads, and fewer of them: the same ones.
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let few = community().with_sizes([12, 2, 4]);
    let few = pool.install(|| few.load_split(Split::Valid).unwrap());
    assert_eq!(few.batch(&[0, 1]), all.valid.batch(&[0, 1]));
    // The seed may be named.
    let named = community().with_seed(43).load_split(Split::Test).unwrap();
    assert_eq!(named.identity(), all.test.identity());
    let sizes = NBodyConfig::default().with_source(NBodySource::Community);
    assert_eq!(sizes.sizes(), CHARGED_SIZES);
}

#[test]
fn test_simulations_beyond_the_communitys_are_further_ones() {
    let config = community().with_sizes([1, 1, 2_003]);
    let whole = config.load_split(Split::Test).unwrap();
    assert_eq!(whole.count(), 2_003);
    let first = community().load_split(Split::Test).unwrap();
    assert_eq!(whole.batch(&[0, 1, 2, 3]), first.batch(&[0, 1, 2, 3]));
    assert_ne!(whole.batch(&[2_000]).targets, whole.batch(&[0]).targets);
    assert_eq!(
        config.origin(),
        "the community's set, made again from seed 43, with 3 further ones for testing"
    );
}

#[test]
fn the_communitys_set_is_kept_beside_those_of_other_seeds() {
    let folder = tempfile::tempdir().unwrap();
    let kept = |config: NBodyConfig| config.with_cache(true).with_cache_path(folder.path());
    let made = kept(community()).load_split(Split::Valid).unwrap();
    let other = kept(small()).load_split(Split::Valid).unwrap();
    assert_ne!(made.identity(), other.identity());
    let name = "community-charged5-strength1-dt0.001-steps5000-every100-force100-box5-spread1-speed0.5-seed43-valid5";
    let file = folder
        .path()
        .join(name)
        .join("charges_valid_charged5_initvel1small.npy");
    let mut charges = NpyArray::read(&file).unwrap();
    charges.values[0] = 7.0;
    charges.write(fs::File::create(&file).unwrap()).unwrap();
    let read = kept(community()).load_split(Split::Valid).unwrap();
    assert_eq!(read.batch(&[0]).charges[0], 7.0);
    // A damaged file is made anew.
    fs::write(&file, b"not an array").unwrap();
    let again = kept(community()).load_split(Split::Valid).unwrap();
    assert_eq!(again.trajectories(), made.trajectories());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn what_the_community_does_not_have_is_refused() {
    for (config, words) in [
        (
            community().with_sizes([10_001, 1, 1]),
            "dataset.train: expected at most 10000, as many as the community has, found 10001",
        ),
        (
            community().with_sizes([1, 2_001, 1]),
            "dataset.valid: expected at most 2000",
        ),
        (
            community().with_sizes([1, 1, usize::MAX]),
            "dataset.test: expected at most 1095654 simulations",
        ),
        (
            community().with_particles(6),
            "dataset.particles: expected 5, as the community's simulations have, found 6",
        ),
        (
            community().with_seed(7),
            "dataset.seed: expected 43, or none, for the community's simulations, found 7",
        ),
        (
            NBodyConfig::new(NBodySystem::Gravity).with_source(NBodySource::Community),
            "dataset.source: expected \"simulated\", where `system` is not \"charged\"",
        ),
        (
            community().with_frames(30, 49),
            "dataset.target_frame: expected a frame from 0 to 48",
        ),
    ] {
        let error = config.validate().unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
        assert!(config.load().is_err());
    }
    for config in [
        community().with_particles(5),
        community().with_sizes([10_000, 2_000, 50_000]),
        // Files are what they are.
        community().with_seed(7).with_path("files"),
    ] {
        assert!(config.validate().is_ok(), "{config:?}");
    }
    let read = toml::from_str::<NBodyConfig>("source = \"community\"\ntest = 50_000").unwrap();
    assert_eq!(
        (read.source, read.sizes()[2]),
        (NBodySource::Community, 50_000)
    );
    assert!(toml::from_str::<NBodyConfig>("source = \"comunity\"").is_err());
}
