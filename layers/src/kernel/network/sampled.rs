//! Where a network is asked for a kernel's values, on a device.

use burn::prelude::*;

use super::mask::Gaussian;
use super::{
    Features, KernelMask, MagnetConfig, NetworkConfig, coordinates_of, group_coordinates,
    plane_axes,
};
use crate::group::AxisKind;
use crate::group::Matrix;
use crate::kernel::layout::Layout;
use crate::kernel::taps::taps;
use crate::kernel::{AngleOffsets, KernelSize, Spaces, windows};

/// A kernel's network with the points where it is sampled: those of each of the bank's parts.
#[derive(Module, Debug)]
pub(in crate::kernel) struct NetworkKernel {
    features: Features,
    gaussian: Option<Gaussian>,
    /// The relative elements, `[relative, coordinates]`; absent on the plane, and where H has none.
    relative: Option<Tensor<2>>,
    /// Which of their coordinates is an angle.
    #[module(skip)]
    angle: Option<usize>,
    samplings: Vec<Sampling>,
    /// Whether elements reflect, so that a turn means another one behind them.
    #[module(skip)]
    reflects: bool,
    /// Taps along the axes of the plane that are coordinates.
    #[module(skip)]
    sides: Vec<usize>,
    #[module(skip)]
    antialiasing: f64,
}

/// The points of responses that have one window.
#[derive(Module, Debug)]
struct Sampling {
    /// h⁻¹z, `[responses, height, width, axes]`; absent where there is a single tap.
    points: Option<Tensor<4>>,
    /// What multiplies the kernel and isn't trained, `[responses, height, width, 1]`.
    factor: Tensor<4>,
    /// |h⁻¹z|, `[responses, height, width, 1]`, where a kernel is cut off at a disc.
    radius: Option<Tensor<4>>,
    /// The smallest of those: of an even window the middle lies between taps.
    #[module(skip)]
    nearest: f64,
    #[module(skip)]
    matrices: Vec<Matrix>,
    #[module(skip)]
    size: KernelSize,
}

impl NetworkKernel {
    /// `parts` are the elements of each of the bank's parts.
    pub(in crate::kernel) fn new(
        config: &NetworkConfig,
        spaces: &Spaces,
        size: KernelSize,
        layout: &Layout,
        parts: &[Vec<usize>],
        device: &Device,
    ) -> Self {
        let axes = plane_axes(size);
        let [height, width] = size.height_and_width();
        let coordinates = NetworkConfig::coordinates(spaces, size);
        let sampling = |elements: &Vec<usize>| {
            Sampling::new(config.mask(), spaces, size, layout, elements, device)
        };
        let relative = spaces.relative().map(|group| {
            let places = spaces.differences().places;
            let of = |place| coordinates_of(group.axes(), group.components(), place);
            let values: Vec<f64> = places.iter().flat_map(of).collect();
            TensorData::new(values, [places.len(), group_coordinates(spaces)])
        });
        let relative = relative.filter(|_| group_coordinates(spaces) > 0);
        let moving = spaces.relative().into_iter().flat_map(|group| group.axes());
        let mut moving = moving.filter(|axis| axis.samples > 1);
        Self {
            features: config.init(coordinates, axes.len(), device),
            gaussian: config.mask().init(axes.len(), device),
            relative: relative.map(|data| Tensor::from_data(data, device)),
            angle: moving.position(|axis| axis.kind == AxisKind::Angle),
            reflects: spaces.turning().components() > 1,
            samplings: parts.iter().map(sampling).collect(),
            sides: axes.iter().map(|&axis| [width, height][axis]).collect(),
            antialiasing: match config {
                NetworkConfig::Siren(_) => 0.0,
                NetworkConfig::Magnet(config) => config.antialiasing,
            },
        }
    }

    /// The features of each part's kernels with a constant after them, `[relative · responses · taps, features + 1]`, and the
    /// window that they are sampled in.
    pub(in crate::kernel) fn features(
        &self,
        offsets: AngleOffsets,
    ) -> Vec<(Tensor<2>, KernelSize)> {
        assert!(
            offsets.is_none() || !self.reflects,
            "grids of angles are turned over groups without reflections"
        );
        let reach = self.gaussian.as_ref().map(Gaussian::reach);
        let samplings = self.samplings.iter();
        samplings
            .map(|sampling| self.of_part(sampling, reach.as_deref(), offsets))
            .collect()
    }

