use super::super::*;
use super::distance;

/// Degrees of all tensors there are.
fn couplings() -> impl Iterator<Item = [usize; 3]> {
    (0..=L_MAX).flat_map(|left| {
        (0..=L_MAX).flat_map(move |right| {
            (left.abs_diff(right)..=(left + right).min(L_MAX))
                .map(move |output| [left, right, output])
        })
    })
}

/// Σ over one index of the tensor with a matrix: C_ijk M_ii' and so on, by `axis`; row index summed.
fn contract(tensor: &ClebschGordan, axis: usize, matrix: &[f64]) -> Vec<f64> {
    let shape = tensor.shape();
    let size = shape[axis];
    let mut result = vec![0.0; shape.iter().product()];
    for entry in tensor.couplings() {
        let mut index = [entry.left, entry.right, entry.output];
        let row = index[axis];
        for column in 0..size {
            index[axis] = column;
            result[(index[0] * shape[1] + index[1]) * shape[2] + index[2]] +=
                entry.value * matrix[row * size + column];
        }
    }
    result
}

/// C·X₁ + C·X₂ = X₃·C: the rate at which C changes when everything turns is 0. All tensors to l = 11.
#[test]
fn invariance_under_the_lie_algebra() {
    let mut worst = 0.0f64;
    let all: Vec<_> = (0..=L_MAX).map(|l| generators(l).unwrap()).collect();
    for degrees in couplings() {
        let tensor = clebsch_gordan(degrees[0], degrees[1], degrees[2]).unwrap();
        let [first, second, third] = degrees.map(|l| &all[l]);
        for ((x1, x2), x3) in first.iter().zip(second).zip(third) {
            let mut sum = contract(tensor, 0, x1);
            for (factor, generator) in [(1, x2), (2, x3)] {
                let part = contract(tensor, factor, generator);
                // X₃ is antisymmetric, so that X₃·C stands on this side with its row index summed.
                sum.iter_mut()
                    .zip(part)
                    .for_each(|(total, part)| *total += part);
            }
            worst = worst.max(distance(&sum, &vec![0.0; sum.len()]));
        }
    }
    assert!(worst < 1e-12, "{worst:e}");
}

#[test]
fn equivariance_under_rotations() {
    let rotation = random_rotation(5);
    let matrices = wigner_d_up_to(L_MAX, &rotation).unwrap();
    let mut worst = 0.0f64;
    for degrees in couplings().filter(|l| l.iter().sum::<usize>() % 3 == 0) {
        let tensor = clebsch_gordan(degrees[0], degrees[1], degrees[2]).unwrap();
        let [left, right, output] = tensor.shape();
        // Σ_j over C_ijk D¹_ii' D²_jj', against Σ_k' C_i'j'k' D³_kk'.
        let once = contract(tensor, 0, &matrices[degrees[0]]);
        let mut turned = vec![0.0; once.len()];
        for (index, value) in once.iter().enumerate() {
            let (i, j, k) = (
                index / (right * output),
                index / output % right,
                index % output,
            );
            for column in 0..right {
                turned[(i * right + column) * output + k] +=
                    value * matrices[degrees[1]][j * right + column];
            }
        }
        let mut expected = vec![0.0; left * right * output];
        for entry in tensor.couplings() {
            for k in 0..output {
                expected[(entry.left * right + entry.right) * output + k] +=
                    entry.value * matrices[degrees[2]][k * output + entry.output];
            }
        }
        worst = worst.max(distance(&turned, &expected));
    }
    assert!(worst < 1e-12, "{worst:e}");
}

#[test]
fn output_components_are_orthogonal_and_the_norm_is_one() {
    for degrees in couplings() {
        let tensor = clebsch_gordan(degrees[0], degrees[1], degrees[2]).unwrap();
        let output = tensor.shape()[2];
        let mut gram = vec![0.0; output * output];
        for pair in tensor
            .couplings()
            .chunk_by(|a, b| (a.left, a.right) == (b.left, b.right))
        {
            for a in pair {
                for b in pair {
                    gram[a.output * output + b.output] += a.value * b.value;
                }
            }
        }
        for (index, value) in gram.iter().enumerate() {
            let expected = if index % (output + 1) == 0 {
                1.0 / output as f64
            } else {
                0.0
            };
            assert!((value - expected).abs() < 1e-14, "{degrees:?}: {value}");
        }
    }
}

/// The threshold below which entries are dropped lies far from every entry.
#[test]
fn no_entry_is_near_the_threshold() {
    let smallest = couplings()
        .flat_map(|[a, b, c]| clebsch_gordan(a, b, c).unwrap().couplings())
        .map(|entry| entry.value.abs())
        .fold(f64::INFINITY, f64::min);
    assert!(smallest > 1e-7, "{smallest:e}");
}

#[test]
fn dense_and_sparse_agree() {
    let tensor = clebsch_gordan(2, 1, 3).unwrap();
    let dense = tensor.dense();
    assert_eq!(dense.len(), 5 * 3 * 7);
    assert_eq!(
        dense.iter().filter(|value| **value != 0.0).count(),
        tensor.couplings().len()
    );
    for entry in tensor.couplings() {
        assert_eq!(
            dense[(entry.left * 3 + entry.right) * 7 + entry.output],
            entry.value
        );
    }
}

#[test]
fn degrees_that_do_not_couple_are_named() {
    let error = clebsch_gordan(1, 2, 4).unwrap_err().to_string();
    assert_eq!(
        error,
        "degrees 1 and 2 do not couple to 4: only 1 to 3 can come out"
    );
    assert!(matches!(
        clebsch_gordan(1, 11, 12),
        Err(IrrepsError::DegreeTooHigh { .. })
    ));
}
