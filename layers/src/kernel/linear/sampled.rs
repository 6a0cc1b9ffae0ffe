//! A linear kernel sampled on the pixel grid under every element of a group: plain numbers, no tensors.

use crate::kernel::KernelSize;
use crate::kernel::layout::Layout;
use crate::kernel::spaces::Relatives;

/// The matrices Basis_h of a kernel: `values(h)[z · weights + j]` is what weight j contributes to tap z of the kernel
/// turned by h. Taps run row by row over the window, which is larger where h enlarges.
#[derive(Debug, Clone, PartialEq)]
pub struct SampledKernel {
    size: KernelSize,
    weights: usize,
    elements: Vec<Vec<f64>>,
    layout: Layout,
    /// AlongH, a row per relative element; absent where it is the identity.
    along_group: Option<Vec<Vec<f64>>>,
    /// Whether a weight reaches over several taps.
    overlapping: bool,
}

impl SampledKernel {
    /// Takes one matrix `[taps, weights]` per group element with its window, and the relative elements.
    pub(super) fn new(
        size: KernelSize,
        weights: usize,
        elements: Vec<(KernelSize, Vec<f64>)>,
        relatives: Relatives,
    ) -> Self {
        let fits = |(window, m): &(KernelSize, Vec<f64>)| m.len() == window.taps() * weights;
        debug_assert!(elements.iter().all(fits));
        let (windows, elements) = elements.into_iter().unzip();
        Self {
            size,
            weights,
            elements,
            layout: Layout::new(windows, relatives),
            along_group: None,
            overlapping: false,
        }
    }

    /// Says that a weight reaches over several pixels.
    pub(super) fn with_overlap(mut self) -> Self {
        self.overlapping = true;
        self
    }

    /// Gives the kernel a basis along H too: one row per relative element, all of the same length.
    pub(super) fn with_along_group(mut self, rows: Vec<Vec<f64>>) -> Self {
        debug_assert_eq!(rows.len(), self.layout.relative());
        let of_identity = |(g, row): (usize, &Vec<f64>)| {
            let expected = |m| if m == g { 1.0 } else { 0.0 };
            row.len() == rows.len() && row.iter().enumerate().all(|(m, &v)| v == expected(m))
        };
        let identity = rows.iter().enumerate().all(of_identity);
        self.along_group = (!identity).then_some(rows);
        self
    }

    /// AlongH, where it isn't the identity.
    pub(in crate::kernel) fn along_group(&self) -> Option<&[Vec<f64>]> {
        self.along_group.as_deref()
    }

    /// Height and width of the kernel as the identity leaves it.
    pub fn size(&self) -> KernelSize {
        self.size
    }

    /// Height and width of the kernel under an element.
    pub fn window(&self, element: usize) -> KernelSize {
        self.layout.windows()[element]
    }

    /// Under which elements it is sampled.
    pub(in crate::kernel) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The number of weights per pair of fields, and on the group per weight along H.
    pub fn weights(&self) -> usize {
        self.weights
    }

    /// The number of weights along H: of pixel kernels one per relative group element.
    pub fn group_weights(&self) -> usize {
        match &self.along_group {
            Some(rows) => rows[0].len(),
            None => self.layout.relative(),
        }
    }

    /// The number of group elements.
    pub fn order(&self) -> usize {
        self.elements.len()
    }

    /// The matrix of an element, row by row: `[taps, weights]`.
    pub fn values(&self, element: usize) -> &[f64] {
        &self.elements[element]
    }

    /// The mean over H of Σ_z Σ_j Basis_h[z, j]²: weights of variance σ² give a kernel whose taps have variances that
    /// sum to this many σ². It is the number of taps where elements permute them, and counts what interpolation
    /// loses or gains.
    pub fn effective_taps(&self) -> f64 {
        let squares: f64 = self.elements.iter().flatten().map(|v| v * v).sum();
        squares / self.order() as f64
    }

    /// The same for a kernel of ones on its input: the mean over H of Σ_j (Σ_z Basis_h[z, j])².
    fn effective_taps_of_constants(&self) -> f64 {
        let column = |m: &Vec<f64>, j: usize| m.iter().skip(j).step_by(self.weights).sum::<f64>();
        let columns = |m| (0..self.weights).map(move |j| column(m, j).powi(2));
        self.elements.iter().flat_map(columns).sum::<f64>() / self.order() as f64
    }

    /// How many times a weight's variance a response has, per input channel of second moment 1: the fan-in of the
    /// initialisation.
    ///
    /// ```text
    /// pixels    Σ_j Σ_z Basis[z, j]²        whatever the pixels have in common, a weight sees one of them
    /// others    Σ_j (Σ_z Basis[z, j])²      pixels under a spline, or of an orbit, are alike
    /// along H   Σ_m (Σ_h' AlongH[h', m])²   times either
    /// ```
    ///
    /// For independent pixels a spline's own sum of squares would do, but feature maps aren't that: images are smooth,
    /// ReLU gives all pixels a mean, and splines smooth further, so that activations would grow twofold with every layer.
    pub fn fan_in(&self) -> f64 {
        let along = match &self.along_group {
            None => self.layout.relative() as f64,
            Some(rows) => {
                let weights = 0..self.group_weights();
                let column = |m: usize| rows.iter().map(|row| row[m]).sum::<f64>();
                weights.map(|m| column(m).powi(2)).sum()
            }
        };
        let on_plane = match self.overlapping {
            true => self.effective_taps_of_constants(),
            false => self.effective_taps(),
        };
        along * on_plane
    }

