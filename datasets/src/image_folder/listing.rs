//! The pictures of a folder by name, before any of them is opened.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use super::ImageFolderConfig;
use super::groups;
use super::layout::{Layout, missing};
use super::strata;
use super::table::{self, Wanted};
use crate::DatasetError;
use crate::entries::{class_name, entries};
use crate::images::Split;

/// What a picture's name may end with.
const ENDINGS: [&str; 9] = [
    "png", "jpg", "jpeg", "tif", "tiff", "btf", "tf8", "bmp", "webp",
];

/// A picture of a folder.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Listed {
    pub(super) file: PathBuf,
    /// Its path below the folder, `/` between the parts, in the composed form of Unicode.
    pub(super) name: String,
    /// The number of its class; 0 where there are none.
    pub(super) class: u8,
    /// What is known of it in place of a class.
    pub(super) known: Option<Known>,
    /// What it belongs to.
    pub(super) group: Option<String>,
    /// Its split, where the folder says it.
    pub(super) split: Option<Split>,
}

/// What a table says of a picture in place of its class.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Known {
    /// A value of each of the columns, NaN where it is not known.
    pub(super) values: Vec<f32>,
    /// What it is dealt to the splits by.
    pub(super) stratum: u8,
}

impl Listed {
    /// What it is dealt to the splits by: its class, or what stands in for it.
    pub(super) fn stratum(&self) -> u8 {
        self.known
            .as_ref()
            .map_or(self.class, |known| known.stratum)
    }
}

/// The pictures of a folder, class by class, and by name in each class.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) layout: Layout,
    /// The names of the classes, sorted; none where pictures have something in their place.
    pub(super) classes: Vec<String>,
    pub(super) files: Vec<Listed>,
    /// Hidden and system files beside them, by the split that they are in.
    pub(super) passed_over: BTreeMap<Option<Split>, usize>,
}

/// What to do with something that is no picture: an error, or nothing.
pub(super) type Strange<'a> = &'a mut dyn FnMut(DatasetError) -> Result<(), DatasetError>;

impl Listing {
    /// Lists the pictures of a folder; where it has folders of splits, those of some splits alone.
    pub(super) fn of(
        config: &ImageFolderConfig,
        layout: Layout,
        splits: &[Split],
        strange: Strange,
    ) -> Result<Self, DatasetError> {
        let wanted = config.target.as_ref();
        let wanted = wanted.map_or(Wanted::Classes, Wanted::Targets);
        Self::asked(config, layout, splits, wanted, strange)
    }

    /// The same, asking something else of a table than the configuration does.
    pub(super) fn asked(
        config: &ImageFolderConfig,
        layout: Layout,
        splits: &[Split],
        wanted: Wanted,
        strange: Strange,
    ) -> Result<Self, DatasetError> {
        let root = &config.path;
        let mut own = Self {
            classes: Vec::new(),
            files: Vec::new(),
            passed_over: BTreeMap::new(),
            layout,
        };
        match own.layout.clone() {
            Layout::Splits => own.list_splits(root, splits, strange)?,
            Layout::Classes => own.list_classes(root, strange)?,
            Layout::Table(table) => own.list_table(root, &root.join(table), wanted, strange)?,
        }
        own.files.sort_by_key(|file| file.class);
        own.name_groups(config)?;
        Ok(own)
    }

    fn list_splits(
        &mut self,
        root: &Path,
        splits: &[Split],
        strange: Strange,
    ) -> Result<(), DatasetError> {
        let folders = Split::THREE.map(|split| root.join(split.to_string()));
        // The classes are those of `train` or, where there is none, of the first split that is there.
        let Some(first) = folders.iter().find(|folder| folder.is_dir()) else {
            return Err(missing(&folders[0]));
        };
        let mut classes = Vec::new();
        for entry in entries(first)?.kept {
            match entry.is_dir() {
                true => classes.push(class_name(&entry)?),
                false => strange(no_folder(&entry))?,
            }
        }
        self.set_classes(first, classes)?;
        for split in splits {
            let folder = root.join(split.to_string());
            if !folder.is_dir() {
                return Err(missing(&folder));
            }
            let found = entries(&folder)?;
            self.pass_over(Some(*split), found.passed_over);
            for class_folder in found.kept {
                let class = class_name(&class_folder)?;
                match self.classes.iter().position(|known| *known == class) {
                    Some(class) => {
                        self.list_class(root, &class_folder, class, Some(*split), strange)?;
                    }
                    None => strange(self.unknown_class(&class_folder))?,
                }
            }
        }
        Ok(())
    }

    fn unknown_class(&self, folder: &Path) -> DatasetError {
        let expected = format!("one of the classes {}", self.classes.join(", "));
        let found = "another name. A class that training doesn't have cannot be learned: add it to train, or take it out";
        DatasetError::malformed(folder, expected, found)
    }

    fn list_classes(&mut self, root: &Path, strange: Strange) -> Result<(), DatasetError> {
        let found = entries(root)?;
        self.pass_over(None, found.passed_over);
        let (folders, files): (Vec<_>, Vec<_>) =
            found.kept.into_iter().partition(|entry| entry.is_dir());
        // Notes and licences lie beside folders of classes; pictures there have no class.
        for file in files.iter().filter(|file| has_ending(file)) {
            let expected = "pictures in the folders of their classes";
            strange(DatasetError::malformed(file, expected, "one beside them"))?;
        }
        let names = folders.iter().map(|folder| class_name(folder));
        let names: Vec<String> = names.collect::<Result<_, _>>()?;
        self.set_classes(root, names.clone())?;
        for (folder, name) in folders.iter().zip(names) {
            if let Some(class) = self.classes.iter().position(|known| *known == name) {
                self.list_class(root, folder, class, None, strange)?;
            }
        }
        Ok(())
    }

