//! Sums of irreps as text, `32x0e+32x1o`: what run files hold and what errors say.

use std::fmt;
use std::str::FromStr;

use super::irrep::shortened;
use super::{Block, Irreps, IrrepsError, Representation};

impl<R: Representation> fmt::Display for Block<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.multiplicity, self.irrep)
    }
}

impl<R: Representation> fmt::Display for Irreps<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, block) in self.blocks().iter().enumerate() {
            if index > 0 {
                f.write_str("+")?;
            }
            write!(f, "{block}")?;
        }
        Ok(())
    }
}

impl<R: Representation> FromStr for Irreps<R> {
    type Err = IrrepsError;

    /// Reads `32x0e + 32x1o`; a multiplicity of 1 may be left out, and the empty text has no blocks.
    fn from_str(text: &str) -> Result<Self, IrrepsError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let blocks = text
            .split('+')
            .map(|part| parse_block(part.trim(), text))
            .collect::<Result<Vec<_>, _>>()?;
        Self::new(blocks)
    }
}

fn parse_block<R: Representation>(part: &str, text: &str) -> Result<Block<R>, IrrepsError> {
    let unreadable = || IrrepsError::Parse {
        part: shortened(part),
        text: shortened(text),
    };
    let (multiplicity, irrep) = match part.split_once('x') {
        None => (1, part),
        Some((digits, irrep)) => {
            let digits = digits.trim();
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(unreadable());
            }
            // All digits, so the only way to fail is to be too large.
            let multiplicity = digits.parse().map_err(|_| IrrepsError::TooLarge {
                part: shortened(part),
            })?;
            (multiplicity, irrep)
        }
    };
    let irrep = irrep.parse().map_err(|error: IrrepsError| match error {
        IrrepsError::Parse { .. } => unreadable(),
        other => other,
    })?;
    Ok(Block {
        multiplicity,
        irrep,
    })
}

impl<R: Representation> TryFrom<String> for Irreps<R> {
    type Error = IrrepsError;

    fn try_from(text: String) -> Result<Self, IrrepsError> {
        text.parse()
    }
}

impl<R: Representation> From<Irreps<R>> for String {
    fn from(irreps: Irreps<R>) -> Self {
        irreps.to_string()
    }
}
