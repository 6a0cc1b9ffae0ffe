//! What pictures belong together, by their names.

use regex::{Regex, RegexBuilder};

use crate::DatasetError;

/// The longest pattern.
const LONGEST: usize = 1000;

/// The most memory that a compiled pattern may take, and the same again for its tables.
const MEMORY: usize = 1 << 20;

/// A pattern that is not too large. Its time is linear in the length of a name, whatever it is.
pub(super) fn compile(pattern: &str) -> Result<Regex, DatasetError> {
    let refused = |found: String| {
        let expected = "a regular expression, as in \"(.*)_[0-9]+\" or \"patient([0-9]+)\"";
        DatasetError::setting("groups", expected, found)
    };
    if pattern.is_empty() || pattern.len() > LONGEST {
        return Err(refused(format!("{} characters", pattern.len())));
    }
    let built = RegexBuilder::new(pattern)
        .size_limit(MEMORY)
        .dfa_size_limit(MEMORY)
        .build();
    built.map_err(|error| {
        // The last line says what is wrong, those before it point at the place.
        let reason = error.to_string();
        let reason = reason.lines().last().unwrap_or_default();
        refused(format!(
            "{pattern:?}: {}",
            reason.trim_start_matches("error: ")
        ))
    })
}

/// The group of a picture by its path below the folder: what the pattern's first group matches, or the whole pattern.
pub(super) fn group<'a>(pattern: &Regex, name: &'a str) -> Option<&'a str> {
    let found = pattern.captures(name)?;
    let part = found.get(1).or_else(|| found.get(0))?;
    Some(part.as_str()).filter(|group| !group.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_the_first_capture_or_the_whole_match() {
        let group_of = |pattern: &str, name| {
            let pattern = compile(pattern).unwrap();
            group(&pattern, name).map(String::from)
        };
        let name = "tumour/patient07_slide2_113.png";
        assert_eq!(group_of("patient[0-9]+", name).unwrap(), "patient07");
        assert_eq!(group_of("patient([0-9]+)_(slide.)", name).unwrap(), "07");
        assert_eq!(
            group_of("([^/]+)_[0-9]+", "é/naïve_3.png").unwrap(),
            "naïve"
        );
        assert_eq!(group_of("night(.*)", name), None);
        assert_eq!(group_of("x*", name), None);
    }

    #[test]
    fn patterns_that_are_none_or_too_large_are_refused() {
        let long = "a".repeat(1001);
        for (pattern, found) in [
            ("(", "unclosed group"),
            ("", "0 characters"),
            (&long[..], "1001 characters"),
            ("((a{1000}){1000}){1000}", "size limit"),
        ] {
            let error = compile(pattern).unwrap_err().to_string();
            assert!(
                error.starts_with("groups: expected a regular expression"),
                "{error}"
            );
            assert!(error.contains(found), "{error}");
        }
    }
}
