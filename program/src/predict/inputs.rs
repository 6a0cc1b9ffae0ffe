//! The examples that a command line means: files, folders with all that is in them, and patterns such as `scans/*.tif`.

use std::path::{Path, PathBuf};

use gcnn_datasets::image_folder::files_below;

use crate::ProgramError;

/// The files of all inputs, in their order. Files are taken as they are named, whatever they are; of folders, those that are named
/// like examples.
///
/// # Errors
/// Where a folder cannot be read or has no examples, or a pattern is none or fits nothing.
pub fn expand(
    inputs: &[PathBuf],
    is_example: &dyn Fn(&Path) -> bool,
) -> Result<Vec<PathBuf>, ProgramError> {
    let mut files = Vec::new();
    for input in inputs {
        if input.is_dir() {
            let found = files_below(input, is_example)?;
            if found.is_empty() {
                return Err(nothing(input, "nothing in it that this network reads"));
            }
            files.extend(found);
        } else if !input.exists() && is_pattern(input) {
            files.extend(matching(input)?);
        } else {
            files.push(input.clone());
        }
    }
    Ok(files)
}

fn is_pattern(input: &Path) -> bool {
    input.to_string_lossy().contains(['*', '?', '['])
}

fn matching(pattern: &Path) -> Result<Vec<PathBuf>, ProgramError> {
    let text = pattern.to_string_lossy();
    let found = glob::glob(&text).map_err(|error| nothing(pattern, &error.to_string()))?;
    let files: Result<Vec<PathBuf>, _> = found.collect();
    let files = files.map_err(|error| nothing(pattern, &error.to_string()))?;
    let files: Vec<PathBuf> = files.into_iter().filter(|file| file.is_file()).collect();
    match files.is_empty() {
        true => Err(nothing(pattern, "no file is named like that")),
        false => Ok(files),
    }
}

fn nothing(input: &Path, reason: &str) -> ProgramError {
    ProgramError::Refused(format!("{}: {reason}", input.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use gcnn_datasets::image_folder::is_picture;

    use super::*;

    #[test]
    fn folders_and_patterns_become_files_in_order() {
        let root = tempfile::tempdir().expect("a temporary folder");
        for name in ["b.png", "a/c.png", "a/d.txt", "a/[1].png"] {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
            fs::write(path, "").expect("a file");
        }
        let at = |name: &str| root.path().join(name);
        let all = expand(
            &[at("b.png"), at("a"), at("*.png"), at("absent.png")],
            &is_picture,
        )
        .expect("files");
        let expected = ["b.png", "a/[1].png", "a/c.png", "b.png", "absent.png"].map(at);
        assert_eq!(all, expected);
        // A file that is there is no pattern.
        assert_eq!(
            expand(&[at("a/[1].png")], &is_picture).expect("a file"),
            [at("a/[1].png")]
        );
        for (input, reason) in [
            ("*.bmp", "no file is named like that"),
            ("a/***", "wildcard"),
        ] {
            let error = expand(&[at(input)], &is_picture)
                .expect_err("nothing")
                .to_string();
            assert!(error.contains(reason), "{error}");
        }
        fs::create_dir(at("empty")).expect("a folder");
        assert!(expand(&[at("empty")], &is_picture).is_err());
    }
}
