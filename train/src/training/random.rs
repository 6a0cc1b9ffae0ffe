//! What is random in a run: at step t a function of the seed and of t alone.

use burn::prelude::*;

use crate::TrainError;
use crate::task::Task;
use crate::weights::arrays::collect;

/// The network that a run starts from: its weights depend on the seed and the network alone.
pub fn fresh<T: Task>(task: &T, seed: u64, device: &Device) -> Result<T::Model, TrainError> {
    device.seed(mix(seed, u64::MAX));
    let model = task.init(device)?;
    // Parameters draw their values when they are first read: now, in the order of the module tree.
    collect(&model);
    Ok(model)
}

/// A well-mixed 64-bit number from two (the finaliser of splitmix64).
pub fn mix(seed: u64, index: u64) -> u64 {
    let mut z = seed
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(index)
        .wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
