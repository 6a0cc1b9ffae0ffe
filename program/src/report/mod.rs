//! What is drawn and tabulated of runs and networks.
//!
//! | what | where |
//! | --- | --- |
//! | loss and score over the epochs | [`curves`] |
//! | predicted against true numbers | [`errors`] |
//! | finished runs side by side | [`compare`] |
//! | a folder of pictures, and what of it will matter | [`folder`] |
//! | how a network turns with its input, layer by layer | [`symmetry`] |
//! | a page about a run of a network for images | [`page`] |
//! | colours that tell things apart, small bitmaps, text among marks | [`colours`], [`bitmap`], [`markup`] |

pub mod bitmap;
pub mod colours;
pub mod compare;
pub mod curves;
pub mod errors;
pub mod folder;
pub mod kernel_sizes;
pub mod markup;
pub mod page;
pub mod symmetry;
