//! Says once where a layer isn't exact.
//!
//! With a stride, whether rotations by 90° commute with a layer depends on the size of the map. A configuration that knows
//! the size refuses one that breaks it; without, the first map of such a size is reported, and computed all the same: the
//! layer is then what it would be in any other network.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::LayerError;

/// Sentences that are remembered: more sizes than that come from a caller who doesn't care.
const MOST: usize = 256;

static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Logs a warning, unless the same has been said before. Through the `log` crate, which Burn brings along: programs that
/// listen to `tracing` hear it too.
pub(crate) fn warn_once(layer: &str, reason: &LayerError) {
    let sentence = format!("{layer}: {reason}");
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if said.len() < MOST && said.insert(sentence.clone()) {
        log::warn!("{sentence}");
    }
}
