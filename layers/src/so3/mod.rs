//! Representations of O(3): irreps, spherical harmonics, Wigner D matrices, Clebsch-Gordan tensors. Plain f64, no tensors.
