//! Upsampling: a pixel becomes f × f of them, for each channel and orientation by itself.
//!
//! ```text
//! nearest    out(f·i + p) = in(i)                                         p = 0, …, f − 1
//! bilinear   out(f·i + p) = (1 − t) in(i) + t in(i ± 1)                   t = |(p + ½)/f − ½|, towards the nearer neighbour
//! ```
//!
//! along each axis, where beyond the border the last pixel goes on. The centres of the new pixels lie symmetrically about that of the
//! old one, so that a map of any size has the same centre before and after: right angles and reflections commute with it exactly.
//!
//! A side of n pixels may also become one of f (n − 1) + 1, with the first and the last pixel where they were:
//!
//! ```text
//! nearest    out(f·i + p) = in(i) for p < f/2, in(i + 1) for p > f/2, their mean in the middle
//! bilinear   out(f·i + p) = (1 − p/f) in(i) + p/f in(i + 1)
//! ```
//!
//! which is as symmetric. With both, [`BlurPool2d`](super::BlurPool2d) is undone at every size.

use std::cmp::Ordering;

use burn::prelude::*;

use crate::{LayerError, expect};

/// How the new pixels are made.
#[derive(Config, Debug, Copy, PartialEq, Eq)]
pub enum UpsampleKind {
    /// Of the pixel that they lie in.
    Nearest,
    /// Between that and its neighbours.
    Bilinear,
}

/// Configuration of an [`Upsample2d`].
#[derive(Config, Debug)]
pub struct Upsample2dConfig {
    /// Into how many pixels, along each side, one is divided: 1 to 16.
    pub factor: usize,
    /// How they are made.
    #[config(default = "UpsampleKind::Bilinear")]
    pub kind: UpsampleKind,
}

impl Upsample2dConfig {
    /// The largest [`factor`](Self::factor).
    pub const MAX_FACTOR: usize = 16;

    /// Checks the settings.
    pub fn validate(&self) -> Result<(), LayerError> {
        if (1..=Self::MAX_FACTOR).contains(&self.factor) {
            return Ok(());
        }
        Err(LayerError::OutOfRange {
            what: "the factor of upsampling",
            value: self.factor as f64,
            range: "1 to 16",
        })
    }

    /// Builds the layer. It has no parameters and lives on no device.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self) -> Upsample2d {
        self.try_init()
            .unwrap_or_else(|error| panic!("Upsample2d: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self) -> Result<Upsample2d, LayerError> {
        self.validate()?;
        Ok(Upsample2d {
            factor: self.factor,
            kind: self.kind,
        })
    }
}

/// Makes maps larger.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::{Upsample2dConfig, UpsampleKind};
///
/// # #[cfg(feature = "flex")] {
/// let larger = Upsample2dConfig::new(2).with_kind(UpsampleKind::Nearest).init();
/// let map = Tensor::<5>::zeros([1, 10, 4, 7, 9], &Device::flex());
/// assert_eq!(larger.forward(map).dims(), [1, 10, 4, 14, 18]);
/// # }
/// ```
#[derive(Module, Debug)]
pub struct Upsample2d {
    #[module(skip)]
    factor: usize,
    #[module(skip)]
    kind: UpsampleKind,
}

impl Upsample2d {
    /// # Shapes
    /// - input: `[batch, …, height, width]`: a map on the plane or on the group
    /// - output: `[batch, …, factor · height, factor · width]`
    ///
    /// # Panics
    /// If the input has no axes of a plane, or no pixels.
    pub fn forward<const D: usize>(&self, input: Tensor<D>) -> Tensor<D> {
        let dims = input.dims();
        assert!(
            D >= 3 && dims[D - 2..].iter().all(|side| *side > 0),
            "Upsample2d takes maps of one pixel and more, [batch, …, height, width]; found {dims:?}"
        );
        let size = [dims[D - 2], dims[D - 1]].map(|side| self.factor * side);
        self.forward_to(input, size)
    }

