//! Arrays that are compared with those of a network.

use gcnn_layers::Parameters;

use super::WeightsError;

/// Faults that are told; the others are counted.
const SHOWN: usize = 4;

/// How alike two names are, from 0 to 1, for one to stand for the other.
const ALIKE: f64 = 0.85;

/// Refuses arrays whose names or shapes differ from those that are expected, and names the differences.
pub fn compare(expected: &Parameters, found: &Parameters) -> Result<(), WeightsError> {
    let (mut shown, mut more) = (Vec::new(), 0);
    let mut fault = |words: &dyn Fn() -> String| match shown.len() < SHOWN {
        true => shown.push(words()),
        false => more += 1,
    };
    for (name, shape) in expected.iter() {
        match found.get(name) {
            None => fault(&|| match nearest(name, expected, found) {
                None => format!("`{name}` {shape:?} is missing"),
                Some(near) => {
                    format!("`{name}` {shape:?} is missing; is `{near}` what it should be?")
                }
            }),
            Some(other) if other != shape => {
                fault(&|| format!("`{name}` has shape {other:?}, the network needs {shape:?}"))
            }
            Some(_) => {}
        }
    }
    for (name, _) in found.iter() {
        if expected.get(name).is_none() {
            fault(&|| format!("`{name}` does not belong to the network"));
        }
    }
    match shown.is_empty() {
        true => Ok(()),
        false => Err(WeightsError::Differences { shown, more }),
    }
}

/// The array that is there under a name much like the one that is missing.
fn nearest<'a>(name: &str, expected: &Parameters, found: &'a Parameters) -> Option<&'a str> {
    let strangers = found.iter().map(|(other, _)| other);
    let strangers = strangers.filter(|other| expected.get(other).is_none());
    let scored = strangers.map(|other| (strsim::jaro_winkler(name, other), other));
    let near = scored.filter(|(score, _)| *score > ALIKE);
    near.max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, near)| near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_difference_is_named_or_counted() {
        let expected = Parameters::new()
            .with("layer.weight", [2, 3])
            .with("layer.bias", [3]);
        assert_eq!(compare(&expected, &expected), Ok(()));
        let found = Parameters::new()
            .with("layer.weight", [3, 2])
            .with("layer.bais", [3]);
        let words = compare(&expected, &found)
            .expect_err("other arrays")
            .to_string();
        for part in [
            "`layer.bias` [3] is missing; is `layer.bais` what it should be?",
            "`layer.weight` has shape [3, 2], the network needs [2, 3]",
            "`layer.bais` does not belong to the network",
        ] {
            assert!(words.contains(part), "{words}");
        }
        let many = (0..9).fold(expected.clone(), |all, i| all.with(format!("{i}"), [i]));
        let words = compare(&expected, &many).expect_err("too many").to_string();
        assert!(
            words.ends_with("`3` does not belong to the network; and 5 more"),
            "{words}"
        );
    }
}
