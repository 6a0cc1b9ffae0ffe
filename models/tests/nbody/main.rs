//! Dynamics of particles: agreement with published code, symmetry, and what is refused.

mod config;
mod fixture;
mod particles;
mod reference;
mod symmetry;
