//! How a kernel on ℝ² × H is parametrised and sampled.
