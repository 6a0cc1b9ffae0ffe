//! The program `gcnn`.
fn main() {}