    fn of_part(
        &self,
        sampling: &Sampling,
        reach: Option<&[f64]>,
        offsets: AngleOffsets,
    ) -> (Tensor<2>, KernelSize) {
        let size = match reach {
            Some(reach) => sampling.window(&self.sides, reach),
            None => sampling.size,
        };
        let dtype = self.dtype();
        let cropped = |tensor: &Tensor<4>| sampling.cropped(tensor, size).cast(dtype);
        let factor = cropped(&sampling.factor);
        let [responses, height, width, _] = factor.dims();
        let count = responses * height * width;
        let points = sampling.points.as_ref().map(|points| {
            let points = cropped(points);
            let [.., axes] = points.dims();
            turned(points.reshape([count, axes]), -offsets.output)
        });
        let mut mask: Tensor<2> = factor.reshape([count, 1]);
        if let (Some(gaussian), Some(points)) = (&self.gaussian, &points) {
            mask = mask * gaussian.forward(points.clone());
        }
        if let (Some(radius), Some(reach)) = (&sampling.radius, reach) {
            let end = reach
                .iter()
                .copied()
                .fold(sampling.nearest * 1.001, f64::max);
            let end = end.max(f64::from(f32::MIN_POSITIVE));
            let inside = cropped(radius).lower_elem(end).float().cast(dtype);
            mask = mask * inside.reshape([count, 1]);
        }
        let relative = self
            .relative
            .clone()
            .map(|relative| self.moved(relative.cast(dtype), offsets.input - offsets.output));
        let elements = relative.as_ref().map_or(1, |relative| relative.dims()[0]);
        let repeated = |rows: Tensor<2>| {
            let [_, columns] = rows.dims();
            let rows = rows
                .unsqueeze_dim::<3>(0)
                .expand([elements, count, columns]);
            rows.reshape([elements * count, columns])
        };
        let on_group = relative.map(|relative| {
            let [_, columns] = relative.dims();
            let rows = relative.unsqueeze_dim::<3>(1);
            let rows = rows.expand([elements, count, columns]);
            rows.reshape([elements * count, columns])
        });
        let coordinates: Vec<Tensor<2>> =
            points.map(repeated).into_iter().chain(on_group).collect();
        let features = self.features.forward(Tensor::cat(coordinates, 1));
        let ones = Tensor::ones([elements * count, 1], (&features.device(), dtype));
        (Tensor::cat(vec![features, ones], 1) * repeated(mask), size)
    }

    /// Relative elements whose angles are larger.
    fn moved(&self, relative: Tensor<2>, angle: f64) -> Tensor<2> {
        let (Some(column), true) = (self.angle, angle != 0.0) else {
            return relative;
        };
        // From −1 to 1 is a whole turn.
        let own = relative.clone().narrow(1, column, 1) + (1.0 + angle / std::f64::consts::PI);
        let whole = (own.clone() / 2.0).floor() * 2.0;
        relative.slice_assign([0..own.dims()[0], column..column + 1], own - whole - 1.0)
    }

    /// Whether the window follows the mask.
    pub(in crate::kernel) fn is_cropped(&self) -> bool {
        self.gaussian.is_some()
    }

    /// How far the mask reaches from side to side, vertically and horizontally, in pixels and parts of them; none where it isn't
    /// trained. No further than the window.
    pub(in crate::kernel) fn trained_size(&self) -> Option<[f64; 2]> {
        let reach = self.gaussian.as_ref()?.reach();
        let along = self.sides.iter().zip(reach);
        let pixels = along.map(|(&side, reach)| (reach * (side - 1) as f64 + 1.0).min(side as f64));
        match pixels.collect::<Vec<_>>().as_slice() {
            [width, height] => Some([*height, *width]),
            [side] => Some([*side, *side]),
            _ => None,
        }
    }

    /// The highest frequency that the kernel has along the plane, in periods per unit; none where that isn't known.
    pub(in crate::kernel) fn highest_frequency(&self) -> Option<Tensor<1>> {
        self.frequencies()?.into_iter().reduce(|sum, own| sum + own)
    }

    /// What the loss adds for frequencies above those of the pixel grid.
    pub(in crate::kernel) fn penalty(&self) -> Option<Tensor<1>> {
        if self.antialiasing == 0.0 {
            return None;
        }
        let longest = self.sides.iter().copied().max()? as f64;
        let frequencies = self.frequencies()?;
        let limit = (longest - 1.0) / 4.0 / frequencies.len() as f64;
        let excess = frequencies
            .into_iter()
            .map(|own| (own - limit).clamp_min(0.0));
        let sum = excess
            .map(|own| own.clone() * own)
            .reduce(|sum, own| sum + own)?;
        Some(sum * self.antialiasing)
    }

    /// Those of each layer of Gabor functions, with its share of the mask's.
    fn frequencies(&self) -> Option<Vec<Tensor<1>>> {
        let (Features::Magnet(network), false) = (&self.features, self.sides.is_empty()) else {
            return None;
        };
        let layers = network.highest_frequencies(self.sides.len(), MagnetConfig::DEVIATIONS);
        let Some(gaussian) = &self.gaussian else {
            return Some(layers);
        };
        let share = MagnetConfig::DEVIATIONS / (std::f64::consts::TAU * layers.len() as f64);
        let narrowest = gaussian.deviation().min();
        let mask = narrowest.recip() * share;
        Some(layers.into_iter().map(|own| own + mask.clone()).collect())
    }

