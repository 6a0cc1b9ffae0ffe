//! The network at inference.

use burn::nn::Relu;
use burn::nn::conv::Conv2d;
use burn::nn::pool::MaxPool2dConfig;
use gcnn_layers::attention::PlainGate;
use gcnn_layers::convolution::{Window, fold_normalisation};

use super::Gcnn;
use super::config::POOL_SIZE;
use crate::export::{GroupPool, PlainNetwork, PlainStep, PlanePool, Wrap};

impl Gcnn {
    /// The network as it is at inference, of ordinary layers: filters expanded, normalisation folded into the convolutions,
    /// no dropout. Its logits are the same to rounding; it has lost nothing but the ability to be trained as one that is
    /// equivariant.
    pub fn export(&self) -> PlainNetwork {
        let mut steps = Vec::new();
        let mut add = |gate: Option<PlainGate>,
                       window: Window,
                       mut convolutions: Vec<Conv2d>,
                       layer: usize| {
            let Some(convolution) = convolutions.pop() else {
                return;
            };
            steps.extend(gate.map(PlainStep::Attention));
            // Those before it see one pixel.
            steps.extend(convolutions.into_iter().map(PlainStep::Convolution));
            // The kernels of this network are square.
            let [pixels, _] = window.wrapped_pixels();
            if pixels > 0 {
                steps.push(PlainStep::Wrap(Wrap { pixels }));
            }
            let Some(block) = self.blocks.get(layer) else {
                steps.push(PlainStep::Convolution(convolution));
                return;
            };
            steps.push(PlainStep::Convolution(match &block.norm {
                Some(norm) => fold_normalisation(convolution, norm),
                None => convolution,
            }));
            steps.push(PlainStep::Relu(Relu::new()));
            if block.pool.is_some() {
                let pool = MaxPool2dConfig::new([POOL_SIZE; 2]).init();
                steps.push(PlainStep::MaxPool(pool));
            }
        };
        let gate = self.image_gate.as_ref().map(|gate| gate.export());
        let lifting = vec![self.lifting.export()];
        add(gate, self.lifting.window(), lifting, 0);
        for (index, layer) in self.layers().enumerate() {
            let gate = self.gates.get(index).map(|gate| gate.export());
            add(gate, layer.window(), layer.export(), index + 1);
        }
        steps.push(PlainStep::PoolGroup(GroupPool {
            order: self.group.order(),
            kind: self.projection.kind(),
        }));
        steps.push(PlainStep::PoolPlane(PlanePool {
            kind: self.global_pool_kind,
        }));
        steps.extend(self.linear.clone().map(PlainStep::Linear));
        PlainNetwork::new(steps, self.patch_map)
    }
}
