//! The page in Chromium, where the variable GCNN_CHROMIUM names one: on a telephone and on a desk.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{Run, names};
use crate::report::markup::escaped;

/// Shows a page in a frame of a width, and says what became of it. Windows cannot be as narrow as a telephone, frames can.
fn harness(html: &str, width: usize) -> String {
    format!(
        r#"<!DOCTYPE html><meta charset="utf-8"><style>body {{ margin: 0 }} iframe {{ border: 0; width: {width}px; height: 6000px }}</style>
<iframe id="page" srcdoc="{}"></iframe><pre id="found"></pre>
<script>
addEventListener('load', () => {{
  const page = document.getElementById('page').contentDocument, root = page.documentElement;
  const images = [...page.images];
  document.getElementById('found').textContent = JSON.stringify({{
    width: root.scrollWidth, viewport: root.clientWidth, images: images.length,
    decoded: images.filter(image => image.complete && image.naturalWidth > 0).length,
    sections: page.querySelectorAll('section').length,
    narrow: [...page.querySelectorAll('main *')].filter(e => !e.closest('.scroll, pre, .maps') &&
      e.getBoundingClientRect().right > root.clientWidth + 1).map(e => e.outerHTML.slice(0, 80)),
  }});
}});
</script>"#,
        escaped(html)
    )
}

fn browse(browser: &str, folder: &Path, more: &[&str]) -> (String, String) {
    let profile = format!("--user-data-dir={}", folder.join("profile").display());
    let output = Command::new(browser)
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--enable-logging=stderr",
            &profile,
        ])
        .args(more)
        .arg(folder.join("harness.html"))
        .output()
        .expect("the browser starts");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (text(output.stdout), text(output.stderr))
}

#[test]
fn a_browser_shows_the_page_on_a_telephone_and_on_a_desk() {
    let Ok(browser) = std::env::var("GCNN_CHROMIUM") else {
        let _ = writeln!(
            std::io::stderr(),
            "the page in a browser is skipped: GCNN_CHROMIUM names none"
        );
        return;
    };
    for classes in [2, 20, 40] {
        let html = Run::new(names(classes), 24, 12).html();
        for width in [360, 1200] {
            let root = tempfile::tempdir().expect("a temporary folder");
            let page = harness(&html, width);
            fs::write(root.path().join("harness.html"), page).expect("a page");
            let (dom, log) = browse(&browser, root.path(), &["--dump-dom"]);
            assert!(!log.contains("CONSOLE"), "{log}");
            let start = dom.find("<pre id=\"found\">").expect("an answer") + 16;
            let answer: String = dom[start..].chars().take_while(|c| *c != '<').collect();
            let answer = answer
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&");
            let found: Value = serde_json::from_str(&answer).expect("JSON");
            let number = |key: &str| found[key].as_u64().expect("a number");
            assert_eq!(number("viewport"), width as u64);
            assert!(number("width") <= number("viewport"), "{classes} {found}");
            assert_eq!(found["narrow"], serde_json::json!([]), "{classes} {width}");
            assert_eq!(number("decoded"), number("images"));
            assert!(number("images") >= 24 && number("sections") == 9, "{found}");
            let shot = root.path().join("shot.png");
            let to = format!("--screenshot={}", shot.display());
            browse(
                &browser,
                root.path(),
                &[&to, &format!("--window-size={},2000", width.max(500))],
            );
            let shot = image::open(&shot).expect("a screenshot").to_rgb8();
            let first = shot.get_pixel(2, 2);
            assert!(shot.pixels().any(|pixel| pixel != first), "an empty page");
        }
    }
}
