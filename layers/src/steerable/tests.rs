mod agreement;
mod equivariance;
mod errors;
mod gradients;
mod reference;
mod support;
