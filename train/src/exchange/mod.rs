//! Weights of and for other programs.
//!
//! | what | where |
//! | --- | --- |
//! | a trained network as ordinary layers, or as modules of PyTorch | [`export`], [`gcnn_models::export::sequential`] |
//! | networks under the names that they were published with | [`gcnn_models::export::official`] |
//! | tensors in PyTorch's files | [`pytorch`] |

pub mod export;
pub mod pytorch;
