//! The carried networks, with their trained weights.

use burn::prelude::*;
use gcnn_models::points::Dynamics;
use gcnn_models::zoo::{self, Network};

use crate::networks::particles;
use crate::support::{Observed, compare, noise, observe};

fn load(name: &str, device: &Device) -> Network {
    zoo::load(name, device).expect("a network").network
}

/// What they answer, as they are used: without dropout and by their running statistics.
#[test]
fn answers() {
    assert!(zoo::entries().len() > 0);
    for entry in zoo::entries() {
        compare(|device| {
            let plain = device.clone().inner();
            let output = match load(entry.name, &plain) {
                Network::Images(network) => {
                    let size = network.input;
                    let images = noise([2, size.channels, size.height, size.width], 1, &plain);
                    network.logits((images + 1.0) / 2.0)
                }
                Network::Segmentation(network) => {
                    let images = noise([1, network.channels, 24, 24], 1, &plain);
                    network.logits((images + 1.0) / 2.0).flatten(1, 3)
                }
                Network::Particles(network) => {
                    let positions = noise([20, 3], 1, &plain) * 2.0;
                    network.model.forward(&particles(true, positions))
                }
            };
            Observed::default().with(entry.name, output)
        });
    }
}

/// Gradients, for training them further, where there is no dropout.
#[test]
fn gradients() {
    for entry in zoo::entries() {
        if !matches!(load(entry.name, &Device::flex()), Network::Particles(_)) {
            continue;
        }
        compare(|device| {
            let Network::Particles(network) = load(entry.name, device) else {
                unreachable!("for particles on one device, for images on another");
            };
            observe(&network.model, noise([20, 3], 1, device) * 2.0, |x| {
                network.model.forward(&particles(true, x))
            })
        });
    }
}
