//! The configuration of a convolution, whatever spaces it maps between.

use std::marker::PhantomData;

use burn::config::Config;
use burn::module::Param;
use burn::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Convolution, Map, Padding2d, Window, he_normal, validate_channels, zero_bias};
use crate::error::LayerError;
use crate::group::Group;
use crate::kernel::{KernelConfig, KernelSize, Spaces};
use crate::mark::Mark;
use crate::parameters::Parameters;

/// Configuration of a [`Convolution`]; `M` says between which spaces it maps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct ConvolutionConfig<M: Map> {
    /// The group H of transformations beside translations: the samples of the responses.
    pub group: Group,
    /// The samples of the input's group axis, where these are others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) input_group: Option<Group>,
    /// How many samples along an axis of H that ends a kernel sees, of scales for example; all where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) range: Option<usize>,
    /// The number of input fields and of output fields.
    pub channels: [usize; 2],
    /// Into how many groups fields are divided, of which each sees the like group of the input alone.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub(super) groups: usize,
    /// The kernel in pixels, as the identity leaves it: a scaling makes it larger.
    pub kernel_size: KernelSize,
    /// Pixels between output positions, along both axes.
    #[serde(default = "one")]
    pub stride: usize,
    /// What lies beyond the border.
    #[serde(default)]
    pub padding: Padding2d,
    /// Pixels between neighbouring taps of the kernel.
    #[serde(default = "one")]
    pub dilation: usize,
    /// Whether each output field has a bias.
    #[serde(default = "yes")]
    pub bias: bool,
    /// How the kernel is parametrised.
    #[serde(default)]
    pub kernel: KernelConfig,
    /// Height and width of the input where they are known: then [`validate`](Self::validate) checks that the stride
    /// keeps the group's symmetry.
    #[serde(default)]
    pub input_size: Option<[usize; 2]>,
    #[serde(skip)]
    map: PhantomData<M>,
}

fn one() -> usize {
    1
}

fn is_one(count: &usize) -> bool {
    *count == 1
}

fn yes() -> bool {
    true
}

impl<M: Map> Config for ConvolutionConfig<M> {}

impl<M: Map> ConvolutionConfig<M> {
    /// With stride 1, no padding, no dilation, a bias, and a weight per pixel of the kernel.
    pub fn new(group: Group, channels: [usize; 2], kernel_size: impl Into<KernelSize>) -> Self {
        Self {
            group,
            input_group: None,
            range: None,
            channels,
            groups: 1,
            kernel_size: kernel_size.into(),
            stride: 1,
            padding: Padding2d::None,
            dilation: 1,
            bias: true,
            kernel: KernelConfig::default(),
            input_size: None,
            map: PhantomData,
        }
    }

    /// Sets the pixels between output positions.
    pub fn with_stride(mut self, stride: usize) -> Self {
        self.stride = stride;
        self
    }

    /// Sets what lies beyond the border.
    pub fn with_padding(mut self, padding: Padding2d) -> Self {
        self.padding = padding;
        self
    }

    /// Sets the pixels between neighbouring taps of the kernel.
    pub fn with_dilation(mut self, dilation: usize) -> Self {
        self.dilation = dilation;
        self
    }

    /// Sets whether each output field has a bias.
    pub fn with_bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    /// Sets how the kernel is parametrised.
    pub fn with_kernel(mut self, kernel: KernelConfig) -> Self {
        self.kernel = kernel;
        self
    }

    /// Sets height and width of the input, where they are known.
    pub fn with_input_size(mut self, input_size: Option<[usize; 2]>) -> Self {
        self.input_size = input_size;
        self
    }

    /// Checks that the layer is consistent and equivariant, and says what would work where it is not.
    pub fn validate(&self) -> Result<(), LayerError> {
        self.validate_channels()?;
        if let Spaces::Isotropic(_) = self.spaces()
            && self.kernel.is_deformable()
        {
            return Err(LayerError::IsotropicDeformable);
        }
        self.kernel
            .validate_between(&self.spaces(), self.kernel_size)?;
        self.window().validate(&self.group, self.input_size)
    }

