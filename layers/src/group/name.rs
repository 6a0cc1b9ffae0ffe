//! Groups read and written by name: `trivial`, `flip`, `C8`, `D4`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Group, GroupError};

impl FromStr for Group {
    type Err = GroupError;

    fn from_str(text: &str) -> Result<Self, GroupError> {
        let unknown = || GroupError::Name { name: text.into() };
        let name = text.trim().to_ascii_lowercase();
        match name.as_str() {
            "trivial" => return Ok(Self::trivial()),
            "flip" => return Ok(Self::flip()),
            _ => {}
        }
        let number = |digits: &str| {
            let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            let number = all_digits.then(|| digits.parse().ok()).flatten();
            number.ok_or_else(unknown)
        };
        if let Some(digits) = name.strip_prefix('c') {
            Self::cyclic(number(digits)?)
        } else if let Some(digits) = name.strip_prefix('d') {
            Self::dihedral(number(digits)?)
        } else {
            Err(unknown())
        }
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
