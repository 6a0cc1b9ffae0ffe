//! What a measurement of equivariance found, for reading and for files.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// The error of one group element.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ElementError {
    /// Index of the element in its group.
    pub element: usize,
    /// The element in words.
    pub name: String,
    /// Whether the element maps the pixel grid to itself; if not, the error includes that of interpolation.
    pub exact: bool,
    /// ‖L_g Φ(f) − Φ(L_g f)‖ / ‖Φ(f)‖. What is no number is `null` in JSON.
    #[serde(deserialize_with = "null_is_nan")]
    pub error: f64,
}

fn null_is_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// The errors of all elements of a group. Displays as a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EquivarianceReport {
    /// Name of the group.
    pub group: String,
    /// One entry per element, in the group's order.
    pub elements: Vec<ElementError>,
}

impl EquivarianceReport {
    /// The largest error over all elements.
    pub fn max_error(&self) -> f64 {
        largest(self.elements.iter())
    }

    /// The largest error over the elements that map the pixel grid to itself.
    pub fn max_exact_error(&self) -> f64 {
        largest(self.elements.iter().filter(|element| element.exact))
    }
}

/// The maximum, which unlike `f64::max` does not hide values that are not numbers.
fn largest<'a>(elements: impl Iterator<Item = &'a ElementError>) -> f64 {
    elements.fold(0.0, |largest: f64, element| {
        if element.error.is_nan() || element.error > largest {
            element.error
        } else {
            largest
        }
    })
}

impl fmt::Display for EquivarianceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |name: &str| name.chars().count();
        let heading = format!("element of {}", self.group);
        let longest = self.elements.iter().map(|element| width(&element.name));
        let column = longest.max().unwrap_or(0).max(width(&heading));
        writeln!(f, "{heading:<column$}  {:<12}  relative error", "on pixels")?;
        for element in &self.elements {
            let action = if element.exact {
                "exact"
            } else {
                "interpolated"
            };
            writeln!(
                f,
                "{:<column$}  {action:<12}  {:.2e}",
                element.name, element.error
            )?;
        }
        write!(
            f,
            "{:<column$}  {:<12}  {:.2e}",
            "largest",
            "",
            self.max_error()
        )
    }
}
