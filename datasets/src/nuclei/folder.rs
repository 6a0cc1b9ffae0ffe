//! Where tissue images lie: a folder, or the crate itself.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{NucleiConfig, NucleiSource, Tissue, built_in};
use crate::{DatasetError, files, folders};

/// The file that lists the images.
const INDEX: &str = "index.csv";

/// What the name of a label file ends with.
const LABELS: &str = "_labels.png";

/// The longest list of images that is read.
const LONGEST_INDEX: u64 = 1 << 22;

/// The most images that a folder may have.
const MOST_IMAGES: usize = 100_000;

/// The folder of nuclei inside a data folder.
const INNER: [&str; 1] = ["nuclei"];

/// A tissue image of a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TissueName {
    /// How it was stained, as `index.csv` says; empty where nothing is known.
    pub stain: String,
    /// The name of its file without `.png`.
    pub name: String,
}

/// Tissue images to read, sorted by name.
#[derive(Debug)]
pub(super) struct Folder {
    /// None: the images that the crate carries.
    path: Option<PathBuf>,
    pub(super) images: Vec<TissueName>,
}

impl Folder {
    /// Finds what a configuration means.
    pub(super) fn find(config: &NucleiConfig) -> Result<Self, DatasetError> {
        if config.source == NucleiSource::BuiltIn {
            return Self::built_in();
        }
        let path = config.path.clone().unwrap_or_else(folders::data_folder);
        let place = folders::places(&path, &INNER)
            .into_iter()
            .find(|place| has_images(place));
        match place {
            Some(place) => Self::open(place),
            // Nobody said where the images should lie: those that the crate carries will do.
            None if config.source == NucleiSource::Auto && config.path.is_none() => {
                Self::built_in()
            }
            None => Err(DatasetError::Missing {
                path,
                expected: format!(
                    "tissue images NAME.png with labels NAME{LABELS}, there or in the folder {}",
                    INNER[0]
                ),
                hint: "`path` or GCNN_DATA names a folder that has them, and `source = \"built-in\"` needs no files"
                    .into(),
            }),
        }
    }

    fn built_in() -> Result<Self, DatasetError> {
        Ok(Self {
            path: None,
            images: parse(built_in::INDEX, Path::new("built-in index.csv"))?,
        })
    }

    fn open(path: PathBuf) -> Result<Self, DatasetError> {
        let index = path.join(INDEX);
        let images = if index.is_file() {
            let images = parse(&read_index(&index)?, &index)?;
            for image in &images {
                for file in [
                    path.join(format!("{}.png", image.name)),
                    labels(&path, &image.name),
                ] {
                    if !file.is_file() {
                        return Err(DatasetError::Missing {
                            path: file,
                            expected: format!("an image that {} lists", index.display()),
                            hint: "Take its line out of the list, or add the file".into(),
                        });
                    }
                }
            }
            images
        } else {
            list(&path)?
        };
        Ok(Self {
            path: Some(path),
            images,
        })
    }

    /// The source that means this folder.
    pub(super) fn source(&self) -> NucleiSource {
        match self.path {
            Some(_) => NucleiSource::Folder,
            None => NucleiSource::BuiltIn,
        }
    }

    /// Where the images come from, in words.
    pub(super) fn origin(&self) -> String {
        match &self.path {
            Some(path) => format!("the tissue images of {}", path.display()),
            None => "tissue images carried by gcnn-datasets".into(),
        }
    }

    /// What errors call an image.
    pub(super) fn file(&self, image: usize) -> PathBuf {
        let name = format!("{}.png", self.images[image].name);
        match &self.path {
            Some(path) => path.join(name),
            None => PathBuf::from(format!("built-in {name}")),
        }
    }

    /// Reads an image and its labels.
    pub(super) fn read(&self, image: usize) -> Result<Tissue, DatasetError> {
        let name = &self.images[image].name;
        match &self.path {
            Some(path) => Tissue::read(&self.file(image), &labels(path, name)),
            None => built_in::read(name),
        }
    }
}

fn labels(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{LABELS}"))
}

fn has_images(folder: &Path) -> bool {
    list(folder).is_ok_and(|images| !images.is_empty())
}

