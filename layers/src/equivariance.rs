//! Equivariance measured: the relative error of L_g Φ(f) against Φ(L_g f).
