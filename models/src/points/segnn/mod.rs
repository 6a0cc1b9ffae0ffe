//! Steerable E(3)-equivariant graph network: messages and updates are steerable perceptrons.
//!
//! ```text
//! h⁰_i = TP(f_i | a_i)
//! m_ij = gate(TP(gate(TP(h_i ⊕ h_j ⊕ s_ij | a_ij)) | a_ij))          message, s_ij additional scalars
//! h_i ← h_i + TP(gate(TP(h_i ⊕ Σ_j m_ij | a_i)) | a_i)                update
//! out_i = TP(gate(TP(h_i | a_i)) | a_i)
//! ```
//!
//! TP(· | a) is the tensor product steered by attributes a: of edges (geometry) or of nodes (geometry and physics).
//! Messages may turn with the particles, where those of an EGNN cannot.
//! For one output a graph, hidden features are pooled over its nodes, and two linear maps with a gate between follow.
//! Source: Brandstetter, Hesselink, van der Pol, Bekkers & Welling 2022, section 3.

mod dynamics;
mod network;

pub(super) use dynamics::scalars_and_vectors;
pub use dynamics::{SegnnDynamics, SegnnDynamicsConfig};
pub use network::{Segnn, SegnnConfig, SegnnGraphHead, SegnnLayer, SegnnOutput, SteerableGraph};
