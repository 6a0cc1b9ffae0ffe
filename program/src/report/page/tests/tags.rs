//! A tiny checker of HTML: every element ends where it has to.

/// Elements of HTML without an end.
const VOID: [&str; 3] = ["br", "img", "meta"];

/// Whether all elements end, innermost first; or the first that does not.
pub fn check(html: &str) -> Result<(), String> {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let text = &rest[..start];
        if text.contains('>') && open.last() != Some(&"style") {
            return Err(format!("a stray mark in {text:?}"));
        }
        let tag = &rest[start + 1..];
        let end = tag.find('>').ok_or("a tag without an end")?;
        let (tag, after) = (&tag[..end], &tag[end + 1..]);
        rest = after;
        if tag.matches('"').count() % 2 != 0 {
            return Err(format!("quotes in {tag:?}"));
        }
        if tag.starts_with('!') {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            match open.pop() {
                Some(last) if last == name => continue,
                last => return Err(format!("{name} ends within {last:?}")),
            }
        }
        let name = tag.split([' ', '\n', '/']).next().unwrap_or_default();
        if !VOID.contains(&name) && !tag.ends_with('/') {
            open.push(name);
        }
    }
    match open.is_empty() {
        true => Ok(()),
        false => Err(format!("{open:?} do not end")),
    }
}

#[test]
fn what_does_not_end_is_found() {
    assert_eq!(check("<p class=\"a\">x<br>y<svg><line/></svg></p>"), Ok(()));
    for wrong in [
        "<p>",
        "<p><b></p></b>",
        "</p>",
        "<p title=\"a>b</p>",
        "a > b<p></p>",
    ] {
        assert!(check(wrong).is_err(), "{wrong}");
    }
}
