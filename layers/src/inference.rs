//! For networks whose filters are constant, such as exported ones: linear maps together with what follows them. Layers do it
//! by themselves where no gradients are tracked.

pub use crate::convolution::dense::conv2d_and_finish;
pub use crate::finish::Finish;
pub use crate::norm::scale_and_shift;
