//! Text that goes into HTML and SVG.

use gcnn_train::task::metrics::significant;

/// Text whose characters are no marks, in elements and between quotes.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // Neither XML nor a reader has a use for them.
            c if c.is_control() && !matches!(c, '\n' | '\t') => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

/// A number with four digits that say something, without zeros at its end.
pub fn short(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 1000.0 => 0,
        size if size >= 100.0 => 1,
        size if size >= 10.0 => 2,
        size if size >= 1.0 => 3,
        _ => return trimmed(significant(value)),
    };
    trimmed(format!("{value:.decimals$}"))
}

fn trimmed(text: String) -> String {
    match text.contains('.') && !text.contains('e') {
        true => text.trim_end_matches('0').trim_end_matches('.').into(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_characters() {
        assert_eq!(
            escaped("<a href=\"x\">'&'\u{0}</a>\n"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;\u{fffd}&lt;/a&gt;\n"
        );
    }

    #[test]
    fn numbers_are_as_long_as_they_need() {
        let all = [218.0, 200.3085, 24.739_999, 0.0, 0.25, 1234.56, -7.5, 1e-9];
        let expected = [
            "218", "200.3", "24.74", "0", "0.25", "1235", "-7.5", "1.000e-9",
        ];
        assert_eq!(all.map(short), expected);
    }
}
