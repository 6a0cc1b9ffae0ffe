//! Where data lies on this machine.

use std::env;
use std::path::{Path, PathBuf};

/// The environment variable that names the folder for data.
pub const DATA_VARIABLE: &str = "GCNN_DATA";

/// The folder for data: `$GCNN_DATA`, else the user's own: `$XDG_DATA_HOME/gcnn`, `%LOCALAPPDATA%\gcnn`,
/// `~/.local/share/gcnn`, or `gcnn-data` where there is no home.
pub fn data_folder() -> PathBuf {
    choose(|name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    })
}

fn choose(variable: impl Fn(&str) -> Option<PathBuf>) -> PathBuf {
    variable(DATA_VARIABLE)
        .or_else(|| variable("XDG_DATA_HOME").map(|folder| folder.join("gcnn")))
        .or_else(|| variable("LOCALAPPDATA").map(|folder| folder.join("gcnn")))
        .or_else(|| variable("HOME").map(|folder| folder.join(".local").join("share").join("gcnn")))
        .unwrap_or_else(|| PathBuf::from("gcnn-data"))
}

/// The folder itself and the folders in it where people keep a data set.
pub(crate) fn places(folder: &Path, inner: &[&str]) -> Vec<PathBuf> {
    std::iter::once(folder.to_path_buf())
        .chain(inner.iter().map(|inner| folder.join(inner)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_wins() {
        let chosen = |set: &[(&str, &str)]| {
            choose(|name| {
                set.iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| PathBuf::from(value))
            })
        };
        let all = [
            ("GCNN_DATA", "d"),
            ("XDG_DATA_HOME", "x"),
            ("LOCALAPPDATA", "l"),
            ("HOME", "h"),
        ];
        assert_eq!(chosen(&all), Path::new("d"));
        assert_eq!(chosen(&all[1..]), Path::new("x/gcnn"));
        assert_eq!(chosen(&all[2..]), Path::new("l/gcnn"));
        assert_eq!(chosen(&all[3..]), Path::new("h/.local/share/gcnn"));
        assert_eq!(chosen(&[]), Path::new("gcnn-data"));
    }
}
