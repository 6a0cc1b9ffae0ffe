//! Spatial pooling and projection over H.
