//! Suggestions as a run file, with their reasons.

use std::fmt::Write;
use std::path::Path;

use toml::Value;

use super::Suggestion;

impl Suggestion {
    /// The run file of a folder of pictures: `about` says, line by line, what was found there.
    pub fn to_run_file(&self, folder: &Path, about: &[String]) -> String {
        let mut text = String::new();
        for line in about {
            let _ = writeln!(text, "# {line}");
        }
        let path = Value::from(folder.to_string_lossy().into_owned());
        let _ = write!(
            text,
            "task = \"image-folder\"\nseed = 1\n\n[dataset]\npath = {path}\n"
        );
        let mut section = "dataset";
        for setting in &self.settings {
            let (own, key) = setting.key.split_once('.').unwrap_or(("", setting.key));
            if own != section {
                let _ = write!(text, "\n[{own}]\n");
                section = own;
            }
            let line = format!("{key} = {}", setting.value);
            let _ = match setting.reason.as_str() {
                "" => writeln!(text, "{line}"),
                reason => writeln!(text, "{line:<24} # {reason}"),
            };
        }
        text
    }
}
