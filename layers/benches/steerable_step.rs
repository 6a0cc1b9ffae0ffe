//! Time of a steerable message-passing training step: forward, backward, and where it goes.
//!
//! ```text
//! cargo bench -p gcnn-layers --bench steerable_step
//! ```
//!
//! The network is the SEGNN of the N-body benchmark: 100 fully connected graphs of 5 nodes (2000 edges), 4 layers of
//! 32x0e+32x1o with harmonics up to l = 1. Medians over steps; the optimizer is not part of it.

use burn::prelude::*;
use burn::tensor::TensorData;
use gcnn_layers::steerable::{
    Attributes, GatedProduct, GatheredInput, SphericalHarmonicsConfig, SteerableMlp,
    SteerableMlpConfig,
};
use gcnn_layers::{Graph, GraphTensors, Irreps};
use std::time::Instant;

#[derive(Module, Debug)]
struct Layer {
    message: SteerableMlp,
    update: SteerableMlp,
}

#[derive(Module, Debug)]
struct Network {
    embedding: SteerableMlp,
    layers: Vec<Layer>,
    head: SteerableMlp,
    #[module(skip)]
    hidden: Irreps,
    #[module(skip)]
    scalars: Irreps,
}

/// The time spent in each part.
#[derive(Default)]
struct Split {
    attributes: f64,
    message_first: f64,
    message_second: f64,
    sum: f64,
    update: f64,
    rest: f64,
}

fn irreps(text: &str) -> Irreps {
    text.parse().expect("irreps as written in this file")
}

impl Network {
    fn new(device: &Device) -> Self {
        let hidden = irreps("32x0e+32x1o");
        let attributes = irreps("1x0e+1x1o");
        let mlp = |input: &str, output: &Irreps, gates: usize, gated: bool| {
            SteerableMlpConfig::new(
                irreps(input),
                attributes.clone(),
                hidden.clone(),
                output.clone(),
            )
            .with_hidden_layers(gates)
            .with_gated_output(gated)
            .init(device)
        };
        let layer = |_| Layer {
            message: mlp("32x0e+32x1o+32x0e+32x1o+2x0e", &hidden, 1, true),
            update: mlp("32x0e+32x1o+32x0e+32x1o", &hidden, 1, false),
        };
        Self {
            embedding: mlp("2x1o+1x0e", &hidden, 0, false),
            layers: (0..4).map(layer).collect(),
            head: mlp("32x0e+32x1o", &irreps("1x1o"), 1, false),
            scalars: irreps("2x0e"),
            hidden,
        }
    }

    fn forward(
        &self,
        input: &Tensor<2>,
        extra: &Tensor<2>,
        vectors: &Tensor<2>,
        graph: &GraphTensors,
        split: &mut Split,
    ) -> Tensor<2> {
        let mut last = Instant::now();
        let mut lap = |part: &mut f64| {
            *part += last.elapsed().as_secs_f64() * 1e3;
            last = Instant::now();
        };
        let harmonics = SphericalHarmonicsConfig::new(1).init();
        let edge = harmonics.forward(vectors.clone());
        let node = graph.mean_to_targets(edge.clone());
        let attributes = |tensor| {
            Attributes::new(harmonics.irreps(), tensor).expect("harmonics of their irreps")
        };
        let (edge, node) = (attributes(edge), attributes(node));
        lap(&mut split.attributes);
        let mut x = self.embedding.forward(input.clone(), &node);
        lap(&mut split.rest);
        for Layer { message, update } in &self.layers {
            let inputs = [
                GatheredInput::targets(graph, &self.hidden, x.clone()),
                GatheredInput::sources(graph, &self.hidden, x.clone()),
                GatheredInput::edges(&self.scalars, extra.clone()),
            ];
            let [first, second]: &[GatedProduct; 2] =
                message.layers[..].try_into().expect("two layers");
            let messages = first.forward_gathered(&inputs, &edge);
            lap(&mut split.message_first);
            let messages = second.forward(messages, &edge);
            lap(&mut split.message_second);
            let heard = graph.sum_to_targets(messages);
            lap(&mut split.sum);
            x = x.clone() + update.forward(Tensor::cat(vec![x, heard], 1), &node);
            lap(&mut split.update);
        }
        let output = self.head.forward(x, &node);
        lap(&mut split.rest);
        output
    }
}

fn filled(shape: [usize; 2], seed: u32, device: &Device) -> Tensor<2> {
    let numbers: Vec<f32> = (0..(shape[0] * shape[1]) as u32)
        .map(|i| {
            ((i + 977 * seed).wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 24) as f32 - 0.5
        })
        .collect();
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let device = Device::flex().autodiff();
    let network = Network::new(&device);
    println!("parameters: {}", network.num_params());
    let graph = Graph::fully_connected(5).and_then(|graph| graph.repeat(100));
    let graph = graph.expect("a small graph");
    let steps = 40;

    let run = |device: &Device, network: &Network, backward: bool| {
        let graph = GraphTensors::new(&graph, device);
        let input = filled([500, 7], 1, device);
        let extra = filled([2000, 2], 2, device);
        let positions = filled([500, 3], 3, device);
        let vectors = graph.relative_positions(positions);
        let mut splits = Vec::new();
        let (mut forward, mut whole) = (Vec::new(), Vec::new());
        for _ in 0..steps {
            let mut split = Split::default();
            let start = Instant::now();
            let output = network.forward(&input, &extra, &vectors, &graph, &mut split);
            forward.push(start.elapsed().as_secs_f64() * 1e3);
            if backward {
                std::hint::black_box(output.square().mean().backward());
            } else {
                std::hint::black_box(output.into_data());
            }
            whole.push(start.elapsed().as_secs_f64() * 1e3);
            splits.push(split);
        }
        (median(forward), median(whole), splits)
    };
    let (inference, _, _) = run(&Device::flex(), &network.valid(), false);
    let (forward, whole, splits) = run(&device, &network, true);
    println!("inference            {inference:7.2} ms");
    println!("forward              {forward:7.2} ms");
    let part = |pick: fn(&Split) -> f64| median(splits.iter().map(pick).collect());
    println!("  attributes         {:7.2} ms", part(|s| s.attributes));
    println!("  messages, first    {:7.2} ms", part(|s| s.message_first));
    println!("  messages, second   {:7.2} ms", part(|s| s.message_second));
    println!("  sums               {:7.2} ms", part(|s| s.sum));
    println!("  updates            {:7.2} ms", part(|s| s.update));
    println!("  rest               {:7.2} ms", part(|s| s.rest));
    println!("backward             {:7.2} ms", whole - forward);
    println!("forward and backward {whole:7.2} ms");
}
