//! Depthwise convolution: each channel has a kernel of its own.
//!
//! ```text
//! out(b, c, y, x)  = bias(c) + Σ_i Σ_j weight(c, i, j) · input(b, c, y·s + i·d − p, x·s + j·d − p)
//! weight'(c, i, j) = Σ_b Σ_y Σ_x out'(b, c, y, x) · input(b, c, y·s + i·d − p, x·s + j·d − p)
//! ```
//!
//! The input gradient is a convolution of the output gradient with the kernel turned by 180° (`axis.rs`). There is no sum
//! over channels that a product of matrices could take: planes are brought side by side into the lanes of registers
//! (`planes.rs`), in bands that stay in a cache (`bands.rs`), where all three are sums of products of rows (`rows.rs`). So
//! no lane is empty, whatever the width of an image and the size of a kernel.

mod axis;
mod bands;
mod pass;
mod planes;
pub(super) mod rows;
mod weight;

use super::chunks::Wanted;
use super::geometry::Geometry;
use crate::Finish;
use crate::number::Number;
use pass::Pass;

/// The convolution, with what follows it.
pub(super) fn convolve<T: Number>(
    input: &[T],
    weight: &[T],
    bias: Option<&[T]>,
    sizes: &Geometry,
    finish: Finish,
) -> Vec<T> {
    Pass::forward(sizes, bias, finish).run(input, weight)
}

/// The gradients with respect to the input and the weight.
pub(super) fn gradients<T: Number>(
    input: &[T],
    weight: &[T],
    gradient: &[T],
    sizes: &Geometry,
    wanted: Wanted,
) -> (Option<Vec<T>>, Option<Vec<T>>) {
    let of_input = || Pass::backward(sizes).run(gradient, weight);
    let of_weight = || weight::gradient(input, gradient, sizes);
    (wanted.input.then(of_input), wanted.weight.then(of_weight))
}
