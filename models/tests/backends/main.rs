//! The same weights give the same outputs and gradients on every backend.
//!
//! The reference is flex, with this project's own kernels; every other backend that is compiled in and starts on this
//! machine is compared with it, layer by layer, network by network, and over a short training. What is not compiled in
//! or does not start is skipped, and a line on standard error says so.
//!
//! ```sh
//! cargo test --release --workspace --features wgpu --test backends      # or vulkan, cuda, ndarray, several of them
//! ```
//!
//! `GCNN_REQUIRE_BACKENDS=wgpu,ndarray` makes a named backend that would be skipped a failure.

mod freezing;
mod networks;
mod plane;
mod space;
mod support;
mod training;
#[cfg(feature = "zoo")]
mod zoo;
