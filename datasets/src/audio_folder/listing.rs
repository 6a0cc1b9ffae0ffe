//! The clips of a folder by name, before any of them is opened.

use std::path::{Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

use super::pattern::{CLASS, EXAMPLE, Pattern};
use super::{AudioFolderConfig, AudioSource, built_in};
use crate::DatasetError;
use crate::clip::Clip;
use crate::deal::Card;
use crate::entries::{class_name, entries};

/// What a clip's name ends with.
const ENDINGS: [&str; 2] = ["wav", "wave"];

/// The most clips of a folder.
const MOST_CLIPS: usize = 4_000_000;

/// Where the bytes of a clip are.
#[derive(Debug, Clone)]
enum Place {
    File(PathBuf),
    Carried(&'static [u8]),
}

/// A clip by its name.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    place: Place,
    /// Its path below the folder, `/` between the parts, in the composed form of Unicode.
    pub(super) name: String,
    /// The number of its class.
    pub(super) class: u8,
    /// What its name says: the values of the pattern's fields.
    fields: Vec<String>,
}

impl Listed {
    /// Reads it.
    pub(super) fn read(&self) -> Result<Clip, DatasetError> {
        match &self.place {
            Place::File(path) => Clip::read(path),
            Place::Carried(bytes) => Clip::from_bytes(bytes, &self.path()),
        }
    }

    /// What errors call it.
    pub(super) fn path(&self) -> PathBuf {
        match &self.place {
            Place::File(path) => path.clone(),
            Place::Carried(_) => PathBuf::from(format!("built-in {}", self.name)),
        }
    }

    /// The value of a field of the pattern.
    pub(super) fn field(&self, place: usize) -> &str {
        &self.fields[place]
    }
}

/// The clips of a folder, class by class, and by name in each class.
#[derive(Debug)]
pub(super) struct Listing {
    /// What errors call the folder.
    pub(super) root: PathBuf,
    /// The names of the classes, sorted.
    pub(super) classes: Vec<String>,
    pub(super) clips: Vec<Listed>,
    /// The place of the field that groups clips.
    pub(super) group: Option<usize>,
    /// Files beside the clips that are none.
    pub(super) passed_over: usize,
}

impl Listing {
    /// Lists the clips that a configuration means.
    pub(super) fn of(config: &AudioFolderConfig) -> Result<Self, DatasetError> {
        let pattern = config.names()?;
        let group = match (&config.group, &pattern) {
            (Some(field), Some(pattern)) => Some(pattern.field("group", field)?),
            _ => None,
        };
        let mut found = Found::default();
        let root = match (config.source, &config.path) {
            (AudioSource::BuiltIn, _) => {
                found.carried();
                PathBuf::from("the carried clips")
            }
            (AudioSource::Folder, Some(path)) => {
                found.look(path, pattern.as_ref())?;
                path.clone()
            }
            (AudioSource::Folder, None) => {
                let expected = "the folder with the clips in it, or `source = \"built-in\"`";
                return Err(DatasetError::setting("path", expected, "nothing"));
            }
        };
        found.listed(root, pattern, group)
    }

    /// What a clip belongs to.
    pub(super) fn group_of<'a>(&self, clip: &'a Listed) -> Option<&'a str> {
        self.group.map(|group| clip.field(group))
    }

    /// The clips as they are dealt.
    pub(super) fn cards(&self) -> Vec<Card<'_>> {
        let clips = self.clips.iter();
        let cards = clips.map(|clip| Card {
            name: &clip.name,
            class: clip.class,
            group: self.group_of(clip),
        });
        cards.collect()
    }

    /// A number for each clip's group, in the order of their names.
    pub(super) fn group_numbers(&self) -> Option<Vec<u32>> {
        let groups = self.clips.iter().map(|clip| self.group_of(clip));
        let groups: Vec<&str> = groups.collect::<Option<_>>()?;
        let mut sorted = groups.clone();
        sorted.sort_unstable();
        sorted.dedup();
        let number = |group: &&str| sorted.binary_search(group).unwrap_or(0) as u32;
        Some(groups.iter().map(number).collect())
    }
}

/// Files that are named like clips.
#[derive(Default)]
struct Found {
    /// The class's folder, where there is one, the name of the file, and where it is.
    files: Vec<(Option<String>, String, Place)>,
    passed_over: usize,
}

impl Found {
    fn carried(&mut self) {
        let files = built_in::FILES.iter();
        let files = files.map(|(name, bytes)| (None, name.to_string(), Place::Carried(bytes)));
        self.files.extend(files);
    }

