//! Networks that read signals: images of height 1.
//!
//! | what | where |
//! | --- | --- |
//! | wavelet network, over time and scale | [`wavelet`] |

pub mod wavelet;
