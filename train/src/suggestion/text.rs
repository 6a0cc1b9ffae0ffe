//! Suggestions as a run file, with their reasons.

use std::fmt::Write;
use std::path::Path;

use gcnn_datasets::TargetKind;
use gcnn_datasets::image_folder::TargetGuess;
use toml::Value;

use super::Suggestion;

impl Suggestion {
    /// The run file of a folder of pictures: `about` says, line by line, what was found there. Columns of a table that could be
    /// learned in place of classes stand there too, in a comment; without one the first kind of them where there are no classes.
    pub fn to_run_file(
        &self,
        folder: &Path,
        about: &[String],
        columns: &[TargetGuess],
        has_classes: bool,
    ) -> String {
        let mut text = String::new();
        for line in about {
            let _ = writeln!(text, "# {line}");
        }
        let path = Value::from(folder.to_string_lossy().into_owned());
        let _ = write!(
            text,
            "task = \"image-folder\"\nseed = 1\n\n[dataset]\npath = {path}\n"
        );
        let mut is_chosen = has_classes;
        for (kind, key) in [
            (TargetKind::Numbers, "numbers"),
            (TargetKind::Labels, "labels"),
        ] {
            let own = columns.iter().filter(|column| column.kind == kind);
            let names: Vec<Value> = own.map(|column| column.name.clone().into()).collect();
            if names.is_empty() {
                continue;
            }
            let mark = if is_chosen { "# " } else { "" };
            let why = match has_classes {
                true => "in place of the class",
                false => "or some of them",
            };
            let names = Value::from(names);
            let _ = writeln!(text, "{mark}target = {{ {key} = {names} }}  # {why}");
            is_chosen = true;
        }
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
