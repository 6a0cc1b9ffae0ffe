//! Groups read and written by name: `trivial`, `flip`, `C8`, `D4`, `R3`, `R3(1.5)`, `C8xR3`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Group, GroupError};

impl FromStr for Group {
    type Err = GroupError;

    fn from_str(text: &str) -> Result<Self, GroupError> {
        let unknown = || GroupError::Name { name: text.into() };
        let name = text.trim().to_ascii_lowercase();
        let factors: Result<Vec<Self>, GroupError> =
            name.split('x').map(|name| factor(name, &unknown)).collect();
        let product = |a: Self, b: &Self| Self::product_of(&a, b);
        match factors?.as_slice() {
            [] => Err(unknown()),
            [first, others @ ..] => others.iter().try_fold(first.clone(), product),
        }
    }
}

/// A group that is no product.
fn factor(name: &str, unknown: &impl Fn() -> GroupError) -> Result<Group, GroupError> {
    let number = |digits: &str| {
        let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let number = all_digits.then(|| digits.parse().ok()).flatten();
        number.ok_or_else(unknown)
    };
    match name {
        "trivial" => return Ok(Group::trivial()),
        "flip" => return Ok(Group::flip()),
        _ => {}
    }
    if let Some(digits) = name.strip_prefix('c') {
        Group::cyclic(number(digits)?)
    } else if let Some(digits) = name.strip_prefix('d') {
        Group::dihedral(number(digits)?)
    } else if let Some(scales) = name.strip_prefix('r') {
        match scales.split_once('(') {
            None => Group::scales(number(scales)?, Group::HALF_OCTAVE),
            Some((digits, base)) => {
                let base = base.strip_suffix(')').ok_or_else(unknown)?;
                let is_number = |b: u8| b.is_ascii_digit() || b == b'.';
                match base.parse::<f64>() {
                    Ok(base_of) if base.bytes().all(is_number) => {
                        Group::scales(number(digits)?, base_of)
                    }
                    _ => Err(GroupError::Base { base: base.into() }),
                }
            }
        }
    } else {
        Err(unknown())
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Group {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Group {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}
