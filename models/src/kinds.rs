//! Tables of files whose keys depend on one of them: `kind = "densenet"` decides what else `[model]` may hold.
//!
//! Such a table is an enum with `#[serde(tag = "kind")]`, whose variants have their keys in structs that refuse others. What
//! serde does not know is here: the kind may be left out, and earlier versions wrote the keys of all kinds.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use toml::{Table, Value};

/// A table whose keys depend on one of them.
pub trait Kinds: Serialize + Sized {
    /// The key that decides.
    const KEY: &'static str;

    /// What it is where it is left out.
    const DEFAULT: &'static str;

    /// The keys of all kinds, where earlier versions wrote every one of them whatever the kind.
    const FORMER: &'static [&'static str] = &[];

    /// Reads a table that has the key and nothing of another kind: the function that
    /// `#[derive(Deserialize)] #[serde(remote = "Self")]` makes.
    ///
    /// # Errors
    /// If a key is unknown, missing or holds something else.
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error>;
}

/// Reads a table with or without its kind.
///
/// A table with all the keys of [`FORMER`](Kinds::FORMER) is one that an earlier version wrote: keys of other kinds, which
/// never had an effect, are dropped. In any other table they are errors. Whole numbers end where those of TOML do, at
/// 2⁶³ − 1, in whatever format the table is.
///
/// # Errors
/// If it is no table, or [`read`](Kinds::read) refuses it.
pub fn deserialize<'de, K: Kinds, D: Deserializer<'de>>(from: D) -> Result<K, D::Error> {
    let mut table = Table::deserialize(from)?;
    table.entry(K::KEY).or_insert_with(|| K::DEFAULT.into());
    if !K::FORMER.is_empty() && K::FORMER.iter().all(|key| table.contains_key(*key)) {
        drop_other_kinds::<K>(&mut table);
    }
    K::read(table).map_err(|error| D::Error::custom(error.message()))
}

/// Drops former keys that the table's kind does not have.
fn drop_other_kinds<K: Kinds>(table: &mut Table) {
    let kind: Option<(String, Value)> = table.get(K::KEY).map(|kind| (K::KEY.into(), kind.clone()));
    let bare = K::read(kind.into_iter().collect::<Table>()).ok();
    // A kind that nobody knows is told of when the whole table is read.
    if let Some(own) = bare.and_then(|kind| Table::try_from(&kind).ok()) {
        table.retain(|key, _| own.contains_key(key) || !K::FORMER.contains(&key));
    }
}

/// [`Kinds::read`] as `#[derive(Deserialize)] #[serde(remote = "Self")]` makes it, inside of the `impl`.
#[doc(hidden)]
#[macro_export]
macro_rules! __derived_read {
    () => {
        fn read<'de, D: ::serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            // The derived function.
            Self::deserialize(from)
        }
    };
}

/// Serde's traits for a table with kinds, which `#[serde(remote = "Self")]` leaves out.
#[doc(hidden)]
#[macro_export]
macro_rules! __read_and_write {
    ($table:ty) => {
        impl ::serde::Serialize for $table {
            fn serialize<S: ::serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                // The derived function.
                <$table>::serialize(self, to)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $table {
            fn deserialize<D: ::serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                $crate::kinds::deserialize(from)
            }
        }
    };
}

pub use __derived_read as derived_read;
pub use __read_and_write as read_and_write;

#[cfg(test)]
mod tests {
    use crate::ImageModelConfig;
    use crate::points::{DynamicsConfig, NeighbourhoodConfig};

    #[test]
    fn a_kind_may_be_left_out() {
        let images: ImageModelConfig = toml::from_str("dropout = 0.5").expect("a G-CNN");
        assert_eq!(images.kind(), "gcnn");
        let particles: DynamicsConfig = toml::from_str("layers = 3").expect("a SEGNN");
        assert_eq!(
            particles,
            toml::from_str("kind = \"segnn\"\nlayers = 3").expect("the same")
        );
        assert_eq!(
            toml::from_str("").ok(),
            Some(NeighbourhoodConfig::default())
        );
    }

    #[test]
    fn keys_of_other_kinds_are_dropped_where_all_are_written_alone() {
        let read = |text: &str| toml::from_str::<NeighbourhoodConfig>(text);
        let former = "edges = \"nearest\"\nneighbours = 4\nradius = 2.0";
        assert_eq!(read(former).ok(), Some(NeighbourhoodConfig::nearest(4)));
        let error = read("edges = \"all\"\nradius = 2.0").expect_err("of another kind");
        assert!(
            error.message().contains("unknown field `radius`"),
            "{error}"
        );
        let error = read("edges = \"none\"\nneighbours = 4\nradius = 2.0").expect_err("no kind");
        assert!(
            error.message().contains("unknown variant `none`"),
            "{error}"
        );
    }

    #[test]
    fn what_is_written_reads_as_the_same() {
        for kind in DynamicsConfig::all() {
            let text = toml::to_string(&kind).expect("TOML");
            assert!(
                text.starts_with(&format!("kind = \"{}\"\n", kind.kind())),
                "{text}"
            );
            assert_eq!(toml::from_str(&text).ok(), Some(kind));
        }
        for kind in ImageModelConfig::all() {
            let text = toml::to_string(&kind).expect("TOML");
            assert!(
                text.starts_with(&format!("kind = \"{}\"\n", kind.kind())),
                "{text}"
            );
            assert_eq!(toml::from_str(&text).ok(), Some(kind));
        }
    }
}