    /// What the layer learns, by name and shape; no tensor is made for it.
    pub fn parameters(&self) -> Result<Parameters, LayerError> {
        self.validate_channels()?;
        let [c_in, c_out] = self.kernel_channels();
        let kernel = self.kernel.shape(&self.spaces(), self.kernel_size)?;
        let weight = [c_out, c_in, kernel.group_weights, kernel.weights];
        let own = Parameters::new().with("weight", weight);
        let own = match self.bias {
            true => own.with("bias", [c_out]),
            false => own,
        };
        Ok(own.with_module("basis", kernel.learned))
    }

    /// How many numbers the layer takes beside its parameters, for its kernels under every element of the group; the largest
    /// number there is where they are too many to count.
    pub fn filter_numbers(&self) -> Result<usize, LayerError> {
        let spaces = self.spaces();
        self.kernel
            .numbers(&spaces, self.kernel_size, self.kernel_channels())
    }

    /// Builds the layer.
    ///
    /// # Panics
    /// Where [`validate`](Self::validate) returns an error.
    pub fn init(&self, device: &Device) -> Convolution<M> {
        self.try_init(device)
            .unwrap_or_else(|error| panic!("{}: {error}", M::LAYER))
    }

    /// Builds the layer, or says what [`validate`](Self::validate) finds wrong.
    pub fn try_init(&self, device: &Device) -> Result<Convolution<M>, LayerError> {
        self.try_init_with(he_normal, device)
    }

    /// The same with weights that are drawn otherwise: made from their shape and the fan-in of one input channel.
    pub(crate) fn try_init_with(
        &self,
        draw: impl FnOnce([usize; 4], f64, &Device) -> Param<Tensor<4>>,
        device: &Device,
    ) -> Result<Convolution<M>, LayerError> {
        self.validate()?;
        let ([c_in, c_out], spaces) = (self.kernel_channels(), self.spaces());
        let (basis, beginning) = self.kernel.init(&spaces, self.kernel_size, device)?;
        let mark = match &self.input_group {
            Some(input) => format!("over {} from {input}", self.group),
            None => format!("over {}", self.group),
        };
        Ok(Convolution {
            weight: beginning.weight([c_in, c_out], draw, device),
            bias: self.bias.then(|| zero_bias(c_out, device)),
            basis,
            mark: Mark::new(mark, device),
            window: self.window(),
            groups: self.groups,
            order_out: spaces.order_out(),
            order_in: spaces.order_in(),
            input_group: self.input_group().clone(),
            group: self.group.clone(),
            kernel: self.kernel,
            map: PhantomData,
        })
    }

    fn validate_channels(&self) -> Result<(), LayerError> {
        validate_channels(self.channels)?;
        if self.groups == 0 {
            return Err(LayerError::Zero {
                what: "the number of groups of fields",
            });
        }
        if let Some(&fields) = (self.channels.iter()).find(|own| !own.is_multiple_of(self.groups)) {
            let groups = self.groups;
            return Err(LayerError::UnequalGroups { fields, groups });
        }
        match self.channels {
            [fields_in, fields_out] if M::FIELDS_APART && fields_in != fields_out => {
                Err(LayerError::FieldsApart {
                    fields_in,
                    fields_out,
                })
            }
            _ => Ok(()),
        }
    }

    /// Between how many fields there are kernels: where fields stay apart, each has its own. The caller has checked the groups.
    fn kernel_channels(&self) -> [usize; 2] {
        let [c_in, c_out] = self.channels;
        match M::FIELDS_APART {
            true => [1, c_out],
            false => [c_in / self.groups.max(1), c_out],
        }
    }

    fn input_group(&self) -> &Group {
        self.input_group.as_ref().unwrap_or(&self.group)
    }

    fn spaces(&self) -> Spaces<'_> {
        M::spaces(&self.group, self.input_group(), self.range)
    }

    /// Where the kernel is put, in the largest of its windows.
    pub fn window(&self) -> Window {
        Window {
            kernel_size: self.kernel.largest_window(&self.group, self.kernel_size),
            stride: self.stride,
            padding: self.padding,
            dilation: self.dilation,
        }
    }
}