    fn dtype(&self) -> burn::tensor::DType {
        match &self.features {
            Features::Siren(network) => network.first.weight.val().dtype(),
            Features::Magnet(network) => network.dtype(),
        }
    }
}

impl Sampling {
    fn new(
        mask: KernelMask,
        spaces: &Spaces,
        size: KernelSize,
        layout: &Layout,
        elements: &[usize],
        device: &Device,
    ) -> Self {
        let (group, axes) = (spaces.turning(), plane_axes(size));
        let squares = group.keeps_squares();
        // A part's elements have one window.
        let window = elements.first().map_or(size, |&h| layout.windows()[h]);
        let [height, width] = size.height_and_width();
        let halves = [width, height].map(|side| ((side - 1) as f64 / 2.0).max(0.5));
        let longest = size.longest() as f64;
        let edge = longest / (longest - 1.0).max(1.0);
        let volume = spaces.relative().map_or(1.0, |group| group.volume(0));
        let (mut points, mut factors, mut radii) = (Vec::new(), Vec::new(), Vec::new());
        for &h in elements {
            let scale = volume / windows::measure(group, h, size);
            for place in taps(window) {
                let place = group.act_inverse(h, place);
                let place: Vec<f64> = axes.iter().map(|&a| place[a] / halves[a]).collect();
                let radius = place.iter().map(|x| x * x).sum::<f64>().sqrt();
                factors.push(scale * mask.at(radius, squares, edge));
                radii.push(radius);
                points.extend(place);
            }
        }
        let [height, width] = window.height_and_width();
        let dims = |last| [elements.len(), height, width, last];
        let tensor = |values: Vec<f64>, last| {
            Tensor::<4>::from_data(TensorData::new(values, dims(last)), device)
        };
        let cut = matches!(mask, KernelMask::Gaussian(_)) && !squares && !axes.is_empty();
        let nearest = radii.iter().copied().fold(f64::INFINITY, f64::min);
        Self {
            nearest: if nearest.is_finite() { nearest } else { 0.0 },
            points: (!axes.is_empty()).then(|| tensor(points, axes.len())),
            factor: tensor(factors, 1),
            radius: cut.then(|| tensor(radii, 1)),
            matrices: elements.iter().map(|&h| group.matrix(h)).collect(),
            size: window,
        }
    }

    /// The window that holds the mask under every element, for a mask that reaches so far along each axis. Where a kernel is cut
    /// off at a disc, all of that.
    fn window(&self, sides: &[usize], reach: &[f64]) -> KernelSize {
        let [height, width] = self.size.height_and_width();
        let pixels = |axis: usize| match sides {
            // Of a kernel of one row or column the other axis has no extent.
            [side] if [width, height][axis] > 1 => reach[0] * (side - 1) as f64 / 2.0,
            [_] => 0.0,
            _ => reach[axis] * (sides[axis] - 1) as f64 / 2.0,
        };
        let own = [pixels(0), pixels(1)];
        let extent = |axis: usize| {
            let along = self.matrices.iter().map(|matrix| {
                let [x, y] = matrix[axis];
                match self.radius {
                    Some(_) => own[0].max(own[1]) * x.hypot(y),
                    None => x.abs() * own[0] + y.abs() * own[1],
                }
            });
            along.fold(0.0, f64::max)
        };
        [
            taps_within(height, extent(1)),
            taps_within(width, extent(0)),
        ]
        .into()
    }

    /// The middle of the window.
    fn cropped(&self, tensor: &Tensor<4>, size: KernelSize) -> Tensor<4> {
        if size == self.size {
            return tensor.clone();
        }
        let ([height, width], [own_height, own_width]) =
            (size.height_and_width(), self.size.height_and_width());
        let rows = tensor.clone().narrow(1, (own_height - height) / 2, height);
        rows.narrow(2, (own_width - width) / 2, width)
    }
}

/// Points of the plane, turned by an angle.
fn turned(points: Tensor<2>, angle: f64) -> Tensor<2> {
    let [_, axes] = points.dims();
    if angle == 0.0 || axes != 2 {
        return points;
    }
    let (sin, cos) = angle.sin_cos();
    let (x, y) = (points.clone().narrow(1, 0, 1), points.narrow(1, 1, 1));
    let right = x.clone() * cos - y.clone() * sin;
    Tensor::cat(vec![right, x * sin + y * cos], 1)
}

/// How many of a side's taps lie nearer to its middle than `extent`, the middle's own at least.
fn taps_within(side: usize, extent: f64) -> usize {
    let middle = (side - 1) as f64 / 2.0;
    let within = (0..side).filter(|&tap| (tap as f64 - middle).abs() < extent);
    within.count().max(2 - side % 2)
}
