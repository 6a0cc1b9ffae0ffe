//! A trained network that comes with `gcnn-models` reads handwritten digits, whichever way up they are.
//!
//! ```sh
//! cargo run --release --example pretrained
//! ```

use std::error::Error;

use burn::prelude::*;
use gcnn_datasets::{ImageDataset, ImageSource, RotatedMnistConfig, RotatedMnistSource};
use gcnn_models::zoo;

/// The first images of a set, with values in [0, 1]: `[count, 1, 28, 28]`.
fn first(images: &ImageDataset, count: usize, device: &Device) -> Tensor<4> {
    let pixels: Vec<f32> = (0..count).flat_map(|index| images.image(index)).collect();
    Tensor::from_data(TensorData::new(pixels, [count, 1, 28, 28]), device)
}

/// How many answers are right.
fn right(answers: &[usize], labels: &[u8]) -> usize {
    let pairs = answers.iter().zip(labels);
    pairs
        .filter(|(answer, label)| **answer == usize::from(**label))
        .count()
}

fn main() -> Result<(), Box<dyn Error>> {
    let device = Device::flex();
    let network = zoo::classifier("rotmnist-best", &device)?;
    println!("{}", zoo::card("rotmnist-best")?.summary);

    let digits = RotatedMnistConfig::new(RotatedMnistSource::BuiltIn)
        .load()?
        .test;
    let images = first(&digits, 100, &device);
    let answers = network.classify(images.clone());
    println!(
        "{} of 100 digits are read right",
        right(&answers, digits.labels())
    );

    let upside_down = network.classify(images.flip([2, 3]));
    println!("upside down, {} are", right(&upside_down, digits.labels()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_digits() {
        let device = Device::flex();
        let network = zoo::classifier("rotmnist-best", &device).expect("a carried network");
        let digits = RotatedMnistConfig::new(RotatedMnistSource::BuiltIn).load();
        let digits = digits.expect("carried digits").test;
        let images = first(&digits, 40, &device);
        for images in [images.clone(), images.flip([2, 3])] {
            let answers = network.classify(images);
            assert!(right(&answers, digits.labels()) >= 36, "{answers:?}");
        }
    }
}
