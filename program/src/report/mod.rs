//! What is drawn and tabulated of runs and networks.
//!
//! | what | where |
//! | --- | --- |
//! | loss and score over the epochs | [`curves`] |
//! | finished runs side by side | [`compare`] |
//! | a folder of pictures, and what of it will matter | [`folder`] |
//! | how a network turns with its input, layer by layer | [`symmetry`] |
//! | colours that tell things apart | [`colours`] |

pub mod colours;
pub mod compare;
pub mod curves;
pub mod folder;
pub mod symmetry;