    /// Looks into a folder: for clips where names say their classes, otherwise for folders of classes.
    fn look(&mut self, root: &Path, pattern: Option<&Pattern>) -> Result<(), DatasetError> {
        if !root.is_dir() {
            return Err(DatasetError::Missing {
                path: root.into(),
                expected: "a folder of clips".into(),
                hint: "`path` names it".into(),
            });
        }
        let found = entries(root)?;
        self.passed_over += found.passed_over;
        let names_say = pattern.is_some_and(|pattern| pattern.fields.iter().any(|f| f == CLASS));
        for entry in found.kept {
            match (names_say, entry.is_dir()) {
                (true, false) if has_ending(&entry) => self.add(None, entry)?,
                // Notes, licences and folders of other things.
                (true, _) => self.passed_over += 1,
                (false, true) => self.look_at_class(&entry)?,
                (false, false) if has_ending(&entry) => {
                    let expected = format!(
                        "clips in the folders of their classes, or a `pattern` of names that say them, as in {EXAMPLE:?}"
                    );
                    return Err(DatasetError::malformed(&entry, expected, "one beside them"));
                }
                (false, false) => self.passed_over += 1,
            }
        }
        Ok(())
    }

    fn look_at_class(&mut self, folder: &Path) -> Result<(), DatasetError> {
        let class = class_name(folder)?;
        let found = entries(folder)?;
        self.passed_over += found.passed_over;
        if found.kept.is_empty() {
            return Err(DatasetError::malformed(folder, "at least one clip", "none"));
        }
        for entry in found.kept {
            if !has_ending(&entry) || entry.is_dir() {
                let expected = "a clip: a file NAME.wav";
                let found = "a name with another ending, or no file";
                return Err(DatasetError::malformed(&entry, expected, found));
            }
            self.add(Some(class.clone()), entry)?;
        }
        Ok(())
    }

    fn add(&mut self, class: Option<String>, file: PathBuf) -> Result<(), DatasetError> {
        if self.files.len() == MOST_CLIPS {
            let expected = format!("at most {MOST_CLIPS} clips");
            return Err(DatasetError::malformed(&file, expected, "more"));
        }
        self.files
            .push((class, class_name(&file)?, Place::File(file)));
        Ok(())
    }

    /// Understands the names.
    fn listed(
        self,
        root: PathBuf,
        pattern: Option<Pattern>,
        group: Option<usize>,
    ) -> Result<Listing, DatasetError> {
        let class_field = pattern
            .as_ref()
            .and_then(|pattern| pattern.fields.iter().position(|field| field == CLASS));
        let mut named = Vec::with_capacity(self.files.len());
        for (folder, file, place) in self.files {
            let values = match &pattern {
                None => Vec::new(),
                Some(pattern) => pattern.values(&file).ok_or_else(|| {
                    let expected = "a name that fits `pattern`: text and fields, none of which has a character that stands \
                                    beside fields";
                    let path = match &place {
                        Place::File(path) => path.clone(),
                        Place::Carried(_) => PathBuf::from(&file),
                    };
                    DatasetError::malformed(&path, expected, "another")
                })?,
            };
            let fields: Vec<String> = values.into_iter().map(String::from).collect();
            let class = match (class_field, &folder) {
                (Some(field), _) => fields[field].nfc().collect(),
                (None, Some(folder)) => folder.clone(),
                (None, None) => String::new(),
            };
            let name = match folder {
                Some(folder) => format!("{folder}/{file}"),
                None => file,
            };
            named.push((class, name, place, fields));
        }
        let mut classes: Vec<String> = named.iter().map(|(class, ..)| class.clone()).collect();
        classes.sort();
        classes.dedup();
        if named.is_empty() {
            return Err(DatasetError::Missing {
                path: root,
                expected:
                    "a folder of WAV files for each class, or WAV files whose names fit `pattern`"
                        .into(),
                hint: format!("Names that say their classes need a pattern, as in {EXAMPLE:?}"),
            });
        }
        if !(2..=256).contains(&classes.len()) {
            let found = format!("{}, for example {:?}", classes.len(), classes[0]);
            return Err(DatasetError::malformed(&root, "2 to 256 classes", found));
        }
        let clips = named
            .into_iter()
            .map(|(class, name, place, fields)| Listed {
                // One of the classes, which it was taken from.
                class: classes.binary_search(&class).unwrap_or(0) as u8,
                name,
                place,
                fields,
            });
        let mut clips: Vec<Listed> = clips.collect();
        clips.sort_by(|one, other| (one.class, &one.name).cmp(&(other.class, &other.name)));
        Ok(Listing {
            root,
            classes,
            clips,
            group,
            passed_over: self.passed_over,
        })
    }
}

/// Whether a file is named like a clip.
pub(super) fn has_ending(file: &Path) -> bool {
    let ending = file.extension().and_then(|ending| ending.to_str());
    ENDINGS.contains(&&ending.unwrap_or_default().to_lowercase()[..])
}
