//! What a layer's `forward` relies on, checked before anything is computed.
//!
//! Shapes are types only up to their rank, so the rest is a promise of the caller's. Where it isn't kept, a panic says which
//! layer it was, what it takes and what it got, as Burn's own layers do: the alternative is a message from deep inside a
//! backend, or an answer to another question. Each `forward` has a line of these.

use burn::prelude::*;
use burn::tensor::DType;

use crate::Group;

/// Fields along the second axis.
#[track_caller]
pub(crate) fn channels<const D: usize>(layer: &str, channels: usize, input: &Tensor<D>) {
    let dims = input.dims();
    assert!(
        D >= 2 && dims[1] == channels,
        "{layer} takes {channels} channels, [batch, {channels}, …]; found {dims:?}"
    );
}

/// Fields along the second axis, and a group along the third. A map doesn't say which group it lives on: of one with as
/// many elements the caller must know.
#[track_caller]
pub(crate) fn on_group(layer: &str, channels: usize, group: &Group, input: &Tensor<5>) {
    let (dims, order) = (input.dims(), group.order());
    assert!(
        [dims[1], dims[2]] == [channels, order],
        "{layer} takes {channels} channels on {group}, whose group axis has {order} elements: \
         [batch, {channels}, {order}, height, width]; found {dims:?}"
    );
}

/// A pixel at least, for what is taken over all of them.
#[track_caller]
pub(crate) fn positions<const D: usize>(layer: &str, input: &Tensor<D>) {
    let dims = input.dims();
    assert!(
        D >= 2 && dims[D - 2] * dims[D - 1] > 0,
        "{layer} takes [batch, …, height, width] with a pixel at least; found {dims:?}"
    );
}

/// A point or vector in space in each row.
#[track_caller]
pub(crate) fn vectors(layer: &str, input: &Tensor<2>) {
    let dims = input.dims();
    assert!(
        dims[1] == 3,
        "{layer} takes vectors in space, [rows, 3]; found {dims:?}"
    );
}

/// Numbers of the type of the layer's own.
#[track_caller]
pub(crate) fn numbers(layer: &str, own: DType, found: DType) {
    assert!(
        own == found,
        "{layer} has {own:?} numbers, its input {found:?}: `Tensor::cast` brings the input to the type of the layer"
    );
}
