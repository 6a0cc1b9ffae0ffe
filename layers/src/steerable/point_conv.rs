//! Point convolution: the linear steerable group convolution on a cloud of points.
//!
//! ```text
//! out_i = Σ_{j → i} W(‖x_j − x_i‖) · C(f_j, Y(x_j − x_i)),     W(r) = Σ_b φ_b(r) W_b,   φ a small network of r
//! ```
//!
//! Kernels that commute with O(3) are spherical harmonics of the direction times anything of the distance. The last,
//! linear layer of the network that makes W(r) stands outside the sum over b: so φ_b(r) Y are attributes, W_b the weights
//! of an ordinary [`TensorProduct`], and no weight matrix is made for any edge.
//! Source: Thomas et al. 2018 (tensor field networks); Brandstetter et al. 2022, section 3 (linear steerable layers).

use super::attributes::Attributes;
use super::gathered::GatheredInput;
use super::spherical_harmonics::{SphericalHarmonics, SphericalHarmonicsConfig};
use super::tensor_product::{TensorProduct, TensorProductConfig};
use crate::graph::GraphTensors;
use crate::irreps::{Block, HarmonicsNormalisation, Irreps};
use crate::{LayerError, expect};
use burn::module::{DisplaySettings, ModuleDisplay};
use burn::nn::{Linear, LinearConfig};
use burn::prelude::*;
use burn::tensor::activation::silu;

/// Configuration of a [`PointConv`].
#[derive(Config, Debug)]
pub struct PointConvConfig {
    /// What comes in.
    pub input: Irreps,
    /// What comes out.
    pub output: Irreps,
    /// The highest degree of the kernel's harmonics.
    #[config(default = 1)]
    pub l_max: usize,
    /// Number of radial functions φ_b.
    #[config(default = 8)]
    pub radial_channels: usize,
    /// Width of the hidden layer of the network that makes them.
    #[config(default = 32)]
    pub radial_hidden: usize,
    /// Whether a node takes the mean over its neighbours instead of the sum.
    #[config(default = false)]
    pub mean: bool,
}

impl PointConvConfig {
    fn attributes(&self) -> Result<Irreps, LayerError> {
        let harmonics = Irreps::spherical_harmonics(self.l_max)?;
        let blocks = harmonics.blocks().iter().map(|block| Block {
            multiplicity: self.radial_channels,
            ..*block
        });
        Ok(Irreps::new(blocks)?)
    }

    fn product(&self) -> Result<TensorProductConfig, LayerError> {
        for (what, number) in [
            ("the number of radial channels", self.radial_channels),
            ("the width of the radial network", self.radial_hidden),
        ] {
            if number == 0 {
                return Err(LayerError::Zero { what });
            }
        }
        let (input, output) = (self.input.clone(), self.output.clone());
        let product = TensorProductConfig::new(input, self.attributes()?, output).with_bias(false);
        product.validate()?;
        Ok(product)
    }

    /// Checks the settings, and that every block of the output can be reached.
    pub fn validate(&self) -> Result<(), LayerError> {
        self.product().map(|_| ())
    }

    /// Builds the layer.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self, device: &Device) -> PointConv {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("PointConv: {error}"))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self, device: &Device) -> Result<PointConv, LayerError> {
        let product = self.product()?;
        let harmonics = SphericalHarmonicsConfig::new(self.l_max)
            .with_normalisation(HarmonicsNormalisation::Component);
        Ok(PointConv {
            harmonics: harmonics.try_init()?,
            hidden: LinearConfig::new(1, self.radial_hidden).init(device),
            radial: LinearConfig::new(self.radial_hidden, self.radial_channels).init(device),
            product: product.try_init(device)?,
            mean: self.mean,
        })
    }
}

/// Convolves features on points in space with a steerable kernel.
///
/// ```
/// use burn::prelude::*;
/// use gcnn_layers::steerable::PointConvConfig;
/// use gcnn_layers::{Graph, GraphTensors};
///
/// let device = Device::flex();
/// let points = [[0f32, 0., 0.], [1., 0., 0.], [0., 2., 0.]];
/// let graph = GraphTensors::new(&Graph::within_radius(&points, 1.5)?, &device);
/// let convolution = PointConvConfig::new("4x0e".parse()?, "8x0e+8x1o".parse()?).init(&device);
/// let output = convolution.forward(Tensor::ones([3, 4], &device), Tensor::from_floats(points, &device), &graph);
/// assert_eq!(output.dims(), [3, 8 + 24]);
/// # Ok::<(), gcnn_layers::LayerError>(())
/// ```
#[derive(Module, Debug)]
#[module(custom_display)]
pub struct PointConv {
    harmonics: SphericalHarmonics,
    hidden: Linear,
    radial: Linear,
    /// The product with φ(r) Y.
    pub product: TensorProduct,
    mean: bool,
}

impl ModuleDisplay for PointConv {
    fn format(&self, settings: DisplaySettings) -> String {
        self.product.format(settings)
    }
}

impl PointConv {
    /// # Shapes
    /// - features: `[nodes, input]`
    /// - positions: `[nodes, 3]`
    /// - output: `[nodes, output]`
    ///
    /// # Panics
    /// If features or positions have another width, another number of rows than the graph has nodes, or numbers of
    /// another type than the weights.
    pub fn forward(
        &self,
        features: Tensor<2>,
        positions: Tensor<2>,
        graph: &GraphTensors,
    ) -> Tensor<2> {
        expect::vectors("PointConv", &positions);
        let own = self.product.weight.val().dtype();
        expect::numbers("PointConv", own, positions.dtype());
        let attributes = self.attributes(graph.relative_positions(positions));
        let input = GatheredInput::sources(graph, self.product.input_irreps(), features);
        let messages = self.product.forward_gathered(&[input], &attributes);
        if self.mean {
            graph.mean_to_targets(messages)
        } else {
            graph.sum_to_targets(messages)
        }
    }

    /// φ(r) Y of relative positions `[edges, 3]`.
    fn attributes(&self, vectors: Tensor<2>) -> Attributes {
        let edges = vectors.dims()[0];
        let irreps = self.product.attribute_irreps();
        if edges == 0 {
            let none = Tensor::zeros([0, irreps.dim()], (&vectors.device(), vectors.dtype()));
            return Attributes::new(irreps, none).unwrap_or_else(|error| panic!("{error}"));
        }
        let squared = vectors.clone().square().sum_dim(1);
        // The root has no slope at 0: coincident points have distance 0 with gradient 0.
        let zero = squared.clone().equal_elem(0.0);
        let distances = squared
            .mask_fill(zero.clone(), 1.0)
            .sqrt()
            .mask_fill(zero, 0.0);
        let radial = self.radial.forward(silu(self.hidden.forward(distances)));
        let channels = radial.dims()[1];
        let harmonics = self.harmonics.forward(vectors);
        let components = harmonics.dims()[1];
        // Blocks [2l+1, channels] one after the other are one block [(l_max+1)², channels].
        let product =
            harmonics.reshape([edges, components, 1]) * radial.reshape([edges, 1, channels]);
        let attributes = product.reshape([edges, components * channels]);
        Attributes::new(irreps, attributes).unwrap_or_else(|error| panic!("{error}"))
    }
}
