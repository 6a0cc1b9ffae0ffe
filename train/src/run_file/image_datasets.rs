//! The tasks that run files know: one for each data set of images, in a list, classes of pixels, and the motion of particles.

use std::ops::{Deref, DerefMut};

use gcnn_datasets::{
    AudioFolderConfig, ImageFolderConfig, ImageSource, NucleiConfig, PcamConfig,
    RotatedMnistConfig, ScaledMnistConfig,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Hands the list of data sets of images to a macro: what run files call the task and what it is, the name of its variant, and
/// the `[dataset]` table, which is an [`ImageSource`]. The first one is the default.
macro_rules! image_datasets {
    ($macro:ident) => {
        $macro! {
            "rotated-mnist", "Classification of randomly rotated digits": RotatedMnist(RotatedMnistConfig);
            "nuclei", "Classification of patches of tissue around a nucleus": Nuclei(NucleiConfig);
            "pcam", "Tumours in patches of lymph nodes": Pcam(PcamConfig);
            "image-folder", "Classification of images in folders": ImageFolder(ImageFolderConfig);
            "scaled-mnist", "Classification of digits of random sizes": ScaledMnist(ScaledMnistConfig);
            "audio-folder", "Classification of sounds in folders": AudioFolder(AudioFolderConfig);
        }
    };
}

pub(super) use image_datasets;

/// What the run file of a task for images has as its `[dataset]` table.
pub(super) trait DatasetTable:
    ImageSource + Default + Serialize + DeserializeOwned + JsonSchema
{
    /// The task.
    const TASK: TaskName;

    /// Forgets which of them it is.
    fn erase(self) -> ImageDatasetConfig;
}

macro_rules! tasks {
    ($($name:literal, $about:literal: $variant:ident($table:ident);)*) => {
        /// What is learned from which data.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        pub enum TaskName {
            $(
                #[doc = $about]
                #[serde(rename = $name)]
                $variant,
            )*
            /// A class for each pixel of an image
            #[serde(rename = "segmentation")]
            Segmentation,
            /// Motion of particles
            #[serde(rename = "nbody")]
            NBody,
        }

        impl TaskName {
            /// All tasks.
            pub const ALL: [Self; [$($name,)* "segmentation", "nbody"].len()] =
                [$(Self::$variant,)* Self::Segmentation, Self::NBody];

            /// What run files call it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Segmentation => "segmentation",
                    Self::NBody => "nbody",
                }
            }

            /// What it is, in a few words.
            pub fn about(self) -> &'static str {
                match self {
                    $(Self::$variant => $about,)*
                    Self::Segmentation => "A class for each pixel of an image",
                    Self::NBody => "Motion of particles",
                }
            }
        }

        /// A data set of images, the `[dataset]` table of a run file. It answers as the [`ImageSource`] that it is.
        #[derive(Debug, Clone, PartialEq)]
        pub enum ImageDatasetConfig {
            $(
                #[doc = $about]
                $variant($table),
            )*
        }

        impl ImageDatasetConfig {
            /// The default data set of a task; none where the task is not classification of images.
            pub fn of(task: TaskName) -> Option<Self> {
                match task {
                    $(TaskName::$variant => Some(Self::$variant(Default::default())),)*
                    TaskName::Segmentation | TaskName::NBody => None,
                }
            }

            /// The task that the data set is for.
            pub fn task(&self) -> TaskName {
                match self {
                    $(Self::$variant(_) => TaskName::$variant,)*
                }
            }
        }

        impl Deref for ImageDatasetConfig {
            type Target = dyn ImageSource;

            fn deref(&self) -> &Self::Target {
                match self {
                    $(Self::$variant(table) => table,)*
                }
            }
        }

        impl DerefMut for ImageDatasetConfig {
            fn deref_mut(&mut self) -> &mut Self::Target {
                match self {
                    $(Self::$variant(table) => table,)*
                }
            }
        }

        $(
            impl DatasetTable for $table {
                const TASK: TaskName = TaskName::$variant;

                fn erase(self) -> ImageDatasetConfig {
                    ImageDatasetConfig::$variant(self)
                }
            }
        )*
    };
}

image_datasets!(tasks);

impl Default for TaskName {
    fn default() -> Self {
        Self::ALL[0]
    }
}

impl std::fmt::Display for TaskName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
