//! The settings that data sets of images have in common: what they are set by.
//!
//! The fields stand in each configuration, in the order and with the words of its own table in a run file.

/// Gives a configuration the methods of those shared settings that it has.
///
/// | setting | fields |
/// | --- | --- |
/// | `path` | `path: Option<PathBuf>` |
/// | `seed` | `seed: u64` |
/// | `train_fraction` | `train_fraction: f64` |
/// | `limits` | `train_limit`, `valid_limit`, `test_limit: Option<usize>`, beside `train_fraction` |
macro_rules! shared_settings {
    ($config:ident: $($setting:ident),*) => {
        impl $config {
            $(crate::images::settings::shared_settings!(@ $setting);)*
        }
    };
    (@ path) => {
        /// The folder of the data.
        pub fn with_path(mut self, path: impl Into<std::path::PathBuf>) -> Self {
            self.path = Some(path.into());
            self
        }
    };
    (@ seed) => {
        /// The seed of everything that is drawn.
        pub fn with_seed(mut self, seed: u64) -> Self {
            self.seed = seed;
            self
        }
    };
    (@ train_fraction) => {
        /// The share of the training images that are used.
        pub fn with_train_fraction(mut self, train_fraction: f64) -> Self {
            self.train_fraction = train_fraction;
            self
        }
    };
    (@ limits) => {
        /// Use only so many training, validation and test images.
        pub fn with_limits(mut self, [train, valid, test]: [Option<usize>; 3]) -> Self {
            (self.train_limit, self.valid_limit, self.test_limit) = (train, valid, test);
            self
        }

        /// The limits of the three splits.
        fn limits(&self) -> [Option<usize>; 3] {
            [self.train_limit, self.valid_limit, self.test_limit]
        }

        /// The same without share and limits.
        fn whole(&self) -> Self {
            self.clone().with_train_fraction(1.0).with_limits([None; 3])
        }
    };
}

pub(crate) use shared_settings;
