//! Interpolation between the taps of a kernel by Gaussians.
//!
//! ```text
//! (I f)(p) = Σ_z c_z(p) f(z),   c(p) = G⁻¹ g(p),   G[z, z'] = g(z − z'),  g(p)[z] = g(p − z),  g(d) = exp(−|d|²/2)
//! ```
//!
//! I f is the combination of Gaussians of width one pixel that passes through f at every tap (the same formula as
//! simple kriging with a Gaussian covariance). At a tap it returns the sample unchanged. Unlike products of
//! one-dimensional interpolants it needs no taps outside the disc. The largest relative equivariance error over C8 of a
//! lifting convolution with random kernels, on sums of Gaussians of width two pixels, computed for each interpolation:
//!
//! | kernel | bilinear | cubic (Keys) | this one |
//! | --- | --- | --- | --- |
//! | 3×3 | 40 % | 20 % | 10 % |
//! | 5×5 | 14 % | 8 % | 2.5 % |
//! | 7×7 | 22 % | 16 % | 1.9 % |
//!
//! The tests in `tests/conv/equivariance.rs` hold it to 12, 6 and 4 %. Smoothing the weights with a Gaussian reaches
//! similar errors only by removing three quarters of the kernel's variance. Wider Gaussians here are more exact on
//! smooth images but multiply noise in large kernels; at one pixel the variance is kept within 15 %.

/// The Gaussian interpolant through fixed taps.
pub(super) struct Interpolation {
    taps: Vec<[f64; 2]>,
    /// The lower triangle L of G = L Lᵀ, row by row. Distinct taps make G positive definite.
    factor: Vec<f64>,
}

impl Interpolation {
    pub(super) fn new(taps: Vec<[f64; 2]>) -> Self {
        let n = taps.len();
        let mut factor = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                let done: f64 = (0..j).map(|k| factor[i * n + k] * factor[j * n + k]).sum();
                let rest = gaussian(taps[i], taps[j]) - done;
                factor[i * n + j] = if i == j {
                    rest.sqrt()
                } else {
                    rest / factor[j * n + j]
                };
            }
        }
        Self { taps, factor }
    }

    /// The coefficients c_z(p), one per tap.
    pub(super) fn at(&self, point: [f64; 2]) -> Vec<f64> {
        // A point on a tap is that tap, without rounding: exact elements stay exact.
        if let Some(hit) = self
            .taps
            .iter()
            .position(|&tap| distance(tap, point) < 1e-9)
        {
            return (0..self.taps.len()).map(|z| f64::from(z == hit)).collect();
        }
        let n = self.taps.len();
        let l = |i: usize, j: usize| self.factor[i * n + j];
        let mut c: Vec<f64> = self.taps.iter().map(|&tap| gaussian(tap, point)).collect();
        for i in 0..n {
            let done: f64 = (0..i).map(|k| l(i, k) * c[k]).sum();
            c[i] = (c[i] - done) / l(i, i);
        }
        for i in (0..n).rev() {
            let done: f64 = (i + 1..n).map(|k| l(k, i) * c[k]).sum();
            c[i] = (c[i] - done) / l(i, i);
        }
        c
    }
}

fn distance([ax, ay]: [f64; 2], [bx, by]: [f64; 2]) -> f64 {
    (ax - bx).hypot(ay - by)
}

fn gaussian(a: [f64; 2], b: [f64; 2]) -> f64 {
    (-0.5 * distance(a, b).powi(2)).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::taps::taps;

    fn square(side: usize) -> Vec<[f64; 2]> {
        taps(side.into())
    }

    #[test]
    fn passes_through_the_taps_and_reproduces_gaussians() {
        let interpolation = Interpolation::new(square(5));
        let c = interpolation.at([1.0, -2.0]);
        assert_eq!(c.iter().filter(|&&v| v == 1.0).count(), 1);
        assert_eq!(c.iter().filter(|&&v| v == 0.0).count(), 24);
        // A Gaussian about a tap lies in the span, so that between taps it comes out as it is.
        let p = [0.3, 0.8];
        let c = interpolation.at(p);
        for centre in square(5) {
            let read: f64 = square(5)
                .iter()
                .zip(&c)
                .map(|(&z, c)| c * gaussian(z, centre))
                .sum();
            assert!((read - gaussian(p, centre)).abs() < 1e-12);
        }
    }

    #[test]
    fn smooth_functions_are_read_closely() {
        let interpolation = Interpolation::new(square(5));
        let f = |[x, y]: [f64; 2]| (0.7 * x - 0.4 * y).sin() + 0.5 * (0.3 * x + 0.6 * y).cos();
        for p in [[0.5, 0.5], [-0.7, 0.2], [1.2, -0.9]] {
            let c = interpolation.at(p);
            let read: f64 = square(5).iter().zip(&c).map(|(&z, c)| c * f(z)).sum();
            assert!((read - f(p)).abs() < 0.04, "{read} {}", f(p));
        }
    }

    #[test]
    fn the_largest_kernels_stay_well_conditioned() {
        let c = Interpolation::new(square(crate::kernel::MAX_KERNEL_SIZE)).at([0.5, 0.5]);
        let sum: f64 = c.iter().map(|c| c * c).sum();
        assert!(sum.is_finite() && sum < 2.0, "{sum}");
    }
}
