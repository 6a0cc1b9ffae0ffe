//! What a clip's name says about it: a pattern with named fields, such as `{class}_{speaker}_{index}.wav`.
//!
//! Text stands for itself. A field is one character or more, none of which is one that stands beside a field in the pattern
//! (here `_` and `.`): so a name fits in one way or not at all.

use crate::DatasetError;
use crate::tables::shown;

/// The longest pattern.
const LONGEST: usize = 1000;

/// The field that is the class.
pub(super) const CLASS: &str = "class";

/// An example, as errors name it.
pub(super) const EXAMPLE: &str = "{class}_{speaker}_{index}.wav";

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Text(String),
    Field,
}

/// A pattern of names.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pattern {
    parts: Vec<Part>,
    /// The names of the fields, in their order.
    pub(super) fields: Vec<String>,
    /// Characters that stand beside a field.
    beside: Vec<char>,
}

impl Pattern {
    /// Understands a pattern.
    pub(super) fn new(pattern: &str) -> Result<Self, DatasetError> {
        let wrong = |found: String| {
            let expected = format!("text and fields in braces, as in {EXAMPLE:?}");
            Err(DatasetError::setting("pattern", expected, found))
        };
        if pattern.is_empty() || pattern.len() > LONGEST {
            return wrong(format!("{} characters", pattern.len()));
        }
        let mut own = Self {
            parts: Vec::new(),
            fields: Vec::new(),
            beside: Vec::new(),
        };
        let mut rest = pattern;
        while !rest.is_empty() {
            let Some(inner) = rest.strip_prefix('{') else {
                let text = &rest[..rest.find('{').unwrap_or(rest.len())];
                if text.contains(['}', '/', '\\']) {
                    return wrong(format!("{text:?} outside of fields"));
                }
                rest = &rest[text.len()..];
                own.parts.push(Part::Text(text.into()));
                continue;
            };
            let Some((field, after)) = inner.split_once('}') else {
                return wrong(format!("{pattern:?}, where a brace is not closed"));
            };
            let is_name = |c: char| c.is_alphanumeric() || c == '_';
            if field.is_empty() || !field.chars().all(is_name) {
                return wrong(format!("the field {field:?}"));
            }
            if own.fields.iter().any(|known| known == field) {
                return wrong(format!("the field {field:?} twice"));
            }
            if own.parts.last() == Some(&Part::Field) {
                return wrong(format!("no text before the field {field:?}"));
            }
            own.fields.push(field.into());
            own.parts.push(Part::Field);
            rest = after;
        }
        if own.fields.is_empty() {
            return wrong(format!("{pattern:?}, without a field"));
        }
        for pair in own.parts.windows(2) {
            own.beside.extend(match pair {
                [Part::Text(text), Part::Field] => text.chars().last(),
                [Part::Field, Part::Text(text)] => text.chars().next(),
                _ => None,
            });
        }
        Ok(own)
    }

    /// The values of the fields in a name, where it fits.
    pub(super) fn values<'a>(&self, name: &'a str) -> Option<Vec<&'a str>> {
        let mut values = Vec::with_capacity(self.fields.len());
        let mut rest = name;
        for part in &self.parts {
            match part {
                Part::Text(text) => rest = rest.strip_prefix(&text[..])?,
                Part::Field => {
                    let end = rest.find(|c| self.beside.contains(&c));
                    let (value, after) = rest.split_at(end.unwrap_or(rest.len()));
                    if value.is_empty() {
                        return None;
                    }
                    values.push(value);
                    rest = after;
                }
            }
        }
        rest.is_empty().then_some(values)
    }

    /// The place of a field.
    pub(super) fn field(&self, setting: &'static str, name: &str) -> Result<usize, DatasetError> {
        let place = self.fields.iter().position(|field| field == name);
        place.ok_or_else(|| {
            let expected = format!("a field of the pattern: {}", self.fields.join(", "));
            DatasetError::setting(setting, expected, shown(name))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values<'a>(pattern: &str, name: &'a str) -> Option<Vec<&'a str>> {
        Pattern::new(pattern).unwrap().values(name)
    }

    #[test]
    fn names_are_taken_apart() {
        assert_eq!(
            values(EXAMPLE, "7_jackson_32.wav").unwrap(),
            ["7", "jackson", "32"]
        );
        assert_eq!(
            values("{speaker}_nohash_{index}.wav", "0a7c2a8d_nohash_0.wav").unwrap(),
            ["0a7c2a8d", "0"]
        );
        assert_eq!(values("{day}é{class}", "1é2").unwrap(), ["1", "2"]);
        for name in [
            "7_jackson.wav",
            "7_jack_son_32.wav",
            "7__32.wav",
            "7_jackson_32.wav.wav",
            "7_jackson_32.WAV",
            "x7_jackson_.wav",
            "",
        ] {
            assert_eq!(values(EXAMPLE, name), None, "{name}");
        }
    }

    #[test]
    fn impossible_patterns_are_refused() {
        for (pattern, words) in [
            ("", "0 characters"),
            ("clip.wav", "without a field"),
            ("{class", "not closed"),
            ("class}_{x}", "outside of fields"),
            ("{class}/{x}.wav", "outside of fields"),
            ("{}.wav", "the field \"\""),
            ("{a b}.wav", "the field \"a b\""),
            ("{a}_{a}.wav", "twice"),
            ("{a}{b}.wav", "no text before the field \"b\""),
        ] {
            let error = Pattern::new(pattern).unwrap_err().to_string();
            assert!(
                error.starts_with("pattern") && error.contains(words),
                "{error}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_pattern_and_any_name_are_taken(pattern in "[{}a_.é/-]{0,12}", name in ".{0,12}") {
            if let Ok(pattern) = Pattern::new(&pattern)
                && let Some(values) = pattern.values(&name)
            {
                prop_assert_eq!(values.len(), pattern.fields.len());
            }
        }
    }
}