    /// Where every element merely permutes the weights: the weight that tap z of element h takes, at `h · taps + z`.
    pub(in crate::kernel) fn permutation(&self) -> Option<Vec<usize>> {
        if self
            .layout
            .windows()
            .iter()
            .any(|window| *window != self.size)
        {
            return None;
        }
        let rows = self.elements.iter().flat_map(|m| m.chunks(self.weights));
        rows.map(|row| {
            let one = row.iter().position(|&v| v == 1.0)?;
            let others = row.iter().filter(|&&v| v != 0.0).count() - 1;
            (others == 0).then_some(one)
        })
        .collect()
    }

    /// The kernels that do not change under the group: an orthonormal basis of what the mean over H leaves of any
    /// weights, as one matrix (the group of the result is trivial).
    ///
    /// ```text
    /// A = 1/|H| Σ_h Basis_h,   Basis = an orthonormal basis of the columns of A
    /// ```
    ///
    /// Where elements permute the taps, these are the orbits' normalised indicators.
    pub fn invariant(&self) -> Self {
        let taps = self.size.taps();
        let mean = |z: usize, j: usize| {
            let sum: f64 = self.elements.iter().map(|m| m[z * self.weights + j]).sum();
            sum / self.order() as f64
        };
        let columns: Vec<Vec<f64>> = (0..self.weights)
            .map(|j| (0..taps).map(|z| mean(z, j)).collect())
            .collect();
        let kernels = orthonormal(columns);
        let weights = kernels.len();
        let values = (0..taps * weights)
            .map(|entry| kernels[entry % weights][entry / weights])
            .collect();
        // A weight reaches over an orbit at least.
        let on_plane = Relatives {
            places: Vec::new(),
            pairs: vec![Some(0)],
        };
        Self::new(self.size, weights, vec![(self.size, values)], on_plane).with_overlap()
    }
}

/// Gram-Schmidt with the longest remainder first. It stops where the remainder is a tenth of the longest column: what
/// is left then is the error of the interpolation rather than another kernel.
fn orthonormal(mut columns: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut kernels: Vec<Vec<f64>> = Vec::new();
    let mut longest = None;
    while !columns.is_empty() {
        let norms: Vec<f64> = columns.iter().map(|c| dot(c, c).sqrt()).collect();
        // The first of equals: the order of the weights then does not hang on rounding.
        let largest = norms.iter().copied().fold(0.0, f64::max);
        let pick = norms.iter().position(|&n| n >= largest * (1.0 - 1e-9));
        if largest <= 0.1 * *longest.get_or_insert(largest) || largest == 0.0 {
            break;
        }
        let mut kernel = columns.swap_remove(pick.unwrap_or(0));
        kernel.iter_mut().for_each(|v| *v /= largest);
        for column in &mut columns {
            let share = dot(column, &kernel);
            for (c, k) in column.iter_mut().zip(&kernel) {
                *c -= share * k;
            }
        }
        kernels.push(kernel);
    }
    kernels
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use crate::group::Group;
    use crate::kernel::KernelConfig;

    #[rstest]
    // The orbits of a square's pixels: 3×3 under C4 are centre, edges and corners.
    #[case("trivial", 3, 9)]
    #[case("C2", 3, 5)]
    #[case("C4", 3, 3)]
    #[case("D4", 3, 3)]
    #[case("C4", 4, 4)]
    #[case("D4", 4, 3)]
    #[case("C4", 5, 7)]
    #[case("D4", 5, 6)]
    fn invariant_kernels_of_exact_groups_are_the_orbits(
        #[case] group: &str,
        #[case] size: usize,
        #[case] orbits: usize,
    ) {
        let group: Group = group.parse().unwrap();
        let kernel = KernelConfig::pixel().sample(&group, size.into()).unwrap();
        let invariant = kernel.invariant();
        assert_eq!(invariant.weights(), orbits);
        let total: f64 = invariant.values(0).iter().map(|v| v * v).sum();
        assert!((total - orbits as f64).abs() < 1e-12);
        // Each kernel is one value on its orbit and nothing elsewhere.
        for j in 0..orbits {
            let column = invariant.values(0).iter().skip(j).step_by(orbits);
            let on: Vec<f64> = column.copied().filter(|&v| v != 0.0).collect();
            assert!(on.iter().all(|v| (v - on[0]).abs() < 1e-12));
        }
    }

    #[rstest]
    fn invariant_kernels_of_fine_rotations_are_nearly_radial(
        #[values("C8", "C16", "D12")] group: &str,
    ) {
        let group: Group = group.parse().unwrap();
        let kernel = KernelConfig::pixel().sample(&group, 5.into()).unwrap();
        let invariant = kernel.invariant();
        // Five distances from the centre lie in the disc: 0, 1, √2, 2, √5.
        assert!(
            (3..=5).contains(&invariant.weights()),
            "{}",
            invariant.weights()
        );
    }
}
