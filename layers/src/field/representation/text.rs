//! Fields as text, `C8: 4 regular + 8 irrep(1)`: what run files hold and what errors say.

use std::fmt;
use std::str::FromStr;

use super::named::Kind;
use super::{FieldBlock, FieldError, FieldType, PlaneIrrep, PointGroup, Representation};
use crate::irreps::shortened;

/// The longest text that is read.
const LONGEST: usize = 1 << 12;

impl fmt::Display for Representation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Irrep(irrep) => write!(f, "{irrep}")?,
            Kind::Quotient(subgroup) if subgroup.order() == Some(1) => f.write_str("regular")?,
            Kind::Quotient(subgroup) => write!(f, "quotient({subgroup})")?,
            Kind::Fourier(highest) => write!(f, "fourier({highest})")?,
            Kind::Sum(parts) => {
                let parts: Vec<String> = parts.iter().map(Self::to_string).collect();
                return write!(f, "({})", parts.join(" + "));
            }
        }
        match self.origin == self.group {
            true => Ok(()),
            false => write!(f, " of {}", self.origin),
        }
    }
}

impl fmt::Display for FieldBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.multiplicity, self.representation)
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blocks: Vec<String> = self.blocks().iter().map(FieldBlock::to_string).collect();
        write!(f, "{}: {}", self.group(), blocks.join(" + "))
    }
}

impl FromStr for FieldType {
    type Err = FieldError;

    /// Reads `C8: 4 regular + 8 irrep(1)`; a multiplicity of 1 may be left out.
    fn from_str(text: &str) -> Result<Self, FieldError> {
        let unreadable = || FieldError::Text {
            text: shortened(text),
        };
        let (group, fields) = text.split_once(':').ok_or_else(unreadable)?;
        Self::of(group.parse()?, fields)
    }
}

impl FieldType {
    /// Reads the fields of a group, `4 regular + 8 irrep(1)`.
    pub fn of(group: PointGroup, text: &str) -> Result<Self, FieldError> {
        Self::new(group, read_blocks(group, text, true)?)
    }
}

/// `sums`: whether brackets may hold sums.
fn read_blocks(group: PointGroup, text: &str, sums: bool) -> Result<Vec<FieldBlock>, FieldError> {
    let unreadable = || FieldError::Text {
        text: shortened(text),
    };
    if text.len() > LONGEST {
        return Err(unreadable());
    }
    let read = |part: &str| {
        let part = part.trim();
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
        let (multiplicity, name) = match part.split_at(digits) {
            ("", name) => (1, name),
            (digits, name) => (digits.parse().map_err(|_| FieldError::LargeFields)?, name),
        };
        match name.trim() {
            "" => Err(unreadable()),
            name => Ok(FieldBlock {
                multiplicity,
                representation: read_representation(group, name, sums)?,
            }),
        }
    };
    outside_brackets(text)
        .ok_or_else(unreadable)?
        .into_iter()
        .map(read)
        .collect()
}

/// The parts between plus signs that stand in no brackets; none where brackets don't match.
fn outside_brackets(text: &str) -> Option<Vec<&str>> {
    let (mut depth, mut start, mut parts) = (0usize, 0, Vec::new());
    for (place, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            '+' if depth == 0 => {
                parts.push(&text[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    (depth == 0).then_some(parts)
}

fn read_representation(
    group: PointGroup,
    name: &str,
    sums: bool,
) -> Result<Representation, FieldError> {
    let unknown = || FieldError::Name {
        name: shortened(name),
        group: group.to_string(),
        nearest: nearest(group, name),
    };
    if let Some((name, origin)) = name.rsplit_once(" of ") {
        let origin: PointGroup = origin.parse()?;
        return read_representation(origin, name.trim(), false)?.restrict(group);
    }
    let inside = |opening: &str| {
        let argument = name.strip_prefix(opening)?.trim_start();
        argument.strip_prefix('(')?.strip_suffix(')')
    };
    let number = |digits: &str| match digits.trim() {
        "" => Err(unknown()),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            // All digits, so the only way to fail is to be too large.
            Ok(digits.parse().unwrap_or(usize::MAX))
        }
        _ => Err(unknown()),
    };
    if let Some(parts) = inside("").filter(|_| sums) {
        let parts = read_blocks(group, parts, false)?;
        let mut all = Vec::new();
        for part in parts {
            if part.dim() > Representation::MAX_DIMENSION {
                return Err(FieldError::LargeRepresentation);
            }
            all.extend(vec![part.representation; part.multiplicity]);
        }
        return Representation::sum(all);
    }
    if let Some(numbers) = inside("irrep") {
        let (flips, frequency) = match numbers.split_once(',') {
            None if !group.reflects() => (0, number(numbers)?),
            None => return Err(unknown()),
            Some((j, k)) => (number(j)?, number(k)?),
        };
        return match flips {
            0 | 1 => PlaneIrrep::new(group, flips == 1, frequency).map(Representation::of_irrep),
            _ => Err(unknown()),
        };
    }
    if let Some(subgroup) = inside("quotient") {
        return Representation::quotient(group, subgroup.parse()?);
    }
    if let Some(highest) = inside("fourier") {
        return Representation::fourier(group, number(highest)?);
    }
    match name {
        "trivial" => Ok(Representation::trivial(group)),
        "sign" => PlaneIrrep::new(group, true, 0).map(Representation::of_irrep),
        "regular" => Representation::regular(group),
        _ => Err(unknown()),
    }
}

/// The name of the group's that is most like what was read.
fn nearest(group: PointGroup, name: &str) -> String {
    let mut names: Vec<String> = ["trivial", "regular", "fourier(3)", "quotient(C2)"]
        .map(String::from)
        .into();
    let irreps = PlaneIrrep::all(group, 8).into_iter().skip(1);
    names.extend(irreps.map(|irrep| irrep.to_string()));
    let name = shortened(&name.to_lowercase());
    let nearest = names.into_iter().min_by_key(|known| edits(&name, known));
    nearest.unwrap_or_default()
}

/// How many letters have to be changed, added or left out (Levenshtein 1966).
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in to.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

impl TryFrom<String> for FieldType {
    type Error = FieldError;

    fn try_from(text: String) -> Result<Self, FieldError> {
        text.parse()
    }
}

impl From<FieldType> for String {
    fn from(fields: FieldType) -> Self {
        fields.to_string()
    }
}
