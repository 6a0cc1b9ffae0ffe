//! The settings of a folder of clips.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::pattern::{CLASS, EXAMPLE, Pattern};
use crate::DatasetError;
use crate::clip::RATES;
use crate::images::Split;
use crate::images::part;
use crate::images::settings::shared_settings;

/// The most samples of a window.
const MOST_SAMPLES: usize = 1 << 22;

/// The smallest and the largest factor of a stretch.
const STRETCHES: [f64; 2] = [0.25, 4.0];

/// Where clips come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum AudioSource {
    /// The folder.
    #[default]
    Folder,
    /// Three dozen spoken digits that the crate carries: 2, 5 and 8 by four speakers.
    BuiltIn,
}

/// A value of a field: a number, or text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum FieldValue {
    /// A whole number: names may have zeros in front of it.
    Number(i64),
    /// Text as it stands in the name.
    Text(String),
}

impl FieldValue {
    /// Whether a name's value is this one.
    pub(super) fn is(&self, value: &str) -> bool {
        match self {
            Self::Number(number) => value.parse() == Ok(*number),
            Self::Text(text) => text == value,
        }
    }
}

impl<T: Into<i64>> From<T> for FieldValue {
    fn from(number: T) -> Self {
        Self::Number(number.into())
    }
}

/// Configuration of a folder of clips.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct AudioFolderConfig {
    /// Where the clips come from: "folder" or "built-in".
    pub source: AudioSource,
    /// The folder. It holds a folder of WAV files for each class, or WAV files whose names say their class, as `pattern` has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// What the name of a file says: text, and fields in braces. The Free Spoken Digit Dataset has
    /// "{class}_{speaker}_{index}.wav". The field `class` is the class; where there is none, it is the folder's name. A field has
    /// none of the characters that stand beside fields. Left out: names say nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The field that says which clips belong together, such as "speaker": dealt clips of a group stay in one split, and
    /// intervals of measurements are taken over groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The test clips, by values of fields: { index = [0, 1, 2, 3, 4] }. With several fields a clip has to have one of the values
    /// of each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<BTreeMap<String, Vec<FieldValue>>>,
    /// The group whose clips are the test: one speaker of `group = "speaker"`, of whom nothing is heard in training.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leave_out: Option<String>,
    /// The share for validation: of all clips or, with `test` or `leave_out`, of those that are not for testing, whatever their group.
    pub valid_fraction: f64,
    /// The share of the clips for testing, where neither `test` nor `leave_out` says which.
    pub test_fraction: f64,
    /// Samples per second that all clips are brought to, 1,000 to 768,000.
    pub rate: u32,
    /// Samples of a clip as the network gets it. Shorter clips stand in the middle of zeros, longer ones are cut around the
    /// centre of their energy.
    pub samples: usize,
    /// The smallest and the largest factor that clips are stretched by, uniformly; both from 0.25 to 4. Above 1 a clip becomes
    /// longer and sounds lower. Left out: not at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stretch: Option<[f64; 2]>,
    /// The factors of the training and validation clips. Left out: `stretch`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub train_stretch: Option<[f64; 2]>,
    /// The factors of the test clips. Left out: `stretch`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_stretch: Option<[f64; 2]>,
    /// The seed of the split, of the factors, and of the choice of training clips, where `train_fraction` leaves some out.
    pub seed: u64,
    /// The share of the training clips that are used: for learning from little. A smaller share is part of a larger one.
    pub train_fraction: f64,
    /// The most memory that the samples of all splits may take, in MiB, four bytes each.
    pub memory_limit_mib: u64,
}

impl Default for AudioFolderConfig {
    fn default() -> Self {
        Self {
            source: AudioSource::Folder,
            path: None,
            pattern: None,
            group: None,
            test: None,
            leave_out: None,
            valid_fraction: 0.15,
            test_fraction: 0.15,
            rate: 8_000,
            samples: 4_096,
            stretch: None,
            train_stretch: None,
            test_stretch: None,
            seed: 0,
            train_fraction: 1.0,
            memory_limit_mib: 4096,
        }
    }
}

shared_settings!(AudioFolderConfig: path, seed, train_fraction);