/// The images of a folder without a list: every pair of files.
fn list(folder: &Path) -> Result<Vec<TissueName>, DatasetError> {
    let entries = fs::read_dir(folder).map_err(|source| DatasetError::io(folder, source))?;
    let mut images = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| DatasetError::io(folder, source))?;
        let file = entry.file_name();
        let name = file.to_str().and_then(|name| name.strip_suffix(LABELS));
        if let Some(name) = name.filter(|name| folder.join(format!("{name}.png")).is_file()) {
            images.push(TissueName {
                stain: String::new(),
                name: name.to_string(),
            });
        }
        if images.len() > MOST_IMAGES {
            let expected = format!("at most {MOST_IMAGES} images");
            return Err(DatasetError::malformed(folder, expected, "more"));
        }
    }
    images.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(images)
}

fn read_index(path: &Path) -> Result<String, DatasetError> {
    let file = File::open(path).map_err(|source| DatasetError::io(path, source))?;
    let mut text = Vec::new();
    file.take(LONGEST_INDEX + 1)
        .read_to_end(&mut text)
        .map_err(|error| files::reading(path, error))?;
    if text.len() as u64 > LONGEST_INDEX {
        let expected = format!("at most {LONGEST_INDEX} bytes");
        return Err(DatasetError::malformed(path, expected, "more"));
    }
    String::from_utf8(text)
        .map_err(|error| DatasetError::malformed(path, "text in UTF-8", error.to_string()))
}

/// Reads a list of images: lines of values between commas, the first line names them. `image` has to be among the names,
/// `stain` may be; other columns aren't looked at.
fn parse(text: &str, path: &Path) -> Result<Vec<TissueName>, DatasetError> {
    let mut lines = text.lines().map(str::trim_end);
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let column = |name: &str| header.iter().position(|column| column.trim() == name);
    let Some(name_column) = column("image") else {
        return Err(DatasetError::malformed(
            path,
            "a first line that names the column `image`",
            format!("{:?}", header.join(",")),
        ));
    };
    let stain_column = column("stain");
    let mut images = Vec::new();
    for (number, line) in lines.enumerate().filter(|(_, line)| !line.is_empty()) {
        let values: Vec<&str> = line.split(',').map(str::trim).collect();
        let name = values.get(name_column).copied().unwrap_or_default();
        // A name is a file in this folder and nowhere else.
        if values.len() != header.len() || name.is_empty() || name.contains(['/', '\\', '\0']) {
            return Err(DatasetError::malformed(
                path,
                format!("{} values with the name of an image", header.len()),
                format!("{line:?} in line {}", number + 2),
            ));
        }
        images.push(TissueName {
            stain: stain_column.map_or_else(String::new, |column| values[column].to_string()),
            name: name.to_string(),
        });
    }
    images.sort_by(|one, other| one.name.cmp(&other.name));
    let twice = images
        .windows(2)
        .find(|pair| pair[0].name == pair[1].name)
        .map(|pair| pair[0].name.clone());
    if let Some(name) = twice {
        let expected = "every image once";
        return Err(DatasetError::malformed(
            path,
            expected,
            format!("{name:?} twice"),
        ));
    }
    if images.is_empty() || images.len() > MOST_IMAGES {
        let expected = format!("1 to {MOST_IMAGES} images");
        return Err(DatasetError::malformed(
            path,
            expected,
            images.len().to_string(),
        ));
    }
    Ok(images)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_by_the_names_of_their_columns() {
        let read = |text: &str| parse(text, Path::new("list"));
        let images = read("source,image,stain\nx,b,purple\r\ny,a,white\n\n").unwrap();
        let found: Vec<_> = images
            .iter()
            .map(|image| (&image.name[..], &image.stain[..]))
            .collect();
        assert_eq!(found, [("a", "white"), ("b", "purple")]);
        assert_eq!(read("image\n007\n").unwrap()[0].stain, "");
        for (text, found) in [
            (
                "",
                "list: expected a first line that names the column `image`",
            ),
            ("name\n1\n", "found \"name\""),
            ("image,stain\na,b\nc\n", "found \"c\" in line 3"),
            ("image\n../../secret\n", "in line 2"),
            ("image\na\na\n", "found \"a\" twice"),
            ("image\n", "expected 1 to 100000 images, found 0"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(found), "{error}");
        }
    }
}