    fn list_table(
        &mut self,
        root: &Path,
        path: &Path,
        wanted: Wanted,
        strange: Strange,
    ) -> Result<(), DatasetError> {
        let mut lines = table::read(path, wanted)?;
        lines.sort_by(|one, other| one.file.cmp(&other.file));
        let strata = match wanted {
            Wanted::Targets(columns) => Some(strata::of(&lines, columns.kind())),
            Wanted::Classes | Wanted::Anything => None,
        };
        let has_classes = lines.iter().any(|line| !line.class.is_empty());
        if strata.is_none() && has_classes {
            self.set_classes(path, lines.iter().map(|line| line.class.clone()).collect())?;
        }
        for (at, line) in lines.into_iter().enumerate() {
            let class = self.classes.binary_search(&line.class).unwrap_or(0);
            let known = strata.as_ref().map(|strata| Known {
                values: line.targets,
                stratum: strata[at],
            });
            // Names of the table and of the disk may have other forms of Unicode.
            let forms = [
                line.file.clone(),
                line.file.nfc().collect(),
                line.file.nfd().collect::<String>(),
            ];
            let places = forms.iter().map(|form| root.join(form));
            let Some(file) = places.into_iter().find(|place| place.is_file()) else {
                strange(DatasetError::Missing {
                    path: root.join(&line.file),
                    expected: format!(
                        "a picture, as line {} of {} says",
                        line.number,
                        path.display()
                    ),
                    hint: "Take the line out of the table, or add the file".into(),
                })?;
                continue;
            };
            self.files.push(Listed {
                file,
                name: line.file.nfc().collect(),
                class: class as u8,
                known,
                group: line.group,
                split: line.split,
            });
        }
        Ok(())
    }

    /// Adds the pictures of a folder to a class.
    fn list_class(
        &mut self,
        root: &Path,
        folder: &Path,
        class: usize,
        split: Option<Split>,
        strange: Strange,
    ) -> Result<(), DatasetError> {
        // A file where a folder of a class is expected has a name like one.
        if !folder.is_dir() {
            return strange(no_folder(folder));
        }
        let found = entries(folder)?;
        self.pass_over(split, found.passed_over);
        for file in found.kept {
            if !file.is_file() || !has_ending(&file) {
                let expected = format!("a picture: {}", ENDINGS.join(", "));
                let found = "a name with another ending, or no file";
                strange(DatasetError::malformed(&file, expected, found))?;
                continue;
            }
            self.files.push(Listed {
                name: name_below(root, &file),
                file,
                class: class as u8,
                known: None,
                group: None,
                split,
            });
        }
        Ok(())
    }

    fn pass_over(&mut self, split: Option<Split>, count: usize) {
        *self.passed_over.entry(split).or_default() += count;
    }

    fn set_classes(&mut self, place: &Path, names: Vec<String>) -> Result<(), DatasetError> {
        self.classes = names;
        self.classes.sort();
        self.classes.dedup();
        if (1..=256).contains(&self.classes.len()) {
            return Ok(());
        }
        let expected = match self.layout {
            Layout::Table(_) => "1 to 256 classes",
            _ => "1 to 256 folders, one for each class",
        };
        let found = format!("{} of them", self.classes.len());
        Err(DatasetError::malformed(place, expected, found))
    }

    /// Names what pictures belong together, as the pattern says.
    fn name_groups(&mut self, config: &ImageFolderConfig) -> Result<(), DatasetError> {
        let Some(pattern) = &config.groups else {
            return Ok(());
        };
        if self.files.iter().any(|file| file.group.is_some()) {
            let expected = "none: the table has a column `group`";
            return Err(DatasetError::setting(
                "groups",
                expected,
                format!("{pattern:?}"),
            ));
        }
        let compiled = groups::compile(pattern)?;
        for file in &mut self.files {
            let Some(group) = groups::group(&compiled, &file.name) else {
                let expected = "a pattern that matches the path of every picture below the folder";
                let found = format!("{pattern:?}, which {} does not match", file.name);
                return Err(DatasetError::setting("groups", expected, found));
            };
            file.group = Some(group.to_string());
        }
        Ok(())
    }
}

fn no_folder(entry: &Path) -> DatasetError {
    DatasetError::malformed(entry, "a folder, one for each class", "a file")
}

/// Whether a file is named like a picture.
pub(super) fn has_ending(file: &Path) -> bool {
    let ending = file.extension().and_then(|ending| ending.to_str());
    ENDINGS.contains(&&ending.unwrap_or_default().to_lowercase()[..])
}

/// The path of a file below a folder, `/` between its parts, in the composed form of Unicode. What is no UTF-8 is replaced.
pub(super) fn name_below(root: &Path, file: &Path) -> String {
    let below = file.strip_prefix(root).unwrap_or(file);
    let parts = below.iter().map(|part| part.to_string_lossy());
    let name = parts.collect::<Vec<_>>().join("/");
    name.nfc().collect()
}
