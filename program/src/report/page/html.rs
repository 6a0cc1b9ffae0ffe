//! The few elements that the page is made of. Whatever is a `&str` named `text` is escaped here; whatever is named `body` is
//! markup already.

use crate::report::markup::escaped;

/// A part of the page under a heading.
pub fn section(id: &str, title: &str, body: &str) -> String {
    format!(
        "<section id=\"{id}\">\n<h2>{}</h2>\n{body}</section>\n",
        escaped(title)
    )
}

/// A paragraph.
pub fn paragraph(text: &str) -> String {
    format!("<p>{}</p>\n", escaped(text))
}

/// A paragraph that explains.
pub fn aside(text: &str) -> String {
    format!("<p class=\"soft\">{}</p>\n", escaped(text))
}

/// What a cell of a table holds.
pub enum Cell {
    /// Words, from the left.
    Words(String),
    /// A number, from the right.
    Number(String),
    /// A share and its interval, drawn behind it.
    Share(f64, [f64; 2]),
}

/// A table in a box of its own, which scrolls where it is too wide. The first cell of a row is its head.
pub fn table(head: &[&str], rows: &[Vec<Cell>]) -> String {
    let mut html = String::from("<div class=\"scroll\"><table>\n<thead><tr>");
    for (column, text) in head.iter().enumerate() {
        let class = match rows.first().and_then(|row| row.get(column)) {
            Some(Cell::Words(_)) | None => "",
            Some(_) => " class=\"number\"",
        };
        html.push_str(&format!("<th scope=\"col\"{class}>{}</th>", escaped(text)));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        html.push_str("<tr>");
        for (column, cell) in row.iter().enumerate() {
            html.push_str(&of_cell(cell, column == 0));
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table></div>\n");
    html
}

fn of_cell(cell: &Cell, is_head: bool) -> String {
    match cell {
        Cell::Words(text) if is_head => format!("<th scope=\"row\">{}</th>", escaped(text)),
        Cell::Words(text) => format!("<td>{}</td>", escaped(text)),
        Cell::Number(text) => format!("<td class=\"number\">{}</td>", escaped(text)),
        Cell::Share(share, interval) => format!(
            "<td class=\"number\">{}{}</td>",
            escaped(&percent(*share)),
            whisker(*share, *interval)
        ),
    }
}

/// A share on a scale from 0 to 1 with its interval, and the interval in words.
fn whisker(share: f64, [low, high]: [f64; 2]) -> String {
    if ![share, low, high].iter().all(|end| end.is_finite()) {
        return " <small>no interval</small>".into();
    }
    let [share, low, high] = [share, low, high].map(|end| 100.0 * end);
    format!(
        " <small>{low:.0}–{high:.0} %</small><svg class=\"whisker\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" \
         aria-hidden=\"true\"><line class=\"grid\" x1=\"0\" y1=\"5\" x2=\"100\" y2=\"5\"/><line class=\"range\" x1=\"{low:.1}\" \
         y1=\"5\" x2=\"{high:.1}\" y2=\"5\"/><line class=\"mark\" x1=\"{share:.1}\" y1=\"0\" x2=\"{share:.1}\" y2=\"10\"/></svg>"
    )
}

/// A share in percent.
pub fn percent(share: f64) -> String {
    match share.is_finite() {
        true => format!("{:.1} %", 100.0 * share),
        false => "none".into(),
    }
}

/// A number with a space between thousands.
pub fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_escaped_and_numbers_read_well() {
        let rows = [vec![
            Cell::Words("<b>".into()),
            Cell::Share(0.5, [0.25, 0.75]),
            Cell::Share(0.5, [f64::NAN; 2]),
        ]];
        let html = table(&["a & b", "share", "none"], &rows);
        assert!(html.contains("a &amp; b") && html.contains("<th scope=\"row\">&lt;b&gt;</th>"));
        assert!(html.contains("50.0 % <small>25–75 %</small>"), "{html}");
        assert!(html.contains("no interval"));
        assert_eq!(
            [0, 999, 1000, 1234567].map(count),
            ["0", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567"]
        );
    }
}
