//! The community's set against reference numbers.

use serde_json::Value;

use super::*;

fn reference() -> Value {
    serde_json::from_str(include_str!("../fixtures/community.json")).unwrap()
}

/// An array of arrays of numbers.
fn rows(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(numbers).collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    let numbers = value.as_array().unwrap().iter();
    numbers.map(|number| number.as_f64().unwrap()).collect()
}

/// The reference simulations of each split, with their numbers.
fn simulations(reference: &Value) -> Vec<(Split, usize, &Value)> {
    Split::THREE
        .into_iter()
        .flat_map(|split| {
            let all = reference[split.to_string()].as_array().unwrap();
            all.iter()
                .map(move |one| (split, one["simulation"].as_u64().unwrap() as usize, one))
        })
        .collect()
}

/// The largest difference of a frame from `[axis][particle]`.
fn difference(found: &[[f64; 3]], expected: &Value) -> f64 {
    let expected = rows(expected);
    let mut largest = 0.0f64;
    for (axis, row) in expected.iter().enumerate() {
        for (found, expected) in found.iter().zip(row) {
            largest = largest.max((found[axis] - expected).abs());
        }
    }
    largest
}

#[test]
fn draws_are_equal_to_the_last_bit() {
    let (community, reference) = (Community::default(), reference());
    let simulations = simulations(&reference);
    assert_eq!(simulations.len(), 6);
    for (split, number, expected) in simulations {
        let state = community
            .initial_states(split, number + 1)
            .pop()
            .expect("the last one");
        assert_eq!(state.charges.to_vec(), numbers(&expected["charges"]));
        for (found, expected) in [
            (state.positions, &expected["initial_positions"]),
            (state.velocities, &expected["initial_velocities"]),
        ] {
            let found: Vec<Vec<f64>> = found.iter().map(|vector| vector.to_vec()).collect();
            assert_eq!(found, rows(expected), "{split} {number}");
        }
    }
}

#[test]
fn frames_are_those_of_the_reference() {
    let (community, reference) = (Community::default(), reference());
    for (split, number, expected) in simulations(&reference) {
        let states = community.initial_states(split, number + 1);
        let run = community.follow(&states[number]);
        assert_eq!(run.positions.len(), 49 * PARTICLES);
        let frame =
            |vectors: &[[f64; 3]], frame: usize| vectors[frame * PARTICLES..][..PARTICLES].to_vec();
        for (found, key, bound) in [
            (frame(&run.positions, 0), "saved_frame_0_loc", 1e-12),
            (frame(&run.velocities, 0), "saved_frame_0_vel", 1e-12),
            (frame(&run.positions, 10), "saved_frame_10_loc", 1e-9),
        ] {
            let difference = difference(&found, &expected[key]);
            println!("{split} {number} {key}: {difference:e}");
            assert!(difference < bound, "{split} {number} {key}: {difference}");
        }
    }
}

/// Close encounters make the last bit of every operation visible here.
#[test]
fn statistics_are_those_of_the_reference() {
    let mut community = Community::default();
    community.charged.steps = 4101;
    let reference = reference();
    for (split, size) in Split::THREE.into_iter().zip([3_000, 2_000, 2_000]) {
        // The stream has the noise of whole simulations.
        let states = Community::default().initial_states(split, size);
        let errors: Vec<[f64; 3]> = states
            .par_iter()
            .map(|state| {
                let run = community.follow(state);
                let frame = |vectors: &[[f64; 3]], frame: usize| {
                    vectors[frame * PARTICLES..][..PARTICLES].concat()
                };
                let (x, y) = (frame(&run.positions, 30), frame(&run.positions, 40));
                let v = frame(&run.velocities, 30);
                let mean = |value: &dyn Fn(usize) -> f64| (0..15).map(value).sum::<f64>() / 15.0;
                [
                    mean(&|place| (y[place] - x[place]).powi(2)),
                    mean(&|place| (y[place] - x[place] - 0.7237 * v[place]).powi(2)),
                    mean(&|place| x[place].abs()),
                ]
            })
            .collect();
        let expected = &reference[format!("{split}_statistics")];
        for (place, key) in [
            "no_motion_mse",
            "x_plus_t_v_mse_t_0.7237",
            "mean_abs_loc_30",
        ]
        .into_iter()
        .enumerate()
        {
            let found = errors.iter().map(|one| one[place]).sum::<f64>() / size as f64;
            let expected = expected[key].as_f64().unwrap();
            println!(
                "{split} {key}: {found}, expected {expected}, {:e}",
                found / expected - 1.0
            );
            assert!(
                (found / expected - 1.0).abs() < 1e-9,
                "{split} {key}: {found}, expected {expected}"
            );
        }
    }
}

#[test]
fn splits_follow_each_other_and_the_stream_goes_on() {
    let community = Community::default();
    let all = community.initial_states(Split::Train, 14_003);
    let part = |split, size| community.initial_states(split, size);
    assert_eq!(part(Split::Train, 3), all[..3]);
    assert_eq!(part(Split::Valid, 2_000), all[10_000..12_000]);
    assert_eq!(part(Split::Test, 2_003), all[12_000..]);
    assert!(part(Split::Test, 0).is_empty());
    let mut heard = Vec::new();
    let runs = community.run(Split::Test, CHUNK + 2, &mut |done| heard.push(done));
    assert_eq!(
        (runs.unwrap().count(), heard),
        (CHUNK + 2, vec![CHUNK, CHUNK + 2])
    );
}
