//! Numbers in JSON that may be none: what is not finite is written as `null`, and `null` is read as NaN.
//!
//! `#[serde(with = "crate::task::numbers")]` for one number, [`map`] for a table, [`list`] for a list and [`pair`] for
//! two of them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One number.
pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    value.is_finite().then_some(*value).serialize(serializer)
}

/// One number.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// Numbers by name.
pub mod map {
    use std::collections::BTreeMap;

    use super::*;

    /// A table of numbers.
    pub fn serialize<S: Serializer>(
        values: &BTreeMap<String, f64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(
            values
                .iter()
                .map(|(name, value)| (name, value.is_finite().then_some(*value))),
        )
    }

    /// A table of numbers.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<String, f64>, D::Error> {
        let values = BTreeMap::<String, Option<f64>>::deserialize(deserializer)?;
        let values = values.into_iter();
        Ok(values
            .map(|(name, value)| (name, value.unwrap_or(f64::NAN)))
            .collect())
    }
}

/// Numbers in a row.
pub mod list {
    use super::*;

    /// A list of numbers.
    pub fn serialize<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            values
                .iter()
                .map(|value| value.is_finite().then_some(*value)),
        )
    }

    /// A list of numbers.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
        let values = Vec::<Option<f64>>::deserialize(deserializer)?;
        Ok(values
            .into_iter()
            .map(|value| value.unwrap_or(f64::NAN))
            .collect())
    }
}

/// Two numbers, such as the ends of an interval.
pub mod pair {
    use super::*;

    /// Two numbers.
    pub fn serialize<S: Serializer>(values: &[f64; 2], serializer: S) -> Result<S::Ok, S::Error> {
        values
            .map(|value| value.is_finite().then_some(value))
            .serialize(serializer)
    }

    /// Two numbers.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[f64; 2], D::Error> {
        let values = <[Option<f64>; 2]>::deserialize(deserializer)?;
        Ok(values.map(|value| value.unwrap_or(f64::NAN)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Record {
        #[serde(with = "super")]
        one: f64,
        #[serde(with = "list")]
        row: Vec<f64>,
        #[serde(with = "pair")]
        ends: [f64; 2],
        #[serde(flatten, with = "map")]
        named: BTreeMap<String, f64>,
    }

    #[test]
    fn what_is_no_number_is_written_and_read_again() {
        let record = Record {
            one: f64::INFINITY,
            row: vec![0.1, f64::NAN],
            ends: [f64::NAN, 0.2],
            named: BTreeMap::from([("a".into(), f64::NAN), ("b".into(), 0.3)]),
        };
        let text = serde_json::to_string(&record).expect("JSON");
        assert_eq!(
            text,
            r#"{"one":null,"row":[0.1,null],"ends":[null,0.2],"a":null,"b":0.3}"#
        );
        let read: Record = serde_json::from_str(&text).expect("read again");
        assert!(
            read.one.is_nan()
                && read.row[1].is_nan()
                && read.ends[0].is_nan()
                && read.named["a"].is_nan()
        );
        assert_eq!(
            (read.row[0], read.ends[1], read.named["b"]),
            (0.1, 0.2, 0.3)
        );
    }
}