impl AudioFolderConfig {
    /// A folder with its defaults: classes by folders, 4,096 samples at 8 kHz.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self::default().with_path(path)
    }

    /// The spoken digits that the crate carries.
    pub fn built_in() -> Self {
        Self {
            source: AudioSource::BuiltIn,
            ..Self::default()
        }
    }

    /// What the names of files say.
    pub fn with_pattern(mut self, pattern: impl Into<String>) -> Self {
        self.pattern = Some(pattern.into());
        self
    }

    /// The field that says which clips belong together.
    pub fn with_group(mut self, field: impl Into<String>) -> Self {
        self.group = Some(field.into());
        self
    }

    /// The test clips, by the values of a field. Several fields have to hold together.
    pub fn with_test(
        mut self,
        field: impl Into<String>,
        values: impl IntoIterator<Item = impl Into<FieldValue>>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        let test = self.test.get_or_insert_default();
        test.insert(field.into(), values);
        self
    }

    /// The group whose clips are the test.
    pub fn with_leave_out(mut self, group: impl Into<String>) -> Self {
        self.leave_out = Some(group.into());
        self
    }

    /// The shares for validation and for testing.
    pub fn with_held_out(mut self, valid_fraction: f64, test_fraction: f64) -> Self {
        (self.valid_fraction, self.test_fraction) = (valid_fraction, test_fraction);
        self
    }

    /// Samples per second, and samples of a clip as the network gets it.
    pub fn with_window(mut self, rate: u32, samples: usize) -> Self {
        (self.rate, self.samples) = (rate, samples);
        self
    }

    /// The factors that the clips of all splits are stretched by.
    pub fn with_stretch(mut self, stretch: [f64; 2]) -> Self {
        self.stretch = Some(stretch);
        self
    }

    /// The factors of the training and validation clips.
    pub fn with_train_stretch(mut self, stretch: [f64; 2]) -> Self {
        self.train_stretch = Some(stretch);
        self
    }

    /// The factors of the test clips.
    pub fn with_test_stretch(mut self, stretch: [f64; 2]) -> Self {
        self.test_stretch = Some(stretch);
        self
    }

    /// The most memory that the samples may take, in MiB.
    pub fn with_memory_limit_mib(mut self, memory_limit_mib: u64) -> Self {
        self.memory_limit_mib = memory_limit_mib;
        self
    }

    /// The pattern that is meant.
    pub(super) fn names(&self) -> Result<Option<Pattern>, DatasetError> {
        let carried = (self.source == AudioSource::BuiltIn).then_some(EXAMPLE);
        let pattern = self.pattern.as_deref().or(carried);
        pattern.map(Pattern::new).transpose()
    }

    /// The factors of a split's clips. All clips together are for evaluation.
    pub(super) fn stretch_of(&self, split: Split) -> Option<[f64; 2]> {
        let own = match split {
            Split::Test | Split::All => self.test_stretch,
            Split::Train | Split::Valid => self.train_stretch,
        };
        own.or(self.stretch)
    }

    /// Whether the settings make sense, each for itself and together. The folder is not looked at.
    pub(super) fn check(&self) -> Result<(), DatasetError> {
        let pattern = self.names()?;
        let fields = self.group.iter().map(|field| ("group", field));
        let tests = self.test.iter().flat_map(|test| test.keys());
        for (setting, field) in fields.chain(tests.map(|field| ("test", field))) {
            match &pattern {
                Some(pattern) => pattern.field(setting, field).map(drop)?,
                None => {
                    let expected = format!("a `pattern` that has this field, as in {EXAMPLE:?}");
                    return Err(DatasetError::setting(setting, expected, "none"));
                }
            }
        }
        let has_class = pattern.is_some_and(|pattern| pattern.field("pattern", CLASS).is_ok());
        if self.source == AudioSource::BuiltIn && !has_class {
            let expected = "a pattern with the field class: the carried clips lie in no folders";
            return Err(DatasetError::setting("pattern", expected, "one without"));
        }
        if let Some(group) = &self.leave_out {
            if self.group.is_none() {
                let expected = "a field that groups clips, as in `group = \"speaker\"`";
                return Err(DatasetError::setting(
                    "leave_out",
                    expected,
                    format!("{group:?} alone"),
                ));
            }
            if self.test.is_some() {
                let expected = "one of `test` and `leave_out`";
                return Err(DatasetError::setting("leave_out", expected, "both"));
            }
        }
        if self.test.as_ref().is_some_and(|test| test.is_empty()) {
            let expected = "values of a field, as in { index = [0, 1] }";
            return Err(DatasetError::setting("test", expected, "none"));
        }
        for (field, share) in [
            ("valid_fraction", self.valid_fraction),
            ("test_fraction", self.test_fraction),
        ] {
            if !(share > 0.0 && share < 1.0) {
                return Err(DatasetError::setting(
                    field,
                    "a share above 0, below 1",
                    share,
                ));
            }
        }
        if self.valid_fraction + self.test_fraction >= 1.0 {
            let expected =
                "less than 1 together with valid_fraction, so that training clips are left";
            return Err(DatasetError::setting(
                "test_fraction",
                expected,
                self.test_fraction,
            ));
        }
        if !(RATES[0]..=RATES[1]).contains(&self.rate) {
            let expected = format!("{} to {} samples per second", RATES[0], RATES[1]);
            return Err(DatasetError::setting("rate", expected, self.rate));
        }
        if !(1..=MOST_SAMPLES).contains(&self.samples) {
            let expected = format!("1 to {MOST_SAMPLES}");
            return Err(DatasetError::setting("samples", expected, self.samples));
        }
        for (field, stretch) in [
            ("stretch", self.stretch),
            ("train_stretch", self.train_stretch),
            ("test_stretch", self.test_stretch),
        ] {
            let [low, high] = stretch.unwrap_or([1.0; 2]);
            if !(STRETCHES[0] <= low && low <= high && high <= STRETCHES[1]) {
                let expected = format!(
                    "the smallest and the largest factor, both from {} to {}",
                    STRETCHES[0], STRETCHES[1]
                );
                return Err(DatasetError::setting(
                    field,
                    expected,
                    format!("{:?}", [low, high]),
                ));
            }
        }
        part::check(self.train_fraction)
    }
}