    /// The same to a size, of which each side may be `factor · side` or, with the outer pixels where they were,
    /// `factor · (side − 1) + 1`.
    ///
    /// ```
    /// use burn::prelude::*;
    /// use gcnn_layers::{BlurPool2dConfig, Upsample2dConfig};
    ///
    /// # #[cfg(feature = "flex")] {
    /// let map = Tensor::<5>::zeros([1, 10, 4, 15, 18], &Device::flex());
    /// let half = BlurPool2dConfig::new().init().forward(map);
    /// let double = Upsample2dConfig::new(2).init();
    /// assert_eq!(double.forward_to(half, [15, 18]).dims(), [1, 10, 4, 15, 18]);
    /// # }
    /// ```
    ///
    /// # Shapes
    /// - input: `[batch, …, height, width]`: a map on the plane or on the group
    /// - output: `[batch, …]` and the size
    ///
    /// # Panics
    /// If the input has no axes of a plane, or no pixels, or cannot become one of that size.
    pub fn forward_to<const D: usize>(&self, input: Tensor<D>, size: [usize; 2]) -> Tensor<D> {
        let dims = input.dims();
        expect::positions("Upsample2d", &input);
        let [height, width] = [dims[D - 2], dims[D - 1]];
        let reached = |side: usize, new: usize| {
            let factor = self.factor;
            new == factor * side || new == factor * (side - 1) + 1
        };
        assert!(
            reached(height, size[0]) && reached(width, size[1]),
            "Upsample2d by {} makes n pixels {0} · n, or {0} · (n − 1) + 1; found {height}×{width} to become {}×{}",
            self.factor,
            size[0],
            size[1]
        );
        if size == [height, width] {
            return input;
        }
        let planes: usize = dims[..D - 2].iter().product();
        let maps: Tensor<3> = input.reshape([planes, height, width]);
        let maps = self.along(self.along(maps, 1, size[0]), 2, size[1]);
        let mut larger = dims;
        larger[D - 2..].copy_from_slice(&size);
        maps.reshape(larger)
    }

    /// Upsampled along an axis.
    fn along(&self, maps: Tensor<3>, axis: usize, new: usize) -> Tensor<3> {
        let mut dims = maps.dims();
        let side = dims[axis];
        if new == side {
            return maps;
        }
        if new < self.factor * side {
            return self.between(maps, axis);
        }
        let phases: Vec<Tensor<4>> = match self.kind {
            UpsampleKind::Nearest => vec![maps.unsqueeze_dim(axis + 1); self.factor],
            UpsampleKind::Bilinear => {
                let first = maps.clone().narrow(axis, 0, 1);
                let last = maps.clone().narrow(axis, side - 1, 1);
                let padded = Tensor::cat(vec![first, maps.clone(), last], axis);
                let before = padded.clone().narrow(axis, 0, side);
                let after = padded.narrow(axis, 2, side);
                let phase = |p: usize| {
                    let place = (p as f64 + 0.5) / self.factor as f64 - 0.5;
                    let neighbour = if place < 0.0 { &before } else { &after };
                    let t = place.abs();
                    let between = maps.clone() * (1.0 - t) + neighbour.clone() * t;
                    between.unsqueeze_dim(axis + 1)
                };
                (0..self.factor).map(phase).collect()
            }
        };
        dims[axis] *= self.factor;
        Tensor::cat(phases, axis + 1).reshape(dims)
    }

    /// Upsampled along an axis of two pixels and more, with the first and the last where they were.
    fn between(&self, maps: Tensor<3>, axis: usize) -> Tensor<3> {
        let mut dims = maps.dims();
        let gaps = dims[axis] - 1;
        let before = maps.clone().narrow(axis, 0, gaps);
        let after = maps.clone().narrow(axis, 1, gaps);
        let phase = |p: usize| {
            let t = match self.kind {
                UpsampleKind::Bilinear => p as f64 / self.factor as f64,
                UpsampleKind::Nearest => match (2 * p).cmp(&self.factor) {
                    Ordering::Less => 0.0,
                    Ordering::Equal => 0.5,
                    Ordering::Greater => 1.0,
                },
            };
            let between = before.clone() * (1.0 - t) + after.clone() * t;
            between.unsqueeze_dim::<4>(axis + 1)
        };
        let phases = (0..self.factor).map(phase).collect();
        dims[axis] = gaps * self.factor;
        let inner = Tensor::cat(phases, axis + 1).reshape(dims);
        let last = maps.narrow(axis, gaps, 1);
        Tensor::cat(vec![inner, last], axis)
    }
}
